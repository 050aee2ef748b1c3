//! The calls that change an object, in an order in which an earlier one takes no right that a later one needs: values and
//! lock, then mode, limit and owner, the mark for removal last.

use super::state::State;
use super::{Changes, NewValue, Setting};
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::kernel::capability::{self, CAP_SYS_ADMIN};
use crate::kernel::pinned::{self, Pinned};
use crate::kernel::{self, Error, mqueue, msgctl, posix_sem, semctl, shmctl};
use crate::model::{Device, Kind};

/// How many single steps a POSIX semaphore is taken.
const MOST_STEPS: u32 = 1_000_000;

impl Setting {
    /// Makes the changes, and notes in `done` those that are made.
    pub(super) fn apply(&self, before: &State, done: &mut Changes) -> Result<(), Refusal> {
        let ids = !self.changes.owner.is_empty() || self.changes.mode.is_some() || self.changes.limit.is_some();
        match &self.subject {
            Subject::SysV { kind, id, .. } => {
                self.values_of_set(*id, before, done)?;
                if let Some(lock) = self.changes.lock {
                    shmctl::lock(*id, lock)?;
                    done.lock = Some(lock);
                }
                if ids {
                    self.ids_of_sysv(*kind, *id)?;
                    (done.mode, done.limit, done.owner) = (self.changes.mode, self.changes.limit, self.changes.owner);
                }
                if self.changes.mark_removed {
                    self.mark(*id)?;
                    done.mark_removed = true;
                }
                Ok(())
            }
            Subject::PosixQueue { name, device, inode } => {
                let queues = mqueue::open(capability::have(CAP_SYS_ADMIN))?;
                self.of_file(&queues.pin(name)?, *device, *inode, done)
            }
            Subject::File { path, device, inode, .. } => {
                let file = pinned::pin(path)?;
                self.value_of_posix(&file, *device, *inode, before)?;
                done.values.clone_from(&self.changes.values);
                self.of_file(&file, *device, *inode, done)
            }
        }
    }

    /// One call sets them all; a set of which only some are named has those set one by one, and the others left alone.
    fn values_of_set(&self, id: i32, before: &State, done: &mut Changes) -> Result<(), Refusal> {
        let small = |value: u32| u16::try_from(value).unwrap_or(u16::MAX);
        if self.changes.values.iter().any(|new| new.index.is_none()) {
            let values = before.with(&self.changes).values;
            let values: Vec<u16> = values.into_iter().map(|value| small(value.unwrap_or(0))).collect();
            semctl::set_all(id, &values)?;
            done.values.clone_from(&self.changes.values);
            return Ok(());
        }
        for new in &self.changes.values {
            let index = new.index.and_then(|index| u16::try_from(index).ok()).unwrap_or(0);
            semctl::set_one(id, index, small(new.value))?;
            done.values.push(*new);
        }
        Ok(())
    }

    /// `IPC_SET` sets owner, mode and limit together: the rest is read right before.
    fn ids_of_sysv(&self, kind: Kind, id: i32) -> kernel::Result<()> {
        let changes = &self.changes;
        match kind {
            Kind::Queue => {
                let mut settings = msgctl::stat(id)?.settings();
                settings.owner = changes.owner.over(settings.owner);
                settings.mode = changes.mode.unwrap_or(settings.mode);
                settings.limit_bytes = changes.limit.unwrap_or(settings.limit_bytes);
                msgctl::set(id, &settings)
            }
            Kind::Shm => {
                let stat = shmctl::stat(id)?;
                shmctl::set(id, changes.owner.over(stat.common.owner), changes.mode.unwrap_or(stat.mode))
            }
            _ => {
                let stat = semctl::stat(id)?;
                semctl::set(id, changes.owner.over(stat.common.owner), changes.mode.unwrap_or(stat.mode))
            }
        }
    }

    /// Removing a segment that nobody has attached would not mark it but free it: looked at once more.
    fn mark(&self, id: i32) -> Result<(), Refusal> {
        if shmctl::stat(id)?.attaches == 0 {
            return Err(self.would_remove());
        }
        shmctl::remove(id).map_err(Into::into)
    }

    /// The value first: who gives a semaphore away may not set it any more.
    fn value_of_posix(&self, file: &Pinned, device: Device, inode: u64, before: &State) -> Result<(), Refusal> {
        let Some(NewValue { value, .. }) = self.changes.values.last() else { return Ok(()) };
        self.same(file, device, inode)?;
        let semaphore = posix_sem::open(self.name.as_deref().unwrap_or_default())?;
        let now = before.values.first().copied().flatten().map_or_else(|| semaphore.value(), Ok)?;
        if now.abs_diff(*value) > MOST_STEPS {
            let why = format!(
                "its value is {now}, and a POSIX semaphore is set in single steps, of which no more than {MOST_STEPS} are done"
            );
            return Err(Refusal::Failed { what: self.address.clone(), why });
        }
        semaphore.set(*value).map_err(Into::into)
    }

    /// Mode before owner: who gives a file away may not change its mode any more.
    fn of_file(&self, file: &Pinned, device: Device, inode: u64, done: &mut Changes) -> Result<(), Refusal> {
        self.same(file, device, inode)?;
        if let Some(mode) = self.changes.mode {
            file.set_mode(mode)?;
            done.mode = Some(mode);
        }
        if !self.changes.owner.is_empty() {
            file.set_owner(self.changes.owner.user, self.changes.owner.group)?;
            done.owner = self.changes.owner;
        }
        Ok(())
    }

    /// Compares the file in hand with the one that was planned for.
    fn same(&self, file: &Pinned, device: Device, inode: u64) -> Result<(), Refusal> {
        let stat = file.stat()?;
        if (stat.device, stat.inode) == (device, inode) { Ok(()) } else { Err(self.changed()) }
    }

    /// A refusal in the words of this object.
    pub(super) fn explained(&self, refusal: Refusal) -> Refusal {
        let what = || self.address.clone();
        match refusal {
            Refusal::Kernel(error) if error.is_absent() => self.changed(),
            Refusal::Kernel(error) if error.is_permission() => Refusal::Permission {
                what: what(),
                why: self.forbidden().unwrap_or_else(|| "the kernel refused it".to_owned()),
            },
            Refusal::Kernel(error) if error.no_memory() && self.changes.lock == Some(true) => Refusal::Permission {
                what: what(),
                why: "more than RLIMIT_MEMLOCK allows (ulimit -l) is locked by who has CAP_IPC_LOCK".to_owned(),
            },
            Refusal::Kernel(error @ Error::Os { .. }) => Refusal::Kernel(error),
            other => other,
        }
    }
}
