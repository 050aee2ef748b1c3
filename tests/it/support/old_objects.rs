//! A scene of System V objects with every oddity that the old tools show: keys, modes, owners, times, states.

use super::Child;
use super::sysv;
use nix::mount::{MsFlags, mount};
use nix::unistd::{setresgid, setresuid};
use std::fs;
use std::path::Path;

/// `IPC_RMID`, `SHM_LOCK`, `SHM_NORESERVE` (`linux/shm.h`).
const RMID: i32 = 0;
const LOCK: i32 = 11;
const NORESERVE: i32 = 0o10000;

/// A user without a name; as a signed number it is negative.
pub const NAMELESS: u32 = 4_000_000_000;

/// The ids of each kind, in order, and what keeps the scene as it is.
pub struct Scene {
    pub queues: Vec<i32>,
    pub segments: Vec<i32>,
    pub sets: Vec<i32>,
    _attached: Child,
    _waiting: Vec<Child>,
}

/// Makes the scene; users with odd names are there then, see [`name_users`].
pub fn scene() -> Scene {
    name_users();
    let (segments, attached) = segments();
    let (sets, waiting) = sets();
    Scene { queues: queues(), segments, sets, _attached: attached, _waiting: waiting }
}

/// Puts a file in the place of another, for the test alone.
pub fn put_over(place: &str, text: &[u8]) {
    let name = place.trim_start_matches('/').replace('/', "-");
    let file = super::scratch().join(name);
    fs::write(&file, text).unwrap();
    let nothing: Option<&str> = None;
    mount(Some(&file), Path::new(place), nothing, MsFlags::MS_BIND, nothing).unwrap();
}

/// Users 1001 and on have names that do not fit their columns, or just do.
fn name_users() {
    let names = ["longer-than-ten", "exactlyten", "jürgenäöüß", "sieben-äö"];
    let add = |place: &str, tail: &str| {
        let mut text = fs::read(place).unwrap();
        for (name, id) in names.iter().zip(1001..) {
            text.extend(format!("{name}:x:{id}:{}\n", tail.replace("ID", &format!("{id}"))).bytes());
        }
        put_over(place, &text);
    };
    add("/etc/passwd", "ID::/:/bin/sh");
    add("/etc/group", "");
}

/// The users that own something.
const OWNERS: [u32; 7] = [0, 65534, NAMELESS, 1001, 1002, 1003, 1004];

fn queues() -> Vec<i32> {
    let mut queues = Vec::new();
    let modes = [0o600, 0o777, 0, 0o640, 0o4, 0o444, 0o666];
    for ((owner, mode), number) in OWNERS.into_iter().zip(modes).zip(0usize..) {
        let key = [0, -2, i32::MAX, i32::MIN, 0x1234, 1, 0][number];
        let queue = sysv::queue(key, mode);
        for kind in 0..number {
            sysv::send(queue, 1 + kind as i64, &vec![b'x'; 1 + 300 * number]);
        }
        if number % 2 == 1 {
            sysv::receive(queue, 0);
        }
        sysv::set_queue(queue, |ds| {
            (ds.msg_perm.uid, ds.msg_perm.gid) = (owner, owner);
            ds.msg_qbytes = 16000 - 100 * number as u64;
        });
        queues.push(queue);
    }
    // Made by another user, used by yet another; an id that is far from its index.
    sysv::remove_queue(queues[0]);
    queues[0] = sysv::queue(77, 0o600);
    sysv::set_queue(queues[0], |ds| ds.msg_perm.gid = 1001);
    made_by_another(|| {
        let queue = sysv::queue(0, 0o622);
        sysv::send(queue, 1, b"from another");
        queue
    });
    queues.push(queues[0] + 1_000_000);
    queues
}

/// By a user and a group of different numbers.
fn made_by_another(make: impl FnOnce() -> i32) {
    Child::run(&[], || {
        setresgid(1002.into(), 1002.into(), 1002.into()).unwrap();
        setresuid(1003.into(), 1003.into(), 1003.into()).unwrap();
        make();
    });
}

fn segments() -> (Vec<i32>, Child) {
    let mut segments = Vec::new();
    let sizes = [1, 4096, 1500, 1024 * 1023 + 512, 1 << 20, 1 << 40, 5000];
    let modes = [0o600, 0o777, 0, 0o640, 0o4, 0o444, 0o666];
    for (((owner, mode), size), number) in OWNERS.into_iter().zip(modes).zip(sizes).zip(0usize..) {
        let key = [0, -2, i32::MAX, i32::MIN, 0x1234, 1, 0][number];
        let segment = sysv::segment(key, size, mode | NORESERVE);
        if number % 3 == 1 {
            drop(sysv::attach(segment));
        }
        sysv::set_segment(segment, |ds| (ds.shm_perm.uid, ds.shm_perm.gid) = (owner, owner));
        segments.push(segment);
    }
    sysv::control_segment(segments[1], LOCK);
    let kept = sysv::segment(99, 10000, 0o606);
    // By another process: each child of this one would attach it anew.
    let attached = Child::new(&[], || {
        let attached = sysv::attach(kept);
        attached.touch(0);
        attached
    });
    sysv::control_segment(kept, LOCK);
    sysv::control_segment(kept, RMID);
    segments.push(kept);
    made_by_another(|| sysv::segment(0, 12345, 0o640));
    segments.push(kept + 1);
    (segments, attached)
}

fn sets() -> (Vec<i32>, Vec<Child>) {
    let mut sets = Vec::new();
    let modes = [0o600, 0o777, 0, 0o640, 0o4, 0o444, 0o666];
    for ((owner, mode), number) in OWNERS.into_iter().zip(modes).zip(0usize..) {
        let key = [0, -2, i32::MAX, i32::MIN, 0x1234, 1, 0][number];
        let set = sysv::semaphores(key, 1 + 3 * number as i32, mode);
        if number % 2 == 1 {
            sysv::set_values(set, &vec![number as u16 * 4681; 1 + 3 * number]);
            sysv::operate(set, 1, 1);
        }
        sysv::set_semaphores(set, |ds| (ds.sem_perm.uid, ds.sem_perm.gid) = (owner, owner));
        sets.push(set);
    }
    let busy = sysv::semaphores(7, 3, 0o666);
    sysv::operate(busy, 1, 1);
    // One waits for more than there is, two for none.
    let waiting = [(0, -5), (1, 0), (1, 0)]
        .map(|(semaphore, by)| Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(busy, semaphore, by)));
    sets.push(busy);
    made_by_another(|| sysv::semaphores(0, 2, 0o640));
    sets.push(busy + 1);
    (sets, waiting.into())
}
