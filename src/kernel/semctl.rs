//! `semget(2)`, `semctl(2)`: each semaphore's value, waiters and last pid, which no file shows; attributes by id; making,
//! changing and removing a set.

use super::sysvipc::{Perm, SemLine};
use super::{Mode, Result, key_of};
use crate::model::{Ids, Key, Semaphore};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// `SEM_STAT_ANY` (`linux/sem.h`, Linux 4.17).
const SEM_STAT_ANY: libc::c_int = 20;
/// `GETPID` and the like (`linux/sem.h`); the libc crate has them not on every target.
const GETPID: libc::c_int = 11;
const GETALL: libc::c_int = 13;
const GETNCNT: libc::c_int = 14;
const GETZCNT: libc::c_int = 15;
const SETVAL: libc::c_int = 16;
const SETALL: libc::c_int = 17;

/// `union semun` (`man 2 semctl`), which every program has to define for itself.
#[repr(C)]
#[derive(Clone, Copy)]
union Semun {
    value: libc::c_int,
    pointer: *const libc::c_void,
}

#[cfg(not(target_env = "musl"))]
use libc::semid_ds as SemidDs;

/// `struct semid_ds`, which the libc crate does not have for musl; there it is the kernel's `semid64_ds` of 64-bit machines
/// (`asm/sembuf.h`).
#[cfg(target_env = "musl")]
#[repr(C)]
struct SemidDs {
    sem_perm: libc::ipc_perm,
    sem_otime: i64,
    #[cfg(target_arch = "x86_64")]
    unused_after_otime: libc::c_ulong,
    sem_ctime: i64,
    #[cfg(target_arch = "x86_64")]
    unused_after_ctime: libc::c_ulong,
    sem_nsems: libc::c_ulong,
    unused: [libc::c_ulong; 2],
}

/// A set's `semid_ds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemStat {
    /// Key, owner, creator, change time.
    pub common: super::SysvStat,
    /// Permission bits.
    pub mode: u16,
    /// Number of semaphores.
    pub count: u64,
    /// Last `semop`, seconds since the epoch, 0 for never.
    pub operated: i64,
}

/// Reads a set's attributes, readable or not. Needs no privilege. See [`super::msgctl::stat`] for why an id may stand
/// for an index.
pub fn stat(id: i32) -> Result<SemStat> {
    let mut ds = MaybeUninit::<SemidDs>::zeroed();
    // SAFETY: the fourth argument is the pointer member of `union semun`; `ds` is a valid, writable semid_ds.
    let found = unsafe { libc::semctl(id, 0, SEM_STAT_ANY, ds.as_mut_ptr()) };
    super::same_id(&name(id), id, found)?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    let perm = ds.sem_perm;
    Ok(SemStat {
        common: super::SysvStat {
            key: key_of(&perm),
            owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
            creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
            changed: ds.sem_ctime,
        },
        mode: (u32::from(perm.mode) & 0o777) as u16,
        count: ds.sem_nsems,
        operated: ds.sem_otime,
    })
}

/// The set in a slot of the kernel's table.
pub(super) fn by_index(index: i32) -> Option<SemLine> {
    let mut ds = MaybeUninit::<SemidDs>::zeroed();
    // SAFETY: the fourth argument is the pointer member of `union semun`; `ds` is a valid, writable semid_ds.
    let id = unsafe { libc::semctl(index, 0, SEM_STAT_ANY, ds.as_mut_ptr()) };
    if id < 0 {
        return None;
    }
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    let perm = ds.sem_perm;
    Some(SemLine {
        perm: Perm {
            key: key_of(&perm),
            id,
            mode: u32::from(perm.mode),
            owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
            creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
        },
        count: ds.sem_nsems,
        operated: ds.sem_otime,
        changed: ds.sem_ctime,
    })
}

/// Whether the caller may read a set (`IPC_STAT` asks that). Errors: [`Permission`](super::Error::Permission) when not.
pub fn may_read(id: i32) -> Result<()> {
    let mut ds = MaybeUninit::<SemidDs>::zeroed();
    // SAFETY: the fourth argument is the pointer member of `union semun`; `ds` is a valid, writable semid_ds.
    let result = unsafe { libc::semctl(id, 0, libc::IPC_STAT, ds.as_mut_ptr()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Makes a set of semaphores, all 0, or opens the one with this key unless `exclusive`; returns its id. Errors: `EEXIST`,
/// `EINVAL` for a count of 0 or above the limit, `ENOSPC` at the limits of `kernel.sem`.
pub fn create(key: Key, count: i32, mode: u16, exclusive: bool) -> Result<i32> {
    let flags = libc::IPC_CREAT | if exclusive { libc::IPC_EXCL } else { 0 } | libc::c_int::from(mode & 0o777);
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::semget(key.0, count, flags) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(format!("sem:{key}"), errno))
}

/// The set with this key. With `access` (permission bits) also asks whether the caller may do that much, for user, group
/// and others alike; 0 asks nothing. Errors: [`NotFound`](super::Error::NotFound).
pub fn find(key: Key, access: u16) -> Result<i32> {
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::semget(key.0, 0, libc::c_int::from(access & 0o777)) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(format!("sem:{key}"), errno))
}

/// Sets owner and mode (`IPC_SET`), which also stamps the time of change. Needs to be the owner or creator, or
/// `CAP_SYS_ADMIN`.
pub fn set(id: i32, owner: Ids, mode: u16) -> Result<()> {
    let mut ds = MaybeUninit::<SemidDs>::zeroed();
    // SAFETY: plain integers, for all of which zero is a value.
    let ds = unsafe { ds.assume_init_mut() };
    ds.sem_perm.uid = owner.uid;
    ds.sem_perm.gid = owner.gid.unwrap_or(u32::MAX);
    ds.sem_perm.mode = Mode::from(mode);
    // SAFETY: the fourth argument is the pointer member of `union semun`; the kernel only reads `ds`.
    let result = unsafe { libc::semctl(id, 0, libc::IPC_SET, std::ptr::from_mut(ds)) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// The values of a set of `count`, at one moment. Needs read permission. See [`read_values`] for `count`.
pub fn get_all(id: i32, count: u64) -> Result<Vec<u16>> {
    let count = usize::try_from(count).map_err(|_| super::id_error(name(id), Errno::EINVAL))?;
    let mut values = vec![0u16; count.max(LARGEST_SET)];
    // SAFETY: the array is at least as long as the set, see LARGEST_SET, so the kernel does not write past its end.
    let result = unsafe { libc::semctl(id, 0, GETALL, values.as_mut_ptr()) };
    Errno::result(result).map_err(|errno| super::id_error(name(id), errno))?;
    values.truncate(count);
    Ok(values)
}

/// Sets all values at once (`SETALL`): wakes who can go on, clears every process's undo for the set, makes the caller
/// the last pid. `values` must have one for each semaphore. Needs write permission. Errors: `ERANGE` above 32767.
pub fn set_all(id: i32, values: &[u16]) -> Result<()> {
    let mut padded = values.to_vec();
    padded.resize(values.len().max(LARGEST_SET), 0);
    // SAFETY: the array is at least as long as the set, see LARGEST_SET; the kernel only reads it.
    let result = unsafe { libc::semctl(id, 0, SETALL, padded.as_ptr()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Sets one value (`SETVAL`), likewise for that semaphore.
pub fn set_one(id: i32, index: u16, value: u16) -> Result<()> {
    // Of the size of the union, so that its integer is where the library looks for it in either byte order.
    let argument = Semun { value: value.into() };
    // SAFETY: the fourth argument is a `union semun` with its integer set; no memory is passed.
    let result = unsafe { libc::semctl(id, libc::c_int::from(index), SETVAL, argument) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Stamps a set's time of last operation by one that changes nothing: waiting for semaphore 0 to be 0 while it is, or
/// taking one and giving it back in one step. Programs take a set without that time for one whose maker has not finished
/// (`man 2 semget`, NOTES). Needs read permission where the value is 0, else write permission.
pub fn stamp(id: i32) -> Result<()> {
    let step = |by| libc::sembuf { sem_num: 0, sem_op: by, sem_flg: libc::IPC_NOWAIT as libc::c_short };
    let (mut wait, mut take_and_give) = ([step(0)], [step(-1), step(1)]);
    // SAFETY: one valid operation, which the kernel only reads.
    let result = unsafe { libc::semop(id, wait.as_mut_ptr(), 1) };
    let result = match Errno::result(result) {
        // SAFETY: two valid operations, which the kernel only reads and does together or not at all.
        Err(Errno::EAGAIN) => Errno::result(unsafe { libc::semop(id, take_and_give.as_mut_ptr(), 2) }),
        other => other,
    };
    result.map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// An id could be removed and given to another set between two looks at it. Its sequence number makes that all but
/// impossible; room for the largest recommended set (`man 5 proc_sys_kernel`, SEMMSL) keeps it harmless.
const LARGEST_SET: usize = 65_536;

/// Reads all semaphores of a set of `count` (from `sem_nsems`). Needs read permission on the set.
///
/// Values come from one `GETALL`, which is consistent in itself; waiters and pids need three calls a semaphore, so a set
/// in use may change in between. `count` must be the set's own: the kernel writes as many values as the set has
/// (`ipc/sem.c`, `semctl_main`), and a set never changes its size.
pub fn read_values(id: i32, count: u64) -> Result<Box<[Semaphore]>> {
    get_all(id, count)?
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
