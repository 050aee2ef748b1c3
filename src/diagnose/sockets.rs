//! Sockets and their files.
//!
//! | object | seen | so it is |
//! |---|---|---|
//! | socket file | a socket of this network namespace is bound to it | what that socket is |
//! | socket file | the tables are not complete, or what they tell does not fit this file system | unknown |
//! | socket file | no socket, but processes that cannot be seen, or sockets of other network namespaces | suspect |
//! | socket file | no socket anywhere, and none can be bound to it any more | leaked, for certain |
//! | unix socket | its peer has closed and all is read: nothing can come or go any more, though a process has it open | leaked, for certain |
//! | unix socket | the same, and nobody has it, nor can it be on its way to somebody | leaked, for certain |
//! | socket | a process has it open | in use |
//!
//! An end that a process keeps without a partner is lost, not what the process does: it goes when that closes it or ends.
//! Nobody connects to find out: a server of another namespace would see a client.

use super::reasons::Reasons;
use super::verdict::{Judgement, State, say_holders};
use crate::model::{FileDoubt, Holder, Identity, Object, Socket, SocketState, SocketType};
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
        return file(snapshot, socket, reasons);
    };
    if state == SocketState::HalfClosed {
        let unread = socket.receive_queue.unwrap_or(0);
        // A datagram socket can be connected anew, and may be sent to by others.
        let datagram = socket.kind == Some(SocketType::Dgram);
        if unread == 0 && !datagram {
            return half_closed(snapshot, holders, reasons);
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

/// Judges a connection whose peer has closed, and of which all is read.
fn half_closed(snapshot: &Snapshot, holders: &[Holder], reasons: &mut Reasons) -> Judgement {
    let seen = &snapshot.visibility;
    if !holders.is_empty() {
        reasons.say(|| {
            "its peer has closed and nothing is left to read: nothing can come or go any more; it goes when it is closed"
                .to_owned()
        });
        return (State::Leaked, true);
    }
    if seen.descriptors_hidden() {
        reasons.say(|| "its peer has closed, but who has it could not be seen".to_owned());
        return (State::Unknown, false);
    }
    if seen.in_flight || seen.io_uring || seen.nested_pid_namespace {
        reasons.say(|| {
            "its peer has closed and nothing is left to read; it may be on its way in another socket, in an io_uring, or a \
             process's outside this PID namespace"
                .to_owned()
        });
        return (State::Suspect, false);
    }
    reasons
        .say(|| "its peer has closed, nothing is left to read, and no process has it: nobody can reach it".to_owned());
    (State::Leaked, true)
}

/// Judges a socket file for which no socket of this network namespace was found.
fn file(snapshot: &Snapshot, socket: &Socket, reasons: &mut Reasons) -> Judgement {
    let seen = &snapshot.visibility;
    if seen.missing_source {
        reasons.say(|| "not all sockets could be listed: one of them may be bound to this file".to_owned());
        return (State::Unknown, false);
    }
    match socket.unix.as_ref().and_then(|unix| unix.doubt) {
        Some(FileDoubt::Perhaps(inode)) => {
            reasons.say(|| {
                format!(
                    "socket:[{inode}] is bound to the same path or to the same inode number on another device: whether \
                     that is this file cannot be told"
                )
            });
            return (State::Unknown, false);
        }
        Some(FileDoubt::Shared) => {
            reasons.say(|| "its file system is shared with others, where a socket may be bound to it".to_owned());
            return (State::Unknown, false);
        }
        None => {}
    }
    reasons.say(|| "no socket of this network namespace is bound to this file".to_owned());
    let other = if seen.nested_pid_namespace {
        "a process outside this PID namespace may have one that is"
    } else if seen.descriptors_hidden() {
        "not every process could be looked into: one may have a socket of another network namespace that is"
    } else if seen.foreign_unix {
        "a process has sockets of another network namespace, one of which may be"
    } else {
        let made = socket.unix.as_ref().and_then(|unix| unix.file_made);
        let since = made.map(|made| format!("; the file is of {made}")).unwrap_or_default();
        reasons.say(|| format!("nor has any process one of another: who connects is refused{since}"));
        return (State::Leaked, true);
    };
    reasons.say(|| other.to_owned());
    (State::Suspect, false)
}
