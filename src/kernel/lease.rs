//! `F_SETLEASE` (`man 2 fcntl_locking`): whether anybody else has a file open or mapped, told by the kernel itself, so
//! that no process can hide from it.

use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Takes a write lease. `false`: somebody else has the file open or mapped. While it is held, an `open` by others waits
/// until the file is closed here, or for `/proc/sys/fs/lease-break-time` seconds; with `O_NONBLOCK` it fails with
/// `EAGAIN`. The kernel then sends `SIGIO`, which is ignored from here on. Needs to own the file, or `CAP_LEASE`. Errors:
/// `EOPNOTSUPP` where this file system has no leases.
pub(super) fn take(fd: BorrowedFd<'_>) -> nix::Result<bool> {
    // SAFETY: sets a disposition and installs no handler. ipcx uses SIGIO for nothing else.
    unsafe { libc::signal(libc::SIGIO, libc::SIG_IGN) };
    // SAFETY: plain integers; no memory is passed.
    let result = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) };
    match Errno::result(result) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN) => Ok(false),
        Err(Errno::EINVAL) => Err(Errno::EOPNOTSUPP),
        Err(errno) => Err(errno),
    }
}
