//! `poll(2)`: waiting for one descriptor, with a time limit.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Waits until a descriptor can be written to, or read from; true when it can, or when its other end is gone. `None` waits
/// without end. Errors: `EINTR` when a signal comes.
pub(super) fn wait(fd: BorrowedFd<'_>, to_write: bool, timeout: Option<Duration>) -> nix::Result<bool> {
    let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        // Rounded up, so that a wait never ends early; poll takes at most 24 days at a time.
        let milliseconds = left.map(|left| left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32);
        let limit = milliseconds.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX));
        let mut fds = [PollFd::new(fd, if to_write { PollFlags::POLLOUT } else { PollFlags::POLLIN })];
        match poll(&mut fds, limit) {
            Ok(0) if left.is_some_and(|left| left.is_zero()) => return Ok(false),
            Ok(0) => {}
            Ok(_) => return Ok(true),
            Err(Errno::EINTR) => return Err(Errno::EINTR),
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether whoever reads our standard output has gone, so that there is no point in going on (`POLLERR`).
pub fn nobody_reads_stdout() -> bool {
    let stdout = std::io::stdout();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|_| fds[0].revents().is_some_and(|e| e.contains(PollFlags::POLLERR)))
}
