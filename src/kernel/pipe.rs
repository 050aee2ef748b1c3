//! A look into a pipe or FIFO through a descriptor borrowed from a process: `tee(2)`, `F_GETPIPE_SZ`, `FIONREAD`,
//! `poll(2)`. Nothing is taken out, no flag is set, and no file is opened: opening would add a reader or writer and let
//! processes go on that wait for one.

use super::{Error, Result};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::pipe2;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// How a pipe stands, told by one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipeState {
    /// Bytes that its page slots could hold at best; written in small pieces it takes less.
    pub capacity: u64,
    /// Bytes in it.
    pub buffered: u64,
    /// Asked of a write end: there is room for a write (`POLLOUT`).
    pub writable: bool,
    /// Asked of a read end: no write end is open (`POLLHUP`). A FIFO that no writer ever came to does not say so.
    pub no_writer: bool,
    /// Asked of a write end: no read end is open (`POLLERR`).
    pub no_reader: bool,
    /// Asked of a write end: each write is a packet (`O_DIRECT`).
    pub packets: bool,
}

/// Asks how a pipe stands. Changes nothing. Errors: `EBADF` for a descriptor that is open on its path only (`O_PATH`).
pub fn read_state(end: BorrowedFd<'_>) -> Result<PipeState> {
    let fail = |errno| Error::from_errno("pipe", errno);
    let capacity = fcntl(end, FcntlArg::F_GETPIPE_SZ).map_err(fail)? as u64;
    let flags = OFlag::from_bits_truncate(fcntl(end, FcntlArg::F_GETFL).map_err(fail)?);
    let mut fds = [PollFd::new(end, PollFlags::POLLIN | PollFlags::POLLOUT)];
    poll(&mut fds, PollTimeout::ZERO).map_err(fail)?;
    let events = fds[0].revents().unwrap_or(PollFlags::empty());
    Ok(PipeState {
        capacity,
        buffered: waiting_bytes(end).map_err(fail)?,
        writable: events.contains(PollFlags::POLLOUT),
        no_writer: events.contains(PollFlags::POLLHUP),
        no_reader: events.contains(PollFlags::POLLERR),
        packets: flags.contains(OFlag::O_DIRECT),
    })
}

/// `FIONREAD` (`man 2 ioctl_pipe`, `man 7 unix`, `man 7 udp`): bytes that wait to be read.
pub(super) fn waiting_bytes(fd: BorrowedFd<'_>) -> nix::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, which is what is passed.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    Errno::result(result).map(|_| bytes.max(0) as u64)
}

/// A pipe of our own, that another's contents are copied into.
#[derive(Debug)]
pub struct Copies {
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Copies {
    /// Makes an empty one. Errors: `EMFILE`, `ENFILE`.
    pub fn new() -> Result<Self> {
        let (reader, writer) =
            pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(|errno| Error::from_errno("pipe2", errno))?;
        Ok(Self { reader, writer })
    }

    /// Makes room for as much as a pipe of this capacity holds, as far as the limits for users and pipes allow it; tells
    /// whether there is now.
    pub fn make_room(&self, capacity: u64) -> bool {
        let has = |size: nix::Result<i32>| size.is_ok_and(|size| size as u64 >= capacity);
        let wanted = i32::try_from(capacity).unwrap_or(i32::MAX);
        has(fcntl(&self.writer, FcntlArg::F_GETPIPE_SZ)) || has(fcntl(&self.writer, FcntlArg::F_SETPIPE_SZ(wanted)))
    }

    /// Copies what another pipe holds through its read end, by reference and without waiting (`man 2 tee`); the other
    /// pipe keeps all of it. Returns the number of bytes. Call it once: every call begins at the beginning.
    pub fn tee(&self, from: BorrowedFd<'_>) -> Result<u64> {
        let most = i32::MAX as usize;
        // SAFETY: two open descriptors, a length and a flag by value; no memory is passed.
        let copied = unsafe { libc::tee(from.as_raw_fd(), self.writer.as_raw_fd(), most, libc::SPLICE_F_NONBLOCK) };
        match Errno::result(copied) {
            Ok(copied) => Ok(copied as u64),
            Err(Errno::EAGAIN) => Ok(0),
            Err(errno) => Err(Error::from_errno("tee", errno)),
        }
    }

    /// The copies: of a pipe in packet mode each packet, otherwise all in one piece.
    pub fn read(self) -> Result<Vec<Vec<u8>>> {
        let Self { reader, writer } = self;
        let capacity = fcntl(&writer, FcntlArg::F_GETPIPE_SZ).map_err(|errno| Error::from_errno("pipe", errno))?;
        // With the last writer gone, the end of the copies is an end and no wait.
        drop(writer);
        let mut room = vec![0; (capacity as usize).max(4096)];
        let mut pieces = Vec::new();
        loop {
            match nix::unistd::read(reader.as_fd(), &mut room) {
                Ok(0) => return Ok(pieces),
                Ok(length) => pieces.push(room[..length].to_vec()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::from_errno("pipe", errno)),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use nix::unistd::{read, write};

    fn copied(from: &OwnedFd) -> Vec<Vec<u8>> {
        let copies = Copies::new().unwrap();
        assert!(copies.make_room(read_state(from.as_fd()).unwrap().capacity));
        copies.tee(from.as_fd()).unwrap();
        copies.read().unwrap()
    }

    #[test]
    fn a_copy_leaves_the_pipe_as_it_was() {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC).unwrap();
        assert!(copied(&reader).is_empty());
        write(&writer, b"some ").unwrap();
        write(&writer, b"bytes").unwrap();
        assert_eq!(copied(&reader), [b"some bytes"]);
        let state = read_state(writer.as_fd()).unwrap();
        assert_eq!((state.buffered, state.writable, state.no_reader, state.packets), (10, true, false, false));
        let mut bytes = [0; 16];
        assert_eq!(read(&reader, &mut bytes).unwrap(), 10);
        drop(writer);
        assert!(read_state(reader.as_fd()).unwrap().no_writer);
    }

    #[test]
    fn packets_stay_apart() {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_DIRECT).unwrap();
        write(&writer, b"one").unwrap();
        write(&writer, b"three").unwrap();
        assert_eq!(copied(&reader), [&b"one"[..], b"three"]);
        assert!(read_state(writer.as_fd()).unwrap().packets);
        drop(reader);
        assert!(read_state(writer.as_fd()).unwrap().no_reader);
    }
}
