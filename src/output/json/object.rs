//! An object in JSON: what every kind has, and the block named after its kind.

use super::fields::{Fields, json};
use crate::model::{
    Access, Address, Body, Family, Holder, Identity, Ids, Inet, Memfd, PipeEnds, Queue, SemSet, Shm, Socket, Time,
};
use crate::query::Row;
use crate::snapshot::Snapshot;
use serde::Serialize;

#[derive(Serialize)]
struct OwnerDoc<'a> {
    uid: u32,
    user: Option<&'a str>,
    gid: Option<u32>,
    group: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct QueueDoc {
    messages: Option<u64>,
    bytes: Option<u64>,
    limit_bytes: Option<u64>,
    limit_messages: Option<u64>,
    max_message_bytes: Option<u64>,
    notify: Option<NotifyDoc>,
}

#[derive(Serialize)]
struct NotifyDoc {
    pid: u32,
    signal: u32,
    method: &'static str,
}

#[derive(Serialize)]
struct ShmDoc {
    size: Option<u64>,
    resident: Option<u64>,
    swapped: Option<u64>,
    allocated: Option<u64>,
    attaches: Option<u64>,
    marked_for_removal: bool,
    deleted: bool,
    locked: bool,
}

#[derive(Serialize)]
struct MemfdDoc {
    size: Option<u64>,
    allocated: Option<u64>,
}

#[derive(Serialize)]
struct SemDoc {
    count: u64,
    values: Option<Vec<SemaphoreDoc>>,
}

#[derive(Serialize)]
pub(super) struct SemaphoreDoc {
    index: usize,
    value: u32,
    waiting_increase: u32,
    waiting_zero: Option<u32>,
    last_pid: Option<u32>,
}

/// Writes one object.
pub(super) fn write(row: &Row<'_>, out: &mut Vec<u8>, scratch: &mut String) {
    let (object, snapshot) = (row.object(), row.snapshot);
    let (device, inode) = match object.identity {
        Identity::File { device, inode } => (Some(device), Some(inode)),
        Identity::Socket { inode, .. } => (None, Some(inode).filter(|inode| *inode != 0)),
        Identity::SysV { .. } => (None, None),
    };
    let namespace = match (object.identity, &object.body) {
        (Identity::SysV { namespace, .. }, _) => Some(namespace).filter(|inode| *inode != 0),
        (_, Body::Queue(_)) => snapshot.namespaces.ipc,
        _ => None,
    };
    let mut fields = Fields::open(out, scratch);
    fields.display("address", Some(snapshot.address(row.place)));
    fields.text("kind", Some(object.kind().name()));
    fields.text("family", object.family().map(Family::name));
    fields.value("namespace", &namespace);
    fields.display("key", row.key());
    fields.value("id", &row.id());
    fields.bytes("name", "name_hex", object.name.as_deref());
    fields.bytes("path", "path_hex", object.path.as_deref());
    fields.display("device", device);
    fields.value("inode", &inode);
    fields.value("owner", &object.owner.map(|ids| owner(row, ids)));
    fields.value("creator", &object.creator.map(|ids| owner(row, ids)));
    fields.display("mode", object.mode.map(|mode| format!("{mode:04o}")));
    fields.object("times", |fields| times(fields, &object.body));
    match &object.body {
        Body::Queue(queue) => fields.value("queue", &queue_doc(queue)),
        Body::Shm(shm) => fields.value("shm", &shm_doc(shm)),
        Body::Memfd(memfd) => fields.value("memfd", &memfd_doc(memfd)),
        Body::Semaphore(set) => fields.value("semaphore", &sem_doc(set)),
        Body::Pipe(ends) => fields.object("pipe", |fields| pipe(fields, snapshot, *ends)),
        Body::Fifo(ends) => fields.object("fifo", |fields| pipe(fields, snapshot, *ends)),
        Body::Socket(socket) => fields.object("socket", |fields| self::socket(fields, row, socket)),
    }
    fields.list("holders", row.holders().iter(), |out, scratch, one| holder(out, scratch, row, one));
    let verdict = row.verdict();
    fields.object("verdict", |fields| {
        fields.text("state", Some(verdict.state.name()));
        fields.value("certain", &verdict.certain);
        fields.list("reasons", verdict.reasons.iter(), |out, _, reason| json(out, reason));
    });
    fields.close();
}

fn holder(out: &mut Vec<u8>, scratch: &mut String, row: &Row<'_>, holder: &Holder) {
    // The name of whoever has a reused pid now is not the holder's.
    let process = row.process(holder.pid).filter(|_| holder.alive);
    let mut fields = Fields::open(out, scratch);
    fields.value("pid", &holder.pid);
    fields.bytes("comm", "comm_hex", process.map(|process| &*process.comm));
    fields.text("role", Some(holder.role.name()));
    fields.value("alive", &holder.alive);
    fields.value("fd", &holder.fd);
    fields.text("access", holder.access.map(Access::name));
    fields.value("threads", &holder.threads.as_deref());
    fields.close();
}

/// Each kind has the times that its objects can have.
fn times(fields: &mut Fields<'_>, body: &Body) {
    let mut time = |name, time: Option<Time>| fields.display(name, time);
    match body {
        Body::Queue(queue) => {
            time("changed", queue.times.changed);
            time("sent", queue.times.sent);
            time("received", queue.times.received);
        }
        Body::Shm(shm) => {
            time("changed", shm.times.changed);
            time("attached", shm.times.attached);
            time("detached", shm.times.detached);
        }
        Body::Semaphore(set) => {
            time("changed", set.times.changed);
            time("operated", set.times.operated);
        }
        Body::Pipe(ends) | Body::Fifo(ends) => time("changed", ends.changed),
        Body::Memfd(memfd) => time("changed", memfd.times.changed),
        Body::Socket(socket) => time("changed", socket.unix.as_ref().and_then(|unix| unix.file_made)),
    }
}

/// Capacity and fill level are known only by borrowing a descriptor, which a listing does not do.
fn pipe(fields: &mut Fields<'_>, snapshot: &Snapshot, ends: PipeEnds) {
    let seen = &snapshot.visibility;
    fields.value("readers", &seen.ends(ends.readers));
    fields.value("writers", &seen.ends(ends.writers));
    fields.text("capacity", None);
    fields.text("buffered", None);
    fields.text("full", None);
}

fn socket(fields: &mut Fields<'_>, row: &Row<'_>, socket: &Socket) {
    let unix = socket.unix.as_ref();
    let inet = socket.inet.as_deref();
    let peer =
        socket.peer.map(|inode| row.peer().map_or(Address::Socket(inode), |peer| peer.snapshot.address(peer.place)));
    fields.text("type", socket.kind.map(crate::model::SocketType::name));
    fields.text("state", socket.state.map(crate::model::SocketState::name));
    fields.display("peer", peer);
    fields.list("peer_pids", super::peer_pids(row), |out, _, pid| json(out, &pid));
    fields.value("receive_queue", &socket.receive_queue);
    fields.value("send_queue", &socket.send_queue);
    fields.value("backlog", &socket.backlog);
    fields.value("pending", &socket.pending);
    fields.value("unaccepted", &socket.unaccepted);
    fields.bytes("name", "name_hex", unix.and_then(|unix| unix.name.as_deref()));
    fields.value("abstract", &unix.map(|unix| unix.abstract_name));
    fields.text("protocol", inet.map(|inet| inet.protocol.name()));
    fields.display("local", inet.map(|inet| inet.local));
    fields.display("remote", inet.filter(|inet| has_remote(inet)).map(|inet| inet.remote));
}

fn owner<'a>(row: &Row<'a>, ids: Ids) -> OwnerDoc<'a> {
    OwnerDoc {
        uid: ids.uid,
        user: row.user_name(ids.uid),
        gid: ids.gid,
        group: ids.gid.and_then(|gid| row.group_name(gid)),
    }
}

pub(super) fn queue_doc(queue: &Queue) -> QueueDoc {
    QueueDoc {
        messages: queue.messages,
        bytes: queue.bytes,
        limit_bytes: queue.limit_bytes,
        limit_messages: queue.limit_messages,
        max_message_bytes: queue.max_message_bytes,
        notify: queue.notify.map(|notify| NotifyDoc {
            pid: notify.pid,
            signal: notify.signal,
            method: match notify.method {
                0 => "signal",
                1 => "none",
                _ => "thread",
            },
        }),
    }
}

fn shm_doc(shm: &Shm) -> ShmDoc {
    ShmDoc {
        size: shm.size,
        resident: shm.resident,
        swapped: shm.swapped,
        allocated: shm.allocated,
        attaches: shm.attaches,
        marked_for_removal: shm.marked_for_removal,
        deleted: shm.deleted,
        locked: shm.locked,
    }
}

const fn memfd_doc(memfd: &Memfd) -> MemfdDoc {
    MemfdDoc { size: memfd.size, allocated: memfd.allocated }
}

fn sem_doc(set: &SemSet) -> SemDoc {
    SemDoc {
        count: set.count,
        values: set.values.as_ref().map(|values| values.iter().enumerate().map(semaphore_doc).collect()),
    }
}

pub(super) fn semaphore_doc((index, semaphore): (usize, &crate::model::Semaphore)) -> SemaphoreDoc {
    SemaphoreDoc {
        index,
        value: semaphore.value,
        waiting_increase: semaphore.waiting_increase,
        waiting_zero: semaphore.waiting_zero,
        last_pid: semaphore.last_pid.filter(|pid| *pid != 0),
    }
}

fn has_remote(inet: &Inet) -> bool {
    inet.remote.port() != 0 || !inet.remote.ip().is_unspecified()
}
