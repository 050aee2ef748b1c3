//! What the arguments of a sleeping call point at, in the memory of its task: arrays of `struct sembuf` and `struct pollfd`,
//! sets of `select(2)`, a `sockaddr`, a `struct flock`, futex words.
//!
//! Lengths come from the task and may be anything, so every read is bounded. The privilege is that of
//! [`super::memory::read`]. Whoever asks compares the call before and after: the memory may be used anew meanwhile.

use super::{Error, Result, memory};

/// One operation of a `semop(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemOperation {
    /// Which semaphore of the set.
    pub semaphore: u16,
    /// What is added; below 0 it waits until that much is there, 0 waits for zero.
    pub by: i16,
}

/// One descriptor that a `poll(2)` or `select(2)` watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// Its number.
    pub fd: u32,
    /// It waits for something to read.
    pub to_read: bool,
    /// It waits for room to write.
    pub to_write: bool,
}

/// A `struct flock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLock {
    /// `F_WRLCK`.
    pub write: bool,
    /// Where its bytes are counted from.
    pub whence: Whence,
    /// First byte, from there.
    pub start: i64,
    /// Bytes; 0 up to the end.
    pub length: i64,
}

/// Where the bytes of a lock are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// The beginning of the file (`SEEK_SET`).
    Start,
    /// The position of the descriptor (`SEEK_CUR`).
    Current,
    /// The end of the file (`SEEK_END`).
    End,
}

/// Most that is read of an array, in elements.
pub const MOST: u64 = 1024;

/// Reads whole elements of an array.
fn array<const SIZE: usize, T>(pid: u32, address: u64, count: u64, each: fn([u8; SIZE]) -> T) -> Result<Vec<T>> {
    let mut bytes = vec![0; count.min(MOST) as usize * SIZE];
    let read = memory::read(pid, address, &mut bytes)?;
    if read < bytes.len() {
        return Err(Error::Malformed {
            what: format!("memory of pid {pid}"),
            detail: "an array without its end".into(),
        });
    }
    Ok(bytes.as_chunks::<SIZE>().0.iter().map(|chunk| each(*chunk)).collect())
}

/// Reads the operations of a `semop`; the kernel takes 500 at most.
pub fn read_operations(pid: u32, address: u64, count: u64) -> Result<Vec<SemOperation>> {
    array(pid, address, count, |[a, b, c, d, _, _]: [u8; 6]| SemOperation {
        semaphore: u16::from_ne_bytes([a, b]),
        by: i16::from_ne_bytes([c, d]),
    })
}

/// Reads a `struct pollfd` array; descriptors below 0 are passed over, as by the kernel.
pub fn read_pollfds(pid: u32, address: u64, count: u64) -> Result<Vec<Watched>> {
    const READ: i16 = libc::POLLIN | libc::POLLPRI | libc::POLLRDNORM | libc::POLLRDBAND | libc::POLLRDHUP;
    const WRITE: i16 = libc::POLLOUT | libc::POLLWRNORM | libc::POLLWRBAND;
    let all = array(pid, address, count, |[a, b, c, d, e, f, _, _]: [u8; 8]| {
        (i32::from_ne_bytes([a, b, c, d]), i16::from_ne_bytes([e, f]))
    })?;
    let watched = |(fd, events): (i32, i16)| {
        let fd = u32::try_from(fd).ok()?;
        Some(Watched { fd, to_read: events & READ != 0, to_write: events & WRITE != 0 })
    };
    Ok(all.into_iter().filter_map(watched).collect())
}

/// Reads the sets of a `select`: to read from, to write to, and for exceptions, which count as reading.
pub fn read_sets(pid: u32, count: u64, sets: [u64; 3]) -> Result<Vec<Watched>> {
    let count = count.min(MOST * 64);
    let read = |address: u64| -> Result<Vec<u64>> {
        if address == 0 { Ok(Vec::new()) } else { array(pid, address, count.div_ceil(64), u64::from_ne_bytes) }
    };
    let [reads, writes, exceptions] = [read(sets[0])?, read(sets[1])?, read(sets[2])?];
    let has = |set: &[u64], fd: u64| set.get(fd as usize / 64).is_some_and(|word| word >> (fd % 64) & 1 == 1);
    let watched = |fd: u64| {
        let (to_read, to_write) = (has(&reads, fd) || has(&exceptions, fd), has(&writes, fd));
        (to_read || to_write).then_some(Watched { fd: fd as u32, to_read, to_write })
    };
    Ok((0..count).filter_map(watched).collect())
}

/// Reads the name of a unix socket out of a `sockaddr`, with a NUL in front of an abstract one; `None` for another family and
/// for no name.
pub fn read_unix_name(pid: u32, address: u64, length: u64) -> Result<Option<Vec<u8>>> {
    // `struct sockaddr_un`: two bytes of family, 108 of path.
    let mut bytes = vec![0; length.min(110) as usize];
    let read = memory::read(pid, address, &mut bytes)?;
    bytes.truncate(read);
    Ok(parse_unix_name(&bytes))
}

fn parse_unix_name(bytes: &[u8]) -> Option<Vec<u8>> {
    let (family, name) = bytes.split_first_chunk::<2>()?;
    if i32::from(u16::from_ne_bytes(*family)) != libc::AF_UNIX || name.is_empty() {
        return None;
    }
    let path = if name[0] == 0 { name } else { name.split(|b| *b == 0).next().unwrap_or(name) };
    (path.len() > 1 || path.first().is_some_and(|b| *b != 0)).then(|| path.to_vec())
}

/// Reads where a `struct msghdr` says that the receiver's name is: address and length.
pub fn read_message_name(pid: u32, address: u64) -> Result<(u64, u64)> {
    let words = array(pid, address, 2, u64::from_ne_bytes)?;
    Ok((words[0], words[1] & u64::from(u32::MAX)))
}

/// Reads a `struct flock` of a 64-bit program.
pub fn read_lock(pid: u32, address: u64) -> Result<RecordLock> {
    let bytes = array(pid, address, 1, |bytes: [u8; 24]| bytes)?;
    let short = |at: usize| i16::from_ne_bytes([bytes[0][at], bytes[0][at + 1]]);
    let long = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[0][at..at + 8]);
        i64::from_ne_bytes(word)
    };
    let write = short(0) == libc::F_WRLCK as i16;
    let whence = match i32::from(short(2)) {
        libc::SEEK_SET => Whence::Start,
        libc::SEEK_CUR => Whence::Current,
        _ => Whence::End,
    };
    Ok(RecordLock { write, whence, start: long(8), length: long(16) })
}

/// Reads 32-bit words from an address on, for a futex and what the C library keeps beside it.
pub fn read_words(pid: u32, address: u64, count: u64) -> Result<Vec<u32>> {
    array(pid, address, count, u32::from_ne_bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// `None` where a sandbox forbids even to read one's own memory.
    fn allowed<T>(read: Result<T>) -> Option<T> {
        match read {
            Err(error) if error.is_permission() => None,
            read => Some(read.unwrap()),
        }
    }

    #[test]
    fn ones_own_arrays() {
        let me = std::process::id();
        let operations = [
            libc::sembuf { sem_num: 1, sem_op: -1, sem_flg: 0 },
            libc::sembuf { sem_num: 2, sem_op: 3, sem_flg: libc::SEM_UNDO as i16 },
        ];
        if let Some(read) = allowed(read_operations(me, operations.as_ptr() as u64, 2)) {
            assert_eq!(read, [SemOperation { semaphore: 1, by: -1 }, SemOperation { semaphore: 2, by: 3 }]);
        }
        let fds = [(7, libc::POLLIN), (-1, libc::POLLIN), (9, libc::POLLOUT)];
        let fds = fds.map(|(fd, events)| libc::pollfd { fd, events, revents: 0 });
        if let Some(read) = allowed(read_pollfds(me, fds.as_ptr() as u64, 3)) {
            let seven = Watched { fd: 7, to_read: true, to_write: false };
            assert_eq!(read, [seven, Watched { fd: 9, to_read: false, to_write: true }]);
        }
        let (reads, writes) = ([0b1000_u64, 1], [0b1000_u64, 0]);
        let sets = [reads.as_ptr() as u64, writes.as_ptr() as u64, 0];
        if let Some(read) = allowed(read_sets(me, 65, sets)) {
            let three = Watched { fd: 3, to_read: true, to_write: true };
            assert_eq!(read, [three, Watched { fd: 64, to_read: true, to_write: false }]);
        }
        assert!(read_operations(me, 0, 1).is_err());
        assert!(read_pollfds(me, 0, u64::MAX).is_err(), "a length that is no length");
    }

    #[test]
    fn names_of_unix_sockets() {
        let of = |name: &[u8]| parse_unix_name(&[&(libc::AF_UNIX as u16).to_ne_bytes()[..], name].concat());
        assert_eq!(of(b"/run/x\0rest"), Some(b"/run/x".to_vec()));
        assert_eq!(of(b"\0a\0b"), Some(b"\0a\0b".to_vec()));
        assert_eq!((of(b""), of(b"\0")), (None, None));
        assert_eq!(parse_unix_name(&[2, 0, 1, 2]), None, "an internet address");
    }
}
