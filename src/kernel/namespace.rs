//! `/proc/PID/ns/*`: which namespace a task is in, by inode (`man 7 namespaces`).

use super::{Error, Result, file};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open, readlinkat};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
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

/// Whether the calling thread's IPC namespace and its PID namespace were made by one and the same call: `unshare -ip`, a
/// container engine. That call numbers what it makes one after the other, IPC right before PID (`kernel/nsproxy.c`,
/// `create_new_namespaces`), by numbers that are never given again (`NS_GET_ID`, since Linux 6.18; each processor has a
/// range of its own, so that others do not come between), and both belong to one user namespace. Inode numbers are of no use
/// for it: they are given anew. `false` where the kernel does not tell, and after a change of processor between the two.
pub fn ipc_was_made_with_pid() -> bool {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let open = |kind: &str| open(&*format!("/proc/thread-self/ns/{kind}"), flags, Mode::empty()).ok();
    let (Some(ipc), Some(pid)) = (open("ipc"), open("pid")) else { return false };
    let (Some(first), Some(second)) = (unique_id(&ipc), unique_id(&pid)) else { return false };
    let owner = |of: &OwnedFd| owner(of).ok();
    first.checked_add(1) == Some(second) && owner(&ipc).is_some() && owner(&ipc) == owner(&pid)
}

/// `NS_GET_ID` of `linux/nsfs.h`: `_IOR(0xb7, 13, __u64)`.
const NS_GET_ID: libc::Ioctl = (2 << 30) | (8 << 16) | (0xb7 << 8) | 0xd;
/// `NS_GET_USERNS`: `_IO(0xb7, 1)`.
const NS_GET_USERNS: libc::Ioctl = (0xb7 << 8) | 1;

/// A namespace's own number, which no other ever gets.
fn unique_id(namespace: &OwnedFd) -> Option<u64> {
    let mut id = 0u64;
    // SAFETY: writes one u64; a kernel that does not know the number says ENOTTY.
    let result = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_ID, &raw mut id) };
    (result == 0 && id != 0).then_some(id)
}

/// The inode of the user namespace that owns a namespace. Error: EPERM where that is out of the caller's sight.
fn owner(namespace: &OwnedFd) -> Result<u64> {
    // SAFETY: no argument; a descriptor or an error is returned.
    let fd = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_USERNS) };
    let fd = Errno::result(fd).map_err(|errno| Error::from_errno("owner of a namespace", errno))?;
    // SAFETY: the call just returned this descriptor; nothing else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    Ok(file::fstat(&fd)?.inode)
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
