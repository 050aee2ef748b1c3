//! POSIX objects as the C library makes them.

use nix::errno::Errno;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open};
use nix::sys::stat::Mode;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};

/// The library's `ftok`.
pub fn ftok(path: &CStr, id: i32) -> i32 {
    // SAFETY: a NUL-terminated path and a number.
    Errno::result(unsafe { libc::ftok(path.as_ptr(), id) }).unwrap()
}

/// A new segment of a size, open.
pub fn segment(name: &CStr, size: u64, mode: u32) -> File {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    // SAFETY: a NUL-terminated name and numbers.
    let fd = Errno::result(unsafe { libc::shm_open(name.as_ptr(), flags, mode) }).unwrap();
    // SAFETY: the call just returned this descriptor; nothing else owns it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(size).unwrap();
    file
}

pub fn unlink_segment(name: &CStr) {
    // SAFETY: a NUL-terminated name.
    Errno::result(unsafe { libc::shm_unlink(name.as_ptr()) }).unwrap();
}

/// A file in this process's memory.
pub struct Mapping(*mut libc::c_void, usize);

/// Maps the first page of a file, shared.
pub fn map(file: &impl AsFd) -> Mapping {
    let (size, access) = (4096, libc::PROT_READ | libc::PROT_WRITE);
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: the kernel chooses a free place in memory; the descriptor is open.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), size, access, libc::MAP_SHARED, fd, 0) };
    assert_ne!(address, libc::MAP_FAILED, "mmap: {}", Errno::last());
    Mapping(address, size)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: as `mmap` returned it, unmapped once.
        unsafe { libc::munmap(self.0, self.1) };
    }
}

/// A named semaphore, open until dropped.
pub struct NamedSemaphore(*mut libc::sem_t);

/// Makes a named semaphore.
pub fn semaphore(name: &CStr, mode: u32, value: u32) -> NamedSemaphore {
    // SAFETY: a NUL-terminated name, then mode and value as `O_CREAT` asks for.
    let opened = unsafe { libc::sem_open(name.as_ptr(), libc::O_CREAT | libc::O_EXCL, mode, value) };
    assert_ne!(opened, libc::SEM_FAILED, "sem_open: {}", Errno::last());
    NamedSemaphore(opened)
}

/// Opens one that is there.
pub fn open_semaphore(name: &CStr) -> NamedSemaphore {
    // SAFETY: a NUL-terminated name; without `O_CREAT` nothing more is read.
    let opened = unsafe { libc::sem_open(name.as_ptr(), 0) };
    assert_ne!(opened, libc::SEM_FAILED, "sem_open: {}", Errno::last());
    NamedSemaphore(opened)
}

impl NamedSemaphore {
    /// Takes one; waits while there is none.
    pub fn wait(&self) {
        // SAFETY: open as long as `self` lives.
        Errno::result(unsafe { libc::sem_wait(self.0) }).unwrap();
    }
}

impl Drop for NamedSemaphore {
    fn drop(&mut self) {
        // SAFETY: as `sem_open` returned it, closed once.
        unsafe { libc::sem_close(self.0) };
    }
}

/// A new queue, open for both.
pub fn queue(name: &CStr, messages: i64, size: i64) -> MqdT {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let mode = Mode::from_bits_truncate(0o640);
    mq_open(name, flags, mode, Some(&MqAttr::new(0, messages, size, 0))).unwrap()
}

/// Opens one that is there, one way or both ways.
pub fn open_queue(name: &CStr, way: MQ_OFlag) -> MqdT {
    mq_open(name, way, Mode::empty(), None).unwrap()
}

/// Asks for a signal when a message comes.
pub fn notify_by_signal(queue: &MqdT, signal: i32) {
    // SAFETY: integers and a pointer; all zero is a valid one.
    let mut event = unsafe { std::mem::zeroed::<libc::sigevent>() };
    (event.sigev_notify, event.sigev_signo) = (libc::SIGEV_SIGNAL, signal);
    // SAFETY: the descriptor is open, the event valid and only read.
    let result = unsafe { libc::syscall(libc::SYS_mq_notify, queue.as_raw_fd(), &raw const event) };
    Errno::result(result).unwrap();
}

/// A queue's descriptor, which on Linux is one like any other.
pub fn queue_fd(queue: &MqdT) -> std::os::fd::BorrowedFd<'_> {
    // SAFETY: open as long as the queue is borrowed.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(queue.as_raw_fd()) }
}
