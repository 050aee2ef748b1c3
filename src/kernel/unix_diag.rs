//! Which unix sockets exist, what each is called, and who its partner is.
//!
//! Follows `man 7 sock_diag`, `linux/unix_diag.h` and `net/unix/diag.c`: one dump of all states, in the network
//! namespace of the calling thread, without any privilege. Which process holds a socket is left to whoever walks the
//! file descriptors; what a state means to people is left to `snapshot`.

use rustc_hash::FxHashSet;

use super::Result;
use super::netlink::{Attributes, SockDiag, cookie_at, u32_at};
use crate::model::{Device, SocketType};

/// [`UnixRecord::state`]: connected, also where the partner is gone meanwhile.
pub const ESTABLISHED: u8 = 1;
/// [`UnixRecord::state`]: neither listening nor connected.
pub const CLOSE: u8 = 7;
/// [`UnixRecord::state`]: listening.
pub const LISTEN: u8 = 10;

const AF_UNIX: u8 = libc::AF_UNIX as u8;
/// `UDIAG_SHOW_*`: name, file, peer, pending clients, queue lengths, uid. Not `UDIAG_SHOW_MEMINFO` (0x20), which no
/// caller needs.
const SHOW: u32 = 0x01 | 0x02 | 0x04 | 0x08 | 0x10 | 0x40;
/// Size of `struct unix_diag_msg`.
const FIXED: usize = 16;

/// One row of the kernel's unix socket table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixRecord {
    /// `SOCK_*`.
    pub kind: SocketType,
    /// `sk_state`, numbered as in `include/net/tcp_states.h`: [`ESTABLISHED`], [`CLOSE`] or [`LISTEN`]. A datagram socket
    /// becomes [`ESTABLISHED`] also when another one connects **to** it; only `peer` says whether it has a partner.
    pub state: u8,
    /// Inode in sockfs, unique on the machine. Only `/proc/net/unix` has rows with 0: server halves of connections that
    /// were not accepted yet (embryos). The diag dump leaves them out and has `pending_clients` instead.
    pub inode: u64,
    /// The kernel's number for the socket, never used twice since boot; 0 where the source does not say.
    pub cookie: u64,
    /// Bound name, without the leading NUL of an abstract one and without the trailing NUL of a path. Accepted sockets
    /// and embryos carry their listener's.
    pub name: Option<Box<[u8]>>,
    /// The name lives in the abstract namespace.
    pub abstract_name: bool,
    /// Device and inode of the file that a path was bound to, also after its removal. The kernel sends only the low 32
    /// bits of the inode number.
    pub file: Option<(Device, u32)>,
    /// Inode of the partner; `None` without one. A connected datagram sender names its receiver, not the reverse.
    ///
    /// `Some(0)` is a partner without an inode. Seen on Linux 6.18, for stream and seqpacket:
    /// - `shutdown` 0: not accepted yet; a listener has this socket among its `pending_clients`;
    /// - `shutdown` 3: the partner closed, or the listener did before it accepted. A client that waits to be accepted and
    ///   has itself shut down both ways looks the same: `pending_clients` tells.
    ///
    /// For datagrams: the partner closed; the next send fails with `ECONNREFUSED`, and then this is `None`.
    pub peer: Option<u64>,
    /// Listener: inodes of the clients that wait to be accepted, the first one in front; 0 for one that closed meanwhile.
    pub pending_clients: Box<[u64]>,
    /// Listener: connections that wait, and the backlog that `listen` was called with. Otherwise: bytes to be read
    /// (datagrams: of the first one), and kernel memory of what was sent and is not read, overhead included.
    pub queue: Option<(u32, u32)>,
    /// `sk_shutdown`: bit 0 this end receives no more, bit 1 it sends no more.
    pub shutdown: u8,
    /// Owner: the file system uid of its creator, as the caller's user namespace numbers it. `None` before Linux 5.3.
    pub uid: Option<u32>,
}

/// Calls `each` for every unix socket of the calling thread's network namespace, each cookie once.
///
/// Rows that appear or go during the dump may be missing, and seldom one next to them. Needs no privilege. Takes about
/// one microsecond for each socket.
///
/// # Errors
/// `Unsupported` without `CONFIG_UNIX_DIAG` (then `net_unix` knows less); `Permission` where a sandbox forbids
/// netlink sockets.
pub fn read_unix(each: &mut dyn FnMut(UnixRecord)) -> Result<()> {
    let mut seen = FxHashSet::default();
    SockDiag::open()?.dump("unix sockets by sock_diag", &request(), &mut |payload| {
        if let Some(record) = parse_unix(payload)
            && seen.insert(record.cookie)
        {
            each(record);
        }
    })?;
    Ok(())
}

/// `struct unix_diag_req` that asks for everything.
fn request() -> [u8; 24] {
    let mut request = [0; 24];
    request[0] = AF_UNIX;
    request[4..8].copy_from_slice(&u32::MAX.to_ne_bytes()); // udiag_states: all
    request[12..16].copy_from_slice(&SHOW.to_ne_bytes());
    request
}

/// Reads `struct unix_diag_msg` and its attributes. `None` for a message that is too short or of another family or type.
pub fn parse_unix(message_payload: &[u8]) -> Option<UnixRecord> {
    let (&[family, kind, state, _pad, ..], attributes) = message_payload.split_first_chunk::<FIXED>()?;
    if family != AF_UNIX {
        return None;
    }
    let mut record = UnixRecord {
        kind: SocketType::from_raw(kind)?,
        state,
        inode: u32_at(message_payload, 4)?.into(),
        cookie: cookie_at(message_payload, 8)?,
        name: None,
        abstract_name: false,
        file: None,
        peer: None,
        pending_clients: Box::default(),
        queue: None,
        shutdown: 0,
        uid: None,
    };
    for (kind, value) in Attributes::new(attributes) {
        // UNIX_DIAG_* in the order of linux/unix_diag.h.
        match kind {
            0 => (record.name, record.abstract_name) = name(value),
            1 => record.file = pair(value).map(|(inode, device)| (Device::from_kernel(device), inode)),
            2 => record.peer = u32_at(value, 0).map(u64::from),
            3 => record.pending_clients = value.chunks_exact(4).filter_map(|c| Some(u32_at(c, 0)?.into())).collect(),
            4 => record.queue = pair(value),
            6 => record.shutdown = value.first().copied().unwrap_or(0),
            7 => record.uid = u32_at(value, 0),
            _ => {}
        }
    }
    Some(record)
}

/// The name as the model holds it, and whether it is abstract.
fn name(value: &[u8]) -> (Option<Box<[u8]>>, bool) {
    match value {
        [] => (None, false),
        [0, rest @ ..] => (Some(rest.into()), true),
        path => (Some(path.strip_suffix(b"\0").unwrap_or(path).into()), false),
    }
}

fn pair(value: &[u8]) -> Option<(u32, u32)> {
    Some((u32_at(value, 0)?, u32_at(value, 4)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use std::io::Write;
    use std::net::Shutdown;
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
    use nix::sys::stat::fstat;
    use proptest::prelude::*;
    use rustc_hash::FxHashMap;

    use super::*;
    use crate::kernel::Error;

    fn inode(fd: impl AsFd) -> u64 {
        fstat(fd).unwrap().st_ino
    }

    /// The rows of these sockets. Other tests open and close sockets meanwhile, which may hide a row from one dump.
    fn rows(inodes: &[u64]) -> Option<Vec<UnixRecord>> {
        for _ in 0..20 {
            let mut rows = FxHashMap::default();
            match read_unix(&mut |record| drop(rows.insert(record.inode, record))) {
                Err(Error::Unsupported { what }) => {
                    eprintln!("skipped: no {what}");
                    return None;
                }
                result => result.unwrap(),
            }
            if let Some(found) = inodes.iter().map(|inode| rows.remove(inode)).collect() {
                return Some(found);
            }
        }
        panic!("a socket is not in the dump")
    }

    fn message(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![AF_UNIX, 5, LISTEN, 0];
        bytes.extend(77u32.to_ne_bytes());
        bytes.extend(0x0000_0002_u32.to_ne_bytes());
        bytes.extend(0x0000_0001_u32.to_ne_bytes());
        for (kind, value) in attributes {
            bytes.extend(((4 + value.len()) as u16).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|w| w.to_ne_bytes()).collect()
    }

    fn full() -> Vec<u8> {
        message(&[
            (0, b"/run/x\0"),
            (1, &words(&[12, 259 << 20 | 5])),
            (2, &words(&[78])),
            (3, &words(&[1, 2, 0])),
            (4, &words(&[3, 128])),
            (5, &words(&[0; 9])),
            (6, &[2]),
            (7, &words(&[1000])),
        ])
    }

    #[test]
    fn every_attribute_has_its_field() {
        let expected = UnixRecord {
            kind: SocketType::Seqpacket,
            state: LISTEN,
            inode: 77,
            cookie: 0x1_0000_0002,
            name: Some(b"/run/x"[..].into()),
            abstract_name: false,
            file: Some((Device { major: 259, minor: 5 }, 12)),
            peer: Some(78),
            pending_clients: [1, 2, 0].into(),
            queue: Some((3, 128)),
            shutdown: 2,
            uid: Some(1000),
        };
        assert_eq!(parse_unix(&full()), Some(expected));
    }

    #[test]
    fn absent_and_damaged_attributes_are_none() {
        let record =
            parse_unix(&message(&[(1, b"short"), (2, b"abc"), (3, b"12345"), (4, b"1234567"), (6, b"")])).unwrap();
        assert_eq!((record.name, record.file, record.peer, record.queue), (None, None, None, None));
        assert_eq!((record.pending_clients.len(), record.shutdown, record.uid), (1, 0, None));
        assert_eq!(parse_unix(&message(&[])[..FIXED - 1]), None);
        let mut other = message(&[]);
        other[0] = 2;
        assert_eq!(parse_unix(&other), None);
    }

    #[test]
    fn names_keep_every_byte() {
        for (sent, name, abstract_name) in [
            (&b"\0a\0b\n\xff\0"[..], &b"a\0b\n\xff\0"[..], true),
            (b"\0", b"", true),
            (b"/a\nb\0", b"/a\nb", false),
            (b"/a", b"/a", false),
        ] {
            let record = parse_unix(&message(&[(0, sent)])).unwrap();
            assert_eq!((record.name.as_deref(), record.abstract_name), (Some(name), abstract_name));
        }
    }

    #[test]
    fn a_pair_has_each_other_until_one_closes() {
        let (mut a, b) = UnixStream::pair().unwrap();
        let (ia, ib) = (inode(&a), inode(&b));
        a.write_all(b"hello").unwrap();
        b.shutdown(Shutdown::Write).unwrap();
        let Some(rows) = rows(&[ia, ib]) else { return };
        let [ra, rb] = &rows[..] else { panic!() };
        assert_eq!((ra.kind, ra.state, ra.peer, ra.shutdown), (SocketType::Stream, ESTABLISHED, Some(ib), 1));
        assert_eq!((rb.state, rb.peer, rb.shutdown, rb.queue), (ESTABLISHED, Some(ia), 2, Some((5, 0))));
        assert_eq!(ra.uid, Some(nix::unistd::Uid::effective().as_raw()));
        assert!(ra.cookie != 0 && ra.cookie != rb.cookie && ra.name.is_none());
        drop(a);
        let rb = &self::rows(&[ib]).unwrap()[0];
        assert_eq!((rb.state, rb.peer, rb.shutdown, rb.queue), (ESTABLISHED, Some(0), 3, Some((5, 0))), "half-closed");
    }

    #[test]
    fn a_survivor_of_a_seqpacket_or_datagram_pair() {
        for (kind, expected, shutdown) in
            [(SockType::SeqPacket, SocketType::Seqpacket, 3), (SockType::Datagram, SocketType::Dgram, 0)]
        {
            let (a, b) = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC).unwrap();
            drop(b);
            let Some(rows) = rows(&[inode(&a)]) else { return };
            let row = &rows[0];
            assert_eq!((row.kind, row.state, row.peer, row.shutdown), (expected, ESTABLISHED, Some(0), shutdown));
        }
    }

    #[test]
    fn a_listener_knows_who_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l\n\u{1b}[31m");
        let listener = UnixListener::bind(&path).unwrap();
        let first = UnixStream::connect(&path).unwrap();
        let second = UnixStream::connect(&path).unwrap();
        let (il, i1, i2) = (inode(&listener), inode(&first), inode(&second));
        let Some(before) = rows(&[il, i1]) else { return };
        let [rl, r1] = &before[..] else { panic!() };
        assert_eq!((rl.state, &rl.pending_clients[..], rl.queue.unwrap().0), (LISTEN, &[i1, i2][..], 2));
        assert!(rl.queue.unwrap().1 >= 2 && rl.peer.is_none() && !rl.abstract_name);
        let name = path.into_os_string().into_encoded_bytes();
        assert_eq!(rl.name.as_deref(), Some(&name[..]));
        let file = std::fs::metadata(std::ffi::OsStr::new(std::str::from_utf8(&name).unwrap())).unwrap();
        assert_eq!(rl.file, Some((Device::from_stat(file.dev()), file.ino() as u32)));
        assert_eq!((r1.state, r1.peer, r1.shutdown), (ESTABLISHED, Some(0), 0), "not accepted yet");

        let (server, _) = listener.accept().unwrap();
        drop(second);
        let is = inode(&server);
        let after = rows(&[il, i1, is]).unwrap();
        let [rl, r1, rs] = &after[..] else { panic!() };
        assert_eq!((&rl.pending_clients[..], rl.queue.unwrap().0), (&[0][..], 1), "the one that waited has closed");
        assert_eq!((r1.peer, rs.peer, rs.name.as_deref()), (Some(is), Some(i1), Some(&name[..])));
    }

    #[test]
    fn embryos_are_not_in_the_dump() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("embryo");
        let listener = UnixListener::bind(&path).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        if rows(&[inode(&listener)]).is_none() {
            return;
        }
        let mut found = Vec::new();
        read_unix(&mut |r| {
            if r.name.as_deref() == Some(path.as_os_str().as_encoded_bytes()) {
                found.push(r.inode);
            }
        })
        .unwrap();
        assert_eq!(found, [inode(&listener)]);
    }

    #[test]
    fn an_abstract_name_is_bytes() {
        let name = [&b"ipcx\n\x1b[2J\xff\0inner@"[..], &std::process::id().to_ne_bytes()].concat();
        let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let Some(rows) = rows(&[inode(&listener)]) else { return };
        assert_eq!((rows[0].name.as_deref(), rows[0].abstract_name, rows[0].file), (Some(&name[..]), true, None));
    }

    #[test]
    fn a_datagram_sender_names_its_receiver() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dgram");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let (ir, is) = (inode(&receiver), inode(&sender));
        let Some(before) = rows(&[is]) else { return };
        assert_eq!((before[0].state, before[0].peer), (CLOSE, None));
        sender.connect(&path).unwrap();
        sender.send(b"hello").unwrap();
        sender.send(b"hello world").unwrap();
        let connected = rows(&[ir, is]).unwrap();
        let [rr, rs] = &connected[..] else { panic!() };
        assert_eq!((rr.kind, rr.state, rr.peer), (SocketType::Dgram, ESTABLISHED, None), "one that is connected to");
        assert_eq!((rs.state, rs.peer, rr.queue.unwrap().0), (ESTABLISHED, Some(ir), 5));
        drop(receiver);
        let closed = &rows(&[is]).unwrap()[0];
        assert_eq!((closed.state, closed.peer, closed.shutdown), (ESTABLISHED, Some(0), 0));
        assert!(sender.send(b"x").is_err());
        let refused = &rows(&[is]).unwrap()[0];
        assert_eq!((refused.state, refused.peer), (CLOSE, None));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_unix(&bytes);
        }

        #[test]
        fn damaged_messages_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9), cut in any::<prop::sample::Index>()) {
            let mut bytes = full();
            for (at, byte) in edits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            let _ = parse_unix(&bytes);
        }
    }
}
