//! Every form of an address, every damaged one, and the way there and back.

use super::*;
use crate::model::Key;
use proptest::prelude::*;

fn typed(text: &str) -> Spelled {
    Spelled::new(text.as_bytes())
}

#[test]
fn every_form_is_read_and_printed() {
    let name = |text| Which::Name(typed(text));
    let device = Some(Device { major: 0, minor: 43 });
    let cases = [
        ("queue:32769", Address::Queue(Which::Id(32769))),
        ("queue:0", Address::Queue(Which::Id(0))),
        ("queue:0x000004d2", Address::Queue(Which::Key(Key(1234)))),
        ("queue:/orders", Address::Queue(name("/orders"))),
        ("shm:2147483647", Address::Shm(Which::Id(i32::MAX))),
        ("shm:0xffffffff", Address::Shm(Which::Key(Key(-1)))),
        ("shm:/ca:che", Address::Shm(name("/ca:che"))),
        ("shm:[33]", Address::ShmInode { device: None, inode: 33 }),
        ("shm:[0:43:33]", Address::ShmInode { device, inode: 33 }),
        ("memfd:[1033]", Address::Memfd { device: None, inode: 1033 }),
        ("memfd:[0:43:1033]", Address::Memfd { device, inode: 1033 }),
        ("sem:3", Address::Semaphore(Which::Id(3))),
        ("sem:/lock", Address::Semaphore(name("/lock"))),
        ("pipe:[411970]", Address::Pipe(411_970)),
        ("fifo:/run/x.fifo", Address::Fifo(typed("/run/x.fifo"))),
        ("fifo:[18446744073709551615]", Address::FifoInode { device: None, inode: u64::MAX }),
        ("fifo:[0:43:7]", Address::FifoInode { device, inode: 7 }),
        ("unix:/run/x:y.sock", Address::Unix { name: typed("/run/x:y.sock"), abstract_name: false }),
        ("unix:@abstract", Address::Unix { name: typed("abstract"), abstract_name: true }),
        ("unix:@/a/@b", Address::Unix { name: typed("/a/@b"), abstract_name: true }),
        ("unix:relative-name", Address::Unix { name: typed("relative-name"), abstract_name: false }),
        ("socket:[411972]", Address::Socket(411_972)),
        ("pid:812", Address::Pid(812)),
        ("pid:4194304", Address::Pid(4_194_304)),
        ("/dev/shm/cache", Address::Path(typed("/dev/shm/cache"))),
        ("/run/x:y", Address::Path(typed("/run/x:y"))),
        ("./x", Address::Path(typed("./x"))),
        ("../x:y", Address::Path(typed("../x:y"))),
        ("run/x", Address::Path(typed("run/x"))),
    ];
    for (text, address) in cases {
        assert_eq!(Address::parse(text), Ok(address.clone()), "{text}");
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn other_spellings_mean_the_same() {
    let cases = [
        ("queue:0x4d2", "queue:0x000004d2"),
        ("queue:0X4D2", "queue:0x000004d2"),
        ("semaphore:3", "sem:3"),
        ("unix:[411972]", "socket:[411972]"),
    ];
    for (text, canonical) in cases {
        assert_eq!(Address::parse(text), Address::parse(canonical), "{text}");
        assert_eq!(Address::parse(text).map(|a| a.to_string()).as_deref(), Ok(canonical));
    }
}

#[test]
fn connections_are_two_socket_addresses() {
    for text in ["tcp:127.0.0.1:80,127.0.0.1:5555", "udp:[::1]:53,[::]:0", "tcp:[fe80::1%2]:80,[::ffff:1.2.3.4]:9"] {
        let address = Address::parse(text).expect(text);
        assert!(matches!(address, Address::Connection { .. }));
        assert_eq!(address.to_string(), text);
    }
    for text in [
        "tcp:127.0.0.1:80",
        "tcp:127.0.0.1:80,",
        "tcp:,",
        "tcp:localhost:80,127.0.0.1:1",
        "tcp:127.0.0.1:80,127.0.0.1:65536",
        "tcp:127.0.0.1:80,127.0.0.1:1,127.0.0.1:2",
        "udp:127.0.0.1:80, 127.0.0.1:5555",
        "udp:::1:53,[::1]:53",
    ] {
        assert!(matches!(Address::parse(text), Err(AddressError::Connection { .. })), "{text}");
    }
}

#[test]
fn damaged_numbers_are_refused() {
    let numbers = [
        "",
        " ",
        "-1",
        "-0",
        "+5",
        " 5",
        "5 ",
        "5\n",
        "12abc",
        "abc",
        "0x",
        "0X",
        "0xg",
        "0x+1",
        "0x 1",
        "0x123456789",
        "0x000000001",
        "0x0",
        "0x00000000",
        "2147483648",
        "4294967295",
        "4294967296",
        "4294967297",
        "1e3",
        "1.0",
        "99999999999999999999999",
        "007",
        "00",
        "٣",
        "[x]",
        "5,6",
        "@x",
        "orders",
    ];
    for kind in ["queue", "shm", "sem", "semaphore"] {
        for number in numbers {
            assert_refused(&format!("{kind}:{number}"));
        }
    }
    for number in ["", "0", "-1", "+5", " 5", "5 ", "12abc", "0x5", "4194305", "4294967297", "007", "[5]", "self"] {
        assert_refused(&format!("pid:{number}"));
    }
    let inodes = ["5", "[]", "[", "]", "[0]", "[-1]", "[+5]", "[ 5]", "[5", "5]", "[5]x", "[0x5]", "[[5]]", "[05]"];
    for inode in inodes.into_iter().chain(["[18446744073709551616]", "/x", "x", ""]) {
        assert_refused(&format!("pipe:{inode}"));
        assert_refused(&format!("socket:{inode}"));
    }
    for rest in ["", "5", "[0:43:0]", "[0:43]", "[:43:5]", "[0:43:5:6]", "[+0:43:5]", "[x]", "[5", "\0"] {
        assert_refused(&format!("fifo:{rest}"));
        assert_refused(&format!("memfd:{rest}"));
        // A number alone is the id of a System V segment.
        if rest != "5" {
            assert_refused(&format!("shm:{rest}"));
        }
    }
    assert_refused("queue:[5]");
    assert_refused("sem:[5]");
    for rest in ["", "@", "[", "[5", "[x]", "[0]", "/a\0"] {
        assert_refused(&format!("unix:{rest}"));
    }
}

#[test]
fn damaged_names_are_refused() {
    let long = format!("/{}", "x".repeat(256));
    for name in ["/", "/.", "/..", "//", "//a", "/a/b", "/a/", "/a\0", &long] {
        for kind in ["queue", "shm", "sem"] {
            assert_refused(&format!("{kind}:{name}"));
        }
    }
    let longest = format!("shm:/{}", "x".repeat(255));
    assert!(Address::parse(&longest).is_ok());
    // Escaped it is far longer than a name may be, but that is not what is meant.
    let escaped = format!("shm:/{}", r"\xff".repeat(255));
    let name: Vec<u8> = std::iter::once(b'/').chain([0xff; 255]).collect();
    assert_eq!(Address::parse(&escaped), Ok(Address::Shm(Which::Name(Spelled::exact(&name)))));
    assert_refused(&format!("shm:/{}", r"\xff".repeat(256)));
}

#[test]
fn words_that_are_no_address_say_what_is() {
    for (text, says) in [
        ("", "queue:32769"),
        ("foo", "`foo` is no address: write kind:which"),
        ("32769", "queue:32769"),
        (":", "semaphore"),
        (":5", "semaphore"),
        ("foo:5", "queue, shm, sem"),
        ("Queue:5", "`Queue`"),
        ("queues:5", "`queues`"),
        ("foo:/x", "./"),
        ("@abstract", "kind:which"),
        ("[411970]", "kind:which"),
        ("fifo:411970", "fifo:[411970]"),
        ("pipe:411970", "pipe:[411970]"),
        ("memfd:411970", "memfd:[411970]"),
        ("memfd:name", "memfd:[411970]"),
        ("shm:[5", "shm:[411970]"),
        ("queue:0x0", "IPC_PRIVATE"),
        ("queue:4294967297", "`4294967297` is out of range"),
        ("queue:12abc", "`12abc`"),
        ("queue:", "`queue:` names nothing"),
        ("x\u{1b}[2J", r"`x\x1b[2J`"),
    ] {
        let message = Address::parse(text).expect_err(text).to_string();
        assert!(message.contains(says), "{text:?}: {message}");
        assert_refused(text);
    }
}

/// Refused, in one printable line of bearable length.
fn assert_refused(text: &str) {
    let message = Address::parse(text).expect_err(text).to_string();
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(message.chars().count() < 320, "{message}");
}

#[test]
fn a_first_character_with_a_meaning_is_escaped() {
    for name in ["[5]", "@x", r"[5]\n", "[é\n"] {
        let address = Address::Unix { name: Spelled::exact(name.as_bytes()), abstract_name: false };
        match Address::parse(&address.to_string()) {
            Ok(Address::Unix { name: again, abstract_name: false }) => assert!(again.matches(name.as_bytes())),
            other => panic!("{address}: {other:?}"),
        }
    }
    assert_eq!(Address::Path(Spelled::exact(b"x:y")).to_string(), "./x:y");
}

/// File names of every kind of nastiness.
fn file_name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..60),
        r"[\\xnu{}0-9a-f\[\]@: ]{1,20}".prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
    ]
    .prop_map(|mut name| {
        name.retain(|b| !matches!(b, 0 | b'/'));
        name.truncate(255);
        name.push(b'x'); // neither empty nor a directory
        name.truncate(255);
        name
    })
}

proptest! {
    #[test]
    fn printed_names_are_read_back(name in file_name()) {
        let with_slash = [b"/", &name[..]].concat();
        let (plain, rooted) = (Spelled::exact(&name), Spelled::exact(&with_slash));
        let addresses = [
            (Address::Queue(Which::Name(rooted.clone())), &with_slash),
            (Address::Shm(Which::Name(rooted.clone())), &with_slash),
            (Address::Semaphore(Which::Name(rooted.clone())), &with_slash),
            (Address::Fifo(rooted.clone()), &with_slash),
            (Address::Unix { name: rooted.clone(), abstract_name: false }, &with_slash),
            (Address::Unix { name: plain.clone(), abstract_name: false }, &name),
            (Address::Unix { name: plain, abstract_name: true }, &name),
            (Address::Path(rooted), &with_slash),
        ];
        for (address, name) in addresses {
            let text = address.to_string();
            prop_assert!(!text.contains(char::is_control));
            let again = Address::parse(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
            prop_assert_eq!(std::mem::discriminant(&again), std::mem::discriminant(&address));
            let read = match &again {
                Address::Queue(Which::Name(name))
                | Address::Shm(Which::Name(name))
                | Address::Semaphore(Which::Name(name))
                | Address::Fifo(name)
                | Address::Path(name)
                | Address::Unix { name, .. } => name,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert!(read.matches(name), "{} {:?}", text, read);
            // What was read prints as it was typed.
            prop_assert_eq!(again.to_string().len(), text.len());
        }
    }

    #[test]
    fn printed_numbers_are_read_back(id in 0..=i32::MAX, key: i32, inode in 1..=u64::MAX, major: u32, minor: u32) {
        let device = Some(Device { major, minor });
        let mut addresses = vec![
            Address::Queue(Which::Id(id)),
            Address::Pipe(inode),
            Address::Socket(inode),
            Address::FifoInode { device: None, inode },
            Address::FifoInode { device, inode },
            Address::ShmInode { device: None, inode },
            Address::ShmInode { device, inode },
            Address::Memfd { device: None, inode },
            Address::Memfd { device, inode },
        ];
        if key != 0 {
            addresses.push(Address::Semaphore(Which::Key(Key(key))));
        }
        for address in addresses {
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }
    }

    #[test]
    fn never_panics_and_damaged_numbers_are_nobody(
        bytes: Vec<u8>,
        kind in proptest::sample::select(&KINDS[..]),
        rest in r"[-+ 0-9a-fx@/:,\[\]\\.]{0,14}",
    ) {
        let _ = Address::parse_bytes(&bytes);
        let text = format!("{kind}:{rest}");
        match Address::parse(&text) {
            Ok(Address::Queue(w) | Address::Shm(w) | Address::Semaphore(w)) => match w {
                Which::Id(id) => prop_assert_eq!(id.to_string(), rest),
                Which::Key(key) => prop_assert_eq!(u32::from_str_radix(&rest[2..], 16), Ok(key.0.cast_unsigned())),
                Which::Name(_) => prop_assert!(rest.starts_with('/')),
            },
            Ok(Address::Pid(pid)) => prop_assert_eq!(pid.to_string(), rest),
            Ok(Address::Pipe(inode) | Address::Socket(inode)) => prop_assert_eq!(format!("[{inode}]"), rest),
            Ok(_) => {}
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
        }
    }
}
