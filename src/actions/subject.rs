//! What an action is done to, with all that makes it the same thing when it is looked at again right before the act.

use super::Refusal;
use crate::kernel::{self, SysvStat, capability, file, mqueue, msgctl, semctl, shmctl};
use crate::model::{Device, Kind};

/// An object that lives on without processes, and what is compared before anything is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// By id, with key, owner, creator and time of change.
    SysV { kind: Kind, id: i32, stat: SysvStat },
    /// By name without the slash, with the file behind it.
    PosixQueue { name: Box<[u8]>, device: Device, inode: u64 },
    /// Segment and semaphore of /dev/shm, FIFO and socket file: by path, with the file.
    File { path: Box<[u8]>, device: Device, inode: u64 },
}

impl Subject {
    /// A System V object as it is now. Errors: not found.
    pub(super) fn sysv(kind: Kind, id: i32) -> kernel::Result<Self> {
        sysv_stat(kind, id).map(|stat| Self::SysV { kind, id, stat })
    }

    /// The same System V object after this process has changed it itself.
    pub(super) fn again(&self) -> kernel::Result<Self> {
        match self {
            Self::SysV { kind, id, .. } => Self::sysv(*kind, *id),
            other => Ok(other.clone()),
        }
    }

    /// Looks again, and compares. Errors: [`Refusal::Changed`] when it is gone or another one.
    pub(super) fn verify(&self, address: &str) -> Result<(), Refusal> {
        let same = match self {
            Self::SysV { kind, id, stat } => sysv_stat(*kind, *id).map(|now| now == *stat),
            Self::PosixQueue { name, device, inode } => {
                let may_mount = capability::have(capability::CAP_SYS_ADMIN);
                let stat = mqueue::open(may_mount).and_then(|queues| queues.stat(name));
                stat.map(|now| (now.device, now.inode) == (*device, *inode))
            }
            Self::File { path, device, inode } => {
                file::lstat(path).map(|now| (now.device, now.inode) == (*device, *inode))
            }
        };
        match same {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Changed { what: address.to_owned() }),
            Err(error) if error.is_absent() => Err(Refusal::Changed { what: address.to_owned() }),
            Err(error) => Err(error.into()),
        }
    }
}

/// What identifies a System V object, as it is now.
fn sysv_stat(kind: Kind, id: i32) -> kernel::Result<SysvStat> {
    match kind {
        Kind::Queue => msgctl::stat(id).map(Into::into),
        Kind::Shm => shmctl::stat(id).map(|stat| stat.common),
        _ => semctl::stat(id).map(|stat| stat.common),
    }
}
