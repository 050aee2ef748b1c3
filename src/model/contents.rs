//! What a look into an object saw, and how it was got at. Copies: the object itself was left as it was.

use super::socket::{SocketState, SocketType};
use super::sysv::{Message, Queue, Semaphore};

/// A look into one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The object's address.
    pub address: String,
    /// What was in it.
    pub seen: Seen,
    /// Sentences for people: what this look could not see, or what may be misread.
    pub notes: Vec<String>,
    /// Sentences about what was asked for and could not be had; what could is in `seen`.
    pub failures: Vec<String>,
}

/// What was seen, by kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Of a System V queue.
    Messages(Messages),
    /// Of a POSIX queue: how many messages it holds and takes, but none of them.
    Depth(Box<Queue>),
    /// Of shared memory.
    Range(Range),
    /// Of a set, or the one of a POSIX semaphore.
    Semaphores(Box<[Semaphore]>),
    /// Of a pipe or FIFO.
    Pipe(PipeContents),
    /// Of a socket.
    Socket(SocketContents),
}

/// Messages of a System V queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// Those asked for, the oldest first.
    pub messages: Vec<QueuedMessage>,
    /// Messages in the queue when the look began.
    pub depth: u64,
    /// Bytes of all messages then.
    pub bytes: u64,
    /// Most bytes the queue takes.
    pub limit_bytes: u64,
}

/// A message and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Its place in the queue, the oldest at 0.
    pub index: u64,
    /// The message, or why it could not be copied.
    pub message: Result<Message, String>,
}

/// Bytes of shared memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Size of the whole segment, bytes.
    pub size: u64,
    /// Where the bytes begin in it.
    pub offset: u64,
    /// How many there are. `data` holds as many, unless they were handed on piece by piece.
    pub length: u64,
    /// The bytes.
    pub data: Vec<u8>,
    /// How they were got at.
    pub source: Source,
}

/// What is in a pipe or FIFO. `None`: no end that would tell could be borrowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipeContents {
    /// The bytes, in pieces: each packet in packet mode, otherwise one. `None` without a read end.
    pub pieces: Option<Vec<Vec<u8>>>,
    /// Bytes in it.
    pub buffered: Option<u64>,
    /// Bytes that its pages could hold at best.
    pub capacity: Option<u64>,
    /// Each write is a packet.
    pub packet_mode: Option<bool>,
    /// It takes no more now.
    pub full: Option<bool>,
    /// Nobody can write to it.
    pub no_writer: Option<bool>,
    /// Nobody can read from it.
    pub no_reader: Option<bool>,
    /// Whose read end was borrowed.
    pub source: Option<Source>,
}

/// What waits in a socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketContents {
    /// Type.
    pub kind: Option<SocketType>,
    /// State.
    pub state: Option<SocketState>,
    /// The bytes that would be read next; of datagrams and packets the first. `None`: there are none to be had.
    pub data: Option<Vec<u8>>,
    /// Bytes that wait; of datagrams those of the first.
    pub waiting: Option<u64>,
    /// Listener: connections that wait to be accepted.
    pub pending: Option<u64>,
    /// Listener: most connections that may wait.
    pub backlog: Option<u64>,
    /// Whose descriptor was borrowed.
    pub source: Option<Source>,
}

/// How bytes were got at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// In which way.
    pub how: How,
    /// With the help of which process.
    pub pid: Option<u32>,
    /// Its command name.
    pub comm: Option<Box<[u8]>>,
}

/// Ways to get at bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The object's own file was read.
    File,
    /// The file behind a process's mapping was read.
    MappedFile,
    /// A process's memory was read.
    Memory,
    /// The segment was attached for the time of the look.
    Attach,
    /// A process's descriptor was borrowed for the time of the look.
    Descriptor,
}

impl How {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::MappedFile => "mapped-file",
            Self::Memory => "process-memory",
            Self::Attach => "attach",
            Self::Descriptor => "descriptor",
        }
    }
}
