//! A System V segment: attached to read, its pages that are not zeros copied, marked for removal while still attached, and
//! compared: nobody finds it by its key any more, so that what was written until then is copied anew and complete.

use super::{Failure, Part, Removing};
use crate::actions::Refusal;
use crate::actions::backup::header::{Access, Saved};
use crate::actions::backup::recover::READABLE;
use crate::kernel::shmat::{self, Attached};
use crate::kernel::{Result, shmctl, sysvipc};
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// How much is read at a time, bytes: a multiple of every page size.
const PIECE: usize = 1 << 20;

/// Its attributes.
pub(super) fn saved(id: i32) -> Result<Saved> {
    shmctl::stat(id).map(|stat| Saved::Segment {
        key: stat.common.key.0,
        id,
        creator: stat.common.creator.uid,
        access: Access::new(stat.common.owner, stat.mode),
        size: stat.size,
        locked: stat.locked,
    })
}

/// Returns how many attaches keep its memory.
pub(super) fn remove(removing: &Removing<'_>, id: i32, part: &mut Part<'_>) -> std::result::Result<u64, Failure> {
    removing.subject.verify(removing.address)?;
    let stat = shmctl::stat(id)?;
    if stat.attaches > 0 && !removing.force {
        return Err(attached_since(removing, stat.attaches).into());
    }
    // Attaching leaves a trace: that there is room for all that it may hold is found out first.
    let (held, _) = in_memory(id).unwrap_or((0, 0));
    let room = held.min(stat.size).min(part.max_size());
    part.direct(room).map_err(|error| removing.unkept(&error))?;
    if let Ok(segment) = shmat::attach(id, stat.size, true) {
        return Ok(copy_and_remove(removing, id, &segment, stat.size, part)?);
    }
    // Its owner may always give himself the permission to read.
    let owner = stat.common.owner;
    shmctl::set(id, owner, stat.mode | READABLE)?;
    let attached = shmat::attach(id, stat.size, true).map_err(|error| removing.unreadable(error));
    attached
        .and_then(|segment| copy_and_remove(removing, id, &segment, stat.size, part))
        .map_err(|refusal| removing.thawed(refusal, shmctl::set(id, owner, stat.mode)))
}

fn attached_since(removing: &Removing<'_>, attaches: u64) -> Refusal {
    removing.in_use(format!("attached {attaches} times since it was looked at"))
}

fn copy_and_remove(
    removing: &Removing<'_>,
    id: i32,
    segment: &Attached,
    size: u64,
    part: &mut Part<'_>,
) -> std::result::Result<u64, Refusal> {
    let mut holes = !is_swapped(id);
    let mut before = copy(removing, segment, size, holes, part)?;
    if holes && is_swapped(id) {
        // What went to swap meanwhile may have been taken for zeros.
        holes = false;
        before = copy(removing, segment, size, holes, part)?;
    }
    // This attach is one of them.
    let others = shmctl::stat(id)?.attaches.saturating_sub(1);
    if others > 0 && !removing.force {
        return Err(attached_since(removing, others));
    }
    shmctl::remove(id)?;
    // From here on there is no way back, and a failure to copy anew leaves the copy that was made.
    let _ = settle(removing, id, segment, (size, holes), before, part);
    Ok(shmctl::stat(id).map_or(0, |stat| stat.attaches.saturating_sub(1)))
}

/// Copies anew what changed between the copy and the removal.
fn settle(
    removing: &Removing<'_>,
    id: i32,
    segment: &Attached,
    (size, holes): (u64, bool),
    before: u64,
    part: &mut Part<'_>,
) -> std::result::Result<(), Refusal> {
    let mut hash = FxHasher::default();
    pages(segment, size, holes, &mut |offset, bytes| {
        digest(&mut hash, offset, bytes);
        Ok(())
    })?;
    if hash.finish() == before && (!holes || !is_swapped(id)) {
        return Ok(());
    }
    let holes = holes && !is_swapped(id);
    let mut again = part.again().map_err(|error| removing.unkept(&error))?;
    match copy(removing, segment, size, holes, &mut again) {
        Ok(_) => {
            *part = again;
            Ok(())
        }
        Err(refusal) => {
            again.discard();
            Err(refusal)
        }
    }
}

/// Copies what is not zeros, durably, and returns a digest of it.
fn copy(
    removing: &Removing<'_>,
    segment: &Attached,
    size: u64,
    holes: bool,
    part: &mut Part<'_>,
) -> std::result::Result<u64, Refusal> {
    part.restart().map_err(|error| removing.unkept(&error))?;
    let (mut hash, mut sum) = (FxHasher::default(), 0);
    pages(segment, size, holes, &mut |offset, bytes| {
        sum += bytes.len() as u64;
        if sum > part.max_size() {
            return Err(removing.too_large(size, part.max_size()));
        }
        digest(&mut hash, offset, bytes);
        part.push_bytes(offset, bytes).map_err(|error| removing.unkept(&error))
    })?;
    part.seal().map_err(|error| removing.unkept(&error))?;
    Ok(hash.finish())
}

fn digest(hash: &mut FxHasher, offset: u64, bytes: &[u8]) {
    hash.write_u64(offset);
    hash.write(bytes);
}

/// Whether some of it is in swap, where `mincore` does not see it.
fn is_swapped(id: i32) -> bool {
    in_memory(id).is_none_or(|(_, swapped)| swapped > 0)
}

/// Bytes that it takes, in memory and in swap, and those in swap; `None` where the kernel does not say.
fn in_memory(id: i32) -> Option<(u64, u64)> {
    let mut found = None;
    let read = sysvipc::read_shm(&mut |line| {
        if line.perm.id == id {
            found = line.resident.zip(line.swapped).map(|(resident, swapped)| (resident + swapped, swapped));
        }
    });
    read.ok().and(found)
}

/// Takes the offset of some bytes, and the bytes.
type Each<'a> = dyn FnMut(u64, &[u8]) -> std::result::Result<(), Refusal> + 'a;

/// Calls `each` with the runs of pages that are not all zeros. With `holes`, pages that are not in memory are taken for
/// zeros and not touched, which would only make the segment larger.
fn pages(segment: &Attached, size: u64, holes: bool, each: &mut Each<'_>) -> std::result::Result<(), Refusal> {
    let page = shmat::page();
    let mut piece = vec![0; PIECE];
    for offset in (0..size).step_by(PIECE) {
        let length = PIECE.min((size - offset) as usize);
        let resident = if holes { segment.resident(offset, length) } else { vec![true; length.div_ceil(page)] };
        if !resident.contains(&true) {
            continue;
        }
        let mut run: Option<usize> = None;
        for (number, there) in resident.iter().chain([&false]).enumerate() {
            let at = number * page;
            let end = length.min(at + page);
            let filled = *there && at < length && {
                segment.read(offset + at as u64, &mut piece[at..end]);
                piece[at..end].iter().any(|byte| *byte != 0)
            };
            match (run, filled) {
                (None, true) => run = Some(at),
                (Some(start), false) => {
                    each(offset + start as u64, &piece[start..at.min(length)])?;
                    run = None;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
