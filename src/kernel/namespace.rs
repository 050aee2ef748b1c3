//! `/proc/PID/ns/*`: which namespace a task is in, by inode (`man 7 namespaces`).

use super::{Error, Result};
use nix::fcntl::{AT_FDCWD, readlinkat};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

/// Inode of the machine's first IPC namespace (`PROC_IPC_INIT_INO`, `include/linux/proc_ns.h`).
pub const INITIAL_IPC: u64 = 0xEFFF_FFFF;
/// Inode of the machine's first PID namespace (`PROC_PID_INIT_INO`).
pub const INITIAL_PID: u64 = 0xEFFF_FFFC;

/// The namespaces that decide what is seen; `None` where the kernel has no such namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Namespaces {
    /// System V objects and POSIX queues.
    pub ipc: Option<u64>,
    /// Paths: FIFOs, socket files, /dev/shm.
    pub mnt: Option<u64>,
    /// Sockets.
    pub net: Option<u64>,
    /// Process numbers.
    pub pid: Option<u64>,
}

/// Reads the namespaces of the calling thread.
pub fn read_own() -> Namespaces {
    Namespaces { ipc: own("ipc"), mnt: own("mnt"), net: own("net"), pid: own("pid") }
}

/// Reads one namespace of the calling thread: `ipc`, `mnt`, `net`, `pid` …
pub fn own(kind: &str) -> Option<u64> {
    read(AT_FDCWD, &format!("/proc/thread-self/ns/{kind}")).ok()
}

/// Reads the IPC namespace of a task: `which` is `PID` or `PID/task/TID`. Needs ptrace read access.
pub fn read_ipc(proc: impl AsFd, which: &str) -> Result<u64> {
    read(proc, &format!("{which}/ns/ipc"))
}

/// The same of the network namespace.
pub fn read_net(proc: impl AsFd, which: &str) -> Result<u64> {
    read(proc, &format!("{which}/ns/net"))
}

/// The same of the PID namespace.
pub fn read_pid(proc: impl AsFd, which: &str) -> Result<u64> {
    read(proc, &format!("{which}/ns/pid"))
}

/// Does something in the IPC and network namespace of a process, on a thread that ends with it: nothing else moves. Needs
/// `CAP_SYS_ADMIN` here and in the user namespaces that own them. Errors: [`Error::Permission`], [`Error::NotFound`].
pub fn inside<T: Send>(pid: u32, work: impl FnOnce() -> T + Send) -> Result<T> {
    use nix::sched::{CloneFlags, setns};
    let open = |kind: &str| {
        let path = format!("/proc/{pid}/ns/{kind}");
        std::fs::File::open(&path).map_err(|error| Error::from_io(path, &error))
    };
    let spaces = [(open("ipc")?, CloneFlags::CLONE_NEWIPC), (open("net")?, CloneFlags::CLONE_NEWNET)];
    let enter = || {
        for (space, kind) in &spaces {
            setns(space, *kind).map_err(|errno| Error::from_errno(format!("namespaces of pid {pid}"), errno))?;
        }
        Ok(work())
    };
    let gone = || Error::Gone { what: format!("namespaces of pid {pid}") };
    std::thread::scope(|scope| scope.spawn(enter).join()).map_err(|_| gone())?
}

fn read(dir: impl AsFd, path: &str) -> Result<u64> {
    let link = readlinkat(dir, path).map_err(|errno| Error::from_errno(path, errno))?;
    parse_link(link.as_bytes())
        .ok_or_else(|| Error::Malformed { what: path.into(), detail: link.to_string_lossy().into() })
}

/// The inode in `ipc:[4026531839]`.
pub fn parse_link(link: &[u8]) -> Option<u64> {
    let inode = link.strip_suffix(b"]")?;
    super::text::decimal(&inode[memchr::memchr(b'[', inode)? + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        assert_eq!(parse_link(b"ipc:[4026531839]"), Some(INITIAL_IPC));
        assert_eq!(parse_link(b"ipc:[]"), None);
        assert_eq!(parse_link(b"]"), None);
        assert_eq!(parse_link(b""), None);
    }

    #[test]
    fn this_thread_is_somewhere() {
        assert!(read_own().pid.is_some());
    }
}
