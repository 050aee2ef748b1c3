//! The backups themselves: listed, shown, discarded, expired, damaged; and what `undo` refuses.

use crate::support::cli::{self, Ran, ipcx};
use crate::support::undo::{backups, entries, files, remove, sight, store};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, posix, sysv};
use ipcx::actions::backup::{Settings, Store};
use ipcx::actions::{Policy, backup::Restoration};
use ipcx::kernel::{mqueue, msgctl};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// A queue with a message that can hurt a terminal, removed; its address.
fn removed_queue(key: i32) -> String {
    let id = sysv::queue(key, 0o600);
    sysv::send(id, 5, b"\x1b[31mred\xff");
    let address = format!("queue:{id}");
    assert_eq!(ipcx(&["rm", &address]).status, 0);
    address
}

fn said(ran: &Ran, status: i32, words: &[&str]) {
    assert_eq!(ran.status, status, "{}{}", ran.out, ran.err);
    for word in words {
        assert!(ran.out.contains(word) || ran.err.contains(word), "no {word} in {}{}", ran.out, ran.err);
    }
    assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'));
}

#[test]
fn without_backups() {
    isolated(|| {
        said(&ipcx(&["undo", "--list"]), 0, &["nothing can be undone"]);
        said(&ipcx(&["undo"]), 1, &["nothing can be undone"]);
        said(&ipcx(&["undo", "3"]), 1, &["no backup 3"]);
        said(&ipcx(&["undo", "--show", "3"]), 1, &[]);
        said(&ipcx(&["undo", "--thaw"]), 0, &["no removal was interrupted"]);
    });
}

#[test]
fn listed_shown_and_discarded() {
    isolated(|| {
        let addresses = [removed_queue(0x41), removed_queue(0x42)];
        let listed = ipcx(&["undo", "--list"]);
        said(&listed, 0, &[&addresses[0], &addresses[1], "0x00000041"]);
        let json = ipcx(&["undo", "--list", "--json"]);
        said(&json, 0, &["ipcx.backups/1", &addresses[0]]);
        said(&ipcx(&["undo", "--show", "1"]), 0, &["type 5", "red", "can be undone until"]);
        said(&ipcx(&["undo", "-n", "1"]), 0, &["would bring back"]);
        said(&ipcx(&["undo", "--discard", "-n", "1"]), 0, &["would discard"]);
        assert_eq!(entries().len(), 2);
        said(&ipcx(&["undo", "--discard", "1"]), 0, &["discarded backup 1"]);
        said(&ipcx(&["undo", "1"]), 1, &["no backup 1"]);
        said(&ipcx(&["undo"]), 0, &[&addresses[1]]);
        said(&ipcx(&["undo"]), 1, &["nothing can be undone"]);
        assert_eq!(ipcx(&["rm", &addresses[1]]).status, 0);
        assert_eq!(files(""), ["3.backup"], "a number is used once");
    });
}

#[test]
fn all_that_one_call_removed_comes_back_at_once() {
    isolated(|| {
        removed_queue(0x40);
        let queue = sysv::queue(0x41, 0o600);
        let segment = sysv::segment(0x42, 10, 0o600);
        drop(posix::segment(c"/cache", 10, 0o600));
        let addresses = [format!("queue:{queue}"), format!("shm:{segment}"), "shm:/cache".to_owned()];
        let before = addresses.clone().map(|address| sight(&address));
        let ran = ipcx(&[&["rm".to_owned()], &addresses[..]].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        let ran = ipcx(&["undo"]);
        assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{}", ran.err);
        assert_eq!(addresses.map(|address| sight(&address)), before);
        assert_eq!(entries().len(), 1);
    });
}

#[test]
fn a_key_or_name_that_is_taken() {
    isolated(|| {
        let address = removed_queue(0x41);
        mqueue::create(b"q", 0o600, 1, 1, true).unwrap();
        drop(posix::segment(c"/cache", 1, 0o600));
        remove("queue:/q").unwrap();
        remove("shm:/cache").unwrap();
        let taken = sysv::queue(0x41, 0o640);
        mqueue::create(b"q", 0o640, 2, 2, true).unwrap();
        drop(posix::segment(c"/cache", 7, 0o640));
        let now = [format!("queue:{taken}"), "queue:/q".to_owned(), "shm:/cache".to_owned()];
        let before = now.clone().map(|address| sight(&address));
        let kept = files("");
        for force in [&[][..], &["--force"], &["-n"]] {
            let ran = ipcx(&[&["undo", "1", "2", "3"], force].concat());
            said(&ran, 4, &[&format!("queue:{taken}"), "backup is kept"]);
            assert_eq!((&*ran.out, ran.err.lines().count()), ("", 3), "{}", ran.err);
        }
        assert_eq!((now.map(|address| sight(&address)), files("")), (before, kept));
        msgctl::remove(taken).unwrap();
        said(&ipcx(&["undo", "1"]), 0, &[&address]);
    });
}

#[test]
fn an_id_that_is_taken_gives_way_to_a_new_one() {
    isolated(|| {
        let address = removed_queue(0x41);
        let id: i32 = address[6..].parse().unwrap();
        ipcx::kernel::next_id::request(ipcx::model::Kind::Queue, id).unwrap();
        assert_eq!(sysv::queue(0x99, 0o600), id);
        said(&ipcx(&["undo"]), 0, &["under a new id", &address]);
        assert!(entries().is_empty());
    });
}

#[test]
fn another_ipc_namespace() {
    isolated(|| {
        let address = removed_queue(0x41);
        drop(posix::segment(c"/cache", 1, 0o600));
        remove("shm:/cache").unwrap();
        unshare(CloneFlags::CLONE_NEWIPC).unwrap();
        said(&ipcx(&["undo", "1"]), 4, &["another IPC namespace", "--force"]);
        said(&ipcx(&["undo", "1", "-n"]), 4, &[]);
        assert_eq!(entries().len(), 2);
        said(&ipcx(&["undo", "2"]), 0, &["shm:/cache"]);
        said(&ipcx(&["undo", "1", "--force"]), 0, &[&address]);
        assert_eq!(sight(&address).unwrap().contents.len(), 1);
    });
}

/// Makes a backup this many seconds older.
fn age(file: &str, seconds: i64) {
    let path = backups().join(file);
    let then = crate::support::wait::second() - seconds;
    let then = TimeSpec::new(then, 0);
    utimensat(nix::fcntl::AT_FDCWD, &path, &then, &then, UtimensatFlags::NoFollowSymlink).unwrap();
}

#[test]
fn the_old_and_the_many_go() {
    isolated(|| {
        let day = 24 * 60 * 60;
        (1..=3).for_each(|key| drop(removed_queue(key)));
        age("1.backup", 8 * day);
        age("2.backup", 6 * day);
        removed_queue(4);
        assert_eq!(files(""), ["2.backup", "3.backup", "4.backup"]);
        let size = entries()[0].bytes;
        let few = Settings { total: 2 * size + size / 2, ..Settings::default() };
        let store = Store::open(&backups(), few).unwrap();
        let id = sysv::queue(5, 0o600);
        sysv::send(id, 5, b"\x1b[31mred\xff");
        crate::support::undo::plan(&format!("queue:{id}")).run(Policy::default(), Some(&store)).unwrap();
        assert_eq!(files(""), ["4.backup", "5.backup"], "the newest counts, too");
        let none = Store::open(&backups(), Settings { total: 1, ..Settings::default() }).unwrap();
        let id = sysv::queue(6, 0o600);
        crate::support::undo::plan(&format!("queue:{id}")).run(Policy::default(), Some(&none)).unwrap();
        assert_eq!(files(""), ["6.backup"], "and stays");
    });
}

#[test]
fn damaged_files_are_told_of_or_passed_over() {
    isolated(|| {
        let id = sysv::queue(0x41, 0o600);
        (0..20).for_each(|_| sysv::send(id, 1, &[9; 100]));
        let address = format!("queue:{id}");
        remove(&address).unwrap();
        let path = backups().join("1.backup");
        let whole = fs::read(&path).unwrap();
        let header = whole.windows(6).position(|window| window == [1, 100, 0, 0, 0, 1]).unwrap();
        for length in (0..whole.len()).step_by(13) {
            fs::write(&path, &whole[..length]).unwrap();
            let listed = ipcx(&["undo", "--list"]);
            assert_eq!(listed.status, 0, "{}", listed.err);
            assert_eq!(listed.out.contains(&address), length >= header, "{length} of {}", whole.len());
            let ran = ipcx(&["undo", "1"]);
            assert_eq!((ran.status, sight(&address)), (1, None), "{}{}", ran.out, ran.err);
            if length >= header {
                said(&ran, 1, &["1.backup", "cut short"]);
            }
        }
        for (at, byte) in [(0, b'x'), (20, b'}'), (header, 77), (header + 4, 255), (whole.len() - 16, 99)] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            fs::write(&path, bytes).unwrap();
            assert_eq!((ipcx(&["undo", "1"]).status, sight(&address)), (1, None), "{at}");
            assert_eq!(ipcx(&["undo", "--list"]).status, 0);
        }
        fs::write(backups().join("pending/9.part"), "rubbish").unwrap();
        fs::write(backups().join("not-ours"), "rubbish").unwrap();
        fs::write(&path, whole).unwrap();
        said(&ipcx(&["undo", "1"]), 0, &[&address]);
        assert_eq!((files("pending"), files("")), (vec![], vec!["not-ours".to_owned()]));
    });
}

#[test]
fn one_backup_is_brought_back_once() {
    isolated(|| {
        for _ in 0..10 {
            let id = sysv::queue(libc::IPC_PRIVATE, 0o600);
            remove(&format!("queue:{id}")).unwrap();
            let number = entries()[0].header.about.number.to_string();
            let start =
                || cli::command(&["undo", &number]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let codes = [start(), start(), start()].map(|mut child| child.wait().unwrap().code());
            assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
            msgctl::remove(id).unwrap();
            let mut queues = 0;
            ipcx::kernel::sysvipc::read_msg(&mut |_| queues += 1).unwrap();
            assert_eq!(queues, 0, "one came back");
        }
        let entry = {
            remove(&format!("queue:{}", sysv::queue(1, 0o600))).unwrap();
            entries().pop().unwrap()
        };
        Restoration { entry: entry.clone() }.run(&store(), Policy::default()).unwrap();
        msgctl::remove(0).ok();
        assert!(Restoration { entry }.run(&store(), Policy::default()).is_err());
    });
}

#[test]
fn what_its_creator_gave_away_comes_back_as_the_new_owners() {
    isolated_with_users(|| {
        crate::support::as_user(NOBODY, &[], || {
            let id = sysv::queue(0x61, 0o600);
            sysv::set_queue(id, |ds| ds.msg_perm.uid = 12);
        });
        let ran = cli::ipcx_as(NOBODY, &["rm", "-q", "0x61"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let ran = cli::ipcx_as(NOBODY, &["undo"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let mut owner = None;
        ipcx::kernel::sysvipc::read_msg(&mut |line| owner = Some(line.perm.owner.uid)).unwrap();
        assert_eq!(owner, Some(12), "a creator may give his object away");
    });
}

#[test]
fn an_output_that_takes_nothing() {
    isolated(|| {
        let addresses = [1, 2].map(|key| format!("queue:{}", sysv::queue(key, 0o600)));
        let full = || fs::File::options().write(true).open("/dev/full").unwrap();
        let ran = cli::finish(cli::command(&["rm", &addresses[0], &addresses[1]]).stdout(full()));
        assert_eq!((ran.status, entries().len()), (1, 2), "{}", ran.err);
        let ran = cli::finish(cli::command(&["undo"]).stdout(full()));
        assert_eq!((ran.status, entries().len()), (1, 0), "{}", ran.err);
        assert!(addresses.iter().all(|address| sight(address).is_some()));
    });
}

#[test]
fn asked_for_the_answer_counts() {
    isolated(|| {
        let addresses = [1, 2].map(|key| format!("queue:{}", sysv::queue(key, 0o600)));
        let mut command = cli::command(&["rm", "-i", &addresses[0], &addresses[1]]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"n\ny\n").unwrap();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(4));
        assert_eq!((entries().len(), sight(&addresses[0]).is_some(), sight(&addresses[1])), (1, true, None));
    });
}

#[test]
fn backups_of_one_call_do_not_push_each_other_out() {
    isolated(|| {
        removed_queue(9);
        let ids: Vec<i32> = (1..4).map(|key| sysv::queue(key, 0o600)).collect();
        for id in &ids {
            sysv::send(*id, 1, &[7; 4000]);
        }
        let store = Store::open(&backups(), Settings { total: 9_000, ..Settings::default() }).unwrap();
        let done: Vec<_> = ids
            .iter()
            .map(|id| crate::support::undo::plan(&format!("queue:{id}")).run(Policy::default(), Some(&store)))
            .collect();
        assert!(done[0].is_ok() && done[1].is_ok(), "{done:?}");
        let refused = done[2].as_ref().unwrap_err().to_string();
        assert!(refused.contains("backup.total") && refused.contains("nothing was removed"), "{refused}");
        assert_eq!(sight(&format!("queue:{}", ids[2])).unwrap().contents.len(), 1, "untouched");
        assert_eq!(files(""), ["2.backup", "3.backup"], "the older one made room");
    });
}

#[test]
fn the_directory_is_closed_to_others_by_who_writes_there_not_by_who_looks() {
    use std::os::unix::fs::PermissionsExt;
    isolated(|| {
        removed_queue(1);
        let mode = || fs::metadata(backups()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o700);
        fs::set_permissions(backups(), fs::Permissions::from_mode(0o755)).unwrap();
        said(&ipcx(&["undo", "--list"]), 0, &["queue:0"]);
        said(&ipcx(&["ls", "--read-only", "-q"]), 0, &[]);
        assert_eq!(mode(), 0o755, "looking changes nothing");
        removed_queue(2);
        assert_eq!(mode(), 0o700);
    });
}
