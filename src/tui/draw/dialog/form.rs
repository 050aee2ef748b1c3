//! A dialog of fields, with text below them, and buttons.

use super::{buttons, paragraph, room};
use crate::tui::app::App;
use crate::tui::dialog::{Button, Entry, Form, Line, Press};
use crate::tui::draw::overlay::window;
use crate::tui::draw::{Hit, Painted, put};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Lines of the text below the fields, at the most.
const BELOW: u16 = 5;

pub(super) fn draw(
    frame: &mut Frame<'_>,
    app: &App,
    title: &str,
    (form, lines): (&Form, &[Line]),
    (all, at): (&[Button], Option<Press>),
    area: Rect,
    painted: &mut Painted,
) {
    let fields = u16::try_from(form.entries.len()).unwrap_or(u16::MAX);
    let inner = window(frame, app, title, (room(area), fields.saturating_add(BELOW + 2)), area);
    buttons(frame, app, all, at, inner, painted);
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    // The field that is typed into is always there; then comes what is said, then the other fields.
    let above = fields.min(body.height.saturating_sub(BELOW.min(body.height / 2)));
    let top = Rect { height: above, ..body };
    let first = (form.at.min(form.entries.len().saturating_sub(1)) + 1).saturating_sub(usize::from(above));
    let widest = form.entries.iter().map(|entry| entry.label().len()).max().unwrap_or(0).min(14) as u16;
    for ((number, entry), y) in form.entries.iter().enumerate().skip(first).zip(top.y..top.bottom()) {
        let line = Rect { y, height: 1, ..top };
        field(frame, app, (entry, form.at == number), line, if top.width < 30 { 0 } else { widest });
        painted.add(line, Hit::Option(number));
    }
    let gap = u16::from(fields > 0 && body.height > above + BELOW);
    let text = Rect { y: body.y + above + gap, height: body.height - above - gap, ..body };
    paragraph(frame, app, lines, text);
}

/// A field; on narrow terminals without its label, but for the one that has the keys, whose label is its hint.
fn field(frame: &mut Frame<'_>, app: &App, (entry, on): (&Entry, bool), line: Rect, label: u16) {
    let theme = &app.theme;
    let style = if on { theme.key } else { theme.label };
    if label > 0 {
        put(frame, Rect { width: label, ..line }, line.x, entry.label(), style);
    }
    let x = line.x + if label > 0 { label + 1 } else { 0 };
    let room = Rect { x, width: line.right().saturating_sub(x), ..line };
    match entry {
        Entry::Text { field, hint, .. } => {
            let hint = if label == 0 { entry.label() } else { *hint };
            let (text, at) = field.window(room.width);
            let end = put(frame, room, x, text, theme.input);
            let behind = if field.is_empty() { end } else { end + 2 };
            if usize::from(room.right().saturating_sub(behind)) >= hint.width().min(12) {
                put(frame, room, behind + u16::from(field.is_empty()), hint, theme.dim);
            }
            if on {
                frame.set_cursor_position((x + at, line.y));
            }
            // A field that is empty can be seen, too.
            if field.is_empty() {
                frame.buffer_mut().set_style(Rect { width: room.width.min(1), ..room }, theme.input);
            }
        }
        Entry::Choice { options, at, .. } => {
            let mut x = x;
            for (number, option) in options.iter().enumerate() {
                let chosen = number == *at;
                let text = if chosen { format!("({option})") } else { format!(" {option} ") };
                let style = if chosen && on {
                    theme.button_on
                } else if chosen {
                    theme.text
                } else {
                    theme.dim
                };
                x = put(frame, room, x, &text, style);
            }
            if on {
                frame.set_cursor_position((room.x, line.y));
                put(frame, room, x + 1, "Space changes", theme.dim);
            }
        }
    }
}
