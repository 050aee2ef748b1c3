//! Message queues, shared memory segments and semaphore sets: the fields that System V and POSIX objects share,
//! and those that only one family has.

use super::time::Times;
use std::fmt;

/// A System V key. The kernel prints it signed; people write it `0x%08x`. 0 is `IPC_PRIVATE` and names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub i32);

impl Key {
    /// `IPC_PRIVATE`: the object has no key that another program could ask for.
    pub const PRIVATE: Key = Key(0);
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

/// Who is told when a message arrives in an empty POSIX queue (`mq_notify(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// The registered process.
    pub pid: u32,
    /// Signal sent; 0 when it is not told by signal.
    pub signal: u32,
    /// `SIGEV_SIGNAL` 0, `SIGEV_NONE` 1, `SIGEV_THREAD` 2.
    pub method: u32,
}

/// A message queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// System V key.
    pub key: Option<Key>,
    /// Messages in the queue (`msg_qnum`, `mq_curmsgs`).
    pub messages: Option<u64>,
    /// Bytes of message text in the queue (`msg_cbytes`, `QSIZE`).
    pub bytes: Option<u64>,
    /// System V: most bytes the queue takes (`msg_qbytes`).
    pub limit_bytes: Option<u64>,
    /// POSIX: most messages the queue takes (`mq_maxmsg`).
    pub limit_messages: Option<u64>,
    /// Largest message: POSIX `mq_msgsize`, System V `kernel.msgmax`. Bytes.
    pub max_message_bytes: Option<u64>,
    /// POSIX: registered notification.
    pub notify: Option<Notify>,
    /// Times.
    pub times: Times,
}

/// A shared memory segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shm {
    /// System V key.
    pub key: Option<Key>,
    /// Size in bytes as asked for (`shm_segsz`, `st_size`); `None` for an unlinked one that is only mapped, by processes whose
    /// mappings this user may not open.
    pub size: Option<u64>,
    /// System V: bytes in memory.
    pub resident: Option<u64>,
    /// System V: bytes in swap.
    pub swapped: Option<u64>,
    /// POSIX: bytes that the file really takes (`st_blocks`).
    pub allocated: Option<u64>,
    /// System V: number of attaches, not of processes (`shm_nattch`).
    pub attaches: Option<u64>,
    /// System V: removed, but kept while somebody is attached (`SHM_DEST`).
    pub marked_for_removal: bool,
    /// POSIX: its name is gone (`shm_unlink`), and it goes with the last process that has it.
    pub deleted: bool,
    /// System V: locked in memory (`SHM_LOCKED`).
    pub locked: bool,
    /// Times.
    pub times: Times,
}

/// Memory of `memfd_create(2)`: it has no name that could be opened, only what it was called for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memfd {
    /// Size in bytes (`st_size`); `None` where it is only mapped, by processes whose mappings this user may not open.
    pub size: Option<u64>,
    /// Bytes that it really takes (`st_blocks`).
    pub allocated: Option<u64>,
    /// Times.
    pub times: Times,
}

/// One semaphore of a set, or the one of a POSIX semaphore.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Semaphore {
    /// Current value.
    pub value: u32,
    /// Tasks that wait for the value to grow (`semncnt`; POSIX: waiters).
    pub waiting_increase: u32,
    /// Tasks that wait for zero (`semzcnt`); POSIX semaphores have no such wait.
    pub waiting_zero: Option<u32>,
    /// Process that last operated on it (`sempid`), 0 when none or not visible from this PID namespace.
    pub last_pid: Option<u32>,
}

/// A semaphore set; a POSIX semaphore is a set of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SemSet {
    /// System V key.
    pub key: Option<Key>,
    /// Semaphores in the set (`sem_nsems`).
    pub count: u64,
    /// Each semaphore; `None` when not asked for or not readable.
    pub values: Option<Box<[Semaphore]>>,
    /// Times.
    pub times: Times,
}

/// A message of a System V queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its type, 1 and up.
    pub kind: i64,
    /// Its bytes; may be none.
    pub data: Vec<u8>,
}
