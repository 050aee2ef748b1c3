//! A directory of the user's own for what must outlive a run: made private, files written whole or not at all
//! (`man 2 openat`, `renameat2`, `fsync`, `flock`; XDG Base Directory Specification).

use super::file::{self, FileType, Stat};
use super::{Error, Result};
use crate::model::escape;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, Flock, FlockArg, OFlag, openat};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, compiler_fence};
use std::time::{Duration, Instant};

/// An open directory that is the caller's alone.
#[derive(Debug)]
pub struct StateDir {
    fd: OwnedFd,
    path: PathBuf,
}

/// Held until dropped: no other process has the lock of this directory.
#[derive(Debug)]
pub struct Lock {
    file: Flock<File>,
}

impl StateDir {
    /// Opens a directory and makes it, with mode 0700, and those above it, where they are missing. Errors:
    /// [`Error::Permission`] where it is another user's, or open to writing by others and not to be closed.
    pub fn make(path: &Path) -> Result<Self> {
        let mut missing = Vec::new();
        let mut above = path;
        while file::stat_at(nix::fcntl::AT_FDCWD, above.as_os_str().as_bytes()).is_err_and(|e| e.is_absent()) {
            missing.push(above);
            above = above.parent().ok_or_else(|| Error::NotFound { what: name(path) })?;
        }
        for path in missing.into_iter().rev() {
            match mkdirat(nix::fcntl::AT_FDCWD, path, Mode::S_IRWXU) {
                // Another ipcx was faster.
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(Error::from_errno(name(path), errno)),
            }
        }
        let made = Self::open(path)?;
        // One that was there may be open to others.
        fchmod(&made.fd, Mode::S_IRWXU).map_err(|errno| made.error("", errno))?;
        Ok(made)
    }

    /// Opens it where it exists, and changes nothing. Errors: [`Error::NotFound`]; as [`StateDir::make`].
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |errno| Error::from_errno(name(path), errno);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = openat(nix::fcntl::AT_FDCWD, path, flags, Mode::empty()).map_err(fail)?;
        let stat = Stat::from(nix::sys::stat::fstat(&fd).map_err(fail)?);
        if stat.owner.uid != super::users::own_uid() {
            return Err(Error::Permission { what: format!("{} belongs to uid {}", name(path), stat.owner.uid) });
        }
        Ok(Self { fd, path: path.to_owned() })
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, file: &str, errno: Errno) -> Error {
        Error::from_errno(name(&self.path.join(file)), errno)
    }

    /// A directory in it, made if missing.
    pub fn make_inner(&self, inner: &str) -> Result<Self> {
        Self::make(&self.path.join(inner))
    }

    /// A new file, mode 0600, which this process has locked as long as it is open. Errors: `EEXIST`.
    pub fn create(&self, file: &str) -> Result<StateFile> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = self.open_with(file, flags)?;
        file.lock().map(|()| file)
    }

    /// Whether nobody has a file locked: the process that made it has ended, or closed it.
    pub fn is_free(&self, file: &str) -> bool {
        self.open_file(file).is_ok_and(|file| {
            // SAFETY: plain integers; no memory is passed.
            unsafe { libc::flock(file.file.as_raw_fd(), libc::LOCK_SH | libc::LOCK_NB) == 0 }
        })
    }

    /// A file that is there.
    pub fn open_file(&self, file: &str) -> Result<StateFile> {
        self.open_with(file, OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
    }

    fn open_with(&self, file: &str, flags: OFlag) -> Result<StateFile> {
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let fd = openat(&self.fd, file, flags, mode).map_err(|errno| self.error(file, errno))?;
        Ok(StateFile { file: File::from(fd), name: name(&self.path.join(file)) })
    }

    /// Gives a file another name, in another directory too, in one step. Errors: `EEXIST` when the name is taken.
    pub fn rename(&self, from: &str, to_dir: &Self, to: &str) -> Result<()> {
        match rename_to_new(&self.fd, from, &to_dir.fd, to) {
            // Some file systems do not know the flag: a second name, and then the first one away.
            Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
                linkat(&self.fd, from, &to_dir.fd, to, AtFlags::empty()).map_err(|errno| self.error(from, errno))?;
                self.remove(from)
            }
            renamed => renamed.map_err(|errno| self.error(from, errno)),
        }
    }

    /// Gives a file the name of another one, which is then gone, in one step, and makes that durable.
    pub fn replace(&self, from: &str, to: &str) -> Result<()> {
        nix::fcntl::renameat(&self.fd, from, &self.fd, to).map_err(|errno| self.error(from, errno))?;
        self.sync()
    }

    /// The bytes of a small file, at most a megabyte. Errors: [`Error::NotFound`]; `EFBIG`.
    pub fn read(&self, file: &str) -> Result<Vec<u8>> {
        const MOST: u64 = 1 << 20;
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let opened = self.open_with(file, flags)?;
        let mut bytes = Vec::new();
        (&opened.file).take(MOST + 1).read_to_end(&mut bytes).map_err(|error| opened.error(&error))?;
        if bytes.len() as u64 > MOST { Err(self.error(file, Errno::EFBIG)) } else { Ok(bytes) }
    }

    /// Writes a file of mode 0600 in the place of the one of this name, if there is one: whoever reads it, and whatever
    /// happens, finds the one or the other whole. Of several processes that do so at once the last one's stays.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<()> {
        // Another process can have this number in its own PID namespace, and one that was killed can have left its file.
        const TRIES: u32 = 100;
        let pid = std::process::id();
        let mut names = (0..TRIES).map(|number| format!(".{file}.{pid}.{number}"));
        let free = |name: String| match self.create(&name) {
            Err(error) if error.exists() => None,
            created => Some(created.map(|created| (created, name))),
        };
        let (mut created, name) = names.find_map(free).ok_or_else(|| self.error(file, Errno::EEXIST))??;
        let written = created.file.write_all(bytes).map_err(|error| created.error(&error));
        let written = written.and_then(|()| created.sync()).and_then(|()| self.replace(&name, file));
        if written.is_err() {
            // What cannot be removed either is in nobody's way.
            let _ = self.remove(&name);
        }
        written
    }

    /// Makes what was created and renamed in it durable.
    pub fn sync(&self) -> Result<()> {
        nix::unistd::fsync(&self.fd).map_err(|errno| self.error("", errno))
    }

    /// Removes a file.
    pub fn remove(&self, file: &str) -> Result<()> {
        unlinkat(&self.fd, file, UnlinkatFlags::NoRemoveDir).map_err(|errno| self.error(file, errno))
    }

    /// Names and attributes of its regular files.
    pub fn files(&self) -> Result<Vec<(String, Stat)>> {
        let mut dir =
            Dir::openat(&self.fd, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
                .map_err(|errno| self.error("", errno))?;
        let names: Vec<Vec<u8>> = dir.iter().flatten().map(|entry| entry.file_name().to_bytes().into()).collect();
        let regular = |name: Vec<u8>| {
            let stat = file::lstat_at(&self.fd, &name).ok().filter(|stat| stat.file_type == FileType::Regular)?;
            Some((String::from_utf8(name).ok()?, stat))
        };
        Ok(names.into_iter().filter_map(regular).collect())
    }

    /// Waits until no other process holds the lock of this directory, and takes it. It is held for an instant mostly; a
    /// process that was stopped meanwhile may hold it longer. Errors: `EAGAIN` after half a minute.
    pub fn lock(&self) -> Result<Lock> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = self.open_with("lock", flags)?.file;
        let until = Instant::now() + Duration::from_secs(30);
        let mut file = file;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(Lock { file }),
                Err((back, Errno::EAGAIN)) if Instant::now() < until => file = back,
                Err((_, errno)) => return Err(self.error("lock", errno)),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Lock {
    /// The number kept in the lock file; 0 at first, or when it was damaged.
    pub fn number(&mut self) -> u64 {
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| (&*self.file).take(32).read_to_string(&mut text));
        read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Keeps another number.
    pub fn set_number(&mut self, number: u64) -> Result<()> {
        // Padded to one length, so that nothing has to be cut off behind it.
        let text = format!("{number:20}\n");
        let written = self.file.rewind().and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|error| Error::from_io("the lock of the backups", &error))
    }
}

/// A file of a [`StateDir`]. Read and written in the caller's pieces: wrap it in a buffer for small ones.
#[derive(Debug)]
pub struct StateFile {
    file: File,
    name: String,
}

impl StateFile {
    /// Makes its bytes durable.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|error| self.error(&error))
    }

    /// Makes it at least this long, in bytes, with zeros, and has room for them reserved: writing there then does not fail
    /// for want of space.
    pub fn reserve(&mut self, length: u64) -> Result<()> {
        let size = libc::off_t::try_from(length).map_err(|_| Error::from_errno(&*self.name, Errno::EFBIG))?;
        match nix::fcntl::fallocate(&self.file, nix::fcntl::FallocateFlags::empty(), 0, size.max(1)) {
            Ok(()) => Ok(()),
            // A file system that cannot reserve has to be written to.
            Err(Errno::EOPNOTSUPP) => {
                let missing = length.saturating_sub(self.length()?);
                let end = self.file.seek(io::SeekFrom::End(0));
                let written = end.and_then(|_| io::copy(&mut io::repeat(0).take(missing), &mut self.file));
                written.map(drop).map_err(|error| self.error(&error))
            }
            Err(errno) => Err(Error::from_errno(&*self.name, errno)),
        }
    }

    /// Cuts off what is behind this length, in bytes.
    pub fn cut(&self, length: u64) -> Result<()> {
        self.file.set_len(length).map_err(|error| self.error(&error))
    }

    /// Length in bytes.
    pub fn length(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|error| self.error(&error))
    }

    /// An I/O error on this file, with its name.
    pub fn error(&self, error: &io::Error) -> Error {
        Error::from_io(&*self.name, error)
    }

    /// Maps the whole file, shared, so that what is written there is in the file at once.
    pub(super) fn map(&self) -> Result<Mapping> {
        let length = usize::try_from(self.length()?).unwrap_or(0);
        let size = NonZeroUsize::new(length).ok_or_else(|| Error::from_errno(&*self.name, Errno::EINVAL))?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses a free place.
        let start = unsafe { mmap(None, size, protection, MapFlags::MAP_SHARED, &self.file, 0) };
        let start = start.map_err(|errno| Error::from_errno(&*self.name, errno))?;
        Ok(Mapping { start: start.cast(), length })
    }

    /// Takes the lock of this file, which others respect through [`StateDir::is_free`]; the kernel gives it up when this
    /// process ends, however it ends.
    fn lock(&self) -> Result<()> {
        // SAFETY: plain integers; no memory is passed.
        let result = unsafe { libc::flock(self.file.as_raw_fd(), libc::LOCK_EX) };
        Errno::result(result).map(drop).map_err(|errno| Error::from_errno(&*self.name, errno))
    }
}

/// A file's bytes in memory, unmapped when dropped. The file must not be made shorter meanwhile.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

impl Mapping {
    /// Length in bytes.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// The place of `length` bytes from `offset` on, if they are in the file.
    pub(super) fn at(&self, offset: usize, length: usize) -> Option<*mut u8> {
        let end = offset.checked_add(length)?;
        // SAFETY: within the mapping.
        (end <= self.length).then(|| unsafe { self.start.as_ptr().add(offset) })
    }

    /// Sets all bytes from `offset` on.
    pub(super) fn fill(&self, offset: usize, byte: u8) {
        if let Some(place) = self.at(offset, self.length.saturating_sub(offset)) {
            // SAFETY: `at` keeps within the mapping, which is writable; no reference into it exists.
            unsafe { std::ptr::write_bytes(place, byte, self.length - offset) };
        }
    }

    /// Writes bytes, if there is room for all of them.
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) {
        if let Some(place) = self.at(offset, bytes.len()) {
            // Later writes must not be seen before earlier ones by who reads the file after this process was killed.
            compiler_fence(Ordering::SeqCst);
            // SAFETY: `at` keeps within the mapping, which is writable; no reference into it exists.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
            compiler_fence(Ordering::SeqCst);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: what `mmap` returned, with the length that it was asked for; nothing refers to it any more.
        let _ = unsafe { munmap(self.start.cast(), self.length) };
    }
}

impl Read for StateFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for StateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for StateFile {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

fn name(path: &Path) -> String {
    escape(OsStr::as_bytes(path.as_os_str())).into_owned()
}

/// `renameat2(2)` with `RENAME_NOREPLACE`, which nix does not have for every C library.
fn rename_to_new(from_dir: &OwnedFd, from: &str, to_dir: &OwnedFd, to: &str) -> nix::Result<()> {
    let name = |name: &str| CString::new(name).map_err(|_| Errno::EINVAL);
    let (from, to) = (name(from)?, name(to)?);
    let (from_dir, to_dir) = (from_dir.as_raw_fd(), to_dir.as_raw_fd());
    // SAFETY: two open directories and two terminated names, which live for the whole call.
    let renamed = unsafe {
        let flags = libc::RENAME_NOREPLACE;
        libc::syscall(libc::SYS_renameat2, from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags)
    };
    Errno::result(renamed).map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn directory() -> (tempfile::TempDir, StateDir) {
        let scratch = tempfile::tempdir().unwrap();
        let made = StateDir::make(&scratch.path().join("state/ipcx")).unwrap();
        (scratch, made)
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let (_scratch, dir) = directory();
        assert!(dir.read("state.toml").unwrap_err().is_absent());
        for text in [&b"long text"[..], b"short", b""] {
            dir.write("state.toml", text).unwrap();
            assert_eq!(dir.read("state.toml").unwrap(), text);
        }
        let mode = dir.path().join("state.toml").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(dir.files().unwrap().len(), 1, "nothing else is left");
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way() {
        let (_scratch, dir) = directory();
        std::fs::write(dir.path().join(format!(".state.toml.{}.0", std::process::id())), "half").unwrap();
        dir.write("state.toml", b"whole").unwrap();
        assert_eq!(dir.read("state.toml").unwrap(), b"whole");
    }

    #[test]
    fn a_link_in_its_place_is_replaced_and_not_followed() {
        let (scratch, dir) = directory();
        let elsewhere = scratch.path().join("elsewhere");
        std::fs::write(&elsewhere, "kept").unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join("state.toml")).unwrap();
        assert!(dir.read("state.toml").is_err());
        dir.write("state.toml", b"new").unwrap();
        assert_eq!(
            (std::fs::read(elsewhere).unwrap(), dir.read("state.toml").unwrap()),
            (b"kept".into(), b"new".into())
        );
    }

    #[test]
    fn writers_at_once_leave_one_whole_file() {
        let (_scratch, dir) = directory();
        let texts: Vec<Vec<u8>> = (b'a'..=b'd').map(|letter| vec![letter; 10_000]).collect();
        dir.write("state.toml", &texts[0]).unwrap();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..20).for_each(|_| dir.write("state.toml", text).unwrap()));
            }
            for _ in 0..200 {
                assert!(texts.contains(&dir.read("state.toml").unwrap()));
            }
        });
        assert_eq!(dir.files().unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_small_file_is_refused() {
        let (_scratch, dir) = directory();
        std::fs::write(dir.path().join("large"), vec![0; (1 << 20) + 1]).unwrap();
        assert!(dir.read("large").is_err());
        // Without a writer, opening it would wait.
        nix::unistd::mkfifo(&dir.path().join("fifo"), Mode::S_IRWXU).unwrap();
        assert_eq!(dir.read("fifo").unwrap(), b"");
    }
}
