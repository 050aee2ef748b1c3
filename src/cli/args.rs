//! Options that several commands share.

use super::exit::Usage;
use crate::actions::Patience;
use crate::config::{ColorChoice, use_color};
use crate::model::{Kinds, quoted};
use crate::output::table::Layout;
use crate::query::Style;
use crate::query::columns::{self, Column};
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

/// Which kinds; none means all.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Kinds (none: all)")]
pub(super) struct KindArgs {
    /// Message queues, System V and POSIX
    #[arg(short = 'q', long)]
    queues: bool,
    /// Shared memory: System V and POSIX segments, memfds, and segments whose name is gone
    ///
    /// What has no name is found through the processes that have it.
    #[arg(short = 'm', long)]
    shmems: bool,
    /// System V semaphore sets and POSIX named semaphores
    #[arg(short = 's', long)]
    semaphores: bool,
    /// Pipes, found through the descriptors of processes
    #[arg(short = 'p', long)]
    pipes: bool,
    /// FIFOs that a process has open, and those below the directories named
    #[arg(short = 'f', long)]
    fifos: bool,
    /// Unix sockets, named, abstract and unnamed
    #[arg(short = 'x', long)]
    unix: bool,
    /// TCP and UDP sockets, over IPv4 and IPv6
    #[arg(short = 'i', long)]
    inet: bool,
    /// Only System V objects
    ///
    /// With -q, -m or -s: only that kind of them.
    #[arg(long)]
    sysv: bool,
    /// Only POSIX objects
    ///
    /// With -q, -m or -s: only that kind of them.
    #[arg(long)]
    posix: bool,
}

impl KindArgs {
    /// The kinds meant: `-q --posix` means POSIX queues.
    pub(super) fn kinds(&self) -> Kinds {
        let union = |flags: &[(bool, Kinds)]| {
            flags.iter().filter(|(set, _)| *set).fold(Kinds::empty(), |kinds, (_, kind)| kinds | *kind)
        };
        let kinds = union(&[
            (self.queues, Kinds::QUEUES),
            (self.shmems, Kinds::MEMORY),
            (self.semaphores, Kinds::SEMS),
            (self.pipes, Kinds::PIPES),
            (self.fifos, Kinds::FIFOS),
            (self.unix, Kinds::UNIX),
            (self.inet, Kinds::INET),
        ]);
        // A segment whose name is gone is still a POSIX one.
        let posix = Kinds::POSIX | Kinds::UNLINKED_SHMS;
        let families = union(&[(self.sysv, Kinds::SYSV), (self.posix, posix)]);
        match (kinds.is_empty(), families.is_empty()) {
            (true, true) => Kinds::all(),
            (true, false) => families,
            (false, true) => kinds,
            // Pipes and sockets belong to neither family, and were asked for by name; memfds were not.
            (false, false) => kinds & (families | !(Kinds::SYSV | posix | Kinds::MEMFDS)),
        }
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// In which form the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Ndjson,
    Csv,
}

/// How the answer is printed.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// One JSON document
    ///
    /// Its schema is `ipcx.snapshot/1`. It has everything about the objects listed and the processes that they name,
    /// whatever the columns. Absent values are `null`, keys and modes are strings, sizes are bytes, times are RFC 3339
    /// in UTC. A text that is not UTF-8 has its exact bytes, in hexadecimal, in a second field whose name ends in
    /// `_hex`.
    #[arg(short = 'J', long, conflicts_with_all = ["ndjson", "csv"])]
    json: bool,
    /// One JSON object a line, without the document around it
    #[arg(long, conflicts_with = "csv")]
    ndjson: bool,
    /// Comma-separated values (RFC 4180)
    ///
    /// Those of the columns: sizes in bytes, ages in seconds, absent values empty. `ipcx show` prints all columns.
    #[arg(long)]
    csv: bool,
    /// Sizes in bytes
    ///
    /// Otherwise with `K`, `M`, `G` in powers of 1024.
    #[arg(long)]
    bytes: bool,
    /// Numbers of users and groups instead of their names
    ///
    /// The names then are not looked up.
    #[arg(short, long)]
    pub(super) numeric: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Option<Color>,
}

impl OutputArgs {
    pub(super) fn format(&self) -> Format {
        match (self.json, self.ndjson, self.csv) {
            (true, _, _) => Format::Json,
            (_, true, _) => Format::Ndjson,
            (_, _, true) => Format::Csv,
            _ => Format::Text,
        }
    }

    pub(super) fn style(&self) -> Style {
        Style { bytes: self.bytes }
    }

    /// A layout for standard output; `fitted` to the terminal if it is one.
    pub(super) fn layout(&self, fitted: bool, no_header: bool) -> Layout {
        let terminal = std::io::stdout().is_terminal();
        let choice = self.color.unwrap_or_default().into();
        let width = (terminal && fitted).then(terminal_width);
        Layout { width, color: use_color(choice, terminal), no_header, style: self.style() }
    }
}

/// A layout for standard output, fitted to the terminal if it is one.
pub(super) fn layout(color: Option<Color>) -> Layout {
    OutputArgs { color, ..OutputArgs::default() }.layout(true, false)
}

/// Columns of the terminal; where it does not know, `COLUMNS`, or 80.
pub(super) fn terminal_width() -> usize {
    let known = ratatui::crossterm::terminal::size().ok().map(|(width, _)| usize::from(width)).filter(|w| *w > 0);
    let told = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0);
    known.or_else(told).unwrap_or(80)
}

/// `--wait[=SECONDS]`, without end where no number follows.
#[derive(Debug, Default, Args)]
pub(super) struct WaitArgs {
    /// Wait until it can be done, or so many seconds at the most
    ///
    /// Until there is room, a reader or a receiver for what is sent, or something to receive: of a FIFO a writer, and
    /// the end of what it writes. Without a number there is no end to it; the longest is a year, and parts of a second
    /// stand behind a point. The wait is in the kernel, among the others that wait. When the time is over, or the queue
    /// is removed, the exit status is 1.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "forever")]
    wait: Option<String>,
}

impl WaitArgs {
    pub(super) fn patience(&self) -> anyhow::Result<Patience> {
        const LONGEST: f64 = 31_536_000.0;
        let Some(text) = self.wait.as_deref() else { return Ok(Patience::None) };
        if text == "forever" {
            return Ok(Patience::Endless);
        }
        match text.parse::<f64>() {
            Ok(seconds) if (0.0..=LONGEST).contains(&seconds) => Ok(Patience::Left(Duration::from_secs_f64(seconds))),
            _ => Err(Usage::error(format_args!(
                "{} is no time to wait: write seconds from 0 to {LONGEST}, e.g. --wait=2.5, or --wait alone",
                quoted(text.as_bytes())
            ))),
        }
    }
}

/// Directories to search, and the words of the filter.
pub(super) fn split_words(words: &[OsString]) -> anyhow::Result<(Vec<PathBuf>, Vec<String>)> {
    let (mut directories, mut terms) = (Vec::new(), Vec::new());
    for word in words {
        let bytes = word.as_encoded_bytes();
        let path = PathBuf::from(word);
        if bytes.contains(&b'/') && path.is_dir() {
            // Absolute paths only: an address must mean the same from everywhere.
            directories.push(std::path::absolute(&path)?);
        } else {
            let text = word.to_str().ok_or_else(|| {
                Usage::error(format_args!("{} is neither a directory nor text that can be searched for", quoted(bytes)))
            })?;
            terms.push(text.to_owned());
        }
    }
    Ok((directories, terms))
}

/// The columns of a table, from `-o` or the defaults for the kinds.
pub(super) fn columns(list: Option<&str>, kinds: Kinds, wide: bool) -> anyhow::Result<Vec<&'static Column>> {
    let defaults = columns::for_kinds(kinds, wide);
    match list {
        None => Ok(defaults),
        Some(list) => columns::parse(list, &defaults).map_err(Usage::error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_narrow_kinds() {
        let kinds = |args: KindArgs| args.kinds();
        assert_eq!(kinds(KindArgs::default()), Kinds::all());
        assert_eq!(kinds(KindArgs { queues: true, ..Default::default() }), Kinds::QUEUES);
        assert_eq!(kinds(KindArgs { queues: true, posix: true, ..Default::default() }), Kinds::POSIX_QUEUES);
        assert_eq!(kinds(KindArgs { sysv: true, ..Default::default() }), Kinds::SYSV);
        let pipes = KindArgs { pipes: true, queues: true, sysv: true, ..Default::default() };
        assert_eq!(kinds(pipes), Kinds::PIPES | Kinds::SYSV_QUEUES);
    }
}
