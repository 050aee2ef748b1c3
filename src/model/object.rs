//! One IPC object of any kind.

use super::device::Device;
use super::socket::Socket;
use super::sysv::{Memfd, Queue, SemSet, Shm};
use super::time::Time;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Message queue.
    Queue,
    /// Shared memory segment.
    Shm,
    /// Semaphore set, or a POSIX semaphore.
    Semaphore,
    /// Anonymous pipe.
    Pipe,
    /// Named pipe.
    Fifo,
    /// Socket.
    Socket,
    /// Anonymous memory with a descriptor (`man 2 memfd_create`).
    Memfd,
}

impl Kind {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Shm => "shm",
            Self::Semaphore => "semaphore",
            Self::Pipe => "pipe",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Memfd => "memfd",
        }
    }
}

/// Where an object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// System V: `msgget`, `shmget`, `semget`.
    Sysv,
    /// POSIX: `mq_open`, `shm_open`, `sem_open`.
    Posix,
    /// Unix sockets.
    Unix,
    /// Internet sockets.
    Inet,
}

impl Family {
    /// Name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sysv => "sysv",
            Self::Posix => "posix",
            Self::Unix => "unix",
            Self::Inet => "inet",
        }
    }
}

bitflags::bitflags! {
    /// A set of kinds as the command line selects them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Kinds: u16 {
        /// System V message queues.
        const SYSV_QUEUES = 1;
        /// POSIX message queues.
        const POSIX_QUEUES = 1 << 1;
        /// System V segments.
        const SYSV_SHMS = 1 << 2;
        /// POSIX segments.
        const POSIX_SHMS = 1 << 3;
        /// System V semaphore sets.
        const SYSV_SEMS = 1 << 4;
        /// POSIX named semaphores.
        const POSIX_SEMS = 1 << 5;
        /// Anonymous pipes.
        const PIPES = 1 << 6;
        /// FIFOs.
        const FIFOS = 1 << 7;
        /// Unix sockets.
        const UNIX = 1 << 8;
        /// Internet sockets.
        const INET = 1 << 9;
        /// POSIX segments whose name is gone: known only by who has them open or mapped.
        const UNLINKED_SHMS = 1 << 10;
        /// Memory of `memfd_create`, likewise.
        const MEMFDS = 1 << 11;
        /// Both families of queues.
        const QUEUES = Self::SYSV_QUEUES.bits() | Self::POSIX_QUEUES.bits();
        /// Both families of segments.
        const SHMS = Self::SYSV_SHMS.bits() | Self::POSIX_SHMS.bits();
        /// Shared memory of every sort.
        const MEMORY = Self::SHMS.bits() | Self::UNNAMED_MEMORY.bits();
        /// Shared memory that has no name: only looking into every process finds it.
        const UNNAMED_MEMORY = Self::UNLINKED_SHMS.bits() | Self::MEMFDS.bits();
        /// Both families of semaphores.
        const SEMS = Self::SYSV_SEMS.bits() | Self::POSIX_SEMS.bits();
        /// Everything from System V.
        const SYSV = Self::SYSV_QUEUES.bits() | Self::SYSV_SHMS.bits() | Self::SYSV_SEMS.bits();
        /// Everything from POSIX that has a name.
        const POSIX = Self::POSIX_QUEUES.bits() | Self::POSIX_SHMS.bits() | Self::POSIX_SEMS.bits();
    }
}

/// What makes an object the same object when it is looked at again. See the table in the architecture: an inode
/// number alone mixes up file systems, an id alone mixes up namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A System V object: IPC namespace inode (0 when it could not be read), kind and id.
    SysV {
        /// Inode of `/proc/self/ns/ipc`.
        namespace: u64,
        /// Queue, Shm or Semaphore.
        kind: Kind,
        /// `msqid`, `shmid` or `semid`.
        id: i32,
    },
    /// Anything that lives in a file system: pipes, FIFOs, POSIX objects.
    File {
        /// Device of the file system.
        device: Device,
        /// Inode.
        inode: u64,
    },
    /// A socket by its inode in sockfs, unique on the machine; 0 for connections that have no file (in an accept
    /// queue, in TIME-WAIT), which only their cookie tells apart.
    Socket {
        /// Inode, or 0.
        inode: u64,
        /// Kernel cookie (`sock_diag`), 0 when it came from /proc/net.
        cookie: u64,
    },
}

/// A user and a group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// User id; 4,294,967,294 and the like are real.
    pub uid: u32,
    /// Group id; `None` where the kernel records no group.
    pub gid: Option<u32>,
}

/// The ends of a pipe or FIFO that processes hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PipeEnds {
    /// Open read ends seen: descriptors, not processes.
    pub readers: u32,
    /// Open write ends seen.
    pub writers: u32,
    /// FIFO: last time its file was changed (`st_mtime`): made, or written through.
    pub changed: Option<Time>,
}

/// The part of an object that its kind decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Message queue.
    Queue(Box<Queue>),
    /// Segment.
    Shm(Box<Shm>),
    /// Semaphores.
    Semaphore(Box<SemSet>),
    /// Anonymous pipe.
    Pipe(PipeEnds),
    /// FIFO.
    Fifo(PipeEnds),
    /// Socket.
    Socket(Box<Socket>),
    /// Memory of `memfd_create`.
    Memfd(Box<Memfd>),
}

/// One IPC object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Identity.
    pub identity: Identity,
    /// POSIX name (with its slash), also one that is gone; of a memfd what it was called, which may be anything but empty.
    pub name: Option<Box<[u8]>>,
    /// Path of the file behind it. For a FIFO: where it really lies in this mount namespace, if it could be confirmed.
    pub path: Option<Box<[u8]>>,
    /// Owner.
    pub owner: Option<Ids>,
    /// Creator, where the kernel records one (System V).
    pub creator: Option<Ids>,
    /// Permission bits (0 to 07777).
    pub mode: Option<u16>,
    /// Everything else.
    pub body: Body,
}

impl Object {
    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self.body {
            Body::Queue(_) => Kind::Queue,
            Body::Shm(_) => Kind::Shm,
            Body::Semaphore(_) => Kind::Semaphore,
            Body::Pipe(_) => Kind::Pipe,
            Body::Fifo(_) => Kind::Fifo,
            Body::Socket(_) => Kind::Socket,
            Body::Memfd(_) => Kind::Memfd,
        }
    }

    /// Whether it is a POSIX segment whose name is gone, so that nothing but its inode tells it.
    pub const fn is_unlinked(&self) -> bool {
        matches!(&self.body, Body::Shm(shm) if shm.deleted)
    }

    /// Whether it is shared memory that no name leads to: only processes that have it tell of it, and it goes with the last.
    pub const fn is_unnamed_memory(&self) -> bool {
        self.is_unlinked() || matches!(self.body, Body::Memfd(_))
    }

    /// Size of shared memory, bytes; `None` for all else, and where it cannot be told.
    pub fn memory_size(&self) -> Option<u64> {
        match &self.body {
            Body::Shm(shm) => shm.size,
            Body::Memfd(memfd) => memfd.size,
            _ => None,
        }
    }

    /// What a file of shared memory really takes, bytes; `None` for System V segments, which tell it otherwise.
    pub fn memory_allocated(&self) -> Option<u64> {
        match &self.body {
            Body::Shm(shm) => shm.allocated,
            Body::Memfd(memfd) => memfd.allocated,
            _ => None,
        }
    }

    /// Where it comes from; `None` for pipes, FIFOs and memfds.
    pub fn family(&self) -> Option<Family> {
        match (&self.body, &self.identity) {
            (Body::Pipe(_) | Body::Fifo(_) | Body::Memfd(_), _) => None,
            (Body::Socket(socket), _) if socket.unix.is_some() => Some(Family::Unix),
            (Body::Socket(_), _) => Some(Family::Inet),
            (_, Identity::SysV { .. }) => Some(Family::Sysv),
            _ => Some(Family::Posix),
        }
    }
}
