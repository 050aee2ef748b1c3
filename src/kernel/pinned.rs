//! A file held by an `O_PATH` descriptor (`man 2 open`): whatever its name comes to mean meanwhile, what is changed is
//! the file that was looked at. Holding it so opens nothing: no FIFO's other end wakes, no lease breaks.

use super::file::Stat;
use super::{Error, Result};
use crate::model::escape;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstat};
use nix::unistd::{Gid, Uid, fchownat};
use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A file that cannot be swapped for another.
#[derive(Debug)]
pub struct Pinned {
    fd: OwnedFd,
    name: String,
}

/// Pins what a path itself names, a link not followed. Needs search permission on the way.
pub fn pin(path: &[u8]) -> Result<Pinned> {
    pin_at(AT_FDCWD, path)
}

/// Pins a name in an open directory.
pub(super) fn pin_at(dir: impl AsFd, path: &[u8]) -> Result<Pinned> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let name = escape(path).into_owned();
    match openat(dir, OsStr::from_bytes(path), flags, Mode::empty()) {
        Ok(fd) => Ok(Pinned { fd, name }),
        Err(errno) => Err(Error::from_errno(name, errno)),
    }
}

impl Pinned {
    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(self.name.clone(), errno)
    }

    /// Its name in /proc, which leads to the file itself.
    fn magic_link(&self) -> String {
        format!("/proc/self/fd/{}", self.fd.as_raw_fd())
    }

    /// Attributes.
    pub fn stat(&self) -> Result<Stat> {
        fstat(&self.fd).map(Stat::from).map_err(|errno| self.error(errno))
    }

    /// Sets its permission bits. Needs to own it, or `CAP_FOWNER`.
    pub fn set_mode(&self, mode: u16) -> Result<()> {
        // fchmod takes no O_PATH descriptor, and fchmodat2 with AT_EMPTY_PATH is younger (6.6) than what ipcx runs on.
        let mode = Mode::from_bits_truncate(mode.into());
        fchmodat(AT_FDCWD, self.magic_link().as_str(), mode, FchmodatFlags::FollowSymlink)
            .map_err(|errno| self.error(errno))
    }

    /// Sets owner, group or both. Needs `CAP_CHOWN`, but for the group, which an owner may set to one of his own.
    pub fn set_owner(&self, user: Option<u32>, group: Option<u32>) -> Result<()> {
        fchownat(&self.fd, "", user.map(Uid::from_raw), group.map(Gid::from_raw), AtFlags::AT_EMPTY_PATH)
            .map_err(|errno| self.error(errno))
    }

    /// Opens the file itself with these flags.
    pub(super) fn open(&self, flags: OFlag) -> nix::Result<OwnedFd> {
        open(self.magic_link().as_str(), flags | OFlag::O_CLOEXEC, Mode::empty())
    }

    /// As messages name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}
