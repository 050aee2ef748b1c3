//! POSIX message queues: the mqueue file system of the caller's IPC namespace (`man 7 mq_overview`, `ipc/mqueue.c`).
//!
//! What is mounted on /dev/mqueue may belong to another namespace, or nothing may be. With `CAP_SYS_ADMIN` the right
//! one is had without touching the machine's mounts: `fsmount(2)` gives a mount that no path leads to and that goes
//! with its descriptor; where a user namespace or an old kernel forbids that, a throw-away thread mounts it in a mount
//! namespace of its own. Without the privilege /dev/mqueue is taken if it is an mqueue file system.

mod queue;

pub use queue::{
    Access, DRAINED, FILLER, NO_PRIORITY, Queue, RECEIVING, create, create_default, open_queue, room_to_drain,
};

use super::file::{self, FileType, Stat};
use super::{Error, Result, text};
use crate::model::{Notify, escape};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MsFlags, mount};
use nix::mqueue::{MqdT, mq_close, mq_getattr};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FsType, fstatfs};
use std::ffi::{CStr, OsStr};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Where it is mounted by convention.
pub const DIRECTORY: &str = "/dev/mqueue";

/// `MQUEUE_MAGIC` (`ipc/mqueue.c`), the type that `statfs` tells.
const MAGIC: FsType = FsType(0x1980_0202);

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
    fstatfs(dir).is_ok_and(|fs| fs.filesystem_type() == MAGIC)
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
