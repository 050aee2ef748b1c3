//! Columns of pipes and FIFOs.

use super::Column;
use crate::model::{Body, PipeEnds};
use crate::query::{Cell, Row};

fn ends(row: &Row<'_>, which: fn(PipeEnds) -> u32) -> Option<u32> {
    let (Body::Pipe(ends) | Body::Fifo(ends)) = row.object().body else { return None };
    row.snapshot.visibility.ends(which(ends))
}

pub(super) const READERS: Column =
    Column::number("readers", "open read ends of a pipe or FIFO", |row| Cell::number(ends(row, |ends| ends.readers)))
        .weight(66);

pub(super) const WRITERS: Column =
    Column::number("writers", "open write ends of a pipe or FIFO", |row| Cell::number(ends(row, |ends| ends.writers)))
        .weight(66);
