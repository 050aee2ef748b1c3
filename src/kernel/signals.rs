//! What a process does with signals: the masks in `/proc/PID/status` and `/proc/PID/task/*/status` (`man 5
//! proc_pid_status`), and which signals a thread waits for (`man 2 sigwaitinfo`).
//!
//! A signal to a process is blocked only if every thread blocks it. A thread in `sigwaitinfo` shows the signals that it
//! waits for as not blocked, while the kernel treats them as blocked (`real_blocked`, kernel/signal.c): they are read from
//! the call's argument.

use super::dirents::Dirents;
use super::text::{Numbers, decimal};
use super::{Error, Result, file, memory, process, syscall};
use crate::model::{Init, Receiver, SignalSet, Signals};
use std::os::fd::AsFd;

// `model::signal` knows the numbers of most machines. Not of MIPS, SPARC, Alpha and PA-RISC.
const _: () = assert!(libc::SIGUSR1 == 10 && libc::SIGCHLD == 17 && libc::SIGSTOP == 19 && libc::SIGSYS == 31);

/// One task's `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskStatus {
    /// State letter.
    pub state: char,
    /// The process that it is a thread of (`Tgid`).
    pub leader: u32,
    /// Who traces it.
    pub tracer: Option<u32>,
    /// Whether it is the first process of a PID namespace (`NSpid`).
    pub init: Init,
    /// `SigBlk`.
    pub blocked: SignalSet,
    /// `SigIgn`, of the whole process.
    pub ignored: SignalSet,
    /// `SigCgt`, of the whole process.
    pub caught: SignalSet,
    /// `ShdPnd`: sent to the whole process. A signal to one thread (`SigPnd`) does not keep another from being queued.
    pub pending: SignalSet,
}

/// All signals of this machine, with the real-time signals that the C library leaves to programs.
pub fn known() -> Signals {
    Signals::new(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

/// The process that a thread or process belongs to. Needs no privilege, unless `hidepid` is in force. Errors:
/// [`Error::NotFound`].
pub fn read_leader(proc: impl AsFd, tid: u32, buffer: &mut Vec<u8>) -> Result<u32> {
    read_status(proc, &tid.to_string(), buffer).map(|status| status.leader)
}

/// Reads all that decides what a process does with a signal. Needs no privilege; only which signals its threads wait for
/// is told to nobody but who may trace it. Errors: [`Error::NotFound`].
pub fn read_receiver(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<Receiver> {
    let whole = read_status(&proc, &pid.to_string(), buffer)?;
    let mut blocked: Option<u64> = None;
    let (mut awaited, mut unseen) = (0, false);
    for tid in process::read_threads(&proc, pid, &mut Dirents::default())? {
        let task = format!("{pid}/task/{tid}");
        // A thread that ends meanwhile takes no signal any more.
        let Ok(status) = read_status(&proc, &task, buffer) else { continue };
        if matches!(status.state, 'Z' | 'X' | 'x') {
            continue;
        }
        let mut waits = 0;
        if status.state == 'S' {
            match read_awaited(&proc, pid, &task, buffer) {
                Ok(set) => waits = set,
                Err(error) => unseen |= error.is_permission() && may_await(&proc, &task, buffer),
            }
        }
        awaited |= waits;
        blocked = Some(blocked.unwrap_or(u64::MAX) & (status.blocked.0 | waits));
    }
    Ok(Receiver {
        state: whole.state,
        blocked: SignalSet(blocked.unwrap_or(whole.blocked.0)),
        awaited: SignalSet(awaited),
        unseen,
        ignored: whole.ignored,
        caught: whole.caught,
        pending: whole.pending,
        tracer: whole.tracer,
        init: whole.init,
    })
}

/// The set of signals that a task sleeps for; none when it sleeps in another call. Needs ptrace attach access, which Yama
/// may keep even from the same user.
fn read_awaited(proc: impl AsFd, pid: u32, task: &str, buffer: &mut Vec<u8>) -> Result<u64> {
    file::read_at(proc, &format!("{task}/syscall"), buffer)?;
    let Some(call) = syscall::parse(buffer) else { return Ok(0) };
    // Below 4 GiB it is a 32-bit program's stack, and the number means another call.
    let own = cfg!(target_pointer_width = "64") && u32::try_from(call.stack).is_err();
    let sleeps = own && call.number == libc::SYS_rt_sigtimedwait as u64;
    if sleeps { memory::read_word(pid, call.arguments[0]) } else { Ok(0) }
}

/// Whether a task may sleep for a signal, by the kernel function that it sleeps in; `0` stands for one that is not told.
/// Needs ptrace read access only.
fn may_await(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> bool {
    let told = file::read_at(proc, &format!("{task}/wchan"), buffer);
    told.is_err() || &**buffer == b"0" || buffer.starts_with(b"do_sigtimedwait")
}

fn read_status(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> Result<TaskStatus> {
    let path = format!("{task}/status");
    file::read_at(proc, &path, buffer)?;
    parse_status(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its lines".into() })
}

/// Parses `/proc/PID/status`. The kernel escapes newlines in `Name:`, so that no comm can forge a line.
pub fn parse_status(status: &[u8]) -> Option<TaskStatus> {
    let value = |name: &[u8]| {
        let mut lines = status.split(|b| *b == b'\n');
        lines.find_map(|line| line.strip_prefix(name)).map(<[u8]>::trim_ascii)
    };
    let set = |name| Numbers::new(value(name)?).hex().map(SignalSet);
    let number = |name| u32::try_from(decimal(value(name)?)?).ok();
    Some(TaskStatus {
        state: char::from(*value(b"State:")?.first()?),
        leader: number(b"Tgid:")?,
        tracer: number(b"TracerPid:").filter(|pid| *pid != 0),
        init: value(b"NSpid:").map_or(Init::No, init),
        blocked: set(b"SigBlk:")?,
        ignored: set(b"SigIgn:")?,
        caught: set(b"SigCgt:")?,
        pending: set(b"ShdPnd:")?,
    })
}

/// From its numbers in the reader's PID namespace and in each one below.
fn init(numbers: &[u8]) -> Init {
    let numbers: Vec<&[u8]> = numbers.split(u8::is_ascii_whitespace).filter(|one| !one.is_empty()).collect();
    match numbers[..] {
        [b"1"] => Init::Own,
        [_, .., b"1"] => Init::Inner,
        _ => Init::No,
    }
}

/// Whether a process is in the caller's session, where it may be sent `SIGCONT` whoever it belongs to.
pub fn is_in_own_session(pid: u32) -> bool {
    let session = |pid| nix::unistd::getsid(pid).ok();
    let theirs = session(Some(nix::unistd::Pid::from_raw(pid as i32)));
    theirs.is_some() && theirs == session(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATUS: &str = "Name:\tSigBlk:\\nx\nState:\tS (sleeping)\nTgid:\t812\nPid:\t813\nTracerPid:\t9\nNSpid:\t812\t1\n\
        SigPnd:\t0000000000000001\nShdPnd:\t0000000000000200\nSigBlk:\t0000000000004000\nSigIgn:\t8000000000001000\n\
        SigCgt:\t0000000000000002\n";

    #[test]
    fn lines_are_found() {
        let status = parse_status(STATUS.as_bytes()).unwrap();
        assert_eq!((status.state, status.leader, status.tracer, status.init), ('S', 812, Some(9), Init::Inner));
        assert!(status.pending.has(10) && !status.pending.has(1) && status.blocked.has(15));
        assert!(status.ignored.has(13) && status.ignored.has(64) && status.caught.has(2) && !status.caught.has(1));
        assert_eq!(parse_status(&STATUS.as_bytes()[..60]), None);
        assert_eq!(parse_status(STATUS.replace("TracerPid:\t9", "TracerPid:\t0").as_bytes()).unwrap().tracer, None);
    }

    #[test]
    fn the_first_of_a_namespace() {
        assert_eq!(
            [init(b"1"), init(b"812\t7\t1"), init(b"812"), init(b"1\t5"), init(b"")],
            [Init::Own, Init::Inner, Init::No, Init::No, Init::No]
        );
    }

    #[test]
    fn this_process() {
        let proc = file::open_directory("/proc").unwrap();
        let mut buffer = Vec::new();
        let pid = std::process::id();
        assert_eq!(read_leader(&proc, pid, &mut buffer).unwrap(), pid);
        assert_eq!(read_leader(&proc, nix::unistd::gettid().as_raw() as u32, &mut buffer).unwrap(), pid);
        // The Rust runtime ignores SIGPIPE and catches SIGSEGV for its stack guard.
        let me = read_receiver(&proc, pid, &mut buffer).unwrap();
        assert!(me.ignored.has(libc::SIGPIPE) && me.caught.has(libc::SIGSEGV) && !me.caught.has(libc::SIGTERM));
        assert!(read_receiver(&proc, u32::MAX, &mut buffer).unwrap_err().is_absent());
        assert!(is_in_own_session(pid) && !is_in_own_session(4_194_304));
        assert_eq!(known().parse("RTMIN").unwrap().number, libc::SIGRTMIN());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0..STATUS.len()) {
            let _ = parse_status(&bytes);
            let _ = init(&bytes);
            let _ = parse_status(&STATUS.as_bytes()[cut..]);
        }
    }
}
