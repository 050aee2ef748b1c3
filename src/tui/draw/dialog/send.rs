//! The dialog that sends.

use crate::tui::app::App;
use crate::tui::dialog::Send;
use crate::tui::draw::Painted;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Send, area: Rect, painted: &mut Painted) {
    let (buttons, at) = (page.buttons(), page.at());
    super::form::draw(frame, app, &page.title(), (&page.form, &page.lines), (&buttons, at), area, painted);
}
