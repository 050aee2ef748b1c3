//! The last lines: what is typed or was said, and the keys that matter here, from the key table.

use super::{Hit, Painted, put};
use crate::config::keys::Command;
use crate::model::Time;
use crate::tui::app::{App, Severity};
use crate::tui::view::View;
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// A time of day, as the machine's place has it: `14:03:12`.
pub(in crate::tui) fn clock(time: Time) -> String {
    match jiff::Timestamp::from_second(time.secs) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
        Err(_) => String::new(),
    }
}

/// The line of what is typed, or was said last, or which rows there are.
pub(super) fn message(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let theme = &app.theme;
    let list = app.list();
    let right = counts(app);
    let left = Rect { width: area.width.saturating_sub(right.width() as u16 + 1), ..area };
    if right.width() + 1 < usize::from(area.width) {
        put(frame, area, area.right() - right.width() as u16, &right, theme.dim);
    }
    if app.filtering {
        let x = put(frame, left, left.x, "/", theme.key);
        let (text, at) = list.field.window(left.right().saturating_sub(x));
        let end = put(frame, left, x, text, theme.input);
        if let Some(fault) = &list.fault {
            put(frame, left, end + 2, &fault.to_string(), theme.error);
        }
        frame.set_cursor_position((x + at, left.y));
    } else if let Some(doing) = app.doing {
        let how_far = app.progress.map(|(done, total)| format!("{done} of {total}")).unwrap_or_default();
        let x = put(frame, left, left.x, &format!("{doing} {how_far}"), theme.warning);
        if app.can_cancel() {
            let x = put(frame, left, x + 2, "Esc", theme.key);
            put(frame, left, x + 1, "cancels", theme.dim);
        }
    } else if app.told
        && let Some(entry) = app.log.entries().next_back()
    {
        let style = match entry.severity {
            Severity::Done => theme.good,
            Severity::Note => theme.text,
            Severity::Error => theme.error,
        };
        put(frame, left, left.x, &entry.text, style);
    } else if !list.field.is_empty() {
        let x = put(frame, left, left.x, "/", theme.key);
        let x = put(frame, left, x, list.field.text(), theme.text);
        put(frame, left, x + 2, "Esc clears", theme.dim);
    }
}

/// How many rows there are, of how many; what is selected; what was not seen.
fn counts(app: &App) -> String {
    let Some(answer) = app.shown().filter(|_| app.view != View::Overview) else { return String::new() };
    let mut parts = Vec::new();
    let hidden = answer.summary.hidden;
    if hidden > 0 {
        parts.push(format!("{hidden} processes unreadable"));
    }
    if !app.list().selected.is_empty() {
        parts.push(format!("{} selected", app.list().selected.len()));
    }
    let total = answer.listing.total;
    let rows = answer.listing.rows.len();
    parts.push(if app.list().field.is_empty() { format!("{rows}") } else { format!("{rows} of {total}") });
    parts.join("  ")
}

/// Commands that the footer offers, the most useful first.
fn offered(app: &App) -> &'static [Command] {
    use Command::{
        Back, CommandLine, Create, Filter, First, Form, Freeze, Help, Jump, Last, Open, PageDown, PageUp, Peek, Quit,
        Remove, Select, Send, Signal, Sort, Undo,
    };
    if app.filtering {
        return &[Back];
    }
    if app.pane().is_some() {
        return &[Help, Back, Peek, Form, PageDown, PageUp, First, Last];
    }
    if !app.trail.crumbs().is_empty() {
        return &[Help, Back, Jump, Peek, Remove, Signal, Send, Undo];
    }
    match app.view {
        View::Overview => &[Help, Open, Create, Undo, CommandLine, Quit],
        _ => &[Help, Open, Filter, Remove, Peek, Quit, Signal, Undo, Select, Sort, Jump, Create, Send, Freeze],
    }
}

/// The line of keys.
pub(super) fn keys(frame: &mut Frame<'_>, app: &App, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let looked = app.answer.as_ref().and_then(|answer| answer.summary.taken_at).map(clock).unwrap_or_default();
    let right = format!("{looked}  every {}s", app.settings.interval.as_secs_f64());
    let mut end = area.right();
    if area.width >= 60 && !looked.is_empty() {
        end -= right.width() as u16 + 1;
        put(frame, area, end + 1, &right, theme.dim);
    }
    let room = Rect { width: end - area.x, ..area };
    let mut x = area.x;
    for command in offered(app) {
        let key = app.settings.keymap.shown(*command);
        let word = word(*command);
        let wide = (key.width() + word.width() + 3) as u16;
        if key.is_empty() || x + wide > room.right() + 2 {
            continue;
        }
        let from = x;
        x = put(frame, room, x, &key, theme.key);
        x = put(frame, room, x + 1, word, theme.text);
        painted.add(Rect { x: from, width: x - from, ..area }, Hit::Command(*command));
        x += 2;
    }
}

/// A command in one word.
fn word(command: Command) -> &'static str {
    match command {
        Command::Open => "details",
        Command::Back => "back",
        Command::ClearSelection => "unselect",
        Command::CommandLine => "command",
        Command::Create => "new",
        other => crate::config::keys::BINDINGS
            .iter()
            .find(|binding| binding.command == other)
            .map_or("", |binding| binding.name),
    }
}
