//! What stands in a column about an object.

use super::column::Column;
use super::encode::print;
use super::options::Asked;
use super::times::TimeFormat;
use crate::compat::names::Names;
use crate::compat::size;
use crate::kernel::file::Stat;
use crate::kernel::local_time::{self, LocalTime};
use crate::kernel::sysvipc::{MsgLine, Perm, SemLine, ShmLine};
use crate::kernel::{file, locale, process};
use crate::model::{Ids, Time};
use rustc_hash::FxHashMap;
use std::os::fd::OwnedFd;

/// `SHM_DEST` and `SHM_LOCKED` in a segment's mode (`linux/shm.h`).
const SHM_DEST: u32 = 0o1000;
const SHM_LOCKED: u32 = 0o2000;

/// An object of any kind.
pub(super) enum Object<'a> {
    Queue(&'a MsgLine),
    Shm(&'a ShmLine),
    Sem(&'a SemLine),
    Posix(&'a Posix),
}

/// A POSIX object; what could not be read of it is missing.
pub(super) struct Posix {
    /// As it is listed.
    pub(super) name: Box<[u8]>,
    pub(super) stat: Stat,
    /// Of a segment.
    pub(super) size: Option<u64>,
    /// Of a queue.
    pub(super) used_bytes: Option<u64>,
    pub(super) messages: Option<u64>,
    /// Of a semaphore.
    pub(super) value: Option<u32>,
}

/// Writes cells, and remembers what was asked for each object before.
pub(super) struct Cells {
    bytes: bool,
    numeric_perms: bool,
    time_format: TimeFormat,
    now: Option<LocalTime>,
    decimal_point: String,
    names: Names,
    commands: Commands,
}

impl Cells {
    pub(super) fn new(asked: &Asked) -> Self {
        let default = if asked.is_detail() { TimeFormat::Full } else { TimeFormat::Short };
        let now = jiff::Timestamp::now().as_second();
        Self {
            bytes: asked.bytes,
            numeric_perms: asked.numeric_perms,
            time_format: asked.time_format.unwrap_or(default),
            now: local_time::of(now),
            decimal_point: locale::read().decimal_point,
            names: Names::default(),
            commands: Commands::default(),
        }
    }

    /// Appends what stands in this column about this object; whether anything is known.
    pub(super) fn write(&mut self, column: Column, object: &Object<'_>, out: &mut Vec<u8>) -> bool {
        match object {
            Object::Queue(line) => self.system_v(column, &line.perm, out) || self.queue(column, line, out),
            Object::Shm(line) => self.system_v(column, &line.perm, out) || self.segment(column, line, out),
            Object::Sem(line) => self.system_v(column, &line.perm, out) || self.set(column, line, out),
            Object::Posix(object) => self.posix(column, object, out),
        }
    }

    fn system_v(&mut self, column: Column, perm: &Perm, out: &mut Vec<u8>) -> bool {
        match column {
            Column::Key => print(out, format_args!("0x{:08x}", perm.key.0)),
            Column::Id => return number(perm.id.unsigned_abs().into(), out),
            _ => return self.owners(column, perm.mode, perm.owner, perm.creator, out),
        }
        true
    }

    fn owners(&mut self, column: Column, mode: u32, owner: Ids, creator: Ids, out: &mut Vec<u8>) -> bool {
        let name = match column {
            Column::Perms if self.numeric_perms => {
                match mode & 0o777 {
                    0 => out.push(b'0'),
                    mode => print(out, format_args!("0{mode:o}")),
                }
                return true;
            }
            Column::Perms => {
                let letters = b"rwxrwxrwx".iter().enumerate();
                out.extend(letters.map(|(place, letter)| if mode & (0o400 >> place) == 0 { b'-' } else { *letter }));
                return true;
            }
            Column::Owner => match self.names.user(owner.uid) {
                None => return number(owner.uid.into(), out),
                name => name,
            },
            Column::Cuid => return number(creator.uid.into(), out),
            Column::Cgid => return creator.gid.is_some_and(|gid| number(gid.into(), out)),
            Column::Uid => return number(owner.uid.into(), out),
            Column::Gid => return owner.gid.is_some_and(|gid| number(gid.into(), out)),
            Column::Cuser => self.names.user(creator.uid),
            Column::User => self.names.user(owner.uid),
            Column::Cgroup => creator.gid.and_then(|gid| self.names.group(gid)),
            Column::Group => owner.gid.and_then(|gid| self.names.group(gid)),
            _ => None,
        };
        out.extend(name.unwrap_or_default().bytes());
        name.is_some()
    }

    fn queue(&self, column: Column, line: &MsgLine, out: &mut Vec<u8>) -> bool {
        match column {
            Column::UsedBytes => self.size(line.bytes, out),
            Column::Msgs => number(line.messages, out),
            Column::Lspid => number(line.last_sender.into(), out),
            Column::Lrpid => number(line.last_receiver.into(), out),
            Column::Send => self.time(line.sent, out),
            Column::Recv => self.time(line.received, out),
            Column::Ctime => self.time(line.changed, out),
            _ => false,
        }
    }

    fn segment(&mut self, column: Column, line: &ShmLine, out: &mut Vec<u8>) -> bool {
        match column {
            Column::Size => self.size(line.size, out),
            Column::Nattch => number(line.attaches, out),
            Column::Status => {
                let flags = [(SHM_DEST, "dest"), (SHM_LOCKED, "locked")];
                let set: Vec<&str> =
                    flags.into_iter().filter(|(bit, _)| line.perm.mode & bit != 0).map(|(_, name)| name).collect();
                out.extend(set.join(",").bytes());
                true
            }
            Column::Attach => self.time(line.attached, out),
            Column::Detach => self.time(line.detached, out),
            Column::Ctime => self.time(line.changed, out),
            Column::Cpid => number(line.creator_pid.into(), out),
            Column::Lpid => number(line.last_pid.into(), out),
            Column::Command => self.command(line.creator_pid, out),
            _ => false,
        }
    }

    fn set(&self, column: Column, line: &SemLine, out: &mut Vec<u8>) -> bool {
        match column {
            Column::Nsems => number(line.count, out),
            Column::Otime => self.time(line.operated, out),
            Column::Ctime => self.time(line.changed, out),
            _ => false,
        }
    }

    fn posix(&mut self, column: Column, object: &Posix, out: &mut Vec<u8>) -> bool {
        let Stat { mode, owner, modified: Time { secs, .. }, .. } = object.stat;
        match column {
            Column::Name => {
                out.extend(&*object.name);
                true
            }
            Column::Mtime => self.time(secs, out),
            Column::Size => object.size.is_some_and(|size| self.size(size, out)),
            Column::UsedBytes => object.used_bytes.is_some_and(|bytes| self.size(bytes, out)),
            Column::Msgs => object.messages.is_some_and(|messages| number(messages, out)),
            Column::Sval => object.value.is_some_and(|value| number(value.into(), out)),
            _ => self.owners(column, mode.into(), owner, owner, out),
        }
    }

    /// Appends a time; whether there is one.
    fn time(&self, seconds: i64, out: &mut Vec<u8>) -> bool {
        self.time_format.write(seconds, self.now, out)
    }

    /// Appends a size.
    pub(super) fn size(&self, bytes: u64, out: &mut Vec<u8>) -> bool {
        if self.bytes {
            return number(bytes, out);
        }
        out.extend(size::human(bytes, &self.decimal_point).bytes());
        true
    }

    /// Appends the command line of a process; whether it has one.
    pub(super) fn command(&mut self, pid: u32, out: &mut Vec<u8>) -> bool {
        let command = self.commands.of(pid);
        out.extend(command.unwrap_or_default());
        command.is_some()
    }
}

/// Appends a number.
pub(super) fn number(mut number: u64, out: &mut Vec<u8>) -> bool {
    // A listing consists of little else; formatting each the general way takes longer than reading them.
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend(&digits[first..]);
    true
}

/// Bytes of a command line that are shown.
const LONGEST: usize = 8191;

/// Command lines, each read once: many objects have one maker.
#[derive(Default)]
struct Commands {
    proc: Option<OwnedFd>,
    known: FxHashMap<u32, Option<Vec<u8>>>,
    buffer: Vec<u8>,
}

impl Commands {
    /// Of this process, its words with a blank between them; `None` when there is none, or none to be seen.
    fn of(&mut self, pid: u32) -> Option<&[u8]> {
        if pid == 0 {
            return None;
        }
        if self.proc.is_none() {
            self.proc = Some(file::open_directory("/proc").ok()?);
        }
        let (proc, buffer) = (self.proc.as_ref()?, &mut self.buffer);
        let read = || {
            let words = process::read_cmdline(proc, pid, buffer).ok()?;
            let mut line = words.join(&b' ');
            line.truncate(LONGEST);
            (!words.is_empty()).then_some(line)
        };
        self.known.entry(pid).or_insert_with(read).as_deref()
    }
}
