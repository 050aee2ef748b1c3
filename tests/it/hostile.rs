//! Names that others choose: kept byte for byte in the picture, and never written to a terminal as they are.

use crate::support::look::socket;
use crate::support::{Child, eventually, isolated, look, one, scratch, sysv};
use ipcx::model::{Kinds, escape};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::ffi::{CString, OsStr};
use std::fs::File;
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
            assert_eq!((process.ppid, process.state), (1, 'S'), "what follows the name is read right: {name:?}");
            assert!(snapshot.holders(0).iter().any(|holder| holder.pid == child.pid() && holder.alive));
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
