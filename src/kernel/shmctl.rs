//! `shmget(2)`, `shmctl(2)`: a segment's attributes by id, making, changing and removing one. The table of
//! `/proc/sysvipc/shm` has all that a listing needs; this is for acting. Its bytes are reached by `shmat`.

use super::sysvipc::{SHM_DEST, SHM_LOCKED, ShmLine};
use super::{Mode, Result, key_of, perm_of};
use crate::model::{Ids, Key};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// `SHM_STAT_ANY` (`linux/shm.h`, Linux 4.17).
const SHM_STAT_ANY: libc::c_int = 15;

/// A segment's `shmid_ds`, as far as an action compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShmStat {
    /// Key, owner, creator, change time.
    pub common: super::SysvStat,
    /// Permission bits.
    pub mode: u16,
    /// Size in bytes.
    pub size: u64,
    /// Number of attaches now.
    pub attaches: u64,
    /// Removed, but kept while somebody is attached (`SHM_DEST`).
    pub marked_for_removal: bool,
    /// Locked in memory (`SHM_LOCKED`).
    pub locked: bool,
}

/// Reads a segment's attributes, readable or not; attaches nothing. Needs no privilege. See [`super::msgctl::stat`] for
/// why an id may stand for an index.
pub fn stat(id: i32) -> Result<ShmStat> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable shmid_ds for the whole call.
    let found = unsafe { libc::shmctl(id, SHM_STAT_ANY, ds.as_mut_ptr()) };
    super::same_id(&name(id), id, found)?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    let perm = ds.shm_perm;
    Ok(ShmStat {
        common: super::SysvStat {
            key: key_of(&perm),
            owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
            creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
            changed: ds.shm_ctime,
        },
        mode: (u32::from(perm.mode) & 0o777) as u16,
        size: ds.shm_segsz as u64,
        attaches: ds.shm_nattch,
        marked_for_removal: u32::from(perm.mode) & SHM_DEST != 0,
        locked: u32::from(perm.mode) & SHM_LOCKED != 0,
    })
}

/// The segment in a slot of the kernel's table; how much of it is in memory is not told.
pub(super) fn by_index(index: i32) -> Option<ShmLine> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable shmid_ds for the whole call.
    let id = unsafe { libc::shmctl(index, SHM_STAT_ANY, ds.as_mut_ptr()) };
    if id < 0 {
        return None;
    }
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    Some(ShmLine {
        perm: perm_of(&ds.shm_perm, id),
        size: ds.shm_segsz as u64,
        creator_pid: ds.shm_cpid as u32,
        last_pid: ds.shm_lpid as u32,
        attaches: ds.shm_nattch,
        attached: ds.shm_atime,
        detached: ds.shm_dtime,
        changed: ds.shm_ctime,
        resident: None,
        swapped: None,
    })
}

/// Whether the caller may read a segment, asked as the kernel asks when it is attached (`IPC_STAT` needs the same
/// permission); attaches nothing. Errors: [`Permission`](super::Error::Permission) when not.
pub fn may_read(id: i32) -> Result<()> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable shmid_ds for the whole call.
    let result = unsafe { libc::shmctl(id, libc::IPC_STAT, ds.as_mut_ptr()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Makes a segment of zeros, or opens the one with this key unless `exclusive`; returns its id. `size` is in bytes; an
/// existing segment must have at least that many. Errors: `EEXIST`, `EINVAL` for a size of 0 or above `kernel.shmmax`,
/// `ENOSPC` at `kernel.shmmni` or `shmall`.
pub fn create(key: Key, size: u64, mode: u16, exclusive: bool) -> Result<i32> {
    let what = || format!("shm:{key}");
    let size = usize::try_from(size).map_err(|_| super::Error::from_errno(what(), Errno::EINVAL))?;
    let flags = libc::IPC_CREAT | if exclusive { libc::IPC_EXCL } else { 0 } | libc::c_int::from(mode & 0o777);
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::shmget(key.0, size, flags) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(what(), errno))
}

/// The segment with this key. With `access` (permission bits) also asks whether the caller may do that much, for user,
/// group and others alike; 0 asks nothing. Errors: [`NotFound`](super::Error::NotFound).
pub fn find(key: Key, access: u16) -> Result<i32> {
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::shmget(key.0, 0, libc::c_int::from(access & 0o777)) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(format!("shm:{key}"), errno))
}

/// Sets owner and mode (`IPC_SET`), which also stamps the time of change. Needs to be the owner or creator, or
/// `CAP_SYS_ADMIN`.
pub fn set(id: i32, owner: Ids, mode: u16) -> Result<()> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: plain integers, for all of which zero is a value.
    let ds = unsafe { ds.assume_init_mut() };
    ds.shm_perm.uid = owner.uid;
    ds.shm_perm.gid = owner.gid.unwrap_or(u32::MAX);
    ds.shm_perm.mode = Mode::from(mode);
    // SAFETY: `ds` is a valid shmid_ds for the whole call; the kernel only reads it.
    let result = unsafe { libc::shmctl(id, libc::IPC_SET, ds) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Locks a segment's pages in memory (`SHM_LOCK`), or lets them be swapped again (`SHM_UNLOCK`). Pages that were never
/// touched are not brought in. Needs `CAP_IPC_LOCK`, or to be the owner or creator within `RLIMIT_MEMLOCK`.
pub fn lock(id: i32, locked: bool) -> Result<()> {
    let command = if locked { libc::SHM_LOCK } else { libc::SHM_UNLOCK };
    // SAFETY: both commands ignore the buffer; no memory is passed.
    let result = unsafe { libc::shmctl(id, command, std::ptr::null_mut()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Removes a segment (`IPC_RMID`). While somebody is attached it only loses its key and is marked; it goes with the
/// last detach. Needs to be its owner or creator, or `CAP_SYS_ADMIN`.
pub fn remove(id: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the buffer; no memory is passed.
    let result = unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

fn name(id: i32) -> String {
    format!("shm:{id}")
}
