//! Makes an object again out of its backup: the same key or name, owner, mode, limits and contents, and the same id where
//! the kernel lets the caller ask for one. The backup goes when the object is there; until then nothing is lost.

use super::header::{Access, FileKind, Saved};
use super::{Entry, Record, Store};
use crate::actions::{Go, Policy, Progress, Refusal, Step, Tally};
use crate::kernel::mqueue;
use crate::kernel::sparse_file::{self, SparseFile};
use crate::kernel::users;
use crate::kernel::{
    Error, Result, file, hold_signals, host, messages, msgctl, namespace, next_id, semctl, shmat, shmctl,
};
use crate::model::{Key, Kind, escape};

/// A backup that is to be undone.
#[derive(Debug, Clone)]
pub struct Restoration {
    /// The backup.
    pub entry: Entry,
}

/// An object that was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Its address now.
    pub address: String,
    /// What is not as it was, a sentence each.
    pub notes: Vec<String>,
}

/// Permission bits that mean nothing to the kernel here, and nobody sets: an object has them while its contents are put in.
/// One that still has them was left by an undo that was killed.
const HALF_MADE: u16 = 0o111;

/// Mode of a queue meanwhile: its maker alone may write, and nobody read.
const WRITABLE: u16 = 0o200 | HALF_MADE;

/// Mode of anything else meanwhile.
const USABLE: u16 = 0o600 | HALF_MADE;

impl Restoration {
    /// Whether it would be done now: read-only mode, namespace, and whether key or name is free. Changes nothing.
    pub fn check(&self, policy: Policy) -> std::result::Result<(), Refusal> {
        let header = &self.entry.header;
        policy.permit(&header.about.address)?;
        let here = namespace::own("ipc");
        let in_namespace = !matches!(header.object, Saved::File { .. });
        if in_namespace && !policy.force && header.about.boot == host::boot_id() && header.about.namespace != here {
            return Err(self.kept("it was removed in another IPC namespace; --force brings it back into this one"));
        }
        match self.taken() {
            Some(by) => Err(self.kept(&format!("{by} meanwhile; nothing was changed and the backup is kept"))),
            None => Ok(()),
        }
    }

    /// Makes the object again and forgets the backup. On failure what was made is removed again, and the backup stays.
    pub fn run(&self, store: &Store, policy: Policy) -> std::result::Result<Restored, Refusal> {
        self.check(policy)?;
        let _held = hold_signals::hold();
        let _lock = store.lock()?;
        if !store.has(&self.entry) {
            let (what, number) = (self.entry.header.about.address.clone(), self.entry.header.about.number);
            let why = format!("backup {number} is gone: it was brought back or discarded meanwhile");
            return Err(Refusal::Failed { what, why });
        }
        self.sweep().map_err(|error| self.failed(&error))?;
        let mut notes = Vec::new();
        let made = match &self.entry.header.object {
            Saved::Queue { key, id, access, limit_bytes, held, .. } => {
                self.queue(store, (*key, *id), *access, (*limit_bytes, *held), &mut notes)
            }
            Saved::Segment { key, id, access, size, locked, .. } => {
                self.segment(store, (*key, *id), *access, (*size, *locked), &mut notes)
            }
            Saved::Semaphores { key, id, access, count, operated, .. } => {
                self.semaphores(store, (*key, *id), *access, (*count, *operated))
            }
            Saved::PosixQueue { .. } => self.posix_queue(store, &mut notes),
            Saved::File { path, kind, access, size, .. } => self.file(store, path, *kind, *access, *size, &mut notes),
        };
        let address = made.map_err(|error| self.failed(&error))?;
        if address != self.entry.header.about.address {
            notes.push(format!("under a new id: it was {}", self.entry.header.about.address));
        }
        if let Err(error) = store.discard(&self.entry) {
            notes.push(format!("its backup cannot be removed: {error}"));
        }
        Ok(Restored { address, notes })
    }

    fn kept(&self, why: &str) -> Refusal {
        Refusal::Unsafe { what: self.entry.header.about.address.clone(), why: why.to_owned() }
    }

    fn failed(&self, error: &Error) -> Refusal {
        let (what, number) = (self.entry.header.about.address.clone(), self.entry.header.about.number);
        if error.exists() {
            return self.kept("its key or name has just been taken; nothing was changed and the backup is kept");
        }
        if error.is_permission() {
            return Refusal::Permission { what, why: format!("{error}; backup {number} is kept") };
        }
        Refusal::Failed { what, why: format!("cannot be brought back: {error}; backup {number} is kept") }
    }

    /// What an undo of this backup has left half made that was killed.
    fn half_made(&self) -> Option<HalfMade> {
        let me = users::own_uid();
        let left = |kind, key, id: i32| {
            // One without a key is known by the id that was asked for.
            let id = if Key(key) == Key::PRIVATE { id } else { id_of(kind, key)? };
            let (mode, creator) = match kind {
                Kind::Queue => msgctl::stat(id).map(|stat| (stat.mode, stat.creator)),
                Kind::Shm => shmctl::stat(id).map(|stat| (stat.mode, stat.common.creator)),
                _ => semctl::stat(id).map(|stat| (stat.mode, stat.common.creator)),
            }
            .ok()?;
            (mode & HALF_MADE == HALF_MADE && creator.uid == me).then_some(HalfMade::SysV(kind, id))
        };
        match &self.entry.header.object {
            Saved::Queue { key, id, .. } => left(Kind::Queue, *key, *id),
            Saved::Segment { key, id, .. } => left(Kind::Shm, *key, *id),
            Saved::Semaphores { key, id, .. } => left(Kind::Semaphore, *key, *id),
            Saved::PosixQueue { name, .. } => {
                let stat = mqueue::open_queue(name, mqueue::Access::Receive).and_then(|queue| queue.stat()).ok()?;
                (stat.mode & HALF_MADE == HALF_MADE && stat.owner.uid == me).then_some(HalfMade::PosixQueue)
            }
            // A file appears whole or not at all.
            Saved::File { .. } => None,
        }
    }

    /// Removes that: the backup still has all of it. Only for who has the lock, so that no other undo is at it.
    fn sweep(&self) -> Result<()> {
        match (self.half_made(), &self.entry.header.object) {
            (Some(HalfMade::SysV(Kind::Queue, id)), _) => msgctl::remove(id),
            (Some(HalfMade::SysV(Kind::Shm, id)), _) => shmctl::remove(id),
            (Some(HalfMade::SysV(_, id)), _) => semctl::remove(id),
            (Some(HalfMade::PosixQueue), Saved::PosixQueue { name, .. }) => mqueue::unlink(name),
            _ => Ok(()),
        }
    }

    /// Who has its key, name or path now.
    fn taken(&self) -> Option<String> {
        let by = |kind: &str, key: i32, id| format!("its key {} is that of {kind}:{id}", Key(key));
        if self.half_made().is_some() {
            return None;
        }
        match &self.entry.header.object {
            Saved::Queue { key, .. } => id_of(Kind::Queue, *key).map(|id| by("queue", *key, id)),
            Saved::Segment { key, .. } => id_of(Kind::Shm, *key).map(|id| by("shm", *key, id)),
            Saved::Semaphores { key, .. } => id_of(Kind::Semaphore, *key).map(|id| by("sem", *key, id)),
            Saved::PosixQueue { name, .. } => {
                let opened = mqueue::open_queue(name, mqueue::Access::Receive);
                let free = opened.is_err_and(|error| error.is_absent());
                (!free).then(|| "there is another queue of that name".to_owned())
            }
            Saved::File { path, .. } => {
                let there = !file::lstat(path).is_err_and(|error| error.is_absent());
                there.then(|| format!("there is something else at {}", escape(path)))
            }
        }
    }

    fn queue(
        &self,
        store: &Store,
        (key, old): (i32, i32),
        access: Access,
        (limit, held): (u64, (u64, u64)),
        notes: &mut Vec<String>,
    ) -> Result<String> {
        let id = same_id(Kind::Queue, old, &|key| msgctl::create(key, WRITABLE, true), msgctl::remove, Key(key))?;
        let fill = || -> Result<()> {
            let usual = msgctl::stat(id)?.limit_bytes;
            let mine = crate::model::Ids { uid: users::own_uid(), gid: access.gid };
            let set = |owner, mode, limit_bytes| msgctl::set(id, &msgctl::MsgSettings { owner, mode, limit_bytes });
            // It may hold more than it took last.
            let room = limit.max(held.0).max(held.1);
            if room > usual && set(mine, WRITABLE, room).is_err() && limit > usual {
                notes.push(format!(
                    "its limit is {usual} bytes and was {limit}: more than kernel.msgmnb needs CAP_SYS_RESOURCE"
                ));
            }
            let most = msgctl::stat(id)?.limit_bytes;
            each(store, &self.entry, &mut |record| match record {
                Record::Message(message) => messages::send(id, &message, false),
                _ => Ok(()),
            })?;
            set(access.owner(), access.mode, limit.min(most))
        };
        let mut fill = fill;
        fill().inspect_err(|_| drop(msgctl::remove(id)))?;
        Ok(format!("queue:{id}"))
    }

    fn segment(
        &self,
        store: &Store,
        (key, old): (i32, i32),
        access: Access,
        (size, locked): (u64, bool),
        notes: &mut Vec<String>,
    ) -> Result<String> {
        let create = |key| shmctl::create(key, size, USABLE, true);
        let id = same_id(Kind::Shm, old, &create, shmctl::remove, Key(key))?;
        let fill = || -> Result<()> {
            let segment = shmat::attach(id, size, false)?;
            each(store, &self.entry, &mut |record| {
                if let Record::Bytes { offset, data } = record {
                    segment.write(offset, &data);
                }
                Ok(())
            })?;
            shmctl::set(id, access.owner(), access.mode)
        };
        fill().inspect_err(|_| drop(shmctl::remove(id)))?;
        if locked && let Err(error) = shmctl::lock(id, true) {
            notes.push(format!("it was locked in memory and is not now: {error}"));
        }
        Ok(format!("shm:{id}"))
    }

    fn semaphores(
        &self,
        store: &Store,
        (key, old): (i32, i32),
        access: Access,
        (count, operated): (u64, bool),
    ) -> Result<String> {
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let create = |key| semctl::create(key, count.into(), USABLE, true);
        let id = same_id(Kind::Semaphore, old, &create, semctl::remove, Key(key))?;
        let fill = || -> Result<()> {
            each(store, &self.entry, &mut |record| match record {
                Record::Values(values) if values.len() == usize::from(count) => semctl::set_all(id, &values),
                _ => Ok(()),
            })?;
            // Last: who waits for this time to be set takes the values for ready.
            if operated {
                semctl::stamp(id)?;
            }
            semctl::set(id, access.owner(), access.mode)
        };
        fill().inspect_err(|_| drop(semctl::remove(id)))?;
        Ok(format!("sem:{id}"))
    }

    fn posix_queue(&self, store: &Store, notes: &mut Vec<String>) -> Result<String> {
        let Saved::PosixQueue { name, access, limit_messages, max_message_bytes, held, kept, .. } =
            &self.entry.header.object
        else {
            return Ok(String::new());
        };
        let queue = mqueue::create(name, USABLE, *limit_messages, *max_message_bytes, true)?;
        let fill = || -> Result<()> {
            each(store, &self.entry, &mut |record| match record {
                Record::PosixMessage { priority, data } => queue.send(priority, &data),
                _ => Ok(()),
            })?;
            if queue.stat()?.owner != access.owner() {
                queue.set_owner(access.owner())?;
            }
            queue.set_mode(access.mode)
        };
        fill().inspect_err(|_| drop(mqueue::unlink(name)))?;
        if !kept && held.0 > 0 {
            notes.push("it is empty: its messages stayed with the processes that had it open".to_owned());
        }
        Ok(self.entry.header.about.address.clone())
    }

    fn file(
        &self,
        store: &Store,
        path: &[u8],
        kind: FileKind,
        access: Access,
        size: u64,
        notes: &mut Vec<String>,
    ) -> Result<String> {
        if kind == FileKind::Regular {
            let file = SparseFile::create_unnamed(path)?;
            each(store, &self.entry, &mut |record| match record {
                Record::Bytes { offset, data } => file.write(offset, &data),
                _ => Ok(()),
            })?;
            file.appear(size, access.owner(), access.mode)?;
        } else {
            sparse_file::make_special(path, kind == FileKind::Socket, access.owner(), access.mode)?;
            if kind == FileKind::Socket {
                notes.push("only its name came back: nobody is bound to it until its server binds it anew".to_owned());
            }
        }
        Ok(self.entry.header.about.address.clone())
    }
}

/// Brings objects back one after the other, in this order, and tells of each before and after; `told` is asked whether to go
/// on each time. One that was begun is brought to its end.
pub fn restore_all(
    restorations: &[Restoration],
    store: &Store,
    policy: Policy,
    told: &mut dyn FnMut(&Progress<'_, Restoration, Restored>) -> Go,
) -> Tally {
    let total = restorations.len();
    let mut tally = Tally::default();
    for (done, one) in restorations.iter().enumerate() {
        let restored = match told(&Progress { done, total, step: Step::Next(one) }) {
            Go::Stop => {
                tally.left = total - done;
                return tally;
            }
            Go::Skip => Err(Refusal::NotConfirmed { what: one.entry.header.about.address.clone() }),
            // It looks for what is in its way in any case.
            Go::On | Go::Again => one.run(store, policy),
        };
        let step = match &restored {
            Ok(restored) => Step::Done(one, restored),
            Err(refusal) => Step::Refused(refusal),
        };
        tally.done += usize::from(restored.is_ok());
        tally.refused += usize::from(restored.is_err());
        if told(&Progress { done, total, step }) == Go::Stop {
            tally.left = total - done - 1;
            return tally;
        }
    }
    tally
}

/// What an undo was making when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HalfMade {
    SysV(Kind, i32),
    PosixQueue,
}

/// Calls `each` with every record, and stops at the first error.
fn each(store: &Store, entry: &Entry, each: &mut dyn FnMut(Record) -> Result<()>) -> Result<()> {
    let mut result = Ok(());
    store.contents(entry, &mut |record| {
        result = each(record);
        result.is_ok()
    })?;
    result
}

/// Makes an object, with the id that it had where the caller may ask for that and its slot is free.
fn same_id(
    kind: Kind,
    id: i32,
    create: &dyn Fn(Key) -> Result<i32>,
    remove: impl Fn(i32) -> Result<()>,
    key: Key,
) -> Result<i32> {
    let asked = next_id::request(kind, id).is_ok();
    create(key).inspect_err(|_| {
        // What was asked for stands until some object is made, and would be given to a stranger's.
        if asked && let Ok(id) = create(Key::PRIVATE) {
            let _ = remove(id);
        }
    })
}

/// The object that has a key now.
fn id_of(kind: Kind, key: i32) -> Option<i32> {
    match (kind, Key(key)) {
        (_, Key::PRIVATE) => None,
        (Kind::Queue, key) => msgctl::find(key, 0).ok(),
        (Kind::Shm, key) => shmctl::find(key, 0).ok(),
        (_, key) => semctl::find(key, 0).ok(),
    }
}
