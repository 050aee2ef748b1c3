//! Writes the rows of a list into a file: as JSON if its name ends so and they are objects, otherwise as CSV.

use super::{Report, Teller};
use crate::kernel::new_file;
use crate::model::{escape, quoted};
use crate::output::{csv, json};
use crate::query::Row;
use crate::query::columns::Column;
use crate::query::problems::PROBLEMS;
use crate::query::processes::PROCESSES;
use crate::tui::id::Id;
use crate::tui::insight::Insight;
use crate::tui::look::Picture;
use crate::tui::present::problem_id;
use crate::tui::view::View;
use rustc_hash::FxHashMap;
use std::io::{self, BufWriter, Write};

/// Which rows go where.
#[derive(Debug)]
pub struct Export {
    /// What the list was made of.
    pub picture: Picture,
    /// Whose list it is.
    pub view: View,
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
        if self.is_json() && self.view.kinds().is_empty() {
            return Err("this list is written as CSV alone: give the file another name".to_owned());
        }
        let created = new_file::create(self.path.as_bytes(), false);
        let made = created.map_err(|error| {
            if error.exists() { "it is there already; name another one".to_owned() } else { error.to_string() }
        })?;
        let mut out = BufWriter::new(made.file);
        let rows = self.rows(&mut out).and_then(|rows| out.flush().map(|()| rows));
        rows.map_err(|error| error.to_string())
    }

    fn is_json(&self) -> bool {
        self.path.to_lowercase().ends_with(".json")
    }

    fn rows(&self, out: &mut dyn Write) -> io::Result<usize> {
        let full = self.picture.full.as_ref();
        if let (View::Processes | View::Problems, Some(full)) = (self.view, full) {
            return self.sheet(out, full.insight.as_ref());
        }
        let objects = self.ids.iter().filter_map(|id| match id {
            Id::Object(identity) => self.picture.row(*identity),
            _ => None,
        });
        let mut rows: Vec<Row<'_>> = objects.collect();
        match full.filter(|_| self.is_json()) {
            Some(full) => json::write_document(out, &full.snapshot, &mut rows, &[])?,
            None => csv::write(out, &self.columns, &rows, false)?,
        }
        Ok(rows.len())
    }

    /// Processes or problems.
    fn sheet(&self, out: &mut dyn Write, insight: Option<&Insight>) -> io::Result<usize> {
        let Some(insight) = insight else { return Ok(0) };
        if self.view == View::Processes {
            let ids = insight.processes.iter().map(|row| Id::Process { pid: row.pid, start_ticks: row.start_ticks });
            let places = self.places(ids);
            csv::write_sheet(out, &PROCESSES, places.iter().map(|place| &insight.processes[*place]))?;
            return Ok(places.len());
        }
        let places = self.places(insight.problems.iter().map(problem_id));
        csv::write_sheet(out, &PROBLEMS, places.iter().map(|place| &insight.problems[*place]))?;
        Ok(places.len())
    }

    /// Where what is wanted is among these, in the order of the list. One thing can have several problems.
    fn places(&self, all: impl Iterator<Item = Id>) -> Vec<usize> {
        let mut of: FxHashMap<Id, Vec<usize>> = FxHashMap::default();
        for (place, id) in all.enumerate() {
            of.entry(id).or_default().push(place);
        }
        self.ids.iter().filter_map(|id| of.remove(id)).flatten().collect()
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
