//! Waits on sockets: the peer's holders, a listener's, the clients that wait to be accepted.
//!
//! Whether a socket has a time limit (`SO_RCVTIMEO`) cannot be seen without borrowing it, and others than the peer may shut it
//! down: so it is never said that nobody can wake it, though a circle of such waits is shown as one.

use super::files::likely;
use super::words::{Words, count, have, list};
use super::{Told, World};
use crate::model::{Body, Identity, Role, Socket, SocketState, SocketType};
use crate::snapshot::Snapshot;
use crate::snapshot::waits::{File, Source, Thread, Way};

/// Whoever has a socket's descriptor.
const HOLDERS: [Role; 3] = [Role::Connected, Role::Listener, Role::Open];

/// A socket of the machine.
#[derive(Clone, Copy)]
struct Found<'a> {
    picture: &'a Snapshot,
    place: usize,
    socket: &'a Socket,
}

fn look(words: Words<'_>, inode: u64) -> Option<Found<'_>> {
    let (picture, place) = words.waits.find(Identity::Socket { inode, cookie: 0 })?;
    match &picture.objects[place].body {
        Body::Socket(socket) => Some(Found { picture, place, socket }),
        _ => None,
    }
}

impl Found<'_> {
    fn address(&self) -> String {
        self.picture.address(self.place).to_string()
    }
}

/// A wait on one socket.
pub(super) fn explain(words: Words<'_>, thread: &Thread, way: Way, inode: u64) -> Told {
    let Some(found) = look(words, inode) else {
        return Told::open(
            Some(format!("socket:[{inode}]")),
            format!(
                "socket:[{inode}] is in none of the kernel's tables that could be read: of a rare family (netlink, packet), \
                 without an address, or of another network namespace"
            ),
        );
    };
    if found.socket.state == Some(SocketState::Listening) {
        return listening(words, thread, found);
    }
    match found.socket.peer.and_then(|peer| look(words, peer)) {
        Some(peer) => with_peer(words, thread, way, found, peer),
        None => without_peer(words, thread, way, found, inode),
    }
}

fn listening(words: Words<'_>, thread: &Thread, found: Found<'_>) -> Told {
    let address = found.address();
    let pending = found.socket.pending.unwrap_or(0);
    let mut told = Told::open(Some(address.clone()), format!("{address} listens, and nobody connects"));
    if pending > 0 {
        told.text = format!("{address} listens; {} to be accepted", waiting(pending));
        let clients = found.socket.unix.iter().flat_map(|unix| &unix.pending_clients);
        for client in clients.filter_map(|inode| look(words, *inode)) {
            let pids = words.holders(client.picture, client.place, &HOLDERS);
            told.wakers.extend(words.wakers(thread, &pids, "waits to be accepted", true));
        }
    } else {
        told.text.push_str("; any process that may connect could");
    }
    told
}

fn waiting(pending: u64) -> String {
    if pending == 1 { "1 connection waits".to_owned() } else { format!("{pending} connections wait") }
}

fn with_peer(words: Words<'_>, thread: &Thread, way: Way, found: Found<'_>, peer: Found<'_>) -> Told {
    let (address, other) = (found.address(), peer.address());
    let mut told = Told::open(Some(address.clone()), String::new());
    let pids = words.holders(peer.picture, peer.place, &HOLDERS);
    let accepts = peer.socket.state == Some(SocketState::Listening);
    let state = match way {
        Way::Write => "its peer has not read what was sent",
        Way::Connect => "it waits to be connected",
        _ => "nothing has come in",
    };
    let (text, how) = if accepts {
        (
            format!("{address}: {state}; the connection waits to be accepted by {other}"),
            "listens, and has not accepted it",
        )
    } else {
        (format!("{address}: {state}; its peer is {other}"), "has its peer")
    };
    told.wakers = words.wakers(thread, &pids, how, true);
    told.text = match (&told.wakers[..], pids.is_empty()) {
        (_, true) => format!("{text}, which no process was seen to have"),
        ([], false) => format!("{text}, which only this process itself has"),
        _ => format!("{text}, which {}", have(words, &pids)),
    };
    told.edges = likely(&told, &pids);
    // A datagram socket that takes from one may take from others.
    let others = way.reads() && found.socket.kind == Some(SocketType::Dgram) && has_name(found.socket);
    if pids.is_empty() || others || found.socket.inet.is_some() && peer_is_far(&peer) {
        told.edges.world = World::Open;
    }
    told
}

fn has_name(socket: &Socket) -> bool {
    socket.inet.is_some() || socket.unix.as_ref().is_some_and(|unix| unix.name.is_some())
}

/// A UDP server answers everybody, and is asked by everybody.
fn peer_is_far(peer: &Found<'_>) -> bool {
    peer.socket.kind == Some(SocketType::Dgram)
}

fn without_peer(words: Words<'_>, thread: &Thread, way: Way, found: Found<'_>, inode: u64) -> Told {
    let address = found.address();
    let mut told = Told::open(Some(address.clone()), String::new());
    if let Some(inet) = found.socket.inet.as_deref().filter(|inet| inet.remote.port() != 0) {
        let state = found.socket.state.map_or("unknown", SocketState::name);
        told.text = format!(
            "{address} ({} {state}): {}; its peer {} is not of this machine, or could not be found",
            inet.protocol.name(),
            match way {
                Way::Connect => "its connection is not answered yet",
                _ if way.writes() => "what was sent is not taken",
                _ => "nothing has come in",
            },
            inet.remote
        );
        return told;
    }
    // Who sends to a datagram socket names it as its peer; the other way round nothing is recorded.
    let senders = words.senders(inode);
    let mut pids: Vec<u32> = senders.flat_map(|(picture, place)| words.holders(picture, place, &HOLDERS)).collect();
    pids.sort_unstable();
    pids.dedup();
    told.wakers = words.wakers(thread, &pids, "has a socket that sends to it", true);
    let gone = found.socket.state == Some(SocketState::HalfClosed);
    told.text = match (gone, way.writes(), told.wakers.is_empty()) {
        (true, ..) => format!("{address}: its peer has closed"),
        (false, true, _) => format!("{address}: what was sent is not taken"),
        (false, false, true) => format!("{address}: nothing has come in; any process that may send to it could"),
        (false, false, false) => format!("{address}: nothing has come in; {} may send to it", list(words, &pids)),
    };
    told
}

/// A datagram that names its receiver, or a connection that names its listener.
pub(super) fn named(words: Words<'_>, thread: &Thread, sources: &[Source], named: &Source) -> Told {
    let own = sources.iter().find_map(|source| match source.file {
        File::Socket(inode) if source.fd != u32::MAX => Some((source.way, inode)),
        _ => None,
    });
    let address = own.map(|(_, inode)| words.address(Identity::Socket { inode, cookie: 0 }));
    let File::Socket(inode) = named.file else {
        return Told::open(address, "the socket whose name it gives is not there, or of another network namespace");
    };
    let Some(target) = look(words, inode) else {
        return Told::open(address, "the socket whose name it gives went away meanwhile");
    };
    let connects = own.is_some_and(|(way, _)| way == Way::Connect);
    let other = target.address();
    let pids = words.holders(target.picture, target.place, &HOLDERS);
    let listens = target.socket.state == Some(SocketState::Listening);
    let (state, how) = if connects && listens {
        let (pending, most) = (target.socket.pending.unwrap_or(0), target.socket.backlog.unwrap_or(0));
        let full =
            format!("it connects to {other}, whose backlog is full ({} to be accepted, of {most})", waiting(pending));
        (full, "has to accept a connection")
    } else if connects {
        (format!("it connects to {other}"), "has the socket that it connects to")
    } else {
        let unread = target.socket.receive_queue.unwrap_or(0);
        (
            format!("the queue of {other} is full (its first datagram has {})", count(unread, "byte")),
            "has to read from it",
        )
    };
    let mut told = Told::open(Some(other), state);
    told.objects.extend(address.filter(|address| Some(address) != told.objects.first()));
    told.wakers = words.wakers(thread, &pids, how, true);
    told.text = if pids.is_empty() {
        format!("{}; no process was seen to have it", told.text)
    } else {
        format!("{}; {} it", told.text, have(words, &pids))
    };
    told.edges = likely(&told, &pids);
    if pids.is_empty() {
        told.edges.world = World::Open;
    }
    told
}
