//! Copies an object's contents into its backup, and removes it when the copy is complete and durable.
//!
//! What can be frozen is frozen first; what cannot is compared again right before it goes, and copied anew if it changed.
//! Whatever fails before the removal leaves the object as it was.

mod files;
mod posix_queue;
mod queue;
mod segment;
mod semaphores;

use super::header::{About, Header, Saved};
use super::recover;
use super::{Part, Store};
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::kernel::state_dir::Lock;
use crate::kernel::{self, Error, mqueue};
use crate::model::Kind;

/// How often a copy is begun anew because others keep changing the object.
const ATTEMPTS: usize = 100;

/// A removal with backup: of what, and what is allowed.
#[derive(Debug)]
pub(in crate::actions) struct Removing<'a> {
    pub(in crate::actions) store: &'a Store,
    pub(in crate::actions) subject: Subject,
    pub(in crate::actions) address: &'a str,
    pub(in crate::actions) force: bool,
    /// Somebody demonstrably has it.
    pub(in crate::actions) used: bool,
    /// Processes that could not be looked into.
    pub(in crate::actions) unseen: usize,
    pub(in crate::actions) about: About,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::actions) struct Kept {
    /// By which it can be undone.
    pub(in crate::actions) number: u64,
    /// Attaches that keep a segment's memory.
    pub(in crate::actions) attaches: u64,
    /// A POSIX queue's messages stay with those who have it open.
    pub(in crate::actions) without_messages: bool,
    /// A lease has shown that nobody had it open or mapped.
    pub(in crate::actions) alone: bool,
}

/// Why it was not removed, and how it is left.
enum Failure {
    /// As it was.
    Untouched(Refusal),
    /// Its messages are in the pending file, and have to be put back.
    Taken(Refusal),
    /// It could not be made what it was: the pending file has to stay.
    Changed(Refusal),
}

impl<T: Into<Refusal>> From<T> for Failure {
    fn from(error: T) -> Self {
        Self::Untouched(error.into())
    }
}

impl<'a> Removing<'a> {
    /// Backs the object up and removes it.
    pub(in crate::actions) fn run(self) -> Result<Kept, Refusal> {
        let kept = |number| Kept { number, attaches: 0, without_messages: false, alone: false };
        match self.subject.clone() {
            Subject::SysV { kind: Kind::Queue, id, .. } => {
                let done = self.steps(&|| queue::saved(id), |this, object, part| {
                    queue::remove(this, id, object.layout().is_some(), part)
                });
                done.map(|(number, ())| kept(number))
            }
            Subject::SysV { kind: Kind::Shm, id, .. } => {
                let done = self.steps(&|| segment::saved(id), |this, _, part| segment::remove(this, id, part));
                done.map(|(number, attaches)| Kept { attaches, ..kept(number) })
            }
            Subject::SysV { id, .. } => {
                let done = self.steps(&|| semaphores::saved(id), |this, _, part| semaphores::remove(this, id, part));
                done.map(|(n, ())| kept(n))
            }
            Subject::File { path, .. } => {
                let done = self.steps(&|| files::saved(&path), |this, _, part| files::remove(this, &path, part));
                done.map(|(number, alone)| Kept { alone, ..kept(number) })
            }
            Subject::PosixQueue { name, device, inode } => posix_queue::remove(&self, &name, device, inode),
        }
    }

    /// The steps that all kinds but POSIX queues share; `remove` copies, seals and removes.
    fn steps<T>(
        mut self,
        saved: &dyn Fn() -> kernel::Result<Saved>,
        remove: impl FnOnce(&Self, &Saved, &mut Part<'_>) -> Result<T, Failure>,
    ) -> Result<(u64, T), Refusal> {
        let mut lock = self.store.lock().map_err(|error| self.unkept(&error))?;
        self.subject.verify(self.address)?;
        let released = recover::release(self.store, self.address, &saved()?).map_err(|refusal| match refusal {
            // Of the state directory, not of the object.
            Refusal::Kernel(error) => self.unkept(&error),
            refusal => refusal,
        })?;
        if released {
            // That has stamped its time of change.
            self.subject = self.subject.again()?;
        }
        // Seen while no other ipcx can be at it.
        let object = saved()?;
        let mut part = self.begin(&mut lock, object.clone())?;
        drop(lock);
        match remove(&self, &object, &mut part) {
            Ok(done) => Ok((part.done(), done)),
            Err(Failure::Untouched(refusal)) => {
                part.discard();
                Err(refusal)
            }
            Err(Failure::Taken(refusal)) => Err(self.put_back(part, None, refusal)),
            Err(Failure::Changed(refusal)) => Err(refusal),
        }
    }

    /// Makes a queue what it was out of the pending file; `queue` is a POSIX queue, open and leased, and what it held.
    fn put_back(&self, part: Part<'_>, queue: Option<(&mqueue::Queue, (u64, u64))>, refusal: Refusal) -> Refusal {
        match recover::put_back(self.store, part, queue) {
            Ok(()) => refusal,
            Err(why) => self.failed(format!(
                "{refusal}; and its messages could not be put back: {why}; `ipcx undo --thaw` tries again"
            )),
        }
    }

    fn begin(&self, lock: &mut Lock, object: Saved) -> Result<Part<'a>, Refusal> {
        let header = Header { about: self.about.clone(), object };
        self.store.begin(lock, header).map_err(|error| self.unkept(&error))
    }

    /// The backup could not be written.
    fn unkept(&self, error: &Error) -> Refusal {
        self.failed(format!(
            "its backup cannot be written: {error}; nothing was removed; --no-backup removes it without"
        ))
    }

    /// It could not be read.
    fn uncopied(&self, why: &str) -> Refusal {
        self.failed(format!(
            "{why}, so that no backup can be made; nothing was removed; --no-backup removes it without"
        ))
    }

    fn failed(&self, why: String) -> Refusal {
        Refusal::Failed { what: self.address.to_owned(), why }
    }

    fn too_large(&self, bytes: u64, most: u64) -> Refusal {
        let why = format!(
            "its {bytes} bytes are more than a backup may hold ({most}, backup.max_size); nothing was removed; \
             --no-backup removes it without"
        );
        Refusal::Unsafe { what: self.address.to_owned(), why }
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed { what: self.address.to_owned() }
    }

    fn restless(&self) -> Refusal {
        self.uncopied("others change it faster than it can be copied")
    }

    fn in_use(&self, user: String) -> Refusal {
        Refusal::InUse { what: self.address.to_owned(), users: vec![user] }
    }

    /// What the kernel said while the object was read: gone, closed to the caller, or something else.
    fn unreadable(&self, error: Error) -> Refusal {
        if error.is_absent() || error.is_permission() { error.into() } else { self.uncopied(&error.to_string()) }
    }

    /// The object was made what it was, or not.
    fn thawed(&self, refusal: Refusal, thawed: kernel::Result<()>) -> Failure {
        match thawed {
            Ok(()) => Failure::Untouched(refusal),
            Err(error) if error.is_absent() => Failure::Untouched(self.changed()),
            Err(error) => Failure::Changed(self.failed(format!(
                "{refusal}; and it could not be given back what it had: {error}; `ipcx undo --thaw` tries again"
            ))),
        }
    }
}
