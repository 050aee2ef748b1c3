//! What was left behind, in sums: of each user, and of each program that is gone, as far as the kernel wrote down who it was.
//!
//! The kernel keeps the pids of a segment's creator, a queue's last sender and receiver and a semaphore's last operator.
//! Names of programs that have ended it keeps nowhere: a pid is all that can be told.

use super::State;
use crate::model::{Body, Holder, Object, Role};
use crate::snapshot::Snapshot;
use rustc_hash::FxHashMap;

/// How many of them, and what they hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Leaked.
    pub leaked: usize,
    /// Suspects.
    pub suspect: usize,
    /// Bytes of memory: pages of segments, messages of queues.
    pub bytes: u64,
}

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Of all.
    pub all: Sum,
    /// Of each owner by uid, what holds most first; `None` where the kernel tells no owner.
    pub owners: Vec<(Option<u32>, Sum)>,
    /// Of each recorded process that is gone, by pid, likewise.
    pub programs: Vec<(u32, Sum)>,
}

/// Sums up objects of a snapshot, by their places, with the states that were found.
pub fn left(snapshot: &Snapshot, found: impl IntoIterator<Item = (usize, State)>) -> Left {
    let mut left = Left::default();
    let (mut owners, mut programs) = (FxHashMap::<Option<u32>, Sum>::default(), FxHashMap::<u32, Sum>::default());
    for (place, state) in found {
        let object = &snapshot.objects[place];
        let one = Sum {
            leaked: usize::from(state == State::Leaked),
            suspect: usize::from(state == State::Suspect),
            bytes: bytes(object),
        };
        left.all.add(one);
        owners.entry(object.owner.map(|ids| ids.uid)).or_default().add(one);
        if let Some(pid) = program(snapshot.holders(place)) {
            programs.entry(pid).or_default().add(one);
        }
    }
    left.owners.extend(owners);
    left.programs.extend(programs);
    let most = |sum: &Sum| std::cmp::Reverse((sum.bytes, sum.leaked + sum.suspect));
    left.owners.sort_by_key(|(uid, sum)| (most(sum), *uid));
    left.programs.sort_by_key(|(pid, sum)| (most(sum), *pid));
    left
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.leaked += other.leaked;
        self.suspect += other.suspect;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// The program that an object is put down to: who made it, else who put something in last, else who used it last.
fn program(holders: &[Holder]) -> Option<u32> {
    let order = [Role::Creator, Role::LastSender, Role::LastReceiver, Role::LastOperator];
    let gone = |role: Role| holders.iter().find(|holder| holder.role == role && !holder.alive).map(|holder| holder.pid);
    order.into_iter().find_map(gone)
}

fn bytes(object: &Object) -> u64 {
    match &object.body {
        Body::Queue(queue) => queue.bytes.unwrap_or(0),
        Body::Memfd(memfd) => memfd.allocated.unwrap_or(0),
        Body::Shm(shm) => shm.allocated.unwrap_or_else(|| shm.resident.unwrap_or(0) + shm.swapped.unwrap_or(0)),
        Body::Semaphore(_) | Body::Pipe(_) | Body::Fifo(_) | Body::Socket(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ids;
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn sums_by_owner_and_by_program() {
        let mut scene = Scene::default();
        let first = scene.add(testing::segment(1, 1, 4_096, 0));
        let second = scene.add(testing::segment(2, 2, 8_192, 0));
        let queue = scene.add(testing::queue(3, 3, 2, 20));
        scene.objects[second].owner = Some(Ids { uid: 7, gid: None });
        scene.gone(first, 50, Role::Creator);
        scene.gone(first, 51, Role::LastOperator);
        scene.gone(second, 50, Role::Creator);
        scene.gone(queue, 60, Role::LastSender);
        let states = [(first, State::Leaked), (second, State::Leaked), (queue, State::Suspect)];
        let left = left(&scene.picture(), states);
        assert_eq!(left.all, Sum { leaked: 2, suspect: 1, bytes: 12_308 });
        let (most, least) = (Sum { leaked: 1, suspect: 0, bytes: 8_192 }, Sum { leaked: 1, suspect: 1, bytes: 4_116 });
        assert_eq!(left.owners, [(Some(7), most), (Some(0), least)]);
        let (fifty, sixty) = (Sum { leaked: 2, suspect: 0, bytes: 12_288 }, Sum { leaked: 0, suspect: 1, bytes: 20 });
        assert_eq!(left.programs, [(50, fifty), (60, sixty)], "its creator is gone, and so is who used it last");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(left(&Scene::default().picture(), []), Left::default());
    }
}
