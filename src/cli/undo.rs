//! `ipcx undo`: bring back what `ipcx rm` removed.

use super::exit::{Usage, complain};
use super::many::Many;
use super::print::to_stdout;
use super::{Exit, keeping};
use crate::actions::backup::{self, Access, Entry, FileKind, Record, Restoration, Saved, Store, restore_all};
use crate::actions::{Go, Policy, Step, Tally};
use crate::config::Backup;
use crate::kernel::clock::Clock;
use crate::model::Time;
use crate::output::backups::{self, BackupRow};
use crate::output::contents::{self, Form};
use crate::query::Style;
use clap::Args;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx undo                  bring back what the last `ipcx rm` removed
  ipcx undo --list           what can come back, and until when
  ipcx undo 7                bring back number 7
  ipcx undo --show 7         look into it first";

/// Bring back what `rm` removed
///
/// Key or name, owner, mode, limits and contents are as they were, and the id too where the kernel lets this user ask for
/// one, as it does root. A key or name that is taken meanwhile is refused, and the backup is kept. Without a number
/// everything that the last `ipcx rm` removed comes back.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub(super) struct Undo {
    /// Numbers of removals, as `rm` and --list tell them
    #[arg(value_name = "N")]
    numbers: Vec<u64>,
    /// List what can be brought back, and when it expires
    #[arg(short, long, conflicts_with_all = ["numbers", "show", "discard", "thaw"])]
    list: bool,
    /// Print what a backup holds
    #[arg(long, value_name = "N", conflicts_with_all = ["numbers", "discard", "thaw"])]
    show: Option<u64>,
    /// Remove these backups for good
    #[arg(long, requires = "numbers", conflicts_with = "thaw")]
    discard: bool,
    /// Give objects back what an interrupted removal took
    ///
    /// A removal that was killed on its way may leave its object changed: a queue to which nobody can send or that
    /// lacks messages, a mode that lets its owner read. The next `ipcx` says so on standard error, and this gives all
    /// such objects back what they had. `ipcx rm` of the object finishes the removal instead.
    #[arg(long, conflicts_with = "numbers")]
    thaw: bool,
    /// Only say what would be done
    #[arg(short = 'n', long, conflicts_with_all = ["list", "show"])]
    dry_run: bool,
    /// Bring objects back into this IPC namespace, though they come from another one
    ///
    /// That is about System V objects and POSIX queues.
    #[arg(short, long)]
    force: bool,
    /// A JSON document, with --list
    ///
    /// Its schema is `ipcx.backups/1`.
    #[arg(short = 'J', long, requires = "list")]
    json: bool,
}

impl Undo {
    pub(super) fn run(&self, read_only: bool, limits: Backup) -> anyhow::Result<Exit> {
        let policy = Policy { read_only, force: self.force };
        // To look at what there is, and to be refused, nothing has to be made.
        let looks = self.list || self.show.is_some() || self.dry_run || read_only;
        let store = if looks { keeping::look(limits)? } else { Some(keeping::open(limits)?) };
        let entries = store.as_ref().map_or(Ok(Vec::new()), Store::entries)?;
        if self.list {
            return self.list(&entries);
        }
        if self.show.is_none()
            && let Err(refusal) = backup::permit(policy)
        {
            complain(&refusal);
            return Ok(Exit::from(&refusal));
        }
        let Some(store) = store else { return Err(Usage::failed("nothing can be undone: there are no backups")) };
        if let Some(number) = self.show {
            return show(&store, find(&entries, number)?);
        }
        if self.thaw {
            return self.thaw(&store, policy);
        }
        let wanted = self.wanted(&entries)?;
        if self.dry_run || self.discard {
            return self.without_undoing(&store, &wanted, policy);
        }
        let mut many = Many::begin(true)?;
        let tally = restore_all(&wanted, &store, policy, &mut |progress| {
            match progress.step {
                Step::Next(_) => {
                    let doing = || format!("bringing back {} of {}…", progress.done + 1, progress.total);
                    return if many.next(doing) { Go::On } else { Go::Stop };
                }
                Step::Done(restoration, restored) => many.done(&restoration.done(restored)),
                Step::Refused(refusal) => many.refused("", refusal),
            }
            Go::On
        });
        Ok(many.finish(&tally, "brought back"))
    }

    /// Says what would happen, or discards backups, or says what that would do.
    fn without_undoing(&self, store: &Store, wanted: &[Restoration], policy: Policy) -> anyhow::Result<Exit> {
        let mut many = Many::begin(false)?;
        for one in wanted {
            let line = match (self.discard, self.dry_run) {
                (true, true) => Ok(one.would_discard()),
                (true, false) => backup::discard(store, &one.entry, policy).map(|()| one.discarded()),
                (false, _) => one.check(policy).map(|()| one.would()),
            };
            match line {
                Ok(line) => many.done(&line),
                Err(refusal) => many.refused(if self.dry_run { "would fail: " } else { "" }, &refusal),
            }
        }
        Ok(many.finish(&Tally::default(), "brought back"))
    }

    /// The numbers named, or all that the last call removed.
    fn wanted(&self, entries: &[Entry]) -> anyhow::Result<Vec<Restoration>> {
        let restoration = |entry: &Entry| Restoration { entry: entry.clone() };
        if self.numbers.is_empty() {
            let last = entries.last().ok_or_else(|| Usage::failed("nothing can be undone: there are no backups"))?;
            let batch = &last.header.about.batch;
            return Ok(entries.iter().filter(|entry| entry.header.about.batch == *batch).map(restoration).collect());
        }
        self.numbers.iter().map(|number| find(entries, *number).map(restoration)).collect()
    }

    fn list(&self, entries: &[Entry]) -> anyhow::Result<Exit> {
        let rows: Vec<BackupRow> = entries.iter().map(row).collect();
        if self.json {
            to_stdout(|out| backups::write_json(out, &rows))?;
        } else if rows.is_empty() {
            complain(&"nothing can be undone: there are no backups");
        } else {
            let now = Clock::read()?.now;
            to_stdout(|out| backups::write_table(out, &rows, now, Style::default()))?;
        }
        Ok(Exit::Done)
    }

    fn thaw(&self, store: &Store, policy: Policy) -> anyhow::Result<Exit> {
        if self.dry_run {
            for one in backup::interrupted(store)? {
                to_stdout(|out| writeln!(out, "would give {} back what it had: {} now", one.address, one.effect))?;
            }
            return Ok(Exit::Done);
        }
        let results = backup::thaw(store, policy)?;
        if results.is_empty() {
            complain(&"no removal was interrupted: nothing has to be thawed");
        }
        let mut exit = Exit::Done;
        for (one, result) in results {
            match result {
                Ok(()) => {
                    to_stdout(|out| writeln!(out, "{} has back what its interrupted removal took", one.address))?;
                }
                Err(refusal) => {
                    complain(&refusal);
                    exit = exit.max(Exit::from(&refusal));
                }
            }
        }
        Ok(exit)
    }
}

fn find(entries: &[Entry], number: u64) -> anyhow::Result<&Entry> {
    let found = entries.iter().find(|entry| entry.header.about.number == number);
    found.ok_or_else(|| {
        Usage::failed(format_args!("there is no backup {number}: `ipcx undo --list` tells which there are"))
    })
}

fn row(entry: &Entry) -> BackupRow {
    let about = &entry.header.about;
    BackupRow {
        number: about.number,
        address: about.address.clone(),
        description: about.description.clone(),
        removed_at: whole(entry.written),
        expires_at: whole(entry.expires),
        bytes: entry.bytes,
    }
}

/// Nobody needs parts of a second here.
const fn whole(time: Time) -> Time {
    Time { secs: time.secs, nanos: 0 }
}

/// Prints what a backup holds, in the way of `ipcx peek`.
fn show(store: &Store, entry: &Entry) -> anyhow::Result<Exit> {
    let about = &entry.header.about;
    to_stdout(|out| {
        writeln!(out, "{}: {} ({})", about.number, about.address, about.description)?;
        for (label, text) in about_object(&entry.header.object) {
            writeln!(out, "  {label:<8} {text}")?;
        }
        writeln!(out, "  removed {}, can be undone until {}", whole(entry.written), whole(entry.expires))
    })?;
    let mut index = 0u64;
    let mut printed = Ok(());
    store.contents(entry, &mut |record| {
        printed = to_stdout(|out| write_record(out, index, &record));
        index += 1;
        printed.is_ok()
    })?;
    printed?;
    Ok(Exit::Done)
}

/// What makes it what it was, but for what is said of it already.
fn about_object(object: &Saved) -> Vec<(&'static str, String)> {
    let of = |access: &Access| {
        let group = access.gid.map_or_else(|| "?".to_owned(), |gid| gid.to_string());
        vec![("mode", format!("{:04o}", access.mode)), ("uid", access.uid.to_string()), ("gid", group)]
    };
    match object {
        Saved::Queue { access, limit_bytes, .. } => [of(access), vec![("limit", limit_bytes.to_string())]].concat(),
        Saved::Segment { access, size, locked, .. } => {
            [of(access), vec![("size", size.to_string()), ("locked", locked.to_string())]].concat()
        }
        Saved::PosixQueue { access, limit_messages, max_message_bytes, .. } => {
            let limit = format!("{limit_messages} messages of {max_message_bytes} bytes");
            [of(access), vec![("limit", limit)]].concat()
        }
        Saved::File { access, size, kind: FileKind::Regular, .. } => {
            [of(access), vec![("size", size.to_string())]].concat()
        }
        Saved::Semaphores { access, .. } | Saved::File { access, .. } => of(access),
    }
}

fn write_record(out: &mut dyn Write, index: u64, record: &Record) -> io::Result<()> {
    match record {
        Record::Message(message) => {
            writeln!(out, "[{index}] type {}, {} bytes", message.kind, message.data.len())?;
            contents::write(out, &message.data, 0, Form::Auto, "  ")
        }
        Record::PosixMessage { priority, data } => {
            writeln!(out, "[{index}] priority {priority}, {} bytes", data.len())?;
            contents::write(out, data, 0, Form::Auto, "  ")
        }
        Record::Bytes { offset, data } => {
            writeln!(out, "{} bytes from {offset} on", data.len())?;
            contents::write(out, data, *offset, Form::Hex, "  ")
        }
        Record::Values(values) => {
            values.iter().enumerate().try_for_each(|(index, value)| writeln!(out, "[{index}] value {value}"))
        }
    }
}
