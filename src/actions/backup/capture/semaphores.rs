//! A System V semaphore set: its values, which are compared again right before it goes. What processes have to undo at
//! their end (`SEM_UNDO`) goes with the set.

use super::{ATTEMPTS, Failure, Part, Removing};
use crate::actions::Refusal;
use crate::actions::backup::Record;
use crate::actions::backup::header::{Access, Saved};
use crate::actions::backup::recover::READABLE;
use crate::kernel::{Result, semctl};

/// Its attributes.
pub(super) fn saved(id: i32) -> Result<Saved> {
    semctl::stat(id).map(|stat| Saved::Semaphores {
        key: stat.common.key.0,
        id,
        creator: stat.common.creator.uid,
        access: Access::new(stat.common.owner, stat.mode),
        count: stat.count,
        operated: stat.operated != 0,
    })
}

pub(super) fn remove(removing: &Removing<'_>, id: i32, part: &mut Part<'_>) -> std::result::Result<(), Failure> {
    removing.subject.verify(removing.address)?;
    let stat = semctl::stat(id)?;
    if stat.count > u16::MAX.into() {
        return Err(removing.uncopied(&format!("it has {} semaphores", stat.count)).into());
    }
    if semctl::get_all(id, stat.count).is_ok() {
        return Ok(copy_and_remove(removing, id, stat.count, part)?);
    }
    // Its owner may always give himself the permission to read.
    let owner = stat.common.owner;
    semctl::set(id, owner, stat.mode | READABLE)?;
    copy_and_remove(removing, id, stat.count, part)
        .map_err(|refusal| removing.thawed(refusal, semctl::set(id, owner, stat.mode)))
}

fn copy_and_remove(
    removing: &Removing<'_>,
    id: i32,
    count: u64,
    part: &mut Part<'_>,
) -> std::result::Result<(), Refusal> {
    let values = || semctl::get_all(id, count).map_err(|error| removing.unreadable(error));
    for _ in 0..ATTEMPTS {
        part.restart().map_err(|error| removing.unkept(&error))?;
        let copied = values()?;
        part.push(&Record::Values(copied.clone())).map_err(|error| removing.unkept(&error))?;
        part.seal().map_err(|error| removing.unkept(&error))?;
        if values()? == copied {
            return Ok(semctl::remove(id)?);
        }
    }
    Err(removing.restless())
}
