//! Being another user.

use super::Child;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use std::os::fd::AsFd;

/// An ordinary user without privilege.
pub const NOBODY: u32 = 65534;

/// Runs `body` in a child as another user, and fails if it does.
pub fn as_user(uid: u32, keep: &[&dyn AsFd], body: impl FnOnce()) {
    Child::run(keep, || {
        become_user(uid);
        body();
    });
}

/// A child of another user that has done `body` and sleeps.
pub fn child_of<T>(uid: u32, keep: &[&dyn AsFd], body: impl FnOnce() -> T) -> Child {
    Child::new(keep, || {
        become_user(uid);
        body()
    })
}

/// Makes this process the user's, for good, as if the user had started it.
pub fn become_user(uid: u32) {
    setgroups(&[]).unwrap();
    let (user, group) = (Uid::from_raw(uid), Gid::from_raw(uid));
    setresgid(group, group, group).unwrap();
    setresuid(user, user, user).unwrap();
    // The kernel clears both for a process that changes its user; a program that the user starts has them.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).unwrap();
    nix::sys::prctl::set_dumpable(true).unwrap();
}
