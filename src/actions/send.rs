//! Sending: a message into a queue, bytes into a FIFO, bytes or a datagram to a unix socket.
//!
//! Without patience nothing sleeps: what has no room, no reader or no listener is refused in a sentence. What is sent as
//! one message is read before anything is touched, and never more of it than the target takes.

use super::endpoint::{self, Endpoint, Fill, Medium, counted, span};
use super::{Policy, Refusal, Target};
use crate::kernel::timer::Patience;
use crate::kernel::unix_connect::{self, Connection, Place};
use crate::kernel::{Error, file, messages, mqueue, msgctl, unix_diag};
use crate::model::{Message, SocketType};
use std::fmt;
use std::io::{ErrorKind, Read};

/// What is to be sent.
pub struct Data<'a> {
    /// Its length in bytes, where that is known beforehand.
    pub length: Option<u64>,
    /// Where it is read from, once, and only as far as it can be sent.
    pub from: &'a mut dyn Read,
}

/// How a message is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// System V: its type, 1 and up.
    pub kind: i64,
    /// POSIX: its priority, 0 to 32767.
    pub priority: u32,
}

impl Default for Mark {
    fn default() -> Self {
        Self { kind: 1, priority: 0 }
    }
}

/// One sending, planned.
#[derive(Debug, Clone)]
pub struct Sending {
    /// The target's address.
    pub address: String,
    endpoint: Endpoint,
}

/// What was sent. Prints as the line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The target's address.
    pub address: String,
    /// How it travelled.
    pub medium: Medium,
    /// Bytes.
    pub bytes: u64,
    /// System V: its type.
    pub kind: Option<i64>,
    /// POSIX: its priority.
    pub priority: Option<u32>,
    /// What the queue holds now; others may have taken from it already.
    pub fill: Option<Fill>,
    /// Unix socket: who called `listen` on it.
    pub listener: Option<u32>,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sent {} to {}", counted(self.bytes, "byte"), self.address)?;
        if let Some(kind) = self.kind {
            write!(f, " (type {kind})")?;
        }
        if let Some(priority) = self.priority {
            write!(f, " (priority {priority})")?;
        }
        if let Some(pid) = self.listener {
            write!(f, ", where pid {pid} listens")?;
        }
        self.fill.map_or(Ok(()), |fill| write!(f, "; {fill}"))
    }
}

/// Finds the target. Opens no FIFO, connects to nothing, changes nothing.
pub fn plan_send(target: &Target) -> Result<Sending, Refusal> {
    let found = endpoint::find(target, true)?;
    Ok(Sending { address: found.address, endpoint: found.endpoint })
}

impl Sending {
    /// How data travels to the target.
    pub const fn medium(&self) -> Medium {
        self.endpoint.medium()
    }

    /// Whether anything may be sent at all; asked before the data is opened, which may release somebody too.
    pub fn permit(&self, policy: Policy) -> Result<(), Refusal> {
        policy.permit(&self.address)
    }

    /// Whether it would be sent now, as far as that can be told without doing anything: read-only mode, permission, size
    /// and room. Whether somebody reads a FIFO or listens on a socket only the attempt tells. Then what the queue holds.
    pub fn check(&self, policy: Policy, length: Option<u64>) -> Result<Option<Fill>, Refusal> {
        policy.permit(&self.address)?;
        let denied = |why| Refusal::Permission { what: self.address.clone(), why };
        self.endpoint.may(true).map_err(denied)?;
        if let (Some(limit), Some(length)) = (self.limit()?, length) {
            self.fits(&limit, length)?;
        }
        let fill = self.endpoint.fill();
        match fill {
            Some(Fill { messages, bytes: Some(bytes), limit_bytes: Some(limit), .. })
                if bytes + length.unwrap_or(0) > limit || messages >= limit =>
            {
                Err(self.no_room(length.unwrap_or(0), None))
            }
            Some(Fill { messages, limit_messages: Some(limit), .. }) if messages >= limit => Err(self.no_room(0, None)),
            _ => Ok(fill),
        }
    }

    /// What a dry run says. `length` is that of the data, where it is known; `fill` what the queue holds.
    pub fn would(&self, mark: Mark, length: Option<u64>, fill: Option<Fill>) -> String {
        let what = length.map_or_else(|| "what it reads".to_owned(), |length| counted(length, "byte"));
        let condition = match self.medium() {
            Medium::SysvQueue | Medium::PosixQueue => "",
            Medium::Fifo => ", if somebody reads it",
            Medium::Socket => ", if somebody listens",
        };
        let now = fill.map(|fill| format!("; now {fill}")).unwrap_or_default();
        format!("would send {what} to {}{}{condition}{now}", self.address, self.marked(mark))
    }

    /// What a person is asked.
    pub fn question(&self, mark: Mark, length: u64) -> String {
        format!("send {} to {}{}?", counted(length, "byte"), self.address, self.marked(mark))
    }

    fn marked(&self, mark: Mark) -> String {
        match self.medium() {
            Medium::SysvQueue => format!(" (type {})", mark.kind),
            Medium::PosixQueue => format!(" (priority {})", mark.priority),
            Medium::Fifo | Medium::Socket => String::new(),
        }
    }

    /// Compares the target's identity, and sends.
    pub fn run(&self, policy: Policy, mark: Mark, patience: Patience, data: &mut Data<'_>) -> Result<Sent, Refusal> {
        policy.permit(&self.address)?;
        let mut sent = Sent {
            address: self.address.clone(),
            medium: self.medium(),
            bytes: 0,
            kind: None,
            priority: None,
            fill: None,
            listener: None,
        };
        match &self.endpoint {
            Endpoint::Sysv { id, .. } => {
                let message = Message { kind: mark.kind, data: self.message(data)? };
                self.sysv(*id, &message, patience)?;
                (sent.bytes, sent.kind) = (message.data.len() as u64, Some(mark.kind));
            }
            Endpoint::Posix { name, .. } => {
                let message = self.message(data)?;
                let fill = self.posix(name, mark.priority, &message, patience)?;
                (sent.bytes, sent.priority, sent.fill) = (message.len() as u64, Some(mark.priority), fill);
            }
            Endpoint::Fifo(file) => {
                let held = file.hold(&self.address, |error| self.refusal(error))?;
                let mut left = patience;
                let fifo = self.waited(left.call(|| held.open(true, patience.waits())), patience, None)?;
                sent.bytes = self.stream(data, left, patience, |piece| fifo.write(piece))?;
            }
            Endpoint::SocketFile { file, kind } => {
                let held = file.hold(&self.address, |error| self.refusal(error))?;
                (sent.bytes, sent.listener) = self.to_socket(Place::File(&held), *kind, patience, data)?;
            }
            Endpoint::Abstract { name, kind, inode } => {
                self.still_bound(name, *inode)?;
                (sent.bytes, sent.listener) = self.to_socket(Place::Abstract(name), Some(*kind), patience, data)?;
            }
        }
        if let Endpoint::Sysv { .. } = self.endpoint {
            sent.fill = self.endpoint.fill();
        }
        Ok(sent)
    }

    fn failed(&self, why: impl Into<String>) -> Refusal {
        Refusal::Failed { what: self.address.clone(), why: why.into() }
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed { what: self.address.clone() }
    }

    /// The most bytes of one message, and who says so; `None` for what has no such limit, or none known beforehand.
    fn limit(&self) -> Result<Option<(u64, String)>, Refusal> {
        match &self.endpoint {
            Endpoint::Sysv { .. } => {
                let largest = file::read_number("/proc/sys/kernel/msgmax").unwrap_or(u64::MAX);
                let queue = self.endpoint.fill().and_then(|fill| fill.limit_bytes).ok_or_else(|| self.changed())?;
                Ok(Some(if queue < largest {
                    (queue, format!("the queue takes at most {queue} in all"))
                } else {
                    (largest, format!("kernel.msgmax allows {largest}"))
                }))
            }
            Endpoint::Posix { name, .. } => {
                let largest = self.open_posix(name)?.attributes()?.max_message_bytes;
                Ok(Some((largest, format!("the queue was made for at most {largest}"))))
            }
            _ => Ok(None),
        }
    }

    /// Compares a length that is known with a limit.
    fn fits(&self, (limit, whose): &(u64, String), length: u64) -> Result<(), Refusal> {
        if length <= *limit {
            return Ok(());
        }
        Err(self.failed(format!("a message of {} is too large: {whose}", counted(length, "byte"))))
    }

    /// All of the data as one message, read no further than to see that it is too large.
    fn message(&self, data: &mut Data<'_>) -> Result<Vec<u8>, Refusal> {
        let Some(limit) = self.limit()? else { return Err(self.failed("takes no messages")) };
        self.bounded(data, &limit)
    }

    fn bounded(&self, data: &mut Data<'_>, limit: &(u64, String)) -> Result<Vec<u8>, Refusal> {
        data.length.map_or(Ok(()), |length| self.fits(limit, length))?;
        let mut message = Vec::new();
        let (most, whose) = limit;
        let read = data.from.take(most.saturating_add(1)).read_to_end(&mut message);
        read.map_err(|error| self.failed(format!("the data cannot be read: {error}")))?;
        if message.len() as u64 > *most {
            let most = counted(*most, "byte");
            return Err(self.failed(format!("a message of more than {most} is too large: {whose}")));
        }
        Ok(message)
    }

    fn sysv(&self, id: i32, message: &Message, patience: Patience) -> Result<(), Refusal> {
        let Endpoint::Sysv { subject, .. } = &self.endpoint else { return Err(self.changed()) };
        subject.verify(&self.address)?;
        let size = message.data.len() as u64;
        match { patience }.call(|| messages::send(id, message, patience.waits())) {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err(self.no_room(size, Some(patience))),
            Err(error) if error.would_block() => Err(self.no_room(size, None)),
            // A sleep that a stop interrupts is begun anew by the kernel, which then finds no queue of this id: `EINVAL`, as
            // for a message that has become too large.
            Err(_) if patience.waits() && msgctl::stat(id).is_err_and(|error| error.is_absent()) => {
                Err(self.failed("the queue was removed while it was waited for"))
            }
            Err(error) => subject.verify(&self.address).and(Err(self.refusal(error))),
        }
    }

    fn open_posix(&self, name: &[u8]) -> Result<mqueue::Queue, Refusal> {
        let Endpoint::Posix { device, inode, .. } = &self.endpoint else { return Err(self.changed()) };
        let queue = mqueue::open_queue(name, endpoint::access(true)).map_err(|error| self.refusal(error))?;
        let stat = queue.stat()?;
        if (stat.device, stat.inode) == (*device, *inode) { Ok(queue) } else { Err(self.changed()) }
    }

    fn posix(&self, name: &[u8], priority: u32, data: &[u8], patience: Patience) -> Result<Option<Fill>, Refusal> {
        let queue = self.open_posix(name)?;
        queue.set_waiting(patience.waits())?;
        match { patience }.call(|| queue.send(priority, data)) {
            Ok(Some(())) => Ok(queue.attributes().ok().map(|attributes| endpoint::posix_fill(&attributes))),
            Ok(None) => Err(self.no_room(data.len() as u64, Some(patience))),
            Err(error) if error.would_block() => Err(self.no_room(data.len() as u64, None)),
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// An abstract name has no file to hold: who has it is looked up again right before connecting.
    fn still_bound(&self, name: &[u8], inode: u64) -> Result<(), Refusal> {
        let mut same = false;
        let listed = unix_diag::read_unix(&mut |socket| {
            same |= socket.abstract_name && socket.inode == inode && socket.name.as_deref() == Some(name);
        });
        // Without the listing (CONFIG_UNIX_DIAG) the name is all that there is.
        if same || listed.is_err() { Ok(()) } else { Err(self.changed()) }
    }

    fn to_socket(
        &self,
        place: Place<'_>,
        kind: Option<SocketType>,
        patience: Patience,
        data: &mut Data<'_>,
    ) -> Result<(u64, Option<u32>), Refusal> {
        let mut left = patience;
        let connection = self.connect(place, kind, &mut left, patience)?;
        let bytes = if connection.kind == SocketType::Stream {
            self.stream(data, left, patience, |piece| connection.send(piece))?
        } else {
            let largest = connection.largest()?;
            let limit = (largest, format!("the socket's send buffer allows {largest}"));
            let message = self.bounded(data, &limit)?;
            self.waited(left.call(|| connection.send(&message)), patience, Some(0))? as u64
        };
        Ok((bytes, connection.listener))
    }

    /// Connects. Of a file whose socket this network namespace does not list, the type is found by trying.
    fn connect(
        &self,
        place: Place<'_>,
        kind: Option<SocketType>,
        left: &mut Patience,
        patience: Patience,
    ) -> Result<Connection, Refusal> {
        let all = [SocketType::Stream, SocketType::Dgram, SocketType::Seqpacket];
        let kinds = if let Some(kind) = &kind { std::slice::from_ref(kind) } else { &all };
        let mut answer = Err(self.changed());
        for kind in kinds {
            match left.call(|| unix_connect::connect_to(place, *kind, patience.waits())) {
                Err(error) if error.wrong_type() => answer = Err(self.changed()),
                connected => {
                    answer = self.waited(connected, patience, None);
                    break;
                }
            }
        }
        answer
    }

    /// Copies the data piece by piece; says how much it was.
    fn stream(
        &self,
        data: &mut Data<'_>,
        mut left: Patience,
        patience: Patience,
        write: impl Fn(&[u8]) -> crate::kernel::Result<usize>,
    ) -> Result<u64, Refusal> {
        let mut piece = vec![0; 64 * 1024];
        let mut done = 0;
        loop {
            let length = match data.from.read(&mut piece) {
                Ok(0) => return Ok(done),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let sent = counted(done, "byte");
                    return Err(self.failed(format!("the data cannot be read any further: {error}; {sent} were sent")));
                }
            };
            let mut rest = &piece[..length];
            while !rest.is_empty() {
                let answer = left.call(|| write(rest));
                let written =
                    self.waited(answer, patience, Some(done)).map_err(|refusal| partly(refusal, done, data.length))?;
                rest = &rest[written..];
                done += written as u64;
            }
        }
    }

    /// What a FIFO or a socket answered, in words. `done` is how much was written before; `None` when it is being opened.
    fn waited<T>(
        &self,
        answer: crate::kernel::Result<Option<T>>,
        patience: Patience,
        done: Option<u64>,
    ) -> Result<T, Refusal> {
        let fifo = self.medium() == Medium::Fifo;
        match answer {
            Ok(Some(value)) => Ok(value),
            Ok(None) if fifo && done.is_none() => {
                Err(self.failed(format!("nobody read from it within {}", span(patience))))
            }
            Ok(None) => Err(self.failed(format!("it took no more within {}", span(patience)))),
            Err(error) if error.would_block() && fifo => Err(self.failed("it is full; --wait waits for room")),
            Err(error) if error.would_block() => {
                Err(self.failed("its receiver is behind and takes no more for now; --wait waits for room"))
            }
            Err(error) if error.no_reader() && fifo && done.is_some() => Err(self.failed("its last reader has left")),
            Err(error) if error.no_reader() && fifo => {
                Err(self.failed("nobody reads it: nobody has it open for reading; --wait waits for a reader"))
            }
            Err(error) if error.no_reader() => Err(self.failed("the other end has closed the connection")),
            Err(error) if error.refused() => {
                Err(self.failed("nobody listens: the socket that it belonged to is closed, or takes no connections"))
            }
            Err(error) => Err(self.refusal(error)),
        }
    }

    /// Too little room, with how full it is. `waited` is how long it was waited for.
    fn no_room(&self, size: u64, waited: Option<Patience>) -> Refusal {
        let fill = self.endpoint.fill().unwrap_or_default();
        let state = match fill {
            Fill { bytes: Some(bytes), limit_bytes: Some(limit), messages, .. } => {
                let short = if bytes + size > limit && bytes < limit {
                    format!("no room for {}", counted(size, "byte"))
                } else {
                    "full".to_owned()
                };
                format!("{short}: {bytes} of {limit} bytes, {}", counted(messages, "message"))
            }
            fill => format!("full: {fill}"),
        };
        self.failed(match waited {
            Some(patience) => format!("{state}, after waiting for {}", span(patience)),
            None => format!("{state}; --wait waits for room"),
        })
    }

    fn refusal(&self, error: Error) -> Refusal {
        if error.is_permission() {
            return Refusal::Permission { what: self.address.clone(), why: self.endpoint.who(true) };
        }
        if error.is_absent() {
            return self.changed();
        }
        if error.too_large() {
            return self.failed("the message is larger than it takes");
        }
        error.into()
    }
}

/// Adds how much was written before it failed.
fn partly(refusal: Refusal, done: u64, of: Option<u64>) -> Refusal {
    let Refusal::Failed { what, why } = refusal else { return refusal };
    let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
    let before =
        if done > 0 { format!("{done}{of} bytes were written before") } else { "nothing was written".to_owned() };
    Refusal::Failed { what, why: format!("{why}; {before}") }
}
