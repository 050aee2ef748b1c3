//! Who has an object: living, gone and reused pids, other namespaces, threads.

use crate::support::cli;
use crate::support::look::{dead, sleeps};
use crate::support::wait::{exact_second_begins, second, second_after};
use crate::support::{Child, eventually, held, isolated, look, one, sysv};
use ipcx::kernel::clock::Clock;
use ipcx::model::{Holder, Kinds, Role, Time};
use nix::sched::{CloneFlags, unshare};

const KINDS: Kinds = Kinds::SYSV;

fn roles_of(holders: &[Holder], pid: u32) -> Vec<(Role, bool)> {
    holders.iter().filter(|holder| holder.pid == pid).map(|holder| (holder.role, holder.alive)).collect()
}

#[test]
fn a_recorded_process_is_alive_a_zombie_or_gone() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let sender = Child::new(&[], || sysv::send(id, 1, b"x"));
        let pid = sender.pid();
        assert_eq!(look(KINDS).holders(0), [held(pid, Role::LastSender, None)]);
        sender.make_zombie();
        assert_eq!(look(KINDS).holders(0), [dead(pid, Role::LastSender)], "a zombie has given up everything");
        sender.end();
        assert_eq!(look(KINDS).holders(0), [dead(pid, Role::LastSender)]);
    });
}

/// A child with a pid that has been used before.
fn child_with_pid<T>(pid: u32, body: impl FnOnce() -> T) -> Child {
    // The next process gets the next free number; nothing else runs in this PID namespace.
    std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
    let child = Child::new(&[], body);
    assert_eq!(child.pid(), pid, "the pid was not reused");
    child
}

#[test]
fn a_reused_pid_is_not_the_recorded_process() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let set = sysv::semaphores(2, 1, 0o600);
        let first = Child::new(&[], || {
            sysv::send(queue, 1, b"x");
            sysv::operate(set, 0, 1);
            sysv::segment(3, 4096, 0o600)
        });
        let (pid, segment) = (first.pid(), 0);
        first.end();
        second_after(second(), 2);
        let second = child_with_pid(pid, || sysv::attach(segment));

        let snapshot = look(KINDS);
        assert_eq!(snapshot.holders(one(&snapshot, "queue:0x1")), [dead(pid, Role::LastSender)]);
        assert_eq!(snapshot.holders(one(&snapshot, "sem:0x2")), [dead(pid, Role::LastOperator)]);
        // The new process has attached the segment by itself: it is alive in that role, not as the creator.
        let holders = snapshot.holders(one(&snapshot, "shm:0x3"));
        let expected = [(Role::Creator, false), (Role::LastOperator, true), (Role::Attached, true)];
        assert_eq!((roles_of(holders, pid), holders.len()), (expected.to_vec(), 3));
        assert!(snapshot.process(pid).is_some(), "who has that pid now is known all the same");
        drop(second);
    });
}

/// The kernel dates what it records by a clock that moves with its tick, so a few milliseconds late.
#[test]
fn a_process_that_is_as_old_as_its_record_is_that_process() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        for _ in 0..4 {
            exact_second_begins();
            for _ in 0..10 {
                let sender = Child::new(&[], || sysv::send(queue, 1, b"x"));
                assert_eq!(look(KINDS).holders(0), [held(sender.pid(), Role::LastSender, None)]);
            }
        }
    });
}

#[test]
fn a_segment_whose_maker_lives_is_not_leaked() {
    isolated(|| {
        for _ in 0..4 {
            exact_second_begins();
            let makers = [(); 5].map(|()| Child::new(&[], || sysv::segment(0, 1, 0o600)));
            let document = cli::json(&["ls", "-m", "--sysv", "--json"]);
            let objects = document["objects"].as_array().unwrap();
            let of_the_living = objects.iter().filter(|object| {
                let maker = &object["holders"][0]["pid"];
                makers.iter().any(|child| maker == child.pid())
            });
            let states: Vec<_> = of_the_living.map(|object| &object["verdict"]["state"]).collect();
            assert_eq!(states, ["idle"; 5], "{document:#}");
        }
    });
}

#[test]
fn a_start_within_a_tick_of_the_record_is_not_after_it() {
    let time = |secs| Time { secs, nanos: 0 };
    let clock = Clock { now: time(5_000), boot: time(1_000), ticks_per_second: 100 };
    assert!(!clock.started_after(10_000, time(1_099)), "the clock that dates records may still show the second before");
    assert!(clock.started_after(10_100, time(1_099)), "a second later there is no doubt");
}

#[test]
fn segments_of_the_same_id_in_two_namespaces_are_two() {
    isolated(|| {
        let ours = sysv::segment(0x77, 4096, 0o600);
        let user = Child::new(&[], || sysv::attach(ours));
        let stranger = Child::new(&[], || {
            unshare(CloneFlags::CLONE_NEWIPC).unwrap();
            let theirs = sysv::segment(0x77, 4096, 0o600);
            assert_eq!(theirs, ours, "the case is not made");
            let attachment = sysv::attach(theirs);
            let own = look(Kinds::SYSV_SHMS);
            let pid = std::process::id();
            let expected = [(Role::Creator, true), (Role::LastOperator, true), (Role::Attached, true)];
            assert_eq!(roles_of(own.holders(0), pid), expected, "its own namespace seen from inside");
            assert_eq!(own.holders(0).len(), 3);
            attachment
        });
        let snapshot = look(Kinds::SYSV_SHMS);
        assert_eq!(snapshot.objects.len(), 1);
        let expected = vec![
            held(1, Role::Creator, None),
            held(user.pid(), Role::LastOperator, None),
            held(user.pid(), Role::Attached, None),
        ];
        assert_eq!(snapshot.holders(0), expected, "{} is a stranger", stranger.pid());
    });
}

#[test]
fn who_sleeps_on_the_same_id_in_another_namespace_is_no_holder() {
    isolated(|| {
        let ours = sysv::queue(1, 0o600);
        let set = sysv::semaphores(2, 1, 0o600);
        let sleeper = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(ours, 0));
        let _stranger = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || {
            unshare(CloneFlags::CLONE_NEWIPC).unwrap();
            assert_eq!(sysv::queue(1, 0o600), ours, "the case is not made");
            sysv::receive(ours, 0)
        });
        let _other_stranger = Child::sleeping_in(&sysv::OPERATE, &[], || {
            unshare(CloneFlags::CLONE_NEWIPC).unwrap();
            assert_eq!(sysv::semaphores(2, 1, 0o600), set, "the case is not made");
            sysv::operate(set, 0, -1);
        });
        let snapshot = look(KINDS);
        let expected = [sleeps(sleeper.pid(), Role::WaitingReceive, &[sleeper.pid()])];
        assert_eq!(snapshot.holders(one(&snapshot, "queue:0x1")), expected);
        assert_eq!(snapshot.holders(one(&snapshot, "sem:0x2")), []);
    });
}

#[test]
fn threads_that_sleep_are_named() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let child = Child::new(&[], || {
            for kind in [5, 6] {
                std::thread::spawn(move || sysv::receive(id, kind));
            }
        });
        let others = || child.threads().into_iter().filter(|thread| *thread != child.pid()).collect::<Vec<_>>();
        eventually("both threads are there", || others().len() == 2);
        let mut threads = others();
        threads.sort_unstable();
        for thread in &threads {
            child.wait_for_call(*thread, &[libc::SYS_msgrcv]);
        }
        assert_eq!(look(KINDS).holders(0), [sleeps(child.pid(), Role::WaitingReceive, &threads)]);
    });
}

#[test]
fn a_sender_to_a_full_queue_sleeps_on_it() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        sysv::set_queue(id, |ds| ds.msg_qbytes = 10);
        sysv::send(id, 1, &[b'x'; 10]);
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(id, 1, b"y"));
        let expected = [held(1, Role::LastSender, None), sleeps(sender.pid(), Role::WaitingSend, &[sender.pid()])];
        assert_eq!(look(KINDS).holders(0), expected);
    });
}

#[test]
fn a_stopped_process_still_sleeps_where_it_slept() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(id, 0));
        child.stop();
        let snapshot = look(KINDS);
        assert_eq!(snapshot.holders(0), [sleeps(child.pid(), Role::WaitingReceive, &[child.pid()])]);
        assert_eq!(snapshot.process(child.pid()).unwrap().state, 'T');
    });
}
