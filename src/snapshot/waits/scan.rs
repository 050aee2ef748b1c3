//! One pass over all threads: who each is, and what it sleeps in. The pids are shared out among the cores.

use super::args::Decoder;
use super::{Look, On, Thread, Wait};
use crate::kernel::dirents::Dirents;
use crate::kernel::sched::{self, Ran};
use crate::kernel::syscall::{self, Doing};
use crate::kernel::{Result, process, sleep, threads};
use crate::snapshot::share::{among_cores, workers};
use rustc_hash::FxHashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Times that a thread is looked at again when it went on meanwhile.
const TRIES: usize = 3;

/// How often threads are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// What is found has to hold by itself.
    Once,
    /// [`again`] tells later of which it was true all the time.
    Twice,
}

/// Looks at all threads; at those of one process closely, so that also a sleep without an object has its length. Errors:
/// /proc cannot be listed.
pub(super) fn run(proc: &OwnedFd, closely: Option<u32>, looks: Looks) -> Result<Vec<Thread>> {
    let pids = process::read_pids(proc)?;
    let parts = among_cores(proc, &pids, |pids| {
        let mut worker = Worker::new(proc.as_fd(), closely, looks);
        pids.for_each(|pid| worker.process(pid));
        worker.found
    });
    let mut all: Vec<Asleep> = parts.into_iter().flatten().collect();
    all.sort_unstable_by_key(|asleep| (asleep.thread.pid, asleep.thread.tid()));
    Ok(with_lengths(all))
}

/// A thread, and when it fell asleep on the clock of which processor.
struct Asleep {
    thread: Thread,
    last_run: Option<(usize, f64)>,
}

/// For how long each has slept.
fn with_lengths(all: Vec<Asleep>) -> Vec<Thread> {
    let mut now: FxHashMap<usize, Option<f64>> = FxHashMap::default();
    let mut finish = |Asleep { mut thread, last_run }: Asleep| {
        if let Some((processor, last)) = last_run {
            let now = *now.entry(processor).or_insert_with(|| sched::now_on(processor));
            thread.since = now.map(|now| ((now - last) / 1000.0).max(0.0));
        }
        thread
    };
    all.into_iter().map(&mut finish).collect()
}

/// Looks at all again that wait for an object, when everything about the objects has been read: whether they still sleep in what
/// they slept in, and did so all the time.
pub(super) fn again(proc: &OwnedFd, threads: &mut [Thread]) {
    let mut waiting: Vec<&mut Thread> =
        threads.iter_mut().filter(|t| t.wait().is_some_and(|w| w.on.is_object())).collect();
    let share = waiting.len().div_ceil(workers(waiting.len())).max(1);
    std::thread::scope(|scope| {
        let mut parts = waiting.chunks_mut(share);
        let own = parts.next();
        for part in parts {
            scope.spawn(|| {
                threads::own_tables(Some(proc.as_fd()));
                Worker::new(proc.as_fd(), None, Looks::Once).again(part);
            });
        }
        Worker::new(proc.as_fd(), None, Looks::Once).again(own.unwrap_or_default());
    });
}

/// Whether all who could end a wait can be known, or usually are: of others it does not matter that they slept all the time.
fn may_be_closed(on: &On) -> bool {
    !matches!(on, On::MsgSend { .. } | On::MsgReceive { .. } | On::FifoOpen { .. } | On::Open { .. } | On::Futexes)
}

struct Worker<'a> {
    proc: BorrowedFd<'a>,
    closely: Option<u32>,
    looks: Looks,
    own: u32,
    dirents: Dirents,
    buffer: Vec<u8>,
    decoder: Decoder<'a>,
    found: Vec<Asleep>,
}

impl<'a> Worker<'a> {
    fn new(proc: BorrowedFd<'a>, closely: Option<u32>, looks: Looks) -> Self {
        let (dirents, decoder) = (Dirents::default(), Decoder::new(proc));
        Self {
            proc,
            closely,
            looks,
            own: std::process::id(),
            dirents,
            buffer: Vec::with_capacity(4096),
            decoder,
            found: Vec::new(),
        }
    }

    fn process(&mut self, pid: u32) {
        // One that ends meanwhile is passed over. The first thread tells how many there are.
        let Some(alone) = self.thread(pid, pid) else { return };
        if !alone {
            let threads = process::read_threads(self.proc, pid, &mut self.dirents).unwrap_or_default();
            for tid in threads.into_iter().filter(|tid| *tid != pid) {
                self.thread(pid, tid);
            }
        }
    }

    /// Looks at one thread; whether its process has no other ones. `None` if it is gone or no program's.
    fn thread(&mut self, pid: u32, tid: u32) -> Option<bool> {
        let path = task(pid, tid);
        let stat = process::read_task_stat(self.proc, &path, &mut self.buffer).ok().filter(|stat| !stat.kernel)?;
        let alone = stat.threads <= 1;
        let (stack, processor) = process::parse_stack_and_processor(&self.buffer);
        // A first thread may end before the others.
        let (look, ran) = match stat.is_ending() || matches!(stat.state, 'Z' | 'X' | 'x') {
            true => (Look::Ended, None),
            // This very process looks, whatever its threads do for that.
            false if pid == self.own => (Look::Runs, None),
            false => self.look(pid, &path),
        };
        let switches = ran.and_then(|ran| ran.switches);
        let last_run = processor.zip(ran.and_then(|ran| ran.last));
        let thread = Thread { pid, task: stat, stack, look, since: None, caught: None, switches, settled: false };
        self.found.push(Asleep { thread, last_run });
        Some(alone)
    }

    /// What a thread does, and how often it had run then. Both that and what the arguments of its call name are read between two
    /// looks at the call, both of the same.
    fn look(&mut self, pid: u32, path: &str) -> (Look, Option<Ran>) {
        for _ in 0..TRIES {
            let call = match syscall::read(self.proc, path, &mut self.buffer) {
                Ok(Doing::Calls(call)) => call,
                Ok(Doing::Runs) => return (Look::Runs, None),
                Ok(Doing::NoCall) => return (Look::NoCall, self.ran(pid, path, true)),
                Err(error) if error.is_absent() => return (Look::Ended, None),
                Err(_) => return (Look::Refused, self.ran(pid, path, true)),
            };
            // A thread of a 64-bit program may have its stack that low too; if its head cannot be read, nothing is guessed.
            if call.is_low() && process::is_32_bit(self.proc, pid).unwrap_or(true) {
                return (Look::Bits32, self.ran(pid, path, true));
            }
            let Some(sleep) = sleep::decode(&call) else {
                return (Look::Call(call.number), self.ran(pid, path, true));
            };
            let ran = self.ran(pid, path, sleep.on.is_harmless());
            let Some(wait) = self.decoder.decode(pid, path, &sleep) else { return (Look::Call(call.number), ran) };
            // What `again` compares has to be counted within that call, also where nothing was looked up.
            let compared = wait.on.is_object() && may_be_closed(&wait.on);
            if !points(&wait.on) && !compared {
                return (Look::Waits(wait), ran);
            }
            match syscall::read(self.proc, path, &mut self.buffer) {
                Ok(Doing::Calls(after)) if after == call => return (Look::Waits(wait), ran),
                _ => {}
            }
        }
        (Look::Moved, None)
    }

    /// When and how often a thread ran, where that will be compared, or is told of a process that is looked at closely.
    fn ran(&mut self, pid: u32, path: &str, harmless: bool) -> Option<Ran> {
        if self.looks == Looks::Once || harmless && self.closely != Some(pid) {
            return None;
        }
        let ran = sched::read(self.proc, path, &mut self.buffer).unwrap_or_default();
        if ran.switches.is_some() {
            return Some(ran);
        }
        let status = process::read_status(self.proc, path, &mut self.buffer).ok();
        Some(Ran { switches: status.map(|status| status.switches), ..ran })
    }

    fn again(&mut self, threads: &mut [&mut Thread]) {
        for thread in threads {
            let path = task(thread.pid, thread.tid());
            let Some((call, closed)) = thread.wait().map(|wait| (wait.call, may_be_closed(&wait.on))) else { continue };
            if closed {
                let status = process::read_status(self.proc, &path, &mut self.buffer).ok();
                thread.caught = status.map(|status| status.caught);
                thread.settled = status.is_some() && status.map(|status| status.switches) == thread.switches;
                if thread.settled {
                    continue;
                }
            }
            // It ran, or may have: it counts as waiting if it is in the same call, for whatever it is in there now.
            thread.look = match self.look(thread.pid, &path).0 {
                Look::Waits(wait) if wait.call == call && points(&wait.on) => Look::Waits(wait),
                Look::Waits(wait) if wait.call == call => continue,
                _ => Look::Moved,
            };
        }
    }
}

/// Where /proc has a thread; the shorter way for the first one of a process, which takes less time to look up.
fn task(pid: u32, tid: u32) -> String {
    if tid == pid { pid.to_string() } else { format!("{pid}/task/{tid}") }
}

/// Whether something had to be looked up to know what is waited for.
fn points(on: &On) -> bool {
    !matches!(on, On::Signal | On::Time | On::Vfork | On::Resumed | On::Child { .. } | On::MsgReceive { .. })
}

/// The wait of a thread, to be changed in place.
pub(super) fn wait_of(thread: &mut Thread) -> Option<&mut Wait> {
    match &mut thread.look {
        Look::Waits(wait) => Some(wait),
        _ => None,
    }
}
