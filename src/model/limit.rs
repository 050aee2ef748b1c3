//! The kernel's limits on IPC: what each counts, where it is set, what happens at it and which error a program gets.
//!
//! From `man 7 sysvipc`, `mq_overview`, `shm_overview`, `pipe`, `unix`, `man 2 getrlimit`, `listen`, and `ipc/*.c`,
//! `fs/pipe.c`, `net/unix/af_unix.c`. How much of one is used is a [`Usage`](super::Usage).

use super::usage::Unit;

/// A limit of the kernel.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name in the manuals: `MSGMNI`; that of its sysctl or place, where they have none.
    pub name: &'static str,
    /// What is counted, in a few words.
    pub about: &'static str,
    /// In what use and limit are counted.
    pub unit: Unit,
    /// The sysctl that sets it, if one does.
    pub sysctl: Option<&'static str>,
    /// Where it is set, for people: the sysctl and which part of it, a mount option, a resource limit.
    pub set_by: &'static str,
    /// What happens at it, as a sentence without its end.
    pub full: &'static str,
    /// The error that a program gets at it; `None` where it gets none.
    pub error: Option<&'static str>,
    /// The use is reckoned from what is seen, and not the kernel's own count.
    pub estimated: bool,
    /// It is of what one call may ask for: that something was made as large as may be uses nothing up.
    pub per_call: bool,
}

/// A limit on a number of objects that only a sysctl sets, which is what most are.
const fn count(name: &'static str, about: &'static str, sysctl: &'static str, full: &'static str) -> Limit {
    Limit {
        name,
        about,
        unit: Unit::Count,
        sysctl: Some(sysctl),
        set_by: sysctl,
        full,
        error: Some("ENOSPC"),
        estimated: false,
        per_call: false,
    }
}

/// Names each limit and puts all of them into [`LIMITS`], in the order of lists.
macro_rules! limits {
    ($($name:ident = $limit:expr;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`, as in [`LIMITS`].")] pub static $name: Limit = $limit;)*
        /// Every limit, in the order of lists: System V, POSIX, pipes, sockets, files.
        pub static LIMITS: &[&Limit] = &[$(&$name),*];
    };
}

limits! {
    MSGMNI = count("MSGMNI", "System V message queues", "kernel.msgmni", "msgget makes no further queue");
    MSGMAX = Limit {
        per_call: true,
        unit: Unit::Bytes,
        error: Some("EINVAL"),
        ..count("MSGMAX", "largest System V message", "kernel.msgmax", "msgsnd refuses a larger message")
    };
    MSGMNB = Limit {
        unit: Unit::Bytes,
        error: Some("EAGAIN"),
        set_by: "kernel.msgmnb, each queue's own",
        ..count(
            "MSGMNB",
            "bytes in the fullest System V queue, of its own limit",
            "kernel.msgmnb",
            "msgsnd sleeps until there is room, or with IPC_NOWAIT fails",
        )
    };
    SHMMNI = count("SHMMNI", "System V shared memory segments", "kernel.shmmni", "shmget makes no further segment");
    SHMMAX = Limit {
        per_call: true,
        unit: Unit::Bytes,
        error: Some("EINVAL"),
        ..count("SHMMAX", "largest System V segment", "kernel.shmmax", "shmget refuses a larger segment")
    };
    SHMMIN = Limit {
        per_call: true,
        unit: Unit::Bytes,
        sysctl: None,
        set_by: "fixed",
        error: Some("EINVAL"),
        ..count("SHMMIN", "smallest System V segment", "", "shmget refuses a smaller segment")
    };
    SHMALL = Limit {
        unit: Unit::Pages,
        ..count("SHMALL", "memory of all System V segments", "kernel.shmall", "shmget makes no segment beyond it")
    };
    SEMMNI = Limit {
        set_by: "kernel.sem, fourth number",
        ..count("SEMMNI", "semaphore sets", "kernel.sem", "semget makes no further set")
    };
    SEMMNS = Limit {
        set_by: "kernel.sem, second number",
        ..count("SEMMNS", "semaphores of all sets", "kernel.sem", "semget makes no set that does not fit")
    };
    SEMMSL = Limit {
        per_call: true,
        set_by: "kernel.sem, first number",
        error: Some("EINVAL"),
        ..count("SEMMSL", "semaphores in one set", "kernel.sem", "semget refuses a larger set")
    };
    SEMOPM = Limit {
        per_call: true,
        set_by: "kernel.sem, third number",
        error: Some("E2BIG"),
        ..count("SEMOPM", "operations of one semop", "kernel.sem", "semop refuses more at a time")
    };
    SEMVMX = Limit {
        sysctl: None,
        set_by: "fixed",
        error: Some("ERANGE"),
        ..count("SEMVMX", "highest value of a System V semaphore", "", "semop and semctl refuse a higher value")
    };
    QUEUES_MAX = count(
        "queues_max",
        "POSIX message queues",
        "fs.mqueue.queues_max",
        "mq_open makes no further queue, but for who has CAP_SYS_RESOURCE",
    );
    MQ_MAXMSG = Limit {
        sysctl: None,
        set_by: "mq_open, each queue's own",
        error: Some("EAGAIN"),
        ..count(
            "mq_maxmsg",
            "messages in the fullest POSIX queue, of its own limit",
            "",
            "mq_send sleeps until there is room, or with O_NONBLOCK fails",
        )
    };
    MSG_MAX = Limit {
        per_call: true,
        error: Some("EINVAL"),
        ..count(
            "msg_max",
            "messages that a POSIX queue may be made for",
            "fs.mqueue.msg_max",
            "mq_open refuses a longer queue, but for who has CAP_SYS_RESOURCE",
        )
    };
    MSGSIZE_MAX = Limit {
        per_call: true,
        unit: Unit::Bytes,
        error: Some("EINVAL"),
        ..count(
            "msgsize_max",
            "message size that a POSIX queue may be made for",
            "fs.mqueue.msgsize_max",
            "mq_open refuses larger messages, but for who has CAP_SYS_RESOURCE",
        )
    };
    RLIMIT_MSGQUEUE = Limit {
        unit: Unit::Bytes,
        sysctl: None,
        set_by: "ulimit -q, limits.conf msgqueue",
        error: Some("EMFILE"),
        estimated: true,
        ..count(
            "RLIMIT_MSGQUEUE",
            "bytes that one user's POSIX queues may take when full",
            "",
            "mq_open makes no queue that does not fit, whoever asks",
        )
    };
    DEV_SHM = Limit {
        unit: Unit::Bytes,
        sysctl: None,
        set_by: "mount option size",
        ..count(
            "/dev/shm",
            "POSIX shared memory and semaphores",
            "",
            "write and fallocate fail; who touches a page that finds no room gets SIGBUS",
        )
    };
    DEV_SHM_INODES = Limit {
        sysctl: None,
        set_by: "mount option nr_inodes",
        ..count("/dev/shm inodes", "files in /dev/shm", "", "shm_open and sem_open make nothing further")
    };
    PIPE_PAGES_SOFT = Limit {
        unit: Unit::Pages,
        error: Some("EPERM"),
        estimated: true,
        ..count(
            "pipe-user-pages-soft",
            "pages of the pipes of one user without privilege",
            "fs.pipe-user-pages-soft",
            "further pipes hold 2 pages instead of 16, so that writers block early; F_SETPIPE_SZ fails",
        )
    };
    PIPE_PAGES_HARD = Limit {
        unit: Unit::Pages,
        error: Some("ENFILE"),
        estimated: true,
        ..count(
            "pipe-user-pages-hard",
            "pages of the pipes of one user without privilege",
            "fs.pipe-user-pages-hard",
            "pipe makes no further one",
        )
    };
    PIPE_MAX_SIZE = Limit {
        per_call: true,
        unit: Unit::Bytes,
        error: Some("EPERM"),
        ..count(
            "pipe-max-size",
            "largest pipe of a user without privilege",
            "fs.pipe-max-size",
            "F_SETPIPE_SZ refuses more, but for who has CAP_SYS_RESOURCE",
        )
    };
    UNIX_BACKLOG = Limit {
        sysctl: Some("net.core.somaxconn"),
        set_by: "listen, net.core.somaxconn",
        error: Some("EAGAIN"),
        ..count(
            "unix backlog",
            "connections that wait for the fullest unix listener, of its own backlog",
            "",
            "connect sleeps until one is accepted, or without blocking fails",
        )
    };
    TCP_BACKLOG = Limit {
        sysctl: Some("net.core.somaxconn"),
        set_by: "listen, net.core.somaxconn",
        error: Some("ETIMEDOUT"),
        ..count(
            "tcp backlog",
            "connections that wait for the fullest TCP listener, of its own backlog",
            "",
            "handshakes are dropped: connect tries again, and fails after minutes",
        )
    };
    SOMAXCONN = Limit {
        per_call: true,
        error: None,
        ..count(
            "somaxconn",
            "longest backlog of a listener",
            "net.core.somaxconn",
            "listen makes a longer one shorter, and tells nobody",
        )
    };
    MAX_DGRAM_QLEN = Limit {
        error: Some("EAGAIN"),
        ..count(
            "max_dgram_qlen",
            "datagrams that wait in one unix socket",
            "net.unix.max_dgram_qlen",
            "send sleeps until one is taken, or without blocking fails",
        )
    };
    LISTEN_OVERFLOWS = Limit {
        sysctl: None,
        set_by: "listen, net.core.somaxconn",
        error: Some("ETIMEDOUT"),
        ..count(
            "ListenOverflows",
            "TCP handshakes that a full backlog refused, since the network namespace was made",
            "",
            "each was a client that had to try again",
        )
    };
    LISTEN_DROPS = Limit {
        sysctl: None,
        set_by: "listen, net.core.somaxconn",
        error: Some("ETIMEDOUT"),
        ..count(
            "ListenDrops",
            "TCP handshakes that were dropped for any reason, since the network namespace was made",
            "",
            "each was a client that had to try again",
        )
    };
    FILE_MAX = Limit {
        error: Some("ENFILE"),
        ..count(
            "file-max",
            "open files of the machine, pipes and sockets among them",
            "fs.file-max",
            "nothing can be opened any more, but by who has CAP_SYS_ADMIN",
        )
    };
    RLIMIT_NOFILE = Limit {
        sysctl: None,
        set_by: "ulimit -n, limits.conf nofile",
        error: Some("EMFILE"),
        ..count(
            "RLIMIT_NOFILE",
            "descriptors of the process that is nearest to its own limit",
            "",
            "it can open nothing any more: no pipe, socket or queue",
        )
    };
    RLIMIT_SIGPENDING = Limit {
        sysctl: None,
        set_by: "ulimit -i, limits.conf sigpending",
        error: Some("EAGAIN"),
        ..count(
            "RLIMIT_SIGPENDING",
            "signals that are queued for one user",
            "",
            "sigqueue and timer_create fail; plain signals still arrive, each kind once",
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sysctls_are_named_where_they_are_set() {
        let names: std::collections::HashSet<&str> = LIMITS.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), LIMITS.len());
        for limit in LIMITS {
            assert!(limit.sysctl.is_none_or(|sysctl| limit.set_by.contains(sysctl)), "{}", limit.name);
            assert!(!limit.set_by.is_empty() && !limit.full.ends_with('.'), "{}", limit.name);
        }
    }
}
