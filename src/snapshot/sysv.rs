//! System V objects from their tables, with what the tables lack if it is wanted.

use super::{Visibility, Want};
use crate::kernel::sysvipc::{self, MsgLine, Perm, SemLine, ShmLine};
use crate::kernel::{Result, file, msgctl, semctl};
use crate::model::{Body, Identity, Kind, Kinds, Object, Queue, SemSet, Shm, Time, Times};

/// Pids that the kernel recorded, kept beside the objects until they are judged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Record {
    /// Last sender, last receiver.
    Queue(u32, u32),
    /// Creator, last to attach or detach.
    Shm(u32, u32),
}

/// The objects of the wanted kinds, and the pids recorded in the tables by place.
pub(super) fn read(
    want: &Want,
    namespace: u64,
    objects: &mut Vec<Object>,
    seen: &mut Visibility,
) -> Vec<(u32, Record)> {
    let mut records = Vec::new();
    if want.kinds.contains(Kinds::SYSV_QUEUES) {
        let largest = if want.limits { largest_message() } else { None };
        let mut add = |line: MsgLine, limit| {
            records.push((objects.len() as u32, Record::Queue(line.last_sender, line.last_receiver)));
            objects.push(queue(&line, namespace, limit, largest));
        };
        if !want.limits || !msgctl::read_all(&mut |line, limit| add(line, Some(limit))) {
            let limit = |id| if want.limits { msgctl::stat(id).ok().map(|stat| stat.limit_bytes) } else { None };
            let read = sysvipc::read_msg(&mut |line| add(line, limit(line.perm.id)));
            note("message queues", read, seen);
        }
    }
    if want.kinds.contains(Kinds::SYSV_SHMS) {
        let read = sysvipc::read_shm(&mut |line| {
            records.push((objects.len() as u32, Record::Shm(line.creator_pid, line.last_pid)));
            objects.push(shm(&line, namespace));
        });
        note("shared memory segments", read, seen);
    }
    if want.kinds.contains(Kinds::SYSV_SEMS) {
        // The pids of a set are in its semaphores, so records need the values too.
        let values = want.contents || want.records || want.verdict;
        let read = sysvipc::read_sem(&mut |line| objects.push(semaphores(&line, namespace, values)));
        note("semaphore sets", read, seen);
    }
    records
}

fn note(what: &str, read: Result<usize>, seen: &mut Visibility) {
    match read {
        Ok(damaged) => seen.damaged(what, damaged),
        Err(error) => seen.missing(format!("System V {what} are not listed: {error}")),
    }
}

/// `kernel.msgmax` of this namespace, bytes.
fn largest_message() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmax").ok()
}

fn object(perm: &Perm, namespace: u64, kind: Kind, body: Body) -> Object {
    Object {
        identity: Identity::SysV { namespace, kind, id: perm.id },
        name: None,
        path: None,
        owner: Some(perm.owner),
        creator: Some(perm.creator),
        mode: Some((perm.mode & 0o777) as u16),
        body,
    }
}

fn queue(line: &MsgLine, namespace: u64, limit_bytes: Option<u64>, largest: Option<u64>) -> Object {
    let queue = Queue {
        key: Some(line.perm.key),
        messages: Some(line.messages),
        bytes: Some(line.bytes),
        limit_bytes,
        max_message_bytes: largest,
        times: Times {
            changed: Time::recorded(line.changed),
            sent: Time::recorded(line.sent),
            received: Time::recorded(line.received),
            ..Times::default()
        },
        ..Queue::default()
    };
    object(&line.perm, namespace, Kind::Queue, Body::Queue(Box::new(queue)))
}

fn shm(line: &ShmLine, namespace: u64) -> Object {
    let shm = Shm {
        key: Some(line.perm.key),
        size: Some(line.size),
        resident: line.resident,
        swapped: line.swapped,
        allocated: None,
        attaches: Some(line.attaches),
        marked_for_removal: line.marked_for_removal(),
        deleted: false,
        locked: line.locked(),
        times: Times {
            changed: Time::recorded(line.changed),
            attached: Time::recorded(line.attached),
            detached: Time::recorded(line.detached),
            ..Times::default()
        },
    };
    object(&line.perm, namespace, Kind::Shm, Body::Shm(Box::new(shm)))
}

fn semaphores(line: &SemLine, namespace: u64, values: bool) -> Object {
    let set = SemSet {
        key: Some(line.perm.key),
        count: line.count,
        values: if values { semctl::read_values(line.perm.id, line.count).ok() } else { None },
        times: Times {
            changed: Time::recorded(line.changed),
            operated: Time::recorded(line.operated),
            ..Times::default()
        },
    };
    object(&line.perm, namespace, Kind::Semaphore, Body::Semaphore(Box::new(set)))
}
