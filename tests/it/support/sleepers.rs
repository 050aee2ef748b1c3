//! Locks, futexes and other things to sleep in that neither nix nor the standard library has, as the C library makes them.

use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// Memory shared with children made later, for one mutex.
pub struct Mutex(*mut libc::pthread_mutex_t);

impl Mutex {
    /// A mutex in a page of its own: of one process, or shared; and with priority inheritance or not.
    pub fn new(shared: bool, inherits: bool) -> Self {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses a free place in memory; there is no file.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0) };
        assert_ne!(place, libc::MAP_FAILED);
        let mutex = place.cast::<libc::pthread_mutex_t>();
        let mut attributes = std::mem::MaybeUninit::uninit();
        // SAFETY: attributes are made before they are set and read; the page is zeroed, aligned and large enough.
        unsafe {
            assert_eq!(libc::pthread_mutexattr_init(attributes.as_mut_ptr()), 0);
            let scope = if shared { libc::PTHREAD_PROCESS_SHARED } else { libc::PTHREAD_PROCESS_PRIVATE };
            assert_eq!(libc::pthread_mutexattr_setpshared(attributes.as_mut_ptr(), scope), 0);
            let protocol = if inherits { libc::PTHREAD_PRIO_INHERIT } else { libc::PTHREAD_PRIO_NONE };
            assert_eq!(libc::pthread_mutexattr_setprotocol(attributes.as_mut_ptr(), protocol), 0);
            assert_eq!(libc::pthread_mutex_init(mutex, attributes.as_ptr()), 0);
        }
        Self(mutex)
    }

    /// Locks it, and waits until it can.
    pub fn lock(&self) {
        // SAFETY: made by `new`, mapped as long as the process lives.
        assert_eq!(unsafe { libc::pthread_mutex_lock(self.0) }, 0);
    }
}

// SAFETY: a mutex is made to be used by several threads.
unsafe impl Sync for Mutex {}

/// Waits for a lock on a whole file.
pub fn flock(file: &impl AsFd) {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_EX) }).unwrap();
}

/// Waits for an exclusive lock on some bytes of a file; of the process, or of the open file.
pub fn lock_bytes(file: &impl AsFd, start: i64, length: i64, of_open_file: bool) {
    // SAFETY: integers, of which all zeros are valid.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    (lock.l_type, lock.l_start, lock.l_len) = (libc::F_WRLCK as libc::c_short, start, length);
    let command = if of_open_file { libc::F_OFD_SETLKW } else { libc::F_SETLKW };
    // SAFETY: a whole struct flock, which is only read.
    Errno::result(unsafe { libc::fcntl(file.as_fd().as_raw_fd(), command, &raw const lock) }).unwrap();
}

/// A new eventfd at 0.
pub fn eventfd() -> OwnedFd {
    // SAFETY: numbers only; the descriptor that it returns is nobody else's.
    unsafe { OwnedFd::from_raw_fd(Errno::result(libc::eventfd(0, libc::EFD_CLOEXEC)).unwrap()) }
}

/// A new timerfd, which is not set.
pub fn timerfd() -> OwnedFd {
    // SAFETY: numbers only; the descriptor that it returns is nobody else's.
    unsafe {
        OwnedFd::from_raw_fd(Errno::result(libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC)).unwrap())
    }
}

/// Sleeps in `epoll_wait` until one of these can be read from.
pub fn epoll(files: &[&dyn AsFd]) {
    // SAFETY: numbers, and an event that lives until the calls return.
    unsafe {
        let epoll = Errno::result(libc::epoll_create1(libc::EPOLL_CLOEXEC)).unwrap();
        for file in files {
            let fd = file.as_fd().as_raw_fd();
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
            Errno::result(libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event)).unwrap();
        }
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        Errno::result(libc::epoll_wait(epoll, &raw mut event, 1, -1)).unwrap();
    }
}

/// Sleeps in select until it can be read from.
pub fn select(file: &impl AsFd) {
    let mut set = nix::sys::select::FdSet::new();
    set.insert(file.as_fd());
    nix::sys::select::select(None, Some(&mut set), None, None, None).unwrap();
}

/// Several operations on a set at once.
pub fn operate_all(set: i32, operations: &[(u16, i16)]) {
    let mut all: Vec<libc::sembuf> =
        operations.iter().map(|(at, by)| libc::sembuf { sem_num: *at, sem_op: *by, sem_flg: 0 }).collect();
    // SAFETY: as many operations as are said.
    Errno::result(unsafe { libc::semop(set, all.as_mut_ptr(), all.len()) }).unwrap();
}

/// An operation that gives up after an hour.
pub fn operate_for_an_hour(set: i32, semaphore: u16, by: i16) {
    let mut operation = libc::sembuf { sem_num: semaphore, sem_op: by, sem_flg: 0 };
    let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
    // SAFETY: one operation, and a time that is only read.
    let done = unsafe { libc::syscall(libc::SYS_semtimedop, set, &raw mut operation, 1, &raw const hour) };
    Errno::result(done).unwrap();
}

/// Enters IPC and network namespaces of its own.
pub fn go_elsewhere() {
    use nix::sched::CloneFlags;
    nix::sched::unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNET).unwrap();
}

/// A 32-bit program of 11 bytes that sleeps in pause: an ELF head, a program header, `mov $29,%eax; int $0x80; jmp`.
pub fn program_of_32_bits() -> Vec<u8> {
    let mut program = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |program: &mut Vec<u8>, all: &[u16]| all.iter().for_each(|n| program.extend(n.to_le_bytes()));
    let word = |program: &mut Vec<u8>, all: &[u32]| all.iter().for_each(|n| program.extend(n.to_le_bytes()));
    let base = 0x0804_8000;
    half(&mut program, &[2, 3]);
    word(&mut program, &[1, base + 84, 52, 0, 0]);
    half(&mut program, &[52, 32, 1, 0, 0, 0]);
    word(&mut program, &[1, 0, base, base, 93, 93, 5, 0x1000]);
    program.extend([0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7]);
    program
}

/// A futex in memory that children made later share.
pub struct Word(*mut u32);

impl Word {
    /// At 0.
    pub fn new() -> Self {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses a free place in memory; there is no file.
        let place = unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0) };
        assert_ne!(place, libc::MAP_FAILED);
        Self(place.cast())
    }

    pub fn set(&self, value: u32) {
        // SAFETY: mapped by `new` as long as the process lives.
        unsafe { self.0.write_volatile(value) };
    }

    /// Sleeps in an operation of `futex`; the second word is that of the lock that some operations go on to.
    pub fn wait(&self, operation: i32, value: u32) {
        let none = std::ptr::null::<libc::timespec>();
        // SAFETY: two words in a page of its own, and no time.
        unsafe { libc::syscall(libc::SYS_futex, self.0, operation, value, none, self.0.add(1), 0) };
    }
}

/// A child process with the memory of this one, which sleeps until a signal.
pub fn process_with_this_memory() -> libc::pid_t {
    extern "C" fn sleep(_: *mut libc::c_void) -> libc::c_int {
        nix::unistd::pause();
        0
    }
    let stack = Vec::leak(vec![0u128; 4096]);
    let top = stack.as_mut_ptr_range().end.cast();
    // SAFETY: a stack of its own that is never freed; it calls nothing that this process's state matters to.
    unsafe { libc::clone(sleep, top, libc::CLONE_VM | libc::SIGCHLD, std::ptr::null_mut()) }
}

/// An `io_uring` of which a time-out was asked that is an hour away; `None` where the kernel refuses.
pub fn busy_io_uring() -> Option<OwnedFd> {
    const TIMEOUT: u8 = 11;
    const SUBMISSIONS: libc::off_t = 0x1000_0000;
    let hour = [3600_i64, 0];
    let mut parameters = [0u32; 30];
    let entries: libc::c_long = 1;
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: `struct io_uring_params` is of 120 bytes; what is mapped is larger than what is written to, at the places that
    // the kernel has told (`man 2 io_uring_setup`); the descriptor is nobody else's.
    unsafe {
        let fd = Errno::result(libc::syscall(libc::SYS_io_uring_setup, entries, parameters.as_mut_ptr())).ok()?;
        let ring = OwnedFd::from_raw_fd(fd as i32);
        let map = |offset| libc::mmap(std::ptr::null_mut(), 4096, access, flags, ring.as_raw_fd(), offset);
        let (queue, requests) = (map(0), map(SUBMISSIONS));
        assert!(queue != libc::MAP_FAILED && requests != libc::MAP_FAILED);
        // `struct io_uring_sqe`: opcode, …, addr at 16, len at 24.
        requests.cast::<u8>().write(TIMEOUT);
        requests.byte_add(16).cast::<u64>().write((&raw const hour) as u64);
        requests.byte_add(24).cast::<u32>().write(1);
        // `struct io_sqring_offsets` from word 10 on: head, tail, ring_mask, ring_entries, flags, dropped, array.
        queue.byte_add(parameters[16] as usize).cast::<u32>().write(0);
        queue.byte_add(parameters[11] as usize).cast::<u32>().write_volatile(1);
        let none = std::ptr::null::<libc::sigset_t>();
        let taken = libc::syscall(libc::SYS_io_uring_enter, ring.as_raw_fd(), 1, 0, 0, none, 0);
        assert_eq!(taken, 1);
        libc::munmap(queue, 4096);
        libc::munmap(requests, 4096);
        Some(ring)
    }
}

/// Ends the calling thread alone, as also the first one may.
pub fn end_this_thread() {
    // SAFETY: a number only; what the thread had stays.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Closes a descriptor in the table of the calling thread, though it is still called open.
pub fn close_here(file: &impl AsFd) {
    // SAFETY: only in a child, which does not use it any more and never returns into the test.
    Errno::result(unsafe { libc::close(file.as_fd().as_raw_fd()) }).unwrap();
}
