//! CSV (RFC 4180) of the chosen columns: names as a heading, sizes as plain bytes, times in UTC, absent values empty.

use crate::query::columns::Column;
use crate::query::{Cell, Row, Style};
use std::io::{self, Write};

/// Prints rows as CSV.
pub fn write(out: &mut dyn Write, columns: &[&'static Column], rows: &[Row<'_>], no_header: bool) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new().from_writer(out);
    if !no_header {
        csv.write_record(columns.iter().map(|column| column.name))?;
    }
    let mut text = String::new();
    for row in rows {
        for column in columns {
            text.clear();
            match (column.cell)(row) {
                Cell::Absent => {}
                Cell::Age(seconds) => text = format!("{seconds:.0}"),
                cell => cell.print(&mut text, Style { bytes: true }),
            }
            csv.write_field(&text)?;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}
