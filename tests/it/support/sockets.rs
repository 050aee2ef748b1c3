//! Sockets that the standard library does not make, socket options that nix does not know, and descriptors on their way.

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, bind, connect, recvmsg,
    sendmsg, socket,
};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
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

/// Sends a byte with a descriptor.
pub fn send_descriptor(socket: &impl AsRawFd, text: &[u8], descriptor: &impl AsRawFd) {
    let fds = [descriptor.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&fds)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(text)], &control, MsgFlags::empty(), None).unwrap();
}

/// Receives bytes with the descriptors that came with them.
pub fn receive_descriptors(socket: &impl AsRawFd) -> (Vec<u8>, Vec<OwnedFd>) {
    let (mut bytes, mut room) = ([0; 100], nix::cmsg_space!([i32; 4]));
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let got = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::empty()).unwrap();
    let mut fds = Vec::new();
    for message in got.cmsgs().unwrap() {
        if let ControlMessageOwned::ScmRights(some) = message {
            // SAFETY: the kernel has just made them for this process; nothing else owns them.
            fds.extend(some.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    let length = got.bytes;
    (bytes[..length].to_vec(), fds)
}
