//! What no table of objects holds: who has a lock, an eventfd or a queue open for what, which types of message there are, and
//! where descriptors may hide.

use super::{File, HeldLock, Lock, Look, On, QueueEnd, QueueTypes, Thread, Waits, Way};
use crate::kernel::dirents::Dirents;
use crate::kernel::fd::{FdReader, OpenFd, Target};
use crate::kernel::messages::{self, Room};
use crate::kernel::{fdinfo, locks, maps, process};
use crate::model::{Body, Device, Identity, Kind, Role, SocketState};
use crate::snapshot::Snapshot;
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::OwnedFd;

/// Most messages whose type is looked at.
const MOST_MESSAGES: u64 = 4096;
/// Most bytes that a queue may hold for its messages to be copied.
const MOST_BYTES: u64 = 64 << 20;

/// Adds all of it, as far as somebody waits for such a thing.
pub(super) fn add(proc: &OwnedFd, waits: &mut Waits) {
    let (files, events) = looked_for(&waits.threads);
    let suspicious = suspicious(waits);
    if !files.is_empty() || !events.is_empty() || suspicious {
        let mut walk = Walk { files, events, hidden: suspicious, ..Walk::default() };
        // Locks and eventfds any process may have; descriptors hide only in some, and in those that have begun since.
        let all = !walk.files.is_empty() || !walk.events.is_empty();
        let carriers = waits.pictures.first().map(|picture| &*picture.visibility.carriers).unwrap_or_default();
        walk.run(proc, &|pid| all || carriers.binary_search(&pid).is_ok() || waits.threads_of(pid).is_empty());
        waits.locks = walk.locks;
        add_unseen_locks(&walk.files, waits);
        waits.events = walk.found;
        if suspicious {
            waits.hiding.io_uring = walk.registered;
            waits.hiding.in_flight = walk.in_flight || unaccepted(waits);
        }
        waits.hiding.processes |= walk.refused;
    }
    add_queue_ends(proc, waits);
    add_mappers(proc, waits);
}

/// Who else has the memory of a futex.
fn add_mappers(proc: &OwnedFd, waits: &mut Waits) {
    let shared = waits.threads.iter().filter_map(Thread::wait).filter_map(|wait| match &wait.on {
        On::Futex(futex) => futex.shared.as_ref().map(|shared| (shared.device, shared.inode)),
        _ => None,
    });
    let wanted: FxHashSet<(Device, u64)> = shared.collect();
    if wanted.is_empty() {
        return;
    }
    let mut buffer = Vec::new();
    let mut pids: Vec<u32> = waits.threads.iter().map(|thread| thread.pid).collect();
    pids.dedup();
    for pid in pids {
        let _ = maps::read(proc, &pid.to_string(), &mut buffer, &mut |mapping| {
            let key = (mapping.device, mapping.inode);
            if mapping.shared && wanted.contains(&key) {
                let found = waits.mappers.entry(key).or_default();
                if found.last() != Some(&pid) {
                    found.push(pid);
                }
            }
        });
    }
}

/// Locks that a walk over descriptors did not show: of files that are no regular ones, or of processes that may not be looked
/// into. Who took one is all that is known.
fn add_unseen_locks(files: &FxHashSet<(Device, u64)>, waits: &mut Waits) {
    for line in locks::read().unwrap_or_default() {
        let lock = line.lock;
        let same = |held: &HeldLock| {
            let known = held.lock;
            (known.kind, known.inode, known.start, known.end) == (lock.kind, lock.inode, lock.start, lock.end)
        };
        if !line.waits && files.contains(&(lock.device, lock.inode)) && !waits.locks.iter().any(same) {
            let holders = lock.pid.filter(|pid| !waits.threads_of(*pid).is_empty());
            waits.locks.push(HeldLock { lock, holders: holders.into_iter().collect() });
        }
    }
}

/// Files on which locks are waited for, and eventfds.
fn looked_for(threads: &[Thread]) -> (FxHashSet<(Device, u64)>, FxHashSet<u64>) {
    let (mut files, mut events) = (FxHashSet::default(), FxHashSet::default());
    for wait in threads.iter().filter_map(Thread::wait) {
        match &wait.on {
            On::Lock { lock, .. } => {
                files.insert((lock.device, lock.inode));
            }
            On::Files(sources) => events.extend(sources.iter().filter_map(|source| match source.file {
                File::Event(id, _) => id,
                _ => None,
            })),
            _ => {}
        }
    }
    (files, events)
}

/// Whether somebody may wait for ever on a pipe: all who have its other end sleep without a time limit of their own. Only then
/// it is worth to look through all queues of sockets for ends on their way.
fn suspicious(waits: &Waits) -> bool {
    let stuck = |thread: &Thread| match &thread.look {
        Look::Waits(wait) => !wait.timed && !matches!(wait.on, On::Signal | On::SignalOf(_) | On::Time | On::Resumed),
        Look::Ended => true,
        _ => false,
    };
    let all_stuck = |pid: u32| waits.threads_of(pid).iter().all(stuck);
    waits.threads.iter().filter(|thread| stuck(thread)).filter_map(Thread::wait).any(|wait| {
        let On::Files(sources) = &wait.on else { return false };
        let mut piped = false;
        let hopeless = sources.iter().all(|source| match source.file {
            File::Pipe(identity, _) | File::Fifo(identity, _) => {
                piped = true;
                let other = if source.way == Way::Write { Role::Reader } else { Role::Writer };
                waits.find(identity).is_some_and(|(picture, place)| {
                    picture
                        .holders(place)
                        .iter()
                        .filter(|holder| holder.role == other)
                        .all(|holder| all_stuck(holder.pid))
                })
            }
            _ => true,
        });
        piped && hopeless
    })
}

/// Whether a connection waits to be accepted: what is queued in it no process's descriptor shows.
fn unaccepted(waits: &Waits) -> bool {
    waits.pictures.iter().flat_map(|picture| &picture.objects).any(|object| match &object.body {
        Body::Socket(socket) => {
            socket.unix.is_some()
                && socket.state == Some(SocketState::Listening)
                && socket.pending.is_some_and(|pending| pending > 0)
        }
        _ => false,
    })
}

/// A walk over the descriptors of all processes.
#[derive(Default)]
struct Walk {
    files: FxHashSet<(Device, u64)>,
    events: FxHashSet<u64>,
    /// Look for descriptors that hide.
    hidden: bool,
    locks: Vec<HeldLock>,
    found: FxHashMap<u64, Vec<u32>>,
    registered: bool,
    in_flight: bool,
    refused: bool,
}

impl Walk {
    fn run(&mut self, proc: &OwnedFd, meant: &dyn Fn(u32) -> bool) {
        let Ok(pids) = process::read_pids(proc) else { return };
        let pids = pids.into_iter().filter(|pid| meant(*pid));
        let (mut fds, mut dirents, mut buffer) = (FdReader::default(), Dirents::default(), Vec::new());
        for pid in pids {
            // A process whose main thread has ended shows its descriptors under another thread.
            let threads = process::read_threads(proc, pid, &mut dirents).unwrap_or_default();
            let task = threads.last().filter(|_| threads.len() > 1);
            let task = task.map_or_else(|| pid.to_string(), |tid| format!("{pid}/task/{tid}"));
            let mut open = Vec::new();
            let looked = fds.read(proc, &task, &mut |fd| open.push(fd));
            self.refused |= looked.is_err_and(|error| error.is_permission());
            for fd in open {
                if self.wants(&fd)
                    && let Ok(info) = fdinfo::read(proc, &task, fd.fd, &mut buffer)
                {
                    self.take(pid, &fd, info);
                }
            }
        }
        for pids in self.found.values_mut() {
            pids.dedup();
        }
    }

    fn wants(&self, fd: &OpenFd) -> bool {
        match fd.target {
            Target::Event => !self.events.is_empty(),
            Target::Socket | Target::IoUring => self.hidden,
            Target::File | Target::Fifo | Target::Pipe => self.files.contains(&(fd.device, fd.inode)),
        }
    }

    fn take(&mut self, pid: u32, fd: &OpenFd, info: fdinfo::FdInfo) {
        if let Some(id) = info.event_id.filter(|id| self.events.contains(id)) {
            self.found.entry(id).or_default().push(pid);
        }
        match fd.target {
            // A kernel that does not count them may hide some.
            Target::IoUring => self.registered |= info.registered.is_none_or(|files| files > 0),
            Target::Socket => self.in_flight |= info.in_flight.is_some_and(|fds| fds > 0),
            _ => {}
        }
        for lock in info.locks {
            // Some file systems number their devices in another way here than in stat.
            let lock = Lock { device: fd.device, inode: fd.inode, ..lock };
            match self.locks.iter_mut().find(|held| held.lock == lock) {
                Some(held) if held.holders.contains(&pid) => {}
                Some(held) => held.holders.push(pid),
                None => self.locks.push(HeldLock { lock, holders: vec![pid] }),
            }
        }
    }
}

/// For what each descriptor of a POSIX queue is open, where somebody waits for one.
fn add_queue_ends(proc: &OwnedFd, waits: &mut Waits) {
    let mut ends = Vec::new();
    let mut buffer = Vec::new();
    let queues: FxHashSet<Identity> = waits
        .threads
        .iter()
        .filter_map(Thread::wait)
        .filter(|wait| wait.call.starts_with("mq_"))
        .filter_map(|wait| match &wait.on {
            On::Files(sources) => sources.iter().find_map(|source| match source.file {
                File::Regular(identity, _) => Some(identity),
                _ => None,
            }),
            _ => None,
        })
        .collect();
    for queue in queues {
        let Some((picture, place)) = waits.find(queue) else { continue };
        for holder in picture.holders(place).iter().filter(|holder| holder.role == Role::Open) {
            let Some(fd) = holder.fd else { continue };
            if let Ok(info) = fdinfo::read(proc, &holder.pid.to_string(), fd, &mut buffer) {
                let (reads, writes) = (info.reads(), info.writes());
                ends.push(QueueEnd { queue, pid: holder.pid, reads, writes });
            }
        }
    }
    ends.sort_unstable_by_key(|end| (end.queue, end.pid));
    ends.dedup();
    waits.queue_ends = ends;
}

/// Counts the types of messages in the caller's own IPC namespace.
pub(super) fn count_types(waits: &mut Waits, ipc: Option<u64>) {
    if let (Some(picture), Some(_)) = (waits.pictures.first(), ipc) {
        waits.types = types_in(picture, &waits.threads);
    }
}

/// The types of the messages in queues that are not empty and in which somebody waits for one of a type all the same
/// (`MSG_COPY`, which changes nothing of the queue). Needs read permission; a queue without is left out. In the calling
/// thread's IPC namespace.
pub(super) fn types_in(picture: &Snapshot, threads: &[Thread]) -> FxHashMap<Identity, QueueTypes> {
    let waited = threads.iter().filter_map(Thread::wait).filter_map(|wait| match wait.on {
        On::MsgReceive { queue, kind, .. } if kind != 0 => Some(queue),
        _ => None,
    });
    let queues: FxHashSet<Identity> = waited.collect();
    let types = |queue: Identity| {
        let Identity::SysV { kind: Kind::Queue, id, .. } = queue else { return None };
        let Body::Queue(state) = &picture.objects[picture.place(queue)?].body else { return None };
        let (messages, bytes) = (state.messages?, state.bytes?);
        if messages == 0 || messages > MOST_MESSAGES || bytes > MOST_BYTES {
            return None;
        }
        let mut room = Room::default();
        let mut types = Vec::new();
        for index in 0..messages {
            match messages::copy(id, index, &mut room) {
                Ok(Some(message)) => types.push(message.kind),
                Ok(None) => break,
                Err(_) => return None,
            }
        }
        Some((queue, types))
    };
    queues.into_iter().filter_map(types).collect()
}
