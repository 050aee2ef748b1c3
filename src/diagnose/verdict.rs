//! The verdict about one object: is it in use, idle, leaked, suspect, or can that not be told.
//!
//! Who has or waits for an object comes first, for every kind alike; what is left is judged by kind.

use super::reasons::Reasons;
use super::{files, sockets, sysv};
use crate::model::{Body, Family, Holder, Object, Role, SemSet, escape};
use crate::snapshot::Snapshot;
use std::fmt::{self, Write as _}; // into a String, which cannot fail

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

/// A state, and whether it is proved.
pub(super) type Judgement = (State, bool);

/// Judges one object of a snapshot that was taken with `want.verdict`.
pub fn verdict(snapshot: &Snapshot, place: usize) -> Verdict {
    let mut reasons = Reasons::wanted();
    let (state, certain) = judge(snapshot, place, &mut reasons);
    Verdict { state, certain, reasons: reasons.into_sentences() }
}

/// The state alone.
pub fn state(snapshot: &Snapshot, place: usize) -> State {
    judge(snapshot, place, &mut Reasons::unwanted()).0
}

fn judge(snapshot: &Snapshot, place: usize, reasons: &mut Reasons) -> Judgement {
    let object = &snapshot.objects[place];
    let holders = snapshot.holders(place);
    match &object.body {
        Body::Socket(socket) => sockets::judge(snapshot, object, socket, holders, reasons),
        Body::Pipe(ends) => files::pipe(snapshot, *ends, holders, reasons),
        _ if is_used(snapshot, object, holders, reasons) => (State::InUse, true),
        Body::Queue(_) | Body::Shm(_) | Body::Semaphore(_) if object.family() == Some(Family::Sysv) => {
            sysv::unused(snapshot, object, holders, reasons)
        }
        _ => files::unused(snapshot, object, reasons),
    }
}

/// Of memory that no name leads to. To unlink at once what is handed on to children is how careful programs do it: while one
/// of them has it, it is used and nothing else.
const ONLY_HOLDERS: &str = "only processes that have it can reach it, and it goes with the last of them";

/// Whether somebody has the object or sleeps on it, or the object itself tells of such users.
fn is_used(snapshot: &Snapshot, object: &Object, holders: &[Holder], reasons: &mut Reasons) -> bool {
    let mut used = say_holders(snapshot, holders, reasons);
    match &object.body {
        Body::Shm(shm) => {
            let attaches = shm.attaches.unwrap_or(0);
            if attaches > 0 {
                used = true;
                let seen = holders.iter().any(|holder| holder.role == Role::Attached);
                let by = if seen { "" } else { ", by processes that were not looked for or could not be seen" };
                reasons.say(|| format!("attached {attaches} {}{by}", times(attaches)));
            }
            if shm.marked_for_removal && attaches > 0 {
                reasons.say(|| "marked for removal: its key is gone, and it goes with the last detach".to_owned());
            }
            if shm.deleted {
                reasons.say(|| format!("its name is gone: {ONLY_HOLDERS}"));
            }
        }
        Body::Memfd(_) => reasons.say(|| format!("it has no name: {ONLY_HOLDERS}")),
        Body::Queue(queue) => {
            if let Some(notify) = queue.notify {
                used = true;
                reasons.say(|| format!("{} is to be notified of a message", who(snapshot, notify.pid)));
            }
            if used {
                sysv::say_gone(snapshot, object, holders, reasons);
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
                used = true;
                reasons.say(|| format!("the kernel counts {waiting} waiting on it"));
            }
            say_unraised(set, holders, reasons);
        }
        _ => {}
    }
    used
}

/// Says of the first semaphore on which somebody waits whether whoever operated on it last is gone: perhaps he held it, and
/// nobody gives it back.
fn say_unraised(set: &SemSet, holders: &[Holder], reasons: &mut Reasons) {
    let gone = |pid: u32| {
        let recorded = |holder: &&Holder| holder.pid == pid && holder.role == Role::LastOperator;
        holders.iter().find(recorded).is_some_and(|holder| !holder.alive)
    };
    let left = set.values.iter().flatten().enumerate().find_map(|(at, semaphore)| {
        let waits = semaphore.waiting_increase > 0 || semaphore.waiting_zero.is_some_and(|count| count > 0);
        let pid = semaphore.last_pid.filter(|pid| *pid != 0 && waits && gone(*pid))?;
        Some((at, semaphore.value, semaphore.waiting_increase > 0, pid))
    });
    if let Some((at, value, increase, pid)) = left {
        let change = if increase { "raise" } else { "lower" };
        reasons.say(|| {
            format!(
                "semaphore {at} is at {value}, and its last operator, pid {pid}, is gone: perhaps nobody is left who \
                 would {change} it"
            )
        });
    }
}

/// Most processes that are named for doing the same: a pipe that hundreds inherited would fill screens. All are among the
/// holders.
const MOST_NAMED: u32 = 16;

/// Says of each process that has the object what it does with it; whether there is any.
pub(super) fn say_holders(snapshot: &Snapshot, holders: &[Holder], reasons: &mut Reasons) -> bool {
    let mut last = None;
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for holder in holders.iter().filter(|holder| !holder.role.is_record()) {
        // Many descriptors of one process are one fact.
        if last.replace((holder.pid, holder.role)) == Some((holder.pid, holder.role)) {
            continue;
        }
        let does = match holder.role {
            Role::WaitingSend => "is waiting to send",
            Role::WaitingReceive => "is waiting to receive",
            Role::WaitingSemaphore | Role::WaitingFutex => "is waiting on it",
            Role::WaitingAccept => "is waiting for a connection",
            Role::WaitingConnect => "is waiting to be connected",
            Role::WaitingOpen => "is waiting to open it",
            Role::Attached => "has it attached",
            Role::Mapped => "has it mapped",
            Role::Reader => "has it open for reading",
            Role::Writer => "has it open for writing",
            Role::Listener => "listens on it",
            Role::Connected => "has it connected",
            _ => "has it open",
        };
        let at = counts.iter().position(|(known, _)| *known == does).unwrap_or_else(|| {
            counts.push((does, 0));
            counts.len() - 1
        });
        counts[at].1 += 1;
        if counts[at].1 > MOST_NAMED {
            continue;
        }
        reasons.say(|| {
            // As long as such a sentence gets; the most frequent one, it should not grow step by step.
            let mut sentence = String::with_capacity(64);
            let _ = write!(sentence, "{} {does}", who(snapshot, holder.pid));
            sentence
        });
    }
    for (does, count) in counts {
        match count.saturating_sub(MOST_NAMED) {
            0 => {}
            1 => reasons.say(|| format!("1 more process {does}")),
            more => reasons.say(|| format!("of {more} more processes each {does}")),
        }
    }
    last.is_some()
}

/// `pid 812 (orders)`.
pub(super) struct Who<'a> {
    pid: u32,
    comm: Option<&'a [u8]>,
}

/// A process as sentences name it.
pub(super) fn who(snapshot: &Snapshot, pid: u32) -> Who<'_> {
    Who { pid, comm: snapshot.process(pid).map(|process| &*process.comm) }
}

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.comm {
            Some(comm) => write!(f, "pid {} ({})", self.pid, escape(comm)),
            None => write!(f, "pid {}", self.pid),
        }
    }
}

/// `alice` or `uid 4000000000`.
pub(super) fn user(snapshot: &Snapshot, uid: u32) -> String {
    snapshot.user_name(uid).map_or_else(|| format!("uid {uid}"), |name| escape(name.as_bytes()).into_owned())
}

const fn times(count: u64) -> &'static str {
    if count == 1 { "time" } else { "times" }
}
