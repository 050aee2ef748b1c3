//! `/proc/sys/kernel/{msg,shm,sem}_next_id` (`ipc/ipc_sysctl.c`, `CONFIG_CHECKPOINT_RESTORE`): which id the next System V
//! object gets.

use super::{Error, Result};
use crate::model::Kind;
use std::io::Write;

/// Asks that the next object of this kind made in this IPC namespace, by whomever, get this id. It gets another one when
/// the id's slot is taken: compare what comes out. The kernel forgets it once an object was made. Needs
/// `CAP_CHECKPOINT_RESTORE` or `CAP_SYS_ADMIN` over the namespace.
pub fn request(kind: Kind, id: i32) -> Result<()> {
    let path = match kind {
        Kind::Queue => "/proc/sys/kernel/msg_next_id",
        Kind::Shm => "/proc/sys/kernel/shm_next_id",
        _ => "/proc/sys/kernel/sem_next_id",
    };
    let file = std::fs::OpenOptions::new().write(true).open(path);
    file.and_then(|mut file| write!(file, "{id}")).map_err(|error| Error::from_io(path, &error))
}
