//! Processes and the IPC objects that each has to do with: the holders of a picture, by process.

use crate::model::Role;
use crate::snapshot::Snapshot;
use rustc_hash::FxHashMap;

/// A process and its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which process; it lives.
    pub pid: u32,
    /// What it has and in which way, by place in [`Snapshot::objects`]: each once for each role, however many descriptors
    /// it has. Recorded roles too, such as the last sender's: users of a System V queue leave nothing else.
    pub objects: Vec<(usize, Role)>,
    /// What it sleeps on, in a call of that role; if its threads sleep on several, the first that holds one up, before those
    /// in which it waits for work.
    pub waits: Option<(usize, Role)>,
}

/// The living processes that hold, wait on, or are recorded with an object, by pid. One pass over all holders.
pub fn holdings(snapshot: &Snapshot) -> Vec<Holding> {
    let mut all: Vec<Holding> = Vec::new();
    let mut of = FxHashMap::<u32, usize>::default();
    // Holders are ordered by pid and role: the last entry tells whether one is there already.
    for place in 0..snapshot.objects.len() {
        for holder in snapshot.holders(place).iter().filter(|holder| holder.alive) {
            let at = *of.entry(holder.pid).or_insert_with(|| {
                all.push(Holding { pid: holder.pid, objects: Vec::new(), waits: None });
                all.len() - 1
            });
            let holding = &mut all[at];
            let entry = (place, holder.role);
            if holding.objects.last() == Some(&entry) {
                continue;
            }
            holding.objects.push(entry);
            let work = |role: Role| role.waits_for_work();
            if holder.role.is_waiting() && holding.waits.is_none_or(|(_, role)| work(role) && !work(holder.role)) {
                holding.waits = Some(entry);
            }
        }
    }
    all.sort_unstable_by_key(|holding| holding.pid);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Holder;
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn each_process_with_what_it_has() {
        let mut scene = Scene::default();
        let pipe = scene.add(testing::pipe(9, 2, 1));
        let queue = scene.add(testing::queue(5, 1, 0, 0));
        scene.hold(queue, 7, Role::WaitingReceive);
        scene.hold(queue, 7, Role::LastReceiver);
        scene.gone(queue, 6, Role::LastSender);
        scene.hold(pipe, 7, Role::Reader);
        let second = Holder { pid: 7, role: Role::Reader, fd: Some(8), access: None, alive: true, threads: None };
        scene.holders.push((pipe, second));
        scene.hold(pipe, 3, Role::Writer);
        let other = scene.add(testing::queue(6, 2, 0, 0));
        scene.hold(other, 7, Role::WaitingSend);
        scene.hold(other, 3, Role::WaitingReceive);
        let found = holdings(&scene.picture());
        let three = [(pipe, Role::Writer), (other, Role::WaitingReceive)];
        let seven = [
            (pipe, Role::Reader),
            (queue, Role::LastReceiver),
            (queue, Role::WaitingReceive),
            (other, Role::WaitingSend),
        ];
        let expected = [
            Holding { pid: 3, objects: three.to_vec(), waits: Some(three[1]) },
            Holding { pid: 7, objects: seven.to_vec(), waits: Some((other, Role::WaitingSend)) },
        ];
        assert_eq!(found, expected);
    }
}
