//! `ipcx rm`: removes what was named, nothing else, and nothing that is in use.

use crate::support::cli::{self, Ran, ipcx, ipcx_as, place};
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users, look, posix, sysv};
use ipcx::model::Kinds;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

/// Addresses of all System V and POSIX objects.
fn left() -> Vec<String> {
    let snapshot = look(Kinds::SYSV | Kinds::POSIX);
    let mut left: Vec<String> = (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect();
    left.sort();
    left
}

/// One line on stdout for each of these, in their order.
fn assert_removed(ran: &Ran, addresses: &[&str]) {
    assert_eq!((ran.status, ran.out.lines().count()), (0, addresses.len()), "{}{}", ran.out, ran.err);
    for (line, address) in ran.out.lines().zip(addresses) {
        assert!(line.contains("removed") && line.contains(address), "{line}");
    }
}

#[test]
fn by_id_by_key_and_by_name() {
    isolated(|| {
        // The ids in a new namespace are 0, 1, 2 …
        for key in [0x11, 0x22, 0x33, 0x44, 0x55] {
            sysv::queue(key, 0o600);
        }
        sysv::segment(0x61, 1, 0o600);
        sysv::semaphores(0x71, 1, 0o600);
        posix::segment(c"/cache", 1, 0o600);
        posix::segment(c"/other", 1, 0o600);
        drop(posix::semaphore(c"/lock", 0o600, 1));
        File::create("/dev/shm/sem.kept").unwrap();

        assert_removed(&ipcx(&["rm", "-q", "0"]), &["queue:0"]);
        assert_removed(&ipcx(&["rm", "-q", "0x22"]), &["queue:1"]);
        assert_removed(&ipcx(&["rm", "-Q", "51"]), &["queue:2"]);
        assert_removed(&ipcx(&["rm", "queue:3"]), &["queue:3"]);
        assert_removed(&ipcx(&["rm", "-m", "/cache", "-s", "/lock"]), &["shm:/cache", "sem:/lock"]);
        assert_eq!(left(), ["queue:4", "sem:/kept", "sem:0", "shm:/other", "shm:0"]);
        assert_removed(&ipcx(&["rm", "-M", "0x61", "-S", "0x71", "-Q", "0x55"]), &["queue:4", "shm:0", "sem:0"]);
        assert_eq!(left(), ["sem:/kept", "shm:/other"]);
        assert_removed(&ipcx(&["rm", "/dev/shm/other", "/dev/shm/sem.kept"]), &["shm:/other", "sem:/kept"]);
        assert!(left().is_empty());
    });
}

#[test]
fn fifos_and_socket_files() {
    isolated(|| {
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        drop(UnixListener::bind(place("stale")).unwrap());
        std::fs::write(place("file"), "kept").unwrap();
        let path = |name| place(name).display().to_string();
        assert_removed(&ipcx(&["rm", &path("f")]), &[&path("f")]);
        assert_removed(&ipcx(&["rm", &format!("unix:{}", path("stale"))]), &[&path("stale")]);
        let ran = ipcx(&["rm", "-f", &path("file")]);
        assert_eq!(ran.status, 1, "a plain file is none of ipcx's");
        assert!(!place("f").exists() && !place("stale").exists() && place("file").exists());
    });
}

#[test]
fn the_line_says_what_is_lost() {
    isolated(|| {
        let id = sysv::queue(0xdead_beef_u32.cast_signed(), 0o600);
        sysv::send(id, 1, b"hello");
        let ran = ipcx(&["rm", "-q", "0xdeadbeef"]);
        assert_removed(&ran, &["queue:0"]);
        for text in ["0xdeadbeef", "root", "1 message", "5 bytes"] {
            assert!(ran.out.contains(text), "no {text} in {}", ran.out);
        }
    });
}

#[test]
fn what_is_in_use_is_refused_with_its_users_named() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let set = sysv::semaphores(2, 1, 0o600);
        let segment = sysv::segment(3, 1, 0o600);
        let cache = posix::segment(c"/cache", 4096, 0o600);
        let path = place("f");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let fifo = File::options().read(true).write(true).open(&path).unwrap();
        let socket = UnixListener::bind(place("s")).unwrap();
        let named = |name: &std::ffi::CStr| nix::sys::prctl::set_name(name).unwrap();
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || {
            named(c"receiver");
            sysv::receive(queue, 0)
        });
        let locker = Child::sleeping_in(&sysv::OPERATE, &[], || {
            named(c"locker");
            sysv::operate(set, 0, -1);
        });
        let user = Child::new(&[&cache, &fifo, &socket], || {
            named(c"user");
            sysv::attach(segment)
        });
        drop((cache, fifo, socket));
        let (fifo, socket) = (format!("fifo:{}", path.display()), format!("unix:{}", place("s").display()));
        let objects = [
            ("queue:0", &receiver, "receiver"),
            ("sem:0", &locker, "locker"),
            ("shm:0", &user, "user"),
            ("shm:/cache", &user, "user"),
            (&*fifo, &user, "user"),
            (&*socket, &user, "user"),
        ];
        let before = left();
        for (address, child, name) in &objects {
            for dry in [true, false] {
                let ran = ipcx(&[&["rm", address][..], if dry { &["-n"] } else { &[] }].concat());
                assert_eq!((ran.status, &*ran.out), (4, ""), "{address}");
                assert_eq!(ran.err.lines().filter(|line| line.contains(address)).count(), 1, "{}", ran.err);
                assert!(ran.err.contains(&format!("{} ({name})", child.pid())), "{}", ran.err);
            }
        }
        assert_eq!((left(), path.exists(), place("s").exists()), (before, true, true));

        let addresses = objects.map(|(address, ..)| address);
        let ran = ipcx(&[&["rm", "--force"][..], &addresses].concat());
        assert_removed(&ran, &addresses);
        assert!(!path.exists() && !place("s").exists());
        assert_eq!(left(), ["shm:0"], "the segment stays until its last user is gone");
        user.end();
        assert!(left().is_empty());
    });
}

#[test]
fn what_nobody_uses_now_is_removed_though_its_users_live() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let _sender = Child::new(&[], || sysv::send(queue, 1, b"x"));
        assert_removed(&ipcx(&["rm", "-q", "0x1"]), &["queue:0"]);
    });
}

#[test]
fn a_dry_run_changes_nothing() {
    isolated(|| {
        sysv::queue(1, 0o600);
        drop(posix::segment(c"/cache", 1, 0o600));
        let before = left();
        let ran = ipcx(&["rm", "-n", "-q", "0x1", "/dev/shm/cache", "-s", "5"]);
        assert_eq!((ran.status, ran.out.lines().count()), (1, 2));
        assert!(ran.out.contains("would remove queue:0") && ran.out.contains("would remove shm:/cache"), "{}", ran.out);
        assert_eq!(left(), before);
    });
}

#[test]
fn a_number_that_is_an_id_and_another_ones_key_is_refused() {
    isolated(|| {
        sysv::queue(1, 0o600);
        sysv::queue(0x99, 0o600);
        let ran = ipcx(&["rm", "-q", "1"]);
        assert_eq!((ran.status, &*ran.out), (4, ""));
        assert!(ran.err.contains("queue:0") && ran.err.contains("queue:1"), "{}", ran.err);
        assert_eq!(ipcx(&["rm", "-f", "-q", "1"]).status, 4, "force does not choose");
        assert_eq!(left(), ["queue:0", "queue:1"]);
        assert_removed(&ipcx(&["rm", "-Q", "1"]), &["queue:0"]);
        assert_removed(&ipcx(&["rm", "-q", "1"]), &["queue:1"]);
    });
}

#[test]
fn a_number_that_is_the_id_and_key_of_one_object_is_that_one() {
    isolated(|| {
        sysv::queue(0x99, 0o600);
        sysv::queue(1, 0o600);
        assert_removed(&ipcx(&["rm", "-q", "1"]), &["queue:1"]);
        assert_eq!(left(), ["queue:0"]);
    });
}

#[test]
fn each_target_is_tried_and_the_largest_code_counts() {
    isolated_with_users(|| {
        let queue = sysv::queue(1, 0o600);
        sysv::queue(2, 0o600);
        let _receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let ran = ipcx(&["rm", "queue:77", "queue:0", "queue:1"]);
        assert_eq!((ran.status, ran.out.lines().count(), left()), (4, 1, vec!["queue:0".to_owned()]));
        assert!(ran.err.contains("queue:77") && ran.err.contains("queue:0"), "{}", ran.err);
        assert_eq!(ipcx(&["rm", "queue:1", "queue:77"]).status, 1);
        assert_eq!(ipcx_as(NOBODY, &["rm", "queue:77", "-f", "queue:0"]).status, 3);
    });
}

#[test]
fn anothers_objects_are_not_removed_without_privilege() {
    isolated_with_users(|| {
        sysv::queue(1, 0o666);
        sysv::segment(2, 1, 0o666);
        sysv::semaphores(3, 1, 0o666);
        drop(posix::segment(c"/cache", 1, 0o666));
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        std::fs::create_dir(place("d")).unwrap();
        mkfifo(&place("d/f"), Mode::S_IRWXU).unwrap();
        let before = left();
        let paths = [place("f"), place("d/f")].map(|path| path.display().to_string());
        for address in ["queue:0", "shm:0", "sem:0", "shm:/cache", &paths[1]] {
            for more in [&[][..], &["-n"], &["-f"]] {
                let ran = ipcx_as(NOBODY, &[&["rm", address][..], more].concat());
                assert_eq!((ran.status, &*ran.out), (3, ""), "{address} {more:?}: {}", ran.err);
                assert!(ran.err.starts_with("ipcx: ") || ran.err.contains("permission"), "{}", ran.err);
            }
        }
        assert_eq!((left(), place("d/f").exists()), (before, true));
    });
}

#[test]
fn ones_own_objects_are_removed_without_privilege() {
    isolated_with_users(|| {
        let maker = crate::support::users::child_of(NOBODY, &[], || {
            (sysv::queue(1, 0o600), sysv::segment(2, 1, 0), sysv::semaphores(3, 1, 0))
        });
        maker.end();
        let ran = ipcx_as(NOBODY, &["rm", "-q", "0x1", "-m", "0x2", "-s", "0x3"]);
        assert_removed(&ran, &["queue:0", "shm:0", "sem:0"]);
        assert!(left().is_empty());
    });
}

#[test]
fn read_only_refuses() {
    isolated(|| {
        sysv::queue(1, 0o600);
        assert_eq!(ipcx(&["rm", "--read-only", "-f", "queue:0"]).status, 4);
        assert_eq!(ipcx(&["--read-only", "rm", "queue:0"]).status, 4);
        assert_eq!(cli::finish(cli::command(&["rm", "-f", "queue:0"]).env("IPCX_READ_ONLY", "1")).status, 4);
        assert_eq!(left(), ["queue:0"]);
    });
}

#[test]
fn asked_for_each_only_yes_means_yes() {
    isolated(|| {
        for key in 1..=5 {
            sysv::queue(key, 0o600);
        }
        let mut command = cli::command(&["rm", "-i", "queue:0", "queue:1", "queue:2", "queue:3", "queue:4"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"y\nn\n\nyes\n").unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(4));
        assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 2);
        assert_eq!(left(), ["queue:1", "queue:2", "queue:4"], "the end of input means no");
    });
}

#[test]
fn every_target_is_tried_though_nobody_reads_what_was_done() {
    isolated(|| {
        for key in [1, 2, 3] {
            sysv::queue(key, 0o600);
        }
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = cli::finish(cli::command(&["rm", "queue:0", "queue:1", "queue:2"]).stdout(full));
        assert_eq!(ran.status, 1, "that it could not be printed is said: {}", ran.err);
        assert!(left().is_empty(), "{:?}", left());
    });
}

#[test]
fn a_socket_is_found_by_any_path_of_its_file() {
    isolated(|| {
        std::fs::create_dir(place("real")).unwrap();
        std::os::unix::fs::symlink(place("real"), place("link")).unwrap();
        let listener = UnixListener::bind(place("real/s")).unwrap();
        for path in [place("link/s"), place("real/../real/s")] {
            let ran = ipcx(&["rm", path.to_str().unwrap()]);
            assert_eq!(ran.status, 4, "{}", ran.err);
            assert!(ran.err.contains("listens on it"), "{}", ran.err);
        }
        drop(listener);
        assert_removed(&ipcx(&["rm", place("link/s").to_str().unwrap()]), &["link/s"]);
        assert!(!place("real/s").exists());
    });
}

#[test]
fn a_file_that_is_none_of_ours_or_closed_to_the_user() {
    isolated_with_users(|| {
        let plain = place("plain");
        std::fs::write(&plain, "kept").unwrap();
        let ran = ipcx(&["rm", plain.to_str().unwrap()]);
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains("is no FIFO, socket or POSIX object") && plain.exists(), "{}", ran.err);
        std::fs::create_dir(place("closed")).unwrap();
        std::fs::set_permissions(place("closed"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        mkfifo(&place("closed/f"), Mode::S_IRWXU).unwrap();
        let ran = ipcx_as(NOBODY, &["rm", place("closed/f").to_str().unwrap()]);
        assert_eq!(ran.status, 3, "{}", ran.err);
    });
}
