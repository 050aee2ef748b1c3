//! `/proc/locks`: locks on files, and who waits for which (`man 5 proc_locks`); the `lock:` lines of fdinfo are of the same form.
//!
//! The pid in a line is who took the lock. A flock that a child inherited outlives it, and a lock of an open file has -1: who
//! **has** a lock is told by the fdinfo of the open file that it came through.

use super::text::{Numbers, decimal};
use super::{Result, file};
use crate::model::Device;

/// Which call a lock belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LockKind {
    /// `flock(2)`: on the whole file, of an open file.
    Flock,
    /// `fcntl(2)`: on a range, of a process.
    Posix,
    /// `F_OFD_SETLK`: on a range, of an open file.
    Ofd,
    /// A lease or a delegation.
    Lease,
}

/// One lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// By which call.
    pub kind: LockKind,
    /// Excludes everybody else.
    pub write: bool,
    /// Who took it, in the reader's PID namespace; `None` where it is an open file's or not visible.
    pub pid: Option<u32>,
    /// Device of the file.
    pub device: Device,
    /// Its inode.
    pub inode: u64,
    /// First byte.
    pub start: u64,
    /// Last byte; `None` for the end of the file, wherever it is.
    pub end: Option<u64>,
}

/// A line of `/proc/locks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Number: a waiter has that of the lock that it waits for.
    pub number: u64,
    /// The lock, or the one that is waited for.
    pub lock: Lock,
    /// `->`: it waits.
    pub waits: bool,
}

impl Lock {
    /// Whether one excludes the other, who has them apart: same file, one of them to write, ranges that meet, and of calls
    /// that know each other (`flock` and the others do not).
    pub fn excludes(&self, other: &Lock) -> bool {
        let ranged = |kind| matches!(kind, LockKind::Posix | LockKind::Ofd);
        let known = self.kind == other.kind || (ranged(self.kind) && ranged(other.kind));
        let meet = self.end.is_none_or(|end| other.start <= end) && other.end.is_none_or(|end| self.start <= end);
        known && meet && (self.write || other.write) && (self.device, self.inode) == (other.device, other.inode)
    }
}

/// Reads all locks. Needs no privilege; those of processes that the caller's PID namespace does not show are left out.
pub fn read() -> Result<Vec<Line>> {
    Ok(parse(&file::read("/proc/locks")?))
}

/// Parses the file; lines that do not fit are passed over.
pub fn parse(text: &[u8]) -> Vec<Line> {
    let line = |line: &[u8]| {
        let colon = memchr::memchr(b':', line)?;
        let number = decimal(line[..colon].trim_ascii())?;
        let (waits, lock) = parse_line(line)?;
        Some(Line { number, lock, waits })
    };
    text.split(|b| *b == b'\n').filter_map(line).collect()
}

/// `1: FLOCK  ADVISORY  WRITE 812 fe:00:77 0 EOF`, with `->` behind the number for one that waits.
pub fn parse_line(line: &[u8]) -> Option<(bool, Lock)> {
    let mut n = Numbers::new(line);
    n.field()?;
    let mut kind = n.field()?;
    let waits = kind == b"->";
    if waits {
        kind = n.field()?;
    }
    let kind = match kind {
        b"FLOCK" => LockKind::Flock,
        b"POSIX" => LockKind::Posix,
        b"OFDLCK" => LockKind::Ofd,
        b"LEASE" | b"DELEG" => LockKind::Lease,
        _ => return None,
    };
    n.field()?; // ADVISORY
    let write = n.field()? == b"WRITE";
    let pid = n.signed::<i64>()?;
    let place = n.field()?;
    let colon = memchr::memrchr(b':', place)?;
    let (device, inode) = (Device::from_maps(&place[..colon])?, decimal(&place[colon + 1..])?);
    let start = n.unsigned()?;
    let end = match n.field()? {
        b"EOF" => None,
        end => Some(decimal(end)?),
    };
    let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0);
    Some((waits, Lock { kind, write, pid, device, inode, start, end }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn holders_and_waiters() {
        let lines = parse(
            b"1: FLOCK  ADVISORY  WRITE 812 fe:00:77 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 900 fe:00:77 0 EOF\n\
              2: POSIX  ADVISORY  READ  7 00:2b:5 10 19\n3: OFDLCK ADVISORY  WRITE -1 00:2b:5 20 EOF\nnonsense\n",
        );
        assert_eq!(lines.len(), 4);
        assert_eq!((lines[0].waits, lines[1].waits, lines[1].number), (false, true, 1));
        assert_eq!((lines[1].lock.pid, lines[3].lock.pid), (Some(900), None));
        assert_eq!(lines[2].lock.device, Device { major: 0, minor: 43 });
        assert_eq!((lines[2].lock.start, lines[2].lock.end), (10, Some(19)));
        assert!(lines[0].lock.excludes(&lines[1].lock));
        assert!(!lines[2].lock.excludes(&lines[3].lock), "apart");
        let wide = Lock { end: None, ..lines[2].lock };
        assert!(wide.excludes(&lines[3].lock), "one is of a process, the other of an open file");
        assert!(!lines[0].lock.excludes(&Lock { kind: LockKind::Posix, ..lines[0].lock }));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&text);
        }
    }
}
