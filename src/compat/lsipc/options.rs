//! What a command line of `lsipc` asks for, refused as util-linux refuses it: an option is compared with those before it as
//! it comes, the list of columns is read last.

use super::column::{Column, LIMITS, SYSTEM_V};
use super::facility::Facility;
use super::table::Shape;
use super::times::TimeFormat;
use crate::compat::getopt::{Known, Takes};
use crate::compat::number;
use crate::compat::{Call, Stop};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    Bytes,
    Creator,
    Export,
    Global,
    Help,
    Id,
    Json,
    List,
    Name,
    Newline,
    NoHeadings,
    NoTruncate,
    NumericPerms,
    Output,
    PosixMqueues,
    PosixSemaphores,
    PosixShmems,
    Queues,
    Raw,
    Semaphores,
    Shmems,
    Time,
    TimeFormat,
    Version,
    Shell,
}

const OPTIONS: [Known<Opt>; 25] = {
    use Takes::{Nothing, Value};
    [
        (Opt::Bytes, b'b', "bytes", Nothing),
        (Opt::Creator, b'c', "creator", Nothing),
        (Opt::Export, b'e', "export", Nothing),
        (Opt::Global, b'g', "global", Nothing),
        (Opt::Help, b'h', "help", Nothing),
        (Opt::Id, b'i', "id", Value),
        (Opt::Json, b'J', "json", Nothing),
        (Opt::List, b'l', "list", Nothing),
        (Opt::Name, b'N', "name", Value),
        (Opt::Newline, b'n', "newline", Nothing),
        (Opt::NoHeadings, 0, "noheadings", Nothing),
        (Opt::NoTruncate, 0, "notruncate", Nothing),
        (Opt::NumericPerms, b'P', "numeric-perms", Nothing),
        (Opt::Output, b'o', "output", Value),
        (Opt::PosixMqueues, b'Q', "posix-mqueues", Nothing),
        (Opt::PosixSemaphores, b'S', "posix-semaphores", Nothing),
        (Opt::PosixShmems, b'M', "posix-shmems", Nothing),
        (Opt::Queues, b'q', "queues", Nothing),
        (Opt::Raw, b'r', "raw", Nothing),
        (Opt::Semaphores, b's', "semaphores", Nothing),
        (Opt::Shmems, b'm', "shmems", Nothing),
        (Opt::Time, b't', "time", Nothing),
        (Opt::TimeFormat, 0, "time-format", Value),
        (Opt::Version, b'V', "version", Nothing),
        (Opt::Shell, b'y', "shell", Nothing),
    ]
};

/// Options of which one at most may be given: those of the release that is followed with its message about them, and later
/// ones.
struct Exclusive {
    old: &'static [Opt],
    message: &'static str,
    new: &'static [Opt],
}

const EXCLUSIVE: [Exclusive; 4] = [
    Exclusive {
        old: &[Opt::Json, Opt::Export, Opt::List, Opt::Newline, Opt::Raw],
        message: "--json --export --list --newline --raw",
        new: &[],
    },
    Exclusive { old: &[Opt::Global, Opt::Id], message: "--global --id", new: &[Opt::Name] },
    Exclusive {
        old: &[Opt::Shmems, Opt::Queues, Opt::Semaphores],
        message: "--shmems --queues --semaphores",
        new: &[Opt::PosixShmems, Opt::PosixMqueues, Opt::PosixSemaphores],
    },
    // --creator is in the message, and yet may be given with either.
    Exclusive { old: &[Opt::Output, Opt::Time], message: "--creator --output --time", new: &[] },
];

/// One object out of those of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum One {
    /// By its id.
    Id(i32),
    /// By its name, with or without a slash before it.
    Name(Vec<u8>),
}

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The kind of objects; without one, limits.
    pub(super) facility: Option<Facility>,
    /// Limits, of the kind if there is one.
    pub(super) limits: bool,
    pub(super) one: Option<One>,
    /// A form of table.
    pub(super) shape: Option<Shape>,
    /// Columns of the table, or lines about one object.
    pub(super) columns: Vec<Column>,
    pub(super) bytes: bool,
    pub(super) numeric_perms: bool,
    pub(super) no_headings: bool,
    pub(super) no_truncate: bool,
    pub(super) shell: bool,
    pub(super) time_format: Option<TimeFormat>,
    creator: bool,
    times: bool,
    output: Option<OsString>,
}

/// What to do.
pub(super) enum Command {
    Help,
    Version,
    Show(Asked),
}

/// Reads the command line.
pub(super) fn read(call: &mut Call) -> Result<Command, Stop> {
    let mut options = call.options(&OPTIONS);
    let (mut asked, mut before) = (Asked::default(), Vec::new());
    while let Some(option) = options.next() {
        let (option, value) = option.map_err(|message| call.misused(&message))?;
        compare(&before, option)?;
        before.push(option);
        match option {
            Opt::Help => return Ok(Command::Help),
            Opt::Version => return Ok(Command::Version),
            _ => asked.take(option, value.unwrap_or_default())?,
        }
    }
    asked.complete()?;
    Ok(Command::Show(asked))
}

/// Refuses an option that may not be given beside one before it.
fn compare(before: &[Opt], option: Opt) -> Result<(), Stop> {
    for group in &EXCLUSIVE {
        let has = |option: &Opt| group.old.contains(option) || group.new.contains(option);
        let other = before.iter().find(|before| **before != option && has(before));
        let Some(other) = other.filter(|_| has(&option)) else { continue };
        if group.new.contains(&option) || group.new.contains(other) {
            let name = |option| OPTIONS.iter().find(|known| known.0 == option).map_or("", |known| known.2);
            let (other, option) = (name(*other), name(option));
            return Err(Stop::because(format!("options --{other} and --{option} cannot be combined")));
        }
        return Err(Stop::because(format!("mutually exclusive arguments: {}", group.message)));
    }
    Ok(())
}

impl Asked {
    fn take(&mut self, option: Opt, value: OsString) -> Result<(), Stop> {
        match option {
            Opt::Bytes => self.bytes = true,
            Opt::Creator => self.creator = true,
            Opt::Time => self.times = true,
            Opt::Global => self.limits = true,
            Opt::Json => self.shape = Some(Shape::Json),
            Opt::Export => self.shape = Some(Shape::Export),
            Opt::Newline => self.shape = Some(Shape::Lines),
            Opt::Raw => self.shape = Some(Shape::Raw),
            Opt::List => self.shape = Some(Shape::List),
            Opt::NoHeadings => self.no_headings = true,
            Opt::NoTruncate => self.no_truncate = true,
            Opt::NumericPerms => self.numeric_perms = true,
            Opt::Shell => self.shell = true,
            Opt::Output => self.output = Some(value),
            Opt::Shmems => self.list(Facility::Shm),
            Opt::Queues => self.list(Facility::Queue),
            Opt::Semaphores => self.list(Facility::Sem),
            Opt::PosixShmems => self.list(Facility::PosixShm),
            Opt::PosixMqueues => self.list(Facility::PosixQueue),
            Opt::PosixSemaphores => self.list(Facility::PosixSem),
            Opt::Id => {
                // Negative ones would be all objects, or another one.
                let id = number::parse(&value, 10);
                let id = id.and_then(|id: i32| if id < 0 { Err(number::NoNumber::Not) } else { Ok(id) });
                self.one =
                    Some(One::Id(id.map_err(|no| Stop::because(no.about("failed to parse IPC identifier", &value)))?));
            }
            Opt::Name => self.one = Some(One::Name(value.into_vec())),
            Opt::TimeFormat => {
                let unknown = || Stop::because([b"unknown time format: ", value.as_bytes()].concat());
                self.time_format = Some(TimeFormat::named(&value).ok_or_else(unknown)?);
            }
            Opt::Help | Opt::Version => {}
        }
        Ok(())
    }

    /// A kind that is asked for twice has its columns twice.
    fn list(&mut self, facility: Facility) {
        self.facility = Some(facility);
        self.columns.extend(facility.defaults());
    }

    /// Whether one object is to be shown line by line.
    pub(super) fn is_detail(&self) -> bool {
        self.one.is_some() && self.shape.is_none()
    }

    /// Looks at all options together.
    fn complete(&mut self) -> Result<(), Stop> {
        let other_view = self.creator || self.times || self.one.is_some();
        match self.facility {
            _ if other_view && (self.limits || self.facility.is_none()) => {
                let name = if matches!(self.one, Some(One::Name(_))) { ", --name" } else { "" };
                let message = format!("--global is mutually exclusive with --creator, --id{name} and --time");
                return Err(Stop::because(message));
            }
            None => self.limits = true,
            Some(facility) => match &self.one {
                Some(One::Id(_)) if facility.is_posix() => return Err(Stop::because("--id is for System V IPC only")),
                Some(One::Name(_)) if !facility.is_posix() => {
                    return Err(Stop::because("--name is for POSIX IPC only"));
                }
                _ => {}
            },
        }
        self.choose_columns();
        if let Some(output) = self.output.take() {
            let list = output.as_bytes();
            let more = list.strip_prefix(b"+");
            if more.is_none() {
                self.columns.clear();
            }
            self.add_columns(more.unwrap_or(list))?;
        }
        Ok(())
    }

    /// The columns without `--output`.
    fn choose_columns(&mut self) {
        if self.limits {
            self.columns = LIMITS.to_vec();
        }
        let Some(facility) = self.facility.filter(|_| !self.limits) else { return };
        if self.is_detail() && !self.creator && !self.times {
            self.columns = [facility.common(), facility.own()].concat();
        }
        if self.creator {
            facility.add_creator(&mut self.columns);
        }
        if self.times {
            facility.add_times(&mut self.columns);
        }
    }

    /// Reads a list of columns. Like the original, it takes a comma at the end for part of the last name, ends without a word
    /// at an empty one, and repeats in its messages the rest of the list.
    fn add_columns(&mut self, list: &[u8]) -> Result<(), Stop> {
        let mut begin = 0;
        for place in 0..list.len() {
            let end = match list[place] {
                _ if place + 1 == list.len() => list.len(),
                b',' => place,
                _ => continue,
            };
            if end == begin {
                return Err(Stop::Failed);
            }
            let rest = || &list[begin..];
            let Some(column) = Column::named(&list[begin..end]) else {
                return Err(Stop::because([b"unknown column: ", rest()].concat()));
            };
            if !self.applies(column) {
                let message = [b"column ", rest(), b" does not apply to the specified IPC"].concat();
                return Err(Stop::Because(message));
            }
            self.columns.push(column);
            begin = end + 1;
        }
        if list.is_empty() { Err(Stop::Failed) } else { Ok(()) }
    }

    fn applies(&self, column: Column) -> bool {
        let Some(facility) = self.facility else { return SYSTEM_V.contains(&column) || LIMITS.contains(&column) };
        // Whose a POSIX object is counts for who made it, which nothing records.
        let owner = [Column::Uid, Column::User, Column::Gid, Column::Group];
        facility.common().contains(&column)
            || facility.own().contains(&column)
            || self.limits && LIMITS.contains(&column)
            || facility.is_posix() && owner.contains(&column)
    }
}
