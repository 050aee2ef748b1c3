//! A removal, a thaw or an undo that is killed between any two of its system calls: nothing is lost, nothing is doubled,
//! and the next ipcx can put it right.

use crate::support::cli::{self, ipcx};
use crate::support::trace::killed_at;
use crate::support::undo::{Sight, backups, entries, files, remove, sight, store, thaw_all, undo};
use crate::support::{isolated, sysv};
use ipcx::actions::backup::interrupted;
use ipcx::kernel::mqueue;
use std::process::Stdio;

/// Kills `ipcx` with these arguments at a stop; false when it had ended before.
fn kill_at(arguments: &[&str], stop: usize) -> Option<(u64, bool)> {
    killed_at(cli::command(arguments).stdout(Stdio::null()).stderr(Stdio::null()), stop)
}

/// Nothing of an earlier round.
fn begin_anew() {
    let _ = std::fs::remove_dir_all(backups());
    drop(store());
}

/// An object of a test: made anew for every round, under an address that it returns.
struct Subject<'a> {
    make: &'a dyn Fn() -> String,
    forget: &'a dyn Fn(&str),
}

/// Every `stride`-th moment of a removal.
fn in_every_moment_of_rm(subject: &Subject<'_>, stride: usize) {
    for (round, stop) in (0..).step_by(stride).enumerate() {
        begin_anew();
        let address = (subject.make)();
        let original = sight(&address).unwrap();
        let moment = kill_at(&["rm", &address], stop);
        put_right(&address, &original, &format!("{address}, stop {stop}: {moment:?}"), round % 16 == 0);
        finish(&address, &original);
        (subject.forget)(&address);
        if moment.is_none() {
            return;
        }
    }
}

/// After a kill: the object is there and as it was, when thawed, or it comes back.
fn put_right(address: &str, original: &Sight, moment: &str, ask_ls: bool) {
    let now = sight(address);
    let told = interrupted(&store()).unwrap();
    if now.as_ref().is_some_and(|now| now != original) {
        assert_eq!(told.len(), 1, "{moment}: changed, and not told of");
        assert_eq!(told[0].address, address);
    }
    if ask_ls {
        let ran = ipcx(&["ls"]);
        assert_eq!((ran.status, ran.err.contains(&format!("removal of {address} was"))), (0, !told.is_empty()));
    }
    if now.is_some() {
        assert_eq!(thaw_all().len(), told.len(), "{moment}");
        assert_eq!(sight(address).as_ref(), Some(original), "{moment}: after thaw");
        assert!(entries().is_empty(), "{moment}: it was not removed");
    } else {
        assert!(told.is_empty(), "{moment}: {told:?}");
        undo();
        assert_eq!(sight(address).as_ref(), Some(original), "{moment}: after undo");
    }
    drop(store());
    assert_eq!((files("pending"), files("")), (vec![], vec![]), "{moment}");
}

/// Removes it and brings it back without being killed.
fn finish(address: &str, original: &Sight) {
    remove(address).unwrap();
    assert_eq!(sight(address), None);
    undo();
    assert_eq!(sight(address).as_ref(), Some(original));
}

/// Kills a removal, where that leaves a changed object finishes it by another removal, and brings it back.
fn finished_by_rm(subject: &Subject<'_>, stride: usize) {
    let mut changed = 0;
    for stop in (0..).step_by(stride) {
        begin_anew();
        let address = (subject.make)();
        let original = sight(&address).unwrap();
        let moment = kill_at(&["rm", &address], stop);
        if sight(&address).is_some_and(|now| now != original) {
            changed += 1;
            let ran = ipcx(&["rm", &address]);
            assert_eq!(ran.status, 0, "stop {stop} {moment:?}: {}", ran.err);
            assert_eq!((sight(&address), entries().len()), (None, 1));
            undo();
            assert_eq!(sight(&address).as_ref(), Some(&original), "stop {stop} {moment:?}");
        }
        begin_anew();
        (subject.forget)(&address);
        if moment.is_none() {
            assert!(changed > 0);
            return;
        }
    }
}

fn make_queue() -> String {
    let id = sysv::queue(0x77, 0o240);
    sysv::set_queue(id, |ds| ds.msg_qbytes = 12_000);
    for (kind, text) in [(3, &b"third"[..]), (1, b""), (2, b"\x1b[31m\0\xff"), (1, &[7; 3000])] {
        sysv::send(id, kind, text);
    }
    format!("queue:{id}")
}

/// More messages than are copied: they are taken out.
fn make_long_queue() -> String {
    let id = sysv::queue(0x7a, 0o600);
    for number in 0..4_200i64 {
        sysv::send(id, 1 + number % 3, [&b""[..], b"\0", b"\xa5\xa5"][(number % 7 % 3) as usize]);
    }
    format!("queue:{id}")
}

fn make_segment() -> String {
    let id = sysv::segment(0x78, 5 * 4096 + 17, 0o600);
    let attached = sysv::attach(id);
    for place in [0, 9000, 5 * 4096 + 16] {
        attached.touch(place);
    }
    format!("shm:{id}")
}

fn make_semaphores() -> String {
    let id = sysv::semaphores(0x79, 5, 0o604);
    sysv::set_values(id, &[1, 0, 32767, 4, 5]);
    sysv::operate(id, 1, 2);
    format!("sem:{id}")
}

fn make_posix_queue() -> String {
    let queue = mqueue::create(b"killed", 0o640, 8, 64, true).unwrap();
    for (priority, text) in [(1, &b"one"[..]), (0, b""), (7, b"\0\0\0"), (1, b"two"), (0, &[0; 64]), (31000, b"first")]
    {
        queue.send(priority, text).unwrap();
    }
    "queue:/killed".to_owned()
}

fn forget(address: &str) {
    if sight(address).is_none() {
        return;
    }
    let ran = ipcx(&["rm", "--no-backup", address]);
    assert_eq!(ran.status, 0, "{}", ran.err);
}

fn forget_posix_queue(_: &str) {
    // A removal may have ended.
    let _ = mqueue::unlink(b"killed");
}

/// 1 with `IPCX_TEST_ALL` in the environment, for every moment.
fn stride(usual: usize) -> usize {
    if std::env::var_os("IPCX_TEST_ALL").is_some() { 1 } else { usual }
}

#[test]
fn the_removal_of_a_queue() {
    isolated(|| {
        in_every_moment_of_rm(&Subject { make: &make_queue, forget: &forget }, stride(7));
        finished_by_rm(&Subject { make: &make_queue, forget: &forget }, stride(23));
    });
}

#[test]
fn the_removal_of_a_long_queue() {
    isolated(|| {
        // Thousands of its moments are alike: the kernel puts one message after the other into the file.
        let subject = Subject { make: &make_long_queue, forget: &forget };
        in_every_moment_of_rm(&subject, stride(1501));
        finished_by_rm(&subject, stride(4001));
    });
}

#[test]
fn the_removal_of_a_segment() {
    isolated(|| {
        in_every_moment_of_rm(&Subject { make: &make_segment, forget: &forget }, stride(7));
    });
}

#[test]
fn the_removal_of_semaphores() {
    isolated(|| {
        in_every_moment_of_rm(&Subject { make: &make_semaphores, forget: &forget }, stride(7));
    });
}

#[test]
fn the_removal_of_a_posix_queue() {
    isolated(|| {
        let subject = Subject { make: &make_posix_queue, forget: &forget_posix_queue };
        in_every_moment_of_rm(&subject, stride(5));
        finished_by_rm(&subject, stride(23));
    });
}

/// Kills a removal in its midst, then the thaw at every stop, and thaws again.
fn in_every_moment_of_thaw(subject: &Subject<'_>, stride: usize) {
    let half = half_way(subject);
    for stop in (0..).step_by(stride) {
        begin_anew();
        let address = (subject.make)();
        let original = sight(&address).unwrap();
        kill_at(&["rm", &address], half).unwrap();
        let moment = kill_at(&["undo", "--thaw"], stop);
        put_right(&address, &original, &format!("thaw of {address}, stop {stop}: {moment:?}"), false);
        (subject.forget)(&address);
        if moment.is_none() {
            return;
        }
    }
}

/// The middle of the stops of a removal at which the object is changed.
fn half_way(subject: &Subject<'_>) -> usize {
    let mut changed = Vec::new();
    for stop in (0..).step_by(7) {
        begin_anew();
        let address = (subject.make)();
        let original = sight(&address).unwrap();
        let moment = kill_at(&["rm", &address], stop);
        if sight(&address).is_some_and(|now| now != original) {
            changed.push(stop);
        }
        if moment.is_none() {
            break;
        }
        begin_anew();
        (subject.forget)(&address);
    }
    changed[changed.len() / 2]
}

#[test]
fn the_thaw_of_a_queue() {
    isolated(|| in_every_moment_of_thaw(&Subject { make: &make_queue, forget: &forget }, stride(5)));
}

#[test]
fn the_thaw_of_a_posix_queue() {
    isolated(|| {
        in_every_moment_of_thaw(&Subject { make: &make_posix_queue, forget: &forget_posix_queue }, stride(5));
    });
}
