//! Puts messages back into a queue that they were taken out of: in their order, each once.
//!
//! What is still in the queue is taken out too, and goes back behind them. The file notes each message that is put back,
//! before and after, so that this, killed, can be gone on with.

use super::Record;
use super::format::RETURNING;
use super::header::Layout;
use super::store::{Part, Pending, Resumed, Stage, Store};
use crate::kernel::mqueue::{self, room_to_drain};
use crate::kernel::{Error, Result, messages, msgctl};
use crate::model::Message;

/// A queue whose messages are taken out and put back.
pub(super) trait Queue {
    /// Messages in it, and their bytes.
    fn held(&self) -> Result<(u64, u64)>;
    /// Takes all into the file.
    fn take(&self, part: &mut Part<'_>) -> Result<()>;
    /// Lets messages in again.
    fn open(&self) -> Result<()>;
    /// Puts one back.
    fn put(&self, record: &Record) -> Result<()>;
    /// Whether this message was put back behind so many others. Where others were at the queue meanwhile that cannot be sure.
    fn has(&self, record: &Record, before: u64) -> Result<bool>;
}

impl Queue for mqueue::Queue {
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

    fn has(&self, _: &Record, before: u64) -> Result<bool> {
        Ok(self.held()?.0 > before)
    }
}

/// A System V queue, frozen, and what it was set to. Senders that wait for it to be opened may come between the messages
/// that are put back: nothing keeps them out that would not make them fail.
pub(super) struct SysvQueue {
    pub(super) id: i32,
    pub(super) settings: msgctl::MsgSettings,
}

impl Queue for SysvQueue {
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

    /// It would be the last one. A doubled message is better than a lost one: if others have sent since, it is put back.
    fn has(&self, record: &Record, before: u64) -> Result<bool> {
        let (count, _) = self.held()?;
        let last = messages::copy(self.id, count.saturating_sub(1), &mut messages::Room::default())?;
        Ok(count > before && last.is_some_and(|last| *record == Record::Message(last)))
    }
}

/// Puts the messages of a pending file back, and forgets it. `held` is how many messages, and bytes, the queue had.
pub(super) fn refill(store: &Store, pending: &Pending, queue: &dyn Queue, held: (u64, u64)) -> Result<()> {
    let mut resumed = store.resume(pending)?;
    if !resumed.complete {
        if let (true, Some(layout)) = (resumed.in_flight, pending.header.object.layout()) {
            measure(&mut resumed, layout, queue, held)?;
        }
        queue.take(&mut resumed.part)?;
        resumed.part.seal()?;
        let file = format!("{}.ready", resumed.part.number());
        resumed = store.resume(&Pending { stage: Stage::Ready, file, ..pending.clone() })?;
    }
    let Resumed { mut part, records, returned, .. } = resumed;
    let mut done = returned & !RETURNING;
    // A refill that was itself killed has put that message back, or not.
    if returned & RETURNING != 0
        && let Some(record) = records.get(usize::try_from(done).unwrap_or(usize::MAX))
    {
        done += u64::from(queue.has(record, done)?);
    }
    part.begin_return()?;
    // Before the queue is stamped by being opened: the file must not be older than that.
    part.set_returned(done)?;
    queue.open()?;
    for record in records.iter().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        part.set_returned(done | RETURNING)?;
        let sent = queue.put(record);
        done += u64::from(sent.is_ok());
        part.set_returned(done)?;
        sent.map_err(|error| full(error, records.len() as u64 - done))?;
    }
    part.discard();
    Ok(())
}

/// Others have filled the queue meanwhile.
fn full(error: Error, left: u64) -> Error {
    if !error.would_block() {
        return error;
    }
    error.about(&format!("it is full, and {left} of its messages are in the backup only; make room and thaw it again"))
}

/// Finds the length of the message that was taken and not yet recorded: what the numbers lack, unless others were at the
/// queue meanwhile.
fn measure(resumed: &mut Resumed<'_>, layout: Layout, queue: &dyn Queue, held: (u64, u64)) -> Result<()> {
    let (count, bytes) = queue.held()?;
    let in_file: u64 = resumed.records.iter().map(length).sum();
    let lacks = (held.0.checked_sub(resumed.records.len() as u64 + count), held.1.checked_sub(in_file + bytes));
    let length = match lacks {
        (Some(1), Some(length)) => u32::try_from(length).unwrap_or(u32::MAX),
        _ => resumed.part.unmeasured(layout)?,
    };
    resumed.part.tag(layout, length)
}

const fn length(record: &Record) -> u64 {
    match record {
        Record::PosixMessage { data, .. } | Record::Message(Message { data, .. }) => data.len() as u64,
        _ => 0,
    }
}
