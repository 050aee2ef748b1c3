//! Calls that a limit may refuse: each returns what the kernel answered.

use nix::Result;
use nix::errno::Errno;
use std::ffi::CStr;

const NEW: libc::c_int = libc::IPC_CREAT | 0o600;

/// A queue without a key.
pub fn queue() -> Result<i32> {
    // SAFETY: numbers.
    Errno::result(unsafe { libc::msgget(libc::IPC_PRIVATE, NEW) })
}

/// A message of so many bytes, up to 1,000, without waiting.
pub fn send(queue: i32, length: usize) -> Result<i32> {
    let message = [1_i64; 128];
    assert!(length <= 1_000);
    // SAFETY: the type and `length` bytes are within the array.
    Errno::result(unsafe { libc::msgsnd(queue, message.as_ptr().cast(), length, libc::IPC_NOWAIT) })
}

/// A segment without a key.
pub fn segment(size: usize) -> Result<i32> {
    // SAFETY: numbers.
    Errno::result(unsafe { libc::shmget(libc::IPC_PRIVATE, size, NEW) })
}

/// A set without a key.
pub fn semaphores(count: i32) -> Result<i32> {
    // SAFETY: numbers.
    Errno::result(unsafe { libc::semget(libc::IPC_PRIVATE, count, NEW) })
}

/// Operations on the first semaphore of a set, without waiting.
pub fn operate(set: i32, by: &[i16]) -> Result<i32> {
    let flags = libc::IPC_NOWAIT as libc::c_short;
    let mut steps: Vec<_> = by.iter().map(|by| libc::sembuf { sem_num: 0, sem_op: *by, sem_flg: flags }).collect();
    // SAFETY: as many steps as are said.
    Errno::result(unsafe { libc::semop(set, steps.as_mut_ptr(), steps.len()) })
}

/// A POSIX segment, left open.
pub fn shm_open(name: &CStr) -> Result<i32> {
    // SAFETY: a NUL-terminated name and numbers.
    Errno::result(unsafe { libc::shm_open(name.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600) })
}
