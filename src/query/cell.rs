//! One value of a row: typed, so that it can be sorted and compared, and printed in one way everywhere.

use crate::model::{Key, Time};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

/// How cells are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Sizes as plain bytes.
    pub bytes: bool,
}

/// A value in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// The object has none, or it could not be read.
    Absent,
    /// Text that is safe on a terminal: constants, or already escaped.
    Text(Cow<'a, str>),
    /// A count or number.
    Number(i128),
    /// Bytes.
    Size(u64),
    /// Permission bits.
    Mode(u16),
    /// System V key.
    Key(Key),
    /// Point in time.
    Time(Time),
    /// Seconds since something happened.
    Age(f64),
}

impl<'a> Cell<'a> {
    /// A number, if there is one.
    pub fn number(value: Option<impl Into<i128>>) -> Self {
        value.map_or(Self::Absent, |value| Self::Number(value.into()))
    }

    /// A size, if there is one.
    pub fn size(value: Option<u64>) -> Self {
        value.map_or(Self::Absent, Self::Size)
    }

    /// A time, if there is one.
    pub fn time(value: Option<Time>) -> Self {
        value.map_or(Self::Absent, Self::Time)
    }

    /// Text that is known to be safe.
    pub fn text(value: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(value.into())
    }

    /// A name as the kernel gave it, escaped here.
    pub fn name(value: Option<&'a [u8]>) -> Self {
        value.map_or(Self::Absent, |name| Self::Text(crate::model::escape(name)))
    }

    /// Appends the cell as people read it; an absent one as `-`.
    pub fn print(&self, out: &mut String, style: Style) {
        // Writing into a String cannot fail.
        let _ = match self {
            Self::Absent => out.write_str("-"),
            Self::Text(text) => out.write_str(text),
            Self::Number(number) => write!(out, "{number}"),
            Self::Size(bytes) if style.bytes => write!(out, "{bytes}"),
            Self::Size(bytes) => human_size(out, *bytes),
            Self::Mode(mode) => write!(out, "{mode:04o}"),
            Self::Key(key) => write!(out, "{key}"),
            Self::Time(time) => write!(out, "{time}"),
            Self::Age(seconds) => human_age(out, *seconds),
        };
    }

    /// Orders cells of one column: absent ones last, text without regard to case first.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Absent, Self::Absent) => Ordering::Equal,
            (Self::Absent, _) => Ordering::Greater,
            (_, Self::Absent) => Ordering::Less,
            (Self::Text(a), Self::Text(b)) => {
                // Character by character: sorting 31,000 rows compares half a million times.
                let (lower_a, lower_b) =
                    (a.chars().flat_map(char::to_lowercase), b.chars().flat_map(char::to_lowercase));
                lower_a.cmp(lower_b).then_with(|| a.cmp(b))
            }
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Size(a), Self::Size(b)) => a.cmp(b),
            (Self::Mode(a), Self::Mode(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => a.0.cast_unsigned().cmp(&b.0.cast_unsigned()),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Age(a), Self::Age(b)) => a.total_cmp(b),
            // A column has cells of one type.
            _ => Ordering::Equal,
        }
    }
}

/// Bytes in powers of 1024 with at most one decimal, rounded half up: `512`, `1.5K`, `16K`, `3.2M`.
fn human_size(out: &mut String, bytes: u64) -> std::fmt::Result {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if bytes < 1024 {
        return write!(out, "{bytes}");
    }
    for (unit, shift) in UNITS.into_iter().zip((10..).step_by(10)) {
        // Tenths of the unit; in 128 bits, since the largest sizes leave no room for a factor of ten.
        let tenths = (u128::from(bytes) * 10 + (1 << (shift - 1))) >> shift;
        if tenths < 10_240 || unit == 'E' {
            return match tenths % 10 {
                0 => write!(out, "{}{unit}", tenths / 10),
                _ if tenths >= 1000 => write!(out, "{}{unit}", (tenths + 5) / 10),
                tenth => write!(out, "{}.{tenth}{unit}", tenths / 10),
            };
        }
    }
    Ok(())
}

/// An age in its one or two largest units: `45s`, `12m`, `3h20m`, `5d4h`, `40d`.
fn human_age(out: &mut String, seconds: f64) -> std::fmt::Result {
    let s = seconds.max(0.0) as u64;
    let (m, h, d) = (s / 60, s / 3600, s / 86400);
    match (d, h, m) {
        (0, 0, 0) => write!(out, "{s}s"),
        (0, 0, m) => write!(out, "{m}m"),
        (0, h, m) if m % 60 != 0 => write!(out, "{h}h{}m", m % 60),
        (0, h, _) => write!(out, "{h}h"),
        (d, h, _) if d < 10 && h % 24 != 0 => write!(out, "{d}d{}h", h % 24),
        (d, _, _) => write!(out, "{d}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(cell: &Cell<'_>) -> String {
        let mut out = String::new();
        cell.print(&mut out, Style::default());
        out
    }

    #[test]
    fn sizes() {
        let sizes = [
            (0, "0"),
            (1023, "1023"),
            (1024, "1K"),
            (1536, "1.5K"),
            (16384, "16K"),
            (1_048_575, "1M"),
            (157_286_400, "150M"),
            (1 << 40, "1T"),
            (u64::MAX, "16E"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(print(&Cell::Size(bytes)), text);
        }
    }

    #[test]
    fn ages() {
        let ages = [
            (-5.0, "0s"),
            (59.9, "59s"),
            (60.0, "1m"),
            (3600.0, "1h"),
            (12_000.0, "3h20m"),
            (86_400.0, "1d"),
            (446_400.0, "5d4h"),
            (3_456_000.0, "40d"),
        ];
        for (seconds, text) in ages {
            assert_eq!(print(&Cell::Age(seconds)), text);
        }
    }

    #[test]
    fn absent_comes_last() {
        let mut cells = [Cell::Absent, Cell::Number(2), Cell::Number(-1)];
        cells.sort_by(Cell::order);
        assert_eq!(cells, [Cell::Number(-1), Cell::Number(2), Cell::Absent]);
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(print(&Cell::name(Some(b"a\x1b[31m"))), "a\\x1b[31m");
        assert_eq!(print(&Cell::name(None)), "-");
    }
}
