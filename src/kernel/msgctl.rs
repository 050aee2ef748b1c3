//! `msgctl(2)`: what `/proc/sysvipc/msg` lacks about a queue, and its removal.

use super::Result;
use crate::model::{Ids, Key};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// `MSG_STAT_ANY` (`linux/msg.h`, Linux 4.17): like `MSG_STAT`, without the check for read permission.
const MSG_STAT_ANY: libc::c_int = 13;

/// A queue's `msqid_ds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgStat {
    /// Key.
    pub key: Key,
    /// Owner.
    pub owner: Ids,
    /// Creator.
    pub creator: Ids,
    /// Last change, seconds since the epoch.
    pub changed: i64,
    /// Most bytes the queue takes (`msg_qbytes`).
    pub limit_bytes: u64,
    /// Messages in it.
    pub messages: u64,
}

/// Reads a queue's attributes, readable or not. Needs no privilege.
///
/// The call takes an index, not an id; the kernel cuts the index out of whatever it is given (`ipcid_to_idx` in
/// `ipc/util.h`) and returns the id that lives there now, so an id may be passed as it is and the answer tells whether
/// the queue is still the same one. Errors: [`NotFound`](super::Error::NotFound) when it is not.
pub fn stat(id: i32) -> Result<MsgStat> {
    let mut ds = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable msqid_ds for the whole call; the kernel writes at most its size.
    let found = unsafe { libc::msgctl(id, MSG_STAT_ANY, ds.as_mut_ptr()) };
    super::same_id(&name(id), id, found)?;
    // SAFETY: msqid_ds is plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    Ok(MsgStat {
        key: Key(ds.msg_perm.__key),
        owner: Ids { uid: ds.msg_perm.uid, gid: Some(ds.msg_perm.gid) },
        creator: Ids { uid: ds.msg_perm.cuid, gid: Some(ds.msg_perm.cgid) },
        changed: ds.msg_ctime,
        limit_bytes: ds.msg_qbytes,
        messages: ds.msg_qnum,
    })
}

/// Removes a queue and all messages in it (`IPC_RMID`); who sleeps on it wakes with `EIDRM`. Needs to be its owner or
/// creator, or `CAP_SYS_ADMIN`.
pub fn remove(id: i32) -> Result<()> {
    // SAFETY: IPC_RMID ignores the buffer; no memory is passed.
    let result = unsafe { libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

fn name(id: i32) -> String {
    format!("queue:{id}")
}

impl From<MsgStat> for super::SysvStat {
    fn from(stat: MsgStat) -> Self {
        Self { key: stat.key, owner: stat.owner, creator: stat.creator, changed: stat.changed }
    }
}
