//! Many actions in one call: a line for each as it is done or refused, how far they are, and what Ctrl-C leaves undone.

use super::Exit;
use super::exit::{self, complain};
use super::print::say;
use super::progress::Progress;
use crate::actions::{Outcome, Refusal, Removal, Tally};
use crate::kernel::ending::{Ending, Endings};
use std::io::{self, IsTerminal};

/// What was printed of them so far, and what comes of it.
pub(super) struct Many {
    endings: Option<Endings>,
    ended: Option<Ending>,
    line: Progress,
    stdout_is_terminal: bool,
    exit: Exit,
    printed: io::Result<()>,
}

impl Many {
    /// Begins. With `held`, signals that end the program wait until the action that goes on is done.
    pub(super) fn begin(held: bool) -> anyhow::Result<Self> {
        let endings = held.then(Endings::take_unless_ignored).transpose()?;
        let stdout_is_terminal = io::stdout().is_terminal();
        Ok(Self {
            endings,
            ended: None,
            line: Progress::begin(),
            stdout_is_terminal,
            exit: Exit::Done,
            printed: Ok(()),
        })
    }

    /// Whether to go on with the next; `doing` is what to say while it lasts.
    pub(super) fn next(&mut self, doing: impl FnOnce() -> String) -> bool {
        self.ended = self.endings.as_ref().and_then(Endings::came);
        if self.ended.is_none() {
            self.line.tell(doing);
        }
        self.ended.is_none()
    }

    /// Says what was done. That nobody reads it is no reason to leave the rest undone.
    pub(super) fn done(&mut self, line: &str) {
        // Elsewhere it is not in the way.
        let said = if self.stdout_is_terminal { self.line.above(|| say(line)) } else { say(line) };
        self.printed = std::mem::replace(&mut self.printed, Ok(())).and(said);
    }

    /// Says what should be known beside that.
    pub(super) fn note(&mut self, note: &str) {
        self.line.above(|| complain(&note));
    }

    /// Says that an object was removed, and what should be known of that.
    pub(super) fn removed(&mut self, removal: &Removal, outcome: &Outcome) {
        removal.note(outcome).iter().for_each(|note| self.note(note));
        self.done(&removal.done(outcome));
    }

    /// Says why one was not done. `forecast` is what a dry run says before that.
    pub(super) fn refused(&mut self, forecast: &str, refusal: &Refusal) {
        self.note(&format!("{forecast}{refusal}"));
        self.exit = self.exit.max(Exit::from(refusal));
    }

    /// Ends, and says how far it came if that was not to the end. `done` is what was done to them: `removed`.
    pub(super) fn finish(mut self, tally: &Tally, done: &str) -> Exit {
        self.line.clear();
        if let Some(ending) = self.ended {
            complain(&tally.interrupted(done));
            self.exit = self.exit.max(ending.into());
        }
        match self.printed {
            Err(error) => self.exit.max(exit::report(&error.into())),
            Ok(()) => self.exit,
        }
    }
}
