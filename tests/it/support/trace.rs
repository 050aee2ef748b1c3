//! A process that is stopped at each of its system calls: to kill it at one of them, or to count them (`man 2 ptrace`).

use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// `PTRACE_SYSCALL_INFO_ENTRY` (`linux/ptrace.h`).
const ENTRY: u8 = 1;

/// Runs a command and kills it with SIGKILL at its `stop`-th entry to or exit from a system call, counted from the first
/// call that makes a file or directory. `None`: it ended before that. Otherwise the call's number and whether it was its
/// entry. Calls of threads other than the first are not counted.
pub fn killed_at(command: &mut Command, stop: usize) -> Option<(u64, bool)> {
    let pid = traced(command);
    let (mut begun, mut stops, mut last) = (false, 0, 0);
    let mut signal = None;
    loop {
        ptrace::syscall(pid, signal.take()).unwrap();
        match waitpid(pid, None).unwrap() {
            WaitStatus::PtraceSyscall(_) => {
                let (number, entry, makes) = call(pid);
                begun |= makes;
                last = if entry { number } else { last };
                if !begun {
                    continue;
                }
                if stops == stop {
                    kill(pid, Signal::SIGKILL).unwrap();
                    assert_eq!(waitpid(pid, None).unwrap(), WaitStatus::Signaled(pid, Signal::SIGKILL, false));
                    return Some((last, entry));
                }
                stops += 1;
            }
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::Exited(..) => return None,
            other => panic!("{other:?}"),
        }
    }
}

/// Runs a command to its end and tells how many system calls its first thread made.
pub fn calls(command: &mut Command) -> usize {
    let pid = traced(command);
    let mut stops: usize = 0;
    let mut signal = None;
    loop {
        ptrace::syscall(pid, signal.take()).unwrap();
        match waitpid(pid, None).unwrap() {
            WaitStatus::PtraceSyscall(_) => stops += 1,
            WaitStatus::Stopped(_, other) => signal = Some(other),
            // Of its last call there is no return.
            WaitStatus::Exited(..) => return stops.div_ceil(2),
            other => panic!("{other:?}"),
        }
    }
}

/// Starts a command, stopped before its first call.
fn traced(command: &mut Command) -> Pid {
    // SAFETY: one system call, which neither allocates nor takes a lock.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
    #[allow(clippy::zombie_processes, reason = "it is waited for below, by its id")]
    let child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().cast_signed());
    assert_eq!(waitpid(pid, None).unwrap(), WaitStatus::Stopped(pid, Signal::SIGTRAP), "stops at exec");
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(pid, options).unwrap();
    pid
}

/// The call's number at its entry, whether this is the entry, and whether the call makes a file or directory.
fn call(pid: Pid) -> (u64, bool, bool) {
    let info = ptrace::syscall_info(pid).unwrap();
    if info.op != ENTRY {
        return (0, false, false);
    }
    // SAFETY: `op` says that the kernel filled this part.
    let entry = unsafe { info.u.entry };
    let create = u64::from(libc::O_CREAT.unsigned_abs());
    let number = entry.nr.cast_signed();
    let makes = number == libc::SYS_mkdirat || (number == libc::SYS_openat && entry.args[2] & create != 0);
    (entry.nr, true, makes)
}
