//! The machine of the pictures: some of everything, in every state.

use crate::model::{Role, SocketState, Usage, limit};
use crate::snapshot::testing::{self, Scene};

/// Objects of every kind, whose owners are well, gone, or in each other's way.
pub(super) fn everything() -> Scene {
    let mut scene = Scene { users: vec![(0, "root"), (990, "svc")], ..Scene::default() };
    scene.process(1, "init", 0);
    scene.process(812, "orders", 990);
    scene.process(900, "feeder", 990);
    scene.process(901, "漢字 wörker", 990);
    queues(&mut scene);
    scene.room = limits();
    let attached = scene.add(testing::segment(7, 0x52e2, 64 << 20, 2));
    scene.hold(attached, 812, Role::Attached);
    scene.hold(attached, 900, Role::Attached);
    let left = scene.add(testing::segment(8, 0, 4_096, 0));
    scene.gone(left, 777, Role::Creator);
    let set = scene.add(testing::semaphores(3, 0x1f, &[1, 0, 4], 900));
    scene.hold(set, 901, Role::WaitingSemaphore);
    pipes(&mut scene);
    sockets(&mut scene);
    scene
}

/// Little, much, nearly all, and no limit.
fn limits() -> Vec<Usage> {
    vec![
        Usage::new(&limit::MSGMNI, 4, Some(32_000)),
        Usage::new(&limit::SHMMNI, 2_800, Some(4_096)),
        Usage::new(&limit::SEMMNI, 31_900, Some(32_000)),
        Usage::new(&limit::DEV_SHM, 3 << 30, Some(4 << 30)),
        Usage::new(&limit::SHMALL, 16_385, None),
    ]
}

fn queues(scene: &mut Scene) {
    let busy = scene.add(testing::queue(5, 0x4d2, 3, 96));
    scene.hold(busy, 812, Role::LastSender);
    scene.hold(busy, 900, Role::WaitingReceive);
    let full = scene.add(testing::queue(32_774, 0x4d3, 120, 16_384));
    scene.hold(full, 901, Role::WaitingSend);
    let left = scene.add(testing::queue(65_543, 0x7fff_ffff, 2, 40));
    scene.gone(left, 777, Role::LastSender);
    scene.add(testing::queue(65_544, 0, 0, 0));
}

fn pipes(scene: &mut Scene) {
    let pipe = scene.add(testing::pipe(411_970, 1, 1));
    scene.hold(pipe, 812, Role::Writer);
    scene.hold(pipe, 900, Role::Reader);
    let torn = scene.add(testing::pipe(411_971, 0, 1));
    scene.hold(torn, 812, Role::Writer);
    let fifo = scene.add(testing::fifo(77, "/run/x\u{1b}[31m.fifo", 1, 0));
    scene.hold(fifo, 901, Role::Reader);
    scene.add(testing::fifo(78, "/run/漢字/a rather long path to a fifo that nobody has open", 0, 0));
}

fn sockets(scene: &mut Scene) {
    let listener = scene.add(testing::unix(500, Some("/run/orders.sock"), SocketState::Listening, None));
    scene.hold(listener, 812, Role::Listener);
    let near = scene.add(testing::unix(501, Some("/run/orders.sock"), SocketState::Connected, Some(502)));
    scene.hold(near, 812, Role::Connected);
    let far = scene.add(testing::unix(502, None, SocketState::Connected, Some(501)));
    scene.hold(far, 900, Role::Connected);
    scene.add(testing::unix(503, Some("@abstract"), SocketState::HalfClosed, None));
}
