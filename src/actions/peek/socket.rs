//! Sockets: what would be read next (`MSG_PEEK`), through a descriptor borrowed from who has it open. Descriptors on
//! their way in it are not touched, and neither is a pending error, which only the owner's own call may take.

use super::super::Refusal;
use super::borrow::{Lender, borrow, lenders};
use super::{Care, unseen};
use crate::kernel::mounts;
use crate::kernel::socket_peek::{SocketLook, peek, read_look};
use crate::model::{Contents, Identity, Seen, Socket, SocketContents, SocketState, SocketType};
use crate::snapshot::Snapshot;

/// Who can lend it.
#[derive(Debug)]
pub(super) struct Plan {
    identity: Identity,
    socket: Socket,
    lenders: Vec<Lender>,
    hidden: usize,
}

pub(super) fn plan(snapshot: &Snapshot, place: usize, socket: &Socket, identity: Identity) -> Plan {
    let hidden = snapshot.visibility.hidden.iter().filter(|hidden| hidden.descriptors).count();
    Plan { identity, socket: socket.clone(), lenders: lenders(snapshot, place, |_| true), hidden }
}

impl Plan {
    pub(super) fn permit(&self, what: &str, care: Care) -> Result<(), Refusal> {
        if self.socket.state == Some(SocketState::Listening) { Ok(()) } else { may_borrow(what, care) }
    }

    pub(super) fn run(&self, what: &str, care: Care) -> Result<Contents, Refusal> {
        let mut seen = SocketContents {
            kind: self.socket.kind,
            state: self.socket.state,
            pending: self.socket.pending,
            backlog: self.socket.backlog,
            ..SocketContents::default()
        };
        let mut notes = Vec::new();
        if self.socket.state != Some(SocketState::Listening) {
            self.needs_owner(what)?;
            self.permit(what, care)?;
            let borrowed = borrow(&self.lenders, self.identity, |fd| {
                let look = read_look(fd).ok()?;
                // One that was never connected says so as an error; nothing waits in it.
                let data = if is_safe(&look) { peek(fd, look.waiting.unwrap_or(0)).unwrap_or(None) } else { None };
                Some((look, data))
            });
            let ((look, data), lender) = borrowed.map_err(|why| why.refusal(what))?;
            self.same(what, &look)?;
            seen.waiting = look.waiting;
            seen.source = Some(lender.source());
            notes.extend(remarks(what, &look, data.as_deref(), self.socket.state));
            // Nothing to be had is an answer, unless it was not asked for.
            let asked = !look.error && !look.marked;
            seen.data = if asked { Some(data.unwrap_or_default()) } else { None };
        }
        Ok(Contents { address: what.to_owned(), seen: Seen::Socket(seen), notes, failures: Vec::new() })
    }

    /// There must be a descriptor somewhere.
    fn needs_owner(&self, what: &str) -> Result<(), Refusal> {
        let fail = |why: &str| Err(Refusal::Failed { what: what.to_owned(), why: why.to_owned() });
        if self.socket.state.is_none() {
            return fail("a socket file that no socket is bound to: there is nothing in it");
        }
        if matches!(self.identity, Identity::Socket { inode: 0, .. }) {
            return fail("a connection that no process has: closed already, or not accepted yet");
        }
        if !self.lenders.is_empty() {
            return Ok(());
        }
        if self.hidden > 0 {
            let why = format!("no process that can be looked into has it open, and {}", unseen(self.hidden));
            return Err(Refusal::Permission { what: what.to_owned(), why });
        }
        fail("no process has it open: it is on its way in another socket, held by the kernel, or not accepted yet")
    }

    /// Inode numbers may come again; the cookie does not.
    fn same(&self, what: &str, look: &SocketLook) -> Result<(), Refusal> {
        match self.identity {
            Identity::Socket { cookie, .. } if cookie != 0 && look.cookie != 0 && cookie != look.cookie => {
                Err(Refusal::Changed { what: what.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// Where cgroups tag sockets, borrowing one changes it for good.
fn may_borrow(what: &str, care: Care) -> Result<(), Refusal> {
    if !mounts::cgroups_tag_sockets() {
        return Ok(());
    }
    let trace = "borrowing a socket gives it the net_cls and net_prio tags of this process for good, since those \
                 cgroup-v1 controllers are in use here";
    care.permit(what, trace)?;
    if care.policy.force {
        return Ok(());
    }
    Err(Refusal::Unsafe { what: what.to_owned(), why: format!("{trace}; --force looks all the same") })
}

/// Whether a look takes nothing and moves nothing. Of a stream without bytes there is nothing to ask for.
fn is_safe(look: &SocketLook) -> bool {
    let empty = look.kind == Some(SocketType::Stream) && look.waiting == Some(0);
    look.readable && !look.error && !look.marked && !empty
}

/// What has to be said about a look.
fn remarks(what: &str, look: &SocketLook, data: Option<&[u8]>, state: Option<SocketState>) -> Vec<String> {
    let mut remarks = Vec::new();
    if look.marked {
        remarks.push(format!(
            "{what}: its bytes are not shown: its owner reads ahead (SO_PEEK_OFF), and a look would move the owner's mark"
        ));
    } else if look.error {
        remarks.push(format!(
            "{what}: its bytes are not shown: an error waits in it for its owner, and a look would take that away"
        ));
    }
    let shown = data.map_or(0, <[u8]>::len) as u64;
    if let (Some(SocketType::Stream), Some(waiting)) = (look.kind, look.waiting)
        && data.is_some()
        && shown < waiting
    {
        remarks.push(format!(
            "{what}: {shown} of {waiting} bytes are shown: a look reaches only as far as the first descriptors on their \
             way in it"
        ));
    }
    // Of packets the kernel counts the bytes of all, of datagrams those of the first.
    let more = match look.kind {
        Some(SocketType::Stream) => false,
        Some(SocketType::Seqpacket) => look.waiting.is_some_and(|waiting| waiting > shown),
        _ => true,
    };
    if look.kind != Some(SocketType::Stream) && data.is_some() && shown == 0 && !look.closed {
        remarks.push(format!("{what}: its first message has 0 bytes"));
    }
    if more && data.is_some() {
        remarks.push(format!("{what}: only the first message can be seen; others may wait behind it"));
    }
    if look.closed && state != Some(SocketState::Unconnected) {
        remarks.push(format!("{what}: the other end has closed, or shut down writing"));
    }
    remarks
}
