//! Another process's memory (`man 2 process_vm_readv`): the path that a task sleeps in opening, the set of signals that it
//! waits for, the bytes of a segment that it has attached.
//!
//! Reads only; nothing is stopped. Asked for on demand: when a FIFO file is looked at that nobody has open, before a signal
//! is sent, and for contents.

use super::{Error, Result};
use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use std::io::IoSliceMut;

/// Longest path that a system call takes, its NUL included (`PATH_MAX`).
const LONGEST: usize = 4096;

/// Reads the NUL-terminated string at an address. Needs ptrace attach access: the same user without Yama, or
/// `CAP_SYS_PTRACE`. Errors: [`Error::Malformed`] when there is no NUL within the length of a path.
pub fn read_string(pid: u32, address: u64) -> Result<Vec<u8>> {
    let what = || format!("memory of pid {pid}");
    let mut string = vec![0; LONGEST];
    let mut length = 0;
    while length < LONGEST {
        let base = address as usize + length;
        // One page at a time: the next may not be mapped.
        let piece = (LONGEST - base % LONGEST).min(LONGEST - length);
        let remote = [RemoteIoVec { base, len: piece }];
        let mut local = [IoSliceMut::new(&mut string[length..length + piece])];
        let read = process_vm_readv(Pid::from_raw(pid as i32), &mut local, &remote)
            .map_err(|errno| Error::from_errno(what(), errno))?;
        if let Some(end) = memchr::memchr(0, &string[length..length + read]) {
            string.truncate(length + end);
            return Ok(string);
        }
        if read < piece {
            break;
        }
        length += read;
    }
    Err(Error::Malformed { what: what(), detail: "a string without end".into() })
}

/// Reads eight bytes at an address as one number of this machine, as a set of signals is kept. Privilege as for
/// [`read_string`].
pub fn read_word(pid: u32, address: u64) -> Result<u64> {
    let what = || format!("memory of pid {pid}");
    let mut word = [0; 8];
    let remote = [RemoteIoVec { base: address as usize, len: word.len() }];
    let read = process_vm_readv(Pid::from_raw(pid as i32), &mut [IoSliceMut::new(&mut word)], &remote)
        .map_err(|errno| Error::from_errno(what(), errno))?;
    if read == word.len() {
        Ok(u64::from_ne_bytes(word))
    } else {
        Err(Error::Malformed { what: what(), detail: "less than eight bytes".into() })
    }
}

/// Copies bytes from an address on, as many as could be read before one that could not. A page that was never touched is
/// brought in, and if it is a hole in a shared file, made. Needs ptrace attach access, as above. Errors:
/// [`Error::NotFound`] when the process is gone, `EFAULT` when nothing is mapped there.
pub fn read(pid: u32, address: u64, bytes: &mut [u8]) -> Result<usize> {
    let base =
        usize::try_from(address).map_err(|_| Error::from_errno(format!("memory of pid {pid}"), Errno::EFAULT))?;
    let remote = [RemoteIoVec { base, len: bytes.len() }];
    process_vm_readv(Pid::from_raw(pid as i32), &mut [IoSliceMut::new(bytes)], &remote)
        .map_err(|errno| Error::from_errno(format!("memory of pid {pid}"), errno))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_memory() {
        let text = c"a path \x1b \xff";
        let read = read_string(std::process::id(), text.as_ptr() as u64);
        match read {
            // A sandbox may forbid even this.
            Err(error) if error.is_permission() => assert!(error.to_string().contains("permission")),
            read => assert_eq!(read.unwrap(), text.to_bytes()),
        }
        assert!(read_string(std::process::id(), 0).is_err());
        let set = 0x1234_5678_9abc_def0_u64;
        match read_word(std::process::id(), (&raw const set) as u64) {
            Err(error) if error.is_permission() => {}
            read => assert_eq!(read.unwrap(), set),
        }
        assert!(read_word(std::process::id(), 0).is_err());
    }
}
