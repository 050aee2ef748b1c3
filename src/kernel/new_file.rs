//! A file that a person asked to have written: never in the place of another unless that was asked for as well. What was
//! read out of the system is for its owner alone; what is for everyone, such as a manual page, is put in place whole.

use super::{Error, Result};
use crate::model::escape;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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

/// Puts a file that everyone may read, as far as the umask lets, in place of what lies at the path: whole or not at all,
/// by a name of its own beside it and `rename(2)`, which follows no link. Errors: those of opening, writing and renaming.
pub fn put(path: &Path, contents: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC | OFlag::O_CREAT | OFlag::O_EXCL;
    let mode = Mode::from_bits_truncate(0o644);
    let shown = || escape(path.as_os_str().as_bytes());
    let fd = openat(AT_FDCWD, beside.as_os_str(), flags, mode).map_err(|errno| Error::from_errno(shown(), errno))?;
    let written = File::from(fd).write_all(contents).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // What is left of it is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
        Error::from_io(shown(), &error)
    })
}

/// Makes a directory, and those above it that are missing. Errors: [`Error::Permission`], a file in the way.
pub fn make_directories(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| Error::from_io(escape(path.as_os_str().as_bytes()), &error))
}
