//! The processes of a picture, and how old the oldest of each user is.

use crate::model::Process;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Processes by pid.
#[derive(Debug, Default)]
pub(super) struct Processes {
    by_pid: BTreeMap<u32, Process>,
    /// For each uid that a living process has as any of its four: start ticks and pid of the oldest.
    oldest: FxHashMap<u32, (u64, u32)>,
}

impl Processes {
    pub(super) fn get(&self, pid: u32) -> Option<&Process> {
        self.by_pid.get(&pid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Process> {
        self.by_pid.values()
    }

    pub(super) fn insert(&mut self, process: Process) {
        let counts = !process.kernel && process.is_alive() && process.pid != std::process::id();
        for uid in process.uids.iter().flatten().filter(|_| counts) {
            let age = (process.start_ticks, process.pid);
            self.oldest.entry(*uid).and_modify(|oldest| *oldest = age.min(*oldest)).or_insert(age);
        }
        self.by_pid.insert(process.pid, process);
    }

    /// The oldest process of a user, if its start passes.
    pub(super) fn oldest_of(&self, uid: u32, passes: impl Fn(u64) -> bool) -> Option<&Process> {
        self.oldest.get(&uid).filter(|(ticks, _)| passes(*ticks)).and_then(|(_, pid)| self.get(*pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, start_ticks: u64, uids: [u32; 4]) -> Process {
        Process {
            pid,
            ppid: 1,
            start_ticks,
            state: 'S',
            threads: 1,
            kernel: false,
            exiting: false,
            comm: [].into(),
            cmdline: None,
            uids: Some(uids),
        }
    }

    #[test]
    fn the_oldest_counts_under_each_of_its_uids() {
        let mut processes = Processes::default();
        processes.insert(process(900_001, 50, [7, 8, 7, 7]));
        processes.insert(process(900_002, 20, [7, 7, 7, 7]));
        processes.insert(Process { kernel: true, ..process(900_003, 1, [7, 7, 7, 7]) });
        processes.insert(Process { state: 'Z', ..process(900_004, 1, [7, 7, 7, 7]) });
        processes.insert(process(std::process::id(), 1, [7, 7, 7, 7]));
        let oldest = |uid| processes.oldest_of(uid, |_| true).map(|p| p.pid);
        assert_eq!((oldest(7), oldest(8), oldest(9)), (Some(900_002), Some(900_001), None));
        assert!(processes.oldest_of(7, |ticks| ticks < 20).is_none());
    }
}
