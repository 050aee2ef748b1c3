//! System V calls, for the calling thread's IPC namespace. Every failure fails the test.

use nix::errno::Errno;
use std::mem::MaybeUninit;

fn check(result: libc::c_int) -> libc::c_int {
    Errno::result(result).unwrap()
}

/// A new queue.
pub fn queue(key: i32, mode: i32) -> i32 {
    // SAFETY: numbers only.
    check(unsafe { libc::msgget(key, libc::IPC_CREAT | libc::IPC_EXCL | mode) })
}

/// `struct msgbuf` with room for the tests' messages.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    text: [u8; 8192],
}

/// Sends; waits while the queue is full.
pub fn send(queue: i32, kind: i64, text: &[u8]) {
    let mut message = Message { kind, text: [0; 8192] };
    message.text[..text.len()].copy_from_slice(text);
    // SAFETY: the message has its type in front and at least `text.len()` bytes behind it.
    check(unsafe { libc::msgsnd(queue, (&raw const message).cast(), text.len(), 0) });
}

/// Receives the first message of a type, 0 for any; waits while there is none.
pub fn receive(queue: i32, kind: i64) -> usize {
    let mut message = Message { kind: 0, text: [0; 8192] };
    // SAFETY: the buffer has room for the type and for as many bytes as are said.
    let size = unsafe { libc::msgrcv(queue, (&raw mut message).cast(), 8192, kind, 0) };
    Errno::result(size).unwrap().unsigned_abs()
}

/// Takes the first message out, with its type; `None` when there is none.
pub fn take(queue: i32) -> Option<(i64, Vec<u8>)> {
    let mut message = Message { kind: 0, text: [0; 8192] };
    // SAFETY: the buffer has room for the type and for as many bytes as are said.
    let size = unsafe { libc::msgrcv(queue, (&raw mut message).cast(), 8192, 0, libc::IPC_NOWAIT) };
    match Errno::result(size) {
        Err(Errno::ENOMSG) => None,
        size => Some((message.kind, message.text[..size.unwrap().unsigned_abs()].to_vec())),
    }
}

/// Removes a queue.
pub fn remove_queue(queue: i32) {
    // SAFETY: `IPC_RMID` ignores the buffer.
    check(unsafe { libc::msgctl(queue, libc::IPC_RMID, std::ptr::null_mut()) });
}

/// Changes what `IPC_SET` may change.
pub fn set_queue(queue: i32, change: impl FnOnce(&mut libc::msqid_ds)) {
    let mut ds = MaybeUninit::zeroed();
    // SAFETY: a valid, writable msqid_ds.
    check(unsafe { libc::msgctl(queue, libc::IPC_STAT, ds.as_mut_ptr()) });
    // SAFETY: plain integers, filled by the successful call.
    let mut ds = unsafe { ds.assume_init() };
    change(&mut ds);
    // SAFETY: a valid msqid_ds.
    check(unsafe { libc::msgctl(queue, libc::IPC_SET, &raw mut ds) });
}

/// All that the kernel records about a queue (`IPC_STAT`), as bytes to compare.
pub fn queue_record(queue: i32) -> Vec<u8> {
    let mut ds = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: a valid, writable msqid_ds.
    check(unsafe { libc::msgctl(queue, libc::IPC_STAT, ds.as_mut_ptr()) });
    // SAFETY: integers, zeroed before; as many bytes as the struct has.
    unsafe { std::slice::from_raw_parts(ds.as_ptr().cast::<u8>(), size_of::<libc::msqid_ds>()) }.to_vec()
}

/// The same of a segment.
pub fn segment_record(segment: i32) -> Vec<u8> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: a valid, writable shmid_ds.
    check(unsafe { libc::shmctl(segment, libc::IPC_STAT, ds.as_mut_ptr()) });
    // SAFETY: integers, zeroed before; as many bytes as the struct has.
    unsafe { std::slice::from_raw_parts(ds.as_ptr().cast::<u8>(), size_of::<libc::shmid_ds>()) }.to_vec()
}

/// A new segment; `flags` are its mode and `SHM_*`.
pub fn segment(key: i32, size: usize, flags: i32) -> i32 {
    // SAFETY: numbers only.
    check(unsafe { libc::shmget(key, size, libc::IPC_CREAT | libc::IPC_EXCL | flags) })
}

/// A segment in this process's memory, until dropped.
pub struct Attachment(*mut libc::c_void);

/// Attaches a segment.
pub fn attach(segment: i32) -> Attachment {
    // SAFETY: the kernel chooses a free place in memory.
    let address = unsafe { libc::shmat(segment, std::ptr::null(), 0) };
    assert_ne!(address.addr(), usize::MAX, "shmat: {}", Errno::last());
    Attachment(address)
}

impl Attachment {
    /// Sleeps on its first word while that is 0, as a mutex in it would.
    pub fn sleep_on(&self) {
        let none: *const libc::timespec = std::ptr::null();
        // SAFETY: a word of a segment that is attached as long as `self` lives, and no time limit.
        Errno::result(unsafe { libc::syscall(libc::SYS_futex, self.0, libc::FUTEX_WAIT, 0, none) }).unwrap();
    }

    /// Writes one byte, so that its page is really there. `at` must lie in the segment.
    pub fn touch(&self, at: usize) {
        // SAFETY: within the segment, which is attached for writing as long as `self` lives.
        unsafe { self.0.cast::<u8>().add(at).write_volatile(1) };
    }

    /// Writes ever other numbers to the first bytes.
    pub fn count_for_ever(&self) -> ! {
        let mut number = 0u64;
        loop {
            number = number.wrapping_add(1);
            // SAFETY: a segment begins on a page and has at least one.
            unsafe { self.0.cast::<u64>().write_volatile(number) };
        }
    }
}

impl Attachment {
    /// Writes bytes, which must lie in the segment.
    pub fn write(&self, at: usize, bytes: &[u8]) {
        // SAFETY: within the segment, which is attached for writing as long as `self` lives.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.cast::<u8>().add(at), bytes.len()) };
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // SAFETY: an address that `shmat` returned, detached once.
        unsafe { libc::shmdt(self.0) };
    }
}

/// `shmctl` with a command that takes no buffer: `IPC_RMID`, `SHM_LOCK`.
pub fn control_segment(segment: i32, command: i32) {
    // SAFETY: the commands named above ignore the buffer.
    check(unsafe { libc::shmctl(segment, command, std::ptr::null_mut()) });
}

/// Changes what `IPC_SET` may change.
pub fn set_segment(segment: i32, change: impl FnOnce(&mut libc::shmid_ds)) {
    let mut ds = MaybeUninit::zeroed();
    // SAFETY: a valid, writable shmid_ds.
    check(unsafe { libc::shmctl(segment, libc::IPC_STAT, ds.as_mut_ptr()) });
    // SAFETY: plain integers, filled by the successful call.
    let mut ds = unsafe { ds.assume_init() };
    change(&mut ds);
    // SAFETY: a valid shmid_ds.
    check(unsafe { libc::shmctl(segment, libc::IPC_SET, &raw mut ds) });
}

/// A new set of `count` semaphores.
pub fn semaphores(key: i32, count: i32, mode: i32) -> i32 {
    // SAFETY: numbers only.
    check(unsafe { libc::semget(key, count, libc::IPC_CREAT | libc::IPC_EXCL | mode) })
}

/// Sets every value of a set that has as many semaphores as there are values.
pub fn set_values(set: i32, values: &[u16]) {
    const SETALL: libc::c_int = 17;
    // SAFETY: the array is as long as the set, and only read.
    check(unsafe { libc::semctl(set, 0, SETALL, values.as_ptr()) });
}

/// Changes what `IPC_SET` may change.
pub fn set_semaphores(set: i32, change: impl FnOnce(&mut libc::semid_ds)) {
    let mut ds = MaybeUninit::zeroed();
    // SAFETY: a valid, writable semid_ds.
    check(unsafe { libc::semctl(set, 0, libc::IPC_STAT, ds.as_mut_ptr()) });
    // SAFETY: plain integers, filled by the successful call.
    let mut ds = unsafe { ds.assume_init() };
    change(&mut ds);
    // SAFETY: a valid semid_ds.
    check(unsafe { libc::semctl(set, 0, libc::IPC_SET, &raw mut ds) });
}

/// One operation on one semaphore; waits until it can be done.
pub fn operate(set: i32, semaphore: u16, by: i16) {
    let mut operation = libc::sembuf { sem_num: semaphore, sem_op: by, sem_flg: 0 };
    // SAFETY: an array of one sembuf.
    check(unsafe { libc::semop(set, &raw mut operation, 1) });
}

/// The calls that `operate` may sleep in: the C library uses either.
pub const OPERATE: [libc::c_long; 2] = [libc::SYS_semop, libc::SYS_semtimedop];
