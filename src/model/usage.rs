//! How much of a kernel limit is used, and by whom.

use super::limit::Limit;
use super::object::Identity;

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Objects.
    Count,
    /// Bytes.
    Bytes,
    /// Pages of memory, whose size the machine decides.
    Pages,
}

impl Unit {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::Pages => "pages",
        }
    }
}

/// The one thing that a use is of, where the limit is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// An object.
    Object(Identity),
    /// A process, by its pid.
    Process(u32),
}

/// Who uses most of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The user.
    pub uid: u32,
    /// How much of the use is that user's, by the limit's unit.
    pub used: u64,
}

/// Use against one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Against which.
    pub what: &'static Limit,
    /// How much there is; `None` where it is not known, or nothing adds up, as under a limit of one call.
    pub used: Option<u64>,
    /// Why the use may be more than what could be seen.
    pub at_least: Option<&'static str>,
    /// How much there may be, as the kernel has it; `None` where it sets no limit, or it is not known. See
    /// [`Usage::bound`].
    pub limit: Option<u64>,
    /// The object or process that comes nearest, where the limit is its own.
    pub of: Option<Of>,
    /// The user who uses most, where many share the limit.
    pub top: Option<Top>,
    /// What else there is to say: how an estimate was made, what it leaves out. Safe on a terminal.
    pub note: Option<String>,
    /// Why limit or use could not be read; the note of a failure.
    pub unknown: Option<String>,
}

impl Usage {
    /// So much of so much.
    pub fn new(what: &'static Limit, used: u64, limit: Option<u64>) -> Self {
        Self { used: Some(used), ..Self::only(what, limit) }
    }

    /// A limit under which nothing adds up.
    pub const fn only(what: &'static Limit, limit: Option<u64>) -> Self {
        Self { what, used: None, at_least: None, limit, of: None, top: None, note: None, unknown: None }
    }

    /// One that could not be read, and why.
    pub fn unknown(what: &'static Limit, why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..Self::only(what, None) }
    }

    /// The limit where it is one: for none the kernel has the largest numbers that there are (`ULONG_MAX - (1 << 24)` for
    /// `kernel.shmall` and `kernel.shmmax`, `include/uapi/linux/shm.h`; `LONG_MAX` for `fs.file-max`).
    pub fn bound(&self) -> Option<u64> {
        self.limit.filter(|limit| *limit < i64::MAX as u64)
    }

    /// That there is no limit, as far as is known.
    pub fn is_unlimited(&self) -> bool {
        self.bound().is_none() && self.unknown.is_none() && (self.used.is_some() || self.limit.is_some())
    }

    /// The same, of which more may be unseen, and why; of what nothing was seen the use is not known.
    #[must_use]
    pub fn seen_in_part(self, why: &'static str) -> Self {
        match self.used {
            Some(_) => Self { at_least: Some(why), ..self },
            None => Self { unknown: self.unknown.or_else(|| Some(why.to_owned())), ..self },
        }
    }

    /// Used per cent of the limit; `None` without either. A limit may be lowered below what is there: then it is more
    /// than 100. A limit of 0 is full.
    pub fn percent(&self) -> Option<f64> {
        match (self.used?, self.limit?) {
            (_, 0) => Some(100.0),
            (used, limit) => Some(used as f64 * 100.0 / limit as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limit::MSGMNI;

    #[test]
    fn per_cent() {
        let of = |used, limit| Usage::new(&MSGMNI, used, limit).percent();
        assert_eq!(of(31_000, Some(32_000)), Some(96.875));
        assert_eq!(of(5, Some(4)), Some(125.0), "lowered below what is there");
        assert_eq!(of(0, Some(0)), Some(100.0));
        assert_eq!(of(7, None), None);
        assert_eq!(of(1 << 40, Some(u64::MAX - (1 << 24))).map(|percent| percent < 0.1), Some(true), "kernel.shmall");
        assert_eq!(Usage::only(&MSGMNI, Some(4)).percent(), None);
    }

    #[test]
    fn the_largest_numbers_are_no_limit() {
        let of = |used, limit| Usage { used, ..Usage::only(&MSGMNI, limit) };
        for limit in [None, Some(i64::MAX as u64), Some(u64::MAX - (1 << 24)), Some(u64::MAX)] {
            assert!(of(Some(1), limit).is_unlimited() && of(Some(1), limit).bound().is_none(), "{limit:?}");
        }
        assert!(!of(Some(1), Some(4)).is_unlimited() && of(None, Some(u64::MAX)).is_unlimited());
        assert!(!of(None, None).is_unlimited() && !Usage::unknown(&MSGMNI, "why").is_unlimited());
    }

    #[test]
    fn what_is_seen_in_part_is_at_least_that_or_not_known() {
        let some = Usage::new(&MSGMNI, 3, Some(4)).seen_in_part("some are hidden");
        assert_eq!((some.at_least, some.unknown), (Some("some are hidden"), None));
        let none = Usage::only(&MSGMNI, Some(4)).seen_in_part("some are hidden");
        assert_eq!((none.at_least, none.unknown.as_deref()), (None, Some("some are hidden")));
        let failed = Usage::unknown(&MSGMNI, "refused").seen_in_part("some are hidden");
        assert_eq!(failed.unknown.as_deref(), Some("refused"));
    }
}
