//! A table as text, before it is fitted to a width: cells row by row, how wide each is, and which columns have anything in
//! them. The tables of the command line and of the terminal interface are both made of it.

use super::in_order::in_order;
use crate::query::columns::Column;
use crate::query::{Cell, Row, Style};
use unicode_width::UnicodeWidthStr;

/// Between two columns.
pub const GAP: usize = 2;
/// Text that may be cut is not cut to less than this.
const LEAST_TEXT: usize = 12;

/// Rows that are rendered at a time.
pub(super) const SHARE: usize = 2048;

/// What a table has to know of a column to lay it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Numbers stand at the right.
    pub right: bool,
    /// How long it is kept when the table gets narrow: the lowest goes first.
    pub weight: u8,
    /// Its text may be cut.
    pub cut: bool,
}

impl From<&Column> for Head {
    fn from(column: &Column) -> Self {
        Self { name: column.name, right: column.right, weight: column.weight, cut: column.cut }
    }
}

/// Cells of a table as text: one string, and where each cell ends and how wide it is, row by row.
#[derive(Debug, Default, Clone)]
pub struct Grid {
    text: String,
    cells: Vec<CellEnd>,
    columns: usize,
}

/// Where a cell's text ends, and how many columns of a terminal it takes.
#[derive(Debug, Clone, Copy)]
struct CellEnd {
    end: u32,
    width: u32,
}

/// A column as it will be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Which one.
    pub at: usize,
    /// Columns of the terminal that it gets.
    pub width: usize,
}

impl Grid {
    /// An empty table of so many columns, to be filled cell by cell.
    pub fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// The cells of rows, rendered on all cores.
    pub fn of_rows(columns: &[&'static Column], rows: &mut [Row<'_>], style: Style) -> Self {
        let mut grid = Self::new(columns.len());
        let render = |rows: &mut [Row<'_>], share: &mut Self| share.fill(columns, rows, style);
        let joined = in_order(rows, SHARE, render, |share| {
            grid.append(share);
            Ok(())
        });
        debug_assert!(joined.is_ok(), "nothing here can fail");
        grid
    }

    fn append(&mut self, share: &Self) {
        let start = self.text.len() as u32;
        self.text.push_str(&share.text);
        self.cells.extend(share.cells.iter().map(|cell| CellEnd { end: start + cell.end, ..*cell }));
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

    /// Adds the next cell, row by row. Its text is one that a terminal survives.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.end_cell();
    }

    /// What was appended to the text since the last cell is a cell.
    fn end_cell(&mut self) {
        let start = self.cells.last().map_or(0, |cell| cell.end as usize);
        let text = &self.text[start..];
        let width = if text.is_ascii() { text.len() } else { text.width() } as u32;
        self.cells.push(CellEnd { end: self.text.len() as u32, width });
    }

    /// A cell's text, and how many columns of a terminal it takes.
    pub fn cell(&self, row: usize, column: usize) -> (&str, usize) {
        let at = row * self.columns + column;
        let start = at.checked_sub(1).map_or(0, |before| self.cells[before].end as usize);
        let cell = self.cells[at];
        (&self.text[start..cell.end as usize], cell.width as usize)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// How wide each column would have to be, and whether it has nothing but `-` in it.
    pub fn extents(&self, heads: &[Head]) -> Vec<Extent> {
        let mut extents: Vec<Extent> =
            heads.iter().map(|head| Extent { full: head.name.len(), empty: self.rows() > 0 }).collect();
        for row in 0..self.rows() {
            for (at, extent) in extents.iter_mut().enumerate() {
                let (text, width) = self.cell(row, at);
                extent.empty &= text == "-";
                extent.full = extent.full.max(width);
            }
        }
        extents
    }
}

/// The headings as a line.
pub fn heading(heads: &[Head], shown: &[Shown]) -> String {
    let names: Vec<String> = heads.iter().map(|head| head.name.to_uppercase()).collect();
    line(heads, shown, |at| (&names[at], names[at].len()))
}

/// Cells as a line, each padded to its column's width; a cell is its text, and how many columns of a terminal it takes.
pub fn line<'a>(heads: &[Head], shown: &[Shown], cell: impl Fn(usize) -> (&'a str, usize)) -> String {
    let mut line = String::new();
    for (place, Shown { at, width }) in shown.iter().enumerate() {
        let (text, wide) = cell(*at);
        pad(&mut line, text, wide, *width, heads[*at].right, place + 1 == shown.len());
    }
    line.truncate(line.trim_end().len());
    line
}

/// How much room a column wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Columns of the terminal for its widest cell or its heading.
    pub full: usize,
    /// It has nothing in it.
    pub empty: bool,
}

/// Chooses columns and widths: everything at full width if it fits; then columns go, those that are empty first and
/// then by weight, but for what there is still room; text is cut only where even that does not suffice.
pub fn fit(heads: &[Head], extents: &[Extent], width: Option<usize>) -> Vec<Shown> {
    let full = |at: usize| extents[at].full;
    let Some(width) = width else {
        return (0..heads.len()).map(|at| Shown { at, width: full(at) }).collect();
    };
    let least = |at: usize| if heads[at].cut { full(at).min(LEAST_TEXT) } else { full(at) };
    let mut kept: Vec<usize> = (0..heads.len()).collect();
    let total = |kept: &[usize], of: &dyn Fn(usize) -> usize| {
        kept.iter().map(|at| of(*at)).sum::<usize>() + GAP * kept.len().saturating_sub(1)
    };
    let weight = |at: usize| if extents[at].empty { 0 } else { heads[at].weight };
    while kept.len() > 1 && total(&kept, &least) > width {
        let Some((place, _)) = kept.iter().enumerate().min_by_key(|(_, at)| weight(**at)) else { break };
        kept.remove(place);
    }
    // What one broad column left behind may be enough for a narrow one that had to go before it.
    let mut gone: Vec<usize> = (0..heads.len()).filter(|at| !kept.contains(at) && !extents[*at].empty).collect();
    gone.sort_by_key(|at| std::cmp::Reverse(weight(*at)));
    for at in gone {
        let place = kept.partition_point(|other| *other < at);
        kept.insert(place, at);
        if total(&kept, &least) > width {
            kept.remove(place);
        }
    }
    let mut widths: Vec<usize> = kept.iter().map(|at| full(*at)).collect();
    let mut excess = total(&kept, &full).saturating_sub(width);
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
pub fn pad(line: &mut String, text: &str, wide: usize, width: usize, right: bool, last: bool) {
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

pub(super) fn blanks(line: &mut String, mut count: usize) {
    const BLANKS: &str = "                                ";
    while count > 0 {
        let some = count.min(BLANKS.len());
        line.push_str(&BLANKS[..some]);
        count -= some;
    }
}

/// Appends as much of a text as fits with an ellipsis; tells how many columns that took.
pub fn cut(line: &mut String, text: &str, width: usize) -> usize {
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

/// Folds a text between its words into lines of a width, the first after `first`, the others after `next`; a word that is
/// longer stands alone. Without a width it is one line.
pub(super) fn fold(first: &str, next: &str, text: &str, width: Option<usize>) -> String {
    let mut out = first.to_owned();
    let (margin, mut used) = (next.width(), first.width());
    let mut begins = true;
    for word in text.split(' ') {
        let wide = word.width();
        if !begins && width.is_some_and(|width| used + 1 + wide > width) {
            out.push('\n');
            out.push_str(next);
            (used, begins) = (margin, true);
        }
        if !begins {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += wide;
        begins = false;
    }
    out.push('\n');
    out
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

    #[test]
    fn text_is_folded_between_words() {
        assert_eq!(fold("why  ", "     ", "it waits for room", Some(14)), "why  it waits\n     for room\n");
        assert_eq!(fold("", "", "漢字 漢字 a", Some(9)), "漢字 漢字\na\n");
        assert_eq!(fold("  ", "  ", "a pipe:[411970] b", Some(8)), "  a\n  pipe:[411970]\n  b\n");
        assert_eq!(fold("- ", "  ", "one line", None), "- one line\n");
    }

    fn extents(heads: &[Head], row: &[&str]) -> Vec<Extent> {
        let mut grid = Grid::new(heads.len());
        for cell in row {
            grid.push(cell);
        }
        grid.extents(heads)
    }

    fn find(names: &[&str]) -> Vec<Head> {
        names.iter().filter_map(|name| crate::query::columns::find(name).ok()).map(Head::from).collect()
    }

    #[test]
    fn the_least_important_columns_go_first() {
        let columns = find(&["address", "owner", "mode", "size", "state"]);
        let extents = extents(&columns, &["queue:32769", "root", "0640", "1.5K", "leaked"]);
        let names = |width: Option<usize>| -> Vec<&str> {
            fit(&columns, &extents, width).iter().map(|shown| columns[shown.at].name).collect()
        };
        assert_eq!(names(None).len(), 5);
        assert_eq!(names(Some(80)).len(), 5);
        assert_eq!(names(Some(33)), ["address", "owner", "size", "state"]);
        assert_eq!(names(Some(20)), ["address", "state"]);
        assert_eq!(names(Some(1)), ["address"]);
    }

    #[test]
    fn room_that_a_broad_column_leaves_is_used() {
        let heads = [("address", 9), ("mode", 1), ("processes", 5)];
        let heads = heads.map(|(name, weight)| Head { name, right: false, weight, cut: false });
        let extents = [11, 4, 30].map(|full| Extent { full, empty: false });
        let shown = fit(&heads, &extents, Some(20));
        assert_eq!(shown, [Shown { at: 0, width: 11 }, Shown { at: 1, width: 4 }]);
    }

    #[test]
    fn no_width_is_ever_exceeded() {
        let columns = find(&["address", "owner", "processes", "why", "state"]);
        let long = "x".repeat(60);
        let extents = extents(&columns, &["fifo:/a/very/long/path/of/a/fifo", "root", &long, &long, "suspect?"]);
        for width in 0..200 {
            let shown = fit(&columns, &extents, Some(width));
            let total: usize = shown.iter().map(|shown| shown.width).sum::<usize>() + GAP * (shown.len() - 1);
            assert!(total <= width, "{total} columns in {width}");
        }
    }
}
