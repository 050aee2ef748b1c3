//! `/proc/PID/task/TID/sched`: when a task was last on a processor, and how often (`kernel/sched/debug.c`, `CONFIG_SCHED_DEBUG`).
//! How often tells `status` as well, for comparison and for kernels without that file.

use super::{Result, file};
use std::os::fd::AsFd;

/// Reads when a task last ran, milliseconds on the scheduler's clock: for one that sleeps the moment at which it fell asleep,
/// or at which a stop or a signal last made it look whether it may go on. On the clock of the processor that it ran on, see
/// [`now_on`]. `None` where the kernel does not tell, as after it moved a sleeping task. The task is `PID`, for its main thread,
/// or `PID/task/TID`. Needs no privilege.
pub fn read(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>) -> Result<Ran> {
    file::read_single_at(proc, &format!("{task}/sched"), buffer)?;
    let switches = number(buffer, b"\nnr_switches ").map(|switches| switches as u64);
    Ok(Ran { last: parse_last_run(buffer), switches })
}

/// When a task ran.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ran {
    /// When it last did: see [`read`].
    pub last: Option<f64>,
    /// How often it was taken off a processor: the same number at two times tells that it did not run in between. The sum of
    /// the two numbers that [`super::process::Status`] has.
    pub switches: Option<u64>,
}

/// Now, on the clocks of these processors: a thread that goes there for a moment is asked. The clocks leave out what interrupts
/// and a hypervisor take, and so lie seconds apart. `None` where the caller may not run (`man 7 cpuset`).
pub fn now_on(processors: &[usize]) -> Vec<Option<f64>> {
    use nix::sched::{CpuSet, sched_setaffinity};
    let ask = |processor: &usize| {
        let mut only = CpuSet::new();
        only.set(*processor).ok()?;
        sched_setaffinity(nix::unistd::Pid::from_raw(0), &only).ok()?;
        parse_last_run(&file::read("/proc/thread-self/sched").ok()?)
    };
    let ask_all = || processors.iter().map(ask).collect();
    std::thread::scope(|scope| scope.spawn(ask_all).join()).unwrap_or_else(|_| vec![None; processors.len()])
}

/// Finds the `se.exec_start` line.
pub fn parse_last_run(text: &[u8]) -> Option<f64> {
    number(text, b"\nse.exec_start ").filter(|number| *number > 0.0)
}

/// The number in the line of a label, which is given with the line's end before it. A comm stands in front of all, and may hold
/// newlines and a label, but is too short for the line of dashes behind it.
fn number(text: &[u8], label: &[u8]) -> Option<f64> {
    const DASHES: &[u8] = b"\n--------------------";
    let behind = |text: &[u8], found: &[u8]| Some(memchr::memmem::find(text, found)? + found.len());
    let body = &text[behind(text, DASHES)?..];
    let rest = &body[behind(body, label)?..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let number = &line[memchr::memchr(b':', line)? + 1..];
    std::str::from_utf8(number.trim_ascii()).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        let dashes = "-".repeat(67);
        let text =
            format!("x (812, #threads: 1)\n{dashes}\nse.exec_start      :      36602649.682647\nse.vruntime : 1.0\n");
        assert_eq!(parse_last_run(text.as_bytes()), Some(36_602_649.682_647));
        for comm in ["\nnr_switches : 9", "\n--------------", "nr_switches :9\n"] {
            let forged = format!("{comm} (812, #threads: 1)\n{dashes}\nnr_switches      :      4\n");
            assert_eq!(number(forged.as_bytes(), b"\nnr_switches "), Some(4.0), "a comm that looks like a line");
        }
        assert_eq!(parse_last_run(b"se.exec_start : x\n"), None);
        assert_eq!(parse_last_run(b""), None);
    }
}
