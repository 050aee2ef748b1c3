//! `ipcx create`: make a queue, a segment, semaphores or a FIFO; hold or feed a test FIFO's end.

use super::Exit;
use super::exit::{self, Usage, complain};
use super::print::{say, to_stdout};
use super::values;
use crate::actions::{
    Created, End, Ended, Feed, Lines, Naming, NewObject, NewOwner, Policy, Refusal, Start, Target, TestEnd, Use, What,
};
use crate::model::{Kinds, RemovalTarget, escape, quoted};
use crate::output::json;
use crate::query::Row;
use crate::snapshot::{Want, collect};
use clap::{Args, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  ipcx create queue --key 0x4d2 --mode 0640        a System V queue
  ipcx create queue --name /orders --depth 5       a POSIX queue for 5 messages
  ipcx create shm --size 64K                       a segment with a random key
  ipcx create sem --ftok /srv/app:A --values 1,0   two semaphores, by ftok(3)
  ipcx create fifo /tmp/x --hold read              a test FIFO with a reader that never reads
  ipcx create fifo /tmp/x --hold read --print      the same, printing what a program writes
  ipcx create fifo /tmp/x --or-open --feed ping    a line every second, to try a reader
  id=$(ipcx create -q shm --private --size 1M)     the address alone, for a script";

/// Make a message queue, a shared memory segment, semaphores or a FIFO
///
/// One line says what was made and ends with its address. What is there already is an error that names it, unless --or-open
/// is said.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub(super) struct Create {
    /// What to make
    #[arg(value_enum, value_name = "KIND")]
    kind: Kind,
    /// Where: for a FIFO
    #[arg(value_name = "PATH")]
    path: Option<OsString>,

    /// System V: this key, decimal or 0x...
    #[arg(long, value_name = "KEY", group = "naming", help_heading = "Its name")]
    key: Option<OsString>,
    /// System V: a random key that nobody uses; the default
    #[arg(long, group = "naming", help_heading = "Its name")]
    random: bool,
    /// System V: no key (`IPC_PRIVATE`)
    #[arg(long, group = "naming", help_heading = "Its name")]
    private: bool,
    /// System V: the key that ftok(3) makes of a file and a number or character
    ///
    /// ID is a number, decimal or with `0x`, or a character that is no digit; its low 8 bits count and must not be 0.
    /// The key is printed.
    #[arg(long, value_name = "PATH:ID", group = "naming", help_heading = "Its name")]
    ftok: Option<OsString>,
    /// POSIX: this name, e.g. /orders
    ///
    /// It begins with a slash.
    #[arg(long, value_name = "NAME", group = "naming", help_heading = "Its name")]
    name: Option<OsString>,
    /// Take what is there already
    ///
    /// What is printed says `opened` then, not `created`; mode and owner stay. It is an error if it is smaller than was
    /// asked for, has another number of semaphores, is no FIFO, or does not let the caller do what the bits of --mode
    /// say.
    #[arg(long, help_heading = "Its name")]
    or_open: bool,

    /// Permission bits, octal [default: 0600]
    ///
    /// Exactly these, whatever the umask.
    #[arg(long, value_name = "OCTAL", help_heading = "What it is")]
    mode: Option<String>,
    /// Give it to this user, by name or number
    #[arg(long, value_name = "USER", help_heading = "What it is")]
    owner: Option<String>,
    /// Give it to this group, likewise
    #[arg(long, value_name = "GROUP", help_heading = "What it is")]
    group: Option<String>,
    /// Segment: bytes, or 64K, 1.5M
    ///
    /// `K`, `M` and `G` are powers of 1024. A POSIX segment must fit into the free space of `/dev/shm`, which is not
    /// reserved for it.
    #[arg(long, value_name = "SIZE", help_heading = "What it is")]
    size: Option<String>,
    /// System V queue: most bytes that it takes
    ///
    /// More than `kernel.msgmnb` needs `CAP_SYS_RESOURCE`.
    #[arg(long, value_name = "SIZE", help_heading = "What it is")]
    limit: Option<String>,
    /// POSIX queue: most messages [default: 10]
    ///
    /// Less if `fs.mqueue.msg_max` is less.
    #[arg(long, value_name = "N", help_heading = "What it is")]
    depth: Option<String>,
    /// POSIX queue: largest message, in bytes [default: 8192]
    ///
    /// Less if `fs.mqueue.msgsize_max` is less.
    #[arg(long, value_name = "SIZE", help_heading = "What it is")]
    message_size: Option<String>,
    /// Semaphores: the value of each, 1,0,3
    ///
    /// With this or --value the set's time of last operation is stamped, too: programs take a set without it for one
    /// that is not ready.
    #[arg(long, value_name = "N,N", conflicts_with = "value", help_heading = "What it is")]
    values: Option<String>,
    /// Semaphores: one value for all of a set, or for a POSIX semaphore
    #[arg(long, value_name = "N", help_heading = "What it is")]
    value: Option<String>,
    /// How many semaphores, or how many lines to feed
    ///
    /// Semaphores: as many as there are values, or 1. Lines: without end.
    #[arg(long, value_name = "N", help_heading = "What it is")]
    count: Option<String>,

    /// FIFO: keep this end open until interrupted
    ///
    /// A held read end reads nothing, so that a writer can be seen to fill the FIFO. A write end waits for a reader to
    /// come.
    #[arg(long, value_enum, value_name = "END", conflicts_with = "feed", help_heading = "A FIFO's end")]
    hold: Option<HeldEnd>,
    /// With --hold read: print what is written to it
    ///
    /// It is what one writer after another writes; on a terminal with control characters escaped.
    #[arg(long, requires = "hold", help_heading = "A FIFO's end")]
    print: bool,
    /// FIFO: write this line again and again; `-` for the lines of standard input
    ///
    /// While nobody reads, it waits for a reader. What nobody has read is lost when it ends while nobody has the FIFO
    /// open to read.
    #[arg(long, value_name = "TEXT", help_heading = "A FIFO's end")]
    feed: Option<OsString>,
    /// Time between two lines, 0 to 86400 [default: 1]
    #[arg(long, value_name = "SECONDS", requires = "feed", help_heading = "A FIFO's end")]
    interval: Option<String>,
    /// Remove the FIFO after it was held or fed, if this call made it
    #[arg(long, help_heading = "A FIFO's end")]
    remove_after: bool,

    /// Print the object as JSON
    ///
    /// It is what stands under `objects` in the document of `ipcx ls`.
    #[arg(short = 'J', long, conflicts_with = "quiet", help_heading = "Output")]
    json: bool,
    /// Print the address alone
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Queue,
    Shm,
    #[value(alias = "semaphore")]
    Sem,
    Fifo,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HeldEnd {
    Read,
    Write,
    Both,
}

impl Create {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        self.all_belongs()?;
        let mode = self.mode.as_deref().map_or(Ok(0o600), values::mode)?;
        let mut new = NewObject { what: self.what()?, mode, owner: NewOwner::default(), or_open: self.or_open };
        new.check().map_err(Usage::error)?;
        let interval = self.interval()?;
        let count = self.feed.as_ref().and(self.count.as_deref()).map(values::number).transpose()?;
        let policy = Policy { read_only, ..Policy::default() };
        let outcome = NewOwner::find(self.owner.as_deref(), self.group.as_deref()).and_then(|owner| {
            new.owner = owner;
            new.run(policy)
        });
        let created = match outcome {
            Ok(created) => created,
            Err(refusal) => return Ok(refused(&refusal)),
        };
        let printed = self.print(&created);
        let input = std::io::stdin();
        let mut unread = Exit::Done;
        let mut take = |bytes: &[u8]| match print_read(bytes) {
            Ok(()) => true,
            Err(error) => {
                unread = exit::report(&error.into());
                false
            }
        };
        let wanted = match (&self.hold, &self.feed) {
            (Some(HeldEnd::Read), _) if self.print => Use::Read(&mut take),
            (Some(HeldEnd::Read), _) => Use::Hold(End::Read),
            (Some(HeldEnd::Write), _) => Use::Hold(End::Write),
            (Some(HeldEnd::Both), _) => Use::Hold(End::Both),
            (None, Some(text)) => {
                let same = text.as_bytes();
                let lines = if same == b"-" { Lines::From(input.as_fd()) } else { Lines::Same(same) };
                Use::Feed(Feed { lines, interval, count })
            }
            (None, None) => return printed.map(|()| Exit::Done),
        };
        // That nobody reads what was made is no reason not to hold it.
        let unprinted = printed.err().map_or(Exit::Done, |error| exit::report(&error));
        let ended = TestEnd::new(&created).and_then(|end| {
            let ended = end.run(wanted, &mut |told| complain(told));
            // Removed while signals are still held back: an impatient second one must not keep the file.
            let removed = if self.remove_after { created.remove_fifo() } else { Ok(()) };
            ended.and_then(|ended| removed.map(|()| ended))
        });
        Ok(match ended {
            Ok(Ended::Done) => unprinted.max(unread),
            Ok(Ended::Signal(ending)) => ending.into(),
            Err(refusal) => refused(&refusal),
        })
    }

    /// Options that this kind does not have are a mistake, not to be passed over.
    fn all_belongs(&self) -> anyhow::Result<()> {
        let (fifo, sem) = (self.kind == Kind::Fifo, self.kind == Kind::Sem);
        let keyed = !fifo;
        let given = [
            ("--key", self.key.is_some(), keyed),
            ("--random", self.random, keyed),
            ("--private", self.private, keyed),
            ("--ftok", self.ftok.is_some(), keyed),
            ("--name", self.name.is_some(), keyed),
            ("--size", self.size.is_some(), self.kind == Kind::Shm),
            ("--limit", self.limit.is_some(), self.kind == Kind::Queue),
            ("--depth", self.depth.is_some(), self.kind == Kind::Queue),
            ("--message-size", self.message_size.is_some(), self.kind == Kind::Queue),
            ("--values", self.values.is_some(), sem),
            ("--value", self.value.is_some(), sem),
            ("--count", self.count.is_some(), sem || self.feed.is_some()),
            ("--hold", self.hold.is_some(), fifo),
            ("--print", self.print, matches!(self.hold, Some(HeldEnd::Read))),
            ("--feed", self.feed.is_some(), fifo),
            ("--remove-after", self.remove_after, self.hold.is_some() || self.feed.is_some()),
        ];
        if let Some((option, ..)) = given.iter().find(|(_, given, belongs)| *given && !belongs) {
            let kind = match self.kind {
                Kind::Queue => "a queue",
                Kind::Shm => "a segment",
                Kind::Sem => "semaphores",
                Kind::Fifo => "a FIFO made so",
            };
            return Err(Usage::error(format_args!("{option} is not for {kind}; see `ipcx create --help`")));
        }
        match (&self.path, fifo) {
            (None, true) => Err(Usage::error("where? write `ipcx create fifo PATH`, e.g. /tmp/x.fifo")),
            (Some(path), true) if path.is_empty() => Err(Usage::error("an empty path names nothing")),
            (Some(path), false) => {
                let path = quoted(path.as_bytes());
                Err(Usage::error(format_args!("{path}: only a FIFO has a path; a POSIX name is said with --name")))
            }
            _ => Ok(()),
        }
    }

    fn what(&self) -> anyhow::Result<What> {
        let size = |text: &Option<String>| text.as_deref().map(values::size).transpose();
        let number = |text: &Option<String>| text.as_deref().map(values::number).transpose();
        Ok(match self.kind {
            Kind::Queue => What::Queue {
                naming: self.naming()?,
                limit: size(&self.limit)?,
                depth: number(&self.depth)?,
                message_size: size(&self.message_size)?,
            },
            Kind::Shm => {
                let size = size(&self.size)?;
                let size = size.ok_or_else(|| Usage::error("how large? say --size, e.g. --size 64K"))?;
                What::Shm { naming: self.naming()?, size }
            }
            Kind::Sem => What::Semaphore { naming: self.naming()?, count: number(&self.count)?, start: self.start()? },
            Kind::Fifo => {
                let path = std::path::absolute(self.path.as_deref().unwrap_or_default())?;
                What::Fifo { path: path.as_os_str().as_bytes().into() }
            }
        })
    }

    fn naming(&self) -> anyhow::Result<Naming> {
        if let Some(key) = &self.key {
            return Ok(Naming::Key(RemovalTarget::parse_key(key).map_err(Usage::error)?));
        }
        if let Some(text) = &self.ftok {
            let (path, id) = values::ftok(text)?;
            return Ok(Naming::Ftok { path, id });
        }
        if let Some(name) = &self.name {
            return posix_name(name);
        }
        Ok(if self.private { Naming::Private } else { Naming::Random })
    }

    fn start(&self) -> anyhow::Result<Start> {
        match (&self.values, &self.value) {
            (Some(list), _) => Ok(Start::Each(list.split(',').map(values::value).collect::<Result<_, _>>()?)),
            (None, Some(value)) => Ok(Start::All(values::value(value)?)),
            (None, None) => Ok(Start::Zero),
        }
    }

    fn interval(&self) -> anyhow::Result<Duration> {
        let Some(text) = &self.interval else { return Ok(Duration::from_secs(1)) };
        let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            let text = quoted(text.as_bytes());
            Usage::error(format_args!("{text} is no interval: write seconds from 0 to 86400, e.g. 0.5"))
        })?;
        Ok(Duration::from_secs_f64(seconds))
    }

    fn print(&self, created: &Created) -> anyhow::Result<()> {
        if self.quiet {
            return Ok(say(&created.address.to_string())?);
        }
        if !self.json {
            return Ok(say(&created.to_string())?);
        }
        let target = Target::Address(created.address.clone());
        let mut want = Want::everything(Kinds::empty());
        target.add_to(&mut want);
        let snapshot = collect(&want)?;
        match target.find(&snapshot) {
            Ok(place) => Ok(to_stdout(|out| json::write_lines(out, &mut [Row::new(&snapshot, place)]))?),
            Err(refusal) => {
                let why = snapshot.visibility.notes.first().map_or_else(|| refusal.to_string(), Clone::clone);
                Err(anyhow::anyhow!("cannot print as JSON what was made: {why}; {created}"))
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Exit {
    complain(refusal);
    Exit::from(refusal)
}

/// Prints what was read from a FIFO: as it is, but on a terminal nothing that the terminal would act on.
fn print_read(bytes: &[u8]) -> std::io::Result<()> {
    let terminal = std::io::stdout().is_terminal();
    to_stdout(|out| {
        if !terminal {
            return out.write_all(bytes);
        }
        let mut lines = bytes.split(|byte| *byte == b'\n');
        write!(out, "{}", escape(lines.next().unwrap_or_default()))?;
        lines.try_for_each(|line| write!(out, "\n{}", escape(line)))
    })
}

/// A POSIX name, exactly as typed.
fn posix_name(name: &OsStr) -> anyhow::Result<Naming> {
    if !name.as_bytes().starts_with(b"/") {
        let name = quoted(name.as_bytes());
        return Err(Usage::error(format_args!("{name} is no POSIX name: it must begin with a slash, e.g. /orders")));
    }
    match RemovalTarget::parse_value(name).map_err(Usage::error)? {
        RemovalTarget::Name(spelled) => Ok(Naming::Name(spelled.raw().into())),
        _ => Err(Usage::error(format_args!("{} is no POSIX name", quoted(name.as_bytes())))),
    }
}
