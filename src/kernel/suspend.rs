//! Stopping oneself as Ctrl-Z does (`man 7 signal`, `SIGTSTP`), for a program that reads that key itself.
//!
//! `SIGTSTP` and not `SIGSTOP`: in an orphaned process group, where nobody could let it go on (a terminal that runs the program
//! directly), the kernel ignores the former, and the program simply carries on.

use super::ending::is_ignored;
use super::{Error, Result};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, raise, sigaction, sigprocmask};

/// Stops this process, all its threads, and returns when it was continued; at once where it was started with SIGTSTP ignored
/// and where the kernel does not stop it. Mask and
/// disposition of `SIGTSTP` are as they were afterwards. Other threads may go on blocking it. The terminal has to be in order
/// before, and to be taken again after.
///
/// Only this process stops, not the others of its job: a shell that waits for it sees that, and a `sudo` stops with it.
pub fn stop_self() -> Result<()> {
    // Whoever started the program so cannot let it go on again.
    if is_ignored(Signal::SIGTSTP) {
        return Ok(());
    }
    let fail = |errno| Error::from_errno("SIGTSTP", errno);
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    let only = SigSet::from(Signal::SIGTSTP);
    // SAFETY: no handler is set.
    let action = unsafe { sigaction(Signal::SIGTSTP, &default) }.map_err(fail)?;
    let mut mask = SigSet::empty();
    let stopped = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&only), Some(&mut mask)).and_then(|()| {
        // To this very thread, so that no other that reads signals as events takes it away.
        let raised = raise(Signal::SIGTSTP);
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None).and(raised)
    });
    // SAFETY: the disposition that was there before.
    let restored = unsafe { sigaction(Signal::SIGTSTP, &action) };
    stopped.and(restored.map(drop)).map_err(fail)
}
