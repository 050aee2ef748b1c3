//! What the mouse does: it means what the keys mean, for what was painted where it is.

use super::App;
use crate::config::keys::Command;
use crate::tui::draw::Hit;
use crate::tui::event::Mouse;

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse) {
        self.told = false;
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
            Hit::Row(row) if self.list().at == row && self.list().cursor.is_some() => self.run(Command::Open),
            Hit::Row(row) => self.go_to_row(row),
            Hit::Trace(yes) => self.answer_trace(yes),
            Hit::Line(line) => {
                let on = self.trail.last().map(|crumb| crumb.line);
                self.step(line as isize - on.unwrap_or(line) as isize);
                if on == Some(line) {
                    self.run(Command::Open);
                }
            }
            Hit::Command(command) => self.run(command),
            Hit::Button(_) | Hit::Option(_) => self.hit_dialog(hit),
        }
    }
}
