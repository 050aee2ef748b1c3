//! Which TCP and UDP sockets exist, and between which addresses.
//!
//! Follows `man 7 sock_diag`, `linux/inet_diag.h` and `net/ipv4/inet_diag.c`: one dump for each family and protocol,
//! in the network namespace of the calling thread, without any privilege. Joining the two ends of a local connection
//! is left to `snapshot`, with [`canonical`] addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustc_hash::FxHashSet;

use super::netlink::{Dump, SockDiag, cookie_at, u32_at};
use super::{Error, Result};
use crate::model::Protocol;

/// Size of `struct inet_diag_msg`.
const FIXED: usize = 72;
const AF_INET: u8 = libc::AF_INET as u8;
const AF_INET6: u8 = libc::AF_INET6 as u8;

/// One row of the kernel's TCP or UDP table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InetRecord {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Numbered as in `include/net/tcp_states.h`: 1 established … 10 listen, 11 closing; UDP: 1 with a fixed remote
    /// address, otherwise 7.
    pub state: u8,
    /// Local address and port. An IPv6 socket that speaks IPv4 has `::ffff:a.b.c.d`, as the kernel says.
    pub local: SocketAddr,
    /// Remote address and port; unspecified and 0 where there is none.
    pub remote: SocketAddr,
    /// Inode in sockfs, unique on the machine; 0 while no process has it: not accepted yet, `TIME_WAIT`, or closed with
    /// data under way.
    pub inode: u64,
    /// Owner: the file system uid of its creator, as the caller's user namespace numbers it.
    pub uid: u32,
    /// The kernel's number for the socket, never used twice since boot; 0 where the source does not say.
    pub cookie: u64,
    /// TCP: bytes to be read; listener: connections that wait to be accepted. UDP: kernel memory, overhead included.
    pub receive_queue: u32,
    /// TCP: bytes sent and not acknowledged; listener: most connections that may wait, 0 in `/proc/net`. UDP: kernel
    /// memory.
    pub send_queue: u32,
}

/// One of the kernel's four tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6, and over IPv4 through IPv6 sockets.
    Tcp6,
    /// UDP over IPv4.
    Udp4,
    /// UDP over IPv6, and over IPv4 through IPv6 sockets.
    Udp6,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tcp4, Self::Tcp6, Self::Udp4, Self::Udp6];

    /// TCP or UDP.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp4 | Self::Tcp6 => Protocol::Tcp,
            Self::Udp4 | Self::Udp6 => Protocol::Udp,
        }
    }

    /// Whether its addresses are IPv6.
    pub const fn is_v6(self) -> bool {
        matches!(self, Self::Tcp6 | Self::Udp6)
    }

    /// Its file in `/proc/net`, which names it well enough for people too.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Tcp4 => "tcp",
            Self::Tcp6 => "tcp6",
            Self::Udp4 => "udp",
            Self::Udp6 => "udp6",
        }
    }
}

/// Calls `each` for every TCP and UDP socket of the calling thread's network namespace, each cookie once.
///
/// A table that could not be read is skipped, and the returned notes say which and why. Rows that appear or go during
/// the dump may be missing. Needs no privilege.
///
/// # Errors
/// Only if no table could be read: `Unsupported` without `CONFIG_INET_DIAG` (then [`super::net_inet`] helps),
/// `Permission` where a sandbox forbids netlink sockets.
pub fn read_inet(each: &mut dyn FnMut(InetRecord)) -> Result<Vec<String>> {
    let mut client = SockDiag::open()?;
    read_all(|table| read_table(&mut client, table, each))
}

/// All tables with one reader: the notes of those that read, an error if none does.
pub(super) fn read_all(mut read: impl FnMut(Table) -> Result<Option<String>>) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let mut failures = Vec::new();
    for table in Table::ALL {
        match read(table) {
            Ok(note) => notes.extend(note),
            Err(error) => failures.push(error),
        }
    }
    if failures.len() == Table::ALL.len() {
        failures.truncate(1);
        return failures.pop().map_or(Ok(notes), Err);
    }
    notes.extend(failures.iter().map(Error::to_string));
    Ok(notes)
}

/// Dumps one table, and returns a note if the kernel calls the dump inconsistent.
///
/// # Errors
/// `Unsupported` if this kernel has no diag module for it.
pub fn read_table(client: &mut SockDiag, table: Table, each: &mut dyn FnMut(InetRecord)) -> Result<Option<String>> {
    let what = format!("{} sockets by sock_diag", table.file_name());
    let mut seen = FxHashSet::default();
    let dump = client.dump(&what, &request(table), &mut |payload| {
        if let Some(record) = parse_inet(table.protocol(), payload)
            && seen.insert(record.cookie)
        {
            each(record);
        }
    })?;
    Ok((dump == Dump::Interrupted).then(|| format!("{what}: the table changed meanwhile, rows may be missing")))
}

/// `struct inet_diag_req_v2` that asks for all states and no extensions.
fn request(table: Table) -> [u8; 56] {
    let mut request = [0; 56];
    request[0] = if table.is_v6() { AF_INET6 } else { AF_INET };
    request[1] = match table.protocol() {
        Protocol::Tcp => libc::IPPROTO_TCP as u8,
        Protocol::Udp => libc::IPPROTO_UDP as u8,
    };
    request[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
    request
}

/// Reads `struct inet_diag_msg`, which does not say its protocol. `None` for a message that is too short or of another
/// family.
pub fn parse_inet(protocol: Protocol, message_payload: &[u8]) -> Option<InetRecord> {
    let (fixed, _attributes) = message_payload.split_first_chunk::<FIXED>()?;
    let interface = u32_at(fixed, 40)?;
    Some(InetRecord {
        protocol,
        state: fixed[1],
        local: address(fixed[0], &fixed[8..24], &fixed[4..6], interface)?,
        remote: address(fixed[0], &fixed[24..40], &fixed[6..8], interface)?,
        inode: u32_at(fixed, 68)?.into(),
        uid: u32_at(fixed, 64)?,
        cookie: cookie_at(fixed, 44)?,
        receive_queue: u32_at(fixed, 56)?,
        send_queue: u32_at(fixed, 60)?,
    })
}

/// An address of `struct inet_diag_sockid`: network byte order, IPv4 in the first word.
fn address(family: u8, bytes: &[u8], port: &[u8], interface: u32) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(*port.first_chunk()?);
    match family {
        AF_INET => Some((Ipv4Addr::from(*bytes.first_chunk::<4>()?), port).into()),
        AF_INET6 => {
            let ip = Ipv6Addr::from(*bytes.first_chunk::<16>()?);
            // A link-local address means something only with its interface, which is then the one the socket is bound
            // to; elsewhere a binding (SO_BINDTODEVICE) is no part of the address.
            let local = ip.is_unicast_link_local() || (ip.is_multicast() && ip.octets()[1] & 0x0f == 2);
            Some(SocketAddrV6::new(ip, port, 0, if local { interface } else { 0 }).into())
        }
        _ => None,
    }
}

/// The address with `::ffff:a.b.c.d` turned into `a.b.c.d`: an IPv4 client and the IPv6 socket that accepted it have
/// reversed addresses only then.
pub fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        IpAddr::V4(ip) => (ip, addr.port()).into(),
        IpAddr::V6(_) => addr,
    }
}
