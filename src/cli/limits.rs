//! `ipcx limits`: use against the kernel's limits on IPC, who uses most, and what happens at each.

use super::Exit;
use super::args::terminal_width;
use super::exit::{Usage as Misuse, complain};
use super::print::{say, to_stdout};
use crate::model::{Kinds, Usage, quoted};
use crate::output::{json, limits};
use crate::query::Style;
use crate::snapshot::{Snapshot, Want, collect};
use clap::Args;
use std::io::IsTerminal;

const EXAMPLES: &str = "\
Examples:
  ipcx limits                      every limit, its use, and who uses most
  ipcx limits -w SEM               those of semaphores, with what happens when they are full
  ipcx limits --warn 80            only what is used by 80 % or more; exit status 1 if there is any
  ipcx limits --json | jq .limits  for programs";

/// Show use against every kernel limit on IPC
///
/// Of System V and POSIX objects, /dev/shm, pipes, sockets and open files: how much is used, by whom most, where the
/// limit is set, and which error a program gets at it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Limits {
    /// Only limits used by so many per cent or more; exit status 1 if there are any
    ///
    /// Limits on what one call may ask for are none of them: to make one thing as large as may be uses nothing up.
    /// A limit whose use is not known is none of them, and is noted on standard error, as is one of which more may be used
    /// than could be seen; beside that nothing is printed while all is well.
    #[arg(long, value_name = "PERCENT")]
    warn: Option<String>,
    /// What each limit counts and what happens when it is full, too, and nothing cut to fit the terminal
    #[arg(short, long)]
    wide: bool,
    /// Leave the heading out
    #[arg(long)]
    no_header: bool,
    /// Sizes in bytes, and large numbers in full
    #[arg(long)]
    bytes: bool,
    /// Numbers of users instead of their names
    #[arg(short, long)]
    numeric: bool,
    /// One JSON document
    ///
    /// Its schema is `ipcx.limits/1`.
    #[arg(short = 'J', long)]
    json: bool,

    /// Only limits with any of these words in name, sysctl or description
    #[arg(value_name = "LIMIT")]
    words: Vec<String>,
}

impl Limits {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let warn = self.warn.as_deref().map(percent).transpose()?;
        let kinds = Kinds::all();
        let snapshot = collect(&Want {
            limits: true,
            contents: true,
            users: !self.numeric,
            room: true,
            every_limit: true,
            asleep: true,
            processes: true,
            ..Want::tables(kinds)
        })?;
        let mut exit = Exit::Done;
        for word in self.words.iter().filter(|word| !snapshot.room.iter().any(|usage| is_about(usage, word))) {
            complain(&format_args!("no limit is named {}: `ipcx limits` lists them", quoted(word.as_bytes())));
            exit = Exit::Failed;
        }
        let asked = |usage: &Usage| self.words.is_empty() || self.words.iter().any(|word| is_about(usage, word));
        let rows: Vec<&Usage> = snapshot.room.iter().filter(|usage| asked(usage)).collect();
        let (mut shown, mut doubtful) = (rows.clone(), Vec::new());
        if let Some(warn) = warn {
            // The longest backlog is the longest that may be on most machines, and nothing is near its end for that.
            let near = |usage: &Usage| !usage.what.per_call && usage.percent().is_some_and(|percent| percent >= warn);
            shown.retain(|usage| near(usage));
            doubtful = rows
                .into_iter()
                .filter(|usage| usage.unknown.is_some() || (usage.at_least.is_some() && !near(usage)))
                .collect();
            if !shown.is_empty() {
                exit = Exit::Failed;
            }
        }
        self.print(&snapshot, &shown)?;
        for usage in doubtful {
            let (says, why) = match &usage.unknown {
                Some(why) => ("is not known", why.as_str()),
                None => ("may be more than was seen", usage.at_least.unwrap_or_default()),
            };
            complain(&format_args!("note: {}: its use {says}: {why}", usage.what.name));
        }
        Ok(exit)
    }

    fn print(&self, snapshot: &Snapshot, shown: &[&Usage]) -> anyhow::Result<()> {
        if self.json {
            return Ok(to_stdout(|out| json::limits::write(out, snapshot, shown))?);
        }
        // Of nothing there is no table: who watches with --warn gets silence while all is well.
        if !shown.is_empty() {
            let fitted = !self.wide && std::io::stdout().is_terminal();
            let layout = limits::Layout {
                width: fitted.then(terminal_width),
                wide: self.wide,
                no_header: self.no_header,
                style: Style { bytes: self.bytes },
            };
            to_stdout(|out| limits::write(out, snapshot, shown, layout))?;
            if std::io::stdout().is_terminal() {
                for step in shown.iter().filter_map(|usage| next_step(snapshot, usage)) {
                    say(&step)?;
                }
            }
        }
        for note in snapshot.visibility.notes.iter().filter(|_| self.warn.is_none()) {
            complain(&format_args!("note: {note}"));
        }
        Ok(())
    }
}

/// From so many per cent on it is told what to look at.
const NEAR: f64 = 80.0;

/// Which command shows what has a limit nearly used up.
fn next_step(snapshot: &Snapshot, usage: &Usage) -> Option<String> {
    if usage.what.per_call || usage.percent().is_none_or(|percent| percent < NEAR) {
        return None;
    }
    let name = usage.what.name;
    if let Some(of) = usage.of {
        let address = limits::address(snapshot, of)?;
        let quoted = if address.contains('[') { format!("'{address}'") } else { address };
        return Some(format!("{name}: ipcx graph {quoted} shows who has it"));
    }
    let kind = match name {
        "MSGMNI" => "-q --sysv",
        "SHMMNI" | "SHMALL" => "-m --sysv",
        "SEMMNI" | "SEMMNS" => "-s --sysv",
        "queues_max" | "RLIMIT_MSGQUEUE" => "-q --posix",
        // What has no name any more counts as well.
        "/dev/shm" | "/dev/shm inodes" => return Some(format!("{name}: ipcx ls -m --sort -size shows what fills it")),
        _ => return None,
    };
    Some(format!("{name}: ipcx leaks {kind} lists what was left, ipcx ls {kind} all"))
}

/// Whether a word is in what a limit is called.
fn is_about(usage: &Usage, word: &str) -> bool {
    let word = word.to_lowercase();
    let names = [usage.what.name, usage.what.set_by, usage.what.about];
    names.iter().any(|name| name.to_lowercase().contains(&word))
}

/// `80`, `80%`, `99.5`.
fn percent(text: &str) -> anyhow::Result<f64> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    number.parse().ok().filter(|percent: &f64| plain && percent.is_finite()).ok_or_else(|| {
        let text = quoted(text.as_bytes());
        Misuse::error(format_args!("{text} is no percentage: write a number from 0 on, e.g. --warn 80"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        for (text, expected) in [("80", 80.0), ("80%", 80.0), ("99.5", 99.5), ("0", 0.0), ("120 %", 120.0)] {
            assert!((percent(text).unwrap() - expected).abs() < 1e-9, "{text}");
        }
        for text in ["", "%", "-1", "+1", "1e3", "inf", "nan", "x", "8 0", "1.2.3"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
