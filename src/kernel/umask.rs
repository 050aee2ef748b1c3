//! Making files with exactly the mode asked for, whatever the umask (`man 2 umask`).

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};

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
