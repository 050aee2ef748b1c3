//! One POSIX queue, open: messages in and out, what it holds, who may, and whether anybody else has it
//! (`man 3 mq_open`, `mq_send`, `mq_receive`).

use super::super::file::Stat;
use super::super::{Error, Result, lease, state_dir};
use super::{Attributes, parse_status};
use crate::model::{Ids, escape};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mqueue::{MQ_OFlag, MqAttr, mq_attr_member_t, mq_open};
use nix::sys::stat::Mode;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// An open queue of the caller's IPC namespace. Closed when dropped; a caller that has itself registered for
/// notification gives that up with it.
#[derive(Debug)]
pub struct Queue {
    fd: OwnedFd,
    name: Box<[u8]>,
}

/// Tag of a message in the file that [`Queue::drain`] writes.
pub const DRAINED: u8 = 2;

/// Tag at the place of a message that is being taken out.
pub const RECEIVING: u8 = 7;

/// Stands there for its priority as long as it has not been taken.
pub const NO_PRIORITY: u32 = u32::MAX;

/// Fills the file where no message is yet: where a message of unknown length ends can be seen by it.
pub const FILLER: u8 = 0xa5;

/// Bytes in front of its data: tag, priority, length.
const RECORD_HEAD: usize = 9;

/// How many bytes behind `from` a file needs for [`Queue::drain`].
pub const fn room_to_drain(attributes: &Attributes, bytes: u64) -> u64 {
    // The last receive, which finds nothing, needs room for a message too.
    (attributes.messages + 1) * RECORD_HEAD as u64 + bytes + attributes.max_message_bytes
}

/// What is asked of an opened queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `O_RDONLY`: to take messages.
    Receive,
    /// `O_WRONLY`: to put messages.
    Send,
    /// `O_RDWR`.
    Both,
}

impl Access {
    const fn flag(self) -> MQ_OFlag {
        match self {
            Self::Receive => MQ_OFlag::O_RDONLY,
            Self::Send => MQ_OFlag::O_WRONLY,
            Self::Both => MQ_OFlag::O_RDWR,
        }
    }
}

/// Opens a queue by its name without the slash, not to wait. Needs the permission for `access`. Errors:
/// [`Error::NotFound`]; `EAGAIN` while another process holds a lease on it.
pub fn open_queue(name: &[u8], access: Access) -> Result<Queue> {
    open_with(name, access.flag(), Mode::empty(), None)
}

/// Makes a queue of so many messages of so many bytes each, or opens the one of this name unless `exclusive`. The mode is
/// set whatever the umask. Errors: `EEXIST`; `EINVAL` above the limits of `/proc/sys/fs/mqueue`; `EMFILE` at
/// `RLIMIT_MSGQUEUE`; `ENOSPC` at `queues_max`.
pub fn create(name: &[u8], mode: u16, most_messages: u64, message_bytes: u64, exclusive: bool) -> Result<Queue> {
    let number = |n: u64| {
        mq_attr_member_t::try_from(n).map_err(|_| Error::from_errno(format!("queue:/{}", escape(name)), Errno::EINVAL))
    };
    let attributes = MqAttr::new(0, number(most_messages)?, number(message_bytes)?, 0);
    let flags = MQ_OFlag::O_RDWR | MQ_OFlag::O_CREAT | if exclusive { MQ_OFlag::O_EXCL } else { MQ_OFlag::empty() };
    let wanted = Mode::from_bits_truncate(mode.into());
    if exclusive {
        let queue = open_with(name, flags, wanted, Some(&attributes))?;
        return queue.set_mode(mode).map(|()| queue);
    }
    // Whether it was there already, whose mode is then its own, only a try without making it tells.
    match open_queue(name, Access::Both) {
        Err(error) if error.is_absent() => create(name, mode, most_messages, message_bytes, true),
        opened => opened,
    }
}

/// Makes a queue as a plain `mq_open` does: as large as `msg_default` and `msgsize_default` of `/proc/sys/fs/mqueue` say,
/// and with what the umask leaves of the mode. Errors: as [`create`]; [`Error::Permission`] for a slash in the name.
pub fn create_default(name: &[u8], mode: u16) -> Result<Queue> {
    let path = [b"/", name].concat();
    let fail = |errno| Error::from_errno(format!("queue:{}", escape(&path)), errno);
    let c_path = CString::new(&*path).map_err(|_| fail(Errno::EINVAL))?;
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC | libc::O_NONBLOCK;
    let attributes = std::ptr::null::<libc::mq_attr>();
    // nix leaves the mode out where there are no attributes.
    // SAFETY: a terminated name, then mode and attributes as O_CREAT asks for; none are the kernel's own.
    let fd = unsafe { libc::mq_open(c_path.as_ptr(), flags, libc::c_uint::from(mode), attributes) };
    let fd = Errno::result(fd).map_err(fail)?;
    // SAFETY: the call just returned this descriptor; nothing else owns it.
    Ok(Queue { fd: unsafe { OwnedFd::from_raw_fd(fd) }, name: path.into() })
}

fn open_with(name: &[u8], flags: MQ_OFlag, mode: Mode, attributes: Option<&MqAttr>) -> Result<Queue> {
    let path = [b"/", name].concat();
    let flags = flags | MQ_OFlag::O_CLOEXEC | MQ_OFlag::O_NONBLOCK;
    let queue = mq_open(OsStr::from_bytes(&path), flags, mode, attributes)
        .map_err(|errno| Error::from_errno(format!("queue:{}", escape(&path)), errno))?;
    // SAFETY: on Linux a queue's descriptor is a file descriptor; it is handed over, and nix's type closes nothing.
    Ok(Queue { fd: unsafe { OwnedFd::from_raw_fd(queue.into_raw_fd()) }, name: path.into() })
}

impl Queue {
    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(format!("queue:{}", escape(&self.name)), errno)
    }

    fn attr(&self) -> Result<libc::mq_attr> {
        let mut attr = std::mem::MaybeUninit::<libc::mq_attr>::zeroed();
        // SAFETY: `fd` is an open queue, `attr` valid for writes of the whole struct.
        let result = unsafe { libc::mq_getattr(self.fd.as_raw_fd(), attr.as_mut_ptr()) };
        Errno::result(result).map_err(|errno| self.error(errno))?;
        // SAFETY: plain integers, zeroed above and filled by the successful call.
        Ok(unsafe { attr.assume_init() })
    }

    /// What it holds and takes. The status needs it open for receiving.
    pub fn attributes(&self) -> Result<Attributes> {
        let mut text = [0; 256];
        let status = nix::sys::uio::pread(&self.fd, &mut text, 0).ok().and_then(|length| parse_status(&text[..length]));
        Ok(Attributes { status, ..self.depth()? })
    }

    /// The same without the status, which leaves its file's access and change times alone.
    pub fn depth(&self) -> Result<Attributes> {
        let attr = self.attr()?;
        Ok(Attributes {
            messages: attr.mq_curmsgs.max(0) as u64,
            limit_messages: attr.mq_maxmsg.max(0) as u64,
            max_message_bytes: attr.mq_msgsize.max(0) as u64,
            status: None,
        })
    }

    /// Its file's attributes.
    pub fn stat(&self) -> Result<Stat> {
        nix::sys::stat::fstat(&self.fd).map(Stat::from).map_err(|errno| self.error(errno))
    }

    /// Sets its permission bits. Needs to own it, or `CAP_FOWNER`.
    pub fn set_mode(&self, mode: u16) -> Result<()> {
        nix::sys::stat::fchmod(&self.fd, Mode::from_bits_truncate(mode.into())).map_err(|errno| self.error(errno))
    }

    /// Sets its owner. Needs `CAP_CHOWN`, but for the group, which an owner may set to one of his own.
    pub fn set_owner(&self, owner: Ids) -> Result<()> {
        let gid = owner.gid.map(nix::unistd::Gid::from_raw);
        nix::unistd::fchown(&self.fd, Some(nix::unistd::Uid::from_raw(owner.uid)), gid)
            .map_err(|errno| self.error(errno))
    }

    /// Puts a message of this priority, 0 to 32767. Errors: `EAGAIN` when it is full; `EMSGSIZE`.
    pub fn send(&self, priority: u32, data: &[u8]) -> Result<()> {
        // SAFETY: as many readable bytes as are said; the kernel only reads them.
        let result = unsafe { libc::mq_send(self.fd.as_raw_fd(), data.as_ptr().cast(), data.len(), priority) };
        Errno::result(result).map(drop).map_err(|errno| self.error(errno))
    }

    /// Takes the oldest message of the highest priority; `None` when there is none. `room` must have the largest
    /// message's size ([`Attributes::max_message_bytes`]), or the kernel says `EMSGSIZE`.
    pub fn receive(&self, room: &mut [u8]) -> Result<Option<(u32, usize)>> {
        let mut priority = 0;
        // SAFETY: `room` is writable for its whole length, `priority` is an integer of ours.
        let length =
            unsafe { libc::mq_receive(self.fd.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), &raw mut priority) };
        match Errno::result(length) {
            Ok(length) => Ok(Some((priority, length as usize))),
            Err(Errno::EAGAIN) => Ok(None),
            Err(errno) => Err(self.error(errno)),
        }
    }

    /// Takes all messages out and into a file, each as a record: [`DRAINED`], priority and length (`u32`, little-endian),
    /// bytes. Returns how many there were, and the offset behind the last record.
    ///
    /// The kernel writes bytes and priority straight into the file's mapped pages, which outlive the process, and the tag
    /// is put before them last: there is no moment at which the end of this process loses a message. One that was taken
    /// and has no such tag yet has [`RECEIVING`] and a priority; its length is what the queue lacks. The file must be as
    /// long as [`room_to_drain`] says.
    pub fn drain(&self, file: &state_dir::StateFile, from: u64, message_bytes: u64) -> Result<(u64, u64)> {
        let map = file.map()?;
        let (mut at, mut count) = (from as usize, 0);
        let room = message_bytes as usize;
        // Every page is there before the first message is taken: the kernel must not have to wait for one with a message
        // in its hands.
        map.fill(at, FILLER);
        loop {
            let (Some(priority), Some(data)) = (map.at(at + 1, 4), map.at(at + RECORD_HEAD, room)) else {
                return Err(self.error(Errno::ENOBUFS));
            };
            map.write(at + 1, &NO_PRIORITY.to_le_bytes());
            map.write(at, &[RECEIVING]);
            // SAFETY: `map.at` keeps within the mapping, which lives to the end of this function; the kernel writes at
            // most `room` bytes and one u32 there, both of which may lie anywhere (`put_user`).
            let length = unsafe { libc::mq_receive(self.fd.as_raw_fd(), data.cast(), room, priority.cast()) };
            match Errno::result(length) {
                Err(Errno::EAGAIN) => return Ok((count, at as u64)),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(self.error(errno)),
                Ok(length) => {
                    map.write(at + 5, &(length as u32).to_le_bytes());
                    map.write(at, &[DRAINED]);
                    at += RECORD_HEAD + length as usize;
                    count += 1;
                }
            }
        }
    }

    /// Whether [`send`](Self::send) and [`receive`](Self::receive) sleep until they can; then a signal ends them with
    /// `EINTR`. They do not when a queue was just opened.
    pub fn set_waiting(&self, wait: bool) -> Result<()> {
        let flags = if wait { OFlag::empty() } else { OFlag::O_NONBLOCK };
        nix::fcntl::fcntl(&self.fd, nix::fcntl::FcntlArg::F_SETFL(flags)).map(drop).map_err(|errno| self.error(errno))
    }

    /// Leases it (`F_SETLEASE`, `man 2 fcntl_locking`): succeeds only when nobody else has it open, and until it is closed
    /// or unleased an `open` by others waits, for `/proc/sys/fs/lease-break-time` seconds (45) at the most. So this is an
    /// exact answer, hidden processes included. `false`: somebody has it open. Needs to own it, or `CAP_LEASE`. Errors:
    /// [`Error::Unsupported`] where the kernel knows no leases here.
    pub fn lease(&self) -> Result<bool> {
        lease::take(self.fd.as_fd()).map_err(|errno| self.error(errno))
    }
}
