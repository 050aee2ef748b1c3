//! The dialog that makes something: the kinds, and the fields of one.

use super::{Row, buttons, list, room};
use crate::tui::app::App;
use crate::tui::dialog::{Create, NewKind};
use crate::tui::draw::Painted;
use crate::tui::draw::overlay::window;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Create, area: Rect, painted: &mut Painted) {
    let (all, at) = (page.buttons(), page.at());
    if page.kind.is_some() {
        super::form::draw(frame, app, &page.title(), (&page.form, &page.lines), (&all, at), area, painted);
        return;
    }
    let inner = window(frame, app, &page.title(), (room(area), NewKind::ALL.len() as u16 + 2), area);
    buttons(frame, app, &all, at, inner, painted);
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    list(frame, app, (NewKind::ALL.len(), page.row), body, painted, |at| {
        let (name, about) = NewKind::ALL[at].about();
        // All names take the room of the longest.
        let room = &"                       "[..23 - name.len().min(23)];
        Row { parts: vec![(name, app.theme.key), (room, app.theme.text), (about, app.theme.dim)], marked: None }
    });
}
