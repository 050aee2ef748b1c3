//! A row: one object of a snapshot, with its verdict made when it is first asked for.

use super::cell::{Cell, Style};
use super::columns::{self, Column};
use super::filter::{Field, FieldType, Value};
use crate::diagnose::{self, State, Verdict};
use crate::model::{Body, Holder, Identity, Key, Kind, Object, escape};
use crate::snapshot::Snapshot;
use std::cell::OnceCell;

/// One object, as columns, filters and outputs see it.
pub struct Row<'a> {
    /// The picture it is in.
    pub snapshot: &'a Snapshot,
    /// Its place in [`Snapshot::objects`].
    pub place: usize,
    verdict: OnceCell<Verdict>,
}

impl<'a> Row<'a> {
    /// The object at a place.
    pub fn new(snapshot: &'a Snapshot, place: usize) -> Self {
        Self { snapshot, place, verdict: OnceCell::new() }
    }

    /// All objects of a snapshot, in its order.
    pub fn all(snapshot: &'a Snapshot) -> impl Iterator<Item = Self> {
        (0..snapshot.objects.len()).map(move |place| Self::new(snapshot, place))
    }

    /// The object.
    pub fn object(&self) -> &'a Object {
        &self.snapshot.objects[self.place]
    }

    /// Who has it.
    pub fn holders(&self) -> &'a [Holder] {
        self.snapshot.holders(self.place)
    }

    /// The verdict; means something only if the snapshot was taken with `want.verdict`.
    pub fn verdict(&self) -> &Verdict {
        self.verdict.get_or_init(|| diagnose::verdict(self.snapshot, self.place))
    }

    /// The verdict's state alone, which is much cheaper to come by.
    pub fn state(&self) -> State {
        self.verdict.get().map_or_else(|| diagnose::state(self.snapshot, self.place), |verdict| verdict.state)
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
        match self.snapshot.process(pid) {
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
                let name = self.snapshot.user_name(ids.uid);
                name.is_some_and(|name| test(Value::Text(&escape(name.as_bytes()))))
                    || test(Value::Text(&ids.uid.to_string()))
            }),
            "address" => self.addresses().iter().any(|address| test(Value::Text(address))),
            "comm" => self.holders().iter().any(|holder| {
                let process = self.snapshot.process(holder.pid).filter(|_| holder.alive);
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
        if let (Body::Fifo(_), Identity::File { device, inode }) = (&self.object().body, self.object().identity) {
            all.push(format!("fifo:[{inode}]"));
            all.push(format!("fifo:[{device}:{inode}]"));
        }
        all
    }
}
