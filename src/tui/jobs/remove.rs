//! Removes objects, one after the other.
//!
//! They are looked for anew, by what identifies them, before the first goes: between the dialog and its button somebody may
//! have come to use one, or have put another in its place.

use super::{Ended, Keeping, Report, Teller};
use crate::actions::{Backups, Go, Policy, Step, Tally, Target, plan_removals, remove_all};
use crate::tui::app::Severity;

/// What is to be removed.
#[derive(Debug)]
pub struct Removals {
    /// What nobody used when it was confirmed; what is used by now stays.
    pub free: Vec<Target>,
    /// What was in use, and was confirmed all the same.
    pub used: Vec<Target>,
    /// What is allowed.
    pub policy: Policy,
    /// Where backups go; `None` for no backup.
    pub keeping: Option<Keeping>,
}

impl Removals {
    pub(super) fn run(self, teller: &Teller) -> Ended {
        let store = self.keeping.as_ref().map(Keeping::open);
        let backups = match &store {
            None => Backups::No,
            Some(Ok(store)) => Backups::In(store),
            Some(Err(why)) => Backups::Nowhere(why),
        };
        let total = self.free.len() + self.used.len();
        let mut sum = Tally::default();
        for (targets, force) in [(&self.free, false), (&self.used, true)] {
            let before = sum.done + sum.refused + sum.left;
            let policy = Policy { force, ..self.policy };
            let part = remove(targets, policy, backups, (before, total), teller);
            sum.done += part.done;
            sum.refused += part.refused;
            sum.left += part.left;
        }
        Ended { summary: summary(&sum, "removed"), ..Ended::default() }
    }
}

fn remove(
    targets: &[Target],
    policy: Policy,
    backups: Backups<'_>,
    (before, total): (usize, usize),
    teller: &Teller,
) -> Tally {
    if targets.is_empty() || teller.cancelled() {
        return Tally { left: targets.len(), ..Tally::default() };
    }
    let plans = match plan_removals(targets) {
        Ok(plans) => plans,
        Err(error) => {
            teller.say(Severity::Error, error.to_string());
            return Tally { refused: targets.len(), ..Tally::default() };
        }
    };
    remove_all(plans, policy, backups, &mut |progress| {
        match progress.step {
            Step::Next(_) => {
                teller.tell(Report::Progress { done: (before + progress.done) as u64, total: total as u64 });
                return if teller.cancelled() { Go::Stop } else { Go::On };
            }
            Step::Done(removal, outcome) => {
                removal.note(outcome).into_iter().for_each(|note| teller.say(Severity::Note, note));
                teller.say(Severity::Done, removal.done(outcome));
            }
            Step::Refused(refusal) => teller.say(Severity::Error, refusal.to_string()),
        }
        Go::On
    })
}

/// How many of how many; nothing for a single one, of which all was said.
pub(super) fn summary(tally: &Tally, done: &str) -> Option<(Severity, String)> {
    let total = tally.done + tally.refused + tally.left;
    if tally.left > 0 {
        return Some((Severity::Note, tally.interrupted(done)));
    }
    let severity = if tally.refused > 0 { Severity::Error } else { Severity::Done };
    let why = if tally.refused > 0 { format!(", {} refused: L tells why", tally.refused) } else { String::new() };
    (total > 1).then(|| (severity, format!("{} of {total} {done}{why}", tally.done)))
}
