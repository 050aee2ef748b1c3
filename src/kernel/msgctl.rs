//! `msgctl(2)`: what `/proc/sysvipc/msg` lacks about a queue, all queues where that is wanted of each, and removal.

use super::Result;
use super::sysvipc::{MsgLine, Perm};
use crate::model::{Ids, Key};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// `MSG_INFO` (`linux/msg.h`): what is in use, and the highest index.
const MSG_INFO: libc::c_int = 12;
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
    })
}

/// Calls `each` with every queue of the calling thread's IPC namespace and the most bytes it takes, in the order of
/// `/proc/sysvipc/msg`. Needs no privilege.
///
/// The kernel makes a line of that file out of the same structure in four times the time that one call takes, and leaves
/// `msg_qbytes` out; so where the limit is wanted of every queue, this is asked instead. Says `false` without having
/// called `each` where it is the wrong way: on kernels before 4.17, and where the indices in use lie so far apart
/// (`ipcmni_extend`) that most calls would find nothing.
pub fn read_all(each: &mut dyn FnMut(MsgLine, u64)) -> bool {
    let mut info = MaybeUninit::<libc::msginfo>::zeroed();
    // SAFETY: MSG_INFO fills a struct msginfo, which is what is passed; the prototype wants a msqid_ds.
    let highest = unsafe { libc::msgctl(0, MSG_INFO, info.as_mut_ptr().cast()) };
    // SAFETY: plain integers, zeroed above.
    let queues = unsafe { info.assume_init() }.msgpool;
    let sparse = i64::from(highest) > 4 * i64::from(queues) + 4096;
    if highest < 0 || sparse || (queues > 0 && !(0..=highest).any(|index| by_index(index).is_some())) {
        return false;
    }
    (0..=highest).filter_map(by_index).for_each(|(line, limit)| each(line, limit));
    true
}

/// The queue in a slot of the kernel's table.
fn by_index(index: i32) -> Option<(MsgLine, u64)> {
    let mut ds = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable msqid_ds for the whole call.
    let id = unsafe { libc::msgctl(index, MSG_STAT_ANY, ds.as_mut_ptr()) };
    if id < 0 {
        return None;
    }
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let ds = unsafe { ds.assume_init() };
    let ids = |uid, gid| Ids { uid, gid: Some(gid) };
    let perm = Perm {
        key: Key(ds.msg_perm.__key),
        id,
        mode: u32::from(ds.msg_perm.mode),
        owner: ids(ds.msg_perm.uid, ds.msg_perm.gid),
        creator: ids(ds.msg_perm.cuid, ds.msg_perm.cgid),
    };
    let line = MsgLine {
        perm,
        bytes: ds.__msg_cbytes,
        messages: ds.msg_qnum,
        last_sender: ds.msg_lspid as u32,
        last_receiver: ds.msg_lrpid as u32,
        sent: ds.msg_stime,
        received: ds.msg_rtime,
        changed: ds.msg_ctime,
    };
    Some((line, ds.msg_qbytes))
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
