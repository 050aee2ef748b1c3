//! `ipcmk`: makes objects (`man 1 ipcmk`).
//!
//! All options are read first; then the objects are made in a fixed order, always new ones, until one cannot be.

use super::Call;
use super::amount;
use super::getopt::{Known, Takes};
use super::number::{self, NoNumber};
use super::out::{self, Stop};
use crate::actions::{Bare, Policy, Refusal};
use crate::kernel::locale;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opt {
    Shmem,
    PosixShmem,
    Semaphore,
    PosixSemaphore,
    Queue,
    PosixQueue,
    Mode,
    Name,
    Help,
    Version,
}

const OPTIONS: [Known<Opt>; 10] = [
    (Opt::Shmem, b'M', "shmem", Takes::Value),
    (Opt::PosixShmem, b'm', "posix-shmem", Takes::Value),
    (Opt::Semaphore, b'S', "semaphore", Takes::Value),
    (Opt::PosixSemaphore, b's', "posix-semaphore", Takes::Nothing),
    (Opt::Queue, b'Q', "queue", Takes::Nothing),
    (Opt::PosixQueue, b'q', "posix-mqueue", Takes::Nothing),
    (Opt::Mode, b'p', "mode", Takes::Value),
    (Opt::Name, b'n', "name", Takes::Value),
    (Opt::Help, b'h', "help", Takes::Nothing),
    (Opt::Version, b'V', "version", Takes::Nothing),
];

const HELP: &str = "
Usage:
 ipcmk [options]

Makes IPC objects, always new ones.

Options:
 -M, --shmem <size>       a shared memory segment of this many bytes
 -m, --posix-shmem <size> a POSIX shared memory segment of this many bytes
 -S, --semaphore <number> a set of this many semaphores
 -s, --posix-semaphore    a POSIX semaphore
 -Q, --queue              a message queue
 -q, --posix-mqueue       a POSIX message queue
 -p, --mode <mode>        permission bits, octal (0644)
 -n, --name <name>        the name that POSIX objects get; they need one

 -h, --help               print this
 -V, --version            print the version

A size may have a fraction and a unit: KiB, MiB, GiB, TiB, PiB or EiB, of
which the \"iB\" may be left out; KB, MB and so on are powers of 1000.

More in ipcx-ipcs(1); `ipcx create` also chooses keys, limits and values.
";

/// Permission bits where none are said.
const MODE: u16 = 0o644;

/// What was asked for.
#[derive(Default)]
struct Asked {
    shmem: Option<u64>,
    posix_shmem: Option<u64>,
    queue: bool,
    posix_queue: bool,
    semaphores: Option<i32>,
    posix_semaphore: bool,
    mode: Option<u16>,
    name: Option<OsString>,
}

pub(super) fn run(mut call: Call) -> Result<(), Stop> {
    let mut out = out::stdout();
    let mut asked = Asked::default();
    let mut options = call.options(&OPTIONS);
    while let Some(option) = options.next() {
        let (option, value) = option.map_err(|message| call.misused(&message))?;
        let value = value.unwrap_or_default();
        match option {
            Opt::Shmem => asked.shmem = Some(size(&value)?),
            Opt::PosixShmem => asked.posix_shmem = Some(size(&value)?),
            Opt::Semaphore => asked.semaphores = Some(elements(&value)?),
            Opt::PosixSemaphore => asked.posix_semaphore = true,
            Opt::Queue => asked.queue = true,
            Opt::PosixQueue => asked.posix_queue = true,
            Opt::Mode => asked.mode = Some(mode(&value)?),
            Opt::Name => asked.name = Some(value),
            Opt::Help => {
                out.write_all(HELP.as_bytes())?;
                return Ok(out.flush()?);
            }
            Opt::Version => {
                out.write_all(call.version().as_bytes())?;
                return Ok(out.flush()?);
            }
        }
    }
    let objects = asked.objects(&call)?;
    let policy = call.policy()?;
    let ended = objects
        .into_iter()
        .try_for_each(|(object, failure)| make(object, failure, asked.mode.unwrap_or(MODE), policy, &mut out));
    // What was made is told also where the next one could not be.
    out::finish(call.tool.name(), out, ended)
}

impl Asked {
    /// What is to be made, in order, each with what is said when it cannot be.
    fn objects(&self, call: &Call) -> Result<Vec<(Bare<'_>, &'static str)>, Stop> {
        let posix = self.posix_shmem.is_some() || self.posix_queue || self.posix_semaphore;
        let sysv = self.shmem.is_some() || self.queue || self.semaphores.is_some();
        if !posix && !sysv {
            return Err(call.wrong(b"bad usage"));
        }
        if posix && self.name.is_none() {
            return Err(call.wrong(b"name is required for POSIX IPC"));
        }
        let name = self.name.as_deref().unwrap_or_default().as_bytes();
        let objects = [
            self.shmem.map(|size| (Bare::Segment { size }, "create share memory failed")),
            self.posix_shmem.map(|size| (Bare::PosixSegment { name, size }, "create POSIX shared memory failed")),
            self.queue.then_some((Bare::Queue, "create message queue failed")),
            self.posix_queue.then_some((Bare::PosixQueue(name), "create POSIX message queue failed")),
            self.semaphores.map(|count| (Bare::Semaphores { count }, "create semaphore failed")),
            self.posix_semaphore.then_some((Bare::PosixSemaphore(name), "create POSIX semaphore failed")),
        ];
        Ok(objects.into_iter().flatten().collect())
    }
}

/// Makes one object and tells how it is found.
fn make(object: Bare<'_>, failure: &str, mode: u16, policy: Policy, out: &mut impl Write) -> Result<(), Stop> {
    let id = object.make(mode, policy).map_err(|refusal| match refusal {
        Refusal::Kernel(error) => Stop::because(format!("{failure}: {}", error.in_c())),
        refusal => Stop::because(refusal.to_string()),
    })?;
    let id = id.unwrap_or_default();
    let (noun, name) = match object {
        Bare::Segment { .. } => return Ok(writeln!(out, "Shared memory id: {id}")?),
        Bare::Queue => return Ok(writeln!(out, "Message queue id: {id}")?),
        Bare::Semaphores { .. } => return Ok(writeln!(out, "Semaphore id: {id}")?),
        Bare::PosixSegment { name, .. } => ("POSIX shared memory", name),
        Bare::PosixQueue(name) => ("POSIX message queue", name),
        Bare::PosixSemaphore(name) => ("POSIX semaphore", name),
    };
    // As it was typed.
    Ok(out.write_all(&[noun.as_bytes(), b" name: ", name, b"\n"].concat())?)
}

fn size(text: &OsStr) -> Result<u64, Stop> {
    amount::parse(text.as_bytes(), &locale::read().decimal_point).map_err(|why| {
        let message = why.about("failed to parse size", text);
        match why {
            NoNumber::Not => Stop::because([&message[..], b": Invalid argument"].concat()),
            NoNumber::Range => Stop::because(message),
        }
    })
}

fn elements(text: &OsStr) -> Result<i32, Stop> {
    number::parse(text, 10).map_err(|why| Stop::because(why.about("failed to parse elements", text)))
}

/// Octal permission bits, up to 07777; none are cut off.
fn mode(text: &OsStr) -> Result<u16, Stop> {
    let mode = number::parse(text, 8).and_then(|mode: u16| if mode > 0o7777 { Err(NoNumber::Range) } else { Ok(mode) });
    mode.map_err(|why| {
        // The text itself is not told: so it is said in the release that is followed.
        Stop::because(match why {
            NoNumber::Not => "failed to parse mode: Success",
            NoNumber::Range => "failed to parse mode: Numerical result out of range",
        })
    })
}
