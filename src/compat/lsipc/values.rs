//! Times and sizes as `lsipc` writes them.

use super::encode::print;
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
        let name = MONTHS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default();
        match self {
            Self::Short => match now {
                Some(now) if (now.year, now.month, now.day) == (year, month, day) => {
                    print(out, format_args!("{hour:02}:{minute:02}"));
                }
                Some(now) if now.year == year => print(out, format_args!("{name}{day:02}")),
                _ => print(out, format_args!("{year}-{name}{day:02}")),
            },
            Self::Full => {
                let weekday = WEEKDAYS.get(usize::from(time.weekday)).copied().unwrap_or_default();
                print(out, format_args!("{weekday} {name} {day:2} {hour:02}:{minute:02}:{second:02} {year}"));
            }
            Self::Iso => {
                let (sign, minutes) = if time.offset < 0 { ('-', -time.offset / 60) } else { ('+', time.offset / 60) };
                print(out, format_args!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"));
                print(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        true
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// Appends a size with one letter, and one decimal where it is not 0: `1.5K`. Half of a tenth is rounded up.
pub(super) fn write_size(bytes: u64, decimal_point: &str, out: &mut Vec<u8>) {
    let unit = bytes.checked_ilog2().unwrap_or(0) / 10;
    let letter = char::from(b"BKMGTPE"[unit as usize]);
    let shift = unit * 10;
    let part = u128::from(bytes & ((1 << shift) - 1));
    let tenths = if shift == 0 { 0 } else { (part * 10 + (1 << (shift - 1))) >> shift };
    let whole = (bytes >> shift) + u64::from(tenths == 10);
    match tenths {
        0 | 10 => print(out, format_args!("{whole}{letter}")),
        tenths => print(out, format_args!("{whole}{decimal_point}{tenths}{letter}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(bytes: u64) -> String {
        let mut out = Vec::new();
        write_size(bytes, ".", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1075, "1K"),
            (1076, "1.1K"),
            (1536, "1.5K"),
            (1_048_524, "1023.9K"),
            (1_048_525, "1024K"),
            (1_101_005, "1.1M"),
            (12_259_572_780_632, "11.2T"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }

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

    proptest! {
        #[test]
        fn a_size_is_near_what_it_says(bytes: u64) {
            let text = size(bytes);
            let (number, letter) = text.split_at(text.len() - 1);
            let unit = 1024f64.powi("BKMGTPE".find(letter).unwrap() as i32);
            let said = number.parse::<f64>().unwrap() * unit;
            prop_assert!((said - bytes as f64).abs() <= unit * 0.0501, "{} for {}", text, bytes);
        }
    }
}
