//! Limits of the kernel that are nearly reached.

use super::words::size;
use super::{About, Action, Class, Help, Problem, Severity};
use crate::model::{Unit, Usage};

/// Per cent from which a limit is worth a warning, and from which the next program may fail.
const NEAR: f64 = 80.0;
const NEARER: f64 = 95.0;

/// The limits that are nearly reached. That of one queue is not among them: to fill and to be emptied is what it is for.
pub(super) fn near(room: &[Usage]) -> impl Iterator<Item = Problem> {
    room.iter().enumerate().filter(|(_, usage)| usage.of.is_none()).filter_map(|(place, usage)| {
        let percent = usage.percent().filter(|percent| *percent >= NEAR)?;
        let (used, limit, what) = (usage.used?, usage.limit?, usage.what);
        let (used, limit) = match what.unit {
            Unit::Bytes => (size(used), size(limit)),
            Unit::Count => (used.to_string(), limit.to_string()),
            Unit::Pages => (format!("{used} pages"), limit.to_string()),
        };
        let fail = what.error.map(|error| format!("; at the limit programs fail with {error}")).unwrap_or_default();
        let reason = format!("{}: {used} of {limit}, {percent:.0} %{fail}", what.about);
        let words = format!("removing what is leaked makes room; the limit is set by {}", what.set_by);
        Some(Problem {
            about: About::Limit(place),
            class: Class::NearLimit,
            severity: if percent >= NEARER { Severity::Severe } else { Severity::Warning },
            reason,
            help: Help { action: Action::Clean(leaked(what.name)), words },
        })
    })
}

/// The filter that finds what takes room under a limit and is leaked.
fn leaked(limit: &str) -> &'static str {
    match limit {
        "MSGMNI" => "kind:queue family:sysv leaked",
        "SHMMNI" | "SHMALL" => "kind:shm family:sysv leaked",
        "SEMMNI" | "SEMMNS" => "kind:semaphore family:sysv leaked",
        "queues_max" => "kind:queue family:posix leaked",
        "/dev/shm" | "/dev/shm inodes" => "kind:shm,semaphore family:posix leaked",
        _ => "leaked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limit::MSGMNI;
    use crate::model::{Identity, Kind, Of};

    fn usage(used: u64, limit: u64) -> Usage {
        Usage::new(&MSGMNI, used, Some(limit))
    }

    #[test]
    fn by_per_cent() {
        let of = |room: &[Usage]| near(room).map(|problem| (problem.about, problem.severity)).collect::<Vec<_>>();
        let (warning, severe) = (Severity::Warning, Severity::Severe);
        assert_eq!(of(&[usage(79, 100), usage(80, 100)]), [(About::Limit(1), warning)]);
        assert_eq!(of(&[usage(949, 1000), usage(95, 100)]), [(About::Limit(0), warning), (About::Limit(1), severe)]);
        assert_eq!(of(&[usage(5, 4)]), [(About::Limit(0), severe)]);
        assert_eq!(of(&[Usage { limit: None, ..usage(9, 9) }]), []);
        let queue = Identity::SysV { namespace: 1, kind: Kind::Queue, id: 5 };
        assert_eq!(
            of(&[Usage { of: Some(Of::Object(queue)), ..usage(9, 9) }]),
            [],
            "a full queue has a problem of its own"
        );
        let told = near(&[usage(31_000, 32_000)]).next().map(|problem| problem.reason);
        let expected = "System V message queues: 31000 of 32000, 97 %; at the limit programs fail with ENOSPC";
        assert_eq!(told.as_deref(), Some(expected));
    }
}
