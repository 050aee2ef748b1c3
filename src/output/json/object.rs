//! An object in JSON: what every kind has, and the block named after its kind.

use super::text;
use crate::model::{
    Address, Body, Device, Family, Holder, Identity, Ids, Inet, Key, PipeEnds, Queue, SemSet, Shm, Socket, Times,
};
use crate::query::Row;
use crate::snapshot::Snapshot;
use serde::Serialize;
use std::borrow::Cow;
use std::net::SocketAddr;

#[derive(Serialize)]
pub(super) struct ObjectDoc<'a> {
    #[serde(serialize_with = "text::display")]
    address: Address,
    kind: &'static str,
    family: Option<&'static str>,
    namespace: Option<u64>,
    #[serde(serialize_with = "text::display_some")]
    key: Option<Key>,
    id: Option<i32>,
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_hex: Option<String>,
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    #[serde(serialize_with = "text::display_some")]
    device: Option<Device>,
    inode: Option<u64>,
    owner: Option<OwnerDoc<'a>>,
    creator: Option<OwnerDoc<'a>>,
    mode: Option<String>,
    times: TimesDoc,
    // The block named after the kind. Not a flattened enum, which serde writes through a slower path.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shm: Option<ShmDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    semaphore: Option<SemDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipe: Option<PipeDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fifo: Option<PipeDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket: Option<SocketDoc<'a>>,
    holders: Vec<HolderDoc<'a>>,
    verdict: VerdictDoc<'a>,
}

#[derive(Serialize)]
struct OwnerDoc<'a> {
    uid: u32,
    user: Option<&'a str>,
    gid: Option<u32>,
    group: Option<&'a str>,
}

#[derive(Serialize)]
struct VerdictDoc<'a> {
    state: &'static str,
    certain: bool,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct HolderDoc<'a> {
    pid: u32,
    comm: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_hex: Option<String>,
    role: &'static str,
    alive: bool,
    fd: Option<u32>,
    threads: Option<&'a [u32]>,
}

/// Each kind has the times that its objects can have.
#[derive(Serialize)]
#[serde(untagged)]
enum TimesDoc {
    Queue { changed: Option<String>, sent: Option<String>, received: Option<String> },
    Shm { changed: Option<String>, attached: Option<String>, detached: Option<String> },
    Semaphore { changed: Option<String>, operated: Option<String> },
    Other { changed: Option<String> },
}

#[derive(Serialize)]
struct QueueDoc {
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
    size: u64,
    resident: Option<u64>,
    swapped: Option<u64>,
    allocated: Option<u64>,
    attaches: Option<u64>,
    marked_for_removal: bool,
    locked: bool,
}

#[derive(Serialize)]
struct SemDoc {
    count: u64,
    values: Option<Vec<ValueDoc>>,
}

#[derive(Serialize)]
struct ValueDoc {
    index: usize,
    value: u32,
    waiting_increase: u32,
    waiting_zero: Option<u32>,
    last_pid: Option<u32>,
}

/// Capacity and fill level are known only by borrowing a descriptor, which a listing does not do.
#[derive(Serialize)]
struct PipeDoc {
    readers: Option<u32>,
    writers: Option<u32>,
    capacity: Option<u64>,
    buffered: Option<u64>,
    full: Option<bool>,
}

#[derive(Serialize)]
struct SocketDoc<'a> {
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    state: Option<&'static str>,
    #[serde(serialize_with = "text::display_some")]
    peer: Option<Address>,
    peer_pids: Vec<u32>,
    receive_queue: Option<u64>,
    send_queue: Option<u64>,
    backlog: Option<u64>,
    pending: Option<u64>,
    unaccepted: bool,
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_hex: Option<String>,
    #[serde(rename = "abstract")]
    abstract_name: Option<bool>,
    protocol: Option<&'static str>,
    #[serde(serialize_with = "text::display_some")]
    local: Option<SocketAddr>,
    #[serde(serialize_with = "text::display_some")]
    remote: Option<SocketAddr>,
}

impl<'a> ObjectDoc<'a> {
    pub(super) fn new(row: &'a Row<'_>) -> Self {
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
        let verdict = row.verdict();
        let body = &object.body;
        Self {
            address: snapshot.address(row.place),
            kind: object.kind().name(),
            family: object.family().map(Family::name),
            namespace,
            key: row.key(),
            id: row.id(),
            name: object.name.as_deref().map(text::lossy),
            name_hex: object.name.as_deref().and_then(text::hex),
            path: object.path.as_deref().map(text::lossy),
            path_hex: object.path.as_deref().and_then(text::hex),
            device,
            inode,
            owner: object.owner.map(|ids| owner(snapshot, ids)),
            creator: object.creator.map(|ids| owner(snapshot, ids)),
            mode: object.mode.map(|mode| format!("{mode:04o}")),
            times: times(body),
            queue: if let Body::Queue(queue) = body { Some(queue_doc(queue)) } else { None },
            shm: if let Body::Shm(shm) = body { Some(shm_doc(shm)) } else { None },
            semaphore: if let Body::Semaphore(set) = body { Some(sem_doc(set)) } else { None },
            pipe: if let Body::Pipe(ends) = body { Some(pipe_doc(snapshot, *ends)) } else { None },
            fifo: if let Body::Fifo(ends) = body { Some(pipe_doc(snapshot, *ends)) } else { None },
            socket: if let Body::Socket(socket) = body { Some(socket_doc(row, socket)) } else { None },
            holders: row.holders().iter().map(|holder| holder_doc(snapshot, holder)).collect(),
            verdict: VerdictDoc { state: verdict.state.name(), certain: verdict.certain, reasons: &verdict.reasons },
        }
    }
}

fn owner(snapshot: &Snapshot, ids: Ids) -> OwnerDoc<'_> {
    OwnerDoc {
        uid: ids.uid,
        user: snapshot.user_name(ids.uid),
        gid: ids.gid,
        group: ids.gid.and_then(|gid| snapshot.group_name(gid)),
    }
}

fn holder_doc<'a>(snapshot: &'a Snapshot, holder: &'a Holder) -> HolderDoc<'a> {
    // The name of whoever has a reused pid now is not the holder's.
    let process = snapshot.process(holder.pid).filter(|_| holder.alive);
    HolderDoc {
        pid: holder.pid,
        comm: process.map(|process| text::lossy(&process.comm)),
        comm_hex: process.and_then(|process| text::hex(&process.comm)),
        role: holder.role.name(),
        alive: holder.alive,
        fd: holder.fd,
        threads: holder.threads.as_deref(),
    }
}

fn times(body: &Body) -> TimesDoc {
    let print = |time: Option<crate::model::Time>| time.map(text::time);
    let of = |t: Times| (print(t.changed), print(t.sent), print(t.received));
    match body {
        Body::Queue(queue) => {
            let (changed, sent, received) = of(queue.times);
            TimesDoc::Queue { changed, sent, received }
        }
        Body::Shm(shm) => TimesDoc::Shm {
            changed: print(shm.times.changed),
            attached: print(shm.times.attached),
            detached: print(shm.times.detached),
        },
        Body::Semaphore(set) => {
            TimesDoc::Semaphore { changed: print(set.times.changed), operated: print(set.times.operated) }
        }
        Body::Pipe(ends) | Body::Fifo(ends) => TimesDoc::Other { changed: print(ends.changed) },
        Body::Socket(_) => TimesDoc::Other { changed: None },
    }
}

fn queue_doc(queue: &Queue) -> QueueDoc {
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
        locked: shm.locked,
    }
}

fn sem_doc(set: &SemSet) -> SemDoc {
    let value = |(index, semaphore): (usize, &crate::model::Semaphore)| ValueDoc {
        index,
        value: semaphore.value,
        waiting_increase: semaphore.waiting_increase,
        waiting_zero: semaphore.waiting_zero,
        last_pid: semaphore.last_pid.filter(|pid| *pid != 0),
    };
    SemDoc {
        count: set.count,
        values: set.values.as_ref().map(|values| values.iter().enumerate().map(value).collect()),
    }
}

fn pipe_doc(snapshot: &Snapshot, ends: PipeEnds) -> PipeDoc {
    let seen = &snapshot.visibility;
    PipeDoc {
        readers: seen.ends(ends.readers),
        writers: seen.ends(ends.writers),
        capacity: None,
        buffered: None,
        full: None,
    }
}

fn socket_doc<'a>(row: &'a Row<'_>, socket: &'a Socket) -> SocketDoc<'a> {
    let unix = socket.unix.as_ref();
    let inet = socket.inet.as_deref();
    let name = unix.and_then(|unix| unix.name.as_deref());
    let peer = socket.peer.map(|inode| {
        let place = row.snapshot.socket(inode);
        place.map_or(Address::Socket(inode), |place| row.snapshot.address(place))
    });
    SocketDoc {
        kind: socket.kind.map(crate::model::SocketType::name),
        state: socket.state.map(crate::model::SocketState::name),
        peer,
        peer_pids: super::peer_pids(row),
        receive_queue: socket.receive_queue,
        send_queue: socket.send_queue,
        backlog: socket.backlog,
        pending: socket.pending,
        unaccepted: socket.unaccepted,
        name: name.map(text::lossy),
        name_hex: name.and_then(text::hex),
        abstract_name: unix.map(|unix| unix.abstract_name),
        protocol: inet.map(|inet| inet.protocol.name()),
        local: inet.map(|inet| inet.local),
        remote: inet.filter(|inet| has_remote(inet)).map(|inet| inet.remote),
    }
}

fn has_remote(inet: &Inet) -> bool {
    inet.remote.port() != 0 || !inet.remote.ip().is_unspecified()
}
