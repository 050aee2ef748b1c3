//! Resource limits of a process, and how many descriptors it has (`man 5 proc_pid_limits`, `man 2 getrlimit`).

use super::text::decimal;
use super::{Error, Result, file};
use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;
use std::os::fd::AsFd;

/// The soft limits that IPC meets; `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rlimits {
    /// Descriptors (`RLIMIT_NOFILE`).
    pub descriptors: Option<u64>,
    /// Bytes of POSIX queues of the process's user (`RLIMIT_MSGQUEUE`).
    pub queue_bytes: Option<u64>,
}

/// Reads `/proc/PID/limits`. Needs no privilege. Errors: [`Error::NotFound`] when the process is gone.
pub fn read(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<Rlimits> {
    let path = format!("{pid}/limits");
    file::read_at(proc, &path, buffer)?;
    parse(buffer).ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its lines".into() })
}

/// Parses the table: a name, then soft limit, hard limit and unit.
pub fn parse(text: &[u8]) -> Option<Rlimits> {
    let soft = |name: &[u8]| {
        let line = text.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(name))?;
        let field = line.split(|b| *b == b' ').find(|field| !field.is_empty())?;
        if field == b"unlimited" { Some(None) } else { decimal(field).map(Some) }
    };
    Some(Rlimits { descriptors: soft(b"Max open files ")?, queue_bytes: soft(b"Max msgqueue size ")? })
}

/// How many descriptors a process has open: the size of its directory, which the kernel tells since Linux 6.2 and to
/// everybody; 0 before. Errors: [`Error::NotFound`] when the process is gone.
pub fn open_descriptors(proc: impl AsFd, pid: u32) -> Result<u64> {
    let path = format!("{pid}/fd");
    let stat = fstatat(proc, path.as_str(), AtFlags::empty()).map_err(|errno| Error::from_errno(path, errno))?;
    Ok(u64::try_from(stat.st_size).unwrap_or(0))
}

/// Signals that are queued for a process's real user, and its soft limit on them (`RLIMIT_SIGPENDING`), `None` for none:
/// the `SigQ` line of `/proc/PID/status` (`man 5 proc_pid_status`). Needs no privilege. Errors: [`Error::NotFound`] when
/// the process is gone.
pub fn queued_signals(proc: impl AsFd, pid: u32, buffer: &mut Vec<u8>) -> Result<(u64, Option<u64>)> {
    let path = format!("{pid}/status");
    file::read_at(proc, &path, buffer)?;
    parse_queued(buffer)
        .ok_or_else(|| Error::Malformed { what: format!("/proc/{path}"), detail: "its SigQ line".into() })
}

/// The kernel escapes newlines in the `Name:` line, so that no process can forge another.
fn parse_queued(status: &[u8]) -> Option<(u64, Option<u64>)> {
    let line = status.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"SigQ:"))?.trim_ascii();
    let slash = memchr::memchr(b'/', line)?;
    let limit: u64 = decimal(&line[slash + 1..])?;
    Some((decimal(&line[..slash])?, Some(limit).filter(|limit| *limit != u64::MAX)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max cpu time              unlimited            unlimited            seconds   \n\
            Max open files            1024                 1048576              files     \n\
            Max msgqueue size         unlimited            819200               bytes     \n";
        assert_eq!(parse(text), Some(Rlimits { descriptors: Some(1024), queue_bytes: None }));
        assert_eq!(parse(b"Max open files            1024\n"), None);
    }

    #[test]
    fn queued_signals_and_their_limit() {
        assert_eq!(parse_queued(b"Name:\tx\nSigQ:\t3/47001\nSigPnd:\t0\n"), Some((3, Some(47_001))));
        assert_eq!(parse_queued(b"SigQ:\t0/18446744073709551615\n"), Some((0, None)));
        assert_eq!(parse_queued(b"SigQ:\t0\n"), None);
    }

    #[test]
    fn those_of_this_process() {
        use nix::sys::resource::{Resource, getrlimit};
        let proc = file::open_directory("/proc").unwrap();
        let read = read(&proc, std::process::id(), &mut Vec::new()).unwrap();
        let own = |which| getrlimit(which).unwrap().0;
        assert_eq!(read.descriptors.unwrap_or(u64::MAX), own(Resource::RLIMIT_NOFILE));
        assert_eq!(read.queue_bytes.unwrap_or(u64::MAX), own(Resource::RLIMIT_MSGQUEUE));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = (parse(&text), parse_queued(&text));
        }
    }
}
