//! The dialog that brings back.

use super::{Row, Text, buttons, list, paragraph, room};
use crate::model::Time;
use crate::tui::app::App;
use crate::tui::dialog::{Line, Tone, Undo, counted};
use crate::tui::draw::Painted;
use crate::tui::draw::overlay::window;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Lines of the text below the list, at the most.
const BELOW: u16 = 5;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, page: &Undo, area: Rect, painted: &mut Painted) {
    let rows = page.backups.as_ref().map_or(0, Vec::len);
    let below = below(app, page);
    let said = Text::new(app, &below, room(area)).len() as u16;
    let gap = u16::from(rows > 0 && area.height >= 12);
    let said = said.min(BELOW) + gap;
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(said + gap + 1);
    let inner = window(frame, app, "Undo", (room(area), wanted), area);
    buttons(frame, app, &page.buttons(), Some(page.at()), inner, painted);
    let body = Rect { height: inner.height.saturating_sub(1), ..inner };
    // Where there is little room the list has most of it.
    let most = if rows == 0 { body.height } else { (said + gap).min(body.height / 2) };
    let text = Rect { y: body.bottom() - most + gap.min(most), height: most.saturating_sub(gap), ..body };
    paragraph(frame, app, &below, text);
    let Some(backups) = &page.backups else { return };
    let now = app.now;
    let texts = |at: usize| {
        let about = &backups[at].entry.header.about;
        (about.address.as_str(), age(now, backups[at].entry.written))
    };
    let top = Rect { height: body.height - most, ..body };
    let widest = backups.iter().take(200).map(|backup| backup.entry.header.about.address.len()).max().unwrap_or(0);
    let widest = widest.min(usize::from(top.width) / 2);
    // Rows are borrowed: what is put together for them is kept here.
    let first = (page.row + 1).saturating_sub(usize::from(top.height));
    let seen: Vec<String> = (first..rows.min(first + usize::from(top.height)))
        .map(|at| {
            let (address, age) = texts(at);
            format!("{address:<widest$}  {age:>9}  {}", backups[at].entry.header.about.description)
        })
        .collect();
    list(frame, app, (rows, page.row), top, painted, |at| {
        let style = if page.refusal(&backups[at]).is_some() { app.theme.error } else { app.theme.text };
        let text = seen.get(at - first).map_or("", String::as_str);
        Row { parts: vec![(text, style)], marked: Some(page.marked[at]) }
    });
}

/// How long ago, or until when, roughly.
fn age(now: Time, then: Time) -> String {
    let seconds = now.seconds_since(then).max(0.0) as u64;
    format!("{} ago", span(seconds))
}

fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// What is said of the backup under the cursor, and the command line for what is marked.
fn below(app: &App, page: &Undo) -> Vec<Line> {
    if let Some(why) = &page.fault {
        return vec![Line::new(Tone::Error, why.clone())];
    }
    let Some(backups) = &page.backups else { return vec![Line::new(Tone::Dim, "looking…")] };
    let Some(backup) = backups.get(page.row) else {
        return vec![Line::new(Tone::Plain, "nothing can be undone: there are no backups")];
    };
    let about = &backup.entry.header.about;
    let left = backup.entry.expires.seconds_since(app.now).max(0.0) as u64;
    let mut lines = Vec::new();
    if let Some(why) = page.refusal(backup) {
        lines.push(Line::new(Tone::Error, why));
    }
    let what = format!("{}: {}; expires in {}", about.address, about.description, span(left));
    lines.push(Line::new(Tone::Dim, what));
    if let Some(command) = page.command() {
        lines.push(Line::new(Tone::Command, format!("same as: {command}")));
    }
    let refused =
        backups.iter().zip(&page.marked).filter(|(backup, marked)| **marked && page.refusal(backup).is_some());
    let refused = refused.count();
    if refused > 1 {
        lines.push(Line::new(
            Tone::Error,
            format!("{} of those marked cannot come back now", counted(refused, "backup")),
        ));
    }
    lines
}
