//! `/proc/PID/map_files` (`man 5 proc_pid_map_files`): the file behind a mapping, here the kernel's own of a System V
//! segment or a memfd, or one without a name. Reading it goes past the segment: nobody becomes its last pid, no time is
//! stamped, and holes stay holes.
//!
//! Following these links needs `CAP_SYS_ADMIN` or `CAP_CHECKPOINT_RESTORE` in the machine's first user namespace.

use super::maps::Place;
use super::{Result, file};
use std::os::fd::{AsFd, OwnedFd};

fn path(pid: u32, place: Place) -> String {
    format!("{pid}/map_files/{:x}-{:x}", place.start, place.end)
}

/// Attributes of the file behind a mapping of a process; opens nothing. Which file it is has to be compared afterwards, as
/// with [`open`]. Errors: likewise.
pub fn stat(proc: impl AsFd, pid: u32, place: Place) -> Result<file::Stat> {
    file::stat_at(proc, path(pid, place).as_bytes())
}

/// Path of the file behind a mapping, byte for byte, where maps writes a newline as an escape. Needs no more than to read
/// maps: the link is read, not followed. Errors: likewise.
pub fn read_path(proc: impl AsFd, pid: u32, place: Place) -> Result<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let path = path(pid, place);
    nix::fcntl::readlinkat(proc, path.as_str())
        .map(OsStringExt::into_vec)
        .map_err(|errno| super::Error::from_errno(path, errno))
}

/// Opens the file behind a mapping of a process. Which file it is has to be compared afterwards
/// ([`file::fstat`]): the mapping may have changed since it was read. Errors:
/// [`Permission`](super::Error::Permission), [`NotFound`](super::Error::NotFound) when nothing is mapped there any more.
pub fn open(proc: impl AsFd, pid: u32, place: Place) -> Result<OwnedFd> {
    use nix::fcntl::{OFlag, openat};
    // These are links, which `open_to_read` does not follow.
    let path = path(pid, place);
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    openat(&proc, path.as_str(), flags, nix::sys::stat::Mode::empty())
        .map_err(|errno| super::Error::from_errno(format!("/proc/{path}"), errno))
}

/// Whether an open file is that of a segment: by the device that segments live on, and its id.
pub fn is_segment(fd: impl AsFd, id: i32) -> bool {
    let Ok(stat) = file::fstat(fd) else { return false };
    u64::try_from(id) == Ok(stat.inode) && super::maps::internal_devices().contains(&stat.device)
}
