//! Time limits for calls that have none: `msgsnd`, `msgrcv`, the `open` of a FIFO, writing, connecting.
//!
//! The call sleeps in the kernel, in its place among others that wait, and a timer's signal to this very thread ends it
//! with `EINTR` (`man 2 timer_create`, `SIGEV_THREAD_ID`; `man 7 signal`). Asking again and again instead would take the
//! processor's time and let everybody else in first.

use super::{Error, Result};
use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigEvent, SigHandler, SigSet, Signal, sigaction};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// How long calls may sleep, all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// So long, less what calls have slept already.
    Left(Duration),
    /// Until a signal ends the program.
    Endless,
}

/// How often the signal is sent again: the first may come before the thread sleeps.
const AGAIN: Duration = Duration::from_millis(20);

impl Patience {
    /// Whether calls may sleep.
    pub const fn waits(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Makes a call that may sleep, and that says `EINTR` when a signal comes; `None` when the time is over before it has
    /// an answer. With [`Patience::None`] the call is expected not to sleep, and is made once.
    pub fn call<T>(&mut self, mut call: impl FnMut() -> Result<T>) -> Result<Option<T>> {
        let started = Instant::now();
        let limit = match *self {
            Self::Left(left) => Some(left),
            Self::None | Self::Endless => None,
        };
        let alarm = limit.map(alarm).transpose().map_err(|errno| Error::from_errno("timer_create", errno))?;
        loop {
            match call() {
                // Another signal, or having been stopped, is no reason to give up.
                Err(Error::Os { errno: Errno::EINTR, .. }) => {}
                answer => {
                    drop(alarm);
                    if let Some(limit) = limit {
                        *self = Self::Left(limit.saturating_sub(started.elapsed()));
                    }
                    return answer.map(Some);
                }
            }
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                *self = Self::Left(Duration::ZERO);
                return Ok(None);
            }
        }
    }
}

/// A timer that sends this thread `SIGALRM` when the time is over, and again until it is dropped.
///
/// The handler does nothing and stays: a signal that is already on its way when the timer goes would otherwise end the
/// program.
fn alarm(limit: Duration) -> nix::Result<Timer> {
    let action = SigAction::new(SigHandler::Handler(awake), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler only returns, which may be done at any time.
    unsafe { sigaction(Signal::SIGALRM, &action)? };
    // Whoever started the program may have blocked it.
    SigSet::from(Signal::SIGALRM).thread_unblock()?;
    let thread_id = nix::unistd::gettid().as_raw();
    let mut event = MaybeUninit::<libc::sigevent>::zeroed();
    // SAFETY: integers and an address that the kernel only hands back, for all of which zero is a value.
    let event = unsafe { event.assume_init_mut() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = Signal::SIGALRM as libc::c_int;
    event.sigev_notify_thread_id = thread_id;
    let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::from(&*event))?;
    // Zero would mean never.
    let first = limit.max(Duration::from_micros(1));
    let expiration = Expiration::IntervalDelayed(first.into(), AGAIN.into());
    timer.set(expiration, TimerSetTimeFlags::empty())?;
    Ok(timer)
}

extern "C" fn awake(_: libc::c_int) {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Read;

    fn read_of_nothing(pipe: &mut std::io::PipeReader) -> Result<usize> {
        pipe.read(&mut [0]).map_err(|error| Error::from_io("pipe", &error))
    }

    #[test]
    fn a_sleeping_call_ends_when_the_time_is_over() {
        let (mut read, write) = std::io::pipe().unwrap();
        for limit in [Duration::ZERO, Duration::from_millis(30)] {
            let mut patience = Patience::Left(limit);
            let started = Instant::now();
            assert_eq!(patience.call(|| read_of_nothing(&mut read)), Ok(None));
            assert!(started.elapsed() >= limit && patience == Patience::Left(Duration::ZERO));
        }
        drop(write);
    }

    #[test]
    fn an_answer_in_time_is_the_answer() {
        let (mut read, write) = std::io::pipe().unwrap();
        drop(write);
        let mut patience = Patience::Left(Duration::from_secs(100));
        assert_eq!(patience.call(|| read_of_nothing(&mut read)), Ok(Some(0)));
        assert!(matches!(patience, Patience::Left(left) if left <= Duration::from_secs(100) && !left.is_zero()));
        let full = || Err::<(), _>(Error::from_errno("x", Errno::EAGAIN));
        assert_eq!(Patience::None.call(full), full().map(Some));
    }

    #[test]
    fn another_signal_is_no_answer() {
        let mut calls = 0;
        let answer = Patience::Endless.call(|| {
            calls += 1;
            if calls < 3 { Err(Error::from_errno("x", Errno::EINTR)) } else { Ok(calls) }
        });
        assert_eq!(answer, Ok(Some(3)));
    }
}
