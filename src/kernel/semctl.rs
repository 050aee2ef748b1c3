//! `semctl(2)`: each semaphore's value, waiters and last pid, which no file shows; attributes by id; removal.

use super::Result;
use crate::model::{Ids, Key, Semaphore};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// `SEM_STAT_ANY` (`linux/sem.h`, Linux 4.17).
const SEM_STAT_ANY: libc::c_int = 20;
/// `GETPID`, `GETALL`, `GETNCNT`, `GETZCNT` (`linux/sem.h`); the libc crate has them not on every target.
const GETPID: libc::c_int = 11;
const GETALL: libc::c_int = 13;
const GETNCNT: libc::c_int = 14;
const GETZCNT: libc::c_int = 15;

/// Reads a set's attributes, readable or not. Needs no privilege. See [`super::msgctl::stat`] for why an id may stand
/// for an index.
pub fn stat(id: i32) -> Result<super::SysvStat> {
    let mut ds = MaybeUninit::<libc::semid_ds>::zeroed();
    // SAFETY: the fourth argument is the pointer member of `union semun`; `ds` is a valid, writable semid_ds.
    let found = unsafe { libc::semctl(id, 0, SEM_STAT_ANY, ds.as_mut_ptr()) };
    super::same_id(&name(id), id, found)?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    let perm = ds.sem_perm;
    Ok(super::SysvStat {
        key: Key(perm.__key),
        owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
        creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
        changed: ds.sem_ctime,
    })
}

/// Reads all semaphores of a set of `count` (from `sem_nsems`). Needs read permission on the set.
///
/// Values come from one `GETALL`, which is consistent in itself; waiters and pids need three calls a semaphore, so a set
/// in use may change in between. `count` must be the set's own: the kernel writes as many values as the set has
/// (`ipc/sem.c`, `semctl_main`), and a set never changes its size.
pub fn read_values(id: i32, count: u64) -> Result<Box<[Semaphore]>> {
    // An id could be removed and given to another set between listing and here. Its sequence number makes that all but
    // impossible; room for the largest recommended set (`man 5 proc_sys_kernel`, SEMMSL) keeps it harmless.
    const LARGEST_SET: usize = 65_536;
    let count = usize::try_from(count).map_err(|_| super::id_error(name(id), Errno::EINVAL))?;
    let mut values = vec![0u16; count.max(LARGEST_SET)];
    // SAFETY: the array is at least as long as the set, see above, so the kernel does not write past its end.
    let result = unsafe { libc::semctl(id, 0, GETALL, values.as_mut_ptr()) };
    Errno::result(result).map_err(|errno| super::id_error(name(id), errno))?;
    values[..count]
        .iter()
        .zip(0..)
        .map(|(value, index)| {
            Ok(Semaphore {
                value: u32::from(*value),
                waiting_increase: get(id, index, GETNCNT)?,
                waiting_zero: Some(get(id, index, GETZCNT)?),
                last_pid: Some(get(id, index, GETPID)?),
            })
        })
        .collect()
}

fn get(id: i32, index: libc::c_int, command: libc::c_int) -> Result<u32> {
    // SAFETY: these commands take no fourth argument and touch no memory of ours.
    let result = unsafe { libc::semctl(id, index, command) };
    Errno::result(result).map(|n| n as u32).map_err(|errno| super::id_error(name(id), errno))
}

/// Removes a set (`IPC_RMID`); who sleeps on it wakes with `EIDRM`. Needs to be its owner or creator, or
/// `CAP_SYS_ADMIN`.
pub fn remove(id: i32) -> Result<()> {
    // SAFETY: IPC_RMID takes no fourth argument.
    let result = unsafe { libc::semctl(id, 0, libc::IPC_RMID) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

fn name(id: i32) -> String {
    format!("sem:{id}")
}
