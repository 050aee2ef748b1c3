//! The search on made-up processes: who never wakes, and who waits for whom.

use super::{CanWake, Diagnosis, diagnose};
use crate::model::{Identity, Role, Time};
use crate::snapshot::testing::{self, Scene};
use crate::snapshot::waits::{File, Futex, Look, On, Source, Thread, Wait, Waits, Way};
use proptest::prelude::*;

const MADE: Time = Time { secs: 5, nanos: 0 };

fn identity(inode: u64) -> Identity {
    testing::pipe(inode, 0, 0).identity
}

/// A thread that was asleep all the time.
fn thread(scene: &Scene, pid: u32, tid: u32, look: Look) -> Thread {
    let picture = scene.picture();
    let task = picture.process(pid).cloned();
    let task = task.map(|task| crate::model::Process { pid: tid, ..task });
    let task = task.unwrap_or_else(|| panic!("no pid {pid} in the scene"));
    let (since, caught, switches) = (Some(1.0), Some(0), Some(1));
    Thread { pid, task, stack: None, look, in_call: None, since, caught, switches, settled: true }
}

fn reads(inode: u64) -> Look {
    let source = Source { fd: 3, way: Way::Read, file: File::Pipe(identity(inode), Some(MADE)) };
    Look::Waits(Wait { call: "read", on: On::Files(vec![source]), timed: false, ipc: None })
}

fn waits(scene: &Scene, threads: Vec<Thread>) -> Waits {
    Waits { own: 1, pictures: vec![scene.picture()], privileged: true, ..Waits::of(MADE, threads) }
}

/// Pipes by inode, and processes: which reads which pipe, and which write ends it has.
fn pipes(all: &[(u32, u64, &[u64])]) -> Waits {
    let mut scene = Scene::default();
    for (pid, ..) in all {
        scene.process(*pid, "p", 0);
    }
    let inodes: std::collections::BTreeSet<u64> =
        all.iter().flat_map(|(_, reads, writes)| writes.iter().copied().chain([*reads])).collect();
    for inode in inodes {
        let place = scene.add(testing::pipe(inode, 1, 1));
        for (pid, reads, writes) in all {
            if *reads == inode {
                scene.hold(place, *pid, Role::Reader);
            }
            if writes.contains(&inode) {
                scene.hold(place, *pid, Role::Writer);
            }
        }
    }
    let threads = all.iter().map(|(pid, inode, _)| thread(&scene, *pid, *pid, reads(*inode))).collect();
    waits(&scene, threads)
}

fn verdicts(diagnosis: &Diagnosis) -> Vec<CanWake> {
    diagnosis.findings.iter().map(|finding| finding.can_wake).collect()
}

#[test]
fn a_circle_of_three_and_one_behind_it() {
    let waits = pipes(&[(11, 1, &[3]), (12, 2, &[1, 4]), (13, 3, &[2]), (14, 4, &[])]);
    let found = diagnose(&waits);
    assert_eq!(verdicts(&found), [CanWake::No; 4]);
    let circle: Vec<_> = found.cycles[0].iter().map(|link| (link.finding, &*link.object)).collect();
    assert_eq!(circle, [(0, "pipe:[1]"), (1, "pipe:[2]"), (2, "pipe:[3]")]);
    assert_eq!((found.cycles.len(), &found.hopeless[..]), (1, &[3][..]));
}

#[test]
fn one_who_is_awake_can_wake_all() {
    let mut waits = pipes(&[(11, 1, &[2]), (12, 2, &[1]), (13, 3, &[1])]);
    waits.threads[2].look = Look::Runs;
    let found = diagnose(&waits);
    assert_eq!(verdicts(&found)[..2], [CanWake::Yes; 2]);
    assert!(found.cycles.is_empty() && found.hopeless.is_empty());
}

#[test]
fn doubt_is_never_no() {
    type Change = fn(&mut Waits);
    let changes: [Change; 9] = [
        |waits| waits.hiding.processes = true,
        |waits| waits.hiding.io_uring = true,
        |waits| waits.hiding.in_flight = true,
        |waits| waits.hiding.tables = true,
        |waits| waits.hiding.nested_since = Some(Time { secs: 6, nanos: 0 }),
        |waits| waits.threads[0].caught = Some(1 << 9),
        |waits| waits.threads[0].caught = None,
        |waits| waits.threads[0].settled = false,
        |waits| waits.threads[0].task.state = 'T',
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut waits = pipes(&[(11, 1, &[1])]);
        assert_eq!(verdicts(&diagnose(&waits)), [CanWake::No]);
        change(&mut waits);
        assert_ne!(verdicts(&diagnose(&waits)), [CanWake::No], "change {number}");
    }
    let mut nested = pipes(&[(11, 1, &[1])]);
    nested.hiding.nested_since = Some(Time { secs: 4, nanos: 0 });
    assert_eq!(verdicts(&diagnose(&nested)), [CanWake::No], "made here, and never used");
}

#[test]
fn an_end_that_nobody_shows_is_hidden() {
    let waits = pipes(&[(11, 1, &[])]);
    assert_eq!(verdicts(&diagnose(&waits)), [CanWake::Unknown], "a reader without any writer gets end-of-file");
}

#[test]
fn another_thread_can_act_until_it_sleeps_as_well() {
    let mut scene = Scene::default();
    scene.process(11, "p", 0);
    let futex = |address| {
        let on = On::Futex(Futex { address, shared: None, operation: 0, value: 0, own_pids: true, words: None });
        Look::Waits(Wait { call: "futex", on, timed: false, ipc: None })
    };
    let both = vec![thread(&scene, 11, 11, futex(64)), thread(&scene, 11, 12, futex(128))];
    let mut waits = waits(&scene, both);
    assert_eq!(verdicts(&diagnose(&waits)), [CanWake::No; 2]);
    waits.threads[1].look = Look::Runs;
    assert_eq!(verdicts(&diagnose(&waits))[0], CanWake::Yes);
}

#[test]
fn a_time_limit_is_a_waker() {
    let mut waits = pipes(&[(11, 1, &[1])]);
    if let Look::Waits(wait) = &mut waits.threads[0].look {
        wait.timed = true;
    }
    assert_eq!(verdicts(&diagnose(&waits)), [CanWake::Yes]);
}

proptest! {
    /// Whoever could be woken by one that runs, through however many others, is never said to sleep for ever.
    #[test]
    fn no_is_never_said_of_what_can_be_reached(
        ends in proptest::collection::vec(proptest::collection::vec(0usize..8, 0..3), 8),
        awake in 0usize..8,
    ) {
        let writes: Vec<Vec<u64>> =
            ends.iter().map(|ends| ends.iter().map(|end| *end as u64 + 1).collect()).collect();
        let all: Vec<(u32, u64, &[u64])> =
            writes.iter().enumerate().map(|(at, writes)| (at as u32 + 11, at as u64 + 1, &writes[..])).collect();
        let mut waits = pipes(&all);
        waits.threads[awake].look = Look::Runs;
        let mut reached = [false; 8];
        reached[awake] = true;
        for _ in 0..8 {
            for (at, ends) in ends.iter().enumerate() {
                if reached[at] {
                    for end in ends {
                        reached[*end] = true;
                    }
                }
            }
        }
        let found = diagnose(&waits);
        for (at, verdict) in verdicts(&found).into_iter().enumerate() {
            prop_assert!(!(reached[at] && verdict == CanWake::No), "{}", at);
        }
    }
}

#[test]
fn of_many_who_meet_on_a_queue_some_are_named() {
    let mut scene = Scene::default();
    let place = scene.add(testing::queue(1, 1, 3, 16_384));
    let queue = scene.objects[place].identity;
    (100..180).for_each(|pid| scene.process(pid, "p", 0));
    let sleeps = |pid| {
        let (call, on) = if pid < 140 {
            ("msgsnd", On::MsgSend { queue, kind: Some(1), size: 1 })
        } else {
            ("msgrcv", On::MsgReceive { queue, kind: 2, except: false })
        };
        thread(&scene, pid, pid, Look::Waits(Wait { call, on, timed: false, ipc: None }))
    };
    let found = diagnose(&waits(&scene, (100..180).map(sleeps).collect()));
    for finding in &found.findings {
        assert_eq!((finding.wakers.len(), finding.can_wake), (16, CanWake::Unknown));
        let to = if finding.pid < 140 { "to receive from it" } else { "to send to it" };
        let said = format!("and 37 others wait {to}, and neither lets the other go on");
        assert!(finding.explanation.contains(&said), "{}", finding.explanation);
    }
}
