//! The limits that making an object can meet: sysctls (`man 5 proc_sys_kernel`, `proc_sys_fs`), `RLIMIT_MSGQUEUE`, free
//! space; and what is used of them, by the kernel's own counts. `None` where the kernel does not show it.

use super::{Error, Result, file, posix_shm};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use std::mem::MaybeUninit;

/// Most bytes of a System V queue without `CAP_SYS_RESOURCE` (`kernel.msgmnb`).
pub fn msgmnb() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmnb").ok()
}

/// Most System V queues (`kernel.msgmni`).
pub fn msgmni() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmni").ok()
}

/// `MSG_INFO`, `SHM_INFO`, `SEM_INFO` (`linux/msg.h`, `shm.h`, `sem.h`): what is in use, in the caller's IPC namespace.
const MSG_INFO: libc::c_int = 12;
const SHM_INFO: libc::c_int = 14;
const SEM_INFO: libc::c_int = 19;

/// System V queues that there are (`msgpool` of `man 2 msgctl`, `MSG_INFO`).
pub fn queues() -> Option<u64> {
    let mut info = MaybeUninit::<libc::msginfo>::zeroed();
    // SAFETY: MSG_INFO fills a struct msginfo, which is what is passed; the prototype wants a msqid_ds.
    let result = unsafe { libc::msgctl(0, MSG_INFO, info.as_mut_ptr().cast()) };
    Errno::result(result).ok()?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    u64::try_from(unsafe { info.assume_init() }.msgpool).ok()
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

/// `struct shm_info` (`linux/shm.h`), which libc does not have.
#[repr(C)]
struct ShmInfo {
    used_ids: libc::c_int,
    total: libc::c_ulong,
    resident: libc::c_ulong,
    swapped: libc::c_ulong,
    swap_attempts: libc::c_ulong,
    swap_successes: libc::c_ulong,
}

/// Reads them.
pub fn shm() -> Option<ShmLimits> {
    let number = |name: &str| file::read_number(&format!("/proc/sys/kernel/{name}")).ok();
    let mut info = MaybeUninit::<ShmInfo>::zeroed();
    // SAFETY: SHM_INFO fills a struct shm_info, which is what is passed; the prototype wants a shmid_ds.
    let result = unsafe { libc::shmctl(0, SHM_INFO, info.as_mut_ptr().cast()) };
    Errno::result(result).ok()?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let info = unsafe { info.assume_init() };
    Some(ShmLimits {
        largest: number("shmmax")?,
        segments: number("shmmni")?,
        pages: number("shmall")?,
        used: u64::try_from(info.used_ids).ok()?,
        used_pages: info.total,
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

/// `struct seminfo` (`linux/sem.h`), which libc has for one C library only.
#[repr(C)]
struct SemInfo {
    limits: [libc::c_int; 7],
    /// `semusz`: for `SEM_INFO`, the number of sets.
    sets: libc::c_int,
    largest_value: libc::c_int,
    /// `semaem`: the number of semaphores.
    semaphores: libc::c_int,
}

/// Reads them.
pub fn sem() -> Option<SemLimits> {
    let mut info = MaybeUninit::<SemInfo>::zeroed();
    // SAFETY: SEM_INFO fills the struct seminfo that its only argument points to.
    let result = unsafe { libc::semctl(0, 0, SEM_INFO, info.as_mut_ptr()) };
    Errno::result(result).ok()?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let info = unsafe { info.assume_init() };
    let used = (u64::try_from(info.sets).ok()?, u64::try_from(info.semaphores).ok()?);
    parse_sem(&file::read("/proc/sys/kernel/sem").ok()?, used)
}

/// `SEMMSL SEMMNS SEMOPM SEMMNI`; `used` are sets and semaphores.
pub fn parse_sem(text: &[u8], used: (u64, u64)) -> Option<SemLimits> {
    let mut numbers = super::text::Numbers::new(text.trim_ascii());
    let (in_set, in_all) = (numbers.unsigned()?, numbers.unsigned()?);
    numbers.field()?;
    Some(SemLimits { in_set, in_all, sets: numbers.unsigned()?, used: used.0, used_in_all: used.1 })
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

/// How full a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Bytes in use.
    pub used: u64,
    /// Bytes that it takes; `None` where it has no limit.
    pub size: Option<u64>,
}

/// How full /dev/shm is. Errors: as `statvfs(3)`.
pub fn dev_shm() -> Result<Fill> {
    let of = stat_dev_shm()?;
    if of.blocks() > 0 {
        let bytes = |blocks: u64| blocks.saturating_mul(of.fragment_size());
        return Ok(Fill { used: bytes(of.blocks().saturating_sub(of.blocks_free())), size: Some(bytes(of.blocks())) });
    }
    // Without a limit a tmpfs does not count at all (`shmem_statfs`); its files do.
    let used = posix_shm::read_files()?.iter().map(|file| file.stat.allocated).sum();
    Ok(Fill { used, size: None })
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
    use proptest::prelude::*;

    #[test]
    fn kernel_sem() {
        let limits = parse_sem(b"32000\t1024000000\t500\t32000\n", (3, 9));
        let expected = SemLimits { in_set: 32000, in_all: 1_024_000_000, sets: 32000, used: 3, used_in_all: 9 };
        assert_eq!(limits, Some(expected));
        assert_eq!(parse_sem(b"32000\t1024000000\t500\n", (3, 9)), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_sem(&text, (0, 0));
        }
    }
}
