//! The header of a backup: all about a removed object but its contents, kind by kind.

use crate::kernel::messages::{RECORD_HEAD, TAKEN};
use crate::kernel::mqueue::DRAINED;
use crate::model::{Ids, escape, unescape};
use serde::{Deserialize, Serialize};

/// All about a removed object but its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// All but the object.
    #[serde(flatten)]
    pub about: About,
    /// Its attributes.
    pub object: Saved,
}

/// What a backup is of, and from when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Number by which it is named.
    pub number: u64,
    /// The same for all that one call removed.
    pub batch: String,
    /// The object's address when it was removed.
    pub address: String,
    /// Key, owner and contents in one phrase.
    pub description: String,
    /// The boot and, for what lives in one, the IPC namespace that the object was in.
    pub boot: String,
    /// Inode of that namespace.
    pub namespace: Option<u64>,
}

/// Owner and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: Option<u32>,
    /// Permission bits.
    pub mode: u16,
}

impl Access {
    /// Of an owner and a mode.
    pub const fn new(owner: Ids, mode: u16) -> Self {
        Self { uid: owner.uid, gid: owner.gid, mode }
    }

    /// The owner.
    pub const fn owner(self) -> Ids {
        Ids { uid: self.uid, gid: self.gid }
    }
}

/// What makes an object what it was, kind by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Saved {
    /// System V queue.
    Queue {
        /// Key, 0 for `IPC_PRIVATE`.
        key: i32,
        /// Id.
        id: i32,
        /// Creator's user, for telling it from another one of the same id.
        creator: u32,
        /// Owner and mode.
        access: Access,
        /// `msg_qbytes`.
        limit_bytes: u64,
        /// Messages in it, and their bytes, before they were taken out.
        held: (u64, u64),
        /// They are taken out, not copied: there are too many for that.
        taken: bool,
    },
    /// System V segment.
    Segment {
        /// Key, 0 for `IPC_PRIVATE`.
        key: i32,
        /// Id.
        id: i32,
        /// Creator's user.
        creator: u32,
        /// Owner and mode.
        access: Access,
        /// Bytes.
        size: u64,
        /// `SHM_LOCKED`.
        locked: bool,
    },
    /// System V semaphore set.
    Semaphores {
        /// Key, 0 for `IPC_PRIVATE`.
        key: i32,
        /// Id.
        id: i32,
        /// Creator's user.
        creator: u32,
        /// Owner and mode.
        access: Access,
        /// Number of semaphores.
        count: u64,
        /// Whether anybody had ever operated on it (`sem_otime`).
        operated: bool,
    },
    /// POSIX queue.
    PosixQueue {
        /// Name without the slash.
        #[serde(with = "escaped")]
        name: Vec<u8>,
        /// Device and inode of its file, while it was there.
        file: (u32, u32, u64),
        /// Owner and mode.
        access: Access,
        /// Most messages.
        limit_messages: u64,
        /// Largest message.
        max_message_bytes: u64,
        /// Messages in it, and their bytes, before they were taken out.
        held: (u64, u64),
        /// Whether the messages are in the backup: not, if somebody had it open, who keeps them.
        kept: bool,
    },
    /// Segment or semaphore in /dev/shm, FIFO, socket file.
    File {
        /// Path.
        #[serde(with = "escaped")]
        path: Vec<u8>,
        /// Device and inode, while it was there.
        file: (u32, u32, u64),
        /// What it is.
        kind: FileKind,
        /// Owner and mode.
        access: Access,
        /// Bytes, of a regular file.
        size: u64,
    },
}

/// Files that can be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// POSIX segment or semaphore.
    Regular,
    /// FIFO.
    Fifo,
    /// Name of a unix socket.
    Socket,
}

/// Bytes as the text that `model::escape` makes, which is exact and can be read.
mod escaped {
    use super::{escape, unescape};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&escape(bytes))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        unescape(&text).ok_or_else(|| D::Error::custom("an escape that is none"))
    }
}

/// How the messages of a queue lie in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Tag of a whole one.
    pub(super) tag: u8,
    /// Where its length is.
    pub(super) length_at: u64,
    /// Where its bytes begin.
    pub(super) head: u64,
}

impl Saved {
    /// How its messages lie, if they are taken out and not copied.
    pub(super) const fn layout(&self) -> Option<Layout> {
        match self {
            Self::Queue { taken: true, .. } => Some(Layout { tag: TAKEN, length_at: 1, head: RECORD_HEAD as u64 }),
            Self::PosixQueue { kept: true, .. } => Some(Layout { tag: DRAINED, length_at: 5, head: 9 }),
            _ => None,
        }
    }
}
