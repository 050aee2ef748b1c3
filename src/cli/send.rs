//! `ipcx send`: put a message into a queue, or bytes into a FIFO or a unix socket.

use super::Exit;
use super::args::WaitArgs;
use super::exit::{self, Usage, complain};
use super::print::to_stdout;
use crate::actions::{Data, Mark, Medium, Patience, Policy, Refusal, Sending, Sent, Target, plan_send};
use crate::kernel::streams;
use crate::model::{Address, quoted, unhexadecimal};
use crate::output::json::transfer::{FillDoc, SentDoc};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Cursor, Read, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx send queue:5 hello                              a message of type 1 into a System V queue
  ipcx send --type 7 queue:0x4d2 --hex '00 ff 1b'      three bytes, type 7, by the queue's key
  ipcx send --priority 9 queue:/orders - <order.json   standard input into a POSIX queue
  ipcx send --wait=5 /run/x.fifo --file data           a file, once somebody reads the FIFO
  ipcx send unix:@abstract ping                        a datagram, or bytes to a listener
  ipcx send queue:5 ''                                 a message of no bytes
  ipcx send queue:5 -- -5                              data that begins with a hyphen";

/// Put a message into a queue, or bytes into a FIFO or unix socket
///
/// Nothing is waited for unless --wait says so: a full queue, a FIFO that nobody reads, a socket whose receiver is behind
/// are errors. A queue, and a datagram or seqpacket socket, get all data as one message. Sending to a FIFO lets a process
/// go on that waits to open it for reading, which sees the end of the data when ipcx is done, unless somebody else writes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Send {
    /// System V queue: the message's type, 1 and up [default: 1]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(i64).range(1..))]
    r#type: Option<i64>,
    /// POSIX queue: the message's priority, 0 to 32767, the highest is received first [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = clap::value_parser!(u32).range(0..=32767))]
    priority: Option<u32>,
    /// Read the data from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "hex"])]
    file: Option<OsString>,
    /// DATA is hexadecimal, two digits for each byte; blanks may stand between bytes
    #[arg(long)]
    hex: bool,
    #[command(flatten)]
    wait: WaitArgs,
    /// Only say what would be sent, or why it would fail
    ///
    /// That is as far as it can be told without opening or connecting.
    #[arg(short = 'n', long, conflicts_with = "json")]
    dry_run: bool,
    /// Say what was sent as one JSON document
    ///
    /// Its schema is `ipcx.send/1`.
    #[arg(short = 'J', long)]
    json: bool,
    /// Do not say what was sent
    #[arg(short, long, conflicts_with_all = ["json", "dry_run"])]
    quiet: bool,

    /// queue:..., fifo:..., unix:... or a path
    #[arg(value_name = "ADDRESS")]
    address: OsString,
    /// What to send; `-` for standard input
    ///
    /// The argument is taken as it stands, and may be empty. Of standard input no more is read than a message may have.
    /// Data that begins with a hyphen is written behind `--`.
    #[arg(value_name = "DATA")]
    data: Option<OsString>,
}

/// Where the data comes from.
enum Source {
    Given(Vec<u8>),
    Stdin,
    File(OsString),
}

impl Send {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        let target = target(&self.address, "send")?;
        let source = self.source()?;
        let patience = self.wait.patience()?;
        let policy = Policy { read_only, force: false };
        let line = match plan_send(&target) {
            Ok(sending) => {
                self.suits(&sending)?;
                self.one(&sending, policy, patience, source)
            }
            Err(refusal) => Err(refusal.into()),
        };
        match line {
            Ok(line) => {
                Ok(to_stdout(|out| out.write_all(&line)).map_or_else(|e| exit::report(&e.into()), |()| Exit::Done))
            }
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) => {
                    complain(&format_args!("{}{refusal}", if self.dry_run { "would fail: " } else { "" }));
                    Ok(Exit::from(refusal))
                }
                None => Err(error),
            },
        }
    }

    fn source(&self) -> anyhow::Result<Source> {
        match (&self.data, &self.file) {
            (None, None) => Err(Usage::error(
                "no data: give it as an argument (`''` for an empty message), as `-` to read standard input, or with \
                 --file FILE",
            )),
            (None, Some(file)) => Ok(Source::File(file.clone())),
            (Some(data), _) if data == "-" && self.hex => {
                Err(Usage::error("--hex takes digits as an argument, not standard input"))
            }
            (Some(data), _) if data == "-" => Ok(Source::Stdin),
            (Some(data), _) if self.hex => {
                let digits = data.as_encoded_bytes();
                let bytes = unhexadecimal(digits).ok_or_else(|| {
                    Usage::error(format_args!(
                        "{} is not hexadecimal: write two digits for each byte, e.g. --hex '68 65 6c'",
                        quoted(digits)
                    ))
                })?;
                Ok(Source::Given(bytes))
            }
            (Some(data), _) => Ok(Source::Given(data.as_encoded_bytes().to_vec())),
        }
    }

    /// Type and priority belong to one family of queues each.
    fn suits(&self, sending: &Sending) -> anyhow::Result<()> {
        let wrong = |option: &str, what: &str| {
            Err(Usage::error(format_args!("{option} is for {what}, and {} is none", sending.address)))
        };
        match sending.medium() {
            Medium::SysvQueue if self.priority.is_some() => wrong("--priority", "POSIX queues (--type: System V)"),
            Medium::PosixQueue if self.r#type.is_some() => wrong("--type", "System V queues (--priority: POSIX)"),
            Medium::Fifo | Medium::Socket if self.r#type.is_some() => wrong("--type", "System V queues"),
            Medium::Fifo | Medium::Socket if self.priority.is_some() => wrong("--priority", "POSIX queues"),
            _ => Ok(()),
        }
    }

    fn one(&self, sending: &Sending, policy: Policy, patience: Patience, source: Source) -> anyhow::Result<Vec<u8>> {
        sending.permit(policy)?;
        let (mut given, mut opened);
        let (length, from): (Option<u64>, &mut dyn Read) = match source {
            Source::Given(data) => {
                given = Cursor::new(data);
                (Some(given.get_ref().len() as u64), &mut given)
            }
            Source::File(path) => {
                let (file, length) = streams::open_input(&path).map_err(Refusal::from)?;
                opened = file;
                (length, &mut opened)
            }
            Source::Stdin => (None, &mut io::stdin().lock()),
        };
        let mark = Mark { kind: self.r#type.unwrap_or(1), priority: self.priority.unwrap_or(0) };
        if self.dry_run {
            let fill = sending.check(policy, length)?;
            return Ok((sending.would(mark, length, fill) + "\n").into_bytes());
        }
        let sent = sending.run(policy, mark, patience, &mut Data { length, from })?;
        let mut line = Vec::new();
        if self.json {
            document(&sent).write(&mut line)?;
        } else if !self.quiet {
            writeln!(line, "{sent}")?;
        }
        Ok(line)
    }
}

/// The address, if it is one of an object.
pub(super) fn target(word: &OsString, verb: &str) -> anyhow::Result<Target> {
    let address = Address::parse(word).map_err(Usage::error)?;
    if let Address::Pid(_) = address {
        let hint = "name a queue, a FIFO or a unix socket";
        return Err(Usage::error(format_args!("{address} is a process, which {verb} knows nothing of: {hint}")));
    }
    Ok(Target::Address(address).absolute())
}

fn document(sent: &Sent) -> SentDoc<'_> {
    let fill = sent.fill.map(|fill| FillDoc {
        messages: fill.messages,
        bytes: fill.bytes,
        limit_bytes: fill.limit_bytes,
        limit_messages: fill.limit_messages,
    });
    SentDoc::new(&sent.address, sent.bytes).marked(sent.kind, sent.priority, fill).heard_by(sent.listener)
}
