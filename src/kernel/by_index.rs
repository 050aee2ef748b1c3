//! Every System V object by `*_STAT_ANY` over the slots of the kernel's tables (`man 2 msgctl`, Linux 4.17): what the
//! tables of `/proc/sysvipc` say, for where those are not there (`mount -o subset=pid`, a container without /proc).
//!
//! Pids are as this process sees them; a table has those of its own /proc.

use super::sysvipc::{MsgLine, SemLine, ShmLine};
use super::{Result, ipc_info, msgctl, semctl, shmctl};

/// Calls `each` with every queue of the calling thread's IPC namespace, in the order of `/proc/sysvipc/msg`. Needs no
/// privilege. Errors: [`Unsupported`](super::Error::Unsupported) without System V IPC.
pub fn read_msg(each: &mut dyn FnMut(MsgLine)) -> Result<()> {
    let highest = ipc_info::msg_used()?.highest;
    (0..=highest).filter_map(msgctl::by_index).for_each(|(line, _)| each(line));
    Ok(())
}

/// As [`read_msg`], of segments.
pub fn read_shm(each: &mut dyn FnMut(ShmLine)) -> Result<()> {
    let highest = ipc_info::shm_used()?.highest;
    (0..=highest).filter_map(shmctl::by_index).for_each(each);
    Ok(())
}

/// As [`read_msg`], of semaphore sets.
pub fn read_sem(each: &mut dyn FnMut(SemLine)) -> Result<()> {
    let highest = ipc_info::sem_used()?.highest;
    (0..=highest).filter_map(semctl::by_index).for_each(each);
    Ok(())
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
