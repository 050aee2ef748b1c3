//! Numeric names in a directory of /proc: pids, threads, descriptors (`man 2 getdents64`).
//!
//! Done with the raw call and one reused buffer: a busy machine has 127,000 descriptors, and an allocation for each
//! name would cost as much as the kernel's own work.

use super::text::decimal;
use super::{Error, Result};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd};

/// Offset of `d_reclen` and of `d_name` in `struct linux_dirent64`.
const RECLEN: usize = 16;
const NAME: usize = 19;

/// Bytes that an entry of /proc takes, generously.
const LONGEST: usize = 128;

/// A reusable buffer for reading directories.
pub struct Dirents {
    buffer: Vec<u8>,
}

impl Default for Dirents {
    fn default() -> Self {
        Self { buffer: vec![0; 32 * 1024] }
    }
}

impl Dirents {
    /// Calls `each` with every name that is a decimal number, in the kernel's order. Errors: [`Error::NotFound`] when
    /// the process behind the directory is gone.
    pub fn numbers(&mut self, dir: impl AsFd, what: &str, mut each: impl FnMut(u32)) -> Result<()> {
        loop {
            // SAFETY: the buffer is valid for writes of its whole length, which is passed along.
            let read = unsafe {
                libc::syscall(
                    libc::SYS_getdents64,
                    dir.as_fd().as_raw_fd(),
                    self.buffer.as_mut_ptr(),
                    self.buffer.len(),
                )
            };
            let read = Errno::result(read).map_err(|errno| Error::from_errno(what, errno))?;
            let read = usize::try_from(read).unwrap_or_default();
            parse_numbers(&self.buffer[..read], &mut each);
            // /proc fills the buffer as long as there is anything (`proc_readfd_common`, `proc_pid_readdir`): with room left
            // for one more this was all, which spares the call that would say so.
            if read + LONGEST < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

/// Walks the entries of one `getdents64` answer; stops at a record that does not fit.
pub fn parse_numbers(mut entries: &[u8], each: &mut impl FnMut(u32)) {
    while let Some(length) = entries.get(RECLEN..RECLEN + 2) {
        let length = usize::from(u16::from_ne_bytes([length[0], length[1]]));
        let Some(entry) = entries.get(..length).filter(|entry| entry.len() > NAME) else { return };
        let name = &entry[NAME..];
        let name = &name[..memchr::memchr(0, name).unwrap_or(name.len())];
        if let Some(number) = decimal(name).and_then(|n| u32::try_from(n).ok()) {
            each(number);
        }
        entries = &entries[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(name: &[u8]) -> Vec<u8> {
        let length = (NAME + name.len() + 1).next_multiple_of(8);
        let mut entry = vec![0; length];
        entry[RECLEN..RECLEN + 2].copy_from_slice(&(length as u16).to_ne_bytes());
        entry[NAME..NAME + name.len()].copy_from_slice(name);
        entry
    }

    #[test]
    fn only_numbers() {
        let bytes: Vec<u8> =
            [&b"."[..], b"..", b"1", b"self", b"812", b"99999999999"].iter().flat_map(|n| entry(n)).collect();
        let mut seen = Vec::new();
        parse_numbers(&bytes, &mut |n| seen.push(n));
        assert_eq!(seen, [1, 812]);
    }

    proptest! {
        #[test]
        fn damaged_entries_end_the_walk(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut count = 0;
            parse_numbers(&bytes, &mut |_| count += 1);
            prop_assert!(count <= bytes.len() / NAME + 1);
        }
    }
}
