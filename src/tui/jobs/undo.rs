//! Brings back what was removed.

use super::remove::summary;
use super::{Ended, Keeping, Report, Teller};
use crate::actions::backup::{FileKind, Restoration, Saved, restore_all};
use crate::actions::{Go, Policy, Step};
use crate::tui::app::Severity;

/// What is to come back.
#[derive(Debug)]
pub struct Restorations {
    /// The backups, in the order in which they come back.
    pub restorations: Vec<Restoration>,
    /// What is allowed.
    pub policy: Policy,
    /// Where they are.
    pub keeping: Keeping,
}

impl Restorations {
    pub(super) fn run(self, teller: &Teller) -> Ended {
        let store = match self.keeping.open() {
            Ok(store) => store,
            Err(why) => return Ended { summary: Some((Severity::Error, why)), ..Ended::default() },
        };
        let mut files = Vec::new();
        let tally = restore_all(&self.restorations, &store, self.policy, &mut |progress| {
            match progress.step {
                Step::Next(_) => {
                    teller.tell(Report::Progress { done: progress.done as u64, total: progress.total as u64 });
                    return if teller.cancelled() { Go::Stop } else { Go::On };
                }
                Step::Done(restoration, restored) => {
                    files.extend(fifo(&restoration.entry.header.object));
                    teller.say(Severity::Done, restoration.done(restored));
                }
                Step::Refused(refusal) => teller.say(Severity::Error, refusal.to_string()),
            }
            Go::On
        });
        Ended { summary: summary(&tally, "brought back"), files, made: None }
    }
}

/// The path of a FIFO: nobody has it open yet.
fn fifo(saved: &Saved) -> Option<Box<[u8]>> {
    match saved {
        Saved::File { path, kind: FileKind::Fifo, .. } => Some(path.clone().into()),
        _ => None,
    }
}
