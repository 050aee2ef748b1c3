//! Verdicts on objects whose whole story is known: who made them, who used them, who is still there.

use crate::support::look::one;
use crate::support::users::child_of;
use crate::support::wait::{second, second_after};
use crate::support::{Child, as_user, isolated, isolated_with_users, look, posix, sysv};
use ipcx::diagnose::{State, verdict};
use ipcx::model::Kinds;
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

/// A user of whom no process runs.
const ALONE: u32 = 4_000_000_000;

fn state(kinds: Kinds, address: &str) -> (State, bool) {
    let snapshot = look(kinds);
    let judged = verdict(&snapshot, one(&snapshot, address));
    assert!(!judged.reasons.is_empty(), "{address} is {:?} without a reason", judged.state);
    (judged.state, judged.certain)
}

/// What is said of a queue or set when all is gone: the PID namespace of a test is made before its IPC namespace, so that
/// somebody outside may know it. `leaks.rs` has them made together.
const LEFT_BEHIND: State = State::Suspect;

#[test]
fn a_queue_through_its_life() {
    isolated_with_users(|| {
        let id = sysv::queue(1, 0o666);
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(id, 0));
        let of = || state(Kinds::SYSV_QUEUES, "queue:0x1");
        assert_eq!(of(), (State::InUse, true), "its receiver sleeps on it");
        receiver.end();
        let _root = Child::new(&[], || ());
        let sender = Child::new(&[], || sysv::send(id, 1, b"x"));
        assert_eq!(of(), (State::Idle, false), "its last sender lives");
        sender.end();
        assert_eq!(of(), (State::Suspect, false), "root has older processes that may know it");
    });
}

#[test]
fn what_a_user_left_behind_is_leaked() {
    isolated_with_users(|| {
        as_user(ALONE, &[], || {
            sysv::send(sysv::queue(1, 0o600), 1, b"x");
            sysv::queue(2, 0o600);
            sysv::operate(sysv::semaphores(3, 2, 0o600), 0, 1);
            sysv::segment(4, 4096, 0o600);
        });
        for address in ["queue:0x1", "queue:0x2", "sem:0x3"] {
            assert_eq!(state(Kinds::SYSV, address), (LEFT_BEHIND, false), "{address}");
        }
        assert_eq!(state(Kinds::SYSV, "shm:0x4"), (State::Leaked, false));
        // Somebody of that user who came later can ask for a key, but for no private object.
        as_user(ALONE, &[], || sysv::send(sysv::queue(0, 0o600), 1, b"x"));
        second_after(second(), 2);
        let later = child_of(ALONE, &[], || ());
        assert_eq!(state(Kinds::SYSV, "queue:0x1").0, State::Suspect);
        let private = look(Kinds::SYSV_QUEUES).objects.len() - 1;
        assert_eq!(verdict(&look(Kinds::SYSV_QUEUES), private).state, LEFT_BEHIND);
        later.end();
        assert_eq!(state(Kinds::SYSV, "queue:0x1").0, LEFT_BEHIND);
    });
}

#[test]
fn a_segment_by_its_creator() {
    isolated(|| {
        let of = || state(Kinds::SYSV_SHMS, "shm:0x1");
        let creator = Child::new(&[], || sysv::segment(1, 4096, 0o600));
        assert_eq!(of(), (State::Idle, false));
        let attached = sysv::attach(0);
        assert_eq!(of(), (State::InUse, true));
        creator.end();
        assert_eq!(of(), (State::InUse, true));
        let _ = attached;
    });
}

#[test]
fn a_never_used_queue_waits_for_its_owner() {
    isolated(|| {
        let _root = Child::new(&[], || ());
        second_after(second(), 1);
        sysv::queue(1, 0o600);
        assert_eq!(state(Kinds::SYSV_QUEUES, "queue:0x1"), (State::Idle, false));
    });
}

#[test]
fn waiters_of_a_set_are_counted_by_the_kernel() {
    isolated(|| {
        let set = sysv::semaphores(1, 1, 0o600);
        let _waiter = Child::sleeping_in(&[libc::SYS_semop, libc::SYS_semtimedop], &[], || sysv::operate(set, 0, -1));
        assert_eq!(state(Kinds::SYSV_SEMS, "sem:0x1"), (State::InUse, true));
    });
}

/// In a pod, containers share an IPC namespace and not their PID namespaces.
#[test]
fn users_outside_the_pid_namespace_are_not_forgotten() {
    isolated_with_users(|| {
        let id = sysv::queue(1, 0o666);
        sysv::send(id, 1, b"x");
        let silent = sysv::queue(2, 0o666);
        sysv::set_queue(silent, |ds| ds.msg_perm.uid = ALONE);
        // The next child is the first process of a PID namespace of its own, with a /proc that shows it alone.
        unshare(CloneFlags::CLONE_NEWPID).unwrap();
        Child::run(&[], || {
            unshare(CloneFlags::CLONE_NEWNS).unwrap();
            let nothing: Option<&str> = None;
            nix::mount::mount(Some("proc"), "/proc", Some("proc"), nix::mount::MsFlags::empty(), nothing).unwrap();
            let outside = state(Kinds::SYSV_QUEUES, "queue:0x1");
            assert_eq!(outside, (State::Unknown, false), "its last sender is recorded, outside");
            assert!(!ipcx::kernel::namespace::ipc_was_made_with_pid());
            let never = state(Kinds::SYSV_QUEUES, "queue:0x2");
            assert!([State::Suspect, State::Idle].contains(&never.0), "{never:?}");
        });
    });
}

#[test]
fn a_pipe_without_its_other_end() {
    isolated(|| {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let address = |fd: &std::os::fd::OwnedFd| format!("pipe:[{}]", nix::sys::stat::fstat(fd).unwrap().st_ino);
        let pipe = address(&reader);
        assert_eq!(state(Kinds::PIPES, &pipe), (State::InUse, true));
        drop(reader);
        // Inside a PID namespace somebody outside may have the other end, so no more than a suspicion is possible here.
        assert_eq!(state(Kinds::PIPES, &pipe).0, State::Suspect);
        drop(writer);
    });
}

#[test]
fn a_half_closed_socket_is_lost_when_it_is_read_empty() {
    isolated(|| {
        let pair = || socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let address = |fd: &std::os::fd::OwnedFd| format!("socket:[{}]", nix::sys::stat::fstat(fd).unwrap().st_ino);
        let (near, far) = pair();
        nix::unistd::write(&far, b"last words").unwrap();
        assert_eq!(state(Kinds::UNIX, &address(&near)), (State::InUse, true));
        drop(far);
        assert_eq!(state(Kinds::UNIX, &address(&near)), (State::InUse, true), "there is something to read");
        nix::unistd::read(&near, &mut [0; 64]).unwrap();
        assert_eq!(state(Kinds::UNIX, &address(&near)), (State::Leaked, true), "nothing can come or go any more");
    });
}

#[test]
fn a_posix_object_that_nobody_has() {
    isolated(|| {
        let file = posix::segment(c"/one", 4096, 0o600);
        assert_eq!(state(Kinds::POSIX_SHMS, "shm:/one"), (State::InUse, true));
        drop(file);
        let _root = Child::new(&[], || ());
        assert_eq!(state(Kinds::POSIX_SHMS, "shm:/one"), (State::Suspect, false), "root was there when it was made");
        nix::mqueue::mq_close(posix::queue(c"/two", 1, 1)).unwrap();
        assert_eq!(state(Kinds::POSIX_QUEUES, "queue:/two"), (State::Suspect, false));
    });
}

#[test]
fn what_an_ordinary_user_cannot_see_is_unknown() {
    isolated_with_users(|| {
        sysv::send(sysv::queue(1, 0o600), 1, b"x");
        let gone = Child::new(&[], || {
            sysv::send(0, 1, b"y");
            sysv::segment(2, 4096, 0o644);
            sysv::semaphores(3, 1, 0o644);
        });
        gone.end();
        drop(posix::segment(c"/one", 4096, 0o600));
        as_user(65534, &[], || {
            let snapshot = look(Kinds::SYSV | Kinds::POSIX);
            assert_eq!(snapshot.objects.len(), 4);
            assert!(!snapshot.visibility.complete());
            for place in 0..snapshot.objects.len() {
                let judged = verdict(&snapshot, place);
                assert_eq!(judged.state, State::Unknown, "{judged:?}");
            }
        });
    });
}
