//! Waits on System V queues and semaphore sets. Whoever may use one could wake it, so it is never said that nobody can; who
//! did so last is the best that the kernel records.

use super::words::{Does, Words, count, list};
use super::{Edges, Group, Told, World};
use crate::model::{Body, Holder, Identity, Queue, Role, SemSet, Semaphore};
use crate::snapshot::Snapshot;
use crate::snapshot::waits::{SemOperation, Thread};

fn queue_of(words: Words<'_>, identity: Identity) -> Option<(&Snapshot, usize, &Queue)> {
    let (picture, place) = words.waits.find(identity)?;
    match &picture.objects[place].body {
        Body::Queue(queue) => Some((picture, place, queue)),
        _ => None,
    }
}

/// A queue's address and, where it has one, its key.
fn name(words: Words<'_>, identity: Identity) -> String {
    let address = words.address(identity);
    let key = match words.waits.find(identity).map(|(picture, place)| &picture.objects[place].body) {
        Some(Body::Queue(queue)) => queue.key,
        Some(Body::Semaphore(set)) => set.key,
        _ => None,
    };
    let key = key.filter(|key| key.0 != 0).map(|key| format!(" (key {key})")).unwrap_or_default();
    format!("{address}{key}{}", words.elsewhere(identity))
}

/// `msgrcv`.
pub(super) fn receiving(words: Words<'_>, thread: &Thread, identity: Identity, kind: i64, except: bool) -> Told {
    let wanted = match kind {
        0 => "any message".to_owned(),
        1.. if except => format!("a message of any type but {kind}"),
        1.. => format!("a message of type {kind}"),
        _ => format!("a message of a type up to {}", kind.unsigned_abs()),
    };
    let name = name(words, identity);
    let mut told = Told::open(Some(words.address(identity)), format!("it waits for {wanted} in {name}"));
    let Some((picture, place, queue)) = queue_of(words, identity) else { return unseen(told) };
    told.text = match queue.messages.unwrap_or(0) {
        0 => format!("{name} is empty; it waits for {wanted}"),
        messages => {
            let holds = count(messages, "message");
            let types = words.waits.types.get(&identity);
            let fits = |found: &&i64| match kind {
                0 => true,
                1.. if except => **found != kind,
                1.. => **found == kind,
                _ => **found <= kind.saturating_neg(),
            };
            match types.map(|types| types.iter().filter(fits).count()) {
                _ if kind == 0 => format!("{name} has {holds} by now; it waits for {wanted}"),
                Some(0) => format!("{name} has {holds}, none of them {}", wanted_of(kind, except)),
                Some(_) => format!("{name} has {holds}, and by now some that fit; it waits for {wanted}"),
                // Who may read everything found too many of them, or the queue in another namespace.
                None => format!(
                    "{name} has {holds}; it waits for {wanted}, and of which types those are could not be read{}",
                    if words.waits.privileged { "" } else { " (that needs read permission on the queue)" }
                ),
            }
        }
    };
    last(words, thread, picture, place, Role::LastSender, "last sender", &mut told);
    meets(words, thread, identity, Does::Sends, &mut told);
    told
}

fn wanted_of(kind: i64, except: bool) -> String {
    match kind {
        1.. if except => format!("of another type than {kind}"),
        1.. => format!("of type {kind}"),
        _ => format!("of a type up to {}", kind.unsigned_abs()),
    }
}

/// `msgsnd`.
pub(super) fn sending(words: Words<'_>, thread: &Thread, identity: Identity, kind: Option<i64>, size: u64) -> Told {
    let name = name(words, identity);
    let kind = kind.map(|kind| format!(" of type {kind}")).unwrap_or_default();
    let message = format!("a message{kind} and {}", count(size, "byte"));
    let mut told = Told::open(Some(words.address(identity)), format!("it waits for room for {message} in {name}"));
    let Some((picture, place, queue)) = queue_of(words, identity) else { return unseen(told) };
    if let (Some(bytes), Some(most), Some(messages)) = (queue.bytes, queue.limit_bytes, queue.messages) {
        told.text = format!(
            "{name} is full: {bytes} of {most} bytes in {}; there is no room for {message}",
            count(messages, "message")
        );
    }
    last(words, thread, picture, place, Role::LastReceiver, "last receiver", &mut told);
    meets(words, thread, identity, Does::Receives, &mut told);
    told
}

fn unseen(mut told: Told) -> Told {
    told.text.push_str("; its state could not be read");
    told
}

/// Who is recorded to have done it last.
fn last(words: Words<'_>, thread: &Thread, picture: &Snapshot, place: usize, role: Role, how: &str, told: &mut Told) {
    let Some(holder) = picture.holders(place).iter().find(|holder| holder.role == role) else {
        told.text.push_str(if role == Role::LastSender {
            "; nobody ever sent to it"
        } else {
            "; nobody ever received from it"
        });
        return;
    };
    if !holder.alive {
        told.text = format!("{}; its {how}, pid {}, is gone", told.text, holder.pid);
        return;
    }
    if holder.pid == thread.pid {
        told.text = format!("{}; its {how} is this process itself", told.text);
    }
    told.wakers.extend(words.wakers(thread, &[holder.pid], how, false));
}

/// Threads that wait to do the opposite on the same queue: one that is full for one type may be empty for another. Neither
/// lets the other go on. One that is stopped might, as soon as it is not.
fn meets(words: Words<'_>, thread: &Thread, queue: Identity, opposite: Does, told: &mut Told) {
    if thread.is_stopped() {
        return;
    }
    let to = if opposite == Does::Sends { "to send to it" } else { "to receive from it" };
    let goes_on = |pid: &u32| words.waits.threads_of(*pid).iter().any(|other| !other.is_stopped());
    let all = words.asleep(queue, opposite).iter().copied();
    let pids: Vec<u32> = all.filter(|pid| *pid != thread.pid).filter(goes_on).collect();
    if pids.is_empty() {
        return;
    }
    let wait = if pids.len() == 1 { "waits" } else { "wait" };
    told.text = format!("{}; {} {wait} {to}, and neither lets the other go on", told.text, list(words, &pids));
    let named: Vec<u32> = told.wakers.iter().map(|waker| waker.pid).collect();
    told.held_up = named.iter().all(|pid| pids.binary_search(pid).is_ok());
    let others = words.wakers(thread, &pids, &format!("waits {to}"), false).into_iter();
    told.wakers.extend(others.filter(|waker| !named.contains(&waker.pid)));
}

/// `semop`.
pub(super) fn operating(
    words: Words<'_>,
    thread: &Thread,
    identity: Identity,
    operations: Option<&[SemOperation]>,
) -> Told {
    let name = name(words, identity);
    let mut told = Told::open(Some(words.address(identity)), format!("it waits on {name}"));
    let Some(operations) = operations else {
        told.text.push_str("; which of its semaphores it waits for could not be read from its memory");
        return told;
    };
    let one = |one: &SemOperation| match one.by {
        0 => format!("0 in semaphore {}", one.semaphore),
        by => format!("{by:+} on semaphore {}", one.semaphore),
    };
    let mut all: Vec<String> = operations.iter().take(SHOWN).map(one).collect();
    if operations.len() > SHOWN {
        all.push(format!("and {} more", operations.len() - SHOWN));
    }
    told.text = format!("it asks {name} for {}", all.join(", "));
    let body = words.waits.find(identity).map(|(picture, place)| &picture.objects[place].body);
    let Some(Body::Semaphore(set)) = body else { return unseen(told) };
    let Some(Blocking { operation: blocking, semaphore, left }) = first_that_waits(set, operations) else {
        told.text.push_str("; its values could not be read, or have changed by now so that it may go on");
        return told;
    };
    let wanted = match blocking.by {
        0 => "and it waits for 0".to_owned(),
        by => format!("and {} is needed", by.unsigned_abs()),
    };
    // Its own operations come one after the other.
    let before = match i64::from(semaphore.value) {
        value if value == left => String::new(),
        _ => format!(", {left} after the operations before"),
    };
    told.text = format!("{}; semaphore {} is {}{before}, {wanted}", told.text, blocking.semaphore, semaphore.value);
    operator(words, thread, identity, semaphore, &mut told);
    told
}

/// Operations of one call that are told of in words.
const SHOWN: usize = 8;

/// Who operated on the semaphore last: of one that is used as a lock, who has it.
fn operator(words: Words<'_>, thread: &Thread, set: Identity, semaphore: Semaphore, told: &mut Told) {
    let Some(pid) = semaphore.last_pid.filter(|pid| *pid != 0) else {
        told.text.push_str("; who operated on it last is not recorded, or cannot be seen from this PID namespace");
        return;
    };
    if pid == thread.pid {
        told.text.push_str("; the last to operate on it was this process itself");
        return;
    }
    // Another process may have its number by now.
    let lives = words.waits.find(set).is_some_and(|(picture, place)| {
        let same = |holder: &Holder| holder.role == Role::LastOperator && holder.pid == pid && holder.alive;
        picture.holders(place).iter().any(same)
    });
    if !lives {
        told.text = format!("{}; the last to operate on it, pid {pid}, is gone", told.text);
        return;
    }
    told.text = format!("{}; the last to operate on it was {}", told.text, list(words, &[pid]));
    told.wakers.extend(words.waker(pid, None, "last operated on the semaphore", false));
    if semaphore.value == 0 {
        let object = told.objects.first().cloned().unwrap_or_default();
        told.edges = Edges { world: World::Likely, groups: vec![Group { object, members: vec![(pid, None)].into() }] };
    }
}

/// An operation that cannot be done.
struct Blocking {
    operation: SemOperation,
    semaphore: Semaphore,
    /// The value that the operations before it leave.
    left: i64,
}

/// The first operation that cannot be done, each done on top of those before it as the kernel tries them.
fn first_that_waits(set: &SemSet, operations: &[SemOperation]) -> Option<Blocking> {
    let values = set.values.as_ref()?;
    let mut now: Vec<i64> = values.iter().map(|semaphore| i64::from(semaphore.value)).collect();
    for operation in operations {
        let at = usize::from(operation.semaphore);
        let value = now.get_mut(at)?;
        let by = i64::from(operation.by);
        let waits = if by == 0 { *value != 0 } else { *value + by < 0 };
        if waits {
            return Some(Blocking { operation: *operation, semaphore: *values.get(at)?, left: *value });
        }
        *value += by;
    }
    None
}
