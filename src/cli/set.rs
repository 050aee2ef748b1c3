//! `ipcx set`: change mode, owner, a queue's limit, semaphore values, a segment's lock.

use super::Exit;
use super::exit::{Usage, complain};
use super::print::to_stdout;
use super::values;
use crate::actions::{Change, Changes, NewOwner, NewValue, Policy, Refusal, Setting, Target, plan_setting};
use crate::model::Address;
use clap::Args;
use std::ffi::OsString;
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  ipcx set queue:5 --limit 64K --mode 0660     let a queue take more, and a group use it
  ipcx set sem:3 --value 1=0 --value 2=5       two semaphores of a set
  ipcx set sem:/lock --value 1                 a POSIX semaphore
  ipcx set shm:7 --lock                        keep a segment from being swapped
  ipcx set -n /run/x.fifo --owner svc          only say what would change";

/// Change mode, owner, queue limit, semaphore values, or a segment's lock
///
/// Each change is a line: what it was, and what it is now, read again afterwards. Right before, the object is compared
/// with the one that was looked at; a file is changed through a descriptor, so that no other can take its place.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub(super) struct Set {
    /// kind:which, or the path of a FIFO, a socket, or a file in /dev/shm or /dev/mqueue
    #[arg(value_name = "ADDRESS")]
    address: OsString,

    /// Permission bits, octal
    #[arg(long, value_name = "OCTAL")]
    mode: Option<String>,
    /// Give it to this user, by name or number
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Give it to this group, likewise
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// System V queue: most bytes that it takes, or 64K
    ///
    /// More than `kernel.msgmnb` needs `CAP_SYS_RESOURCE`.
    #[arg(long, value_name = "SIZE")]
    limit: Option<String>,
    /// Semaphores: the value of all, or of one; may be given again
    ///
    /// In a System V set that clears what processes would undo at their end (`SEM_UNDO`), and wakes who can go on; who
    /// waited is told. A POSIX semaphore has no such call: it is brought to its value by single posts and waits, at
    /// most 1,000,000, between which others may use it.
    #[arg(long = "value", value_name = "[INDEX=]N")]
    values: Vec<String>,
    /// System V segment: keep its pages in memory
    #[arg(long, conflicts_with = "unlock")]
    lock: bool,
    /// System V segment: let its pages be swapped
    #[arg(long)]
    unlock: bool,
    /// Attached System V segment: let it go with its last detach
    ///
    /// It loses its key now. If nobody has it attached it would go at once: that is refused, with exit status 4, and
    /// left to `ipcx rm`.
    #[arg(long)]
    mark_removed: bool,
    /// Only say what would change, and what would be refused and why
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Set {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        let address = Address::parse(&self.address).map_err(Usage::error)?;
        if let Address::Pid(_) = address {
            return Err(Usage::error(format_args!("{address} is a process: set changes objects")));
        }
        let target = Target::Address(address).absolute();
        let mut changes = self.changes()?;
        if changes.is_empty() && self.owner.is_none() && self.group.is_none() {
            return Err(Usage::error("nothing to change: say e.g. --mode 0640; see `ipcx set --help`"));
        }
        match NewOwner::find(self.owner.as_deref(), self.group.as_deref()) {
            Ok(owner) => changes.owner = owner,
            Err(refusal) => return Ok(self.refused(&refusal)),
        }
        let policy = Policy { read_only, ..Policy::default() };
        match plan_setting(&target, &changes)? {
            Ok(setting) => self.do_it(&setting, policy),
            Err(refusal) => Ok(self.refused(&refusal)),
        }
    }

    /// Everything that was typed, checked before anything is looked at; names of users excepted.
    fn changes(&self) -> anyhow::Result<Changes> {
        let mut new = Vec::new();
        for text in &self.values {
            let (index, value) = values::indexed_value(text)?;
            new.push(NewValue { index, value });
        }
        Ok(Changes {
            mode: self.mode.as_deref().map(values::mode).transpose()?,
            owner: NewOwner::default(),
            limit: self.limit.as_deref().map(values::size).transpose()?,
            values: new,
            lock: (self.lock || self.unlock).then_some(self.lock),
            mark_removed: self.mark_removed,
        })
    }

    fn do_it(&self, setting: &Setting, policy: Policy) -> anyhow::Result<Exit> {
        let address = &setting.address;
        if self.dry_run {
            return match setting.check(policy) {
                Ok(()) => print(&format!("would set {address}"), &setting.forecast()).map(|()| Exit::Done),
                Err(refusal) => Ok(self.refused(&refusal)),
            };
        }
        let report = match setting.run(policy) {
            Ok(report) => report,
            Err(refusal) => return Ok(self.refused(&refusal)),
        };
        let exit = report.failed.as_ref().map_or(Exit::Done, |refusal| self.refused(refusal));
        for note in &report.notes {
            complain(&format_args!("note: {address}: {note}"));
        }
        print(address, &report.done)?;
        Ok(exit)
    }

    fn refused(&self, refusal: &Refusal) -> Exit {
        complain(&format_args!("{}{refusal}", if self.dry_run { "would fail: " } else { "" }));
        Exit::from(refusal)
    }
}

fn print(what: &str, changes: &[Change]) -> anyhow::Result<()> {
    Ok(to_stdout(|out| changes.iter().try_for_each(|change| writeln!(out, "{what}: {change}")))?)
}
