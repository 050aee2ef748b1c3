//! The verdict about one object: is it in use, idle, leaked, suspect, or can that not be told.
//!
//! Who has or waits for an object comes first, for every kind alike; what is left is judged by kind.

use super::{files, sockets, sysv};
use crate::model::{Body, Holder, Object, Role, escape};
use crate::snapshot::Snapshot;

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Somebody alive has it attached, mapped or open, or sleeps on it.
    InUse,
    /// Nobody now, but a user is known to live.
    Idle,
    /// By all the kernel tells its users are gone, and it will stay.
    Leaked,
    /// All who left a trace are gone, but one who left none may live.
    Suspect,
    /// Too much could not be read to say.
    Unknown,
}

impl State {
    /// Name in JSON, columns and filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::Idle => "idle",
            Self::Leaked => "leaked",
            Self::Suspect => "suspect",
            Self::Unknown => "unknown",
        }
    }
}

/// What is said of an object, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The strongest state that the evidence allows.
    pub state: State,
    /// Whether that is proved: for what somebody demonstrably uses, and for what nobody can reach any more.
    pub certain: bool,
    /// Sentences: who, since when, how it is known.
    pub reasons: Vec<String>,
}

impl Verdict {
    pub(super) fn proved(state: State, reasons: Vec<String>) -> Self {
        Self { state, certain: true, reasons }
    }

    pub(super) fn likely(state: State, reasons: Vec<String>) -> Self {
        Self { state, certain: false, reasons }
    }
}

/// Judges one object of a snapshot that was taken with `want.verdict`.
pub fn verdict(snapshot: &Snapshot, place: usize) -> Verdict {
    let object = &snapshot.objects[place];
    let holders = snapshot.holders(place);
    match &object.body {
        Body::Socket(socket) => sockets::verdict(snapshot, object, socket, holders),
        Body::Pipe(ends) => files::pipe(snapshot, *ends, holders),
        _ => {
            let used = users(snapshot, object, holders);
            if used.is_empty() { unused(snapshot, object, holders) } else { Verdict::proved(State::InUse, used) }
        }
    }
}

fn unused(snapshot: &Snapshot, object: &Object, holders: &[Holder]) -> Verdict {
    match (&object.body, object.family()) {
        (Body::Queue(_) | Body::Shm(_) | Body::Semaphore(_), Some(crate::model::Family::Sysv)) => {
            sysv::unused(snapshot, object, holders)
        }
        _ => files::unused(snapshot, object),
    }
}

/// One sentence for each who has the object or sleeps on it, and for what the object itself tells of its users.
fn users(snapshot: &Snapshot, object: &Object, holders: &[Holder]) -> Vec<String> {
    let mut reasons = of_holders(snapshot, holders);
    match &object.body {
        Body::Shm(shm) => {
            let attaches = shm.attaches.unwrap_or(0);
            if attaches > 0 {
                let seen = holders.iter().any(|holder| holder.role == Role::Attached);
                let by = if seen { "" } else { ", by processes that were not looked for or could not be seen" };
                reasons.push(format!("attached {attaches} {}{by}", times(attaches)));
            }
            if shm.marked_for_removal && attaches > 0 {
                reasons.push("marked for removal: goes with the last detach".to_owned());
            }
        }
        Body::Queue(queue) => {
            if let Some(notify) = queue.notify {
                reasons.push(format!("{} is to be notified of a message", who(snapshot, notify.pid)));
            }
        }
        Body::Semaphore(set) => {
            let waiting: u64 = set
                .values
                .iter()
                .flatten()
                .map(|s| u64::from(s.waiting_increase) + u64::from(s.waiting_zero.unwrap_or(0)))
                .sum();
            // A POSIX semaphore's waiters are a number in a file, which a killed process leaves behind.
            if waiting > 0 && set.key.is_some() && !holders.iter().any(|h| h.role.is_waiting()) {
                reasons.push(format!("the kernel counts {waiting} waiting on it"));
            }
        }
        _ => {}
    }
    reasons
}

/// One sentence for each process that has the object, by what it does with it.
pub(super) fn of_holders(snapshot: &Snapshot, holders: &[Holder]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut last = None;
    for holder in holders.iter().filter(|holder| !holder.role.is_record()) {
        // Many descriptors of one process are one fact.
        if last.replace((holder.pid, holder.role)) == Some((holder.pid, holder.role)) {
            continue;
        }
        let does = match holder.role {
            Role::WaitingSend => "is waiting to send",
            Role::WaitingReceive => "is waiting to receive",
            Role::WaitingSemaphore => "is waiting on it",
            Role::Attached => "has it attached",
            Role::Mapped => "has it mapped",
            Role::Reader => "has it open for reading",
            Role::Writer => "has it open for writing",
            Role::Listener => "listens on it",
            Role::Connected => "has it connected",
            _ => "has it open",
        };
        reasons.push(format!("{} {does}", who(snapshot, holder.pid)));
    }
    reasons
}

/// `pid 812 (orders)`.
pub(super) fn who(snapshot: &Snapshot, pid: u32) -> String {
    match snapshot.process(pid) {
        Some(process) => format!("pid {pid} ({})", escape(&process.comm)),
        None => format!("pid {pid}"),
    }
}

/// `alice` or `uid 4000000000`.
pub(super) fn user(snapshot: &Snapshot, uid: u32) -> String {
    snapshot.user_name(uid).map_or_else(|| format!("uid {uid}"), |name| escape(name.as_bytes()).into_owned())
}

const fn times(count: u64) -> &'static str {
    if count == 1 { "time" } else { "times" }
}
