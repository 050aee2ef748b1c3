//! `ipcx ls`: list objects with owner, use and holders.

use super::Exit;
use super::args::{self, Format, KindArgs, OutputArgs};
use super::exit::{Usage, complain};
use super::print::to_stdout;
use super::watch::{WatchArgs, watch};
use crate::model::Kinds;
use crate::output::{csv, json, table};
use crate::query::columns::{Column, Fields};
use crate::query::filter::Filter;
use crate::query::{Row, Sort};
use crate::snapshot::{Snapshot, Want, collect};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx ls -q                        message queues
  ipcx ls leaked -o +why            what nobody uses any more, and why
  ipcx ls -m user:alice 'size>1M'   large segments of one user
  ipcx ls kind:memfd                memory of memfd_create, with who has it
  ipcx ls -f /run                   FIFOs, also those in /run that nobody has open
  ipcx ls --json | jq .objects      for programs
  ipcx ls --list-columns            what -o, --sort and filters know";

/// List objects with owner, use and holders
///
/// Words are a filter, and all must match: `leaked`, `user:alice`, `size>1M`, `age>2d`, `!root`, any word. A word with
/// a `/` that is an existing directory is searched for FIFO and socket files, so that those nobody has open are listed
/// too.
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Ls {
    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Columns to show; +C adds to the usual ones
    ///
    /// The usual ones depend on the kinds listed; ipcx(1), COLUMNS, has them all.
    #[arg(short = 'o', long, value_name = "A,B,+C")]
    columns: Option<String>,
    /// Sort by a column; -COL for the largest first
    ///
    /// Rows without a value come last.
    #[arg(long, value_name = "COL", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Leave the heading of a table or of CSV out
    #[arg(long)]
    no_header: bool,
    /// More columns, and nothing cut or left out to fit the terminal
    #[arg(short, long)]
    wide: bool,
    #[command(flatten)]
    watch: WatchArgs,
    /// List the columns that there are
    ///
    /// Each with what it tells, and its other names in parentheses.
    #[arg(long)]
    list_columns: bool,

    /// Filter terms, and directories to search for FIFO and socket files
    #[arg(value_name = "FILTER|DIR")]
    words: Vec<OsString>,
}

/// What was typed, checked.
struct Listing {
    want: Want,
    filter: Filter,
    columns: Vec<&'static Column>,
    sort: Option<Sort>,
    format: Format,
}

impl Ls {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        if self.list_columns {
            to_stdout(list_columns)?;
            return Ok(Exit::Done);
        }
        let listing = self.checked()?;
        let Some(interval) = self.watch.interval()? else { return self.once(&listing) };
        match watch(interval, listing.format, |out| {
            let snapshot = collect(&listing.want)?;
            Ok(self.write(out, &snapshot, &listing)?)
        })? {}
    }

    /// Checks everything that was typed; only whether a word is a directory asks the system.
    fn checked(&self) -> anyhow::Result<Listing> {
        let kinds = self.kinds.kinds();
        let format = self.output.format();
        let columns = args::columns(self.columns.as_deref(), kinds, self.wide)?;
        let sort = self.sort.as_deref().map(Sort::parse).transpose().map_err(Usage::error)?;
        let (directories, terms) = args::split_words(&self.words)?;
        let filter = Filter::parse(&terms, &Fields).map_err(Usage::error)?;
        let mut want = match format {
            Format::Json | Format::Ndjson => Want::everything(kinds),
            _ => Want::tables(kinds),
        };
        want.directories = directories;
        let of_filter = filter.fields().filter_map(|field| crate::query::columns::ALL.get(field.id));
        for column in columns.iter().copied().chain(sort.map(|sort| sort.column)).chain(of_filter) {
            column.needs.add_to(&mut want);
        }
        if filter.needs_all() {
            want.also(&Want { details: false, ..Want::everything(Kinds::empty()) });
        }
        if self.output.numeric {
            (want.users, want.groups) = (false, false);
        }
        Ok(Listing { want, filter, columns, sort, format })
    }

    fn once(&self, listing: &Listing) -> anyhow::Result<Exit> {
        let snapshot = collect(&listing.want)?;
        to_stdout(|out| self.write(out, &snapshot, listing))?;
        // In JSON they are part of the document.
        if listing.format == Format::Text || listing.format == Format::Csv {
            for note in &snapshot.visibility.notes {
                complain(&format_args!("note: {note}"));
            }
        }
        // The process ends here; giving back 90,000 objects one by one would be its last twentieth.
        std::mem::forget(snapshot);
        Ok(Exit::Done)
    }

    fn write(&self, out: &mut dyn Write, snapshot: &Snapshot, listing: &Listing) -> io::Result<()> {
        let mut rows: Vec<Row<'_>> = Row::all(snapshot).collect();
        if !listing.filter.is_empty() {
            rows.retain(|row| listing.filter.matches(row));
        }
        if let Some(sort) = listing.sort {
            sort.apply(&mut rows);
        }
        match listing.format {
            Format::Text => {
                table::write(out, &listing.columns, &mut rows, self.output.layout(!self.wide, self.no_header))
            }
            Format::Json => json::write_document(out, snapshot, &mut rows, &[]),
            Format::Ndjson => json::write_lines(out, &mut rows),
            Format::Csv => csv::write(out, &listing.columns, &rows, self.no_header),
        }
    }
}

fn list_columns(out: &mut impl Write) -> io::Result<()> {
    for column in crate::query::columns::ALL {
        let aliases =
            if column.aliases.is_empty() { String::new() } else { format!(" ({})", column.aliases.join(", ")) };
        writeln!(out, "{:<11} {}{aliases}", column.name, column.about)?;
    }
    Ok(())
}
