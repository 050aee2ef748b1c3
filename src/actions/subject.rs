//! What an action is done to, with all that makes it the same thing when it is looked at again right before the act.

use super::Refusal;
use crate::kernel::file::FileType;
use crate::kernel::{self, SysvStat, capability, file, mqueue, msgctl, semctl, shmctl};
use crate::model::{Body, Device, Identity, Kind, Object, Time};

/// An object that lives on without processes, and what is compared before anything is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// By id, with key, owner, creator and time of change.
    SysV { kind: Kind, id: i32, stat: SysvStat },
    /// By name without the slash, with the file behind it.
    PosixQueue { name: Box<[u8]>, device: Device, inode: u64 },
    /// Segment and semaphore of /dev/shm, FIFO and socket file: by path, with the file and when it was made: most file
    /// systems give the inode number of a file that is gone to the next.
    File { path: Box<[u8]>, device: Device, inode: u64, born: Option<Time> },
}

/// Why an object of a snapshot is nothing that can be acted on by id or name.
pub(super) enum NoSubject {
    /// It is gone, or something else has its name by now.
    Gone,
    /// It is not the one that was seen.
    Changed,
    /// A pipe has no name.
    Pipe,
    /// A memfd, or a segment whose name is gone.
    Unnamed,
    /// The socket is bound to no file.
    Unbound,
    /// Its file's path is not known.
    Pathless,
    /// The kernel said no.
    Kernel(kernel::Error),
}

impl NoSubject {
    /// As an action refuses it: `cannot` makes a refusal of what a pipe, a socket without file or a file without path is
    /// told.
    pub(super) fn refusal(self, address: &str, noun: &'static str, cannot: impl FnOnce(Self) -> Refusal) -> Refusal {
        match self {
            Self::Gone => Refusal::NotFound { what: address.to_owned(), kind: noun },
            Self::Changed => Refusal::Changed { what: address.to_owned() },
            Self::Kernel(error) => error.into(),
            other => cannot(other),
        }
    }
}

impl From<kernel::Error> for NoSubject {
    fn from(error: kernel::Error) -> Self {
        if error.is_absent() { Self::Gone } else { Self::Kernel(error) }
    }
}

impl Subject {
    /// What identifies an object of a snapshot, as it is now.
    pub(super) fn of(object: &Object) -> Result<Self, NoSubject> {
        match (&object.body, object.identity) {
            (_, Identity::SysV { kind, id, .. }) => Ok(Self::sysv(kind, id)?),
            (Body::Queue(_), Identity::File { device, inode }) => {
                let name = object.name.as_deref().and_then(|name| name.strip_prefix(b"/")).unwrap_or_default();
                Ok(Self::PosixQueue { name: name.into(), device, inode })
            }
            (Body::Pipe(_), _) => Err(NoSubject::Pipe),
            _ if object.is_unnamed_memory() => Err(NoSubject::Unnamed),
            (Body::Socket(socket), _) => {
                // Where several have the name it leads to one of them, which need not be this.
                let unix = socket.unix.as_ref().filter(|unix| unix.by_name && !unix.abstract_name);
                let path = object.path.as_deref().or_else(|| unix.and_then(|unix| unix.name.as_deref()));
                let path = path.filter(|path| path.starts_with(b"/") || object.path.is_some());
                let path = path.ok_or(NoSubject::Unbound)?;
                let stat = file::lstat(path)?;
                if stat.file_type != FileType::Socket {
                    return Err(NoSubject::Gone);
                }
                Ok(Self::file(path, stat.device, stat.inode))
            }
            (_, Identity::File { device, inode }) => match &object.path {
                Some(path) => Ok(Self::file(path, device, inode)),
                None => Err(NoSubject::Pathless),
            },
            (_, Identity::Socket { .. }) => Err(NoSubject::Gone),
        }
    }

    /// The file that has this path, device and inode now.
    pub(super) fn file(path: &[u8], device: Device, inode: u64) -> Self {
        Self::File { path: path.into(), device, inode, born: file::born(path) }
    }

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
            Self::File { path, device, inode, born } => {
                file::lstat(path).map(|now| (now.device, now.inode) == (*device, *inode) && file::born(path) == *born)
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
