//! Waits for locks on files. Who has a lock is who has the open file that it came through, or for `fcntl(2)` the process that
//! took it; the pid in /proc/locks may be long gone while a child that inherited the file keeps the lock.

use super::words::{Words, have, list};
use super::{Edges, Group, Told, World};
use crate::model::escape;
use crate::snapshot::waits::{HeldLock, Lock, LockKind, Thread};

pub(super) fn explain(words: Words<'_>, thread: &Thread, path: &[u8], lock: &Lock) -> Told {
    let address = format!("lock:{}", escape(path));
    let range = match (lock.kind, lock.start, lock.end) {
        (LockKind::Flock, ..) | (_, 0, None) => String::new(),
        (_, start, None) => format!(" from byte {start} on"),
        (_, start, Some(end)) => format!(" on bytes {start} to {end}"),
    };
    let (call, mode) = (call(lock.kind), if lock.write { "an exclusive" } else { "a shared" });
    let mut told = Told::open(Some(address.clone()), format!("it waits for {mode} {call}{range} of {}", escape(path)));
    let blocks = |held: &&HeldLock| {
        let own = lock.kind == LockKind::Posix && held.lock.kind == LockKind::Posix && held.lock.pid == lock.pid;
        !own && held.lock.excludes(lock)
    };
    let held: Vec<&HeldLock> = words.waits.locks.iter().filter(blocks).collect();
    if held.is_empty() {
        told.text.push_str("; who has it could not be seen");
        return told;
    }
    told.edges.world = World::Closed;
    for held in held {
        let theirs = call_of(held);
        if held.holders.is_empty() {
            let gone = held
                .lock
                .pid
                .map(|pid| format!(", taken by pid {pid}, which is gone or cannot be seen either"))
                .unwrap_or_default();
            told.text = format!("{}; somebody who cannot be seen has {theirs}{gone}", told.text);
            told.edges.world = World::Open;
            continue;
        }
        if !held.found && held.lock.kind != LockKind::Posix {
            // Whoever has that open file now has the lock; of that nothing is known.
            told.text =
                format!("{}; {} took {theirs}, and may have passed it on", told.text, list(words, &held.holders));
            told.edges.world = told.edges.world.max(World::Likely);
            told.wakers.extend(words.wakers(thread, &held.holders, &format!("took {theirs}"), false));
            let members = held.holders.iter().map(|pid| (*pid, None)).collect();
            told.edges.groups.push(Group { object: address.clone(), members });
            continue;
        }
        told.text = format!("{}; {} {theirs}", told.text, have(words, &held.holders));
        let gone = held.lock.pid.filter(|pid| !held.holders.contains(pid) && held.lock.kind == LockKind::Flock);
        if let Some(pid) = gone {
            told.text = format!("{}, taken by pid {pid}, which has given it up or is gone", told.text);
        }
        told.wakers.extend(words.wakers(thread, &held.holders, &format!("has {theirs}"), true));
        // Several descriptors of one open file share its lock; whether this thread's own is among them the kernel does not
        // tell, and it does not stand in its own way.
        if held.lock.kind == LockKind::Ofd && held.holders.contains(&thread.pid) {
            told.edges.world = World::Open;
        }
        let members = held.holders.iter().map(|pid| (*pid, None)).collect();
        told.edges.groups.push(Group { object: address.clone(), members });
    }
    told.edges = judge(words, told.edges, lock.kind);
    told
}

/// A process keeps its own locks; an open file may be shared by somebody who is not seen.
fn judge(words: Words<'_>, mut edges: Edges, kind: LockKind) -> Edges {
    let hiding = &words.waits.hiding;
    if kind != LockKind::Posix && edges.world == World::Closed {
        // Those who share an open file have inherited it or been sent it, and may be out of sight.
        if hiding.processes || hiding.io_uring || hiding.in_flight || hiding.tables || hiding.nested_since.is_some() {
            edges.world = World::Likely;
        }
    }
    edges
}

fn call(kind: LockKind) -> &'static str {
    match kind {
        LockKind::Flock => "flock",
        LockKind::Posix => "lock (fcntl)",
        LockKind::Ofd => "lock of an open file (fcntl)",
        LockKind::Lease => "lease",
    }
}

fn call_of(held: &HeldLock) -> String {
    let mode = if held.lock.write { "an exclusive" } else { "a shared" };
    format!("{mode} {}", call(held.lock.kind))
}
