//! Sends a signal to processes.

use super::remove::summary;
use super::{Ended, Report, Teller};
use crate::actions::{Delivery, Policy, Tally};
use crate::tui::app::Severity;

/// What is to be sent.
#[derive(Debug)]
pub struct Deliveries {
    /// To whom what: each holds pid and start, which are compared right before.
    pub deliveries: Vec<Delivery>,
    /// What is allowed.
    pub policy: Policy,
}

impl Deliveries {
    pub(super) fn run(self, teller: &Teller) -> Ended {
        let total = self.deliveries.len();
        let mut tally = Tally::default();
        for (done, delivery) in self.deliveries.iter().enumerate() {
            if teller.cancelled() {
                tally.left = total - done;
                break;
            }
            teller.tell(Report::Progress { done: done as u64, total: total as u64 });
            match delivery.run(self.policy) {
                Ok(sent) => {
                    tally.done += 1;
                    teller.say(Severity::Done, sent.line);
                }
                Err(refusal) => {
                    tally.refused += 1;
                    teller.say(Severity::Error, refusal.to_string());
                }
            }
        }
        Ended { summary: summary(&tally, "signalled"), ..Ended::default() }
    }
}
