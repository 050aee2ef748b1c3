//! The overview: gauges, counts, problems, the largest users; in one column, or in two where there is room.

use super::{Hit, Painted, put};
use crate::diagnose::Severity;
use crate::output::grid::{cut, pad};
use crate::tui::app::App;
use crate::tui::present::{Block, Overview, OverviewLine, Tone, What};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 110;
/// The most that the left one takes: gauges need no more.
const LEFT: u16 = 72;
/// Between them.
const GAP: u16 = 3;
/// Columns before a line.
const MARGIN: u16 = 1;
/// Columns of a label, and where there is little room.
const LABEL: u16 = 16;
const SHORT_LABEL: u16 = 10;
/// Below this width there is little room, below this height none for titles.
const NARROW: u16 = 50;
const LOW: usize = 8;
/// The least and the most that a bar takes.
const BAR: (u16, u16) = (6, 30);
/// Per cent from which a gauge is in the middle, and from which it is high.
const LEVELS: (f64, f64) = (80.0, 95.0);

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, overview: &Overview, area: Rect, painted: &mut Painted) {
    if area.height == 0 {
        return;
    }
    let columns: Vec<(Rect, &[Block])> = if area.width >= TWO_COLUMNS {
        let left = Rect { width: ((area.width - GAP) / 2).min(LEFT), ..area };
        let right = Rect { x: left.right() + GAP, width: area.width - GAP - left.width, ..area };
        vec![(left, &[Block::Limits, Block::Objects]), (right, &[Block::Problems, Block::Most])]
    } else {
        vec![(area, &[Block::Limits, Block::Objects, Block::Problems, Block::Most])]
    };
    painted.page = usize::from(area.height);
    let numbers = widest_numbers(overview);
    for (area, blocks) in columns {
        let lines = spaced(overview, blocks, usize::from(area.height));
        let height = usize::from(area.height);
        let last = lines.len().saturating_sub(height);
        let mut offset = app.list().offset.min(last);
        if let Some(at) = lines.iter().position(|line| line.is_some_and(|line| holds(line, app.list().at))) {
            // What can be reached by going up further is seen without it: the title above the first line.
            let first = lines.iter().position(|line| line.is_some_and(|line| line.parts > 0));
            let top = if first == Some(at) { 0 } else { at };
            offset = offset.min(top).max((at + 1).saturating_sub(height));
            painted.offset = offset;
        }
        for (line, y) in lines[offset..].iter().zip(area.y..area.bottom()) {
            if let Some(line) = line {
                let row = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(MARGIN), y, height: 1 };
                draw_line(frame, app, line, numbers, row, painted);
            }
        }
    }
}

const fn holds(line: &OverviewLine, item: usize) -> bool {
    line.first <= item && item < line.first + line.parts
}

/// The lines of some blocks, with an empty one between two blocks if there is room for all of them.
fn spaced<'a>(overview: &'a Overview, blocks: &[Block], height: usize) -> Vec<Option<&'a OverviewLine>> {
    let titled = |line: &&OverviewLine| height >= LOW || !matches!(line.what, What::Heading(_));
    let of = |block: Block| overview.lines.iter().filter(move |line| line.block == block).filter(titled);
    let all: usize = blocks.iter().map(|block| of(*block).count()).sum();
    let room = all + blocks.len().saturating_sub(1) <= height;
    let mut lines = Vec::with_capacity(all + blocks.len());
    for block in blocks {
        if room && !lines.is_empty() {
            lines.push(None);
        }
        lines.extend(of(*block).map(Some));
    }
    lines
}

/// How wide the numbers of gauges get, so that all bars are of one length.
fn widest_numbers(overview: &Overview) -> usize {
    let widths = overview.lines.iter().map(|line| match &line.what {
        What::Gauge { used, limit: Some(limit), .. } => used.width() + 1 + limit.width(),
        What::Gauge { used, .. } => used.width(),
        _ => 0,
    });
    widths.max().unwrap_or(0)
}

fn draw_line(frame: &mut Frame<'_>, app: &App, line: &OverviewLine, numbers: usize, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    match &line.what {
        What::Heading(title) => {
            put(frame, area, area.x, title, theme.heading);
        }
        What::Text(text) => {
            let mut short = String::new();
            fitted(&mut short, text, area.width);
            put(frame, area, area.x + MARGIN, &short, theme.dim);
        }
        What::Gauge { label, used, limit, percent } => {
            gauge(frame, app, (label, used, limit.as_deref(), *percent), numbers, area);
            part(frame, app, line.first, area, painted);
        }
        What::Counts { label, short, cells, heading } => {
            let label = if area.width < NARROW { short } else { label };
            let style = if *heading { theme.heading } else { theme.label };
            counts(frame, app, line.first, (label, style), cells, area, painted);
        }
        What::Problem { severity, address, reason } => {
            let x = put(frame, area, area.x, mark(*severity), self::severity(app, severity.name()));
            let x = put(frame, area, x + 1, address, theme.text);
            let mut short = String::new();
            fitted(&mut short, reason, area.right().saturating_sub(x + 2));
            put(frame, area, x + 2, &short, theme.dim);
            part(frame, app, line.first, area, painted);
        }
        What::Most { label, name, amount } => {
            put(frame, area, area.x, label, theme.label);
            let label = if area.width < NARROW { area.width / 2 } else { LABEL };
            let room = usize::from(area.width.saturating_sub(label));
            // The amount stands where all amounts stand; without room for that, behind the name.
            let width = room.saturating_sub(amount.width() + 2).clamp(1, 20);
            let mut name_cut = String::new();
            pad(&mut name_cut, name, name.width(), width, false, true);
            let x = put(frame, area, area.x + label, &name_cut, theme.text);
            put(frame, area, x.max(area.x + label + width as u16) + 1, amount, theme.value);
            part(frame, app, line.first, area, painted);
        }
    }
}

/// A severity in one character, for lines that have no room for the word.
const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Severe => "!!",
        Severity::Warning => "! ",
        Severity::Note => "  ",
    }
}

/// The colour of a severity by its name.
pub(super) fn severity(app: &App, name: &str) -> Style {
    match name {
        "severe" => app.theme.error,
        "warning" => app.theme.warning,
        _ => app.theme.text,
    }
}

/// Makes a place pressable, and shows the cursor if it is there.
fn part(frame: &mut Frame<'_>, app: &App, item: usize, area: Rect, painted: &mut Painted) {
    if let Some(row) = app.shown().and_then(|answer| answer.listing.rows.get(item)) {
        painted.add(area, Hit::Row(item, row.id));
    }
    if app.list().at == item {
        frame.buffer_mut().set_style(area, app.theme.cursor);
        frame.set_cursor_position((area.x, area.y));
    }
}

const fn label_width(area: Rect) -> u16 {
    if area.width < NARROW { SHORT_LABEL } else { LABEL }
}

/// Text as far as there is room for it.
fn fitted(out: &mut String, text: &str, room: u16) {
    if text.width() <= usize::from(room) {
        out.push_str(text);
    } else {
        cut(out, text, usize::from(room));
    }
}

/// A gauge: what, a bar, used and limit, per cent. The bar goes first where there is no room, then the numbers.
fn gauge(
    frame: &mut Frame<'_>,
    app: &App,
    (label, used, limit, percent): (&str, &str, Option<&str>, Option<f64>),
    numbers: usize,
    area: Rect,
) {
    let theme = &app.theme;
    let style = match percent {
        Some(percent) if percent >= LEVELS.1 => theme.gauge_high,
        Some(percent) if percent >= LEVELS.0 => theme.gauge_mid,
        _ => theme.gauge_low,
    };
    let last = percent.map_or_else(
        || "no limit".to_owned(),
        |percent| match percent {
            0.0..1.0 if percent > 0.0 => "<1%".to_owned(),
            _ => format!("{percent:.0}%"),
        },
    );
    let (numbers, last_width) = (numbers as u16, 8);
    let fixed = LABEL + 2 + numbers + last_width;
    let has_numbers = area.width >= fixed + BAR.0;
    let taken = if has_numbers { fixed } else { LABEL + 1 + last_width };
    let bar = area.width.saturating_sub(taken).min(BAR.1);
    let bar = if bar < BAR.0 { 0 } else { bar };
    let label_room = LABEL.min(area.width.saturating_sub(last.width() as u16 + 1));
    let mut text = String::new();
    fitted(&mut text, label, label_room);
    put(frame, area, area.x, &text, theme.label);
    let mut x = area.x + LABEL;
    if bar > 0 {
        if let Some(percent) = percent {
            // Whatever is in use shows, and nothing but a full one looks full.
            let filled = (f64::from(bar) * percent / 100.0) as u16;
            let filled = filled.clamp(u16::from(percent > 0.0), if percent < 100.0 { bar - 1 } else { bar });
            x = put(frame, area, x, &"█".repeat(usize::from(filled)), style);
            put(frame, area, x, &"░".repeat(usize::from(bar - filled)), theme.gauge_rest);
        }
        x = area.x + LABEL + bar + 1;
    }
    if has_numbers {
        let text = limit.map_or_else(|| used.to_owned(), |limit| format!("{used}/{limit}"));
        let text = format!("{text:>width$}", width = usize::from(numbers));
        x = put(frame, area, x, &text, theme.value);
        let text = format!("{last:>width$}", width = usize::from(last_width) + 1);
        put(frame, area, x, &text, if percent.is_some() { style } else { theme.dim });
    } else {
        let x = area.right().saturating_sub(last.width() as u16);
        put(frame, area, x, &last, if percent.is_some() { style } else { theme.dim });
    }
}

/// A line of numbers, each a part of its own.
fn counts(
    frame: &mut Frame<'_>,
    app: &App,
    first: usize,
    (label, style): (&str, Style),
    cells: &[(String, Tone)],
    area: Rect,
    painted: &mut Painted,
) {
    let theme = &app.theme;
    put(frame, area, area.x, label, style);
    let mut x = area.x + label_width(area);
    for (at, (text, tone)) in cells.iter().enumerate() {
        let style = match tone {
            Tone::Plain => theme.value,
            Tone::Leaked => theme.leaked,
            Tone::Suspect => theme.suspect,
            Tone::Severe => theme.error,
        };
        // The total stands at the right of its field, what is wrong behind it.
        let text = if at == 0 { format!("{text:>6}") } else { text.clone() };
        let from = x;
        x = put(frame, area, x, &text, style);
        let place = Rect { x: from, width: x.saturating_sub(from), ..area };
        part(frame, app, first + at, place, painted);
        x += 2;
    }
}
