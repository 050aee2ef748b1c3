//! `ipcx.peek/1`: what a look into an object saw.
//!
//! Every document has `schema`, `address`, `notes` and `errors`; the rest is the kind's. Bytes are in `data`, and exactly
//! in `data_hex` where they are not UTF-8.

use super::contents::{DataDoc, MessageDoc};
use super::object::{QueueDoc, SemaphoreDoc, queue_doc, semaphore_doc};
use super::text;
use crate::model::{Contents, PipeContents, Queue, QueuedMessage, Range, Seen, SocketContents, Source};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    address: &'a str,
    #[serde(flatten)]
    body: BodyDoc<'a>,
    notes: &'a [String],
    errors: &'a [String],
}

#[derive(Serialize)]
#[serde(untagged)]
enum BodyDoc<'a> {
    Queue { messages: Option<Vec<Line<'a>>>, queue: QueueDoc },
    Range(RangeDoc<'a>),
    Semaphores { count: usize, values: Vec<SemaphoreDoc> },
    Pipe(PipeDoc<'a>),
    Socket(SocketDoc<'a>),
}

/// A message, or why there is none at its place.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Message(MessageDoc<'a>),
    Failed { index: u64, r#type: (), size: (), data: (), data_hex: (), error: &'a str },
}

impl<'a> From<&'a QueuedMessage> for Line<'a> {
    fn from(message: &'a QueuedMessage) -> Self {
        match &message.message {
            Ok(inside) => Self::Message(MessageDoc::new(message.index, inside)),
            Err(error) => Self::Failed { index: message.index, r#type: (), size: (), data: (), data_hex: (), error },
        }
    }
}

#[derive(Serialize)]
struct SourceDoc<'a> {
    how: &'static str,
    pid: Option<u32>,
    comm: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> From<&'a Source> for SourceDoc<'a> {
    fn from(source: &'a Source) -> Self {
        Self { how: source.how.name(), pid: source.pid, comm: source.comm.as_deref().map(text::lossy) }
    }
}

#[derive(Serialize)]
struct RangeDoc<'a> {
    offset: u64,
    length: u64,
    size: u64,
    source: SourceDoc<'a>,
    #[serde(flatten)]
    data: DataDoc<'a>,
}

impl<'a> From<&'a Range> for RangeDoc<'a> {
    fn from(range: &'a Range) -> Self {
        let source = (&range.source).into();
        Self { offset: range.offset, length: range.length, size: range.size, source, data: range.data[..].into() }
    }
}

#[derive(Serialize)]
struct PipeDoc<'a> {
    length: Option<usize>,
    buffered: Option<u64>,
    capacity: Option<u64>,
    full: Option<bool>,
    packet_mode: Option<bool>,
    /// In packet mode, the size of each.
    packets: Option<Vec<usize>>,
    no_writer: Option<bool>,
    no_reader: Option<bool>,
    source: Option<SourceDoc<'a>>,
    data: Option<String>,
    data_hex: Option<String>,
}

impl<'a> From<&'a PipeContents> for PipeDoc<'a> {
    fn from(pipe: &'a PipeContents) -> Self {
        let whole = pipe.pieces.as_ref().map(|pieces| pieces.concat());
        let packets = pipe.pieces.as_ref().filter(|_| pipe.packet_mode == Some(true));
        Self {
            length: whole.as_ref().map(Vec::len),
            buffered: pipe.buffered,
            capacity: pipe.capacity,
            full: pipe.full,
            packet_mode: pipe.packet_mode,
            packets: packets.map(|pieces| pieces.iter().map(Vec::len).collect()),
            no_writer: pipe.no_writer,
            no_reader: pipe.no_reader,
            source: pipe.source.as_ref().map(Into::into),
            data: whole.as_deref().map(|bytes| text::lossy(bytes).into_owned()),
            data_hex: whole.as_deref().and_then(text::hex),
        }
    }
}

#[derive(Serialize)]
struct SocketDoc<'a> {
    r#type: Option<&'static str>,
    state: Option<&'static str>,
    length: Option<usize>,
    /// Bytes that wait; of datagrams those of the first.
    buffered: Option<u64>,
    pending: Option<u64>,
    backlog: Option<u64>,
    source: Option<SourceDoc<'a>>,
    data: Option<std::borrow::Cow<'a, str>>,
    data_hex: Option<String>,
}

impl<'a> From<&'a SocketContents> for SocketDoc<'a> {
    fn from(socket: &'a SocketContents) -> Self {
        let data = socket.data.as_deref();
        Self {
            r#type: socket.kind.map(crate::model::SocketType::name),
            state: socket.state.map(crate::model::SocketState::name),
            length: data.map(<[u8]>::len),
            buffered: socket.waiting,
            pending: socket.pending,
            backlog: socket.backlog,
            source: socket.source.as_ref().map(Into::into),
            data: data.map(text::lossy),
            data_hex: data.and_then(text::hex),
        }
    }
}

fn body(seen: &Seen) -> BodyDoc<'_> {
    match seen {
        Seen::Messages(queue) => {
            let attributes = Queue {
                messages: Some(queue.depth),
                bytes: Some(queue.bytes),
                limit_bytes: Some(queue.limit_bytes),
                ..Queue::default()
            };
            let messages = queue.messages.iter().map(Line::from).collect();
            BodyDoc::Queue { messages: Some(messages), queue: queue_doc(&attributes) }
        }
        Seen::Depth(queue) => BodyDoc::Queue { messages: None, queue: queue_doc(queue) },
        Seen::Range(range) => BodyDoc::Range(range.into()),
        Seen::Semaphores(values) => {
            BodyDoc::Semaphores { count: values.len(), values: values.iter().enumerate().map(semaphore_doc).collect() }
        }
        Seen::Pipe(pipe) => BodyDoc::Pipe(pipe.into()),
        Seen::Socket(socket) => BodyDoc::Socket(socket.into()),
    }
}

/// Writes the document.
pub fn write(out: &mut dyn Write, seen: &Contents) -> io::Result<()> {
    let document = Document {
        schema: "ipcx.peek/1",
        address: &seen.address,
        body: body(&seen.seen),
        notes: &seen.notes,
        errors: &seen.failures,
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}

/// Writes one message a line for a System V queue, and the document in one line for everything else.
pub fn write_lines(out: &mut dyn Write, seen: &Contents) -> io::Result<()> {
    match &seen.seen {
        Seen::Messages(queue) => {
            queue.messages.iter().try_for_each(|message| write_message(out, &seen.address, message))
        }
        _ => write(out, seen),
    }
}

/// Writes one message as a line of its own.
pub fn write_message(out: &mut dyn Write, address: &str, message: &QueuedMessage) -> io::Result<()> {
    #[derive(Serialize)]
    struct Own<'a> {
        address: &'a str,
        #[serde(flatten)]
        message: Line<'a>,
    }
    serde_json::to_writer(&mut *out, &Own { address, message: message.into() })?;
    writeln!(out)
}
