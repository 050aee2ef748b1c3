//! Every System V object by `*_STAT_ANY` over the slots of the kernel's tables (`man 2 msgctl`, Linux 4.17): what the
//! tables of `/proc/sysvipc` say, for where those are not there (`mount -o subset=pid`, a container without /proc).
//!
//! Pids are as this process sees them; a table has those of its own /proc.

use super::sysvipc::{MsgLine, SemLine, ShmLine};
use super::{Result, ipc_info, msgctl, semctl, shmctl};

/// Every queue of the calling thread's IPC namespace, in the order of `/proc/sysvipc/msg`, each looked at when it is asked
/// for. Needs no privilege. Errors: [`Unsupported`](super::Error::Unsupported) without System V IPC.
pub fn queues() -> Result<impl Iterator<Item = MsgLine>> {
    let highest = ipc_info::msg_used()?.highest;
    Ok((0..=highest).filter_map(msgctl::by_index).map(|(line, _)| line))
}

/// As [`queues`], of segments.
pub fn segments() -> Result<impl Iterator<Item = ShmLine>> {
    let highest = ipc_info::shm_used()?.highest;
    Ok((0..=highest).filter_map(shmctl::by_index))
}

/// As [`queues`], of semaphore sets.
pub fn sets() -> Result<impl Iterator<Item = SemLine>> {
    let highest = ipc_info::sem_used()?.highest;
    Ok((0..=highest).filter_map(semctl::by_index))
}

/// The queue with this id. Needs no privilege.
pub fn find_msg(id: i32) -> Option<MsgLine> {
    // The slot of an id is told by its low bits, and an id may stand for it: see `msgctl::stat`.
    msgctl::by_index(id).map(|(line, _)| line).filter(|line| line.perm.id == id)
}

/// The segment with this id.
pub fn find_shm(id: i32) -> Option<ShmLine> {
    shmctl::by_index(id).filter(|line| line.perm.id == id)
}

/// The semaphore set with this id.
pub fn find_sem(id: i32) -> Option<SemLine> {
    semctl::by_index(id).filter(|line| line.perm.id == id)
}
