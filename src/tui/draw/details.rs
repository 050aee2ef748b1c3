//! Details of one thing, in the place of the list or beside it.

use super::{Hit, Painted, put};
use crate::output::grid::cut;
use crate::tui::app::{App, Crumb};
use crate::tui::present::Details;
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Columns of the labels.
const LABEL: u16 = 13;

pub(super) fn draw(
    frame: &mut Frame<'_>,
    app: &App,
    details: &Details,
    crumb: Option<&Crumb>,
    area: Rect,
    painted: &mut Painted,
) {
    let theme = &app.theme;
    if area.height == 0 || area.width < 4 {
        return;
    }
    let mut area = area;
    if crumb.is_none() {
        for y in area.y..area.bottom() {
            put(frame, Rect { y, height: 1, ..area }, area.x, "│", theme.border);
        }
        area = Rect { x: area.x + 2, width: area.width - 2, ..area };
    }
    let title = match crumb {
        Some(_) => {
            let before = app.trail.crumbs().iter().map(|crumb| crumb.title.as_str()).filter(|title| !title.is_empty());
            let way: Vec<&str> = std::iter::once(app.view.title()).chain(before).collect();
            way.join(" › ")
        }
        None => details.title.clone(),
    };
    let x = put(frame, area, area.x, &title, theme.heading);
    if details.gone {
        put(frame, area, x + 1, "gone", theme.gone);
    }
    let height = usize::from(area.height - 1);
    let lines = details.lines.len();
    let line = crumb.map(|crumb| crumb.line);
    let offset = crumb.map_or(0, |crumb| crumb.offset).min(lines.saturating_sub(height));
    let offset = line.map_or(offset, |line| offset.min(line));
    let offset = line.filter(|line| *line >= offset + height).map_or(offset, |line| line + 1 - height.max(1));
    if crumb.is_some() {
        (painted.page, painted.details_offset) = (height, offset);
    }
    for (at, y) in (offset..lines).zip(area.y + 1..area.bottom()) {
        let row = Rect { y, height: 1, ..area };
        let one = &details.lines[at];
        put(frame, row, area.x, &one.label, theme.label);
        let room = usize::from(area.width.saturating_sub(LABEL));
        let style = if one.link.is_some() { theme.key } else { theme.value };
        if one.text.width() > room {
            let mut text = String::new();
            cut(&mut text, &one.text, room);
            put(frame, row, area.x + LABEL, &text, style);
        } else {
            put(frame, row, area.x + LABEL, &one.text, style);
        }
        if crumb.is_some() {
            painted.add(row, Hit::Line(at));
        }
        if line == Some(at) {
            frame.buffer_mut().set_style(row, theme.cursor);
            frame.set_cursor_position((area.x, y));
        }
    }
}
