//! Work that takes time or changes something, done by the worker thread: one file for each kind of job.
//!
//! A job is a plain value that holds its target's identity. It tells how far it is and what came of it by [`Report`]s, and
//! asks [`Teller::cancelled`] whether to go on.

mod create;
pub mod export;
mod keeping;
pub mod peek;
mod plan;
mod remove;
mod send;
mod signal;
mod undo;

pub use create::Making;
pub use keeping::Keeping;
pub use plan::{Backup, Planned, Planning, Reaction};
pub use remove::Removals;
pub use send::Message;
pub use signal::Deliveries;
pub use undo::Restorations;

use super::app::Severity;
use super::event::Event;
use crate::model::Address;
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
    /// Find out what the dialog of this number is about.
    Plan {
        /// The dialog.
        ticket: u64,
        /// What is asked.
        planning: Box<Planning>,
    },
    /// Change something.
    Do(Box<Deed>),
    /// Tell of removals that were killed on their way.
    TellInterrupted(Keeping),
}

/// A change.
#[derive(Debug)]
pub enum Deed {
    /// Remove.
    Remove(Removals),
    /// Bring back.
    Undo(Restorations),
    /// Signal.
    Signal(Deliveries),
    /// Put in.
    Send(Message),
    /// Make.
    Create(Making),
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
    /// A message for the log.
    Said(Severity, String),
    /// What the dialog of this number asked for.
    Planned(u64, Planned),
    /// A change has come to its end.
    Ended(Ended),
}

/// How a change has ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// How many of how many, where there were several.
    pub summary: Option<(Severity, String)>,
    /// What was made.
    pub made: Option<Address>,
    /// Files of FIFOs that are there now, and that nobody need have open.
    pub files: Vec<Box<[u8]>>,
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

    /// Tells a message for the log.
    pub fn say(&self, severity: Severity, text: impl Into<String>) {
        self.tell(Report::Said(severity, text.into()));
    }

    /// Whether the person wants no more of it.
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl Job {
    /// Finds something out for a dialog; its number is set when it is handed to the loop.
    pub fn plan(planning: Planning) -> Self {
        Self::Plan { ticket: 0, planning: Box::new(planning) }
    }

    /// Does it.
    pub fn run(self, teller: &Teller) {
        match self {
            Self::Peek(job) => job.run(teller),
            Self::Export(export) => export.run(teller),
            Self::Plan { ticket, planning } => teller.tell(Report::Planned(ticket, planning.run())),
            Self::Do(deed) => {
                let ended = match *deed {
                    Deed::Remove(deed) => deed.run(teller),
                    Deed::Undo(deed) => deed.run(teller),
                    Deed::Signal(deed) => deed.run(teller),
                    Deed::Send(deed) => deed.run(teller),
                    Deed::Create(deed) => deed.run(teller),
                };
                teller.tell(Report::Ended(ended));
            }
            Self::TellInterrupted(keeping) => keeping.tell_interrupted(teller),
        }
    }
}

impl Deed {
    /// What is going on, in a word.
    pub const fn doing(&self) -> &'static str {
        match self {
            Self::Remove(_) => "removing",
            Self::Undo(_) => "bringing back",
            Self::Signal(_) => "signalling",
            Self::Send(_) => "sending",
            Self::Create(_) => "making",
        }
    }
}
