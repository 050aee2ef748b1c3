//! The last lines: what is typed or was said, and the keys that matter here, from the key table.

use super::fold::folded;
use super::{Hit, Painted, put, put_cut};
use crate::config::keys::Command;
use crate::model::Time;
use crate::tui::app::{App, Severity};
use crate::tui::id::Id;
use crate::tui::view::View;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// A time of day, as the machine's place has it: `14:03:12`.
pub(in crate::tui) fn clock(time: Time) -> String {
    match jiff::Timestamp::from_second(time.secs) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
        Err(_) => String::new(),
    }
}

/// Lines that a message takes at the most, where there are enough of them.
const MOST: u16 = 4;
/// Lines from which on there is one for messages, whether there is a message or not.
const ROOMY: u16 = 9;

/// How many lines [`message`] needs: reasons are worth more than the rows that they cover.
pub(super) fn height(app: &App, area: Rect) -> u16 {
    let least = u16::from(area.height >= ROOMY || app.filtering || app.doing.is_some() || !app.list().field.is_empty());
    let most = (area.height / 5).clamp(1, MOST);
    let lines = said(app).map_or(0, |(text, _)| folded(&text, usize::from(area.width), usize::from(most)).len() as u16);
    if app.filtering { (lines + 1).min(most.max(2)) } else { lines.max(least) }
}

/// What was said last, or is wrong with what is typed.
fn said(app: &App) -> Option<(String, Style)> {
    let theme = &app.theme;
    if app.filtering {
        return app.list().fault.as_ref().map(|fault| (fault.to_string(), theme.error));
    }
    let entry = app.told.as_ref().filter(|_| app.doing.is_none())?;
    let style = match entry.severity {
        Severity::Done => theme.good,
        Severity::Note => theme.text,
        Severity::Error => theme.error,
    };
    Some((entry.text.clone(), style))
}

/// The lines of what is typed, or was said last, or which rows there are.
pub(super) fn message(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let (theme, list) = (&app.theme, app.list());
    if area.height == 0 {
        return;
    }
    let bottom = Rect { y: area.bottom() - 1, height: 1, ..area };
    let above = Rect { height: area.height - u16::from(app.filtering), ..area };
    let said = said(app);
    if let Some((text, style)) = &said {
        let lines = folded(text, usize::from(area.width), usize::from(above.height).max(1));
        for (line, y) in lines.iter().zip(above.y..above.bottom()) {
            put(frame, Rect { y, height: 1, ..area }, area.x, line, *style);
        }
    }
    // What was said needs its last line more than the counts do.
    let behind = said
        .filter(|_| !app.filtering)
        .map_or(0, |(text, _)| if area.height > 1 { usize::from(area.width) } else { text.width() + 2 });
    let right = counts(app);
    let has_room = behind + right.width() + 1 < usize::from(area.width);
    let left = Rect { width: area.width.saturating_sub(if has_room { right.width() as u16 + 1 } else { 0 }), ..bottom };
    if has_room {
        put(frame, bottom, bottom.right() - right.width() as u16, &right, theme.dim);
    }
    if app.filtering {
        let x = put(frame, left, left.x, "/", theme.key);
        let (text, at) = list.field.window(left.right().saturating_sub(x));
        put(frame, left, x, text, theme.input);
        frame.set_cursor_position((x + at, left.y));
    } else if let Some(doing) = app.doing {
        let how_far = app.progress.map(|(done, total)| format!(" {done} of {total}")).unwrap_or_default();
        let x = put(frame, left, left.x, &format!("{doing}{how_far}"), theme.warning);
        if app.can_cancel() {
            let x = put(frame, left, x + 2, "Esc", theme.key);
            put(frame, left, x + 1, "cancels", theme.dim);
        }
    } else if behind == 0 && !list.field.is_empty() && app.trail.crumbs().is_empty() {
        let x = put(frame, left, left.x, "/", theme.key);
        let x = put(frame, left, x, list.field.text(), theme.text);
        let x = put(frame, left, x + 2, "Esc", theme.key);
        let x = put(frame, left, x + 1, "clears", theme.dim) + 2;
        if let Some(fault) = &list.fault {
            let room = Rect { x, width: left.right().saturating_sub(x), ..left };
            put_cut(frame, room, &fault.to_string(), theme.error);
        }
    }
}

/// How many rows there are, of how many; what is selected; what was not seen. In details, how far they are read.
fn counts(app: &App) -> String {
    let Some(answer) = app.shown() else { return String::new() };
    if let Some(crumb) = app.trail.last() {
        let details = answer.details.as_ref().filter(|details| details.id == crumb.id && crumb.pane.is_none());
        return details
            .map_or_else(String::new, |details| format!("line {} of {}", crumb.line + 1, details.lines.len()));
    }
    if app.view == View::Overview {
        return String::new();
    }
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
    parts.push(match rows {
        _ if !app.list().field.is_empty() => format!("{rows} of {total}"),
        1 => "1 row".to_owned(),
        _ => format!("{rows} rows"),
    });
    parts.join("  ")
}

/// Commands that the footer offers, the most useful first.
fn offered(app: &App) -> &'static [Command] {
    use Command::{
        Back, CommandLine, CopyValue, Create, Filter, First, Form, Freeze, Graph, Help, Jump, Last, Open, PageDown,
        PageUp, Peek, Quit, Remove, Select, Send, Signal, Sort, Undo,
    };
    if app.filtering {
        return &[Open, Back];
    }
    if app.pane().is_some() {
        return &[Help, Back, Peek, Form, PageDown, PageUp, First, Last];
    }
    match (app.trail.last().map(|crumb| crumb.id), app.view) {
        (Some(Id::Process { .. }), _) => &[Help, Back, Open, Jump, Signal, CopyValue, Graph, Undo],
        (Some(Id::Graph(_)), _) => &[Help, Back, Open, Jump, Graph, Remove, Signal, Undo],
        (Some(Id::Limit(_)), _) => &[Help, Back, Open, Jump, CopyValue, Undo],
        (Some(_), _) => &[Help, Back, Jump, Peek, Remove, Signal, Send, Graph, Undo],
        (None, View::Overview) => &[Help, Open, Create, Undo, CommandLine, Quit],
        (None, View::Processes) => &[Help, Open, Filter, Signal, Jump, Quit, Select, Sort, Undo, Freeze],
        (None, View::Problems) => &[Help, Open, Filter, Remove, Signal, Quit, Peek, Undo, Select, Sort, Jump, Freeze],
        (None, _) => &[Help, Open, Filter, Remove, Peek, Quit, Signal, Undo, Select, Sort, Jump, Create, Send, Freeze],
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
        let word = word(app, *command);
        let wide = (key.width() + word.width() + 3) as u16;
        if key.is_empty() || x + wide > room.right() + 2 {
            continue;
        }
        let from = x;
        // What is refused stays to be seen, and says why when it is tried.
        let refused = app.settings.policy.read_only && changes(*command);
        x = put(frame, room, x, &key, if refused { theme.dim } else { theme.key });
        x = put(frame, room, x + 1, word, if refused { theme.dim } else { theme.text });
        painted.add(Rect { x: from, width: x - from, ..area }, Hit::Command(*command));
        x += 2;
    }
}

/// Whether it changes something, and so is refused in read-only mode.
const fn changes(command: Command) -> bool {
    matches!(command, Command::Remove | Command::Undo | Command::Signal | Command::Send | Command::Create)
}

/// A command in one word.
fn word(app: &App, command: Command) -> &'static str {
    match command {
        Command::Open if app.filtering => "keep",
        Command::Back if app.filtering => "clear",
        Command::Open if app.trail.last().is_some() => "follow",
        Command::Open if app.view == View::Overview => "open",
        Command::Open => "details",
        Command::Peek if app.pane().is_some() => "again",
        Command::Form => "text/hex",
        Command::PageDown => "page down",
        Command::PageUp => "page up",
        Command::ClearSelection => "unselect",
        Command::CommandLine => "command",
        Command::Create => "new",
        other => crate::config::keys::BINDINGS
            .iter()
            .find(|binding| binding.command == other)
            .map_or("", |binding| binding.name),
    }
}
