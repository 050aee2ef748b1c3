//! Sockets that the standard library does not make, and socket options that nix does not know.

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, connect, socket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// A stream that is bound to a path of its own and connected to a server's.
pub fn bound_and_connected(own: &Path, server: &Path) -> OwnedFd {
    let client = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(client.as_raw_fd(), &UnixAddr::new(own).unwrap()).unwrap();
    connect(client.as_raw_fd(), &UnixAddr::new(server).unwrap()).unwrap();
    client
}

/// Reads ahead from here on (`SO_PEEK_OFF`).
pub fn set_peek_offset(socket: &impl AsFd, offset: libc::c_int) {
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: one integer of the size that is said.
    let result = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_PEEK_OFF, (&raw const offset).cast(), size) };
    Errno::result(result).unwrap();
}

/// Where the socket reads ahead from.
pub fn peek_offset(socket: &impl AsFd) -> libc::c_int {
    let (mut offset, mut size) = (0 as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: one integer of the size that is said.
    let result =
        unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEEK_OFF, (&raw mut offset).cast(), &raw mut size) };
    Errno::result(result).unwrap();
    offset
}
