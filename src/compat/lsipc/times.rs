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
        match self {
            Self::Short => short(time, now, out),
            Self::Full => ctime::write(out, seconds),
            Self::Iso => iso(time, out),
        }
        true
    }
}

fn short(time: LocalTime, now: Option<LocalTime>, out: &mut Vec<u8>) {
    let LocalTime { year, month, day, hour, minute, .. } = time;
    let name = ctime::month(month);
    match now {
        Some(now) if (now.year, now.month, now.day) == (year, month, day) => {
            print(out, format_args!("{hour:02}:{minute:02}"));
        }
        Some(now) if now.year == year => print(out, format_args!("{name}{day:02}")),
        _ => print(out, format_args!("{year}-{name}{day:02}")),
    }
}

fn iso(time: LocalTime, out: &mut Vec<u8>) {
    let LocalTime { year, month, day, hour, minute, second, offset, .. } = time;
    let (sign, minutes) = if offset < 0 { ('-', -offset / 60) } else { ('+', offset / 60) };
    print(out, format_args!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"));
    print(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Whatever the zone that the tests run in.
    const SEPTEMBER: LocalTime =
        LocalTime { year: 2001, month: 9, day: 9, hour: 4, minute: 46, second: 40, weekday: 0, offset: 3 * 3600 };

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_short_as_today_allows() {
        for (now, expected) in [
            (Some(LocalTime { hour: 0, ..SEPTEMBER }), "04:46"),
            (Some(LocalTime { day: 10, ..SEPTEMBER }), "Sep09"),
            (Some(LocalTime { month: 1, ..SEPTEMBER }), "Sep09"),
            (Some(LocalTime { year: 2002, ..SEPTEMBER }), "2001-Sep09"),
            (None, "2001-Sep09"),
        ] {
            assert_eq!(text(|out| short(SEPTEMBER, now, out)), expected, "{now:?}");
        }
    }

    #[test]
    fn with_the_distance_from_greenwich() {
        for (offset, expected) in [(0, "+00:00"), (3 * 3600, "+03:00"), (20700, "+05:45"), (-12600, "-03:30")] {
            let time = LocalTime { offset, ..SEPTEMBER };
            assert_eq!(text(|out| iso(time, out)), format!("2001-09-09T04:46:40{expected}"));
        }
    }

    #[test]
    fn none_is_written_for_0_and_beyond_the_calendar() {
        for format in [TimeFormat::Short, TimeFormat::Full, TimeFormat::Iso] {
            let mut out = Vec::new();
            assert!(!format.write(0, None, &mut out) && !format.write(i64::MAX, None, &mut out) && out.is_empty());
            assert!(format.write(1_000_000_000, None, &mut out) && !out.is_empty());
        }
    }
}
