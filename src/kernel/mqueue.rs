//! POSIX message queues: the mqueue file system of the caller's IPC namespace (`man 7 mq_overview`, `ipc/mqueue.c`).
//!
//! What is mounted on /dev/mqueue may belong to another namespace, or nothing may be. With `CAP_SYS_ADMIN` the right
//! one is had without touching the machine's mounts: `fsmount(2)` gives a mount that no path leads to and that goes
//! with its descriptor; where a user namespace or an old kernel forbids that, a throw-away thread mounts it in a mount
//! namespace of its own. Without the privilege /dev/mqueue is taken if it is an mqueue file system.

use super::file::{self, FileType, Stat};
use super::{Error, Result, text};
use crate::model::{Ids, Notify, escape};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MsFlags, mount};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_attr_member_t, mq_close, mq_getattr, mq_open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use std::ffi::{CStr, OsStr};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Where it is mounted by convention.
pub const DIRECTORY: &str = "/dev/mqueue";

/// `MQUEUE_MAGIC` (`ipc/mqueue.c`), the type that `statfs` tells.
const MAGIC: i64 = 0x1980_0202;

/// How the queues were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The file system of the caller's own IPC namespace, for certain.
    Own,
    /// Whatever is mounted on /dev/mqueue.
    Mounted,
}

/// An open mqueue file system.
#[derive(Debug)]
pub struct Mqueues {
    dir: OwnedFd,
    /// Where it came from.
    pub source: Source,
}

/// A queue's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFile {
    /// Name without its slash.
    pub name: Box<[u8]>,
    /// Attributes; `modified` is the last send or receive, or the creation.
    pub stat: Stat,
}

/// What a queue holds and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Messages in the queue.
    pub messages: u64,
    /// Most messages.
    pub limit_messages: u64,
    /// Largest message, bytes.
    pub max_message_bytes: u64,
    /// Bytes of all messages, and who is to be notified.
    pub status: Option<Status>,
}

/// The text in a queue's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Bytes of all messages.
    pub bytes: u64,
    /// Registered notification.
    pub notify: Option<Notify>,
}

/// Opens the mqueue file system. `may_mount` is whether the caller has `CAP_SYS_ADMIN`. Errors: [`Error::Unsupported`]
/// where none is mounted and none may be.
pub fn open(may_mount: bool) -> Result<Mqueues> {
    if may_mount && let Some(dir) = detached_mount().or_else(|_| private_mount()).ok().filter(is_mqueue) {
        return Ok(Mqueues { dir, source: Source::Own });
    }
    match file::open_directory(DIRECTORY) {
        Ok(dir) if is_mqueue(&dir) => Ok(Mqueues { dir, source: Source::Mounted }),
        Err(error) if error.is_permission() => Err(error),
        _ => Err(Error::Unsupported { what: DIRECTORY.into() }),
    }
}

fn is_mqueue(dir: &OwnedFd) -> bool {
    nix::sys::statfs::fstatfs(dir).is_ok_and(|fs| fs.filesystem_type().0 == MAGIC)
}

/// A mount of the namespace's mqueue file system without a place in any tree (`man 2 fsopen`, `man 2 fsmount`; 5.2).
fn detached_mount() -> nix::Result<OwnedFd> {
    const FSOPEN_CLOEXEC: libc::c_uint = 1;
    const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
    const FSMOUNT_CLOEXEC: libc::c_uint = 1;
    let owned = |fd: libc::c_long| -> nix::Result<OwnedFd> {
        let fd = Errno::result(fd)?;
        // SAFETY: the call just returned this descriptor; nothing else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
    };
    // SAFETY: a NUL-terminated constant and flags by value.
    let context = owned(unsafe { libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), FSOPEN_CLOEXEC) })?;
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: FSCONFIG_CMD_CREATE takes neither key nor value; both must be null.
    let created = unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, none, none, 0) };
    Errno::result(created)?;
    // SAFETY: flags by value.
    let mounted = owned(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, 0) })?;
    // fsmount's descriptor is O_PATH; a readable one of its root is wanted.
    openat(&mounted, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
}

/// The same with a mount in a mount namespace that ends with the thread; the open directory keeps it alive.
fn private_mount() -> nix::Result<OwnedFd> {
    let mounted = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS)?;
                let nothing: Option<&CStr> = None;
                // Nothing mounted from here on may spread to the namespace that was left.
                mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
                mount(Some(c"mqueue"), "/dev", Some(c"mqueue"), MsFlags::empty(), nothing)?;
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                openat(nix::fcntl::AT_FDCWD, "/dev", flags, Mode::empty())
            })
            .join()
    });
    mounted.unwrap_or(Err(Errno::EIO))
}

impl Mqueues {
    /// Lists the queues; opens none.
    pub fn files(&self) -> Result<Vec<QueueFile>> {
        let mut dir =
            Dir::openat(&self.dir, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
                .map_err(|errno| Error::from_errno(DIRECTORY, errno))?;
        let names: Vec<Box<[u8]>> = dir.iter().flatten().map(|entry| entry.file_name().to_bytes().into()).collect();
        let files = names.into_iter().filter_map(|name| {
            let stat = file::lstat_at(&self.dir, &name).ok()?;
            (stat.file_type == FileType::Regular).then_some(QueueFile { name, stat })
        });
        Ok(files.collect())
    }

    /// Reads what a queue holds and takes. Needs read permission on it. Takes no message; reading the file's text for
    /// `status` makes the kernel stamp its access and change times (`mqueue_read_file`), which nothing else uses: the
    /// last send or receive is the modification time, and that stays. A caller that has itself registered for
    /// notification gives that up, as on every `close` of a queue.
    pub fn attributes(&self, name: &[u8]) -> Result<Attributes> {
        let what = || format!("queue:/{}", escape(name));
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let fd = openat(&self.dir, OsStr::from_bytes(name), flags, Mode::empty())
            .map_err(|errno| Error::from_errno(what(), errno))?;
        let mut text = Vec::new();
        let mut file = std::fs::File::from(fd);
        let status = file.read_to_end(&mut text).ok().and_then(|_| parse_status(&text));
        // SAFETY: the descriptor is owned by `file` alone and handed over here; it is closed below.
        let queue = unsafe { MqdT::from_raw_fd(file.into_raw_fd()) };
        let attributes = mq_getattr(&queue);
        // nix's type does not close itself, and a queue left open would be in use by ipcx.
        let _ = mq_close(queue);
        let attributes = attributes.map_err(|errno| Error::from_errno(what(), errno))?;
        Ok(Attributes {
            messages: attributes.curmsgs().max(0) as u64,
            limit_messages: attributes.maxmsg().max(0) as u64,
            max_message_bytes: attributes.msgsize().max(0) as u64,
            status,
        })
    }

    /// Holds a queue's file, so that what is changed is this one; opens nothing, and needs no permission on it.
    pub fn pin(&self, name: &[u8]) -> Result<super::pinned::Pinned> {
        super::pinned::pin_at(&self.dir, name)
    }

    /// Attributes of one queue's file as it is now.
    pub fn stat(&self, name: &[u8]) -> Result<Stat> {
        file::lstat_at(&self.dir, name)
    }
}

/// Removes a queue's name from the caller's IPC namespace (`man 2 mq_unlink`); who has it open keeps it. Needs to own
/// it, or `CAP_FOWNER`.
pub fn unlink(name: &[u8]) -> Result<()> {
    let path = [b"/", name].concat();
    nix::mqueue::mq_unlink(OsStr::from_bytes(&path))
        .map_err(|errno| Error::from_errno(format!("queue:{}", escape(&path)), errno))
}

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
    pub fn drain(&self, file: &super::state_dir::StateFile, from: u64, message_bytes: u64) -> Result<(u64, u64)> {
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

    /// Waits until a message can be taken or put, or the time is over: true when it can. `None` waits without end.
    /// Errors: `EINTR` when a signal comes.
    pub fn wait(&self, to_receive: bool, timeout: Option<std::time::Duration>) -> Result<bool> {
        super::ready::wait(self.fd.as_fd(), !to_receive, timeout).map_err(|errno| self.error(errno))
    }

    /// Leases it (`F_SETLEASE`, `man 2 fcntl_locking`): succeeds only when nobody else has it open, and until it is closed
    /// or unleased an `open` by others waits, for `/proc/sys/fs/lease-break-time` seconds (45) at the most. So this is an
    /// exact answer, hidden processes included. `false`: somebody has it open. Needs to own it, or `CAP_LEASE`. Errors:
    /// [`Error::Unsupported`] where the kernel knows no leases here.
    pub fn lease(&self) -> Result<bool> {
        super::lease::take(self.fd.as_fd()).map_err(|errno| self.error(errno))
    }
}

/// Parses `QSIZE:129        NOTIFY:2     SIGNO:0     NOTIFY_PID:8260`.
pub fn parse_status(text: &[u8]) -> Option<Status> {
    let mut status = Status { bytes: 0, notify: None };
    let mut notify = Notify { pid: 0, signal: 0, method: 0 };
    let mut sized = false;
    for field in text.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()) {
        let colon = memchr::memchr(b':', field)?;
        let value = text::decimal(&field[colon + 1..])?;
        let small = u32::try_from(value).ok();
        match &field[..colon] {
            b"QSIZE" => (status.bytes, sized) = (value, true),
            b"NOTIFY" => notify.method = small?,
            b"SIGNO" => notify.signal = small?,
            b"NOTIFY_PID" => notify.pid = small?,
            _ => {}
        }
    }
    status.notify = (notify.pid != 0).then_some(notify);
    sized.then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_status_line() {
        let quiet = parse_status(b"QSIZE:129        NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n");
        assert_eq!(quiet, Some(Status { bytes: 129, notify: None }));
        let notified = parse_status(b"QSIZE:0          NOTIFY:0     SIGNO:10    NOTIFY_PID:8260  \n");
        let notify = Notify { pid: 8260, signal: 10, method: 0 };
        assert_eq!(notified, Some(Status { bytes: 0, notify: Some(notify) }));
        for damaged in [&b""[..], b"QSIZE:", b"QSIZE:x", b"QSIZE", b"NOTIFY:0"] {
            assert_eq!(parse_status(damaged), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse_status(&text);
        }
    }
}
