//! The words that problems are told in: processes by name, sizes, commands.

use super::Subject;
use crate::diagnose::verdict::who;
use crate::model::{Body, Identity};
use crate::snapshot::Snapshot;
use std::fmt;

/// How many processes are named before the rest is counted.
const NAMED: usize = 3;

/// Processes, each once: `pid 812 (orders), pid 813 (orders) and 4 others`.
pub(super) struct Names<'a> {
    snapshot: &'a Snapshot,
    pids: Vec<u32>,
}

impl<'a> Names<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, pids: impl Iterator<Item = u32>) -> Self {
        let mut pids: Vec<u32> = pids.collect();
        pids.sort_unstable();
        pids.dedup();
        Self { snapshot, pids }
    }

    pub(super) fn pids(&self) -> &[u32] {
        &self.pids
    }

    pub(super) fn first(&self) -> Option<u32> {
        self.pids.first().copied()
    }

    /// The form of a verb that fits.
    pub(super) fn verb(&self, one: &'static str, many: &'static str) -> &'static str {
        if self.pids.len() == 1 { one } else { many }
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = if self.pids.len() > NAMED { &self.pids[..NAMED - 1] } else { &self.pids };
        let others = self.pids.len() - named.len();
        for (at, pid) in named.iter().enumerate() {
            let joint = match at {
                0 => "",
                _ if others == 0 && at + 1 == named.len() => " and ",
                _ => ", ",
            };
            write!(f, "{joint}{}", who(self.snapshot, *pid))?;
        }
        if others > 0 { write!(f, " and {others} others") } else { Ok(()) }
    }
}

/// Bytes in a sentence: `512 bytes`, `16 KiB`, `1.5 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" });
    }
    let power = (bytes.ilog2() / 10).min(UNITS.len() as u32);
    // Tenths, rounded down: what is said to come back does come back.
    let tenths = (u128::from(bytes) * 10) >> (10 * power);
    let unit = UNITS[power as usize - 1];
    if tenths.is_multiple_of(10) {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// A number of things: `1 message`, `2 messages`.
pub(super) fn count(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// The object's address as a word of a command.
pub(super) fn address(subject: Subject<'_>) -> String {
    let address = subject.snapshot.address(subject.place).to_string();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/:_.@,+-".contains(&b);
    // Addresses are printable; a shell may take other characters for its own.
    if address.bytes().all(plain) { address } else { format!("'{}'", address.replace('\'', r"'\''")) }
}

/// How the object is removed and what that gives back.
pub(super) fn removal(subject: Subject<'_>, leaked: bool) -> String {
    let condition = if leaked { "" } else { "if nobody needs it, " };
    let freed = match &subject.object.body {
        // Of a System V segment what is in memory or in swap; of a file what it really takes.
        Body::Shm(shm) => shm.allocated.or_else(|| Some(shm.resident? + shm.swapped?)),
        Body::Queue(queue) => queue.bytes,
        _ => None,
    };
    let freed = freed.filter(|bytes| *bytes > 0);
    let sysv = matches!(subject.object.identity, Identity::SysV { .. });
    let comes_back = match freed {
        Some(bytes) => format!("; its memory, {}, comes back", size(bytes)),
        None if sysv => "; its place under the limit comes back".to_owned(),
        None => String::new(),
    };
    format!("{condition}`ipcx rm {}` removes it{comes_back}", address(subject))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing::Scene;

    #[test]
    fn sizes_never_promise_too_much() {
        let sizes = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (4 << 30, "4 GiB"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        assert_eq!((size((1 << 20) - 1), size(u64::MAX)), ("1023.9 KiB".to_owned(), "15.9 EiB".to_owned()));
    }

    #[test]
    fn many_are_counted() {
        let mut scene = Scene::default();
        scene.process(1, "a\x1b", 0);
        let snapshot = scene.picture();
        let names = |pids: &[u32]| Names::new(&snapshot, pids.iter().copied()).to_string();
        assert_eq!(names(&[1]), r"pid 1 (a\x1b)");
        assert_eq!(names(&[3, 2, 2]), "pid 2 and pid 3");
        assert_eq!(names(&[4, 3, 2]), "pid 2, pid 3 and pid 4");
        assert_eq!(names(&[5, 4, 3, 2]), "pid 2, pid 3 and 2 others");
    }
}
