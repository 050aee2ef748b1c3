//! `ipcrm`: removes objects by id, key or name (`man 1 ipcrm`).
//!
//! Options act one by one as they are read, so that a wrong one does not undo what those before it did; `--all` acts when
//! all were read. The removals are those of [`crate::actions`], always forced and without a backup, as they ever were here.

use super::Call;
use super::getopt::{Known, Takes};
use super::number::{self, NoNumber};
use super::out::{self, Stop, complain};
use crate::actions::{Policy, Refusal, Removal, ValueKind};
use crate::kernel::{Error, mqueue};
use crate::model::{Key, Spelled, Which, escape};
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::os::unix::ffi::OsStrExt;

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

use ValueKind::{Queue, Semaphore, Shm};

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

const HELP: &str = "
Usage:
 ipcrm [options]
 ipcrm shm|msg|sem <id>...

Removes IPC objects, used or not, and keeps no backup; `ipcx rm` does both.

Options:
 -m, --shmem-id <id>           the shared memory segment with this id
 -M, --shmem-key <key>         the shared memory segment with this key
     --posix-shmem <name>      the POSIX shared memory segment of this name
 -q, --queue-id <id>           the message queue with this id
 -Q, --queue-key <key>         the message queue with this key
     --posix-mqueue <name>     the POSIX message queue of this name
 -s, --semaphore-id <id>       the semaphore set with this id
 -S, --semaphore-key <key>     the semaphore set with this key
     --posix-semaphore <name>  the POSIX semaphore of this name
 -a, --all[=shm|msg|sem|pshm|pmsg|psem]
                               all objects of one kind; without a kind all
                               System V ones, and no POSIX object
 -v, --verbose                 say what is removed from here on

 -h, --help                    print this
 -V, --version                 print the version

An id is decimal; a key decimal, hexadecimal (0x...) or octal (0...).

More in ipcrm(1) and ipcx-rm(1).
";

/// Which objects `--all` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum All {
    /// Every System V object.
    Sysv,
    SysvOf(ValueKind),
    PosixOf(ValueKind),
}

impl All {
    fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"shm" => Self::SysvOf(Shm),
            b"msg" => Self::SysvOf(Queue),
            b"sem" => Self::SysvOf(Semaphore),
            b"pshm" => Self::PosixOf(Shm),
            b"pmsg" => Self::PosixOf(Queue),
            b"psem" => Self::PosixOf(Semaphore),
            _ => return None,
        })
    }
}

/// What the messages call the object: by its id, or by the name that was typed or found.
#[derive(Debug, Clone, Copy)]
enum Called<'a> {
    Id(i32),
    Typed(&'a [u8]),
    Found(&'a [u8]),
}

impl<'a> Called<'a> {
    fn shown(self, on_terminal: bool) -> Cow<'a, [u8]> {
        match self {
            Self::Id(id) => id.to_string().into_bytes().into(),
            // Anybody may have made a file of this name.
            Self::Found(name) if on_terminal => escape(name).into_owned().into_bytes().into(),
            Self::Found(name) | Self::Typed(name) => name.into(),
        }
    }
}

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
    // What was said so far is written also where a wrong option ended it; that both failed is told of both.
    match (run.out.flush(), ended) {
        (Ok(()), ended) => ended,
        (Err(error), Ok(())) => Err(error.into()),
        (Err(error), Err(stop)) => {
            stop.tell(NAME);
            Err(error.into())
        }
    }
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
        let done = Removal::outright(kind, &Which::Id(id)).and_then(|removal| removal.run(policy, None));
        if let Err(refusal) = done {
            self.refused(Called::Id(id), &refusal)?;
        }
        Ok(())
    }

    fn key(&mut self, call: &Call, kind: ValueKind, text: &OsStr) -> Result<(), Stop> {
        let key = key_of(text).map_err(|why| not_parsed(why, text))?;
        let about = |what: &str| [what.as_bytes(), b" key (", text.as_bytes(), b")"].concat();
        if key == Key::PRIVATE {
            self.fail(&about("illegal"));
            return Ok(());
        }
        let policy = self.policy(call)?;
        let removal = match Removal::outright(kind, &Which::Key(key)) {
            Ok(removal) => removal,
            Err(Refusal::NotFound { .. }) => {
                self.fail(&about("invalid"));
                return Ok(());
            }
            Err(Refusal::Changed { .. }) => {
                self.fail(b"already removed key");
                return Ok(());
            }
            Err(refusal) => return self.refused(Called::Typed(text.as_bytes()), &refusal),
        };
        let id = removal.id().unwrap_or_default();
        self.announce(kind, Called::Id(id))?;
        match removal.run(policy, None) {
            Ok(_) => {}
            // By its id, though a key was typed.
            Err(Refusal::Permission { .. }) => self.fail(format!("permission denied for key ({id})").as_bytes()),
            Err(Refusal::Changed { .. }) => self.fail(b"already removed key"),
            Err(refusal) => self.refused(Called::Id(id), &refusal)?,
        }
        Ok(())
    }

    fn name(&mut self, call: &Call, kind: ValueKind, text: &OsStr) -> Result<(), Stop> {
        let policy = self.policy(call)?;
        let called = Called::Typed(text.as_bytes());
        self.announce_posix(kind, called)?;
        let which = Which::Name(Spelled::exact(text.as_bytes()));
        match Removal::outright(kind, &which).and_then(|removal| removal.run(policy, None)) {
            Ok(_) => Ok(()),
            Err(refusal) => self.refused(called, &refusal),
        }
    }

    fn every_sysv(&mut self, call: &Call, kind: ValueKind) -> Result<(), Stop> {
        let policy = self.policy_for_all(call)?;
        let all = Removal::every_sysv(kind).map_err(|refusal| Stop::because(refusal.to_string()))?;
        for (id, removal) in all {
            self.announce(kind, Called::Id(id))?;
            if let Err(refusal) = removal.run(policy, None) {
                self.refused(Called::Id(id), &refusal)?;
            }
        }
        Ok(())
    }

    fn every_posix(&mut self, call: &Call, kind: ValueKind) -> Result<(), Stop> {
        let policy = self.policy_for_all(call)?;
        let all = Removal::every_posix(kind).map_err(|refusal| match refusal {
            Refusal::Kernel(Error::Unsupported { .. }) if kind == Queue => not_mounted(),
            refusal => Stop::because(refusal.to_string()),
        })?;
        for (name, removal) in all {
            self.announce_posix(kind, Called::Found(&name))?;
            if let Err(refusal) = removal.run(policy, None) {
                self.refused(Called::Found(&name), &refusal)?;
            }
        }
        Ok(())
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

    /// The same for `--all`: that nothing may be removed is said once.
    fn policy_for_all(&mut self, call: &Call) -> Result<Policy, Stop> {
        let policy = self.policy(call)?;
        policy.permit("--all").map_err(|refusal| Stop::because(refusal.to_string()))?;
        Ok(policy)
    }

    fn fail(&mut self, message: &[u8]) {
        complain(NAME, message);
        self.failed = true;
    }

    fn status(&self) -> Result<(), Stop> {
        if self.failed { Err(Stop::Failed) } else { Ok(()) }
    }
}

/// Why the object with this id was not removed. Errors: what the tool ends at once for.
fn about_id(id: i32, refusal: &Refusal) -> Result<String, Stop> {
    Ok(match refusal {
        Refusal::NotFound { .. } => format!("invalid id ({id})"),
        Refusal::Changed { .. } => format!("already removed id ({id})"),
        Refusal::Permission { .. } => format!("permission denied for id ({id})"),
        Refusal::Kernel(error) => return Err(Stop::because(format!("id failed: {}", error.in_c()))),
        other => other.to_string(),
    })
}

/// The same for a POSIX object.
fn about_name(name: &[u8], refusal: &Refusal) -> Result<Vec<u8>, Stop> {
    let about = |before: &str, behind: &str| [before.as_bytes(), b"name `", name, b"'", behind.as_bytes()].concat();
    Ok(match refusal {
        Refusal::NotFound { .. } | Refusal::Changed { .. } => about("", " not found"),
        Refusal::Permission { .. } => about("permission denied for ", ""),
        Refusal::Kernel(error) if error.is_permission() => about("permission denied for ", ""),
        Refusal::Kernel(error) if error.name_too_long() => about("", " too long"),
        Refusal::Kernel(Error::Unsupported { .. }) => return Err(not_mounted()),
        Refusal::Kernel(error) => return Err(Stop::because(format!("name failed: {}", error.in_c()))),
        other => other.to_string().into_bytes(),
    })
}

fn not_mounted() -> Stop {
    let place = mqueue::DIRECTORY;
    Stop::because(format!("{place} does not seem to be mounted. Use 'mount -t mqueue none {place}' to mount it."))
}

/// What `--all` stands for.
fn chosen(kind: Option<&OsStr>) -> Result<All, Stop> {
    let Some(kind) = kind else { return Ok(All::Sysv) };
    // `-a=shm` is `-a` with the value `=shm`.
    let word = kind.as_bytes();
    All::parse(word.strip_prefix(b"=").unwrap_or(word))
        .ok_or_else(|| Stop::because([b"unknown argument: ", word].concat()))
}

/// An id is a number that the kernel can have given: not a negative one, and never cut to 32 bits.
fn id_of(text: &OsStr) -> Result<i32, NoNumber> {
    let id: i32 = number::parse(text, 10)?;
    if id < 0 { Err(NoNumber::Range) } else { Ok(id) }
}

/// A key has 32 bits, written with a sign or without.
fn key_of(text: &OsStr) -> Result<Key, NoNumber> {
    let key: i64 = number::parse(text, 0)?;
    let signed = i32::try_from(key).ok();
    let bits = signed.or_else(|| u32::try_from(key).ok().map(u32::cast_signed));
    bits.map(Key).ok_or(NoNumber::Range)
}

fn not_parsed(why: NoNumber, text: &OsStr) -> Stop {
    Stop::because(why.about("failed to parse argument", text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_to_fit() {
        for (text, id) in [("0", 0), ("+7", 7), (" 010", 10), ("-0", 0), ("2147483647", i32::MAX)] {
            assert_eq!(id_of(OsStr::new(text)), Ok(id), "{text}");
        }
        for text in ["-1", "2147483648", "4294967296", "4294967297", "-4294967295", "99999999999999999999"] {
            assert_eq!(id_of(OsStr::new(text)), Err(NoNumber::Range), "{text}");
        }
        for text in ["", " ", "0x1", "1 ", "zz"] {
            assert_eq!(id_of(OsStr::new(text)), Err(NoNumber::Not), "{text}");
        }
        for (text, key) in [
            ("-5", -5),
            ("-0x5", -5),
            ("0xffffffff", -1),
            ("4294967295", -1),
            ("2147483648", i32::MIN),
            ("-2147483648", i32::MIN),
            ("017", 15),
            ("0", 0),
        ] {
            assert_eq!(key_of(OsStr::new(text)), Ok(Key(key)), "{text}");
        }
        for text in ["4294967296", "0x100000001", "-2147483649", "-4294967295", "18446744073709551616"] {
            assert_eq!(key_of(OsStr::new(text)), Err(NoNumber::Range), "{text}");
        }
    }

    #[test]
    fn kinds_that_all_may_stand_for() {
        assert_eq!(chosen(None).unwrap(), All::Sysv);
        assert_eq!(chosen(Some(OsStr::new("msg"))).unwrap(), All::SysvOf(Queue));
        assert_eq!(chosen(Some(OsStr::new("=psem"))).unwrap(), All::PosixOf(Semaphore));
        for word in ["", "=", "==msg", "msg=", "MSG", "sh"] {
            assert!(chosen(Some(OsStr::new(word))).is_err(), "{word:?}");
        }
    }
}
