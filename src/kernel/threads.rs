//! What threads of a scan share needlessly (`man 2 unshare`, `man 3 mallopt`).

use nix::sched::{CloneFlags, unshare};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Gives the calling thread a table of descriptors and a working directory of its own. Two threads that look up 127,000
/// paths take a tenth longer while they share them: each look-up counts references to both. Needs no privilege; a sandbox
/// that refuses it costs only time.
///
/// Of the descriptors that were open before, the thread has to do with the standard ones and `keep`. The others are closed
/// in its table: a pipe or socket that another thread closes would be open there until this thread has ended, which is some
/// time after it was joined.
pub fn own_tables(keep: Option<BorrowedFd<'_>>) {
    if unshare(CloneFlags::CLONE_FILES | CloneFlags::CLONE_FS).is_err() {
        return;
    }
    let first = libc::STDERR_FILENO + 1;
    match keep.map(|fd| fd.as_raw_fd()).filter(|fd| *fd >= first) {
        None => close_range(first, RawFd::MAX),
        Some(fd) => {
            close_range(first, fd - 1);
            close_range(fd.saturating_add(1), RawFd::MAX);
        }
    }
}

/// Closes these descriptors (`man 2 close_range`, Linux 5.9), the last one included. An older kernel leaves them open.
fn close_range(first: RawFd, last: RawFd) {
    let (first, last, flags): (libc::c_long, libc::c_long, libc::c_long) = (first.into(), last.into(), 0);
    if first <= last {
        // SAFETY: numbers alone. The table is the calling thread's own, so that nothing else loses a descriptor, and the
        // thread uses none of these.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    }
}

/// Lets other threads have the processor first: the calling one, and those that it starts from here on, get a nice value of
/// 5 (`man 2 setpriority`: on Linux of a thread). Needs no privilege, and cannot be taken back without one.
pub fn step_back() {
    // SAFETY: numbers alone; 0 stands for the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 5) };
}

/// Lets the C library's heaps grow by megabytes instead of by pages: every growth stops all threads for a moment.
pub fn grow_heaps_in_large_steps() {
    #[cfg(target_env = "gnu")]
    {
        const STEP: libc::c_int = 4 << 20;
        // SAFETY: sets a number inside the allocator; called before other threads start.
        unsafe { libc::mallopt(libc::M_TOP_PAD, STEP) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::sync::Barrier;

    #[test]
    fn what_another_thread_closes_is_closed() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let (mut kept_reader, kept) = std::io::pipe().unwrap();
        let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
        nix::fcntl::fcntl(&reader, flags).unwrap();
        let (began, ends) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                own_tables(Some(kept.as_fd()));
                began.wait();
                ends.wait();
                (&kept).write_all(b"x").unwrap();
            });
            began.wait();
            drop(writer);
            // While the thread is there. Without a writer there is an end, with one there is nothing yet.
            let end = reader.read(&mut [0]);
            ends.wait();
            match end {
                Ok(read) => assert_eq!(read, 0),
                Err(error) => panic!("{error}: the thread still has the other end"),
            }
        });
        let mut byte = [0];
        kept_reader.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }
}
