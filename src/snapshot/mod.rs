//! One consistent picture of the machine's IPC: what is wanted is collected, and objects are joined with processes.
//!
//! [`collect()`] asks the kernel layer for what a [`Want`] names and no more. A process that exits in mid-scan, a line
//! that does not parse, a file without permission lose one row and are told in [`Visibility`]; nothing of that is fatal.

mod collect;
mod find;
mod holders;
mod in_flight;
mod names;
mod opening;
mod pipes;
mod posix;
mod processes;
mod records;
mod room;
mod scan;
mod share;
mod sockets;
mod sysv;
#[cfg(test)]
pub(crate) mod testing;
mod unnamed;
mod visibility;
pub mod waits;
mod want;

pub use collect::{SnapshotError, collect};
pub use visibility::{Hidden, Visibility};
pub use want::{Awaited, Want};

use crate::kernel::clock::Clock;
use crate::kernel::host::Host;
use crate::kernel::namespace::Namespaces;
use crate::model::{Holder, Identity, Kind, Object, Process, Time, Usage};
use holders::Holders;
use names::Names;
use processes::Processes;
use rustc_hash::{FxHashMap, FxHashSet};

/// A picture of what was asked for, at one time.
#[derive(Debug)]
pub struct Snapshot {
    /// When it was taken.
    pub taken_at: Time,
    /// Machine and kernel.
    pub host: Host,
    /// Namespaces it was taken in.
    pub namespaces: Namespaces,
    /// What could not be seen.
    pub visibility: Visibility,
    /// The objects, kind by kind, in the kernel's order.
    pub objects: Vec<Object>,
    /// Use against each limit of the kernel that could be read; empty unless wanted.
    pub room: Vec<Usage>,
    clock: Clock,
    holders: Holders,
    processes: Processes,
    names: Names,
    sockets: FxHashMap<u64, u32>,
    places: FxHashMap<Identity, u32>,
    twins: FxHashSet<(Kind, u64)>,
}

impl Snapshot {
    /// Who has an object, by its place in [`Snapshot::objects`]; ordered by pid.
    pub fn holders(&self, object: usize) -> &[Holder] {
        self.holders.of(object)
    }

    /// A process that the picture knows: every one if the want said so, otherwise those that hold something.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.processes.get(pid)
    }

    /// All processes that the picture knows, by pid.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter()
    }

    /// When a process started, by today's clock.
    pub fn started_at(&self, process: &Process) -> Time {
        self.clock.started_at(process.start_ticks)
    }

    /// A living process of one of these users that was there at `time` already, so that it could know an object made or
    /// changed then. Kernel threads and ipcx itself do not count. Knows only what a want with `table` collected.
    pub fn older_process_of(&self, uids: [Option<u32>; 2], time: Time) -> Option<&Process> {
        uids.into_iter()
            .flatten()
            .find_map(|uid| self.processes.oldest_of(uid, |ticks| !self.clock.started_after(ticks, time)))
    }

    /// A living process of one of these users, whatever its age; otherwise as [`Snapshot::older_process_of`].
    pub fn process_of(&self, uids: [Option<u32>; 2]) -> Option<&Process> {
        uids.into_iter().flatten().find_map(|uid| self.processes.oldest_of(uid, |_| true))
    }

    /// The socket with this inode, by its place in [`Snapshot::objects`].
    pub fn socket(&self, inode: u64) -> Option<usize> {
        self.sockets.get(&inode).map(|index| *index as usize)
    }

    /// The object with this identity, likewise; a socket is known by its inode alone.
    pub fn place(&self, identity: Identity) -> Option<usize> {
        match identity {
            Identity::Socket { inode, .. } => self.socket(inode),
            identity => self.places.get(&identity).map(|place| *place as usize),
        }
    }

    /// A user's name, if names were wanted and there is one.
    pub fn user_name(&self, uid: u32) -> Option<&str> {
        self.names.user(uid)
    }

    /// A group's name, likewise.
    pub fn group_name(&self, gid: u32) -> Option<&str> {
        self.names.group(gid)
    }
}
