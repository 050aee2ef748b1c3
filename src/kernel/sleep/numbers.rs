//! Names of calls by their numbers, as far as they can sleep (`man 2 syscalls`).

/// The name of a call on this machine; `None` for one that is not in the table, and on other machines than these two.
pub(super) fn name(number: u64) -> Option<&'static str> {
    if cfg!(target_arch = "x86_64") {
        x86_64(number)
    } else if cfg!(target_arch = "aarch64") {
        aarch64(number)
    } else {
        None
    }
}

/// Numbers of `arch/x86/entry/syscalls/syscall_64.tbl`.
fn x86_64(number: u64) -> Option<&'static str> {
    Some(match number {
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
        74 => "fsync",
        75 => "fdatasync",
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
        327 => "preadv2",
        328 => "pwritev2",
        _ => return everywhere(number),
    })
}

/// Numbers of `include/uapi/asm-generic/unistd.h`.
fn aarch64(number: u64) -> Option<&'static str> {
    Some(match number {
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
        82 => "fsync",
        83 => "fdatasync",
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
        286 => "preadv2",
        287 => "pwritev2",
        _ => return everywhere(number),
    })
}

/// Numbers that are the same on all machines, from 424 on.
fn everywhere(number: u64) -> Option<&'static str> {
    Some(match number {
        426 => "io_uring_enter",
        435 => "clone3",
        437 => "openat2",
        441 => "epoll_pwait2",
        449 => "futex_waitv",
        455 => "futex_wait",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{aarch64, name, x86_64};

    /// What the C library calls each number here.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn as_the_c_library_has_them() {
        macro_rules! known {
            ($($constant:ident $text:literal),* $(,)?) => { [$((libc::$constant, $text)),*] };
        }
        let mut known = known![
            SYS_read "read", SYS_write "write", SYS_readv "readv", SYS_writev "writev", SYS_pread64 "pread64",
            SYS_pwrite64 "pwrite64", SYS_preadv "preadv", SYS_pwritev "pwritev", SYS_preadv2 "preadv2",
            SYS_pwritev2 "pwritev2", SYS_openat "openat", SYS_openat2 "openat2", SYS_splice "splice", SYS_tee "tee",
            SYS_vmsplice "vmsplice", SYS_sendfile "sendfile", SYS_fcntl "fcntl", SYS_flock "flock",
            SYS_fsync "fsync", SYS_fdatasync "fdatasync", SYS_ppoll "ppoll", SYS_pselect6 "pselect6",
            SYS_epoll_pwait "epoll_pwait", SYS_epoll_pwait2 "epoll_pwait2", SYS_io_uring_enter "io_uring_enter",
            SYS_futex "futex", SYS_futex_waitv "futex_waitv", SYS_wait4 "wait4", SYS_waitid "waitid",
            SYS_clone "clone", SYS_clone3 "clone3", SYS_restart_syscall "restart_syscall",
            SYS_nanosleep "nanosleep", SYS_clock_nanosleep "clock_nanosleep", SYS_rt_sigsuspend "rt_sigsuspend",
            SYS_rt_sigtimedwait "rt_sigtimedwait", SYS_mq_timedsend "mq_timedsend",
            SYS_mq_timedreceive "mq_timedreceive", SYS_msgsnd "msgsnd", SYS_msgrcv "msgrcv", SYS_semop "semop",
            SYS_semtimedop "semtimedop", SYS_accept "accept", SYS_accept4 "accept4", SYS_connect "connect",
            SYS_sendto "sendto", SYS_recvfrom "recvfrom", SYS_sendmsg "sendmsg", SYS_recvmsg "recvmsg",
            SYS_sendmmsg "sendmmsg", SYS_recvmmsg "recvmmsg",
        ]
        .to_vec();
        #[cfg(target_arch = "x86_64")]
        known.extend(known![
            SYS_open "open", SYS_creat "creat", SYS_poll "poll", SYS_select "select", SYS_pause "pause",
            SYS_epoll_wait "epoll_wait", SYS_vfork "vfork",
        ]);
        known.push((455, "futex_wait"));
        for (number, text) in &known {
            assert_eq!(name(*number as u64), Some(*text));
        }
        let all = (0..1000).filter(|number| name(*number).is_some()).count();
        assert_eq!(all, known.len(), "a number that no test knows");
    }

    #[test]
    fn both_tables_have_the_same_calls() {
        let of = |table: fn(u64) -> Option<&'static str>| -> std::collections::BTreeSet<&str> {
            (0..1000).filter_map(table).collect()
        };
        let (one, other) = (of(x86_64), of(aarch64));
        let old = ["open", "creat", "poll", "select", "pause", "epoll_wait", "vfork"];
        assert_eq!(one.difference(&other).copied().collect::<Vec<_>>().len(), old.len());
        assert!(old.iter().all(|call| one.contains(call)), "those that newer machines do not have");
        assert!(other.is_subset(&one));
        assert_eq!((aarch64(63), aarch64(188), aarch64(260)), (Some("read"), Some("msgrcv"), Some("wait4")));
        assert_eq!((x86_64(39), aarch64(172)), (None, None), "getpid does not wait");
    }
}
