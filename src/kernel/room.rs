//! The limits that making an object can meet: sysctls (`man 5 proc_sys_kernel`, `proc_sys_fs`), `RLIMIT_MSGQUEUE`, free
//! space; and what is used of them, by the kernel's own counts. `None` where the kernel does not show it.

use super::text::Numbers;
use super::{Error, Result, file, ipc_info, posix_shm};
use crate::model::Device;
use nix::sys::resource::{Resource, getrlimit};

/// Most bytes of a System V queue without `CAP_SYS_RESOURCE` (`kernel.msgmnb`).
pub fn msgmnb() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmnb").ok()
}

/// Most System V queues (`kernel.msgmni`).
pub fn msgmni() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmni").ok()
}

/// System V queues that there are.
pub fn queues() -> Option<u64> {
    u64::try_from(ipc_info::msg_used().ok()?.queues).ok()
}

/// Limits of System V segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShmLimits {
    /// Largest segment, bytes (`kernel.shmmax`).
    pub largest: u64,
    /// Most segments (`kernel.shmmni`).
    pub segments: u64,
    /// All segments together, pages (`kernel.shmall`).
    pub pages: u64,
    /// Segments that there are.
    pub used: u64,
    /// Pages of all of them, in memory or not.
    pub used_pages: u64,
}

/// Reads them.
pub fn shm() -> Option<ShmLimits> {
    let (limits, used) = (ipc_info::shm_limits().ok()?, ipc_info::shm_used().ok()?);
    Some(ShmLimits {
        largest: limits.largest,
        segments: limits.segments,
        pages: limits.pages,
        used: u64::try_from(used.segments).ok()?,
        used_pages: used.pages,
    })
}

/// Limits of semaphore sets (`kernel.sem`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemLimits {
    /// Most semaphores in a set (`SEMMSL`, the first number).
    pub in_set: u64,
    /// Most semaphores in all (`SEMMNS`, the second).
    pub in_all: u64,
    /// Most sets (`SEMMNI`, the fourth).
    pub sets: u64,
    /// Sets that there are.
    pub used: u64,
    /// Semaphores of all of them.
    pub used_in_all: u64,
}

/// Reads them.
pub fn sem() -> Option<SemLimits> {
    let (limits, used) = (ipc_info::sem_limits().ok()?, ipc_info::sem_used().ok()?);
    Some(SemLimits {
        in_set: limits.in_set,
        in_all: limits.in_all,
        sets: limits.sets,
        used: u64::try_from(used.sets).ok()?,
        used_in_all: u64::try_from(used.semaphores).ok()?,
    })
}

/// Limits of POSIX queues (`/proc/sys/fs/mqueue`), for who has no `CAP_SYS_RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MqueueLimits {
    /// Most messages in a queue (`msg_max`).
    pub messages: u64,
    /// Largest message, bytes (`msgsize_max`).
    pub message_bytes: u64,
    /// Most queues of the namespace (`queues_max`).
    pub queues: u64,
}

/// Reads them.
pub fn mqueue() -> Option<MqueueLimits> {
    let number = |name: &str| file::read_number(&format!("/proc/sys/fs/mqueue/{name}")).ok();
    Some(MqueueLimits {
        messages: number("msg_max")?,
        message_bytes: number("msgsize_max")?,
        queues: number("queues_max")?,
    })
}

/// Bytes that all POSIX queues of the user may take, full (`RLIMIT_MSGQUEUE`, `man 2 getrlimit`).
pub fn rlimit_msgqueue() -> Option<u64> {
    rlimit(Resource::RLIMIT_MSGQUEUE)
}

/// Bytes that a user without `CAP_IPC_LOCK` may lock in memory (`RLIMIT_MEMLOCK`).
pub fn rlimit_memlock() -> Option<u64> {
    rlimit(Resource::RLIMIT_MEMLOCK)
}

/// The one that counts now, not the one it may be raised to.
fn rlimit(which: Resource) -> Option<u64> {
    getrlimit(which).ok().map(|(soft, _)| soft)
}

/// A number of /proc/sys by the sysctl's name with dots. Errors: as [`file::read_number`].
pub fn sysctl(name: &str) -> Result<u64> {
    file::read_number(&format!("/proc/sys/{}", name.replace('.', "/")))
}

/// Open files of the machine, and how many there may be (`fs.file-nr`). Needs no privilege.
pub fn files() -> Result<(u64, u64)> {
    const PATH: &str = "/proc/sys/fs/file-nr";
    let text = file::read(PATH)?;
    parse_files(&text).ok_or_else(|| Error::Malformed { what: PATH.into(), detail: "its three numbers".into() })
}

/// Allocated, free (always 0 since Linux 2.6), most.
fn parse_files(text: &[u8]) -> Option<(u64, u64)> {
    let mut numbers = Numbers::new(text.trim_ascii());
    let (allocated, _free) = (numbers.unsigned()?, numbers.unsigned::<u64>()?);
    Some((allocated, numbers.unsigned()?))
}

/// How many bytes the kernel charges the maker's user for a POSIX queue, full or not (`man 2 getrlimit`,
/// `RLIMIT_MSGQUEUE`): the messages, a `struct msg_msg` for each, and a `struct posix_msg_tree_node` for each priority
/// that they can have.
pub fn queue_charge(messages: u64, message_bytes: u64) -> u64 {
    // Both have six words: lists, a tree's node and numbers (`include/linux/msg.h`, `ipc/mqueue.c`).
    const STRUCTURE: u64 = 6 * size_of::<usize>() as u64;
    const MQ_PRIO_MAX: u64 = 32_768;
    let structures = messages.saturating_add(messages.min(MQ_PRIO_MAX));
    structures.saturating_mul(STRUCTURE).saturating_add(messages.saturating_mul(message_bytes))
}

/// How full a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Its device, if that could be told.
    pub device: Option<Device>,
    /// Bytes in use.
    pub used: u64,
    /// Bytes that it takes; `None` where it has no limit.
    pub size: Option<u64>,
    /// Files and directories in it, and how many it takes; `None` where it has no limit.
    pub inodes: Option<(u64, u64)>,
}

/// How full /dev/shm is. Errors: as `statvfs(3)`.
pub fn dev_shm() -> Result<Fill> {
    let of = stat_dev_shm()?;
    let device = posix_shm::device();
    let inodes = (of.files() > 0).then(|| (of.files().saturating_sub(of.files_free()), of.files()));
    if of.blocks() > 0 {
        let bytes = |blocks: u64| blocks.saturating_mul(of.fragment_size());
        let used = bytes(of.blocks().saturating_sub(of.blocks_free()));
        return Ok(Fill { device, used, size: Some(bytes(of.blocks())), inodes });
    }
    // Without a limit a tmpfs does not count at all (`shmem_statfs`); its files do.
    let used = posix_shm::read_files()?.iter().map(|file| file.stat.allocated).sum();
    Ok(Fill { device, used, size: None, inodes })
}

/// Free bytes of /dev/shm; `None` where it has no limit. Errors: as `statvfs(3)`.
pub fn free_in_dev_shm() -> Result<Option<u64>> {
    let of = stat_dev_shm()?;
    // A tmpfs mounted without a limit says 0 blocks.
    Ok((of.blocks() > 0).then(|| of.blocks_available().saturating_mul(of.fragment_size())))
}

fn stat_dev_shm() -> Result<nix::sys::statvfs::Statvfs> {
    nix::sys::statvfs::statvfs(posix_shm::DIRECTORY).map_err(|errno| Error::from_errno(posix_shm::DIRECTORY, errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files() {
        assert_eq!(parse_files(b"1234\t0\t9223372036854775807\n"), Some((1234, i64::MAX as u64)));
        assert_eq!(parse_files(b"1234\t0\n"), None);
    }

    #[test]
    fn the_charge_of_a_queue() {
        // The example of getrlimit(2), for 64 bits.
        if size_of::<usize>() == 8 {
            assert_eq!(queue_charge(10, 8192), 10 * 48 + 10 * 48 + 10 * 8192);
            assert_eq!(queue_charge(65_536, 16), 65_536 * 48 + 32_768 * 48 + 65_536 * 16);
        }
        assert_eq!(queue_charge(u64::MAX, 2), u64::MAX);
    }
}
