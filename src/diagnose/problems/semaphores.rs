//! Semaphore sets that somebody waits on although nobody is left who could give back what was taken.
//!
//! The kernel records who operated last on each semaphore. When a waiter gets what it waited for it is recorded itself,
//! so that a consumer whose producer has left waits behind its own pid; who waits behind a dead one waits for something
//! that the dead has taken.

use super::words::{address, count};
use super::{Action, Class, Problem, Severity, Subject};
use crate::model::{Role, SemSet};

pub(super) fn problem(set: Subject<'_>, attributes: &SemSet) -> Option<Problem> {
    // SETVAL leaves a pid too: a set that was only set up waits for its first use.
    attributes.times.operated?;
    let values = attributes.values.as_deref()?;
    let is_dead = |pid: u32| set.records().any(|(of, alive)| of == pid && !alive);
    let waiting = |semaphore: &crate::model::Semaphore| {
        u64::from(semaphore.waiting_increase) + u64::from(semaphore.waiting_zero.unwrap_or(0))
    };
    let (index, semaphore, last) = values.iter().enumerate().find_map(|(index, semaphore)| {
        let last = semaphore.last_pid.filter(|pid| is_dead(*pid))?;
        (waiting(semaphore) > 0).then_some((index, semaphore, last))
    })?;
    let waiters = set.who(|role| role == Role::WaitingSemaphore);
    // Any other who has operated on the set and lives may know what to do.
    if set.records().any(|(pid, alive)| alive && !waiters.pids().contains(&pid)) {
        return None;
    }
    let who = match waiters.first() {
        Some(_) => format!("{waiters} {} on it", waiters.verb("waits", "wait")),
        None => format!("the kernel counts {} waiting on it", count(waiting(semaphore), "task")),
    };
    let value = semaphore.value;
    let reason = format!(
        "{who}; semaphore {index} is at {value}, pid {last}, which operated on it last, is gone, and so is everybody else \
         who did"
    );
    let words = format!(
        "`ipcx set {} --value {index}={}` gives it back, once what it guards is known to be sound",
        address(set),
        value.saturating_add(1)
    );
    Some(set.problem_of(Class::Blocked, Severity::Severe, reason, Action::Show, words))
}

impl Subject<'_> {
    /// The recorded operators, and whether each lives.
    fn records(self) -> impl Iterator<Item = (u32, bool)> {
        let records = self.holders.iter().filter(|holder| holder.role == Role::LastOperator);
        records.map(|holder| (holder.pid, holder.alive))
    }
}
