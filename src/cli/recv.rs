//! `ipcx recv`: take messages out of a queue, or bytes out of a FIFO.
//!
//! What is taken is nowhere else any more. So the output is tried before anything is taken, each message is written before
//! the next is taken, and one that cannot be written is printed on standard error, as the command that puts it back.

use super::Exit;
use super::args::WaitArgs;
use super::exit::{Usage, complain};
use super::print::to_stdout;
use super::send::target;
use crate::actions::{Amount, Medium, Patience, Policy, Received, Receiving, Refusal, plan_receive};
use crate::kernel::file::{self, FileType};
use crate::kernel::streams;
use crate::model::{escape, shell};
use crate::output::contents::{self, Form};
use crate::output::json::hexadecimal;
use crate::output::json::transfer::{ReceivedDoc, begin_received, end_received};
use crate::output::stream::Stream;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

const EXAMPLES: &str = "\
Examples:
  ipcx recv queue:5                      the first message
  ipcx recv --type -3 --wait=5 queue:5   the lowest type up to 3, within 5 seconds
  ipcx recv --all --json queue:/orders   all that is there
  ipcx recv --raw queue:5 >message       the exact bytes
  ipcx recv --wait /run/x.fifo           until its writers have closed it";

/// Take messages out of a queue, or bytes out of a FIFO: they are gone from it
///
/// `ipcx peek` looks and leaves them where they are. Nothing is waited for unless --wait says so. Opening a FIFO lets a
/// process go on that waits to open it for writing; without --wait that is refused where it can be seen, since the writer
/// would be ended by SIGPIPE when ipcx is gone before it has written. What is sent to a socket only its own process can
/// receive.
///
/// Text is shown as text, other bytes as `hexdump -C` shows them; --raw and -O give the exact bytes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Recv {
    /// System V queue: 0 the first message, T the first of this type, -T the first of the lowest type up to it
    /// [default: 0]
    ///
    /// As in msgrcv(2).
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    r#type: Option<i64>,
    /// Take so many messages; fewer are a failure [default: 1]
    ///
    /// If there are fewer, those are taken, and the exit status is 1. A FIFO has no messages to count.
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "all",
        value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Take every message that is there when the first is taken
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    wait: WaitArgs,
    /// The exact bytes, with nothing before, between or behind messages
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Write the exact bytes, or with --json the document, to a new file
    #[arg(short = 'O', long, value_name = "FILE")]
    output: Option<OsString>,
    /// One JSON document
    ///
    /// Its schema is `ipcx.recv/1`. Of a FIFO it has the bytes in the pieces in which they were read.
    #[arg(short = 'J', long)]
    json: bool,
    /// Overwrite the file of --output
    ///
    /// What it held before goes when the first message has come.
    #[arg(short, long)]
    force: bool,
    /// Only say what would be taken, or why it would fail
    #[arg(short = 'n', long, conflicts_with = "json")]
    dry_run: bool,
    /// Do not say that what was taken is gone
    #[arg(short, long)]
    quiet: bool,

    /// queue:..., fifo:... or a path
    #[arg(value_name = "ADDRESS")]
    address: OsString,
}

impl Recv {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        let target = target(&self.address, "recv")?;
        let patience = self.wait.patience()?;
        let policy = Policy { read_only, force: false };
        let receiving = match plan_receive(&target) {
            Ok(receiving) => receiving,
            Err(refusal) => return Ok(self.refused(&refusal)),
        };
        self.suits(&receiving)?;
        if self.dry_run {
            return self.forecast(&receiving, policy, patience);
        }
        // Read-only mode makes no file, nor empties one.
        match receiving.check(policy, patience) {
            Ok(_) | Err(Refusal::Permission { .. }) => {}
            Err(refusal) => return Ok(self.refused(&refusal)),
        }
        Ok(self.receive(&receiving, policy, patience))
    }

    fn refused(&self, refusal: &Refusal) -> Exit {
        complain(&format_args!("{}{refusal}", if self.dry_run { "would fail: " } else { "" }));
        Exit::from(refusal)
    }

    /// Types, and messages at all, are not everywhere.
    fn suits(&self, receiving: &Receiving) -> anyhow::Result<()> {
        let medium = receiving.medium();
        if self.r#type.is_some() && medium != Medium::SysvQueue {
            return Err(Usage::error(format_args!("--type is for System V queues, and {} is none", receiving.address)));
        }
        if (self.count.is_some() || self.all) && medium == Medium::Fifo {
            let why = "--count and --all are for messages, and a FIFO has none";
            return Err(Usage::error(format_args!("{why}: {} is read until nothing is left", receiving.address)));
        }
        Ok(())
    }

    fn amount(&self) -> Amount {
        if self.all { Amount::All } else { Amount::Count(self.count.unwrap_or(1)) }
    }

    fn forecast(&self, receiving: &Receiving, policy: Policy, patience: Patience) -> anyhow::Result<Exit> {
        let fill = match receiving.check(policy, patience) {
            Ok(fill) => fill,
            Err(refusal) => return Ok(self.refused(&refusal)),
        };
        let what = match (receiving.medium(), self.amount()) {
            (Medium::Fifo, _) => "what is in it".to_owned(),
            (_, Amount::All) => "all messages".to_owned(),
            (_, Amount::Count(1)) => "1 message".to_owned(),
            (_, Amount::Count(count)) => format!("{count} messages"),
        };
        let now = fill.map(|fill| format!("; now {fill}")).unwrap_or_default();
        to_stdout(|out| writeln!(out, "would take {what} from {}{now}", receiving.address))?;
        Ok(Exit::Done)
    }

    fn receive(&self, receiving: &Receiving, policy: Policy, patience: Patience) -> Exit {
        let mut sink = match self.sink(receiving) {
            Ok(sink) => sink,
            Err(refusal) => return self.refused(&refusal),
        };
        let kind = self.r#type.unwrap_or(0);
        let taken = receiving.run(policy, kind, self.amount(), patience, &mut |received| sink.put(&received));
        sink.end();
        let mut exit = if sink.fault.is_some() { Exit::Failed } else { Exit::Done };
        match taken {
            Ok(taken) => {
                if !self.quiet {
                    complain(&taken);
                }
                if let Err(refusal) = taken.ended {
                    exit = exit.max(self.refused(&refusal));
                }
            }
            Err(refusal) => exit = exit.max(self.refused(&refusal)),
        }
        exit
    }

    /// Where it goes, tried as far as it can be. Errors: nothing was taken.
    fn sink(&self, receiving: &Receiving) -> Result<Sink, Refusal> {
        let nothing =
            |why: String| Refusal::Failed { what: receiving.address.clone(), why: format!("{why}; nothing was taken") };
        let (out, file): (Box<dyn Write>, _) = if let Some(path) = &self.output {
            // A FIFO or a device is there to be written to.
            let there = file::lstat(path.as_bytes()).is_ok_and(|stat| stat.file_type == FileType::Regular);
            if there && !self.force {
                let why = "is there already; --force overwrites it; nothing was taken".to_owned();
                return Err(Refusal::Unsafe { what: escape(path.as_bytes()).into_owned(), why });
            }
            let file = streams::open_output(path).map_err(|error| nothing(format!("cannot write to {error}")))?;
            let same = file.try_clone().map_err(|error| nothing(error.to_string()))?;
            (Box::new(file), Some(same))
        } else {
            if let Some(fault) = streams::stdout_fault() {
                return Err(nothing(format!("standard output cannot be written to: {fault}")));
            }
            (Box::new(io::stdout().lock()), None)
        };
        let form = match (self.json, self.raw || self.output.is_some()) {
            (true, _) => Shape::Json,
            (_, true) => Shape::Raw,
            _ if receiving.medium() == Medium::Fifo => Shape::Stream(Stream::default()),
            _ => Shape::Text { headings: self.all || self.count.is_some() },
        };
        let mut sink = Sink { out, file, form, address: receiving.address.clone(), fault: None };
        if let Shape::Json = sink.form {
            let mut head = Vec::new();
            let begun = begin_received(&mut head, &sink.address).and_then(|()| sink.write(&head));
            begun.map_err(|error| nothing(format!("cannot write: {error}")))?;
        }
        Ok(sink)
    }
}

/// How messages are written.
enum Shape {
    Text { headings: bool },
    Stream(Stream),
    Raw,
    Json,
}

/// Where messages go.
struct Sink {
    out: Box<dyn Write>,
    /// A file that is emptied before the first byte is written to it.
    file: Option<streams::Output>,
    form: Shape,
    address: String,
    fault: Option<io::Error>,
}

impl Sink {
    /// Writes a message and sees to it that it is out.
    fn put(&mut self, received: &Received) -> ControlFlow<()> {
        let before = if let Shape::Stream(stream) = &self.form { stream.held().to_vec() } else { Vec::new() };
        let mut text = Vec::new();
        let written = self.render(&mut text, received).and_then(|()| self.write(&text));
        let Err(error) = written else { return ControlFlow::Continue(()) };
        complain(&format_args!("cannot write: {error}; what was taken follows, as the command that puts it back"));
        // Without a prefix, so that it can be pasted.
        let rescue = rescue(&self.address, &[&before[..], &received.data].concat(), received);
        let _ = writeln!(io::stderr(), "{rescue}");
        self.fault = Some(error);
        ControlFlow::Break(())
    }

    fn render(&mut self, out: &mut Vec<u8>, received: &Received) -> io::Result<()> {
        match &mut self.form {
            Shape::Text { headings } => {
                if *headings {
                    let mark = match (received.kind, received.priority) {
                        (Some(kind), _) => format!("type {kind}, "),
                        (_, Some(priority)) => format!("priority {priority}, "),
                        _ => String::new(),
                    };
                    writeln!(out, "message {}: {mark}{} bytes", received.index, received.data.len())?;
                }
                contents::write(out, &received.data, 0, Form::Auto, "")
            }
            Shape::Stream(stream) => stream.piece(out, &received.data),
            Shape::Raw => out.write_all(&received.data),
            Shape::Json => {
                ReceivedDoc::new(received.index, received.kind, received.priority, &received.data).write(out)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            streams::empty(&file);
        }
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Writes what closes the output, unless that has failed before.
    fn end(&mut self) {
        let mut text = Vec::new();
        let made = match &mut self.form {
            Shape::Json => end_received(&mut text),
            Shape::Stream(stream) => stream.end(&mut text),
            Shape::Text { .. } | Shape::Raw => Ok(()),
        };
        if self.fault.is_none()
            && !text.is_empty()
            && let Err(error) = made.and_then(|()| self.write(&text))
        {
            complain(&format_args!("cannot write: {error}; the end of the output is missing"));
            self.fault = Some(error);
        }
    }
}

/// The command that would put a message back, at the end of its queue: the last that can be done for it.
fn rescue(address: &str, data: &[u8], received: &Received) -> String {
    let mark = match (received.kind, received.priority) {
        (Some(kind), _) => format!("--type {kind} "),
        (_, Some(priority)) => format!("--priority {priority} "),
        _ => String::new(),
    };
    let word = shell::word(address);
    let digits = hexadecimal(data);
    format!("ipcx send {mark}{word} --hex {}", if digits.is_empty() { "''" } else { &digits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_can_be_put_back() {
        let received = |kind, priority| Received { index: 0, kind, priority, data: Vec::new() };
        assert_eq!(rescue("queue:5", b"h\xff", &received(Some(7), None)), "ipcx send --type 7 queue:5 --hex 68ff");
        assert_eq!(
            rescue("queue:/a'b", b"", &received(None, Some(0))),
            "ipcx send --priority 0 'queue:/a'\\''b' --hex ''"
        );
    }
}
