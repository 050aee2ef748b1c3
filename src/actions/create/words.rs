//! What would be made, in words, for whoever is asked whether it shall be.

use super::{Naming, NewObject, Start, What, bytes};
use crate::model::escape;

impl NewObject {
    /// What a person is asked: `make FIFO /tmp/x, mode 0600?`
    pub fn question(&self) -> String {
        format!("make {}?", self.described())
    }

    /// What would be done, for a forecast.
    pub fn would(&self) -> String {
        format!("would make {}", self.described())
    }

    fn described(&self) -> String {
        let mut parts = vec![format!("{}{}", self.noun(), called(&self.what))];
        match &self.what {
            What::Queue { limit, depth, message_size, .. } => {
                parts.extend(limit.map(|limit| format!("of at most {}", bytes(limit))));
                parts.extend(depth.map(|depth| format!("for {depth} messages")));
                parts.extend(message_size.map(|size| format!("of at most {} each", bytes(size))));
            }
            What::Shm { size, .. } => parts.push(format!("of {}", bytes(*size))),
            What::Semaphore { count, start, .. } => {
                parts.extend(count.map(|count| format!("of {count}")));
                match start {
                    Start::Zero => {}
                    Start::All(value) => parts.push(format!("value {value}")),
                    Start::Each(values) => {
                        let values: Vec<String> = values.iter().map(u32::to_string).collect();
                        parts.push(format!("values {}", values.join(", ")));
                    }
                }
            }
            What::Fifo { .. } => {}
        }
        parts.push(format!("mode {:04o}", self.mode));
        parts.extend(self.owner.user.map(|user| format!("owner {user}")));
        parts.extend(self.owner.group.map(|group| format!("group {group}")));
        if self.or_open {
            parts.push("or open what is there".to_owned());
        }
        parts.join(", ")
    }
}

/// Its name behind what it is.
fn called(what: &What) -> String {
    let naming = match what {
        What::Fifo { path } => return format!(" {}", escape(path)),
        What::Queue { naming, .. } | What::Shm { naming, .. } | What::Semaphore { naming, .. } => naming,
    };
    match naming {
        Naming::Name(name) => format!(" {}", escape(name)),
        Naming::Key(key) => format!(" with key {key}"),
        Naming::Random => " with a random key".to_owned(),
        Naming::Private => " without a key".to_owned(),
        Naming::Ftok { path, id } => format!(" with the key that ftok makes of {} and {id}", escape(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewOwner;
    use super::*;

    #[test]
    fn a_sentence_for_each() {
        let question = |what| NewObject { what, mode: 0o640, owner: NewOwner::default(), or_open: false }.question();
        assert_eq!(question(What::Fifo { path: b"/x\x1b".as_slice().into() }), r"make FIFO /x\x1b, mode 0640?");
        let naming = Naming::Name(b"/o".as_slice().into());
        let queue = What::Queue { naming, limit: None, depth: Some(5), message_size: Some(1) };
        assert_eq!(question(queue), "make POSIX message queue /o, for 5 messages, of at most 1 byte each, mode 0640?");
        let set = What::Semaphore { naming: Naming::Random, count: None, start: Start::Each(vec![1, 2]) };
        assert_eq!(question(set), "make semaphore set with a random key, values 1, 2, mode 0640?");
    }
}
