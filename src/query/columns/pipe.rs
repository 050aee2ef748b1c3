//! Columns of pipes and FIFOs.

use super::Column;
use crate::model::{Body, PipeEnds};
use crate::query::{Cell, Row};

fn ends(row: &Row<'_>) -> Option<PipeEnds> {
    if let Body::Pipe(ends) | Body::Fifo(ends) = row.object().body { Some(ends) } else { None }
}

pub(super) const READERS: Column =
    Column::number("readers", "open read ends", |row| Cell::number(ends(row).map(|ends| ends.readers))).weight(80);

pub(super) const WRITERS: Column =
    Column::number("writers", "open write ends", |row| Cell::number(ends(row).map(|ends| ends.writers))).weight(80);
