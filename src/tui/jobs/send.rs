//! Puts a message into a queue, or bytes into a FIFO or socket. Waits for nobody.

use super::{Ended, Teller};
use crate::actions::{Data, Mark, Patience, Policy, Sending};
use crate::tui::app::Severity;
use std::io::Cursor;

/// What is to be sent.
#[derive(Debug)]
pub struct Message {
    /// Where.
    pub sending: Sending,
    /// How it is marked.
    pub mark: Mark,
    /// The bytes.
    pub data: Vec<u8>,
    /// What is allowed.
    pub policy: Policy,
}

impl Message {
    pub(super) fn run(self, teller: &Teller) -> Ended {
        let length = Some(self.data.len() as u64);
        let mut data = Data { length, from: &mut Cursor::new(self.data) };
        match self.sending.run(self.policy, self.mark, Patience::None, &mut data) {
            Ok(sent) => teller.say(Severity::Done, sent.to_string()),
            Err(refusal) => teller.say(Severity::Error, refusal.to_string()),
        }
        Ended::default()
    }
}
