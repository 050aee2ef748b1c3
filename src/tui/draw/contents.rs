//! What an object holds: a line that says of when that is, what could not be had, then the contents.

use super::fold::folded;
use super::footer::clock;
use super::{Painted, put};
use crate::config::keys::Command;
use crate::output::contents::Form;
use crate::tui::app::{App, Pane};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthChar;

/// So many lines of what else is to be known are shown at the most; all of it is in the log or with `ipcx peek`.
const NOTES: usize = 3;
/// Rows that each of them may take.
const ROWS: usize = 3;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, pane: &Pane, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let (mut y, bottom) = (area.y, area.bottom());
    let mut told = |text: &str, style| {
        for part in folded(text, usize::from(area.width), ROWS) {
            if y < bottom {
                put(frame, Rect { y, height: 1, ..area }, area.x, &part, style);
                y += 1;
            }
        }
    };
    told(&status(app, pane), theme.dim);
    if let Some(fault) = &pane.fault {
        told(fault, theme.error);
    }
    if let Some(seen) = &pane.seen {
        seen.failures.iter().take(NOTES).for_each(|failure| told(failure, theme.error));
        seen.notes.iter().take(NOTES).for_each(|note| told(note, theme.warning));
    }
    let area = Rect { y, height: bottom - y, ..area };
    let height = usize::from(area.height);
    painted.page = height;
    let column = if pane.form == Form::Hex { pane.column } else { 0 };
    let offset = pane.offset.min(pane.len().saturating_sub(height));
    for (at, y) in (offset..pane.len()).zip(area.y..area.bottom()) {
        put(frame, Rect { y, height: 1, ..area }, area.x, from_column(pane.row(at), column), theme.value);
    }
    frame.set_cursor_position((area.x, area.y.min(bottom.saturating_sub(1))));
}

/// Which part of it is seen, and of when that is.
fn status(app: &App, pane: &Pane) -> String {
    let other = if pane.form == Form::Hex { "text" } else { "hexadecimal" };
    let key = |command| app.settings.keymap.shown(command);
    let mut text = match (pane.looking, &pane.seen) {
        (Some((_, 0)), _) => "looking…".to_owned(),
        (Some((done, total)), _) => format!("looking… {done} of {total} messages"),
        (None, Some(seen)) => {
            let at = seen.at.map(clock).unwrap_or_default();
            format!("seen at {at}; {} looks again, {} shows {other}", key(Command::Peek), key(Command::Form))
        }
        (None, None) => "not seen".to_owned(),
    };
    if let Some(window) = pane.seen.as_ref().and_then(|seen| seen.window).filter(|window| window.length < window.size) {
        let (from, size) = (window.offset, window.size);
        text = format!("{from}–{} of {size}; {text}", from + window.length.saturating_sub(1));
    }
    text
}

/// What of a text begins at a column.
fn from_column(text: &str, column: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        if used >= column {
            return &text[at..];
        }
        used += c.width().unwrap_or(0);
    }
    ""
}
