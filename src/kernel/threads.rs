//! What threads of a scan share needlessly (`man 2 unshare`, `man 3 mallopt`).

use nix::sched::{CloneFlags, unshare};

/// Gives the calling thread a table of descriptors and a working directory of its own. Two threads that look up 127,000
/// paths take a tenth longer while they share them: each look-up counts references to both. Descriptors that were open
/// before stay usable; new ones are the thread's alone. Needs no privilege; a sandbox that refuses it costs only time.
pub fn own_tables() {
    let _ = unshare(CloneFlags::CLONE_FILES | CloneFlags::CLONE_FS);
}

/// Lets other threads have the processor first: the calling one, and those that it starts from here on, get a nice value of
/// 5 (`man 2 setpriority`: on Linux of a thread). Needs no privilege, and cannot be taken back without one.
pub fn step_back() {
    // SAFETY: numbers alone; 0 stands for the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 5) };
}

/// Lets the C library's heaps grow by megabytes instead of by pages: every growth stops all threads for a moment.
pub fn grow_heaps_in_large_steps() {
    #[cfg(target_env = "gnu")]
    {
        const STEP: libc::c_int = 4 << 20;
        // SAFETY: sets a number inside the allocator; called before other threads start.
        unsafe { libc::mallopt(libc::M_TOP_PAD, STEP) };
    }
}
