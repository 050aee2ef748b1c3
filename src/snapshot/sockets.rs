//! Sockets: the kernel's tables, each end joined with the other and with the processes that hold it.

use super::Want;
use super::collect::Picture;
use super::scan::{FoundHit, Hit};
use super::visibility::Visibility;
use crate::kernel::fd::{self, Target};
use crate::kernel::fifo_search::{self, SpecialFile};
use crate::kernel::inet_diag::{self, InetRecord, canonical};
use crate::kernel::unix_diag::{self, ESTABLISHED, LISTEN, UnixRecord};
use crate::kernel::{net_inet, net_unix};
use crate::model::{
    Body, FileDoubt, Identity, Ids, Inet, Kinds, Object, Protocol, Role, Socket, SocketState, SocketType, Unix,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::{IpAddr, SocketAddr};

/// What the tables said.
#[derive(Default)]
pub(super) struct Tables {
    unix: Vec<UnixRecord>,
    inet: Vec<InetRecord>,
    /// Sources that failed or are second best: notes, and whether something is missing.
    notes: Vec<(String, bool)>,
}

impl Tables {
    /// Whether data wait in some unix socket, so that descriptors may be on their way. An empty datagram, which may have
    /// descriptors too, counts only at its sender.
    pub(super) fn in_flight(&self) -> bool {
        let waits = |(unread, sent): (u32, u32)| unread > 0 || sent > 0;
        self.unix.iter().any(|record| record.state != LISTEN && record.queue.is_some_and(waits))
    }

    /// Inodes of the unix sockets that are listed.
    pub(super) fn unix_inodes(&self) -> impl Iterator<Item = u64> {
        self.unix.iter().map(|record| record.inode)
    }
}

/// Reads the tables of the wanted kinds in the calling thread's network namespace.
pub(super) fn read(kinds: Kinds) -> Tables {
    let mut tables = Tables::default();
    if kinds.contains(Kinds::UNIX) {
        let mut rows = Vec::new();
        if let Err(error) = unix_diag::read_unix(&mut |row| rows.push(row)) {
            rows.clear();
            let fallback = net_unix::read_net_unix(&mut |row| rows.push(row));
            let note = match fallback {
                Ok(()) => format!("{error}; /proc/net/unix was read instead, which knows no peers and no queues"),
                Err(second) => format!("unix sockets are not listed: {error}; {second}"),
            };
            tables.notes.push((note, true));
        }
        tables.unix = rows;
    }
    if kinds.contains(Kinds::INET) {
        let mut rows = Vec::new();
        match inet_diag::read_inet(&mut |row| rows.push(row)) {
            Ok(notes) => tables.notes.extend(notes.into_iter().map(|note| (note, true))),
            Err(error) => {
                rows.clear();
                let note = match net_inet::read_net_inet(&mut |row| rows.push(row)) {
                    Ok(_) => format!("{error}; /proc/net/tcp and udp were read instead"),
                    Err(second) => format!("internet sockets are not listed: {error}; {second}"),
                };
                tables.notes.push((note, true));
            }
        }
        tables.inet = rows;
    }
    tables
}

/// Adds the objects, and joins the ends that lie on this machine.
pub(super) fn add(tables: Tables, picture: &mut Picture) {
    picture.visibility.in_flight = tables.in_flight();
    for (note, missing) in tables.notes {
        note_source(&mut picture.visibility, note, missing);
    }
    add_unix(tables.unix, picture);
    add_inet(&tables.inet, picture);
}

fn note_source(visibility: &mut Visibility, note: String, missing: bool) {
    visibility.missing_source |= missing;
    visibility.notes.push(note);
}

fn add_unix(rows: Vec<UnixRecord>, picture: &mut Picture) {
    // A client that was not accepted yet has no peer of its own; its listener names it.
    let mut listener_of = FxHashMap::default();
    let mut names: FxHashMap<(bool, Box<[u8]>), u32> = FxHashMap::default();
    for row in &rows {
        listener_of.extend(row.pending_clients.iter().filter(|client| **client != 0).map(|c| (*c, row.inode)));
        if let Some(name) = row.name.as_ref().filter(|_| row.inode != 0) {
            // A listener outweighs the connections that inherited its name.
            *names.entry((row.abstract_name, name.clone())).or_default() +=
                if row.state == LISTEN { 1 << 16 } else { 1 };
        }
    }
    let with_name: FxHashSet<u64> = rows.iter().filter(|row| row.name.is_some()).map(|row| row.inode).collect();
    let mut clients = Vec::new();
    for row in rows.into_iter().filter(|row| row.inode != 0) {
        let listener = listener_of.get(&row.inode).copied();
        let by_name = row.name.as_ref().is_some_and(|name| {
            let weight = names.get(&(row.abstract_name, name.clone())).copied().unwrap_or_default();
            if row.state == LISTEN { weight >> 16 == 1 } else { weight == 1 && has_own_name(&row) }
        });
        let identity = Identity::Socket { inode: row.inode, cookie: row.cookie };
        let owner = row.uid.map(|uid| Ids { uid, gid: None });
        // Accepted sockets carry their listener's name and file, which do not lead to them.
        let (listens, is_own, may_be) = (row.state == LISTEN, has_own_name(&row), may_have_bound(&row, &with_name));
        let file = row.file.filter(|_| is_own || may_be);
        let path = row.name.clone().filter(|_| file.is_some());
        let place = picture.add(object(identity, owner, unix_socket(row, listener, by_name)));
        if !is_own {
            clients.extend(file.map(|file| (file, path, place)));
            continue;
        }
        if let Some(file) = file {
            let of_file = picture.bound.entry(file).or_insert(place);
            *of_file = if listens { place } else { *of_file };
        }
        if let (Some(path), Some(file)) = (path, file) {
            let of_path = picture.bound_names.entry(path).or_insert((place, file));
            *of_path = if listens { (place, file) } else { *of_path };
        }
    }
    for (file, path, place) in clients {
        picture.bound.entry(file).or_insert(place);
        if let Some(path) = path {
            picture.bound_names.entry(path).or_insert((place, file));
        }
    }
}

/// Whether a connected stream may have been bound to its file itself, before it connected: then nobody gets to it by that
/// file, and it is its file all the same. Of two ends the accepted one always has a name; where the other has none, that is
/// the client.
fn may_have_bound(row: &UnixRecord, with_name: &FxHashSet<u64>) -> bool {
    row.peer.is_none_or(|peer| peer == 0 || with_name.contains(&peer))
}

/// Whether a name is the socket's own, by which others reach it: it listens, or takes datagrams, or is bound and not yet
/// anything. A connected stream has its name from its listener, or keeps it to itself.
fn has_own_name(row: &UnixRecord) -> bool {
    row.state != ESTABLISHED || row.kind == SocketType::Dgram
}

fn unix_socket(row: UnixRecord, listener: Option<u64>, by_name: bool) -> Socket {
    let listening = row.state == LISTEN;
    let peer = row.peer.filter(|inode| *inode != 0).or(listener);
    let datagram = row.kind == SocketType::Dgram;
    let state = match (row.state, row.peer) {
        (LISTEN, _) => SocketState::Listening,
        // The kernel marks a datagram socket as established also when another connects to it.
        (_, None) if datagram => SocketState::Unconnected,
        (ESTABLISHED, Some(0)) if listener.is_none() && (datagram || row.shutdown == 3) => SocketState::HalfClosed,
        (ESTABLISHED, None) if row.shutdown == 3 && row.cookie != 0 => SocketState::HalfClosed,
        (ESTABLISHED, _) => SocketState::Connected,
        _ => SocketState::Unconnected,
    };
    let (first, second) = row.queue.map_or((None, None), |(a, b)| (Some(u64::from(a)), Some(u64::from(b))));
    Socket {
        kind: Some(row.kind),
        state: Some(state),
        peer,
        unaccepted: listener.is_some(),
        receive_queue: first.filter(|_| !listening),
        // The kernel tells the memory of what was sent, overhead included: no number of bytes.
        send_queue: None,
        backlog: second.filter(|_| listening),
        pending: first.filter(|_| listening),
        unix: Some(Unix {
            name: row.name,
            abstract_name: row.abstract_name,
            by_name,
            pending_clients: row.pending_clients,
            ..Unix::default()
        }),
        inet: None,
    }
}

/// What finds the other end of a connection: protocol, then the near and the far address of the end looked for.
type Ends = (Protocol, SocketAddr, SocketAddr);

fn add_inet(rows: &[InetRecord], picture: &mut Picture) {
    let ends: FxHashMap<Ends, usize> = rows.iter().enumerate().map(|(at, row)| (ends(row), at)).collect();
    let listeners: FxHashMap<(IpAddr, u16), u64> = rows
        .iter()
        .filter(|row| row.protocol == Protocol::Tcp && row.state == LISTEN && row.inode != 0)
        .map(|row| ((canonical(row.local).ip(), row.local.port()), row.inode))
        .collect();
    // A UDP server that is connected to nobody answers everybody.
    let udp: FxHashMap<(IpAddr, u16), u64> = rows
        .iter()
        .filter(|row| row.protocol == Protocol::Udp && row.remote.port() == 0 && row.inode != 0)
        .map(|row| ((canonical(row.local).ip(), row.local.port()), row.inode))
        .collect();
    for row in rows {
        let unaccepted = is_unaccepted(row).then(|| listener(&listeners, row)).flatten();
        let peer = ends
            .get(&(row.protocol, canonical(row.remote), canonical(row.local)))
            .map(|at| &rows[*at])
            .filter(|_| row.remote.port() != 0)
            // The other end may still wait in its listener's queue: then that is whom this end waits for.
            .and_then(|other| if is_unaccepted(other) { listener(&listeners, other) } else { Some(other.inode) })
            .or_else(|| udp_server(&udp, row))
            .filter(|inode| *inode != 0);
        let socket = inet_socket(row, peer, unaccepted.is_some());
        let identity = Identity::Socket { inode: row.inode, cookie: row.cookie };
        let place = picture.add(object(identity, Some(Ids { uid: row.uid, gid: None }), socket));
        if let Some(listener) = unaccepted {
            picture.unaccepted.push((place, listener));
        }
    }
}

fn ends(row: &InetRecord) -> Ends {
    (row.protocol, canonical(row.local), canonical(row.remote))
}

/// Connected but without a file: in the accept queue. TIME-WAIT and the like have no file either, and another state.
fn is_unaccepted(row: &InetRecord) -> bool {
    row.protocol == Protocol::Tcp && row.inode == 0 && matches!(row.state, ESTABLISHED | 8)
}

/// The listener that a connection waits for: on its own address, or on the unspecified one of either family.
fn listener(listeners: &FxHashMap<(IpAddr, u16), u64>, row: &InetRecord) -> Option<u64> {
    bound_to(listeners, canonical(row.local))
}

/// The UDP socket on this machine that a connected one sends to. An address that is neither loopback nor that of a socket
/// here may be another machine's.
fn udp_server(servers: &FxHashMap<(IpAddr, u16), u64>, row: &InetRecord) -> Option<u64> {
    let remote = canonical(row.remote);
    let ours = remote.ip().is_loopback() || remote.ip() == canonical(row.local).ip();
    if row.protocol == Protocol::Udp && ours { bound_to(servers, remote) } else { None }
}

/// The socket that is bound to an address, or to its port on all addresses.
fn bound_to(sockets: &FxHashMap<(IpAddr, u16), u64>, address: SocketAddr) -> Option<u64> {
    let any = [address.ip(), IpAddr::from([0u8; 4]), IpAddr::from([0u16; 8])];
    any.into_iter().find_map(|ip| sockets.get(&(ip, address.port()))).copied()
}

fn inet_socket(row: &InetRecord, peer: Option<u64>, unaccepted: bool) -> Socket {
    let listening = row.protocol == Protocol::Tcp && row.state == LISTEN;
    let state = match (row.protocol, row.state) {
        (_, 1) => SocketState::Connected,
        (Protocol::Tcp, 2 | 3 | 12) => SocketState::Connecting,
        (Protocol::Tcp, 4) => SocketState::FinWait1,
        (Protocol::Tcp, 5) => SocketState::FinWait2,
        (Protocol::Tcp, 6) => SocketState::TimeWait,
        (Protocol::Tcp, 8) => SocketState::CloseWait,
        (Protocol::Tcp, 9) => SocketState::LastAck,
        (Protocol::Tcp, 10) => SocketState::Listening,
        (Protocol::Tcp, 11) => SocketState::Closing,
        _ => SocketState::Unconnected,
    };
    let (receive, send) = (u64::from(row.receive_queue), u64::from(row.send_queue));
    Socket {
        kind: Some(if row.protocol == Protocol::Tcp { SocketType::Stream } else { SocketType::Dgram }),
        state: Some(state),
        peer,
        unaccepted,
        receive_queue: (!listening).then_some(receive),
        send_queue: (!listening).then_some(send),
        // The text of /proc/net, which has no cookies, has no backlog either.
        backlog: (listening && row.cookie != 0).then_some(send),
        pending: listening.then_some(receive),
        unix: None,
        inet: Some(Box::new(Inet { protocol: row.protocol, local: row.local, remote: row.remote })),
    }
}

fn object(identity: Identity, owner: Option<Ids>, socket: Socket) -> Object {
    let body = Body::Socket(Box::new(socket));
    Object { identity, name: None, path: None, owner, creator: None, mode: None, body }
}

/// Joins descriptors of sockets by inode; connections that nobody has accepted get their listener's holders.
pub(super) fn join(want: &Want, hits: &[FoundHit], picture: &mut Picture) {
    // Only such a file's verdict depends on it.
    let lone_files = picture
        .objects
        .iter()
        .any(|object| matches!((&object.body, object.identity), (Body::Socket(_), Identity::File { .. })));
    let waited_for: FxHashMap<u64, Vec<u32>> =
        picture.unaccepted.iter().fold(FxHashMap::default(), |mut map, (place, listener)| {
            map.entry(*listener).or_insert_with(Vec::new).push(*place);
            map
        });
    let mut others = 0usize;
    for (pid, hit) in hits {
        let Hit::Fd(open, _) = hit else { continue };
        if open.target != Target::Socket {
            continue;
        }
        let Some(place) = picture.sockets.get(&open.inode).copied() else {
            // ipcx asks the kernel through sockets of its own.
            others += usize::from(*pid != std::process::id());
            picture.visibility.foreign_unix |=
                lone_files && *pid != std::process::id() && fd::is_unix_socket(*pid, open.fd);
            continue;
        };
        let role = match &picture.objects[place as usize].body {
            Body::Socket(socket) if socket.state == Some(SocketState::Listening) => Role::Listener,
            Body::Socket(socket) if socket.state == Some(SocketState::Unconnected) => Role::Open,
            _ => Role::Connected,
        };
        picture.holders.add(place, *pid, role, Some(open.fd));
        for waiting in waited_for.get(&open.inode).into_iter().flatten() {
            picture.holders.add(*waiting, *pid, Role::Listener, Some(open.fd));
        }
    }
    if others > 0 && want.kinds.contains(Kinds::UNIX | Kinds::INET) {
        picture.visibility.notes.push(format!(
            "{others} open sockets are not listed: they belong to another network namespace or to a family that is \
             neither unix nor internet"
        ));
    }
}

/// Gives bound sockets the attributes of their files, where those were asked for, and lists socket files for which no
/// socket was found, with what speaks against there being none.
pub(super) fn add_files(files: Vec<SpecialFile>, picture: &mut Picture) {
    let by_number: FxHashMap<u32, u32> = picture.bound.iter().map(|((_, number), place)| (*number, *place)).collect();
    for file in files {
        let doubt = match bound_to_file(&file, picture, &by_number) {
            Bound::By(place) => {
                let object = &mut picture.objects[place as usize];
                (object.mode, object.path) = (Some(file.stat.mode), Some(file.path));
                if let Body::Socket(socket) = &mut object.body
                    && let Some(unix) = &mut socket.unix
                {
                    unix.file_made = Some(file.stat.changed);
                }
                continue;
            }
            Bound::Perhaps(place) => match picture.objects[place as usize].identity {
                Identity::Socket { inode, .. } => Some(FileDoubt::Perhaps(inode)),
                _ => None,
            },
            Bound::ByNone => fifo_search::is_shared(&file.path).then_some(FileDoubt::Shared),
        };
        let identity = Identity::File { device: file.stat.device, inode: file.stat.inode };
        if picture.places.contains_key(&identity) {
            continue;
        }
        let (name, file_made) = (Some(file.path.clone()), Some(file.stat.changed));
        let unix = Unix { name, by_name: true, file_made, doubt, ..Unix::default() };
        let socket = Socket {
            kind: None,
            state: None,
            peer: None,
            unaccepted: false,
            receive_queue: None,
            send_queue: None,
            backlog: None,
            pending: None,
            unix: Some(unix),
            inet: None,
        };
        let mut object = object(identity, Some(file.stat.owner), socket);
        (object.mode, object.path) = (Some(file.stat.mode), Some(file.path));
        picture.add(object);
    }
}

/// Which socket of this network namespace is bound to a file.
enum Bound {
    By(u32),
    /// It may be this one.
    Perhaps(u32),
    ByNone,
}

/// The kernel tells of a bound socket the file's number in its low 32 bits, the device as its file system counts it, and
/// the path that was bound, which may be relative, of another mount namespace, or somebody else's by now. Device and
/// number together are proof, whatever the file is called today. `stat` counts devices otherwise on overlay file systems
/// and btrfs subvolumes: there the same number under the same path is. The same path with another file on the same device
/// is none: that socket's file was replaced.
fn bound_to_file(file: &SpecialFile, picture: &Picture, by_number: &FxHashMap<u32, u32>) -> Bound {
    let (device, number) = (file.stat.device, file.stat.inode as u32);
    if let Some(place) = picture.bound.get(&(device, number)) {
        return Bound::By(*place);
    }
    match picture.bound_names.get(&file.path) {
        Some((place, (other, same))) if *same == number && *other != device => return Bound::By(*place),
        Some((place, (other, _))) if *other != device => return Bound::Perhaps(*place),
        _ => {}
    }
    by_number.get(&number).map_or(Bound::ByNone, |place| Bound::Perhaps(*place))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn unix(state: u8, kind: SocketType, peer: Option<u64>, shutdown: u8) -> UnixRecord {
        UnixRecord {
            kind,
            state,
            inode: 5,
            cookie: 1,
            name: None,
            abstract_name: false,
            file: None,
            peer,
            pending_clients: Box::default(),
            queue: Some((3, 4)),
            shutdown,
            uid: None,
        }
    }

    #[test]
    fn unix_states() {
        let state = |row, listener| unix_socket(row, listener, false).state.unwrap();
        let stream = SocketType::Stream;
        assert_eq!(state(unix(LISTEN, stream, None, 0), None), SocketState::Listening);
        assert_eq!(state(unix(ESTABLISHED, stream, Some(9), 0), None), SocketState::Connected);
        assert_eq!(state(unix(ESTABLISHED, stream, Some(0), 3), None), SocketState::HalfClosed);
        assert_eq!(state(unix(ESTABLISHED, stream, Some(0), 0), Some(7)), SocketState::Connected);
        assert_eq!(state(unix(ESTABLISHED, stream, Some(0), 3), Some(7)), SocketState::Connected);
        assert_eq!(state(unix(ESTABLISHED, SocketType::Dgram, None, 0), None), SocketState::Unconnected);
        assert_eq!(state(unix(ESTABLISHED, SocketType::Dgram, Some(0), 0), None), SocketState::HalfClosed);
        assert_eq!(state(unix(unix_diag::CLOSE, stream, None, 0), None), SocketState::Unconnected);
    }

    #[test]
    fn a_listeners_queue_is_no_data() {
        let socket = unix_socket(unix(LISTEN, SocketType::Stream, None, 0), None, false);
        assert_eq!((socket.pending, socket.backlog), (Some(3), Some(4)));
        assert_eq!((socket.receive_queue, socket.send_queue), (None, None));
    }

    #[test]
    fn descriptors_may_be_on_their_way_in_what_nobody_has_read() {
        let in_flight = |queue| {
            let record = UnixRecord { queue: Some(queue), ..unix(ESTABLISHED, SocketType::Dgram, None, 0) };
            Tables { unix: vec![record], ..Tables::default() }.in_flight()
        };
        assert!(in_flight((3, 0)));
        assert!(in_flight((0, 768)), "an empty datagram, at its sender");
        assert!(!in_flight((0, 0)));
    }

    #[test]
    fn connections_find_their_listener() {
        let row = |local: &str| InetRecord {
            protocol: Protocol::Tcp,
            state: ESTABLISHED,
            local: local.parse().unwrap(),
            remote: "127.0.0.1:999".parse().unwrap(),
            inode: 0,
            uid: 0,
            cookie: 0,
            receive_queue: 0,
            send_queue: 0,
        };
        let listeners = FxHashMap::from_iter([
            (("::".parse().unwrap(), 80), 1),
            (("127.0.0.1".parse().unwrap(), 80), 2),
            (("0.0.0.0".parse().unwrap(), 81), 3),
        ]);
        assert_eq!(listener(&listeners, &row("127.0.0.1:80")), Some(2));
        assert_eq!(listener(&listeners, &row("10.0.0.1:80")), Some(1));
        assert_eq!(listener(&listeners, &row("[::ffff:10.0.0.1]:81")), Some(3));
        assert_eq!(listener(&listeners, &row("127.0.0.1:82")), None);
    }
}
