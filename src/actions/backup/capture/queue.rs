//! A System V queue: frozen by a limit of 0 bytes, which no message fits, not even an empty one (`msg_fits_inqueue` in
//! `ipc/msg.c`); then its messages are copied where they are.
//!
//! Frozen, it can only lose messages to receivers. That their number is the same before and after therefore proves that
//! the copy is whole. Between the last such look and the removal lies one system call: a receiver that takes a message in
//! that moment has it, and the backup too.
//!
//! The kernel finds the message to be copied by counting from the first, so that copying takes the square of their number:
//! 50,000 took a minute. Of a long queue the messages are therefore taken out, once there is room for all of them.

use super::{ATTEMPTS, Failure, Part, Removing};
use crate::actions::Refusal;
use crate::actions::backup::Record;
use crate::actions::backup::header::{Access, Saved};
use crate::actions::backup::recover::READABLE;
use crate::kernel::messages::{self, Room};
use crate::kernel::{Error, Result, capability, msgctl, room};

/// Its attributes.
pub(super) fn saved(id: i32) -> Result<Saved> {
    msgctl::stat(id).map(|stat| Saved::Queue {
        key: stat.key.0,
        id,
        creator: stat.creator.uid,
        access: Access::new(stat.owner, stat.mode),
        limit_bytes: stat.limit_bytes,
        held: (stat.messages, stat.bytes),
        // One that holds more than it takes now would not take them back.
        taken: stat.messages > MOST_COPIED && stat.messages.max(stat.bytes) <= stat.limit_bytes,
    })
}

/// More messages than this are taken out: so many are copied in a fifth of a second.
const MOST_COPIED: u64 = 4096;

pub(super) fn remove(
    removing: &Removing<'_>,
    id: i32,
    taken: bool,
    part: &mut Part<'_>,
) -> std::result::Result<(), Failure> {
    removing.subject.verify(removing.address)?;
    let before = msgctl::stat(id)?;
    if before.bytes > part.max_size() {
        return Err(removing.too_large(before.bytes, part.max_size()).into());
    }
    if !can_be_given_back(before.limit_bytes) {
        let why = format!(
            "its limit of {} bytes is above kernel.msgmnb, and without CAP_SYS_RESOURCE could not be given back if the \
             backup failed; nothing was removed; --no-backup removes it without",
            before.limit_bytes
        );
        return Err(Refusal::Unsafe { what: removing.address.to_owned(), why }.into());
    }
    let settings = before.settings();
    let frozen = msgctl::MsgSettings { limit_bytes: 0, mode: settings.mode | READABLE, ..settings };
    msgctl::set(id, &frozen)?;
    if taken {
        return take_and_remove(removing, id, part);
    }
    copy_and_remove(removing, id, part).map_err(|refusal| removing.thawed(refusal, msgctl::set(id, &settings)))
}

/// A failure leaves it to the caller to put back what was taken.
fn take_and_remove(removing: &Removing<'_>, id: i32, part: &mut Part<'_>) -> std::result::Result<(), Failure> {
    let taken = || -> std::result::Result<(), Refusal> {
        let now = msgctl::stat(id)?;
        let room = now.bytes + (now.messages + 1) * messages::RECORD_HEAD as u64;
        let (file, at) = part.direct(room).map_err(|error| removing.unkept(&error))?;
        let (count, end) = messages::drain(id, file, at).map_err(|error| removing.unreadable(error))?;
        part.took(count, end).map_err(|error| removing.unkept(&error))?;
        part.seal().map_err(|error| removing.unkept(&error))?;
        Ok(msgctl::remove(id)?)
    };
    let mut taken = taken;
    taken().map_err(Failure::Taken)
}

/// Lowering a limit is always allowed, raising it not above `kernel.msgmnb`.
fn can_be_given_back(limit: u64) -> bool {
    room::msgmnb().is_some_and(|most| limit <= most) || capability::have(capability::CAP_SYS_RESOURCE)
}

fn copy_and_remove(removing: &Removing<'_>, id: i32, part: &mut Part<'_>) -> std::result::Result<(), Refusal> {
    let mut room = Room::default();
    for _ in 0..ATTEMPTS {
        part.restart().map_err(|error| removing.unkept(&error))?;
        let copied = copy(removing, id, part, &mut room)?;
        if msgctl::stat(id)?.messages != copied {
            continue;
        }
        part.seal().map_err(|error| removing.unkept(&error))?;
        if msgctl::stat(id)?.messages == copied {
            return Ok(msgctl::remove(id)?);
        }
    }
    Err(removing.restless())
}

/// Copies the messages from the oldest on, and tells how many there were.
fn copy(removing: &Removing<'_>, id: i32, part: &mut Part<'_>, room: &mut Room) -> std::result::Result<u64, Refusal> {
    let mut bytes = 0;
    for index in 0.. {
        let message = messages::copy(id, index, room).map_err(|error| match error {
            Error::Unsupported { .. } => removing.uncopied("this kernel cannot copy its messages (no MSG_COPY)"),
            error => removing.unreadable(error),
        })?;
        let Some(message) = message else { return Ok(index) };
        bytes += message.data.len() as u64;
        if bytes > part.max_size() {
            return Err(removing.too_large(bytes, part.max_size()));
        }
        part.push(&Record::Message(message)).map_err(|error| removing.unkept(&error))?;
    }
    Err(removing.restless())
}
