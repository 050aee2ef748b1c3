//! Making objects: System V by key, POSIX by name, FIFOs by path. What is wanted is a plain value; `run` makes it, whole
//! or not at all: when a later step fails, what the first one made is removed again.

mod bare;
mod fifo;
mod limits;
mod posix;
mod sysv;
mod test_end;
mod words;

use super::owner::NewOwner;
use super::subject::Subject;
use super::{Policy, Refusal};
use crate::kernel::{self, file};
use crate::model::{Address, Key};
use std::fmt;

pub use bare::Bare;
pub use test_end::{End, Ended, Ending, Event, Feed, Lines, Take, TestEnd, Told, Use};

/// How the new object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// System V: this key.
    Key(Key),
    /// System V: a random key that nobody uses.
    Random,
    /// System V: no key (`IPC_PRIVATE`).
    Private,
    /// System V: the key that `ftok(3)` makes of a file and a number.
    Ftok {
        /// The file's path.
        path: Box<[u8]>,
        /// The number, not 0.
        id: u8,
    },
    /// POSIX: this name, with its slash.
    Name(Box<[u8]>),
}

/// Values that semaphores begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// 0.
    Zero,
    /// One value for all.
    All(u32),
    /// One for each.
    Each(Vec<u32>),
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A message queue.
    Queue {
        /// Its key or name.
        naming: Naming,
        /// System V: most bytes it takes; the kernel's `msgmnb` if not said.
        limit: Option<u64>,
        /// POSIX: most messages; 10 if not said.
        depth: Option<u64>,
        /// POSIX: largest message, bytes; 8192 if not said.
        message_size: Option<u64>,
    },
    /// A shared memory segment.
    Shm {
        /// Its key or name.
        naming: Naming,
        /// Bytes.
        size: u64,
    },
    /// A semaphore set, or a POSIX semaphore.
    Semaphore {
        /// Its key or name.
        naming: Naming,
        /// System V: how many; 1 if nothing says so.
        count: Option<u64>,
        /// What they begin with.
        start: Start,
    },
    /// A FIFO.
    Fifo {
        /// Absolute path.
        path: Box<[u8]>,
    },
}

/// An object to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// What.
    pub what: What,
    /// Permission bits, exactly these whatever the umask.
    pub mode: u16,
    /// Another owner than the caller.
    pub owner: NewOwner,
    /// Whether one that is there already will do.
    pub or_open: bool,
}

/// What was made. Prints as one line that ends with the address.
#[derive(Debug, Clone)]
pub struct Created {
    /// Its address.
    pub address: Address,
    /// Whether it was there already.
    pub opened: bool,
    /// What it is, in words.
    noun: &'static str,
    /// Key and the like, in words.
    details: Vec<String>,
    /// FIFO: which file it is.
    file: Option<Subject>,
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.opened { "opened" } else { "created" }, self.noun)?;
        for detail in &self.details {
            write!(f, ", {detail}")?;
        }
        write!(f, ": {}", self.address)
    }
}

impl NewObject {
    /// What cannot be, whatever the system says: in one line what is wrong.
    pub fn check(&self) -> Result<(), String> {
        let (naming, size) = match &self.what {
            What::Fifo { .. } => return Ok(()),
            What::Queue { naming, limit, depth, message_size } => {
                let posix = matches!(naming, Naming::Name(_));
                if posix && limit.is_some() {
                    return Err(
                        "a limit in bytes is for System V queues; with a name, say depth and message size".into()
                    );
                }
                if !posix && (depth.is_some() || message_size.is_some()) {
                    return Err(
                        "depth and message size are for POSIX queues, which have a name; a System V queue has \
                                a limit in bytes"
                            .into(),
                    );
                }
                (naming, [*depth, *message_size].contains(&Some(0)))
            }
            What::Shm { naming, size } => (naming, *size == 0),
            What::Semaphore { naming, count, start } => {
                check_semaphores(naming, *count, start)?;
                (naming, *count == Some(0))
            }
        };
        if size {
            return Err("0 is too small: nothing can be made of it".into());
        }
        if self.or_open && matches!(naming, Naming::Random | Naming::Private) {
            return Err("to open what is there, say its key or name; a random or private one is always new".into());
        }
        match (naming, &self.what) {
            (Naming::Name(name), What::Shm { .. }) if name.starts_with(b"/sem.") => {
                Err("a segment whose name begins with sem. would be taken for a semaphore".into())
            }
            (Naming::Ftok { id: 0, .. }, _) => Err("ftok takes the low 8 bits of its number, and they are 0".into()),
            _ => Ok(()),
        }
    }

    /// Makes it. Errors: [`Refusal::Failed`] when it is there already and `or_open` is not said, when one that is there
    /// is smaller than was asked for, and when a limit is reached, which is then named; [`Refusal::Permission`].
    pub fn run(&self, policy: Policy) -> Result<Created, Refusal> {
        policy.permit(self.noun())?;
        if let Err(why) = self.check() {
            return Err(Refusal::Failed { what: self.noun().to_owned(), why });
        }
        match &self.what {
            What::Fifo { path } => fifo::make(self, path),
            What::Queue { naming: Naming::Name(name), depth, message_size, .. } => {
                posix::queue(self, name, *depth, *message_size)
            }
            What::Shm { naming: Naming::Name(name), size } => posix::shm(self, name, *size),
            What::Semaphore { naming: Naming::Name(name), start, .. } => posix::semaphore(self, name, start),
            What::Queue { naming, limit, .. } => sysv::queue(self, naming, *limit),
            What::Shm { naming, size } => sysv::shm(self, naming, *size),
            What::Semaphore { naming, count, start } => sysv::semaphores(self, naming, *count, start),
        }
    }

    const fn noun(&self) -> &'static str {
        match &self.what {
            What::Fifo { .. } => "FIFO",
            What::Queue { naming: Naming::Name(_), .. } => "POSIX message queue",
            What::Queue { .. } => "message queue",
            What::Shm { naming: Naming::Name(_), .. } => "POSIX shared memory segment",
            What::Shm { .. } => "shared memory segment",
            What::Semaphore { naming: Naming::Name(_), .. } => "POSIX semaphore",
            What::Semaphore { .. } => "semaphore set",
        }
    }

    fn created(&self, address: Address, opened: bool, details: Vec<String>) -> Created {
        Created { address, opened, noun: self.noun(), details, file: None }
    }
}

/// Largest value of a System V semaphore (`SEMVMX`, `linux/sem.h`).
pub(super) const LARGEST_SYSV_VALUE: u32 = 32_767;

fn check_semaphores(naming: &Naming, count: Option<u64>, start: &Start) -> Result<(), String> {
    let (largest, posix) = match naming {
        Naming::Name(_) => (kernel::posix_sem::LARGEST, true),
        _ => (LARGEST_SYSV_VALUE, false),
    };
    let values = match start {
        Start::Zero => &[][..],
        Start::All(value) => std::slice::from_ref(value),
        Start::Each(values) => values,
    };
    if let Some(value) = values.iter().find(|value| **value > largest) {
        return Err(format!("a semaphore's value of {value} is too large: at most {largest}"));
    }
    if posix && (count.is_some() || matches!(start, Start::Each(_))) {
        return Err("a POSIX semaphore is one, with one value; several are a System V set".into());
    }
    match (start, count) {
        (Start::Each(values), Some(count)) if values.len() as u64 != count => {
            Err(format!("{} values are given for {count} semaphores", values.len()))
        }
        (Start::Each(values), _) if values.is_empty() => Err("a set needs at least one value".into()),
        _ => Ok(()),
    }
}

fn bytes(number: u64) -> String {
    if number == 1 { "1 byte".to_owned() } else { format!("{number} bytes") }
}

/// That something of this name is there, in the words of all kinds.
fn exists(address: &Address, key: Option<Key>) -> Refusal {
    let key = key.map(|key| format!(" with key {key}")).unwrap_or_default();
    Refusal::Failed { what: address.to_string(), why: format!("exists already{key}; --or-open opens it") }
}

/// That what is there is not what was asked for.
fn unlike(address: &Address, why: &str) -> Refusal {
    Refusal::Failed { what: address.to_string(), why: format!("exists already, but {why}") }
}

/// That the caller may not use what is there.
fn closed(address: &Address, error: kernel::Error) -> Refusal {
    if error.is_permission() {
        let why = "it exists, and its mode does not let this user use it as --mode says".to_owned();
        return Refusal::Permission { what: address.to_string(), why };
    }
    error.into()
}

/// After a failed later step: removes what the first one made, and says so.
fn take_back(refusal: Refusal, removed: kernel::Result<()>) -> Refusal {
    let what_became = match removed {
        Ok(()) => "; what was made was removed again".to_owned(),
        Err(error) => format!("; what was made is still there: {error}"),
    };
    match refusal {
        Refusal::Permission { what, why } => Refusal::Permission { what, why: why + &what_became },
        Refusal::Failed { what, why } => Refusal::Failed { what, why: why + &what_became },
        Refusal::Kernel(error) if error.is_permission() => {
            Refusal::Permission { what: "new object".to_owned(), why: format!("{error}{what_became}") }
        }
        other => Refusal::Failed { what: "new object".to_owned(), why: format!("{other}{what_became}") },
    }
}

/// Who may give a new file to another owner.
fn chown_failed(address: &Address, error: kernel::Error) -> Refusal {
    if error.is_permission() {
        let why = "only CAP_CHOWN may give it to another user, or to a group that one is not in".to_owned();
        return Refusal::Permission { what: address.to_string(), why };
    }
    error.into()
}

impl Created {
    /// Removes a FIFO that this call made, if it is still the same file. Does nothing for one that was there before.
    pub fn remove_fifo(&self) -> Result<(), Refusal> {
        match &self.file {
            Some(subject @ Subject::File { path, .. }) if !self.opened => {
                subject.verify(&self.address.to_string())?;
                file::unlink(path).map_err(Into::into)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(what: What) -> NewObject {
        NewObject { what, mode: 0o600, owner: NewOwner::default(), or_open: false }
    }

    fn set(naming: Naming, count: Option<u64>, start: Start) -> NewObject {
        new(What::Semaphore { naming, count, start })
    }

    #[test]
    fn what_cannot_be_is_said() {
        let name = || Naming::Name(b"/x".as_slice().into());
        assert!(set(Naming::Random, None, Start::Zero).check().is_ok());
        assert!(set(Naming::Random, Some(2), Start::Each(vec![1, 2])).check().is_ok());
        assert!(set(name(), None, Start::All(i32::MAX as u32)).check().is_ok());
        let wrong = [
            set(Naming::Random, Some(3), Start::Each(vec![1, 2])),
            set(Naming::Random, None, Start::Each(vec![])),
            set(Naming::Random, Some(0), Start::Zero),
            set(Naming::Random, None, Start::All(32_768)),
            set(name(), Some(2), Start::Zero),
            set(name(), None, Start::All(1 << 31)),
            new(What::Shm { naming: Naming::Name(b"/sem.x".as_slice().into()), size: 1 }),
            new(What::Shm { naming: Naming::Random, size: 0 }),
            new(What::Queue { naming: name(), limit: Some(1), depth: None, message_size: None }),
            new(What::Queue { naming: Naming::Private, limit: None, depth: Some(1), message_size: None }),
            new(What::Queue { naming: name(), limit: None, depth: Some(0), message_size: None }),
            NewObject { or_open: true, ..new(What::Shm { naming: Naming::Private, size: 1 }) },
            new(What::Shm { naming: Naming::Ftok { path: b"/".as_slice().into(), id: 0 }, size: 1 }),
        ];
        for wrong in wrong {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
