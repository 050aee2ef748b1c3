//! What a task sleeps in, by the number and the arguments of its call: the table of `man 2 syscalls` as far as calls can
//! sleep, for `x86_64` and `aarch64`.
//!
//! Pure: the line of `/proc/PID/task/TID/syscall` is read and parsed by [`super::syscall`], what an argument points at is read
//! by [`super::pointed`]. The numbers of a 32-bit program mean other calls, and are not looked up here.

mod numbers;

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
    /// Room in a pipe's write end, or something in its read end, whichever the descriptor is (`vmsplice`).
    Pipe(u32),
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
    /// Any of several futexes (`futex_waitv`).
    Futexes(Limit),
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

impl On {
    /// Whether it waits for nothing but time or a signal.
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::Signal | Self::SignalOf(..) | Self::Time | Self::Resumed)
    }

    /// Whether its arguments alone tell what it waits for, and nothing has to be looked up by them.
    pub const fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Signal | Self::Time | Self::Vfork | Self::Resumed | Self::Child(_) | Self::MsgReceive { .. }
        )
    }

    /// Whether what it waits for is told in the task's memory, which it may change as soon as it runs.
    pub const fn is_in_memory(&self) -> bool {
        matches!(
            self,
            Self::Open { .. }
                | Self::MsgSend { .. }
                | Self::Semop { .. }
                | Self::Futex { .. }
                | Self::Send { .. }
                | Self::SendMessage(..)
                | Self::Connect { .. }
                | Self::RecordLock { .. }
                | Self::Poll { .. }
                | Self::Select { .. }
                | Self::SignalOf(..)
        )
    }
}

/// Whether flags of `open(2)` are for reading alone.
pub const fn opens_to_read(flags: u64) -> bool {
    flags & libc::O_ACCMODE as u64 == libc::O_RDONLY as u64
}

/// Looks up a call; `None` for one that waits for nothing of other processes, or that is not known.
pub fn decode(call: &Call) -> Option<Sleep> {
    let name = numbers::name(call.number)?;
    on(name, &call.arguments).map(|on| Sleep { name, on })
}

/// What a call waits for.
fn on(name: &str, arguments: &[u64; 6]) -> Option<On> {
    of_descriptors(name, arguments).or_else(|| of_several(name, arguments)).or_else(|| of_others(name, arguments))
}

// A null pointer is no limit; a number of milliseconds below 0 neither.
const fn pointer(address: u64) -> Limit {
    if address == 0 { Limit::None } else { Limit::Some }
}

const fn milliseconds(number: u64) -> Limit {
    if (number as u32 as i32) < 0 { Limit::None } else { Limit::Some }
}

/// Calls on one descriptor or two.
fn of_descriptors(name: &str, arguments: &[u64; 6]) -> Option<On> {
    let [first, second, third, _, fifth, sixth] = *arguments;
    let fd = first as u32;
    Some(match name {
        "read" | "pread64" | "readv" | "preadv" | "preadv2" => On::Read(fd),
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" | "fsync" | "fdatasync" => On::Write(fd),
        "vmsplice" => On::Pipe(fd),
        "splice" => On::Copy { from: fd, to: third as u32 },
        "tee" => On::Copy { from: fd, to: second as u32 },
        "sendfile" => On::Copy { from: second as u32, to: fd },
        "mq_timedsend" => On::MqSend(fd, pointer(fifth)),
        "mq_timedreceive" => On::MqReceive(fd, pointer(fifth)),
        "accept" | "accept4" => On::Accept(fd),
        "recvfrom" | "recvmsg" | "recvmmsg" => On::Receive(fd),
        "sendto" => On::Send { fd, name: fifth, length: sixth },
        "sendmsg" | "sendmmsg" => On::SendMessage(fd, second),
        "connect" => On::Connect { fd, name: second, length: third },
        "flock" => On::Flock { fd, write: second & libc::LOCK_EX as u64 != 0 },
        "fcntl" => record_lock(fd, second, third)?,
        "io_uring_enter" => On::Uring(fd),
        _ => return None,
    })
}

/// Calls on any number of descriptors.
fn of_several(name: &str, arguments: &[u64; 6]) -> Option<On> {
    let [first, second, third, fourth, fifth, _] = *arguments;
    let fd = first as u32;
    Some(match name {
        "poll" => On::Poll { fds: first, count: second, limit: milliseconds(third) },
        "ppoll" => On::Poll { fds: first, count: second, limit: pointer(third) },
        "select" | "pselect6" => On::Select { count: first, sets: [second, third, fourth], limit: pointer(fifth) },
        "epoll_wait" | "epoll_pwait" => On::Epoll(fd, milliseconds(fourth)),
        "epoll_pwait2" => On::Epoll(fd, pointer(fourth)),
        _ => return None,
    })
}

/// All the others.
fn of_others(name: &str, arguments: &[u64; 6]) -> Option<On> {
    let [first, second, third, fourth, fifth, _] = *arguments;
    let id = first as u32 as i32;
    Some(match name {
        "open" => On::Open { directory: libc::AT_FDCWD, path: first, flags: Ok(second) },
        "creat" => On::Open { directory: libc::AT_FDCWD, path: first, flags: Ok(libc::O_WRONLY as u64) },
        "openat" => On::Open { directory: id, path: second, flags: Ok(third) },
        "openat2" => On::Open { directory: id, path: second, flags: Err(third) },
        "msgsnd" => On::MsgSend { id, message: second, size: third },
        "msgrcv" => On::MsgReceive { id, kind: fourth as i64, except: fifth & MSG_EXCEPT != 0 },
        "semop" => On::Semop { id, operations: second, count: third, limit: Limit::None },
        "semtimedop" => On::Semop { id, operations: second, count: third, limit: pointer(fourth) },
        "futex" => On::Futex { address: first, operation: second as u32, value: third as u32, limit: pointer(fourth) },
        "futex_wait" => On::Futex {
            address: first,
            // The newer call has its own flags: only that it is private matters here.
            operation: if fourth & 128 == 0 { 0 } else { 128 },
            value: second as u32,
            limit: pointer(fifth),
        },
        "futex_waitv" => On::Futexes(pointer(fourth)),
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
        // A task sleeps in making another one while that one borrows its memory; in any other case, for the kernel.
        "clone" if first & libc::CLONE_VFORK as u64 == 0 => return None,
        "vfork" | "clone" | "clone3" => On::Vfork,
        "restart_syscall" => On::Resumed,
        _ => return None,
    })
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
    use crate::kernel::syscall::{self, Wait};

    const FAR: u64 = 0x7ffd_0000_1000;

    #[test]
    fn arguments() {
        let on = |name, arguments: [u64; 6]| on(name, &arguments);
        assert_eq!(on("read", [3, FAR, 1, 0, 0, 0]), Some(On::Read(3)));
        assert_eq!(on("splice", [4, 0, 7, 0, 1, 0]), Some(On::Copy { from: 4, to: 7 }));
        let receive = On::MsgReceive { id: 32_769, kind: -7, except: false };
        assert_eq!(on("msgrcv", [0x8001, FAR, 64, (-7_i64) as u64, 0, 0]), Some(receive));
        let semop = On::Semop { id: 3, operations: FAR, count: 2, limit: Limit::Some };
        assert_eq!(on("semtimedop", [3, FAR, 2, FAR, 0, 0]), Some(semop));
        let lock = On::RecordLock { fd: 5, lock: FAR, ofd: true };
        assert_eq!(on("fcntl", [5, 0x26, FAR, 0, 0, 0]), Some(lock));
        assert_eq!(on("fcntl", [5, 3, FAR, 0, 0, 0]), None, "F_GETFL does not wait");
        assert_eq!(
            on("poll", [FAR, 3, u64::from(u32::MAX), 0, 0, 0]),
            Some(On::Poll { fds: FAR, count: 3, limit: Limit::None })
        );
        assert_eq!(on("waitid", [3, 9, 0, 4, 0, 0]), Some(On::ChildOf(9)));
        let except = On::MsgReceive { id: 9, kind: 7, except: true };
        assert_eq!(on("msgrcv", [9, FAR, 64, 7, 0o20000, 0]), Some(except));
        assert_eq!(on("flock", [3, 1, 0, 0, 0, 0]), Some(On::Flock { fd: 3, write: false }));
        assert_eq!(on("wait4", [u64::MAX, 0, 0, 0, 0, 0]), Some(On::Child(-1)));
        assert_eq!(on("clone", [17, 0, 0, 0, 0, 0]), None, "a fork waits for nobody else");
        assert_eq!(on("clone", [0x4111, 0, 0, 0, 0, 0]), Some(On::Vfork));
    }

    /// The calls by which a scan tells who waits on an object are those of this table.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn the_short_table_says_the_same() {
        let short = |on: On| match on {
            On::MsgSend { id, .. } => Some(Wait::MsgSend(id)),
            On::MsgReceive { id, .. } => Some(Wait::MsgReceive(id)),
            On::Semop { id, .. } => Some(Wait::Semop(id)),
            On::MqSend(fd, _) => Some(Wait::MqSend(fd)),
            On::MqReceive(fd, _) => Some(Wait::MqReceive(fd)),
            On::Read(fd) => Some(Wait::Read(fd)),
            On::Write(fd) => Some(Wait::Write(fd)),
            On::Open { directory, path, .. } => Some(Wait::Open { directory, path }),
            _ => None,
        };
        // At an offset of a file, to a disk, or out of memory: a pipe's plain reader and writer use none of them.
        let others = ["pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "fsync", "fdatasync"];
        let mut known = 0;
        for number in 0..1000 {
            let call = Call { number, arguments: [7, 8, 9, 10, 11, 12], stack: FAR };
            let long = decode(&call).filter(|sleep| !others.contains(&sleep.name));
            let wait = syscall::decode(call);
            assert_eq!(wait, long.and_then(|sleep| short(sleep.on)), "{number}: {long:?}");
            known += usize::from(wait.is_some());
        }
        assert!(known >= 13, "{known}");
    }
}
