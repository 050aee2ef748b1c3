//! Shared memory without a name: memfds, and segments of `/dev/shm` that were unlinked while somebody had them. As with
//! pipes there is no table of them; they are what processes have open or mapped.
//!
//! Unlinked semaphores are left out: glibc makes each under a passing name, by which its maker's mapping goes on to call it,
//! so that neither their name nor, without privilege, whether they are gone can be told.

use super::collect::Picture;
use crate::kernel::fd::{self, OpenFd};
use crate::kernel::file::{self, Stat};
use crate::kernel::maps::Mapping;
use crate::kernel::unnamed::{Unnamed, parse, whole_path};
use crate::kernel::{map_files, posix_shm};
use crate::model::{Body, Device, Identity, Kinds, Memfd, Object, Shm, Time, Times};
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::BorrowedFd;

/// What of it is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Memfds.
    pub(super) memfds: bool,
    /// Unlinked segments.
    pub(super) unlinked: bool,
}

impl Wanted {
    /// What is of these kinds.
    pub(super) const fn of(kinds: Kinds) -> Self {
        Self { memfds: kinds.contains(Kinds::MEMFDS), unlinked: kinds.contains(Kinds::UNLINKED_SHMS) }
    }

    /// Whether anything.
    pub(super) const fn any(self) -> bool {
        self.memfds || self.unlinked
    }

    /// What a file is, by its path and device; `None` for all that is not looked for. `internal` are the kernel's devices.
    fn sort<'p>(self, internal: &[Device], device: Device, path: &'p [u8]) -> Option<Unnamed<'p>> {
        if !self.any() {
            return None;
        }
        let sort = parse(path)?;
        let wanted = match sort {
            Unnamed::Memfd(_) => self.memfds && internal.contains(&device),
            Unnamed::Shm(name) => self.unlinked && posix_shm::semaphore_name(name).is_none(),
        };
        wanted.then_some(sort)
    }
}

/// Files without a name that processes were seen to have, by device and inode.
#[derive(Debug, Default)]
pub(super) struct Sightings(FxHashMap<(Device, u64), Sighting>);

#[derive(Debug)]
struct Sighting {
    memfd: bool,
    name: Box<[u8]>,
    /// As the first who could be asked had it; nobody could where it is only mapped and the mappings may not be followed.
    stat: Option<Stat>,
}

impl Sightings {
    /// Notes what a descriptor of a task is open on, a file that no name leads to; whether it is looked for.
    pub(super) fn see_open(
        &mut self,
        proc: BorrowedFd<'_>,
        task: &str,
        open: &OpenFd,
        wanted: Wanted,
        internal: &[Device],
    ) -> bool {
        let Ok(path) = fd::read_path_of(proc, task, open.fd) else { return false };
        let Some(sort) = wanted.sort(internal, open.device, &path) else { return false };
        let stat = || file::stat_at(proc, format!("{task}/fd/{}", open.fd).as_bytes()).ok();
        self.see((open.device, open.inode), sort, &stat);
        true
    }

    /// Notes what a process has mapped, likewise, by what maps says of it: it may have a name all the same.
    pub(super) fn see_mapped(
        &mut self,
        proc: BorrowedFd<'_>,
        pid: u32,
        mapping: &Mapping<'_>,
        wanted: Wanted,
        internal: &[Device],
    ) -> bool {
        if wanted.sort(internal, mapping.device, mapping.path).is_none() {
            return false;
        }
        let path = whole_path(proc, pid, mapping);
        let Some(sort) = wanted.sort(internal, mapping.device, &path) else { return false };
        let stat = || map_files::stat(proc, pid, mapping.place()?).ok();
        self.see((mapping.device, mapping.inode), sort, &stat);
        true
    }

    /// Notes one. Its attributes are asked for until somebody has told them.
    fn see(&mut self, file: (Device, u64), sort: Unnamed<'_>, stat: &dyn Fn() -> Option<Stat>) {
        let (memfd, name) = match sort {
            Unnamed::Memfd(name) => (true, name),
            Unnamed::Shm(name) => (false, name),
        };
        let seen = self.0.entry(file).or_insert_with(|| Sighting { memfd, name: name.into(), stat: None });
        // One that had several names is called by the first in the alphabet, whoever was looked at first.
        if *name < *seen.name {
            seen.name = name.into();
        }
        if seen.stat.is_none() {
            // The descriptor or mapping may be another file's by now.
            seen.stat = stat().filter(|stat| (stat.device, stat.inode) == file);
        }
    }

    /// Adds what others have seen.
    pub(super) fn add(&mut self, others: Self) {
        for (file, other) in others.0 {
            let sort = if other.memfd { Unnamed::Memfd(&other.name) } else { Unnamed::Shm(&other.name) };
            self.see(file, sort, &|| other.stat);
        }
    }
}

/// Adds them as objects, in the order of their files.
pub(super) fn add(seen: Sightings, picture: &mut Picture) {
    let mut seen: Vec<_> = seen.0.into_iter().collect();
    seen.sort_unstable_by_key(|(file, _)| *file);
    // What is seen without its number of links is gone if it is no file of /dev/shm any more.
    let doubtful = seen.iter().any(|(_, one)| !one.memfd && one.stat.is_none());
    let named = if doubtful { Named::read() } else { Named::default() };
    for (file, one) in seen {
        let (device, inode) = file;
        let identity = Identity::File { device, inode };
        let gone = one.memfd || one.stat.map_or_else(|| named.has_lost(file), |stat| stat.unlinked);
        if gone && !picture.places.contains_key(&identity) {
            picture.add(object(identity, one));
        }
    }
}

/// The files of this mount namespace's `/dev/shm`.
#[derive(Default)]
struct Named {
    device: Option<Device>,
    files: FxHashSet<u64>,
}

impl Named {
    fn read() -> Self {
        match posix_shm::read_files() {
            Ok(files) => {
                Self { device: posix_shm::device(), files: files.iter().map(|file| file.stat.inode).collect() }
            }
            Err(_) => Self::default(),
        }
    }

    /// Whether a file of it has no name there any more. Of another file system that cannot be told.
    fn has_lost(&self, (device, inode): (Device, u64)) -> bool {
        self.device == Some(device) && !self.files.contains(&inode)
    }
}

fn object(identity: Identity, seen: Sighting) -> Object {
    let stat = seen.stat;
    let changed: Option<Time> = stat.map(|stat| stat.modified.max(stat.changed));
    let times = Times { changed, ..Times::default() };
    let (size, allocated) = (stat.map(|stat| stat.size), stat.map(|stat| stat.allocated));
    let (name, body) = if seen.memfd {
        let name = (!seen.name.is_empty()).then_some(seen.name);
        (name, Body::Memfd(Box::new(Memfd { size, allocated, times })))
    } else {
        let name = [b"/", &*seen.name].concat().into();
        (Some(name), Body::Shm(Box::new(Shm { size, allocated, deleted: true, times, ..Shm::default() })))
    };
    Object {
        identity,
        name,
        path: None,
        owner: stat.map(|stat| stat.owner),
        creator: None,
        mode: stat.map(|stat| stat.mode),
        body,
    }
}
