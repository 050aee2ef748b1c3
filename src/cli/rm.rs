//! `ipcx rm`: remove objects by id, key, name or address.

use super::exit::Usage;
use super::many::Many;
use super::{Exit, ask, keeping};
use crate::actions::{
    Backups, Go, Plan, Policy, Refusal, Removal, Step, Tally, Target, ValueKind, plan_removals, remove_all,
};
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
    ///
    /// It is a key if it begins with `0x`, a POSIX name if it begins with a slash, and otherwise an id or a key in
    /// decimal.
    #[arg(short = 'q', long = "queue", value_name = "VALUE", allow_hyphen_values = true)]
    queues: Vec<OsString>,
    /// Shared memory segment: id, key or POSIX name
    #[arg(short = 'm', long = "shmem", value_name = "VALUE", allow_hyphen_values = true)]
    shmems: Vec<OsString>,
    /// Semaphore set or POSIX semaphore: id, key or POSIX name
    #[arg(short = 's', long = "semaphore", value_name = "VALUE", allow_hyphen_values = true)]
    semaphores: Vec<OsString>,
    /// Message queue by key only, decimal or 0x...
    ///
    /// Key 0 is `IPC_PRIVATE` and names nothing.
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
    /// Only say what would be removed, and what would be refused and why
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Ask for each object, on standard error
    ///
    /// Only `y` or `yes` removes it; anything else, and the end of input, is a refusal.
    #[arg(short, long)]
    interactive: bool,
    /// Keep no backup: there is no way back
    ///
    /// The messages, memory or values go with the object.
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
        let plans = plan_removals(&targets)?;
        if self.dry_run {
            return self.forecast(plans, policy);
        }
        // That there is no place for backups is said of each object that is not removed for it.
        let keeps = !(self.no_backup || read_only);
        let store = keeps.then(|| keeping::open(limits).map_err(|error| format!("{error:#}")));
        let backups = match &store {
            None => Backups::No,
            Some(Ok(store)) => Backups::In(store),
            Some(Err(why)) => Backups::Nowhere(why),
        };
        // Where a question stands, Ctrl-C ends it at once.
        let mut many = Many::begin(!self.interactive)?;
        let tally = remove_all(plans, policy, backups, &mut |progress| match progress.step {
            Step::Next(removal) => {
                let going_on = many.next(|| format!("removing {} of {}…", progress.done + 1, progress.total));
                if !going_on {
                    Go::Stop
                } else if self.interactive {
                    asked(removal, policy)
                } else {
                    Go::On
                }
            }
            Step::Done(removal, outcome) => {
                many.removed(removal, outcome);
                Go::On
            }
            Step::Refused(refusal) => {
                many.refused("", refusal);
                Go::On
            }
        });
        Ok(many.finish(&tally, "removed"))
    }

    /// Only says what would happen.
    fn forecast(&self, plans: Vec<Plan>, policy: Policy) -> anyhow::Result<Exit> {
        let mut many = Many::begin(false)?;
        for (_, plan) in plans {
            match plan.and_then(|removal| removal.check(policy).map(|()| removal.would(!self.no_backup))) {
                Ok(line) => many.done(&line),
                Err(refusal) => many.refused("would fail: ", &refusal),
            }
        }
        Ok(many.finish(&Tally::default(), "removed"))
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
}

/// Asks, with the names of who uses it. What cannot be done is not asked for.
fn asked(removal: &Removal, policy: Policy) -> Go {
    match removal.check(policy) {
        // A forecast is no reason not to try; for another reason it is refused without a question.
        Ok(()) | Err(Refusal::Permission { .. }) => {}
        Err(_) => return Go::On,
    }
    // Somebody may have come to use it while the question stood.
    if ask::confirmed(&removal.question()) { Go::Again } else { Go::Skip }
}
