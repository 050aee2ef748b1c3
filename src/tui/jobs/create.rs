//! Makes an object.

use super::{Ended, Teller};
use crate::actions::{NewObject, Policy, What};
use crate::tui::app::Severity;

/// What is to be made.
#[derive(Debug)]
pub struct Making {
    /// The object.
    pub new: NewObject,
    /// What is allowed.
    pub policy: Policy,
}

impl Making {
    pub(super) fn run(self, teller: &Teller) -> Ended {
        let created = match self.new.run(self.policy) {
            Ok(created) => created,
            Err(refusal) => {
                teller.say(Severity::Error, refusal.to_string());
                return Ended::default();
            }
        };
        teller.say(Severity::Done, created.to_string());
        let files = match self.new.what {
            What::Fifo { path } => vec![path],
            _ => Vec::new(),
        };
        Ended { made: Some(created.address), files, summary: None }
    }
}
