//! `ipcx.send/1` and `ipcx.recv/1`: what was put in, and what was taken out.
//!
//! What is received is written message by message: each is gone from its queue, and must not wait in memory for the next.

use super::contents::DataDoc;
use serde::Serialize;
use std::io::{self, Write};

/// What a queue holds and takes.
#[derive(Debug, Serialize)]
pub struct FillDoc {
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: Option<u64>,
    /// Most bytes.
    pub limit_bytes: Option<u64>,
    /// Most messages.
    pub limit_messages: Option<u64>,
}

/// What was sent.
#[derive(Debug, Serialize)]
pub struct SentDoc<'a> {
    schema: &'static str,
    address: &'a str,
    bytes: u64,
    r#type: Option<i64>,
    priority: Option<u32>,
    queue: Option<FillDoc>,
    listener_pid: Option<u32>,
}

impl<'a> SentDoc<'a> {
    /// So many bytes to this address.
    pub const fn new(address: &'a str, bytes: u64) -> Self {
        Self { schema: "ipcx.send/1", address, bytes, r#type: None, priority: None, queue: None, listener_pid: None }
    }

    /// As a message of this type or priority, into a queue that holds so much now.
    #[must_use]
    pub fn marked(self, kind: Option<i64>, priority: Option<u32>, queue: Option<FillDoc>) -> Self {
        Self { r#type: kind, priority, queue, ..self }
    }

    /// To a socket that this process listens on.
    #[must_use]
    pub fn heard_by(self, listener_pid: Option<u32>) -> Self {
        Self { listener_pid, ..self }
    }

    /// Writes the document.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// A message, or a piece of bytes.
#[derive(Debug, Serialize)]
pub struct ReceivedDoc<'a> {
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u32>,
    size: usize,
    #[serde(flatten)]
    data: DataDoc<'a>,
}

impl<'a> ReceivedDoc<'a> {
    /// The message that came at this place, the first at 0.
    pub fn new(index: u64, kind: Option<i64>, priority: Option<u32>, data: &'a [u8]) -> Self {
        Self { index, r#type: kind, priority, size: data.len(), data: data.into() }
    }

    /// Writes it as a member of the document's list.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(out, self).map_err(Into::into)
    }
}

/// Begins the document.
pub fn begin_received(out: &mut dyn Write, address: &str) -> io::Result<()> {
    let address = serde_json::to_string(address)?;
    write!(out, "{{\"schema\":\"ipcx.recv/1\",\"address\":{address},\"messages\":[")
}

/// Ends it.
pub fn end_received(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"]}\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_shapes() {
        let fill = FillDoc { messages: 1, bytes: Some(5), limit_bytes: Some(16384), limit_messages: None };
        let sent = SentDoc::new("queue:5", 5).marked(Some(1), None, Some(fill)).heard_by(None);
        assert_eq!(
            text(|out| sent.write(out)),
            "{\"schema\":\"ipcx.send/1\",\"address\":\"queue:5\",\"bytes\":5,\"type\":1,\"priority\":null,\"queue\":\
             {\"messages\":1,\"bytes\":5,\"limit_bytes\":16384,\"limit_messages\":null},\"listener_pid\":null}\n"
        );
        let received = text(|out| {
            begin_received(out, "queue:/\"")?;
            ReceivedDoc::new(0, Some(5), None, b"first").write(out)?;
            ReceivedDoc::new(1, None, Some(3), b"\xff").write(out)?;
            end_received(out)
        });
        assert_eq!(
            received,
            "{\"schema\":\"ipcx.recv/1\",\"address\":\"queue:/\\\"\",\"messages\":[\n\
             {\"index\":0,\"type\":5,\"size\":5,\"data\":\"first\",\"data_hex\":null},\n\
             {\"index\":1,\"priority\":3,\"size\":1,\"data\":\"\u{fffd}\",\"data_hex\":\"ff\"}]}\n"
        );
    }
}
