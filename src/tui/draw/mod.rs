//! The picture on the terminal: a pure function of the state.
//!
//! ```text
//! ipcx  db1   1 Overview  2 Queues 12  3 Memory 4 …            [RO] FROZEN   tabs
//! ADDRESS       KEY         OWNER  MESSAGES  STATE     │ queue:32769          the view: a list,
//! queue:32769   0x000004d2  root          3  in-use    │   key  0x000004d2    details beside it or
//! …                                                    │   …                  in its place
//! /filter█                                    12 of 340                       what is typed, or said
//! Enter details  / filter  d remove  ? help  q quit            looked 14:03   keys
//! ```
//!
//! What was painted where is handed back as [`Painted`], for the mouse and for paging.

mod ascii;
mod contents;
mod details;
mod dialog;
mod fold;
mod footer;
mod header;
mod list;
mod overlay;
mod overview;
#[cfg(test)]
mod tests;
mod trace;

use super::app::App;
use super::dialog::Press;
use super::id::Id;
use super::view::View;
use crate::config::keys::Command;
use crate::output::grid::cut;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

pub(in crate::tui) use footer::clock;

/// What lies under a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A view's tab.
    Tab(View),
    /// The heading of a column.
    Head(&'static str),
    /// A row of the list, and what it stands for: by the time it is pressed the row may be another's.
    Row(usize, Id),
    /// A line of the details, and where it leads.
    Line(usize, Option<Id>),
    /// The answer to whether a look may leave a trace.
    Trace(bool),
    /// Something that stands for a command.
    Command(Command),
    /// A button of a dialog.
    Button(Press),
    /// A row of a dialog's list, or a field of it.
    Option(usize),
}

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// What was painted where.
#[derive(Debug, Clone, Default)]
pub struct Painted {
    /// What can be pressed; what was painted later lies above.
    hits: Vec<(Rect, Hit)>,
    /// Lines of the list or the details that were there.
    pub page: usize,
    /// First row of the list that was painted.
    pub offset: usize,
    /// First line of the details that was painted.
    pub details_offset: usize,
    /// How far the dialog can be scrolled, if it can.
    pub dialog_end: Option<usize>,
}

impl Painted {
    /// What lies at a place.
    pub fn at(&self, column: u16, line: u16) -> Option<Hit> {
        let place = Position::new(column, line);
        self.hits.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, hit)| *hit)
    }

    /// The row that is painted beside a row: on its line if there is one, otherwise the nearest beyond its edge.
    pub fn beside(&self, row: usize, toward: Toward) -> Option<usize> {
        let rows = || {
            self.hits
                .iter()
                .filter_map(|(area, hit)| if let Hit::Row(row, _) = hit { Some((*area, *row)) } else { None })
        };
        let (from, _) = rows().find(|(_, at)| *at == row)?;
        let beyond = rows().filter(|(area, _)| match toward {
            Toward::Left => area.right() <= from.x,
            Toward::Right => area.x >= from.right(),
        });
        beyond.min_by_key(|(area, _)| (area.y.abs_diff(from.y), area.x.abs_diff(from.x))).map(|(_, row)| row)
    }

    pub(super) fn add(&mut self, area: Rect, hit: Hit) {
        self.hits.push((area, hit));
    }

    /// Something lies above all that was painted before: it alone can be pressed.
    pub(super) fn cover(&mut self) {
        self.hits.clear();
    }
}

/// Columns and lines below which nothing but their want is shown.
const LEAST: (u16, u16) = (20, 5);

/// Paints the whole screen.
pub fn draw(frame: &mut Frame<'_>, app: &App) -> Painted {
    let area = frame.area();
    let mut painted = Painted { offset: app.list().offset, ..Painted::default() };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("need {}x{}, have {}x{}", LEAST.0, LEAST.1, area.width, area.height);
        frame.render_widget(Line::raw(text), Rect { height: area.height.min(1), ..area });
        return painted;
    }
    frame.buffer_mut().set_style(area, app.theme.text);
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    header::draw(frame, app, line(0), &mut painted);
    let said = footer::height(app, area);
    let body = Rect { y: area.y + 1, height: area.height - 2 - said, ..area };
    body_of(frame, app, body, &mut painted);
    footer::message(frame, app, Rect { y: body.bottom(), height: said, ..area });
    footer::keys(frame, app, line(area.height - 1), &mut painted);
    if let Some(overlay) = &app.overlay {
        overlay::draw(frame, app, overlay, area, &mut painted);
    }
    if app.settings.ascii {
        ascii::flatten(frame.buffer_mut());
    }
    painted
}

fn body_of(frame: &mut Frame<'_>, app: &App, area: Rect, painted: &mut Painted) {
    let Some(answer) = app.shown() else {
        frame.render_widget(Line::styled("looking…", app.theme.dim), Rect { height: area.height.min(1), ..area });
        return;
    };
    match (&answer.details, app.trail.last()) {
        (details, Some(crumb)) => {
            let details = details.as_ref().filter(|details| details.id == crumb.id);
            details::draw_open(frame, app, details, crumb, area, painted);
        }
        (beside, None) => {
            let side = if beside.is_some() && app.has_side_pane() { area.width * 2 / 5 } else { 0 };
            // A column between them, so that the last one of the list does not touch the line.
            let main = Rect { width: area.width - side - u16::from(side > 0), ..area };
            if let Some(overview) = &answer.overview {
                overview::draw(frame, app, overview, main, painted);
            } else {
                let told = if side == 0 && app.view == View::Problems { told_below(main) } else { 0 };
                let rows = Rect { height: main.height - told, ..main };
                list::draw(frame, app, &answer.listing, rows, painted);
                list::problem(frame, app, &answer.listing, Rect { y: rows.bottom(), height: told, ..main });
            }
            if let Some(details) = beside.as_ref().filter(|_| side > 0) {
                let pane = Rect { x: area.right() - side, width: side, ..area };
                details::draw_beside(frame, app, details, pane);
            }
        }
    }
}

/// Lines below a list for the problem under its cursor: more where sentences are folded more.
const fn told_below(area: Rect) -> u16 {
    match (area.height, area.width) {
        (0..9, _) => 0,
        (_, 0..60) => 5,
        _ => 4,
    }
}

/// Writes spans one after the other as far as there is room; the column behind them.
fn put(frame: &mut Frame<'_>, area: Rect, x: u16, text: &str, style: Style) -> u16 {
    let room = area.right().saturating_sub(x);
    if room == 0 {
        return x;
    }
    let (end, _) = frame.buffer_mut().set_stringn(x, area.y, text, usize::from(room), style);
    end
}

/// Writes a text into one line, and marks that something is missing; the column behind it.
fn put_cut(frame: &mut Frame<'_>, area: Rect, text: &str, style: Style) -> u16 {
    if text.width() <= usize::from(area.width) {
        return put(frame, area, area.x, text, style);
    }
    let mut short = String::new();
    cut(&mut short, text, usize::from(area.width));
    put(frame, area, area.x, &short, style)
}
