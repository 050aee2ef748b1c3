//! System V objects that nobody has attached and nobody is seen to sleep on.
//!
//! | object | who could still use it | so it is |
//! |---|---|---|
//! | any | a recorded process is alive | idle |
//! | queue, set | never used, and its owner has processes older than it | idle |
//! | segment | nobody: no attach, and its creator is recorded and gone | leaked |
//! | queue, set | a process of its owner or creator is older than its last change, or lives and could ask for its key; or processes outside this PID namespace | suspect |
//! | queue, set | no such process | leaked |
//! | any | a recorded process outside this PID namespace, or one that could not be looked into | unknown |

use super::reasons::Reasons;
use super::verdict::{Judgement, State, user, who};
use crate::model::{Body, Holder, Key, Object, Role, SemSet, Time, Times};
use crate::snapshot::Snapshot;

/// Judges an object that nobody uses at the moment.
pub(super) fn unused(snapshot: &Snapshot, object: &Object, holders: &[Holder], reasons: &mut Reasons) -> Judgement {
    if holders.iter().any(|holder| holder.alive) {
        for holder in holders.iter().filter(|holder| holder.alive) {
            reasons.say(|| format!("{}, {}, is alive", its(object, holder.role), who(snapshot, holder.pid)));
        }
        return (State::Idle, false);
    }
    if matches!(object.body, Body::Shm(_)) {
        reasons.say(|| "no process of this machine has it attached".to_owned());
    }
    say_gone(snapshot, object, holders, reasons);
    if outside_record(object, holders) {
        reasons.say(|| "a user of it is recorded, but outside this PID namespace".to_owned());
        return (State::Unknown, false);
    }
    if snapshot.visibility.hides_processes {
        reasons.say(|| "/proc does not show all processes".to_owned());
        return (State::Unknown, false);
    }
    // `nattch` counts every attach, seen or not. Still nothing is called leaked while a process is hidden that may be in
    // this IPC namespace.
    if snapshot.visibility.waits_hidden() {
        reasons.say(|| "not every process could be looked into: one of them may use it".to_owned());
        return (State::Unknown, false);
    }
    match &object.body {
        Body::Shm(shm) => {
            reasons.say(|| match (shm.times.detached.max(shm.times.attached), shm.times.changed) {
                (Some(at), _) => format!("last attached or detached {at}"),
                (None, Some(at)) => format!("it was never attached; made or changed {at}"),
                (None, None) => "it was never attached".to_owned(),
            });
            (State::Leaked, false)
        }
        Body::Queue(queue) => {
            match queue.messages {
                None | Some(0) => {}
                Some(1) => reasons.say(|| "1 message waits in it".to_owned()),
                Some(messages) => reasons.say(|| format!("{messages} messages wait in it")),
            }
            let used = queue.times.sent.is_some() || queue.times.received.is_some();
            without_list(snapshot, object, queue.times, used, reasons)
        }
        Body::Semaphore(set) => set_unused(snapshot, object, set, reasons),
        _ => (State::Unknown, false),
    }
}

/// Says of each recorded process that it is gone.
pub(super) fn say_gone(snapshot: &Snapshot, object: &Object, holders: &[Holder], reasons: &mut Reasons) {
    // Of a process that /proc leaves out nothing is known.
    let gone = if snapshot.visibility.hides_processes { "cannot be seen" } else { "is gone" };
    for holder in holders.iter().filter(|holder| holder.role.is_record() && !holder.alive) {
        reasons.say(|| format!("{}, pid {}, {gone}", its(object, holder.role), holder.pid));
    }
}

fn set_unused(snapshot: &Snapshot, object: &Object, set: &SemSet, reasons: &mut Reasons) -> Judgement {
    let Some(values) = &set.values else {
        reasons.say(|| "its last operators cannot be read without read permission on it".to_owned());
        return (State::Unknown, false);
    };
    if let Some(at) = values.iter().position(|semaphore| semaphore.value == 0 && semaphore.last_pid.unwrap_or(0) != 0) {
        reasons.say(|| format!("semaphore {at} is at 0, as its last operator left it"));
    }
    let used = set.times.operated.is_some() || values.iter().any(|s| s.last_pid.unwrap_or(0) != 0);
    without_list(snapshot, object, set.times, used, reasons)
}

/// Queues and sets: the kernel keeps no list of their users, only who used them last.
fn without_list(snapshot: &Snapshot, object: &Object, times: Times, used: bool, reasons: &mut Reasons) -> Judgement {
    let seen = &snapshot.visibility;
    let uid = |ids: Option<crate::model::Ids>| ids.map(|ids| ids.uid);
    let owners = [uid(object.owner), uid(object.creator)];
    let last = times.latest().unwrap_or(Time { secs: 0, nanos: 0 });
    let older = snapshot.older_process_of(owners, last);
    let owner = || owners[0].map_or_else(String::new, |uid| user(snapshot, uid));
    if !used {
        reasons.say(|| "it was never used".to_owned());
    }
    match older {
        Some(process) if !used => {
            reasons.say(|| format!("{} of its owner or creator is older than it", who(snapshot, process.pid)));
            (State::Idle, false)
        }
        Some(process) => {
            reasons.say(|| {
                format!("{} of its owner or creator was there at its last use, {last}", who(snapshot, process.pid))
            });
            (State::Suspect, false)
        }
        // A key can be asked for at any time: a daemon that was started anew finds its old queue by it, and may look into
        // it now and then without leaving a trace.
        None if keyed(object)
            && let Some(process) = snapshot.process_of(owners) =>
        {
            reasons.say(|| format!("{} of its owner or creator could know it by its key", who(snapshot, process.pid)));
            (State::Suspect, false)
        }
        None if seen.outsiders_know_ipc() => {
            reasons.say(|| "a process outside this PID namespace may know it".to_owned());
            (State::Suspect, false)
        }
        None => {
            reasons.say(|| "nobody waits on it".to_owned());
            let since = if used { "last used" } else { "made or changed" };
            reasons.say(|| format!("no process of its owner {} or its creator could know it; {since} {last}", owner()));
            (State::Leaked, false)
        }
    }
}

fn keyed(object: &Object) -> bool {
    let key = match &object.body {
        Body::Queue(queue) => queue.key,
        Body::Semaphore(set) => set.key,
        _ => None,
    };
    key.is_some_and(|key| key != Key::PRIVATE)
}

/// A use that was recorded without a pid: whoever it was lies outside the caller's PID namespace.
fn outside_record(object: &Object, holders: &[Holder]) -> bool {
    let missing = |role| !holders.iter().any(|holder| holder.role == role);
    match &object.body {
        Body::Shm(_) => missing(Role::Creator),
        Body::Queue(queue) => {
            queue.times.sent.is_some() && missing(Role::LastSender)
                || queue.times.received.is_some() && missing(Role::LastReceiver)
        }
        Body::Semaphore(set) => set.values.is_some() && set.times.operated.is_some() && missing(Role::LastOperator),
        _ => false,
    }
}

const fn its(object: &Object, role: Role) -> &'static str {
    match role {
        Role::LastOperator if matches!(object.body, Body::Shm(_)) => "the last that attached or detached it",
        Role::Creator => "its creator",
        Role::LastSender => "its last sender",
        Role::LastReceiver => "its last receiver",
        _ => "its last operator",
    }
}
