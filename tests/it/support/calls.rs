//! A sleep in each of the calls that `ipcx why` knows, made with the call itself: the C library has other ways to some.

use libc::{c_int, c_long};
use nix::errno::Errno;
use nix::unistd::pipe;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

/// What the sleeper has made for itself.
struct Own {
    /// An empty pipe.
    empty: (OwnedFd, OwnedFd),
    /// A full one.
    full: (OwnedFd, OwnedFd),
    /// Two stream sockets that are connected; the second one cannot take any more.
    sockets: [RawFd; 2],
    byte: [u8; 8],
}

impl Own {
    fn new() -> Self {
        let (empty, full) = (pipe().unwrap(), pipe().unwrap());
        let mut sockets = [0; 2];
        // SAFETY: room for two descriptors.
        Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, sockets.as_mut_ptr()) }).unwrap();
        for fd in [full.1.as_raw_fd(), sockets[1]] {
            fill(fd);
        }
        Self { empty, full, sockets, byte: [0; 8] }
    }
}

fn fill(fd: RawFd) {
    let page = [0u8; 4096];
    // SAFETY: a page that is only read; the flags are those of a descriptor of this process's own.
    unsafe {
        libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK);
        while libc::write(fd, page.as_ptr().cast(), page.len()) > 0 {}
        while libc::write(fd, page.as_ptr().cast(), 1) > 0 {}
        libc::fcntl(fd, libc::F_SETFL, 0);
    }
}

/// Does a call with numbers, and addresses as numbers.
///
/// # Safety
/// As the call asks of its arguments.
unsafe fn call(number: c_long, arguments: [usize; 6]) {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    // SAFETY: by whoever calls this.
    let done = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    assert!(done >= 0, "{}", Errno::last());
}

fn address<T>(of: &T) -> usize {
    ptr::from_ref(of) as usize
}

/// Sleeps in a call, with a time limit of an hour or with none. Returns only when the sleep ends.
pub fn sleep_in(number: c_long, limited: bool) {
    let own = Own::new();
    let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
    // Some count from when the machine was started.
    let far = libc::timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 };
    let (limit, end) = if limited { (address(&hour), address(&far)) } else { (0, 0) };
    let (reader, writer) = (own.empty.0.as_raw_fd() as usize, own.full.1.as_raw_fd() as usize);
    let byte = address(&own.byte);
    let part = libc::iovec { iov_base: byte as *mut _, iov_len: 1 };
    // SAFETY: integers and null pointers, of which all zeros are valid.
    let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
    (message.msg_hdr.msg_iov, message.msg_hdr.msg_iovlen) = (ptr::from_ref(&part).cast_mut(), 1);
    let header = address(&message);
    let watched = libc::pollfd { fd: reader as c_int, events: libc::POLLIN, revents: 0 };
    let mut bits = [0u64; 16];
    bits[reader / 64] |= 1 << (reader % 64);
    // What the second one has sent nobody has read; nothing was sent to it.
    let socket = own.sockets[1] as usize;
    let word = [0u32; 2];
    // `struct futex_waitv`: value, address, flags (32 bits, private), nothing.
    let waited = [0, address(&word), 2 | 128];
    let none = usize::MAX;
    let arguments = match number {
        libc::SYS_read => [reader, byte, 1, 0, 0, 0],
        libc::SYS_readv => [reader, address(&part), 1, 0, 0, 0],
        libc::SYS_preadv2 => [reader, address(&part), 1, none, none, 0],
        libc::SYS_write => [writer, byte, 1, 0, 0, 0],
        libc::SYS_writev | libc::SYS_vmsplice => [writer, address(&part), 1, 0, 0, 0],
        libc::SYS_pwritev2 => [writer, address(&part), 1, none, none, 0],
        libc::SYS_splice => [reader, 0, writer, 0, 1, 0],
        libc::SYS_tee => [reader, writer, 1, 0, 0, 0],
        libc::SYS_ppoll => [address(&watched), 1, limit, 0, 8, 0],
        libc::SYS_pselect6 => [reader + 1, address(&bits), 0, 0, limit, 0],
        libc::SYS_recvfrom | libc::SYS_sendto => [socket, byte, 1, 0, 0, 0],
        libc::SYS_recvmsg | libc::SYS_sendmsg => [socket, header, 0, 0, 0, 0],
        libc::SYS_recvmmsg | libc::SYS_sendmmsg => [socket, header, 1, 0, 0, 0],
        libc::SYS_futex => [address(&word), libc::FUTEX_WAIT as usize | 128, 0, limit, 0, 0],
        libc::SYS_futex_waitv => [address(&waited), 1, 0, end, libc::CLOCK_MONOTONIC as usize, 0],
        libc::SYS_rt_sigtimedwait => [address(&bits), 0, limit, 8, 0, 0],
        libc::SYS_rt_sigsuspend => [address(&[0u64; 1]), 8, 0, 0, 0, 0],
        libc::SYS_nanosleep => [address(&hour), 0, 0, 0, 0, 0],
        libc::SYS_clock_nanosleep => [0, 0, address(&hour), 0, 0, 0],
        _ => panic!("no arguments for call {number}"),
    };
    // SAFETY: all that the arguments point at is above, and lives until the call returns.
    unsafe { call(number, arguments) };
}

/// Sleeps in reading from something that is neither pipe, socket nor file.
pub fn read_from(what: &str) {
    let mut byte = [0u8; 128];
    let signals = 1u64 << (libc::SIGUSR2 - 1);
    // SAFETY: numbers, a set of eight bytes, NUL-terminated names, and room for what is read.
    unsafe {
        let fd = match what {
            "inotify" => libc::inotify_init1(0),
            "signalfd" => libc::syscall(libc::SYS_signalfd4, -1, address(&signals), 8, 0) as c_int,
            "netlink" => libc::socket(libc::AF_NETLINK, libc::SOCK_RAW, 0),
            "terminal" => {
                let fd = libc::open(c"/dev/ptmx".as_ptr(), libc::O_RDWR | libc::O_NOCTTY);
                libc::unlockpt(fd);
                let name = libc::ptsname(fd);
                libc::open(name, libc::O_RDWR | libc::O_NOCTTY)
            }
            _ => panic!("nothing called {what}"),
        };
        assert!(fd >= 0, "{what}: {}", Errno::last());
        libc::read(fd, byte.as_mut_ptr().cast(), byte.len());
    }
}
