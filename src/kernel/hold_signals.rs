//! Signals that a person or a shell sends to end a program, put off while it must not end (`man 3 pthread_sigmask`).

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};

/// SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP wait until this is dropped; what came meanwhile then takes its effect. Of the
/// calling thread, and so only of use while there is no other.
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
