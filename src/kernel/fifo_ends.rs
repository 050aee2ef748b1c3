//! FIFOs that ipcx makes, and their ends that it opens on demand (`man 7 fifo`). Opening an end has a side effect: a
//! process that waits in `open` for this end goes on. No scan comes here; `fifo_search` only looks.

use super::pinned::Pinned;
use super::{Error, Result, umask};
use crate::model::escape;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Which end of a FIFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To read from.
    Read,
    /// To write to.
    Write,
    /// Both at once: it never waits, and the FIFO has a reader and a writer.
    Both,
}

/// An open end of a FIFO. Closed when dropped.
#[derive(Debug)]
pub struct OpenEnd {
    fd: OwnedFd,
    name: String,
}

/// Makes a FIFO with exactly this mode. Needs write and search permission on the directory. Errors: `EEXIST`,
/// [`Error::NotFound`] where the directory is missing, `ENOSPC`, `EROFS`.
pub fn make(path: &[u8], mode: u16) -> Result<()> {
    let mode = Mode::from_bits_truncate(mode.into());
    umask::without(|| nix::unistd::mkfifo(OsStr::from_bytes(path), mode))
        .map_err(|errno| Error::from_errno(format!("fifo:{}", escape(path)), errno))
}

/// Opens an end without waiting for the other one. `None`: there is no reader yet, and without one the kernel gives no
/// write end (`ENXIO`). Needs read or write permission.
pub fn open(file: &Pinned, end: End) -> Result<Option<OpenEnd>> {
    let direction = match end {
        End::Read => OFlag::O_RDONLY,
        End::Write => OFlag::O_WRONLY,
        End::Both => OFlag::O_RDWR,
    };
    let name = format!("fifo:{}", file.name());
    match file.open(direction | OFlag::O_NONBLOCK) {
        Ok(fd) => Ok(Some(OpenEnd { fd, name })),
        Err(Errno::ENXIO) => Ok(None),
        Err(errno) => Err(Error::from_errno(name, errno)),
    }
}

/// What came of a write that does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// So many bytes.
    Bytes(usize),
    /// The FIFO is full.
    Full,
    /// Nobody reads any more (`EPIPE`).
    NoReader,
}

impl OpenEnd {
    /// Writes what there is room for. Up to 4096 bytes go in whole or not at all (`PIPE_BUF`).
    pub fn write(&self, data: &[u8]) -> Result<Wrote> {
        loop {
            return match nix::unistd::write(&self.fd, data) {
                Ok(length) => Ok(Wrote::Bytes(length)),
                Err(Errno::EAGAIN) => Ok(Wrote::Full),
                Err(Errno::EPIPE) => Ok(Wrote::NoReader),
                Err(Errno::EINTR) => continue,
                Err(errno) => Err(Error::from_errno(self.name.clone(), errno)),
            };
        }
    }
}

impl OpenEnd {
    /// Reads what there is; `None` when there is nothing yet, 0 bytes when nobody has it open to write.
    pub fn read(&self, room: &mut [u8]) -> Result<Option<usize>> {
        loop {
            return match nix::unistd::read(&self.fd, room) {
                Ok(length) => Ok(Some(length)),
                Err(Errno::EAGAIN) => Ok(None),
                Err(Errno::EINTR) => continue,
                Err(errno) => Err(Error::from_errno(self.name.clone(), errno)),
            };
        }
    }
}

impl AsFd for OpenEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Reads what there is from a descriptor, waiting for it if there is nothing; 0 at its end. For standard input, past the
/// buffer that the standard library keeps, which `poll` does not know of.
pub fn read(fd: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize> {
    loop {
        match nix::unistd::read(fd, room) {
            Err(Errno::EINTR) => {}
            other => return other.map_err(|errno| Error::from_errno("standard input", errno)),
        }
    }
}
