//! Sockets, unix and internet.

use super::Time;
use std::net::SocketAddr;

/// `SOCK_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketType {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Dgram,
    /// `SOCK_SEQPACKET`.
    Seqpacket,
    /// `SOCK_RAW`.
    Raw,
}

impl SocketType {
    /// From the number in `bits/socket.h`, which the kernel uses too on every supported architecture.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        match raw {
            1 => Some(Self::Stream),
            2 => Some(Self::Dgram),
            3 => Some(Self::Raw),
            5 => Some(Self::Seqpacket),
            _ => None,
        }
    }

    /// Name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Dgram => "dgram",
            Self::Seqpacket => "seqpacket",
            Self::Raw => "raw",
        }
    }
}

/// What a socket is doing. The TCP-only states are those of `include/net/tcp_states.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketState {
    /// Waits for connections.
    Listening,
    /// Has a partner. A client that its listener has not accepted yet is connected too: `connect` has returned.
    Connected,
    /// TCP handshake under way.
    Connecting,
    /// Has no partner and never had, or a datagram socket without a fixed one.
    Unconnected,
    /// Unix: the partner has closed for good; this end is still open.
    HalfClosed,
    /// TCP: the partner has closed its side, this process has not.
    CloseWait,
    /// TCP `FIN_WAIT1`.
    FinWait1,
    /// TCP `FIN_WAIT2`.
    FinWait2,
    /// TCP `TIME_WAIT`: closed, kept by the kernel for a minute.
    TimeWait,
    /// TCP `LAST_ACK`.
    LastAck,
    /// TCP `CLOSING`.
    Closing,
}

impl SocketState {
    /// Name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Unconnected => "unconnected",
            Self::HalfClosed => "half-closed",
            Self::CloseWait => "close-wait",
            Self::FinWait1 => "fin-wait-1",
            Self::FinWait2 => "fin-wait-2",
            Self::TimeWait => "time-wait",
            Self::LastAck => "last-ack",
            Self::Closing => "closing",
        }
    }
}

/// Transport protocol of an internet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// What only a unix socket has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unix {
    /// Bound name without the leading NUL of an abstract one. Accepted sockets carry their listener's.
    pub name: Option<Box<[u8]>>,
    /// The name lives in the abstract namespace, not in a file system.
    pub abstract_name: bool,
    /// The name leads to this socket and to no other: it listens, or is the only one of that name.
    pub by_name: bool,
    /// Number of clients that the listener has not accepted yet, by inode.
    pub pending_clients: Box<[u64]>,
    /// When the file that it is bound to was made, where the file was looked at.
    pub file_made: Option<Time>,
    /// A file for which no socket was found: why there may be one all the same.
    pub doubt: Option<FileDoubt>,
}

/// Why it cannot be told whether somebody is bound to a socket file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDoubt {
    /// The socket with this inode is bound to a file of the same number on another device, as overlay file systems and
    /// subvolumes show one file, or to the same path.
    Perhaps(u64),
    /// The file lies on a file system that other machines or user-space servers share: a socket may be bound there.
    Shared,
}

/// What only an internet socket has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inet {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port; unspecified address and port 0 where there is none.
    pub remote: SocketAddr,
}

/// A socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// `stream`, `dgram`, …; unknown for a socket file that no socket was found for.
    pub kind: Option<SocketType>,
    /// State; likewise.
    pub state: Option<SocketState>,
    /// Inode of the socket at the other end on this machine; for a client that was not accepted yet, its listener's.
    pub peer: Option<u64>,
    /// This connection still waits in its listener's queue.
    pub unaccepted: bool,
    /// Bytes to be read. Unix datagrams: size of the first one. UDP: kernel memory, which is more than the bytes.
    pub receive_queue: Option<u64>,
    /// Bytes sent and not yet taken, as far as the kernel counts bytes (TCP); kernel memory otherwise.
    pub send_queue: Option<u64>,
    /// Listener: most connections that may wait to be accepted.
    pub backlog: Option<u64>,
    /// Listener: connections that wait to be accepted.
    pub pending: Option<u64>,
    /// Unix part.
    pub unix: Option<Unix>,
    /// Internet part.
    pub inet: Option<Box<Inet>>,
}
