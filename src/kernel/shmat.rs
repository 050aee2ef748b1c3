//! `shmat(2)`: the bytes of a System V segment. Attaching, even to read, makes the caller the segment's last pid and
//! stamps its attach time; detaching stamps the detach time.

use super::Result;
use nix::errno::Errno;
use std::ptr::NonNull;

/// An attached segment; detached when dropped. Others may write to it at any time, so its bytes are copied out and never
/// lent.
#[derive(Debug)]
pub struct Attached {
    start: NonNull<u8>,
    size: usize,
}

/// Attaches a segment of `size` bytes (from `shm_segsz`, which never changes). Needs read permission, and write
/// permission unless `read_only`.
pub fn attach(id: i32, size: u64, read_only: bool) -> Result<Attached> {
    let flags = if read_only { libc::SHM_RDONLY } else { 0 };
    // SAFETY: the kernel chooses the place; nothing of ours is there.
    let start = unsafe { libc::shmat(id, std::ptr::null(), flags) };
    let fail = |errno| Err(super::id_error(format!("shm:{id}"), errno));
    if start as isize == -1 {
        return fail(Errno::last());
    }
    match (NonNull::new(start.cast()), usize::try_from(size)) {
        (Some(start), Ok(size)) => Ok(Attached { start, size }),
        _ => fail(Errno::EINVAL),
    }
}

impl Attached {
    /// Copies bytes out, as many as there are from `offset` on.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> usize {
        let Some((at, length)) = self.place(offset, bytes.len()) else { return 0 };
        // SAFETY: `place` keeps within the segment, which stays mapped as long as `self`; `bytes` is memory of ours. That
        // others may write meanwhile can mix old and new bytes and nothing worse.
        unsafe { std::ptr::copy_nonoverlapping(at, bytes.as_mut_ptr(), length) };
        length
    }

    /// Copies bytes in, as many as there is room for from `offset` on. Only for a segment attached for writing.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> usize {
        let Some((at, length)) = self.place(offset, bytes.len()) else { return 0 };
        // SAFETY: as above; the mapping is writable, as the caller asked.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, length) };
        length
    }

    /// Which pages of a range are in memory (`man 2 mincore`): one that is not, and not swapped either, holds zeros and
    /// reading it would only make the segment larger. `offset` must be on a page. All are, for who may not ask.
    pub fn resident(&self, offset: u64, length: usize) -> Vec<bool> {
        let Some((at, length)) = self.place(offset, length) else { return Vec::new() };
        let mut pages = vec![1u8; length.div_ceil(page())];
        // SAFETY: an address on a page, a length within the mapping, a vector of one byte a page.
        let result = unsafe { libc::mincore(at.cast(), length, pages.as_mut_ptr()) };
        pages.into_iter().map(|page| result != 0 || page & 1 == 1).collect()
    }

    fn place(&self, offset: u64, length: usize) -> Option<(*mut u8, usize)> {
        let offset = usize::try_from(offset).ok().filter(|offset| *offset < self.size)?;
        // SAFETY: the offset lies within the segment.
        Some((unsafe { self.start.as_ptr().add(offset) }, length.min(self.size - offset)))
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: attached by `attach`, and no reference into it exists.
        unsafe { libc::shmdt(self.start.as_ptr().cast()) };
    }
}

/// Size of a page, bytes.
pub fn page() -> usize {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, |size| size as usize)
}
