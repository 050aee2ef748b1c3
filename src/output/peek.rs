//! What a look into an object saw, for people: a line that says what it is, then the contents. Nothing written here acts
//! on a terminal.

use super::contents::{self, Form};
use crate::model::{
    Contents, How, Messages, PipeContents, Queue, QueuedMessage, Range, Seen, Semaphore, SocketContents, Source, escape,
};
use std::io::{self, Write};

/// In front of the lines of one message out of several. A line in hexadecimal has 78 columns, a terminal mostly 80.
const INDENT: &str = "  ";

/// Writes all of it.
pub fn write(out: &mut dyn Write, seen: &Contents, form: Form) -> io::Result<()> {
    let what = &seen.address;
    match &seen.seen {
        Seen::Messages(messages) => write_messages(out, what, messages, form),
        Seen::Depth(queue) => write_depth(out, what, queue),
        Seen::Range(range) => {
            write_range_head(out, what, range)?;
            contents::write(out, &range.data, range.offset, form, "")
        }
        Seen::Semaphores(values) => write_semaphores(out, what, values),
        Seen::Pipe(pipe) => write_pipe(out, what, pipe, form),
        Seen::Socket(socket) => write_socket(out, what, socket, form),
    }
}

/// The same line by line, for a screen: tabs are blanks up to the next eighth column. What was not seen ([`Contents::notes`],
/// [`Contents::failures`]) is not among them.
pub fn lines(seen: &Contents, form: Form) -> Vec<String> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(&mut text, seen, form);
    // Only text was written, see `contents::write`.
    String::from_utf8_lossy(&text).lines().map(without_tabs).collect()
}

fn without_tabs(line: &str) -> String {
    const STOP: usize = 8;
    let mut out = String::with_capacity(line.len());
    for (number, part) in line.split('\t').enumerate() {
        if number > 0 {
            let column = unicode_width::UnicodeWidthStr::width(&*out);
            out.extend(std::iter::repeat_n(' ', STOP - column % STOP));
        }
        out.push_str(part);
    }
    out
}

/// `1 byte`, `2 bytes`.
fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn write_messages(out: &mut dyn Write, what: &str, queue: &Messages, form: Form) -> io::Result<()> {
    if queue.messages.is_empty() {
        return write_no_messages(out, what, queue);
    }
    write_messages_head(out, what, queue)?;
    queue.messages.iter().try_for_each(|message| write_message(out, message, form))
}

/// Writes the line that stands in place of messages where none is shown.
pub fn write_no_messages(out: &mut dyn Write, what: &str, queue: &Messages) -> io::Result<()> {
    match queue.depth {
        0 => writeln!(out, "{what} is empty"),
        depth => writeln!(out, "{what} has no such message; it holds {}", count(depth, "message")),
    }
}

/// Writes the line in front of a queue's messages.
pub fn write_messages_head(out: &mut dyn Write, what: &str, queue: &Messages) -> io::Result<()> {
    let (messages, bytes) = (count(queue.depth, "message"), count(queue.bytes, "byte"));
    writeln!(out, "{what}: {messages} of {bytes}, of at most {}", queue.limit_bytes)
}

/// Writes one message: its index, type and size, and its bytes below.
pub fn write_message(out: &mut dyn Write, message: &QueuedMessage, form: Form) -> io::Result<()> {
    match &message.message {
        Ok(inside) => {
            let size = count(inside.data.len() as u64, "byte");
            writeln!(out, "[{}] type {}, {size}", message.index, inside.kind)?;
            contents::write(out, &inside.data, 0, form, INDENT)
        }
        Err(why) => writeln!(out, "[{}] {}", message.index, escape(why.as_bytes())),
    }
}

fn write_depth(out: &mut dyn Write, what: &str, queue: &Queue) -> io::Result<()> {
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    if queue.messages == Some(0) {
        write!(out, "{what} is empty")?;
    } else {
        write!(out, "{what}: {}", count(queue.messages.unwrap_or(0), "message"))?;
    }
    let (most, largest) = (number(queue.limit_messages), number(queue.max_message_bytes));
    writeln!(out, "; it takes at most {most} messages of {largest} bytes each")
}

/// Writes the line in front of bytes of shared memory.
pub fn write_range_head(out: &mut dyn Write, what: &str, range: &Range) -> io::Result<()> {
    if range.size == 0 {
        return writeln!(out, "{what} is empty: it has 0 bytes");
    }
    let (length, size) = (count(range.length, "byte"), range.size);
    writeln!(out, "{what}: {length} at offset {} of {size}, {}", range.offset, source(&range.source))
}

/// How bytes were got at, in words.
fn source(source: &Source) -> String {
    let who = || match (source.pid, &source.comm) {
        (Some(pid), Some(comm)) => format!("pid {pid} ({})", escape(comm)),
        (Some(pid), None) => format!("pid {pid}"),
        _ => "a process".to_owned(),
    };
    match source.how {
        How::File => "from its file".to_owned(),
        How::MappedFile => format!("by the mapping of {}", who()),
        How::Memory => format!("from the memory of {}", who()),
        How::Attach => "attached for the look".to_owned(),
        How::Descriptor => format!("through a descriptor of {}", who()),
    }
}

fn write_semaphores(out: &mut dyn Write, what: &str, values: &[Semaphore]) -> io::Result<()> {
    writeln!(out, "{what}: {}", count(values.len() as u64, "semaphore"))?;
    for (index, one) in values.iter().enumerate() {
        write!(out, "[{index}] value {}, {} waiting for more", one.value, one.waiting_increase)?;
        if let Some(zero) = one.waiting_zero {
            write!(out, ", {zero} for zero")?;
        }
        match one.last_pid.filter(|pid| *pid != 0) {
            Some(pid) => writeln!(out, ", last pid {pid}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

fn write_pipe(out: &mut dyn Write, what: &str, pipe: &PipeContents, form: Form) -> io::Result<()> {
    let mut parts = Vec::new();
    match pipe.buffered {
        Some(0) => write!(out, "{what} is empty")?,
        Some(bytes) => write!(out, "{what}: {} in it", count(bytes, "byte"))?,
        None => write!(out, "{what}")?,
    }
    parts.extend(pipe.capacity.map(|capacity| format!("capacity {capacity}")));
    let flags = [
        (pipe.full, "full", Some("not full")),
        (pipe.packet_mode, "packet mode", None),
        (pipe.no_writer, "no writer", None),
        (pipe.no_reader, "no reader", None),
    ];
    for (flag, yes, no) in flags {
        parts.extend(flag.and_then(|flag| if flag { Some(yes) } else { no }).map(str::to_owned));
    }
    parts.extend(pipe.source.as_ref().map(source));
    for part in parts {
        write!(out, ", {part}")?;
    }
    writeln!(out)?;
    match pipe.pieces.as_deref() {
        Some([whole]) => contents::write(out, whole, 0, form, ""),
        Some(packets) => packets.iter().enumerate().try_for_each(|(number, packet)| {
            writeln!(out, "[{number}] {}", count(packet.len() as u64, "byte"))?;
            contents::write(out, packet, 0, form, INDENT)
        }),
        None => Ok(()),
    }
}

fn write_socket(out: &mut dyn Write, what: &str, socket: &SocketContents, form: Form) -> io::Result<()> {
    let kind = socket.kind.map_or("socket", crate::model::SocketType::name);
    let state = socket.state.map_or("unknown", crate::model::SocketState::name);
    write!(out, "{what}: {kind}, {state}")?;
    if socket.state == Some(crate::model::SocketState::Listening) {
        let pending = count(socket.pending.unwrap_or(0), "connection");
        write!(out, ", {pending} waiting to be accepted")?;
        match socket.backlog {
            Some(backlog) => writeln!(out, ", of at most {backlog}")?,
            None => writeln!(out)?,
        }
        return Ok(());
    }
    match (&socket.data, socket.waiting) {
        (Some(data), _) if data.is_empty() => write!(out, ", empty: nothing waits to be read")?,
        (_, Some(waiting)) => write!(out, ", {} waiting to be read", count(waiting, "byte"))?,
        _ => {}
    }
    match &socket.source {
        Some(from) => writeln!(out, ", {}", source(from))?,
        None => writeln!(out)?,
    }
    contents::write(out, socket.data.as_deref().unwrap_or_default(), 0, form, "")
}

/// Writes the bytes as they are, one piece after the other; what has none writes nothing.
pub fn write_raw(out: &mut dyn Write, seen: &Contents) -> io::Result<()> {
    match &seen.seen {
        Seen::Messages(queue) => {
            let mut whole = queue.messages.iter().filter_map(|message| message.message.as_ref().ok());
            whole.try_for_each(|message| out.write_all(&message.data))
        }
        Seen::Range(range) => out.write_all(&range.data),
        Seen::Pipe(pipe) => pipe.pieces.iter().flatten().try_for_each(|piece| out.write_all(piece)),
        Seen::Socket(socket) => out.write_all(socket.data.as_deref().unwrap_or_default()),
        Seen::Depth(_) | Seen::Semaphores(_) => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Message;

    fn written(seen: Seen) -> String {
        let contents = Contents { address: "queue:5".to_owned(), seen, notes: Vec::new(), failures: Vec::new() };
        let mut out = Vec::new();
        write(&mut out, &contents, Form::Auto).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn messages_with_their_place_type_and_size() {
        let message =
            |index, kind, data: &[u8]| QueuedMessage { index, message: Ok(Message { kind, data: data.into() }) };
        let messages = vec![message(0, 5, b"first"), message(1, 7, b""), message(2, 1, b"\x1b[31m")];
        let queue = Messages { messages, depth: 3, bytes: 10, limit_bytes: 16384 };
        assert_eq!(
            written(Seen::Messages(queue)),
            "queue:5: 3 messages of 10 bytes, of at most 16384\n[0] type 5, 5 bytes\n  first\n[1] type 7, 0 bytes\n\
             [2] type 1, 5 bytes\n  00000000  1b 5b 33 31 6d                                    |.[31m|\n  00000005\n"
        );
        let none = Messages { messages: Vec::new(), depth: 0, bytes: 0, limit_bytes: 16384 };
        assert_eq!(written(Seen::Messages(none)), "queue:5 is empty\n");
    }

    #[test]
    fn lines_for_a_screen() {
        let data = b"first\n\tindented\n12345678\tnine\n\n\xe6\x97\xa5\tx".to_vec();
        let source = Source { how: How::File, pid: None, comm: None };
        let range = Range { size: 40, offset: 0, length: 36, data, source };
        let seen = Seen::Range(range);
        let contents = Contents { address: "shm:/x".to_owned(), seen, notes: Vec::new(), failures: Vec::new() };
        let text = lines(&contents, Form::Auto);
        assert_eq!(text[1..], ["first", "        indented", "12345678        nine", "", "日      x"]);
        let hex = lines(&contents, Form::Hex);
        assert!(hex[1].starts_with("00000000  66 69 72 73 74 0a 09 69") && hex.len() == 5, "{hex:?}");
        assert_eq!(hex[0], text[0]);
        assert!(text.iter().chain(&hex).all(|line| !line.contains(char::is_control)));
    }

    #[test]
    fn a_process_may_have_any_name() {
        let comm: Option<Box<[u8]>> = Some(b"\x1b[2J".as_slice().into());
        let source = Source { how: How::Memory, pid: Some(7), comm };
        let range = Range { size: 9, offset: 2, length: 1, data: b"x".to_vec(), source };
        assert_eq!(
            written(Seen::Range(range)),
            "queue:5: 1 byte at offset 2 of 9, from the memory of pid 7 (\\x1b[2J)\nx\n"
        );
    }
}
