//! Pictures, and what to compare them with.

use ipcx::model::{Access, Address, Body, Holder, Kinds, Object, PipeEnds, Queue, Role, SemSet, Shm, Socket};
use ipcx::snapshot::{Snapshot, Want, collect};

/// Everything about these kinds.
pub fn look(kinds: Kinds) -> Snapshot {
    collect(&Want::everything(kinds)).unwrap()
}

/// The place of the one object that an address names.
pub fn one(snapshot: &Snapshot, address: &str) -> usize {
    let parsed = Address::parse(address).unwrap();
    let places: Vec<usize> = snapshot.find(&parsed).collect();
    assert_eq!(places.len(), 1, "{address} names {} of {:#?}", places.len(), snapshot.objects);
    places[0]
}

/// A living holder.
pub fn held(pid: u32, role: Role, fd: Option<i32>) -> Holder {
    Holder { pid, role, fd: fd.map(i32::unsigned_abs), access: None, alive: true, threads: None }
}

/// A living process with a descriptor of a POSIX object.
pub fn opened(pid: u32, access: Access, fd: Option<i32>) -> Holder {
    Holder { access: Some(access), ..held(pid, Role::Open, fd) }
}

/// A process with threads that sleep on an object.
pub fn sleeps(pid: u32, role: Role, threads: &[u32]) -> Holder {
    Holder { threads: Some(threads.into()), ..held(pid, role, None) }
}

/// A recorded process that is gone.
pub fn dead(pid: u32, role: Role) -> Holder {
    Holder { alive: false, ..held(pid, role, None) }
}

pub fn queue(object: &Object) -> &Queue {
    let Body::Queue(queue) = &object.body else { panic!("no queue: {object:?}") };
    queue
}

pub fn shm(object: &Object) -> &Shm {
    let Body::Shm(shm) = &object.body else { panic!("no segment: {object:?}") };
    shm
}

pub fn semaphores(object: &Object) -> &SemSet {
    let Body::Semaphore(set) = &object.body else { panic!("no semaphore: {object:?}") };
    set
}

pub fn socket(object: &Object) -> &Socket {
    let Body::Socket(socket) = &object.body else { panic!("no socket: {object:?}") };
    socket
}

/// Read ends and write ends of a pipe or FIFO.
pub fn ends(object: &Object) -> (u32, u32) {
    let (Body::Pipe(PipeEnds { readers, writers, .. }) | Body::Fifo(PipeEnds { readers, writers, .. })) = object.body
    else {
        panic!("no pipe: {object:?}")
    };
    (readers, writers)
}
