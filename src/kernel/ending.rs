//! Signals that end a program, taken as events instead (`man 2 signalfd`), so that a program which holds something can
//! tidy up: Ctrl-C, `kill`, a closed terminal.

use super::{Error, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Which signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
    /// `SIGHUP`: the terminal is gone.
    HangUp,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woke {
    /// The descriptor is ready, or its other end gone.
    Ready,
    /// The time is over.
    TimedOut,
    /// A signal asks to end.
    Ending(Ending),
}

/// What a wait looks at beside the signals.
#[derive(Debug, Clone, Copy)]
pub enum For<'a> {
    /// Nothing: only the time.
    Nothing,
    /// That it can be read from.
    Reading(BorrowedFd<'a>),
    /// That it can be written to.
    Writing(BorrowedFd<'a>),
}

/// The signals, held back from the calling thread until this is dropped.
#[derive(Debug)]
pub struct Endings {
    fd: SignalFd,
    before: SigSet,
}

const ENDINGS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

impl Endings {
    /// Holds the three signals back, or two where SIGHUP is ignored; what came before they are asked for is kept.
    pub fn take() -> Result<Self> {
        // `nohup` asks to outlive the terminal. That a shell ignores SIGINT for what it runs in the background is no such
        // wish: left behind, an end would keep a FIFO's other users waiting.
        Self::hold(ENDINGS.into_iter().filter(|signal| *signal != Signal::SIGHUP || !is_ignored(*signal)))
    }

    /// Holds those of the three back that would end the program: whoever started it may have it ignore some.
    pub fn take_unless_ignored() -> Result<Self> {
        Self::hold(ENDINGS.into_iter().filter(|signal| !is_ignored(*signal)))
    }

    fn hold(signals: impl Iterator<Item = Signal>) -> Result<Self> {
        let (fd, before) = hold(signals)?;
        Ok(Self { fd, before })
    }

    /// Waits for one of the signals, for a descriptor, or until the time is over; `None` waits without end.
    pub fn wait(&self, wanted: For<'_>, timeout: Option<Duration>) -> Result<Woke> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            // Rounded up, so that a wait never ends early; poll takes at most 24 days at a time.
            let milliseconds = left.map(|left| left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32);
            let limit =
                milliseconds.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX));
            let mut fds = vec![PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match wanted {
                For::Nothing => {}
                For::Reading(fd) => fds.push(PollFd::new(fd, PollFlags::POLLIN)),
                For::Writing(fd) => fds.push(PollFd::new(fd, PollFlags::POLLOUT)),
            }
            match poll(&mut fds, limit) {
                Ok(0) if left.is_some_and(|left| left.is_zero()) => return Ok(Woke::TimedOut),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    if let Some(ending) = self.came() {
                        return Ok(Woke::Ending(ending));
                    }
                    if fds.get(1).is_some_and(|fd| fd.any().unwrap_or(true)) {
                        return Ok(Woke::Ready);
                    }
                }
                Err(errno) => return Err(Error::from_errno("poll", errno)),
            }
        }
    }

    /// The signal that came, if one did; does not wait.
    pub fn came(&self) -> Option<Ending> {
        Some(match next(&self.fd)? {
            Signal::SIGINT => Ending::Interrupt,
            Signal::SIGHUP => Ending::HangUp,
            _ => Ending::Terminate,
        })
    }
}

/// Blocks signals for the calling thread, and opens a descriptor that tells which came. Also the mask as it was.
pub(super) fn hold(signals: impl Iterator<Item = Signal>) -> Result<(SignalFd, SigSet)> {
    let fail = |errno| Error::from_errno("signals", errno);
    let set: SigSet = signals.collect();
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before)).map_err(fail)?;
    let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(fail)?;
    Ok((fd, before))
}

/// The next signal that came; does not wait.
pub(super) fn next(fd: &SignalFd) -> Option<Signal> {
    let info = fd.read_signal().ok().flatten()?;
    Signal::try_from(info.ssi_signo.cast_signed()).ok()
}

/// Whether the program was told to ignore a signal.
pub(super) fn is_ignored(signal: Signal) -> bool {
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks for a disposition and sets none; `now` is valid for writes of the whole struct.
    let asked = unsafe { libc::sigaction(signal as libc::c_int, std::ptr::null(), now.as_mut_ptr()) };
    // SAFETY: integers, zeroed above, and filled by a successful call.
    asked == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}

impl Drop for Endings {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
