//! System V: the kernel's own counts (`MSG_INFO`, `SHM_INFO`, `SEM_INFO`), which need no privilege, and who has most by
//! the objects that were listed.

use super::{largest, nearest, owned, top, unread};
use crate::kernel::ipc_info::{self, SEMVMX as HIGHEST_VALUE};
use crate::kernel::shmat;
use crate::model::limit::{
    Limit, MSGMAX, MSGMNB, MSGMNI, SEMMNI, SEMMNS, SEMMSL, SEMOPM, SEMVMX, SHMALL, SHMMAX, SHMMIN, SHMMNI,
};
use crate::model::{Body, Identity, Object, Of, Queue, SemSet, Shm, Usage};

pub(super) fn read(objects: &[Object]) -> Vec<Usage> {
    [queues(objects), segments(objects), semaphores(objects)].concat()
}

fn all_unread(limits: &[&'static Limit], error: &crate::kernel::Error) -> Vec<Usage> {
    limits.iter().map(|limit| unread(limit, error)).collect()
}

fn count(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn queues(objects: &[Object]) -> Vec<Usage> {
    let (limits, used) = match ipc_info::msg_limits().and_then(|limits| Ok((limits, ipc_info::msg_used()?))) {
        Ok(both) => both,
        Err(error) => return all_unread(&[&MSGMNI, &MSGMAX, &MSGMNB], &error),
    };
    let all = Usage {
        top: top(owned(objects, |object| queue(object).map(|_| 1))),
        ..Usage::new(&MSGMNI, count(used.queues), Some(limits.queues))
    };
    // There is no limit on the bytes of all queues together, and their sum against the sum of their limits would hide the
    // one that is full.
    let fullest = objects.iter().filter_map(|object| {
        let queue = queue(object)?;
        // It takes no more messages than bytes either (`msg_fits_inqueue`, ipc/msg.c): empty ones fill it, too.
        Some((Of::Object(object.identity), queue.bytes?.max(queue.messages?), Some(queue.limit_bytes?)))
    });
    let fullest = nearest(&MSGMNB, fullest).unwrap_or(Usage::only(&MSGMNB, Some(limits.queue_bytes)));
    let unread = objects.iter().filter_map(queue).any(|queue| queue.limit_bytes.is_none());
    let fullest = if unread { fullest.seen_in_part("not all queues could be read") } else { fullest };
    vec![all, Usage::only(&MSGMAX, Some(limits.message_bytes)), fullest]
}

fn segments(objects: &[Object]) -> Vec<Usage> {
    let (limits, used) = match ipc_info::shm_limits().and_then(|limits| Ok((limits, ipc_info::shm_used()?))) {
        Ok(both) => both,
        Err(error) => return all_unread(&[&SHMMNI, &SHMMAX, &SHMALL], &error),
    };
    let size = |object| segment(object).and_then(|shm: &Shm| shm.size);
    let page = shmat::page() as u64;
    let pages = |object| size(object).map(|bytes: u64| bytes.div_ceil(page));
    vec![
        Usage {
            top: top(owned(objects, |object| segment(object).map(|_| 1))),
            ..Usage::new(&SHMMNI, count(used.segments), Some(limits.segments))
        },
        largest(&SHMMAX, Some(limits.largest), objects, size),
        Usage::only(&SHMMIN, Some(1)),
        Usage { top: top(owned(objects, pages)), ..Usage::new(&SHMALL, used.pages, Some(limits.pages)) },
    ]
}

fn semaphores(objects: &[Object]) -> Vec<Usage> {
    let (limits, used) = match ipc_info::sem_limits().and_then(|limits| Ok((limits, ipc_info::sem_used()?))) {
        Ok(both) => both,
        Err(error) => return all_unread(&[&SEMMNI, &SEMMNS, &SEMMSL, &SEMOPM], &error),
    };
    let size = |object| set(object).map(|set: &SemSet| set.count);
    let highest = |object| set(object)?.values.as_ref()?.iter().map(|one| u64::from(one.value)).max();
    let value = largest(&SEMVMX, Some(HIGHEST_VALUE), objects, highest);
    let unread = objects.iter().filter_map(set).any(|set| set.values.is_none());
    vec![
        Usage {
            top: top(owned(objects, |object| set(object).map(|_| 1))),
            ..Usage::new(&SEMMNI, count(used.sets), Some(limits.sets))
        },
        Usage { top: top(owned(objects, size)), ..Usage::new(&SEMMNS, count(used.semaphores), Some(limits.in_all)) },
        largest(&SEMMSL, Some(limits.in_set), objects, size),
        Usage::only(&SEMOPM, Some(limits.operations)),
        if unread { value.seen_in_part("not all sets could be read") } else { value },
    ]
}

fn is_sysv(object: &Object) -> bool {
    matches!(object.identity, Identity::SysV { .. })
}

fn queue(object: &Object) -> Option<&Queue> {
    if let Body::Queue(queue) = &object.body { is_sysv(object).then_some(queue) } else { None }
}

fn segment(object: &Object) -> Option<&Shm> {
    if let Body::Shm(shm) = &object.body { is_sysv(object).then_some(shm) } else { None }
}

fn set(object: &Object) -> Option<&SemSet> {
    if let Body::Semaphore(set) = &object.body { is_sysv(object).then_some(set) } else { None }
}
