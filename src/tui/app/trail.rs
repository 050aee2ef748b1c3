//! Details that are open, one upon the other: from a queue to its sender, from that to its other pipes, and back.

use super::contents::Pane;
use crate::tui::id::Id;
use crate::tui::present::Details;

/// One of them.
#[derive(Debug)]
pub struct Crumb {
    /// What it is about.
    pub id: Id,
    /// Its name, once it is known.
    pub title: String,
    /// The line the cursor is on.
    pub line: usize,
    /// The first line on the screen.
    pub offset: usize,
    /// The contents, while they are looked at.
    pub pane: Option<Box<Pane>>,
    /// Where the cursor's line leads: it stays on it when lines come and go above.
    on: Option<Id>,
    /// The details as they were when something was opened upon them, to be there at once on the way back.
    kept: Option<Details>,
}

/// The way that led here.
#[derive(Debug, Default)]
pub struct Trail {
    crumbs: Vec<Crumb>,
}

/// Steps that are remembered.
const LONGEST: usize = 50;

impl Crumb {
    /// Puts the cursor on a line, if there is one.
    pub fn go(&mut self, details: &Details, line: usize) {
        self.line = line.min(details.lines.len().saturating_sub(1));
        self.on = details.lines.get(self.line).and_then(|line| line.link).map(|link| link.to);
    }
}

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

    /// Goes on to something, and keeps the details that were shown until then; what is open already is not opened upon
    /// itself.
    pub fn push(&mut self, id: Id, shown: Option<Details>) {
        if let Some(last) = self.crumbs.last_mut() {
            if last.id == id {
                return;
            }
            last.kept = shown.filter(|shown| shown.id == last.id);
        }
        if self.crumbs.len() == LONGEST {
            self.crumbs.remove(0);
        }
        self.crumbs.push(Crumb { id, title: String::new(), line: 0, offset: 0, pane: None, on: None, kept: None });
    }

    /// Goes back one step.
    pub fn pop(&mut self) -> Option<Crumb> {
        self.crumbs.pop()
    }

    /// The details as they were left when something was opened upon them.
    pub fn take_kept(&mut self) -> Option<Details> {
        self.crumbs.last_mut().and_then(|crumb| crumb.kept.take())
    }

    /// Leaves all details.
    pub fn clear(&mut self) {
        self.crumbs.clear();
    }

    /// Finds the cursor's line in what there is now.
    pub fn settle(&mut self, details: &Details) {
        if let Some(crumb) = self.crumbs.last_mut().filter(|crumb| crumb.id == details.id) {
            crumb.title.clone_from(&details.title);
            let line = crumb.on.and_then(|on| details.line_to(on, crumb.line)).unwrap_or(crumb.line);
            crumb.go(details, line);
        }
    }
}
