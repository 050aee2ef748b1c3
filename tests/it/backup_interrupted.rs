//! Removals that were killed while others are at the object: attached segments, ordinary users' closed objects, and queues
//! that are used before they are thawed. And an `undo` that was killed.

use crate::support::cli::{self, ipcx};
use crate::support::trace::killed_at;
use crate::support::undo::{Sight, backups, entries, files, remove, sight, store, thaw_all, undo};
use crate::support::users::{NOBODY, as_user};
use crate::support::{Child, eventually, isolated, isolated_with_users, sysv};
use ipcx::actions::Policy;
use ipcx::actions::backup::thaw;
use ipcx::kernel::{messages, mqueue, msgctl, shmctl};
use std::process::Stdio;

fn kill_at(arguments: &[&str], stop: usize) -> bool {
    killed_at(cli::command(arguments).stdout(Stdio::null()).stderr(Stdio::null()), stop).is_some()
}

fn begin_anew() {
    let _ = std::fs::remove_dir_all(backups());
    drop(store());
}

#[test]
fn an_attached_segment_that_was_removed_counts_as_gone() {
    isolated(|| {
        for stop in (0..).step_by(9) {
            begin_anew();
            let id = sysv::segment(libc::IPC_PRIVATE, 9000, 0o600);
            let address = format!("shm:{id}");
            let user = Child::new(&[], || {
                let attached = sysv::attach(id);
                attached.touch(8999);
                attached
            });
            let before = sight(&address).unwrap();
            let killed = kill_at(&["rm", "-f", &address], stop);
            let removed = shmctl::stat(id).unwrap().marked_for_removal;
            assert_eq!(entries().len(), usize::from(removed), "stop {stop}");
            user.end();
            if removed {
                undo();
            }
            assert_eq!(sight(&address), Some(before), "stop {stop}");
            shmctl::remove(id).unwrap();
            if !killed {
                return;
            }
        }
    });
}

#[test]
fn a_segment_that_is_being_written_to_is_kept_whole() {
    isolated(|| {
        for stop in (100..).step_by(5) {
            begin_anew();
            let id = sysv::segment(0x31, 64 << 10, 0o600);
            let address = format!("shm:{id}");
            let writer = Child::start(&[], |ready| {
                let attached = sysv::attach(id);
                for at in (0..64 << 10).step_by(4096) {
                    attached.touch(at);
                }
                ready.tell();
                attached.count_for_ever();
            });
            let killed = kill_at(&["rm", "-f", &address], stop);
            let removed = shmctl::stat(id).unwrap().marked_for_removal;
            writer.end();
            if removed {
                undo();
            }
            let contents = sight(&address).unwrap().contents;
            assert!((4096..64 << 10).step_by(4096).all(|at| contents[0][at] == 1), "stop {stop}");
            drop(store());
            assert_eq!((files(""), files("pending")), (vec![], vec![]), "stop {stop}");
            shmctl::remove(id).unwrap();
            if !killed {
                return;
            }
        }
    });
}

/// What an ordinary user's set and segment of mode 0 are, seen by root.
fn closed() -> [Option<Sight>; 2] {
    let mut seen = [None, None];
    ipcx::kernel::sysvipc::read_shm(&mut |line| seen[0] = Some(format!("shm:{}", line.perm.id))).unwrap();
    ipcx::kernel::sysvipc::read_sem(&mut |line| seen[1] = Some(format!("sem:{}", line.perm.id))).unwrap();
    seen.map(|address| address.and_then(|address| sight(&address)))
}

#[test]
fn ones_own_closed_objects_are_closed_again() {
    isolated_with_users(|| {
        let mut changed = 0;
        let run = |arguments: &[&str]| cli::ipcx_as(NOBODY, arguments);
        for stop in (0..).step_by(13) {
            let _ = std::fs::remove_dir_all(cli::state_home_of(NOBODY).join("ipcx"));
            as_user(NOBODY, &[], || {
                let segment = sysv::segment(0x41, 5000, 0o600);
                sysv::attach(segment).touch(4999);
                sysv::set_segment(segment, |ds| ds.shm_perm.mode = 0);
                let set = sysv::semaphores(0x42, 2, 0);
                assert!(set >= 0);
            });
            let before = closed();
            let mut command = cli::command_as(NOBODY, &["rm", "-m", "0x41", "-s", "0x42"]);
            let killed = killed_at(command.stdout(Stdio::null()).stderr(Stdio::null()), stop).is_some();
            let frozen = closed().iter().zip(&before).any(|(now, before)| now.is_some() && now != before);
            assert_eq!(run(&["ls"]).err.contains("its mode is changed"), frozen, "stop {stop}");
            changed += usize::from(frozen);
            assert_eq!(run(&["undo", "--thaw"]).status, 0);
            for (now, before) in closed().iter().zip(&before) {
                assert!(now.is_none() || now == before, "stop {stop}: {now:?}");
            }
            if closed() != before {
                assert_eq!(run(&["undo"]).status, 0, "stop {stop}");
                assert_eq!(closed(), before, "stop {stop}");
            }
            assert_eq!(run(&["rm", "--no-backup", "-m", "0x41", "-s", "0x42"]).status, 0);
            if !killed {
                assert!(changed > 0);
                return;
            }
        }
    });
}

/// A POSIX queue of four messages, of which a killed removal has taken some.
fn half_drained() -> mqueue::Queue {
    for stop in (0..).step_by(2) {
        begin_anew();
        let queue = mqueue::create(b"half", 0o600, 4, 16, true).unwrap();
        for number in 0..4 {
            queue.send(9 - number, &[number as u8; 5]).unwrap();
        }
        drop(queue);
        assert!(kill_at(&["rm", "queue:/half"], stop), "it ended before it had taken two messages");
        let queue = mqueue::open_queue(b"half", mqueue::Access::Both).unwrap();
        if queue.attributes().unwrap().messages == 2 {
            return queue;
        }
        mqueue::unlink(b"half").unwrap();
    }
    unreachable!()
}

fn all(queue: &mqueue::Queue) -> Vec<u8> {
    let mut room = [0; 16];
    let mut all = Vec::new();
    while let Some((_, length)) = queue.receive(&mut room).unwrap() {
        assert_eq!((length, room[0]), (5, room[4]), "each is whole");
        all.push(room[0]);
    }
    all
}

#[test]
fn a_posix_queue_that_others_used_before_it_was_thawed() {
    isolated(|| {
        let queue = half_drained();
        let mut room = [0; 16];
        queue.receive(&mut room).unwrap();
        queue.send(1, &[7; 5]).unwrap();
        assert_eq!(thaw_all().len(), 1);
        assert_eq!(all(&queue), [0, 1, 3, 7]);
    });
}

#[test]
fn a_posix_queue_that_was_filled_before_it_was_thawed() {
    isolated(|| {
        let queue = half_drained();
        queue.send(1, &[4; 5]).unwrap();
        queue.send(1, &[5; 5]).unwrap();
        let failed = thaw(&store(), Policy::default()).unwrap();
        assert!(failed.len() == 1 && failed[0].1.is_err(), "six messages do not fit: {failed:?}");
        assert_eq!(all(&queue), [0, 1, 2, 3]);
        queue.send(1, &[6; 5]).unwrap();
        assert!(ipcx(&["ls"]).err.contains("queue:/half was interrupted"));
        assert_eq!(thaw_all().len(), 1);
        assert_eq!(all(&queue), [6, 4, 5], "each message once");
        assert!(thaw_all().is_empty() && files("pending").is_empty());
    });
}

#[test]
fn a_posix_queue_that_somebody_else_removed_before_it_was_thawed() {
    isolated(|| {
        drop(half_drained());
        mqueue::unlink(b"half").unwrap();
        assert!(thaw_all().is_empty());
        undo();
        assert_eq!(all(&mqueue::open_queue(b"half", mqueue::Access::Both).unwrap()), [0, 1]);
    });
}

#[test]
fn a_posix_queue_of_which_nothing_was_taken_is_whole_whoever_used_it() {
    isolated(|| {
        let queue = half_drained();
        assert_eq!(thaw_all().len(), 1);
        drop(queue);
        for stop in (0..).step_by(3) {
            assert!(kill_at(&["rm", "queue:/half"], stop), "it ended before anything was taken");
            let queue = mqueue::open_queue(b"half", mqueue::Access::Both).unwrap();
            if queue.attributes().unwrap().messages < 4 {
                assert_eq!(thaw_all().len(), 1);
                assert_eq!(all(&queue), [0, 1, 2, 3]);
                return;
            }
            let (priority, length) = queue.receive(&mut [0; 16]).unwrap().unwrap();
            assert!(thaw_all().is_empty(), "stop {stop}: that was not a removal's doing");
            assert_eq!(all(&queue), [1, 2, 3]);
            assert_eq!((priority, length), (9, 5));
            for number in 0..4 {
                queue.send(9 - number, &[number as u8; 5]).unwrap();
            }
        }
    });
}

/// Kills an `undo` at every stride-th stop: the object is whole, or the backup is still there.
fn killed_undo(make: &dyn Fn() -> String) {
    for stop in (0..).step_by(7) {
        begin_anew();
        let address = make();
        let before = sight(&address).unwrap();
        remove(&address).unwrap();
        let killed = kill_at(&["undo"], stop);
        if entries().is_empty() {
            assert_eq!(sight(&address), Some(before), "stop {stop}");
        } else {
            // What is half made is made anew; what is whole has the key or name.
            let whole = sight(&address).as_ref() == Some(&before);
            assert_eq!(ipcx(&["undo"]).status, if whole { 4 } else { 0 }, "stop {stop}");
            assert_eq!((sight(&address), entries().len()), (Some(before), usize::from(whole)), "stop {stop}");
        }
        assert_eq!(ipcx(&["rm", "--no-backup", &address]).status, 0);
        if !killed {
            return;
        }
    }
}

#[test]
fn an_undo_that_is_killed_loses_nothing() {
    isolated(|| {
        killed_undo(&|| {
            let id = sysv::queue(0x61, 0o640);
            (1..9).for_each(|number| sysv::send(id, number, &[number as u8; 9]));
            format!("queue:{id}")
        });
        killed_undo(&|| {
            let queue = mqueue::create(b"undone", 0o640, 4, 16, true).unwrap();
            (0..4).for_each(|number| queue.send(number, &[number as u8; 9]).unwrap());
            "queue:/undone".to_owned()
        });
        killed_undo(&|| {
            let id = sysv::semaphores(0x62, 2, 0o640);
            sysv::set_values(id, &[5, 6]);
            format!("sem:{id}")
        });
        killed_undo(&|| {
            std::fs::write("/dev/shm/undone", "contents").unwrap();
            "shm:/undone".to_owned()
        });
    });
}

#[test]
fn a_receiver_gets_what_is_left_while_a_queue_is_frozen() {
    isolated(|| {
        let id = sysv::queue(0x71, 0o600);
        (1..=3).for_each(|number| sysv::send(id, number, b"x"));
        let address = format!("queue:{id}");
        for stop in 0.. {
            assert!(kill_at(&["rm", &address], stop));
            if msgctl::stat(id).unwrap().limit_bytes == 0 {
                break;
            }
        }
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(id, 4, b"late"));
        messages::receive(id, 2, false, &mut messages::Room::default()).unwrap();
        assert!(ipcx(&["ls"]).err.contains("nobody can send to it"));
        assert_eq!(ipcx(&["undo", "--thaw", "-n"]).out.lines().count(), 1);
        assert_eq!(ipcx(&["--read-only", "undo", "--thaw"]).status, 4);
        assert_eq!(msgctl::stat(id).unwrap().limit_bytes, 0);
        assert_eq!(thaw_all(), [address]);
        eventually("the sender goes on", || msgctl::stat(id).unwrap().messages == 3);
        sender.end();
    });
}

#[test]
fn a_limit_that_somebody_has_set_since_is_his() {
    isolated(|| {
        let id = sysv::queue(0x51, 0o600);
        sysv::send(id, 1, b"x");
        let address = format!("queue:{id}");
        let frozen = (0..1000).any(|stop| {
            assert!(kill_at(&["rm", &address], stop), "it was never seen frozen");
            msgctl::stat(id).unwrap().limit_bytes == 0
        });
        assert!(frozen && ipcx(&["ls"]).err.contains("was interrupted"));
        sysv::set_queue(id, |ds| ds.msg_qbytes = 8192);
        assert!(!ipcx(&["ls"]).err.contains("was interrupted"), "anybody can send again");
        assert!(thaw_all().is_empty());
        assert_eq!(msgctl::stat(id).unwrap().limit_bytes, 8192);
    });
}
