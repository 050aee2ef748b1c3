//! A System V segment as it lies in the memory of a process that has it attached.
//!
//! Every look compares the process's start time, its IPC namespace and its mappings, before and after: pids and addresses
//! come again. Pages that the process never touched are not touched for it; where they cannot be told from pages that
//! somebody else filled, this way is not taken.

use super::super::Refusal;
use super::refused;
use super::way::{Via, in_memory};
use crate::kernel::maps::{self, Place};
use crate::kernel::{file, map_files, memory, namespace, pagemap, process, shmat};
use crate::snapshot::Snapshot;
use std::os::fd::OwnedFd;

/// Processes that are asked before it is given up.
pub(super) const MOST: usize = 64;

/// Pages of a page map that are read at a time.
const PAGES: u64 = 1 << 16;

/// Largest segment whose pages are counted, bytes; a larger one with holes is left to the other ways.
const LARGEST: u64 = 1 << 40;

/// A process that has the segment attached, by pid and start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attacher {
    pub(super) pid: u32,
    start_ticks: u64,
    pub(super) comm: Box<[u8]>,
}

impl Attacher {
    /// A process of a snapshot.
    pub(super) fn new(snapshot: &Snapshot, pid: u32) -> Option<Self> {
        let process = snapshot.process(pid)?;
        Some(Self { pid, start_ticks: process.start_ticks, comm: process.comm.clone() })
    }
}

/// The first way that works: a mapping's file, which needs more privilege and can do more, before memory.
pub(super) fn way(attachers: &[Attacher], id: i32, size: u64) -> Option<Via> {
    let attachers = || attachers.iter().take(MOST);
    let file = attachers().find(|attacher| open_file(attacher, id).is_some());
    let memory = || attachers().find(|attacher| Memory::open(attacher, id, size).is_some());
    file.map(|attacher| Via::MappedFile(attacher.clone(), id))
        .or_else(|| memory().map(|attacher| Via::Memory(attacher.clone(), id)))
}

/// Opens the file behind a process's mapping of the segment.
pub(super) fn open_file(attacher: &Attacher, id: i32) -> Option<OwnedFd> {
    let proc = file::open_directory("/proc").ok()?;
    let place = *places(&proc, attacher, id)?.first()?;
    let opened = map_files::open(&proc, attacher.pid, place).ok()?;
    // From here on it stays what it is; whether it is what was meant is asked now.
    (map_files::is_segment(&opened, id) && places(&proc, attacher, id)?.contains(&place)).then_some(opened)
}

/// Where the process has the segment; `None` when it is another process now, or may not be looked into.
fn places(proc: &OwnedFd, attacher: &Attacher, id: i32) -> Option<Vec<Place>> {
    let mut buffer = Vec::new();
    let started = process::read_stat(proc, attacher.pid, &mut buffer).ok()?.start_ticks;
    let here = namespace::own("ipc")
        .is_some_and(|own| namespace::read_ipc(proc, &attacher.pid.to_string()).is_ok_and(|theirs| theirs == own));
    if started != attacher.start_ticks || !here {
        return None;
    }
    let devices = maps::internal_devices();
    let mut places = Vec::new();
    maps::read(proc, &attacher.pid.to_string(), &mut buffer, &mut |mapping| {
        let is_it = u64::try_from(id) == Ok(mapping.inode) && devices.contains(&mapping.device);
        places.extend(mapping.place().filter(|_| is_it && mapping.sysv_key().is_some()));
    })
    .ok()?;
    Some(places)
}

/// A segment in a process's memory.
#[derive(Debug)]
pub(super) struct Memory {
    attacher: Attacher,
    id: i32,
    proc: OwnedFd,
    /// Mappings that together show all of it, in order.
    places: Vec<Place>,
    /// There where the segment has holes: only pages that the process has are read.
    pages: Option<pagemap::Pagemap>,
}

impl Memory {
    /// `None` where not all of it can be read without touching what was never touched.
    pub(super) fn open(attacher: &Attacher, id: i32, size: u64) -> Option<Self> {
        let proc = file::open_directory("/proc").ok()?;
        let places = cover(places(&proc, attacher, id)?, size)?;
        let (resident, swapped) = in_memory(id)?;
        let page = shmat::page() as u64;
        let whole = size.div_ceil(page) * page;
        let pages = if resident + swapped >= whole {
            None
        } else if size <= LARGEST {
            let pages = pagemap::open(&proc, attacher.pid).ok()?;
            let theirs = count(&pages, &places, size)? * page;
            if theirs != resident + swapped {
                return None;
            }
            Some(pages)
        } else {
            return None;
        };
        let memory = Self { attacher: attacher.clone(), id, proc, places, pages };
        memory.is_readable(size).then_some(memory)
    }

    /// Tries one byte of the first page that is there; of none if there is none.
    fn is_readable(&self, size: u64) -> bool {
        let page = shmat::page() as u64;
        let mut offset = 0;
        while offset < size {
            let Some((address, length)) = self.locate(offset) else { return false };
            let some = length.min(PAGES * page).min(size - offset);
            let first = match &self.pages {
                None => Some(0),
                Some(pages) => match pages.read(address, some.div_ceil(page) as usize) {
                    Ok(there) => there.iter().position(|there| *there).map(|number| number as u64 * page),
                    Err(_) => return false,
                },
            };
            if let Some(first) = first {
                return memory::read(self.attacher.pid, address + first, &mut [0]).is_ok();
            }
            offset += some;
        }
        true
    }

    fn locate(&self, offset: u64) -> Option<(u64, u64)> {
        self.places.iter().find_map(|place| place.locate(offset))
    }

    /// Copies bytes. Errors: [`Refusal::Changed`] when the process or its mappings are others by now.
    pub(super) fn read(&self, what: &str, offset: u64, bytes: &mut [u8]) -> Result<usize, Refusal> {
        let mut done = 0;
        while done < bytes.len() {
            let changed = || Refusal::Changed { what: what.to_owned() };
            let (address, there) = self.locate(offset + done as u64).ok_or_else(changed)?;
            let length = (bytes.len() - done).min(usize::try_from(there).unwrap_or(usize::MAX));
            self.read_there(what, address, &mut bytes[done..done + length])?;
            done += length;
        }
        // Had it gone meanwhile, these could be anything's bytes.
        let same = places(&self.proc, &self.attacher, self.id)
            .is_some_and(|now| self.places.iter().all(|place| now.iter().any(|now| shows(now, place))));
        if same { Ok(done) } else { Err(Refusal::Changed { what: what.to_owned() }) }
    }

    fn read_there(&self, what: &str, address: u64, bytes: &mut [u8]) -> Result<(), Refusal> {
        let fail = |error| refused(what, error, "the memory of the process that has it attached may not be read");
        let Some(pages) = &self.pages else { return self.read_all(address, bytes).map_err(fail) };
        let page = shmat::page() as u64;
        let first = address - address % page;
        let count = (address - first + bytes.len() as u64).div_ceil(page);
        let there = pages.read(first, count as usize).map_err(fail)?;
        let mut done = 0;
        for number in 0..count {
            let end = (((first + (number + 1) * page) - address) as usize).min(bytes.len());
            if there.get(number as usize).copied().unwrap_or(false) {
                self.read_all(address + done as u64, &mut bytes[done..end]).map_err(fail)?;
            } else {
                bytes[done..end].fill(0);
            }
            done = end;
        }
        Ok(())
    }

    fn read_all(&self, address: u64, bytes: &mut [u8]) -> crate::kernel::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let read = memory::read(self.attacher.pid, address + done as u64, &mut bytes[done..])?;
            if read == 0 {
                return Err(crate::kernel::Error::Gone { what: format!("memory of pid {}", self.attacher.pid) });
            }
            done += read;
        }
        Ok(())
    }
}

/// Whether a mapping shows the part of the segment that `part` is, at the same address.
fn shows(mapping: &Place, part: &Place) -> bool {
    mapping.end == part.end && mapping.locate(part.offset).is_some_and(|(address, _)| address == part.start)
}

/// Mappings that show `size` bytes from 0 on without a gap, each where the one before ends; `None` when some are missing.
fn cover(mut places: Vec<Place>, size: u64) -> Option<Vec<Place>> {
    places.sort_unstable_by_key(|place| place.offset);
    let mut chosen = Vec::new();
    let mut covered = 0;
    while covered < size {
        let (place, (_, length)) =
            places.iter().filter_map(|place| Some((*place, place.locate(covered)?))).max_by_key(|(_, (_, l))| *l)?;
        // What the one before shows already is left out.
        let skip = covered - place.offset;
        chosen.push(Place { start: place.start + skip, offset: covered, ..place });
        covered += length;
    }
    Some(chosen)
}

/// Pages of the segment that the process has.
fn count(pages: &pagemap::Pagemap, places: &[Place], size: u64) -> Option<u64> {
    let page = shmat::page() as u64;
    let mut count = 0;
    for place in places {
        let length = (place.end - place.start).min(size - place.offset);
        let all = length.div_ceil(page);
        let mut done = 0;
        while done < all {
            let some = PAGES.min(all - done);
            let there = pages.read(place.start + done * page, some as usize).ok()?;
            if there.is_empty() {
                return None;
            }
            count += there.iter().filter(|there| **there).count() as u64;
            done += there.len() as u64;
        }
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_covered_by_pieces_in_any_order() {
        let place = |start, end, offset| Place { start, end, offset };
        assert_eq!(cover(vec![place(100, 200, 0)], 100), Some(vec![place(100, 200, 0)]));
        assert_eq!(
            cover(vec![place(500, 600, 50), place(100, 200, 0)], 150),
            Some(vec![place(100, 200, 0), place(550, 600, 100)])
        );
        assert_eq!(cover(vec![place(500, 600, 50)], 100), None, "the beginning is not there");
        assert_eq!(cover(vec![place(100, 200, 0), place(300, 400, 150)], 200), None, "a gap");
        assert_eq!(cover(vec![], 0), Some(vec![]));
    }
}
