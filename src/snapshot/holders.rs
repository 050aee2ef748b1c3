//! Who holds what: a flat table, grouped by object once all is collected. A busy machine has more than 100,000 rows.

use crate::model::{Holder, Role};
use rustc_hash::FxHashSet;

/// Rows as they are found.
#[derive(Debug, Default)]
pub(super) struct HolderRows(Vec<(u32, Holder)>);

impl HolderRows {
    /// A live process that has an object open, mapped, …
    pub(super) fn add(&mut self, object: u32, pid: u32, role: Role, fd: Option<u32>) {
        self.0.push((object, Holder { pid, role, fd, access: None, alive: true, threads: None }));
    }

    /// Any row.
    pub(super) fn push(&mut self, object: u32, holder: Holder) {
        self.0.push((object, holder));
    }

    /// The objects that have any.
    pub(super) fn places(&self) -> FxHashSet<u32> {
        self.0.iter().map(|(place, _)| *place).collect()
    }

    /// The rows of some roles: object, process, role.
    pub(super) fn roles(&self, wanted: impl Fn(Role) -> bool) -> FxHashSet<(u32, u32, Role)> {
        self.0.iter().map(|(place, h)| (*place, h.pid, h.role)).filter(|(.., role)| wanted(*role)).collect()
    }

    /// The pids that occur, each once.
    pub(super) fn live_pids(&self) -> Vec<u32> {
        let mut pids: Vec<u32> = self.0.iter().filter(|(_, h)| h.alive).map(|(_, h)| h.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// Sorts the rows by object and pid.
    pub(super) fn group(mut self, objects: usize) -> Holders {
        self.0.sort_unstable();
        self.0.dedup();
        let mut starts = Vec::with_capacity(objects + 1);
        let mut rows = Vec::with_capacity(self.0.len());
        let mut all = self.0.into_iter().peekable();
        for object in 0..objects as u32 {
            starts.push(rows.len() as u32);
            while let Some((_, holder)) = all.next_if(|(of, _)| *of == object) {
                rows.push(holder);
            }
        }
        starts.push(rows.len() as u32);
        Holders { starts, rows }
    }
}

/// Rows grouped by object.
#[derive(Debug, Default)]
pub(super) struct Holders {
    starts: Vec<u32>,
    rows: Vec<Holder>,
}

impl Holders {
    /// The rows of one object.
    pub(super) fn of(&self, object: usize) -> &[Holder] {
        match self.starts.get(object..object + 2) {
            Some([start, end]) => &self.rows[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_by_object_and_pid() {
        let mut rows = HolderRows::default();
        rows.add(2, 9, Role::Open, Some(1));
        rows.add(0, 5, Role::Reader, Some(3));
        rows.add(2, 1, Role::Open, None);
        rows.add(2, 1, Role::Open, None);
        assert_eq!(rows.live_pids(), [1, 5, 9]);
        let holders = rows.group(4);
        let pids = |object| holders.of(object).iter().map(|h| h.pid).collect::<Vec<_>>();
        assert_eq!([pids(0), pids(1), pids(2), pids(3), pids(4)], [vec![5], vec![], vec![1, 9], vec![], vec![]]);
    }
}
