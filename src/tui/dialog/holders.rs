//! Whom to signal, of all that have an object.

use super::{Button, Next, Page, Press, Signal, buttons, says_no, scrolled};
use crate::actions::{Policy, Receivers};
use crate::config::keys::{Command, Key};
use ratatui::crossterm::event::KeyCode;

/// A process that can be chosen: by pid and start, so that it is never another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its pid.
    pub pid: u32,
    /// When it started, clock ticks since boot.
    pub start_ticks: u64,
    /// Its command name, escaped.
    pub comm: String,
    /// In which ways it has the object.
    pub roles: String,
}

impl Candidate {
    /// The same for the actions layer.
    pub const fn receiver(&self) -> Receivers {
        Receivers::Process { pid: self.pid, start_ticks: Some(self.start_ticks) }
    }

    /// `pid:812 (orders)`.
    pub fn name(&self) -> String {
        format!("pid:{} ({})", self.pid, self.comm)
    }
}

/// All that have an object.
#[derive(Debug)]
pub struct Holders {
    /// The object, or how many.
    pub what: String,
    /// The processes.
    pub candidates: Vec<Candidate>,
    /// Which are marked.
    pub marked: Vec<bool>,
    /// The one the cursor is on.
    pub row: usize,
    policy: Policy,
    at: Press,
}

impl Holders {
    /// Asks which of these.
    pub fn new(what: String, candidates: Vec<Candidate>, policy: Policy) -> Self {
        let marked = vec![false; candidates.len()];
        Self { what, candidates, marked, row: 0, policy, at: Press::Go }
    }

    /// The buttons.
    pub fn buttons(&self) -> Vec<Button> {
        let count = self.marked.iter().filter(|marked| **marked).count().max(1);
        vec![Button::cancel(), Button::go(format!("Signal {count}…"), false)]
    }

    /// The button under the cursor. Nothing is sent yet: this one starts on the way forward.
    pub const fn at(&self) -> Press {
        self.at
    }

    pub(super) fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if let Some(press) = buttons::gone(&self.buttons(), self.at, key) {
            self.at = press;
        } else if key.code() == KeyCode::Enter {
            return self.press(self.at);
        } else if key.code() == KeyCode::Char(' ') {
            return self.point(self.row);
        } else if let Some(by) = scrolled(key, command) {
            self.row = self.row.saturating_add_signed(by).min(self.candidates.len().saturating_sub(1));
        } else if says_no(key, command) {
            return Next::Closes;
        }
        Next::Stays
    }

    pub(super) fn point(&mut self, row: usize) -> Next {
        if let Some(marked) = self.marked.get_mut(row) {
            (*marked, self.row) = (!*marked, row);
        }
        Next::Stays
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        if press == Press::Cancel {
            return Next::Closes;
        }
        let marked = self.candidates.iter().zip(&self.marked).filter(|(_, marked)| **marked);
        let mut chosen: Vec<Candidate> = marked.map(|(candidate, _)| candidate.clone()).collect();
        if chosen.is_empty() {
            chosen.extend(self.candidates.get(self.row).cloned());
        }
        let (signal, job) = Signal::new(chosen, self.policy);
        Next::Turns(Box::new(Page::Signal(signal)), job)
    }
}
