//! One pass over all threads: who each is, and what it sleeps in. The pids are shared out among the cores.

use super::args::Decoder;
use super::{Look, On, Thread, Wait};
use crate::kernel::dirents::Dirents;
use crate::kernel::syscall::{self, Doing};
use crate::kernel::{Result, process, sched, sleep, threads};
use rustc_hash::FxHashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Times that a thread is looked at again when it went on meanwhile.
const TRIES: usize = 3;

/// Looks at all threads; at those of one process closely, so that also a sleep without an object has its length. Errors:
/// /proc cannot be listed.
pub(super) fn run(proc: &OwnedFd, closely: Option<u32>) -> Result<Vec<Thread>> {
    let pids = process::read_pids(proc)?;
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = cores.min(pids.len() / 48 + 1).min(8);
    let work = || {
        let mut worker = Worker::new(proc.as_fd(), closely);
        while let Some(pid) = pids.get(next.fetch_add(1, Ordering::Relaxed)) {
            worker.process(*pid);
        }
        worker.found
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers)
            .map(|_| {
                scope.spawn(|| {
                    threads::own_tables(Some(proc.as_fd()));
                    work()
                })
            })
            .collect();
        let mut all = work();
        others.into_iter().filter_map(|other| other.join().ok()).for_each(|part| all.extend(part));
        all
    });
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

/// Looks at one thread again: whether it still sleeps in what it slept in, and did so all the time.
pub(super) fn again(proc: &OwnedFd, thread: &mut Thread, buffer: &mut Vec<u8>) {
    // Of what anybody can wake it does not matter that it slept all the time.
    if thread.wait().is_some_and(|wait| !may_be_closed(&wait.on)) {
        if !still(proc, thread, buffer) {
            thread.look = Look::Moved;
        }
        return;
    }
    let switches = sched::read(proc, thread.pid, thread.tid(), buffer).ok().and_then(|ran| ran.switches);
    thread.settled = switches.is_some() && switches == thread.switches;
    if !thread.settled && !still(proc, thread, buffer) {
        thread.look = Look::Moved;
    }
}

/// Whether all who could end a wait can be known, or usually are.
fn may_be_closed(on: &On) -> bool {
    !matches!(on, On::MsgSend { .. } | On::MsgReceive { .. } | On::FifoOpen { .. } | On::Open { .. } | On::Futexes)
}

fn still(proc: &OwnedFd, thread: &Thread, buffer: &mut Vec<u8>) -> bool {
    let Look::Waits(wait) = &thread.look else { return true };
    match syscall::read(proc, thread.pid, thread.tid(), buffer) {
        Ok(Doing::Calls(call)) => sleep::decode(&call).is_some_and(|sleep| sleep.name == wait.call),
        // Refused now and not before: it is ending, or became another program.
        Ok(_) | Err(_) => false,
    }
}

struct Worker<'a> {
    proc: BorrowedFd<'a>,
    closely: Option<u32>,
    dirents: Dirents,
    buffer: Vec<u8>,
    decoder: Decoder<'a>,
    found: Vec<Asleep>,
}

impl<'a> Worker<'a> {
    fn new(proc: BorrowedFd<'a>, closely: Option<u32>) -> Self {
        let (dirents, decoder) = (Dirents::default(), Decoder::new(proc));
        Self { proc, closely, dirents, buffer: Vec::with_capacity(4096), decoder, found: Vec::new() }
    }

    fn process(&mut self, pid: u32) {
        // One that ends meanwhile is passed over.
        let Ok(threads) = process::read_threads(self.proc, pid, &mut self.dirents) else { return };
        let mut caught = None;
        for tid in threads {
            let Ok(task) = process::read_thread_stat(self.proc, pid, tid, &mut self.buffer) else { continue };
            if task.kernel {
                return;
            }
            let processor = process::parse_processor(&self.buffer);
            // A first thread may end before the others.
            let look = match task.is_ending() || matches!(task.state, 'Z' | 'X' | 'x') {
                true => Look::Ended,
                // This very process looks, whatever its threads do for that.
                false if pid == std::process::id() => Look::Runs,
                false => self.look(pid, tid),
            };
            let object = matches!(&look, Look::Waits(wait) if is_of_object(&wait.on));
            let closed = matches!(&look, Look::Waits(wait) if may_be_closed(&wait.on));
            if object && closed && caught.is_none() {
                caught = process::read_caught(self.proc, pid, &mut self.buffer).ok();
            }
            let asleep = !matches!(look, Look::Runs | Look::Ended | Look::Moved);
            let mut switches = None;
            let last_run = if asleep && (object || self.closely == Some(pid)) {
                let ran = sched::read(self.proc, pid, tid, &mut self.buffer).ok();
                switches = ran.and_then(|ran| ran.switches);
                processor.zip(ran.and_then(|ran| ran.last))
            } else {
                None
            };
            let thread = Thread { pid, task, look, since: None, caught, switches, settled: false };
            self.found.push(Asleep { thread, last_run });
        }
    }

    fn look(&mut self, pid: u32, tid: u32) -> Look {
        for _ in 0..TRIES {
            let call = match syscall::read(self.proc, pid, tid, &mut self.buffer) {
                Ok(Doing::Calls(call)) => call,
                Ok(Doing::Runs) => return Look::Runs,
                Ok(Doing::NoCall) => return Look::NoCall,
                Err(error) if error.is_absent() => return Look::Ended,
                Err(_) => return Look::Refused,
            };
            // A thread of a 64-bit program may have its stack that low too; if its head cannot be read, nothing is guessed.
            if call.is_low() && process::is_32_bit(self.proc, pid).unwrap_or(true) {
                return Look::Bits32;
            }
            let Some(sleep) = sleep::decode(&call) else { return Look::Call(call.number) };
            let Some(wait) = self.decoder.decode(pid, tid, &sleep) else { return Look::Call(call.number) };
            if !points(&wait.on) {
                return Look::Waits(wait);
            }
            // What its arguments name was true then only if the call is the same now.
            match syscall::read(self.proc, pid, tid, &mut self.buffer) {
                Ok(Doing::Calls(after)) if after == call => return Look::Waits(wait),
                _ => {}
            }
        }
        Look::Moved
    }
}

/// Whether something had to be looked up to know what is waited for.
fn points(on: &On) -> bool {
    !matches!(on, On::Signal | On::Time | On::Vfork | On::Resumed | On::Child { .. } | On::MsgReceive { .. })
}

/// Whether it waits for an object, not just for time or a signal.
fn is_of_object(on: &On) -> bool {
    !matches!(on, On::Signal | On::SignalOf(_) | On::Time | On::Resumed)
}

/// The wait of a thread, to be changed in place.
pub(super) fn wait_of(thread: &mut Thread) -> Option<&mut Wait> {
    match &mut thread.look {
        Look::Waits(wait) => Some(wait),
        _ => None,
    }
}
