//! The question whether a look may leave a trace.

use super::fold::folded;
use super::overlay::window;
use super::{Hit, Painted, put};
use crate::tui::app::{App, TraceQuestion};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of the text, where there is room.
const WIDE: u16 = 70;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, question: &TraceQuestion, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let width = WIDE.min(area.width.saturating_sub(4));
    let mut lines = vec!["This look would leave a trace:".to_owned()];
    lines.extend(question.traces.iter().flat_map(|trace| folded(trace, usize::from(width), 6)));
    let inner = window(frame, app, "Look at the contents?", (width, lines.len() as u16 + 2), area);
    let buttons = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
    for (text, y) in lines.iter().zip(inner.y..buttons.y) {
        put(frame, Rect { y, height: 1, ..inner }, inner.x, text, theme.text);
    }
    let mut x = buttons.x;
    for (text, yes) in [("[No, leave it]", false), ("[Yes, look]", true)] {
        let on = question.yes == yes;
        let from = x;
        x = put(frame, buttons, x, text, if on { theme.button_on } else { theme.button });
        painted.add(Rect { x: from, width: x - from, ..buttons }, Hit::Trace(yes));
        if on {
            frame.set_cursor_position((from, buttons.y));
        }
        x += 1;
    }
}
