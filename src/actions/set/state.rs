//! What can be set of an object, as it is; and the difference between two such states.

use super::{Change, Changes};
use crate::actions::subject::Subject;
use crate::kernel::posix_shm::{self, ShmFile};
use crate::kernel::{self, file, mqueue, msgctl, semctl, shmctl, users};
use crate::model::{Ids, Kind, escape};

/// All that can be set; `None` for what the object does not have or what could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) mode: Option<u16>,
    pub(super) owner: Option<Ids>,
    /// The recorded creator of a System V object, who may change it as its owner may.
    pub(super) creator: Option<u32>,
    pub(super) limit: Option<u64>,
    /// One for each semaphore.
    pub(super) values: Vec<Option<u32>>,
    /// Tasks that wait on a semaphore.
    pub(super) waiting: u64,
    pub(super) locked: Option<bool>,
    pub(super) marked: Option<bool>,
    pub(super) attaches: u64,
}

impl State {
    /// Reads it. `name` is the POSIX name.
    pub(super) fn read(subject: &Subject, kind: Kind, name: Option<&[u8]>) -> kernel::Result<Self> {
        match subject {
            Subject::SysV { kind: Kind::Queue, id, .. } => msgctl::stat(*id).map(|stat| Self {
                mode: Some(stat.mode),
                owner: Some(stat.owner),
                creator: Some(stat.creator.uid),
                limit: Some(stat.limit_bytes),
                ..Self::default()
            }),
            Subject::SysV { kind: Kind::Shm, id, .. } => shmctl::stat(*id).map(|stat| Self {
                mode: Some(stat.mode),
                owner: Some(stat.common.owner),
                creator: Some(stat.common.creator.uid),
                locked: Some(stat.locked),
                marked: Some(stat.marked_for_removal),
                attaches: stat.attaches,
                ..Self::default()
            }),
            Subject::SysV { id, .. } => Self::of_set(*id),
            Subject::PosixQueue { name, .. } => {
                let may_mount = kernel::capability::have(kernel::capability::CAP_SYS_ADMIN);
                let stat = mqueue::open(may_mount)?.stat(name)?;
                Ok(Self { mode: Some(stat.mode), owner: Some(stat.owner), ..Self::default() })
            }
            Subject::File { path, .. } => {
                let stat = file::lstat(path)?;
                let mut state = Self { mode: Some(stat.mode), owner: Some(stat.owner), ..Self::default() };
                if kind == Kind::Semaphore {
                    let file_name =
                        [b"sem.", name.and_then(|name| name.strip_prefix(b"/")).unwrap_or_default()].concat();
                    let inside = posix_shm::read_semaphore(&ShmFile { name: file_name.into(), stat }).ok().flatten();
                    state.values = vec![inside.map(|inside| inside.value)];
                    state.waiting = inside.map_or(0, |inside| inside.waiters.into());
                }
                Ok(state)
            }
        }
    }

    fn of_set(id: i32) -> kernel::Result<Self> {
        let stat = semctl::stat(id)?;
        let semaphores = semctl::read_values(id, stat.count).unwrap_or_default();
        let count = usize::try_from(stat.count).unwrap_or(0);
        let waits =
            semaphores.iter().map(|one| u64::from(one.waiting_increase) + u64::from(one.waiting_zero.unwrap_or(0)));
        Ok(Self {
            mode: Some(stat.mode),
            owner: Some(stat.common.owner),
            creator: Some(stat.common.creator.uid),
            waiting: waits.sum(),
            values: (0..count).map(|index| semaphores.get(index).map(|one| one.value)).collect(),
            ..Self::default()
        })
    }

    /// With the changes made as asked.
    pub(super) fn with(&self, changes: &Changes) -> Self {
        let mut state = self.clone();
        state.mode = changes.mode.or(state.mode);
        state.owner = state.owner.map(|ids| changes.owner.over(ids));
        state.limit = changes.limit.or(state.limit);
        state.locked = changes.lock.or(state.locked);
        state.marked = if changes.mark_removed { Some(true) } else { state.marked };
        for new in &changes.values {
            for (value, at) in state.values.iter_mut().zip(0u64..) {
                if new.index.is_none_or(|index| index == at) {
                    *value = Some(new.value);
                }
            }
        }
        state
    }

    /// With values that cannot be read taken from another state.
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut state = self.clone();
        for (value, other) in state.values.iter_mut().zip(&other.values) {
            *value = value.or(*other);
        }
        state
    }

    /// What differs in another state, as far as it was asked for. What was asked for and is as before is told too.
    pub(super) fn changes_to(&self, new: &Self, asked: &Changes) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |what: &str, old: String, new: String| changes.push(Change { what: what.to_owned(), old, new });
        if asked.mode.is_some() {
            add("mode", mode(self.mode), mode(new.mode));
        }
        if asked.owner.user.is_some() {
            let name = |state: &Self| state.owner.map_or_else(unknown, |ids| named(ids.uid, users::user_name));
            add("owner", name(self), name(new));
        }
        if asked.owner.group.is_some() {
            let gid = |state: &Self| state.owner.and_then(|ids| ids.gid);
            let name = |state: &Self| gid(state).map_or_else(unknown, |gid| named(gid, users::group_name));
            add("group", name(self), name(new));
        }
        if asked.limit.is_some() {
            add("limit", number(self.limit), number(new.limit));
        }
        if asked.lock.is_some() {
            add("locked", yes(self.locked), yes(new.locked));
        }
        if asked.mark_removed {
            add("marked for removal", yes(self.marked), yes(new.marked));
        }
        if !asked.values.is_empty() {
            changes.extend(self.values_to(new, asked));
        }
        changes
    }

    /// Neighbours that had the same value and have the same now are one line.
    fn values_to(&self, new: &Self, asked: &Changes) -> Vec<Change> {
        let wanted = |at: u64| asked.values.iter().any(|new| new.index.is_none_or(|index| index == at));
        let all = self.values.iter().zip(&new.values).zip(0u64..);
        let mut runs: Vec<(u64, u64, Option<u32>, Option<u32>)> = Vec::new();
        for ((old, new), at) in all.filter(|(_, at)| wanted(*at)) {
            match runs.last_mut() {
                Some((_, last, from, to)) if *last + 1 == at && (*from, *to) == (*old, *new) => *last = at,
                _ => runs.push((at, at, *old, *new)),
            }
        }
        let single = self.values.len() == 1;
        let run = |(first, last, old, new): (u64, u64, Option<u32>, Option<u32>)| {
            let what = match last {
                _ if single => "value".to_owned(),
                last if last == first => format!("value[{first}]"),
                last => format!("value[{first}-{last}]"),
            };
            Change { what, old: number(old), new: number(new) }
        };
        runs.into_iter().map(run).collect()
    }
}

fn unknown() -> String {
    "?".to_owned()
}

fn mode(mode: Option<u16>) -> String {
    mode.map_or_else(unknown, |mode| format!("{mode:04o}"))
}

fn number(number: Option<impl ToString>) -> String {
    number.map_or_else(unknown, |number| number.to_string())
}

fn yes(yes: Option<bool>) -> String {
    yes.map_or_else(unknown, |yes| if yes { "yes" } else { "no" }.to_owned())
}

fn named(id: u32, name: fn(u32) -> Option<String>) -> String {
    name(id).map_or_else(|| id.to_string(), |name| escape(name.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::NewValue;
    use super::*;

    #[test]
    fn neighbours_with_the_same_change_are_one_line() {
        let before = State { values: vec![Some(0), Some(0), Some(3), None, Some(0)], ..State::default() };
        let all = |value| NewValue { index: None, value };
        let changes = Changes { values: vec![all(1), NewValue { index: Some(4), value: 9 }], ..Changes::default() };
        let lines: Vec<String> =
            before.changes_to(&before.with(&changes), &changes).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["value[0-1] 0 -> 1", "value[2] 3 -> 1", "value[3] ? -> 1", "value[4] 0 -> 9"]);
    }

    #[test]
    fn only_what_was_asked_for_is_told() {
        let before = State { mode: Some(0o600), limit: Some(16384), values: vec![Some(1)], ..State::default() };
        let changes = Changes { limit: Some(65536), ..Changes::default() };
        let told = before.changes_to(&before.with(&changes), &changes);
        assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), ["limit 16384 -> 65536"]);
        let changes = Changes { values: vec![NewValue { index: None, value: 2 }], ..Changes::default() };
        let told = before.changes_to(&before.with(&changes), &changes);
        assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), ["value 1 -> 2"]);
    }
}
