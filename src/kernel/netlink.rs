//! One question to `NETLINK_SOCK_DIAG` and all of its answers: the client under `unix_diag` and `inet_diag`.
//!
//! Follows `man 7 netlink`, `man 7 sock_diag` and `net/netlink/af_netlink.c`. It frames the request, collects the
//! dump, sorts errors, and walks messages and attributes; what their bytes mean is left to the callers. All of it is
//! parsed from bytes, so that a damaged length ends the walk and nothing is ever read past the end.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, connect, recv, send, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use super::{Error, Result};

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`: the type of requests and of their answers.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Size of `struct nlmsghdr`.
const HEADER: usize = 16;
/// The kernel packs a dump into datagrams of at most 32 KiB (`netlink_recvmsg`); should that change, the buffer grows.
const BUFFER: usize = 64 * 1024;
/// Seconds to wait for an answer. The kernel makes them within `send` and `recv`, so this is a seat belt only.
const PATIENCE: i64 = 5;

/// Whether the table changed under a dump in a way that the kernel noticed (`NLM_F_DUMP_INTR`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dump {
    /// The kernel says nothing against it.
    Complete,
    /// Rows may be missing or doubled, also after a second try.
    Interrupted,
}

/// A `NETLINK_SOCK_DIAG` socket with its receive buffer. It sees the sockets of one network namespace: the one that
/// the calling **thread** was in at [`SockDiag::open`].
#[derive(Debug)]
pub struct SockDiag {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
}

/// How one try of a dump ended, apart from errors.
enum Attempt {
    Done(Dump),
    /// A datagram of this many bytes did not fit into the buffer.
    TooLong(usize),
}

impl SockDiag {
    /// Opens the socket. No privilege is needed; `Unsupported` without `CONFIG_NET` diag support, `Permission` where a
    /// sandbox forbids netlink.
    pub fn open() -> Result<Self> {
        Ok(Self { socket: open_socket()?, buffer: vec![0; BUFFER], sequence: 0 })
    }

    /// Sends one dump request, the bytes of a `struct *_diag_req`, and calls `each` with the payload of every answer.
    ///
    /// A dump that the kernel calls inconsistent is made once more, so `each` may see an object twice. It may anyway:
    /// the kernel continues a dump by counting rows, and rows that come and go meanwhile shift the count.
    ///
    /// # Errors
    /// `Unsupported` where the kernel has no handler for the family or protocol; `what` names it for people.
    /// `Os(ETIMEDOUT)` after five seconds of silence. Answers may have been delivered before an error.
    pub fn dump(&mut self, what: &str, request: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<Dump> {
        let mut end = self.attempt(what, request, each)?;
        if !matches!(end, Attempt::Done(Dump::Complete)) {
            if let Attempt::TooLong(length) = end {
                // The rest of that dump is still under way on the old socket, which would refuse another one (EBUSY).
                self.socket = open_socket()?;
                self.buffer.resize(length.max(BUFFER), 0);
            }
            end = self.attempt(what, request, each)?;
        }
        match end {
            Attempt::Done(dump) => Ok(dump),
            Attempt::TooLong(length) => {
                Err(Error::Malformed { what: what.into(), detail: format!("an answer of {length} bytes") })
            }
        }
    }

    fn attempt(&mut self, what: &str, request: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<Attempt> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        let message = frame(request, sequence);
        retry(|| send(self.socket.as_raw_fd(), &message, MsgFlags::empty())).map_err(|e| refused(what, e))?;
        let mut interrupted = false;
        loop {
            // With MSG_TRUNC, recv returns the length of the whole datagram, also of what did not fit.
            let length = retry(|| recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_TRUNC))
                .map_err(|e| refused(what, if e == Errno::EAGAIN { Errno::ETIMEDOUT } else { e }))?;
            let Some(mut rest) = self.buffer.get(..length) else { return Ok(Attempt::TooLong(length)) };
            if rest.is_empty() {
                return Err(malformed(what, rest));
            }
            while !rest.is_empty() {
                let (message, after) = next_message(rest).ok_or_else(|| malformed(what, rest))?;
                rest = after;
                if message.sequence != sequence {
                    continue; // an answer to an earlier request that was given up
                }
                interrupted |= i32::from(message.flags) & libc::NLM_F_DUMP_INTR != 0;
                match i32::from(message.kind) {
                    libc::NLMSG_DONE => {
                        status(message.payload).map_err(|e| refused(what, e))?;
                        return Ok(Attempt::Done(if interrupted { Dump::Interrupted } else { Dump::Complete }));
                    }
                    libc::NLMSG_ERROR => status(message.payload).map_err(|e| refused(what, e))?,
                    _ if message.kind == SOCK_DIAG_BY_FAMILY => each(message.payload),
                    _ => {} // NLMSG_NOOP, and whatever a later kernel adds
                }
            }
        }
    }
}

fn open_socket() -> Result<OwnedFd> {
    let what = "sock_diag netlink socket";
    let error = |e| Error::from_errno(what, e);
    let fd = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkSockDiag)
        .map_err(error)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &TimeVal::seconds(PATIENCE)).map_err(error)?;
    // Connected to port 0, the socket takes messages from the kernel only: no other process can answer in its place.
    connect(fd.as_raw_fd(), &NetlinkAddr::new(0, 0)).map_err(error)?;
    Ok(fd)
}

/// The system call again, as long as a signal interrupts it.
fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// `net/core/sock_diag.c` and `inet_diag.c` say `ENOENT` when nobody has registered for the family or protocol.
fn refused(what: &str, errno: Errno) -> Error {
    match errno {
        Errno::ENOENT => Error::Unsupported { what: what.into() },
        errno => Error::from_errno(what, errno),
    }
}

fn malformed(what: &str, rest: &[u8]) -> Error {
    Error::Malformed { what: what.into(), detail: format!("the last {} bytes of an answer", rest.len()) }
}

/// The error number in an `NLMSG_ERROR` or `NLMSG_DONE` payload: negative, or 0 for success.
fn status(payload: &[u8]) -> nix::Result<()> {
    let code = u32_at(payload, 0).map_or(0, u32::cast_signed);
    if code < 0 { Err(Errno::from_raw(code.wrapping_neg())) } else { Ok(()) }
}

/// `struct nlmsghdr` and the request behind it.
fn frame(request: &[u8], sequence: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + request.len());
    message.extend_from_slice(&((HEADER + request.len()) as u32).to_ne_bytes());
    message.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend_from_slice(&((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    message.extend_from_slice(&sequence.to_ne_bytes());
    message.extend_from_slice(&0u32.to_ne_bytes()); // the port: the kernel knows it
    message.extend_from_slice(request);
    message
}

/// One netlink message.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    payload: &'a [u8],
}

/// The first message of a datagram, and what follows it; `None` if its length cannot be.
fn next_message(bytes: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let payload = bytes.get(HEADER..length)?;
    let message = Message { kind: u16_at(bytes, 4)?, flags: u16_at(bytes, 6)?, sequence: u32_at(bytes, 8)?, payload };
    Some((message, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The attributes (`struct rtattr`, `man 7 rtnetlink`) behind a fixed header: number and bytes of each. Ends at the
/// first one whose length cannot be.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Over the bytes behind the fixed part of a message.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16_at(self.rest, 0)?);
        let kind = u16_at(self.rest, 2)? & 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        let Some(value) = self.rest.get(4..length) else {
            self.rest = &[];
            return None;
        };
        self.rest = self.rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// The host-endian 16-bit number at `offset`, if there are so many bytes.
pub fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The host-endian 32-bit number at `offset`, if there are so many bytes.
pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The cookie at `offset`, if there are so many bytes: `__u32 cookie[2]`, the low half first on every machine
/// (`sock_diag_save_cookie`).
pub fn cookie_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from(u32_at(bytes, offset)?) | u64::from(u32_at(bytes, offset + 4)?) << 32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_request_is_framed_and_read_back() {
        let bytes = frame(b"abcde", 7);
        let (message, rest) = next_message(&bytes).unwrap();
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        assert_eq!(message, Message { kind: SOCK_DIAG_BY_FAMILY, flags, sequence: 7, payload: b"abcde" });
        assert!(rest.is_empty());
    }

    #[test]
    fn messages_follow_each_other_at_multiples_of_four() {
        let mut bytes = frame(b"abcde", 1);
        bytes.resize(24, 0);
        bytes.extend(frame(b"", 2));
        let (first, rest) = next_message(&bytes).unwrap();
        let (second, rest) = next_message(rest).unwrap();
        assert_eq!((first.payload, first.sequence, second.payload, second.sequence), (&b"abcde"[..], 1, &b""[..], 2));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_length_that_cannot_be_is_no_message() {
        for length in [0u32, 15, 18, u32::MAX] {
            let mut bytes = frame(b"a", 1);
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(next_message(&bytes), None, "{length}");
        }
        assert_eq!(next_message(b"abc"), None);
    }

    #[test]
    fn attributes_end_at_damage() {
        let mut bytes = attribute(5, b"12345");
        bytes.extend(attribute(6, b""));
        bytes.extend([2, 0, 1, 0, 9, 9, 9, 9]);
        bytes.extend(attribute(7, b"never seen"));
        assert_eq!(Attributes::new(&bytes).collect::<Vec<_>>(), [(5, &b"12345"[..]), (6, b"")]);
        // The last one may lack its padding, never its value.
        assert_eq!(Attributes::new(&bytes[..9]).count(), 1);
        assert_eq!(Attributes::new(&bytes[..8]).count(), 0);
    }

    #[test]
    fn a_status_is_zero_or_an_errno() {
        assert_eq!(status(&0i32.to_ne_bytes()), Ok(()));
        assert_eq!(status(&(-2i32).to_ne_bytes()), Err(Errno::ENOENT));
        assert_eq!(status(b""), Ok(()));
        assert!(status(&i32::MIN.to_ne_bytes()).is_err());
    }

    #[test]
    fn an_unknown_family_is_unsupported_and_the_socket_survives() {
        let Ok(mut client) = SockDiag::open() else {
            eprintln!("skipped: no sock_diag here");
            return;
        };
        for _ in 0..2 {
            // AF_APPLETALK has no diag handler anywhere.
            let error = client.dump("appletalk", &[5; 24], &mut |_| {}).unwrap_err();
            assert_eq!(error, Error::Unsupported { what: "appletalk".into() });
        }
    }

    #[test]
    fn a_small_buffer_grows() {
        let Ok(mut client) = SockDiag::open() else {
            eprintln!("skipped: no sock_diag here");
            return;
        };
        let _row = std::os::unix::net::UnixDatagram::unbound().unwrap();
        client.buffer = vec![0; 20];
        let mut request = [0; 24];
        request[0] = 1; // AF_UNIX
        request[4..8].fill(0xff); // all states
        let mut rows = 0;
        match client.dump("unix", &request, &mut |_| rows += 1) {
            Ok(_) => assert!(rows > 0 && client.buffer.len() == BUFFER),
            Err(Error::Unsupported { .. }) => eprintln!("skipped: no CONFIG_UNIX_DIAG"),
            Err(error) => panic!("{error}"),
        }
    }

    proptest! {
        #[test]
        fn walking_arbitrary_bytes_ends(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut rest = &bytes[..];
            while let Some((message, after)) = next_message(rest) {
                prop_assert!(after.len() < rest.len());
                prop_assert!(Attributes::new(message.payload).count() <= message.payload.len() / 4);
                rest = after;
            }
            prop_assert!(Attributes::new(&bytes).count() <= bytes.len() / 4);
        }
    }
}
