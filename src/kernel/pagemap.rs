//! `/proc/PID/pagemap` (`man 5 proc_pid_pagemap`): which pages of a process are there. Tells the pages of a segment that
//! the process has touched, so that the others need not be touched to learn that they were not.

use super::{Result, file};
use std::os::fd::{AsFd, OwnedFd};

/// In memory, or swapped out: bits 63 and 62 of an entry.
const THERE: u64 = 1 << 63 | 1 << 62;

/// An open page map. Its page size is [`super::shmat::page`].
#[derive(Debug)]
pub struct Pagemap(OwnedFd);

/// Opens a process's page map. Needs ptrace read access. Errors: [`Permission`](super::Error::Permission),
/// [`NotFound`](super::Error::NotFound).
pub fn open(proc: impl AsFd, pid: u32) -> Result<Pagemap> {
    file::open_to_read(proc, format!("{pid}/pagemap").as_bytes(), true).map(Pagemap)
}

impl Pagemap {
    /// For each page from an address on, whether the process has it; as many as could be read.
    pub fn read(&self, address: u64, pages: usize) -> Result<Vec<bool>> {
        let page = super::shmat::page() as u64;
        let mut entries = vec![0; pages * 8];
        let length = file::pread(&self.0, &mut entries, address / page * 8)?;
        Ok(parse(&entries[..length]))
    }
}

/// Parses entries of eight bytes each.
pub fn parse(entries: &[u8]) -> Vec<bool> {
    entries.as_chunks::<8>().0.iter().map(|entry| u64::from_ne_bytes(*entry) & THERE != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let words = [1u64 << 63, 1 << 62, 0, 1 << 55];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).chain([1, 2, 3]).collect();
        assert_eq!(parse(&bytes), [true, true, false, false]);
    }
}
