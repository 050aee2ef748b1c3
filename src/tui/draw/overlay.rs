//! What lies above the view: help, the log, a choice of columns, the command line.

use super::fold::folded;
use super::footer::clock;
use super::{Painted, put};
use crate::config::keys::{Command, Group};
use crate::tui::app::{App, ExportName, Help, LogPage, Overlay, Palette, Severity, SortChooser};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear};

/// Text with the style of each part.
type Spans = Vec<(String, Style)>;

/// Columns of the time before a message.
const TIME: usize = 10;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, overlay: &Overlay, area: Rect, painted: &mut Painted) {
    painted.cover();
    match overlay {
        Overlay::Help(help) => draw_help(frame, app, help, area),
        Overlay::Log(page) => draw_log(frame, app, page, area),
        Overlay::Sort(chooser) => draw_sort(frame, app, chooser, area),
        Overlay::Palette(palette) => draw_palette(frame, app, palette, area),
        Overlay::Dialog(dialog) => super::dialog::draw(frame, app, dialog, area, painted),
        Overlay::Trace(question) => super::trace::draw(frame, app, question, area, painted),
        Overlay::Export(name) => draw_export(frame, app, name, area),
    }
}

/// A frame with a title in the middle of the screen, at most so wide and high; what is left inside.
pub(super) fn window(frame: &mut Frame<'_>, app: &App, title: &str, (width, height): (u16, u16), area: Rect) -> Rect {
    let width = width.saturating_add(4).min(area.width);
    let height = height.saturating_add(2).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    frame.buffer_mut().set_style(place, app.theme.text);
    let block = Block::bordered().border_style(app.theme.border_on).title(format!(" {title} "));
    let inner = block.inner(place);
    frame.render_widget(block, place);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn lines(frame: &mut Frame<'_>, area: Rect, lines: &[Spans], offset: usize) {
    let offset = offset.min(lines.len().saturating_sub(usize::from(area.height)));
    for (line, y) in lines[offset..].iter().zip(area.y..area.bottom()) {
        let mut x = area.x;
        for (text, style) in line {
            x = put(frame, Rect { y, height: 1, ..area }, x, text, *style);
        }
    }
}

fn draw_help(frame: &mut Frame<'_>, app: &App, help: &Help, area: Rect) {
    let theme = &app.theme;
    let search = help.search.text().to_lowercase();
    let mut all: Vec<Spans> = Vec::new();
    for group in Group::ALL {
        let mut rows = Vec::new();
        for (binding, keys) in app.settings.keymap.rows().filter(|(binding, _)| binding.group == group) {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let keys = keys.join(" ");
            let text = format!("{keys} {} {}", binding.name, binding.about).to_lowercase();
            if text.contains(&search) {
                let about = format!("  {:<18}{}", binding.name, binding.about);
                rows.push(vec![(format!("{keys:<16}"), theme.key), (about, theme.text)]);
            }
        }
        if !rows.is_empty() {
            all.push(vec![(group.title().to_owned(), theme.heading)]);
            all.append(&mut rows);
        }
    }
    let (inner_width, height) = (84, all.len() as u16 + 1);
    let inner = window(frame, app, "Keys", (inner_width, height), area);
    let bottom = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
    lines(frame, Rect { height: inner.height.saturating_sub(1), ..inner }, &all, help.offset);
    let x = put(frame, bottom, bottom.x, if help.searching { "/" } else { "" }, theme.key);
    if help.searching {
        let (text, at) = help.search.window(bottom.right().saturating_sub(x));
        let end = put(frame, bottom, x, text, theme.input);
        put(frame, bottom, end + 2, "Enter keeps it, Esc clears it", theme.dim);
        frame.set_cursor_position((x + at, bottom.y));
    } else {
        let key = |command| app.settings.keymap.shown(command);
        let (search, line) = (key(Command::Filter), key(Command::CommandLine));
        let text = format!("{search} searches, Esc closes; every name also works behind {line}");
        put(frame, bottom, x, &text, theme.dim);
    }
}

fn draw_log(frame: &mut Frame<'_>, app: &App, page: &LogPage, area: Rect) {
    let theme = &app.theme;
    let inner = window(frame, app, "Messages", (area.width, area.height.saturating_sub(4)), area);
    let entries = app.log.entries();
    if entries.len() == 0 {
        put(frame, inner, inner.x, "nothing was done yet", theme.dim);
    }
    let seen = entries.len().saturating_sub(page.back);
    let room = usize::from(inner.width).saturating_sub(TIME);
    let mut all: Vec<Spans> = Vec::new();
    // The last ones alone can be seen.
    for entry in entries.take(seen).skip(seen.saturating_sub(usize::from(inner.height))) {
        let style = match entry.severity {
            Severity::Done => theme.good,
            Severity::Note => theme.text,
            Severity::Error => theme.error,
        };
        let times = std::iter::once(clock(entry.at)).chain(std::iter::repeat(String::new()));
        for (text, time) in folded(&entry.text, room, usize::MAX).into_iter().zip(times) {
            all.push(vec![(format!("{time:<TIME$}"), theme.dim), (text, style)]);
        }
    }
    lines(frame, inner, &all, usize::MAX);
}

fn draw_sort(frame: &mut Frame<'_>, app: &App, chooser: &SortChooser, area: Rect) {
    let theme = &app.theme;
    let widest = chooser.columns.iter().map(|name| name.len()).max().unwrap_or(0) as u16;
    let inner = window(frame, app, "Sort by", (widest.max(12), chooser.columns.len() as u16), area);
    let height = usize::from(inner.height);
    let offset = (chooser.at + 1).saturating_sub(height);
    for (at, y) in (offset..chooser.columns.len()).zip(inner.y..inner.bottom()) {
        let style = if at == chooser.at { theme.cursor } else { theme.text };
        let text = format!("{:<width$}", chooser.columns[at], width = usize::from(inner.width));
        put(frame, Rect { y, height: 1, ..inner }, inner.x, &text, style);
    }
    if chooser.at >= offset && height > 0 {
        frame.set_cursor_position((inner.x, inner.y + (chooser.at - offset) as u16));
    }
}

fn draw_palette(frame: &mut Frame<'_>, app: &App, palette: &Palette, area: Rect) {
    let theme = &app.theme;
    let line = Rect { y: area.bottom() - 1, height: 1, ..area };
    frame.render_widget(Clear, line);
    frame.buffer_mut().set_style(line, theme.text);
    let x = put(frame, line, line.x, ":", theme.key);
    let (text, at) = palette.field.window(line.right().saturating_sub(x));
    let end = put(frame, line, x, text, theme.input);
    let candidates = palette.candidates();
    if candidates.len() > 1 || candidates.first().is_some_and(|name| *name != palette.field.text()) {
        put(frame, line, end + 2, &candidates.join(" "), theme.dim);
    }
    frame.set_cursor_position((x + at, line.y));
}

fn draw_export(frame: &mut Frame<'_>, app: &App, name: &ExportName, area: Rect) {
    let theme = &app.theme;
    let inner = window(frame, app, "Write the rows to a file", (60, 3), area);
    let line = |at: u16| Rect { y: inner.y + at, height: 1, ..inner };
    let x = put(frame, line(0), inner.x, "File  ", theme.label);
    let (text, at) = name.field.window(inner.right().saturating_sub(x));
    put(frame, line(0), x, text, theme.input);
    frame.set_cursor_position((x + at, inner.y));
    if inner.height > 2 {
        let (hint, style) = match &name.fault {
            Some(fault) => (fault.as_str(), theme.error),
            None if app.view.kinds().is_empty() => ("it is written as CSV", theme.dim),
            None => (".json is written as JSON, any other name as CSV", theme.dim),
        };
        put(frame, line(1), inner.x, hint, style);
        put(frame, line(2), inner.x, "Enter writes, Esc does not", theme.dim);
    }
}
