//! What every thread of the machine waits for: the call that it sleeps in, decoded, and pictures of the objects that such
//! calls name.
//!
//! [`collect()`] reads one call and one stat of every thread, and no more of those that wait for nothing of IPC. Only what
//! the others wait for decides which kinds of objects are looked at, and in which namespaces. Who could wake whom is for
//! `diagnose` to say.

mod args;
mod asleep;
mod collect;
mod extras;
mod scan;

pub(super) use asleep::add as add_asleep;
pub use collect::collect;

use super::Snapshot;
use crate::kernel::syscall::Call;
use crate::model::{Device, Identity, Process, Role, Time};
use rustc_hash::FxHashMap;

pub use crate::kernel::locks::{Lock, LockKind};
pub use crate::kernel::pointed::{RecordLock, SemOperation};

/// All threads that could be looked at, and what they wait for.
#[derive(Debug)]
pub struct Waits {
    /// When it was looked.
    pub taken_at: Time,
    /// The process that looks: what it has it has by inheritance, and will not use.
    pub own: u32,
    /// The threads of all programs, by pid and thread id; the kernel's own are left out.
    pub threads: Vec<Thread>,
    /// What can be told of the objects: of the caller's namespaces first, then of others that somebody waits in.
    pub pictures: Vec<Snapshot>,
    /// Locks that are waited for: who has them.
    pub locks: Vec<HeldLock>,
    /// eventfds that are waited for: the processes that have each.
    pub events: FxHashMap<u64, Vec<u32>>,
    /// Processes that share the memory of another (`CLONE_VM`) whose threads all seem to sleep for ever, by its pid.
    pub sharers: FxHashMap<u32, Vec<u32>>,
    /// Processes that have the memory of a futex that is waited on, by device and inode of what they map.
    pub mappers: FxHashMap<(Device, u64), Vec<u32>>,
    /// Messages of the types that somebody waits for, by queue, where they could be counted: see [`QueueTypes`].
    pub types: FxHashMap<Identity, QueueTypes>,
    /// What descriptors may hide.
    pub hiding: Hiding,
    /// The caller has the capabilities to look into others' processes.
    pub privileged: bool,
    /// What could not be seen, as sentences.
    pub notes: Vec<String>,
}

/// Types of the messages in a System V queue, oldest first.
pub type QueueTypes = Vec<i64>;

/// Where ends of pipes and the like may be that no process shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hiding {
    /// A process could not be looked into, or is not shown at all.
    pub processes: bool,
    /// An `io_uring` has files registered, or has not done yet what was asked of it.
    pub io_uring: bool,
    /// A thread has a table of descriptors of its own, which only a look at each thread would show.
    pub tables: bool,
    /// Descriptors are on their way in a socket, or may be.
    pub in_flight: bool,
    /// In a PID namespace below the first: since when what is made in it can be known to nobody outside.
    pub nested_since: Option<Time>,
}

/// A lock, and the processes that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    /// The lock.
    pub lock: Lock,
    /// Who has the open file or is the process that it belongs to.
    pub holders: Vec<u32>,
    /// It was found at the holders' descriptors. If not, they are who took it, as /proc/locks has it.
    pub found: bool,
}

/// One thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// Its process.
    pub pid: u32,
    /// Itself, numbered as the process is; also as a process on its own, by its `comm`, `state` and start.
    pub task: Process,
    /// Where the stack of its process's first thread begins: the same for those that share their memory, and for those that
    /// were forked from each other. `None` where that is not shown.
    pub stack: Option<u64>,
    /// What it does.
    pub look: Look,
    /// The call, as the kernel shows it.
    pub in_call: Option<Call>,
    /// For how long it has slept, seconds; at least that, where it was stopped meanwhile.
    pub since: Option<f64>,
    /// How often it had run when it was looked at first.
    pub switches: Option<u64>,
    /// It did not run between two looks, one before and one after everybody else was looked at: all threads of which this is so
    /// were asleep at one and the same time. Otherwise one may have woken another while they were looked at in turn. Found out
    /// of those that may wait for ever.
    pub settled: bool,
    /// Signals that its process has handlers for, signal 1 in bit 0; likewise.
    pub caught: Option<u64>,
}

impl Thread {
    /// Its thread id.
    pub const fn tid(&self) -> u32 {
        self.task.pid
    }

    /// Whether it was stopped, by a signal or a tracer.
    pub const fn is_stopped(&self) -> bool {
        matches!(self.task.state, 'T' | 't')
    }

    /// What it waits for, stopped or not.
    pub const fn wait(&self) -> Option<&Wait> {
        match &self.look {
            Look::Waits(wait) => Some(wait),
            _ => None,
        }
    }
}

/// What a look at a thread showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// It runs.
    Runs,
    /// It is in no call, though it does not run: stopped, or waiting for memory.
    NoCall,
    /// It has ended, and its parent has not asked for that.
    Ended,
    /// It may not be looked at.
    Refused,
    /// A 32-bit program: its calls have other numbers.
    Bits32,
    /// In a call that is not in the table, by its number.
    Call(u64),
    /// It had gone on when it was looked at again.
    Moved,
    /// It sleeps in a call.
    Waits(Wait),
}

/// A wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// Name of the call.
    pub call: &'static str,
    /// What for.
    pub on: On,
    /// It ends by itself, at a time limit.
    pub timed: bool,
    /// Inode of the IPC namespace of the thread.
    pub ipc: Option<u64>,
}

/// In which way a descriptor is waited on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// For something to read.
    Read,
    /// For room to write.
    Write,
    /// For either.
    Both,
    /// For a connection.
    Accept,
    /// To be connected.
    Connect,
    /// For all write ends of a pipe to be closed: its read end, watched for errors only.
    WritersGone,
    /// For all read ends of a pipe to be closed: its write end, watched for errors only.
    ReadersGone,
}

impl Way {
    /// In which role others can end the wait, where the file is a pipe.
    pub const fn other_ends(self) -> &'static [Role] {
        match self {
            Self::Write | Self::ReadersGone => &[Role::Reader],
            Self::Both => &[Role::Reader, Role::Writer],
            Self::Read | Self::Accept | Self::Connect | Self::WritersGone => &[Role::Writer],
        }
    }

    /// Whether data is waited for.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Both | Self::Accept)
    }

    /// Whether room is waited for.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Both | Self::Connect)
    }
}

/// A descriptor that is waited on.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its number; of an epoll's watches the number at the time.
    pub fd: u32,
    /// In which way.
    pub way: Way,
    /// What it is open on.
    pub file: File,
}

/// What a descriptor is open on.
#[derive(Debug, Clone, PartialEq)]
pub enum File {
    /// A pipe, with the time it was made.
    Pipe(Identity, Option<Time>),
    /// A FIFO, with its path as the process has it.
    Fifo(Identity, Box<[u8]>),
    /// A socket by its inode.
    Socket(u64),
    /// A regular file: a POSIX queue, where it is one.
    Regular(Identity, Box<[u8]>),
    /// An eventfd by its number, and its count.
    Event(Option<u64>, Option<u64>),
    /// A timerfd; whether it is set.
    Timer(bool),
    /// A signalfd with its signals.
    Signals(u64),
    /// A pidfd.
    Process(Option<u32>),
    /// An `io_uring`.
    Uring,
    /// Anything else, as its link reads: a terminal, a device, inotify.
    Other(Box<[u8]>),
    /// Others that were not looked at, because there are so many.
    Rest,
    /// Not open under that number any more, or not to be looked at.
    Unknown,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum On {
    /// Any of these descriptors. More than one for poll and the like.
    Files(Vec<Source>),
    /// The other end of a FIFO that is being opened.
    FifoOpen {
        /// As the thread gave it, from the root on.
        path: Box<[u8]>,
        /// The FIFO.
        identity: Identity,
        /// It opens the read end.
        reads: bool,
    },
    /// Opening a file that is no FIFO, or could not be found.
    Open {
        /// As the thread gave it, from the root on; `None` where that could not be read.
        path: Option<Box<[u8]>>,
        /// Something has that path; if not, it was removed meanwhile.
        there: bool,
    },
    /// Room in a queue, for a message of a type and a size.
    MsgSend {
        /// The queue.
        queue: Identity,
        /// Type of the message.
        kind: Option<i64>,
        /// Its bytes.
        size: u64,
    },
    /// A message of a type.
    MsgReceive {
        /// The queue.
        queue: Identity,
        /// As `msgrcv(2)` takes it.
        kind: i64,
        /// Any but that type.
        except: bool,
    },
    /// Operations on semaphores.
    Semop {
        /// The set.
        set: Identity,
        /// `None` where they could not be read.
        operations: Option<Vec<SemOperation>>,
    },
    /// A futex.
    Futex(Futex),
    /// Any of several futexes, which are not told apart; or one of which it is not known who else has it.
    Futexes,
    /// A lock on a file.
    Lock {
        /// The file's path, as the process has it.
        path: Box<[u8]>,
        /// What is waited for.
        lock: Lock,
    },
    /// A child's end.
    Child {
        /// As `wait4(2)` takes it: -1 any, above 0 this one, 0 and below a process group; `None` for one that cannot be
        /// seen from here.
        which: Option<i64>,
    },
    /// Any signal.
    Signal,
    /// One of these signals, signal 1 in bit 0.
    SignalOf(Option<u64>),
    /// A point in time.
    Time,
    /// The child of a vfork.
    Vfork,
    /// A wait that was interrupted and goes on.
    Resumed,
}

impl On {
    /// Whether something has to be looked at to say more: it is no wait for time or a signal alone.
    pub(super) const fn is_object(&self) -> bool {
        !matches!(self, Self::Signal | Self::SignalOf(_) | Self::Time | Self::Resumed | Self::Futexes)
    }
}

/// A futex that is waited on (`man 2 futex`).
#[derive(Debug, Clone, PartialEq)]
pub struct Futex {
    /// Address of the word.
    pub address: u64,
    /// What other processes share it through: device, inode, path, offset. `None` for one within the process.
    pub shared: Option<crate::kernel::maps::Shared>,
    /// Operation without its flags: `FUTEX_WAIT` 0, `FUTEX_WAIT_BITSET` 9, `FUTEX_LOCK_PI` 6, …
    pub operation: u32,
    /// Value that was expected.
    pub value: u32,
    /// The thread ids in it are those of the caller's PID namespace.
    pub own_pids: bool,
    /// The word, and the two behind it, where the C library keeps a mutex's owner.
    pub words: Option<[u32; 3]>,
}

impl Futex {
    /// Whether it is of the kind whose word is the owner's thread id, which the kernel defines (`FUTEX_LOCK_PI`,
    /// `FUTEX_LOCK_PI2`). `FUTEX_WAIT_REQUEUE_PI` is not: its word is that of a condition variable.
    pub const fn is_pi(&self) -> bool {
        matches!(self.operation, 6 | 13)
    }
}

impl Waits {
    /// Threads alone, before anything was looked at that they wait for.
    pub(crate) fn of(taken_at: Time, threads: Vec<Thread>) -> Self {
        Self {
            taken_at,
            own: std::process::id(),
            threads,
            pictures: Vec::new(),
            locks: Vec::new(),
            events: FxHashMap::default(),
            mappers: FxHashMap::default(),
            sharers: FxHashMap::default(),
            types: FxHashMap::default(),
            hiding: Hiding::default(),
            privileged: false,
            notes: Vec::new(),
        }
    }

    /// Where an object is: its picture, and its place in there.
    pub fn find(&self, identity: Identity) -> Option<(&Snapshot, usize)> {
        self.pictures.iter().find_map(|picture| Some((picture, picture.place(identity)?)))
    }

    /// The threads of a process.
    pub fn threads_of(&self, pid: u32) -> &[Thread] {
        let start = self.threads.partition_point(|thread| thread.pid < pid);
        let end = self.threads.partition_point(|thread| thread.pid <= pid);
        &self.threads[start..end]
    }

    /// How many threads of a process have not ended.
    pub fn living(&self, pid: u32) -> usize {
        self.threads_of(pid).iter().filter(|thread| thread.look != Look::Ended).count()
    }

    /// The thread with this id, whichever its process.
    pub fn thread(&self, tid: u32) -> Option<&Thread> {
        let main = self.threads_of(tid).iter().find(|thread| thread.tid() == tid);
        main.or_else(|| self.threads.iter().find(|thread| thread.tid() == tid))
    }

    /// The first thread of a process, which stands for it.
    pub fn process(&self, pid: u32) -> Option<&Thread> {
        let threads = self.threads_of(pid);
        threads.iter().find(|thread| thread.tid() == pid).or(threads.first())
    }
}
