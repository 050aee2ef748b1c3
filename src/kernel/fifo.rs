//! FIFOs, opened to put something in or to take it out (`man 7 fifo`, `man 7 pipe`). Never used in a scan: opening one
//! releases processes that wait for the other end.
//!
//! A path may be swapped between looking and opening. So the file is first held by a descriptor that opens nothing
//! (`O_PATH`), looked at through it, and then opened through it: whatever lies at the path by then is not touched.

use super::file::{self, Stat};
use super::{Error, Result};
use crate::model::{Time, escape};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, fstat};
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A file that is held, but not opened.
#[derive(Debug)]
pub struct Held {
    fd: OwnedFd,
    name: Box<[u8]>,
    /// What it is.
    pub stat: Stat,
    /// When it was made, where its file system records that.
    pub born: Option<Time>,
}

/// Holds the file at a path; of a link, the link itself. Needs search permission on the way.
pub fn hold(path: &[u8]) -> Result<Held> {
    let fail = |errno| Error::from_errno(escape(path), errno);
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let fd = openat(AT_FDCWD, OsStr::from_bytes(path), flags, Mode::empty()).map_err(fail)?;
    let stat = fstat(&fd).map_err(fail)?.into();
    let born = file::born_open(&fd);
    Ok(Held { fd, name: path.into(), stat, born })
}

impl Held {
    /// A path that leads to the very file, from every process that can look into this one: who waits in opening it can be
    /// found by others.
    pub(super) fn path(&self) -> String {
        // The pid as this /proc numbers it.
        let own = std::fs::read_link("/proc/self").ok().and_then(|pid| pid.into_os_string().into_string().ok());
        format!("/proc/{}/fd/{}", own.as_deref().unwrap_or("self"), self.fd.as_raw_fd())
    }

    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(escape(&self.name), errno)
    }

    /// Opens it. Needs write or read permission. With `wait` it sleeps until the other end is opened, and later writes
    /// and reads sleep too; without, none of them does. Errors: [`Error::no_reader`] when it is opened to write and not to
    /// wait and nobody has it open to read; `EINTR` when a signal ends the sleep.
    pub fn open(&self, to_write: bool, wait: bool) -> Result<Fifo> {
        let direction = if to_write { OFlag::O_WRONLY } else { OFlag::O_RDONLY };
        let flags = direction | OFlag::O_CLOEXEC | if wait { OFlag::empty() } else { OFlag::O_NONBLOCK };
        let fd = openat(AT_FDCWD, self.path().as_str(), flags, Mode::empty()).map_err(|errno| self.error(errno))?;
        let stat = fstat(&fd).map(Stat::from).map_err(|errno| self.error(errno))?;
        // What /proc leads to is the file itself; this is for a /proc that is none.
        if (stat.device, stat.inode) != (self.stat.device, self.stat.inode) {
            return Err(Error::Gone { what: escape(&self.name).into() });
        }
        Ok(Fifo { fd, name: self.name.clone() })
    }
}

/// One end of a FIFO, open.
#[derive(Debug)]
pub struct Fifo {
    fd: OwnedFd,
    name: Box<[u8]>,
}

impl Fifo {
    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(escape(&self.name), errno)
    }

    /// Writes as much as it takes; says how much. Up to `PIPE_BUF` (4096) bytes go in one piece or not at all. Errors:
    /// `EAGAIN` when it is full; [`Error::no_reader`] when the last reader has left (`EPIPE`; Rust programs ignore
    /// `SIGPIPE`); `EINTR`.
    pub fn write(&self, data: &[u8]) -> Result<usize> {
        nix::unistd::write(&self.fd, data).map_err(|errno| self.error(errno))
    }

    /// Takes what is there, up to the room; 0 when it is empty and nobody has it open to write. Errors: `EAGAIN` when it
    /// is empty and somebody may still write; `EINTR`.
    pub fn read(&self, room: &mut [u8]) -> Result<usize> {
        nix::unistd::read(&self.fd, room).map_err(|errno| self.error(errno))
    }

    /// Bytes in it (`FIONREAD`).
    pub fn buffered(&self) -> Result<u64> {
        let mut bytes: libc::c_int = 0;
        // SAFETY: an open descriptor, and an integer that the kernel writes to.
        let result = unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
        Errno::result(result).map_err(|errno| self.error(errno))?;
        Ok(bytes.max(0) as u64)
    }
}

/// Where a path leads to, links resolved; `None` where it is no link, or leads nowhere.
pub fn link_target(path: &[u8]) -> Option<Box<[u8]>> {
    let stat = file::lstat(path).ok()?;
    if stat.file_type != file::FileType::Other {
        return None;
    }
    let target = std::fs::canonicalize(OsStr::from_bytes(path)).ok()?;
    let target = target.into_os_string().into_encoded_bytes();
    (target != path).then(|| target.into())
}
