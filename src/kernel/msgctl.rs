//! `msgget(2)`, `msgctl(2)`: what `/proc/sysvipc/msg` lacks about a queue, all queues where that is wanted of each;
//! making, changing and removing one. Its messages are in `messages`.

use super::Result;
use super::ipc_info::{self, MsgUsed};
use super::sysvipc::{MsgLine, Perm};
use super::{Mode, key_of};
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
    /// Permission bits.
    pub mode: u16,
    /// Last change, seconds since the epoch.
    pub changed: i64,
    /// Most bytes the queue takes (`msg_qbytes`).
    pub limit_bytes: u64,
    /// Messages in it (`msg_qnum`).
    pub messages: u64,
    /// Bytes of all messages (`msg_cbytes`).
    pub bytes: u64,
}

/// What `IPC_SET` sets, all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgSettings {
    /// Owner.
    pub owner: Ids,
    /// Permission bits.
    pub mode: u16,
    /// Most bytes the queue takes (`msg_qbytes`).
    pub limit_bytes: u64,
}

impl MsgStat {
    /// What `IPC_SET` would set to leave the queue as it is.
    pub const fn settings(&self) -> MsgSettings {
        MsgSettings { owner: self.owner, mode: self.mode, limit_bytes: self.limit_bytes }
    }
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
        key: key_of(&ds.msg_perm),
        owner: Ids { uid: ds.msg_perm.uid, gid: Some(ds.msg_perm.gid) },
        creator: Ids { uid: ds.msg_perm.cuid, gid: Some(ds.msg_perm.cgid) },
        mode: (u32::from(ds.msg_perm.mode) & 0o777) as u16,
        changed: ds.msg_ctime,
        limit_bytes: ds.msg_qbytes,
        messages: ds.msg_qnum,
        bytes: ds.__msg_cbytes,
    })
}

/// Whether the caller may read a queue (`IPC_STAT` asks that). Errors: [`Permission`](super::Error::Permission) when not.
pub fn may_read(id: i32) -> Result<()> {
    let mut ds = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: `ds` is a valid, writable msqid_ds for the whole call.
    let result = unsafe { libc::msgctl(id, libc::IPC_STAT, ds.as_mut_ptr()) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Makes a queue, or opens the one with this key unless `exclusive`; returns its id. [`Key::PRIVATE`] always makes one.
/// Needs no privilege to make one. Errors: `EEXIST` ([`Error::exists`](super::Error::exists)), and `ENOSPC` at
/// `kernel.msgmni`.
pub fn create(key: Key, mode: u16, exclusive: bool) -> Result<i32> {
    let flags = libc::IPC_CREAT | if exclusive { libc::IPC_EXCL } else { 0 } | libc::c_int::from(mode & 0o777);
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::msgget(key.0, flags) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(format!("queue:{key}"), errno))
}

/// The queue with this key. With `access` (permission bits) also asks whether the caller may do that much, for user, group
/// and others alike; 0 asks nothing. Errors: [`NotFound`](super::Error::NotFound).
pub fn find(key: Key, access: u16) -> Result<i32> {
    // SAFETY: plain integers; no memory is passed.
    let id = unsafe { libc::msgget(key.0, libc::c_int::from(access & 0o777)) };
    Errno::result(id).map_err(|errno| super::Error::from_errno(format!("queue:{key}"), errno))
}

/// Sets owner, mode and limit (`IPC_SET`), which also stamps the time of change. Needs to be the owner or creator, or
/// `CAP_SYS_ADMIN`; a limit above `kernel.msgmnb` needs `CAP_SYS_RESOURCE`.
pub fn set(id: i32, settings: &MsgSettings) -> Result<()> {
    let mut ds = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: plain integers, for all of which zero is a value.
    let ds = unsafe { ds.assume_init_mut() };
    ds.msg_perm.uid = settings.owner.uid;
    ds.msg_perm.gid = settings.owner.gid.unwrap_or(u32::MAX);
    ds.msg_perm.mode = Mode::from(settings.mode);
    ds.msg_qbytes = settings.limit_bytes;
    // SAFETY: `ds` is a valid msqid_ds for the whole call; the kernel only reads it.
    let result = unsafe { libc::msgctl(id, libc::IPC_SET, ds) };
    Errno::result(result).map(drop).map_err(|errno| super::id_error(name(id), errno))
}

/// Calls `each` with every queue of the calling thread's IPC namespace and the most bytes it takes, in the order of
/// `/proc/sysvipc/msg`. Needs no privilege.
///
/// The kernel makes a line of that file out of the same structure in four times the time that one call takes, and leaves
/// `msg_qbytes` out; so where the limit is wanted of every queue, this is asked instead. Says `false` without having
/// called `each` where it is the wrong way: on kernels before 4.17, and where the indices in use lie so far apart
/// (`ipcmni_extend`) that most calls would find nothing.
pub fn read_all(each: &mut dyn FnMut(MsgLine, u64)) -> bool {
    let Ok(MsgUsed { queues, highest, .. }) = ipc_info::msg_used() else { return false };
    let sparse = i64::from(highest) > 4 * i64::from(queues) + 4096;
    if sparse || (queues > 0 && !(0..=highest).any(|index| by_index(index).is_some())) {
        return false;
    }
    (0..=highest).filter_map(by_index).for_each(|(line, limit)| each(line, limit));
    true
}

/// The queue in a slot of the kernel's table, and the most bytes it takes.
pub(super) fn by_index(index: i32) -> Option<(MsgLine, u64)> {
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
        key: key_of(&ds.msg_perm),
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
