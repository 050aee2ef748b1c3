//! Looking into many processes on all cores: the pids are shared out one by one, since one process may take as long as a
//! hundred others.

use crate::kernel::threads;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many threads are worth their start for so many processes: each costs more than looking into a few dozen of them.
pub(super) fn workers(processes: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.min(processes / 48 + 1).min(8)
}

/// Runs `work` on as many threads, each with those pids that it gets to; what each has found. `proc` is the one descriptor
/// that they may use.
pub(super) fn among_cores<T: Send>(
    proc: &OwnedFd,
    pids: &[u32],
    work: impl Fn(&mut dyn Iterator<Item = u32>) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let part = || work(&mut std::iter::from_fn(|| pids.get(next.fetch_add(1, Ordering::Relaxed)).copied()));
    std::thread::scope(|scope| {
        let other = || {
            threads::own_tables(Some(proc.as_fd()));
            part()
        };
        let others: Vec<_> = (1..workers(pids.len())).map(|_| scope.spawn(other)).collect();
        let own = part();
        // A part that is missing would be processes that nobody has looked into, which no verdict would know of.
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(own).chain(others).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pid_is_looked_at_once() {
        let proc = crate::kernel::file::open_directory("/proc").unwrap_or_else(|error| panic!("{error}"));
        let pids: Vec<u32> = (1..=1000).collect();
        let parts = among_cores(&proc, &pids, |pids| pids.collect::<Vec<u32>>());
        assert_eq!(parts.len(), workers(1000));
        let mut all = parts.concat();
        all.sort_unstable();
        assert_eq!(all, pids);
        assert_eq!(workers(0), 1);
    }
}
