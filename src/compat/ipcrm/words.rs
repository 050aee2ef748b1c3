//! What `ipcrm` says: its help, and why an object was not removed, in the words of util-linux.

use crate::actions::Refusal;
use crate::compat::out::Stop;
use crate::kernel::mqueue;
use crate::model::escape;
use std::borrow::Cow;

pub(super) const HELP: &str = "
Usage:
 ipcrm [options]
 ipcrm shm|msg|sem <id>...

Removes IPC objects for good, those in use too; `ipcx rm` asks who uses them,
and keeps a backup.

Options:
 -m, --shmem-id <id>           the shared memory segment with this id
 -M, --shmem-key <key>         the shared memory segment with this key
     --posix-shmem <name>      the POSIX shared memory segment of this name
 -q, --queue-id <id>           the message queue with this id
 -Q, --queue-key <key>         the message queue with this key
     --posix-mqueue <name>     the POSIX message queue of this name
 -s, --semaphore-id <id>       the semaphore set with this id
 -S, --semaphore-key <key>     the semaphore set with this key
     --posix-semaphore <name>  the POSIX semaphore of this name
 -a, --all[=shm|msg|sem|pshm|pmsg|psem]
                               all objects of one kind; without a kind all
                               System V ones, and no POSIX object
 -v, --verbose                 say what is removed from here on

 -h, --help                    print this
 -V, --version                 print the version

An id is decimal; a key decimal, hexadecimal (0x...) or octal (0...).

More in ipcx-ipcs(1) and ipcx-rm(1).
";

/// What the messages call the object: by its id, or by the name that was typed or found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Called<'a> {
    Id(i32),
    Typed(&'a [u8]),
    Found(&'a [u8]),
}

impl<'a> Called<'a> {
    pub(super) fn shown(self, on_terminal: bool) -> Cow<'a, [u8]> {
        match self {
            Self::Id(id) => id.to_string().into_bytes().into(),
            // Anybody may have made a file of this name.
            Self::Found(name) if on_terminal => escape(name).into_owned().into_bytes().into(),
            Self::Found(name) | Self::Typed(name) => name.into(),
        }
    }
}

/// Why the object with this id was not removed. Errors: what the tool ends at once for.
pub(super) fn about_id(id: i32, refusal: &Refusal) -> Result<String, Stop> {
    Ok(match refusal {
        Refusal::NotFound { .. } => format!("invalid id ({id})"),
        Refusal::Changed { .. } => format!("already removed id ({id})"),
        Refusal::Permission { .. } => format!("permission denied for id ({id})"),
        Refusal::Kernel(error) => return Err(Stop::because(format!("id failed: {}", error.in_c()))),
        other => other.to_string(),
    })
}

/// The same for a POSIX object.
pub(super) fn about_name(name: &[u8], refusal: &Refusal) -> Result<Vec<u8>, Stop> {
    let about = |before: &str, behind: &str| [before.as_bytes(), b"name `", name, b"'", behind.as_bytes()].concat();
    Ok(match refusal {
        Refusal::NotFound { .. } | Refusal::Changed { .. } => about("", " not found"),
        Refusal::Permission { .. } => about("permission denied for ", ""),
        Refusal::Kernel(error) if error.name_too_long() => about("", " too long"),
        Refusal::Kernel(error) => return Err(Stop::because(format!("name failed: {}", error.in_c()))),
        other => other.to_string().into_bytes(),
    })
}

pub(super) fn not_mounted() -> Stop {
    let place = mqueue::DIRECTORY;
    Stop::because(format!("{place} does not seem to be mounted. Use 'mount -t mqueue none {place}' to mount it."))
}
