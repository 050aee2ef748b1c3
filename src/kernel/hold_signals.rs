//! Signals that a person or a shell sends to end a program, put off while it must not end (`man 3 pthread_sigmask`).

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};

/// SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP wait until this is dropped; what came meanwhile then takes its effect.
///
/// Of the calling thread: a signal to the process goes to any thread that does not block it. So it is of use where there is
/// no other thread, or where every other blocks them all the time, as under [`super::job_signals::JobSignals`]: there this
/// changes nothing, a signal waits as an event, and whoever takes that event has to let the thread that acts come to its end
/// before the process ends. What no mask holds back, SIGKILL and SIGSTOP, comes through in either case.
#[derive(Debug)]
pub struct Held {
    before: SigSet,
}

/// Puts them off.
pub fn hold() -> Held {
    let ending = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP];
    let mut before = SigSet::empty();
    // Fails only for an unknown `how`.
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ending.into_iter().collect()), Some(&mut before));
    Held { before }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}
