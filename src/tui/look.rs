//! What is known of the machine: the last full look, with all that processes hold, and the last look at the tables alone,
//! which is cheap and so may be newer.

use super::id::Id;
use super::insight::Insight;
use super::view::View;
use crate::actions::Target;
use crate::model::{Identity, Object};
use crate::query::Row;
use crate::snapshot::Snapshot;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::time::Duration;

/// How much of the machine a look took in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every kind, and every process.
    Full,
    /// The kernel's tables: depths and sizes, nobody's descriptors.
    Tables,
}

/// One look at the machine.
#[derive(Debug)]
pub struct Look {
    /// How much it took in.
    pub depth: Depth,
    /// What was seen.
    pub snapshot: Snapshot,
    /// Processor time that it took, of all threads together.
    pub cpu: Duration,
    /// Objects of each view, by [`View::index`].
    pub counts: [usize; View::ALL.len()],
    /// Those that no look at the tables alone would see, though it sees others of their view.
    pub unnamed: usize,
    /// What it means; only of a full one.
    pub insight: Option<Insight>,
    places: FxHashMap<Identity, u32>,
}

impl Look {
    /// A look, where each object of it is, and what it means: all that takes time, so that questions do not.
    pub fn new(depth: Depth, snapshot: Snapshot, cpu: Duration) -> Self {
        let places = snapshot.objects.iter().zip(0..).map(|(object, place)| (object.identity, place)).collect();
        let mut counts = [0; View::ALL.len()];
        for object in &snapshot.objects {
            counts[View::of(object).index()] += 1;
        }
        let unnamed = snapshot.objects.iter().filter(|object| object.is_unnamed_memory()).count();
        let insight = (depth == Depth::Full).then(|| Insight::of(&snapshot));
        Self { depth, snapshot, cpu, counts, unnamed, insight, places }
    }

    /// Where an object is in [`Snapshot::objects`].
    pub fn place(&self, identity: Identity) -> Option<usize> {
        self.places.get(&identity).map(|place| *place as usize)
    }
}

/// The last looks of either depth.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The last full one.
    pub full: Option<Arc<Look>>,
    /// One at the tables, if it is newer.
    pub tables: Option<Arc<Look>>,
}

impl Picture {
    /// Takes a new look in.
    pub fn take(&mut self, look: Arc<Look>) {
        match look.depth {
            // What the tables said before is old by now.
            Depth::Full => (self.full, self.tables) = (Some(look), None),
            Depth::Tables => self.tables = Some(look),
        }
    }

    /// The rows of all objects that `wanted` accepts: those of the tables from the newest look, with their processes and
    /// verdict from the full one.
    pub fn rows(&self, wanted: impl Fn(&Object) -> bool) -> Vec<Row<'_>> {
        let all = |look: &Arc<Look>| 0..look.snapshot.objects.len();
        let mut rows = Vec::new();
        if let Some(tables) = &self.tables {
            let places = all(tables).filter(|place| wanted(&tables.snapshot.objects[*place]));
            rows.extend(places.map(|place| self.joined(tables, place)));
        }
        if let Some(full) = &self.full {
            let newer = self.tables.is_some();
            let places = all(full).filter(|place| {
                let object = &full.snapshot.objects[*place];
                !(newer && in_tables(object)) && wanted(object)
            });
            rows.extend(places.map(|place| Row::new(&full.snapshot, place)));
        }
        rows
    }

    /// Whether something is still there, as far as the last looks tell.
    pub fn has(&self, id: Id) -> bool {
        match id {
            Id::Object(identity) => self.row(identity).is_some(),
            Id::Process { pid, start_ticks } => {
                let process = self.full.as_ref().and_then(|full| full.snapshot.process(pid));
                process.is_some_and(|process| process.start_ticks == start_ticks)
            }
            Id::Graph(hub) => self.has(hub.id()),
            Id::Limit(_) | Id::Item(_) => true,
        }
    }

    /// The row of one object.
    pub fn row(&self, identity: Identity) -> Option<Row<'_>> {
        if let Some(tables) = &self.tables
            && let Some(place) = tables.place(identity)
        {
            return Some(self.joined(tables, place));
        }
        let full = self.full.as_ref()?;
        let place = full.place(identity)?;
        let gone = self.tables.is_some() && in_tables(&full.snapshot.objects[place]);
        (!gone).then(|| Row::new(&full.snapshot, place))
    }

    /// An object as the target of an action: the one that was seen last, and no other.
    pub fn target(&self, identity: Identity) -> Option<Target> {
        self.row(identity).map(|row| Target::object(row.snapshot, row.place))
    }

    fn joined<'a>(&'a self, tables: &'a Look, place: usize) -> Row<'a> {
        let identity = tables.snapshot.objects[place].identity;
        let seen = self.full.as_ref().and_then(|full| full.place(identity).map(|place| (&full.snapshot, place)));
        Row::joined(&tables.snapshot, place, seen)
    }
}

/// Whether a look at the tables alone lists the object: all but what only processes' descriptors tell of.
pub fn in_tables(object: &Object) -> bool {
    View::of(object).in_tables() && !object.is_unnamed_memory()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Kind, Role};
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn a_look_at_the_tables_takes_nothing_away_that_they_never_had() {
        let mut scene = Scene::default();
        let segment = scene.add(testing::segment(7, 1, 4096, 0));
        for object in [testing::memfd(33, "cache", Some(4096)), testing::unlinked(34, "/gone", 10)] {
            let place = scene.add(object);
            scene.hold(place, 812, Role::Mapped);
        }
        let identities: Vec<Identity> = scene.objects.iter().map(|object| object.identity).collect();
        let mut picture = Picture::default();
        picture.take(Arc::new(Look::new(Depth::Full, scene.picture(), Duration::ZERO)));
        // The segment is gone, and no table has the others.
        scene.objects.truncate(segment);
        scene.holders.clear();
        picture.take(Arc::new(Look::new(Depth::Tables, scene.picture(), Duration::ZERO)));
        let rows = picture.rows(|object| View::of(object) == View::Memory);
        let kinds: Vec<Kind> = rows.iter().map(|row| row.object().kind()).collect();
        assert_eq!(kinds, [Kind::Memfd, Kind::Shm]);
        assert!(rows.iter().all(|row| row.holders().len() == 1));
        let known: Vec<bool> = identities.iter().map(|identity| picture.row(*identity).is_some()).collect();
        assert_eq!(known, [false, true, true]);
        assert_eq!((picture.full.unwrap().unnamed, picture.tables.unwrap().unnamed), (2, 0));
    }
}
