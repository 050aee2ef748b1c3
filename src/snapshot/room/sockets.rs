//! Listeners and their backlogs, and the limits of the network namespace.

use super::{largest, nearest, single, under, unread};
use crate::kernel::netstat;
use crate::model::limit::{
    LISTEN_DROPS, LISTEN_OVERFLOWS, Limit, MAX_DGRAM_QLEN, SOMAXCONN, TCP_BACKLOG, UNIX_BACKLOG,
};
use crate::model::{Body, Object, Of, Socket, SocketState, Usage};

pub(super) fn read(objects: &[Object]) -> Vec<Usage> {
    let mut all = vec![
        backlog(&UNIX_BACKLOG, objects, |socket| socket.unix.is_some()),
        backlog(&TCP_BACKLOG, objects, |socket| socket.inet.is_some()),
        under(&SOMAXCONN, |most| largest(&SOMAXCONN, Some(most), objects, |object| listener(object)?.backlog)),
        single(&MAX_DGRAM_QLEN),
    ];
    match netstat::read_listen_drops() {
        Ok(counted) => all.extend([
            Usage::new(&LISTEN_OVERFLOWS, counted.overflows, None),
            Usage::new(&LISTEN_DROPS, counted.drops, None),
        ]),
        Err(error) => all.extend([unread(&LISTEN_OVERFLOWS, &error), unread(&LISTEN_DROPS, &error)]),
    }
    all
}

/// The fullest listener of one family, and how many of them are full. One more than its backlog may wait: only then the
/// next does not fit (`unix_recvq_full`, `sk_acceptq_is_full`).
fn backlog(limit: &'static Limit, objects: &[Object], wanted: impl Fn(&Socket) -> bool) -> Usage {
    let listeners = objects.iter().filter_map(|object| {
        let socket = listener(object).filter(|socket| wanted(socket))?;
        Some((Of::Object(object.identity), socket.pending?, Some(socket.backlog?.saturating_add(1))))
    });
    let listeners: Vec<_> = listeners.collect();
    let full = listeners.iter().filter(|(_, pending, most)| Some(*pending) >= *most).count();
    let waiting: u64 = listeners.iter().map(|(_, pending, _)| pending).sum();
    let all = listeners.len();
    let mut usage = nearest(limit, listeners.into_iter()).unwrap_or(Usage::only(limit, None));
    usage.note = Some(format!("{full} of {all} listeners full; {waiting} connections wait to be accepted in all"));
    usage
}

fn listener(object: &Object) -> Option<&Socket> {
    match &object.body {
        Body::Socket(socket) if socket.state == Some(SocketState::Listening) => Some(socket),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing;

    #[test]
    fn a_listener_is_full_when_one_more_than_its_backlog_waits() {
        let listening = |inode, pending| {
            let mut object = testing::unix(inode, Some("@x"), SocketState::Listening, None);
            if let Body::Socket(socket) = &mut object.body {
                (socket.backlog, socket.pending) = (Some(1), Some(pending));
            }
            object
        };
        let of = |objects: &[Object]| {
            let usage = backlog(&UNIX_BACKLOG, objects, |socket| socket.unix.is_some());
            (usage.percent(), usage.of, usage.note.unwrap_or_default())
        };
        let objects = [listening(1, 0), listening(2, 1), listening(3, 2)];
        let full = Some(Of::Object(objects[2].identity));
        let note = "1 of 3 listeners full; 3 connections wait to be accepted in all".to_owned();
        assert_eq!(of(&objects), (Some(100.0), full, note));
        assert_eq!(of(&objects[..2]).0, Some(50.0));
        assert_eq!(of(&[]).0, None);
    }
}
