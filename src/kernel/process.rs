//! `/proc/PID/{stat,status,cmdline}`: which processes there are and what identifies them (`man 5 proc_pid_stat`).
//!
//! Parsed here rather than by the procfs crate, which turns comm into text and allocates for every field; a comm is any
//! bytes but NUL, so a line is split at its *last* `)`.

use super::dirents::Dirents;
use super::text::{Numbers, decimal};
use super::{Error, Result, file};
use crate::model::Process;
use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;
use std::os::fd::AsFd;

/// `PF_KTHREAD` (`include/linux/sched.h`): a thread of the kernel.
const PF_KTHREAD: u64 = 0x0020_0000;

/// `PF_EXITING`: on its way out.
const PF_EXITING: u64 = 0x4;

/// Lists all process ids that /proc shows. With `hidepid` those of others are missing without a sign.
pub fn read_pids(proc: impl AsFd) -> Result<Vec<u32>> {
    let mut pids = Vec::with_capacity(512);
    // The directory's offset belongs to the descriptor, so a second listing needs its own.
    let proc = file::open_directory_at(proc, ".")?;
    Dirents::default().numbers(proc, "/proc", |pid| pids.push(pid))?;
    Ok(pids)
}

/// Whether /proc shows the caller's own PID namespace: then `/proc/self` is its pid.
pub fn is_own_proc(proc: impl AsFd) -> bool {
    nix::fcntl::readlinkat(proc, "self").is_ok_and(|pid| pid.to_str() == Some(&std::process::id().to_string()))
}

/// Lists the threads of a process by id. Needs no privilege, unless `hidepid` is in force.
pub fn read_threads(proc: impl AsFd, pid: u32, dirents: &mut Dirents) -> Result<Vec<u32>> {
    let tasks = format!("{pid}/task");
    // The directory's link count is 2 + the number of threads (`proc_task_getattr`), which spares most processes a
    // listing.
    let links = fstatat(&proc, tasks.as_str(), AtFlags::empty())
        .map_err(|errno| Error::from_errno(tasks.as_str(), errno))?
        .st_nlink;
    if links <= 3 {
        return Ok(vec![pid]);
    }
    let mut threads = Vec::new();
    dirents.numbers(file::open_directory_at(&proc, &tasks)?, &tasks, |tid| threads.push(tid))?;
    Ok(threads)
}

/// Reads `/proc/PID/stat`. Needs no privilege, unless `hidepid` is in force. Errors: [`Error::NotFound`] when the
/// process is gone.
pub fn read_stat(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<Process> {
    let path = format!("{pid}/stat");
    file::read_at(proc, &path, buffer)?;
    parse_stat(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its fields".into() })
}

/// Reads the same of one task, `PID` or `PID/task/TID`: its own id, name, state and start, and its process's parent.
pub fn read_task_stat(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> Result<Process> {
    let path = format!("{task}/stat");
    file::read_single_at(proc, &path, buffer)?;
    parse_stat(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its fields".into() })
}

/// Of a task's line of `stat`: where its process's stack begins (`None` where the caller may not look into the process), and the
/// processor that the task last ran on.
pub fn parse_stack_and_processor(line: &[u8]) -> (Option<u64>, Option<usize>) {
    let Some(close) = memchr::memrchr(b')', line) else { return (None, None) };
    let mut n = Numbers::new(line[close + 1..].trim_ascii_end());
    let mut number = |skipped: usize| {
        (0..skipped).try_for_each(|_| n.field().map(|_| ()))?;
        n.unsigned::<u64>()
    };
    // The 28th and the 39th field; the second was the comm.
    let stack = number(28 - 3).filter(|stack| *stack > 1);
    (stack, number(39 - 29).and_then(|processor| usize::try_from(processor).ok()))
}

/// What `status` tells of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Signals that its process has handlers for (`SigCgt`), signal 1 in bit 0.
    pub caught: u64,
    /// How often it was taken off a processor, of its own will or not: `nr_switches` of [`super::sched`].
    pub switches: u64,
}

/// Reads the `status` of a task, `PID` or `PID/task/TID`. Needs no privilege.
pub fn read_status(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> Result<Status> {
    let path = format!("{task}/status");
    file::read_single_at(proc, &path, buffer)?;
    parse_status(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its lines".into() })
}

/// Parses it. The kernel escapes newlines in `Name:`, so no comm can forge a line.
pub fn parse_status(text: &[u8]) -> Option<Status> {
    let value = |label: &[u8]| text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(label)).map(Numbers::new);
    let voluntary: u64 = value(b"voluntary_ctxt_switches:")?.unsigned()?;
    let forced: u64 = value(b"nonvoluntary_ctxt_switches:")?.unsigned()?;
    Some(Status { caught: value(b"SigCgt:")?.hex()?, switches: voluntary.wrapping_add(forced) })
}

/// Reads the ids of a process in the PID namespaces from that of /proc down to its own (`NSpid`). Needs no privilege.
pub fn read_ids(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<Vec<u32>> {
    file::read_at(proc, &format!("{pid}/status"), buffer)?;
    let line = buffer.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"NSpid:"));
    let ids = line.unwrap_or_default().split(u8::is_ascii_whitespace).filter(|id| !id.is_empty());
    Ok(ids.filter_map(|id| Numbers::new(id).unsigned()).collect())
}

/// Whether a process runs a 32-bit program, by the class in the head of its executable. Needs ptrace read access.
pub fn is_32_bit(proc: impl AsFd, pid: u32) -> Result<bool> {
    use nix::fcntl::{OFlag, openat};
    let path = format!("{pid}/exe");
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let exe = openat(proc, path.as_str(), flags, nix::sys::stat::Mode::empty())
        .map_err(|errno| Error::from_errno(path.as_str(), errno))?;
    let mut head = [0; 5];
    file::pread(exe, &mut head, 0)?;
    // EI_CLASS: 1 is ELFCLASS32, 2 ELFCLASS64.
    match head {
        [0x7f, b'E', b'L', b'F', class @ (1 | 2)] => Ok(class == 1),
        _ => Err(Error::Malformed { what: path, detail: "its head".into() }),
    }
}

/// Parses the line of `/proc/PID/stat`.
pub fn parse_stat(line: &[u8]) -> Option<Process> {
    let open = memchr::memchr(b'(', line)?;
    let close = memchr::memrchr(b')', line)?;
    let pid = decimal(line[..open].trim_ascii())?;
    let comm = line.get(open + 1..close)?;
    let mut n = Numbers::new(line[close + 1..].trim_ascii_end());
    let state = char::from(*n.field()?.first()?);
    let parent = n.unsigned()?;
    for _ in 0..4 {
        n.field()?; // pgrp, session, tty_nr, tpgid
    }
    let flags: u64 = n.unsigned()?;
    for _ in 0..10 {
        n.field()?; // faults, times, priority, nice
    }
    let threads = n.unsigned()?;
    n.field()?; // itrealvalue
    Some(Process {
        pid: u32::try_from(pid).ok()?,
        ppid: parent,
        start_ticks: n.unsigned()?,
        state,
        threads,
        kernel: flags & PF_KTHREAD != 0,
        exiting: flags & PF_EXITING != 0,
        comm: comm.into(),
        cmdline: None,
        uids: None,
    })
}

/// Reads the real, effective, saved and file-system uid from `/proc/PID/status`. Needs no privilege.
pub fn read_uids(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<[u32; 4]> {
    let path = format!("{pid}/status");
    file::read_at(proc, &path, buffer)?;
    parse_uids(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its Uid line".into() })
}

/// Finds the `Uid:` line of `/proc/PID/status`. The kernel escapes newlines in `Name:`, so no comm can forge it.
pub fn parse_uids(status: &[u8]) -> Option<[u32; 4]> {
    let line = status.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut n = Numbers::new(line);
    Some([n.unsigned()?, n.unsigned()?, n.unsigned()?, n.unsigned()?])
}

/// Reads the arguments of a process; empty for kernel threads and zombies. Needs no privilege.
pub fn read_cmdline(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<Vec<Box<[u8]>>> {
    file::read_at(proc, &format!("{pid}/cmdline"), buffer)?;
    Ok(parse_cmdline(buffer))
}

/// Splits `/proc/PID/cmdline`. Arguments end with NUL; a program that overwrote them may have left that out.
pub fn parse_cmdline(text: &[u8]) -> Vec<Box<[u8]>> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split(|b| *b == 0).map(Into::into).collect() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_comm_may_look_like_fields() {
        let line = b"42 (a) S 1 (\x1b[31m\n) Z 7 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 1 2 3\n";
        let process = parse_stat(line).unwrap();
        assert_eq!(&*process.comm, b"a) S 1 (\x1b[31m\n");
        assert_eq!((process.pid, process.ppid, process.state), (42, 7, 'Z'));
        assert_eq!((process.threads, process.start_ticks, process.kernel), (3, 987_654, false));
    }

    #[test]
    fn the_stack_and_the_processor() {
        let line =
            |stack| format!("42 (a) S 1) S {} {stack} {} 3 0", "9 ".repeat(24).trim_end(), "8 ".repeat(10).trim_end());
        assert_eq!(parse_stack_and_processor(line(4096).as_bytes()), (Some(4096), Some(3)));
        assert_eq!(parse_stack_and_processor(line(1).as_bytes()), (None, Some(3)), "not shown");
        assert_eq!(parse_stack_and_processor(b"42 (a) S 1"), (None, None));
    }

    #[test]
    fn this_process_is_itself() {
        let proc = file::open_directory("/proc").unwrap();
        let mut buffer = Vec::new();
        let pid = std::process::id();
        assert!(read_pids(&proc).unwrap().contains(&pid));
        let me = read_stat(&proc, pid, &mut buffer).unwrap();
        assert_eq!((me.pid, me.ppid), (pid, std::os::unix::process::parent_id()));
        assert_eq!(read_uids(&proc, pid, &mut buffer).unwrap()[1], nix::unistd::geteuid().as_raw());
        let arguments: Vec<_> = std::env::args().map(|a| a.into_bytes().into_boxed_slice()).collect();
        assert_eq!(read_cmdline(&proc, pid, &mut buffer).unwrap(), arguments);
        assert!(read_stat(&proc, u32::MAX, &mut buffer).unwrap_err().is_absent());
    }

    #[test]
    fn status_and_sched_count_the_same() {
        let proc = file::open_directory("/proc").unwrap();
        let mut buffer = Vec::new();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id().to_string();
        while !matches!(read_task_stat(&proc, &pid, &mut buffer).unwrap().state, 'S' | 'Z') {
            std::thread::yield_now();
        }
        let status = |buffer: &mut Vec<u8>| read_status(&proc, &pid, buffer).unwrap().switches;
        let (before, ran, after) = (
            status(&mut buffer),
            super::super::sched::read(&proc, &pid, &mut buffer).unwrap().switches,
            status(&mut buffer),
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ran.is_none_or(|ran| before != after || ran == after), "{before} {ran:?} {after}");
        let text =
            b"Name:\tx\nSigCgt:\t0000000000000102\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(parse_status(text), Some(Status { caught: 0x102, switches: 7 }));
        assert_eq!(parse_status(b"Name:\tx\nSigCgt:\t0\n"), None);
    }

    #[test]
    fn empty_arguments_are_kept() {
        assert_eq!(parse_cmdline(b"a\0\0b\0"), [&b"a"[..], b"", b"b"].map(Box::<[u8]>::from));
        assert!(parse_cmdline(b"").is_empty());
    }

    proptest! {
        #[test]
        fn any_comm_is_read_back(comm in proptest::collection::vec(1u8.., 0..16)) {
            let mut line = b"5 (".to_vec();
            line.extend(&comm);
            line.extend(b") R 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 77 1\n");
            prop_assert_eq!(&*parse_stat(&line).unwrap().comm, &comm[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_stat(&bytes);
            let _ = parse_uids(&bytes);
            let _ = parse_cmdline(&bytes);
        }
    }
}
