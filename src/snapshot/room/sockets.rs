//! Listeners and their backlogs, and the limits of the network namespace.

use super::{largest, nearest, single, under, unread};
use crate::kernel::netstat;
use crate::model::limit::{
    LISTEN_DROPS, LISTEN_OVERFLOWS, Limit, MAX_DGRAM_QLEN, SOMAXCONN, TCP_BACKLOG, UNIX_BACKLOG,
};
use crate::model::{Body, Object, Of, Role, Socket, SocketState, Usage};
use crate::snapshot::Snapshot;

pub(super) fn read(snapshot: &Snapshot) -> Vec<Usage> {
    let objects = &snapshot.objects;
    let mut all = vec![
        backlog(&UNIX_BACKLOG, snapshot, |socket| socket.unix.is_some()),
        backlog(&TCP_BACKLOG, snapshot, |socket| socket.inet.is_some()),
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
fn backlog(limit: &'static Limit, snapshot: &Snapshot, wanted: impl Fn(&Socket) -> bool) -> Usage {
    let mut asleep = 0;
    let listeners = snapshot.objects.iter().enumerate().filter_map(|(place, object)| {
        let socket = listener(object).filter(|socket| wanted(socket))?;
        let clients = snapshot.holders(place).iter().filter(|holder| holder.role == Role::WaitingConnect);
        asleep += clients.map(|holder| holder.threads.as_ref().map_or(1, |threads| threads.len())).sum::<usize>();
        Some((Of::Object(object.identity), socket.pending?, Some(socket.backlog?.saturating_add(1))))
    });
    let listeners: Vec<_> = listeners.collect();
    let full = listeners.iter().filter(|(_, pending, most)| Some(*pending) >= *most).count();
    let waiting: u64 = listeners.iter().map(|(_, pending, _)| pending).sum();
    let all = listeners.len();
    let mut usage = nearest(limit, listeners.into_iter()).unwrap_or(Usage::only(limit, None));
    let connections = if waiting == 1 { "connection waits" } else { "connections wait" };
    let clients = match asleep {
        0 => String::new(),
        1 => "; 1 more sleeps in connect".to_owned(),
        more => format!("; {more} more sleep in connect"),
    };
    usage.note =
        Some(format!("{full} of {all} listeners full; {waiting} {connections} to be accepted in all{clients}"));
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
    use crate::snapshot::testing::{self, Scene};

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
            let mut scene = Scene::default();
            for object in objects {
                scene.add(object.clone());
            }
            // Two clients sleep in asking the last of three.
            for client in 0..objects.len() / 3 * 2 {
                scene.hold(2, 800 + client as u32, Role::WaitingConnect);
            }
            let usage = backlog(&UNIX_BACKLOG, &scene.picture(), |socket| socket.unix.is_some());
            (usage.percent(), usage.of, usage.note.unwrap_or_default())
        };
        let objects = [listening(1, 0), listening(2, 1), listening(3, 2)];
        let full = Some(Of::Object(objects[2].identity));
        let note =
            "1 of 3 listeners full; 3 connections wait to be accepted in all; 2 more sleep in connect".to_owned();
        assert_eq!(of(&objects), (Some(100.0), full, note));
        assert_eq!(of(&objects[..2]).0, Some(50.0));
        assert_eq!(of(&[]).0, None);
    }
}
