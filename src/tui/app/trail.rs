//! Details that are open, one upon the other: from a queue to its sender, from that to its other pipes, and back.

use crate::tui::id::Id;
use crate::tui::present::Details;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// What it is about.
    pub id: Id,
    /// Its name, once it is known.
    pub title: String,
    /// The line the cursor is on.
    pub line: usize,
    /// The first line on the screen.
    pub offset: usize,
}

/// The way that led here.
#[derive(Debug, Default)]
pub struct Trail {
    crumbs: Vec<Crumb>,
}

/// Steps that are remembered.
const LONGEST: usize = 50;

impl Trail {
    /// All, the first one first.
    pub fn crumbs(&self) -> &[Crumb] {
        &self.crumbs
    }

    /// Where it has led.
    pub fn last(&self) -> Option<&Crumb> {
        self.crumbs.last()
    }

    /// The same, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut Crumb> {
        self.crumbs.last_mut()
    }

    /// Goes on to something; what is open already is not opened upon itself.
    pub fn push(&mut self, id: Id) {
        if self.last().is_some_and(|crumb| crumb.id == id) {
            return;
        }
        if self.crumbs.len() == LONGEST {
            self.crumbs.remove(0);
        }
        self.crumbs.push(Crumb { id, title: String::new(), line: 0, offset: 0 });
    }

    /// Goes back one step.
    pub fn pop(&mut self) -> Option<Crumb> {
        self.crumbs.pop()
    }

    /// Leaves all details.
    pub fn clear(&mut self) {
        self.crumbs.clear();
    }

    /// Keeps the cursor within what there is now.
    pub fn settle(&mut self, details: &Details) {
        if let Some(crumb) = self.crumbs.last_mut().filter(|crumb| crumb.id == details.id) {
            crumb.title.clone_from(&details.title);
            crumb.line = crumb.line.min(details.lines.len().saturating_sub(1));
        }
    }
}
