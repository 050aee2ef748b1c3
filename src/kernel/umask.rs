//! The umask, and making files with exactly the mode asked for whatever it is (`man 2 umask`).

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};

/// The process's umask: the permission bits that new files do not get. It can only be asked for by setting it, so this is to
/// be called while there is no other thread.
pub fn own() -> u16 {
    let own = umask(Mode::empty());
    umask(own);
    (own.bits() & 0o777) as u16
}

/// Runs `make` in a thread that has a umask of its own, 0. So the mode is right from the first moment, and no other
/// thread's files are made with it. Where the thread may not have its own (containers forbid `unshare`), the process's
/// is 0 for that long.
pub(super) fn without<T: Send>(make: impl FnOnce() -> nix::Result<T> + Send) -> nix::Result<T> {
    let run = || {
        let own = unshare(CloneFlags::CLONE_FS).is_ok();
        let before = umask(Mode::empty());
        let result = make();
        if !own {
            umask(before);
        }
        result
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or(Err(Errno::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_umask_of_others_stays() {
        let own = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            status.lines().find(|line| line.starts_with("Umask:")).map(str::to_owned)
        };
        let before = own();
        assert_eq!(without(|| Ok(umask(Mode::empty()))), Ok(Mode::empty()));
        assert_eq!(own(), before);
    }
}
