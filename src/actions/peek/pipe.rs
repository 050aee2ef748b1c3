//! Pipes and FIFOs: a copy of what is in them (`tee`), and how they stand, through ends borrowed from who has them open.
//! The FIFO itself is never opened, nor a descriptor of /proc: that would let processes go on that wait for another end.

use super::super::{Refusal, subject::Subject};
use super::borrow::{Lender, NoLoan, borrow, lenders};
use super::unseen;
use crate::kernel::pipe::{Copies, PipeState, read_state};
use crate::model::{Body, Contents, Identity, PipeContents, Role, Seen};
use crate::snapshot::Snapshot;

/// How often the room for a copy is made larger, if the pipe grows meanwhile.
const TRIES: usize = 4;

/// Bytes that a pipe holds if nobody changed that.
const USUAL: u64 = 65_536;

/// Who can lend which end.
#[derive(Debug)]
pub(super) struct Plan {
    identity: Identity,
    /// A FIFO's file, if its path is known.
    file: Option<Subject>,
    is_fifo: bool,
    readers: Vec<Lender>,
    writers: Vec<Lender>,
    /// Processes that could not be looked into.
    hidden: usize,
}

pub(super) fn plan(snapshot: &Snapshot, place: usize, identity: Identity) -> Plan {
    let object = &snapshot.objects[place];
    let file = match (identity, &object.path) {
        (Identity::File { device, inode }, Some(path)) => Some(Subject::file(path, device, inode)),
        _ => None,
    };
    Plan {
        identity,
        file,
        is_fifo: matches!(object.body, Body::Fifo(_)),
        readers: lenders(snapshot, place, |holder| holder.role == Role::Reader),
        writers: lenders(snapshot, place, |holder| holder.role == Role::Writer),
        hidden: snapshot.visibility.hidden.iter().filter(|hidden| hidden.descriptors).count(),
    }
}

/// What a read end told.
struct FromReader {
    state: PipeState,
    copies: Option<Copies>,
    copied: u64,
}

impl Plan {
    pub(super) fn run(&self, what: &str) -> Result<Contents, Refusal> {
        if let Some(file) = &self.file {
            file.verify(what)?;
        }
        if self.readers.is_empty() && self.writers.is_empty() {
            return self.without_ends(what);
        }
        let written = borrow(&self.writers, self.identity, |end| read_state(end).ok());
        let read = self.read_end()?;
        if let (Err(one), Err(other)) = (&written, &read) {
            let refused = [*one, *other].contains(&NoLoan::Refused);
            return Err(if refused { NoLoan::Refused } else { NoLoan::Gone }.refusal(what));
        }
        let mut notes = Vec::new();
        let mut seen = PipeContents::default();
        if let Ok((state, _)) = written {
            seen.full = Some(!state.writable);
            seen.no_reader = Some(state.no_reader);
            seen.packet_mode = Some(state.packets);
            (seen.capacity, seen.buffered) = (Some(state.capacity), Some(state.buffered));
            seen.no_writer = Some(false);
        }
        match read {
            Ok((found, lender)) => {
                self.add_read(what, found, &mut seen, &mut notes)?;
                seen.source = Some(lender.source());
            }
            Err(why) => notes.push(format!("{what}: its bytes are not shown: {}", no_read_end(why, self.hidden))),
        }
        Ok(Contents { address: what.to_owned(), seen: Seen::Pipe(seen), notes, failures: Vec::new() })
    }

    /// Borrows a read end and copies; a pipe that is larger than the room for the copy is given back first.
    fn read_end(&self) -> Result<Result<(FromReader, &Lender), NoLoan>, Refusal> {
        let mut wanted = USUAL;
        for attempt in 1..=TRIES {
            let mut copies = Some(Copies::new()?);
            // Before anything is borrowed. Where it is not allowed, the part that fits has to do.
            let may_grow = copies.as_ref().is_some_and(|copies| copies.make_room(wanted)) && attempt < TRIES;
            let found = borrow(&self.readers, self.identity, |end| {
                let state = read_state(end).ok()?;
                if state.capacity > wanted && may_grow && state.buffered > 0 {
                    return Some(FromReader { state, copies: None, copied: 0 });
                }
                let length = copies.as_ref().map_or(0, |own| own.tee(end).unwrap_or(0));
                Some(FromReader { state, copies: copies.take(), copied: length })
            });
            match found {
                Ok((FromReader { copies: None, state, .. }, _)) => wanted = state.capacity,
                found => return Ok(found),
            }
        }
        Ok(Err(NoLoan::Gone))
    }

    fn add_read(
        &self,
        what: &str,
        found: FromReader,
        seen: &mut PipeContents,
        notes: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let FromReader { state, copies, copied } = found;
        let pieces = copies.map_or_else(|| Ok(Vec::new()), Copies::read)?;
        (seen.capacity, seen.buffered) = (Some(state.capacity), Some(state.buffered));
        // A FIFO whose readers came before any writer does not say that it has none.
        let writer_known = seen.no_writer.is_some() || !self.is_fifo;
        seen.no_writer = if state.no_writer { Some(true) } else { writer_known.then_some(false) };
        if pieces.len() > 1 {
            seen.packet_mode = Some(true);
        }
        if copied < state.buffered {
            notes.push(format!(
                "{what}: {copied} of {} bytes are shown: the rest was read meanwhile, or a pipe as large as this one is \
                 not allowed to this user (fs.pipe-max-size, fs.pipe-user-pages-soft)",
                state.buffered
            ));
        }
        seen.pieces = Some(pieces);
        Ok(())
    }

    /// Nobody is known to have it open. Then there is nothing in it, if everybody could be looked into.
    fn without_ends(&self, what: &str) -> Result<Contents, Refusal> {
        if self.hidden > 0 {
            let why = format!("no process that can be looked into has it open, and {}", unseen(self.hidden));
            return Err(Refusal::Permission { what: what.to_owned(), why });
        }
        if !self.is_fifo {
            return Err(Refusal::Changed { what: what.to_owned() });
        }
        let seen = PipeContents {
            pieces: Some(Vec::new()),
            buffered: Some(0),
            no_writer: Some(true),
            no_reader: Some(true),
            ..PipeContents::default()
        };
        let notes = vec![format!("{what}: no process has it open, so there can be nothing in it")];
        Ok(Contents { address: what.to_owned(), seen: Seen::Pipe(seen), notes, failures: Vec::new() })
    }
}

fn no_read_end(why: NoLoan, hidden: usize) -> String {
    match why {
        NoLoan::Nobody if hidden > 0 => {
            format!("no process that can be looked into has a read end open, and {}", unseen(hidden))
        }
        NoLoan::Nobody => "no process that is seen has a read end open, and a write end gives no copy".to_owned(),
        NoLoan::Gone => "its read ends were closed meanwhile".to_owned(),
        NoLoan::Refused => "its read end is another process's, which only who may trace it can borrow".to_owned(),
    }
}
