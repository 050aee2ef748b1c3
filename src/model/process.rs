//! A process as far as IPC needs it.

/// Scheduler state letter of `/proc/PID/stat` (`man 5 proc_pid_stat`): `R S D Z T t X I …`.
pub type State = char;

/// A process, identified by pid **and** start time: a pid alone may have been reused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process id in the reader's PID namespace.
    pub pid: u32,
    /// Parent's process id; 0 for init and for parents outside the namespace.
    pub ppid: u32,
    /// Start in clock ticks since boot (`starttime`, field 22 of stat).
    pub start_ticks: u64,
    /// State letter.
    pub state: State,
    /// Number of threads.
    pub threads: u32,
    /// A thread of the kernel: has no address space and no user's IPC.
    pub kernel: bool,
    /// Its main thread is ending (`PF_EXITING`), or has ended.
    pub exiting: bool,
    /// Command name as the kernel holds it: up to 15 bytes of anything but NUL.
    pub comm: Box<[u8]>,
    /// Arguments; empty for kernel threads and zombies, `None` when not asked for or not readable.
    pub cmdline: Option<Vec<Box<[u8]>>>,
    /// Real, effective, saved and file-system uid; `None` when not asked for or not readable.
    pub uids: Option<[u32; 4]>,
}

impl Process {
    /// Whether it can still use what it had. A zombie has given up everything; but a process whose main thread has ended
    /// before its other threads looks like one and is alive.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x') || self.threads > 1
    }

    /// Whether there is nothing left to look into: it is ending, and no other thread goes on.
    pub fn is_ending(&self) -> bool {
        self.threads <= 1 && (self.exiting || !self.is_alive())
    }
}
