//! One pass over all threads: who each is, and what it sleeps in. The pids are shared out among the cores.

use super::args::Decoder;
use super::{Look, Thread, Wait};
use crate::kernel::dirents::Dirents;
use crate::kernel::sched::{self, Ran};
use crate::kernel::syscall::{self, Call, Doing};
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
    let mut processors: Vec<usize> = all.iter().filter_map(|asleep| Some(asleep.last_run?.0)).collect();
    processors.sort_unstable();
    processors.dedup();
    let now: FxHashMap<usize, Option<f64>> = match &processors[..] {
        [] => FxHashMap::default(),
        all => all.iter().copied().zip(sched::now_on(all)).collect(),
    };
    let since = |(processor, last): (usize, f64)| Some(((now.get(&processor)?.as_ref()? - last) / 1000.0).max(0.0));
    all.into_iter().map(|Asleep { thread, last_run }| Thread { since: last_run.and_then(since), ..thread }).collect()
}

/// Looks at all again that wait for an object, when everything about the objects has been read: whether they still sleep in what
/// they slept in; and those that `may_be_stuck`, by place, whether they did so all the time.
pub(super) fn again(proc: &OwnedFd, threads: &mut [Thread], may_be_stuck: &[bool]) {
    let waits = |thread: &Thread| thread.wait().is_some_and(|wait| wait.on.is_object());
    let mut waiting: Vec<(&mut Thread, bool)> =
        threads.iter_mut().zip(may_be_stuck.iter().copied()).filter(|(thread, _)| waits(thread)).collect();
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
        let seen = match stat.is_ending() || matches!(stat.state, 'Z' | 'X' | 'x') {
            true => Seen::of(Look::Ended),
            // This very process looks, whatever its threads do for that.
            false if pid == self.own => Seen::of(Look::Runs),
            false => self.look(pid, &path),
        };
        let Seen { look, in_call, ran } = seen;
        let (caught, settled) = (None, false);
        let thread =
            Thread { pid, task: stat, stack, look, in_call, since: None, caught, switches: ran.switches, settled };
        self.found.push(Asleep { thread, last_run: processor.zip(ran.last) });
        Some(alone)
    }

    /// What a thread does, and how often it had run then. What the arguments of its call name may be something else by the
    /// time that it is read: what lies in its memory is read between two looks at the call, both of the same. Of mere
    /// numbers [`again`] tells it later, where there is a second look.
    fn look(&mut self, pid: u32, path: &str) -> Seen {
        for _ in 0..TRIES {
            let call = match syscall::read(self.proc, path, &mut self.buffer) {
                Ok(Doing::Calls(call)) => call,
                Ok(Doing::Runs) => return Seen::of(Look::Runs),
                Ok(Doing::NoCall) => return self.without_object(pid, path, Look::NoCall),
                Err(error) if error.is_absent() => return Seen::of(Look::Ended),
                Err(_) => return self.without_object(pid, path, Look::Refused),
            };
            // A thread of a 64-bit program may have its stack that low too; if its head cannot be read, nothing is guessed.
            if call.is_low() && process::is_32_bit(self.proc, pid).unwrap_or(true) {
                return self.without_object(pid, path, Look::Bits32);
            }
            let Some(sleep) = sleep::decode(&call) else {
                return self.without_object(pid, path, Look::Call(call.number));
            };
            let ran = self.ran(pid, path, sleep.on.is_harmless());
            let Some(wait) = self.decoder.decode(pid, path, &sleep) else {
                return Seen { ran, ..Seen::of(Look::Call(call.number)) };
            };
            let seen = Seen { look: Look::Waits(wait), in_call: Some(call), ran };
            let compared_later = self.looks == Looks::Twice && !sleep.on.is_in_memory();
            if compared_later || sleep.on.is_told() {
                return seen;
            }
            match syscall::read(self.proc, path, &mut self.buffer) {
                Ok(Doing::Calls(after)) if after == call => return seen,
                _ => {}
            }
        }
        Seen::of(Look::Moved)
    }

    fn without_object(&mut self, pid: u32, path: &str, look: Look) -> Seen {
        Seen { ran: self.ran(pid, path, true), ..Seen::of(look) }
    }

    /// When and how often a thread ran, where that will be compared, or is told of a process that is looked at closely.
    fn ran(&mut self, pid: u32, path: &str, harmless: bool) -> Ran {
        if self.looks == Looks::Once || harmless && self.closely != Some(pid) {
            return Ran::default();
        }
        let ran = sched::read(self.proc, path, &mut self.buffer).unwrap_or_default();
        if ran.switches.is_some() {
            return ran;
        }
        let status = process::read_status(self.proc, path, &mut self.buffer).ok();
        Ran { switches: status.map(|status| status.switches), ..ran }
    }

    fn again(&mut self, threads: &mut [(&mut Thread, bool)]) {
        for (thread, may_be_stuck) in threads {
            let path = task(thread.pid, thread.tid());
            let now = syscall::read(self.proc, &path, &mut self.buffer);
            let same = matches!(now, Ok(Doing::Calls(now)) if Some(now) == thread.in_call);
            if same && *may_be_stuck {
                // It was in that call between the two counts: if they are the same, it did not run between them.
                let status = process::read_status(self.proc, &path, &mut self.buffer).ok();
                thread.caught = status.map(|status| status.caught);
                thread.settled = status.is_some() && status.map(|status| status.switches) == thread.switches;
            }
            if same && (thread.settled || !*may_be_stuck) {
                continue;
            }
            // It ran, or may have: it counts as waiting if it is in a call of that name, for whatever it is in there now.
            let call = thread.wait().map(|wait| wait.call);
            thread.since = thread.since.filter(|_| same);
            thread.look = match self.look(thread.pid, &path).look {
                Look::Waits(wait) if Some(wait.call) == call => Look::Waits(wait),
                _ => Look::Moved,
            };
        }
    }
}

/// What one look at a thread shows.
struct Seen {
    look: Look,
    in_call: Option<Call>,
    ran: Ran,
}

impl Seen {
    fn of(look: Look) -> Self {
        Self { look, in_call: None, ran: Ran::default() }
    }
}

/// Where /proc has a thread; the shorter way for the first one of a process, which takes less time to look up.
fn task(pid: u32, tid: u32) -> String {
    if tid == pid { pid.to_string() } else { format!("{pid}/task/{tid}") }
}

/// The wait of a thread, to be changed in place.
pub(super) fn wait_of(thread: &mut Thread) -> Option<&mut Wait> {
    match &mut thread.look {
        Look::Waits(wait) => Some(wait),
        _ => None,
    }
}
