//! `/dev/shm`: POSIX shared memory and named semaphores, which are files there (`man 7 shm_overview`,
//! `man 7 sem_overview`). A name with `sem.` in front is a semaphore.
//!
//! A semaphore's bytes are the C library's `sem_t`: on 64-bit, in glibc (`nptl/internaltypes.h`, `struct new_sem`) and
//! in musl alike, a 32-bit value followed by a 32-bit number of waiters. Anybody may put an empty or odd `sem.*` file
//! there; it is listed, without a value.

use super::file::{self, FileType, Stat};
use super::{Error, Result, umask};
use crate::model::Device;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid};
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Where glibc and musl keep both.
pub const DIRECTORY: &str = "/dev/shm";

/// Size of `sem_t` on 64-bit.
const SEM_SIZE: u64 = 32;

/// A file of `/dev/shm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShmFile {
    /// File name in the directory, any bytes but NUL and `/`.
    pub name: Box<[u8]>,
    /// Attributes.
    pub stat: Stat,
}

impl ShmFile {
    /// The name by which `sem_open` knows it, without its slash, if it is a semaphore.
    pub fn semaphore_name(&self) -> Option<&[u8]> {
        semaphore_name(&self.name)
    }
}

/// The same of a file's name in the directory.
pub fn semaphore_name(file: &[u8]) -> Option<&[u8]> {
    file.strip_prefix(b"sem.").filter(|name| !name.is_empty())
}

/// Value and waiters of a POSIX semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemBytes {
    /// Value.
    pub value: u32,
    /// Tasks in `sem_wait`.
    pub waiters: u32,
}

/// Lists the regular files of `/dev/shm`: opens the directory, and no file. Links, directories and special files are
/// none of `shm_open`'s making and are left out. Errors: [`Error::Unsupported`] where the directory is missing.
pub fn read_files() -> Result<Vec<ShmFile>> {
    let mut dir = Dir::open(DIRECTORY, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| match Error::from_errno(DIRECTORY, errno) {
            Error::NotFound { what } => Error::Unsupported { what },
            error => error,
        })?;
    let names: Vec<Box<[u8]>> = dir.iter().flatten().map(|entry| entry.file_name().to_bytes().into()).collect();
    let files = names.into_iter().filter(|name| &**name != b"." && &**name != b"..").filter_map(|name| {
        // A file that vanished since is no file to list.
        let stat = file::lstat_at(&dir, &name).ok()?;
        (stat.file_type == FileType::Regular).then_some(ShmFile { name, stat })
    });
    Ok(files.collect())
}

/// The device of the directory, and so of its files where it is a file system of its own; `None` where it is missing.
pub fn device() -> Option<Device> {
    file::stat_at(nix::fcntl::AT_FDCWD, DIRECTORY.as_bytes()).ok().map(|stat| stat.device)
}

/// An open segment. Closed when dropped; the name stays.
#[derive(Debug)]
pub struct Segment {
    fd: OwnedFd,
    name: String,
}

/// Makes a segment of zeros by its name with the slash, with exactly this mode (`man 3 shm_open`). Its pages are not
/// reserved: who writes to more than /dev/shm holds gets `SIGBUS`. Errors: `EEXIST`, `ENOSPC`, `ENAMETOOLONG`.
pub fn create(name: &[u8], size: u64, mode: u16) -> Result<Segment> {
    let what = format!("shm:{}", crate::model::escape(name));
    let fail = |errno| Error::from_errno(what.clone(), errno);
    let length = i64::try_from(size).map_err(|_| fail(Errno::EFBIG))?;
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::from_bits_truncate(mode.into());
    // As the C library does; nix has its call behind a feature that nothing else here needs.
    let path = path(name);
    let fd = umask::without(|| nix::fcntl::open(OsStr::from_bytes(&path), flags, mode)).map_err(fail)?;
    let segment = Segment { fd, name: what };
    if let Err(errno) = nix::unistd::ftruncate(&segment.fd, length) {
        // A segment of another size than was asked for is no use to anybody.
        let _ = file::unlink(&path);
        return Err(segment.error(errno));
    }
    Ok(segment)
}

/// Opens one to read and write it, and so asks whether the caller may.
pub fn open(name: &[u8]) -> Result<Segment> {
    let what = format!("shm:{}", crate::model::escape(name));
    let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    match nix::fcntl::open(OsStr::from_bytes(&path(name)), flags, Mode::empty()) {
        Ok(fd) => Ok(Segment { fd, name: what }),
        Err(errno) => Err(Error::from_errno(what, errno)),
    }
}

/// The name of a segment or semaphore as its file has it, without the slashes that a program may write before it. `None`
/// for what the C library takes for no name: an empty one, and one with a slash in it.
pub fn file_name(name: &[u8]) -> Option<&[u8]> {
    let start = name.iter().position(|byte| *byte != b'/')?;
    let name = &name[start..];
    (!name.contains(&b'/')).then_some(name)
}

/// The file of a segment, by its name with the slash.
pub fn path(name: &[u8]) -> Vec<u8> {
    [DIRECTORY.as_bytes(), name].concat()
}

/// The file of a semaphore, by its name with the slash.
pub fn semaphore_path(name: &[u8]) -> Vec<u8> {
    [DIRECTORY.as_bytes(), b"/sem.", name.strip_prefix(b"/").unwrap_or(name)].concat()
}

impl Segment {
    fn error(&self, errno: Errno) -> Error {
        Error::from_errno(self.name.clone(), errno)
    }

    /// Its file's attributes.
    pub fn stat(&self) -> Result<Stat> {
        nix::sys::stat::fstat(&self.fd).map(Stat::from).map_err(|errno| self.error(errno))
    }

    /// Sets owner, group or both. Needs `CAP_CHOWN`, but for the group, which an owner may set to one of his own.
    pub fn set_owner(&self, user: Option<u32>, group: Option<u32>) -> Result<()> {
        nix::unistd::fchown(&self.fd, user.map(Uid::from_raw), group.map(Gid::from_raw))
            .map_err(|errno| self.error(errno))
    }
}

/// Reads a semaphore's value and waiters. Needs read permission; does not wait, and leaves the access time alone where
/// the kernel allows that (`O_NOATIME`, to the file's owner). `None` when the file is not a `sem_t`.
pub fn read_semaphore(file: &ShmFile) -> Result<Option<SemBytes>> {
    if file.stat.size != SEM_SIZE {
        return Ok(None);
    }
    let dir = file::open_directory(DIRECTORY)?;
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let name = OsStr::from_bytes(&file.name);
    let fd = openat(dir.as_fd(), name, flags | OFlag::O_NOATIME, Mode::empty())
        .or_else(|_| openat(dir.as_fd(), name, flags, Mode::empty()))
        .map_err(|errno| Error::from_errno(format!("sem:/{}", crate::model::escape(&file.name)), errno))?;
    let mut bytes = [0; SEM_SIZE as usize];
    match nix::sys::uio::pread(&fd, &mut bytes, 0) {
        Ok(length) => Ok(parse_semaphore(&bytes[..length])),
        Err(errno) => Err(Error::from_errno(crate::model::escape(&file.name), errno)),
    }
}

/// Value and waiters from the bytes of a 64-bit `sem_t`.
pub fn parse_semaphore(bytes: &[u8]) -> Option<SemBytes> {
    if bytes.len() as u64 != SEM_SIZE || cfg!(target_pointer_width = "32") {
        return None;
    }
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    // musl sets the top bit while somebody waits; glibc's values end at SEM_VALUE_MAX, which is below it.
    let (first, second) = if cfg!(target_endian = "little") { (0, 4) } else { (4, 0) };
    Some(SemBytes { value: word(first)? & i32::MAX as u32, waiters: word(second)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_semaphore_file() {
        let mut bytes = [0u8; 32];
        bytes[0] = 3;
        bytes[4] = 2;
        assert_eq!(parse_semaphore(&bytes), Some(SemBytes { value: 3, waiters: 2 }));
        assert_eq!(parse_semaphore(&bytes[..31]), None);
        assert_eq!(parse_semaphore(b""), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(parse_semaphore(&bytes).is_some(), bytes.len() == 32);
        }
    }
}
