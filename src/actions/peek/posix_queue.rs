//! POSIX queues: what they hold and take, and no more. The kernel has no way to copy a message without taking it, and to
//! take it and put it back would change its age, wake others and lose it if anything went wrong.

use super::super::Refusal;
use super::refused;
use crate::kernel::mqueue::{self, Access};
use crate::model::{Body, Contents, Identity, Object, Queue, Seen};

/// Which queue: its name without the slash, and its file.
#[derive(Debug)]
pub(super) struct Plan {
    name: Box<[u8]>,
    identity: Identity,
    queue: Queue,
}

pub(super) fn plan(object: &Object, identity: Identity) -> Plan {
    let name = object.name.as_deref().and_then(|name| name.strip_prefix(b"/")).unwrap_or_default();
    let queue = if let Body::Queue(queue) = &object.body { (**queue).clone() } else { Queue::default() };
    Plan { name: name.into(), identity, queue }
}

const MAY_NOT: &str = "its mode does not let this user read it";

/// A queue that no listing shows, by its name with the slash; `None` when there is none.
pub(super) fn by_name(what: &str, name: &[u8]) -> Result<Option<Plan>, Refusal> {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    match mqueue::open_queue(name, Access::Receive) {
        Ok(open) => {
            let stat = open.stat()?;
            let identity = Identity::File { device: stat.device, inode: stat.inode };
            Ok(Some(Plan { name: name.into(), identity, queue: Queue::default() }))
        }
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(refused(what, error, MAY_NOT)),
    }
}

impl Plan {
    pub(super) fn run(&self, what: &str) -> Result<Contents, Refusal> {
        let open = mqueue::open_queue(&self.name, Access::Receive);
        let open = open.map_err(|error| refused(what, error, MAY_NOT))?;
        let stat = open.stat()?;
        if (Identity::File { device: stat.device, inode: stat.inode }) != self.identity {
            return Err(Refusal::Changed { what: what.to_owned() });
        }
        let depth = open.depth()?;
        let queue = Queue {
            messages: Some(depth.messages),
            limit_messages: Some(depth.limit_messages),
            max_message_bytes: Some(depth.max_message_bytes),
            ..self.queue.clone()
        };
        let why = "messages of a POSIX queue cannot be copied without taking them out, so none is shown";
        let notes = vec![format!("{what}: {why}; `ipcx recv` would take one out")];
        Ok(Contents { address: what.to_owned(), seen: Seen::Depth(Box::new(queue)), notes, failures: Vec::new() })
    }
}
