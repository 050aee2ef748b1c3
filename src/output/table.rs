//! A table for people: fitted to a width, never wrapped; without a width everything is there, in plain columns.

use super::grid::{GAP, Grid, Head, SHARE, Shown, blanks, fit, heading, pad};
use super::in_order::in_order;
use crate::query::columns::Column;
use crate::query::{Row, Style};
use std::io::{self, Write};

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

/// Prints rows as a table.
pub fn write(out: &mut dyn Write, columns: &[&'static Column], rows: &mut [Row<'_>], layout: Layout) -> io::Result<()> {
    let grid = Grid::of_rows(columns, rows, layout.style);
    let heads: Vec<Head> = columns.iter().map(|column| Head::from(*column)).collect();
    let shown = fit(&heads, &grid.extents(&heads), layout.width);
    if !layout.no_header {
        let line = heading(&heads, &shown);
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
