//! `ipcrm`: removes objects by id, key or name (`man 1 ipcrm`).
//!
//! Options act one by one as they are read, so that a wrong one does not undo what those before it did; `--all` acts when
//! all were read. The removals are those of [`crate::actions`], always forced and without a backup, as they ever were here.

mod values;
mod words;

use super::Call;
use super::getopt::{Known, Takes};
use super::out::{self, Stop, complain};
use crate::actions::ValueKind::{Queue, Semaphore, Shm};
use crate::actions::{Policy, Refusal, ValueKind, outright};
use crate::kernel::Error;
use crate::model::Key;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::unix::ffi::OsStrExt;
use values::{All, chosen, id_of, key_of, not_parsed};
use words::{Called, HELP, about_id, about_name, not_mounted};

const NAME: &str = "ipcrm";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opt {
    Id(ValueKind),
    Key(ValueKind),
    Name(ValueKind),
    All,
    Verbose,
    Help,
    Version,
}

const OPTIONS: [Known<Opt>; 13] = [
    (Opt::Id(Shm), b'm', "shmem-id", Takes::Value),
    (Opt::Key(Shm), b'M', "shmem-key", Takes::Value),
    (Opt::Name(Shm), 0, "posix-shmem", Takes::Value),
    (Opt::Id(Queue), b'q', "queue-id", Takes::Value),
    (Opt::Key(Queue), b'Q', "queue-key", Takes::Value),
    (Opt::Name(Queue), 0, "posix-mqueue", Takes::Value),
    (Opt::Id(Semaphore), b's', "semaphore-id", Takes::Value),
    (Opt::Key(Semaphore), b'S', "semaphore-key", Takes::Value),
    (Opt::Name(Semaphore), 0, "posix-semaphore", Takes::Value),
    (Opt::All, b'a', "all", Takes::Maybe),
    (Opt::Verbose, b'v', "verbose", Takes::Nothing),
    (Opt::Help, b'h', "help", Takes::Nothing),
    (Opt::Version, b'V', "version", Takes::Nothing),
];

/// A run: what it has found out, and what was asked for so far.
struct Run {
    out: BufWriter<StdoutLock<'static>>,
    /// A line is to be seen before the message about what it announces.
    by_line: bool,
    /// Asked for when something is to be removed.
    policy: Option<Policy>,
    verbose: bool,
    failed: bool,
}

pub(super) fn run(mut call: Call) -> Result<(), Stop> {
    let mut run =
        Run { out: out::stdout(), by_line: io::stdout().is_terminal(), policy: None, verbose: false, failed: false };
    let old = call.words.first().and_then(|word| match word.as_bytes() {
        b"shm" => Some(Shm),
        b"msg" => Some(Queue),
        b"sem" => Some(Semaphore),
        _ => None,
    });
    let ended = match old {
        Some(kind) => run.old_syntax(&call, kind),
        None => run.options(&mut call),
    };
    out::finish(NAME, run.out, ended)
}

impl Run {
    fn options(&mut self, call: &mut Call) -> Result<(), Stop> {
        let mut options = call.options(&OPTIONS);
        let mut all = None;
        while let Some(option) = options.next() {
            let (option, value) = option.map_err(|message| call.misused(&message))?;
            let value = value.as_deref();
            let text = value.unwrap_or_default();
            match option {
                Opt::Id(kind) => self.id(call, kind, text)?,
                Opt::Key(kind) => self.key(call, kind, text)?,
                Opt::Name(kind) => self.name(call, kind, text)?,
                Opt::All => all = Some(chosen(value)?),
                Opt::Verbose => self.verbose = true,
                Opt::Help => return Ok(self.out.write_all(HELP.as_bytes())?),
                Opt::Version => return Ok(self.out.write_all(call.version().as_bytes())?),
            }
        }
        match all {
            None => {}
            Some(All::Sysv) => {
                for kind in [Shm, Semaphore, Queue] {
                    self.every_sysv(call, kind)?;
                }
            }
            Some(All::SysvOf(kind)) => self.every_sysv(call, kind)?,
            Some(All::PosixOf(kind)) => self.every_posix(call, kind)?,
        }
        if let Some(word) = options.operands().first() {
            return Err(call.wrong(&[b"unknown argument: ", word.as_bytes()].concat()));
        }
        self.status()
    }

    /// `ipcrm shm|msg|sem ID…`
    fn old_syntax(&mut self, call: &Call, kind: ValueKind) -> Result<(), Stop> {
        let ids: &[OsString] = &call.words[1..];
        if ids.is_empty() {
            return Err(call.wrong(b"not enough arguments"));
        }
        for text in ids {
            match id_of(text) {
                Ok(id) => self.by_id(call, kind, id)?,
                Err(_) => self.fail(&[b"invalid id: ", text.as_bytes()].concat()),
            }
        }
        self.status()?;
        Ok(self.out.write_all(b"resource(s) deleted\n")?)
    }

    fn id(&mut self, call: &Call, kind: ValueKind, text: &OsStr) -> Result<(), Stop> {
        let id = id_of(text).map_err(|why| not_parsed(why, text))?;
        self.announce(kind, Called::Id(id))?;
        self.by_id(call, kind, id)
    }

    fn by_id(&mut self, call: &Call, kind: ValueKind, id: i32) -> Result<(), Stop> {
        let policy = self.policy(call)?;
        let removed = outright::remove_sysv(kind, id, None, policy);
        removed.or_else(|refusal| self.refused(Called::Id(id), &refusal))
    }

    fn key(&mut self, call: &Call, kind: ValueKind, text: &OsStr) -> Result<(), Stop> {
        let key = key_of(text).map_err(|why| not_parsed(why, text))?;
        let about = |what: &str| [what.as_bytes(), b" key (", text.as_bytes(), b")"].concat();
        if key == Key::PRIVATE {
            self.fail(&about("illegal"));
            return Ok(());
        }
        let policy = self.policy(call)?;
        let id = match outright::id_of_key(kind, key) {
            Ok(id) => id,
            Err(Refusal::NotFound { .. }) => {
                self.fail(&about("invalid"));
                return Ok(());
            }
            Err(refusal) => return Err(Stop::because(refusal.to_string())),
        };
        self.announce(kind, Called::Id(id))?;
        match outright::remove_sysv(kind, id, Some(key), policy) {
            Ok(()) => {}
            // By its id, though a key was typed.
            Err(Refusal::Permission { .. }) => self.fail(format!("permission denied for key ({id})").as_bytes()),
            Err(Refusal::NotFound { .. } | Refusal::Changed { .. }) => self.fail(b"already removed key"),
            Err(refusal) => self.refused(Called::Id(id), &refusal)?,
        }
        Ok(())
    }

    fn name(&mut self, call: &Call, kind: ValueKind, text: &OsStr) -> Result<(), Stop> {
        self.by_name(call, kind, Called::Typed(text.as_bytes()), text.as_bytes())
    }

    fn by_name(&mut self, call: &Call, kind: ValueKind, called: Called<'_>, name: &[u8]) -> Result<(), Stop> {
        let policy = self.policy(call)?;
        self.announce_posix(kind, called)?;
        outright::remove_posix(kind, name, policy).or_else(|refusal| self.refused(called, &refusal))
    }

    fn every_sysv(&mut self, call: &Call, kind: ValueKind) -> Result<(), Stop> {
        self.permit_all(call)?;
        for id in outright::every_sysv(kind) {
            self.announce(kind, Called::Id(id))?;
            self.by_id(call, kind, id)?;
        }
        Ok(())
    }

    fn every_posix(&mut self, call: &Call, kind: ValueKind) -> Result<(), Stop> {
        self.permit_all(call)?;
        let names = outright::every_posix(kind).map_err(|error| match error {
            Error::Unsupported { .. } if kind == Queue => not_mounted(),
            error => Stop::because(error.to_string()),
        })?;
        names.iter().try_for_each(|name| self.by_name(call, kind, Called::Found(name), name))
    }

    fn announce(&mut self, kind: ValueKind, called: Called<'_>) -> io::Result<()> {
        let noun = match kind {
            Shm => "shared memory segment id",
            Queue => "message queue id",
            Semaphore => "semaphore id",
        };
        self.say(noun, called)
    }

    fn announce_posix(&mut self, kind: ValueKind, called: Called<'_>) -> io::Result<()> {
        let noun = match kind {
            Shm => "POSIX shared memory",
            Queue => "POSIX message queue",
            Semaphore => "POSIX semaphore",
        };
        self.say(noun, called)
    }

    fn say(&mut self, noun: &str, called: Called<'_>) -> io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        write!(self.out, "removing {noun} `")?;
        self.out.write_all(&called.shown(self.by_line))?;
        self.out.write_all(b"'\n")?;
        if self.by_line { self.out.flush() } else { Ok(()) }
    }

    /// Says why it was not removed. Errors: what the tool ends at once for.
    fn refused(&mut self, called: Called<'_>, refusal: &Refusal) -> Result<(), Stop> {
        let message = match called {
            Called::Id(id) => about_id(id, refusal)?.into_bytes(),
            Called::Typed(_) | Called::Found(_) => about_name(&called.shown(io::stderr().is_terminal()), refusal)?,
        };
        self.fail(&message);
        Ok(())
    }

    /// What may be done.
    fn policy(&mut self, call: &Call) -> Result<Policy, Stop> {
        let policy = match self.policy {
            Some(policy) => policy,
            None => Policy { force: true, ..call.policy()? },
        };
        self.policy = Some(policy);
        Ok(policy)
    }

    /// That nothing may be removed is said once of all.
    fn permit_all(&mut self, call: &Call) -> Result<(), Stop> {
        self.policy(call)?.permit("--all").map_err(|refusal| Stop::because(refusal.to_string()))
    }

    fn fail(&mut self, message: &[u8]) {
        complain(NAME, message);
        self.failed = true;
    }

    fn status(&self) -> Result<(), Stop> {
        if self.failed { Err(Stop::Failed) } else { Ok(()) }
    }
}
