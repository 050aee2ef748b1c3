//! `ipcx peek`: look at what an object holds and consume nothing.

use super::Exit;
use super::exit::{Usage, complain, report};
use crate::actions::{self, Care, Length, MessageFilter, PeekRequest, Policy, Refusal, Target, plan_peek};
use crate::kernel::{file, new_file, ready};
use crate::model::{Address, Contents, Seen, escape, quoted};
use crate::output::contents::{Form, HexDump};
use crate::output::{json, peek};
use crate::query::filter;
use clap::Args;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  ipcx peek queue:0x4d2                      every message, its type and size
  ipcx peek --type 5 --json queue:0x4d2      those of one type, for a program
  ipcx peek --follow queue:0x4d2             each message as it arrives
  ipcx peek --offset 4K --length 256 shm:7   a part of a segment
  ipcx peek -O copy.bin shm:/cache           all of it, into a file
  ipcx peek 'pipe:[411970]'                  what nobody has read yet";

/// Look at what an object holds, and consume nothing
///
/// Messages of System V queues, bytes of shared memory, pipes, FIFOs and sockets, values of semaphores. All of it stays
/// where it is. Text is shown as text, anything else as `hexdump -C` does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Peek {
    /// One JSON document
    ///
    /// Its schema is `ipcx.peek/1`; it takes 256M of shared memory at most. What could not be told is `null`.
    #[arg(short = 'J', long, conflicts_with_all = ["ndjson", "raw", "output", "hex", "follow"])]
    json: bool,
    /// One JSON object a line, for a queue one a message
    #[arg(long, conflicts_with_all = ["raw", "output", "hex"])]
    ndjson: bool,
    /// In hexadecimal even if it is text
    #[arg(long, conflicts_with_all = ["raw", "output"])]
    hex: bool,
    /// The bytes as they are
    ///
    /// Of several messages or packets one after the other.
    #[arg(long)]
    raw: bool,
    /// The bytes as they are, into a new file
    ///
    /// Only its owner may read it. One that is there already is refused with exit status 4, unless --force is given; it
    /// then keeps its mode. `-` is standard output.
    #[arg(short = 'O', long, value_name = "FILE")]
    output: Option<OsString>,

    /// Shared memory: begin here (4096, 4K, 1M) [default: 0]
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    offset: Option<String>,
    /// Shared memory: so many bytes
    ///
    /// A range beyond the end is an error. Without it, text and JSON show the first 64K from the offset on, and say so
    /// if there is more; --raw and --output take all. More than 1M is always shown in hexadecimal.
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    length: Option<String>,
    /// System V queue: only the message at this place, the oldest at 0
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with_all = ["kind", "follow"])]
    index: Option<String>,
    /// System V queue: only messages of this type
    #[arg(long = "type", value_name = "T", allow_hyphen_values = true)]
    kind: Option<String>,
    /// System V queue: show each message once as it arrives, until interrupted
    ///
    /// Those that are there come first. When the queue is removed, that is said, and the exit status is 1. The kernel
    /// does not number messages: the queue is copied about ten times a second, and the copies are compared. A message
    /// that comes and goes between two looks is not seen, and one that equals a message taken out in between is not
    /// told from it.
    #[arg(long)]
    follow: bool,

    /// Refuse a way to look that leaves a trace, with exit status 4
    #[arg(long)]
    no_trace: bool,
    /// Overwrite the file of --output; look into a socket although that changes its cgroup tags
    ///
    /// Where the cgroup-v1 controllers `net_cls` or `net_prio` are in use, borrowing a socket gives it this process's
    /// tags for good.
    #[arg(short, long)]
    force: bool,

    /// kind:which, or a path
    #[arg(value_name = "ADDRESS")]
    address: OsString,
}

/// Bytes of shared memory that are shown unless more are asked for.
const SHOWN: u64 = 64 << 10;

/// Most bytes that are looked at for being text; more are shown in hexadecimal, piece by piece.
const MOST_TEXT: u64 = 1 << 20;

/// Most bytes of shared memory in one JSON document, which is made in memory.
const MOST_JSON: u64 = 256 << 20;

/// So many messages are copied in about a second.
const LONG_QUEUE: u64 = 10_000;

/// How often a queue is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the output goes.
struct Sink {
    out: BufWriter<Box<dyn Write>>,
    /// The file, if it was made for this.
    made: Option<OsString>,
}

impl Peek {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        let address = Address::parse(&self.address).map_err(Usage::error)?;
        if let Address::Pid(_) = address {
            return Err(Usage::error(format_args!("{address} is a process: peek looks into objects")));
        }
        let request = self.request()?;
        let care = Care { policy: Policy { read_only, force: self.force }, no_trace: self.no_trace };
        let plan = match plan_peek(&Target::Address(address).absolute()) {
            Ok(plan) => plan,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        self.suits(&plan)?;
        if let Err(refusal) = plan.length(&request).and_then(|_| plan.check(care)) {
            return Ok(refused(&refusal));
        }
        for trace in &plan.traces {
            complain(&format_args!("note: {trace}"));
        }
        let mut sink = match self.sink() {
            Ok(sink) => sink,
            Err(exit) => return Ok(exit),
        };
        let done = self.look(&plan, &request, care, &mut sink.out);
        let done = done.and_then(|exit| sink.out.flush().map(|()| exit));
        match (done, &sink.made, &self.output) {
            // Nothing came of it: an empty file would look like an empty object.
            (Ok(Err(refusal)), Some(made), _) => {
                let _ = file::unlink(made.as_bytes());
                Ok(refused(&refusal))
            }
            (Ok(Err(refusal)), ..) => Ok(refused(&refusal)),
            (Ok(Ok(exit)), ..) => Ok(exit),
            (Err(error), _, Some(path)) => {
                complain(&format_args!("cannot write {}: {error}", escape(path.as_bytes())));
                Ok(Exit::Failed)
            }
            (Err(error), ..) => Ok(report(&error.into())),
        }
    }

    /// Looks and writes. An outer error is the output's.
    fn look(
        &self,
        plan: &actions::Peek,
        request: &PeekRequest,
        care: Care,
        out: &mut dyn Write,
    ) -> io::Result<Result<Exit, Refusal>> {
        if self.follow {
            return self.follow(plan, request.messages, out);
        }
        if plan.has_messages() && !self.json {
            return self.by_message(plan, request, care, out);
        }
        let pieces = self.is_raw() || (!self.is_json() && plan.length(request).is_ok_and(|length| length > MOST_TEXT));
        let looked = if pieces { self.in_pieces(plan, request, care, out)? } else { plan.run(request, care) };
        let mut seen = match looked {
            Ok(seen) => seen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.say_what_is_left(&mut seen);
        seen.notes.splice(0..0, plan.traces.iter().cloned());
        if self.json {
            json::peek::write(out, &seen)?;
        } else if self.ndjson {
            json::peek::write_lines(out, &seen)?;
        } else if !pieces {
            peek::write(out, &seen, self.form())?;
        } else if self.is_raw() {
            peek::write_raw(out, &seen)?;
        }
        out.flush()?;
        // In a JSON document they are a part of it; and what a look leaves was said before it.
        let told = if self.is_json() { seen.notes.len() } else { plan.traces.len() };
        seen.notes.drain(..told);
        Ok(Ok(conclude(&seen)))
    }

    /// Writes each message of a queue as soon as it was copied: of a long one that takes its time.
    fn by_message(
        &self,
        plan: &actions::Peek,
        request: &PeekRequest,
        care: Care,
        out: &mut dyn Write,
    ) -> io::Result<Result<Exit, Refusal>> {
        let address = &plan.address;
        let (mut written, mut any) = (Ok(()), false);
        let looked = plan.run_by_message(request, care, &mut |queue, message| {
            let first = !std::mem::replace(&mut any, true);
            if first && queue.depth > LONG_QUEUE && request.messages.index.is_none() {
                complain(&format_args!(
                    "note: {address} holds {} messages, and the kernel finds each by counting from the first: all of them \
                     take long; --index N shows one",
                    queue.depth
                ));
            }
            written = if self.is_raw() {
                message.message.map_or(Ok(()), |message| out.write_all(&message.data))
            } else if self.ndjson {
                json::peek::write_message(out, address, &message)
            } else {
                let head = if first { peek::write_messages_head(out, address, queue) } else { Ok(()) };
                head.and_then(|()| peek::write_message(out, &message, self.form()))
            };
            if queue.depth > LONG_QUEUE {
                written = std::mem::replace(&mut written, Ok(())).and_then(|()| out.flush());
            }
            written.is_ok()
        });
        written?;
        let seen = match looked {
            Ok(seen) => seen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let (Seen::Messages(queue), false, false) = (&seen.seen, any, self.is_raw() || self.ndjson) {
            peek::write_no_messages(out, address, queue)?;
        }
        out.flush()?;
        Ok(Ok(conclude(&seen)))
    }

    /// Writes shared memory while it is read, raw or in hexadecimal.
    fn in_pieces(
        &self,
        plan: &actions::Peek,
        request: &PeekRequest,
        care: Care,
        out: &mut dyn Write,
    ) -> io::Result<Result<Contents, Refusal>> {
        let mut written = Ok(());
        let mut dump: Option<HexDump<'_>> = None;
        let looked = plan.run_in_pieces(request, care, &mut |range, piece| {
            written = if self.is_raw() {
                out.write_all(piece)
            } else if let Some(dump) = &mut dump {
                dump.push(out, piece)
            } else {
                let begun = dump.insert(HexDump::new(range.offset, ""));
                peek::write_range_head(out, &plan.address, range).and_then(|()| begun.push(out, piece))
            };
            written.is_ok()
        });
        written?;
        if let Some(dump) = dump {
            dump.finish(out)?;
        }
        Ok(looked)
    }

    /// Prints what arrives until the queue is removed or nobody reads what is printed.
    fn follow(
        &self,
        plan: &actions::Peek,
        filter: MessageFilter,
        out: &mut dyn Write,
    ) -> io::Result<Result<Exit, Refusal>> {
        let Some(mut follow) = plan.follow(filter) else { return Ok(Ok(Exit::Done)) };
        loop {
            let started = Instant::now();
            let fresh = match follow.fresh() {
                Ok(fresh) => fresh,
                // What was shown stays shown; that it ended is the answer.
                Err(refusal) => return Ok(Ok(refused(&refusal))),
            };
            for message in &fresh {
                match &message.message {
                    _ if self.ndjson => json::peek::write_message(out, &plan.address, message)?,
                    Ok(inside) if self.is_raw() => out.write_all(&inside.data)?,
                    Err(why) if self.is_raw() => {
                        complain(&format_args!("{}: message {}: {why}", plan.address, message.index));
                    }
                    _ => peek::write_message(out, message, self.form())?,
                }
            }
            out.flush()?;
            if self.output.is_none() && ready::nobody_reads_stdout() {
                return Ok(Ok(Exit::Done));
            }
            // A long queue takes long to compare; it is not to keep a processor busy.
            std::thread::sleep(PAUSE.max(started.elapsed() * 4));
        }
    }

    fn is_raw(&self) -> bool {
        self.raw || self.output.is_some()
    }

    fn is_json(&self) -> bool {
        self.json || self.ndjson
    }

    fn form(&self) -> Form {
        if self.hex { Form::Hex } else { Form::Auto }
    }

    /// The numbers that were typed.
    fn request(&self) -> anyhow::Result<PeekRequest> {
        let size = |name: &str, text: &Option<String>| -> anyhow::Result<Option<u64>> {
            let Some(text) = text else { return Ok(None) };
            let wrong = || wrong(name, text, "a number of bytes, e.g. 4096, 64K, 1M");
            filter::parse_bytes(text).map(Some).ok_or_else(wrong)
        };
        let length = size("--length", &self.length)?;
        if self.is_json() && length.is_some_and(|length| length > MOST_JSON) {
            return Err(Usage::error("--length: a JSON document takes 256M at most; --raw and --output take any"));
        }
        let number = |text: &String| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let index =
            self.index.as_ref().map(|text| number(text).ok_or_else(|| wrong("--index", text, "a number from 0")));
        let kind = self.kind.as_ref().map(|text| {
            let kind = number(text).and_then(|kind: u64| i64::try_from(kind).ok()).filter(|kind| *kind > 0);
            kind.ok_or_else(|| wrong("--type", text, "a message's type, a number from 1"))
        });
        Ok(PeekRequest {
            offset: size("--offset", &self.offset)?.unwrap_or(0),
            length: match length {
                Some(length) => Length::Exactly(length),
                None if self.is_raw() => Length::All,
                None => Length::AtMost(SHOWN),
            },
            messages: MessageFilter { index: index.transpose()?, kind: kind.transpose()? },
        })
    }

    /// Options that mean nothing for this kind of object are a slip of the hand.
    fn suits(&self, plan: &actions::Peek) -> anyhow::Result<()> {
        let address = &plan.address;
        let only = |set: bool, name: &str, of: &str| {
            if set { Err(Usage::error(format_args!("{name} is for {of}, and {address} is none"))) } else { Ok(()) }
        };
        if !plan.has_ranges() {
            only(self.offset.is_some(), "--offset", "shared memory")?;
            only(self.length.is_some(), "--length", "shared memory")?;
        }
        if !plan.has_messages() {
            only(self.index.is_some(), "--index", "System V queues")?;
            only(self.kind.is_some(), "--type", "System V queues")?;
            only(self.follow, "--follow", "System V queues")?;
        }
        if !plan.has_bytes() {
            only(self.is_raw(), "--raw or --output", "objects whose bytes can be copied")?;
        }
        Ok(())
    }

    /// Says that only the beginning is shown.
    fn say_what_is_left(&self, seen: &mut Contents) {
        let Seen::Range(range) = &seen.seen else { return };
        let end = range.offset + range.length;
        if self.length.is_none() && !self.is_raw() && end < range.size {
            seen.notes.push(format!(
                "{}: bytes {} to {} of {} are shown; --length shows more, --offset others, --raw and --output all",
                seen.address,
                range.offset,
                end - 1,
                range.size
            ));
        }
    }

    /// Standard output, or the file that was asked for.
    fn sink(&self) -> Result<Sink, Exit> {
        let Some(path) = self.output.as_ref().filter(|path| *path != "-") else {
            return Ok(Sink { out: BufWriter::with_capacity(1 << 16, Box::new(io::stdout().lock())), made: None });
        };
        match new_file::create(path.as_bytes(), self.force) {
            Ok(new) => Ok(Sink {
                out: BufWriter::with_capacity(1 << 16, Box::new(new.file)),
                made: new.made.then(|| path.clone()),
            }),
            Err(error) if error.exists() => {
                complain(&format_args!("{}: is there already; --force overwrites it", escape(path.as_bytes())));
                Err(Exit::Refused)
            }
            Err(error) => Err(refused(&error.into())),
        }
    }
}

/// Says what has to be said beside the contents, and with which code to exit.
fn conclude(seen: &Contents) -> Exit {
    for note in &seen.notes {
        complain(&format_args!("note: {note}"));
    }
    for failure in &seen.failures {
        complain(failure);
    }
    if seen.failures.is_empty() { Exit::Done } else { Exit::Failed }
}

/// Complains, and says with which code to exit.
fn refused(refusal: &Refusal) -> Exit {
    complain(refusal);
    Exit::from(refusal)
}

fn wrong(name: &str, text: &str, wanted: impl Display) -> anyhow::Error {
    Usage::error(format_args!("{name}: {} is not {wanted}", quoted(text.as_bytes())))
}
