//! Pipes and FIFOs that lack an end, or whose reader does not read.
//!
//! A pipe whose writers are gone is at its end, not stuck. One without a reader kills who writes. A process that sleeps in
//! opening a FIFO proves by itself that nobody is at the other end.

use super::words::{Names, address};
use super::{Action, Class, Problem, Severity, Subject};
use crate::model::{PipeEnds, Role};

pub(super) fn pipe(pipe: Subject<'_>, ends: PipeEnds) -> Option<Problem> {
    if let Some(stuck) = stuck_writer(pipe) {
        return Some(stuck);
    }
    if ends.writers == 0 || ends.readers > 0 || pipe.may_be_held_unseen() {
        return None;
    }
    no_reader(pipe, &pipe.who(|role| role == Role::Writer))
}

pub(super) fn fifo(fifo: Subject<'_>, ends: PipeEnds) -> Option<Problem> {
    let waiters = fifo.who(|role| role == Role::WaitingOpen);
    if waiters.first().is_some() {
        return waits_to_open(fifo, ends, &waiters);
    }
    if let Some(stuck) = stuck_writer(fifo) {
        return Some(stuck);
    }
    if ends.writers == 0 || ends.readers > 0 || fifo.may_be_held_unseen() {
        return None;
    }
    no_reader(fifo, &fifo.who(|role| role == Role::Writer))
}

/// A writer waits at every full pipe of a healthy pipeline now and then. It waits in vain where those who could read are
/// stopped, or are itself.
fn stuck_writer(object: Subject<'_>) -> Option<Problem> {
    let writers = object.who(|role| role == Role::WaitingSend);
    let readers = object.who(|role| role == Role::Reader);
    let (writer, reader) = (writers.first()?, readers.first()?);
    let full = format!("it is full, and {writers} {} in writing to it", writers.verb("sleeps", "sleep"));
    if readers.pids().iter().all(|pid| object.is_stopped(*pid)) {
        let reason = format!("{full}; {readers}, who could read it, {} stopped", readers.verb("is", "are"));
        let words = format!("`ipcx kill -CONT {reader}` lets it go on");
        return Some(object.problem_of(Class::Full, Severity::Severe, reason, Action::Signal(reader), words));
    }
    let alone = readers.pids() == [writer]
        && !object.may_be_held_unseen()
        && object.snapshot.process(writer).is_some_and(|process| process.threads == 1);
    alone.then(|| {
        let reason = format!("{full}; nobody else could read it: it waits for itself");
        let words = format!("`ipcx kill {writer}` ends it");
        object.problem_of(Class::Full, Severity::Severe, reason, Action::Signal(writer), words)
    })
}

fn no_reader(object: Subject<'_>, writers: &Names<'_>) -> Option<Problem> {
    let pid = writers.first()?;
    let has = writers.verb("has", "have");
    let reason =
        format!("{writers} {has} it open for writing and no process for reading: a write fails with EPIPE and SIGPIPE");
    let words = format!("`ipcx show pid:{pid}` tells what else it has, `ipcx kill {pid}` ends it");
    Some(object.problem_of(Class::NoReader, Severity::Warning, reason, Action::Signal(pid), words))
}

fn waits_to_open(fifo: Subject<'_>, ends: PipeEnds, waiters: &Names<'_>) -> Option<Problem> {
    let (class, missing) = match (ends.readers > 0, ends.writers > 0) {
        (false, false) => (Class::NoPartner, "nobody comes to the other end"),
        (true, false) => (Class::NoWriter, "nobody has it open for writing"),
        (false, true) => (Class::NoReader, "nobody has it open for reading"),
        // Somebody has come meanwhile.
        (true, true) => return None,
    };
    let pid = waiters.first()?;
    let reason = format!("{waiters} {} in opening it: {missing}", waiters.verb("sleeps", "sleep"));
    let address = address(fifo);
    let other_end = match class {
        Class::NoWriter => format!("`ipcx send {address}` opens the other end"),
        Class::NoReader => format!("`ipcx recv {address}` opens the other end"),
        _ => format!("`ipcx recv {address}` or `ipcx send {address}` opens the other end"),
    };
    let words = format!("{other_end}; `ipcx kill {pid}` ends the wait");
    Some(fifo.problem_of(class, Severity::Note, reason, Action::Signal(pid), words))
}
