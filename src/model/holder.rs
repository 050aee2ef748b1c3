//! Who has an object, and in which way.

/// How a process is connected with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Recorded as the creator of a segment (`shm_cpid`).
    Creator,
    /// Recorded as the last `msgsnd` caller (`msg_lspid`).
    LastSender,
    /// Recorded as the last `msgrcv` caller (`msg_lrpid`).
    LastReceiver,
    /// Recorded as the last to operate on a semaphore (`GETPID`), or to attach or detach a segment (`shm_lpid`).
    LastOperator,
    /// Has a System V segment in its address space.
    Attached,
    /// Has a POSIX object mapped.
    Mapped,
    /// Has a descriptor of the object open, direction not telling.
    Open,
    /// Has the read end of a pipe or FIFO.
    Reader,
    /// Has the write end of a pipe or FIFO.
    Writer,
    /// Has a listening socket.
    Listener,
    /// Has a connected socket.
    Connected,
    /// Sleeps in sending: `msgsnd`, `mq_timedsend`, a write to a full pipe or socket.
    WaitingSend,
    /// Sleeps in receiving: `msgrcv`, `mq_timedreceive`, a read from an empty pipe or socket.
    WaitingReceive,
    /// Sleeps in `semop` or `semtimedop`, or in `sem_wait` of a POSIX semaphore.
    WaitingSemaphore,
    /// Sleeps in opening a FIFO until the other end is opened.
    WaitingOpen,
    /// Sleeps until somebody connects to a listening socket.
    WaitingAccept,
    /// Sleeps in `connect`: with its own socket, or, as holder of a listener, until that one's backlog has room.
    WaitingConnect,
    /// Sleeps on a futex in shared memory: a mutex, a condition, a barrier.
    WaitingFutex,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 18] = [
        Self::Creator,
        Self::LastSender,
        Self::LastReceiver,
        Self::LastOperator,
        Self::Attached,
        Self::Mapped,
        Self::Open,
        Self::Reader,
        Self::Writer,
        Self::Listener,
        Self::Connected,
        Self::WaitingSend,
        Self::WaitingReceive,
        Self::WaitingSemaphore,
        Self::WaitingOpen,
        Self::WaitingAccept,
        Self::WaitingConnect,
        Self::WaitingFutex,
    ];

    /// The role's name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::LastSender => "last-sender",
            Self::LastReceiver => "last-receiver",
            Self::LastOperator => "last-operator",
            Self::Attached => "attached",
            Self::Mapped => "mapped",
            Self::Open => "open",
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Listener => "listener",
            Self::Connected => "connected",
            Self::WaitingSend => "waiting-send",
            Self::WaitingReceive => "waiting-receive",
            Self::WaitingSemaphore => "waiting-semaphore",
            Self::WaitingOpen => "waiting-open",
            Self::WaitingAccept => "waiting-accept",
            Self::WaitingConnect => "waiting-connect",
            Self::WaitingFutex => "waiting-futex",
        }
    }

    /// Whether the role is only a pid that the kernel wrote down, not a hold on the object.
    pub const fn is_record(self) -> bool {
        matches!(self, Self::Creator | Self::LastSender | Self::LastReceiver | Self::LastOperator)
    }

    /// Whether the process sleeps in a call on the object.
    pub const fn is_waiting(self) -> bool {
        matches!(
            self,
            Self::WaitingSend
                | Self::WaitingReceive
                | Self::WaitingSemaphore
                | Self::WaitingOpen
                | Self::WaitingAccept
                | Self::WaitingConnect
                | Self::WaitingFutex
        )
    }

    /// Whether it sleeps until there is work for it, as a server does all day: no sign of anything wrong.
    pub const fn waits_for_work(self) -> bool {
        matches!(self, Self::WaitingReceive | Self::WaitingAccept)
    }
}

/// What an open descriptor allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// `O_RDONLY`: of a queue to receive.
    Read,
    /// `O_WRONLY`: of a queue to send.
    Write,
    /// `O_RDWR`.
    Both,
}

impl Access {
    /// From each direction; `None` for neither, as with `O_PATH`.
    pub const fn of(reads: bool, writes: bool) -> Option<Self> {
        match (reads, writes) {
            (true, false) => Some(Self::Read),
            (false, true) => Some(Self::Write),
            (true, true) => Some(Self::Both),
            (false, false) => None,
        }
    }

    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Both => "both",
        }
    }
}

/// One process's connection with one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// Process id in the reader's PID namespace.
    pub pid: u32,
    /// In which way.
    pub role: Role,
    /// Descriptor number, for roles that come from one.
    pub fd: Option<u32>,
    /// What that descriptor allows, of [`Role::Open`] on POSIX objects and memfds; other roles say it or have none.
    pub access: Option<Access>,
    /// False when a recorded process is gone, or its pid now belongs to a process that started later.
    pub alive: bool,
    /// Thread ids that sleep on the object, for waiting roles.
    pub threads: Option<Box<[u32]>>,
}
