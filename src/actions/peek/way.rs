//! The ways to a segment's bytes, opened only for the time of a look. Whatever was opened is compared with what was
//! planned before anything is read from it.

use super::super::{Refusal, subject::Subject};
use super::memory::{self, Attacher, Memory};
use super::refused;
use crate::kernel::maps::Place;
use crate::kernel::shmat::{self, Attached};
use crate::kernel::{file, map_files, maps, shmctl, sysvipc};
use crate::model::{Device, How, Source};
use std::os::fd::OwnedFd;

/// A way.
#[derive(Debug, Clone)]
pub(super) enum Via {
    /// A POSIX segment's file, by path.
    File(Box<[u8]>),
    /// The file behind a process's mapping of a System V segment.
    MappedFile(Attacher, i32),
    /// That process's memory.
    Memory(Attacher, i32),
    /// Attaching it.
    Attach(i32),
    /// What a process has, of memory without a name.
    Held(Held),
}

/// A process's descriptor or mapping of a file without a name.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) holder: Attacher,
    /// The descriptor; of a mapping none.
    pub(super) fd: Option<u32>,
    pub(super) device: Device,
    pub(super) inode: u64,
}

impl Held {
    /// Opens the file anew, and tells its size; `None` where it may not be opened, or is not there any more.
    pub(super) fn open(&self, may_stamp: bool) -> Option<(OwnedFd, u64)> {
        let proc = file::open_directory("/proc").ok()?;
        let pid = self.holder.pid;
        let opened = match self.fd {
            Some(fd) => file::open_linked_to_read(&proc, format!("{pid}/fd/{fd}").as_bytes(), may_stamp),
            None => map_files::open(&proc, pid, self.mapping(&proc)?),
        };
        let opened = opened.ok()?;
        // From here on it stays what it is, whatever the process does.
        let stat = file::fstat(&opened).ok()?;
        let same = (stat.device, stat.inode, stat.unlinked) == (self.device, self.inode, true);
        same.then_some((opened, stat.size))
    }

    fn mapping(&self, proc: &OwnedFd) -> Option<Place> {
        let mut found = None;
        maps::read(proc, &self.holder.pid.to_string(), &mut Vec::new(), &mut |mapping| {
            // A System V segment may have the inode number of a memfd.
            if (mapping.device, mapping.inode) == (self.device, self.inode) && mapping.sysv_key().is_none() {
                found = found.or(mapping.place());
            }
        })
        .ok()?;
        found
    }
}

impl Via {
    /// For people and programs.
    pub(super) fn source(&self) -> Source {
        let (how, attacher) = match self {
            Self::File(_) => (How::File, None),
            Self::MappedFile(attacher, _) => (How::MappedFile, Some(attacher)),
            Self::Memory(attacher, _) => (How::Memory, Some(attacher)),
            Self::Attach(_) => (How::Attach, None),
            Self::Held(held) if held.fd.is_some() => (How::Descriptor, Some(&held.holder)),
            Self::Held(held) => (How::MappedFile, Some(&held.holder)),
        };
        Source { how, pid: attacher.map(|a| a.pid), comm: attacher.map(|a| a.comm.clone()) }
    }
}

/// An open way.
#[derive(Debug)]
pub(super) enum Reader {
    /// Reading leaves holes as they are.
    File(OwnedFd),
    Memory(Memory),
    /// With its id, and whether pages that are not in memory hold nothing: none of it is in swap.
    Attached(Attached, i32, bool),
}

/// Why a segment was not opened.
pub(super) const MAY_NOT: &str = "its mode does not let this user read it";

impl Reader {
    /// Opens a way, and tells the segment's size now. `may_stamp`: a file may be opened so that its access time changes.
    pub(super) fn open(
        what: &str,
        via: &Via,
        subject: Option<&Subject>,
        size: u64,
        may_stamp: bool,
    ) -> Result<(Self, u64), Refusal> {
        let changed = || Refusal::Changed { what: what.to_owned() };
        match via {
            Via::File(path) => {
                let proc = file::open_directory("/")?;
                let fd = file::open_to_read(&proc, path, may_stamp).map_err(|error| refused(what, error, MAY_NOT))?;
                let stat = file::fstat(&fd)?;
                let Some(Subject::File { device, inode, .. }) = subject else { return Err(changed()) };
                if (stat.device, stat.inode) != (*device, *inode) {
                    return Err(changed());
                }
                Ok((Self::File(fd), stat.size))
            }
            Via::MappedFile(attacher, id) => {
                let file = memory::open_file(attacher, *id).ok_or_else(changed)?;
                Ok((Self::File(file), size))
            }
            Via::Held(held) => {
                let (file, size) = held.open(may_stamp).ok_or_else(changed)?;
                Ok((Self::File(file), size))
            }
            Via::Memory(attacher, id) => {
                let memory = Memory::open(attacher, *id, size).ok_or_else(changed)?;
                Ok((Self::Memory(memory), size))
            }
            Via::Attach(id) => {
                let (_, swapped) = in_memory(*id).unwrap_or((0, 1));
                let attached = shmat::attach(*id, size, true).map_err(|error| refused(what, error, MAY_NOT))?;
                // Removed between the last look and here: it was attached by its id, so it is still the one.
                let size = shmctl::stat(*id).map_or(size, |now| now.size.min(size));
                Ok((Self::Attached(attached, *id, swapped == 0), size))
            }
        }
    }

    /// Copies bytes from an offset on; fewer than asked for only at an end that was not there before.
    pub(super) fn read(&mut self, what: &str, offset: u64, bytes: &mut [u8]) -> Result<usize, Refusal> {
        match self {
            Self::File(fd) => file::pread(&*fd, bytes, offset).map_err(|error| refused(what, error, MAY_NOT)),
            Self::Memory(memory) => memory.read(what, offset, bytes),
            Self::Attached(attached, id, holes) => {
                if *holes {
                    let read = read_resident(attached, offset, bytes);
                    *holes = in_memory(*id).is_some_and(|(_, swapped)| swapped == 0);
                    if *holes {
                        return Ok(read);
                    }
                    // What went to swap meanwhile may have been taken for zeros.
                }
                Ok(attached.read(offset, bytes))
            }
        }
    }
}

/// Copies pages that are in memory; the others hold zeros, and touching them would make them.
fn read_resident(attached: &Attached, offset: u64, bytes: &mut [u8]) -> usize {
    let page = shmat::page() as u64;
    let first = offset - offset % page;
    let pages = attached.resident(first, (offset - first) as usize + bytes.len());
    let mut done = 0;
    for (number, resident) in (0u64..).zip(pages) {
        let end = first + (number + 1) * page;
        let part = ((end - offset) as usize).min(bytes.len());
        if resident {
            attached.read(offset + done as u64, &mut bytes[done..part]);
        } else {
            bytes[done..part].fill(0);
        }
        done = part;
    }
    done
}

/// Bytes of a segment in memory and in swap, from the kernel's table; `None` when it is gone, or the kernel does not say.
pub(super) fn in_memory(id: i32) -> Option<(u64, u64)> {
    let mut found = None;
    let read = sysvipc::read_shm(&mut |line| {
        if line.perm.id == id {
            found = line.resident.zip(line.swapped);
        }
    });
    read.ok().and(found)
}
