//! What a task sleeps in, by the number and the arguments of its call: the table of `man 2 syscalls` as far as calls can
//! sleep, for `x86_64` and `aarch64`.
//!
//! Pure: the line of `/proc/PID/task/TID/syscall` is read and parsed by [`super::syscall`], what an argument points at is read
//! by [`super::pointed`]. The numbers of a 32-bit program mean other calls, and are not looked up here.

use super::syscall::Call;

/// A call that a task sleeps in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sleep {
    /// Name of the call, as its manual page has it.
    pub name: &'static str,
    /// What it waits for.
    pub on: On,
}

/// A time limit, as the call was given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// None: it waits without end.
    None,
    /// It ends by itself.
    Some,
}

impl Limit {
    /// Whether it ends by itself.
    pub const fn is_some(self) -> bool {
        matches!(self, Self::Some)
    }
}

/// What a sleeping call waits for. Addresses are in the task's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Something to read from a descriptor.
    Read(u32),
    /// Room to write to a descriptor.
    Write(u32),
    /// Data from one descriptor or room in the other: `splice`, `tee`, `sendfile`.
    Copy {
        /// Read from.
        from: u32,
        /// Written to.
        to: u32,
    },
    /// Opening a file; a FIFO waits for its other end.
    Open {
        /// Directory that a relative path starts from, or `AT_FDCWD`.
        directory: i32,
        /// Address of the path.
        path: u64,
        /// Flags of `open(2)`; `openat2` has them behind this address.
        flags: Result<u64, u64>,
    },
    /// Room in a System V queue.
    MsgSend {
        /// `msqid`.
        id: i32,
        /// Address of the message, whose type comes first.
        message: u64,
        /// Bytes of text.
        size: u64,
    },
    /// A message of a type in a System V queue.
    MsgReceive {
        /// `msqid`.
        id: i32,
        /// 0 any, positive this one, negative the lowest up to its amount.
        kind: i64,
        /// `MSG_EXCEPT`: any but this type.
        except: bool,
    },
    /// Operations on a semaphore set.
    Semop {
        /// `semid`.
        id: i32,
        /// Address of the array of `struct sembuf`.
        operations: u64,
        /// How many.
        count: u64,
        /// Time limit.
        limit: Limit,
    },
    /// Room in a POSIX queue.
    MqSend(u32, Limit),
    /// A message in a POSIX queue.
    MqReceive(u32, Limit),
    /// A futex.
    Futex {
        /// Address of the word.
        address: u64,
        /// Operation with its flags (`FUTEX_PRIVATE_FLAG`, `FUTEX_CLOCK_REALTIME`).
        operation: u32,
        /// The value that the word had.
        value: u32,
        /// Time limit.
        limit: Limit,
    },
    /// A connection to a listening socket.
    Accept(u32),
    /// Data from a socket.
    Receive(u32),
    /// Room in a socket's peer, which a datagram may name.
    Send {
        /// The socket.
        fd: u32,
        /// Address of the receiver's `sockaddr`, 0 for none.
        name: u64,
        /// Its length.
        length: u64,
    },
    /// Room in a socket's peer; the `struct msghdr` at this address may name it.
    SendMessage(u32, u64),
    /// Being connected.
    Connect {
        /// The socket.
        fd: u32,
        /// Address of the listener's `sockaddr`.
        name: u64,
        /// Its length.
        length: u64,
    },
    /// A lock on a whole file (`flock(2)`).
    Flock {
        /// The file.
        fd: u32,
        /// `LOCK_EX`, not `LOCK_SH`.
        write: bool,
    },
    /// A lock on a range of a file (`fcntl_locking(2)`).
    RecordLock {
        /// The file.
        fd: u32,
        /// Address of `struct flock`.
        lock: u64,
        /// Of the open file, not of the process (`F_OFD_SETLKW`).
        ofd: bool,
    },
    /// Any of the descriptors in a `struct pollfd` array.
    Poll {
        /// Its address.
        fds: u64,
        /// How many.
        count: u64,
        /// Time limit.
        limit: Limit,
    },
    /// Any of the descriptors in three sets of bits.
    Select {
        /// Bits in each.
        count: u64,
        /// Addresses of the sets to read from, to write to and for exceptions; 0 for none.
        sets: [u64; 3],
        /// Time limit.
        limit: Limit,
    },
    /// Any of the descriptors that an epoll watches.
    Epoll(u32, Limit),
    /// Completions of an `io_uring`.
    Uring(u32),
    /// A child's end: any for -1, of a process group for others below 1, this one.
    Child(i64),
    /// A child's end by a descriptor of it (`waitid` with `P_PIDFD`).
    ChildOf(u32),
    /// Any signal with a handler.
    Signal,
    /// A signal of the set at this address.
    SignalOf(u64, Limit),
    /// A point in time.
    Time,
    /// The child of a vfork to exec or to end.
    Vfork,
    /// A wait that was stopped and goes on: which it was the kernel does not show.
    Resumed,
}

/// Whether flags of `open(2)` are for reading alone.
pub const fn opens_to_read(flags: u64) -> bool {
    flags & libc::O_ACCMODE as u64 == libc::O_RDONLY as u64
}

/// Looks up a call; `None` for one that waits for nothing of other processes, or that is not known.
pub fn decode(call: &Call) -> Option<Sleep> {
    let arguments = &call.arguments;
    if cfg!(target_arch = "x86_64") {
        return x86_64(call.number, arguments);
    }
    if cfg!(target_arch = "aarch64") {
        return aarch64(call.number, arguments);
    }
    None
}

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
fn x86_64(number: u64, arguments: &[u64; 6]) -> Option<Sleep> {
    let name = match number {
        0 => "read",
        1 => "write",
        2 => "open",
        7 => "poll",
        17 => "pread64",
        18 => "pwrite64",
        19 => "readv",
        20 => "writev",
        23 => "select",
        34 => "pause",
        35 => "nanosleep",
        40 => "sendfile",
        42 => "connect",
        43 => "accept",
        44 => "sendto",
        45 => "recvfrom",
        46 => "sendmsg",
        47 => "recvmsg",
        56 => "clone",
        58 => "vfork",
        61 => "wait4",
        65 => "semop",
        69 => "msgsnd",
        70 => "msgrcv",
        72 => "fcntl",
        73 => "flock",
        85 => "creat",
        128 => "rt_sigtimedwait",
        130 => "rt_sigsuspend",
        202 => "futex",
        219 => "restart_syscall",
        220 => "semtimedop",
        230 => "clock_nanosleep",
        232 => "epoll_wait",
        242 => "mq_timedsend",
        243 => "mq_timedreceive",
        247 => "waitid",
        257 => "openat",
        270 => "pselect6",
        271 => "ppoll",
        275 => "splice",
        276 => "tee",
        278 => "vmsplice",
        281 => "epoll_pwait",
        288 => "accept4",
        295 => "preadv",
        296 => "pwritev",
        299 => "recvmmsg",
        307 => "sendmmsg",
        _ => return shared(number, arguments),
    };
    by_name(name, arguments)
}

/// Numbers of `include/uapi/asm-generic/unistd.h`.
fn aarch64(number: u64, arguments: &[u64; 6]) -> Option<Sleep> {
    let name = match number {
        22 => "epoll_pwait",
        25 => "fcntl",
        32 => "flock",
        56 => "openat",
        63 => "read",
        64 => "write",
        65 => "readv",
        66 => "writev",
        67 => "pread64",
        68 => "pwrite64",
        69 => "preadv",
        70 => "pwritev",
        71 => "sendfile",
        72 => "pselect6",
        73 => "ppoll",
        75 => "vmsplice",
        76 => "splice",
        77 => "tee",
        95 => "waitid",
        98 => "futex",
        101 => "nanosleep",
        115 => "clock_nanosleep",
        128 => "restart_syscall",
        133 => "rt_sigsuspend",
        137 => "rt_sigtimedwait",
        182 => "mq_timedsend",
        183 => "mq_timedreceive",
        188 => "msgrcv",
        189 => "msgsnd",
        192 => "semtimedop",
        193 => "semop",
        202 => "accept",
        203 => "connect",
        206 => "sendto",
        207 => "recvfrom",
        211 => "sendmsg",
        212 => "recvmsg",
        220 => "clone",
        242 => "accept4",
        243 => "recvmmsg",
        260 => "wait4",
        269 => "sendmmsg",
        _ => return shared(number, arguments),
    };
    by_name(name, arguments)
}

/// Numbers that are the same everywhere, from 424 on.
fn shared(number: u64, arguments: &[u64; 6]) -> Option<Sleep> {
    let name = match number {
        426 => "io_uring_enter",
        435 => "clone3",
        437 => "openat2",
        441 => "epoll_pwait2",
        455 => "futex_wait",
        _ => return None,
    };
    by_name(name, arguments)
}

fn by_name(name: &'static str, arguments: &[u64; 6]) -> Option<Sleep> {
    let [first, second, third, fourth, fifth, _] = *arguments;
    let (id, fd) = (first as u32 as i32, first as u32);
    // A null pointer is no limit; a number of milliseconds below 0 neither.
    let pointer = |address| if address == 0 { Limit::None } else { Limit::Some };
    let milliseconds = |number: u64| if (number as u32 as i32) < 0 { Limit::None } else { Limit::Some };
    let on = match name {
        "read" | "pread64" | "readv" | "preadv" => On::Read(fd),
        "write" | "pwrite64" | "writev" | "pwritev" | "vmsplice" => On::Write(fd),
        "splice" => On::Copy { from: fd, to: third as u32 },
        "tee" => On::Copy { from: fd, to: second as u32 },
        "sendfile" => On::Copy { from: second as u32, to: fd },
        "open" => On::Open { directory: libc::AT_FDCWD, path: first, flags: Ok(second) },
        "creat" => On::Open { directory: libc::AT_FDCWD, path: first, flags: Ok(libc::O_WRONLY as u64) },
        "openat" => On::Open { directory: id, path: second, flags: Ok(third) },
        "openat2" => On::Open { directory: id, path: second, flags: Err(third) },
        "msgsnd" => On::MsgSend { id, message: second, size: third },
        "msgrcv" => On::MsgReceive { id, kind: fourth as i64, except: fifth & MSG_EXCEPT != 0 },
        "semop" => On::Semop { id, operations: second, count: third, limit: Limit::None },
        "semtimedop" => On::Semop { id, operations: second, count: third, limit: pointer(fourth) },
        "mq_timedsend" => On::MqSend(fd, pointer(fifth)),
        "mq_timedreceive" => On::MqReceive(fd, pointer(fifth)),
        "futex" => On::Futex { address: first, operation: second as u32, value: third as u32, limit: pointer(fourth) },
        "futex_wait" => On::Futex {
            address: first,
            // The newer call has its own flags: only that it is private matters here.
            operation: if fourth & 128 == 0 { 0 } else { 128 },
            value: second as u32,
            limit: pointer(fifth),
        },
        "accept" | "accept4" => On::Accept(fd),
        "recvfrom" | "recvmsg" | "recvmmsg" => On::Receive(fd),
        "sendto" => On::Send { fd, name: fifth, length: arguments[5] },
        "sendmsg" | "sendmmsg" => On::SendMessage(fd, second),
        "connect" => On::Connect { fd, name: second, length: third },
        "flock" => On::Flock { fd, write: second & libc::LOCK_EX as u64 != 0 },
        "fcntl" => record_lock(fd, second, third)?,
        "poll" => On::Poll { fds: first, count: second, limit: milliseconds(third) },
        "ppoll" => On::Poll { fds: first, count: second, limit: pointer(third) },
        "select" | "pselect6" => On::Select { count: first, sets: [second, third, fourth], limit: pointer(fifth) },
        "epoll_wait" | "epoll_pwait" => On::Epoll(fd, milliseconds(fourth)),
        "epoll_pwait2" => On::Epoll(fd, pointer(fourth)),
        "io_uring_enter" => On::Uring(fd),
        "wait4" => On::Child(i64::from(id)),
        "waitid" => match (first as u32, second as u32 as i32) {
            (1, pid) => On::Child(i64::from(pid)),
            (2, group) => On::Child(if group == 0 { 0 } else { -i64::from(group) }),
            (3, pidfd) => On::ChildOf(pidfd as u32),
            _ => On::Child(-1),
        },
        "pause" | "rt_sigsuspend" => On::Signal,
        "rt_sigtimedwait" => On::SignalOf(first, pointer(third)),
        "nanosleep" | "clock_nanosleep" => On::Time,
        // A task sleeps in making another one only while that one borrows its memory (`CLONE_VFORK`).
        "vfork" | "clone" | "clone3" => On::Vfork,
        "restart_syscall" => On::Resumed,
        _ => return None,
    };
    Some(Sleep { name, on })
}

/// `MSG_EXCEPT`, `linux/msg.h`.
const MSG_EXCEPT: u64 = 0o20000;

fn record_lock(fd: u32, command: u64, lock: u64) -> Option<On> {
    let command = command as u32 as i32;
    let ofd = command == libc::F_OFD_SETLKW;
    (ofd || command == libc::F_SETLKW).then_some(On::RecordLock { fd, lock, ofd })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: u64 = 0x7ffd_0000_1000;

    #[test]
    fn the_table_of_x86_64() {
        let on = |number, arguments: [u64; 6]| x86_64(number, &arguments).map(|sleep| (sleep.name, sleep.on));
        assert_eq!(on(0, [3, FAR, 1, 0, 0, 0]), Some(("read", On::Read(3))));
        assert_eq!(on(275, [4, 0, 7, 0, 1, 0]), Some(("splice", On::Copy { from: 4, to: 7 })));
        let receive = On::MsgReceive { id: 32_769, kind: -7, except: false };
        assert_eq!(on(70, [0x8001, FAR, 64, (-7_i64) as u64, 0, 0]), Some(("msgrcv", receive)));
        let semop = On::Semop { id: 3, operations: FAR, count: 2, limit: Limit::Some };
        assert_eq!(on(220, [3, FAR, 2, FAR, 0, 0]), Some(("semtimedop", semop)));
        let lock = On::RecordLock { fd: 5, lock: FAR, ofd: true };
        assert_eq!(on(72, [5, 0x26, FAR, 0, 0, 0]), Some(("fcntl", lock)));
        assert_eq!(on(72, [5, 3, FAR, 0, 0, 0]), None, "F_GETFL does not wait");
        assert_eq!(
            on(7, [FAR, 3, u64::from(u32::MAX), 0, 0, 0]).map(|(_, on)| on),
            Some(On::Poll { fds: FAR, count: 3, limit: Limit::None })
        );
        assert_eq!(on(247, [3, 9, 0, 4, 0, 0]), Some(("waitid", On::ChildOf(9))));
        assert_eq!(on(39, [0; 6]), None, "getpid does not wait");
    }

    #[test]
    fn the_table_of_aarch64() {
        let on = |number, arguments: [u64; 6]| aarch64(number, &arguments).map(|sleep| (sleep.name, sleep.on));
        assert_eq!(on(63, [3, FAR, 1, 0, 0, 0]), Some(("read", On::Read(3))));
        let receive = On::MsgReceive { id: 9, kind: 7, except: true };
        assert_eq!(on(188, [9, FAR, 64, 7, 0o20000, 0]), Some(("msgrcv", receive)));
        assert_eq!(on(73, [FAR, 2, 0, 0, 0, 0]).map(|(name, _)| name), Some("ppoll"));
        assert_eq!(on(32, [3, 1, 0, 0, 0, 0]), Some(("flock", On::Flock { fd: 3, write: false })));
        assert_eq!(on(98, [FAR, 128, 2, 0, 0, 0]).map(|(name, _)| name), Some("futex"));
        assert_eq!(on(260, [u64::MAX, 0, 0, 0, 0, 0]), Some(("wait4", On::Child(-1))));
    }
}
