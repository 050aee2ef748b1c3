//! `/proc/sysvipc/{msg,shm,sem}`: every System V object of the calling thread's IPC namespace, readable or not.
//!
//! Follows `ipc/msg.c`, `ipc/shm.c`, `ipc/sem.c` (`sysvipc_*_proc_show`) and `man 5 proc_sysvipc`. Parsed here and not
//! by the procfs crate: it has no msg and no sem, and reads uids as 16 bits. What the text lacks (`msg_qbytes`, each
//! semaphore's value) is left to `msgctl`, `semctl`.

use super::text::Numbers;
use super::{Error, Result, file};
use crate::model::{Ids, Key};
use std::ops::ControlFlow;

/// The part that all three share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Perm {
    /// Key; the text has it signed.
    pub key: Key,
    /// `msqid`, `shmid` or `semid`.
    pub id: i32,
    /// Permission bits and, for segments, `SHM_DEST` and `SHM_LOCKED`.
    pub mode: u32,
    /// Owner.
    pub owner: Ids,
    /// Creator.
    pub creator: Ids,
}

/// A line of `/proc/sysvipc/msg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MsgLine {
    /// Key, id, owner, mode.
    pub perm: Perm,
    /// Bytes in the queue (`msg_cbytes`).
    pub bytes: u64,
    /// Messages in the queue (`msg_qnum`).
    pub messages: u64,
    /// Pid of the last `msgsnd`, 0 for none or not visible from this PID namespace.
    pub last_sender: u32,
    /// Pid of the last `msgrcv`, likewise.
    pub last_receiver: u32,
    /// Last `msgsnd`, seconds since the epoch, 0 for never.
    pub sent: i64,
    /// Last `msgrcv`, likewise.
    pub received: i64,
    /// Creation or last `IPC_SET`, likewise.
    pub changed: i64,
}

/// A line of `/proc/sysvipc/shm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShmLine {
    /// Key, id, owner, mode.
    pub perm: Perm,
    /// Size in bytes.
    pub size: u64,
    /// Pid of the creator, 0 when not visible from this PID namespace.
    pub creator_pid: u32,
    /// Pid of the last `shmat` or `shmdt`, 0 for none.
    pub last_pid: u32,
    /// Number of attaches.
    pub attaches: u64,
    /// Last `shmat`, seconds since the epoch, 0 for never.
    pub attached: i64,
    /// Last `shmdt`, likewise.
    pub detached: i64,
    /// Creation or last `IPC_SET`, likewise.
    pub changed: i64,
    /// Bytes in memory; absent before Linux 2.6.34.
    pub resident: Option<u64>,
    /// Bytes in swap; likewise.
    pub swapped: Option<u64>,
}

/// `SHM_DEST` and `SHM_LOCKED` in a segment's mode (`linux/shm.h`).
pub(super) const SHM_DEST: u32 = 0o1000;
pub(super) const SHM_LOCKED: u32 = 0o2000;

impl ShmLine {
    /// Removed, but kept while somebody is attached (`SHM_DEST`).
    pub const fn marked_for_removal(&self) -> bool {
        self.perm.mode & SHM_DEST != 0
    }

    /// Locked in memory (`SHM_LOCKED`).
    pub const fn locked(&self) -> bool {
        self.perm.mode & SHM_LOCKED != 0
    }
}

/// A line of `/proc/sysvipc/sem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemLine {
    /// Key, id, owner, mode.
    pub perm: Perm,
    /// Semaphores in the set.
    pub count: u64,
    /// Last `semop`, seconds since the epoch, 0 for never.
    pub operated: i64,
    /// Creation, last `IPC_SET`, `SETVAL` or `SETALL`, likewise.
    pub changed: i64,
}

/// Calls `each` with every line of `/proc/sysvipc/msg`, in the kernel's order, for the calling thread's IPC namespace,
/// and tells how many lines did not parse. Needs no privilege. Errors: [`Error::Unsupported`] without System V IPC.
pub fn read_msg(each: &mut dyn FnMut(MsgLine)) -> Result<usize> {
    read("/proc/sysvipc/msg", parse_msg_line, each)
}

/// As [`read_msg`], of `/proc/sysvipc/shm`.
pub fn read_shm(each: &mut dyn FnMut(ShmLine)) -> Result<usize> {
    read("/proc/sysvipc/shm", parse_shm_line, each)
}

/// As [`read_msg`], of `/proc/sysvipc/sem`.
pub fn read_sem(each: &mut dyn FnMut(SemLine)) -> Result<usize> {
    read("/proc/sysvipc/sem", parse_sem_line, each)
}

/// Parses one line of a table.
type ParseLine<T> = fn(&[u8]) -> Option<T>;

/// The line of `/proc/sysvipc/msg` with this id; what comes after it is not read. Errors: as [`read_msg`].
pub fn find_msg(id: i32) -> Result<Option<MsgLine>> {
    find("/proc/sysvipc/msg", parse_msg_line, &|line| line.perm.id == id)
}

/// As [`find_msg`], of `/proc/sysvipc/shm`.
pub fn find_shm(id: i32) -> Result<Option<ShmLine>> {
    find("/proc/sysvipc/shm", parse_shm_line, &|line| line.perm.id == id)
}

/// As [`find_msg`], of `/proc/sysvipc/sem`.
pub fn find_sem(id: i32) -> Result<Option<SemLine>> {
    find("/proc/sysvipc/sem", parse_sem_line, &|line| line.perm.id == id)
}

fn read<T>(path: &str, parse: ParseLine<T>, each: &mut dyn FnMut(T)) -> Result<usize> {
    let mut damaged = 0;
    read_pieces(path, &mut |lines| {
        damaged += parse_lines(lines, parse, each);
        ControlFlow::Continue(())
    })?;
    Ok(damaged)
}

fn find<T>(path: &str, parse: ParseLine<T>, is_it: &dyn Fn(&T) -> bool) -> Result<Option<T>> {
    let mut found = None;
    read_pieces(path, &mut |lines| {
        parse_lines(lines, parse, &mut |line| {
            if is_it(&line) {
                found = Some(line);
            }
        });
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// The lines without the heading.
fn read_pieces(path: &str, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
    let mut heading = true;
    let read = file::read_lines(path, &mut |lines| {
        each(if std::mem::take(&mut heading) { without_heading(lines) } else { lines })
    });
    match read {
        Err(Error::NotFound { what }) => Err(Error::Unsupported { what }),
        read => read,
    }
}

fn without_heading(text: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', text).map_or(&[], |end| &text[end + 1..])
}

/// Parses whole lines and tells how many had not the expected form.
pub fn parse_lines<T>(mut text: &[u8], parse: ParseLine<T>, each: &mut dyn FnMut(T)) -> usize {
    let mut damaged = 0;
    while !text.is_empty() {
        let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
        match parse(&text[..end]) {
            Some(line) => each(line),
            None => damaged += 1,
        }
        text = text.get(end + 1..).unwrap_or_default();
    }
    damaged
}

/// Parses a line of `/proc/sysvipc/msg`.
pub fn parse_msg_line(line: &[u8]) -> Option<MsgLine> {
    let n = &mut Numbers::new(line);
    let (key, id, mode) = head(n)?;
    let (bytes, messages) = (n.unsigned()?, n.unsigned()?);
    let (last_sender, last_receiver) = (n.unsigned()?, n.unsigned()?);
    let perm = perm(key, id, mode, n)?;
    let (sent, received, changed) = (n.signed()?, n.signed()?, n.signed()?);
    Some(MsgLine { perm, bytes, messages, last_sender, last_receiver, sent, received, changed })
}

/// Parses a line of `/proc/sysvipc/shm`.
pub fn parse_shm_line(line: &[u8]) -> Option<ShmLine> {
    let n = &mut Numbers::new(line);
    let (key, id, mode) = head(n)?;
    let size = n.unsigned()?;
    let (creator_pid, last_pid) = (n.unsigned()?, n.unsigned()?);
    let attaches = n.unsigned()?;
    let perm = perm(key, id, mode, n)?;
    Some(ShmLine {
        perm,
        size,
        creator_pid,
        last_pid,
        attaches,
        attached: n.signed()?,
        detached: n.signed()?,
        changed: n.signed()?,
        resident: n.unsigned(),
        swapped: n.unsigned(),
    })
}

/// Parses a line of `/proc/sysvipc/sem`.
pub fn parse_sem_line(line: &[u8]) -> Option<SemLine> {
    let n = &mut Numbers::new(line);
    let (key, id, mode) = head(n)?;
    let count = n.unsigned()?;
    let perm = perm(key, id, mode, n)?;
    Some(SemLine { perm, count, operated: n.signed()?, changed: n.signed()? })
}

/// Key, id and octal mode begin every line.
fn head(n: &mut Numbers<'_>) -> Option<(Key, i32, u32)> {
    Some((Key(n.signed()?), n.signed().filter(|id| *id >= 0)?, n.octal()?))
}

/// Owner and creator follow each other in every table.
fn perm(key: Key, id: i32, mode: u32, n: &mut Numbers<'_>) -> Option<Perm> {
    let mut ids = || Some(Ids { uid: n.unsigned()?, gid: Some(n.unsigned()?) });
    Some(Perm { key, id, mode, owner: ids()?, creator: ids()? })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MSG: &str = "\
        -559038737      32769   640          96          3   812     0 4000000000   100     0     0 1795236540          0 99999999999\n";

    fn all<T>(text: &[u8], parse: ParseLine<T>) -> (Vec<T>, usize) {
        let mut lines = Vec::new();
        let damaged = parse_lines(text, parse, &mut |line| lines.push(line));
        (lines, damaged)
    }

    #[test]
    fn negative_keys_large_uids_and_64_bit_times() {
        let (lines, damaged) = all(MSG.as_bytes(), parse_msg_line);
        assert_eq!(damaged, 0);
        let line = lines[0];
        assert_eq!(line.perm.key.to_string(), "0xdeadbeef");
        assert_eq!((line.perm.id, line.perm.mode), (32769, 0o640));
        assert_eq!(line.perm.owner, Ids { uid: 4_000_000_000, gid: Some(100) });
        assert_eq!((line.bytes, line.messages, line.last_sender, line.last_receiver), (96, 3, 812, 0));
        assert_eq!((line.sent, line.received, line.changed), (1_795_236_540, 0, 99_999_999_999));
    }

    #[test]
    fn segments_with_flags_and_64_bit_sizes() {
        let text = "         0          7  3666  1099511627776  900   901      2  1000  1000  1000  1000 1 2 3 4096 8192\n\
                    1 8 0 1 1 1 1 1 1 1 1 1 1 1\n";
        let (lines, _) = all(text.as_bytes(), parse_shm_line);
        assert_eq!(lines[0].size, 1 << 40);
        assert_eq!(lines[0].perm.mode, 0o3666);
        assert_eq!((lines[0].resident, lines[0].swapped), (Some(4096), Some(8192)));
        assert_eq!(lines[1].resident, None);
    }

    #[test]
    fn a_damaged_line_loses_one_row() {
        let text = "1 2 600 5 0 0 0 0 100 200\n1 2 600\n1 -2 600 5 0 0 0 0 1 1\n9 9 9x9 1 1 1 1 1 1 1\n3 4 600 1 0 0 0 0 0 0\n";
        let (lines, damaged) = all(text.as_bytes(), parse_sem_line);
        assert_eq!((lines.len(), damaged), (2, 3));
        assert_eq!(lines[1].perm.id, 4);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let lines = memchr::memchr_iter(b'\n', &text).count() + 1;
            let (msg, shm, sem) = (all(&text, parse_msg_line), all(&text, parse_shm_line), all(&text, parse_sem_line));
            for (rows, damaged) in [(msg.0.len(), msg.1), (shm.0.len(), shm.1), (sem.0.len(), sem.1)] {
                prop_assert!(rows + damaged <= lines);
            }
        }

        #[test]
        fn what_is_written_is_read(key: i32, id in 0..i32::MAX, mode in 0u32..0o10000, uid: u32, bytes: u64, time: i64) {
            let text = format!("{key:10} {id:10} {mode:5o} {bytes} 1 2 3 {uid:5} 1 {uid:5} 1 {time:10} {time:10} {time:10}\n");
            let line = all(text.as_bytes(), parse_msg_line).0[0];
            prop_assert_eq!((line.perm.key.0, line.perm.id, line.perm.mode), (key, id, mode));
            prop_assert_eq!((line.perm.owner.uid, line.bytes, line.changed), (uid, bytes, time));
        }

        #[test]
        fn a_cut_line_gives_no_wrong_row(cut in 0..200usize) {
            let text = MSG.as_bytes();
            let whole = all(text, parse_msg_line).0[0];
            let (lines, _) = all(&text[..text.len().saturating_sub(cut)], parse_msg_line);
            // A cut inside the last number cannot be told from a shorter number; everything before must be right.
            for line in lines {
                prop_assert_eq!(line.perm, whole.perm);
                prop_assert_eq!(line.sent, whole.sent);
            }
        }
    }
}
