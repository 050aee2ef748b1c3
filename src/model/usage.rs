//! How much of a kernel limit is used.
//!
//! The limits are those of `man 7 sysvipc`, `man 7 mq_overview` and of the file system on /dev/shm; which of them there
//! are is decided where a picture is taken.

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

/// Use against one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The limit's name in the manuals: `MSGMNI`; `/dev/shm`, where there is none.
    pub name: &'static str,
    /// What is counted, in a few words.
    pub about: &'static str,
    /// How much there is, by `unit`.
    pub used: u64,
    /// How much there may be; `None` where the kernel sets no limit.
    pub limit: Option<u64>,
    /// In what both are counted.
    pub unit: Unit,
    /// The one object that the use is of, where the limit is an object's own.
    pub of: Option<Identity>,
    /// Where the limit is set: a sysctl, or the option of a mount.
    pub sysctl: &'static str,
    /// The error that a program gets at the limit.
    pub error: &'static str,
}

impl Usage {
    /// Used per cent of the limit; `None` without a limit. A limit may be lowered below what is there: then it is more
    /// than 100. A limit of 0 is full.
    pub fn percent(&self) -> Option<f64> {
        match self.limit? {
            0 => Some(100.0),
            limit => Some(self.used as f64 * 100.0 / limit as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(used: u64, limit: Option<u64>) -> Usage {
        let (name, about, sysctl, error) = ("MSGMNI", "message queues", "kernel.msgmni", "ENOSPC");
        Usage { name, about, used, limit, unit: Unit::Count, of: None, sysctl, error }
    }

    #[test]
    fn per_cent() {
        let of = |used, limit| usage(used, limit).percent();
        assert_eq!(of(31_000, Some(32_000)), Some(96.875));
        assert_eq!(of(5, Some(4)), Some(125.0), "lowered below what is there");
        assert_eq!(of(0, Some(0)), Some(100.0));
        assert_eq!(of(7, None), None);
    }
}
