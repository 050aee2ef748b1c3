//! The clock, and how process start times (ticks since boot) compare with recorded times (seconds since the epoch).

use super::{Error, Result};
use crate::model::Time;
use nix::time::{ClockId, clock_gettime};

/// Processor time that all threads of this process have taken so far (`CLOCK_PROCESS_CPUTIME_ID`, `man 2 clock_gettime`).
pub fn cpu_time() -> std::time::Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(std::time::Duration::ZERO, Into::into)
}

/// What links the two clocks of one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// The wall clock.
    pub now: Time,
    /// When the machine booted, by the wall clock of now. Finer than `btime` of /proc/stat, which has whole seconds.
    pub boot: Time,
    /// Clock ticks a second (`sysconf(_SC_CLK_TCK)`), the unit of `starttime` in /proc/PID/stat.
    pub ticks_per_second: u64,
}

impl Clock {
    /// Reads wall clock and time since boot (`CLOCK_BOOTTIME`, which counts suspended time too, as start times do).
    pub fn read() -> Result<Self> {
        let get = |clock| clock_gettime(clock).map_err(|errno| Error::from_errno("clock_gettime", errno));
        let (now, up) = (get(ClockId::CLOCK_REALTIME)?, get(ClockId::CLOCK_BOOTTIME)?);
        let boot = now - up;
        let time = |t: nix::sys::time::TimeSpec| Time { secs: t.tv_sec(), nanos: t.tv_nsec() as u32 };
        let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        Ok(Self { now: time(now), boot: time(boot), ticks_per_second: ticks.max(1) as u64 })
    }

    /// A start time in clock ticks since boot as wall-clock time.
    pub fn started_at(&self, ticks: u64) -> Time {
        let secs = ticks / self.ticks_per_second;
        let nanos = (ticks % self.ticks_per_second) * (1_000_000_000 / self.ticks_per_second);
        let nanos = nanos + u64::from(self.boot.nanos);
        Time {
            secs: self.boot.secs + secs as i64 + (nanos / 1_000_000_000) as i64,
            nanos: (nanos % 1_000_000_000) as u32,
        }
    }

    /// Whether a process that started at `ticks` is younger than something the kernel recorded at `recorded`, in whole
    /// seconds: then it is not the process of that record, although it has its pid.
    ///
    /// Errs on the side of "the same process". Within the recorded second nothing can be told. The kernel dates records
    /// by its coarse clock, which is up to a tick behind the one that start times come from, so that a process can seem
    /// to start just after its own record: a quarter of a second is allowed for that. And a record from before boot
    /// proves that the clock was set since (objects do not outlive a boot), so that no comparison holds.
    pub fn started_after(&self, ticks: u64, recorded: Time) -> bool {
        const LAG: f64 = 0.25;
        let second_over = Time { secs: recorded.secs.saturating_add(1), nanos: 0 };
        recorded.secs >= self.boot.secs - 1 && self.started_at(ticks).seconds_since(second_over) > LAG
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock {
        now: Time { secs: 2_000, nanos: 0 },
        boot: Time { secs: 1_000, nanos: 900_000_000 },
        ticks_per_second: 100,
    };

    #[test]
    fn ticks_become_wall_time() {
        assert_eq!(CLOCK.started_at(0), CLOCK.boot);
        assert_eq!(CLOCK.started_at(15), Time { secs: 1_001, nanos: 50_000_000 });
    }

    #[test]
    fn a_younger_process_is_another_one() {
        let at = |secs| Time { secs, nanos: 0 };
        assert!(CLOCK.started_after(1_000, at(1_009)), "started at 1010.9, recorded at 1009.x");
        assert!(!CLOCK.started_after(1_000, at(1_010)), "started at 1010.9, recorded at 1010.x");
        assert!(!CLOCK.started_after(1_020, at(1_010)), "started at 1011.1: the record may lag");
        assert!(!CLOCK.started_after(1_000, at(1_011)));
    }

    #[test]
    fn a_record_from_before_boot_tells_nothing() {
        assert!(!CLOCK.started_after(1_000, Time { secs: 5, nanos: 0 }));
    }

    #[test]
    fn the_real_clock_runs() {
        let clock = Clock::read().unwrap();
        assert!(clock.boot < clock.now);
    }
}
