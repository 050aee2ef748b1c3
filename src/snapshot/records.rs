//! Pids that the kernel wrote down: creator, last sender, last receiver, last operator. Such a pid may since belong to
//! another process, which is told by its start: it is younger than the record.

use super::collect::Picture;
use super::sysv::Record;
use crate::kernel::clock::Clock;
use crate::kernel::process;
use crate::model::{Body, Holder, Role, Time, Times};
use rustc_hash::FxHashMap;
use std::os::fd::OwnedFd;

/// Adds the recorded pids as holders. A zombie has given up everything and counts as gone.
pub(super) fn add(proc: &OwnedFd, clock: &Clock, tables: &[(u32, Record)], picture: &mut Picture) {
    let mut known = Known { proc, starts: FxHashMap::default(), buffer: Vec::new() };
    let mut found: Vec<(u32, Holder)> = Vec::new();
    let mut add = |place: u32, pid: u32, role: Role, recorded: Option<Time>| {
        if pid != 0 {
            let alive = known.start(pid).is_some_and(|start| recorded.is_none_or(|at| !clock.started_after(start, at)));
            found.push((place, Holder { pid, role, fd: None, access: None, alive, threads: None }));
        }
    };
    for (place, record) in tables {
        let times = times(&picture.objects[*place as usize].body);
        match *record {
            Record::Queue(sender, receiver) => {
                add(*place, sender, Role::LastSender, times.sent);
                add(*place, receiver, Role::LastReceiver, times.received);
            }
            Record::Shm(creator, last) => {
                // A segment's creation is not recorded by itself; the last change cannot be earlier.
                add(*place, creator, Role::Creator, times.changed);
                add(*place, last, Role::LastOperator, times.attached.max(times.detached));
            }
        }
    }
    for (object, place) in picture.objects.iter().zip(0..) {
        let Body::Semaphore(set) = &object.body else { continue };
        // SETVAL and SETALL leave their pid too, and stamp the change time.
        let last = set.times.operated.max(set.times.changed);
        let mut pids: Vec<u32> = set.values.iter().flatten().filter_map(|semaphore| semaphore.last_pid).collect();
        pids.sort_unstable();
        pids.dedup();
        for pid in pids {
            add(place, pid, Role::LastOperator, last);
        }
    }
    for (place, holder) in found {
        picture.holders.push(place, holder);
    }
}

const fn times(body: &Body) -> Times {
    match body {
        Body::Queue(queue) => queue.times,
        Body::Shm(shm) => shm.times,
        Body::Semaphore(set) => set.times,
        _ => Times { changed: None, sent: None, received: None, attached: None, detached: None, operated: None },
    }
}

/// Start times of processes, each read once: thousands of queues may name the same few.
struct Known<'a> {
    proc: &'a OwnedFd,
    starts: FxHashMap<u32, Option<u64>>,
    buffer: Vec<u8>,
}

impl Known<'_> {
    /// Start of a living process in ticks since boot. One whose stat is refused (hidepid) counts as unknown, so gone;
    /// what that hides is in the picture's visibility.
    fn start(&mut self, pid: u32) -> Option<u64> {
        *self.starts.entry(pid).or_insert_with(|| {
            let process = process::read_stat(self.proc, pid, &mut self.buffer).ok()?;
            process.is_alive().then_some(process.start_ticks)
        })
    }
}
