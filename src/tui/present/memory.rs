//! What was there before: when an object first appeared, when its number last changed, how it went over the last minutes.

use super::Listing;
use crate::model::{Body, Identity, Object, Time};
use crate::tui::look::{Depth, Look, Picture};
use crate::tui::view::View;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// Looks for which a row stays marked as new or changed.
const MARKED: u64 = 2;
/// Samples that are kept of an object: five minutes at two seconds each.
const SAMPLES: usize = 150;
/// Objects of which samples are kept. More could not be looked at one by one, and would cost memory without end.
const SAMPLED: usize = 4096;

/// What is remembered of one object.
#[derive(Debug)]
struct Trace {
    /// Number of the look that saw it first.
    born: u64,
    /// Number of the look that saw its number change.
    changed: u64,
    /// Number of the look that saw it last.
    seen: u64,
    last: Option<u64>,
    samples: Option<VecDeque<Sample>>,
}

/// What an object's number was at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When: milliseconds since the epoch.
    pub at: i64,
    /// The number.
    pub value: u64,
}

/// What was there before.
#[derive(Debug, Default)]
pub struct Memory {
    traces: FxHashMap<Identity, Trace>,
    /// Looks so far, of each depth: what one of them did not see, the other may not even look for.
    looks: u64,
    /// Full ones among them.
    walks: u64,
    full: Option<Time>,
    tables: Option<Time>,
    sampled: usize,
    /// The last list of each view, for rows that have vanished.
    pub(super) lists: FxHashMap<View, Arc<Listing>>,
}

impl Memory {
    /// Takes in the looks that it does not know yet.
    pub fn learn(&mut self, picture: &Picture) {
        for look in [&picture.full, &picture.tables].into_iter().flatten() {
            let at = Some(look.snapshot.taken_at);
            let known = if look.depth == Depth::Full { &mut self.full } else { &mut self.tables };
            if *known != at {
                *known = at;
                self.take(look);
            }
        }
    }

    fn take(&mut self, look: &Arc<Look>) {
        self.looks += 1;
        let now = self.looks;
        // What the first full look sees, and looks before it, is not new: nobody knows what was there before.
        self.walks += u64::from(look.depth == Depth::Full);
        let first = self.walks == 0 || (self.walks == 1 && look.depth == Depth::Full);
        let taken = look.snapshot.taken_at;
        let at = taken.secs * 1000 + i64::from(taken.nanos / 1_000_000);
        for object in &look.snapshot.objects {
            let sample = sample(object);
            let trace = self.traces.entry(object.identity).or_insert_with(|| Trace {
                born: if first { 0 } else { now },
                changed: 0,
                seen: now,
                last: sample,
                samples: None,
            });
            trace.seen = now;
            if trace.last != sample && sample.is_some() {
                (trace.changed, trace.last) = (now, sample);
            }
            if let Some(sample) = sample {
                if trace.samples.is_none() && self.sampled < SAMPLED {
                    self.sampled += 1;
                    trace.samples = Some(VecDeque::new());
                }
                if let Some(samples) = &mut trace.samples {
                    samples.truncate(SAMPLES - 1);
                    samples.push_front(Sample { at, value: sample });
                }
            }
        }
        if look.depth == Depth::Full {
            // A full look sees all there is.
            let sampled = &mut self.sampled;
            self.traces.retain(|_, trace| {
                let stays = trace.seen == now;
                *sampled -= usize::from(!stays && trace.samples.is_some());
                stays
            });
        }
    }

    /// Whether the object came within the last looks.
    pub fn is_new(&self, identity: Identity) -> bool {
        self.traces.get(&identity).is_some_and(|trace| trace.born > 0 && trace.born + MARKED > self.looks)
    }

    /// Whether its number changed within the last look or two.
    pub fn is_changed(&self, identity: Identity) -> bool {
        self.traces.get(&identity).is_some_and(|trace| trace.changed > 0 && trace.changed + MARKED > self.looks)
    }

    /// How its number went, the oldest first. Looks are not evenly far apart: each sample has its own time.
    pub fn samples(&self, identity: Identity) -> Vec<Sample> {
        let samples = self.traces.get(&identity).and_then(|trace| trace.samples.as_ref());
        samples.into_iter().flatten().rev().copied().collect()
    }
}

/// The one number of an object that moves: messages of a queue, attaches or bytes of a segment, …
pub(super) fn sample(object: &Object) -> Option<u64> {
    match &object.body {
        Body::Queue(queue) => queue.messages,
        Body::Shm(shm) => shm.resident.or(shm.allocated).or(shm.size),
        Body::Memfd(memfd) => memfd.allocated,
        Body::Semaphore(set) => set.values.as_deref().map(|values| values.iter().map(|one| u64::from(one.value)).sum()),
        Body::Pipe(ends) | Body::Fifo(ends) => Some(u64::from(ends.readers) + u64::from(ends.writers)),
        Body::Socket(socket) => socket.receive_queue,
    }
}
