//! What a removal leaves behind that was killed on its way, and how it is put right.
//!
//! A System V queue may be frozen: its limit is 0, so that nobody can send. A segment or set may have its owner's read
//! permission added. Of a POSIX queue, or a long System V queue, messages may have been taken out. Each is undone here out
//! of the header, and messages out of the records.

use super::Record;
use super::format::{Access, Saved};
use super::store::{Part, Pending, Stage, Store};
use crate::actions::{Policy, Refusal};
use crate::kernel::mqueue::{self, Queue, room_to_drain};
use crate::kernel::{Error, Result, SysvStat, capability, file, host, messages, msgctl, namespace, semctl, shmctl};
use crate::model::{Key, Message};

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
                if *taken && pending.records > 0 {
                    return Left::Frozen;
                }
                let whole = stat.limit_bytes == *limit_bytes && stat.mode == access.mode;
                // A limit that somebody else has set meanwhile is his.
                let frozen = !whole && (stat.limit_bytes == 0 || stat.mode == access.mode | READABLE);
                if frozen { Left::Frozen } else { Left::Whole }
            }
            _ => Left::Gone,
        },
        Saved::Segment { key, id, creator, access, .. } => match shmctl::stat(*id) {
            Ok(stat) if is_same(stat.common, *key, *creator) => mode_left(stat.mode, *access),
            _ => Left::Gone,
        },
        Saved::Semaphores { key, id, creator, access, .. } => match semctl::stat(*id) {
            Ok(stat) if is_same(stat.common, *key, *creator) => mode_left(stat.mode, *access),
            _ => Left::Gone,
        },
        Saved::PosixQueue { name, file, held, kept, .. } => posix_queue_left(pending, name, *file, *held, *kept),
    }
}

/// The owner's read permission.
pub(super) const READABLE: u16 = 0o400;

fn is_same(stat: SysvStat, key: i32, creator: u32) -> bool {
    // The id's sequence number tells one object from the next in the same slot; key and creator make sure.
    stat.key == Key(key) && stat.creator.uid == creator
}

fn mode_left(mode: u16, access: Access) -> Left {
    if mode != access.mode && mode == access.mode | READABLE { Left::Frozen } else { Left::Whole }
}

fn posix_queue_left(pending: &Pending, name: &[u8], file: (u32, u32, u64), held: (u64, u64), kept: bool) -> Left {
    let may_mount = capability::have(capability::CAP_SYS_ADMIN);
    let Ok(queues) = mqueue::open(may_mount) else { return Left::Elsewhere };
    match queues.stat(name) {
        Ok(stat) if (stat.device.major, stat.device.minor, stat.inode) == file => {}
        Err(error) if !error.is_absent() => return Left::Elsewhere,
        _ => return Left::Gone,
    }
    let lacks = queues.attributes(name).is_ok_and(|now| now.messages < held.0);
    if kept && (lacks || pending.records > 0) { Left::Frozen } else { Left::Whole }
}

/// Settles what ended removals have left: a finished one can be undone, one that changed nothing is forgotten. What is
/// frozen stays, for a person to decide.
pub(super) fn settle(store: &Store) -> Result<()> {
    for file in store.unbegun()? {
        store.drop_pending(&file)?;
    }
    for pending in store.pending()?.into_iter().filter(|one| one.free) {
        match (left(&pending), pending.stage) {
            (Left::Gone, Stage::Ready) => store.promote(&pending)?,
            // Somebody else removed the queue; what was taken out of it is all there is.
            (Left::Gone, Stage::Part | Stage::Refill) if pending.records > 0 && is_taken(&pending) => {
                let (mut part, _, complete) = store.resume(&pending)?;
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

/// Whether its messages are taken out, so that the pending file may have the only ones.
const fn is_taken(pending: &Pending) -> bool {
    matches!(pending.header.object, Saved::PosixQueue { .. } | Saved::Queue { taken: true, .. })
}

/// Before an object is removed: an earlier removal of it that was killed is undone first, so that this one sees it as it
/// was. Errors: another ipcx is at it.
pub(in crate::actions) fn release(store: &Store, address: &str, object: &Saved) -> std::result::Result<(), Refusal> {
    for pending in store.pending()?.into_iter().filter(|one| names_same(&one.header.object, object)) {
        if !pending.free {
            let why = "another ipcx is removing it".to_owned();
            return Err(Refusal::Failed { what: address.to_owned(), why });
        }
        if left(&pending) == Left::Frozen {
            thaw_one(store, &pending)?;
        }
    }
    Ok(())
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
            let settings = msgctl::MsgSettings { owner: access.owner(), mode: access.mode, limit_bytes: *limit_bytes };
            if *taken {
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

/// As [`thaw_one`], for the removal that this process itself could not finish.
pub(super) fn thaw_number(store: &Store, number: u64) -> Result<()> {
    let mine = store.pending()?.into_iter().find(|pending| pending.header.about.number == number);
    mine.map_or(Ok(()), |pending| thaw_one(store, &pending))
}

/// A queue whose messages were taken out.
trait Drained {
    /// Messages in it and their bytes.
    fn held(&self) -> Result<(u64, u64)>;
    /// Takes the rest into the file.
    fn take(&self, part: &mut Part<'_>) -> Result<()>;
    /// Lets messages in again.
    fn open(&self) -> Result<()>;
    /// Puts one message back.
    fn put(&self, record: &Record) -> Result<()>;
}

impl Drained for Queue {
    fn held(&self) -> Result<(u64, u64)> {
        let now = self.attributes()?;
        Ok((now.messages, now.status.map_or(0, |status| status.bytes)))
    }

    fn take(&self, part: &mut Part<'_>) -> Result<()> {
        let now = self.attributes()?;
        let (file, at) = part.direct(room_to_drain(&now, now.status.map_or(0, |status| status.bytes)))?;
        let (count, end) = self.drain(file, at, now.max_message_bytes)?;
        part.took(count, end)
    }

    fn open(&self) -> Result<()> {
        Ok(())
    }

    fn put(&self, record: &Record) -> Result<()> {
        if let Record::PosixMessage { priority, data } = record { self.send(*priority, data) } else { Ok(()) }
    }
}

/// A System V queue, and what it was set to.
struct SysvQueue {
    id: i32,
    settings: msgctl::MsgSettings,
}

impl Drained for SysvQueue {
    fn held(&self) -> Result<(u64, u64)> {
        msgctl::stat(self.id).map(|now| (now.messages, now.bytes))
    }

    fn take(&self, part: &mut Part<'_>) -> Result<()> {
        let (count, bytes) = self.held()?;
        let (file, at) = part.direct(bytes + (count + 1) * messages::RECORD_HEAD as u64)?;
        let (count, end) = messages::drain(self.id, file, at)?;
        part.took(count, end)
    }

    fn open(&self) -> Result<()> {
        msgctl::set(self.id, &self.settings)
    }

    fn put(&self, record: &Record) -> Result<()> {
        if let Record::Message(message) = record { messages::send(self.id, message, false) } else { Ok(()) }
    }
}

/// Puts the messages back that were taken out, in their order: what is still in the queue is taken out too, and goes back
/// behind them. Senders that wait at a System V queue may come between.
fn refill(store: &Store, pending: &Pending, queue: &dyn Drained, held: (u64, u64)) -> Result<()> {
    let (mut part, mut records, complete) = store.resume(pending)?;
    if !complete {
        let (count, bytes) = queue.held()?;
        let in_file: u64 = records.iter().map(length).sum();
        let lacks = |held: u64, now: u64| held.saturating_sub(now);
        let missing = (lacks(held.0, records.len() as u64 + count), lacks(held.1, in_file + bytes));
        if records.is_empty() && missing.0 == 0 {
            // Nothing was taken: there is nothing to put in order.
            queue.open()?;
            part.discard();
            return Ok(());
        }
        if missing.0 > 0 {
            part.adopt(missing, matches!(pending.header.object, Saved::Queue { .. }))?;
        }
        queue.take(&mut part)?;
        part.seal()?;
        let pending = Pending { stage: Stage::Ready, file: format!("{}.ready", part.number()), ..pending.clone() };
        (part, records, _) = store.resume(&pending)?;
    }
    // A refill that was itself killed has put the first ones back already: as many as it noted, or one more.
    let mut done = 0;
    if pending.stage == Stage::Refill {
        done = part.put_back()?;
        done += u64::from(queue.held()?.0 == done + 1);
    }
    part.enter(Stage::Refill)?;
    queue.open()?;
    for record in records.iter().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        queue.put(record)?;
        done += 1;
        part.set_put_back(done)?;
    }
    part.discard();
    Ok(())
}

const fn length(record: &Record) -> u64 {
    match record {
        Record::PosixMessage { data, .. } | Record::Message(Message { data, .. }) => data.len() as u64,
        _ => 0,
    }
}
