//! A file that a person asked to have written: made for its owner alone, and never in the place of another unless that
//! was asked for as well.

use super::{Error, Result};
use crate::model::escape;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;

/// An open file, and whether it was made just now.
#[derive(Debug)]
pub struct NewFile {
    /// Open for writing.
    pub file: File,
    /// Nothing was there before.
    pub made: bool,
}

/// Makes a file of mode 0600 and opens it for writing. With `replace`, what lies there is emptied instead and keeps its
/// mode; a FIFO without a reader is not waited for. Errors: `EEXIST` ([`Error::exists`]), [`Error::Permission`].
pub fn create(path: &[u8], replace: bool) -> Result<NewFile> {
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let open = |flags| openat(AT_FDCWD, OsStr::from_bytes(path), flags, Mode::S_IRUSR | Mode::S_IWUSR);
    let opened = match open(flags | OFlag::O_CREAT | OFlag::O_EXCL) {
        Err(Errno::EEXIST) if replace => open(flags | OFlag::O_TRUNC | OFlag::O_NONBLOCK).map(|fd| (fd, false)),
        opened => opened.map(|fd| (fd, true)),
    };
    let (fd, made) = opened.map_err(|errno| Error::from_errno(escape(path), errno))?;
    Ok(NewFile { file: File::from(fd), made })
}
