//! What a removal leaves behind that was killed on its way, and how it is put right.
//!
//! A System V queue may be frozen: its limit is 0, so that nobody can send. A segment or set may have its owner's read
//! permission added. Of a POSIX queue, or a long System V queue, messages may have been taken out. Each is undone here out
//! of the header, and messages out of the records: see `refill`.

use super::header::{Access, Saved};
use super::refill::{SysvQueue, refill};
use super::store::{Part, Pending, Resumed, Stage, Store};
use crate::actions::{Policy, Refusal};
use crate::kernel::mqueue;
use crate::kernel::{Error, Result, SysvStat, capability, file, host, msgctl, namespace, semctl, shmctl};
use crate::model::Key;

/// How an object is found whose removal has ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It is not there any more.
    Gone,
    /// As it was.
    Whole,
    /// There, and changed by the removal.
    Frozen,
    /// In another IPC namespace, which cannot be looked into from here.
    Elsewhere,
}

/// A removal that was ended before its time and has left its object changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The object's address.
    pub address: String,
    /// What is wrong with it.
    pub effect: &'static str,
}

/// Every object that an ended removal has left changed. Changes nothing.
pub fn interrupted(store: &Store) -> Result<Vec<Interrupted>> {
    let pending = store.pending()?.into_iter().filter(|one| one.free && left(one) == Left::Frozen);
    Ok(pending
        .map(|one| Interrupted { address: one.header.about.address, effect: effect(&one.header.object) })
        .collect())
}

const fn effect(saved: &Saved) -> &'static str {
    match saved {
        Saved::Queue { .. } => "nobody can send to it",
        Saved::PosixQueue { .. } => "some of its messages are in the backup only",
        _ => "its mode is changed",
    }
}

/// Gives every such object back what it was. One result for each.
pub fn thaw(store: &Store, policy: Policy) -> Result<Vec<(Interrupted, std::result::Result<(), Refusal>)>> {
    let _lock = store.lock()?;
    let mut results = Vec::new();
    for pending in store.pending()?.into_iter().filter(|one| one.free && left(one) == Left::Frozen) {
        let address = pending.header.about.address.clone();
        let done = policy.permit(&address).and_then(|()| Ok(thaw_one(store, &pending)?));
        results.push((Interrupted { address, effect: effect(&pending.header.object) }, done));
    }
    Ok(results)
}

/// How the object of a pending removal is found.
pub(super) fn left(pending: &Pending) -> Left {
    let header = &pending.header;
    let (boot, elsewhere) = (host::boot_id(), namespace::own("ipc") != header.about.namespace);
    let lost = header.about.boot != boot;
    match &header.object {
        Saved::File { path, file, .. } => {
            let now = file::lstat(path).map(|stat| (stat.device.major, stat.device.minor, stat.inode));
            if now.is_ok_and(|now| now == *file) { Left::Whole } else { Left::Gone }
        }
        _ if lost => Left::Gone,
        _ if elsewhere => Left::Elsewhere,
        Saved::Queue { key, id, creator, access, limit_bytes, taken, .. } => match msgctl::stat(*id) {
            Ok(stat) if is_same(stat.into(), *key, *creator) => {
                if *taken && pending.taken {
                    return taken_left(pending, &stat);
                }
                // A limit that somebody else has set meanwhile is his.
                if stat.limit_bytes == 0 && *limit_bytes != 0 { Left::Frozen } else { mode_left(stat.mode, *access) }
            }
            _ => Left::Gone,
        },
        Saved::Segment { key, id, creator, access, .. } => match shmctl::stat(*id) {
            // Removed, and kept by those who have it attached.
            Ok(stat) if stat.marked_for_removal => Left::Gone,
            Ok(stat) if is_same(stat.common, *key, *creator) => mode_left(stat.mode, *access),
            _ => Left::Gone,
        },
        Saved::Semaphores { key, id, creator, access, .. } => match semctl::stat(*id) {
            Ok(stat) if is_same(stat.common, *key, *creator) => mode_left(stat.mode, *access),
            _ => Left::Gone,
        },
        Saved::PosixQueue { name, file, kept, .. } => posix_queue_left(pending, name, *file, *kept),
    }
}

/// The owner's read permission.
pub(super) const READABLE: u16 = 0o400;

fn is_same(stat: SysvStat, key: i32, creator: u32) -> bool {
    // The id's sequence number tells one object from the next in the same slot; key and creator make sure.
    stat.key == Key(key) && stat.creator.uid == creator
}

/// Of a queue whose messages were taken out. One that takes messages, and was made or changed later than the file, may be
/// another one, in a namespace that was given the same number: into that nothing is put back. What was taken becomes a
/// backup instead.
fn taken_left(pending: &Pending, stat: &msgctl::MsgStat) -> Left {
    /// The file is written to with every step; in seconds.
    const SLACK: i64 = 2;
    let ours = stat.limit_bytes == 0 || stat.changed <= pending.modified.secs + SLACK;
    if ours { Left::Frozen } else { Left::Gone }
}

fn mode_left(mode: u16, access: Access) -> Left {
    if mode != access.mode && mode == access.mode | READABLE { Left::Frozen } else { Left::Whole }
}

fn posix_queue_left(pending: &Pending, name: &[u8], file: (u32, u32, u64), kept: bool) -> Left {
    let may_mount = capability::have(capability::CAP_SYS_ADMIN);
    let Ok(queues) = mqueue::open(may_mount) else { return Left::Elsewhere };
    match queues.stat(name) {
        Ok(stat) if (stat.device.major, stat.device.minor, stat.inode) == file => {}
        Err(error) if !error.is_absent() => return Left::Elsewhere,
        _ => return Left::Gone,
    }
    if kept && pending.taken { Left::Frozen } else { Left::Whole }
}

/// Settles what ended removals have left: a finished one can be undone, one that changed nothing is forgotten. What is
/// frozen stays, for a person to decide.
pub(super) fn settle(store: &Store) -> Result<()> {
    let _lock = store.lock()?;
    for file in store.unbegun()? {
        store.drop_pending(&file)?;
    }
    for pending in store.pending()?.into_iter().filter(|one| one.free) {
        let layout = pending.header.object.layout();
        match (left(&pending), pending.stage) {
            (Left::Gone, Stage::Ready) => store.promote(&pending)?,
            // Somebody else removed the queue; what was taken out of it is all there is.
            (Left::Gone, Stage::Part | Stage::Refill) if pending.taken && layout.is_some() => {
                let Resumed { mut part, complete, in_flight, .. } = store.resume(&pending)?;
                if let (true, Some(layout)) = (in_flight, layout) {
                    let length = part.unmeasured(layout)?;
                    part.tag(layout, length)?;
                }
                if !complete {
                    part.seal()?;
                }
                part.enter(Stage::Ready)?;
                part.done();
            }
            (Left::Gone | Left::Whole, _) => store.drop_pending(&pending.file)?,
            (Left::Frozen | Left::Elsewhere, _) => {}
        }
    }
    Ok(())
}

/// Before an object is removed: an earlier removal of it that was killed is undone first, so that this one sees it as it
/// was. Says whether there was one. Only for who has the lock. Errors: another ipcx is at it.
pub(super) fn release(store: &Store, address: &str, object: &Saved) -> std::result::Result<bool, Refusal> {
    let mut released = false;
    for pending in store.pending()?.into_iter().filter(|one| names_same(&one.header.object, object)) {
        if !pending.free {
            let why = "another ipcx is removing it".to_owned();
            return Err(Refusal::Failed { what: address.to_owned(), why });
        }
        if left(&pending) == Left::Frozen {
            thaw_one(store, &pending)?;
            released = true;
        }
    }
    Ok(released)
}

fn names_same(one: &Saved, other: &Saved) -> bool {
    match (one, other) {
        (Saved::Queue { id: a, key: k, .. }, Saved::Queue { id: b, key: l, .. })
        | (Saved::Segment { id: a, key: k, .. }, Saved::Segment { id: b, key: l, .. })
        | (Saved::Semaphores { id: a, key: k, .. }, Saved::Semaphores { id: b, key: l, .. }) => (a, k) == (b, l),
        (Saved::PosixQueue { file: a, .. }, Saved::PosixQueue { file: b, .. })
        | (Saved::File { file: a, .. }, Saved::File { file: b, .. }) => a == b,
        _ => false,
    }
}

/// Makes an object what it was, and forgets the removal.
pub(super) fn thaw_one(store: &Store, pending: &Pending) -> Result<()> {
    match &pending.header.object {
        Saved::Queue { id, access, limit_bytes, held, taken, .. } => {
            let (owner, mode) = (access.owner(), access.mode);
            let settings = msgctl::MsgSettings { owner, mode, limit_bytes: *limit_bytes };
            if *taken && pending.taken {
                return refill(store, pending, &SysvQueue { id: *id, settings }, *held);
            }
            msgctl::set(*id, &settings)?;
        }
        Saved::Segment { id, access, .. } => shmctl::set(*id, access.owner(), access.mode)?,
        Saved::Semaphores { id, access, .. } => semctl::set(*id, access.owner(), access.mode)?,
        Saved::PosixQueue { name, file, held, .. } => {
            let queue = mqueue::open_queue(name, mqueue::Access::Both)?;
            let now = queue.stat()?;
            if (now.device.major, now.device.minor, now.inode) != *file {
                return Err(Error::Gone { what: pending.header.about.address.clone() });
            }
            // Where the kernel can keep others out meanwhile, it shall; otherwise it goes without.
            let _ = queue.lease();
            return refill(store, pending, &queue, *held);
        }
        Saved::File { .. } => {}
    }
    store.drop_pending(&pending.file)
}

/// As [`thaw_one`], for the removal that this process itself could not finish. `queue` is a POSIX queue that it has open,
/// and leased.
pub(super) fn put_back(store: &Store, part: Part<'_>, queue: Option<(&mqueue::Queue, (u64, u64))>) -> Result<()> {
    let number = part.number();
    let _lock = store.lock()?;
    drop(part);
    let mine = store.pending()?.into_iter().find(|pending| pending.header.about.number == number);
    match (mine, queue) {
        (Some(pending), Some((queue, held))) if pending.taken => refill(store, &pending, queue, held),
        (Some(pending), Some(_)) => store.drop_pending(&pending.file),
        (Some(pending), None) => thaw_one(store, &pending),
        (None, _) => Ok(()),
    }
}
