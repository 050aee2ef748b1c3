//! Where data comes from and goes to: files that a person names, and whether standard output can take what it is given,
//! as far as that can be told before something is taken that cannot be put back.

use super::{Error, Result};
use crate::model::escape;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, Signal, signal};
use std::ffi::OsStr;
use std::fs::File;
use std::io::IsTerminal;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard output was open when the program started. The Rust runtime opens /dev/null in the place of a standard
/// descriptor that is closed, before `main`, and what is written there is lost without an error.
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether who started the program had it ignore SIGPIPE. The runtime ignores it in any case.
static SIGPIPE_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Run by the C library before the runtime begins.
#[used]
// SAFETY: the section holds pointers to functions of this type, which are called once each, before `main`.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look_at_what_was_handed_down;

extern "C" fn look_at_what_was_handed_down() {
    // SAFETY: plain integers; nothing of the runtime is used.
    let closed = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) } < 0;
    STDOUT_WAS_CLOSED.store(closed, Ordering::Relaxed);
    SIGPIPE_WAS_IGNORED.store(super::ending::is_ignored(Signal::SIGPIPE), Ordering::Relaxed);
}

/// Has a write that nobody reads end the program by SIGPIPE, as it ends a C program, unless who started it had that signal
/// ignored: then the write fails. To be called while there is no other thread.
pub fn heed_broken_pipes() {
    if !SIGPIPE_WAS_IGNORED.load(Ordering::Relaxed) {
        // SAFETY: no handler is set.
        let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    }
}

/// Why standard output will take nothing; `None` when it seems to. A full disk shows only when it is written to.
pub fn stdout_fault() -> Option<&'static str> {
    if STDOUT_WAS_CLOSED.load(Ordering::Relaxed) {
        return Some("it is closed");
    }
    let out = std::io::stdout();
    let flags = fcntl(out.as_fd(), FcntlArg::F_GETFL).map(OFlag::from_bits_truncate);
    match flags {
        Err(_) => return Some("it is closed"),
        Ok(flags) if flags & OFlag::O_ACCMODE == OFlag::O_RDONLY => return Some("it is open for reading only"),
        Ok(_) => {}
    }
    let mut fds = [PollFd::new(out.as_fd(), PollFlags::POLLOUT)];
    let gone = poll(&mut fds, PollTimeout::ZERO).is_ok()
        && fds[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR));
    gone.then_some("nobody reads it any more")
}

/// Columns of the terminal that standard output is; `None` when it is none, 0 when it does not know (`man 2 TIOCGWINSZ`).
pub fn stdout_columns() -> Option<usize> {
    let mut size = std::mem::MaybeUninit::<libc::winsize>::zeroed();
    let out = std::io::stdout();
    if !out.is_terminal() {
        return None;
    }
    // SAFETY: `size` is a valid, writable winsize for the whole call; it is zero already where the call fails.
    let size = unsafe {
        libc::ioctl(out.as_fd().as_raw_fd(), libc::TIOCGWINSZ, size.as_mut_ptr());
        size.assume_init()
    };
    Some(size.ws_col.into())
}

/// A file to read data from, and its size where it is a regular file. Opening a FIFO waits for its writer.
pub fn open_input(path: &OsStr) -> Result<(File, Option<u64>)> {
    let fail = |error: &std::io::Error| Error::from_io(escape(path.as_bytes()), error);
    let file = File::open(path).map_err(|error| fail(&error))?;
    let metadata = file.metadata().map_err(|error| fail(&error))?;
    if metadata.is_dir() {
        return Err(Error::from_errno(escape(path.as_bytes()), Errno::EISDIR));
    }
    let size = metadata.is_file().then_some(metadata.len());
    Ok((file, size))
}

/// An open file to write to.
pub type Output = File;

/// A file to write to, made if need be; what it holds stays until something is written ([`empty`]).
pub fn open_output(path: &OsStr) -> Result<Output> {
    let opened = File::options().write(true).create(true).truncate(false).open(path);
    opened.map_err(|error| Error::from_io(escape(path.as_bytes()), &error))
}

/// Empties a file, if it is one that can be emptied.
pub fn empty(file: &Output) {
    // A terminal or a pipe has no length.
    let _ = file.set_len(0);
}
