//! A POSIX queue: its messages cannot be copied, so they are taken out, into the backup, once a lease says that nobody
//! else has the queue open; whoever opens it waits until it is gone. Where somebody has it open (`--force`), the messages
//! stay with him, and the backup has none.

use super::{Kept, Part, Removing};
use crate::actions::Refusal;
use crate::actions::backup::header::{Access, Saved};
use crate::actions::backup::recover;
use crate::kernel::mqueue::{self, Queue, room_to_drain};
use crate::kernel::{Error, capability, users};
use crate::model::Device;

pub(super) fn remove(removing: &Removing<'_>, name: &[u8], device: Device, inode: u64) -> Result<Kept, Refusal> {
    let mut lock = removing.store.lock().map_err(|error| removing.unkept(&error))?;
    let before = attributes(removing, &open(removing, name, device, inode)?, name, true)?;
    recover::release(removing.store, removing.address, &before)?;
    let queue = open(removing, name, device, inode)?;
    let (kept, alone) = is_alone(removing, &queue)?;
    let object = attributes(removing, &queue, name, kept)?;
    let Saved::PosixQueue { held, .. } = object else { return Err(removing.changed()) };
    let mut part = removing.begin(&mut lock, object)?;
    drop(lock);
    if held.1 > part.max_size() && kept {
        let refusal = removing.too_large(held.1, part.max_size());
        part.discard();
        return Err(refusal);
    }
    match take_and_remove(removing, &queue, name, kept, &mut part) {
        Ok(()) => Ok(Kept { number: part.done(), attaches: 0, without_messages: !kept && held.0 > 0, alone }),
        Err(refusal) if !kept => {
            part.discard();
            Err(refusal)
        }
        Err(refusal) => {
            // The lease still keeps others out.
            Err(removing.put_back(part, Some((&queue, held)), refusal))
        }
    }
}

fn open(removing: &Removing<'_>, name: &[u8], device: Device, inode: u64) -> Result<Queue, Refusal> {
    let queue = mqueue::open_queue(name, mqueue::Access::Both).map_err(|error| {
        let busy = error.would_block();
        if busy { removing.failed("another process has just leased it; try again".into()) } else { error.into() }
    })?;
    let now = queue.stat()?;
    // Who may read and write it, but not remove it, shall not take its messages out only to put them back.
    if now.owner.uid != users::own_uid() && !capability::have(capability::CAP_FOWNER) {
        return Err(Error::Permission { what: removing.address.to_owned() }.into());
    }
    if (now.device, now.inode) == (device, inode) { Ok(queue) } else { Err(removing.changed()) }
}

/// Whether its messages may be taken, and whether that nobody else has it open is certain. Errors: somebody has, and that
/// was not to be overridden; or it cannot be told.
fn is_alone(removing: &Removing<'_>, queue: &Queue) -> Result<(bool, bool), Refusal> {
    match queue.lease() {
        Ok(true) => Ok((true, true)),
        Ok(false) if removing.force => Ok((false, false)),
        Ok(false) => Err(removing.in_use("a process that could not be looked into has it open".to_owned())),
        // No leases here: what /proc tells has to do, where it tells all.
        Err(_) if removing.used => Ok((false, false)),
        Err(_) if removing.unseen == 0 => Ok((true, false)),
        Err(_) if removing.force => Ok((false, false)),
        Err(error) => Err(removing.uncopied(&format!("whether a process has it open cannot be told ({error})"))),
    }
}

fn attributes(removing: &Removing<'_>, queue: &Queue, name: &[u8], kept: bool) -> Result<Saved, Refusal> {
    let (stat, now) = (queue.stat()?, queue.attributes()?);
    let status = now.status.ok_or_else(|| removing.uncopied("its size cannot be read"))?;
    Ok(Saved::PosixQueue {
        name: name.to_vec(),
        file: (stat.device.major, stat.device.minor, stat.inode),
        access: Access::new(stat.owner, stat.mode),
        limit_messages: now.limit_messages,
        max_message_bytes: now.max_message_bytes,
        held: (now.messages, status.bytes),
        kept,
    })
}

fn take_and_remove(
    removing: &Removing<'_>,
    queue: &Queue,
    name: &[u8],
    kept: bool,
    part: &mut Part<'_>,
) -> Result<(), Refusal> {
    if kept {
        let now = queue.attributes()?;
        let room = room_to_drain(&now, now.status.map_or(0, |status| status.bytes));
        let (file, at) = part.direct(room).map_err(|error| removing.unkept(&error))?;
        let (count, end) = queue.drain(file, at, now.max_message_bytes)?;
        part.took(count, end).map_err(|error| removing.unkept(&error))?;
    }
    part.seal().map_err(|error| removing.unkept(&error))?;
    removing.subject.verify(removing.address)?;
    Ok(mqueue::unlink(name)?)
}
