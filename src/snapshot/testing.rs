//! Pictures made of given parts, for tests alone.
//!
//! Tests on real objects are the rule. What is drawn cannot be compared with a text, though, while pids, inodes and times
//! are new with every run; and some cases no machine brings about at will: a pid that was reused, a busy listener, a
//! process that may not be looked into. Everything here is fixed: the clock, the pids, the names.

use super::holders::HolderRows;
use super::names::Names;
use super::processes::Processes;
use super::{Snapshot, Visibility};
use crate::kernel::clock::Clock;
use crate::kernel::host::Host;
use crate::kernel::namespace::{INITIAL_IPC, INITIAL_PID, Namespaces};
use crate::model::{
    Access, Body, Device, Holder, Identity, Ids, Key, Kind, Memfd, Object, PipeEnds, Process, Queue, Role, SemSet,
    Semaphore, Shm, Socket, SocketState, SocketType, Time, Times, Unix, Usage,
};

/// When a scene's picture is taken: 2026-11-21T04:30:00Z.
pub(crate) const NOW: Time = Time { secs: 1_795_235_400, nanos: 0 };
/// When its machine booted: ten hours before.
const BOOT: Time = Time { secs: NOW.secs - 36_000, nanos: 0 };

/// The parts of pictures. A test may change them between two pictures.
#[derive(Default)]
pub(crate) struct Scene {
    /// The objects; a place is an index.
    pub(crate) objects: Vec<Object>,
    /// Who has which.
    pub(crate) holders: Vec<(usize, Holder)>,
    /// All processes.
    pub(crate) processes: Vec<Process>,
    /// Names of users.
    pub(crate) users: Vec<(u32, &'static str)>,
    /// How near the limits are.
    pub(crate) room: Vec<Usage>,
    /// What cannot be seen.
    pub(crate) visibility: Visibility,
    /// Seconds that have gone by since [`NOW`].
    pub(crate) later: i64,
}

impl Scene {
    /// Adds an object and says where it is.
    pub(crate) fn add(&mut self, object: Object) -> usize {
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// A living process in some role.
    pub(crate) fn hold(&mut self, place: usize, pid: u32, role: Role) {
        let fd = matches!(role, Role::Open | Role::Reader | Role::Writer | Role::Listener | Role::Connected);
        let threads = role.is_waiting().then(|| [pid].into());
        self.holders.push((place, Holder { pid, role, fd: fd.then_some(3), access: None, alive: true, threads }));
    }

    /// A living process with a descriptor that allows this.
    pub(crate) fn open(&mut self, place: usize, pid: u32, access: Access) {
        let role = Role::Open;
        self.holders.push((place, Holder { pid, role, fd: Some(3), access: Some(access), alive: true, threads: None }));
    }

    /// A recorded process that is gone.
    pub(crate) fn gone(&mut self, place: usize, pid: u32, role: Role) {
        self.holders.push((place, Holder { pid, role, fd: None, access: None, alive: false, threads: None }));
    }

    /// A process of a user, an hour old.
    pub(crate) fn process(&mut self, pid: u32, comm: &str, uid: u32) {
        self.processes.push(Process {
            pid,
            ppid: 1,
            start_ticks: (36_000 - 3_600) * 100,
            state: 'S',
            threads: 1,
            kernel: false,
            exiting: false,
            comm: comm.as_bytes().into(),
            cmdline: Some(vec![comm.as_bytes().into()]),
            uids: Some([uid; 4]),
        });
    }

    /// Takes the picture.
    pub(crate) fn picture(&self) -> Snapshot {
        let now = Time { secs: NOW.secs + self.later, ..NOW };
        let mut holders = HolderRows::default();
        for (place, holder) in &self.holders {
            holders.push(*place as u32, holder.clone());
        }
        let mut processes = Processes::default();
        for process in &self.processes {
            processes.insert(process.clone());
        }
        let sockets = self.objects.iter().zip(0..).filter_map(|(object, place)| match object.identity {
            Identity::Socket { inode, .. } if inode != 0 => Some((inode, place)),
            _ => None,
        });
        Snapshot {
            taken_at: now,
            host: Host { name: "db1".to_owned(), kernel: "6.18.44".to_owned() },
            namespaces: Namespaces {
                ipc: Some(INITIAL_IPC),
                mnt: Some(4_026_531_841),
                net: Some(4_026_531_840),
                pid: Some(INITIAL_PID),
            },
            visibility: Visibility { initial_ipc_namespace: true, ..self.visibility.clone() },
            sockets: sockets.collect(),
            places: self.objects.iter().zip(0..).map(|(object, place)| (object.identity, place)).collect(),
            twins: super::find::twins(&self.objects),
            objects: self.objects.clone(),
            room: self.room.clone(),
            clock: Clock { now, boot: BOOT, ticks_per_second: 100 },
            holders: holders.group(self.objects.len()),
            processes,
            names: Names::of_users(&self.users),
        }
    }
}

/// A moment this many seconds before [`NOW`].
pub(crate) fn ago(seconds: i64) -> Time {
    Time { secs: NOW.secs - seconds, ..NOW }
}

fn object(identity: Identity, body: Body) -> Object {
    let root = Some(Ids { uid: 0, gid: Some(0) });
    Object { identity, name: None, path: None, owner: root, creator: root, mode: Some(0o640), body }
}

fn sysv(kind: Kind, id: i32, body: Body) -> Object {
    object(Identity::SysV { namespace: INITIAL_IPC, kind, id }, body)
}

fn file(inode: u64, body: Body) -> Object {
    object(Identity::File { device: Device { major: 0, minor: 14 }, inode }, body)
}

/// A System V queue of 16 KiB with so many messages and bytes, used ten minutes ago.
pub(crate) fn queue(id: i32, key: i32, messages: u64, bytes: u64) -> Object {
    let queue = Queue {
        key: Some(Key(key)),
        messages: Some(messages),
        bytes: Some(bytes),
        limit_bytes: Some(16_384),
        max_message_bytes: Some(8_192),
        times: Times { changed: Some(ago(3_000)), sent: Some(ago(600)), received: Some(ago(900)), ..Times::default() },
        ..Queue::default()
    };
    sysv(Kind::Queue, id, Body::Queue(Box::new(queue)))
}

/// A System V segment, let go ten minutes ago.
pub(crate) fn segment(id: i32, key: i32, size: u64, attaches: u64) -> Object {
    let shm = Shm {
        key: Some(Key(key)),
        size: Some(size),
        resident: Some(size),
        swapped: Some(0),
        attaches: Some(attaches),
        times: Times { changed: Some(ago(3_000)), detached: Some(ago(600)), ..Times::default() },
        ..Shm::default()
    };
    sysv(Kind::Shm, id, Body::Shm(Box::new(shm)))
}

/// A System V set with these values, operated on by `last` ten minutes ago.
pub(crate) fn semaphores(id: i32, key: i32, values: &[u32], last: u32) -> Object {
    let one =
        |value: &u32| Semaphore { value: *value, waiting_zero: Some(0), last_pid: Some(last), ..Semaphore::default() };
    let set = SemSet {
        key: Some(Key(key)),
        count: values.len() as u64,
        values: Some(values.iter().map(one).collect()),
        times: Times { changed: Some(ago(3_000)), operated: Some(ago(600)), ..Times::default() },
    };
    sysv(Kind::Semaphore, id, Body::Semaphore(Box::new(set)))
}

/// A POSIX queue of this name, with so many messages of so many.
pub(crate) fn posix_queue(inode: u64, name: &str, messages: u64, limit: u64) -> Object {
    let (messages, limit_messages) = (Some(messages), Some(limit));
    let times = Times { changed: Some(ago(600)), ..Times::default() };
    let queue = Queue { messages, limit_messages, max_message_bytes: Some(8_192), times, ..Queue::default() };
    let path = format!("/dev/mqueue{name}").into_bytes().into();
    let body = Body::Queue(Box::new(queue));
    Object { creator: None, name: Some(name.as_bytes().into()), path: Some(path), ..file(inode, body) }
}

/// A memfd of this name.
pub(crate) fn memfd(inode: u64, name: &str, size: Option<u64>) -> Object {
    let times = Times { changed: Some(ago(600)), ..Times::default() };
    let body = Body::Memfd(Box::new(Memfd { size, allocated: size, times }));
    Object { creator: None, name: Some(name.as_bytes().into()), mode: Some(0o777), ..file(inode, body) }
}

/// A POSIX segment that was called so.
pub(crate) fn unlinked(inode: u64, name: &str, size: u64) -> Object {
    let times = Times { changed: Some(ago(600)), ..Times::default() };
    let shm = Shm { size: Some(size), allocated: Some(size), deleted: true, times, ..Shm::default() };
    Object { creator: None, name: Some(name.as_bytes().into()), ..file(inode, Body::Shm(Box::new(shm))) }
}

/// A pipe with so many ends.
pub(crate) fn pipe(inode: u64, readers: u32, writers: u32) -> Object {
    Object { creator: None, mode: None, ..file(inode, Body::Pipe(PipeEnds { readers, writers, changed: None })) }
}

/// A FIFO with so many ends.
pub(crate) fn fifo(inode: u64, path: &str, readers: u32, writers: u32) -> Object {
    let body = Body::Fifo(PipeEnds { readers, writers, changed: Some(ago(600)) });
    Object { creator: None, path: Some(path.as_bytes().into()), ..file(inode, body) }
}

/// A unix stream socket; a name that begins with `@` is abstract.
pub(crate) fn unix(inode: u64, name: Option<&str>, state: SocketState, peer: Option<u64>) -> Object {
    let listens = state == SocketState::Listening;
    let bound = name.map(|name| name.strip_prefix('@').unwrap_or(name).as_bytes().into());
    let unix = Unix {
        name: bound,
        abstract_name: name.is_some_and(|name| name.starts_with('@')),
        by_name: listens,
        ..Unix::default()
    };
    let socket = Socket {
        kind: Some(SocketType::Stream),
        state: Some(state),
        peer,
        unaccepted: false,
        receive_queue: (!listens).then_some(0),
        send_queue: None,
        backlog: listens.then_some(128),
        pending: listens.then_some(0),
        unix: Some(unix),
        inet: None,
    };
    let identity = Identity::Socket { inode, cookie: inode + 1_000_000 };
    Object { creator: None, mode: None, ..object(identity, Body::Socket(Box::new(socket))) }
}
