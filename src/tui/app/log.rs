//! What was done and what failed, a line each: the message log.

use crate::model::Time;
use std::collections::VecDeque;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It was done.
    Done,
    /// Something to know.
    Note,
    /// It was not done.
    Error,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// How bad it is.
    pub severity: Severity,
    /// What.
    pub text: String,
}

/// The messages of this run, the newest last.
#[derive(Debug, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
}

/// Messages that are kept.
const MOST: usize = 1000;

impl Log {
    /// Adds one.
    pub fn say(&mut self, at: Time, severity: Severity, text: impl Into<String>) {
        if self.entries.len() == MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { at, severity, text: text.into() });
    }

    /// All, the oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
