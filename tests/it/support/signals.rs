//! What a process does with signals, and which pid the next one gets.

use super::wait::eventually;
use nix::errno::Errno;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::time::{ClockId, clock_gettime};
use std::mem::MaybeUninit;

extern "C" fn nothing(_: libc::c_int) {}

/// This process has a handler, which does nothing.
pub fn catch(which: Signal) {
    // SAFETY: the handler touches nothing.
    unsafe { signal(which, SigHandler::Handler(nothing)) }.unwrap();
}

pub fn ignore(which: Signal) {
    // SAFETY: no handler is set.
    unsafe { signal(which, SigHandler::SigIgn) }.unwrap();
}

/// The calling thread blocks it.
pub fn block(which: Signal) {
    let mut set = SigSet::empty();
    set.add(which);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None).unwrap();
}

/// The calling thread does not block it any more.
pub fn unblock(which: Signal) {
    let mut set = SigSet::empty();
    set.add(which);
    set.thread_unblock().unwrap();
}

/// A set with one signal, by number.
fn set_of(number: i32) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` makes it a valid set, and `sigaddset` only changes it.
    unsafe {
        assert_eq!(libc::sigemptyset(set.as_mut_ptr()), 0);
        assert_eq!(libc::sigaddset(set.as_mut_ptr(), number), 0);
        set.assume_init()
    }
}

/// The calling thread blocks a signal by number, real-time ones too.
pub fn block_number(number: i32) {
    let set = set_of(number);
    // SAFETY: a valid set, and the old one is not wanted.
    let result = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

/// Queues a signal to this process, by number, with a value.
pub fn queue(number: i32) -> nix::Result<()> {
    let value = libc::sigval { sival_ptr: std::ptr::null_mut() };
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::sigqueue(libc::getpid(), number, value) }).map(drop)
}

/// Waits for a signal that is blocked, and takes it: its origin (`si_code`) and value.
pub fn take(number: i32) -> (i32, i32) {
    let set = set_of(number);
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: a valid set, and a siginfo_t to write to.
    let taken = unsafe { libc::sigwaitinfo(&raw const set, info.as_mut_ptr()) };
    assert_eq!(Errno::result(taken).unwrap(), number);
    // SAFETY: filled by the successful call.
    let info = unsafe { info.assume_init() };
    // SAFETY: the kernel fills the value of a queued signal; of others it is zero here.
    (info.si_code, unsafe { info.si_value() }.sival_ptr.addr() as i32)
}

/// The real-time signal `SIGRTMIN + n`.
pub fn realtime(n: i32) -> i32 {
    libc::SIGRTMIN() + n
}

/// Sleeps uninterruptibly (D) while a child of this process, made as `vfork` makes it but with memory of its own, sleeps.
pub fn sleep_in_vfork() {
    // SAFETY: as a plain fork; the child makes system calls only, and never returns.
    unsafe {
        let flags = libc::CLONE_VFORK | libc::SIGCHLD;
        if libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            loop {
                libc::pause();
            }
        }
    }
}

/// Makes the next process of this PID namespace get this pid, if it is free.
pub fn next_pid(pid: u32) {
    std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
}

/// Waits until a process that starts now is told from one that started then, in clock ticks.
pub fn tick_after(start: u64) {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).unwrap().unwrap().unsigned_abs();
    eventually("the clock ticks", || {
        let now = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap();
        let nanos = now.tv_sec().unsigned_abs() * 1_000_000_000 + now.tv_nsec().unsigned_abs();
        nanos / (1_000_000_000 / ticks) > start
    });
}

/// Ends the calling thread, and no other.
pub fn end_thread() -> ! {
    loop {
        // SAFETY: nothing of this thread is used afterwards; the process ends by a signal.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}
