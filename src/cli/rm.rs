//! `ipcx rm`: remove objects by id, key, name or address.

use super::exit::{self, Usage, complain};
use super::print::say;
use super::{Exit, ask, keeping};
use crate::actions::backup::Store;
use crate::actions::{Outcome, Policy, Refusal, Removal, Target, ValueKind, plan_removals};
use crate::config::Backup;
use crate::model::{Address, RemovalTarget};
use clap::Args;
use std::ffi::OsString;

const EXAMPLES: &str = "\
Examples:
  ipcx rm -q 0x4d2                      a message queue by key
  ipcx rm -m 7 -s 3                     a segment and a semaphore set by id
  ipcx rm queue:/orders /run/x.fifo     a POSIX queue and a FIFO
  ipcx rm -n -q 0x4d2                   only say what would happen
  ipcx undo                             bring it back";

/// Remove objects, with a way back
///
/// A backup of attributes and contents is kept first, in the user's own state directory, and `ipcx undo` makes the object
/// again. A queue is frozen meanwhile, so that no message is lost; what cannot be backed up is not removed.
///
/// An object that somebody demonstrably uses is refused, with the names of who does: an attached segment, a queue or
/// set that a process waits on, a POSIX object, FIFO or socket that a process has open. A decimal value is an id or a
/// key; where both name different objects, neither is removed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Rm {
    /// Message queue: id, key (0x...) or POSIX name (/...)
    #[arg(short = 'q', long = "queue", value_name = "VALUE", allow_hyphen_values = true)]
    queues: Vec<OsString>,
    /// Shared memory segment: id, key or POSIX name
    #[arg(short = 'm', long = "shmem", value_name = "VALUE", allow_hyphen_values = true)]
    shmems: Vec<OsString>,
    /// Semaphore set or POSIX semaphore: id, key or POSIX name
    #[arg(short = 's', long = "semaphore", value_name = "VALUE", allow_hyphen_values = true)]
    semaphores: Vec<OsString>,
    /// Message queue by key only, decimal or 0x...
    #[arg(short = 'Q', long, value_name = "KEY", allow_hyphen_values = true)]
    queue_key: Vec<OsString>,
    /// Shared memory segment by key only
    #[arg(short = 'M', long, value_name = "KEY", allow_hyphen_values = true)]
    shmem_key: Vec<OsString>,
    /// Semaphore set by key only
    #[arg(short = 'S', long, value_name = "KEY", allow_hyphen_values = true)]
    semaphore_key: Vec<OsString>,

    /// Remove objects that are in use, too
    #[arg(short, long)]
    force: bool,
    /// Only say what would happen
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Ask for each object
    #[arg(short, long)]
    interactive: bool,
    /// Keep no backup: there is no way back
    #[arg(long)]
    no_backup: bool,

    /// kind:which, or the path of a FIFO, a socket, or a file in /dev/shm or /dev/mqueue
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<OsString>,
}

impl Rm {
    pub(super) fn run(&self, read_only: bool, limits: Backup) -> anyhow::Result<Exit> {
        let targets = self.targets()?;
        let policy = Policy { read_only, force: self.force };
        let mut exit = Exit::Done;
        let mut printed = Ok(());
        let plans = plan_removals(&targets)?;
        let keeps = !(self.no_backup || self.dry_run || read_only);
        // That there is no place for backups is said of each object that is not removed for it.
        let store = keeps.then(|| keeping::open(limits).map_err(|error| format!("{error:#}")));
        for (target, plan) in plans {
            match plan.and_then(|removal| self.one(&target, removal, policy, store.as_ref())) {
                // That nobody reads what was done is no reason to leave the rest undone.
                Ok(line) => printed = printed.and(say(&line)),
                Err(refusal) => {
                    complain(&format_args!("{}{refusal}", if self.dry_run { "would fail: " } else { "" }));
                    exit = exit.max(Exit::from(&refusal));
                }
            }
        }
        match printed {
            Err(error) => Ok(exit.max(exit::report(&error.into()))),
            Ok(()) => Ok(exit),
        }
    }

    /// Everything that was typed, checked before anything is looked at.
    fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let values = [
            (&self.queues, ValueKind::Queue),
            (&self.shmems, ValueKind::Shm),
            (&self.semaphores, ValueKind::Semaphore),
        ];
        let keys = [
            (&self.queue_key, ValueKind::Queue),
            (&self.shmem_key, ValueKind::Shm),
            (&self.semaphore_key, ValueKind::Semaphore),
        ];
        let mut targets = Vec::new();
        for (words, kind) in values {
            for word in words {
                targets.push(Target::Value(kind, RemovalTarget::parse_value(word).map_err(Usage::error)?));
            }
        }
        for (words, kind) in keys {
            for word in words {
                targets.push(Target::Key(kind, RemovalTarget::parse_key(word).map_err(Usage::error)?));
            }
        }
        for word in &self.addresses {
            let address = Address::parse(word).map_err(Usage::error)?;
            if let Address::Pid(_) = address {
                return Err(Usage::error(format_args!("{address} is a process: rm removes objects")));
            }
            targets.push(Target::Address(address).absolute());
        }
        if targets.is_empty() {
            return Err(Usage::error("nothing to remove: name it, e.g. `ipcx rm -q 0x4d2`; see `ipcx rm --help`"));
        }
        Ok(targets)
    }

    fn one(
        &self,
        target: &Target,
        mut removal: Removal,
        policy: Policy,
        store: Option<&Result<Store, String>>,
    ) -> Result<String, Refusal> {
        let what = format!("{} ({})", removal.address, removal.description);
        if self.dry_run {
            removal.check(policy)?;
            let users = if removal.users.is_empty() {
                String::new()
            } else {
                format!("; in use: {}", removal.users.join("; "))
            };
            let back = if self.no_backup { "; this could not be undone" } else { "" };
            return Ok(format!("would remove {what}{users}{back}"));
        }
        if self.interactive {
            // What cannot be done is not asked for.
            match removal.check(policy) {
                Ok(()) | Err(Refusal::Permission { .. }) => {}
                Err(refusal) => return Err(refusal),
            }
            if !confirmed(&removal, &what) {
                return Err(Refusal::NotConfirmed { what: removal.address });
            }
            // Somebody may have come to use it while the question stood.
            removal = removal.again(target)?;
        }
        let store = match store {
            Some(Err(error)) => {
                // Who may not remove it at all is told that first.
                removal.check(policy)?;
                let why =
                    format!("no backup can be kept: {error}; nothing was removed; --no-backup removes it without");
                return Err(Refusal::Failed { what: removal.address, why });
            }
            Some(Ok(store)) => Some(store),
            None => None,
        };
        let outcome = removal.run(policy, store)?;
        if removal.unseen > 0 && !outcome.alone {
            complain(&format_args!(
                "note: {}: not every process could be looked into ({} not); one that has it open keeps it",
                removal.address, removal.unseen
            ));
        }
        Ok(line(&what, outcome))
    }
}

/// What was done, and what brings it back.
fn line(what: &str, outcome: Outcome) -> String {
    let stays = match outcome.attaches {
        0 => String::new(),
        1 => "; its memory stays until its attach has ended".to_owned(),
        attaches => format!("; its memory stays until its {attaches} attaches have ended"),
    };
    let messages = if outcome.without_messages {
        "; its messages stay with the processes that have it open, and are not in the backup"
    } else {
        ""
    };
    match outcome.backup {
        Some(number) => format!("removed {what}{stays}{messages}; `ipcx undo {number}` brings it back"),
        None => format!("removed {what}{stays}; this cannot be undone"),
    }
}

/// Asks, with the names of who uses it.
fn confirmed(removal: &Removal, what: &str) -> bool {
    let users =
        if removal.users.is_empty() { String::new() } else { format!(" in use: {};", removal.users.join("; ")) };
    ask::confirmed(&format!("remove {what}?{users}"))
}
