//! Sorting rows by a column.

use super::columns::{self, Column};
use super::{Cell, Row};

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
        let keyed = std::mem::take(rows).into_iter().map(|row| (self.key(&row), row)).collect();
        rows.extend(self.sorted(keyed));
    }

    /// Sorts whatever stands for rows, places say, without keeping a row of each: `row` is asked for once of every item.
    /// Equal ones keep their order.
    pub fn apply_to<'a, T>(self, items: &mut Vec<T>, mut row: impl FnMut(&T) -> Row<'a>) {
        let keyed = std::mem::take(items).into_iter().map(|item| (self.key(&row(&item)), item)).collect();
        items.extend(self.sorted(keyed));
    }

    /// What a row is sorted by, made once: a verdict or a list of processes takes longer than all comparisons.
    fn key(self, row: &Row<'_>) -> Cell<'static> {
        owned((self.column.cell)(row))
    }

    fn sorted<T>(self, mut keyed: Vec<(Cell<'static>, T)>) -> impl Iterator<Item = T> {
        keyed.sort_by(|(a, _), (b, _)| {
            let order = a.order(b);
            let absent = *a == Cell::Absent || *b == Cell::Absent;
            if self.descending && !absent { order.reverse() } else { order }
        });
        keyed.into_iter().map(|(_, item)| item)
    }
}

/// A cell may borrow from its row, which moves while sorting.
fn owned(cell: Cell<'_>) -> Cell<'static> {
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
