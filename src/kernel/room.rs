//! The limits that making an object can meet: sysctls (`man 5 proc_sys_kernel`, `proc_sys_fs`), `RLIMIT_MSGQUEUE`, free
//! space. Read when something failed, to say which; `None` where the kernel does not show it.

use super::{Error, Result, file, posix_shm, sysvipc};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// Most bytes of a System V queue without `CAP_SYS_RESOURCE` (`kernel.msgmnb`).
pub fn msgmnb() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmnb").ok()
}

/// Most System V queues (`kernel.msgmni`).
pub fn msgmni() -> Option<u64> {
    file::read_number("/proc/sys/kernel/msgmni").ok()
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
}

/// Reads them.
pub fn shm() -> Option<ShmLimits> {
    let number = |name: &str| file::read_number(&format!("/proc/sys/kernel/{name}")).ok();
    let mut used = 0;
    sysvipc::read_shm(&mut |_| used += 1).ok()?;
    Some(ShmLimits { largest: number("shmmax")?, segments: number("shmmni")?, pages: number("shmall")?, used })
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
}

/// Reads them.
pub fn sem() -> Option<SemLimits> {
    let mut used = 0;
    sysvipc::read_sem(&mut |_| used += 1).ok()?;
    parse_sem(&file::read("/proc/sys/kernel/sem").ok()?, used)
}

/// `SEMMSL SEMMNS SEMOPM SEMMNI`.
pub fn parse_sem(text: &[u8], used: u64) -> Option<SemLimits> {
    let mut numbers = super::text::Numbers::new(text.trim_ascii());
    let (in_set, in_all) = (numbers.unsigned()?, numbers.unsigned()?);
    numbers.field()?;
    Some(SemLimits { in_set, in_all, sets: numbers.unsigned()?, used })
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
    rlimit(libc::RLIMIT_MSGQUEUE)
}

/// Bytes that a user without `CAP_IPC_LOCK` may lock in memory (`RLIMIT_MEMLOCK`).
pub fn rlimit_memlock() -> Option<u64> {
    rlimit(libc::RLIMIT_MEMLOCK)
}

fn rlimit(which: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limit = MaybeUninit::<libc::rlimit>::zeroed();
    // SAFETY: `limit` is a valid, writable rlimit for the whole call.
    let result = unsafe { libc::getrlimit(which, limit.as_mut_ptr()) };
    Errno::result(result).ok()?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    Some(unsafe { limit.assume_init() }.rlim_cur)
}

/// Free bytes of /dev/shm; `None` where it has no limit. Errors: as `statvfs(3)`.
pub fn free_in_dev_shm() -> Result<Option<u64>> {
    let of = nix::sys::statvfs::statvfs(posix_shm::DIRECTORY)
        .map_err(|errno| Error::from_errno(posix_shm::DIRECTORY, errno))?;
    // A tmpfs mounted without a limit says 0 blocks.
    Ok((of.blocks() > 0).then(|| of.blocks_available().saturating_mul(of.fragment_size())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kernel_sem() {
        let limits = parse_sem(b"32000\t1024000000\t500\t32000\n", 3);
        assert_eq!(limits, Some(SemLimits { in_set: 32000, in_all: 1_024_000_000, sets: 32000, used: 3 }));
        assert_eq!(parse_sem(b"32000\t1024000000\t500\n", 3), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_sem(&text, 0);
        }
    }
}
