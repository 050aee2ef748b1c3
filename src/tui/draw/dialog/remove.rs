//! The dialog that removes.

use super::question;
use crate::tui::app::App;
use crate::tui::dialog::Remove;
use crate::tui::draw::Painted;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Remove, area: Rect, painted: &mut Painted) {
    let (buttons, at) = (page.buttons(), Some(page.at()));
    question(frame, app, &page.title(), (&page.lines, page.offset), (&buttons, at), area, painted);
}
