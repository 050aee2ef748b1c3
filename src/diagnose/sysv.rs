//! System V objects that nobody has attached and nobody is seen to sleep on.
//!
//! | object | who could still use it | so it is |
//! |---|---|---|
//! | any | a recorded process is alive | idle |
//! | queue, set | never used, and its owner has processes older than it | idle |
//! | segment | `nattch` counts all attaches of the machine, and its creator is recorded and gone | leaked |
//! | queue, set | no process of its owner or creator is older than its last change | leaked |
//! | queue, set | there is one, or processes outside this PID namespace | suspect |
//! | any | a recorded process lies outside this PID namespace, or sleepers could not be seen | unknown |

use super::verdict::{State, Verdict, user, who};
use crate::model::{Body, Holder, Object, Role, SemSet, Time, Times};
use crate::snapshot::Snapshot;

/// Judges an object that nobody uses at the moment.
pub(super) fn unused(snapshot: &Snapshot, object: &Object, holders: &[Holder]) -> Verdict {
    let alive: Vec<String> = holders
        .iter()
        .filter(|h| h.alive)
        .map(|h| format!("{}, {}, is alive", its(h.role), who(snapshot, h.pid)))
        .collect();
    if !alive.is_empty() {
        return Verdict::likely(State::Idle, alive);
    }
    let mut reasons: Vec<String> = holders.iter().map(|h| format!("{}, pid {}, is gone", its(h.role), h.pid)).collect();
    if let Some(unseen) = outside_record(object, holders) {
        reasons.push(unseen);
        return Verdict::likely(State::Unknown, reasons);
    }
    if snapshot.visibility.hides_processes {
        reasons.push("/proc does not show all processes".to_owned());
        return Verdict::likely(State::Unknown, reasons);
    }
    match &object.body {
        Body::Shm(shm) => {
            reasons.insert(0, "no process of this machine has it attached".to_owned());
            if let Some(at) = shm.times.detached.max(shm.times.attached) {
                reasons.push(format!("last attached or detached {at}"));
            }
            Verdict::likely(State::Leaked, reasons)
        }
        Body::Queue(queue) => {
            if queue.messages.unwrap_or(0) > 0 {
                reasons.push(format!("{} messages wait in it", queue.messages.unwrap_or(0)));
            }
            let used = queue.times.sent.is_some() || queue.times.received.is_some();
            without_list(snapshot, object, queue.times, used, reasons)
        }
        Body::Semaphore(set) => set_unused(snapshot, object, set, reasons),
        _ => Verdict::likely(State::Unknown, reasons),
    }
}

fn set_unused(snapshot: &Snapshot, object: &Object, set: &SemSet, mut reasons: Vec<String>) -> Verdict {
    let Some(values) = &set.values else {
        reasons.push("its last operators cannot be read without read permission on it".to_owned());
        return Verdict::likely(State::Unknown, reasons);
    };
    let used = set.times.operated.is_some() || values.iter().any(|s| s.last_pid.unwrap_or(0) != 0);
    without_list(snapshot, object, set.times, used, reasons)
}

/// Queues and sets: the kernel keeps no list of their users, only who used them last.
fn without_list(snapshot: &Snapshot, object: &Object, times: Times, used: bool, mut reasons: Vec<String>) -> Verdict {
    let seen = &snapshot.visibility;
    // A set says itself whether somebody waits; who sleeps on a queue only the processes tell.
    if matches!(object.body, Body::Queue(_)) && seen.waits_hidden() || seen.outside_ipc_users() {
        reasons.push("not every process could be looked into: one of them may wait on it".to_owned());
        return Verdict::likely(State::Unknown, reasons);
    }
    let uids: Vec<u32> = [object.owner, object.creator].into_iter().flatten().map(|ids| ids.uid).collect();
    let last = times.latest().unwrap_or(Time { secs: 0, nanos: 0 });
    let older = snapshot.older_process_of(&uids, last);
    let owner = uids.first().map_or_else(String::new, |uid| user(snapshot, *uid));
    if !used {
        reasons.push("it was never used".to_owned());
    }
    match older {
        Some(process) if !used => {
            reasons.push(format!("{} of its owner {owner} is older than it", who(snapshot, process.pid)));
            Verdict::likely(State::Idle, reasons)
        }
        Some(process) => {
            reasons.push(format!(
                "{} of its owner or creator was there at its last use, {last}",
                who(snapshot, process.pid)
            ));
            Verdict::likely(State::Suspect, reasons)
        }
        None if seen.nested_pid_namespace => {
            reasons.push("a process outside this PID namespace may know it".to_owned());
            Verdict::likely(State::Suspect, reasons)
        }
        None => {
            reasons.push("nobody waits on it".to_owned());
            reasons.push(format!("no process of its owner {owner} or its creator is older than its last use, {last}"));
            Verdict::likely(State::Leaked, reasons)
        }
    }
}

/// A use that was recorded without a pid: whoever it was lies outside the caller's PID namespace.
fn outside_record(object: &Object, holders: &[Holder]) -> Option<String> {
    let missing = |role| !holders.iter().any(|holder| holder.role == role);
    let outside = match &object.body {
        Body::Shm(_) => missing(Role::Creator),
        Body::Queue(queue) => {
            queue.times.sent.is_some() && missing(Role::LastSender)
                || queue.times.received.is_some() && missing(Role::LastReceiver)
        }
        Body::Semaphore(set) => set.values.is_some() && set.times.operated.is_some() && missing(Role::LastOperator),
        _ => false,
    };
    outside.then(|| "a user of it is recorded, but outside this PID namespace".to_owned())
}

const fn its(role: Role) -> &'static str {
    match role {
        Role::Creator => "its creator",
        Role::LastSender => "its last sender",
        Role::LastReceiver => "its last receiver",
        _ => "its last operator",
    }
}
