//! Sockets: in use while a process has them; lost when their partner is gone for good.

use super::verdict::{State, Verdict, of_holders};
use crate::model::{Holder, Identity, Object, Socket, SocketState, SocketType};
use crate::snapshot::Snapshot;

/// Judges a socket or a socket's file.
pub(super) fn verdict(snapshot: &Snapshot, object: &Object, socket: &Socket, holders: &[Holder]) -> Verdict {
    let mut reasons = of_holders(snapshot, holders);
    let (Identity::Socket { inode, .. }, Some(state)) = (object.identity, socket.state) else {
        // Never by connecting: a server of another namespace would see a client.
        reasons.push("no socket of this network namespace is bound to this file; one of another may be".to_owned());
        let state = if snapshot.visibility.missing_source { State::Unknown } else { State::Suspect };
        return Verdict::likely(state, reasons);
    };
    if state == SocketState::HalfClosed {
        let unread = socket.receive_queue.unwrap_or(0);
        // A datagram socket can be connected anew, and may be sent to by others.
        let datagram = socket.kind == Some(SocketType::Dgram);
        if unread == 0 && !datagram {
            reasons.push("its peer has closed and nothing is left to read: nothing can come or go any more".to_owned());
            return Verdict::proved(State::Leaked, reasons);
        }
        reasons.push(format!("the peer that it sends to has closed; {unread} bytes are left to read"));
    }
    if socket.unaccepted && !holders.is_empty() {
        reasons.push("the connection waits to be accepted".to_owned());
    }
    if !holders.is_empty() {
        return Verdict::proved(State::InUse, reasons);
    }
    if inode == 0 {
        if socket.unaccepted {
            reasons.push("the connection waits in its listener's queue".to_owned());
            return Verdict::likely(State::Unknown, reasons);
        }
        reasons.push(format!("the kernel keeps it by itself while it is in {}", state.name()));
        return Verdict::likely(State::Idle, reasons);
    }
    reasons.push(if snapshot.visibility.descriptors_hidden() {
        "no process was seen to have it, but not every one could be looked into".to_owned()
    } else {
        "no process has it open: it may be on its way in another socket, in an io_uring, or the kernel's own".to_owned()
    });
    Verdict::likely(State::Unknown, reasons)
}
