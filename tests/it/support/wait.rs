//! Waiting for a condition, never for a time.

use ipcx::model::Time;
use nix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Longest wait for something that ought to happen at once, with much room for a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// Asks until there is an answer; `None` when the time is over.
pub fn until<T>(longest: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > longest {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Asks until it is so; fails when it does not come true.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    assert!(until(LONGEST, || is_so().then_some(())).is_some(), "in {LONGEST:?} it never came true: {what}");
}

/// The whole second that the kernel would record now. Objects are stamped by the coarse clock.
pub fn second() -> i64 {
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE).unwrap().tv_sec()
}

/// Waits until what the kernel stamps from now on is dated later than all that was seen so far.
pub fn tick() {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).unwrap();
    eventually("the coarse clock moves on", || clock_gettime(ClockId::CLOCK_REALTIME_COARSE).unwrap() > now);
}

/// Waits until the clock shows a second at least `by` after `from`.
pub fn second_after(from: i64, by: i64) {
    eventually("the clock moves on", || second() >= from + by);
}

/// Waits for the moment in which a new second has begun, by the exact clock.
pub fn exact_second_begins() {
    let now = || clock_gettime(ClockId::CLOCK_REALTIME).unwrap();
    let start = now().tv_sec();
    eventually("the second nears its end", || now().tv_sec() > start || now().tv_nsec() > 990_000_000);
    while now().tv_sec() == start {
        std::hint::spin_loop();
    }
}

/// Whether a recorded time lies between a second and now.
pub fn is_between(time: Option<Time>, from: i64) -> bool {
    time.is_some_and(|time| (from..=second()).contains(&time.secs))
}
