//! `ipcx ls`: list objects with owner, use and holders.

use super::Exit;
use super::args::{self, Format, KindArgs, OutputArgs};
use super::exit::{Usage, complain};
use super::print::to_stdout;
use crate::model::{Kinds, quoted};
use crate::output::{csv, json, table};
use crate::query::columns::{Column, Fields};
use crate::query::filter::Filter;
use crate::query::{Row, Sort};
use crate::snapshot::{Snapshot, Want, collect};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

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
    /// Look again every so many seconds [default: 2]
    ///
    /// From 0.1 to 86400, until interrupted. On a terminal a table is drawn anew in the same place.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2")]
    watch: Option<String>,
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
        match self.interval()? {
            None => self.once(&listing),
            Some(interval) => self.watch(&listing, interval),
        }
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

    fn interval(&self) -> anyhow::Result<Option<Duration>> {
        let Some(text) = &self.watch else { return Ok(None) };
        let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=86_400.0).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            Usage::error(format_args!(
                "{} is no interval: write seconds from 0.1 to 86400, e.g. --watch=2",
                quoted(text.as_bytes())
            ))
        })?;
        Ok(Some(Duration::from_secs_f64(seconds)))
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

    /// Looks again and again until interrupted. On a terminal each picture takes the place of the one before, cut to
    /// its height; elsewhere they follow each other with a blank line between.
    fn watch(&self, listing: &Listing, interval: Duration) -> anyhow::Result<Exit> {
        use ratatui::crossterm::{cursor, queue, terminal};
        let screen = io::stdout().is_terminal() && matches!(listing.format, Format::Text | Format::Csv);
        let mut first = true;
        loop {
            let snapshot = collect(&listing.want)?;
            let mut picture = Vec::new();
            self.write(&mut picture, &snapshot, listing)?;
            to_stdout(|out| {
                if screen {
                    let height = terminal::size().map_or(24, |(_, height)| usize::from(height)).max(2);
                    queue!(out, cursor::MoveTo(0, 0), terminal::Clear(terminal::ClearType::All))?;
                    let lines: Vec<&[u8]> = picture.split_inclusive(|b| *b == b'\n').collect();
                    let shown = if lines.len() < height { lines.len() } else { height - 2 };
                    lines.iter().take(shown).try_for_each(|line| out.write_all(line))?;
                    if shown < lines.len() {
                        writeln!(out, "... and {} more", lines.len() - shown)?;
                    }
                    return Ok(());
                }
                if !std::mem::take(&mut first) && listing.format == Format::Text {
                    out.write_all(b"\n")?;
                }
                out.write_all(&picture)
            })?;
            std::thread::sleep(interval);
        }
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
