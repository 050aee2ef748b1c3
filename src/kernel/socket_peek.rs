//! A look into a socket through a descriptor borrowed from a process: `recvmsg(2)` with `MSG_PEEK`, and options that are
//! only read. No option or flag is set, since that would change the owner's socket; no room is given for control
//! messages, so that descriptors on their way stay on their way.

use super::{Error, Result};
use crate::model::SocketType;
use nix::errno::Errno;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Most bytes that one look takes: more than any socket buffer that a machine without special settings has.
const MOST: usize = 64 << 20;

/// How a socket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketLook {
    /// Its type.
    pub kind: Option<SocketType>,
    /// Bytes that wait; of datagrams, those of the first. `None` where the kernel does not say.
    pub waiting: Option<u64>,
    /// There is something to be read, be it the end (`POLLIN`).
    pub readable: bool,
    /// The other end has closed, or this one is shut down (`POLLHUP`, `POLLRDHUP`).
    pub closed: bool,
    /// An error waits for the owner's next call (`POLLERR`), who would not get it if anybody else called first.
    pub error: bool,
    /// The owner reads ahead with a mark of its own (`SO_PEEK_OFF`), which a look of anybody would move.
    pub marked: bool,
    /// The kernel's number for it (`SO_COOKIE`), 0 when it does not say.
    pub cookie: u64,
}

/// Asks how a socket stands. Changes nothing.
pub fn read_look(fd: BorrowedFd<'_>) -> Result<SocketLook> {
    // nix's poll does not know POLLRDHUP.
    let mut asked = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN | libc::POLLRDHUP, revents: 0 };
    // SAFETY: one pollfd, which is what is said; a time limit of 0 does not wait.
    let result = unsafe { libc::poll(&raw mut asked, 1, 0) };
    Errno::result(result).map_err(|errno| Error::from_errno("socket", errno))?;
    let has = |events| asked.revents & events != 0;
    let kind = option::<libc::c_int>(fd, libc::SO_TYPE).map_err(|errno| Error::from_errno("socket", errno))?;
    Ok(SocketLook {
        kind: u8::try_from(kind).ok().and_then(SocketType::from_raw),
        waiting: super::pipe::waiting_bytes(fd).ok(),
        readable: has(libc::POLLIN),
        closed: has(libc::POLLHUP | libc::POLLRDHUP),
        error: has(libc::POLLERR),
        marked: option::<libc::c_int>(fd, libc::SO_PEEK_OFF).is_ok_and(|mark| mark >= 0),
        cookie: option::<u64>(fd, libc::SO_COOKIE).unwrap_or(0),
    })
}

/// Reads an option of one fixed-size number.
fn option<T: Copy + Default>(fd: BorrowedFd<'_>, name: libc::c_int) -> nix::Result<T> {
    let mut value = T::default();
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: a value of the size that is said; the callers ask for integers only, for which any bytes are a value.
    let result =
        unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut length) };
    Errno::result(result).map(|_| value)
}

/// Copies what would be read next, without waiting: of a stream up to `about` bytes, at most as far as to descriptors on
/// their way; of datagrams the first, whole. `None` when there is nothing. All of it stays.
pub fn peek(fd: BorrowedFd<'_>, about: u64) -> Result<Option<Vec<u8>>> {
    let mut room = usize::try_from(about).unwrap_or(MOST).clamp(1, MOST);
    loop {
        let mut bytes = vec![0; room];
        match receive(fd, &mut bytes) {
            // A datagram tells its whole length.
            Ok(length) if length > room && room < MOST => room = length.min(MOST),
            Ok(length) => {
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            Err(Errno::EAGAIN) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::from_errno("recvmsg", errno)),
        }
    }
}

fn receive(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> nix::Result<usize> {
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: integers and pointers, for all of which zero is a value; on some targets there is padding to be zeroed.
    let mut message = unsafe { MaybeUninit::<libc::msghdr>::zeroed().assume_init() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // A stream would take MSG_TRUNC for "throw it away" (TCP), so only datagrams are asked for their length.
    let whole = match option::<libc::c_int>(fd, libc::SO_TYPE) {
        Ok(libc::SOCK_STREAM) => 0,
        _ => libc::MSG_TRUNC,
    };
    // SAFETY: the header has one part, writable for its whole length, and no room for a name or control messages.
    let length = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, flags | whole) };
    Errno::result(length).map(|length| length as usize)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    #[test]
    fn a_stream_and_a_datagram() {
        let (mut one, mut other) = UnixStream::pair().unwrap();
        assert_eq!(peek(other.as_fd(), 100).unwrap(), None);
        one.write_all(b"some").unwrap();
        one.write_all(b"thing").unwrap();
        let look = read_look(other.as_fd()).unwrap();
        assert_eq!((look.kind, look.waiting, look.readable), (Some(SocketType::Stream), Some(9), true));
        assert!(!look.marked && !look.error && !look.closed);
        assert_eq!(peek(other.as_fd(), 100).unwrap(), Some(b"something".to_vec()));
        let mut bytes = [0; 9];
        other.read_exact(&mut bytes).unwrap();

        let (one, other) = UnixDatagram::pair().unwrap();
        one.send(&[7; 3000]).unwrap();
        one.send(b"second").unwrap();
        assert_eq!(peek(other.as_fd(), 10).unwrap(), Some(vec![7; 3000]));
        assert_eq!(other.recv(&mut [0; 4000]).unwrap(), 3000);
    }
}
