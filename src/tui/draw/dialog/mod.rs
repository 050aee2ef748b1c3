//! Dialogs: a frame, what it says, what can be chosen or typed, and the buttons in the last line, which is always there.
//!
//! ```text
//! ┌ Remove queue:5 ───────────────────────────┐
//! │ queue:5 (key 0x000004d2, owner root, …)   │
//! │   in use: pid 812 (orders) is waiting …   │
//! │ a backup is kept first: undo brings it …  │
//! │ same as: ipcx rm queue:5                  │
//! │ [Cancel] [Remove] [_ force]               │
//! └───────────────────────────────────────────┘
//! ```

mod create;
mod form;
mod holders;
mod remove;
mod send;
mod signal;
mod undo;

use super::fold::folded;
use super::overlay::window;
use super::{Hit, Painted, put, put_cut};
use crate::tui::app::App;
use crate::tui::dialog::{Button, Dialog, Line, Page, Press, Tone};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Columns that a dialog takes at the most: longer lines are hard to read.
const WIDEST: u16 = 96;
/// So many lines are folded; of more, each has one line of the screen.
const MOST_FOLDED: usize = 200;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, dialog: &Dialog, area: Rect, painted: &mut Painted) {
    match &dialog.page {
        Page::Remove(page) => remove::draw(frame, app, page, area, painted),
        Page::Undo(page) => undo::draw(frame, app, page, area, painted),
        Page::Holders(page) => holders::draw(frame, app, page, area, painted),
        Page::Signal(page) => signal::draw(frame, app, page, area, painted),
        Page::Send(page) => send::draw(frame, app, page, area, painted),
        Page::Create(page) => create::draw(frame, app, page, area, painted),
    }
}

/// Columns inside a dialog.
fn room(area: Rect) -> u16 {
    WIDEST.min(area.width.saturating_sub(4))
}

/// Lines as they stand on the screen, with their style.
struct Text<'a> {
    app: &'a App,
    lines: &'a [Line],
    folded: Vec<(String, Tone)>,
}

impl<'a> Text<'a> {
    fn new(app: &'a App, lines: &'a [Line], width: u16) -> Self {
        let mut folded = Vec::new();
        if lines.len() <= MOST_FOLDED {
            for line in lines {
                let lines = self::folded(&line.text, usize::from(width), usize::MAX);
                folded.extend(lines.into_iter().map(|text| (text, line.tone)));
            }
        }
        Self { app, lines, folded }
    }

    fn len(&self) -> usize {
        if self.lines.len() <= MOST_FOLDED { self.folded.len() } else { self.lines.len() }
    }

    fn get(&self, at: usize) -> Option<(&str, Tone)> {
        if self.lines.len() <= MOST_FOLDED {
            return self.folded.get(at).map(|(text, tone)| (text.as_str(), *tone));
        }
        self.lines.get(at).map(|line| (line.text.as_str(), line.tone))
    }

    /// Paints it from a line on; says how far it can be scrolled.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect, offset: usize) -> usize {
        let end = self.len().saturating_sub(usize::from(area.height));
        let offset = offset.min(end);
        for (at, y) in (offset..self.len()).zip(area.y..area.bottom()) {
            if let Some((text, tone)) = self.get(at) {
                put(frame, Rect { y, height: 1, ..area }, area.x, text, style(self.app, tone));
            }
        }
        let theme = &self.app.theme;
        let mark = Rect { x: area.right(), width: 2, height: 1, ..area };
        if offset > 0 && area.height > 0 {
            put(frame, mark, mark.x, "▲", theme.key);
        }
        if offset < end && area.height > 0 {
            put(frame, Rect { y: area.bottom() - 1, ..mark }, mark.x, "▼", theme.key);
        }
        end
    }
}

const fn style(app: &App, tone: Tone) -> Style {
    match tone {
        Tone::Plain => app.theme.text,
        Tone::Dim => app.theme.dim,
        Tone::Danger => app.theme.danger,
        Tone::Error => app.theme.error,
        Tone::Command => app.theme.label,
    }
}

/// A dialog of text and buttons.
fn question(
    frame: &mut Frame<'_>,
    app: &App,
    title: &str,
    (lines, offset): (&[Line], usize),
    (buttons, at): (&[Button], Option<Press>),
    area: Rect,
    painted: &mut Painted,
) {
    let width = room(area);
    let text = Text::new(app, lines, width);
    let gap = u16::from(area.height >= 12);
    let height = u16::try_from(text.len()).unwrap_or(u16::MAX).saturating_add(1 + gap);
    let inner = window(frame, app, title, (width, height), area);
    let body = Rect { height: inner.height.saturating_sub(1 + gap), ..inner };
    painted.dialog_end = Some(text.draw(frame, body, offset));
    self::buttons(frame, app, buttons, at, inner, painted);
}

/// The buttons, in the last line; where there is little room, those around the one under the cursor.
fn buttons(
    frame: &mut Frame<'_>,
    app: &App,
    buttons: &[Button],
    at: Option<Press>,
    inner: Rect,
    painted: &mut Painted,
) {
    let theme = &app.theme;
    if inner.height == 0 {
        return;
    }
    let line = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    let text = |button: &Button| match button.on {
        None => format!("[{}]", button.label),
        Some(true) => format!("[x] {}", button.label),
        Some(false) => format!("[ ] {}", button.label),
    };
    let width = |button: &Button| text(button).width() as u16 + 1;
    let place = buttons.iter().position(|button| Some(button.press) == at);
    // The first ones go out on the left until the one under the cursor fits.
    let fits = |first: usize| buttons[first..=place.unwrap_or(first)].iter().map(width).sum::<u16>() <= line.width + 1;
    let first = (0..place.unwrap_or(0)).find(|first| fits(*first)).unwrap_or(place.unwrap_or(0));
    let mut x = line.x;
    for button in buttons.iter().skip(first) {
        let on = Some(button.press) == at;
        let style = match (on, button.danger) {
            (true, true) => theme.danger_on,
            (true, false) => theme.button_on,
            (false, true) => theme.danger,
            (false, false) => theme.button,
        };
        let end = put(frame, line, x, &text(button), style);
        painted.add(Rect { x, width: end - x, ..line }, Hit::Button(button.press));
        if on {
            frame.set_cursor_position((x, line.y));
        }
        x = end + 1;
    }
}

/// A row of a list.
struct Row<'a> {
    /// Behind the mark, and its style.
    parts: Vec<(&'a str, Style)>,
    /// Whether it is marked; `None` where rows cannot be.
    marked: Option<bool>,
}

/// A list with the cursor on a row; `row` makes those that are seen. The rows behind the last stay empty.
fn list<'a>(
    frame: &mut Frame<'_>,
    app: &App,
    (count, at): (usize, usize),
    area: Rect,
    painted: &mut Painted,
    row: impl Fn(usize) -> Row<'a>,
) {
    let height = usize::from(area.height);
    let offset = (at + 1).saturating_sub(height);
    for (number, y) in (offset..count).zip(area.y..area.bottom()) {
        let line = Rect { y, height: 1, ..area };
        let Row { parts, marked } = row(number);
        let mark = match marked {
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
            None => "",
        };
        let mut x = put(frame, line, line.x, mark, app.theme.key);
        for (text, style) in parts {
            x = put_cut(frame, Rect { x, width: line.right().saturating_sub(x), ..line }, text, style);
        }
        if number == at {
            frame.buffer_mut().set_style(line, app.theme.cursor);
        }
        painted.add(line, Hit::Option(number));
    }
}

/// Folded text from the top of an area; the lines it took.
fn paragraph(frame: &mut Frame<'_>, app: &App, lines: &[Line], area: Rect) -> u16 {
    let text = Text::new(app, lines, area.width);
    let height = u16::try_from(text.len()).unwrap_or(u16::MAX).min(area.height);
    text.draw(frame, Rect { height, ..area }, 0);
    height
}
