//! Looking at what an object holds: copies, which leave the object as it was.
//!
//! A plan says which way there is to the bytes, and which trace that way leaves ([`Peek::traces`]), so that a person can
//! be told before it is gone. One file for each kind; `borrow` gets at other processes' descriptors, `follow` waits for
//! new messages.

mod borrow;
mod follow;
mod memory;
mod pipe;
mod posix_queue;
mod queue;
mod segment;
mod semaphores;
mod socket;
mod way;

pub use follow::Follow;
pub use queue::MessageFilter;
pub use segment::Length;

use super::{Policy, Refusal, Target};
use crate::model::{Address, Body, Contents, Identity, Kinds, Messages, QueuedMessage, Range, Seen, Spelled, Which};
use crate::snapshot::{Snapshot, SnapshotError, Want};

/// Which part of the contents is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeekRequest {
    /// Shared memory: where to begin, bytes.
    pub offset: u64,
    /// Shared memory: how much.
    pub length: Length,
    /// System V queue: which messages.
    pub messages: MessageFilter,
}

/// What the person allows, beyond looking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Care {
    /// Read-only mode, and whether harm to others may be done.
    pub policy: Policy,
    /// No way is taken that leaves a trace.
    pub no_trace: bool,
}

impl Care {
    /// Asks whether a way may be taken that leaves this trace. Errors: [`Refusal::Unsafe`], [`Refusal::ReadOnly`].
    fn permit(self, what: &str, trace: &str) -> Result<(), Refusal> {
        if self.no_trace {
            return Err(Refusal::Unsafe { what: what.to_owned(), why: format!("{trace}; --no-trace forbids that") });
        }
        self.policy.permit(&format!("{what}: {trace}"))
    }
}

/// A look at one object, planned.
#[derive(Debug)]
pub struct Peek {
    /// The object's address.
    pub address: String,
    /// What this look will leave behind, a sentence each. Mostly nothing.
    pub traces: Vec<String>,
    way: Way,
}

/// How to get at what an object holds.
#[derive(Debug)]
enum Way {
    Queue(queue::Plan),
    PosixQueue(posix_queue::Plan),
    Segment(Box<segment::Plan>),
    Semaphores(semaphores::Plan),
    Pipe(pipe::Plan),
    Socket(socket::Plan),
}

/// Finds the object and the way to its contents; copies nothing yet. Looks into processes only where that is the way.
pub fn plan_peek(target: &Target) -> Result<Peek, Refusal> {
    let mut want = Want::tables(Kinds::empty());
    target.add_to(&mut want);
    want.comms = true;
    let by_holders = Kinds::SYSV_SHMS | Kinds::UNNAMED_MEMORY | Kinds::PIPES | Kinds::FIFOS | Kinds::UNIX | Kinds::INET;
    want.holders = want.kinds.intersects(by_holders);
    let SnapshotError::Proc(error) = match crate::snapshot::collect(&want) {
        Ok(snapshot) => {
            return match target.find(&snapshot) {
                Ok(place) => plan(&snapshot, place),
                Err(refusal) => unlisted(target, explained(refusal, &snapshot)),
            };
        }
        Err(error) => error,
    };
    Err(error.into())
}

/// A POSIX queue can be opened by its name also where no mqueue file system is there to be listed.
fn unlisted(target: &Target, refusal: Refusal) -> Result<Peek, Refusal> {
    let Target::Address(Address::Queue(Which::Name(name))) = target else { return Err(refusal) };
    for name in name.readings() {
        if let Some(plan) = posix_queue::by_name(&target.name(), name)? {
            let address = Address::Queue(Which::Name(Spelled::exact(name))).to_string();
            return Ok(Peek { address, traces: Vec::new(), way: Way::PosixQueue(plan) });
        }
    }
    Err(refusal)
}

/// What is known only by who has it, as [`Refusal::NotFound`] calls it.
const BY_HOLDERS: [&str; 4] = ["pipe", "FIFO", "memfd", "unlinked segment"];

/// A pipe that was not found may be one of a process that could not be looked into.
fn explained(refusal: Refusal, snapshot: &Snapshot) -> Refusal {
    let hidden = snapshot.visibility.hidden.iter().filter(|hidden| hidden.descriptors).count();
    match refusal {
        Refusal::NotFound { what, kind } if hidden > 0 && BY_HOLDERS.contains(&kind) => Refusal::Failed {
            what,
            why: format!("there is no such {kind} in the processes that can be looked into, and {}", unseen(hidden)),
        },
        refusal => refusal,
    }
}

/// That processes could not be looked into, and what would help.
fn unseen(processes: usize) -> String {
    format!("{processes} could not be: CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH would show them")
}

fn plan(snapshot: &Snapshot, place: usize) -> Result<Peek, Refusal> {
    let object = &snapshot.objects[place];
    let address = snapshot.address(place).to_string();
    let mut traces = Vec::new();
    let way = match (&object.body, object.identity) {
        (Body::Queue(_), Identity::SysV { id, .. }) => Way::Queue(queue::plan(&address, id)?),
        (Body::Queue(_), identity) => Way::PosixQueue(posix_queue::plan(object, identity)),
        (Body::Shm(shm), identity) if shm.deleted => {
            Way::Segment(Box::new(segment::unnamed(snapshot, place, &address, identity)?))
        }
        (Body::Shm(shm), identity) => {
            let plan = segment::plan(snapshot, place, &address, shm, identity)?;
            traces.extend(plan.trace());
            Way::Segment(Box::new(plan))
        }
        (Body::Semaphore(set), identity) => {
            let plan = semaphores::plan(&address, object, set, identity)?;
            traces.extend(plan.trace());
            Way::Semaphores(plan)
        }
        (Body::Memfd(_), identity) => Way::Segment(Box::new(segment::unnamed(snapshot, place, &address, identity)?)),
        (Body::Pipe(_) | Body::Fifo(_), identity) => Way::Pipe(pipe::plan(snapshot, place, identity)),
        (Body::Socket(socket), identity) => Way::Socket(socket::plan(snapshot, place, socket, identity)),
    };
    Ok(Peek { address, traces, way })
}

impl Peek {
    /// Whether it is a System V queue, whose messages can be chosen and followed.
    pub const fn has_messages(&self) -> bool {
        matches!(self.way, Way::Queue(_))
    }

    /// Whether it is shared memory, of which a range can be chosen.
    pub const fn has_ranges(&self) -> bool {
        matches!(self.way, Way::Segment(_))
    }

    /// Whether it holds bytes: semaphores have values, and those of a POSIX queue cannot be had.
    pub const fn has_bytes(&self) -> bool {
        !matches!(self.way, Way::Semaphores(_) | Way::PosixQueue(_))
    }

    /// Whether it would be looked at: whether the way leaves a trace, and may. Touches nothing.
    pub fn check(&self, care: Care) -> Result<(), Refusal> {
        let what = self.address.as_str();
        match &self.way {
            Way::Segment(plan) => plan.permit(what, care),
            Way::Semaphores(plan) => plan.permit(what, care),
            Way::Socket(plan) => plan.permit(what, care),
            Way::Queue(_) | Way::PosixQueue(_) | Way::Pipe(_) => Ok(()),
        }
    }

    /// Looks: compares the object's identity again, and copies what was asked for.
    pub fn run(&self, request: &PeekRequest, care: Care) -> Result<Contents, Refusal> {
        let what = self.address.as_str();
        match &self.way {
            Way::Queue(plan) => {
                let mut messages = Vec::new();
                let mut looked = plan.run(what, request.messages, &mut |_, message| {
                    messages.push(message);
                    true
                })?;
                if let Seen::Messages(seen) = &mut looked.seen {
                    seen.messages = messages;
                }
                Ok(looked)
            }
            Way::PosixQueue(plan) => plan.run(what),
            Way::Segment(plan) => plan.run(what, request.offset, request.length, care),
            Way::Semaphores(plan) => plan.run(what, care),
            Way::Pipe(plan) => plan.run(what),
            Way::Socket(plan) => plan.run(what, care),
        }
    }

    /// As [`Peek::run`], but hands the bytes of shared memory on piece by piece, so that any amount can be copied. `each`
    /// is told of which range they are and says whether to go on. What is not shared memory is handed over in the contents, as ever.
    pub fn run_in_pieces(
        &self,
        request: &PeekRequest,
        care: Care,
        each: &mut dyn FnMut(&Range, &[u8]) -> bool,
    ) -> Result<Contents, Refusal> {
        match &self.way {
            Way::Segment(plan) => plan.run_in_pieces(&self.address, request.offset, request.length, care, each),
            _ => self.run(request, care),
        }
    }

    /// As [`Peek::run`], but hands each message of a System V queue on as soon as it was copied, with the queue's numbers, as
    /// long as `each` says `true`; what comes back holds none of them. Anything else comes back as ever.
    pub fn run_by_message(
        &self,
        request: &PeekRequest,
        care: Care,
        each: &mut dyn FnMut(&Messages, QueuedMessage) -> bool,
    ) -> Result<Contents, Refusal> {
        match &self.way {
            Way::Queue(plan) => plan.run(&self.address, request.messages, each),
            _ => self.run(request, care),
        }
    }

    /// How many bytes a request comes to, for shared memory; 0 otherwise. Errors: a range beyond the end.
    pub fn length(&self, request: &PeekRequest) -> Result<u64, Refusal> {
        match &self.way {
            Way::Segment(plan) => plan.range(&self.address, request.offset, request.length).map(|(_, length)| length),
            _ => Ok(0),
        }
    }

    /// Follows a System V queue; `None` for anything else.
    pub fn follow(&self, messages: MessageFilter) -> Option<Follow> {
        match &self.way {
            Way::Queue(plan) => Some(Follow::new(&self.address, plan.id(), messages)),
            _ => None,
        }
    }
}

/// Turns what the kernel said into what a person is told: gone, not allowed, or as it is.
fn refused(what: &str, error: crate::kernel::Error, who_may: &str) -> Refusal {
    if error.is_absent() {
        Refusal::Changed { what: what.to_owned() }
    } else if error.is_permission() {
        Refusal::Permission { what: what.to_owned(), why: who_may.to_owned() }
    } else {
        error.into()
    }
}
