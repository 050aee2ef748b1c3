//! A table in the five forms in which the old tools write one: columns side by side, words, `NAME="value"` on one line or on
//! many, JSON.
//!
//! Cells are kept as they will be written, one behind the other: 31,000 rows take little more than their text.

use super::column::Column;
use super::encode::{self, Plain};
use std::io::{self, Write};

/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Columns, padded.
    List,
    /// Words.
    Raw,
    /// `NAME="value"`, a line for each row.
    Export,
    /// The same, a line for each cell.
    Lines,
    /// An object with one array of objects.
    Json,
}

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Its form.
    pub(super) shape: Shape,
    /// With a line of headings.
    pub(super) headings: bool,
    /// Names that a shell takes for those of variables.
    pub(super) shell: bool,
    /// Columns that a line may have, as far as shortening command lines goes.
    pub(super) limit: Option<usize>,
    /// It goes to a terminal.
    pub(super) terminal: bool,
}

/// A table that is being filled, cell by cell.
#[derive(Debug)]
pub(super) struct Table<'a> {
    columns: &'a [Column],
    style: Style,
    plain: Plain,
    /// All cells stand at the right.
    all_right: bool,
    /// The text of all cells.
    text: Vec<u8>,
    /// Where each cell ends in it.
    ends: Vec<usize>,
    /// The widest cell of each column.
    widths: Vec<usize>,
    /// In JSON, what belongs to its only row.
    nested: Option<(&'static str, Box<Table<'static>>)>,
}

impl<'a> Table<'a> {
    pub(super) fn new(columns: &'a [Column], style: Style) -> Self {
        let widths = columns.iter().map(|column| column.name().len()).collect();
        let plain = Plain::new(style.terminal);
        Self { columns, style, plain, all_right: false, text: Vec::new(), ends: Vec::new(), widths, nested: None }
    }

    /// The same with all cells at the right.
    pub(super) fn all_right(mut self) -> Self {
        self.all_right = true;
        self
    }

    /// Adds a table of what its only row consists of; only JSON has a place for it.
    pub(super) fn nest(&mut self, name: &'static str, table: Table<'static>) {
        self.nested = Some((name, Box::new(table)));
    }

    /// Adds the next cell of the row, or the first of the next one.
    pub(super) fn push(&mut self, cell: &[u8]) {
        let start = self.text.len();
        match self.style.shape {
            Shape::List => self.plain.write(cell, &mut self.text),
            Shape::Raw => encode::raw(cell, &mut self.text),
            Shape::Export | Shape::Lines => encode::quoted(cell, &mut self.text),
            Shape::Json => encode::json(cell, self.style.terminal, &mut self.text),
        }
        if self.style.shape == Shape::List {
            let place = self.ends.len() % self.columns.len();
            let width = self.plain.width(&self.text[start..]);
            self.widths[place] = self.widths[place].max(width);
        }
        self.ends.push(self.text.len());
    }

    /// Writes it. Without a row there is nothing to write but JSON, where the array has this name.
    pub(super) fn write(&self, array: &str, out: &mut impl Write) -> io::Result<()> {
        match self.style.shape {
            Shape::Json => self.write_json(array, out),
            _ if self.ends.is_empty() => Ok(()),
            Shape::List => self.write_list(out),
            Shape::Raw => self.write_raw(out),
            Shape::Export => self.write_export(b" ", out),
            Shape::Lines => self.write_export(b"\n", out),
        }
    }

    /// The cells, row by row.
    fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = &[u8]>> {
        let columns = self.columns.len();
        (0..self.ends.len() / columns).map(move |row| (row * columns..(row + 1) * columns).map(|cell| self.cell(cell)))
    }

    fn cell(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }

    fn name(&self, column: Column) -> &'static str {
        if self.style.shell { column.shell_name() } else { column.name() }
    }

    fn write_list(&self, out: &mut impl Write) -> io::Result<()> {
        let mut widths = self.widths.clone();
        self.shorten(&mut widths);
        if self.style.headings {
            self.write_line(self.columns.iter().map(|column| self.name(*column).as_bytes()), &widths, false, out)?;
        }
        self.rows().try_for_each(|row| self.write_line(row, &widths, true, out))
    }

    /// Makes command lines as narrow as their heading, if need be, for lines to fit the terminal.
    fn shorten(&self, widths: &mut [usize]) {
        let Some(limit) = self.style.limit else { return };
        let whole = widths.iter().sum::<usize>() + widths.len() - 1;
        let mut excess = whole.saturating_sub(limit);
        for (width, column) in widths.iter_mut().zip(self.columns) {
            if *column == Column::Command {
                let less = excess.min(*width - column.name().len());
                *width -= less;
                excess -= less;
            }
        }
    }

    fn write_line<'c>(
        &self,
        cells: impl Iterator<Item = &'c [u8]>,
        widths: &[usize],
        cut: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        for (place, cell) in cells.enumerate() {
            let last = place + 1 == widths.len();
            if place > 0 {
                out.write_all(b" ")?;
            }
            let cell = if cut && self.columns[place] == Column::Command && self.style.limit.is_some() {
                self.plain.cut(cell, widths[place])
            } else {
                cell
            };
            let right = self.all_right || self.columns[place].is_right();
            // Blanks at the end of a line are left out, also those of an empty cell that stands at the right.
            let padding = if last && (!right || cell.is_empty()) { 0 } else { widths[place] };
            let padding = padding.saturating_sub(self.plain.width(cell));
            if right {
                write_blanks(padding, out)?;
                out.write_all(cell)?;
            } else {
                out.write_all(cell)?;
                write_blanks(padding, out)?;
            }
        }
        out.write_all(b"\n")
    }

    fn write_raw(&self, out: &mut impl Write) -> io::Result<()> {
        let mut line = |cells: &mut dyn Iterator<Item = &[u8]>| {
            for (place, cell) in cells.enumerate() {
                if place > 0 {
                    out.write_all(b" ")?;
                }
                out.write_all(cell)?;
            }
            out.write_all(b"\n")
        };
        if self.style.headings {
            line(&mut self.columns.iter().map(|column| self.name(*column).as_bytes()))?;
        }
        self.rows().try_for_each(|mut row| line(&mut row))
    }

    fn write_export(&self, between: &[u8], out: &mut impl Write) -> io::Result<()> {
        for row in self.rows() {
            for (place, cell) in row.enumerate() {
                if place > 0 {
                    out.write_all(between)?;
                }
                out.write_all(self.name(self.columns[place]).as_bytes())?;
                out.write_all(b"=")?;
                out.write_all(cell)?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write_json(&self, array: &str, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\n")?;
        self.write_array(array, 3, out)?;
        out.write_all(b"\n}\n")
    }

    /// The member with this name, so many blanks from the left.
    fn write_array(&self, name: &str, indent: usize, out: &mut impl Write) -> io::Result<()> {
        let blank = "";
        let (row_indent, cell_indent) = (indent + 3, indent + 6);
        // What stands before each cell: 31,000 rows of them are not put together one by one.
        let before = |(place, column): (usize, &Column)| {
            let comma = if place > 0 { ",\n" } else { "" };
            format!("{comma}{blank:cell_indent$}\"{}\": ", self.name(*column).to_ascii_lowercase())
        };
        let before: Vec<String> = self.columns.iter().enumerate().map(before).collect();
        writeln!(out, "{blank:indent$}\"{name}\": [")?;
        for (number, row) in self.rows().enumerate() {
            if number == 0 {
                write_blanks(row_indent, out)?;
            } else {
                out.write_all(b",")?;
            }
            out.write_all(b"{\n")?;
            for (before, cell) in before.iter().zip(row) {
                out.write_all(before.as_bytes())?;
                out.write_all(cell)?;
            }
            if let Some((name, table)) = &self.nested {
                out.write_all(b",\n")?;
                table.write_array(name, cell_indent, out)?;
            }
            out.write_all(b"\n")?;
            write_blanks(row_indent, out)?;
            out.write_all(b"}")?;
        }
        write!(out, "\n{blank:indent$}]")
    }
}

fn write_blanks(count: usize, out: &mut impl Write) -> io::Result<()> {
    const BLANKS: &[u8] = &[b' '; 64];
    let mut left = count;
    while left > 0 {
        let now = left.min(BLANKS.len());
        out.write_all(&BLANKS[..now])?;
        left -= now;
    }
    Ok(())
}
