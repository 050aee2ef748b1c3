//! Sorting rows by a column.

use super::Row;
use super::columns::{self, Column};

/// An order: `COL`, or `-COL` for the largest first.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    /// By which column.
    pub column: &'static Column,
    /// Largest first; absent values stay last.
    pub descending: bool,
}

/// No such column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct SortError(#[from] columns::ColumnError);

impl Sort {
    /// Parses `COL` or `-COL`.
    pub fn parse(text: &str) -> Result<Self, SortError> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        Ok(Self { column: columns::find(name)?, descending })
    }

    /// Sorts rows; equal ones keep their order.
    pub fn apply(self, rows: &mut Vec<Row<'_>>) {
        let unsorted = std::mem::take(rows);
        let mut keyed: Vec<_> = unsorted.into_iter().map(|row| (owned((self.column.cell)(&row)), row)).collect();
        keyed.sort_by(|(a, _), (b, _)| {
            use super::Cell::Absent;
            let order = a.order(b);
            let absent = *a == Absent || *b == Absent;
            if self.descending && !absent { order.reverse() } else { order }
        });
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

/// A cell may borrow from its row, which moves while sorting.
fn owned(cell: super::Cell<'_>) -> super::Cell<'static> {
    use super::Cell;
    match cell {
        Cell::Absent => Cell::Absent,
        Cell::Text(text) => Cell::text(text.into_owned()),
        Cell::Number(n) => Cell::Number(n),
        Cell::Size(n) => Cell::Size(n),
        Cell::Mode(n) => Cell::Mode(n),
        Cell::Key(key) => Cell::Key(key),
        Cell::Time(time) => Cell::Time(time),
        Cell::Age(age) => Cell::Age(age),
    }
}
