//! What the cursor stands for, wherever it is; the overview's cursor, and where Enter leads from it.

use super::App;
use crate::config::keys::Command;
use crate::tui::draw::Toward;
use crate::tui::id::Id;
use crate::tui::present::Go;
use crate::tui::view::View;

impl App {
    /// What an action is about: what the details are of, or what the cursor's row stands for.
    pub fn subject(&self) -> Option<Id> {
        let cursor = || self.list().cursor.and_then(Id::subject);
        self.trail.last().map(|crumb| crumb.id).or_else(cursor)
    }

    /// Moves the overview's cursor by so many lines; false elsewhere.
    pub(super) fn step_overview(&mut self, by: isize) -> bool {
        let Some(answer) = self.answer.as_deref().filter(|answer| answer.view == self.view) else { return false };
        let Some(overview) = &answer.overview else { return false };
        let list = &mut self.lists[self.view.index()];
        list.go(&answer.listing, overview.step(list.at, by));
        true
    }

    /// Moves it to what is painted to the left or right; false for other commands, and elsewhere.
    pub(super) fn beside_overview(&mut self, command: Command) -> bool {
        let toward = match command {
            Command::Left => Toward::Left,
            Command::Right => Toward::Right,
            _ => return false,
        };
        if self.view != View::Overview || !self.trail.crumbs().is_empty() {
            return false;
        }
        if let Some(row) = self.painted.beside(self.list().at, toward) {
            self.go_to_row(row);
        }
        true
    }

    /// Goes where the overview's cursor leads; false elsewhere.
    pub(super) fn open_goal(&mut self) -> bool {
        if !self.trail.crumbs().is_empty() {
            return false;
        }
        let Some(overview) = self.shown().and_then(|answer| answer.overview.as_ref()) else { return false };
        match overview.goals.get(self.list().at).cloned() {
            Some(Go::Details(id)) => self.open_details(id),
            Some(Go::View(view, filter)) => {
                self.view = view;
                let list = self.list_mut();
                // What was counted is what is shown: no filter from before may hide some of it.
                list.field.set(filter);
                list.read_filter();
                self.go_to(view);
            }
            None => {}
        }
        true
    }
}
