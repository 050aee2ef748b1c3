//! `pidfd_open(2)`, `pidfd_send_signal(2)`, `pidfd_getfd(2)`: a hold on one process that no reuse of its pid can turn on
//! another (Linux 5.3, and 5.6 for descriptors).

use super::{Error, Result, ready};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// A process, whoever gets its pid later.
#[derive(Debug)]
pub struct Pidfd {
    fd: OwnedFd,
    pid: u32,
}

impl Pidfd {
    /// Opens the process that has this pid now. Whether it is the one that is meant has to be compared afterwards (start
    /// time): from then on it cannot change. Needs no privilege. Errors: [`Error::NotFound`].
    pub fn open(pid: u32) -> Result<Self> {
        // SAFETY: plain integers; no memory is passed.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
        // EINVAL is for a thread that is no process.
        let fd = Errno::result(fd).map_err(|errno| match errno {
            Errno::EINVAL => Error::NotFound { what: name(pid) },
            errno => Error::from_errno(name(pid), errno),
        })?;
        // SAFETY: the call just returned this descriptor; nothing else owns it.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) }, pid })
    }

    /// A copy of one of its descriptors. It is the same open file: status flags and position are shared, and while it is
    /// held the file stays open, so that an end of a pipe closed meanwhile is not seen to close. Hold it briefly.
    ///
    /// Needs ptrace attach access: the same user without Yama, or `CAP_SYS_PTRACE`. A socket's cgroup-v1 `net_cls` and
    /// `net_prio` tags are rewritten to the caller's (`__scm_install_fd`). Errors: `EBADF` for a number that is not open.
    pub fn descriptor(&self, fd: u32) -> Result<OwnedFd> {
        let what = || format!("pid:{} fd {fd}", self.pid);
        // SAFETY: plain integers; no memory is passed.
        let copy = unsafe { libc::syscall(libc::SYS_pidfd_getfd, self.fd.as_raw_fd(), fd, 0) };
        let copy = Errno::result(copy).map_err(|errno| match errno {
            Errno::EBADF => Error::Gone { what: what() },
            errno => Error::from_errno(what(), errno),
        })?;
        // SAFETY: the call just returned this descriptor; nothing else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(copy as libc::c_int) })
    }

    /// Sends a signal by number, 0 to only ask whether it could be sent. With `value` as `sigqueue(3)` does: the receiver
    /// finds it in `si_value`, and a real-time signal is queued. Needs the same real or effective user, or `CAP_KILL`.
    /// Errors: [`Error::NotFound`] when it has ended, `EAGAIN` at the limit of queued signals.
    pub fn signal(&self, signal: i32, value: Option<i32>) -> Result<()> {
        let mut info = value.map(|value| QueuedInfo::new(signal, value));
        let info = info.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
        // SAFETY: `info` is null or a whole siginfo_t that lives until the call returns; the kernel only reads it.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.fd.as_raw_fd(), signal, info, 0) };
        Errno::result(result).map(drop).map_err(|errno| Error::from_errno(name(self.pid), errno))
    }

    /// Waits until the process has ended, all its threads with it; false when the time is over first. Whether its parent
    /// has reaped it does not matter. Needs no privilege.
    pub fn wait(&self, timeout: Duration) -> Result<bool> {
        let start = Instant::now();
        loop {
            match ready::wait(self.fd.as_fd(), false, Some(timeout.saturating_sub(start.elapsed()))) {
                // A stop and a CONT of ipcx itself are no reason to give up.
                Err(Errno::EINTR) => {}
                ended => return ended.map_err(|errno| Error::from_errno(name(self.pid), errno)),
            }
        }
    }
}

/// `siginfo_t` of a queued signal, as the kernel lays it out (`asm-generic/siginfo.h`): three integers, on 64-bit four
/// bytes of padding, then pid, uid and the value; 128 bytes in all.
#[repr(C, align(8))]
struct QueuedInfo {
    signal: libc::c_int,
    errno: libc::c_int,
    code: libc::c_int,
    #[cfg(target_pointer_width = "64")]
    padding: libc::c_int,
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: libc::c_int,
    rest: [libc::c_int; 25],
}

impl QueuedInfo {
    fn new(signal: i32, value: i32) -> Self {
        Self {
            signal,
            errno: 0,
            code: libc::SI_QUEUE,
            #[cfg(target_pointer_width = "64")]
            padding: 0,
            pid: std::process::id() as libc::pid_t,
            uid: nix::unistd::getuid().as_raw(),
            value,
            rest: [0; 25],
        }
    }
}

const _: () = assert!(size_of::<QueuedInfo>() >= size_of::<libc::siginfo_t>());

fn name(pid: u32) -> String {
    format!("pid:{pid}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn this_process() {
        let me = Pidfd::open(std::process::id()).unwrap();
        me.signal(0, None).unwrap();
        let standard_error = me.descriptor(2);
        assert!(standard_error.is_ok_and(|fd| fd.as_raw_fd() > 2));
        assert!(matches!(me.descriptor(1_000_000), Err(Error::Gone { .. })));
        assert!(Pidfd::open(4_194_304).unwrap_err().is_absent());
        assert!(Pidfd::open(u32::MAX).is_err());
        assert!(!me.wait(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_child_that_ends() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let held = Pidfd::open(child.id()).unwrap();
        assert!(!held.wait(Duration::ZERO).unwrap());
        held.signal(libc::SIGTERM, Some(7)).unwrap();
        assert!(held.wait(Duration::from_secs(60)).unwrap(), "it has ended");
        held.signal(0, None).unwrap();
        child.wait().unwrap();
        assert!(
            held.signal(libc::SIGTERM, None).unwrap_err().is_absent(),
            "reaped: nobody is there, whoever has its pid"
        );
        assert!(held.wait(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_thread_is_no_process() {
        let thread = std::thread::spawn(|| {
            let tid = nix::unistd::gettid().as_raw() as u32;
            Pidfd::open(tid).map(drop)
        });
        assert!(thread.join().unwrap().unwrap_err().is_absent());
    }

    #[test]
    fn signals_that_there_are_not() {
        let me = Pidfd::open(std::process::id()).unwrap();
        assert!(matches!(me.signal(65, None), Err(Error::Os { errno: Errno::EINVAL, .. })));
        assert!(matches!(me.signal(-1, Some(1)), Err(Error::Os { errno: Errno::EINVAL, .. })));
    }
}
