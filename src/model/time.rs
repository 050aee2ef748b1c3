//! Points in time as the kernel records them.

use std::fmt;

/// Seconds and nanoseconds since the epoch, UTC. System V times have whole seconds only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Seconds since the epoch; may be negative on a file system that says so.
    pub secs: i64,
    /// Nanoseconds, 0 to 999,999,999.
    pub nanos: u32,
}

impl Time {
    /// A time in whole seconds, `None` for 0: System V writes 0 for "never" (`man 2 msgctl`).
    pub const fn recorded(secs: i64) -> Option<Self> {
        if secs == 0 { None } else { Some(Self { secs, nanos: 0 }) }
    }

    /// Seconds from `earlier` to this time; negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Time) -> f64 {
        (self.secs - earlier.secs) as f64 + (f64::from(self.nanos) - f64::from(earlier.nanos)) / 1e9
    }
}

/// RFC 3339 in UTC, as JSON has it and as a sentence can quote it: `2026-11-21T04:29:00Z`. A time that no calendar has
/// (a file system may hold any number) prints as `@seconds`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::new(self.secs, self.nanos.min(999_999_999) as i32) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "@{}", self.secs),
        }
    }
}

/// The times an object carries; each kind fills those it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// System V: created or last changed by `IPC_SET` (`*_ctime`). Files: last modified (`st_mtime`), which for a
    /// POSIX queue is the last send or receive.
    pub changed: Option<Time>,
    /// Queue: last `msgsnd` (`msg_stime`).
    pub sent: Option<Time>,
    /// Queue: last `msgrcv` (`msg_rtime`).
    pub received: Option<Time>,
    /// Segment: last `shmat` (`shm_atime`).
    pub attached: Option<Time>,
    /// Segment: last `shmdt` (`shm_dtime`).
    pub detached: Option<Time>,
    /// Semaphore set: last `semop` (`sem_otime`).
    pub operated: Option<Time>,
}

impl Times {
    /// The latest trace of anybody using or changing the object.
    pub fn latest(&self) -> Option<Time> {
        [self.changed, self.sent, self.received, self.attached, self.detached, self.operated]
            .into_iter()
            .flatten()
            .max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339() {
        let print = |secs, nanos| Time { secs, nanos }.to_string();
        assert_eq!(print(1_795_235_340, 0), "2026-11-21T04:29:00Z");
        assert_eq!(print(0, 123_000_000), "1970-01-01T00:00:00.123Z");
        assert_eq!(print(i64::MAX, 0), "@9223372036854775807");
    }

    #[test]
    fn zero_was_never() {
        assert_eq!(Time::recorded(0), None);
        assert_eq!(Time::recorded(5), Some(Time { secs: 5, nanos: 0 }));
    }
}
