//! Queues: full with somebody stuck on them, or filled for nobody.
//!
//! The kernel tells who waits and, of a System V queue, who received last. Of a POSIX queue it tells who has it open, not
//! for what.

use super::words::{Names, address, count, size};
use super::{Action, Class, Problem, Severity, Subject};
use crate::diagnose::verdict::who;
use crate::model::{Family, Queue, Role, Time};

/// Seconds within which a queue was used, so that it moves: a sender that waits for a busy receiver is no problem.
const MOVES: f64 = 5.0;
/// Seconds without a receiver after which its successor, if there is one, should have come.
const ABSENT: f64 = 60.0;

pub(super) fn problem(queue: Subject<'_>, attributes: &Queue) -> Option<Problem> {
    stuck(queue, attributes).or_else(|| unread(queue, attributes))
}

/// Who may take something out.
enum Readers<'a> {
    /// These; and what they do instead.
    Alive(Names<'a>, &'static str),
    /// Somebody may whom nothing names.
    Unseen(&'static str),
    /// By all that is recorded, nobody; in words.
    Gone(String),
}

fn stuck(queue: Subject<'_>, attributes: &Queue) -> Option<Problem> {
    let senders = queue.who(|role| role == Role::WaitingSend);
    let sends = senders.first().is_some();
    let full = is_full(attributes);
    // Where nobody who lives is concerned, what is to be said of it is the verdict.
    let concerns = sends || full && queue.holders.iter().any(|holder| holder.alive);
    if !concerns {
        return None;
    }
    let readers = if queue.object.family() == Some(Family::Sysv) {
        sysv_readers(queue, attributes)
    } else {
        openers(queue, senders.pids())
    };
    let for_good = if sends { Severity::Severe } else { Severity::Warning };
    let mut action = Action::Show;
    let (severity, read) = match &readers {
        Readers::Gone(why) => (for_good, why.clone()),
        // It moves, or is full and waits for its reader, which may be what it is for.
        _ if !sends || used_within(queue, attributes.times.latest(), MOVES) => return None,
        Readers::Unseen(why) => (Severity::Warning, (*why).to_owned()),
        Readers::Alive(names, does) => {
            if let Some(pid) = names.pids().iter().find(|pid| queue.is_stopped(**pid)) {
                action = Action::Signal(*pid);
                (for_good, format!("{} could receive and is stopped", who(queue.snapshot, *pid)))
            } else {
                (Severity::Warning, format!("{names} {does}"))
            }
        }
    };
    let mut reason = fill(attributes, full);
    if sends {
        reason = format!("{reason}; {senders} {} to send", senders.verb("waits", "wait"));
    }
    let words = if let Action::Signal(pid) = action {
        format!("`ipcx kill -CONT {pid}` lets it go on")
    } else {
        let address = address(queue);
        format!("`ipcx peek {address}` shows what is in it, `ipcx recv {address}` takes the first message out")
    };
    Some(queue.problem_of(Class::Full, severity, format!("{reason}; {read}"), action, words))
}

/// Whether the time lies within so many seconds before the picture.
fn used_within(queue: Subject<'_>, time: Option<Time>, seconds: f64) -> bool {
    time.is_some_and(|time| queue.snapshot.taken_at.seconds_since(time) < seconds)
}

/// Whether nothing more fits, not even an empty message (`ipc/msg.c`: `msg_fits_inqueue`).
fn is_full(queue: &Queue) -> bool {
    let reached = |used: Option<u64>, limit: Option<u64>| match (used, limit) {
        (Some(used), Some(limit)) => used >= limit,
        _ => false,
    };
    // A System V queue takes as many messages as bytes.
    reached(queue.bytes, queue.limit_bytes)
        || reached(queue.messages, queue.limit_bytes)
        || reached(queue.messages, queue.limit_messages)
}

/// What is in it, of what may be.
fn fill(queue: &Queue, full: bool) -> String {
    let messages = |number: u64| count(number, "message");
    let of = match (queue.messages, queue.limit_messages, queue.bytes, queue.limit_bytes) {
        (Some(there), Some(limit), ..) => format!("{there} of {}", messages(limit)),
        (Some(there), _, Some(bytes), Some(limit)) => {
            format!("{}, {} of {}", messages(there), size(bytes), size(limit))
        }
        (Some(there), ..) => messages(there),
        _ => return "it takes no more".to_owned(),
    };
    if full { format!("full: {of}") } else { format!("no room for what is to be sent: {of}") }
}

fn sysv_readers<'a>(queue: Subject<'a>, attributes: &Queue) -> Readers<'a> {
    let waiting = queue.who(|role| role == Role::WaitingReceive);
    if waiting.first().is_some() {
        let does = waiting.verb("waits for a message of another type", "wait for a message of another type");
        return Readers::Alive(waiting, does);
    }
    let last = queue.holders.iter().find(|holder| holder.role == Role::LastReceiver);
    let received = attributes.times.received;
    match (last, received) {
        (Some(last), _) if last.alive => {
            Readers::Alive(Names::new(queue.snapshot, [last.pid].into_iter()), "received last, and does not any more")
        }
        // One process after the other may take a message each.
        (Some(_), _) if used_within(queue, received, MOVES) => Readers::Unseen("its last receiver has just gone"),
        (Some(last), Some(at)) => Readers::Gone(format!("its last receiver, pid {} at {at}, is gone", last.pid)),
        (Some(last), None) => Readers::Gone(format!("its last receiver, pid {}, is gone", last.pid)),
        (None, Some(_)) => Readers::Unseen("its last receiver is recorded, but outside this PID namespace"),
        (None, None) => Readers::Gone("nobody has ever received from it".to_owned()),
    }
}

/// Who has a POSIX queue open and does not itself wait to send; another thread of one that does counts.
fn openers<'a>(queue: Subject<'a>, senders: &[u32]) -> Readers<'a> {
    let threads = |pid: u32| queue.snapshot.process(pid).map_or(1, |process| process.threads);
    let holders = queue.holders.iter().filter(|holder| holder.alive && holder.role != Role::WaitingSend);
    let others = holders.map(|holder| holder.pid).filter(|pid| !senders.contains(pid) || threads(*pid) > 1);
    let others = Names::new(queue.snapshot, others);
    let seen = &queue.snapshot.visibility;
    if others.first().is_some() {
        let does = others.verb("could receive and does not", "could receive and do not");
        Readers::Alive(others, does)
    } else if seen.descriptors_hidden() || seen.io_uring || seen.in_flight || seen.outsiders_know_ipc() {
        Readers::Unseen("nobody else was seen to have it open, but not everybody could be")
    } else {
        Readers::Gone("no other process has it open".to_owned())
    }
}

/// A System V queue that a living process has filled and nobody has emptied for a while.
fn unread(queue: Subject<'_>, attributes: &Queue) -> Option<Problem> {
    let messages = attributes.messages.filter(|messages| *messages > 0)?;
    let sender = queue.who(|role| role == Role::LastSender);
    let pid = sender.first()?;
    // Somebody hidden may wait to receive.
    if queue.snapshot.visibility.waits_hidden() || queue.object.family() != Some(Family::Sysv) {
        return None;
    }
    let Readers::Gone(why) = sysv_readers(queue, attributes) else { return None };
    if used_within(queue, attributes.times.received.or(attributes.times.changed), ABSENT) {
        return None;
    }
    let wait = if messages == 1 { "waits" } else { "wait" };
    let reason = format!("{} {wait} to be received; {why}; {sender} sent last", count(messages, "message"));
    let address = address(queue);
    let words = format!("`ipcx peek {address}` shows them, `ipcx show pid:{pid}` who sends");
    Some(queue.problem_of(Class::Unread, Severity::Note, reason, Action::Show, words))
}
