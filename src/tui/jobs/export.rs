//! Writes the rows of a list into a file: as JSON if its name ends so, otherwise as CSV.

use super::{Report, Teller};
use crate::kernel::new_file;
use crate::model::{escape, quoted};
use crate::output::{csv, json};
use crate::query::Row;
use crate::query::columns::Column;
use crate::tui::id::Id;
use crate::tui::look::Picture;
use std::io::{self, BufWriter, Write};

/// Which rows go where.
#[derive(Debug)]
pub struct Export {
    /// What the list was made of.
    pub picture: Picture,
    /// The rows, in their order.
    pub ids: Vec<Id>,
    /// Columns of the list.
    pub columns: Vec<&'static Column>,
    /// A file that is not there yet.
    pub path: String,
}

impl Export {
    pub(super) fn run(&self, teller: &Teller) {
        let shown = escape(self.path.as_bytes()).into_owned();
        let done =
            self.write().map(|rows| format!("wrote {rows} {} to {shown}", if rows == 1 { "row" } else { "rows" }));
        teller.tell(match done {
            Ok(line) => Report::Done(line),
            Err(why) => Report::Failed(format!("cannot write to {shown}: {why}")),
        });
    }

    fn write(&self) -> Result<usize, String> {
        let created = new_file::create(self.path.as_bytes(), false);
        let made = created.map_err(|error| {
            if error.exists() { "it is there already; name another one".to_owned() } else { error.to_string() }
        })?;
        let mut out = BufWriter::new(made.file);
        let rows = self.rows(&mut out).and_then(|rows| out.flush().map(|()| rows));
        rows.map_err(|error| error.to_string())
    }

    fn rows(&self, out: &mut dyn Write) -> io::Result<usize> {
        let objects = self.ids.iter().filter_map(|id| match id {
            Id::Object(identity) => self.picture.row(*identity),
            _ => None,
        });
        let mut rows: Vec<Row<'_>> = objects.collect();
        let is_json = self.path.to_lowercase().ends_with(".json");
        match self.picture.full.as_ref().filter(|_| is_json) {
            Some(full) => json::write_document(out, &full.snapshot, &mut rows, &[])?,
            None => csv::write(out, &self.columns, &rows, false)?,
        }
        Ok(rows.len())
    }
}

/// Why a path is none that can be written to, before it is tried.
pub fn fault(path: &str) -> Option<String> {
    match path {
        "" => Some("name a file: .json for JSON, anything else for CSV".to_owned()),
        path if path.ends_with('/') => Some(format!("{} is a directory", quoted(path.as_bytes()))),
        _ => None,
    }
}
