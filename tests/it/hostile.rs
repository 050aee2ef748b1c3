//! Names that others choose: kept byte for byte in the picture, and never written to a terminal as they are.

use crate::support::cli::{ipcx, json};
use crate::support::look::socket;
use crate::support::{Child, eventually, isolated, look, one, scratch, sysv};
use ipcx::model::{Kinds, escape};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::Value;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;

/// Escape sequences, line breaks, a right-to-left override, bytes that are no UTF-8, what looks like another field.
const NAMES: [&[u8]; 9] = [
    b"\x1b[2J\x1b]0;x\x07",
    b"two\nlines",
    b"tab\tcr\r",
    "\u{202e}txt.exe".as_bytes(),
    b"\xff\xfe\x80",
    b"\xc2\x9b31m",
    b"x) S 1 1 (y",
    b" blank ",
    b"x (deleted)",
];

/// Whether a terminal would take any of it for more than text.
fn is_harmless(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
}

#[test]
fn command_names() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        for name in NAMES {
            let comm = CString::new(name).unwrap();
            let child = Child::new(&[], || {
                nix::sys::prctl::set_name(&comm).unwrap();
                sysv::send(id, 1, b"x");
            });
            let snapshot = look(Kinds::SYSV_QUEUES);
            let process = snapshot.process(child.pid()).unwrap();
            assert_eq!(&*process.comm, name);
            let after = (process.ppid, matches!(process.state, 'R' | 'S'), process.threads);
            assert_eq!(after, (1, true, 1), "what follows the name is read right: {name:?}");
            assert_eq!(snapshot.holders(0)[0].pid, child.pid());
            assert!(is_harmless(&escape(&process.comm)));
        }
    });
}

#[test]
fn command_lines() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let arguments = [&b"\x1b[31m\xff\n"[..], b"", "\u{202e}".as_bytes()];
        // A child that becomes a shell, which waits for its input: what it did before is recorded under its pid.
        let (listen, tell) = nix::unistd::pipe().unwrap();
        let child = Child::start(&[&listen], |ready| {
            sysv::send(id, 1, b"x");
            let mut command = std::process::Command::new("/bin/sh");
            command.args(["-c", "read wait"]).args(arguments.map(OsStr::from_bytes));
            command.stdin(listen.try_clone().unwrap());
            ready.tell();
            panic!("{}", command.exec());
        });
        let expected: Vec<&[u8]> = [&b"/bin/sh"[..], b"-c", b"read wait"].into_iter().chain(arguments).collect();
        eventually("it is the shell", || {
            let snapshot = look(Kinds::SYSV_QUEUES);
            let shown = snapshot.process(child.pid()).unwrap().cmdline.clone().unwrap();
            shown.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>() == expected
        });
        drop(tell);
    });
}

#[test]
fn fifo_paths() {
    isolated(|| {
        let directory = scratch().join(OsStr::from_bytes(b"d\xff\n"));
        std::fs::create_dir(&directory).unwrap();
        let open: Vec<File> = NAMES
            .iter()
            .map(|name| {
                let path = directory.join(OsStr::from_bytes(name));
                mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
                File::options().read(true).write(true).open(path).unwrap()
            })
            .collect();
        let snapshot = look(Kinds::FIFOS);
        let mut shown: Vec<&[u8]> = snapshot.objects.iter().map(|object| object.path.as_deref().unwrap()).collect();
        shown.sort_unstable();
        let mut expected: Vec<Vec<u8>> =
            NAMES.iter().map(|name| [directory.as_os_str().as_bytes(), b"/", name].concat()).collect();
        expected.sort_unstable();
        assert_eq!(shown, expected);
        addresses_lead_back(&snapshot, open.len());
    });
}

#[test]
fn socket_paths() {
    isolated(|| {
        let made: Vec<UnixListener> =
            NAMES.iter().map(|name| UnixListener::bind(scratch().join(OsStr::from_bytes(name))).unwrap()).collect();
        let snapshot = look(Kinds::UNIX);
        let name = |place: usize| socket(&snapshot.objects[place]).unix.as_ref().unwrap().name.as_deref().unwrap();
        let mut shown: Vec<&[u8]> = (0..snapshot.objects.len()).map(name).collect();
        shown.sort_unstable();
        let mut expected: Vec<Vec<u8>> =
            NAMES.iter().map(|name| [scratch().as_os_str().as_bytes(), b"/", name].concat()).collect();
        expected.sort_unstable();
        assert_eq!(shown, expected);
        addresses_lead_back(&snapshot, made.len());
    });
}

/// Every object's address is harmless to print and, pasted back, names that object alone.
fn addresses_lead_back(snapshot: &ipcx::snapshot::Snapshot, count: usize) {
    assert_eq!(snapshot.objects.len(), count);
    for place in 0..count {
        let address = snapshot.address(place).to_string();
        assert!(is_harmless(&address), "{address:?}");
        assert_eq!(one(snapshot, &address), place);
    }
}

#[test]
fn tables_are_harmless_and_json_is_exact() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let mut children = Vec::new();
        let mut sockets = Vec::new();
        for (name, number) in NAMES.iter().zip(0..) {
            let comm = CString::new(*name).unwrap();
            let path = scratch().join(OsStr::from_bytes(name));
            mkfifo(&path, Mode::S_IRWXU).unwrap();
            children.push(Child::new(&[], || {
                nix::sys::prctl::set_name(&comm).unwrap();
                let waits = std::thread::spawn(move || sysv::receive(id, number + 1));
                (waits, File::options().read(true).write(true).open(&path).unwrap())
            }));
            std::fs::write(std::path::Path::new("/dev/shm").join(OsStr::from_bytes(name)), "x").unwrap();
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
            sockets.push(UnixListener::bind_addr(&address).unwrap());
        }
        for arguments in [
            &["ls"][..],
            &["ls", "--wide", "-o", "+NAME,PATH,COMM,PROCESSES,WHY"],
            &["ls", "-f", "-m", "-x"],
            &["ls", "-q", "-o", "ADDRESS,COMM,PROCESSES,WHY"],
            &["show", "queue:0"],
            &["rm", "-n", "queue:0"],
            &["rm", "queue:0x1"],
        ] {
            let ran = ipcx(arguments);
            for line in ran.out.lines().chain(ran.err.lines()) {
                assert!(is_harmless(line), "{arguments:?}: {line:?}");
            }
            assert!(!(ran.out + &ran.err).is_empty());
        }

        let document = json(&["ls", "--json"]);
        let objects = document["objects"].as_array().unwrap();
        for (name, child) in NAMES.iter().zip(&children) {
            let expected = |prefix: &[u8]| text_and_hex(&[prefix, name].concat());
            let has = |kind: &str, of: &dyn Fn(&Value) -> (Value, Value), expected: (Value, Value)| {
                let found = objects.iter().filter(|o| o["kind"] == kind).filter(|o| of(o) == expected);
                assert_eq!(found.count(), 1, "{kind} {name:?}");
            };
            let place = [scratch().as_os_str().as_bytes(), b"/"].concat();
            has("fifo", &|o| (o["path"].clone(), o["path_hex"].clone()), expected(&place));
            has("shm", &|o| (o["name"].clone(), o["name_hex"].clone()), expected(b"/"));
            has("shm", &|o| (o["path"].clone(), o["path_hex"].clone()), expected(b"/dev/shm/"));
            let of_socket = |o: &Value| (o["socket"]["name"].clone(), o["socket"]["name_hex"].clone());
            has("socket", &of_socket, expected(b""));
            let process = &document["processes"][child.pid().to_string()];
            assert_eq!((process["comm"].clone(), process["comm_hex"].clone()), expected(b""));
        }
    });
}

#[test]
fn names_of_holders_in_json_are_exact() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let _sender = Child::new(&[], || {
            nix::sys::prctl::set_name(c"\xff\xfe").unwrap();
            sysv::send(id, 1, b"x");
        });
        let holder = &json(&["ls", "-q", "--sysv", "--json"])["objects"][0]["holders"][0];
        assert_eq!((holder["comm"].clone(), holder["comm_hex"].clone()), text_and_hex(b"\xff\xfe"), "{holder:#}");
    });
}

/// The text with replacements, and the bytes in hexadecimal where the text is not exact.
fn text_and_hex(bytes: &[u8]) -> (Value, Value) {
    let hex = match std::str::from_utf8(bytes) {
        Ok(_) => Value::Null,
        Err(_) => Value::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()),
    };
    (Value::String(String::from_utf8_lossy(bytes).into()), hex)
}
