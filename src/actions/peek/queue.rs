//! System V queues: each message is copied by its index (`MSG_COPY`), and stays. Last receiver, times and depth of the
//! queue stay as they are. Where the kernel cannot copy, nothing is received instead.

use super::super::{Refusal, subject::Subject};
use super::refused;
use crate::kernel::messages::{self, Room};
use crate::kernel::{Error, msgctl};
use crate::model::{Contents, Kind, Messages, QueuedMessage, Seen};

/// Which messages are asked for; all that is `None` is not asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// The one at this place, the oldest at 0.
    pub index: Option<u64>,
    /// Those of this type.
    pub kind: Option<i64>,
}

impl MessageFilter {
    /// Whether a message is asked for; one that could not be copied has no type that would tell.
    pub(super) fn takes(self, message: &QueuedMessage) -> bool {
        self.index.is_none_or(|index| index == message.index)
            && message.message.as_ref().ok().zip(self.kind).is_none_or(|(message, kind)| message.kind == kind)
    }
}

/// Which queue.
#[derive(Debug)]
pub(super) struct Plan {
    id: i32,
    subject: Subject,
}

pub(super) fn plan(what: &str, id: i32) -> Result<Plan, Refusal> {
    let subject = Subject::sysv(Kind::Queue, id).map_err(|error| refused(what, error, ""))?;
    Ok(Plan { id, subject })
}

impl Plan {
    pub(super) const fn id(&self) -> i32 {
        self.id
    }

    /// Copies the messages that are there at the start, and hands each that is asked for on as soon as it was copied, with
    /// the queue's numbers, as long as `each` says `true`. What comes back holds none of them.
    ///
    /// The kernel finds a message by counting from the first, so that all of a long queue take the square of their number:
    /// 10,000 a second, 50,000 half a minute.
    pub(super) fn run(
        &self,
        what: &str,
        filter: MessageFilter,
        each: &mut dyn FnMut(&Messages, QueuedMessage) -> bool,
    ) -> Result<Contents, Refusal> {
        self.subject.verify(what)?;
        let before = msgctl::stat(self.id).map_err(|error| refused(what, error, ""))?;
        let seen = Messages {
            messages: Vec::new(),
            depth: before.messages,
            bytes: before.bytes,
            limit_bytes: before.limit_bytes,
        };
        let (mut notes, mut failures) = (Vec::new(), Vec::new());
        let (first, end) = match filter.index {
            Some(index) if index >= before.messages => return Err(none_at(what, index, before.messages)),
            Some(index) => (index, index + 1),
            // Those that come meanwhile are not waited for, so a busy sender cannot keep this going.
            None => (0, before.messages),
        };
        let mut room = Room::default();
        let mut next = first;
        while next < end {
            match copy(self.id, next, &mut room) {
                Ok(Some(message)) => {
                    next += 1;
                    if !filter.takes(&message) {
                        continue;
                    }
                    let failure = message.message.as_ref().err();
                    failures.extend(failure.map(|why| format!("{what}: message {}: {why}", message.index)));
                    if !each(&seen, message) {
                        return Ok(Contents { address: what.to_owned(), seen: Seen::Messages(seen), notes, failures });
                    }
                }
                Ok(None) => break,
                Err(error) if error.is_absent() => {
                    failures.push(format!("{what}: removed while it was looked at, after {next} of {end} messages"));
                    return Ok(Contents { address: what.to_owned(), seen: Seen::Messages(seen), notes, failures });
                }
                // The first answer is the answer for all.
                Err(error) => return Err(cannot_copy(what, error)),
            }
        }
        let after = msgctl::stat(self.id).map_or(before.messages, |after| after.messages);
        if after != before.messages || next < end {
            notes.push(format!(
                "{what}: messages were sent or received while it was looked at ({} before, {after} after): the \
                 indices may have shifted, and a message may be missing or shown twice",
                before.messages
            ));
        }
        Ok(Contents { address: what.to_owned(), seen: Seen::Messages(seen), notes, failures })
    }
}

/// Copies one message; one that is too large for a copy is a message all the same.
pub(super) fn copy(id: i32, index: u64, room: &mut Room) -> Result<Option<QueuedMessage>, Error> {
    match messages::copy(id, index, room) {
        Ok(message) => Ok(message.map(|message| QueuedMessage { index, message: Ok(message) })),
        Err(error) if error.too_large() => {
            let why = "larger than kernel.msgmax is now, so the kernel does not copy it; raising that would show it";
            Ok(Some(QueuedMessage { index, message: Err(why.to_owned()) }))
        }
        Err(error) => Err(error),
    }
}

/// Why messages of a queue cannot be copied at all.
pub(super) fn cannot_copy(what: &str, error: Error) -> Refusal {
    match error {
        Error::Unsupported { .. } => Refusal::Failed {
            what: what.to_owned(),
            why: "this kernel cannot copy messages (no MSG_COPY, which needs CONFIG_CHECKPOINT_RESTORE); to look at \
                  them would be to take them out, which `ipcx recv` does"
                .to_owned(),
        },
        error => refused(what, error, "its mode does not let this user read it"),
    }
}

fn none_at(what: &str, index: u64, depth: u64) -> Refusal {
    let holds = match depth {
        0 => "it is empty".to_owned(),
        1 => "it holds 1 message, at index 0".to_owned(),
        depth => format!("it holds {depth} messages, at the indices 0 to {}", depth - 1),
    };
    Refusal::Failed { what: what.to_owned(), why: format!("there is no message at index {index}: {holds}") }
}
