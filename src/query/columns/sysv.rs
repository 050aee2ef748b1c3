//! Columns of queues, segments and semaphore sets, System V and POSIX.

use super::common::recorded;
use super::{Column, Needs};
use crate::model::{Body, Queue, Role, SemSet, Shm};
use crate::query::filter::FieldType;
use crate::query::{Cell, Row};

fn queue<'r>(row: &'r Row<'_>) -> Option<&'r Queue> {
    if let Body::Queue(queue) = &row.object().body { Some(queue) } else { None }
}

fn shm<'r>(row: &'r Row<'_>) -> Option<&'r Shm> {
    if let Body::Shm(shm) = &row.object().body { Some(shm) } else { None }
}

fn set<'r>(row: &'r Row<'_>) -> Option<&'r SemSet> {
    if let Body::Semaphore(set) = &row.object().body { Some(set) } else { None }
}

pub(super) const KEY: Column = Column {
    field: FieldType::Key,
    ..Column::text("key", "key of a System V object; 0x00000000 is IPC_PRIVATE, an object without a key", |row| {
        row.key().map_or(Cell::Absent, Cell::Key)
    })
    .weight(84)
};

pub(super) const ID: Column =
    Column::number("id", "id of a System V object (msqid, shmid, semid)", |row| Cell::number(row.id())).weight(65);

pub(super) const SIZE: Column = Column::size("size", "bytes of a segment or memfd, or in a queue", |row| {
    Cell::size(row.object().memory_size().or_else(|| queue(row).and_then(|queue| queue.bytes)))
})
.weight(80)
.needs(Needs::CONTENTS);

pub(super) const RESIDENT: Column = Column::size("resident", "bytes of a System V segment that are in memory", |row| {
    Cell::size(shm(row).and_then(|shm| shm.resident))
})
.alias(&["rss"])
.weight(40);

pub(super) const SWAPPED: Column = Column::size("swapped", "bytes of a System V segment that are in swap", |row| {
    Cell::size(shm(row).and_then(|shm| shm.swapped))
})
.weight(20);

pub(super) const ALLOCATED: Column =
    Column::size("allocated", "bytes that a POSIX segment or memfd takes, maybe fewer than its size", |row| {
        Cell::size(row.object().memory_allocated())
    })
    .weight(30);

pub(super) const ATTACHES: Column =
    Column::number("attaches", "how often a System V segment is attached, more than once by a process maybe", |row| {
        Cell::number(shm(row).and_then(|shm| shm.attaches))
    })
    .alias(&["nattch"])
    .weight(70);

pub(super) const STATUS: Column = Column::text(
    "status",
    "of a segment: removed goes with the last detach, deleted has lost its name, locked is kept from swap",
    |row| {
        let Some(shm) = shm(row) else { return Cell::Absent };
        match (shm.marked_for_removal, shm.locked) {
            _ if shm.deleted => Cell::text("deleted"),
            (true, true) => Cell::text("removed,locked"),
            (true, false) => Cell::text("removed"),
            (false, true) => Cell::text("locked"),
            (false, false) => Cell::Absent,
        }
    },
)
.word()
.weight(35);

pub(super) const MESSAGES: Column =
    Column::number("messages", "messages in a queue", |row| Cell::number(queue(row).and_then(|queue| queue.messages)))
        .alias(&["msgs"])
        .weight(80)
        .needs(Needs::CONTENTS);

pub(super) const BYTES: Column =
    Column::size("bytes", "bytes in a queue", |row| Cell::size(queue(row).and_then(|queue| queue.bytes)))
        .alias(&["used"])
        .weight(75)
        .needs(Needs::CONTENTS);

pub(super) const LIMIT: Column = Column::size("limit", "most bytes that a System V queue takes (msg_qbytes)", |row| {
    Cell::size(queue(row).and_then(|queue| queue.limit_bytes))
})
.weight(60)
.needs(Needs::LIMITS);

pub(super) const CAPACITY: Column =
    Column::number("capacity", "most messages that a POSIX queue takes (mq_maxmsg)", |row| {
        Cell::number(queue(row).and_then(|queue| queue.limit_messages))
    })
    .weight(40)
    .needs(Needs::CONTENTS);

pub(super) const MAXMSG: Column = Column::size("maxmsg", "bytes of the largest message that a queue takes", |row| {
    Cell::size(queue(row).and_then(|queue| queue.max_message_bytes))
})
.weight(20)
.needs(Needs::LIMITS.union(Needs::CONTENTS));

pub(super) const FULL: Column =
    Column::number("full", "how full a queue is, in per cent of its limit or capacity, whichever is nearer", |row| {
        let Some(queue) = queue(row) else { return Cell::Absent };
        let share = |used: Option<u64>, limit: Option<u64>| match (used?, limit?) {
            (_, 0) => None,
            (used, limit) => Some(u128::from(used) * 100 / u128::from(limit)),
        };
        let full = share(queue.bytes, queue.limit_bytes).max(share(queue.messages, queue.limit_messages));
        full.and_then(|n| i128::try_from(n).ok()).map_or(Cell::Absent, Cell::Number)
    })
    .weight(56)
    .needs(Needs::LIMITS.union(Needs::CONTENTS));

pub(super) const SENDER: Column =
    Column::text("sender", "process that sent to a System V queue last; gone if that one has ended", |row| {
        recorded(row, Role::LastSender)
    })
    .alias(&["lspid"])
    .weight(72)
    .needs(Needs::RECORDS.union(Needs::COMMS));

pub(super) const RECEIVER: Column =
    Column::text("receiver", "process that received from it last, likewise", |row| recorded(row, Role::LastReceiver))
        .alias(&["lrpid"])
        .weight(71)
        .needs(Needs::RECORDS.union(Needs::COMMS));

pub(super) const CPID: Column =
    Column::text("cpid", "process that made a System V segment", |row| recorded(row, Role::Creator))
        .weight(60)
        .needs(Needs::RECORDS.union(Needs::COMMS));

pub(super) const LPID: Column =
    Column::text("lpid", "process that last attached or detached a segment, or operated on a semaphore", |row| {
        recorded(row, Role::LastOperator)
    })
    .weight(58)
    .needs(Needs::RECORDS.union(Needs::COMMS));

pub(super) const COUNT: Column = Column::number("count", "semaphores in a set; 1 for a POSIX semaphore", |row| {
    Cell::number(set(row).map(|set| set.count))
})
.alias(&["nsems"])
.weight(65);

pub(super) const VALUES: Column = Column {
    searched: false,
    ..Column::text("values", "values of the first eight semaphores; needs read permission", |row| {
        let Some(values) = set(row).and_then(|set| set.values.as_deref()) else { return Cell::Absent };
        let mut shown: Vec<String> = values.iter().take(8).map(|semaphore| semaphore.value.to_string()).collect();
        if values.len() > shown.len() {
            shown.push("...".to_owned());
        }
        Cell::text(shown.join(","))
    })
    .alias(&["value"])
    .weight(68)
    .needs(Needs::CONTENTS)
};

pub(super) const WAITING: Column =
    Column::number("waiting", "tasks that wait on the semaphores; needs read permission", |row| {
        let values = set(row).and_then(|set| set.values.as_deref());
        Cell::number(values.map(|values| {
            values.iter().map(|s| u64::from(s.waiting_increase) + u64::from(s.waiting_zero.unwrap_or(0))).sum::<u64>()
        }))
    })
    .weight(70)
    .needs(Needs::CONTENTS);
