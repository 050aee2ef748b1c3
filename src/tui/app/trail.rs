//! Details that are open, one upon the other: from a queue to its sender, from that to its other pipes, and back.

use super::contents::Pane;
use crate::tui::id::Id;
use crate::tui::present::{Details, Line};

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
    /// What the cursor's line is: it stays on it when lines come and go above.
    on: Option<On>,
    /// The details as they were when something was opened upon them, to be there at once on the way back.
    kept: Option<Details>,
}

/// By what a line of details is known again.
#[derive(Debug)]
struct On {
    /// Where it leads.
    leads: Option<Id>,
    label: String,
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
        let line = details.lines.get(self.line);
        self.on = line.map(|line| On { leads: line.link.map(|link| link.to), label: line.label.clone() });
    }

    /// Where the cursor's line is in newer details. When it has gone, no process or object that moved into its place is
    /// what an action means then: the cursor goes to a line above that leads nowhere.
    fn settled(&self, details: &Details) -> usize {
        let Some(on) = &self.on else { return self.line };
        let plain = |line: &Line| line.link.is_none();
        let same = match on.leads {
            Some(leads) => details.line_to(leads, self.line),
            None => details.nearest(self.line, |line| plain(line) && line.label == on.label),
        };
        same.unwrap_or_else(|| {
            let above = details.lines.iter().take(self.line + 1).collect::<Vec<_>>();
            above.iter().rposition(|line| plain(line)).unwrap_or(0)
        })
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

    /// All contents that are open.
    pub(super) fn panes(&mut self) -> impl Iterator<Item = &mut Pane> {
        self.crumbs.iter_mut().filter_map(|crumb| crumb.pane.as_deref_mut())
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
            let line = crumb.settled(details);
            crumb.go(details, line);
        }
    }
}
