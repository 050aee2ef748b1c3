//! POSIX objects, FIFOs and pipes: they are what processes have open or mapped, and nothing else records their users.
//!
//! | object | seen | so it is |
//! |---|---|---|
//! | POSIX object, FIFO | nobody has it, some processes could not be looked into | unknown |
//! | POSIX object | nobody has it, a process of its owner lives, which could know it by its name | suspect |
//! | POSIX object | nobody has it, none lives | leaked |
//! | FIFO | nobody has it; a file is made to be found by name, also after a reboot | suspect at the most |
//! | pipe | both ends | in use |
//! | pipe | only a write end: no data can come out any more | leaked |
//! | pipe | only a read end: data may still be in it | suspect |

use super::reasons::Reasons;
use super::verdict::{Judgement, State, say_holders, user, who};
use crate::model::{Body, Holder, Object, PipeEnds, Time};
use crate::snapshot::Snapshot;

/// Judges a POSIX object or FIFO that nobody has.
pub(super) fn unused(snapshot: &Snapshot, object: &Object, reasons: &mut Reasons) -> Judgement {
    let seen = &snapshot.visibility;
    let fifo = matches!(object.body, Body::Fifo(_));
    if seen.descriptors_hidden() || (!fifo && seen.maps_hidden()) {
        reasons.say(|| "not every process could be looked into: one of them may have it".to_owned());
        return (State::Unknown, false);
    }
    reasons.say(|| "no process has it open or mapped".to_owned());
    let last = last_change(object);
    let owner = object.owner.map(|ids| ids.uid);
    if fifo {
        if let Some(pid) = seen.opening {
            reasons.say(|| format!("{} sleeps in opening a file, which may be this one", who(snapshot, pid)));
            return (State::Unknown, false);
        }
        reasons.say(|| "a FIFO may be meant to stay until somebody opens it".to_owned());
        return (State::Suspect, false);
    }
    if seen.io_uring || seen.in_flight {
        reasons.say(|| "an io_uring or a socket's queue may hold a descriptor of it".to_owned());
        return (State::Suspect, false);
    }
    // A queue belongs to the IPC namespace; /dev/shm is a file system like any other, and may be anybody's.
    if let Some(process) = snapshot.process_of([owner, None]) {
        reasons.say(|| format!("{} of its owner could know it by its name", who(snapshot, process.pid)));
        return (State::Suspect, false);
    }
    let outsiders = match object.body {
        Body::Queue(_) => seen.outsiders_know_ipc(),
        _ => seen.nested_pid_namespace,
    };
    if outsiders {
        reasons.say(|| "a process outside this PID namespace may have it".to_owned());
        return (State::Suspect, false);
    }
    let owner = || owner.map_or_else(String::new, |uid| user(snapshot, uid));
    reasons.say(|| format!("no process of its owner {} lives; last changed {last}", owner()));
    (State::Leaked, false)
}

fn last_change(object: &Object) -> Time {
    let changed = match &object.body {
        Body::Queue(queue) => queue.times.latest(),
        Body::Shm(shm) => shm.times.latest(),
        Body::Semaphore(set) => set.times.latest(),
        Body::Pipe(ends) | Body::Fifo(ends) => ends.changed,
        Body::Socket(_) | Body::Memfd(_) => None,
    };
    changed.unwrap_or(Time { secs: 0, nanos: 0 })
}

/// Judges a pipe by the ends that processes have.
pub(super) fn pipe(snapshot: &Snapshot, ends: PipeEnds, holders: &[Holder], reasons: &mut Reasons) -> Judgement {
    say_holders(snapshot, holders, reasons);
    let (missing, lost) = match (ends.readers, ends.writers) {
        (0, 0) => {
            // Held by descriptors opened with O_PATH: neither end.
            return (State::Unknown, false);
        }
        (0, _) => ("read", true),
        (_, 0) => ("write", false),
        _ => return (State::InUse, true),
    };
    let seen = &snapshot.visibility;
    if seen.descriptors_hidden() {
        reasons.say(|| format!("no {missing} end was seen, but not every process could be looked into"));
        return (State::Unknown, false);
    }
    // A container's programs have their standard streams from its engine, which has the other ends.
    if seen.nested_pid_namespace && holders.iter().all(|holder| holder.fd.is_some_and(|fd| fd <= 2)) {
        reasons.say(|| format!("a standard stream, whose {missing} end a process outside this PID namespace may have"));
        return (State::Unknown, false);
    }
    if seen.io_uring || seen.in_flight || seen.nested_pid_namespace {
        reasons.say(|| format!("no process that could be seen has a {missing} end"));
        return (State::Suspect, false);
    }
    if lost {
        reasons.say(|| {
            "no process has a read end: what is written goes nowhere, with SIGPIPE; it goes when it is closed"
                .to_owned()
        });
        return (State::Leaked, true);
    }
    reasons.say(|| "no process has a write end: once it is read empty, a reader gets end-of-file".to_owned());
    (State::Suspect, false)
}
