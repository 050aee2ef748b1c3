//! What the mouse does: it means what the keys mean, for what was painted where it is.

use super::App;
use crate::config::keys::Command;
use crate::tui::draw::Hit;
use crate::tui::event::Mouse;
use crate::tui::id::Id;

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        self.told = None;
        self.wanted = None;
        match mouse {
            Mouse::Wheel(_, _, by) if self.overlay.is_none() => self.step(isize::from(by)),
            Mouse::Wheel(_, _, by) => {
                let command = if by < 0 { Command::Up } else { Command::Down };
                if let Some(key) = self.settings.keymap.keys(command).first() {
                    self.overlay_key(*key);
                }
            }
            Mouse::Press(column, line) => {
                self.jumping = None;
                if let Some(hit) = self.painted.at(column, line) {
                    self.hit(hit);
                }
            }
        }
    }

    fn hit(&mut self, hit: Hit) {
        match hit {
            Hit::Tab(view) => self.go_to(view),
            Hit::Head(column) => self.sort_by(column),
            Hit::Row(row, id) => self.hit_row(row, id),
            Hit::Trace(yes) => self.answer_trace(yes),
            Hit::Line(line, leads) => self.hit_line(line, leads),
            Hit::Command(command) => self.run(command),
            Hit::Button(_) | Hit::Option(_) => self.hit_dialog(hit),
        }
    }

    /// A row was pressed: what stood there when it was painted is meant, wherever it is by now.
    fn hit_row(&mut self, row: usize, id: Id) {
        let Some(answer) = self.shown() else { return };
        let place = if answer.listing.is_at(row, id) { Some(row) } else { answer.listing.position(id) };
        match place {
            Some(_) if self.list().cursor == Some(id) => self.run(Command::Open),
            Some(row) => self.go_to_row(row),
            None => {}
        }
    }

    /// A line of the details was pressed: likewise the one that leads where it led.
    fn hit_line(&mut self, line: usize, leads: Option<Id>) {
        let (Some(crumb), Some(details)) = (self.trail.last(), self.open_now()) else { return };
        let same = |at: &usize| details.lines.get(*at).is_some_and(|line| line.link.map(|link| link.to) == leads);
        let moved = || leads.and_then(|id| details.line_to(id, line));
        let (Some(line), on) = (Some(line).filter(same).or_else(moved), crumb.line) else { return };
        self.step(line as isize - on as isize);
        if on == line {
            self.run(Command::Open);
        }
    }
}
