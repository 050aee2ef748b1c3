//! A table for people: fitted to a width, never wrapped; without a width everything is there, in plain columns.

use super::in_order::in_order;
use crate::query::columns::Column;
use crate::query::{Cell, Row, Style};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// How a table is printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    /// Columns of the terminal; `None` prints all columns at full width.
    pub width: Option<usize>,
    /// Colours for the heading and the states.
    pub color: bool,
    /// Leave the heading out.
    pub no_header: bool,
    /// How cells are printed.
    pub style: Style,
}

/// Between two columns.
const GAP: usize = 2;
/// Text that may be cut is not cut to less than this.
const LEAST_TEXT: usize = 12;

/// Rows that are rendered at a time.
const SHARE: usize = 2048;

/// Cells of a table as text: one string, and where each cell ends and how wide it is, row by row.
#[derive(Default)]
struct Grid {
    text: String,
    cells: Vec<CellEnd>,
    columns: usize,
}

/// Where a cell's text ends, and how many columns of a terminal it takes.
#[derive(Clone, Copy)]
struct CellEnd {
    end: u32,
    width: u32,
}

impl Grid {
    fn new(columns: &[&'static Column], rows: &mut [Row<'_>], style: Style) -> io::Result<Self> {
        let mut grid = Self { text: String::new(), cells: Vec::new(), columns: columns.len() };
        let render = |rows: &mut [Row<'_>], share: &mut Self| share.fill(columns, rows, style);
        in_order(rows, SHARE, render, |share| {
            let start = grid.text.len() as u32;
            grid.text.push_str(&share.text);
            grid.cells.extend(share.cells.iter().map(|cell| CellEnd { end: start + cell.end, ..*cell }));
            Ok(())
        })?;
        Ok(grid)
    }

    fn fill(&mut self, columns: &[&'static Column], rows: &[Row<'_>], style: Style) {
        self.text.clear();
        self.cells.clear();
        for row in rows {
            for column in columns {
                match (column.cell)(row) {
                    // A guess is marked as one, for people.
                    Cell::Text(state) if column.name == "state" && state == "suspect" => self.text.push_str("suspect?"),
                    cell => cell.print(&mut self.text, style),
                }
                self.end_cell();
            }
        }
    }

    /// What was appended to the text since the last cell is a cell.
    fn end_cell(&mut self) {
        let start = self.cells.last().map_or(0, |cell| cell.end as usize);
        let text = &self.text[start..];
        let width = if text.is_ascii() { text.len() } else { text.width() } as u32;
        self.cells.push(CellEnd { end: self.text.len() as u32, width });
    }

    fn cell(&self, row: usize, column: usize) -> (&str, usize) {
        let at = row * self.columns + column;
        let start = at.checked_sub(1).map_or(0, |before| self.cells[before].end as usize);
        let cell = self.cells[at];
        (&self.text[start..cell.end as usize], cell.width as usize)
    }

    fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }
}

/// A column as it will be printed.
struct Shown {
    at: usize,
    width: usize,
}

/// Prints rows as a table.
pub fn write(out: &mut dyn Write, columns: &[&'static Column], rows: &mut [Row<'_>], layout: Layout) -> io::Result<()> {
    let grid = Grid::new(columns, rows, layout.style)?;
    let shown = fit(columns, &grid, layout.width);
    let mut line = String::new();
    if !layout.no_header {
        for (place, Shown { at, width }) in shown.iter().enumerate() {
            let heading = columns[*at].name.to_uppercase();
            let last = place + 1 == shown.len();
            pad(&mut line, &heading, heading.len(), *width, columns[*at].right, last);
        }
        let line = line.trim_end();
        if layout.color { writeln!(out, "\x1b[1m{line}\x1b[0m")? } else { writeln!(out, "{line}")? }
    }
    let mut numbers: Vec<usize> = (0..grid.rows()).collect();
    let render = |rows: &mut [usize], text: &mut String| lines(text, columns, &grid, &shown, rows, layout.color);
    in_order(&mut numbers, SHARE, render, |text| out.write_all(text.as_bytes()))
}

/// Some rows as lines.
fn lines(text: &mut String, columns: &[&'static Column], grid: &Grid, shown: &[Shown], rows: &[usize], color: bool) {
    text.clear();
    for row in rows {
        for (place, Shown { at, width }) in shown.iter().enumerate() {
            let (cell, wide) = grid.cell(*row, *at);
            let last = place + 1 == shown.len();
            match color_of(columns[*at], cell).filter(|_| color) {
                Some(color) => {
                    text.push_str(color);
                    pad(text, cell, wide, *width, columns[*at].right, true);
                    text.push_str("\x1b[0m");
                    if !last {
                        blanks(text, width.saturating_sub(wide) + GAP);
                    }
                }
                None => pad(text, cell, wide, *width, columns[*at].right, last),
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
}

/// 16-colour escapes only: they follow the terminal's own palette. The word itself says the same without colour.
fn color_of(column: &Column, text: &str) -> Option<&'static str> {
    if column.name != "state" {
        return None;
    }
    match text {
        "leaked" => Some("\x1b[31m"),
        "suspect?" => Some("\x1b[33m"),
        "in-use" => Some("\x1b[32m"),
        "unknown" => Some("\x1b[2m"),
        _ => None,
    }
}

/// Chooses columns and widths: everything at full width if it fits; then columns go, those that are empty first and
/// then by weight; text is cut only where even that does not suffice.
fn fit(columns: &[&'static Column], grid: &Grid, width: Option<usize>) -> Vec<Shown> {
    let mut full: Vec<usize> = columns.iter().map(|column| column.name.len()).collect();
    let mut empty = vec![grid.rows() > 0; columns.len()];
    for row in 0..grid.rows() {
        for (at, full) in full.iter_mut().enumerate() {
            let (text, width) = grid.cell(row, at);
            empty[at] &= text == "-";
            *full = (*full).max(width);
        }
    }
    let Some(width) = width else {
        return full.into_iter().enumerate().map(|(at, width)| Shown { at, width }).collect();
    };
    let least = |at: usize| if columns[at].cut { full[at].min(LEAST_TEXT) } else { full[at] };
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let total = |kept: &[usize], of: &dyn Fn(usize) -> usize| {
        kept.iter().map(|at| of(*at)).sum::<usize>() + GAP * kept.len().saturating_sub(1)
    };
    let weight = |at: usize| if empty[at] { 0 } else { columns[at].weight };
    while kept.len() > 1 && total(&kept, &least) > width {
        let Some((place, _)) = kept.iter().enumerate().min_by_key(|(_, at)| weight(**at)) else { break };
        kept.remove(place);
    }
    let mut widths: Vec<usize> = kept.iter().map(|at| full[*at]).collect();
    let mut excess = total(&kept, &|at| full[at]).saturating_sub(width);
    // Cut the widest text first, one step at a time, so that two long columns share what there is.
    while excess > 0 {
        let cuttable = kept.iter().zip(&mut widths).filter(|(at, width)| **width > least(**at));
        let Some((_, widest)) = cuttable.max_by_key(|(_, width)| **width) else { break };
        *widest -= 1;
        excess -= 1;
    }
    if let [only] = &mut widths[..] {
        *only = (*only).min(width);
    }
    kept.into_iter().zip(widths).map(|(at, width)| Shown { at, width }).collect()
}

/// Appends text that is `wide` columns wide in a field, cut with `…` where it is too long. The last column needs no
/// padding behind it.
fn pad(line: &mut String, text: &str, wide: usize, width: usize, right: bool, last: bool) {
    if wide > width {
        let used = cut(line, text, width);
        blanks(line, width - used);
    } else if right {
        blanks(line, width - wide);
        line.push_str(text);
    } else {
        line.push_str(text);
        blanks(line, if last { 0 } else { width - wide });
    }
    if !last {
        blanks(line, GAP);
    }
}

fn blanks(line: &mut String, mut count: usize) {
    const BLANKS: &str = "                                ";
    while count > 0 {
        let some = count.min(BLANKS.len());
        line.push_str(&BLANKS[..some]);
        count -= some;
    }
}

/// Appends as much of a text as fits with an ellipsis; tells how many columns that took.
fn cut(line: &mut String, text: &str, width: usize) -> usize {
    use unicode_width::UnicodeWidthChar;
    if width == 0 {
        return 0;
    }
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        line.push(c);
        used += wide;
    }
    line.push('…');
    used + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(text: &str, width: usize, right: bool) -> String {
        let mut line = String::new();
        pad(&mut line, text, text.width(), width, right, true);
        line
    }

    #[test]
    fn cells_are_padded_and_cut_by_display_width() {
        assert_eq!(padded("ab", 4, true), "  ab");
        assert_eq!(padded("abcdef", 4, false), "abc…");
        assert_eq!(padded("漢字漢字", 5, false), "漢字…");
        assert_eq!(padded("漢字漢字", 4, false), "漢… ");
        assert_eq!(padded("abc", 0, false), "");
    }

    fn grid(columns: &[&'static Column], rows: &[&[&str]]) -> Grid {
        let mut grid = Grid { text: String::new(), cells: Vec::new(), columns: columns.len() };
        for cell in rows.iter().copied().flatten() {
            grid.text.push_str(cell);
            grid.end_cell();
        }
        grid
    }

    fn find(names: &[&str]) -> Vec<&'static Column> {
        names.iter().filter_map(|name| crate::query::columns::find(name).ok()).collect()
    }

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = find(&["address", "owner", "mode", "size", "state"]);
        let grid = grid(&columns, &[&["queue:32769", "root", "0640", "1.5K", "leaked"]]);
        let names = |width: Option<usize>| -> Vec<&str> {
            fit(&columns, &grid, width).iter().map(|shown| columns[shown.at].name).collect()
        };
        assert_eq!(names(None).len(), 5);
        assert_eq!(names(Some(80)).len(), 5);
        assert_eq!(names(Some(33)), ["address", "owner", "size", "state"]);
        assert_eq!(names(Some(20)), ["address", "state"]);
        assert_eq!(names(Some(1)), ["address"]);
    }

    #[test]
    fn no_width_is_ever_exceeded() {
        let columns = find(&["address", "owner", "processes", "why", "state"]);
        let long = "x".repeat(60);
        let grid = grid(&columns, &[&["fifo:/a/very/long/path/of/a/fifo", "root", &long, &long, "suspect?"]]);
        for width in 0..200 {
            let shown = fit(&columns, &grid, Some(width));
            let total: usize = shown.iter().map(|shown| shown.width).sum::<usize>() + GAP * (shown.len() - 1);
            assert!(total <= width, "{total} columns in {width}");
        }
    }
}
