//! Child processes that hold something, or sleep in a call, until the test is done with them.

use super::{eventually, isolated};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe2, read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A child; killed and reaped when dropped.
pub struct Child {
    pid: Pid,
}

impl Child {
    /// A child that has done `body` and then sleeps, holding what `body` returned. Of the test's descriptors it has those
    /// in `keep` only, beside the standard ones.
    pub fn new<T>(keep: &[&dyn AsFd], body: impl FnOnce() -> T) -> Self {
        Self::start(keep, |ready| {
            let _kept = body();
            ready.tell();
            loop {
                nix::unistd::pause();
            }
        })
    }

    /// A child whose first thread sleeps in one of these calls.
    pub fn sleeping_in<T>(calls: &[libc::c_long], keep: &[&dyn AsFd], body: impl FnOnce() -> T) -> Self {
        let child = Self::start(keep, |ready| {
            ready.tell();
            body();
        });
        child.wait_for_call(child.pid(), calls);
        child
    }

    /// Runs `body` to its end in a child, and fails if it does.
    pub fn run(keep: &[&dyn AsFd], body: impl FnOnce()) {
        let child = Self::start(keep, |ready| {
            ready.tell();
            body();
        });
        let pid = child.pid;
        assert_eq!(child.wait(), WaitStatus::Exited(pid, 0), "what it did failed");
    }

    /// Waits until a thread sleeps in one of these calls.
    pub fn wait_for_call(&self, thread: u32, calls: &[libc::c_long]) {
        eventually(&format!("thread {thread} sleeps in one of {calls:?}"), || {
            self.call(thread).is_some_and(|call| calls.contains(&call))
        });
    }

    /// The call that a thread sleeps in.
    pub fn call(&self, thread: u32) -> Option<libc::c_long> {
        let text = std::fs::read_to_string(format!("/proc/{}/task/{thread}/syscall", self.pid)).unwrap_or_default();
        text.split(' ').next()?.parse().ok()
    }

    /// All its threads.
    pub fn threads(&self) -> Vec<u32> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid)).unwrap();
        tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
    }

    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// Kills and reaps it.
    pub fn end(self) {
        drop(self);
    }

    /// Kills it and leaves it as a zombie until dropped.
    pub fn make_zombie(&self) {
        kill(self.pid, Signal::SIGKILL).unwrap();
        eventually("a killed child is a zombie", || self.state() == 'Z');
    }

    /// Stops it.
    pub fn stop(&self) {
        kill(self.pid, Signal::SIGSTOP).unwrap();
        eventually("a stopped child has stopped", || self.state() == 'T');
    }

    fn state(&self) -> char {
        state_of(self.pid())
    }

    /// Waits for its own end.
    pub fn wait(self) -> WaitStatus {
        let status = waitpid(self.pid, None).unwrap();
        std::mem::forget(self);
        status
    }

    /// Leaves it to itself; whoever is its parent reaps it.
    pub fn leave(self) {
        std::mem::forget(self);
    }

    /// Whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        let flags = nix::sys::wait::WaitPidFlag::WNOHANG | nix::sys::wait::WaitPidFlag::WNOWAIT;
        let id = nix::sys::wait::Id::Pid(self.pid);
        let ended = nix::sys::wait::waitid(id, flags | nix::sys::wait::WaitPidFlag::WEXITED).unwrap();
        ended == WaitStatus::StillAlive
    }

    /// Forks, and returns when the child says it is ready.
    pub fn start(keep: &[&dyn AsFd], body: impl FnOnce(Ready)) -> Self {
        assert!(isolated::is_inside(), "a child is made within `isolated`, where it cannot outlive the test");
        let (listen, tell) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        let mut kept: Vec<RawFd> = keep.iter().map(|fd| fd.as_fd().as_raw_fd()).collect();
        kept.push(tell.as_raw_fd());
        // SAFETY: inside, this process has one other thread, libtest's first, which sleeps until the test ends and so holds
        // no lock; the C library keeps its allocator usable in the child (`man 3 pthread_atfork`, malloc/arena.c). The
        // child leaves by `_exit` only and never returns into the test.
        match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => {
                let child = Self { pid: child };
                drop(tell);
                let told = is_told(&listen);
                assert!(told, "the child failed before it was ready");
                child
            }
            ForkResult::Child => {
                let done = catch_unwind(AssertUnwindSafe(|| {
                    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).unwrap();
                    close_all_but(&mut kept);
                    body(Ready(tell.as_raw_fd()));
                }));
                // SAFETY: ends the process at once; nothing of the test's is dropped or written twice.
                unsafe { libc::_exit(if done.is_ok() { 0 } else { 101 }) }
            }
        }
    }
}

/// The state letter of a process.
pub fn state_of(pid: u32) -> char {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap();
    // A comm may be any bytes.
    let end = stat.iter().rposition(|b| *b == b')').unwrap();
    char::from(stat[end + 2])
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

/// The child's way to say that it is ready.
pub struct Ready(RawFd);

impl Ready {
    pub fn tell(self) {
        // SAFETY: one byte of a constant into a descriptor that this process owns, and the end of that descriptor; the
        // `OwnedFd` it came from is never dropped in the child.
        let written = unsafe {
            let written = libc::write(self.0, [1u8].as_ptr().cast(), 1);
            libc::close(self.0);
            written
        };
        assert_eq!(written, 1);
    }
}

/// Whether the child wrote its byte, and then closed its end.
fn is_told(listen: &OwnedFd) -> bool {
    let mut byte = [0];
    let told = read(listen, &mut byte).unwrap() == 1;
    told && read(listen, &mut byte).unwrap() == 0
}

/// Closes all descriptors but the standard ones and these.
fn close_all_but(keep: &mut Vec<RawFd>) {
    keep.retain(|fd| *fd > 2);
    keep.sort_unstable();
    keep.dedup();
    let mut from: libc::c_long = 3;
    for fd in keep.iter().map(|fd| libc::c_long::from(*fd)) {
        close_range(from, fd - 1);
        from = fd + 1;
    }
    close_range(from, libc::c_long::from(u32::MAX));
}

fn close_range(first: libc::c_long, last: libc::c_long) {
    if first <= last {
        // SAFETY: only in a fresh child, which uses none of the descriptors that it closes.
        let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        assert_eq!(result, 0);
    }
}
