//! `/proc/PID/task/TID/syscall`: the call a task sleeps in, and so who is blocked on a queue or a semaphore set
//! (`man 5 proc_pid_syscall`).
//!
//! Numbers are those of `x86_64` and `aarch64`. A 32-bit program on `x86_64` has its own numbers; it is told by its stack
//! pointer, which lies below 4 GiB. On other machines nothing is decoded rather than guessed.
//!
//! [`super::sleep`] has all calls that can sleep, by their names. The few here are those by which a scan of every thread tells
//! who has an object: it looks up a number and compares no names. A test there holds the two together.

use super::dirents::Dirents;
use super::text::Numbers;
use super::{Error, Result, file, process};
use std::os::fd::AsFd;

/// What a task sleeps on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// `msgsnd` on this `msqid`.
    MsgSend(i32),
    /// `msgrcv` on this `msqid`.
    MsgReceive(i32),
    /// `semop` or `semtimedop` on this `semid`.
    Semop(i32),
    /// `mq_timedsend` on this descriptor.
    MqSend(u32),
    /// `mq_timedreceive` on this descriptor.
    MqReceive(u32),
    /// `read` or `readv` on this descriptor: of a pipe or FIFO, it is empty.
    Read(u32),
    /// `write` or `writev` on this descriptor: of a pipe or FIFO, it is full.
    Write(u32),
    /// Opening a file, which for a FIFO waits for the other end.
    Open {
        /// Descriptor of the directory that a relative path starts from; `AT_FDCWD` for the working directory.
        directory: i32,
        /// Where the path is in the task's memory.
        path: u64,
    },
}

/// A task in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Call number.
    pub number: u64,
    /// Its arguments.
    pub arguments: [u64; 6],
    /// Stack pointer.
    pub stack: u64,
}

/// Calls `each` with every thread of a process that sleeps on something IPC, and what. Needs ptrace attach access: the
/// same user without Yama, or `CAP_SYS_PTRACE` with `CAP_DAC_READ_SEARCH`. Errors: [`Error::Permission`],
/// [`Error::NotFound`]; a thread that ends meanwhile is passed over.
pub fn read_waits(
    proc: impl AsFd,
    pid: u32,
    dirents: &mut Dirents,
    buffer: &mut Vec<u8>,
    each: &mut dyn FnMut(u32, Wait),
) -> Result<()> {
    let threads = process::read_threads(&proc, pid, dirents)?;
    let mut seen = false;
    let mut refused = Error::NotFound { what: format!("{pid}/task") };
    for tid in threads {
        match file::read_at(&proc, &format!("{pid}/task/{tid}/syscall"), buffer) {
            Ok(()) => seen = true,
            // A thread that is ending belongs to nobody any more and is refused, although its process is open to us.
            Err(error) => {
                if !error.is_absent() {
                    refused = error;
                }
                continue;
            }
        }
        if let Some(wait) = parse(buffer).and_then(decode) {
            each(tid, wait);
        }
    }
    if seen { Ok(()) } else { Err(refused) }
}

/// What a task does, by its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// On a processor, or about to be.
    Runs,
    /// In no call: stopped, or in a fault.
    NoCall,
    /// In a call.
    Calls(Call),
}

/// Reads the line of one task, `PID` or `PID/task/TID`. Privilege and errors as for [`read_waits`].
pub fn read(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> Result<Doing> {
    file::read_single_at(proc, &format!("{task}/syscall"), buffer)?;
    Ok(match parse(buffer) {
        Some(call) => Doing::Calls(call),
        None if buffer.starts_with(b"running") => Doing::Runs,
        None => Doing::NoCall,
    })
}

impl Call {
    /// Whether the stack pointer lies where that of a 32-bit program must lie; a thread of a 64-bit one may have put its
    /// stack there too.
    pub fn is_low(&self) -> bool {
        u32::try_from(self.stack).is_ok()
    }
}

/// Parses the file's line; `None` for `running`, for a task that is in no call (`-1 …`), and for anything else.
pub fn parse(line: &[u8]) -> Option<Call> {
    let mut n = Numbers::new(line.trim_ascii());
    let number = n.unsigned()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = n.hex()?;
    }
    Some(Call { number, arguments, stack: n.hex()? })
}

/// Says what a call waits on, `None` when on nothing of IPC.
pub fn decode(call: Call) -> Option<Wait> {
    let [first, second, ..] = call.arguments;
    let (id, fd) = (first as u32 as i32, first as u32);
    if cfg!(target_arch = "x86_64") {
        if call.is_low() {
            return decode_i386(call.number, first, second);
        }
        return match call.number {
            65 | 220 => Some(Wait::Semop(id)),
            69 => Some(Wait::MsgSend(id)),
            70 => Some(Wait::MsgReceive(id)),
            242 => Some(Wait::MqSend(fd)),
            243 => Some(Wait::MqReceive(fd)),
            0 | 19 => Some(Wait::Read(fd)),
            1 | 20 => Some(Wait::Write(fd)),
            2 | 85 => Some(Wait::Open { directory: libc::AT_FDCWD, path: first }),
            257 | 437 => Some(Wait::Open { directory: id, path: second }),
            _ => None,
        };
    }
    if cfg!(target_arch = "aarch64") {
        return match call.number {
            182 => Some(Wait::MqSend(fd)),
            183 => Some(Wait::MqReceive(fd)),
            188 => Some(Wait::MsgReceive(id)),
            189 => Some(Wait::MsgSend(id)),
            192 | 193 => Some(Wait::Semop(id)),
            63 | 65 => Some(Wait::Read(fd)),
            64 | 66 => Some(Wait::Write(fd)),
            56 | 437 => Some(Wait::Open { directory: id, path: second }),
            _ => None,
        };
    }
    None
}

/// i386: System V calls come through `ipc(2)` (117), whose first argument chooses, or by their newer own numbers.
fn decode_i386(number: u64, first: u64, second: u64) -> Option<Wait> {
    let (own, inner, fd) = (first as u32 as i32, second as u32 as i32, first as u32);
    match (number, first & 0xffff) {
        (117, 1 | 4) => Some(Wait::Semop(inner)),
        (117, 11) => Some(Wait::MsgSend(inner)),
        (117, 12) => Some(Wait::MsgReceive(inner)),
        (420, _) => Some(Wait::Semop(own)),
        (400, _) => Some(Wait::MsgSend(own)),
        (401, _) => Some(Wait::MsgReceive(own)),
        (279 | 418, _) => Some(Wait::MqSend(fd)),
        (280 | 419, _) => Some(Wait::MqReceive(fd)),
        (3 | 145, _) => Some(Wait::Read(fd)),
        (4 | 146, _) => Some(Wait::Write(fd)),
        (5 | 8, _) => Some(Wait::Open { directory: libc::AT_FDCWD, path: first }),
        (295 | 437, _) => Some(Wait::Open { directory: own, path: second }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wait(line: &str) -> Option<Wait> {
        parse(line.as_bytes()).and_then(decode)
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn calls_of_64_and_32_bit_programs() {
        let high = "0x0 0x0 0x0 0x0 0x7ffd00001000 0x7f0000001000\n";
        assert_eq!(wait(&format!("70 0x8001 0x7ffd0000 {high}")), Some(Wait::MsgReceive(32769)));
        assert_eq!(wait(&format!("69 0x5 0x0 {high}")), Some(Wait::MsgSend(5)));
        assert_eq!(wait(&format!("220 0x3 0x0 {high}")), Some(Wait::Semop(3)));
        assert_eq!(wait(&format!("243 0x4 0x0 {high}")), Some(Wait::MqReceive(4)));
        assert_eq!(wait(&format!("0 0x3 0x7ffd0000 {high}")), Some(Wait::Read(3)));
        assert_eq!(wait(&format!("20 0x1 0x7ffd0000 {high}")), Some(Wait::Write(1)));
        assert_eq!(wait(&format!("117 0xc 0x9 {high}")), None, "setresuid");
        let low = "0x0 0x0 0x0 0x0 0xffd01000 0xf7f01000\n";
        assert_eq!(wait(&format!("117 0xc 0x9 {low}")), Some(Wait::MsgReceive(9)));
        assert_eq!(wait(&format!("117 0x4 0x9 {low}")), Some(Wait::Semop(9)));
        assert_eq!(wait(&format!("4 0x9 0x9 {low}")), Some(Wait::Write(9)));
        assert_eq!(wait(&format!("70 0x9 0x9 {low}")), None, "setreuid");
    }

    #[test]
    fn not_in_a_call() {
        for line in ["running\n", "-1 0x7ffd00001000 0x7f0000001000\n", "", "70", "70 0x1\n"] {
            assert_eq!(wait(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line).and_then(decode);
        }
    }
}
