//! `IPC_INFO`, `MSG_INFO`, `SHM_INFO`, `SEM_INFO` (`man 2 msgctl`, `shmctl`, `semctl`): the limits of System V objects and
//! what is in use of them, for the calling thread's IPC namespace. No call here needs a privilege.
//!
//! Limits come from `/proc/sys/kernel` (`man 5 proc_sys_kernel`); the calls answer where that is not there.

use super::text::Numbers;
use super::{Error, Result, file};
use nix::errno::Errno;
use std::mem::MaybeUninit;

/// What is in use (`linux/msg.h`, `shm.h`, `sem.h`); `IPC_INFO` tells the limits.
const MSG_INFO: libc::c_int = 12;
const SHM_INFO: libc::c_int = 14;
const SEM_INFO: libc::c_int = 19;
const IPC_INFO: libc::c_int = 3;

/// The largest value of a semaphore (`SEMVMX`, `linux/sem.h`), which cannot be changed.
pub const SEMVMX: u64 = 32767;

/// The smallest size of a segment, bytes (`SHMMIN`, `linux/shm.h`), likewise.
pub const SHMMIN: u64 = 1;

/// Queues in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgUsed {
    /// Queues (`msgpool`).
    pub queues: i32,
    /// Messages in all of them (`msgmap`).
    pub messages: i32,
    /// Bytes of those messages (`msgtql`).
    pub bytes: i32,
    /// The highest index in use, 0 when there is none.
    pub highest: i32,
}

/// Limits of queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgLimits {
    /// Most queues (`kernel.msgmni`).
    pub queues: u64,
    /// Largest message, bytes (`kernel.msgmax`).
    pub message_bytes: u64,
    /// Most bytes of a new queue (`kernel.msgmnb`).
    pub queue_bytes: u64,
}

/// Segments in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShmUsed {
    /// Segments.
    pub segments: i32,
    /// Pages of all of them, in memory or not.
    pub pages: u64,
    /// Pages in memory.
    pub resident: u64,
    /// Pages in swap.
    pub swapped: u64,
    /// Always 0 since Linux 2.4.
    pub swap_attempts: u64,
    /// Likewise.
    pub swap_successes: u64,
    /// The highest index in use, 0 when there is none.
    pub highest: i32,
}

/// Limits of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShmLimits {
    /// Most segments (`kernel.shmmni`).
    pub segments: u64,
    /// Largest segment, bytes (`kernel.shmmax`).
    pub largest: u64,
    /// All segments together, pages (`kernel.shmall`).
    pub pages: u64,
}

/// Sets in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemUsed {
    /// Sets (`semusz`).
    pub sets: i32,
    /// Semaphores of all of them (`semaem`).
    pub semaphores: i32,
    /// The highest index in use, 0 when there is none.
    pub highest: i32,
}

/// Limits of semaphore sets, the four numbers of `kernel.sem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemLimits {
    /// Most semaphores in a set (`SEMMSL`).
    pub in_set: u64,
    /// Most semaphores in all (`SEMMNS`).
    pub in_all: u64,
    /// Most operations of one `semop` (`SEMOPM`).
    pub operations: u64,
    /// Most sets (`SEMMNI`).
    pub sets: u64,
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

/// `struct shminfo` (`linux/shm.h`), likewise.
#[repr(C)]
struct ShmInfoLimits {
    max: libc::c_ulong,
    min: libc::c_ulong,
    mni: libc::c_ulong,
    seg: libc::c_ulong,
    all: libc::c_ulong,
    unused: [libc::c_ulong; 4],
}

/// `struct seminfo` (`linux/sem.h`), which libc has for one C library only.
#[repr(C)]
struct SemInfo {
    map: libc::c_int,
    mni: libc::c_int,
    mns: libc::c_int,
    mnu: libc::c_int,
    msl: libc::c_int,
    opm: libc::c_int,
    ume: libc::c_int,
    /// For `SEM_INFO`, the number of sets.
    usz: libc::c_int,
    vmx: libc::c_int,
    /// For `SEM_INFO`, the number of semaphores.
    aem: libc::c_int,
}

/// Reads what queues use. Errors: [`Error::Unsupported`] on a kernel without System V IPC, as for all calls here.
pub fn msg_used() -> Result<MsgUsed> {
    let (highest, info) = msg_info(MSG_INFO)?;
    Ok(MsgUsed { queues: info.msgpool, messages: info.msgmap, bytes: info.msgtql, highest })
}

/// Reads the limits of queues.
pub fn msg_limits() -> Result<MsgLimits> {
    let of_files = || {
        Some(MsgLimits { queues: sysctl("msgmni")?, message_bytes: sysctl("msgmax")?, queue_bytes: sysctl("msgmnb")? })
    };
    if let Some(limits) = of_files() {
        return Ok(limits);
    }
    let (_, info) = msg_info(IPC_INFO)?;
    Ok(MsgLimits {
        queues: not_negative(info.msgmni),
        message_bytes: not_negative(info.msgmax),
        queue_bytes: not_negative(info.msgmnb),
    })
}

/// Reads what segments use.
pub fn shm_used() -> Result<ShmUsed> {
    let mut info = MaybeUninit::<ShmInfo>::zeroed();
    // SAFETY: SHM_INFO fills a struct shm_info, which is what is passed; the prototype wants a shmid_ds.
    let highest = answer(unsafe { libc::shmctl(0, SHM_INFO, info.as_mut_ptr().cast()) })?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let info = unsafe { info.assume_init() };
    Ok(ShmUsed {
        segments: info.used_ids,
        pages: info.total,
        resident: info.resident,
        swapped: info.swapped,
        swap_attempts: info.swap_attempts,
        swap_successes: info.swap_successes,
        highest,
    })
}

/// Reads the limits of segments.
pub fn shm_limits() -> Result<ShmLimits> {
    let of_files =
        || Some(ShmLimits { segments: sysctl("shmmni")?, largest: sysctl("shmmax")?, pages: sysctl("shmall")? });
    if let Some(limits) = of_files() {
        return Ok(limits);
    }
    let mut info = MaybeUninit::<ShmInfoLimits>::zeroed();
    // SAFETY: IPC_INFO fills a struct shminfo, which is what is passed; the prototype wants a shmid_ds.
    answer(unsafe { libc::shmctl(0, IPC_INFO, info.as_mut_ptr().cast()) })?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    let info = unsafe { info.assume_init() };
    Ok(ShmLimits { segments: info.mni, largest: info.max, pages: info.all })
}

/// Reads what semaphore sets use.
pub fn sem_used() -> Result<SemUsed> {
    let (highest, info) = sem_info(SEM_INFO)?;
    Ok(SemUsed { sets: info.usz, semaphores: info.aem, highest })
}

/// Reads the limits of semaphore sets.
pub fn sem_limits() -> Result<SemLimits> {
    if let Some(limits) = file::read("/proc/sys/kernel/sem").ok().and_then(|text| parse_sem(&text)) {
        return Ok(limits);
    }
    let (_, info) = sem_info(IPC_INFO)?;
    Ok(SemLimits {
        in_set: not_negative(info.msl),
        in_all: not_negative(info.mns),
        operations: not_negative(info.opm),
        sets: not_negative(info.mni),
    })
}

/// `SEMMSL SEMMNS SEMOPM SEMMNI`.
pub fn parse_sem(text: &[u8]) -> Option<SemLimits> {
    let mut numbers = Numbers::new(text.trim_ascii());
    Some(SemLimits {
        in_set: numbers.unsigned()?,
        in_all: numbers.unsigned()?,
        operations: numbers.unsigned()?,
        sets: numbers.unsigned()?,
    })
}

fn msg_info(command: libc::c_int) -> Result<(i32, libc::msginfo)> {
    let mut info = MaybeUninit::<libc::msginfo>::zeroed();
    // SAFETY: MSG_INFO and IPC_INFO fill a struct msginfo, which is what is passed; the prototype wants a msqid_ds.
    let highest = answer(unsafe { libc::msgctl(0, command, info.as_mut_ptr().cast()) })?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    Ok((highest, unsafe { info.assume_init() }))
}

fn sem_info(command: libc::c_int) -> Result<(i32, SemInfo)> {
    let mut info = MaybeUninit::<SemInfo>::zeroed();
    // SAFETY: SEM_INFO and IPC_INFO fill the struct seminfo that their only argument points to.
    let highest = answer(unsafe { libc::semctl(0, 0, command, info.as_mut_ptr()) })?;
    // SAFETY: plain integers, zeroed above and filled by the successful call.
    Ok((highest, unsafe { info.assume_init() }))
}

fn answer(result: libc::c_int) -> Result<i32> {
    Errno::result(result).map_err(|errno| Error::from_errno("System V IPC", errno))
}

fn sysctl(name: &str) -> Option<u64> {
    file::read_number(&format!("/proc/sys/kernel/{name}")).ok()
}

/// The kernel's limits are signed and not negative.
fn not_negative(limit: libc::c_int) -> u64 {
    u64::try_from(limit).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kernel_sem() {
        let limits = parse_sem(b"32000\t1024000000\t500\t32001\n");
        let expected = SemLimits { in_set: 32000, in_all: 1_024_000_000, operations: 500, sets: 32001 };
        assert_eq!(limits, Some(expected));
        assert_eq!(parse_sem(b"32000\t1024000000\t500\n"), None);
    }

    #[test]
    fn the_calls_tell_the_limits_that_the_files_tell() {
        let (_, info) = msg_info(IPC_INFO).unwrap();
        let limits = msg_limits().unwrap();
        assert_eq!(limits.queues, not_negative(info.msgmni));
        assert_eq!((limits.message_bytes, limits.queue_bytes), (not_negative(info.msgmax), not_negative(info.msgmnb)));
        let (_, info) = sem_info(IPC_INFO).unwrap();
        assert_eq!(u64::try_from(info.vmx), Ok(SEMVMX));
        assert_eq!(sem_limits().unwrap().operations, not_negative(info.opm));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_sem(&text);
        }
    }
}
