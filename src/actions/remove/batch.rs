//! Many removals, one after the other: what comes next and what became of it is told, and between two of them it can be
//! ended.

use super::{Outcome, Plan, Policy, Refusal, Removal, Target};
use crate::actions::backup::Store;
use crate::actions::batch::{Go, Progress, Step, Tally};

/// Where backups go.
#[derive(Debug, Clone, Copy)]
pub enum Backups<'a> {
    /// None is kept.
    No,
    /// Into this store.
    In(&'a Store),
    /// They were to be kept, and there is no place for them: nothing is removed. This is why.
    Nowhere(&'a str),
}

/// Removes what is planned, in this order, and tells of each before and after. `told` is asked whether to go on each time.
/// A removal that was begun is brought to its end, which is never far: `backup.max_size` bounds what is copied, and 64 MiB of a
/// segment or 200,000 messages of a queue take a fraction of a second.
pub fn remove_all(
    plans: Vec<Plan>,
    policy: Policy,
    backups: Backups<'_>,
    told: &mut dyn FnMut(&Progress<'_, Removal, Outcome>) -> Go,
) -> Tally {
    let total = plans.len();
    let mut tally = Tally::default();
    for (done, (target, plan)) in plans.into_iter().enumerate() {
        let go = match &plan {
            Ok(removal) => told(&Progress { done, total, step: Step::Next(removal) }),
            Err(_) => Go::On,
        };
        if go == Go::Stop {
            tally.left = total - done;
            return tally;
        }
        let removed = plan.and_then(|removal| one(removal, &target, go, policy, backups));
        let step = match &removed {
            Ok((removal, outcome)) => Step::Done(removal, outcome),
            Err(refusal) => Step::Refused(refusal),
        };
        tally.done += usize::from(removed.is_ok());
        tally.refused += usize::from(removed.is_err());
        if told(&Progress { done, total, step }) == Go::Stop {
            tally.left = total - done - 1;
            return tally;
        }
    }
    tally
}

fn one(
    mut removal: Removal,
    target: &Target,
    go: Go,
    policy: Policy,
    backups: Backups<'_>,
) -> Result<(Removal, Outcome), Refusal> {
    match go {
        Go::Skip => return Err(Refusal::NotConfirmed { what: removal.address }),
        Go::Again => removal = removal.again(target)?,
        Go::On | Go::Stop => {}
    }
    let outcome = removal.run_with(policy, backups)?;
    Ok((removal, outcome))
}

impl Removal {
    fn run_with(&self, policy: Policy, backups: Backups<'_>) -> Result<Outcome, Refusal> {
        let why = match backups {
            Backups::No => return self.run(policy, None),
            Backups::In(store) => return self.run(policy, Some(store)),
            Backups::Nowhere(why) => why,
        };
        // Who may not remove it at all is told that first.
        self.check(policy)?;
        let why = format!("no backup can be kept: {why}; nothing was removed; --no-backup removes it without");
        Err(Refusal::Failed { what: self.address.clone(), why })
    }
}
