//! Removal: System V objects by id, POSIX objects, FIFOs and socket files by name; with a backup out of which the object
//! can be made again, or without.

mod batch;
pub mod outright;
mod words;

pub use batch::{Backups, remove_all};

use super::backup::{About, Kept, Removing, Store};
use super::subject::{NoSubject, Subject};
use super::target::is_file;
use super::{Policy, Refusal, Target};
use crate::diagnose::{State, verdict};
use crate::kernel::{capability, file, hold_signals, host, mqueue, msgctl, namespace, semctl, shmctl, users};
use crate::model::{Body, Family, Kind, Kinds, Object, escape};
use crate::snapshot::{Snapshot, SnapshotError, Want};
use rustc_hash::FxHashSet;

/// One removal, planned: what would go, whose it is, who uses it.
#[derive(Debug, Clone)]
pub struct Removal {
    /// The object's address.
    pub address: String,
    /// Key, owner and contents, in one phrase.
    pub description: String,
    /// Who demonstrably uses it, one sentence each.
    pub users: Vec<String>,
    /// Processes that could not be looked into, so that more may use it.
    pub unseen: usize,
    victim: Subject,
    permitted: Result<(), String>,
}

/// What a removal came to: the object, or its name, is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Attaches that keep a segment's memory; it has lost its key.
    pub attaches: u64,
    /// Number of the backup.
    pub backup: Option<u64>,
    /// The backup has no messages: they stay with the processes that have the queue open.
    pub without_messages: bool,
    /// The kernel itself has said that nobody had it open or mapped.
    pub alone: bool,
}

/// A target, and its removal or why there is none.
pub type Plan = (Target, Result<Removal, Refusal>);

/// Finds the targets, each once, and plans their removal; those that cannot be found or removed are refused one by one.
/// Takes one snapshot of what has to be looked at, and changes nothing.
pub fn plan_removals(targets: &[Target]) -> Result<Vec<Plan>, SnapshotError> {
    let mut want = Want::everything(Kinds::empty());
    (want.details, want.groups) = (false, false);
    for target in targets {
        target.add_to(&mut want);
    }
    let snapshot = crate::snapshot::collect(&want)?;
    Ok(plan_removals_in(&snapshot, targets, &|_| Ok(())))
}

/// The same against a picture that the caller has just taken, with everything about the targets' kinds. `may` is asked of
/// each object found, by its place, and refuses those that are to be left alone.
pub fn plan_removals_in(
    snapshot: &Snapshot,
    targets: &[Target],
    may: &dyn Fn(usize) -> Result<(), Refusal>,
) -> Vec<Plan> {
    let mut planned = FxHashSet::default();
    let mut plans = Vec::new();
    for target in targets {
        let found = target.find(snapshot).and_then(|place| may(place).map(|()| place));
        match found.and_then(|place| Ok((place, plan(snapshot, place, target)?))) {
            // Named twice, removed once.
            Ok((place, _)) if planned.contains(&place) => {}
            Ok((place, removal)) => {
                planned.insert(place);
                plans.push((target.clone(), Ok(removal)));
            }
            Err(refusal) => plans.push((target.clone(), Err(refusal))),
        }
    }
    plans
}

fn plan(snapshot: &Snapshot, place: usize, target: &Target) -> Result<Removal, Refusal> {
    let object = &snapshot.objects[place];
    let address = snapshot.address(place).to_string();
    let victim = victim(object, &address, target)?;
    let judged = verdict(snapshot, place);
    let users = if judged.state == State::InUse && judged.certain { judged.reasons } else { Vec::new() };
    let unseen = if is_file(snapshot, place) { snapshot.visibility.hidden.len() } else { 0 };
    let permitted = permitted(object, &victim);
    Ok(Removal { address, description: describe(snapshot, object), users, unseen, victim, permitted })
}

fn victim(object: &Object, address: &str, target: &Target) -> Result<Subject, Refusal> {
    target.subject(object).map_err(|why| {
        why.refusal(address, target.noun(), |why| {
            let why = match why {
                NoSubject::Pipe => {
                    "a pipe has no name to remove: it goes when the processes that have it close it or end"
                }
                NoSubject::Unnamed => {
                    "it has no name to remove: it goes when the last process that has it lets go of it or ends"
                }
                NoSubject::Unbound => {
                    "this socket has no file to remove: it goes when the processes that have it close it or end"
                }
                _ => "its path is not known in this mount namespace, or is gone already",
            };
            Refusal::Unremovable { what: address.to_owned(), why }
        })
    })
}

/// Whether the caller may, as far as that can be told beforehand; for `--dry-run`.
fn permitted(object: &Object, victim: &Subject) -> Result<(), String> {
    let me = users::own_uid();
    let has = capability::have;
    match victim {
        Subject::SysV { stat, .. } => {
            let mine = [stat.owner.uid, stat.creator.uid].contains(&me) || has(capability::CAP_SYS_ADMIN);
            if mine { Ok(()) } else { Err("only its owner, its creator or CAP_SYS_ADMIN may remove it".to_owned()) }
        }
        Subject::PosixQueue { .. } => {
            let mine = object.owner.is_some_and(|ids| ids.uid == me) || has(capability::CAP_FOWNER);
            if mine { Ok(()) } else { Err("only its owner or CAP_FOWNER may remove it".to_owned()) }
        }
        Subject::File { path, .. } => {
            let may = file::may_unlink(path, has(capability::CAP_FOWNER));
            if may { Ok(()) } else { Err("its directory does not let this user remove it".to_owned()) }
        }
    }
}

/// `1 byte`, `2 bytes`.
fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Key, owner and contents in one phrase.
fn describe(snapshot: &Snapshot, object: &Object) -> String {
    let mut parts = Vec::new();
    let key = match &object.body {
        Body::Queue(queue) => queue.key,
        Body::Shm(shm) => shm.key,
        Body::Semaphore(set) => set.key,
        _ => None,
    };
    parts.extend(key.map(|key| format!("key {key}")));
    if let Some(ids) = object.owner {
        let name = snapshot.user_name(ids.uid).map(|name| escape(name.as_bytes()).into_owned());
        parts.push(format!("owner {}", name.unwrap_or_else(|| ids.uid.to_string())));
    }
    parts.extend(holds(object));
    parts.join(", ")
}

/// What an object holds, in a few words: `3 messages of 96 bytes`, `4096 bytes`, `2 semaphores`; `None` where that is not
/// known, and of what is no queue, segment or semaphore.
pub fn holds(object: &Object) -> Option<String> {
    match &object.body {
        Body::Queue(queue) => queue.messages.map(|n| match queue.bytes {
            Some(bytes) => format!("{} of {}", count(n, "message"), count(bytes, "byte")),
            None => count(n, "message"),
        }),
        Body::Shm(_) | Body::Memfd(_) => object.memory_size().map(|size| count(size, "byte")),
        Body::Semaphore(set) if object.family() == Some(Family::Sysv) => Some(count(set.count, "semaphore")),
        Body::Semaphore(set) => set.values.as_deref().and_then(|v| v.first()).map(|one| format!("value {}", one.value)),
        _ => None,
    }
}

impl Removal {
    /// Whether it would be done now: read-only mode, use and permission. Changes nothing.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        let what = || self.address.clone();
        policy.permit(&self.address)?;
        if !policy.force && !self.users.is_empty() {
            return Err(Refusal::InUse { what: what(), users: self.users.clone() });
        }
        self.permitted.clone().map_err(|why| Refusal::Permission { what: what(), why })
    }

    /// Plans the same removal anew, after time has passed: who uses the object now? Errors: [`Refusal::Changed`] when the
    /// target names another object meanwhile.
    pub fn again(&self, target: &Target) -> Result<Self, Refusal> {
        let plan = plan_removals(std::slice::from_ref(target)).ok().and_then(|mut plans| plans.pop());
        let (_, plan) = plan.ok_or_else(|| self.changed())?;
        plan.and_then(|plan| if plan.victim == self.victim { Ok(plan) } else { Err(self.changed()) })
    }

    /// Reads the object again, compares its identity, backs it up if there is a store, and removes it. Signals that would
    /// end the process wait until it is done.
    pub fn run(&self, policy: Policy, store: Option<&Store>) -> Result<Outcome, Refusal> {
        match self.check(policy) {
            // A forecast is no reason not to try: the kernel decides who may.
            Ok(()) | Err(Refusal::Permission { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
        let _held = hold_signals::hold();
        let done = match store {
            Some(store) if !self.is_marked() => self.keep_and_remove(policy, store),
            _ => self.remove(policy),
        };
        done.map_err(|refusal| match refusal {
            Refusal::Kernel(error) if error.is_absent() => self.changed(),
            Refusal::Kernel(error) if error.is_permission() => Refusal::Permission {
                what: self.address.clone(),
                why: self.permitted.clone().err().unwrap_or_else(|| format!("the kernel refused it ({error})")),
            },
            other => other,
        })
    }

    /// Whether it is a segment that was removed before and is only kept by its attaches: nothing is left to back up that
    /// could be found again.
    fn is_marked(&self) -> bool {
        match &self.victim {
            Subject::SysV { kind: Kind::Shm, id, .. } => shmctl::stat(*id).is_ok_and(|stat| stat.marked_for_removal),
            _ => false,
        }
    }

    fn keep_and_remove(&self, policy: Policy, store: &Store) -> Result<Outcome, Refusal> {
        let sysv_or_queue = !matches!(self.victim, Subject::File { .. });
        let about = About {
            number: 0,
            batch: String::new(),
            address: self.address.clone(),
            description: self.description.clone(),
            boot: host::boot_id(),
            namespace: if sysv_or_queue { namespace::own("ipc") } else { None },
        };
        let Kept { number, attaches, without_messages, alone } = Removing {
            store,
            subject: self.victim.clone(),
            address: &self.address,
            force: policy.force,
            used: !self.users.is_empty(),
            unseen: self.unseen,
            about,
        }
        .run()?;
        Ok(Outcome { attaches, backup: Some(number), without_messages, alone })
    }

    fn remove(&self, policy: Policy) -> Result<Outcome, Refusal> {
        self.victim.verify(&self.address)?;
        match &self.victim {
            Subject::SysV { kind: Kind::Queue, id, .. } => msgctl::remove(*id)?,
            Subject::SysV { kind: Kind::Shm, id, .. } => return self.remove_segment(*id, policy),
            Subject::SysV { id, .. } => semctl::remove(*id)?,
            Subject::PosixQueue { name, .. } => mqueue::unlink(name)?,
            Subject::File { path, device, inode, .. } => file::unlink_same(path, *device, *inode)?,
        }
        Ok(Outcome::default())
    }

    /// A segment that somebody attached since the plan was made is in use after all.
    fn remove_segment(&self, id: i32, policy: Policy) -> Result<Outcome, Refusal> {
        let attaches = shmctl::stat(id)?.attaches;
        if attaches > 0 && !policy.force {
            let users = vec![format!("attached {attaches} times since it was looked at")];
            return Err(Refusal::InUse { what: self.address.clone(), users });
        }
        shmctl::remove(id)?;
        Ok(Outcome { attaches, ..Outcome::default() })
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed { what: self.address.clone() }
    }
}
