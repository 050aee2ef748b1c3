//! `/proc/PID/fd`: which pipes, FIFOs, sockets and files a process has open (`man 5 proc_pid_fd`).
//!
//! Every descriptor is looked at with `statx(2)` through its link, which gives type, device and inode at once, and never
//! asks a network file server; nothing is opened. Which way it is open is in the permission bits of the link
//! itself (`fs/proc/fd.c`, `tid_fd_update_inode`). Not done with the procfs crate: it reads a link and allocates a
//! path for each of 127,000 descriptors, and has neither device nor direction.

use super::dirents::Dirents;
use super::{Error, Result, file};
use crate::model::Device;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::fstatat;
use std::ffi::{CStr, CString};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;

/// Whether a process's descriptor of a socket is one of a unix socket, of whatever network namespace
/// (`system.sockprotoname`, `net/socket.c`). One that cannot be asked may be; one that is closed by now is not.
pub fn is_unix_socket(pid: u32, fd: u32) -> bool {
    let Ok(path) = CString::new(format!("/proc/{pid}/fd/{fd}")) else { return true };
    let mut name = [0u8; 64];
    let (attribute, room) = (c"system.sockprotoname", name.len());
    // SAFETY: two NUL-terminated texts, and a buffer of the size that is said.
    let length = unsafe { libc::getxattr(path.as_ptr(), attribute.as_ptr(), name.as_mut_ptr().cast(), room) };
    match Errno::result(length) {
        Ok(_) => name.starts_with(b"UNIX"),
        Err(errno) => errno != Errno::ENOENT,
    }
}

/// What a descriptor is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An anonymous pipe.
    Pipe,
    /// A FIFO in a file system.
    Fifo,
    /// A socket.
    Socket,
    /// A regular file: may be a POSIX object.
    File,
    /// `io_uring`: may hold other descriptors that no /proc file lists as open.
    IoUring,
    /// `eventfd`: which one, its fdinfo tells.
    Event,
}

/// An open descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFd {
    /// Its number.
    pub fd: u32,
    /// What it is open on.
    pub target: Target,
    /// Device of the inode.
    pub device: Device,
    /// Inode.
    pub inode: u64,
    /// Owner of the inode: for a pipe or socket the user who made it.
    pub uid: u32,
    /// No name leads to it any more (`stx_nlink` 0): of a file one that was removed, or that never had one.
    pub unlinked: bool,
}

/// Which way a descriptor is open; neither with `O_PATH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    /// For reading.
    pub reads: bool,
    /// For writing.
    pub writes: bool,
}

/// The link of a descriptor that is being looked at.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    directory: BorrowedFd<'a>,
    name: &'a CStr,
}

impl Link<'_> {
    /// Which way the descriptor is open: the link's own permission bits. A call more for each, and so for those only of
    /// which it matters. `None` when it is closed by now.
    pub fn ways(self) -> Option<Ways> {
        ways(self.directory, self.name).ok()
    }
}

/// Reads descriptors; keeps its buffers and what it has learnt about devices from process to process.
#[derive(Default)]
pub struct FdReader {
    dirents: Dirents,
    numbers: Vec<u32>,
    pipefs: Option<Device>,
    sockfs: Option<Device>,
}

impl FdReader {
    /// Calls `each` with the descriptors of a task (`PID`, or `PID/task/TID`) that are pipes, FIFOs, sockets, regular
    /// files or `io_uring`s, and tells how many it has open in all.
    ///
    /// Needs ptrace read access and search permission on the directory: the same user, or `CAP_SYS_PTRACE` with
    /// `CAP_DAC_READ_SEARCH`. A descriptor that is closed meanwhile is passed over. Errors: [`Error::Permission`] as
    /// soon as one is refused (all will be), [`Error::NotFound`] when the process is gone.
    pub fn read(&mut self, proc: impl AsFd, task: &str, each: &mut dyn FnMut(OpenFd, Link<'_>)) -> Result<usize> {
        let what = format!("{task}/fd");
        let dir = file::open_directory_at(proc, &what)?;
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.clear();
        // Trying the numbers one by one instead (since Linux 6.2 the directory's size is their count) was measured: a
        // fifth slower, since listing them is what fills the kernel's name cache.
        let listed = self.dirents.numbers(&dir, &what, |fd| numbers.push(fd));
        let result = listed.and_then(|()| {
            for fd in &numbers {
                let mut name = [0; 12];
                let link = Link { directory: dir.as_fd(), name: c_number(&mut name, *fd) };
                match self.look(link.directory, link.name, *fd) {
                    Ok(Some(open)) => each(open, link),
                    Err(errno @ (Errno::EACCES | Errno::EPERM)) => return Err(Error::from_errno(what, errno)),
                    // Closed meanwhile, or something odd about one file (a dead network mount): that one is lost.
                    Ok(None) | Err(_) => {}
                }
            }
            Ok(numbers.len())
        });
        self.numbers = numbers;
        result
    }

    /// One descriptor of a task; `None` when it is open on something else than [`FdReader::read`] tells. Asks no file
    /// server either. Errors: likewise, and [`Error::NotFound`] for a number that is not open.
    pub fn read_one(&mut self, proc: impl AsFd, task: &str, fd: u32) -> Result<Option<OpenFd>> {
        let path = format!("{task}/fd/{fd}");
        let looked = CString::new(path.as_str()).map_err(|_| Errno::EINVAL);
        let looked = looked.and_then(|path| self.look(proc.as_fd(), &path, fd));
        looked.map_err(|errno| Error::from_errno(path, errno))
    }

    /// Looks at a descriptor through its link.
    fn look(&mut self, dir: BorrowedFd<'_>, name: &CStr, fd: u32) -> nix::Result<Option<OpenFd>> {
        let st = statx(dir, name)?;
        let device = Device { major: st.stx_dev_major, minor: st.stx_dev_minor };
        let target = match u32::from(st.stx_mode) & libc::S_IFMT {
            libc::S_IFIFO => self.fifo(dir, name, device)?,
            libc::S_IFSOCK if self.is_socket(dir, name, device)? => Target::Socket,
            libc::S_IFREG => Target::File,
            0 => match &link(dir, name)?[..] {
                b"anon_inode:[io_uring]" => Target::IoUring,
                b"anon_inode:[eventfd]" => Target::Event,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(OpenFd { fd, target, device, inode: st.stx_ino, uid: st.stx_uid, unlinked: st.stx_nlink == 0 }))
    }

    /// All anonymous pipes live on one device; which one, the first link tells.
    fn fifo(&mut self, dir: BorrowedFd<'_>, name: &CStr, device: Device) -> nix::Result<Target> {
        if self.pipefs.is_none() && link(dir, name)?.starts_with(b"pipe:[") {
            self.pipefs = Some(device);
        }
        Ok(if self.pipefs == Some(device) { Target::Pipe } else { Target::Fifo })
    }

    /// All sockets live on one device; a socket *file* opened with `O_PATH` does not.
    fn is_socket(&mut self, dir: BorrowedFd<'_>, name: &CStr, device: Device) -> nix::Result<bool> {
        if self.sockfs.is_none() && link(dir, name)?.starts_with(b"socket:[") {
            self.sockfs = Some(device);
        }
        Ok(self.sockfs == Some(device))
    }
}

/// Which way a descriptor of a task (`PID`, or `PID/task/TID`) is open.
pub fn read_ways(proc: impl AsFd, task: &str, fd: u32) -> Result<Ways> {
    let path = format!("{task}/fd/{fd}");
    let looked = CString::new(path.as_str()).map_err(|_| Errno::EINVAL);
    looked.and_then(|path| ways(proc.as_fd(), &path)).map_err(|errno| Error::from_errno(path, errno))
}

/// Path of what a descriptor is open on, as seen from the reader's root: the link's text. It may be stale or belong to
/// another mount namespace; compare device and inode before believing it.
pub fn read_path(proc: impl AsFd, pid: u32, fd: u32) -> Result<Vec<u8>> {
    read_link(proc, &format!("{pid}/fd/{fd}"))
}

/// The same of a descriptor of one task, whose table may be its own: `PID/task/TID`.
pub fn read_path_of(proc: impl AsFd, task: &str, fd: u32) -> Result<Vec<u8>> {
    read_link(proc, &format!("{task}/fd/{fd}"))
}

/// The same of a process's working directory.
pub fn read_directory(proc: impl AsFd, pid: u32) -> Result<Vec<u8>> {
    read_link(proc, &format!("{pid}/cwd"))
}

/// The same of a process's root directory.
pub fn read_root(proc: impl AsFd, pid: u32) -> Result<Vec<u8>> {
    read_link(proc, &format!("{pid}/root"))
}

fn read_link(proc: impl AsFd, path: &str) -> Result<Vec<u8>> {
    readlinkat(proc, path).map(OsStringExt::into_vec).map_err(|errno| Error::from_errno(path, errno))
}

/// Device and inode of what one descriptor is open on.
pub fn read_one(proc: impl AsFd, pid: u32, fd: u32) -> Result<(Device, u64)> {
    file::stat_at(proc, format!("{pid}/fd/{fd}").as_bytes()).map(|stat| (stat.device, stat.inode))
}

fn ways(dir: BorrowedFd<'_>, name: &CStr) -> nix::Result<Ways> {
    let mode = fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode;
    Ok(Ways { reads: mode & libc::S_IRUSR != 0, writes: mode & libc::S_IWUSR != 0 })
}

fn link(dir: BorrowedFd<'_>, name: &CStr) -> nix::Result<Vec<u8>> {
    readlinkat(dir, name).map(OsStringExt::into_vec)
}

/// `statx(2)` through the link, without asking a server (`AT_STATX_DONT_SYNC`).
fn statx(dir: BorrowedFd<'_>, name: &CStr) -> nix::Result<libc::statx> {
    let mask = libc::STATX_TYPE | libc::STATX_INO | libc::STATX_UID | libc::STATX_NLINK;
    let mut st = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: `dir` is open, `name` NUL-terminated, `st` valid for writes of a whole struct statx.
    let result =
        unsafe { libc::statx(dir.as_raw_fd(), name.as_ptr(), libc::AT_STATX_DONT_SYNC, mask, st.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    Ok(unsafe { st.assume_init() })
}

/// A number as a C string, without allocating.
fn c_number(buffer: &mut [u8; 12], number: u32) -> &CStr {
    // Eleven bytes hold every u32 and its NUL; the write cannot fail and the NUL is always found.
    let mut rest = &mut buffer[..];
    let _ = write!(rest, "{number}\0");
    CStr::from_bytes_until_nul(buffer).unwrap_or(c"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    const READS: Ways = Ways { reads: true, writes: false };
    const WRITES: Ways = Ways { reads: false, writes: true };
    const BOTH: Ways = Ways { reads: true, writes: true };

    fn own_fds() -> Vec<(OpenFd, Ways)> {
        let proc = file::open_directory("/proc").unwrap();
        let mut seen = Vec::new();
        FdReader::default().read(&proc, "self", &mut |open, link| seen.push((open, link.ways().unwrap()))).unwrap();
        seen
    }

    fn with_ways(fd: &impl AsRawFd) -> (OpenFd, Ways) {
        *own_fds().iter().find(|(open, _)| i64::from(open.fd) == i64::from(fd.as_raw_fd())).unwrap()
    }

    fn of(fd: &impl AsRawFd) -> OpenFd {
        with_ways(fd).0
    }

    #[test]
    fn pipe_ends_by_direction() {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let ((r, r_ways), (w, w_ways)) = (with_ways(&reader), with_ways(&writer));
        assert_eq!((r.target, r_ways), (Target::Pipe, READS));
        assert_eq!((w.target, w_ways), (Target::Pipe, WRITES));
        assert_eq!((r.device, r.inode), (w.device, w.inode));
        assert_eq!(r.uid, nix::unistd::geteuid().as_raw());
    }

    #[test]
    fn descriptors_far_apart_are_all_found() {
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        // Far behind the dense ones, with nothing in between.
        let far = nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(900)).unwrap();
        // SAFETY: the call above just made this descriptor; nothing else owns it.
        let far = unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(far) };
        let fds = own_fds();
        let is_far = |open: &OpenFd| u32::try_from(far.as_raw_fd()) == Ok(open.fd);
        assert_eq!(fds.iter().filter(|(open, _)| is_far(open)).count(), 1);
        assert_eq!(of(&far).inode, of(&reader).inode);
    }

    #[test]
    fn sockets_fifos_and_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let fifo = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let (open, ways) = with_ways(&fifo);
        assert_eq!((open.target, ways), (Target::Fifo, BOTH));
        let stat = file::lstat(path.as_os_str().as_encoded_bytes()).unwrap();
        assert_eq!((open.device, open.inode), (stat.device, stat.inode));
        let proc = file::open_directory("/proc").unwrap();
        assert_eq!(read_path(&proc, std::process::id(), open.fd).unwrap(), path.as_os_str().as_encoded_bytes());

        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(of(&socket).target, Target::Socket);
        let listener = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        assert_eq!(of(&listener).target, Target::Socket);
        let regular = std::fs::File::create(dir.path().join("r")).unwrap();
        assert_eq!(of(&regular).target, Target::File);
    }

    #[test]
    fn which_way_files_are_open() {
        use nix::fcntl::OFlag;
        let file = tempfile::NamedTempFile::new().unwrap();
        let proc = file::open_directory("/proc").unwrap();
        for (flags, expected) in [
            (OFlag::O_RDONLY, READS),
            (OFlag::O_WRONLY, WRITES),
            (OFlag::O_RDWR, BOTH),
            (OFlag::O_PATH, Ways::default()),
        ] {
            let opened = nix::fcntl::open(file.path(), flags, Mode::empty()).unwrap();
            let number = u32::try_from(opened.as_raw_fd()).unwrap();
            assert_eq!(read_ways(&proc, "self", number), Ok(expected), "{flags:?}");
        }
        assert!(read_ways(&proc, "self", u32::MAX >> 1).unwrap_err().is_absent());
    }

    #[test]
    fn a_socket_file_held_by_path_is_no_socket() {
        let dir = tempfile::tempdir().unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        let flags = nix::fcntl::OFlag::O_PATH;
        let held = nix::fcntl::open(&dir.path().join("s"), flags, Mode::empty()).unwrap();
        let number = u32::try_from(held.as_raw_fd()).unwrap();
        assert!(own_fds().iter().all(|(open, _)| open.fd != number));
    }

    use nix::sys::stat::Mode;
}
