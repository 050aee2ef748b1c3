//! The System V objects of this IPC namespace, from the tables of /proc or, where those cannot be read, slot by slot.

use crate::kernel::sysvipc::{self, MsgLine, SemLine, ShmLine};
use crate::kernel::{Result, by_index};

/// Calls `each` with every queue. Without System V IPC there is none.
pub(super) fn queues(each: &mut dyn FnMut(MsgLine)) {
    read(sysvipc::read_msg, by_index::queues, each);
}

/// Calls `each` with every segment.
pub(super) fn segments(each: &mut dyn FnMut(ShmLine)) {
    read(sysvipc::read_shm, by_index::segments, each);
}

/// Calls `each` with every semaphore set.
pub(super) fn sets(each: &mut dyn FnMut(SemLine)) {
    read(sysvipc::read_sem, by_index::sets, each);
}

/// The queue with this id.
pub(super) fn queue(id: i32) -> Option<MsgLine> {
    sysvipc::find_msg(id).unwrap_or_else(|_| by_index::find_msg(id))
}

/// The segment with this id.
pub(super) fn segment(id: i32) -> Option<ShmLine> {
    sysvipc::find_shm(id).unwrap_or_else(|_| by_index::find_shm(id))
}

/// The semaphore set with this id.
pub(super) fn set(id: i32) -> Option<SemLine> {
    sysvipc::find_sem(id).unwrap_or_else(|_| by_index::find_sem(id))
}

fn read<T, I: Iterator<Item = T>>(
    table: fn(&mut dyn FnMut(T)) -> Result<usize>,
    slots: fn() -> Result<I>,
    each: &mut dyn FnMut(T),
) {
    let mut began = false;
    let read = table(&mut |line| {
        began = true;
        each(line);
    });
    // What was shown already is not shown twice. As the tools do: no System V IPC, no objects.
    if read.is_err() && !began {
        slots().into_iter().flatten().for_each(each);
    }
}
