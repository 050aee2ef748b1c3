//! POSIX queues, and /dev/shm with its segments and semaphores.

use super::{by_user, largest, nearest, owned, top, under, unread};
use crate::kernel::{rlimits, room};
use crate::model::limit::{DEV_SHM, DEV_SHM_INODES, MQ_MAXMSG, MSG_MAX, MSGSIZE_MAX, QUEUES_MAX, RLIMIT_MSGQUEUE};
use crate::model::{Body, Identity, Kinds, Object, Of, Queue, Top, Usage};
use crate::snapshot::{Snapshot, Want};
use rustc_hash::FxHashMap;

pub(super) fn read(want: &Want, snapshot: &Snapshot, all_queues: bool) -> Vec<Usage> {
    let objects = &snapshot.objects;
    let mut all = Vec::new();
    if want.kinds.contains(Kinds::POSIX_QUEUES) {
        all.extend(queues(objects, all_queues));
        if want.every_limit {
            all.push(bytes_of_users(snapshot, all_queues));
        }
    }
    all.extend(dev_shm(objects));
    all
}

const NOT_ALL: &str = "not all POSIX queues of this IPC namespace could be read";

fn queues(objects: &[Object], all_queues: bool) -> [Usage; 4] {
    let number = under(&QUEUES_MAX, |most| {
        if !all_queues {
            return Usage { limit: Some(most), ..Usage::unknown(&QUEUES_MAX, NOT_ALL) };
        }
        let each = || owned(objects, |object| queue(object).map(|_| 1));
        Usage { top: top(each()), ..Usage::new(&QUEUES_MAX, each().count() as u64, Some(most)) }
    });
    let fullest = objects.iter().filter_map(|object| {
        let queue = queue(object)?;
        Some((Of::Object(object.identity), queue.messages?, Some(queue.limit_messages?)))
    });
    let fullest = nearest(&MQ_MAXMSG, fullest).unwrap_or(Usage::only(&MQ_MAXMSG, None));
    let unread = objects.iter().filter_map(queue).any(|queue| queue.limit_messages.is_none());
    let longest =
        under(&MSG_MAX, |most| largest(&MSG_MAX, Some(most), objects, |object| queue(object)?.limit_messages));
    let widest = under(&MSGSIZE_MAX, |most| {
        largest(&MSGSIZE_MAX, Some(most), objects, |object| queue(object)?.max_message_bytes)
    });
    let part = |usage: Usage| if unread || !all_queues { usage.seen_in_part(NOT_ALL) } else { usage };
    [number, part(fullest), part(longest), part(widest)]
}

/// What the kernel charges each user for the queues that user made, against the limit that is lowest among the user's
/// processes; the user who is nearest. The kernel charges who made a queue, which no file tells: its owner is taken for
/// that. It counts over all IPC namespaces, of which one is seen.
fn bytes_of_users(snapshot: &Snapshot, all_queues: bool) -> Usage {
    let objects = &snapshot.objects;
    let charge = |object| {
        let queue: &Queue = queue(object)?;
        Some(room::queue_charge(queue.limit_messages?, queue.max_message_bytes?))
    };
    let unread = objects.iter().any(|object| queue(object).is_some() && charge(object).is_none());
    let charges = by_user(owned(objects, charge));
    let limits = lowest_limits(snapshot);
    let own = room::rlimit_msgqueue().filter(|limit| *limit != u64::MAX);
    let usages = charges.into_iter().map(|(uid, used)| {
        let limit = limits.get(&uid).copied().unwrap_or(own);
        Usage { top: Some(Top { uid, used }), ..Usage::new(&RLIMIT_MSGQUEUE, used, limit) }
    });
    let rank = |usage: &Usage| (usage.percent().unwrap_or(-1.0), usage.used, usage.top.map(|top| !top.uid));
    let nearest = usages.reduce(|best, next| if rank(&next) > rank(&best) { next } else { best });
    let mut usage = nearest.unwrap_or(Usage::new(&RLIMIT_MSGQUEUE, 0, own));
    let whose = if usage.top.is_some_and(|top| limits.contains_key(&top.uid)) {
        "the limit is the lowest of that user's processes"
    } else {
        "the limit is that of ipcx itself"
    };
    usage.note = Some(format!("reckoned for the owners of this IPC namespace's queues; {whose}"));
    if unread || !all_queues { usage.seen_in_part(NOT_ALL) } else { usage }
}

/// The lowest soft limit among each user's processes; `None` is unlimited.
fn lowest_limits(snapshot: &Snapshot) -> FxHashMap<u32, Option<u64>> {
    let mut lowest = FxHashMap::default();
    let Ok(proc) = crate::kernel::file::open_directory("/proc") else { return lowest };
    let owners: rustc_hash::FxHashSet<u32> =
        owned(&snapshot.objects, |object| queue(object).map(|_| 1)).map(|(uid, _)| uid).collect();
    let mut buffer = Vec::new();
    let users = snapshot.processes().filter_map(|process| Some((process.pid, process.uids?[0])));
    for (pid, uid) in users.filter(|(pid, uid)| owners.contains(uid) && *pid != std::process::id()) {
        let Ok(limits) = rlimits::read(&proc, pid, &mut buffer) else { continue };
        // A process that gave queues up for itself says nothing of its user's others.
        if limits.queue_bytes == Some(0) {
            continue;
        }
        let least = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let entry = lowest.entry(uid).or_insert(limits.queue_bytes);
        *entry = least(*entry, limits.queue_bytes);
    }
    lowest
}

fn dev_shm(objects: &[Object]) -> Vec<Usage> {
    let fill = match room::dev_shm() {
        Ok(fill) => fill,
        Err(error) => return vec![unread(&DEV_SHM, &error), unread(&DEV_SHM_INODES, &error)],
    };
    // What was unlinked takes room until its last user lets go; it may be of another mount namespace's /dev/shm.
    let here = |object: &Object| match object.identity {
        Identity::File { device, .. } => !object.is_unlinked() || fill.device == Some(device),
        _ => false,
    };
    let bytes = owned(objects, |object| match &object.body {
        Body::Shm(shm) if here(object) => shm.allocated,
        _ => None,
    });
    let files = owned(objects, |object| match &object.body {
        Body::Shm(_) | Body::Semaphore(_) if here(object) => Some(1),
        _ => None,
    });
    let mut all = vec![Usage { top: top(bytes), ..Usage::new(&DEV_SHM, fill.used, fill.size) }];
    if let Some((used, most)) = fill.inodes {
        all.push(Usage { top: top(files), ..Usage::new(&DEV_SHM_INODES, used, Some(most)) });
    }
    all
}

fn queue(object: &Object) -> Option<&Queue> {
    match (&object.body, object.identity) {
        (Body::Queue(queue), Identity::File { .. }) => Some(queue),
        _ => None,
    }
}
