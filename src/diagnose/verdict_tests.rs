//! Each rule of a verdict over made-up pictures: what it takes to be leaked, and the smallest doubt that forbids it. Real
//! objects are judged in `tests/it/verdicts.rs` and `tests/it/leaks.rs`.
#![allow(clippy::unwrap_used)]

use super::{State, Verdict, verdict};
use crate::model::{Body, FileDoubt, Identity, Ids, Key, Object, Role, SocketState, Times, Unix};
use crate::snapshot::testing::{self, Scene, ago};
use crate::snapshot::{Hidden, Visibility};

/// A user of whom no process runs.
const ALONE: Option<Ids> = Some(Ids { uid: 4_242, gid: None });

fn judged(scene: &Scene) -> Verdict {
    let judged = verdict(&scene.picture(), 0);
    assert!(!judged.reasons.is_empty(), "{:?} without a reason", judged.state);
    judged
}

fn state(scene: &Scene) -> (State, bool) {
    let judged = judged(scene);
    (judged.state, judged.certain)
}

/// One object, of a user without processes.
fn alone(object: Object) -> Scene {
    let object = Object { owner: ALONE, creator: object.creator.and(ALONE), ..object };
    Scene { objects: vec![object], ..Scene::default() }
}

fn said(scene: &Scene, part: &str) {
    let reasons = judged(scene).reasons;
    assert!(reasons.iter().any(|reason| reason.contains(part)), "{part:?} is not said: {reasons:?}");
}

/// Each thing that may hide a user.
fn blind() -> [Visibility; 2] {
    let hidden = Hidden { pid: 9, descriptors: true, maps: true, waits: true };
    [
        Visibility { hidden: vec![hidden], ..Visibility::default() },
        Visibility { hides_processes: true, ..Visibility::default() },
    ]
}

#[test]
fn a_segment_is_leaked_when_its_creator_is_gone() {
    let mut scene = alone(testing::segment(1, 1, 4_096, 0));
    assert_eq!(state(&scene), (State::Unknown, false), "no creator on record: he lies outside");
    scene.gone(0, 50, Role::Creator);
    assert_eq!(state(&scene), (State::Leaked, false));
    said(&scene, "creator, pid 50, is gone");
    scene.gone(0, 51, Role::LastOperator);
    assert_eq!(state(&scene), (State::Leaked, false));
    for visibility in blind() {
        let hides = visibility.hides_processes;
        let scene =
            Scene { visibility, objects: scene.objects.clone(), holders: scene.holders.clone(), ..Scene::default() };
        assert_eq!(state(&scene), (State::Unknown, false));
        // Where /proc leaves processes out, nothing is known of one that is not there.
        said(&scene, if hides { "its creator, pid 50, cannot be seen" } else { "its creator, pid 50, is gone" });
    }
    scene.holders.pop();
    scene.hold(0, 51, Role::LastOperator);
    assert_eq!(state(&scene), (State::Idle, false), "who used it last lives");
}

#[test]
fn an_attached_segment_is_in_use_whatever_else_is_true_of_it() {
    let mut scene = alone(testing::segment(1, 1, 4_096, 1));
    scene.gone(0, 50, Role::Creator);
    assert_eq!(state(&scene), (State::InUse, true));
    said(&scene, "not looked for or could not be seen");
    scene.hold(0, 812, Role::Attached);
    let Body::Shm(shm) = &mut scene.objects[0].body else { panic!() };
    shm.marked_for_removal = true;
    assert_eq!(state(&scene), (State::InUse, true));
    said(&scene, "its key is gone, and it goes with the last detach");
}

#[test]
fn memory_without_a_name_is_in_use_and_goes_with_its_last_process() {
    let cases = [
        (testing::memfd(7, "cache", Some(4_096)), "it has no name"),
        (testing::unlinked(7, "/cache", 4_096), "its name is gone"),
    ];
    for (object, says) in cases {
        for role in [Role::Mapped, Role::Open] {
            let mut scene = alone(object.clone());
            scene.hold(0, 812, role);
            assert_eq!(state(&scene), (State::InUse, true));
            said(&scene, says);
            said(&scene, "it goes with the last of them");
            // What cannot be seen changes nothing about what can.
            scene.visibility.hides_processes = true;
            assert_eq!(state(&scene), (State::InUse, true));
        }
    }
}

#[test]
fn a_queue_is_leaked_only_when_nobody_could_know_it() {
    let mut scene = alone(testing::queue(1, 0x4d2, 3, 30));
    scene.gone(0, 50, Role::LastSender);
    scene.gone(0, 51, Role::LastReceiver);
    assert_eq!(state(&scene), (State::Leaked, false));
    said(&scene, "3 messages wait in it");
    // The worker is gone, its server lives; it is an hour old, the last use ten minutes.
    scene.process(812, "server", 4_242);
    assert_eq!(state(&scene), (State::Suspect, false));
    said(&scene, "pid 812 (server)");
    // One that began later has not seen it, but could ask for its key.
    scene.processes[0].start_ticks = 36_000 * 100 - 1;
    assert_eq!(state(&scene), (State::Suspect, false));
    said(&scene, "by its key");
    let Body::Queue(queue) = &mut scene.objects[0].body else { panic!() };
    queue.key = Some(Key::PRIVATE);
    assert_eq!(state(&scene), (State::Leaked, false), "a private one cannot be asked for");
    scene.hold(0, 812, Role::WaitingReceive);
    assert_eq!(state(&scene), (State::InUse, true));
    said(&scene, "its last sender, pid 50, is gone");
}

#[test]
fn what_was_never_used_waits_for_its_owner() {
    let mut scene = alone(testing::queue(1, 0x4d2, 0, 0));
    let Body::Queue(queue) = &mut scene.objects[0].body else { panic!() };
    queue.times = Times { changed: Some(ago(600)), ..Times::default() };
    assert_eq!(state(&scene), (State::Leaked, false));
    scene.process(812, "server", 4_242);
    assert_eq!(state(&scene), (State::Idle, false));
}

#[test]
fn users_outside_the_pid_namespace_leave_no_more_than_suspicion() {
    let mut scene = alone(testing::queue(1, 0x4d2, 3, 30));
    scene.gone(0, 50, Role::LastSender);
    scene.gone(0, 51, Role::LastReceiver);
    scene.visibility.nested_pid_namespace = true;
    assert_eq!(state(&scene).0, State::Unknown, "they share the machine's first IPC namespace");
    scene.holders.remove(0);
    assert_eq!(state(&scene), (State::Unknown, false));
    said(&scene, "outside this PID namespace");
}

#[test]
fn a_set_by_its_last_operator() {
    let mut scene = alone(testing::semaphores(1, 1, &[1, 0], 50));
    scene.gone(0, 50, Role::LastOperator);
    assert_eq!(state(&scene), (State::Leaked, false));
    said(&scene, "semaphore 1 is at 0");
    let Body::Semaphore(set) = &mut scene.objects[0].body else { panic!() };
    set.values.as_mut().unwrap()[1].waiting_increase = 1;
    assert_eq!(state(&scene), (State::InUse, true), "the kernel counts a waiter");
    said(
        &scene,
        "semaphore 1 is at 0, and its last operator, pid 50, is gone: perhaps nobody is left who would raise it",
    );
    scene.holders[0].1.alive = true;
    assert!(!judged(&scene).reasons.join(" ").contains("perhaps nobody"), "its last operator lives");
    scene.holders[0].1.alive = false;
    let Body::Semaphore(set) = &mut scene.objects[0].body else { panic!() };
    set.values = None;
    assert_eq!(state(&scene), (State::Unknown, false), "it may not be read");
}

#[test]
fn a_posix_object_by_its_owners_processes() {
    let mut scene = alone(testing::segment(1, 1, 4_096, 0));
    let Body::Shm(shm) = &mut scene.objects[0].body else { panic!() };
    (shm.key, shm.attaches) = (None, None);
    scene.objects[0].identity = Identity::File { device: crate::model::Device { major: 0, minor: 26 }, inode: 5 };
    assert_eq!(state(&scene), (State::Leaked, false));
    for doubt in [
        Visibility { io_uring: true, ..Visibility::default() },
        Visibility { in_flight: true, ..Visibility::default() },
        Visibility { nested_pid_namespace: true, ..Visibility::default() },
    ] {
        let scene = Scene { visibility: doubt, objects: scene.objects.clone(), ..Scene::default() };
        assert_eq!(state(&scene), (State::Suspect, false));
    }
    scene.process(812, "server", 4_242);
    assert_eq!(state(&scene), (State::Suspect, false));
    scene.hold(0, 812, Role::Mapped);
    assert_eq!(state(&scene), (State::InUse, true));
}

#[test]
fn a_half_closed_socket_is_lost_though_a_program_keeps_it() {
    let mut scene = Scene::default();
    scene.add(testing::unix(41, None, SocketState::HalfClosed, None));
    scene.process(812, "sshd", 0);
    assert_eq!(state(&scene), (State::Leaked, true), "nobody can reach it");
    scene.visibility.in_flight = true;
    assert_eq!(state(&scene), (State::Suspect, false), "it may be on its way to somebody");
    for visibility in blind() {
        scene.visibility = visibility;
        assert_eq!(state(&scene), (State::Unknown, false));
    }
    scene.visibility = Visibility::default();
    scene.hold(0, 812, Role::Connected);
    assert_eq!(state(&scene), (State::Leaked, true));
    said(&scene, "pid 812 (sshd) has it connected");
    let Body::Socket(socket) = &mut scene.objects[0].body else { panic!() };
    socket.receive_queue = Some(1);
    assert_eq!(state(&scene), (State::InUse, true), "there is something to read");
}

#[test]
fn a_pipe_that_lacks_an_end() {
    let pipe = |readers, writers, role| {
        let mut scene = Scene::default();
        scene.add(testing::pipe(41, readers, writers));
        scene.process(812, "yes", 0);
        scene.hold(0, 812, role);
        scene
    };
    assert_eq!(state(&pipe(1, 1, Role::Writer)), (State::InUse, true));
    assert_eq!(state(&pipe(1, 0, Role::Reader)), (State::Suspect, false));
    let mut lone = pipe(0, 1, Role::Writer);
    assert_eq!(state(&lone), (State::Leaked, true));
    lone.visibility.nested_pid_namespace = true;
    assert_eq!(state(&lone), (State::Suspect, false));
    lone.holders[0].1.fd = Some(1);
    assert_eq!(state(&lone), (State::Unknown, false), "its output goes to whoever made the container");
    for visibility in blind() {
        lone.visibility = visibility;
        assert_eq!(state(&lone), (State::Unknown, false));
    }
}

#[test]
fn a_fifo_is_a_suspect_at_the_most() {
    let mut scene = alone(testing::fifo(41, "/run/x", 0, 0));
    assert_eq!(state(&scene), (State::Suspect, false));
    scene.visibility.opening = Some(9);
    assert_eq!(state(&scene), (State::Unknown, false));
    scene.visibility = blind()[0].clone();
    assert_eq!(state(&scene), (State::Unknown, false));
}

#[test]
fn a_socket_file_without_a_socket() {
    let mut scene = alone(testing::unix(41, None, SocketState::Listening, None));
    scene.objects[0].identity = Identity::File { device: crate::model::Device { major: 0, minor: 26 }, inode: 5 };
    let unix = Unix { name: Some((*b"/run/x.sock").into()), file_made: Some(ago(60)), ..Unix::default() };
    let Body::Socket(socket) = &mut scene.objects[0].body else { panic!() };
    (socket.state, socket.unix) = (None, Some(unix));
    assert_eq!(state(&scene), (State::Leaked, true), "nobody can be bound to it any more");
    let [hidden, hides] = blind();
    for doubt in [
        hidden,
        hides,
        Visibility { nested_pid_namespace: true, ..Visibility::default() },
        Visibility { foreign_unix: true, ..Visibility::default() },
    ] {
        let scene = Scene { visibility: doubt, objects: scene.objects.clone(), ..Scene::default() };
        assert_eq!(state(&scene), (State::Suspect, false));
    }
    let missing = Visibility { missing_source: true, ..Visibility::default() };
    let blind = Scene { visibility: missing, objects: scene.objects.clone(), ..Scene::default() };
    assert_eq!(state(&blind), (State::Unknown, false));
    for doubt in [FileDoubt::Shared, FileDoubt::Perhaps(7)] {
        let Body::Socket(socket) = &mut scene.objects[0].body else { panic!() };
        socket.unix.as_mut().unwrap().doubt = Some(doubt);
        assert_eq!(state(&scene), (State::Unknown, false));
    }
}

#[test]
fn a_pipe_that_hundreds_inherited_does_not_name_them_all() {
    let mut scene = Scene::default();
    let place = scene.add(testing::pipe(41, 1, 300));
    scene.hold(place, 7, Role::Reader);
    for pid in 1_000..1_300 {
        scene.hold(place, pid, Role::Writer);
    }
    let reasons = judged(&scene).reasons;
    assert_eq!(reasons.len(), 1 + 16 + 1, "{reasons:?}");
    said(&scene, "pid 7 has it open for reading");
    said(&scene, "of 284 more processes each has it open for writing");
}
