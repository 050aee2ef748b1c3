//! Bring back what was removed.

use super::{Button, Next, Press, buttons, says_no, scrolled};
use crate::actions::Policy;
use crate::actions::backup::Restoration;
use crate::actions::command;
use crate::config::keys::{Command, Key};
use crate::tui::jobs::{Backup, Deed, Job, Keeping, Planned, Restorations};
use ratatui::crossterm::event::KeyCode;

/// The backups, and which of them are to come back.
#[derive(Debug)]
pub struct Undo {
    /// All, the newest first; `None` until they were read.
    pub backups: Option<Vec<Backup>>,
    /// Which of them are marked.
    pub marked: Vec<bool>,
    /// The one the cursor is on.
    pub row: usize,
    /// Why there are none.
    pub fault: Option<String>,
    policy: Policy,
    keeping: Keeping,
    force: bool,
    at: Press,
}

impl Undo {
    /// Asks which backups there are.
    pub fn new(policy: Policy, keeping: Keeping) -> Self {
        Self {
            backups: None,
            marked: Vec::new(),
            row: 0,
            fault: None,
            policy,
            keeping,
            force: false,
            at: Press::Cancel,
        }
    }

    /// Why a backup cannot come back now, if so.
    pub fn refusal<'a>(&self, backup: &'a Backup) -> Option<&'a str> {
        if self.force { backup.even_forced.as_deref() } else { backup.refusal.as_deref() }
    }

    /// Those that are marked.
    fn chosen(&self) -> impl Iterator<Item = Restoration> {
        let backups = self.backups.iter().flatten();
        let marked = backups.zip(&self.marked).filter(|(_, marked)| **marked);
        marked.map(|(backup, _)| Restoration { entry: backup.entry.clone() })
    }

    /// The command line that does the same.
    pub fn command(&self) -> Option<String> {
        let chosen: Vec<Restoration> = self.chosen().take(20).collect();
        let policy = Policy { force: self.force, ..self.policy };
        (!chosen.is_empty()).then(|| command::undo(&chosen, policy))
    }

    /// The buttons that there are now.
    pub fn buttons(&self) -> Vec<Button> {
        let mut all = vec![Button::cancel()];
        let count = self.marked.iter().filter(|marked| **marked).count();
        if count > 0 {
            all.push(Button::go(format!("Bring back {count}"), false));
        }
        let helps = |backup: &Backup| backup.refusal.is_some() && backup.even_forced.is_none();
        if self.backups.iter().flatten().any(helps) {
            all.push(Button::switch(Press::Force, "force", self.force));
        }
        all
    }

    /// The button under the cursor.
    pub fn at(&self) -> Press {
        buttons::at(&self.buttons(), self.at)
    }

    pub(super) fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if let Some(press) = buttons::gone(&self.buttons(), self.at(), key) {
            self.at = press;
        } else if key.code() == KeyCode::Enter {
            return self.press(self.at());
        } else if key.code() == KeyCode::Char(' ') {
            self.toggle();
        } else if let Some(by) = scrolled(key, command) {
            self.row = self.row.saturating_add_signed(by).min(self.marked.len().saturating_sub(1));
        } else if says_no(key, command) {
            return Next::Closes;
        }
        Next::Stays
    }

    fn toggle(&mut self) {
        if let Some(marked) = self.marked.get_mut(self.row) {
            *marked = !*marked;
        }
    }

    pub(super) fn point(&mut self, row: usize) -> Next {
        if row < self.marked.len() {
            self.row = row;
            self.toggle();
        }
        Next::Stays
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        self.at = press;
        match press {
            Press::Cancel => return Next::Closes,
            Press::Force => self.force = !self.force,
            Press::Go | Press::Bare => {
                // The first removed comes back first.
                let mut restorations: Vec<Restoration> = self.chosen().collect();
                restorations.reverse();
                if !restorations.is_empty() {
                    let policy = Policy { force: self.force, ..self.policy };
                    let deed = Restorations { restorations, policy, keeping: self.keeping.clone() };
                    return Next::Does(Job::Do(Box::new(Deed::Undo(deed))));
                }
            }
        }
        Next::Stays
    }

    pub(super) fn take(&mut self, planned: Planned) {
        match planned {
            Planned::Backups(mut backups) => {
                backups.reverse();
                let last = backups.first().map(|backup| backup.entry.header.about.batch.clone());
                self.marked =
                    backups.iter().map(|backup| Some(&backup.entry.header.about.batch) == last.as_ref()).collect();
                self.backups = Some(backups);
            }
            Planned::Failed(why) => self.fault = Some(why),
            _ => {}
        }
    }
}
