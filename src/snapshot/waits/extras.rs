//! What no table of objects holds: who has a lock or an eventfd, which types of message there are, and
//! where descriptors may hide.

use super::scan;
use super::{File, HeldLock, Lock, LockKind, Look, On, QueueTypes, Source, Thread, Waits};
use crate::kernel::dirents::Dirents;
use crate::kernel::fd::{FdReader, Target};
use crate::kernel::fdinfo::{self, FdInfo};
use crate::kernel::messages::{self, Room};
use crate::kernel::{kcmp, locks, maps, process};
use crate::model::{Body, Device, Holder, Identity, Kind, Role, SocketState};
use crate::snapshot::Snapshot;
use crate::snapshot::scan::{FoundHit, Hit};
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::OwnedFd;

/// Most messages whose type is looked at.
const MOST_MESSAGES: u64 = 4096;
/// Most bytes that a queue may hold for its messages to be copied.
const MOST_BYTES: u64 = 64 << 20;

/// Adds all of it, as far as somebody waits for such a thing. `hits` are the descriptors that were found of what is awaited.
pub(super) fn add(proc: &OwnedFd, waits: &mut Waits, hits: &[FoundHit]) {
    add_locks_and_events(proc, waits, hits);
    if pipes_are_suspicious(waits) || locks_are_suspicious(waits) {
        let hidden = look_for_hidden(proc, waits);
        waits.hiding.io_uring = hidden.busy_ring;
        waits.hiding.in_flight = hidden.in_flight || unaccepted(waits);
        waits.hiding.tables = tables_of_their_own(waits);
        waits.hiding.processes |= hidden.refused;
    }
    add_mappers(proc, waits);
    add_sharers(waits);
}

/// A thread names the child that it waits for by the number in its own PID namespace: finds which that is here.
pub(super) fn name_children(proc: &OwnedFd, threads: &mut [Thread]) {
    let mut buffer = Vec::new();
    for at in 0..threads.len() {
        let Some(On::Child { which: Some(named @ 1..) }) = threads[at].wait().map(|wait| &wait.on) else { continue };
        let (named, parent) = (*named, threads[at].pid);
        let mut ids = |pid: u32| process::read_ids(proc, pid, &mut buffer).unwrap_or_default();
        let depth = ids(parent).len();
        if depth < 2 {
            continue;
        }
        let mut children = threads.iter().filter(|other| other.task.ppid == parent && other.tid() == other.pid);
        let child = children.find(|child| ids(child.pid).get(depth - 1).is_some_and(|id| i64::from(*id) == named));
        let child = child.map(|child| i64::from(child.pid));
        if let Some(wait) = scan::wait_of(&mut threads[at]) {
            wait.on = On::Child { which: child };
        }
    }
}

/// Whether a process could have what hides descriptors: one that had a socket or an `io_uring`, or has begun since.
fn may_hide(waits: &Waits, pid: u32) -> bool {
    let carriers = waits.pictures.first().and_then(|picture| picture.visibility.carriers.as_ref());
    carriers.is_none_or(|carriers| carriers.binary_search(&pid).is_ok()) || waits.threads_of(pid).is_empty()
}

/// Whether a thread has a table of descriptors of its own: /proc/PID/fd shows one thread's.
fn tables_of_their_own(waits: &Waits) -> bool {
    let processes = waits.threads.chunk_by(|one, other| one.pid == other.pid);
    processes.filter(|threads| threads[0].pid != waits.own).any(|threads| {
        let mut living = threads.iter().filter(|thread| thread.look != Look::Ended);
        let Some(first) = living.next() else { return false };
        living.any(|other| match kcmp::shared(first.tid(), other.tid(), kcmp::What::Descriptors) {
            Ok(shared) => !shared,
            // A process that may not be looked into counts as hidden anyway.
            Err(error) => !error.is_absent() && !error.is_permission(),
        })
    })
}

/// Processes made with `CLONE_VM`: what is private to one's memory they have too.
fn add_sharers(waits: &mut Waits) {
    let mut pids: Vec<u32> = waits.threads.iter().map(|thread| thread.pid).collect();
    pids.dedup();
    let private = |thread: &Thread| {
        thread.wait().is_some_and(|wait| matches!(&wait.on, On::Futex(futex) if futex.shared.is_none()))
    };
    for pid in &pids {
        let threads = waits.threads_of(*pid);
        if !threads.iter().any(private) || !threads.iter().all(is_stuck) {
            continue;
        }
        let stack = |pid: u32| waits.process(pid).and_then(|thread| thread.stack);
        let has_it = |other: &u32| {
            other != pid
                && stack(*other) == stack(*pid)
                && match kcmp::shared(*pid, *other, kcmp::What::Memory) {
                    Ok(shared) => shared,
                    Err(error) => !error.is_absent() && !error.is_permission(),
                }
        };
        let sharers: Vec<u32> = pids.iter().copied().filter(has_it).collect();
        if !sharers.is_empty() {
            waits.sharers.insert(*pid, sharers);
        }
    }
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
            waits.locks.push(HeldLock { lock, holders: holders.into_iter().collect(), found: false });
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

/// Whether a thread may sleep for ever, by what it waits for. Of an epoll it is never said: see `diagnose`.
fn is_stuck(thread: &Thread) -> bool {
    match &thread.look {
        Look::Waits(wait) => {
            let by_itself = matches!(wait.on, On::Signal | On::SignalOf(_) | On::Time | On::Resumed | On::Futexes);
            !wait.timed && !by_itself && !wait.call.starts_with("epoll")
        }
        Look::Ended => true,
        _ => false,
    }
}

/// Who could wake those that wait on pipes. Thousands may wait on one, which thousands have.
struct OtherEnds<'a> {
    waits: &'a Waits,
    known: FxHashMap<(Identity, &'static [Role]), OtherEnd>,
}

/// Who has the other end of a pipe.
#[derive(Clone, Copy)]
struct OtherEnd {
    /// All of them sleep, and may do so for ever; or there is nobody.
    stuck: bool,
    /// This very process alone.
    ours: bool,
}

impl<'a> OtherEnds<'a> {
    fn new(waits: &'a Waits) -> Self {
        Self { waits, known: FxHashMap::default() }
    }

    /// `None` of what is no pipe or FIFO, or in no picture.
    fn of(&mut self, source: &Source) -> Option<OtherEnd> {
        let (File::Pipe(identity, _) | File::Fifo(identity, _)) = source.file else { return None };
        let (waits, roles) = (self.waits, source.way.other_ends());
        if let Some(known) = self.known.get(&(identity, roles)) {
            return Some(*known);
        }
        let (picture, place) = waits.find(identity)?;
        let other = |holder: &&Holder| roles.contains(&holder.role);
        let mut pids = picture.holders(place).iter().filter(other).map(|holder| holder.pid).peekable();
        let ours = pids.peek().is_some() && pids.clone().all(|pid| pid == waits.own);
        let end = OtherEnd { stuck: are_stuck(waits, pids), ours };
        self.known.insert((identity, roles), end);
        Some(end)
    }
}

/// Which threads may wait for ever, by place: none of those that wait for what anybody may end, nor those that wait on pipes
/// whose other end somebody has who does something.
pub(super) fn may_be_stuck(waits: &Waits) -> Vec<bool> {
    let mut ends = OtherEnds::new(waits);
    let mut may_be = |thread: &Thread| {
        is_stuck(thread)
            && match thread.wait().map(|wait| &wait.on) {
                Some(On::MsgSend { .. } | On::MsgReceive { .. } | On::FifoOpen { .. } | On::Open { .. }) => false,
                Some(On::Files(sources)) => sources.iter().all(|source| ends.of(source).is_none_or(|end| end.stuck)),
                _ => true,
            }
    };
    waits.threads.iter().map(&mut may_be).collect()
}

/// Whether somebody may wait for ever on a pipe: all who have its other end sleep without a time limit of their own. Only then
/// it is worth to look through all queues of sockets for ends on their way.
fn pipes_are_suspicious(waits: &Waits) -> bool {
    let mut ends = OtherEnds::new(waits);
    waits.threads.iter().filter(|thread| is_stuck(thread)).filter_map(Thread::wait).any(|wait| {
        let On::Files(sources) = &wait.on else { return false };
        let piped = sources.iter().any(|source| matches!(source.file, File::Pipe(..) | File::Fifo(..)));
        // Who reads what this very process prints is no riddle.
        let hopeless = |end: Option<OtherEnd>, source: &Source| match (end, &source.file) {
            (Some(end), _) => end.stuck && !end.ours,
            (None, file) => !matches!(file, File::Pipe(..) | File::Fifo(..)),
        };
        piped && sources.iter().all(|source| hopeless(ends.of(source), source))
    })
}

/// Whether somebody may wait for ever for a lock of an open file, likewise.
fn locks_are_suspicious(waits: &Waits) -> bool {
    let of_files = waits.locks.iter().filter(|held| held.lock.kind != LockKind::Posix);
    of_files.into_iter().any(|held| are_stuck(waits, held.holders.iter().copied()))
}

/// Whether all threads of these processes may sleep for ever. The one that looks does nothing.
fn are_stuck(waits: &Waits, mut pids: impl Iterator<Item = u32>) -> bool {
    pids.all(|pid| pid == waits.own || waits.threads_of(pid).iter().all(is_stuck))
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

/// What descriptors tell of themselves.
struct Infos<'a> {
    proc: &'a OwnedFd,
    dirents: Dirents,
    buffer: Vec<u8>,
}

impl<'a> Infos<'a> {
    fn new(proc: &'a OwnedFd) -> Self {
        Self { proc, dirents: Dirents::default(), buffer: Vec::new() }
    }

    /// Another thread, which shows the descriptors of a process whose main thread has ended.
    fn other_task(&mut self, pid: u32) -> Option<String> {
        let threads = process::read_threads(self.proc, pid, &mut self.dirents).ok()?;
        threads.into_iter().find(|tid| *tid != pid).map(|tid| format!("{pid}/task/{tid}"))
    }

    fn of(&mut self, task: &str, fd: u32) -> crate::kernel::Result<FdInfo> {
        fdinfo::read(self.proc, task, fd, &mut self.buffer)
    }

    /// Of a process's descriptor; `None` when it is closed by now, or may not be read.
    fn read(&mut self, pid: u32, fd: u32) -> Option<FdInfo> {
        match self.of(&pid.to_string(), fd) {
            Err(error) if error.is_absent() => self.other_task(pid).and_then(|task| self.of(&task, fd).ok()),
            told => told.ok(),
        }
    }
}

/// Who has the locks that are waited for, and the eventfds.
fn add_locks_and_events(proc: &OwnedFd, waits: &mut Waits, hits: &[FoundHit]) {
    let (files, events) = looked_for(&waits.threads);
    if files.is_empty() && events.is_empty() {
        return;
    }
    let mut infos = Infos::new(proc);
    for (pid, hit) in hits {
        let Hit::Fd(open, _) = hit else { continue };
        if open.target != Target::Event && !files.contains(&(open.device, open.inode)) {
            continue;
        }
        let Some(info) = infos.read(*pid, open.fd) else { continue };
        if let Some(id) = info.event_id.filter(|id| events.contains(id)) {
            let having = waits.events.entry(id).or_default();
            if having.last() != Some(pid) {
                having.push(*pid);
            }
        }
        for lock in info.locks {
            // Some file systems number their devices in another way here than in stat.
            let lock = Lock { device: open.device, inode: open.inode, ..lock };
            match waits.locks.iter_mut().find(|held| held.lock == lock) {
                Some(held) if held.holders.contains(pid) => {}
                Some(held) => held.holders.push(*pid),
                None => waits.locks.push(HeldLock { lock, holders: vec![*pid], found: true }),
            }
        }
    }
    add_unseen_locks(&files, waits);
}

/// What hides descriptors.
#[derive(Default)]
struct Hidden {
    busy_ring: bool,
    in_flight: bool,
    refused: bool,
}

/// Looks through the sockets and `io_uring`s of all who may have some.
fn look_for_hidden(proc: &OwnedFd, waits: &Waits) -> Hidden {
    let mut hidden = Hidden::default();
    let (mut infos, mut fds) = (Infos::new(proc), FdReader::default());
    for pid in process::read_pids(proc).unwrap_or_default().into_iter().filter(|pid| may_hide(waits, *pid)) {
        let mut open = Vec::new();
        let mut look = |task: &str| {
            fds.read(proc, task, &mut |fd, _| {
                if matches!(fd.target, Target::Socket | Target::IoUring) {
                    open.push(fd);
                }
            })
        };
        let mut looked = look(&pid.to_string());
        if looked.as_ref().is_ok_and(|seen| *seen == 0)
            && let Some(task) = infos.other_task(pid)
        {
            looked = look(&task);
        }
        hidden.refused |= looked.is_err_and(|error| error.is_permission());
        for fd in open {
            let Some(info) = infos.read(pid, fd.fd) else { continue };
            hidden.busy_ring |= fd.target == Target::IoUring && info.is_busy_ring();
            hidden.in_flight |= info.in_flight.is_some_and(|fds| fds > 0);
        }
    }
    hidden
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
