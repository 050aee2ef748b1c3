//! Why a thread sleeps: the object and its state in words, who could wake it, and whether anybody can.
//!
//! | can wake | means |
//! |---|---|
//! | yes | somebody that could is there, and is not himself waiting for this for ever |
//! | no | all who could are known, and all of them wait for each other, or are nobody: it sleeps for ever. Only signals end it |
//! | unknown | others than those found could do it, or may be hidden |
//!
//! `no` is said only where the kernel leaves nobody else: ends of pipes, locks, futexes within a process. Anybody who may use
//! it could send to a queue, so that there it is never said; nor of an epoll, whose descriptors others may change. A process
//! that handles a signal may go on when one comes, of which only it knows. Pure; [`crate::snapshot::waits`] has the facts.

mod files;
mod futex;
mod graph;
mod locks;
mod others;
mod sockets;
mod sysv;
#[cfg(test)]
mod tests;
mod words;

use crate::snapshot::waits::{Look, On, Thread, Waits};
use std::rc::Rc;
use std::sync::Arc;
use words::{Index, Words};

/// Whether a thread can be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanWake {
    /// Somebody is there who could.
    Yes,
    /// Nobody that could is left.
    No,
    /// Not known.
    Unknown,
}

impl CanWake {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// A process that could wake a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waker {
    /// Which.
    pub pid: u32,
    /// Which of its threads, where only one can.
    pub tid: Option<u32>,
    /// Its name.
    pub comm: Arc<[u8]>,
    /// What makes it one: "has the write end".
    pub how: Arc<str>,
    /// It is one for sure; otherwise by what is usual (who used a semaphore last, where the C library keeps an owner).
    pub certain: bool,
}

/// Why one thread sleeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its process.
    pub pid: u32,
    /// Itself.
    pub tid: u32,
    /// Name of its process or itself.
    pub comm: Box<[u8]>,
    /// State letter.
    pub state: char,
    /// It is held up: asleep or stopped, and neither running nor ended.
    pub blocked: bool,
    /// Name of the call, where it is known.
    pub call: Option<&'static str>,
    /// Addresses of what it waits for; several for poll and the like.
    pub objects: Vec<String>,
    /// In words, each a sentence or part of one; safe to be shown.
    pub explanation: String,
    /// Who could wake it.
    pub wakers: Vec<Waker>,
    /// Whether anybody can.
    pub can_wake: CanWake,
    /// For how long, seconds.
    pub since: Option<f64>,
    /// It may not be looked at.
    pub refused: bool,
    /// Which capability is missing to tell more.
    pub missing: Option<&'static str>,
}

/// A thread in a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Place of the thread's finding in [`Diagnosis::findings`].
    pub finding: usize,
    /// Address of what it waits for and the next one has.
    pub object: String,
    /// Whether that next one is the only one who could let it go on.
    pub certain: bool,
}

/// Everybody, and who waits for whom in circles.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// One for each thread, as in [`Waits::threads`].
    pub findings: Vec<Finding>,
    /// Threads that wait for each other: each for the next, the last for the first.
    pub cycles: Vec<Vec<Link>>,
    /// Threads in no cycle that sleep for ever, by place in `findings`. Where [`Finding::can_wake`] is not [`CanWake::No`], a
    /// process that could not be looked into may have what nobody else has.
    pub hopeless: Vec<usize>,
}

impl Diagnosis {
    /// Whether any thread is in a cycle or sleeps for ever.
    pub const fn is_stuck(&self) -> bool {
        !self.cycles.is_empty() || !self.hopeless.is_empty()
    }
}

/// How much is known of who could wake a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum World {
    /// Nobody but those found, by all that the kernel tells.
    Closed,
    /// Nobody but those found, if all goes as it usually does.
    Likely,
    /// Others too.
    Open,
}

/// Who can wake a thread, for the search.
#[derive(Debug, Clone, PartialEq)]
struct Edges {
    world: World,
    /// Each group has to do its part, and any member of a group can. Empty: nobody.
    groups: Vec<Group>,
}

/// Any of these can.
#[derive(Debug, Clone, PartialEq, Default)]
struct Group {
    /// Address of what they have.
    object: String,
    members: Rc<[Member]>,
}

/// A process, or one of its threads.
type Member = (u32, Option<u32>);

impl Edges {
    fn open() -> Self {
        Self { world: World::Open, groups: Vec::new() }
    }
}

/// What is found out about a wait.
struct Told {
    objects: Vec<String>,
    text: String,
    wakers: Vec<Waker>,
    edges: Edges,
    /// It will be woken, whoever does it: by time, or by anybody's signal.
    surely: bool,
    /// Those who could wake it are themselves held up by what it waits for.
    held_up: bool,
}

impl Told {
    /// Of something that anybody could end.
    fn open(object: Option<String>, text: impl Into<String>) -> Self {
        let objects = object.into_iter().collect();
        Self { objects, text: text.into(), wakers: Vec::new(), edges: Edges::open(), surely: false, held_up: false }
    }

    /// Of something that ends by itself.
    fn surely(text: impl Into<String>) -> Self {
        Self { surely: true, ..Self::open(None, text) }
    }
}

/// What is missing to look into another's process.
const MISSING: &str = "CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH";

/// Says of every thread why it sleeps, and finds those that never wake.
pub fn diagnose(waits: &Waits) -> Diagnosis {
    let (mut findings, mut edges) = (Vec::with_capacity(waits.threads.len()), Vec::with_capacity(waits.threads.len()));
    let index = Index::new(waits);
    for thread in &waits.threads {
        let (finding, edge) = find(Words::new(waits, &index), thread);
        findings.push(finding);
        edges.push(edge);
    }
    let search = graph::search(waits, &edges);
    for (at, finding) in findings.iter_mut().enumerate() {
        if search.never[at] {
            finding.can_wake = CanWake::No;
            let end = if search.behind(at) {
                "all who could wake it wait for ever themselves"
            } else {
                "nobody else can wake it: it will sleep until it is killed"
            };
            finding.explanation = format!("{}; {end}", finding.explanation);
        } else if search.stuck[at] && finding.can_wake == CanWake::Yes {
            finding.can_wake = CanWake::Unknown;
            finding.explanation = format!("{}; but those wait for ever themselves, as it seems", finding.explanation);
        }
    }
    Diagnosis { cycles: search.cycles(&edges), hopeless: search.hopeless(), findings }
}

fn find(words: Words<'_>, thread: &Thread) -> (Finding, Edges) {
    let waits = words.waits;
    let refused = thread.look == Look::Refused;
    let told = told(words, thread);
    // Woken by itself, or by somebody else's doing.
    let others = told.wakers.iter().any(|waker| waker.pid != thread.pid || waits.living(waker.pid) > 1);
    let wakes = told.surely || others && !told.held_up;
    let finding = Finding {
        pid: thread.pid,
        tid: thread.tid(),
        comm: thread.task.comm.clone(),
        state: thread.task.state,
        blocked: !matches!(thread.look, Look::Runs | Look::Moved | Look::Ended),
        call: thread.wait().map(|wait| wait.call),
        objects: told.objects,
        explanation: told.text,
        wakers: told.wakers,
        can_wake: if wakes { CanWake::Yes } else { CanWake::Unknown },
        since: thread.since,
        refused,
        missing: (refused && !waits.privileged).then_some(MISSING),
    };
    (finding, told.edges)
}

/// What there is to say of a thread by what a look at it showed.
fn told(words: Words<'_>, thread: &Thread) -> Told {
    let told = match &thread.look {
        Look::Waits(wait) => {
            let mut told = explain(words, thread, &wait.on);
            if let Some(stopped) = words.stopped(&told.wakers) {
                told.text = format!("{}; {stopped}", told.text);
            }
            if wait.timed {
                told.text.push_str("; it has a time limit, and goes on by itself when that is over");
                told.surely = true;
                told.edges = Edges::open();
            }
            told
        }
        Look::Runs => Told::surely("it runs"),
        Look::Moved => Told::surely("it slept, and went on while it was looked at"),
        Look::Ended => Told::open(
            None,
            match words.waits.living(thread.pid) {
                0 => "it has ended; its parent has not asked how (a zombie)",
                _ => "it has ended; other threads of its process go on",
            },
        ),
        Look::NoCall if thread.is_stopped() => Told::open(None, "it was in no call"),
        Look::NoCall => Told::open(None, "it is in no system call, and does not run: it waits for memory or a device"),
        Look::Refused if words.waits.privileged => {
            Told::open(None, format!("what it does the kernel does not show, although {MISSING} are there"))
        }
        Look::Refused => Told::open(None, format!("what it does may not be read; {MISSING} would show it")),
        Look::Bits32 => {
            Told::open(None, "a 32-bit program: its calls are numbered in another way, and are not decoded")
        }
        Look::Call(number) => Told::open(None, format!("in system call {number}, which is not decoded")),
    };
    if thread.is_stopped() { stopped(words, thread, told) } else { told }
}

/// A stopped thread goes on by a signal only, whatever it slept in.
fn stopped(words: Words<'_>, thread: &Thread, told: Told) -> Told {
    let parent = words.waker(thread.task.ppid, None, "is its parent, and may send SIGCONT", false);
    let (text, wakers, surely) = if thread.task.state == 't' {
        ("it is stopped by a debugger, and goes on when that lets it", Vec::new(), false)
    } else {
        ("it is stopped by a signal (SIGSTOP, Ctrl-Z), and goes on with SIGCONT", Vec::from_iter(parent), true)
    };
    let text = format!("{text}; before that: {}", told.text);
    Told { objects: told.objects, text, wakers, edges: Edges::open(), surely, held_up: false }
}

fn explain(words: Words<'_>, thread: &Thread, on: &On) -> Told {
    match on {
        On::Files(sources) => files::explain(words, thread, sources),
        On::FifoOpen { path, identity, reads } => files::opening(words, thread, path, *identity, *reads),
        On::MsgSend { queue, kind, size } => sysv::sending(words, thread, *queue, *kind, *size),
        On::MsgReceive { queue, kind, except } => sysv::receiving(words, thread, *queue, *kind, *except),
        On::Semop { set, operations } => sysv::operating(words, thread, *set, operations.as_deref()),
        On::Futex(futex) => futex::explain(words, thread, futex),
        On::Futexes => Told::open(None, "it waits on futexes; on which of them, and who has them, is not looked at"),
        On::Lock { path, lock } => locks::explain(words, thread, path, lock),
        On::Open { path, there } => others::open(path.as_deref(), *there),
        On::Child { which } => others::child(words, thread, *which),
        On::Vfork => others::vfork(words, thread),
        On::Signal => Told::surely("it waits for a signal, and for nothing else"),
        On::SignalOf(set) => Told::surely(format!("it waits for {}", words::signals(*set))),
        On::Time => Told::surely("it sleeps for a time, and goes on by itself"),
        On::Resumed => {
            Told::open(None, "it goes on with a wait that was interrupted; the kernel does not show which it was")
        }
    }
}
