//! Who waits for whom: the threads that never wake, and the circles among them.
//!
//! A thread never wakes if all who could wake it never wake: the largest set of which that is true is what is left when
//! those are taken away, again and again, that somebody outside the set can wake. What is left of the waits whose wakers are
//! all known is certain. What is left when the usual waker counts as the only one (who took a semaphore last, who owns a
//! mutex, whose the peer of a socket is) has the circles in it; such a circle is a deadlock if nobody breaks the custom.

use super::{Edges, Group, Link, Member, World};
use crate::snapshot::waits::{Look, Thread, Waits};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Signals whose handlers do not count as somebody who could act: faults of the program itself, those that the C library keeps
/// for itself, and requests to end, which end a wait in any case.
const NO_ACTORS: [u32; 13] = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 31, 32, 33];

/// What was found, by place of a thread.
pub(super) struct Search {
    /// Never wakes, for certain.
    pub(super) never: Vec<bool>,
    /// Never wakes, if those who usually do are the only ones.
    pub(super) stuck: Vec<bool>,
    /// Of a process with a handler that may act while all its threads sleep.
    acts: Vec<bool>,
    /// The cycle that a thread is in, by number.
    cycle_of: Vec<Option<usize>>,
    cycles: Vec<Vec<usize>>,
    members: Members,
}

/// Which threads a process has.
struct Members {
    of: FxHashMap<u32, Vec<usize>>,
    by_tid: FxHashMap<u32, usize>,
    /// Threads that have ended, and do nothing any more.
    ended: Vec<bool>,
}

pub(super) fn search(waits: &Waits, edges: &[Edges]) -> Search {
    let ended = waits.threads.iter().map(|thread| thread.look == Look::Ended).collect();
    let mut members = Members { of: FxHashMap::default(), by_tid: FxHashMap::default(), ended };
    for (at, thread) in waits.threads.iter().enumerate() {
        members.of.entry(thread.pid).or_default().push(at);
        members.by_tid.insert(thread.tid(), at);
    }
    let mask = NO_ACTORS.iter().fold(0u64, |mask, signal| mask | 1 << (signal - 1));
    let acts = |thread: &Thread| thread.caught.is_none_or(|caught| caught & !mask != 0);
    let acts: Vec<bool> = waits.threads.iter().map(acts).collect();
    let stopped = |at: usize| waits.threads[at].is_stopped();
    let can = |world: World, at: usize| edges[at].world <= world && !stopped(at);
    let settled = |at: usize| waits.threads[at].settled;
    // A handler may act although all threads of its process sleep, and ends the sleep of the thread that it interrupts: an
    // alarm that the process has set for itself is not seen.
    let mut never: Vec<bool> = (0..edges.len()).map(|at| can(World::Closed, at) && settled(at) && !acts[at]).collect();
    let mut stuck: Vec<bool> = (0..edges.len()).map(|at| can(World::Likely, at) && settled(at)).collect();
    reduce(&mut never, edges, &members);
    reduce(&mut stuck, edges, &members);
    let mut search = Search { never, stuck, acts, cycle_of: vec![None; edges.len()], cycles: Vec::new(), members };
    search.find_cycles(edges);
    search
}

/// Takes away all that somebody outside can wake, until none is left.
fn reduce(left: &mut [bool], edges: &[Edges], members: &Members) {
    // Of each group that many share, what was found in this round: it may be dead no more then, and will be found so in the next.
    let mut known = FxHashMap::<*const Member, bool>::default();
    loop {
        let mut changed = false;
        known.clear();
        for at in 0..left.len() {
            let mut is_dead = |group: &Group| match Rc::strong_count(&group.members) {
                1 => is_dead(group, left, members),
                _ => *known.entry(group.members.as_ptr()).or_insert_with(|| is_dead(group, left, members)),
            };
            if left[at] && !edges[at].groups.iter().any(&mut is_dead) {
                left[at] = false;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// Whether nobody of a group can act.
fn is_dead(group: &Group, left: &[bool], members: &Members) -> bool {
    group.members.iter().all(|(pid, tid)| {
        if let Some(tid) = tid {
            return members.by_tid.get(tid).is_some_and(|at| left[*at]);
        }
        let all = members.of.get(pid).map_or(&[][..], |all| all);
        !all.is_empty() && all.iter().all(|at| left[*at] || members.ended[*at])
    })
}

impl Members {
    /// The threads that a group stands for.
    fn of_group(&self, group: &Group) -> impl Iterator<Item = usize> {
        let threads = group.members.iter().flat_map(|(pid, tid)| match tid {
            Some(tid) => self.by_tid.get(tid).map_or(&[][..], std::slice::from_ref),
            None => self.of.get(pid).map_or(&[][..], |all| all),
        });
        threads.copied()
    }
}

impl Search {
    /// Whether a thread never wakes because others do not, rather than by itself.
    pub(super) fn behind(&self, at: usize) -> bool {
        self.cycle_of[at].is_none_or(|cycle| self.cycles[cycle].len() > 1)
    }

    /// The next threads that a stuck one waits for, and through what.
    fn next<'a>(&'a self, edges: &'a [Edges], at: usize) -> impl Iterator<Item = (usize, &'a str)> {
        let groups = edges[at].groups.iter();
        let all = groups.flat_map(|group| self.members.of_group(group).map(|next| (next, &*group.object)));
        all.filter(|(next, _)| self.stuck[*next])
    }

    /// Finds one shortest circle in each knot of threads that wait for each other. A thread is in one at most.
    fn find_cycles(&mut self, edges: &[Edges]) {
        for start in 0..edges.len() {
            if !self.stuck[start] || self.cycle_of[start].is_some() {
                continue;
            }
            if let Some(cycle) = self.shortest(edges, start) {
                let number = self.cycles.len();
                for at in &cycle {
                    self.cycle_of[*at] = Some(number);
                }
                self.cycles.push(cycle);
            }
        }
    }

    /// The shortest way from a thread back to itself, through threads that are in no circle yet.
    fn shortest(&self, edges: &[Edges], start: usize) -> Option<Vec<usize>> {
        let mut came_from = FxHashMap::<usize, usize>::default();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for (next, _) in self.next(edges, at) {
                if next == start {
                    let mut way = vec![at];
                    while let Some(before) = came_from.get(way.last()?).filter(|_| way.last() != Some(&start)) {
                        way.push(*before);
                    }
                    way.reverse();
                    return Some(way);
                }
                if self.cycle_of[next].is_none() && !came_from.contains_key(&next) {
                    came_from.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The circles of two and more: a thread that waits for itself alone is hopeless, and in no circle.
    pub(super) fn cycles(&self, edges: &[Edges]) -> Vec<Vec<Link>> {
        let link = |cycle: &[usize], at: usize| {
            let next = cycle[(at + 1) % cycle.len()];
            let through = self.next(edges, cycle[at]).find(|(to, _)| *to == next);
            Link {
                finding: cycle[at],
                object: through.map(|(_, object)| object.to_owned()).unwrap_or_default(),
                certain: edges[cycle[at]].world == World::Closed,
            }
        };
        let several = self.cycles.iter().filter(|cycle| cycle.len() > 1);
        several.map(|cycle| (0..cycle.len()).map(|at| link(cycle, at)).collect()).collect()
    }

    /// Threads in no circle that certainly never wake, or that wait for nobody but themselves. A program may well wait for a
    /// pipe into which only its own handler of a signal writes: that one is not meant.
    pub(super) fn hopeless(&self) -> Vec<usize> {
        let circle = |at: usize| self.cycle_of[at].map_or(0, |cycle| self.cycles[cycle].len());
        let alone = |at: usize| circle(at) == 1 && !self.acts[at];
        (0..self.never.len()).filter(|at| alone(*at) || self.never[*at] && circle(*at) == 0).collect()
    }
}
