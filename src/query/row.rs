//! A row: one object of a snapshot, with its verdict made when it is first asked for.
//!
//! A row can be joined out of two pictures: a new one of the tables alone, and the last one for which processes were
//! looked into, which costs too much to be taken as often. What the object is and holds then comes from the first; who
//! has it, and so the verdict, from the second and from nothing else.

use super::cell::{Cell, Style};
use super::columns::{self, Column};
use super::filter::{Field, FieldType, Value};
use crate::diagnose::{self, State, Verdict};
use crate::model::{Body, Holder, Identity, Key, Kind, Object, Process, escape};
use crate::snapshot::Snapshot;
use std::cell::OnceCell;

/// One object, as columns, filters and outputs see it.
pub struct Row<'a> {
    /// The picture it is in.
    pub snapshot: &'a Snapshot,
    /// Its place in [`Snapshot::objects`].
    pub place: usize,
    /// The picture that tells who has it, and its place there; the same as above unless the row is joined.
    seen: Option<(&'a Snapshot, usize)>,
    verdict: OnceCell<Verdict>,
}

impl<'a> Row<'a> {
    /// The object at a place.
    pub fn new(snapshot: &'a Snapshot, place: usize) -> Self {
        Self::joined(snapshot, place, Some((snapshot, place)))
    }

    /// The object at a place of `quick`, a picture that was taken without looking into processes. Its holders, their
    /// processes and the verdict come from `seen`: a picture that has them, and the place there of the **same** object,
    /// which the caller has compared by identity. With `None` the object is newer than the last such picture: it has no
    /// holders yet, and its state is unknown.
    pub fn joined(quick: &'a Snapshot, place: usize, seen: Option<(&'a Snapshot, usize)>) -> Self {
        Self { snapshot: quick, place, seen, verdict: OnceCell::new() }
    }

    /// All objects of a snapshot, in its order.
    pub fn all(snapshot: &'a Snapshot) -> impl Iterator<Item = Self> {
        (0..snapshot.objects.len()).map(move |place| Self::new(snapshot, place))
    }

    /// The object.
    pub fn object(&self) -> &'a Object {
        &self.snapshot.objects[self.place]
    }

    /// The picture that its holders and its verdict come from, and its place there; `None` while no picture has them.
    pub fn seen(&self) -> Option<(&'a Snapshot, usize)> {
        self.seen
    }

    /// Who has it.
    pub fn holders(&self) -> &'a [Holder] {
        self.seen.map_or(&[], |(snapshot, place)| snapshot.holders(place))
    }

    /// A process that its holders name.
    pub fn process(&self, pid: u32) -> Option<&'a Process> {
        self.seen.and_then(|(snapshot, _)| snapshot.process(pid))
    }

    /// A user's name, if either picture has it.
    pub fn user_name(&self, uid: u32) -> Option<&'a str> {
        self.snapshot.user_name(uid).or_else(|| self.seen.and_then(|(snapshot, _)| snapshot.user_name(uid)))
    }

    /// A group's name, likewise.
    pub fn group_name(&self, gid: u32) -> Option<&'a str> {
        self.snapshot.group_name(gid).or_else(|| self.seen.and_then(|(snapshot, _)| snapshot.group_name(gid)))
    }

    /// The verdict; means something only if the snapshot was taken with `want.verdict`.
    pub fn verdict(&self) -> &Verdict {
        self.verdict.get_or_init(|| match self.seen {
            Some((snapshot, place)) => diagnose::verdict(snapshot, place),
            None => Verdict {
                state: State::Unknown,
                certain: false,
                reasons: vec!["its users were not looked for yet".to_owned()],
            },
        })
    }

    /// The verdict's state alone, which is much cheaper to come by.
    pub fn state(&self) -> State {
        let judge = || self.seen.map_or(State::Unknown, |(snapshot, place)| diagnose::state(snapshot, place));
        self.verdict.get().map_or_else(judge, |verdict| verdict.state)
    }

    /// Lets the verdict's sentences go. Kept, those of 90,000 rows would be the largest part of memory.
    pub fn forget_verdict(&mut self) {
        self.verdict = OnceCell::new();
    }

    /// The socket at the other end of this one, if it lies on this machine; joined as this row is.
    pub fn peer(&self) -> Option<Row<'a>> {
        let Body::Socket(socket) = &self.object().body else { return None };
        let inode = socket.peer?;
        let place = self.snapshot.socket(inode)?;
        // An inode number may belong to another socket by now; the cookie never does.
        let same =
            |(seen, at): &(&Snapshot, usize)| seen.objects[*at].identity == self.snapshot.objects[place].identity;
        let seen = self.seen.and_then(|(seen, _)| Some((seen, seen.socket(inode)?))).filter(same);
        Some(Self::joined(self.snapshot, place, seen))
    }

    /// System V key.
    pub fn key(&self) -> Option<Key> {
        match &self.object().body {
            Body::Queue(queue) => queue.key,
            Body::Shm(shm) => shm.key,
            Body::Semaphore(set) => set.key,
            _ => None,
        }
    }

    /// System V id.
    pub fn id(&self) -> Option<i32> {
        match self.object().identity {
            Identity::SysV { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Pids of the processes that have the object now, each once, in order.
    pub fn live_pids(&self) -> impl Iterator<Item = u32> + use<'a> {
        let mut last = None;
        self.holders()
            .iter()
            .filter(|holder| !holder.role.is_record())
            .map(|holder| holder.pid)
            .filter(move |pid| last.replace(*pid) != Some(*pid))
    }

    /// A process as tables name it: `orders(812)`.
    pub fn process_name(&self, pid: u32) -> String {
        match self.process(pid) {
            Some(process) => format!("{}({pid})", escape(&process.comm)),
            None => pid.to_string(),
        }
    }
}

impl super::filter::Row for Row<'_> {
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let Some(column) = columns::ALL.get(field.id) else { return false };
        match column.name {
            "pid" => self.holders().iter().any(|holder| test(Value::Number(i128::from(holder.pid)))),
            "owner" => self.object().owner.is_some_and(|ids| {
                let name = self.user_name(ids.uid);
                name.is_some_and(|name| test(Value::Text(&escape(name.as_bytes()))))
                    || test(Value::Text(&ids.uid.to_string()))
            }),
            "address" => self.addresses().iter().any(|address| test(Value::Text(address))),
            "comm" => self.holders().iter().any(|holder| {
                let process = self.process(holder.pid).filter(|_| holder.alive);
                process.is_some_and(|process| test(Value::Text(&escape(&process.comm))))
            }),
            // As addresses write it, too.
            "kind" if self.object().kind() == Kind::Semaphore => {
                test(Value::Text("semaphore")) || test(Value::Text("sem"))
            }
            "key" => self.key().is_some_and(|key| test(Value::Number(i128::from(key.0.cast_unsigned())))),
            _ => self.cell_value(column, test),
        }
    }

    fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut shown = String::new();
        columns::ALL.iter().filter(|column| column.searched).any(|column| {
            let cell = (column.cell)(self);
            shown.clear();
            if cell != Cell::Absent {
                cell.print(&mut shown, Style::default());
            }
            !shown.is_empty() && test(&shown)
        })
    }
}

impl Row<'_> {
    fn cell_value(&self, column: &Column, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        match (column.cell)(self) {
            Cell::Absent => false,
            Cell::Text(word) => test(Value::Text(&word)),
            Cell::Number(number) => test(Value::Number(number)),
            Cell::Size(bytes) => test(Value::Number(i128::from(bytes))),
            Cell::Age(seconds) => test(Value::Seconds(seconds)),
            Cell::Key(key) => test(Value::Number(i128::from(key.0.cast_unsigned()))),
            // A time is compared by its age: how long ago it was.
            Cell::Time(time) if column.field == FieldType::Age => {
                test(Value::Seconds(self.snapshot.taken_at.seconds_since(time)))
            }
            cell @ (Cell::Mode(_) | Cell::Time(_)) => {
                let mut shown = String::new();
                cell.print(&mut shown, Style::default());
                test(Value::Text(&shown)) || test(Value::Text(shown.trim_start_matches('0')))
            }
        }
    }

    /// Every form of the object's address: by id and by key, by path with and without its kind.
    fn addresses(&self) -> Vec<String> {
        let mut all = vec![self.snapshot.address(self.place).to_string()];
        if let Some(key) = self.key().filter(|key| *key != Key::PRIVATE)
            && let Some((kind, _)) = all[0].clone().split_once(':')
        {
            all.push(format!("{kind}:{key}"));
        }
        if let (Body::Socket(_), Identity::Socket { inode, .. }) = (&self.object().body, self.object().identity) {
            all.push(format!("socket:[{inode}]"));
        }
        let kind = match &self.object().body {
            Body::Fifo(_) => Some("fifo"),
            Body::Memfd(_) => Some("memfd"),
            Body::Shm(shm) if shm.deleted => Some("shm"),
            _ => None,
        };
        if let (Some(kind), Identity::File { device, inode }) = (kind, self.object().identity) {
            all.push(format!("{kind}:[{inode}]"));
            all.push(format!("{kind}:[{device}:{inode}]"));
        }
        all
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Role, SocketState};
    use crate::query::Sort;
    use crate::query::columns::{Fields, find};
    use crate::query::filter::Filter;
    use crate::snapshot::Visibility;
    use crate::snapshot::testing::{self, Scene};

    fn shown(row: &Row<'_>, column: &str) -> String {
        let mut out = String::new();
        (find(column).unwrap().cell)(row).print(&mut out, Style::default());
        out
    }

    fn passes(row: &Row<'_>, filter: &str) -> bool {
        Filter::parse_text(filter, &Fields).unwrap().matches(row)
    }

    /// A full picture with holders, and a newer quick one: the queue has grown, and stands elsewhere.
    fn two_pictures() -> (Snapshot, Snapshot) {
        let mut scene = Scene { users: vec![(0, "root")], ..Scene::default() };
        let queue = scene.add(testing::queue(5, 0x4d2, 1, 10));
        scene.process(812, "orders", 0);
        scene.hold(queue, 812, Role::WaitingSend);
        scene.gone(queue, 700, Role::LastReceiver);
        let full = scene.picture();
        let grown = vec![testing::queue(4, 1, 0, 0), testing::queue(5, 0x4d2, 9, 90)];
        let quick = Scene { objects: grown, later: 60, ..Scene::default() };
        (full, quick.picture())
    }

    #[test]
    fn numbers_are_of_the_new_picture_and_processes_of_the_full_one() {
        let (full, quick) = two_pictures();
        let row = Row::joined(&quick, 1, Some((&full, 0)));
        let columns = ["messages", "age", "processes", "pid", "comm", "receiver", "owner", "state"];
        let cells = columns.map(|column| shown(&row, column));
        assert_eq!(cells, ["9", "11m", "orders(812)", "700 812", "orders", "700 gone", "root", "in-use"]);
        for filter in ["pid:812", "pid:700", "comm:orders", "orders(812)", "in-use", "user:root", "messages=9"] {
            assert!(passes(&row, filter), "{filter}");
        }
        assert_eq!(row.verdict(), &diagnose::verdict(&full, 0));
    }

    #[test]
    fn an_object_newer_than_the_full_picture_is_unknown() {
        let (full, quick) = two_pictures();
        let row = Row::joined(&quick, 0, None);
        assert_eq!((row.state(), row.holders(), row.live_pids().count()), (State::Unknown, &[][..], 0));
        assert_eq!(row.verdict().reasons, ["its users were not looked for yet"]);
        assert_eq!((&*shown(&row, "processes"), &*shown(&row, "why")), ("-", "its users were not looked for yet"));
        assert!(passes(&row, "unknown") && !passes(&row, "pid:812") && !passes(&row, "orders"));
        drop(full);
    }

    /// The new picture knows nothing of processes, and so must not have a say in the verdict.
    #[test]
    fn a_verdict_never_mixes_two_pictures() {
        let (full, quick) = two_pictures();
        assert_ne!(Row::new(&quick, 1).state(), State::InUse, "alone it shows nobody");
        assert_eq!(Row::joined(&quick, 1, Some((&full, 0))).state(), State::InUse);
        let blind = Visibility { hides_processes: true, ..Visibility::default() };
        let full = Scene { objects: vec![testing::queue(5, 0x4d2, 1, 10)], visibility: blind, ..Scene::default() };
        assert_eq!(Row::joined(&quick, 1, Some((&full.picture(), 0))).state(), State::Unknown);
    }

    #[test]
    fn the_other_end_is_joined_by_identity() {
        let pair = |far| {
            let mut scene = Scene::default();
            scene.process(9, "server", 0);
            scene.process(8, "client", 0);
            let near = scene.add(testing::unix(41, None, SocketState::Connected, Some(far)));
            let other = scene.add(testing::unix(far, None, SocketState::Connected, Some(41)));
            scene.hold(near, 8, Role::Connected);
            scene.hold(other, 9, Role::Connected);
            scene
        };
        let full = pair(42);
        let quick = Scene { objects: full.objects.iter().rev().cloned().collect(), ..Scene::default() };
        let (full, quick) = (full.picture(), quick.picture());
        assert_eq!(shown(&Row::joined(&quick, 1, Some((&full, 0))), "peer"), "socket:[42] server(9)");
        assert_eq!(shown(&Row::new(&full, 0), "peer"), "socket:[42] server(9)");
        assert_eq!(shown(&Row::joined(&quick, 1, None), "peer"), "socket:[42]");
        // The inode at the other end belongs to another socket by now.
        let mut reused = pair(42);
        reused.objects[1].identity = Identity::Socket { inode: 42, cookie: 7 };
        let reused = reused.picture();
        assert_eq!(shown(&Row::joined(&reused, 0, Some((&full, 0))), "peer"), "socket:[42]");
    }

    #[test]
    fn places_are_sorted_as_rows_are_and_each_is_asked_once() {
        let mut scene = Scene::default();
        for (id, messages) in [(1, 5), (2, 1), (3, 5), (4, 7)] {
            scene.add(testing::queue(id, id, messages, 0));
        }
        let snapshot = scene.picture();
        for (order, expected) in [("messages", [1, 0, 2, 3]), ("-messages", [3, 0, 2, 1])] {
            let sort = Sort::parse(order).unwrap();
            let mut asked = Vec::new();
            let mut places: Vec<usize> = (0..4).collect();
            sort.apply_to(&mut places, |place| {
                asked.push(*place);
                Row::new(&snapshot, *place)
            });
            assert_eq!((&places[..], asked), (&expected[..], vec![0, 1, 2, 3]));
            let mut rows: Vec<_> = Row::all(&snapshot).collect();
            sort.apply(&mut rows);
            assert!(rows.iter().map(|row| row.place).eq(expected));
        }
    }
}
