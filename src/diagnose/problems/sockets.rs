//! Sockets: connections whose other end is closed, and listeners that do not keep up.

use super::words::{address, count};
use super::{Action, Class, Problem, Severity, Subject};
use crate::diagnose::verdict::{State, state, who};
use crate::model::{Inet, Role, Socket, SocketState};

pub(super) fn problem(socket: Subject<'_>, attributes: &Socket) -> Option<Problem> {
    match attributes.state? {
        SocketState::Listening => backlog(socket, attributes),
        // What is left to read may be read this moment; a datagram socket may have other partners. The verdict knows.
        SocketState::HalfClosed if matches!(state(socket.snapshot, socket.place), State::Leaked | State::Suspect) => {
            // Well-kept servers have such ends as well: it costs a descriptor, and nobody waits for it.
            Some(half_closed(socket, Severity::Note, "the other end is closed and nothing is left to read"))
        }
        SocketState::CloseWait if !attributes.unaccepted => close_wait(socket, attributes),
        _ => None,
    }
}

/// More wait than the listener lets wait: only then the next one does not fit (`sk_acceptq_is_full`).
fn backlog(socket: Subject<'_>, attributes: &Socket) -> Option<Problem> {
    let (pending, backlog) = (attributes.pending?, attributes.backlog?);
    if pending <= backlog {
        return None;
    }
    let listeners = socket.who(|role| role == Role::Listener);
    let stopped = listeners.pids().iter().find(|pid| socket.is_stopped(**pid));
    let does = match (stopped, listeners.first()) {
        (Some(pid), _) => format!("; {} is stopped", who(socket.snapshot, *pid)),
        (None, Some(_)) => format!("; {listeners} {}", listeners.verb("listens", "listen")),
        (None, None) => String::new(),
    };
    let waiting = count(pending, "connection");
    let wait = if pending == 1 { "waits" } else { "wait" };
    let reason = format!("{waiting} {wait} to be accepted, its backlog is {backlog}: no more fit{does}");
    let (severity, action, words) = match stopped {
        Some(pid) => (Severity::Severe, Action::Signal(*pid), format!("`ipcx kill -CONT {pid}` lets it go on")),
        None => (Severity::Warning, Action::Show, format!("`ipcx show {}` tells who should accept", address(socket))),
    };
    Some(socket.problem_of(Class::Backlog, severity, reason, action, words))
}

/// A side that has closed may still read, so that this end is right to stay and send; not if its process is gone.
fn close_wait(socket: Subject<'_>, attributes: &Socket) -> Option<Problem> {
    let partner = attributes.peer.and_then(|inode| socket.snapshot.socket(inode));
    if partner.is_some_and(|place| !socket.snapshot.holders(place).is_empty()) {
        return None;
    }
    let inet = attributes.inet.as_deref()?;
    if is_local(inet) {
        // Its process may be one that could not be looked into, or of another network namespace.
        if partner.is_some() || socket.snapshot.visibility.descriptors_hidden() {
            return None;
        }
        return Some(half_closed(socket, Severity::Warning, "the other end is closed for good"));
    }
    let reason = format!("{} has closed its side", inet.remote);
    Some(half_closed(socket, Severity::Note, &reason))
}

fn is_local(inet: &Inet) -> bool {
    inet.remote.ip().to_canonical().is_loopback() || inet.remote.ip() == inet.local.ip()
}

fn half_closed(socket: Subject<'_>, severity: Severity, closed: &str) -> Problem {
    let holders = socket.who(|role| !role.is_record());
    let Some(pid) = holders.first() else {
        let reason = format!("{closed}; no process was seen to have this one open");
        let words = format!("`ipcx show {}` tells what is known of it", address(socket));
        return socket.problem_of(Class::HalfClosed, severity, reason, Action::Show, words);
    };
    let reason = format!("{closed}; {holders} {} this one open", holders.verb("keeps", "keep"));
    let words = format!("`ipcx show pid:{pid}` tells what else it has; this end goes when pid {pid} closes it or ends");
    socket.problem_of(Class::HalfClosed, severity, reason, Action::Show, words)
}
