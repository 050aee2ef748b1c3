//! The limits of the IPC namespace and what is used of them, from the files of /proc (`man 5 proc_sys_kernel`).

use super::cells::{Cells, number};
use super::column::Column;
use super::encode::print;
use super::facility::Facility;
use super::posix;
use crate::kernel::{file, room, shmat, sysvipc};

/// Largest value of a semaphore (`SEMVMX`, `linux/sem.h`), and smallest size of a segment (`SHMMIN`, `linux/shm.h`).
const SEMVMX: u64 = 32_767;
const SHMMIN: u64 = 1;

/// A limit.
pub(super) struct Limit {
    name: &'static str,
    description: &'static str,
    value: u64,
    /// It is a number of bytes.
    is_size: bool,
    used: Option<u64>,
}

/// The limits of a kind of objects, or of all of System V's. Those that the kernel does not show are left out.
pub(super) fn read(facility: Option<Facility>) -> Vec<Limit> {
    match facility {
        None => [queues(), segments(), semaphores()].into_iter().flatten().flatten().collect(),
        Some(Facility::Queue) => queues().unwrap_or_default(),
        Some(Facility::Shm) => segments().unwrap_or_default(),
        Some(Facility::Sem) => semaphores().unwrap_or_default(),
        Some(Facility::PosixQueue) => posix_queues().unwrap_or_default(),
        Some(Facility::PosixShm | Facility::PosixSem) => Vec::new(),
    }
}

impl Limit {
    /// Appends what stands in this column about it.
    pub(super) fn write(&self, column: Column, cells: &Cells, out: &mut Vec<u8>) {
        match (column, self.used) {
            (Column::Resource, _) => out.extend(self.name.bytes()),
            (Column::Description, _) => out.extend(self.description.bytes()),
            (Column::Limit, _) if self.is_size => {
                cells.size(self.value, out);
            }
            (Column::Limit, _) => {
                number(self.value, out);
            }
            (Column::Used | Column::Use, None) => out.push(b'-'),
            (Column::Used, Some(used)) => {
                number(used, out);
            }
            // Nothing of nothing is no percentage.
            (Column::Use, Some(0)) if self.value == 0 => out.push(b'-'),
            (Column::Use, Some(used)) => print(out, format_args!("{:.2}%", used as f64 / self.value as f64 * 100.0)),
            _ => {}
        }
    }
}

fn count(name: &'static str, description: &'static str, value: u64, used: u64) -> Limit {
    Limit { name, description, value, is_size: false, used: Some(used) }
}

fn most(name: &'static str, description: &'static str, value: u64) -> Limit {
    Limit { name, description, value, is_size: false, used: None }
}

fn size(name: &'static str, description: &'static str, value: u64) -> Limit {
    Limit { name, description, value, is_size: true, used: None }
}

fn setting(name: &str) -> Option<u64> {
    file::read_number(&format!("/proc/sys/kernel/{name}")).ok()
}

fn queues() -> Option<Vec<Limit>> {
    Some(vec![
        count("MSGMNI", "Number of message queues", room::msgmni()?, room::queues()?),
        size("MSGMAX", "Max size of message (bytes)", setting("msgmax")?),
        size("MSGMNB", "Default max size of queue (bytes)", setting("msgmnb")?),
    ])
}

fn segments() -> Option<Vec<Limit>> {
    let (mut used, mut bytes) = (0, 0u64);
    sysvipc::read_shm(&mut |line| {
        used += 1;
        bytes = bytes.saturating_add(line.size);
    })
    .ok()?;
    Some(vec![
        count("SHMMNI", "Shared memory segments", setting("shmmni")?, used),
        count("SHMALL", "Shared memory pages", setting("shmall")?, bytes / shmat::page() as u64),
        size("SHMMAX", "Max size of shared memory segment (bytes)", setting("shmmax")?),
        size("SHMMIN", "Min size of shared memory segment (bytes)", SHMMIN),
    ])
}

fn semaphores() -> Option<Vec<Limit>> {
    let limits = room::sem()?;
    let text = file::read("/proc/sys/kernel/sem").ok()?;
    let operations = std::str::from_utf8(&text).ok()?.split_whitespace().nth(2)?.parse().ok()?;
    Some(vec![
        count("SEMMNI", "Number of semaphore identifiers", limits.sets, limits.used),
        count("SEMMNS", "Total number of semaphores", limits.in_all, limits.used_in_all),
        most("SEMMSL", "Max semaphores per semaphore set.", limits.in_set),
        most("SEMOPM", "Max number of operations per semop(2)", operations),
        most("SEMVMX", "Semaphore max value", SEMVMX),
    ])
}

fn posix_queues() -> Option<Vec<Limit>> {
    let setting = |name: &str| file::read_number(&format!("/proc/sys/fs/mqueue/{name}")).ok();
    let queues = setting("queues_max")?;
    Some(vec![
        Limit {
            name: "MQUMNI",
            description: "Number of POSIX message queues",
            value: queues,
            is_size: false,
            used: posix::count_queues(),
        },
        size("MQUMAX", "Max size of POSIX message (bytes)", setting("msgsize_max")?),
        most("MQUMNB", "Number of messages in POSIX message queue", setting("msg_max")?),
    ])
}
