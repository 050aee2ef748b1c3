//! How near the kernel's limits are: its own counts of System V objects, and of the objects that were listed.
//!
//! A limit that cannot be read, or whose use cannot, is left out and noted. Nothing here takes part in a verdict.

use super::{Visibility, Want};
use crate::kernel::{posix_shm, room};
use crate::model::{Body, Family, Identity, Kind, Kinds, Object, Unit, Usage};

/// The most pages that `kernel.shmall` is taken for a limit with. The kernel starts with `ULONG_MAX - (1 << 24)`
/// (`include/uapi/linux/shm.h`), which is more than any machine has and means none.
const NO_SHMALL: u64 = u64::MAX - (1 << 24);

/// Use against each limit. `posix_queues`: all POSIX queues of this namespace are among the objects.
pub(super) fn read(want: &Want, objects: &[Object], posix_queues: bool, seen: &mut Visibility) -> Vec<Usage> {
    let mut all = Vec::new();
    let mut missing = |what: &str| seen.notes.push(format!("how near its limits {what} is could not be read"));
    if let (Some(limit), Some(used)) = (room::msgmni(), room::queues()) {
        all.push(Usage { about: "System V message queues", ..count("MSGMNI", used, limit, "kernel.msgmni") });
    } else {
        missing("the number of message queues");
    }
    all.extend(fullest_queue(objects));
    match room::shm() {
        Some(limits) => all.extend([
            Usage {
                about: "System V shared memory segments",
                ..count("SHMMNI", limits.used, limits.segments, "kernel.shmmni")
            },
            Usage {
                about: "memory of all System V segments",
                limit: Some(limits.pages).filter(|pages| *pages < NO_SHMALL),
                unit: Unit::Pages,
                ..count("SHMALL", limits.used_pages, 0, "kernel.shmall")
            },
        ]),
        None => missing("System V shared memory"),
    }
    match room::sem() {
        Some(limits) => all.extend([
            Usage { about: "semaphore sets", ..count("SEMMNI", limits.used, limits.sets, "kernel.sem, fourth number") },
            Usage {
                about: "semaphores of all sets",
                ..count("SEMMNS", limits.used_in_all, limits.in_all, "kernel.sem, second number")
            },
        ]),
        None => missing("the number of semaphores"),
    }
    if want.kinds.contains(Kinds::POSIX_QUEUES) {
        match room::mqueue() {
            Some(limits) if posix_queues => {
                let posix = |object: &&Object| object.kind() == Kind::Queue && object.family() == Some(Family::Posix);
                let used = objects.iter().filter(posix).count() as u64;
                all.push(Usage {
                    about: "POSIX message queues",
                    ..count("queues_max", used, limits.queues, "fs.mqueue.queues_max")
                });
            }
            _ => missing("the number of POSIX queues"),
        }
    }
    match room::dev_shm() {
        Ok(fill) => all.push(Usage {
            about: "POSIX shared memory and semaphores",
            limit: fill.size,
            unit: Unit::Bytes,
            ..count(posix_shm::DIRECTORY, fill.used, 0, "mount option size")
        }),
        Err(_) => missing(posix_shm::DIRECTORY),
    }
    all
}

/// A limit on a number of objects, beyond which `*get` fails with ENOSPC.
const fn count(name: &'static str, used: u64, limit: u64, sysctl: &'static str) -> Usage {
    Usage { name, about: "", used, limit: Some(limit), unit: Unit::Count, of: None, sysctl, error: "ENOSPC" }
}

/// The System V queue that has most of its own limit in it. There is no limit on the bytes of all queues together, and
/// their sum against the sum of their limits would hide the one that is full.
fn fullest_queue(objects: &[Object]) -> Option<Usage> {
    let queues = objects.iter().filter_map(|object| match (&object.body, object.identity) {
        (Body::Queue(queue), Identity::SysV { .. }) => {
            let usage = Usage {
                about: "bytes in the fullest System V queue, of its own limit",
                limit: queue.limit_bytes,
                unit: Unit::Bytes,
                of: Some(object.identity),
                error: "EAGAIN",
                ..count("MSGMNB", queue.bytes?, 0, "kernel.msgmnb, and each queue's own")
            };
            Some((usage.percent()?, usage))
        }
        _ => None,
    });
    // Of two that are equally full the first; an empty one is as good as another.
    let fullest = queues.reduce(|best, next| if next.0 > best.0 { next } else { best });
    fullest.map(|(_, usage)| usage)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::snapshot::testing;

    #[test]
    fn the_fullest_queue_counts_by_its_own_limit() {
        let mut wide = testing::queue(2, 2, 9, 9_000);
        if let Body::Queue(queue) = &mut wide.body {
            queue.limit_bytes = Some(1 << 20);
        }
        let objects = [testing::queue(1, 1, 1, 100), wide, testing::queue(3, 3, 1, 8_192), testing::pipe(1, 1, 1)];
        let fullest = fullest_queue(&objects).unwrap();
        assert_eq!((fullest.of, fullest.used, fullest.percent()), (Some(objects[2].identity), 8_192, Some(50.0)));
        assert_eq!(fullest_queue(&objects[3..]), None);
    }
}
