//! Changing an object that is there: mode, owner, a queue's limit, semaphore values, a segment's lock.
//!
//! The kernel's calls set several things at once; what was not asked for is read first and set to what it is. What is
//! reported is read again afterwards, so that it is what really came of it.

mod apply;
mod permit;
mod state;

use super::owner::NewOwner;
use super::subject::{NoSubject, Subject};
use super::{Policy, Refusal, Target};
use crate::kernel::posix_sem;
use crate::model::{Family, Kind, Kinds, Object};
use crate::snapshot::{Snapshot, SnapshotError, Want};
use state::State;
use std::fmt;

/// A semaphore's new value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewValue {
    /// Which of the set; without it, all.
    pub index: Option<u64>,
    /// The value.
    pub value: u32,
}

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Permission bits.
    pub mode: Option<u16>,
    /// Owner and group.
    pub owner: NewOwner,
    /// Most bytes of a System V queue.
    pub limit: Option<u64>,
    /// Values of semaphores; a later one counts.
    pub values: Vec<NewValue>,
    /// Lock a segment in memory, or let it be swapped.
    pub lock: Option<bool>,
    /// Mark an attached segment for removal.
    pub mark_removed: bool,
}

impl Changes {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that changed, or would; prints as `limit 16384 -> 65536`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub what: String,
    /// As it was; `?` where that could not be read.
    pub old: String,
    /// As it is now.
    pub new: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.what, self.old, self.new)
    }
}

/// What came of it. Several changes are several calls, so that one may be done and another not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was changed.
    pub done: Vec<Change>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Why the rest was not.
    pub failed: Option<Refusal>,
}

/// Changes of one object, planned.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The object's address.
    pub address: String,
    subject: Subject,
    kind: Kind,
    /// POSIX name with its slash.
    name: Option<Box<[u8]>>,
    before: State,
    changes: Changes,
}

/// Finds the object, and plans the changes; changes nothing. Errors inside: not found, ambiguous, or the object has
/// nothing of what is to be changed.
pub fn plan_setting(target: &Target, changes: &Changes) -> Result<Result<Setting, Refusal>, SnapshotError> {
    let mut want = Want::tables(Kinds::empty());
    want.users = false;
    target.add_to(&mut want);
    let snapshot = crate::snapshot::collect(&want)?;
    let found = target.find(&snapshot).map_err(|refusal| unseen(refusal, &snapshot));
    Ok(found.and_then(|place| plan(&snapshot, place, target, changes)))
}

/// What was not found may be there where nobody could look.
fn unseen(refusal: Refusal, snapshot: &Snapshot) -> Refusal {
    let missing = snapshot.visibility.notes.iter().find(|note| note.starts_with("POSIX "));
    match (refusal, missing) {
        (Refusal::NotFound { what, .. }, Some(note)) => Refusal::Failed { what, why: format!("not seen: {note}") },
        (refusal, _) => refusal,
    }
}

fn plan(snapshot: &Snapshot, place: usize, target: &Target, changes: &Changes) -> Result<Setting, Refusal> {
    let object = &snapshot.objects[place];
    let address = snapshot.address(place).to_string();
    let gone = || Refusal::NotFound { what: address.clone(), kind: target.noun() };
    let subject = subject(object, &address, target)?;
    let before = State::read(&subject, object.kind(), object.name.as_deref())
        .map_err(|error| if error.is_absent() { gone() } else { error.into() })?;
    if let Some(why) = unfit(object, &before, changes) {
        return Err(Refusal::Unfit { what: address, why });
    }
    let name = object.name.clone();
    Ok(Setting { address, subject, kind: object.kind(), name, before, changes: changes.clone() })
}

/// What is acted on, with what identifies it.
fn subject(object: &Object, address: &str, target: &Target) -> Result<Subject, Refusal> {
    target.subject(object).map_err(|why| {
        why.refusal(address, target.noun(), |why| {
            let why = match why {
                NoSubject::Pipe => "a pipe has no file: there is nothing to set",
                NoSubject::Unnamed => "it has no name, and so no file to set anything of",
                NoSubject::Unbound => "this socket has no file: there is nothing to set",
                _ => "its path is not known in this mount namespace, or is gone already",
            };
            Refusal::Failed { what: address.to_owned(), why: why.to_owned() }
        })
    })
}

/// Why an object has nothing of what is to be changed.
fn unfit(object: &Object, before: &State, changes: &Changes) -> Option<String> {
    let sysv = object.family() == Some(Family::Sysv);
    let kind = object.kind();
    if changes.limit.is_some() && !(sysv && kind == Kind::Queue) {
        return Some("--limit is for System V queues; what a POSIX queue takes is fixed when it is made".to_owned());
    }
    if (changes.lock.is_some() || changes.mark_removed) && !(sysv && kind == Kind::Shm) {
        return Some("--lock, --unlock and --mark-removed are for System V segments".to_owned());
    }
    if changes.values.is_empty() {
        return None;
    }
    if kind != Kind::Semaphore {
        return Some("--value is for semaphores".to_owned());
    }
    let count = before.values.len() as u64;
    let largest = if sysv { super::create::LARGEST_SYSV_VALUE } else { posix_sem::LARGEST };
    for NewValue { index, value } in &changes.values {
        if *value > largest {
            return Some(format!("a value of {value} is too large: at most {largest}"));
        }
        if index.is_some_and(|index| index >= count) {
            let last = count.saturating_sub(1);
            return Some(format!("there is no semaphore {}: the last is {last}", index.unwrap_or_default()));
        }
    }
    None
}

impl Setting {
    /// What would change.
    pub fn forecast(&self) -> Vec<Change> {
        self.before.changes_to(&self.before.with(&self.changes), &self.changes)
    }

    /// Whether it would be done now: read-only mode, permission, harm. Changes nothing.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        policy.permit(&self.address)?;
        self.harmless()?;
        match self.forbidden() {
            Some(why) => Err(Refusal::Permission { what: self.address.clone(), why }),
            None => Ok(()),
        }
    }

    /// Looks again, compares identity, and makes the changes. Errors: nothing was changed; what went wrong after the first
    /// change is in the report.
    pub fn run(&self, policy: Policy) -> Result<Report, Refusal> {
        match self.check(policy) {
            // A forecast is no reason not to try: the kernel decides who may.
            Ok(()) | Err(Refusal::Permission { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
        let read = || State::read(&self.subject, self.kind, self.name.as_deref()).ok();
        self.subject.verify(&self.address)?;
        let before = read().ok_or_else(|| self.changed())?;
        let mut made = Changes::default();
        let failed = self.apply(&before, &mut made).err().map(|refusal| self.explained(refusal));
        if let (Some(refusal), true) = (&failed, made.is_empty()) {
            return Err(refusal.clone());
        }
        let asked = before.with(&made);
        // What cannot be read back is as it was set, or the call would have said so.
        let after = read().unwrap_or_else(|| asked.clone()).or(&asked);
        let done = before.changes_to(&after, &made);
        let mut notes = self.notes(&made, &before, &after);
        if !made.values.is_empty() && after.values != asked.values {
            notes.push("the values are not those asked for: a process came between".to_owned());
        }
        Ok(Report { done, notes, failed })
    }

    /// What a person should know beside what changed.
    fn notes(&self, made: &Changes, before: &State, after: &State) -> Vec<String> {
        let mut notes = Vec::new();
        if made.mark_removed && after.marked == Some(true) {
            notes.push("its key is gone, and its memory goes with the last detach".to_owned());
        }
        if made.values.is_empty() {
            return notes;
        }
        match before.waiting {
            0 => {}
            1 => notes.push("1 task waited on it, and goes on if the new values let it".to_owned()),
            n => notes.push(format!("{n} tasks waited on it, and go on if the new values let them")),
        }
        if matches!(self.subject, Subject::SysV { .. }) {
            notes.push("setting values cleared what processes would undo at their end (SEM_UNDO)".to_owned());
        } else {
            notes.push("a POSIX semaphore is set in single steps, between which others may use it".to_owned());
        }
        notes
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed { what: self.address.clone() }
    }
}
