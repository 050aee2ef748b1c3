//! Work that takes time or changes something, done by the worker thread: one file for each kind of job.
//!
//! A job is a plain value that holds its target's identity. It tells how far it is and what came of it by [`Report`]s, and
//! asks [`Teller::cancelled`] whether to go on.

pub mod export;
pub mod peek;

use super::event::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// Something to be done.
#[derive(Debug)]
pub enum Job {
    /// Look at what an object holds.
    Peek(peek::Job),
    /// Write rows into a file.
    Export(export::Export),
}

/// What a job tells.
#[derive(Debug)]
pub enum Report {
    /// So much is done, of so much; 0 where nobody knows.
    Progress {
        /// Done so far.
        done: u64,
        /// All of it.
        total: u64,
    },
    /// What a look at contents found.
    Peeked {
        /// The look's number.
        number: u64,
        /// What it found.
        found: peek::Found,
    },
    /// It was done: what.
    Done(String),
    /// It was not: why.
    Failed(String),
}

/// Whom a job tells.
#[derive(Debug)]
pub struct Teller {
    events: Sender<Event>,
    cancel: Arc<AtomicBool>,
}

impl Teller {
    /// One for this channel; `cancel` is set when the person wants no more of it.
    pub const fn new(events: Sender<Event>, cancel: Arc<AtomicBool>) -> Self {
        Self { events, cancel }
    }

    /// Tells something.
    pub fn tell(&self, report: Report) {
        // Nobody listens any more when the program is on its way out.
        let _ = self.events.send(Event::Report(Box::new(report)));
    }

    /// Whether the person wants no more of it.
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl Job {
    /// Does it.
    pub fn run(self, teller: &Teller) {
        match self {
            Self::Peek(job) => job.run(teller),
            Self::Export(export) => export.run(teller),
        }
    }
}
