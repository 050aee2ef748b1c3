//! The signals that end, stop and continue a program of the terminal, as events (`man 2 signalfd`, `man 7 signal`), for one
//! that has to put the terminal in order first.
//!
//! They are blocked before any other thread starts, so that all threads inherit that, and whichever thread reads gets them.

use super::ending::{self, Ending, is_ignored};
use super::{Result, ready};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::SignalFd;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSignal {
    /// Ctrl-C from outside (in raw mode the key is an ordinary one), `kill`, a closed terminal: end in good order. SIGQUIT
    /// counts as SIGTERM: there is no core dump.
    End(Ending),
    /// `SIGTSTP`, from outside likewise: stop, as [`super::suspend::stop_self`] does.
    Stop,
    /// `SIGCONT`: it was stopped and goes on, or was not stopped at all. The terminal may have been another program's
    /// meanwhile. Comes also after [`super::suspend::stop_self`], which returns then.
    Continue,
    /// `SIGWINCH`: the terminal has another size.
    Resize,
}

/// The signals, held back until this is dropped.
#[derive(Debug)]
pub struct JobSignals {
    fd: SignalFd,
    before: SigSet,
}

impl JobSignals {
    /// Holds back SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT and SIGWINCH, but those that whoever started the program has it
    /// ignore. Of the calling thread and those that it starts from here on; so to be called while there is no
    /// other: one that does not block a signal gets it, and ends or stops the program.
    pub fn take() -> Result<Self> {
        let ends = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP];
        let wanted = ends.into_iter().filter(|signal| !is_ignored(*signal));
        let (fd, before) = ending::hold(wanted.chain([Signal::SIGCONT, Signal::SIGWINCH]))?;
        Ok(Self { fd, before })
    }

    /// The next that came; does not wait.
    pub fn came(&self) -> Option<JobSignal> {
        Some(match ending::next(&self.fd)? {
            Signal::SIGINT => JobSignal::End(Ending::Interrupt),
            Signal::SIGHUP => JobSignal::End(Ending::HangUp),
            Signal::SIGTSTP => JobSignal::Stop,
            Signal::SIGCONT => JobSignal::Continue,
            Signal::SIGWINCH => JobSignal::Resize,
            _ => JobSignal::End(Ending::Terminate),
        })
    }

    /// Waits for the next, without end if there is no time limit; `None` when the time is over.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Option<JobSignal>> {
        loop {
            match ready::wait(self.fd.as_fd(), false, timeout) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(super::Error::from_errno("signals", errno)),
            }
            // Another thread may have been quicker.
            if let Some(signal) = self.came() {
                return Ok(Some(signal));
            }
        }
    }
}

impl JobSignals {
    /// Waits for the next signal as long as this terminal is there; `None` when it is gone (`POLLHUP`, `man 2 poll`), which
    /// no signal tells to who ignores SIGHUP or is not in the session's first process group.
    pub fn wait_on(&self, terminal: BorrowedFd<'_>) -> Result<Option<JobSignal>> {
        loop {
            let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN), PollFd::new(terminal, PollFlags::empty())];
            match poll(&mut fds, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                waited => waited.map_err(|errno| super::Error::from_errno("signals", errno))?,
            };
            // Another thread may have been quicker.
            if let Some(signal) = self.came() {
                return Ok(Some(signal));
            }
            if fds[1].any().unwrap_or(true) {
                return Ok(None);
            }
        }
    }
}

/// Readable when a signal came: for whoever waits for other things as well.
impl AsFd for JobSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for JobSignals {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
