//! A list: heading, the rows that there is room for, a mark before what is selected, new or gone.

use super::fold::folded;
use super::{Hit, Painted, put};
use crate::output::grid::{Extent, GAP, Head, Shown, fit, pad};
use crate::tui::app::App;
use crate::tui::present::{Listing, Mark, wrapped};
use crate::tui::view::View;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What is said of a row that is there only because it was.
const GONE: &str = "gone";

/// Columns before a row for its marks.
const MARGIN: u16 = 2;
/// An address that is too long keeps at least so many columns: those of most.
const SHORT_ADDRESS: usize = 20;

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, listing: &Listing, area: Rect, painted: &mut Painted) {
    let (theme, list) = (&app.theme, app.list());
    if area.height == 0 || listing.heads.is_empty() {
        return;
    }
    let inner = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(MARGIN), ..area };
    // Scrolled columns are left out; the first one, by which a row is known, stays.
    let skipped = |at: usize| at > 0 && at <= list.column;
    let kept: Vec<usize> = (0..listing.heads.len()).filter(|at| !skipped(*at)).collect();
    let heads: Vec<_> = kept.iter().map(|at| listing.heads[*at]).collect();
    let extents: Vec<_> = kept.iter().map(|at| listing.extents[*at]).collect();
    let mut shown = fitted(&heads, &extents, usize::from(inner.width));
    for column in &mut shown {
        column.at = kept[column.at];
    }
    heading(frame, app, listing, &shown, inner, painted);
    let height = usize::from(area.height - 1);
    painted.page = height;
    // The cursor is always among the rows that are seen.
    let offset = list.offset.min(listing.rows.len().saturating_sub(height)).min(list.at);
    let offset = if height > 0 && list.at >= offset + height { list.at + 1 - height } else { offset };
    painted.offset = offset;
    if listing.rows.is_empty() && height > 0 {
        let text = match (list.field.is_empty(), listing.empty.as_str()) {
            (false, _) if list.fault.is_some() => "the filter cannot be read: nothing matched what could be",
            (false, _) => "nothing matches the filter",
            (true, "") => "there are none",
            (true, text) => text,
        };
        let lines = wrapped(text, usize::from(inner.width));
        for (line, y) in lines.iter().zip(area.y + 1..area.bottom()) {
            put(frame, Rect { y, height: 1, ..inner }, inner.x, line, theme.dim);
        }
    }
    let mut text = String::new();
    for (row, y) in (offset..listing.rows.len()).zip(area.y + 1..area.bottom()) {
        let line = Rect { y, height: 1, ..area };
        text.clear();
        one(frame, app, listing, &shown, row, line, &mut text);
        painted.add(line, Hit::Row(row, listing.rows[row].id));
    }
    if let Some(y) = list.at.checked_sub(offset).filter(|at| *at < height && !listing.rows.is_empty()) {
        // Screen readers and braille displays follow the terminal's own cursor.
        frame.set_cursor_position((area.x, area.y + 1 + y as u16));
    }
}

/// As [`fit`], but a long address gives way to columns that say more: the whole of it is in the details.
fn fitted(heads: &[Head], extents: &[Extent], width: usize) -> Vec<Shown> {
    let whole = fit(heads, extents, Some(width));
    let address = heads.iter().position(|head| head.name == "address");
    let Some(address) = address.filter(|_| whole.len() < heads.len()) else { return whole };
    let most = (width * 2 / 5).max(SHORT_ADDRESS);
    let mut short = extents.to_vec();
    short[address].full = extents[address].full.min(most);
    let mut shown = fit(heads, &short, Some(width));
    let used = shown.iter().map(|column| column.width).sum::<usize>() + GAP * shown.len().saturating_sub(1);
    if let Some(column) = shown.iter_mut().find(|column| column.at == address) {
        column.width = extents[address].full.min(column.width + width.saturating_sub(used));
    }
    shown
}

/// A text with its middle left out: paths and names differ at their ends.
fn without_middle(text: &str, width: usize, mark: char) -> String {
    let room = width.saturating_sub(1);
    let (mut start, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room - room / 2 {
            break;
        }
        start.push(c);
    }
    let (mut from, mut used) = (text.len(), start.width());
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        from = at;
    }
    if width == 0 { String::new() } else { format!("{start}{mark}{}", &text[from..]) }
}

/// The problem under the cursor in whole sentences, below the list: its columns hardly ever have room for them.
pub(super) fn problem(frame: &mut Frame<'_>, app: &App, listing: &Listing, area: Rect) {
    let row = app.list().at;
    if row >= listing.rows.len() || area.height == 0 {
        return;
    }
    let cell = |name: &str| {
        let at = listing.heads.iter().position(|head| head.name == name);
        at.map_or("", |at| listing.grid.cell(row, at).0)
    };
    let line = "─".repeat(usize::from(area.width));
    put(frame, Rect { height: 1, ..area }, area.x, &line, app.theme.border);
    let inner = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(MARGIN), ..area };
    let text = format!("{}: {}. {}", cell("address"), cell("reason"), cell("help"));
    let rows = folded(&text, usize::from(inner.width), usize::from(area.height - 1));
    for (text, y) in rows.iter().zip(area.y + 1..area.bottom()) {
        put(frame, Rect { y, height: 1, ..inner }, inner.x, text, app.theme.text);
    }
}

fn heading(frame: &mut Frame<'_>, app: &App, listing: &Listing, shown: &[Shown], area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let mut x = area.x;
    for (place, Shown { at, width }) in shown.iter().enumerate() {
        let head = &listing.heads[*at];
        let sorted = app.list().sort.filter(|(name, _)| *name == head.name);
        let arrow = match sorted {
            Some((_, true)) => "▼",
            Some((_, false)) => "▲",
            None => "",
        };
        // In a narrow column the arrow stays, and the name gives way.
        let most = if sorted.is_some() { width.saturating_sub(1) } else { usize::MAX };
        let name: String = head.name.to_uppercase().chars().take(most).collect();
        let title = format!("{name}{arrow}");
        let wide = title.chars().count();
        let mut text = String::new();
        pad(&mut text, &title, wide, *width, head.right, true);
        let style = if sorted.is_some() { theme.heading_sorted } else { theme.heading };
        let from = x;
        x = put(frame, area, x, &text, style);
        painted
            .add(Rect { x: from, width: x.saturating_sub(from) + GAP as u16, height: 1, ..area }, Hit::Head(head.name));
        // The last column of text has no blanks behind it, the others need their gap.
        x = from + *width as u16 + if place + 1 < shown.len() { GAP as u16 } else { 0 };
    }
}

fn one(
    frame: &mut Frame<'_>,
    app: &App,
    listing: &Listing,
    shown: &[Shown],
    row: usize,
    area: Rect,
    text: &mut String,
) {
    let (theme, list) = (&app.theme, app.list());
    let meta = listing.rows[row];
    let selected = list.selected.contains(&meta.id);
    let under = list.at == row && app.trail.crumbs().is_empty();
    let (mark, mark_style) = match meta.mark {
        Mark::New => ("+", theme.new),
        Mark::Changed => ("~", theme.changed),
        Mark::Gone => ("-", theme.gone),
        Mark::None => (" ", theme.text),
    };
    let base = if meta.mark == Mark::Gone { theme.gone } else { theme.text };
    put(frame, area, area.x, if selected { "*" } else { " " }, theme.selected);
    put(frame, area, area.x + 1, mark, mark_style);
    let mut x = area.x + MARGIN;
    let mut said = false;
    for Shown { at, width } in shown {
        let (mut cell, mut wide) = listing.grid.cell(row, *at);
        // How it stood when it went is no state of it any more.
        if meta.mark == Mark::Gone && listing.heads[*at].name == "state" {
            (cell, wide, said) = (GONE, GONE.len(), true);
        }
        text.clear();
        if listing.heads[*at].name == "address" && wide > *width {
            // What stands for an ellipsis in ASCII could be a part of a name.
            let mark = if app.settings.ascii { '~' } else { '…' };
            text.push_str(&without_middle(cell, *width, mark));
        } else {
            pad(text, cell, wide, *width, listing.heads[*at].right, true);
        }
        let style = match listing.heads[*at].name {
            _ if meta.mark == Mark::Gone => base,
            "state" if app.view == View::Processes => process_state(app, cell),
            "state" => state(app, cell),
            "severity" => super::overview::severity(app, cell),
            "address" if selected => theme.selected,
            _ if cell == "-" => theme.dim,
            _ => base,
        };
        put(frame, area, x, text, style);
        x += (*width + GAP) as u16;
    }
    if meta.mark == Mark::Gone && !said {
        let x = area.right().saturating_sub(GONE.len() as u16 + 1);
        put(frame, area, x, &format!(" {GONE}"), theme.gone);
    }
    if under {
        let style = if selected { theme.cursor_selected } else { theme.cursor };
        frame.buffer_mut().set_style(area, style);
    }
}

/// That of a process's state: only what keeps it from going on stands out.
fn process_state(app: &App, text: &str) -> Style {
    match text {
        "blocked" | "stopped" | "zombie" => app.theme.warning,
        _ => app.theme.text,
    }
}

/// The colour of a state; the word itself says the same.
pub(super) fn state(app: &App, text: &str) -> Style {
    let theme = &app.theme;
    match text {
        "leaked" => theme.leaked,
        "suspect?" => theme.suspect,
        "in-use" => theme.in_use,
        "idle" => theme.idle,
        _ => theme.unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_long_address_are_seen() {
        let short = |text, width| without_middle(text, width, '…');
        assert_eq!(short("fifo:/run/some/where/a.fifo", 15), "fifo:/r…/a.fifo");
        assert_eq!(short("fifo:漢字漢字", 8), "fifo…字");
        assert_eq!((short("abc", 1), short("abc", 0)), ("…".to_owned(), String::new()));
    }

    #[test]
    fn a_long_address_leaves_room_for_what_is_said_of_it() {
        let heads = [("address", 9), ("state", 8), ("owner", 5)];
        let heads = heads.map(|(name, weight)| Head { name, right: false, weight, cut: false });
        let extents = [60, 8, 5].map(|full| Extent { full, empty: false });
        let widths: Vec<usize> = fitted(&heads, &extents, 38).iter().map(|shown| shown.width).collect();
        assert_eq!(widths, [21, 8, 5], "and has what the others leave");
        assert_eq!(fitted(&heads, &extents, 77)[0].width, 60, "nothing is cut that need not be");
    }
}
