//! `/proc/PID/fdinfo/N`: what the kinds of file tell of themselves (`man 5 proc_pid_fdinfo`).

use super::locks::{self, Lock};
use super::text::{Numbers, decimal};
use super::{Result, file};
use crate::model::Device;
use std::os::fd::AsFd;

/// What one descriptor's file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// Position in the file.
    pub position: i64,
    /// Locks that came through this open file.
    pub locks: Vec<Lock>,
    /// epoll: what it watches.
    pub watches: Vec<Watch>,
    /// eventfd: its number, by which those who share it are known (Linux 5.2).
    pub event_id: Option<u64>,
    /// eventfd: its count.
    pub event_count: Option<u64>,
    /// timerfd: whether it is set to go off.
    pub timer_set: Option<bool>,
    /// signalfd: the set of signals.
    pub signals: Option<u64>,
    /// pidfd: the process; -1 when it has ended and was reaped.
    pub pid: Option<i64>,
    /// unix socket: descriptors on their way in its queue (Linux 5.9).
    pub in_flight: Option<u64>,
    /// `io_uring`: files that it has registered.
    pub registered: Option<u64>,
    /// `io_uring`: how many requests it has taken, since it was made.
    pub submitted: Option<u64>,
    /// `io_uring`: how many completions it has told of.
    pub completed: Option<u64>,
    /// `io_uring`: a request waits for its file to become ready.
    pub polls: bool,
}

/// One descriptor that an epoll watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Number that it had when it was added.
    pub fd: u32,
    /// Events (`EPOLLIN` and so on).
    pub events: u32,
    /// Device and inode of the file, to be compared with the descriptor of that number.
    pub file: Option<(Device, u64)>,
}

impl Watch {
    /// Whether something to read is waited for.
    pub const fn reads(&self) -> bool {
        self.events & libc::EPOLLIN as u32 != 0
    }

    /// Whether room to write is.
    pub const fn writes(&self) -> bool {
        self.events & libc::EPOLLOUT as u32 != 0
    }
}

impl FdInfo {
    /// Of an `io_uring`: whether it may hold files or have something to do yet, of which no descriptor tells. A request that
    /// completes without telling so counts as one that is under way.
    pub fn is_busy_ring(&self) -> bool {
        let idle = self.registered == Some(0) && self.submitted.is_some() && self.submitted == self.completed;
        !idle || self.polls
    }
}

/// Reads a descriptor of a task: `PID`, or `PID/task/TID`. Needs ptrace read access, as for its descriptors.
pub fn read(proc: impl AsFd, task: &str, fd: u32, buffer: &mut Vec<u8>) -> Result<FdInfo> {
    file::read_at(proc, &format!("{task}/fdinfo/{fd}"), buffer)?;
    Ok(parse(buffer))
}

/// Parses the file; lines that are not known are passed over.
pub fn parse(text: &[u8]) -> FdInfo {
    let mut info = FdInfo::default();
    for line in text.split(|b| *b == b'\n') {
        let Some(colon) = memchr::memchr(b':', line) else {
            info.polls |= line.trim_ascii_start().starts_with(b"op=");
            continue;
        };
        let (label, rest) = (&line[..colon], line[colon + 1..].trim_ascii());
        match label {
            b"pos" => info.position = Numbers::new(rest).signed().unwrap_or(0),
            b"lock" => info.locks.extend(locks::parse_line(rest).map(|(_, lock)| lock)),
            b"tfd" => info.watches.extend(watch(rest)),
            b"eventfd-id" => info.event_id = decimal(rest),
            b"eventfd-count" => info.event_count = Numbers::new(rest).hex(),
            b"it_value" => info.timer_set = Some(rest != b"(0, 0)"),
            b"sigmask" => info.signals = Numbers::new(rest).hex(),
            b"Pid" => info.pid = Numbers::new(rest).signed(),
            b"scm_fds" => info.in_flight = decimal(rest),
            b"CachedSqHead" => info.submitted = decimal(rest),
            b"CachedCqTail" => info.completed = decimal(rest),
            b"UserFiles" => info.registered = decimal(rest),
            _ => {}
        }
    }
    info
}

/// `       5 events:       19 data:                5  pos:0 ino:3 sdev:e`, numbers behind `events` in hexadecimal.
fn watch(text: &[u8]) -> Option<Watch> {
    let fd = Numbers::new(text).unsigned()?;
    let after = |label: &[u8]| {
        let at = memchr::memmem::find(text, label)?;
        Numbers::new(&text[at + label.len()..]).hex()
    };
    let device = after(b"sdev:").and_then(|device| u32::try_from(device).ok()).map(Device::from_kernel);
    Some(Watch { fd, events: after(b"events:")? as u32, file: device.zip(after(b" ino:")) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds() {
        let epoll = parse(b"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\ntfd:        3 events:       19 data:                3  pos:0 ino:1f5e1 sdev:f\n");
        let file = Some((Device { major: 0, minor: 15 }, 0x1f5e1));
        assert_eq!(epoll.watches, [Watch { fd: 3, events: 0x19, file }]);
        let event = parse(b"flags:\t02\neventfd-count:                1a\neventfd-id: 77\neventfd-semaphore: 0\n");
        assert_eq!((event.event_id, event.event_count), (Some(77), Some(26)));
        let timer =
            parse(b"flags:\t02\nclockid: 1\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (0, 0)\n");
        assert_eq!(timer.timer_set, Some(false));
        let socket = parse(b"flags:\t02\nscm_fds: 2\n");
        assert_eq!(socket.in_flight, Some(2));
        let ring = |sq, cq, files, polls| {
            format!(
                "flags:\t02\nCachedSqHead:\t{sq}\nCachedCqTail:\t{cq}\nUserFiles:\t{files}\nPollList:\n{polls}CqOverflowList:\n"
            )
        };
        assert!(!parse(ring(2, 2, 0, "").as_bytes()).is_busy_ring());
        assert!(parse(ring(2, 1, 0, "").as_bytes()).is_busy_ring(), "a request is under way");
        assert!(parse(ring(2, 2, 1, "").as_bytes()).is_busy_ring(), "it has a file");
        assert!(parse(ring(2, 2, 0, "  op=6, task_works=0\n").as_bytes()).is_busy_ring(), "it waits for a file");
        assert!(parse(b"flags:\t02\nUserFiles:\t0\n").is_busy_ring(), "an older kernel does not tell");
        let locked = parse(b"flags:\t02\nlock:\t1: FLOCK  ADVISORY  WRITE 812 fe:00:77 0 EOF\n");
        assert_eq!(locked.locks.len(), 1);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&text);
        }
    }
}
