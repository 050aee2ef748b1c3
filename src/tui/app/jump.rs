//! From one end to the other, or to the owner: `o`. Where that is, the presenter says with the details; they are asked for
//! first where they are not shown.

use super::{App, Severity};
use crate::tui::id::{Hub, Id};
use crate::tui::present::{Details, Jump};

impl App {
    /// Where the cursor's line of the details leads.
    pub(super) fn linked(&self) -> Option<Id> {
        let (crumb, details) = (self.trail.last()?, self.open_now()?);
        details.lines.get(crumb.line)?.link.map(|link| link.to)
    }

    /// Goes to the other end of what the cursor is on, as soon as that is known.
    pub(super) fn jump(&mut self) {
        let Some(id) = self.subject() else {
            self.say(Severity::Note, "there is nothing here to go from");
            return;
        };
        self.jumping = Some(id);
        if !self.jumped() {
            self.ask();
        }
    }

    /// Opens the graph around what the cursor is on.
    pub(super) fn graph(&mut self) {
        // In a graph it goes on from the line under the cursor.
        let in_graph = matches!(self.trail.last().map(|crumb| crumb.id), Some(Id::Graph(_)));
        let of = if in_graph { self.linked() } else { self.subject() };
        let hub = match of.and_then(Id::subject) {
            Some(Id::Object(identity)) => Hub::Object(identity),
            Some(Id::Process { pid, start_ticks }) => Hub::Process { pid, start_ticks },
            _ => return self.say(Severity::Note, "a graph is of an object or a process, and here is none"),
        };
        self.open_details(Id::Graph(hub));
    }

    /// Who came from one of two processes means the other one.
    fn other_than_where_from(&self, details: &Details) -> Option<Id> {
        let [.., from, here] = self.trail.crumbs() else { return None };
        let is_process = |id: &Id| matches!(id, Id::Process { .. });
        let links = details.lines.iter().filter_map(|line| line.link).map(|link| link.to);
        let mut others = links.filter(|id| is_process(id) && *id != from.id);
        let other = others.next().filter(|_| here.id == details.id && is_process(&from.id))?;
        others.all(|id| id == other).then_some(other)
    }

    /// Goes there, if the details that say where are there; false if not.
    pub(super) fn jumped(&mut self) -> bool {
        let Some(id) = self.jumping else { return true };
        let Some(answer) = self.answer.as_deref() else { return false };
        let of = |details: &&Details| details.id == id;
        let Some(details) = answer.details.as_ref().filter(of) else {
            let known = answer.of == Some(id);
            if known {
                self.jumping = None;
                self.say(Severity::Note, "it has vanished, and its other end with it");
            }
            return known;
        };
        self.jumping = None;
        match details.jump.clone() {
            Jump::To(to) => self.open_details(to),
            Jump::Nowhere(why) => self.say(Severity::Note, why),
            Jump::Line(line) => {
                let details = details.clone();
                if let Some(other) = self.other_than_where_from(&details) {
                    self.open_details(other);
                    return true;
                }
                self.open_details(id);
                if let Some(crumb) = self.trail.last_mut() {
                    crumb.pane = None;
                    crumb.go(&details, line);
                }
                self.say(Severity::Note, "several processes have it: Enter goes to the one under the cursor");
            }
        }
        true
    }
}
