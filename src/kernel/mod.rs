//! The only layer that touches Linux: one file per kernel interface. `read_*` does I/O, `parse_*` is pure over bytes.
//!
//! `unsafe` is allowed here and nowhere else; each block says why it is sound.
#![allow(unsafe_code)]

pub mod by_index;
pub mod capability;
pub mod clock;
pub mod dirents;
pub mod ending;
pub mod fd;
pub mod fdinfo;
pub mod fifo;
pub mod fifo_ends;
pub mod fifo_search;
pub mod file;
pub mod hold_signals;
pub mod host;
pub mod inet_diag;
pub mod ipc_info;
pub mod job_signals;
pub mod kcmp;
pub mod key;
pub mod lease;
pub mod local_time;
pub mod locale;
pub mod locks;
pub mod map_files;
pub mod maps;
pub mod memory;
pub mod messages;
pub mod mounts;
pub mod mqueue;
pub mod msgctl;
pub mod namespace;
pub mod net_inet;
pub mod net_unix;
pub mod netlink;
pub mod netstat;
pub mod new_file;
pub mod next_id;
pub mod pagemap;
pub mod pidfd;
pub mod pinned;
pub mod pipe;
pub mod pointed;
pub mod posix_sem;
pub mod posix_shm;
pub mod process;
pub mod ready;
pub mod rlimits;
pub mod room;
pub mod sched;
pub mod semctl;
pub mod shmat;
pub mod shmctl;
pub mod signals;
pub mod sleep;
pub mod socket_peek;
pub mod sparse_file;
pub mod state_dir;
pub mod streams;
pub mod suspend;
pub mod syscall;
pub mod sysvipc;
pub mod threads;
pub mod timer;
pub mod umask;
pub mod unix_connect;
pub mod unix_diag;
pub mod unnamed;
pub mod users;

mod error;
mod text;

pub use error::{Error, Result, c_words};

use crate::model::{Ids, Key};
use nix::errno::Errno;

/// What identifies a System V object beside its id: compared again right before anything is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SysvStat {
    /// Key.
    pub key: Key,
    /// Owner.
    pub owner: Ids,
    /// Creator.
    pub creator: Ids,
    /// Creation or last `IPC_SET`, seconds since the epoch.
    pub changed: i64,
}

/// The type of `ipc_perm.mode`: 16 bits in glibc on some machines, 32 everywhere else.
#[cfg(all(target_env = "gnu", any(target_arch = "x86_64", target_arch = "riscv64")))]
type Mode = u16;
#[cfg(not(all(target_env = "gnu", any(target_arch = "x86_64", target_arch = "riscv64"))))]
type Mode = u32;

/// The key in a structure of the C library: each calls the field something else.
#[cfg_attr(target_env = "musl", expect(deprecated, reason = "the field is to be renamed, and is not yet"))]
fn key_of(perm: &libc::ipc_perm) -> Key {
    #[cfg(target_env = "musl")]
    return Key(perm.__ipc_perm_key);
    #[cfg(not(target_env = "musl"))]
    return Key(perm.__key);
}

/// The part that all three kinds share, of the object with this id.
fn perm_of(perm: &libc::ipc_perm, id: i32) -> sysvipc::Perm {
    sysvipc::Perm {
        key: key_of(perm),
        id,
        mode: u32::from(perm.mode),
        owner: Ids { uid: perm.uid, gid: Some(perm.gid) },
        creator: Ids { uid: perm.cuid, gid: Some(perm.cgid) },
    }
}

/// Judges the answer of a `*_STAT_ANY` call: it returns the id of the object that was found in the id's slot.
fn same_id(name: &str, id: i32, found: libc::c_int) -> Result<()> {
    let found = Errno::result(found).map_err(|errno| id_error(name.to_owned(), errno))?;
    if found == id { Ok(()) } else { Err(Error::NotFound { what: name.to_owned() }) }
}

/// System V calls say `EINVAL` for an id that names nothing, and `EIDRM` for one whose slot was reused.
fn id_error(what: String, errno: Errno) -> Error {
    match errno {
        Errno::EINVAL | Errno::EIDRM => Error::NotFound { what },
        errno => Error::from_errno(what, errno),
    }
}
