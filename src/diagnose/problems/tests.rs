//! Cases that no machine brings about at will, or not outside a PID namespace; the others are in `tests/it/problems.rs`.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::{Inet, Protocol, Queue, Semaphore, Socket, SocketState, Time};
use crate::snapshot::testing::{self, Scene, ago};
use crate::snapshot::{Hidden, Visibility};

fn told(scene: &Scene) -> Vec<(Class, Severity)> {
    problems(&scene.picture()).iter().map(|problem| (problem.class, problem.severity)).collect()
}

fn one(scene: &Scene) -> Problem {
    let mut all = problems(&scene.picture());
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn queue(object: &mut Object) -> &mut Queue {
    let Body::Queue(queue) = &mut object.body else { panic!("no queue") };
    queue
}

fn socket(object: &mut Object) -> &mut Socket {
    let Body::Socket(socket) = &mut object.body else { panic!("no socket") };
    socket
}

/// A full queue, a process that waits to send, and one that received last, ten minutes ago.
fn full_queue() -> Scene {
    let mut scene = Scene::default();
    scene.add(testing::queue(5, 0x4d2, 2, 16_384));
    scene.process(812, "orders", 0);
    scene.process(900, "feeder", 0);
    scene.hold(0, 812, Role::WaitingSend);
    scene
}

#[test]
fn a_stuck_sender_whose_receiver_is_gone() {
    let mut scene = full_queue();
    scene.gone(0, 700, Role::LastReceiver);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::Full, Severity::Severe));
    assert_eq!(
        problem.reason,
        "full: 2 messages, 16 KiB of 16 KiB; pid 812 (orders) waits to send; its last receiver, pid 700 at \
         2026-11-21T04:15:00Z, is gone"
    );
    assert_eq!(
        problem.help.words,
        "`ipcx peek queue:5` shows what is in it, `ipcx recv queue:5` takes the first message out"
    );
    assert_eq!((problem.about, problem.help.action), (About::Object(0), Action::Show));
    // A moment ago somebody has received: the next one may be on its way.
    queue(&mut scene.objects[0]).times.received = Some(ago(2));
    assert_eq!(told(&scene), []);
}

#[test]
fn a_stuck_sender_whose_receiver_lives() {
    let mut scene = full_queue();
    scene.hold(0, 900, Role::LastReceiver);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::Full, Severity::Warning));
    assert!(problem.reason.ends_with("pid 900 (feeder) received last, and does not any more"), "{}", problem.reason);
    scene.processes[1].state = 'T';
    let problem = one(&scene);
    assert_eq!((problem.severity, problem.help.action), (Severity::Severe, Action::Signal(900)));
    assert!(problem.reason.ends_with("pid 900 (feeder) could receive and is stopped"), "{}", problem.reason);
    assert_eq!(problem.help.words, "`ipcx kill -CONT 900` lets it go on");
    // Who is busy, and only behind, is not stuck.
    scene.processes[1].state = 'R';
    queue(&mut scene.objects[0]).times.received = Some(ago(1));
    assert_eq!(told(&scene), []);
}

#[test]
fn a_receiver_that_waits_for_another_type() {
    let mut scene = full_queue();
    scene.hold(0, 900, Role::WaitingReceive);
    let reason = one(&scene).reason;
    assert!(reason.ends_with("pid 900 (feeder) waits for a message of another type"), "{reason}");
}

#[test]
fn a_full_queue_without_anybody_stuck() {
    let mut scene = full_queue();
    scene.holders.clear();
    scene.hold(0, 900, Role::LastReceiver);
    assert_eq!(told(&scene), [], "its receiver may come");
    scene.holders.clear();
    scene.hold(0, 812, Role::LastSender);
    scene.gone(0, 700, Role::LastReceiver);
    assert_eq!(told(&scene), [(Class::Full, Severity::Warning)], "the next to send will wait");
    scene.holders.clear();
    scene.gone(0, 812, Role::LastSender);
    scene.gone(0, 700, Role::LastReceiver);
    assert_eq!(told(&scene), [(Class::Suspect, Severity::Note)], "nobody who lives is concerned");
}

#[test]
fn a_receiver_outside_is_not_said_to_be_gone() {
    let scene = full_queue();
    let problem = one(&scene);
    assert_eq!(problem.severity, Severity::Warning);
    assert!(problem.reason.ends_with("recorded, but outside this PID namespace"), "{}", problem.reason);
}

#[test]
fn a_posix_queue_that_nobody_else_may_have() {
    let mut scene = Scene::default();
    let mut object = testing::queue(5, 0, 8, 80);
    object.identity = Identity::File { device: crate::model::Device { major: 0, minor: 20 }, inode: 7 };
    object.name = Some(b"/orders".as_slice().into());
    let attributes = queue(&mut object);
    (attributes.limit_bytes, attributes.limit_messages, attributes.key) = (None, Some(8), None);
    attributes.times = crate::model::Times { changed: Some(ago(1)), ..crate::model::Times::default() };
    scene.add(object);
    scene.process(812, "orders", 0);
    scene.hold(0, 812, Role::Open);
    scene.hold(0, 812, Role::WaitingSend);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::Full, Severity::Severe));
    assert_eq!(problem.reason, "full: 8 of 8 messages; pid 812 (orders) waits to send; no other process has it open");
    // Another thread of it may receive: it moved a second ago.
    scene.processes[0].threads = 2;
    assert_eq!(told(&scene), []);
    scene.processes[0].threads = 1;
    // Somebody hidden may have it.
    let hidden = Hidden { pid: 9, descriptors: true, maps: false, waits: false };
    scene.visibility = Visibility { hidden: vec![hidden], ..Visibility::default() };
    queue(&mut scene.objects[0]).times.changed = Some(ago(60));
    let problem = one(&scene);
    assert_eq!(problem.severity, Severity::Warning);
    assert!(problem.reason.ends_with("not everybody could be"), "{}", problem.reason);
}

#[test]
fn messages_for_nobody() {
    let mut scene = Scene::default();
    scene.add(testing::queue(5, 1, 12, 120));
    scene.process(812, "orders", 0);
    scene.hold(0, 812, Role::LastSender);
    scene.gone(0, 700, Role::LastReceiver);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::Unread, Severity::Note));
    let reason = "12 messages wait to be received; its last receiver, pid 700 at 2026-11-21T04:15:00Z, is gone; pid 812 \
                  (orders) sent last";
    assert_eq!(problem.reason, reason);
    queue(&mut scene.objects[0]).times.received = Some(ago(30));
    assert_eq!(told(&scene), [], "half a minute without a receiver");
    queue(&mut scene.objects[0]).times.received = Some(ago(300));
    scene.visibility.hides_processes = true;
    assert_eq!(told(&scene), [], "somebody hidden may wait to receive");
}

#[test]
fn a_pipe_that_nobody_reads() {
    let mut scene = Scene::default();
    scene.add(testing::pipe(41, 0, 2));
    scene.process(812, "yes", 0);
    scene.hold(0, 812, Role::Writer);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::NoReader, Severity::Warning));
    let reason =
        "pid 812 (yes) has it open for writing and no process for reading: a write fails with EPIPE and SIGPIPE";
    assert_eq!((&*problem.reason, problem.help.action), (reason, Action::Signal(812)));
    let unseen = [
        Visibility { nested_pid_namespace: true, ..Visibility::default() },
        Visibility { io_uring: true, ..Visibility::default() },
        Visibility { in_flight: true, ..Visibility::default() },
        Visibility { hides_processes: true, ..Visibility::default() },
    ];
    let fifo = testing::fifo(42, "/run/x.fifo", 0, 1);
    for visibility in unseen {
        let scene =
            Scene { visibility, objects: scene.objects.clone(), holders: scene.holders.clone(), ..Scene::default() };
        assert_eq!(told(&scene), []);
        let scene = Scene { objects: vec![fifo.clone()], ..scene };
        assert_eq!(told(&scene), []);
    }
    scene.objects = vec![fifo];
    assert_eq!(told(&scene), [(Class::NoReader, Severity::Warning)]);
}

#[test]
fn ends_that_are_as_they_should_be() {
    let mut scene = Scene::default();
    for (at, (readers, writers)) in [(1, 1), (1, 0), (2, 0), (0, 0)].into_iter().enumerate() {
        scene.add(testing::pipe(at as u64 + 1, readers, writers));
        scene.add(testing::fifo(at as u64 + 11, "/run/x.fifo", readers, writers));
    }
    for place in 0..6 {
        scene.hold(place, 812, Role::Reader);
    }
    assert_eq!(told(&scene), [], "no writer is the end of data, and a FIFO waits for its next user");
}

#[test]
fn who_sleeps_in_opening_a_fifo() {
    let cases = [((0, 0), Some(Class::NoPartner)), ((1, 0), Some(Class::NoWriter)), ((0, 1), Some(Class::NoReader))];
    for ((readers, writers), class) in cases.into_iter().chain([((1, 1), None)]) {
        let mut scene = Scene::default();
        scene.add(testing::fifo(42, "/run/a b", readers, writers));
        scene.process(812, "cat", 0);
        scene.hold(0, 812, Role::WaitingOpen);
        // The sleeper itself is the proof, whoever cannot be seen.
        scene.visibility.hides_processes = true;
        assert_eq!(told(&scene), class.map(|class| (class, Severity::Note)).into_iter().collect::<Vec<_>>());
        if class == Some(Class::NoReader) {
            let problem = one(&scene);
            assert_eq!(problem.reason, "pid 812 (cat) sleeps in opening it: nobody has it open for reading");
            let words = "`ipcx recv 'fifo:/run/a b'` opens the other end; `ipcx kill 812` ends the wait";
            assert_eq!(problem.help.words, words);
        }
    }
}

/// A connection over TCP to an address, whose other side is closed.
fn close_wait(remote: &str) -> Scene {
    let mut scene = Scene::default();
    let mut object = testing::unix(41, None, SocketState::CloseWait, None);
    let connection = socket(&mut object);
    connection.unix = None;
    let (local, remote) = ("127.0.0.1:5555".parse().unwrap(), remote.parse().unwrap());
    connection.inet = Some(Box::new(Inet { protocol: Protocol::Tcp, local, remote }));
    scene.add(object);
    scene.process(812, "web", 0);
    scene.hold(0, 812, Role::Connected);
    scene
}

#[test]
fn connections_whose_other_side_is_closed() {
    let far = one(&close_wait("192.0.2.7:80"));
    assert_eq!((far.class, far.severity), (Class::HalfClosed, Severity::Note));
    assert_eq!(far.reason, "192.0.2.7:80 has closed its side; pid 812 (web) keeps this one open");
    let near = one(&close_wait("127.0.0.1:80"));
    assert_eq!((near.severity, near.help.action), (Severity::Warning, Action::Show));
    // The other process lives and still reads: `shutdown` of one side is how many protocols end a request.
    let mut scene = close_wait("127.0.0.1:80");
    socket(&mut scene.objects[0]).peer = Some(42);
    let other = scene.add(testing::unix(42, None, SocketState::FinWait2, Some(41)));
    scene.hold(other, 813, Role::Connected);
    assert_eq!(told(&scene), []);
    let mut hidden = close_wait("127.0.0.1:80");
    hidden.visibility.hides_processes = true;
    assert_eq!(told(&hidden), []);
}

#[test]
fn a_listener_that_does_not_keep_up() {
    let mut scene = Scene::default();
    scene.add(testing::unix(41, Some("/run/x.sock"), SocketState::Listening, None));
    scene.process(812, "server", 0);
    scene.hold(0, 812, Role::Listener);
    socket(&mut scene.objects[0]).pending = Some(128);
    assert_eq!(told(&scene), [], "one more fits");
    socket(&mut scene.objects[0]).pending = Some(129);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::Backlog, Severity::Warning));
    let reason = "129 connections wait to be accepted, its backlog is 128: no more fit; pid 812 (server) listens";
    assert_eq!(problem.reason, reason);
    scene.processes[0].state = 'T';
    let problem = one(&scene);
    assert_eq!((problem.severity, problem.help.action), (Severity::Severe, Action::Signal(812)));
}

/// A set on whose second semaphore somebody waits behind a dead operator.
fn blocked_set() -> Scene {
    let mut scene = Scene::default();
    let mut object = testing::semaphores(3, 7, &[1, 0], 700);
    let Body::Semaphore(set) = &mut object.body else { panic!() };
    set.values.as_mut().unwrap()[1].waiting_increase = 1;
    scene.add(object);
    scene.process(812, "worker", 0);
    scene.hold(0, 812, Role::WaitingSemaphore);
    scene.gone(0, 700, Role::LastOperator);
    scene
}

#[test]
fn a_semaphore_that_a_dead_process_took() {
    let problem = one(&blocked_set());
    assert_eq!((problem.class, problem.severity), (Class::Blocked, Severity::Severe));
    let reason = "pid 812 (worker) waits on it; semaphore 1 is at 0, pid 700, which operated on it last, is gone, and so is \
                  everybody else who did";
    assert_eq!(problem.reason, reason);
    assert!(problem.help.words.starts_with("`ipcx set sem:3 --value 1=1`"), "{}", problem.help.words);
}

#[test]
fn semaphores_that_somebody_may_still_give_back() {
    let mut scene = blocked_set();
    scene.hold(0, 900, Role::LastOperator);
    assert_eq!(told(&scene), [], "another operator lives");
    let change = |scene: &mut Scene, change: &dyn Fn(&mut [Semaphore], &mut Option<Time>)| {
        let Body::Semaphore(set) = &mut scene.objects[0].body else { panic!() };
        change(set.values.as_mut().unwrap(), &mut set.times.operated);
    };
    // A consumer that waits for the next item was the last to operate itself.
    let mut scene = blocked_set();
    change(&mut scene, &|values, _| values[1].last_pid = Some(812));
    scene.hold(0, 812, Role::LastOperator);
    assert_eq!(told(&scene), []);
    let mut scene = blocked_set();
    change(&mut scene, &|_, operated| *operated = None);
    assert_eq!(told(&scene), [], "set up by a process that has ended, and not used yet");
}

#[test]
fn a_segment_that_was_removed() {
    let mut scene = Scene::default();
    let mut object = testing::segment(7, 0, 4 << 30, 1);
    let Body::Shm(shm) = &mut object.body else { panic!() };
    shm.marked_for_removal = true;
    scene.add(object);
    scene.process(812, "render", 0);
    scene.hold(0, 812, Role::Attached);
    scene.hold(0, 900, Role::Creator);
    assert_eq!(told(&scene), [], "as careful programs use it");
    scene.holders.pop();
    scene.gone(0, 900, Role::Creator);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.severity), (Class::MarkedForRemoval, Severity::Note));
    assert_eq!(
        problem.reason,
        "it was removed and its creator, pid 900, is gone, but pid 812 (render) has it attached"
    );
    assert_eq!(problem.help.words, "it goes, and 4 GiB with it, when pid 812 (render) lets go or ends");
}

#[test]
fn what_the_verdict_says_and_what_comes_back() {
    let mut scene = Scene::default();
    scene.add(testing::segment(7, 1, 4 << 30, 0));
    scene.gone(0, 900, Role::Creator);
    let problem = one(&scene);
    assert_eq!((problem.class, problem.help.action), (Class::Leaked, Action::Remove));
    assert_eq!(problem.reason, verdict(&scene.picture(), 0).reasons.join("; "));
    assert_eq!(problem.help.words, "`ipcx rm shm:7` removes it; its memory, 4 GiB, comes back");
}

#[test]
fn the_worst_comes_first() {
    let mut scene = full_queue();
    scene.gone(0, 700, Role::LastReceiver);
    let segment = scene.add(testing::segment(7, 1, 4096, 0));
    scene.gone(segment, 900, Role::Creator);
    let fifo = scene.add(testing::fifo(42, "/run/x.fifo", 0, 0));
    scene.hold(fifo, 900, Role::WaitingOpen);
    let severities = [Severity::Severe, Severity::Warning, Severity::Note];
    assert!(told(&scene).into_iter().map(|(_, severity)| severity).eq(severities));
    scene.objects.rotate_left(1);
    for (place, _) in &mut scene.holders {
        *place = (*place + 2) % 3;
    }
    assert!(told(&scene).into_iter().map(|(_, severity)| severity).eq(severities));
}
