//! Numbers in memory that children share with the test.

use std::sync::atomic::{AtomicU64, Ordering};

/// As many numbers as fit a page, all 0.
pub struct Counters(*const AtomicU64);

const PAGE: usize = 4096;

impl Counters {
    pub fn new() -> Self {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: the kernel chooses a free place in memory; there is no file.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, access, flags, -1, 0) };
        assert_ne!(address, libc::MAP_FAILED);
        Self(address.cast())
    }

    /// The number at a place.
    pub fn at(&self, place: usize) -> &AtomicU64 {
        assert!(place < PAGE / size_of::<AtomicU64>());
        // SAFETY: within the page, which is aligned, begins as zeros, and is mapped as long as `self` lives.
        unsafe { &*self.0.add(place) }
    }

    pub fn get(&self, place: usize) -> u64 {
        self.at(place).load(Ordering::SeqCst)
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        // SAFETY: as `mmap` returned it, unmapped once.
        unsafe { libc::munmap(self.0.cast_mut().cast(), PAGE) };
    }
}
