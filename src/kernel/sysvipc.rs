//! `/proc/sysvipc/{msg,shm,sem}`: every System V object of the calling thread's IPC namespace, readable or not.
//!
//! Follows `ipc/msg.c`, `ipc/shm.c`, `ipc/sem.c` (`sysvipc_*_proc_show`) and `man 5 proc_sysvipc`. Parsed here and not
//! by the procfs crate: it has no msg and no sem, and reads uids as 16 bits. What the text lacks (`msg_qbytes`, each
//! semaphore's value) is left to `msgctl`, `semctl`.

use super::text::Numbers;
use super::{Error, Result, file};
use crate::model::{Ids, Key};

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

/// What a table held: its lines, and how many did not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<T> {
    /// Parsed lines, in the kernel's order.
    pub lines: Vec<T>,
    /// Lines that did not have the expected form.
    pub damaged: usize,
}

/// Reads `/proc/sysvipc/msg` of the calling thread's IPC namespace. Needs no privilege.
pub fn read_msg() -> Result<Table<MsgLine>> {
    read("/proc/sysvipc/msg", parse_msg)
}

/// Reads `/proc/sysvipc/shm` of the calling thread's IPC namespace. Needs no privilege.
pub fn read_shm() -> Result<Table<ShmLine>> {
    read("/proc/sysvipc/shm", parse_shm)
}

/// Reads `/proc/sysvipc/sem` of the calling thread's IPC namespace. Needs no privilege.
pub fn read_sem() -> Result<Table<SemLine>> {
    read("/proc/sysvipc/sem", parse_sem)
}

fn read<T>(path: &str, parse: fn(&[u8]) -> Table<T>) -> Result<Table<T>> {
    match file::read(path) {
        Ok(text) => Ok(parse(&text)),
        Err(Error::NotFound { what }) => Err(Error::Unsupported { what }),
        Err(error) => Err(error),
    }
}

/// Parses the text of `/proc/sysvipc/msg`.
pub fn parse_msg(text: &[u8]) -> Table<MsgLine> {
    parse_table(text, |n| {
        let (key, id, mode) = head(n)?;
        let (bytes, messages) = (n.unsigned()?, n.unsigned()?);
        let (last_sender, last_receiver) = (n.unsigned()?, n.unsigned()?);
        let perm = perm(key, id, mode, n)?;
        Some(MsgLine {
            perm,
            bytes,
            messages,
            last_sender,
            last_receiver,
            sent: n.signed()?,
            received: n.signed()?,
            changed: n.signed()?,
        })
    })
}

/// Parses the text of `/proc/sysvipc/shm`.
pub fn parse_shm(text: &[u8]) -> Table<ShmLine> {
    parse_table(text, |n| {
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
    })
}

/// Parses the text of `/proc/sysvipc/sem`.
pub fn parse_sem(text: &[u8]) -> Table<SemLine> {
    parse_table(text, |n| {
        let (key, id, mode) = head(n)?;
        let count = n.unsigned()?;
        let perm = perm(key, id, mode, n)?;
        Some(SemLine { perm, count, operated: n.signed()?, changed: n.signed()? })
    })
}

fn parse_table<T>(text: &[u8], line: impl Fn(&mut Numbers<'_>) -> Option<T>) -> Table<T> {
    let mut table = Table { lines: Vec::with_capacity(text.len() / 100), damaged: 0 };
    let mut rest = text;
    let mut header = true;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let this = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if std::mem::take(&mut header) {
            continue;
        }
        match line(&mut Numbers::new(this)) {
            Some(parsed) => table.lines.push(parsed),
            None => table.damaged += 1,
        }
    }
    table
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

    const MSG: &str = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n\
        -559038737      32769   640          96          3   812     0 4000000000   100     0     0 1795236540          0 99999999999\n";

    #[test]
    fn negative_keys_large_uids_and_64_bit_times() {
        let table = parse_msg(MSG.as_bytes());
        assert_eq!(table.damaged, 0);
        let line = table.lines[0];
        assert_eq!(line.perm.key.to_string(), "0xdeadbeef");
        assert_eq!((line.perm.id, line.perm.mode), (32769, 0o640));
        assert_eq!(line.perm.owner, Ids { uid: 4_000_000_000, gid: Some(100) });
        assert_eq!((line.bytes, line.messages, line.last_sender, line.last_receiver), (96, 3, 812, 0));
        assert_eq!((line.sent, line.received, line.changed), (1_795_236_540, 0, 99_999_999_999));
    }

    #[test]
    fn segments_with_flags_and_64_bit_sizes() {
        let text = "header\n         0          7  3666  1099511627776  900   901      2  1000  1000  1000  1000 1 2 3 4096 8192\n\
                    1 8 0 1 1 1 1 1 1 1 1 1 1 1\n";
        let table = parse_shm(text.as_bytes());
        assert_eq!(table.lines[0].size, 1 << 40);
        assert_eq!(table.lines[0].perm.mode, 0o3666);
        assert_eq!((table.lines[0].resident, table.lines[0].swapped), (Some(4096), Some(8192)));
        assert_eq!(table.lines[1].resident, None);
    }

    #[test]
    fn a_damaged_line_loses_one_row() {
        let text = "header\n1 2 600 5 0 0 0 0 100 200\n1 2 600\n1 -2 600 5 0 0 0 0 1 1\n9 9 9x9 1 1 1 1 1 1 1\n3 4 600 1 0 0 0 0 0 0\n";
        let table = parse_sem(text.as_bytes());
        assert_eq!(table.lines.len(), 2);
        assert_eq!(table.damaged, 3);
        assert_eq!(table.lines[1].perm.id, 4);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let lines = memchr::memchr_iter(b'\n', &text).count() + 1;
            for (rows, damaged) in [
                { let t = parse_msg(&text); (t.lines.len(), t.damaged) },
                { let t = parse_shm(&text); (t.lines.len(), t.damaged) },
                { let t = parse_sem(&text); (t.lines.len(), t.damaged) },
            ] {
                prop_assert!(rows + damaged <= lines);
            }
        }

        #[test]
        fn what_is_written_is_read(key: i32, id in 0..i32::MAX, mode in 0u32..0o10000, uid: u32, bytes: u64, time: i64) {
            let text = format!("header\n{key:10} {id:10} {mode:5o} {bytes} 1 2 3 {uid:5} 1 {uid:5} 1 {time:10} {time:10} {time:10}\n");
            let line = parse_msg(text.as_bytes()).lines[0];
            prop_assert_eq!((line.perm.key.0, line.perm.id, line.perm.mode), (key, id, mode));
            prop_assert_eq!((line.perm.owner.uid, line.bytes, line.changed), (uid, bytes, time));
        }

        #[test]
        fn a_cut_line_gives_no_wrong_row(cut in 0..200usize) {
            let text = MSG.as_bytes();
            let whole = parse_msg(text).lines[0];
            let table = parse_msg(&text[..text.len().saturating_sub(cut)]);
            // A cut inside the last number cannot be told from a shorter number; everything before must be right.
            for line in table.lines {
                prop_assert_eq!(line.perm, whole.perm);
                prop_assert_eq!(line.sent, whole.sent);
            }
        }
    }
}
