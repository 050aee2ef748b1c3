//! Which limit kept an object from being made, and what raises it.

use crate::kernel::capability::{self, CAP_SYS_RESOURCE};
use crate::kernel::{Error, room};
use crate::model::Kind;

/// In words, for a System V object; `None` where the error has nothing to do with a limit.
pub(super) fn sysv(kind: Kind, error: &Error, wanted: u64) -> Option<String> {
    match kind {
        Kind::Queue => error.no_space().then(|| match room::msgmni() {
            Some(most) => format!("no room: there may be {most} message queues (sysctl kernel.msgmni)"),
            None => "no room: as many message queues as sysctl kernel.msgmni allows are there".to_owned(),
        }),
        Kind::Shm => segments(error, wanted),
        _ => semaphores(error, wanted),
    }
}

fn segments(error: &Error, wanted: u64) -> Option<String> {
    if error.no_memory() {
        return Some(format!("not enough memory for {wanted} bytes (sysctl vm.overcommit_memory)"));
    }
    if !error.no_space() && !error.is_invalid() {
        return None;
    }
    let Some(limits) = room::shm() else {
        return Some("beyond sysctl kernel.shmmni, kernel.shmall or kernel.shmmax".to_owned());
    };
    if error.is_invalid() && wanted <= limits.largest {
        return Some(format!("{wanted} bytes are more than this machine can address"));
    }
    if error.is_invalid() {
        return Some(format!(
            "{wanted} bytes are more than a segment may have, {} (sysctl kernel.shmmax)",
            limits.largest
        ));
    }
    Some(if limits.used >= limits.segments {
        format!("no room: there may be {} segments (sysctl kernel.shmmni)", limits.segments)
    } else {
        format!("no room: all segments together may have {} pages (sysctl kernel.shmall)", limits.pages)
    })
}

fn semaphores(error: &Error, wanted: u64) -> Option<String> {
    if !error.no_space() && !error.is_invalid() {
        return None;
    }
    let Some(limits) = room::sem() else { return Some("beyond a limit of sysctl kernel.sem".to_owned()) };
    if error.is_invalid() {
        let most = limits.in_set;
        return Some(format!("{wanted} are more than a set may have, {most} (sysctl kernel.sem, first number)"));
    }
    Some(if limits.used >= limits.sets {
        format!("no room: there may be {} semaphore sets (sysctl kernel.sem, fourth number)", limits.sets)
    } else {
        format!("no room: there may be {} semaphores in all (sysctl kernel.sem, second number)", limits.in_all)
    })
}

/// The same for a POSIX queue of so many messages of so many bytes.
pub(super) fn posix_queue(error: &Error, depth: u64, message_size: u64) -> Option<String> {
    if error.too_many() {
        let limit = room::rlimit_msgqueue().map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
        return Some(format!(
            "the queues of this user would take more than RLIMIT_MSGQUEUE{limit} (ulimit -q); {depth} messages of \
             {message_size} bytes are too many"
        ));
    }
    if error.no_memory() {
        return Some(format!("not enough memory for {depth} messages of {message_size} bytes"));
    }
    if !error.no_space() && !error.is_invalid() {
        return None;
    }
    let Some(limits) = room::mqueue() else { return Some("beyond a limit of /proc/sys/fs/mqueue".to_owned()) };
    if error.no_space() {
        return Some(format!("no room: there may be {} POSIX queues (sysctl fs.mqueue.queues_max)", limits.queues));
    }
    // With the capability these two give way to limits that are built in (`HARD_MSGMAX`, `HARD_MSGSIZEMAX`).
    let hard = capability::have(CAP_SYS_RESOURCE);
    let most = if hard { 65_536 } else { limits.messages };
    let largest = if hard { 16 << 20 } else { limits.message_bytes };
    let beyond = if hard { "what the kernel can, whatever" } else { "allowed by" };
    let mut over = Vec::new();
    if depth > most {
        over.push(format!("{depth} messages are more than {beyond} sysctl fs.mqueue.msg_max ({})", limits.messages));
    }
    if message_size > largest {
        let limit = limits.message_bytes;
        over.push(format!("{message_size} bytes are more than {beyond} sysctl fs.mqueue.msgsize_max ({limit})"));
    }
    (!over.is_empty()).then(|| over.join("; "))
}

/// The same for a file in /dev/shm.
pub(super) fn dev_shm(error: &Error) -> Option<String> {
    if error.is_absent() {
        return Some("there is no /dev/shm, where the C library keeps it (mount -t tmpfs none /dev/shm)".to_owned());
    }
    error.no_space().then(|| {
        let free = room::free_in_dev_shm().ok().flatten();
        let free = free.map_or_else(String::new, |bytes| format!(", {bytes} bytes are free"));
        format!("no room: /dev/shm is full{free} (df /dev/shm; mount -o remount,size=... makes it larger)")
    })
}
