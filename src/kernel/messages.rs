//! `msgsnd(2)`, `msgrcv(2)`: messages into and out of a System V queue, and copies of them that leave the queue as it is
//! (`MSG_COPY`, Linux 3.8 with `CONFIG_CHECKPOINT_RESTORE`).

use super::{Error, Result};
use crate::model::Message;
use nix::errno::Errno;
use std::mem::size_of;

/// `MSG_COPY` (`linux/msg.h`): the type is an index, and the message stays where it is.
const MSG_COPY: libc::c_int = 0o40000;

// A message's type is a long, and as such in the file: eight bytes.
const _: () = assert!(size_of::<libc::c_long>() == size_of::<i64>(), "ipcx is for 64-bit Linux");

/// Bytes in front of a message's data: its type, a `long`.
const HEAD: usize = size_of::<libc::c_long>();

/// Room for one message, used again for the next.
#[derive(Debug)]
pub struct Room {
    /// In units of the type in front, so that it is aligned for that.
    space: Vec<libc::c_long>,
}

impl Default for Room {
    /// For messages up to the usual `kernel.msgmax`; grows as larger ones are met.
    fn default() -> Self {
        Self::for_bytes(8192)
    }
}

impl Room {
    fn for_bytes(bytes: usize) -> Self {
        Self { space: vec![0; 1 + bytes.div_ceil(HEAD)] }
    }

    fn bytes(&self) -> usize {
        (self.space.len() - 1) * HEAD
    }

    /// The message that the kernel put here.
    fn message(&self, length: usize) -> Message {
        let bytes = self.space[1..].iter().flat_map(|word| word.to_ne_bytes());
        Message { kind: self.space[0], data: bytes.take(length).collect() }
    }

    /// Asks with all there is, and with more where a message does not fit.
    fn receive(&mut self, id: i32, kind: libc::c_long, flags: libc::c_int) -> Result<Option<Message>> {
        loop {
            let room = self.bytes();
            // SAFETY: the buffer has a long for the type and `room` bytes behind it, all initialised; the kernel writes at
            // most that.
            let length = unsafe { libc::msgrcv(id, self.space.as_mut_ptr().cast(), room, kind, flags) };
            match Errno::result(length) {
                Ok(length) => return Ok(Some(self.message(length as usize))),
                Err(Errno::ENOMSG) => return Ok(None),
                Err(Errno::E2BIG) if room < LARGEST => *self = Self::for_bytes(room * 4),
                Err(Errno::EIDRM) => return Err(Error::Gone { what: name(id) }),
                Err(errno) => return Err(super::id_error(name(id), errno)),
            }
        }
    }
}

/// No queue of a sane machine holds a larger message; stops growing the room.
const LARGEST: usize = 1 << 30;

/// Copies the message at `index`, counted from the oldest at 0; `None` behind the last. Leaves messages, last receiver
/// and times alone. Racy while others receive: the indices move. A kernel before 3.8 would take the message, and does not
/// get here: whoever asks has looked at the queue with [`super::msgctl::stat`], which needs 4.17.
///
/// Needs read permission. Errors: [`Error::Unsupported`] where the kernel lacks `MSG_COPY`; [`Error::too_large`] for a
/// message that is larger than `kernel.msgmax` is now; [`Error::Gone`] when the queue is removed meanwhile.
pub fn copy(id: i32, index: u64, room: &mut Room) -> Result<Option<Message>> {
    let Ok(index) = libc::c_long::try_from(index) else { return Ok(None) };
    // The kernel makes its copy in a buffer of the size asked for, but never of more than msgmax: a message that fits the
    // one and not the other is EINVAL, as if there were no queue. So no more than that is asked for.
    let largest = super::file::read_number("/proc/sys/kernel/msgmax").map_or(LARGEST, |most| most as usize);
    loop {
        let bytes = room.bytes().min(largest);
        // SAFETY: as in `Room::receive`; `bytes` is at most what the buffer has.
        let length =
            unsafe { libc::msgrcv(id, room.space.as_mut_ptr().cast(), bytes, index, MSG_COPY | libc::IPC_NOWAIT) };
        match Errno::result(length) {
            Ok(length) => return Ok(Some(room.message(length as usize))),
            Err(Errno::ENOMSG) => return Ok(None),
            Err(Errno::E2BIG) if bytes < largest.min(LARGEST) => *room = Room::for_bytes(bytes.max(HEAD) * 4),
            Err(Errno::ENOSYS) => return Err(Error::Unsupported { what: "MSG_COPY".into() }),
            Err(Errno::EIDRM) => return Err(Error::Gone { what: name(id) }),
            // msgmax was lowered in between.
            Err(Errno::EINVAL) if super::msgctl::stat(id).is_ok() => {
                return Err(Error::from_errno(name(id), Errno::E2BIG));
            }
            Err(errno) => return Err(super::id_error(name(id), errno)),
        }
    }
}

/// Takes the first message of a type out of the queue: 0 for any, a negative number for the lowest type up to its amount
/// (`man 2 msgrcv`). `None` when there is none and `wait` is false; otherwise sleeps until there is one. Needs read
/// permission. Errors: `EINTR` when a signal ends the sleep; [`Error::Gone`] when the queue is removed.
pub fn receive(id: i32, kind: i64, wait: bool, room: &mut Room) -> Result<Option<Message>> {
    let flags = if wait { 0 } else { libc::IPC_NOWAIT };
    let kind = libc::c_long::try_from(kind).map_err(|_| super::id_error(name(id), Errno::ERANGE))?;
    room.receive(id, kind, flags)
}

/// Tag of a message in the file that [`drain`] writes.
pub const TAKEN: u8 = 1;

/// Tag at the place of a message that is being taken out.
pub const TAKING: u8 = 8;

/// Bytes in front of its data: tag, length, type.
pub const RECORD_HEAD: usize = 13;

/// Takes all messages out and into a file, each as a record: [`TAKEN`], length (`u32`), type (`i64`, both little-endian),
/// bytes. Returns how many there were, and the offset behind the last record. The file must have room for all behind
/// `from`; one that does not fit ends it with `E2BIG` and stays in the queue.
///
/// The kernel writes type and bytes straight into the file's mapped pages, which outlive the process, and the tag is put
/// before them last: there is no moment at which the end of this process loses a message. One that was taken and has no
/// such tag yet has [`TAKING`] and a type, which is never 0.
pub fn drain(id: i32, file: &super::state_dir::StateFile, from: u64) -> Result<(u64, u64)> {
    let map = file.map()?;
    let (mut at, mut count) = (from as usize, 0);
    // Every page is there before the first message is taken: the kernel must not have to wait for one with a message in
    // its hands.
    map.fill(at, super::mqueue::FILLER);
    loop {
        let room = map.length().saturating_sub(at + RECORD_HEAD);
        let Some(place) = map.at(at + 5, size_of::<i64>() + room) else {
            return Err(Error::from_errno(name(id), Errno::ENOBUFS));
        };
        map.write(at + 5, &0i64.to_le_bytes());
        map.write(at, &[TAKING]);
        // SAFETY: `map.at` keeps within the mapping, which lives to the end of this function; the kernel writes a long and
        // at most `room` bytes there, which may lie anywhere (`put_user`).
        let length = unsafe { libc::msgrcv(id, place.cast(), room, 0, libc::IPC_NOWAIT) };
        match Errno::result(length) {
            Err(Errno::ENOMSG) => return Ok((count, at as u64)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(super::id_error(name(id), errno)),
            Ok(length) => {
                map.write(at + 1, &(length as u32).to_le_bytes());
                map.write(at, &[TAKEN]);
                at += RECORD_HEAD + length as usize;
                count += 1;
            }
        }
    }
}

/// Puts a message at the queue's end. Needs write permission. Errors: `EAGAIN` ([`Error::would_block`]) when the queue is
/// full and `wait` is false; `EINVAL` for a type below 1 or more bytes than `kernel.msgmax`; [`Error::Gone`] when the
/// queue is removed while it sleeps.
pub fn send(id: i32, message: &Message, wait: bool) -> Result<()> {
    let kind = libc::c_long::try_from(message.kind).map_err(|_| Error::from_errno(name(id), Errno::ERANGE))?;
    let mut text = Vec::with_capacity(HEAD + message.data.len());
    text.extend_from_slice(&kind.to_ne_bytes());
    text.extend_from_slice(&message.data);
    let flags = if wait { 0 } else { libc::IPC_NOWAIT };
    // SAFETY: the buffer holds a long and as many bytes as are said; the kernel reads it byte by byte (`get_user` of the
    // type works unaligned on the architectures that this crate knows, and allocations are aligned anyway).
    let result = unsafe { libc::msgsnd(id, text.as_ptr().cast(), message.data.len(), flags) };
    Errno::result(result).map(drop).map_err(|errno| Error::from_errno(name(id), errno))
}

fn name(id: i32) -> String {
    format!("queue:{id}")
}
