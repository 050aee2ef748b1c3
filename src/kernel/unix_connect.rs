//! Connecting to a unix socket by its file or its abstract name, and sending to it (`man 7 unix`).
//!
//! A path is connected to through a descriptor that holds the file (`fifo::hold`): then it is the file that was looked
//! at, and no path is too long for `sun_path`.

use super::fifo::Held;
use super::{Error, Result};
use crate::model::{SocketType, escape};
use nix::errno::Errno;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, getsockopt, send, socket};
use std::os::fd::{AsRawFd, OwnedFd};

/// Where a socket is.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// Its file.
    File(&'a Held),
    /// Its abstract name, without the NUL in front.
    Abstract(&'a [u8]),
}

/// A socket of ours that is connected to another.
#[derive(Debug)]
pub struct Connection {
    fd: OwnedFd,
    /// How it sends.
    pub kind: SocketType,
    /// Who called `listen` at the other end, or 0 where this PID namespace does not show it; `None` for datagrams, and
    /// where nobody is known. It may have handed the socket on since.
    pub listener: Option<u32>,
}

/// Connects. Needs write permission on the file. With `wait` it sleeps while a listener's backlog is full, and later
/// sends sleep too. Errors: [`Error::refused`] when nobody has the socket any more or does not listen;
/// [`Error::would_block`]; [`Error::wrong_type`] when it is of another type; `EINTR`.
pub fn connect_to(place: Place<'_>, kind: SocketType, wait: bool) -> Result<Connection> {
    let name = match place {
        Place::File(held) => held.path(),
        Place::Abstract(name) => format!("@{}", escape(name)),
    };
    let fail = |errno| Error::from_errno(name.clone(), errno);
    let raw = match kind {
        SocketType::Stream => SockType::Stream,
        SocketType::Dgram => SockType::Datagram,
        SocketType::Seqpacket => SockType::SeqPacket,
        SocketType::Raw => SockType::Raw,
    };
    let flags = SockFlag::SOCK_CLOEXEC | if wait { SockFlag::empty() } else { SockFlag::SOCK_NONBLOCK };
    let fd = socket(AddressFamily::Unix, raw, flags, None).map_err(fail)?;
    let address = match place {
        Place::File(held) => UnixAddr::new(held.path().as_str()),
        Place::Abstract(name) => UnixAddr::new_abstract(name),
    };
    connect(fd.as_raw_fd(), &address.map_err(fail)?).map_err(fail)?;
    let peer = getsockopt(&fd, PeerCredentials).ok();
    let listener = peer.filter(|_| kind != SocketType::Dgram).and_then(|peer| u32::try_from(peer.pid()).ok());
    Ok(Connection { fd, kind, listener })
}

impl Connection {
    /// Sends; says how many bytes. A datagram or a packet goes as a whole. Errors: `EAGAIN` when the receiver takes no
    /// more for now; `EMSGSIZE`; [`Error::no_reader`] when the other end has closed; `EINTR`.
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        send(self.fd.as_raw_fd(), data, MsgFlags::MSG_NOSIGNAL).map_err(|errno| Error::from_errno("socket", errno))
    }

    /// The largest datagram or packet that it sends: the send buffer less the kernel's own overhead (`unix_dgram_sendmsg`:
    /// `sk_sndbuf - 32`).
    pub fn largest(&self) -> Result<u64> {
        let buffer = getsockopt(&self.fd, nix::sys::socket::sockopt::SndBuf);
        let buffer = buffer.map_err(|errno: Errno| Error::from_errno("socket", errno))?;
        Ok((buffer as u64).saturating_sub(32))
    }
}
