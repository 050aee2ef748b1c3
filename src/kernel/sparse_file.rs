//! Files with holes: which bytes are really there (`man 2 lseek`, `SEEK_DATA`), and files that appear whole or not at all
//! (`O_TMPFILE`, `man 2 open`).

use super::file::{self, FileType, Stat};
use super::pinned::pin_at;
use super::{Error, Result};
use crate::model::{Ids, escape};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open};
use nix::sys::stat::{Mode, SFlag, fchmod, mknodat};
use nix::unistd::{Gid, Uid, Whence, fchown, linkat, lseek};
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// An open regular file.
#[derive(Debug)]
pub struct SparseFile {
    fd: OwnedFd,
    path: Box<[u8]>,
}

impl SparseFile {
    /// Opens a file to read; follows no link at its end and does not wait. The access time stays where the kernel allows
    /// that (to the owner). Needs read permission. Errors: `EAGAIN` while another process has a lease on it.
    pub fn open(path: &[u8]) -> Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let name = OsStr::from_bytes(path);
        let fd = open(name, flags | OFlag::O_NOATIME, Mode::empty())
            .or_else(|_| open(name, flags, Mode::empty()))
            .map_err(|errno| Error::from_errno(escape(path), errno))?;
        Ok(Self { fd, path: path.into() })
    }

    /// A new file in the directory of `path` that has no name yet; see [`SparseFile::appear`]. Mode 0600.
    pub fn create_unnamed(path: &[u8]) -> Result<Self> {
        let directory = match path.iter().rposition(|b| *b == b'/') {
            Some(end) => &path[..end.max(1)],
            None => b".",
        };
        let flags = OFlag::O_RDWR | OFlag::O_TMPFILE | OFlag::O_CLOEXEC;
        let fd = open(OsStr::from_bytes(directory), flags, Mode::S_IRUSR | Mode::S_IWUSR)
            .map_err(|errno| Error::from_errno(escape(directory), errno))?;
        Ok(Self { fd, path: path.into() })
    }

    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(escape(&self.path), errno)
    }

    /// Its attributes.
    pub fn stat(&self) -> Result<Stat> {
        nix::sys::stat::fstat(&self.fd).map(Stat::from).map_err(|errno| self.error(errno))
    }

    /// Whether nobody else has it open or mapped, and keeps others from opening it while this one is open: see
    /// [`super::mqueue::Queue::lease`]. Needs to own it, or `CAP_LEASE`.
    pub fn lease(&self) -> Result<bool> {
        super::lease::take(self.fd.as_fd()).map_err(|errno| self.error(errno))
    }

    /// The next range of bytes, from `offset` on, that is no hole: offset and end. `None` when only zeros follow. A file
    /// system that knows no holes has one range.
    pub fn next_data(&self, offset: u64) -> Result<Option<(u64, u64)>> {
        let seek = |offset: u64, whence| lseek(&self.fd, offset as libc::off_t, whence).map(|at| at.max(0) as u64);
        let start = match seek(offset, Whence::SeekData) {
            Ok(start) => start,
            Err(Errno::ENXIO) => return Ok(None),
            Err(errno) => return Err(self.error(errno)),
        };
        let end = seek(start, Whence::SeekHole).map_err(|errno| self.error(errno))?;
        Ok((end > start).then_some((start, end)))
    }

    /// Reads bytes at an offset; fewer at the end of the file.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<usize> {
        let mut length = 0;
        while length < bytes.len() {
            let at = (offset + length as u64) as libc::off_t;
            match nix::sys::uio::pread(&self.fd, &mut bytes[length..], at) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(self.error(errno)),
            }
        }
        Ok(length)
    }

    /// Writes bytes at an offset.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut length = 0;
        while length < bytes.len() {
            let at = (offset + length as u64) as libc::off_t;
            match nix::sys::uio::pwrite(&self.fd, &bytes[length..], at) {
                Ok(written) => length += written,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(self.error(errno)),
            }
        }
        Ok(())
    }

    /// Sets size, owner and mode, and gives it its name. Changing the owner needs `CAP_CHOWN`. Errors: `EEXIST` when the
    /// name is taken.
    pub fn appear(&self, size: u64, owner: Ids, mode: u16) -> Result<()> {
        let fail = |errno| self.error(errno);
        nix::unistd::ftruncate(&self.fd, size as libc::off_t).map_err(fail)?;
        let now = self.stat()?.owner;
        if now != owner {
            fchown(&self.fd, Some(Uid::from_raw(owner.uid)), owner.gid.map(Gid::from_raw)).map_err(fail)?;
        }
        fchmod(&self.fd, Mode::from_bits_truncate(mode.into())).map_err(fail)?;
        let link = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        linkat(AT_FDCWD, link.as_str(), AT_FDCWD, OsStr::from_bytes(&self.path), AtFlags::AT_SYMLINK_FOLLOW)
            .map_err(fail)
    }
}

/// Makes a FIFO, or the file of a unix socket that nobody is bound to, whatever the umask. Errors: `EEXIST`. What was made
/// is removed again when owner or mode cannot be set.
pub fn make_special(path: &[u8], socket: bool, owner: Ids, mode: u16) -> Result<()> {
    let fail = |errno| Error::from_errno(escape(path), errno);
    let kind = if socket { SFlag::S_IFSOCK } else { SFlag::S_IFIFO };
    // By the directory that is held, so that nobody who may rename on the way turns what follows on something else.
    let (directory, name) = file::open_parent(path)?;
    mknodat(&directory, name, kind, Mode::S_IRUSR | Mode::S_IWUSR, 0).map_err(fail)?;
    let file = pin_at(&directory, name.as_bytes())?;
    let set = || {
        let now = file.stat()?;
        let wanted = if socket { FileType::Socket } else { FileType::Fifo };
        // Just made by this process, and nobody has written to it: anything else has come in between.
        if now.file_type != wanted || now.owner.uid != super::users::own_uid() || now.mode != 0o600 & now.mode {
            return Err(Error::Gone { what: escape(path).into_owned() });
        }
        if now.owner != owner {
            file.set_owner(Some(owner.uid), owner.gid)?;
        }
        file.set_mode(mode)
    };
    set().inspect_err(|_| {
        let same = |now: Stat| file.stat().is_ok_and(|made| (made.device, made.inode) == (now.device, now.inode));
        if file::lstat_at(&directory, name.as_bytes()).is_ok_and(same) {
            let _ = nix::unistd::unlinkat(&directory, name, nix::unistd::UnlinkatFlags::NoRemoveDir);
        }
    })
}
