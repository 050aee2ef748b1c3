//! `ipcx leaks`: what nobody uses any more, with reasons. What is looked for is shared with `clean`, which removes what this
//! lists and nothing else.

use super::Exit;
use super::args::{self, Format, KindArgs, OutputArgs};
use super::exit::{Usage, complain};
use super::print::{say, to_stdout};
use super::watch::{WatchArgs, watch};
use crate::diagnose::{State, left, state};
use crate::model::{Body, Identity, Kinds, Object, escape, quoted};
use crate::output::{csv, json, leaks, table};
use crate::query::columns::{self, Column, Fields};
use crate::query::filter::{Filter, parse_seconds};
use crate::query::{Row, Sort};
use crate::snapshot::{Snapshot, SnapshotError, Want, collect};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx leaks                        everything that was left behind, and why ipcx thinks so
  ipcx leaks leaked                 without the suspects
  ipcx leaks -m --older-than 1d     segments that nothing has touched for a day
  ipcx leaks user:alice 'size>1M'   large ones of one user
  ipcx leaks /run /tmp              also files of FIFOs and sockets there that nobody has
  ipcx leaks --watch=10             again every ten seconds, until Ctrl-C
  ipcx leaks --exit-code -q         for scripts: exit status 1 if there are any";

/// What a table of leaks shows; where it does not fit, the reasons stand below each object.
const COLUMNS: [&str; 6] = ["address", "owner", "use", "age", "state", "why"];

/// Which objects are looked for.
#[derive(Debug, Default, Args)]
pub(super) struct Sought {
    #[command(flatten)]
    kinds: KindArgs,

    /// Only what nothing has changed or used for so long: 90s, 30m, 12h, 1d, 2w
    ///
    /// Objects of which the kernel keeps no times, as pipes and sockets, are left out.
    #[arg(long, value_name = "AGE")]
    older_than: Option<String>,

    /// Filter terms, and directories to search for FIFO and socket files
    #[arg(value_name = "FILTER|DIR")]
    words: Vec<OsString>,
}

/// What is looked for, checked.
pub(super) struct Search {
    want: Want,
    filter: Filter,
    /// Words that look like the path of a directory and name none.
    paths: Vec<String>,
}

impl Sought {
    /// Checks what was typed.
    pub(super) fn checked(&self) -> anyhow::Result<Search> {
        let mut kinds = self.kinds.kinds();
        if kinds == Kinds::all() {
            // The kernel gives up connections by itself: none of them is ever leaked.
            kinds -= Kinds::INET;
        }
        let (directories, mut terms) = args::split_words(&self.words)?;
        let paths = terms.iter().filter(|term| term.starts_with(['/', '.']) && term.contains('/')).cloned().collect();
        if let Some(age) = &self.older_than {
            let seconds = parse_seconds(age).ok_or_else(|| {
                Usage::error(format_args!(
                    "{} is no age: write a number and s, m, h, d or w, e.g. --older-than 1d",
                    quoted(age.as_bytes())
                ))
            })?;
            terms.push(format!("age>={seconds}s"));
        }
        let filter = Filter::parse(&terms, &Fields).map_err(Usage::error)?;
        Ok(Search { want: Want { directories, ..Want::everything(kinds) }, filter, paths })
    }
}

impl Search {
    /// Takes a picture of it.
    pub(super) fn look(&self) -> Result<Snapshot, SnapshotError> {
        collect(&self.want)
    }

    /// What the filter lets pass and is leaked, or also what is suspect: leaked first.
    pub(super) fn found<'a>(&self, snapshot: &'a Snapshot, suspects: bool) -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = Row::all(snapshot)
            .filter(|row| match row.state() {
                State::Leaked => true,
                State::Suspect => suspects,
                State::InUse | State::Idle | State::Unknown => false,
            })
            .filter(|row| self.filter.matches(row))
            .collect();
        leaked_first(&mut rows);
        rows
    }

    /// Leaves out pipes and sockets that lack their other end no longer when one looks again: a program may just be about to
    /// close what its partner has closed, or have moved an end to another descriptor while it was looked at.
    pub(super) fn lasting(&self, rows: &mut Vec<Row<'_>>) -> Result<(), SnapshotError> {
        if !rows.iter().any(|row| is_end(row.object())) {
            return Ok(());
        }
        let kinds = self.want.kinds & (Kinds::PIPES | Kinds::UNIX);
        let again = collect(&Want { holders: true, verdict: true, ..Want::tables(kinds) })?;
        rows.retain(|row| !is_end(row.object()) || still_lacks(&again, row.object()));
        Ok(())
    }

    /// What is said where nothing was found. That nothing is leaked is known only if of everything something is known.
    pub(super) fn nothing(&self, snapshot: &Snapshot, suspects: bool) -> String {
        let open = self.unknown(snapshot).any(|row| !is_end(row.object()));
        let known = if open { "known to be " } else { "" };
        format!("nothing is {known}leaked{}", if suspects { " or suspect" } else { "" })
    }

    /// Says, where nothing was found, that what may have been meant as a place was a word to look for.
    pub(super) fn tell_paths(&self) {
        for path in &self.paths {
            let path = quoted(path.as_bytes());
            complain(&format_args!(
                "note: {path} is no directory and was looked for as a word; `ipcx show` tells of one file"
            ));
        }
    }

    fn unknown<'a>(&self, snapshot: &'a Snapshot) -> impl Iterator<Item = Row<'a>> {
        Row::all(snapshot).filter(|row| row.state() == State::Unknown && self.filter.matches(row))
    }

    /// Says what could not be seen, and of how many objects nothing can be told for it.
    pub(super) fn tell_unseen(&self, snapshot: &Snapshot) {
        for note in &snapshot.visibility.notes {
            complain(&format_args!("note: {note}"));
        }
        let unknown = self.unknown(snapshot).count();
        if unknown > 0 {
            let (objects, them) = if unknown == 1 { ("object", "it") } else { ("objects", "them") };
            complain(&format_args!(
                "note: of {unknown} more {objects} it cannot be told whether somebody uses {them}; `ipcx ls unknown -o \
                 address,why` has the reasons"
            ));
        }
    }

    /// What to do about it, and what is not listed here but may be what was looked for.
    fn next_steps(&self, snapshot: &Snapshot, leaked: bool) -> Vec<String> {
        let mut steps = Vec::new();
        if leaked {
            steps.push("ipcx clean with the same words removes what is leaked; ipcx undo undoes it".to_owned());
        }
        let idle = Row::all(snapshot).filter(|row| row.state() == State::Idle && self.filter.matches(row)).count();
        if idle > 0 {
            let verb = if idle == 1 { "is" } else { "are" };
            steps.push(format!("{idle} more {verb} idle, for who knows them may live: ipcx ls idle -o address,why"));
        }
        if self.lacks_places() {
            steps.push("files of sockets and FIFOs are looked for where you say: ipcx leaks /run /tmp".to_owned());
        }
        steps
    }

    /// Whether files of sockets and FIFOs would be listed, and no place to look for them was named.
    fn lacks_places(&self) -> bool {
        self.want.directories.is_empty() && self.want.kinds.intersects(Kinds::UNIX | Kinds::FIFOS)
    }
}

/// Whether it is nothing but an end that processes have: a pipe, or a socket rather than its file.
pub(super) const fn is_end(object: &Object) -> bool {
    matches!((&object.body, object.identity), (Body::Pipe(_), _) | (Body::Socket(_), Identity::Socket { .. }))
}

/// Whether an end has no partner in a second picture either.
fn still_lacks(again: &Snapshot, end: &Object) -> bool {
    again.place(end.identity).is_some_and(|place| matches!(state(again, place), State::Leaked | State::Suspect))
}

fn leaked_first(rows: &mut [Row<'_>]) {
    rows.sort_by_key(|row| row.state() != State::Leaked);
}

/// List what nobody uses any more, with reasons
///
/// First what is leaked: by all that the kernel tells, its users are gone and it will stay. Then suspects: all who left a
/// trace are gone, but one who left none may live. What a running program has is neither. `ipcx clean` removes what is
/// leaked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Leaks {
    #[command(flatten)]
    sought: Sought,

    #[command(flatten)]
    output: OutputArgs,

    /// Columns to show; +C adds to the usual ones
    #[arg(short = 'o', long, value_name = "A,B,+C")]
    columns: Option<String>,
    /// Sort by a column; -COL for the largest first
    ///
    /// What is leaked comes before the suspects all the same.
    #[arg(long, value_name = "COL", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Leave the heading out, and the sums below the table
    #[arg(long)]
    no_header: bool,
    #[command(flatten)]
    watch: WatchArgs,
    /// Exit with 1 when anything is found
    #[arg(long, conflicts_with = "watch")]
    exit_code: bool,
}

/// What was typed, checked.
struct Listing {
    search: Search,
    columns: Vec<&'static Column>,
    sort: Option<Sort>,
}

impl Leaks {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let listing = self.checked()?;
        let Some(interval) = self.watch.interval()? else { return self.once(&listing) };
        match watch(interval, self.output.format(), |out| {
            let snapshot = listing.search.look()?;
            let mut rows = listing.rows(&snapshot)?;
            Ok(self.write(out, &listing, &snapshot, &mut rows)?)
        })? {}
    }

    fn checked(&self) -> anyhow::Result<Listing> {
        let columns = match self.columns.as_deref() {
            Some(list) => columns::parse(list, &default_columns()).map_err(Usage::error)?,
            None => default_columns(),
        };
        let sort = self.sort.as_deref().map(Sort::parse).transpose().map_err(Usage::error)?;
        let mut search = self.sought.checked()?;
        if self.output.numeric {
            (search.want.users, search.want.groups) = (false, false);
        }
        Ok(Listing { search, columns, sort })
    }

    fn once(&self, listing: &Listing) -> anyhow::Result<Exit> {
        let search = &listing.search;
        let snapshot = search.look()?;
        let mut rows = listing.rows(&snapshot)?;
        let found = !rows.is_empty();
        to_stdout(|out| self.write(out, listing, &snapshot, &mut rows))?;
        let format = self.output.format();
        if matches!(format, Format::Text | Format::Csv) {
            search.tell_unseen(&snapshot);
        }
        if !found {
            search.tell_paths();
        }
        if format == Format::Text && !self.no_header && io::stdout().is_terminal() {
            let leaked = rows.iter().any(|row| row.state() == State::Leaked);
            for step in search.next_steps(&snapshot, leaked) {
                say(&step)?;
            }
        }
        Ok(if found && self.exit_code { Exit::Failed } else { Exit::Done })
    }

    fn write(
        &self,
        out: &mut dyn Write,
        listing: &Listing,
        snapshot: &Snapshot,
        rows: &mut [Row<'_>],
    ) -> io::Result<()> {
        let columns = &listing.columns;
        match self.output.format() {
            Format::Json => return json::write_document(out, snapshot, rows, &[]),
            Format::Ndjson => return json::write_lines(out, rows),
            Format::Csv => return csv::write(out, columns, rows, self.no_header),
            Format::Text => {}
        }
        if rows.is_empty() {
            return if self.no_header { Ok(()) } else { writeln!(out, "{}", listing.search.nothing(snapshot, false)) };
        }
        list(out, columns, rows, self.output.layout(true, self.no_header))?;
        if self.no_header {
            return Ok(());
        }
        writeln!(out)?;
        sums(out, snapshot, rows, &self.output)
    }
}

impl Listing {
    /// What is leaked or suspect, in order.
    fn rows<'a>(&self, snapshot: &'a Snapshot) -> Result<Vec<Row<'a>>, SnapshotError> {
        let mut rows = self.search.found(snapshot, true);
        self.search.lasting(&mut rows)?;
        if let Some(sort) = self.sort {
            sort.apply(&mut rows);
            leaked_first(&mut rows);
        }
        Ok(rows)
    }
}

fn default_columns() -> Vec<&'static Column> {
    COLUMNS.iter().filter_map(|name| columns::find(name).ok()).collect()
}

/// Lists rows: on a terminal with the reasons below each, elsewhere one line an object.
fn list(
    out: &mut dyn Write,
    columns: &[&'static Column],
    rows: &mut [Row<'_>],
    layout: table::Layout,
) -> io::Result<()> {
    if layout.width.is_none() || columns.last().is_none_or(|column| column.name != "why") {
        return table::write(out, columns, rows, layout);
    }
    leaks::write_explained(out, &columns[..columns.len() - 1], rows, layout)
}

fn sums(out: &mut dyn Write, snapshot: &Snapshot, rows: &[Row<'_>], output: &OutputArgs) -> io::Result<()> {
    let left = left(snapshot, rows.iter().map(|row| (row.place, row.state())));
    let name = |uid: Option<u32>| {
        let known = uid.and_then(|uid| snapshot.user_name(uid)).map(|name| escape(name.as_bytes()).into_owned());
        known.unwrap_or_else(|| uid.map_or_else(|| "-".to_owned(), |uid| uid.to_string()))
    };
    leaks::write_sums(out, &left, name, output.style())
}

/// Lists what `clean` is about to remove, as `leaks` does, and what it comes to.
pub(super) fn show(snapshot: &Snapshot, rows: &mut [Row<'_>]) -> io::Result<()> {
    let output = OutputArgs::default();
    to_stdout(|out| {
        list(out, &default_columns(), rows, output.layout(true, false))?;
        writeln!(out)?;
        sums(out, snapshot, rows, &output)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, SocketState};
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn an_end_is_lost_only_if_it_still_is_at_the_second_look() {
        let look = |pipe: Option<(u32, u32)>, socket: Option<SocketState>| {
            let mut scene = Scene::default();
            if let Some((readers, writers)) = pipe {
                let place = scene.add(testing::pipe(9, readers, writers));
                scene.hold(place, 7, Role::Writer);
            }
            if let Some(state) = socket {
                let place = scene.add(testing::unix(41, None, state, None));
                scene.hold(place, 7, Role::Connected);
            }
            scene.picture()
        };
        let [pipe, socket] = [testing::pipe(9, 0, 1), testing::unix(41, None, SocketState::HalfClosed, None)];
        let same = look(Some((0, 1)), Some(SocketState::HalfClosed));
        assert!(still_lacks(&same, &pipe) && still_lacks(&same, &socket));
        let moved = look(Some((1, 1)), None);
        assert!(!still_lacks(&moved, &pipe), "its reader was on its way to another number");
        assert!(!still_lacks(&moved, &socket), "it is closed by now");
    }
}
