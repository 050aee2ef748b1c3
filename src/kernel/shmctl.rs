//! `shmctl(2)`: a segment's attributes by id, and its removal. The table of `/proc/sysvipc/shm` has all that a listing
//! needs; this is for looking again right before acting.

use super::Result;
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
    /// Number of attaches now.
    pub attaches: u64,
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
            key: Key(perm.__key),
            owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
            creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
            changed: ds.shm_ctime,
        },
        attaches: ds.shm_nattch,
    })
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
