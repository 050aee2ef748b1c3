//! What bringing an object back would do, is asked about, and has done, in words: once for the command line and the TUI.

use super::{Restoration, Restored};

impl Restoration {
    /// The number of its backup.
    pub const fn number(&self) -> u64 {
        self.entry.header.about.number
    }

    /// The object with what is known of it, as it was removed.
    pub fn what(&self) -> String {
        let about = &self.entry.header.about;
        format!("{} ({})", about.address, about.description)
    }

    /// What a dry run says.
    pub fn would(&self) -> String {
        format!("would bring back {}", self.what())
    }

    /// What a person is asked.
    pub fn question(&self) -> String {
        format!("bring back {}?", self.what())
    }

    /// What was done, and what is not as it was.
    pub fn done(&self, restored: &Restored) -> String {
        let first = format!("brought back {} ({})", restored.address, self.entry.header.about.description);
        [vec![first], restored.notes.clone()].concat().join("; ")
    }

    /// What a dry run of discarding its backup says.
    pub fn would_discard(&self) -> String {
        format!("would discard backup {} of {}", self.number(), self.what())
    }

    /// That its backup was discarded.
    pub fn discarded(&self) -> String {
        format!("discarded backup {} of {}", self.number(), self.what())
    }
}
