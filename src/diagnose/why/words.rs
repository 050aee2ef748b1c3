//! Words for processes and objects; whatever comes from the kernel is escaped.

use super::{Member, Waker};
use crate::model::{Body, Holder, Identity, Kind, Role, Signals, escape};
use crate::snapshot::Snapshot;
use crate::snapshot::waits::{On, Thread, Waits};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Most processes that are named as those who could wake one thread: a pipe that thousands inherited has as many, and one is
/// enough.
const MOST: usize = 16;

/// The facts, and how to call them.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) waits: &'a Waits,
    pub(super) index: &'a Index,
}

/// What is looked up once for all threads: thousands may wait for one thing, which thousands have.
#[derive(Default)]
pub(super) struct Index {
    /// Who has which ends of a pipe.
    ends: RefCell<FxHashMap<(Identity, &'static [Role]), Having>>,
    /// Processes that sleep in doing something with an object, in order.
    asleep: FxHashMap<(Identity, Does), Vec<u32>>,
    /// Children of each process, in order.
    children: FxHashMap<u32, Vec<u32>>,
    /// Sockets that have the one of an inode for their peer, by picture and place.
    senders: FxHashMap<u64, Vec<(usize, usize)>>,
    /// The processes whose threads were looked at.
    processes: FxHashMap<u32, Known>,
}

/// What is told of a process wherever it is named.
struct Known {
    comm: Arc<[u8]>,
    /// A thread of it is stopped, by a signal or a debugger.
    stopped: bool,
}

/// What somebody sleeps in, where another one may sleep in the opposite.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Does {
    /// Sending to a System V queue.
    Sends,
    /// Receiving from one.
    Receives,
    /// Opening the read end of a FIFO.
    OpensToRead,
    /// Opening its write end.
    OpensToWrite,
}

impl Index {
    /// Goes once through threads and objects.
    pub(super) fn new(waits: &Waits) -> Self {
        let mut index = Self::default();
        for threads in waits.threads.chunk_by(|one, other| one.pid == other.pid) {
            let pid = threads[0].pid;
            let main = threads.iter().find(|thread| thread.tid() == pid).unwrap_or(&threads[0]);
            let known = Known { comm: (*main.task.comm).into(), stopped: threads.iter().any(Thread::is_stopped) };
            index.processes.insert(pid, known);
        }
        for thread in &waits.threads {
            if thread.tid() == thread.pid {
                index.children.entry(thread.task.ppid).or_default().push(thread.pid);
            }
            let does = match thread.wait().map(|wait| &wait.on) {
                Some(On::MsgSend { queue, .. }) => (*queue, Does::Sends),
                Some(On::MsgReceive { queue, .. }) => (*queue, Does::Receives),
                Some(On::FifoOpen { identity, reads: true, .. }) => (*identity, Does::OpensToRead),
                Some(On::FifoOpen { identity, .. }) => (*identity, Does::OpensToWrite),
                _ => continue,
            };
            let pids = index.asleep.entry(does).or_default();
            if pids.last() != Some(&thread.pid) {
                pids.push(thread.pid);
            }
        }
        for (number, picture) in waits.pictures.iter().enumerate() {
            for (place, object) in picture.objects.iter().enumerate() {
                if let Body::Socket(socket) = &object.body
                    && let Some(peer) = socket.peer
                {
                    index.senders.entry(peer).or_default().push((number, place));
                }
            }
        }
        index
    }
}

/// Processes that have an end, also as members of a group.
#[derive(Clone)]
pub(super) struct Having {
    pub(super) pids: Rc<[u32]>,
    pub(super) members: Rc<[Member]>,
}

impl<'a> Words<'a> {
    pub(super) const fn new(waits: &'a Waits, index: &'a Index) -> Self {
        Self { waits, index }
    }

    /// Processes that sleep in doing something with an object.
    pub(super) fn asleep(self, object: Identity, does: Does) -> &'a [u32] {
        self.index.asleep.get(&(object, does)).map_or(&[], Vec::as_slice)
    }

    /// The children of a process.
    pub(super) fn children(self, pid: u32) -> &'a [u32] {
        self.index.children.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// Sockets that have the one of this inode for their peer: their picture, and their place there.
    pub(super) fn senders(self, inode: u64) -> impl Iterator<Item = (&'a Snapshot, usize)> {
        let places = self.index.senders.get(&inode).into_iter().flatten();
        places.map(move |(picture, place)| (&self.waits.pictures[*picture], *place))
    }

    /// Who has a pipe in one of these roles; `None` if no picture shows it.
    pub(super) fn ends(self, pipe: Identity, roles: &'static [Role]) -> Option<Having> {
        if let Some(known) = self.index.ends.borrow().get(&(pipe, roles)) {
            return Some(known.clone());
        }
        let (picture, place) = self.waits.find(pipe)?;
        let pids: Rc<[u32]> = self.holders(picture, place, roles).into();
        let shared = Having { members: pids.iter().map(|pid| (*pid, None)).collect(), pids };
        self.index.ends.borrow_mut().insert((pipe, roles), shared.clone());
        Some(shared)
    }

    /// Name of a process, where it is known.
    fn comm(self, pid: u32) -> Option<Arc<[u8]>> {
        let known = self.index.processes.get(&pid).map(|known| known.comm.clone());
        known.or_else(|| self.waits.pictures.iter().find_map(|picture| Some((*picture.process(pid)?.comm).into())))
    }

    /// `pid 812 (orders)`.
    pub(super) fn who(self, pid: u32) -> String {
        match self.comm(pid) {
            Some(comm) => format!("pid {pid} ({})", escape(&comm)),
            None => format!("pid {pid}"),
        }
    }

    /// Somebody who could wake; `None` for pid 0, which is nobody that can be seen.
    pub(super) fn waker(self, pid: u32, tid: Option<u32>, how: &str, certain: bool) -> Option<Waker> {
        self.named_waker(pid, tid, &how.into(), certain)
    }

    fn named_waker(self, pid: u32, tid: Option<u32>, how: &Arc<str>, certain: bool) -> Option<Waker> {
        let comm = self.comm(pid).unwrap_or_default();
        let how = if self.is_stopped(pid) { format!("{how}; it is stopped").into() } else { how.clone() };
        (pid != 0).then_some(Waker { pid, tid, comm, how, certain })
    }

    /// Whether a process is stopped, by a signal or a debugger.
    fn is_stopped(self, pid: u32) -> bool {
        self.index.processes.get(&pid).is_some_and(|known| known.stopped)
    }

    /// That all who could wake a thread are stopped, if they are: it is what to mend.
    pub(super) fn stopped(self, wakers: &[Waker]) -> Option<String> {
        let mut pids: Vec<u32> = wakers.iter().map(|waker| waker.pid).collect();
        pids.dedup();
        let all = !pids.is_empty() && pids.iter().all(|pid| self.is_stopped(*pid));
        let (verb, goes) = if pids.len() == 1 { ("is", "goes") } else { ("are", "go") };
        all.then(|| format!("{} {verb} stopped, and {goes} on with SIGCONT", list(self, &pids)))
    }

    /// Who has an object in one of these roles, each process once; not the one that looks.
    pub(super) fn holders(self, picture: &'a Snapshot, place: usize, roles: &[Role]) -> Vec<u32> {
        let holds = |holder: &&Holder| holder.alive && holder.pid != self.waits.own && roles.contains(&holder.role);
        let mut pids: Vec<u32> = picture.holders(place).iter().filter(holds).map(|holder| holder.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Whether the process that looks has a pipe in one of these roles.
    pub(super) fn is_ours(self, pipe: Identity, roles: &[Role]) -> bool {
        self.waits.find(pipe).is_some_and(|(picture, place)| {
            picture.holders(place).iter().any(|holder| holder.pid == self.waits.own && roles.contains(&holder.role))
        })
    }

    /// Wakers out of these processes, without the thread's own if that has no other thread.
    pub(super) fn wakers(self, thread: &Thread, pids: &[u32], how: &str, certain: bool) -> Vec<Waker> {
        let alone = self.waits.living(thread.pid) < 2;
        let own = self.waits.own;
        let others = pids.iter().filter(|pid| **pid != own && !(alone && **pid == thread.pid));
        let how = how.into();
        others.take(MOST).filter_map(|pid| self.named_waker(*pid, None, &how, certain)).collect()
    }

    /// An object's address, also where no picture has it.
    pub(super) fn address(self, identity: Identity) -> String {
        if let Some((picture, place)) = self.waits.find(identity) {
            return picture.address(place).to_string();
        }
        match identity {
            Identity::SysV { kind: Kind::Queue, id, .. } => format!("queue:{id}"),
            Identity::SysV { kind: Kind::Shm, id, .. } => format!("shm:{id}"),
            Identity::SysV { id, .. } => format!("sem:{id}"),
            Identity::Socket { inode, .. } => format!("socket:[{inode}]"),
            Identity::File { inode, .. } => format!("pipe:[{inode}]"),
        }
    }

    /// ", in another IPC namespace" for an object that is not of the caller's.
    pub(super) fn elsewhere(self, identity: Identity) -> &'static str {
        let own = self.waits.pictures.first().and_then(|picture| picture.namespaces.ipc);
        match identity {
            Identity::SysV { namespace, .. } if own.is_some_and(|own| own != namespace) => " of another IPC namespace",
            _ => "",
        }
    }
}

/// A list of processes: "pid 1 (a), pid 2 (b) and 3 others".
pub(super) fn list(words: Words<'_>, pids: &[u32]) -> String {
    let shown: Vec<String> = pids.iter().take(3).map(|pid| words.who(*pid)).collect();
    match pids.len().saturating_sub(3) {
        0 => shown.join(", "),
        1 => format!("{} and 1 other", shown.join(", ")),
        more => format!("{} and {more} others", shown.join(", ")),
    }
}

/// The same with its verb: "pid 1 (a) has", "pid 1 (a), pid 2 (b) have".
pub(super) fn have(words: Words<'_>, pids: &[u32]) -> String {
    format!("{} {}", list(words, pids), if pids.len() == 1 { "has" } else { "have" })
}

/// A set of signals by name, signal 1 in bit 0.
pub(super) fn signals(set: Option<u64>) -> String {
    let Some(set) = set else { return "one of some signals".to_owned() };
    let names: Vec<String> = (1..=64).filter(|n| set >> (n - 1) & 1 == 1).map(signal).collect();
    match names.len() {
        0 => "signals, but names none".to_owned(),
        1 => format!("signal {}", names[0]),
        2..=8 => format!("one of the signals {}", names.join(", ")),
        many => format!("one of {many} signals"),
    }
}

fn signal(number: i32) -> String {
    Signals::new(34..=64).by_number(number).map_or_else(|| number.to_string(), |signal| signal.name)
}

/// "1 message", "2 messages".
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
