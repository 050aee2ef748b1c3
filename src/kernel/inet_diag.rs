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
    /// Numbered as in `include/net/tcp_states.h`: 1 established … 10 listen, 11 closing. UDP: 1 with a fixed remote
    /// address, otherwise 7. TCP 7 is bound, neither listening nor connected (not listed before Linux 6.8).
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
    /// TCP: bytes written and not acknowledged; listener: most connections that may wait, 0 in `/proc/net`. UDP: kernel
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
/// Only if no table could be read: `Unsupported` without `CONFIG_INET_DIAG` (then `net_inet` helps),
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::time::{Duration, Instant};

    use nix::sys::stat::fstat;
    use proptest::prelude::*;

    use super::*;

    fn inode(fd: impl AsFd) -> u64 {
        fstat(fd).unwrap().st_ino
    }

    /// All rows, as soon as they satisfy the condition: the far half of a loopback connection may be a little late.
    fn rows(mut complete: impl FnMut(&[InetRecord]) -> bool) -> Option<Vec<InetRecord>> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let mut rows = Vec::new();
            match read_inet(&mut |record| rows.push(record)) {
                Err(Error::Unsupported { what }) => {
                    eprintln!("skipped: no {what}");
                    return None;
                }
                Ok(notes) if !notes.is_empty() => {
                    eprintln!("skipped: {notes:?}");
                    return None;
                }
                result => drop(result.unwrap()),
            }
            if complete(&rows) {
                return Some(rows);
            }
            std::thread::yield_now();
        }
        panic!("a socket is not in the dump")
    }

    fn by_inode(rows: &[InetRecord], inode: u64) -> Option<&InetRecord> {
        rows.iter().find(|row| row.inode == inode)
    }

    fn message(family: u8, source: &[u8], destination: &[u8], interface: u32) -> Vec<u8> {
        let mut bytes = vec![family, 10, 0, 0, 0x1f, 0x90, 0, 22];
        for address in [source, destination] {
            let mut address = address.to_vec();
            address.resize(16, 0);
            bytes.extend(address);
        }
        for word in [interface, 7, 1, 99, 3, 128, 1000, 4242] {
            bytes.extend(u32::to_ne_bytes(word));
        }
        bytes
    }

    #[test]
    fn every_field_has_its_place() {
        let bytes = message(AF_INET, &[127, 0, 0, 1], &[10, 0, 0, 2], 3);
        let expected = InetRecord {
            protocol: Protocol::Tcp,
            state: 10,
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "10.0.0.2:22".parse().unwrap(),
            inode: 4242,
            uid: 1000,
            cookie: 0x1_0000_0007,
            receive_queue: 3,
            send_queue: 128,
        };
        assert_eq!(parse_inet(Protocol::Tcp, &bytes), Some(expected));
        assert_eq!(parse_inet(Protocol::Tcp, &bytes[..FIXED - 1]), None);
        assert_eq!(parse_inet(Protocol::Tcp, &message(1, &[], &[], 0)), None);
    }

    #[test]
    fn only_link_local_addresses_have_an_interface() {
        let of = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
        for (text, scope) in [("fe80::1", 3), ("ff02::fb", 3), ("ff05::2", 0), ("::1", 0), ("2001:db8::1", 0)] {
            let record = parse_inet(Protocol::Udp, &message(AF_INET6, &of(text), &of("::"), 3)).unwrap();
            assert_eq!(record.local, SocketAddrV6::new(text.parse().unwrap(), 8080, 0, scope).into());
            assert_eq!(record.remote, "[::]:22".parse().unwrap());
        }
    }

    #[test]
    fn mapped_addresses_become_canonical() {
        for (from, to) in [
            ("[::ffff:1.2.3.4]:5", "1.2.3.4:5"),
            ("[::1]:5", "[::1]:5"),
            ("[fe80::1%3]:5", "[fe80::1%3]:5"),
            ("1.2.3.4:5", "1.2.3.4:5"),
        ] {
            assert_eq!(canonical(from.parse().unwrap()), to.parse().unwrap());
        }
    }

    #[test]
    fn tables_that_fail_are_noted_unless_all_do() {
        let fail = |table: Table| Error::Unsupported { what: table.file_name().into() };
        let notes = read_all(|t| if t.is_v6() { Err(fail(t)) } else { Ok(None) }).unwrap();
        assert_eq!(notes, ["tcp6: not supported by this kernel", "udp6: not supported by this kernel"]);
        assert_eq!(read_all(|table| Err(fail(table))), Err(fail(Table::Tcp4)));
    }

    /// A listener with one accepted and one waiting connection, seen from the kernel's table.
    fn tcp(bind: &str, connect: &str) {
        let Ok(listener) = TcpListener::bind(bind) else {
            eprintln!("skipped: cannot bind {bind}");
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let to: SocketAddr = format!("{connect}:{port}").parse().unwrap();
        let first = TcpStream::connect(to).unwrap();
        let (server, _) = listener.accept().unwrap();
        let second = TcpStream::connect(to).unwrap();
        let from = second.local_addr().unwrap();
        let is_embryo = |row: &InetRecord| row.inode == 0 && canonical(row.remote) == from && row.local.port() == port;
        let (il, i1, i2, is) = (inode(&listener), inode(&first), inode(&second), inode(&server));
        let Some(rows) = rows(|rows| {
            [il, i1, i2, is].iter().all(|i| by_inode(rows, *i).is_some())
                && rows.iter().any(|row| is_embryo(row) && row.state == 1)
                && by_inode(rows, il).is_some_and(|l| l.receive_queue == 1)
        }) else {
            return;
        };
        let [l, c1, c2, s] = [il, i1, i2, is].map(|inode| by_inode(&rows, inode).unwrap());
        assert_eq!((l.protocol, l.state, l.local), (Protocol::Tcp, 10, listener.local_addr().unwrap()));
        assert!(l.send_queue >= 1 && l.remote.port() == 0 && l.remote.ip().is_unspecified());
        assert_eq!((c1.state, c1.local, c1.remote), (1, first.local_addr().unwrap(), to));
        assert_eq!((c2.state, c2.local, c2.remote), (1, from, to));
        assert_eq!((s.state, s.local, s.remote), (1, server.local_addr().unwrap(), server.peer_addr().unwrap()));
        assert_eq!((canonical(s.local), canonical(s.remote)), (c1.remote, c1.local), "joined by reversed addresses");
        assert_eq!(l.uid, nix::unistd::Uid::effective().as_raw());
        assert!(l.cookie != 0 && l.cookie != s.cookie);
    }

    #[test]
    fn tcp_over_ipv4() {
        tcp("127.0.0.1:0", "127.0.0.1");
    }

    #[test]
    fn tcp_over_ipv6() {
        tcp("[::1]:0", "[::1]");
    }

    #[test]
    fn tcp_over_ipv4_into_an_ipv6_socket() {
        tcp("[::]:0", "127.0.0.1");
    }

    #[test]
    fn udp_with_and_without_a_remote_address() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let (Ok(open), Ok(fixed)) = (UdpSocket::bind(any), UdpSocket::bind(any)) else {
                eprintln!("skipped: cannot bind {any}");
                continue;
            };
            fixed.connect(open.local_addr().unwrap()).unwrap();
            fixed.send(b"hello").unwrap();
            let ready = |rows: &[InetRecord]| {
                by_inode(rows, inode(&fixed)).is_some()
                    && by_inode(rows, inode(&open)).is_some_and(|o| o.receive_queue > 0)
            };
            let Some(rows) = rows(ready) else { return };
            let [open_row, fixed_row] = [&open, &fixed].map(|s| by_inode(&rows, inode(s)).unwrap());
            assert_eq!((open_row.protocol, open_row.state, open_row.remote.port()), (Protocol::Udp, 7, 0));
            assert!(open_row.receive_queue > 5, "memory, not bytes");
            assert_eq!((fixed_row.state, fixed_row.local), (1, fixed.local_addr().unwrap()));
            assert_eq!(fixed_row.remote, open.local_addr().unwrap());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..150), v6: bool) {
            if let Some(first) = bytes.first_mut() {
                *first = if v6 { AF_INET6 } else { AF_INET };
            }
            prop_assert_eq!(parse_inet(Protocol::Udp, &bytes).is_some(), bytes.len() >= FIXED);
        }
    }
}
