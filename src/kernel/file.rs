//! Files: whole small ones read at once, and `lstat(2)` as this crate's types.

use super::{Error, Result};
use crate::model::{Device, Ids, Time, escape};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat};
use std::ffi::OsStr;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// What kind of file an inode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// FIFO or pipe.
    Fifo,
    /// Socket.
    Socket,
    /// Regular file.
    Regular,
    /// Directory.
    Directory,
    /// Anything else.
    Other,
}

/// A file's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Type.
    pub file_type: FileType,
    /// Permission bits, 0 to 07777.
    pub mode: u16,
    /// Device.
    pub device: Device,
    /// Inode.
    pub inode: u64,
    /// Its last name is gone (`st_nlink` 0), or it never had one: only descriptors and mappings keep it.
    pub unlinked: bool,
    /// Owner.
    pub owner: Ids,
    /// Size in bytes.
    pub size: u64,
    /// Bytes that it takes on its file system.
    pub allocated: u64,
    /// Last modification of its contents; a program may set it to anything.
    pub modified: Time,
    /// Last change of its attributes, contents or names (`st_ctime`); only the kernel sets it.
    pub changed: Time,
}

impl From<FileStat> for Stat {
    fn from(st: FileStat) -> Self {
        let file_type = match SFlag::from_bits_truncate(st.st_mode & SFlag::S_IFMT.bits()) {
            SFlag::S_IFIFO => FileType::Fifo,
            SFlag::S_IFSOCK => FileType::Socket,
            SFlag::S_IFREG => FileType::Regular,
            SFlag::S_IFDIR => FileType::Directory,
            _ => FileType::Other,
        };
        Self {
            file_type,
            mode: (st.st_mode & 0o7777) as u16,
            device: Device::from_stat(st.st_dev),
            inode: st.st_ino,
            unlinked: st.st_nlink == 0,
            owner: Ids { uid: st.st_uid, gid: Some(st.st_gid) },
            size: st.st_size.max(0) as u64,
            allocated: st.st_blocks.max(0) as u64 * 512,
            modified: Time { secs: st.st_mtime, nanos: st.st_mtime_nsec as u32 },
            changed: Time { secs: st.st_ctime, nanos: st.st_ctime_nsec as u32 },
        }
    }
}

/// Reads a whole file, meant for those of /proc.
pub fn read(path: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::from_io(path, &error))
}

/// Reads a whole file that a person named; its path need not be UTF-8.
pub fn read_named(path: &std::path::Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::from_io(escape(path.as_os_str().as_bytes()), &error))
}

/// Reads a whole file of the caller's own, at its usual place: `None` where there is none, and where it cannot be read and
/// cannot be seen to be the caller's either. Another user's may be met where `HOME` was kept through a change of user.
pub fn read_own(path: &std::path::Path) -> Result<Option<Vec<u8>>> {
    let bytes = path.as_os_str().as_bytes();
    let is_own = || lstat(bytes).is_ok_and(|stat| stat.owner.uid == super::users::own_uid());
    match read_named(path) {
        Err(error) if error.is_absent() || error.is_permission() && !is_own() => Ok(None),
        read => read.map(Some),
    }
}

/// Reads a file that holds one decimal number, as those of /proc/sys do.
pub fn read_number(path: &str) -> Result<u64> {
    let text = read(path)?;
    super::text::decimal(text.trim_ascii())
        .ok_or_else(|| Error::Malformed { what: path.into(), detail: String::from_utf8_lossy(&text).into() })
}

/// How much of a large file is read at a time.
const PIECE: usize = 64 * 1024;

/// Hands a text file to `each` in pieces of whole lines. A file of more than one piece is read by a thread of its own:
/// the kernel makes the text of /proc while it is read, and that takes as long as making sense of it. What comes after the
/// piece with which `each` breaks off is not read.
pub fn read_lines(path: &str, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
    let fail = |error: &std::io::Error| Error::from_io(path, error);
    let mut file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    let mut text = read_piece(&mut file).map_err(|error| fail(&error))?;
    if text.len() < PIECE {
        let _ = each(&text);
        return Ok(());
    }
    if hand_out_lines(&mut text, each).is_break() {
        return Ok(());
    }
    let (send, pieces) = std::sync::mpsc::sync_channel(4);
    // The receiving end moves in, so that an early return lets the thread go.
    std::thread::scope(move |scope| {
        scope.spawn(move || {
            loop {
                let piece = read_piece(&mut file);
                let last = piece.as_ref().map_or(true, |piece| piece.len() < PIECE);
                if send.send(piece).is_err() || last {
                    return;
                }
            }
        });
        while let Ok(piece) = pieces.recv() {
            text.extend_from_slice(&piece.map_err(|error| fail(&error))?);
            if hand_out_lines(&mut text, each).is_break() {
                return Ok(());
            }
        }
        let _ = each(&text);
        Ok(())
    })
}

/// Hands out the whole lines of a text, and leaves what is behind them.
fn hand_out_lines(text: &mut Vec<u8>, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
    let whole = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
    let flow = each(&text[..whole]);
    text.drain(..whole);
    flow
}

/// Reads until a piece is full or the file ends.
fn read_piece(file: &mut std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// Reads a whole file relative to an open directory into `buffer`, replacing what was in it. Done with bare reads: the
/// standard library asks for size and position first, which a file of /proc does not know, and thousands are read.
pub fn read_at(dir: impl AsFd, path: &str, buffer: &mut Vec<u8>) -> Result<()> {
    const LEAST: usize = 4096;
    let fd = openat(dir, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| Error::from_errno(path, errno))?;
    buffer.clear();
    let mut length = 0;
    loop {
        if buffer.len() < length + LEAST {
            buffer.resize((2 * length).max(2 * LEAST), 0);
        }
        match nix::unistd::read(&fd, &mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::from_errno(path, errno)),
        }
    }
    buffer.truncate(length);
    Ok(())
}

/// As [`read_at`], of a file of /proc that the kernel writes in one go (`single_open`, `fs/seq_file.c`): what is shorter than the
/// buffer is all of it, which spares a second call.
pub fn read_single_at(dir: impl AsFd, path: &str, buffer: &mut Vec<u8>) -> Result<()> {
    const USUALLY: usize = 8192;
    let fd = openat(&dir, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| Error::from_errno(path, errno))?;
    buffer.resize(USUALLY, 0);
    match nix::unistd::read(&fd, buffer) {
        Ok(length @ 0..USUALLY) => {
            buffer.truncate(length);
            Ok(())
        }
        Ok(_) | Err(Errno::EINTR) => read_at(dir, path, buffer),
        Err(errno) => Err(Error::from_errno(path, errno)),
    }
}

/// Opens a directory for [`read_at`] and the like.
pub fn open_directory(path: &str) -> Result<OwnedFd> {
    open_directory_at(nix::fcntl::AT_FDCWD, path)
}

/// Opens a directory relative to another.
pub fn open_directory_at(dir: impl AsFd, path: &str) -> Result<OwnedFd> {
    openat(dir, path, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| Error::from_errno(path, errno))
}

/// Attributes of a path itself, links not followed; opens nothing (`man 2 lstat`). Needs search permission on the way.
pub fn lstat(path: &[u8]) -> Result<Stat> {
    lstat_at(nix::fcntl::AT_FDCWD, path)
}

/// When the file of a path was made (`stx_btime`, `man 2 statx`), links not followed; `None` where its file system does not
/// record that, or it cannot be looked at. Only the kernel sets it.
pub fn born(path: &[u8]) -> Option<Time> {
    birth(libc::AT_FDCWD, &std::ffi::CString::new(path).ok()?, 0)
}

/// When a pipe was made, through the link of a descriptor; known only while nothing was written to it nor read from it, which
/// stamps its times (`fs/pipe.c`): then all three are still those of its making. `None` otherwise.
pub fn pipe_made(dir: impl AsFd, link: &[u8]) -> Option<Time> {
    let st = fstatat(dir, OsStr::from_bytes(link), AtFlags::empty()).ok()?;
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    let (secs, nanos) = times[0];
    times.iter().all(|time| *time == times[0]).then_some(Time { secs, nanos: nanos as u32 })
}

/// As [`born`], of a file that is open or held.
pub fn born_open(fd: impl AsFd) -> Option<Time> {
    birth(fd.as_fd().as_raw_fd(), c"", libc::AT_EMPTY_PATH)
}

fn birth(dir: libc::c_int, path: &std::ffi::CStr, flags: libc::c_int) -> Option<Time> {
    let mut stat = std::mem::MaybeUninit::<libc::statx>::zeroed();
    let flags = flags | libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: a NUL-terminated path, and a whole struct to write to.
    let told = unsafe { libc::statx(dir, path.as_ptr(), flags, libc::STATX_BTIME, stat.as_mut_ptr()) };
    // SAFETY: integers, zeroed above.
    let stat = unsafe { stat.assume_init() };
    let known = told == 0 && stat.stx_mask & libc::STATX_BTIME != 0;
    known.then_some(Time { secs: stat.stx_btime.tv_sec, nanos: stat.stx_btime.tv_nsec })
}

/// Attributes of a name in an open directory, links not followed.
pub fn lstat_at(dir: impl AsFd, name: &[u8]) -> Result<Stat> {
    stat_with(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)
}

/// Attributes of what a path leads to, links followed.
pub fn stat_at(dir: impl AsFd, name: &[u8]) -> Result<Stat> {
    stat_with(dir, name, AtFlags::empty())
}

/// Attributes of an open file.
pub fn fstat(fd: impl AsFd) -> Result<Stat> {
    nix::sys::stat::fstat(fd).map(Stat::from).map_err(|errno| Error::from_errno("fstat", errno))
}

/// Reads bytes of an open file at an offset, as many as there are; its position stays.
pub fn pread(fd: impl AsFd, bytes: &mut [u8], offset: u64) -> Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        let Ok(at) = i64::try_from(offset + length as u64) else { break };
        match nix::sys::uio::pread(fd.as_fd(), &mut bytes[length..], at) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::from_errno("pread", errno)),
        }
    }
    Ok(length)
}

/// Opens a regular file to read it, without waiting and without following a link; where the kernel allows it (to the
/// owner and with `CAP_FOWNER`) so that reading leaves its access time alone. Otherwise only if `may_stamp`. Opening
/// leaves no trace but for those who watch it (`inotify`). Needs read permission. Errors: [`Error::Permission`].
pub fn open_to_read(dir: impl AsFd, path: &[u8], may_stamp: bool) -> Result<OwnedFd> {
    open_with(dir, path, OFlag::O_NOFOLLOW, may_stamp)
}

/// The same of what a link of /proc leads to: a file that may have no name any more. It need not be the one that was meant:
/// compare device and inode of what was opened.
pub fn open_linked_to_read(dir: impl AsFd, path: &[u8], may_stamp: bool) -> Result<OwnedFd> {
    open_with(dir, path, OFlag::empty(), may_stamp)
}

fn open_with(dir: impl AsFd, path: &[u8], more: OFlag, may_stamp: bool) -> Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | more;
    let open = |flags| openat(&dir, OsStr::from_bytes(path), flags, Mode::empty());
    let opened = match open(flags | OFlag::O_NOATIME) {
        Err(Errno::EPERM) if may_stamp => open(flags),
        opened => opened,
    };
    opened.map_err(|errno| Error::from_errno(escape(path), errno))
}

fn stat_with(dir: impl AsFd, name: &[u8], flags: AtFlags) -> Result<Stat> {
    fstatat(dir, OsStr::from_bytes(name), flags).map(Stat::from).map_err(|errno| Error::from_errno(escape(name), errno))
}

/// Removes a name from its directory (`man 2 unlink`). Who has the file open or mapped keeps it. Needs write permission
/// on the directory and, where that is sticky, to own the file or the directory.
pub fn unlink(path: &[u8]) -> Result<()> {
    nix::unistd::unlink(OsStr::from_bytes(path)).map_err(|errno| Error::from_errno(escape(path), errno))
}

/// Whether the caller may write to a file, or read it, by its mode and owner; opens nothing (`man 2 faccessat`).
pub fn may_access(path: &[u8], to_write: bool) -> bool {
    use nix::unistd::{AccessFlags, faccessat};
    let wanted = if to_write { AccessFlags::W_OK } else { AccessFlags::R_OK };
    faccessat(nix::fcntl::AT_FDCWD, OsStr::from_bytes(path), wanted, AtFlags::AT_EACCESS).is_ok()
}

/// The directory that a path lies in, held, and the name in it. Needs search permission on the way.
pub(super) fn open_parent(path: &[u8]) -> Result<(OwnedFd, &OsStr)> {
    let (parent, name) = match path.iter().rposition(|b| *b == b'/') {
        None => (&b"."[..], path),
        Some(end) => (&path[..end.max(1)], &path[end + 1..]),
    };
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let directory = openat(nix::fcntl::AT_FDCWD, OsStr::from_bytes(parent), flags, Mode::empty())
        .map_err(|errno| Error::from_errno(escape(parent), errno))?;
    Ok((directory, OsStr::from_bytes(name)))
}

/// Removes a name from its directory, as [`unlink`], if it is still that of this file. The directory is held meanwhile, so
/// that no directory that takes its place is touched. Errors: [`Error::Gone`] when it is another file's.
pub fn unlink_same(path: &[u8], device: Device, inode: u64) -> Result<()> {
    let (directory, name) = open_parent(path)?;
    let now = lstat_at(&directory, name.as_bytes())?;
    if (now.device, now.inode) != (device, inode) {
        return Err(Error::Gone { what: escape(path).into_owned() });
    }
    nix::unistd::unlinkat(&directory, name, nix::unistd::UnlinkatFlags::NoRemoveDir)
        .map_err(|errno| Error::from_errno(escape(path), errno))
}

/// Whether the caller may remove a name from its directory: write and search permission there and, where the directory
/// is sticky, being the owner of either, or `CAP_FOWNER`. A forecast for people; the kernel has the last word.
pub fn may_unlink(path: &[u8], may_override: bool) -> bool {
    use nix::unistd::{AccessFlags, faccessat};
    let end = path.iter().rposition(|b| *b == b'/');
    let parent = match end {
        None => &b"."[..],
        Some(0) => b"/",
        Some(end) => &path[..end],
    };
    let wanted = AccessFlags::W_OK | AccessFlags::X_OK;
    let here = nix::fcntl::AT_FDCWD;
    if faccessat(here, OsStr::from_bytes(parent), wanted, AtFlags::AT_EACCESS).is_err() {
        return false;
    }
    let (Ok(directory), Ok(file)) = (stat_at(here, parent), lstat(path)) else { return true };
    let me = nix::unistd::geteuid().as_raw();
    directory.mode & 0o1000 == 0 || may_override || [directory.owner.uid, file.owner.uid].contains(&me)
}
