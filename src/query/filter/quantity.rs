//! Numbers as people write them in a filter: counts, sizes, ages, pids and keys. Exact, without floating point.

use super::schema::{FieldType, Value};
use std::cmp::Ordering;

/// A number, perhaps with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity {
    /// The part before the point.
    whole: i128,
    /// There is something behind the point, so that no whole number equals it.
    fraction: bool,
}

impl Quantity {
    /// How a value of a row compares with this; `None` when it is no number.
    pub(super) fn compare(self, value: Value<'_>) -> Option<Ordering> {
        let number = match value {
            Value::Number(number) => number,
            Value::Seconds(seconds) if seconds.is_finite() => seconds.floor() as i128,
            _ => return None,
        };
        Some(match number.cmp(&self.whole) {
            Ordering::Equal if self.fraction => Ordering::Less,
            order => order,
        })
    }

    /// From the text of a value for a field of this type; `None` when it is not of the type.
    pub(super) fn parse(text: &str, kind: FieldType) -> Option<Self> {
        match kind {
            FieldType::Text | FieldType::FreeText => None,
            FieldType::Number => scaled(text, 1),
            FieldType::Size => size(text),
            FieldType::Age => age(text, 1),
            FieldType::Pid => digits(text, 10).filter(|pid| (1..=u32::MAX.into()).contains(pid)).map(Self::whole),
            FieldType::Key => key(text).map(Self::whole),
        }
    }

    fn whole(whole: u64) -> Self {
        Self { whole: whole.into(), fraction: false }
    }
}

/// A span of time as people write it, `45s`, `1h30m`, `7d`, in whole seconds; `None` when it is none.
pub fn parse_seconds(text: &str) -> Option<u64> {
    part_of_time(text, 1)
}

/// The same in whole milliseconds: `0.5s`, `1m30s`.
pub fn parse_milliseconds(text: &str) -> Option<u64> {
    part_of_time(text, 1000)
}

fn part_of_time(text: &str, parts: u64) -> Option<u64> {
    age(text, parts).filter(|age| !age.fraction && !text.is_empty()).and_then(|age| u64::try_from(age.whole).ok())
}

/// A size in bytes, as options take it: `4096`, `64K`, `1.5M`, `2GiB`, powers of 1024; `None` when it is none, or no whole
/// number of bytes.
pub fn parse_bytes(text: &str) -> Option<u64> {
    size(text).filter(|size| !size.fraction).and_then(|size| u64::try_from(size.whole).ok())
}

/// What the field's values are called in a message.
pub(super) fn noun(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text | FieldType::FreeText => "text",
        FieldType::Number => "number",
        FieldType::Size => "size",
        FieldType::Age => "age",
        FieldType::Pid => "process id",
        FieldType::Key => "key",
    }
}

/// Digits and nothing else: `from_str_radix` alone would take a sign.
fn digits(text: &str, radix: u32) -> Option<u64> {
    if text.chars().all(|c| c.is_digit(radix)) { u64::from_str_radix(text, radix).ok() } else { None }
}

/// A decimal number with or without a fraction, times `unit`.
fn scaled(text: &str, unit: u64) -> Option<Quantity> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.len() <= 9 => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let tenths = 10_i128.pow(fraction.len() as u32);
    let part = if fraction.is_empty() { 0 } else { digits(fraction, 10)? };
    // 64 bits of digits, 30 of the fraction's power: what the unit adds may not fit, and is then refused.
    let number = (i128::from(digits(whole, 10)?) * tenths + i128::from(part)).checked_mul(unit.into())?;
    Some(Quantity { whole: number / tenths, fraction: number % tenths != 0 })
}

/// `4096`, `4K`, `1.5M`, `2GiB`, `10kb`, `7B`: powers of 1024 whatever the spelling.
fn size(text: &str) -> Option<Quantity> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let suffix = suffix.to_ascii_lowercase();
    let power = match suffix.strip_suffix("ib").or(suffix.strip_suffix('b')).unwrap_or(&suffix) {
        // "ib" alone is no unit, "b" alone and nothing are.
        "" if suffix != "ib" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        "e" => 6,
        _ => return None,
    };
    scaled(number, 1 << (10 * power))
}

/// Units of an age in seconds, the longest first. A year has 365 days.
const UNITS: [(char, u64); 6] = [('y', 31_536_000), ('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `2d`, `1h30m`, `1.5h`, `45s`; a number alone is seconds, as in sleep(1). Each unit at most once, the longest first. In
/// parts of a second, of which it has so many.
fn age(text: &str, parts: u64) -> Option<Quantity> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return scaled(text, parts);
    }
    let mut sum = Quantity::whole(0);
    let mut units = UNITS.iter();
    let mut rest = text;
    while let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        // Parts of a second come last, or the sum would lose them.
        if sum.fraction {
            return None;
        }
        let letter = rest[end..].chars().next()?;
        let (_, unit) = units.find(|(name, _)| *name == letter)?;
        let part = scaled(&rest[..end], unit * parts)?;
        sum = Quantity { whole: sum.whole.checked_add(part.whole)?, fraction: part.fraction };
        rest = &rest[end + 1..];
    }
    if rest.is_empty() { Some(sum) } else { None }
}

/// 32 bits, `0x…` with any zeros before them, or decimal.
fn key(text: &str) -> Option<u64> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hexadecimal) => digits(hexadecimal, 16),
        None => digits(text, 10),
    };
    number.filter(|key| *key <= u32::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text, its whole part, and whether there is a fraction.
    type Read = (&'static str, i128, bool);

    fn parse(text: &str, kind: FieldType) -> Option<(i128, bool)> {
        Quantity::parse(text, kind).map(|q| (q.whole, q.fraction))
    }

    #[test]
    fn numbers_are_read() {
        let cases: [(FieldType, &[Read]); 5] = [
            (FieldType::Number, &[("0", 0, false), ("10", 10, false), ("1.5", 1, true), ("2.0", 2, false)]),
            (
                FieldType::Size,
                &[
                    ("0", 0, false),
                    ("7B", 7, false),
                    ("1K", 1024, false),
                    ("1k", 1024, false),
                    ("1.5M", 1_572_864, false),
                    ("1.3K", 1331, true),
                    ("2GiB", 2 << 30, false),
                    ("2gb", 2 << 30, false),
                    ("3T", 3 << 40, false),
                    ("1P", 1 << 50, false),
                    ("18446744073709551615", i128::from(u64::MAX), false),
                ],
            ),
            (
                FieldType::Age,
                &[
                    ("90", 90, false),
                    ("45s", 45, false),
                    ("90m", 5400, false),
                    ("1h30m", 5400, false),
                    ("1.5h", 5400, false),
                    ("2d", 172_800, false),
                    ("1w", 604_800, false),
                    ("1y", 31_536_000, false),
                    ("1y2w3d4h5m6s", 33_019_506, false),
                    ("0.5s", 0, true),
                ],
            ),
            (FieldType::Pid, &[("812", 812, false)]),
            (
                FieldType::Key,
                &[
                    ("0x1234", 4660, false),
                    ("0X00001234", 4660, false),
                    ("0x000000000001234", 4660, false),
                    ("4660", 4660, false),
                    ("0", 0, false),
                    ("0xffffffff", 4_294_967_295, false),
                ],
            ),
        ];
        for (kind, texts) in cases {
            for (text, whole, fraction) in texts {
                assert_eq!(parse(text, kind), Some((*whole, *fraction)), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn damaged_numbers_are_refused() {
        let cases: [(FieldType, &[&str]); 5] = [
            (FieldType::Number, &["", "x", "1x", "-1", "+1", "1.", ".5", ".", "1.2.3", "1e3", "1M", "٣", "1 0"]),
            (
                FieldType::Size,
                &["", "M", "1X", "1MM", "1iB", "1KiBB", "-1M", "1 M", "1.M", "1,5M", "99999999999999999999"],
            ),
            (
                FieldType::Age,
                &["", "d", "2x", "2dd", "30m1h", "1h30", "1.5s30m", "-2d", "2 d", "1d1d", "2D", "2é", "1.5", "9.9e9d"],
            ),
            (FieldType::Pid, &["", "0", "-1", "0x5", "812x", "4294967296", "1.5", "self"]),
            (FieldType::Key, &["", "0x", "0xg", "x1", "0x1ffffffff", "4294967296", "-1", "0x+1", "1234x", "4d2"]),
        ];
        for (kind, texts) in cases {
            for text in texts {
                assert_eq!(parse(text, kind), None, "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn a_fraction_lies_between_two_numbers() {
        let quantity = Quantity::parse("1.3K", FieldType::Size).expect("a size");
        assert_eq!(quantity.compare(Value::Number(1331)), Some(Ordering::Less));
        assert_eq!(quantity.compare(Value::Number(1332)), Some(Ordering::Greater));
        assert_eq!(quantity.compare(Value::Text("1332")), None);
        let quantity = Quantity::parse("2d", FieldType::Age).expect("an age");
        assert_eq!(quantity.compare(Value::Seconds(172_800.9)), Some(Ordering::Equal));
        assert_eq!(quantity.compare(Value::Seconds(-1.0)), Some(Ordering::Less));
        assert_eq!(quantity.compare(Value::Seconds(f64::NAN)), None);
    }

    #[test]
    fn spans_of_time_in_milliseconds() {
        for (text, number) in [
            ("2s", 2000),
            ("0.5s", 500),
            ("0.25s", 250),
            ("1m30s", 90_000),
            ("1.5m", 90_000),
            ("1h", 3_600_000),
            ("2", 2000),
        ] {
            assert_eq!(parse_milliseconds(text), Some(number), "{text}");
        }
        for text in ["", "s", "0.0005s", "-1s", "1.5", "2 s", "1s1m", "500ms", "99999999999999999999y"] {
            assert_eq!(parse_milliseconds(text), None, "{text}");
        }
        assert_eq!((parse_seconds("1m30s"), parse_seconds("0.5s")), (Some(90), None));
    }

    proptest! {
        #[test]
        fn never_panics(text: String, near in r"[0-9.]{0,25}[a-zA-Z]{0,4}[0-9.]{0,25}[a-z]?") {
            for kind in [FieldType::Number, FieldType::Size, FieldType::Age, FieldType::Pid, FieldType::Key] {
                let _ = Quantity::parse(&text, kind);
                let _ = Quantity::parse(&near, kind);
            }
        }

        #[test]
        fn whole_numbers_are_themselves(number: u64) {
            let text = number.to_string();
            prop_assert_eq!(parse(&text, FieldType::Number), Some((number.into(), false)));
            prop_assert_eq!(parse(&text, FieldType::Size), Some((number.into(), false)));
        }
    }
}
