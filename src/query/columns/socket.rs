//! Columns of sockets.

use super::{Column, Needs};
use crate::model::{Body, Inet, Socket};
use crate::query::{Cell, Row};

fn socket<'r>(row: &'r Row<'_>) -> Option<&'r Socket> {
    if let Body::Socket(socket) = &row.object().body { Some(socket) } else { None }
}

fn inet<'r>(row: &'r Row<'_>) -> Option<&'r Inet> {
    socket(row).and_then(|socket| socket.inet.as_deref())
}

pub(super) const TYPE: Column = Column::text("type", "of a socket: stream, dgram, seqpacket or raw", |row| {
    socket(row).and_then(|socket| socket.kind).map_or(Cell::Absent, |kind| Cell::text(kind.name()))
})
.word()
.weight(60);

pub(super) const PROTOCOL: Column = Column::text("protocol", "of an internet socket: tcp or udp", |row| {
    inet(row).map_or(Cell::Absent, |inet| Cell::text(inet.protocol.name()))
})
.word()
.weight(60);

pub(super) const CONNECTION: Column = Column::text(
    "connection",
    "of a socket: listening, connected, connecting, unconnected, half-closed; of TCP also its own states",
    |row| socket(row).and_then(|socket| socket.state).map_or(Cell::Absent, |state| Cell::text(state.name())),
)
.word()
.weight(85);

pub(super) const LOCAL: Column = Column::text("local", "local address and port of an internet socket", |row| {
    inet(row).map_or(Cell::Absent, |inet| Cell::text(inet.local.to_string()))
})
.weight(90);

pub(super) const REMOTE: Column = Column::text("remote", "remote address and port of an internet socket", |row| {
    let inet = inet(row).filter(|inet| inet.remote.port() != 0 || !inet.remote.ip().is_unspecified());
    inet.map_or(Cell::Absent, |inet| Cell::text(inet.remote.to_string()))
})
.weight(88);

pub(super) const PEER: Column =
    Column::text("peer", "other end of a socket, if it is on this machine, and a process that has it", |row| {
        let Some(inode) = socket(row).and_then(|socket| socket.peer) else { return Cell::Absent };
        let Some(peer) = row.peer() else { return Cell::text(format!("socket:[{inode}]")) };
        let mut text = peer.snapshot.address(peer.place).to_string();
        if let Some(pid) = peer.live_pids().next() {
            text.push(' ');
            text.push_str(&peer.process_name(pid));
        }
        Cell::text(text)
    })
    .weight(74)
    .cut()
    .needs(Needs::HOLDERS.union(Needs::COMMS));

pub(super) const RECVQ: Column = Column::size("recvq", "bytes that wait to be read from a socket", |row| {
    Cell::size(socket(row).and_then(|socket| socket.receive_queue))
})
.weight(66);

pub(super) const SENDQ: Column = Column::size("sendq", "bytes sent and not yet taken by the other end", |row| {
    Cell::size(socket(row).and_then(|socket| socket.send_queue))
})
.weight(64);

pub(super) const BACKLOG: Column = Column::number("backlog", "connections that a listener lets wait", |row| {
    Cell::number(socket(row).and_then(|socket| socket.backlog))
})
.weight(50);

pub(super) const PENDING: Column = Column::number("pending", "connections that wait to be accepted", |row| {
    Cell::number(socket(row).and_then(|socket| socket.pending))
})
.weight(62);
