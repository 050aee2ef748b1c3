//! Pipes and FIFOs that lack an end.
//!
//! A pipe whose writers are gone is at its end, not stuck. One without a reader kills who writes. A process that sleeps in
//! opening a FIFO proves by itself that nobody is at the other end.

use super::words::{Names, address};
use super::{Action, Class, Problem, Severity, Subject};
use crate::diagnose::verdict::{State, state};
use crate::model::{PipeEnds, Role};

pub(super) fn pipe(pipe: Subject<'_>) -> Option<Problem> {
    if state(pipe.snapshot, pipe.place) != State::Leaked {
        return None;
    }
    no_reader(pipe, &pipe.who(|role| role == Role::Writer))
}

pub(super) fn fifo(fifo: Subject<'_>, ends: PipeEnds) -> Option<Problem> {
    let waiters = fifo.who(|role| role == Role::WaitingOpen);
    if waiters.first().is_some() {
        return waits_to_open(fifo, ends, &waiters);
    }
    if ends.writers == 0 || ends.readers > 0 || fifo.may_be_held_unseen() {
        return None;
    }
    no_reader(fifo, &fifo.who(|role| role == Role::Writer))
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
