//! The dialog that chooses whom to signal.

use super::{Row, buttons, list, room};
use crate::tui::app::App;
use crate::tui::dialog::Holders;
use crate::tui::draw::overlay::window;
use crate::tui::draw::{Painted, put};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Holders, area: Rect, painted: &mut Painted) {
    let count = page.candidates.len();
    let wanted = u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2);
    let title = format!("Whom to signal, of {}", page.what);
    let inner = window(frame, app, &title, (room(area), wanted), area);
    buttons(frame, app, &page.buttons(), Some(page.at()), inner, painted);
    let mut body = Rect { height: inner.height.saturating_sub(1), ..inner };
    if body.height > 2 {
        put(frame, Rect { height: 1, ..body }, body.x, "Space marks several, Enter goes on", app.theme.dim);
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    let first = (page.row + 1).saturating_sub(usize::from(body.height));
    let seen = page.candidates.iter().skip(first).take(usize::from(body.height));
    let seen: Vec<String> = seen.map(|one| format!("{:>7} {:<16} {}", one.pid, one.comm, one.roles)).collect();
    list(frame, app, (count, page.row), body, painted, |at| {
        let text = seen.get(at - first).map_or("", String::as_str);
        Row { parts: vec![(text, app.theme.text)], marked: Some(page.marked[at]) }
    });
}
