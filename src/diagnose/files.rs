//! POSIX objects, FIFOs and pipes: they are what processes have open or mapped, and nothing else records their users.
//!
//! | object | seen | so it is |
//! |---|---|---|
//! | POSIX object, FIFO | nobody has it, some processes could not be looked into | unknown |
//! | POSIX object | nobody has it, a process of its owner is older than its last change | suspect |
//! | POSIX object | nobody has it, none is | leaked |
//! | FIFO | nobody has it; a file is made to be found by name, also after a reboot | suspect at the most |
//! | pipe | both ends | in use |
//! | pipe | only a write end: no data can come out any more | leaked |
//! | pipe | only a read end: data may still be in it | suspect |

use super::verdict::{State, Verdict, of_holders, user, who};
use crate::model::{Body, Holder, Object, PipeEnds, Time};
use crate::snapshot::Snapshot;

/// Judges a POSIX object or FIFO that nobody has.
pub(super) fn unused(snapshot: &Snapshot, object: &Object) -> Verdict {
    let seen = &snapshot.visibility;
    let fifo = matches!(object.body, Body::Fifo(_));
    if seen.descriptors_hidden() || (!fifo && seen.maps_hidden()) {
        let reason = "not every process could be looked into: one of them may have it".to_owned();
        return Verdict::likely(State::Unknown, vec![reason]);
    }
    let mut reasons = vec!["no process has it open or mapped".to_owned()];
    let last = last_change(object);
    let uids: Vec<u32> = object.owner.iter().map(|ids| ids.uid).collect();
    if fifo {
        if let Some(pid) = seen.opening {
            reasons.push(format!("{} sleeps in opening a file, which may be this one", who(snapshot, pid)));
            return Verdict::likely(State::Unknown, reasons);
        }
        reasons.push("a FIFO may be meant to stay until somebody opens it".to_owned());
        return Verdict::likely(State::Suspect, reasons);
    }
    if seen.io_uring || seen.in_flight {
        reasons.push("an io_uring or a socket's queue may hold a descriptor of it".to_owned());
        return Verdict::likely(State::Suspect, reasons);
    }
    if let Some(process) = snapshot.older_process_of(&uids, last) {
        reasons.push(format!("{} of its owner was there at its last change, {last}", who(snapshot, process.pid)));
        return Verdict::likely(State::Suspect, reasons);
    }
    if seen.nested_pid_namespace {
        reasons.push("a process outside this PID namespace may have it".to_owned());
        return Verdict::likely(State::Suspect, reasons);
    }
    let owner = uids.first().map_or_else(String::new, |uid| user(snapshot, *uid));
    reasons.push(format!("no process of its owner {owner} is older than its last change, {last}"));
    Verdict::likely(State::Leaked, reasons)
}

fn last_change(object: &Object) -> Time {
    let changed = match &object.body {
        Body::Queue(queue) => queue.times.latest(),
        Body::Shm(shm) => shm.times.latest(),
        Body::Semaphore(set) => set.times.latest(),
        Body::Pipe(ends) | Body::Fifo(ends) => ends.changed,
        Body::Socket(_) => None,
    };
    changed.unwrap_or(Time { secs: 0, nanos: 0 })
}

/// Judges a pipe by the ends that processes have.
pub(super) fn pipe(snapshot: &Snapshot, ends: PipeEnds, holders: &[Holder]) -> Verdict {
    let mut reasons = of_holders(snapshot, holders);
    let (missing, lost) = match (ends.readers, ends.writers) {
        (0, 0) => {
            // Held by descriptors opened with O_PATH: neither end.
            return Verdict::likely(State::Unknown, reasons);
        }
        (0, _) => ("read", true),
        (_, 0) => ("write", false),
        _ => return Verdict::proved(State::InUse, reasons),
    };
    let seen = &snapshot.visibility;
    if seen.descriptors_hidden() {
        reasons.push(format!("no {missing} end was seen, but not every process could be looked into"));
        return Verdict::likely(State::Unknown, reasons);
    }
    if seen.io_uring || seen.in_flight || seen.nested_pid_namespace {
        reasons.push(format!("no process that could be seen has a {missing} end"));
        return Verdict::likely(State::Suspect, reasons);
    }
    if lost {
        reasons.push("no process has a read end: what is written goes nowhere, with SIGPIPE".to_owned());
        return Verdict::proved(State::Leaked, reasons);
    }
    reasons.push("no process has a write end: once it is read empty, a reader gets end-of-file".to_owned());
    Verdict::likely(State::Suspect, reasons)
}
