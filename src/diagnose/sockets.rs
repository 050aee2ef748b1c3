//! Sockets: in use while a process has them; lost when their partner is gone for good.

use super::reasons::Reasons;
use super::verdict::{Judgement, State, say_holders};
use crate::model::{Holder, Identity, Object, Socket, SocketState, SocketType};
use crate::snapshot::Snapshot;

/// Judges a socket or a socket's file.
pub(super) fn judge(
    snapshot: &Snapshot,
    object: &Object,
    socket: &Socket,
    holders: &[Holder],
    reasons: &mut Reasons,
) -> Judgement {
    say_holders(snapshot, holders, reasons);
    let (Identity::Socket { inode, .. }, Some(state)) = (object.identity, socket.state) else {
        // Never by connecting: a server of another namespace would see a client.
        reasons.say(|| "no socket of this network namespace is bound to this file; one of another may be".to_owned());
        let state = if snapshot.visibility.missing_source { State::Unknown } else { State::Suspect };
        return (state, false);
    };
    if state == SocketState::HalfClosed {
        let unread = socket.receive_queue.unwrap_or(0);
        // A datagram socket can be connected anew, and may be sent to by others.
        let datagram = socket.kind == Some(SocketType::Dgram);
        if unread == 0 && !datagram && holders.is_empty() && snapshot.visibility.descriptors_hidden() {
            reasons.say(|| "its peer has closed, but who has it could not be seen".to_owned());
            return (State::Unknown, false);
        }
        if unread == 0 && !datagram {
            reasons
                .say(|| "its peer has closed and nothing is left to read: nothing can come or go any more".to_owned());
            return (State::Leaked, true);
        }
        reasons.say(|| format!("the peer that it sends to has closed; {unread} bytes are left to read"));
    }
    if socket.unaccepted && !holders.is_empty() {
        reasons.say(|| "the connection waits to be accepted".to_owned());
    }
    if !holders.is_empty() {
        return (State::InUse, true);
    }
    if inode == 0 {
        if socket.unaccepted {
            reasons.say(|| "the connection waits in its listener's queue".to_owned());
            return (State::Unknown, false);
        }
        reasons.say(|| format!("the kernel keeps it by itself while it is in {}", state.name()));
        return (State::Idle, false);
    }
    let hidden = snapshot.visibility.descriptors_hidden();
    reasons.say(|| {
        let unseen = "no process was seen to have it, but not every one could be looked into";
        let elsewhere =
            "no process has it open: it may be on its way in another socket, in an io_uring, or the kernel's own";
        if hidden { unseen } else { elsewhere }.to_owned()
    });
    (State::Unknown, false)
}
