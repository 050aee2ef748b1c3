//! Times as `lsipc` writes them.

use super::encode::print;
use crate::compat::ctime;
use crate::kernel::local_time::{self, LocalTime};
use std::ffi::OsStr;

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// As short as today, this year or another one allows.
    Short,
    /// As `man 3 ctime` has it.
    Full,
    /// ISO 8601 with the distance from Greenwich.
    Iso,
}

impl TimeFormat {
    pub(super) fn named(name: &OsStr) -> Option<Self> {
        match name.to_str() {
            Some("short") => Some(Self::Short),
            Some("full") => Some(Self::Full),
            Some("iso") => Some(Self::Iso),
            _ => None,
        }
    }

    /// Appends a time, in seconds since the epoch; whether there is one. 0 is none.
    pub(super) fn write(self, seconds: i64, now: Option<LocalTime>, out: &mut Vec<u8>) -> bool {
        let Some(time) = local_time::of(seconds).filter(|_| seconds != 0) else { return false };
        let LocalTime { year, month, day, hour, minute, second, .. } = time;
        let name = ctime::month(month);
        match self {
            Self::Short => match now {
                Some(now) if (now.year, now.month, now.day) == (year, month, day) => {
                    print(out, format_args!("{hour:02}:{minute:02}"));
                }
                Some(now) if now.year == year => print(out, format_args!("{name}{day:02}")),
                _ => print(out, format_args!("{year}-{name}{day:02}")),
            },
            Self::Full => ctime::write(out, seconds),
            Self::Iso => {
                let (sign, minutes) = if time.offset < 0 { ('-', -time.offset / 60) } else { ('+', time.offset / 60) };
                print(out, format_args!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"));
                print(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let written = |format: TimeFormat, seconds| {
            let mut out = Vec::new();
            format.write(seconds, local_time::of(1_795_236_540), &mut out).then(|| String::from_utf8(out).unwrap())
        };
        for format in [TimeFormat::Short, TimeFormat::Full, TimeFormat::Iso] {
            assert_eq!(written(format, 0), None);
            assert_eq!(written(format, i64::MAX), None, "a year that no calendar of the library's holds");
        }
        assert_eq!(written(TimeFormat::Short, 1_795_236_540).unwrap().len(), "17:49".len());
        assert_eq!(written(TimeFormat::Short, 1_000_000_000).unwrap(), "2001-Sep09");
        let full = written(TimeFormat::Full, 1_000_000_000).unwrap();
        assert!(full.contains(" Sep  9 0") && full.ends_with(" 2001") && full.len() == 24, "{full}");
        assert!(written(TimeFormat::Iso, 1_000_000_000).unwrap().starts_with("2001-09-09T"));
    }
}
