//! Receiving: messages out of a queue, bytes out of a FIFO. What is received is gone from where it was.
//!
//! Each message is handed over before the next one is taken, so that a receiver who cannot keep it stops after one.

use super::endpoint::{self, EndFile, Endpoint, Fill, Medium, counted, span};
use super::{Policy, Refusal, Target};
use crate::kernel::Error;
use crate::kernel::messages::{self, Room};
use crate::kernel::mqueue;
use crate::kernel::timer::Patience;
use std::fmt;
use std::ops::ControlFlow;

/// How many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many; fewer are a failure.
    Count(u64),
    /// As many as are there when the first one is taken.
    All,
}

/// One message, or one piece of a FIFO's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Counted from 0 in the order of their coming.
    pub index: u64,
    /// System V: its type.
    pub kind: Option<i64>,
    /// POSIX: its priority.
    pub priority: Option<u32>,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// One receiving, planned.
#[derive(Debug, Clone)]
pub struct Receiving {
    /// The source's address.
    pub address: String,
    endpoint: Endpoint,
    opening: Vec<(u32, String)>,
}

/// What was taken. Prints as the line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The source's address.
    pub address: String,
    /// How it came.
    pub medium: Medium,
    /// Messages, or pieces.
    pub messages: u64,
    /// Bytes of all.
    pub bytes: u64,
    /// Type or priority of the only one.
    pub mark: Option<String>,
    /// What is left in the queue.
    pub fill: Option<Fill>,
    /// Why it was less than what was asked for.
    pub ended: Result<(), Refusal>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, address) = (counted(self.bytes, "byte"), &self.address);
        if self.medium == Medium::Fifo {
            return write!(f, "took {bytes} from {address}: they are gone from it");
        }
        let mark = self.mark.as_ref().map(|mark| format!("{mark}, ")).unwrap_or_default();
        let messages = counted(self.messages, "message");
        let are = if self.messages == 1 { "it is" } else { "they are" };
        write!(f, "took {messages} ({mark}{bytes}) from {address}: {are} gone from the queue")?;
        self.fill.map_or(Ok(()), |fill| write!(f, "; left: {fill}"))
    }
}

/// Finds the source. Opens no FIFO, changes nothing. Errors: [`Refusal::Failed`] for a socket: only the process that has
/// it can read it.
pub fn plan_receive(target: &Target) -> Result<Receiving, Refusal> {
    let found = endpoint::find(target, false)?;
    if found.endpoint.medium() == Medium::Socket {
        let why = "what is sent to a socket can be received only by the process that has it open; \
                   `ipcx peek` looks without taking";
        return Err(Refusal::Failed { what: found.address, why: why.to_owned() });
    }
    Ok(Receiving { address: found.address, endpoint: found.endpoint, opening: found.opening })
}

/// Takes what is handed over, or stops.
type Each<'a> = &'a mut dyn FnMut(Received) -> ControlFlow<()>;

impl Receiving {
    /// How the data comes.
    pub const fn medium(&self) -> Medium {
        self.endpoint.medium()
    }

    /// Whether something could be received, as far as that can be told without doing anything: read-only mode, permission,
    /// whether a queue is empty. Then what the queue holds.
    pub fn check(&self, policy: Policy, patience: Patience) -> Result<Option<Fill>, Refusal> {
        policy.permit(&self.address)?;
        let denied = |why| Refusal::Permission { what: self.address.clone(), why };
        self.endpoint.may(false).map_err(denied)?;
        self.nobody_is_let_go(patience)?;
        let fill = self.endpoint.fill();
        if fill.is_some_and(|fill| fill.messages == 0) && !patience.waits() {
            return Err(self.failed(EMPTY));
        }
        Ok(fill)
    }

    /// Compares the source's identity, and takes. `kind` chooses among the messages of a System V queue as `man 2 msgrcv`
    /// says: 0 the first, a positive number the first of that type, a negative one the first of the lowest type up to its
    /// amount. Errors: nothing was taken.
    pub fn run(
        &self,
        policy: Policy,
        kind: i64,
        amount: Amount,
        patience: Patience,
        each: Each<'_>,
    ) -> Result<Taken, Refusal> {
        policy.permit(&self.address)?;
        let mut taken = Taken {
            address: self.address.clone(),
            medium: self.medium(),
            messages: 0,
            bytes: 0,
            mark: None,
            fill: None,
            ended: Ok(()),
        };
        let mut keep = |received: Received| {
            taken.messages += 1;
            taken.bytes += received.data.len() as u64;
            let kind = received.kind.map(|kind| format!("type {kind}"));
            let mark = kind.or(received.priority.map(|priority| format!("priority {priority}")));
            taken.mark = mark.filter(|_| taken.messages == 1);
            each(received)
        };
        let ended = match &self.endpoint {
            Endpoint::Sysv { id, .. } => self.sysv(*id, kind, amount, patience, &mut keep),
            Endpoint::Posix { name, .. } => self.posix(name, amount, patience, &mut keep),
            Endpoint::Fifo(file) => self.fifo(file, patience, &mut keep),
            Endpoint::SocketFile { .. } | Endpoint::Abstract { .. } => {
                Err(self.failed("a socket cannot be read from outside"))
            }
        };
        if taken.messages == 0 {
            ended?;
            return Ok(taken);
        }
        (taken.ended, taken.fill) = (ended, self.endpoint.fill());
        Ok(taken)
    }

    fn failed(&self, why: impl Into<String>) -> Refusal {
        Refusal::Failed { what: self.address.clone(), why: why.into() }
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed { what: self.address.clone() }
    }

    fn sysv(&self, id: i32, kind: i64, amount: Amount, mut left: Patience, keep: Each<'_>) -> Result<(), Refusal> {
        let Endpoint::Sysv { subject, .. } = &self.endpoint else { return Err(self.changed()) };
        subject.verify(&self.address)?;
        let mut room = Room::default();
        self.queue(amount, left, keep, |wait| {
            let answer = left.call(|| messages::receive(id, kind, wait, &mut room));
            Ok(answer?.flatten().map(|message| Received {
                index: 0,
                kind: Some(message.kind),
                priority: None,
                data: message.data,
            }))
        })
    }

    fn posix(&self, name: &[u8], amount: Amount, mut left: Patience, keep: Each<'_>) -> Result<(), Refusal> {
        let Endpoint::Posix { device, inode, .. } = &self.endpoint else { return Err(self.changed()) };
        let queue = mqueue::open_queue(name, endpoint::access(false)).map_err(|error| self.refusal(error, false))?;
        let stat = queue.stat()?;
        if (stat.device, stat.inode) != (*device, *inode) {
            return Err(self.changed());
        }
        let mut room = vec![0; queue.attributes()?.max_message_bytes as usize];
        self.queue(amount, left, keep, |wait| {
            queue.set_waiting(wait)?;
            let answer = left.call(|| queue.receive(&mut room))?;
            Ok(answer.flatten().map(|(priority, length)| Received {
                index: 0,
                kind: None,
                priority: Some(priority),
                data: room[..length].to_vec(),
            }))
        })
    }

    /// Takes messages one by one from either kind of queue. `receive` is told whether to wait, and has nothing when there
    /// is none, or none in time.
    fn queue(
        &self,
        amount: Amount,
        patience: Patience,
        keep: Each<'_>,
        mut receive: impl FnMut(bool) -> crate::kernel::Result<Option<Received>>,
    ) -> Result<(), Refusal> {
        // More may come as fast as they are taken: all are those that were there.
        let mut most = if let Amount::Count(count) = amount { count } else { u64::MAX };
        let mut index = 0;
        while index < most {
            let wait = patience.waits() && (index == 0 || amount != Amount::All);
            let received = receive(wait).map_err(|error| self.refusal(error, wait))?;
            let Some(received) = received else {
                return match amount {
                    Amount::All if index > 0 => Ok(()),
                    _ => Err(self.nothing(index, most, patience)),
                };
            };
            if index == 0 && amount == Amount::All {
                most = self.endpoint.fill().map_or(1, |fill| fill.messages + 1);
            }
            if keep(Received { index, ..received }).is_break() {
                return Ok(());
            }
            index += 1;
        }
        Ok(())
    }

    /// Why there was no further message.
    fn nothing(&self, index: u64, most: u64, patience: Patience) -> Refusal {
        let came = match patience {
            Patience::None => match self.endpoint.fill() {
                Some(fill) if fill.messages > 0 => {
                    format!("no message of that type among the {} that it holds; --wait waits for one", fill.messages)
                }
                _ => EMPTY.to_owned(),
            },
            _ => format!("no message that was asked for came within {}", span(patience)),
        };
        match index {
            0 => self.failed(came),
            _ if patience.waits() => self.failed(format!("{index} of {most} messages; then {came}")),
            _ => self.failed(format!("{index} of {most} messages: there were no more")),
        }
    }

    /// Reading from a FIFO that nobody reads lets those go who wait in opening it to write. A look that does not wait would
    /// be over before they write, and the kernel would then end them with `SIGPIPE`.
    fn nobody_is_let_go(&self, patience: Patience) -> Result<(), Refusal> {
        let (Some((pid, comm)), false) = (self.opening.first(), patience.waits()) else { return Ok(()) };
        Err(self.failed(format!(
            "nothing is in it yet; pid {pid} ({comm}) sleeps in opening it: --wait lets a writer go on and takes what it \
             writes"
        )))
    }

    fn fifo(&self, file: &EndFile, patience: Patience, keep: Each<'_>) -> Result<(), Refusal> {
        self.nobody_is_let_go(patience)?;
        let held = file.hold(&self.address, |error| self.refusal(error, false))?;
        let mut left = patience;
        let opened = left.call(|| held.open(false, patience.waits())).map_err(|error| self.refusal(error, false))?;
        let late = || self.failed(format!("nobody opened it for writing within {}", span(patience)));
        let fifo = opened.ok_or_else(late)?;
        // Without patience, what is there now; a fast writer would keep us here for ever.
        let mut due = if patience.waits() { u64::MAX } else { fifo.buffered()? };
        let mut index = 0;
        let mut piece = vec![0; 64 * 1024];
        loop {
            let room = if due == 0 { piece.len() } else { piece.len().min(due as usize) };
            let length = match left.call(|| fifo.read(&mut piece[..room])) {
                Ok(Some(0)) if index == 0 && !patience.waits() => {
                    return Err(self.failed("empty, and nobody has it open for writing; --wait waits for a writer"));
                }
                Ok(Some(0)) => return Ok(()),
                Ok(Some(length)) => length,
                Ok(None) => {
                    let why = format!("after {} a writer still has it open; more may come", span(patience));
                    return Err(self.failed(why));
                }
                Err(error) if error.would_block() && index > 0 => return Ok(()),
                Err(error) if error.would_block() => {
                    return Err(self.failed("empty: a writer has it open and has written nothing; --wait waits for it"));
                }
                Err(error) => return Err(self.refusal(error, false)),
            };
            let received = Received { index, kind: None, priority: None, data: piece[..length].to_vec() };
            due = due.saturating_sub(length as u64);
            if keep(received).is_break() || due == 0 {
                return Ok(());
            }
            index += 1;
        }
    }

    fn refusal(&self, error: Error, waited: bool) -> Refusal {
        if error.is_permission() {
            return Refusal::Permission { what: self.address.clone(), why: self.endpoint.who(false) };
        }
        // Removed in its sleep, or found gone by a call that a stop had interrupted and the kernel began anew.
        if error.is_absent() && waited {
            return self.failed("the queue was removed while it was waited for");
        }
        if error.is_absent() { self.changed() } else { error.into() }
    }
}

const EMPTY: &str = "empty: it holds no message; --wait waits for one";
