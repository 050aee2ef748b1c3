//! What a full look means, worked out once when it is taken: which processes hold what, what is wrong, how many objects
//! are leaked, who has most. Questions are asked with every key, and must not walk through all descriptors again.

use super::view::View;
use crate::diagnose::{self, Severity, State};
use crate::model::{Body, Object, escape};
use crate::query::problems::ProblemRow;
use crate::query::processes::ProcessRow;
use crate::snapshot::Snapshot;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// What a full look means.
#[derive(Debug)]
pub struct Insight {
    /// Processes that have objects, by pid.
    pub processes: Vec<ProcessRow>,
    /// What is wrong, the worst first.
    pub problems: Vec<ProblemRow>,
    /// How many objects of each view are leaked or suspect, by [`View::index`].
    pub states: [States; View::ALL.len()],
    /// Who has most of what, the largest of each measure first.
    pub most: Vec<Most>,
}

/// How many objects are in the states that somebody should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// Nobody uses them any more.
    pub leaked: usize,
    /// Perhaps nobody does.
    pub suspect: usize,
}

/// What there can be much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Bytes of segments, by owner.
    Memory,
    /// Message queues, by owner; the amount is messages in them.
    Queues,
    /// Semaphore sets and semaphores, by owner; the amount is semaphores.
    Semaphores,
    /// Bytes of segments that a process has attached or mapped.
    Attached,
    /// Pipes and sockets that a process has open; the amount is sockets.
    Ends,
}

/// Who has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// A user.
    User(u32),
    /// A process.
    Process {
        /// Process id.
        pid: u32,
        /// Start in clock ticks since boot.
        start_ticks: u64,
    },
}

/// One of those who have most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Most {
    /// Of what.
    pub measure: Measure,
    /// Who.
    pub who: Who,
    /// By name, escaped: `alice`, `orders(812)`.
    pub name: String,
    /// How many objects.
    pub objects: u64,
    /// How much, as the measure says.
    pub amount: u64,
}

/// So many are named of each measure.
const NAMED: usize = 3;

impl Insight {
    /// Of a picture that was taken with everything and `room`.
    pub fn of(snapshot: &Snapshot) -> Self {
        let processes = ProcessRow::all(snapshot);
        let most = most(snapshot, &processes);
        Self { problems: ProblemRow::all(snapshot), states: states(snapshot), processes, most }
    }

    /// Problems that are severe.
    pub fn severe(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Severe).count()
    }

    /// Problems that count as such: what is suspect does not.
    pub fn counted(&self) -> usize {
        self.problems.iter().filter(|problem| problem.counts()).count()
    }
}

fn states(snapshot: &Snapshot) -> [States; View::ALL.len()] {
    let mut all = [States::default(); View::ALL.len()];
    for (place, object) in snapshot.objects.iter().enumerate() {
        let states = &mut all[View::of(object).index()];
        match diagnose::state(snapshot, place) {
            State::Leaked => states.leaked += 1,
            State::Suspect => states.suspect += 1,
            State::InUse | State::Idle | State::Unknown => {}
        }
    }
    all
}

/// Who has most: objects that stay by themselves by owner, what goes with its process by process.
fn most(snapshot: &Snapshot, processes: &[ProcessRow]) -> Vec<Most> {
    let mut all = Vec::new();
    let of_body = |object: &Object| match &object.body {
        Body::Shm(_) | Body::Memfd(_) => object.memory_size().unwrap_or(0),
        Body::Queue(queue) => queue.messages.unwrap_or(0),
        Body::Semaphore(set) => set.count,
        Body::Pipe(_) | Body::Fifo(_) | Body::Socket(_) => 0,
    };
    let owned =
        [(Measure::Memory, View::Memory), (Measure::Queues, View::Queues), (Measure::Semaphores, View::Semaphores)];
    for (measure, view) in owned {
        let mut users: FxHashMap<u32, (u64, u64)> = FxHashMap::default();
        for object in snapshot.objects.iter().filter(|object| View::of(object) == view) {
            let Some(ids) = object.owner else { continue };
            let (objects, amount) = users.entry(ids.uid).or_default();
            *objects += 1;
            *amount = amount.saturating_add(of_body(object));
        }
        all.extend(largest(users.into_iter().map(|(uid, (objects, amount))| {
            let name = snapshot.user_name(uid).map(|name| escape(name.as_bytes()).into_owned());
            Most { measure, who: Who::User(uid), name: name.unwrap_or_else(|| uid.to_string()), objects, amount }
        })));
    }
    let by_process = |measure: Measure, of: &dyn Fn(&ProcessRow) -> (u64, u64)| {
        // What this program has open to look at the machine is not what anybody looks for.
        let others = processes.iter().filter(|row| row.pid != std::process::id());
        largest(others.map(|row| {
            let (objects, amount) = of(row);
            let who = Who::Process { pid: row.pid, start_ticks: row.start_ticks };
            Most { measure, who, name: format!("{}({})", row.comm, row.pid), objects, amount }
        }))
    };
    all.extend(by_process(Measure::Attached, &|row| (u64::from(row.held.segments), row.held.segment_bytes)));
    all.extend(by_process(Measure::Ends, &|row| {
        (u64::from(row.held.pipes) + u64::from(row.held.sockets), u64::from(row.held.sockets))
    }));
    all
}

/// The first few by what the measure is about.
fn largest(all: impl Iterator<Item = Most>) -> Vec<Most> {
    let mut all: Vec<Most> = all.filter(|most| most.objects > 0).collect();
    all.sort_by_cached_key(|most| {
        let by = match most.measure {
            Measure::Memory | Measure::Attached => (most.amount, most.objects),
            Measure::Queues | Measure::Semaphores | Measure::Ends => (most.objects, most.amount),
        };
        (Reverse(by), most.who)
    });
    all.truncate(NAMED);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn what_is_leaked_is_counted_by_view_and_told_as_a_problem() {
        let mut scene = Scene::default();
        let segment = scene.add(testing::segment(7, 1, 4096, 0));
        scene.gone(segment, 900, Role::Creator);
        scene.add(testing::fifo(42, "/run/x.fifo", 0, 0));
        let insight = Insight::of(&scene.picture());
        assert_eq!(insight.states[View::Memory.index()], States { leaked: 1, suspect: 0 });
        assert_eq!(insight.states[View::Pipes.index()], States { leaked: 0, suspect: 1 });
        assert_eq!((insight.counted(), insight.severe()), (1, 0));
    }

    #[test]
    fn who_has_most_of_each() {
        let mut scene = Scene { users: vec![(0, "root"), (7, "a\nb")], ..Scene::default() };
        for (uid, size) in [(7, 4096), (7, 4096), (0, 10_000), (8, 1), (9, 2)] {
            let mut segment = testing::segment(scene.objects.len() as i32, 1, size, 0);
            segment.owner = segment.owner.map(|ids| crate::model::Ids { uid, ..ids });
            scene.add(segment);
        }
        let own = std::process::id();
        for pid in [20, 21, own] {
            scene.process(pid, "web", 0);
            for inode in 0..u64::from(pid.min(50)) {
                let pipe = scene.add(testing::pipe(u64::from(pid) * 100 + inode, 1, 1));
                scene.hold(pipe, pid, Role::Reader);
            }
        }
        let insight = Insight::of(&scene.picture());
        let of = |measure| {
            let of: Vec<_> = insight.most.iter().filter(|most| most.measure == measure).collect();
            of.into_iter().map(|most| (&*most.name, most.objects, most.amount)).collect::<Vec<_>>()
        };
        assert_eq!(of(Measure::Memory), [("root", 1, 10_000), ("a\\nb", 2, 8192), ("9", 1, 2)]);
        assert_eq!(of(Measure::Ends), [("web(21)", 21, 0), ("web(20)", 20, 0)]);
        assert_eq!(of(Measure::Queues), []);
    }
}
