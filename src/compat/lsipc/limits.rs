//! The limits of the IPC namespace (`man 5 proc_sys_kernel`, `proc_sys_fs`) and what is used of them.

use super::cells::{Cells, number};
use super::column::Column;
use super::encode::print;
use super::facility::Facility;
use super::posix;
use crate::compat::lists;
use crate::kernel::{ipc_info, room, shmat};

/// A limit.
pub(super) struct Limit {
    name: &'static str,
    description: &'static str,
    value: u64,
    /// It is a number of bytes.
    is_size: bool,
    used: Option<u64>,
}

/// The limits of a kind of objects, or of all of System V's. Those that the kernel does not show are left out.
pub(super) fn read(facility: Option<Facility>) -> Vec<Limit> {
    match facility {
        None => [queues(), segments(), semaphores()].into_iter().flatten().flatten().collect(),
        Some(Facility::Queue) => queues().unwrap_or_default(),
        Some(Facility::Shm) => segments().unwrap_or_default(),
        Some(Facility::Sem) => semaphores().unwrap_or_default(),
        Some(Facility::PosixQueue) => posix_queues().unwrap_or_default(),
        Some(Facility::PosixShm | Facility::PosixSem) => Vec::new(),
    }
}

impl Limit {
    /// Appends what stands in this column about it.
    pub(super) fn write(&self, column: Column, cells: &Cells, out: &mut Vec<u8>) {
        match (column, self.used) {
            (Column::Resource, _) => out.extend(self.name.bytes()),
            (Column::Description, _) => out.extend(self.description.bytes()),
            (Column::Limit, _) if self.is_size => {
                cells.size(self.value, out);
            }
            (Column::Limit, _) => {
                number(self.value, out);
            }
            (Column::Used | Column::Use, None) => out.push(b'-'),
            (Column::Used, Some(used)) => {
                number(used, out);
            }
            // Nothing of nothing is no percentage.
            (Column::Use, Some(0)) if self.value == 0 => out.push(b'-'),
            (Column::Use, Some(used)) => print(out, format_args!("{:.2}%", used as f64 / self.value as f64 * 100.0)),
            _ => {}
        }
    }
}

fn count(name: &'static str, description: &'static str, value: u64, used: u64) -> Limit {
    Limit { name, description, value, is_size: false, used: Some(used) }
}

fn most(name: &'static str, description: &'static str, value: u64) -> Limit {
    Limit { name, description, value, is_size: false, used: None }
}

fn size(name: &'static str, description: &'static str, value: u64) -> Limit {
    Limit { name, description, value, is_size: true, used: None }
}

fn queues() -> Option<Vec<Limit>> {
    let (limits, used) = (ipc_info::msg_limits().ok()?, ipc_info::msg_used().ok()?);
    Some(vec![
        count("MSGMNI", "Number of message queues", limits.queues, u64::try_from(used.queues).ok()?),
        size("MSGMAX", "Max size of message (bytes)", limits.message_bytes),
        size("MSGMNB", "Default max size of queue (bytes)", limits.queue_bytes),
    ])
}

/// Pages are counted as util-linux does, by the sizes of all segments; the kernel itself rounds
/// each up to whole pages.
fn segments() -> Option<Vec<Limit>> {
    let limits = ipc_info::shm_limits().ok()?;
    let (mut used, mut bytes) = (0, 0u64);
    lists::segments(&mut |line| {
        used += 1;
        bytes = bytes.saturating_add(line.size);
    });
    Some(vec![
        count("SHMMNI", "Shared memory segments", limits.segments, used),
        count("SHMALL", "Shared memory pages", limits.pages, bytes / shmat::page() as u64),
        size("SHMMAX", "Max size of shared memory segment (bytes)", limits.largest),
        size("SHMMIN", "Min size of shared memory segment (bytes)", ipc_info::SHMMIN),
    ])
}

fn semaphores() -> Option<Vec<Limit>> {
    let (limits, used) = (ipc_info::sem_limits().ok()?, ipc_info::sem_used().ok()?);
    Some(vec![
        count("SEMMNI", "Number of semaphore identifiers", limits.sets, u64::try_from(used.sets).ok()?),
        count("SEMMNS", "Total number of semaphores", limits.in_all, u64::try_from(used.semaphores).ok()?),
        most("SEMMSL", "Max semaphores per semaphore set.", limits.in_set),
        most("SEMOPM", "Max number of operations per semop(2)", limits.operations),
        most("SEMVMX", "Semaphore max value", ipc_info::SEMVMX),
    ])
}

fn posix_queues() -> Option<Vec<Limit>> {
    let limits = room::mqueue()?;
    let used = posix::count_queues();
    Some(vec![
        Limit { used, ..most("MQUMNI", "Number of POSIX message queues", limits.queues) },
        size("MQUMAX", "Max size of POSIX message (bytes)", limits.message_bytes),
        most("MQUMNB", "Number of messages in POSIX message queue", limits.messages),
    ])
}
