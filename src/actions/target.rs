//! What an action is to be done to, as a person named it, and which object of a snapshot that is.

use super::subject::{NoSubject, Subject};
use super::{Known, Refusal};
use crate::kernel::file;
use crate::model::{Address, Body, Identity, Key, Kinds, Object, RemovalTarget, Spelled, Which};
use crate::snapshot::{Snapshot, Want};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// For which kind a bare value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `-q`
    Queue,
    /// `-m`
    Shm,
    /// `-s`
    Semaphore,
}

impl ValueKind {
    /// In words.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Queue => "message queue",
            Self::Shm => "shared memory segment",
            Self::Semaphore => "semaphore set",
        }
    }

    const fn kinds(self) -> Kinds {
        match self {
            Self::Queue => Kinds::QUEUES,
            Self::Shm => Kinds::SHMS,
            Self::Semaphore => Kinds::SEMS,
        }
    }

    pub(super) const fn address(self, which: Which) -> Address {
        match self {
            Self::Queue => Address::Queue(which),
            Self::Shm => Address::Shm(which),
            Self::Semaphore => Address::Semaphore(which),
        }
    }
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `kind:which` or a path.
    Address(Address),
    /// The value of `-q`, `-m`, `-s`.
    Value(ValueKind, RemovalTarget),
    /// The value of `-Q`, `-M`, `-S`.
    Key(ValueKind, Key),
    /// An object that was seen: that one, and no other that has its name or id by now.
    Object(Box<Known>),
}

impl Target {
    /// An object of a snapshot, by its place in [`Snapshot::objects`].
    pub fn object(snapshot: &Snapshot, place: usize) -> Self {
        Self::Object(Box::new(Known::of(snapshot, place)))
    }

    /// As it is named in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Object(known) => known.address.to_string(),
            Self::Value(kind, RemovalTarget::Key(key)) | Self::Key(kind, key) => {
                kind.address(Which::Key(*key)).to_string()
            }
            Self::Value(kind, RemovalTarget::Name(name)) => kind.address(Which::Name(name.clone())).to_string(),
            Self::Value(kind, RemovalTarget::Number { id: Some(id), key: Some(key) }) => {
                format!("{} or {}", kind.address(Which::Id(*id)), kind.address(Which::Key(*key)))
            }
            Self::Value(kind, RemovalTarget::Number { id: Some(id), .. }) => kind.address(Which::Id(*id)).to_string(),
            Self::Value(kind, RemovalTarget::Number { key, .. }) => {
                kind.address(Which::Key(key.unwrap_or(Key::PRIVATE))).to_string()
            }
        }
    }

    /// Message queue, segment … in words.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Value(kind, _) | Self::Key(kind, _) => kind.noun(),
            Self::Address(address) => noun_of(address),
            Self::Object(known) => noun_of(&known.address),
        }
    }

    /// Adds the kinds and files that have to be looked at to find it.
    pub fn add_to(&self, want: &mut Want) {
        match self {
            Self::Value(kind, RemovalTarget::Name(_)) => want.kinds |= kind.kinds() & Kinds::POSIX,
            Self::Value(kind, _) | Self::Key(kind, _) => want.kinds |= kind.kinds() & Kinds::SYSV,
            Self::Address(address) => add_address(address, want),
            Self::Object(known) => known.add_to(want),
        }
    }

    /// The one object that it names. Errors: [`Refusal::NotFound`], [`Refusal::Ambiguous`]; of an object that was seen
    /// before, [`Refusal::Changed`].
    pub fn find(&self, snapshot: &Snapshot) -> Result<usize, Refusal> {
        if let Self::Object(known) = self {
            return known.find(snapshot);
        }
        let mut found: Vec<(usize, String)> = Vec::new();
        for (address, how) in self.readings() {
            for place in snapshot.find(&address) {
                if !found.iter().any(|(known, _)| *known == place) {
                    found.push((place, format!("{}{how}", snapshot.address(place))));
                }
            }
        }
        match &found[..] {
            [] => Err(self.absent()),
            [(place, _)] => Ok(*place),
            _ => {
                let candidates = found.into_iter().map(|(_, name)| name).collect();
                Err(Refusal::Ambiguous { what: self.name(), candidates })
            }
        }
    }

    /// What identifies the object that was found, as it is now.
    pub(super) fn subject(&self, object: &Object) -> Result<Subject, NoSubject> {
        match self {
            Self::Object(known) => known.subject(object),
            _ => Subject::of(object),
        }
    }

    /// Why nothing was found: for a path, what lies there tells.
    fn absent(&self) -> Refusal {
        let what = self.name();
        let path = match self {
            Self::Address(Address::Path(path) | Address::Fifo(path)) => Some(path),
            Self::Address(Address::Unix { name, abstract_name: false }) => Some(name),
            _ => None,
        };
        match path.map(|path| file::lstat(path.raw())) {
            Some(Err(error)) if error.is_permission() => {
                Refusal::Permission { what, why: "a directory on the way is closed to this user".to_owned() }
            }
            Some(Ok(_)) => Refusal::Unremovable { what, why: "it exists, but is no FIFO, socket or POSIX object" },
            _ => Refusal::NotFound { what, kind: self.noun() },
        }
    }

    /// The same with paths made absolute, so that they mean the same from everywhere. Asks for the working directory.
    #[must_use]
    pub fn absolute(self) -> Self {
        let whole = |path: Spelled| {
            let raw = std::path::Path::new(OsStr::from_bytes(path.raw()));
            if raw.is_absolute() {
                return path;
            }
            let made = std::path::absolute(raw);
            made.map_or(path, |made| Spelled::new(made.as_os_str().as_bytes()))
        };
        match self {
            Self::Address(Address::Path(path)) => Self::Address(Address::Path(whole(path))),
            Self::Address(Address::Fifo(path)) => Self::Address(Address::Fifo(whole(path))),
            other => other,
        }
    }

    /// The addresses that it may stand for.
    fn readings(&self) -> Vec<(Address, String)> {
        match self {
            Self::Address(address) => vec![(address.clone(), String::new())],
            Self::Object(known) => vec![(known.address.clone(), String::new())],
            Self::Key(kind, key) | Self::Value(kind, RemovalTarget::Key(key)) => {
                vec![(kind.address(Which::Key(*key)), String::new())]
            }
            Self::Value(kind, RemovalTarget::Name(name)) => {
                vec![(kind.address(Which::Name(name.clone())), String::new())]
            }
            Self::Value(kind, RemovalTarget::Number { id, key }) => {
                let by_id = id.map(|id| (kind.address(Which::Id(id)), " (by id)".to_owned()));
                let by_key = key.map(|key| (kind.address(Which::Key(key)), format!(" (by key {key})")));
                by_id.into_iter().chain(by_key).collect()
            }
        }
    }
}

const fn noun_of(address: &Address) -> &'static str {
    match address {
        Address::Queue(_) => "message queue",
        Address::Shm(_) => "shared memory segment",
        Address::ShmInode { .. } => "unlinked segment",
        Address::Memfd { .. } => "memfd",
        Address::Semaphore(_) => "semaphore or set",
        Address::Pipe(_) => "pipe",
        Address::Fifo(_) | Address::FifoInode { .. } => "FIFO",
        Address::Unix { .. } | Address::Socket(_) | Address::Connection { .. } => "socket",
        Address::Pid(_) => "process",
        Address::Path(_) => "IPC object",
    }
}

/// Kinds and files that an address makes it necessary to look at.
fn add_address(address: &Address, want: &mut Want) {
    let family = |which: &Which| if matches!(which, Which::Name(_)) { Kinds::POSIX } else { Kinds::SYSV };
    want.kinds |= match address {
        Address::Queue(which) => Kinds::QUEUES & family(which),
        Address::Shm(which) => Kinds::SHMS & family(which),
        Address::ShmInode { .. } => Kinds::UNLINKED_SHMS,
        Address::Memfd { .. } => Kinds::MEMFDS,
        Address::Semaphore(which) => Kinds::SEMS & family(which),
        Address::Pipe(_) => Kinds::PIPES,
        Address::Fifo(_) | Address::FifoInode { .. } => Kinds::FIFOS,
        Address::Unix { .. } => Kinds::UNIX,
        Address::Socket(_) => Kinds::UNIX | Kinds::INET,
        Address::Connection { .. } => Kinds::INET,
        Address::Pid(_) => Kinds::all(),
        Address::Path(path) => path.readings().fold(Kinds::empty(), |kinds, path| kinds | of_path(path)),
    };
    if let Address::Fifo(path) | Address::Path(path) | Address::Unix { name: path, abstract_name: false } = address {
        want.files.extend(path.readings().map(Into::into));
    }
}

fn of_path(path: &[u8]) -> Kinds {
    if path.starts_with(b"/dev/mqueue/") {
        Kinds::POSIX_QUEUES
    } else if path.starts_with(b"/dev/shm/") {
        // A FIFO or socket may lie there as well.
        Kinds::POSIX_SHMS | Kinds::POSIX_SEMS | Kinds::FIFOS | Kinds::UNIX
    } else {
        Kinds::FIFOS | Kinds::UNIX
    }
}

/// Whether an object lives in the file system, so that removing it means removing a name.
pub(super) fn is_file(snapshot: &Snapshot, place: usize) -> bool {
    let object = &snapshot.objects[place];
    !matches!(object.identity, Identity::SysV { .. }) && !matches!(object.body, Body::Pipe(_))
}
