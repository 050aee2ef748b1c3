//! One object that a person was shown, in a row of a table or in a dialog, and that an action is to be done to: that very
//! one, and nothing that has taken its name, key or id since.
//!
//! Ids, keys, names and inode numbers all come again. What tells one object from the next is compared: of System V objects
//! key, owner, creator and time of change too; of a socket its cookie; of a file that it is not younger than the look.

use super::Refusal;
use super::subject::{NoSubject, Subject};
use crate::kernel::{SysvStat, file};
use crate::model::{Address, Body, Family, Identity, Key, Kind, Kinds, Object, Time};
use crate::snapshot::{Snapshot, Want};

/// What was seen of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The address that it was shown by.
    pub address: Address,
    /// What makes it the same object.
    pub identity: Identity,
    kinds: Kinds,
    /// System V: what the kernel told beside the id.
    sysv: Option<SysvStat>,
    /// FIFO, socket: the path of its file, which is looked at even if nobody has it open.
    file: Option<Box<[u8]>>,
    seen_at: Time,
}

impl Known {
    /// An object of a snapshot, by its place in [`Snapshot::objects`].
    pub fn of(snapshot: &Snapshot, place: usize) -> Self {
        let object = &snapshot.objects[place];
        Self {
            address: snapshot.address(place),
            identity: object.identity,
            kinds: kinds(object),
            sysv: sysv(object),
            file: special_file(object),
            seen_at: snapshot.taken_at,
        }
    }

    /// Adds what has to be looked at to find it again.
    pub(super) fn add_to(&self, want: &mut Want) {
        want.kinds |= self.kinds;
        want.files.extend(self.file.clone());
    }

    /// Its place in a newer snapshot. Errors: [`Refusal::Changed`].
    pub(super) fn find(&self, snapshot: &Snapshot) -> Result<usize, Refusal> {
        let mut places = 0..snapshot.objects.len();
        let is = |place: &usize| self.is(&snapshot.objects[*place]);
        let named = |place: &usize| snapshot.address(*place) == self.address;
        // Thousands may be looked for in a picture of thousands.
        let found = match self.identity {
            // All that tells such a connection is its cookie, by which none is filed.
            Identity::Socket { inode: 0, .. } => places.find(is),
            // A file of two names is one identity at two places: the name that was shown is meant.
            identity => snapshot.place(identity).map(|place| {
                if named(&place) { place } else { places.find(|at| is(at) && named(at)).unwrap_or(place) }
            }),
        };
        found.filter(is).ok_or_else(|| Refusal::Changed { what: self.address.to_string() })
    }

    fn is(&self, object: &Object) -> bool {
        let same = match (self.identity, object.identity) {
            (Identity::Socket { inode: a, cookie: c }, Identity::Socket { inode: b, cookie: d }) => {
                // A connection without a file has no inode, and /proc/net tells no cookies.
                a == b && if a == 0 || (c != 0 && d != 0) { c == d && c != 0 } else { true }
            }
            (known, now) => known == now,
        };
        // An inode number is given anew as soon as its file is gone.
        let younger = || object.path.as_deref().is_some_and(|path| self.is_younger(file::born(path)));
        same && self.kinds == kinds(object) && self.sysv == sysv(object) && !(is_file(self.identity) && younger())
    }

    /// Whether a file of this age cannot be the one that was seen. A file's birth is dated by the kernel's coarse clock, which
    /// is up to a tick (10 ms) behind the one that a snapshot is dated by: within that nothing can be told.
    fn is_younger(&self, born: Option<Time>) -> bool {
        born.is_some_and(|born| born > self.seen_at)
    }

    /// What identifies it to an action by name or id, once it was found.
    pub(super) fn subject(&self, object: &Object) -> Result<Subject, NoSubject> {
        if is_bound(object) && !has_file(object) {
            return Err(NoSubject::Pathless);
        }
        let subject = Subject::of(object)?;
        let same = match &subject {
            Subject::SysV { stat, .. } => self.sysv == Some(*stat),
            Subject::File { born, .. } => !is_file(self.identity) || !self.is_younger(*born),
            Subject::PosixQueue { .. } => true,
        };
        if same { Ok(subject) } else { Err(NoSubject::Changed) }
    }
}

const fn is_file(identity: Identity) -> bool {
    matches!(identity, Identity::File { .. })
}

/// The one kind that an object is of.
fn kinds(object: &Object) -> Kinds {
    match (object.kind(), object.family()) {
        (Kind::Queue, Some(Family::Sysv)) => Kinds::SYSV_QUEUES,
        (Kind::Queue, _) => Kinds::POSIX_QUEUES,
        (Kind::Shm, Some(Family::Sysv)) => Kinds::SYSV_SHMS,
        (Kind::Shm, _) if object.is_unlinked() => Kinds::UNLINKED_SHMS,
        (Kind::Shm, _) => Kinds::POSIX_SHMS,
        (Kind::Memfd, _) => Kinds::MEMFDS,
        (Kind::Semaphore, Some(Family::Sysv)) => Kinds::SYSV_SEMS,
        (Kind::Semaphore, _) => Kinds::POSIX_SEMS,
        (Kind::Pipe, _) => Kinds::PIPES,
        (Kind::Fifo, _) => Kinds::FIFOS,
        (Kind::Socket, Some(Family::Unix)) => Kinds::UNIX,
        (Kind::Socket, _) => Kinds::INET,
    }
}

/// What the kernel's tables tell of a System V object.
fn sysv(object: &Object) -> Option<SysvStat> {
    let (key, times) = match &object.body {
        Body::Queue(queue) => (queue.key, queue.times),
        Body::Shm(shm) => (shm.key, shm.times),
        Body::Semaphore(set) => (set.key, set.times),
        Body::Pipe(_) | Body::Fifo(_) | Body::Socket(_) | Body::Memfd(_) => (None, crate::model::Times::default()),
    };
    let (Identity::SysV { .. }, Some(owner), Some(creator)) = (object.identity, object.owner, object.creator) else {
        return None;
    };
    let changed = times.changed.map_or(0, |time| time.secs);
    Some(SysvStat { key: key.unwrap_or(Key::PRIVATE), owner, creator, changed })
}

/// Whether it is a socket that was bound to a path.
fn is_bound(object: &Object) -> bool {
    let Body::Socket(socket) = &object.body else { return false };
    socket.unix.as_ref().is_some_and(|unix| unix.name.is_some() && !unix.abstract_name)
}

/// Whether the path leads to this very socket: its file was found there, and no other has the path for its name too. One
/// whose file is gone is still called by the path, which may be another one's by now; on overlay file systems the path is
/// all that tells.
pub(super) fn has_file(object: &Object) -> bool {
    let Body::Socket(socket) = &object.body else { return false };
    object.path.is_some() && socket.unix.as_ref().is_some_and(|unix| unix.by_name)
}

/// The path of a FIFO's or a socket's file: a POSIX object is found in its own directory.
fn special_file(object: &Object) -> Option<Box<[u8]>> {
    match &object.body {
        Body::Fifo(_) => object.path.clone(),
        Body::Socket(socket) => object.path.clone().or_else(|| {
            let unix = socket.unix.as_ref().filter(|unix| unix.by_name && !unix.abstract_name)?;
            unix.name.clone().filter(|name| name.starts_with(b"/"))
        }),
        _ => None,
    }
}
