//! A test FIFO's end, held open or fed with lines, so that a person can try a program with nothing at the other end yet.
//!
//! Opening the end lets a process go on that waits in `open` for it: that is what it is for.

use super::Created;
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::kernel::ending::{Endings, For, Woke};
use crate::kernel::fifo_ends::{self, OpenEnd, Wrote};
use crate::kernel::pinned::{self, Pinned};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

pub use crate::kernel::ending::Ending;
pub use crate::kernel::fifo_ends::End;

/// How often a reader is looked for. The kernel tells nobody that one came.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Takes what was read; false when it wants no more.
pub type Take<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// What is done with a FIFO after it was made.
pub enum Use<'a> {
    /// An end is held open, and neither read nor written.
    Hold(End),
    /// What is written to it is read, by one writer after another.
    Read(Take<'a>),
    /// Lines are written.
    Feed(Feed<'a>),
}

/// What is written, and when.
#[derive(Debug)]
pub struct Feed<'a> {
    /// Which lines.
    pub lines: Lines<'a>,
    /// Time between two.
    pub interval: Duration,
    /// How many; without it no end, or that of the input.
    pub count: Option<u64>,
}

/// Lines to write.
#[derive(Debug)]
pub enum Lines<'a> {
    /// The same one again and again, without its newline.
    Same(&'a [u8]),
    /// Those that come from here, until its end.
    From(BorrowedFd<'a>),
}

/// What a person should know meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An end is open.
    Holding(End),
    /// Writing begins.
    Feeding,
    /// Nobody reads.
    NoReader,
    /// Somebody does again.
    Reader,
    /// Nobody takes anything out.
    Full,
    /// Whoever wrote is gone.
    NoWriter,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All lines are written.
    Done,
    /// By a signal.
    Signal(Ending),
}

/// A FIFO whose ends may be opened.
#[derive(Debug)]
pub struct TestEnd {
    file: Pinned,
    address: String,
    endings: Endings,
}

/// An [`Event`] with the FIFO it is about; prints as one line.
#[derive(Debug)]
pub struct Told<'a> {
    event: Event,
    address: &'a str,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, pid) = (self.address, std::process::id());
        match self.event {
            Event::Holding(end) => {
                let end = match end {
                    End::Read => "the read end",
                    End::Write => "the write end",
                    End::Both => "both ends",
                };
                write!(f, "holding {end} of {address} as pid {pid}; Ctrl-C ends it")
            }
            Event::Feeding => write!(f, "feeding {address} as pid {pid}; Ctrl-C ends it"),
            Event::NoReader => write!(f, "{address}: no reader; waiting for one"),
            Event::Reader => write!(f, "{address}: a reader came"),
            Event::NoWriter => write!(f, "{address}: the writer is gone; waiting for another"),
            Event::Full => write!(f, "{address}: full; waiting for the reader to read"),
        }
    }
}

impl TestEnd {
    /// Takes hold of the FIFO that was just made or found; from here on signals that end a program are events. Errors:
    /// [`Refusal::Changed`] when another file has its name meanwhile.
    pub fn new(created: &Created) -> Result<Self, Refusal> {
        let address = created.address.to_string();
        let changed = || Refusal::Changed { what: address.clone() };
        let Some(Subject::File { path, device, inode, .. }) = &created.file else { return Err(changed()) };
        let file = pinned::pin(path).map_err(|error| if error.is_absent() { changed() } else { error.into() })?;
        let stat = file.stat()?;
        if (stat.device, stat.inode) != (*device, *inode) {
            return Err(changed());
        }
        Ok(Self { endings: Endings::take()?, file, address })
    }

    /// Does it until it is done or a signal comes. `tell` is called with what a person should know.
    pub fn run(&self, wanted: Use<'_>, tell: &mut dyn FnMut(&Told<'_>)) -> Result<Ended, Refusal> {
        let mut tell = |event| tell(&Told { event, address: &self.address });
        match wanted {
            Use::Hold(end) => self.hold(end, &mut tell),
            Use::Read(take) => self.read(take, &mut tell),
            Use::Feed(feed) => self.feed(&feed, &mut tell),
        }
    }

    fn hold(&self, end: End, tell: &mut dyn FnMut(Event)) -> Result<Ended, Refusal> {
        let _held = match self.open(end, tell)? {
            Ok(held) => held,
            Err(ending) => return Ok(Ended::Signal(ending)),
        };
        tell(Event::Holding(end));
        match self.endings.wait(For::Nothing, None)? {
            Woke::Ending(ending) => Ok(Ended::Signal(ending)),
            Woke::Ready | Woke::TimedOut => Ok(Ended::Done),
        }
    }

    fn read(&self, take: Take<'_>, tell: &mut dyn FnMut(Event)) -> Result<Ended, Refusal> {
        let held = match self.open(End::Read, tell)? {
            Ok(held) => held,
            Err(ending) => return Ok(Ended::Signal(ending)),
        };
        tell(Event::Holding(End::Read));
        let (mut room, mut writer) = ([0; 8192], false);
        loop {
            // Once a writer has gone, the kernel calls the end ready for ever: then it is looked at now and then.
            let woke = match held.read(&mut room)? {
                Some(0) if writer => {
                    tell(Event::NoWriter);
                    writer = false;
                    continue;
                }
                Some(0) => self.endings.wait(For::Nothing, Some(LOOK_AGAIN))?,
                None => self.endings.wait(For::Reading(held.as_fd()), None)?,
                Some(length) => {
                    writer = true;
                    if !take(&room[..length]) {
                        return Ok(Ended::Done);
                    }
                    self.endings.wait(For::Nothing, Some(Duration::ZERO))?
                }
            };
            if let Woke::Ending(ending) = woke {
                return Ok(Ended::Signal(ending));
            }
        }
    }

    /// Opens an end; for writing, when there is a reader. A signal ends the waiting.
    fn open(&self, end: End, tell: &mut dyn FnMut(Event)) -> Result<Result<OpenEnd, Ending>, Refusal> {
        let mut waited = false;
        loop {
            if let Some(open) = fifo_ends::open(&self.file, end).map_err(|error| self.closed(error))? {
                if waited {
                    tell(Event::Reader);
                }
                return Ok(Ok(open));
            }
            if !waited {
                tell(Event::NoReader);
            }
            waited = true;
            if let Woke::Ending(ending) = self.endings.wait(For::Nothing, Some(LOOK_AGAIN))? {
                return Ok(Err(ending));
            }
        }
    }

    fn closed(&self, error: crate::kernel::Error) -> Refusal {
        if error.is_permission() {
            let why = "its mode does not let this user open that end".to_owned();
            return Refusal::Permission { what: self.address.clone(), why };
        }
        error.into()
    }

    fn feed(&self, feed: &Feed<'_>, tell: &mut dyn FnMut(Event)) -> Result<Ended, Refusal> {
        let mut input = Input::default();
        let mut open = None;
        let mut written = 0;
        tell(Event::Feeding);
        while feed.count.is_none_or(|count| written < count) {
            if written > 0
                && let Woke::Ending(ending) = self.endings.wait(For::Nothing, Some(feed.interval))?
            {
                return Ok(Ended::Signal(ending));
            }
            let line = match feed.lines {
                Lines::Same(text) => Some([text, b"\n"].concat()),
                Lines::From(fd) => match input.line(fd, &self.endings)? {
                    Ok(line) => line,
                    Err(ending) => return Ok(Ended::Signal(ending)),
                },
            };
            let Some(line) = line else { break };
            if let Some(ending) = self.put(&mut open, &line, tell)? {
                return Ok(Ended::Signal(ending));
            }
            written += 1;
        }
        Ok(Ended::Done)
    }

    /// Writes a line, to whatever reader there is. The end stays open when the last reader goes: closed and opened again
    /// it would tell the next one that nothing more comes, and lose what was not read yet. `Some`: a signal came first.
    fn put(
        &self,
        open: &mut Option<OpenEnd>,
        line: &[u8],
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<Ending>, Refusal> {
        if open.is_none() {
            match self.open(End::Write, tell)? {
                Ok(end) => *open = Some(end),
                Err(ending) => return Ok(Some(ending)),
            }
        }
        let Some(end) = open else { return Ok(None) };
        let (mut rest, mut told_full, mut lost) = (line, false, false);
        while !rest.is_empty() {
            let woke = match end.write(rest)? {
                Wrote::Bytes(length) => {
                    rest = &rest[length..];
                    if std::mem::take(&mut lost) {
                        tell(Event::Reader);
                    }
                    continue;
                }
                Wrote::NoReader => {
                    if !std::mem::replace(&mut lost, true) {
                        tell(Event::NoReader);
                    }
                    self.endings.wait(For::Nothing, Some(LOOK_AGAIN))?
                }
                Wrote::Full => {
                    if !std::mem::replace(&mut told_full, true) {
                        tell(Event::Full);
                    }
                    self.endings.wait(For::Writing(end.as_fd()), None)?
                }
            };
            if let Woke::Ending(ending) = woke {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }
}

/// Lines out of a descriptor, with what was read beyond the last one.
#[derive(Default)]
struct Input {
    read: Vec<u8>,
    ended: bool,
}

/// Longest line: what is longer is cut into several pieces, so that no input can take all memory.
const LONGEST: usize = 1 << 20;

impl Input {
    /// The next line with its newline, or `None` at the end; a signal that came while waiting for it.
    fn line(&mut self, fd: BorrowedFd<'_>, endings: &Endings) -> Result<Result<Option<Vec<u8>>, Ending>, Refusal> {
        loop {
            let end = self.read.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            if let Some(end) = end.or_else(|| (self.read.len() >= LONGEST).then_some(LONGEST)) {
                return Ok(Ok(Some(self.read.drain(..end).collect())));
            }
            if self.ended {
                let last = std::mem::take(&mut self.read);
                return Ok(Ok((!last.is_empty()).then_some(last)));
            }
            if let Woke::Ending(ending) = endings.wait(For::Reading(fd), None)? {
                return Ok(Err(ending));
            }
            let mut room = [0; 8192];
            let length = fifo_ends::read(fd, &mut room)?;
            self.ended = length == 0;
            self.read.extend_from_slice(&room[..length]);
        }
    }
}
