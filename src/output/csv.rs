//! CSV (RFC 4180) of the chosen columns: names as a heading, sizes as plain bytes, times in UTC, absent values empty.

use crate::query::columns::Column;
use crate::query::sheet::Sheet;
use crate::query::{Cell, Row, Style};
use std::io::{self, Write};

/// Prints rows as CSV.
pub fn write(out: &mut dyn Write, columns: &[&'static Column], rows: &[Row<'_>], no_header: bool) -> io::Result<()> {
    let names = columns.iter().map(|column| column.name);
    let cells = rows.iter().map(|row| columns.iter().map(|column| (column.cell)(row)));
    records(out, (!no_header).then_some(names), cells)
}

/// Prints rows of another table as CSV, with a heading.
pub fn write_sheet<'r, R>(out: &mut dyn Write, sheet: &Sheet<R>, rows: impl Iterator<Item = &'r R>) -> io::Result<()> {
    let names = sheet.shown().map(|column| column.name);
    let cells = rows.map(|row| sheet.shown().map(move |column| (column.cell)(row)));
    records(out, Some(names), cells)
}

fn records<'r, Cells: Iterator<Item = Cell<'r>>>(
    out: &mut dyn Write,
    names: Option<impl Iterator<Item = &'static str>>,
    rows: impl Iterator<Item = Cells>,
) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new().from_writer(out);
    if let Some(names) = names {
        csv.write_record(names)?;
    }
    let mut text = String::new();
    for cells in rows {
        for cell in cells {
            text.clear();
            match cell {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Role;
    use crate::query::processes::{PROCESSES, ProcessRow};
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn other_tables_have_their_own_heading() {
        let mut scene = Scene { users: vec![(7, "a,b")], ..Scene::default() };
        scene.process(812, "orders", 7);
        let pipe = scene.add(testing::pipe(4, 1, 1));
        scene.hold(pipe, 812, Role::Reader);
        let rows = ProcessRow::all(&scene.picture());
        let mut out = Vec::new();
        write_sheet(&mut out, &PROCESSES, rows.iter()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("pid,user,command,"), "{text}");
        assert!(lines[1].starts_with("812,\"a,b\",orders,"), "{text}");
        assert_eq!(lines.len(), 2);
    }
}
