//! The dialog that signals: the menu, and the question.

use super::{Row, list, question, room};
use crate::tui::app::App;
use crate::tui::dialog::{Menu, Signal, Step};
use crate::tui::draw::overlay::window;
use crate::tui::draw::{Painted, put};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Signal, area: Rect, painted: &mut Painted) {
    match &page.step {
        Step::Menu(menu) => draw_menu(frame, app, &page.title(), menu, area, painted),
        Step::Question { lines, .. } => {
            let (buttons, at) = (page.buttons(), Some(page.at()));
            question(frame, app, &page.title(), (lines, page.offset), (&buttons, at), area, painted);
        }
    }
}

fn draw_menu(frame: &mut Frame<'_>, app: &App, title: &str, menu: &Menu, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let shown: Vec<_> = menu.shown().collect();
    // The dialog keeps its size while its list gets shorter.
    let wanted = u16::try_from(menu.all.len()).unwrap_or(u16::MAX).saturating_add(1).max(4);
    let inner = window(frame, app, title, (room(area), wanted), area);
    if inner.height == 0 {
        return;
    }
    let bottom = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    let body = Rect { height: inner.height - 1, ..inner };
    if let Some(why) = &menu.fault {
        put(frame, body, body.x, why, theme.error);
    } else if menu.all.is_empty() {
        put(frame, body, body.x, "looking what each would do…", theme.dim);
    } else if shown.is_empty() {
        put(frame, body, body.x, "no signal has this in its name or number", theme.dim);
    }
    let names: Vec<String> =
        shown.iter().map(|one| format!("{:>2} {:<12} ", one.signal.number, one.signal.name)).collect();
    list(frame, app, (shown.len(), menu.row), body, painted, |at| Row {
        parts: vec![(&names[at], theme.key), (&shown[at].words, theme.text)],
        marked: None,
    });
    let x = put(frame, bottom, bottom.x, "type to search: ", theme.dim);
    let (text, at) = menu.search.window(bottom.right().saturating_sub(x));
    let end = put(frame, bottom, x, text, theme.input);
    put(frame, bottom, end + 2, "Enter asks first, Esc leaves", theme.dim);
    frame.set_cursor_position((x + at, bottom.y));
}
