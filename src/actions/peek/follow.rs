//! Each new message of a System V queue, once.
//!
//! The kernel gives messages no number. So the queue is copied again and again, and two copies are compared: messages
//! leave from anywhere and arrive at the end, so what was there before comes first, in its order, and the rest is new.
//! What comes and goes between two looks is not seen; a message that equals one which left in the meantime cannot be
//! told from it and is not shown again.

use super::super::Refusal;
use super::queue::{self, MessageFilter};
use crate::kernel::messages::Room;
use crate::kernel::msgctl;
use crate::model::QueuedMessage;

/// How often a look is repeated in which the queue changed, before it is taken as it is.
const TRIES: usize = 5;

/// A queue that is followed.
#[derive(Debug)]
pub struct Follow {
    address: String,
    id: i32,
    filter: MessageFilter,
    seen: Vec<QueuedMessage>,
    room: Room,
}

impl Follow {
    pub(super) fn new(address: &str, id: i32, filter: MessageFilter) -> Self {
        Self { address: address.to_owned(), id, filter, seen: Vec::new(), room: Room::default() }
    }

    /// The messages that have come since the last call; at the first call those that are there. Does not wait. Errors:
    /// [`Refusal::Failed`] when the queue is removed.
    pub fn fresh(&mut self) -> Result<Vec<QueuedMessage>, Refusal> {
        let now = self.look()?;
        let known = known(&self.seen, &now, |one, other| one.message == other.message);
        let fresh = now[known..].iter().filter(|message| self.filter.takes(message)).cloned().collect();
        self.seen = now;
        Ok(fresh)
    }

    /// All messages at one moment, as far as that can be had.
    fn look(&mut self) -> Result<Vec<QueuedMessage>, Refusal> {
        let mut messages = Vec::new();
        for _ in 0..TRIES {
            messages.clear();
            let before = msgctl::stat(self.id).map_err(|error| self.ended(error))?.messages;
            while let Some(message) =
                queue::copy(self.id, messages.len() as u64, &mut self.room).map_err(|error| self.ended(error))?
            {
                messages.push(message);
                if messages.len() as u64 > before {
                    break;
                }
            }
            let after = msgctl::stat(self.id).map_err(|error| self.ended(error))?.messages;
            if before == after && messages.len() as u64 == after {
                break;
            }
        }
        Ok(messages)
    }

    fn ended(&self, error: crate::kernel::Error) -> Refusal {
        let what = self.address.clone();
        if error.is_absent() {
            return Refusal::Failed { what, why: "removed: there is nothing more to follow".to_owned() };
        }
        queue::cannot_copy(&what, error)
    }
}

/// How many of the first of `now` were in `before` already: as many as can be found there one after the other.
fn known<T>(before: &[T], now: &[T], same: impl Fn(&T, &T) -> bool) -> usize {
    let mut old = before.iter();
    now.iter().take_while(|new| old.any(|old| same(old, new))).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fresh<'a>(before: &str, now: &'a str) -> &'a str {
        let (before, now_bytes) = (before.as_bytes(), now.as_bytes());
        &now[known(before, now_bytes, u8::eq)..]
    }

    #[test]
    fn what_is_new_is_behind_what_was_there() {
        assert_eq!(fresh("", "ab"), "ab");
        assert_eq!(fresh("ab", "ab"), "");
        assert_eq!(fresh("ab", "abc"), "c");
        assert_eq!(fresh("abc", "bcd"), "d");
        assert_eq!(fresh("abc", "acd"), "d", "one was taken out of the middle");
        assert_eq!(fresh("ab", "ba"), "a", "one was taken and the same sent again");
        assert_eq!(fresh("ab", ""), "");
        assert_eq!(fresh("aaa", "aa"), "");
        assert_eq!(fresh("a", "a"), "", "one taken and an equal one sent look like nothing");
    }

    proptest! {
        #[test]
        fn different_messages_are_each_told_rightly(
            kept in proptest::collection::vec(any::<bool>(), 0..40), new in 0u32..20
        ) {
            let before: Vec<u32> = (0..).take(kept.len()).collect();
            let mut now: Vec<u32> = before.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(n, _)| *n).collect();
            let stayed = now.len();
            now.extend((1000..).take(new as usize));
            prop_assert_eq!(known(&before, &now, u32::eq), stayed);
        }
    }
}
