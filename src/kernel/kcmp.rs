//! Whether two tasks share their memory or their table of descriptors (`man 2 kcmp`), which /proc does not tell.

use super::{Error, Result};
use nix::errno::Errno;

/// What two tasks may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Their memory, as threads do, and processes made with `CLONE_VM`.
    Memory,
    /// Their table of descriptors, as threads do unless they have called `unshare(CLONE_FILES)`.
    Descriptors,
}

/// Whether two tasks share it. Needs ptrace read access to both. Errors: [`Error::NotFound`] when one is gone,
/// [`Error::Permission`], and others where the kernel lacks the call (`CONFIG_KCMP`).
pub fn shared(one: u32, other: u32, what: What) -> Result<bool> {
    // `enum kcmp_type`, linux/kcmp.h.
    let kind: libc::c_long = match what {
        What::Memory => 1,
        What::Descriptors => 2,
    };
    let [one, other] = [one, other].map(libc::c_long::from);
    // SAFETY: numbers only.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, one, other, kind, 0, 0) };
    let order = Errno::result(order).map_err(|errno| Error::from_errno(format!("pid {one} and pid {other}"), errno))?;
    Ok(order == 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn of_threads() {
        let main = std::process::id();
        let other = std::thread::spawn(move || {
            let me = nix::unistd::gettid().as_raw().unsigned_abs();
            let before = shared(main, me, What::Descriptors);
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_FILES).unwrap();
            (before, shared(main, me, What::Descriptors), shared(main, me, What::Memory))
        });
        // A sandbox may forbid the call, or the kernel lack it.
        if let (Ok(before), Ok(after), Ok(memory)) = other.join().unwrap() {
            assert_eq!((before, after, memory), (true, false, true));
        }
    }
}
