//! What a caller wants to know: the columns shown, the filter and the format decide it, and nothing else is collected.

use crate::model::{Device, Kinds};
use rustc_hash::FxHashSet;
use std::path::PathBuf;

/// What the threads of the machine wait for, as far as it is found by descriptors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Pipes, FIFOs, POSIX queues, and files on which there are locks: by device and inode.
    pub files: FxHashSet<(Device, u64)>,
    /// Sockets, of whatever network namespace.
    pub sockets: bool,
    /// eventfds.
    pub events: bool,
}

impl Awaited {
    /// Whether anything is.
    pub fn any(&self) -> bool {
        !self.files.is_empty() || self.sockets || self.events
    }
}

/// What to collect. All `false` is the cheapest: the kinds' own tables and no process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Which kinds of objects.
    pub kinds: Kinds,
    /// Directories to search for FIFO and socket files that nobody has open.
    pub directories: Vec<PathBuf>,
    /// Single FIFO or socket files to list whether or not somebody has them open.
    pub files: Vec<Box<[u8]>>,
    /// System V queues: how much they take (`msg_qbytes`, one call each).
    pub limits: bool,
    /// What an object holds where its table does not tell: semaphore values, depths of POSIX queues.
    pub contents: bool,
    /// Holders: by descriptor, by mapping, and tasks that sleep on an object.
    pub holders: bool,
    /// Recorded pids (creator, last sender, …) as holders, told from reused pids.
    pub records: bool,
    /// Who sleeps on a queue or semaphore set, and every process with its users: what a verdict looks at.
    pub verdict: bool,
    /// Command names of processes that hold something.
    pub comms: bool,
    /// Their arguments and users as well.
    pub details: bool,
    /// Names of users.
    pub users: bool,
    /// Names of groups.
    pub groups: bool,
    /// FIFOs that somebody sleeps in opening, although nobody has them open and they were not asked for by place. Looks at
    /// the call that every task of the machine sleeps in.
    pub openers: bool,
    /// Who sleeps in reading from an empty pipe or FIFO, or in writing to a full one. Looks at the call that every task of the
    /// machine sleeps in.
    pub blocked: bool,
    /// Who sleeps on a socket, in `sem_wait` or on a futex in shared memory, too, and who waits in `poll` and the like for one
    /// thing alone. Looks at the call of every task and at what its arguments name ([`waits`](super::waits)).
    pub asleep: bool,
    /// Use against the kernel's limits ([`Snapshot::room`](super::Snapshot::room)). The fullest queue and the number of
    /// POSIX queues are told only if their kinds are wanted, the former with `limits`.
    pub room: bool,
    /// With `room` and `processes`, the limits of pipes, sockets and files too, and of users and processes: asks for the
    /// limits of every process.
    pub every_limit: bool,
    /// Every process with its users, whatever it holds.
    pub processes: bool,
    /// What every thread sleeps in is known to whoever asks: nobody's call is looked at for holders, of pipes and FIFOs that
    /// somebody has open these alone are told of, and descriptors of all that is awaited are looked for, whichever kinds are
    /// wanted.
    pub awaited: Option<Awaited>,
}

impl Want {
    /// Only what the tables of these kinds tell.
    pub const fn tables(kinds: Kinds) -> Self {
        Self {
            kinds,
            directories: Vec::new(),
            files: Vec::new(),
            limits: false,
            contents: false,
            holders: false,
            records: false,
            verdict: false,
            comms: false,
            details: false,
            users: false,
            groups: false,
            openers: false,
            blocked: false,
            asleep: false,
            room: false,
            every_limit: false,
            processes: false,
            awaited: None,
        }
    }

    /// Everything about these kinds; neither who sleeps in opening what, nor how near the limits are.
    pub const fn everything(kinds: Kinds) -> Self {
        Self {
            kinds,
            directories: Vec::new(),
            files: Vec::new(),
            limits: true,
            contents: true,
            holders: true,
            records: true,
            verdict: true,
            comms: true,
            details: true,
            users: true,
            groups: true,
            openers: false,
            blocked: false,
            asleep: false,
            room: false,
            every_limit: false,
            processes: false,
            awaited: None,
        }
    }

    /// Adds what another wants, kinds and places excepted.
    pub fn also(&mut self, other: &Want) {
        self.limits |= other.limits;
        self.contents |= other.contents;
        self.holders |= other.holders;
        self.records |= other.records;
        self.verdict |= other.verdict;
        self.comms |= other.comms;
        self.details |= other.details;
        self.users |= other.users;
        self.groups |= other.groups;
        self.openers |= other.openers;
        self.blocked |= other.blocked;
        self.asleep |= other.asleep;
        self.room |= other.room;
        self.every_limit |= other.every_limit;
        self.processes |= other.processes;
    }
}
