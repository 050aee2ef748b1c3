//! What is wrong, most severe first: each problem with who has it, how that is known, and the action that helps.
//!
//! Pure, over one full picture. A healthy machine has none: what a running program may mean so is left out, and where
//! processes could not be looked into nobody is said to be missing. An object has at most one problem, the one to begin
//! with. What is leaked or suspect, the verdict says and nothing else.
//!
//! A picture is a moment. A connection that its owner is about to close looks as one that it has forgotten; who takes
//! pictures again and again may wait for the second one that shows a problem.

mod ends;
mod limits;
mod queues;
mod semaphores;
mod sockets;
mod words;

use super::verdict::{State, state, verdict};
use crate::model::{Body, Holder, Identity, Object, Role, Shm};
use crate::snapshot::Snapshot;
use words::{Names, removal};

/// Something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// With what.
    pub about: About,
    /// Of which sort.
    pub class: Class,
    /// How bad it is.
    pub severity: Severity,
    /// A sentence: who, since when, how it is known. Safe on a terminal.
    pub reason: String,
    /// What helps.
    pub help: Help,
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A limit, by its place in [`Snapshot::room`].
    Limit(usize),
    /// An object, by its place in [`Snapshot::objects`].
    Object(usize),
}

/// How bad a problem is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody is stuck or about to fail, and it will not pass by itself.
    Severe,
    /// Nobody is stuck yet, or it may pass; or room is lost for good.
    Warning,
    /// Worth a look: it can be meant so.
    Note,
}

impl Severity {
    /// Name for people and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Severe => "severe",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// The sorts of problems, in the order in which those of one severity are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A queue takes no more: somebody is stuck sending, or whoever received is gone.
    Full,
    /// Somebody waits on a semaphore, and who operated on it last is gone.
    Blocked,
    /// More connections wait to be accepted than the listener lets wait.
    Backlog,
    /// Little is left of a limit of the kernel.
    NearLimit,
    /// A pipe or FIFO is written and read by nobody.
    NoReader,
    /// Somebody sleeps in opening a FIFO for reading that is written by nobody.
    NoWriter,
    /// Somebody sleeps in opening a FIFO that nobody else has to do with.
    NoPartner,
    /// The other end of a connection is closed, this one is kept.
    HalfClosed,
    /// Messages are sent, and whoever received them is gone.
    Unread,
    /// The verdict says so.
    Leaked,
    /// A removed segment is kept alive by who is attached, and its creator is gone.
    MarkedForRemoval,
    /// The verdict says so.
    Suspect,
}

impl Class {
    /// Name for people and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Blocked => "blocked",
            Self::Backlog => "backlog",
            Self::NearLimit => "near-limit",
            Self::NoReader => "no-reader",
            Self::NoWriter => "no-writer",
            Self::NoPartner => "no-partner",
            Self::HalfClosed => "half-closed",
            Self::Unread => "unread",
            Self::Leaked => "leaked",
            Self::MarkedForRemoval => "marked-for-removal",
            Self::Suspect => "suspect",
        }
    }
}

/// What helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// The action that helps.
    pub action: Action,
    /// The same in words, with the command in backquotes. Safe on a terminal.
    pub words: String,
}

/// An action that helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Removing the object.
    Remove,
    /// A signal to this process.
    Signal(u32),
    /// Looking at the object.
    Show,
    /// Removing what this filter finds.
    Clean(&'static str),
}

/// The problems of a picture that was taken with everything and `room`, the worst first.
pub fn problems(snapshot: &Snapshot) -> Vec<Problem> {
    let mut found: Vec<Problem> = limits::near(&snapshot.room).collect();
    found.extend((0..snapshot.objects.len()).filter_map(|place| Subject::new(snapshot, place).problem()));
    found.sort_by_key(|problem| (problem.severity, problem.class, problem.about));
    found
}

/// An object and who has it.
#[derive(Clone, Copy)]
struct Subject<'a> {
    snapshot: &'a Snapshot,
    place: usize,
    object: &'a Object,
    holders: &'a [Holder],
}

impl<'a> Subject<'a> {
    fn new(snapshot: &'a Snapshot, place: usize) -> Self {
        Self { snapshot, place, object: &snapshot.objects[place], holders: snapshot.holders(place) }
    }

    fn problem(self) -> Option<Problem> {
        match &self.object.body {
            Body::Queue(queue) => queues::problem(self, queue).or_else(|| self.judged()),
            Body::Shm(shm) => self.kept_alive(shm).or_else(|| self.judged()),
            Body::Semaphore(set) => semaphores::problem(self, set).or_else(|| self.judged()),
            // That a reader has no writer left is the ordinary end of data, and no process can be seen to wait for it.
            Body::Pipe(ends) => ends::pipe(self, *ends),
            // A FIFO that nobody has open is meant to be found.
            Body::Fifo(ends) => ends::fifo(self, *ends),
            Body::Socket(_) if matches!(self.object.identity, Identity::File { .. }) => self.judged(),
            Body::Socket(socket) => sockets::problem(self, socket),
            // It goes with the last process that has it: nothing of it is ever left.
            Body::Memfd(_) => None,
        }
    }

    /// What the verdict says.
    fn judged(self) -> Option<Problem> {
        let (class, severity) = match state(self.snapshot, self.place) {
            State::Leaked => (Class::Leaked, Severity::Warning),
            State::Suspect => (Class::Suspect, Severity::Note),
            _ => return None,
        };
        let reason = verdict(self.snapshot, self.place).reasons.join("; ");
        let words = removal(self, class == Class::Leaked);
        Some(self.problem_of(class, severity, reason, Action::Remove, words))
    }

    /// To remove a segment at once and be attached until the end is how careful programs use it. Only when its creator is
    /// gone, somebody has outlived them with it.
    fn kept_alive(self, shm: &Shm) -> Option<Problem> {
        let creator = self.holders.iter().find(|holder| holder.role == Role::Creator)?;
        if !shm.marked_for_removal || shm.attaches.unwrap_or(0) == 0 || creator.alive {
            return None;
        }
        let attached = self.who(|role| role == Role::Attached);
        let by = match attached.first() {
            Some(_) => format!("{attached} {} it attached", attached.verb("has", "have")),
            None => "processes that could not be seen have it attached".to_owned(),
        };
        let reason = format!("it was removed and its creator, pid {}, is gone, but {by}", creator.pid);
        let size = words::size(shm.size.unwrap_or(0));
        let (action, words) = match attached.first() {
            Some(pid) => (Action::Signal(pid), format!("it goes, and {size} with it, when {attached} lets go or ends")),
            None => (Action::Show, format!("it goes, and {size} with it, with the last detach")),
        };
        Some(self.problem_of(Class::MarkedForRemoval, Severity::Note, reason, action, words))
    }

    fn problem_of(self, class: Class, severity: Severity, reason: String, action: Action, words: String) -> Problem {
        Problem { about: About::Object(self.place), class, severity, reason, help: Help { action, words } }
    }

    /// The living processes in certain roles.
    fn who(self, wanted: impl Fn(Role) -> bool) -> Names<'a> {
        let holders = self.holders.iter().filter(|holder| holder.alive && wanted(holder.role));
        Names::new(self.snapshot, holders.map(|holder| holder.pid))
    }

    /// Whether a process that was not seen may hold a descriptor: then that nobody was seen proves nothing.
    fn may_be_held_unseen(self) -> bool {
        let seen = &self.snapshot.visibility;
        seen.descriptors_hidden() || seen.io_uring || seen.in_flight || seen.nested_pid_namespace
    }

    /// Whether a process is stopped: it will do nothing until it gets SIGCONT.
    fn is_stopped(self, pid: u32) -> bool {
        self.snapshot.process(pid).is_some_and(|process| matches!(process.state, 'T' | 't'))
    }
}

#[cfg(test)]
mod tests;
