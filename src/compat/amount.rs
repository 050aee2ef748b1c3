//! Sizes as the old tools read them: a number as `strtol(3)` takes it, a fraction, and a unit: `64K`, `64KiB`, `64KB` (of
//! 1000), `1.5M`.

use super::number::NoNumber;

/// Units, each 1024 times the one before it, or 1000 times.
const UNITS: &[u8; 8] = b"kmgtpezy";

/// A number of bytes. A fraction needs a unit; what it leaves of a byte is dropped.
pub(super) fn parse(text: &[u8], decimal_point: &str) -> Result<u64, NoNumber> {
    // The blanks of `isspace(3)`.
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).ok_or(NoNumber::Not)?;
    let text = text[start..].strip_prefix(b"+").unwrap_or(&text[start..]);
    let (base, text) = match text {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, &text[2..]),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let (whole, digits) = leading(text, base)?;
    if digits == 0 {
        return Err(NoNumber::Not);
    }
    let rest = &text[digits..];
    if rest.is_empty() {
        return Ok(whole);
    }
    let (part, places, unit) = match rest.strip_prefix(decimal_point.as_bytes()) {
        Some(rest) => {
            let (part, places) = leading(rest, 10)?;
            (part, places, &rest[places..])
        }
        None => (0, 0, rest),
    };
    let unit = unit_of(unit).ok_or(NoNumber::Not)?;
    let units = |number: u64| unit.checked_mul(number.into());
    // A part too small to be written in 128 bits is less than a byte.
    let part = match 10u128.checked_pow(u32::try_from(places).unwrap_or(u32::MAX)) {
        Some(parts) => units(part).ok_or(NoNumber::Range)? / parts,
        None => 0,
    };
    let sum = units(whole).and_then(|whole| whole.checked_add(part)).ok_or(NoNumber::Range)?;
    u64::try_from(sum).map_err(|_| NoNumber::Range)
}

/// The number that a text begins with, and how many digits it has.
fn leading(text: &[u8], base: u32) -> Result<(u64, usize), NoNumber> {
    let (mut number, mut digits) = (0u64, 0);
    while let Some(digit) = text.get(digits).and_then(|byte| char::from(*byte).to_digit(base)) {
        let next = number.checked_mul(base.into()).and_then(|number| number.checked_add(digit.into()));
        number = next.ok_or(NoNumber::Range)?;
        digits += 1;
    }
    Ok((number, digits))
}

/// Bytes of a unit.
fn unit_of(text: &[u8]) -> Option<u128> {
    let (letter, behind) = text.split_first()?;
    let base: u128 = match behind {
        b"" | b"iB" | b"ib" => 1024,
        b"B" | b"b" => 1000,
        _ => return None,
    };
    let power = UNITS.iter().position(|unit| *unit == letter.to_ascii_lowercase())? + 1;
    base.checked_pow(u32::try_from(power).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Result<u64, NoNumber> {
        parse(text.as_bytes(), ".")
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            (" +64", 64),
            ("64k", 64 << 10),
            ("64KiB", 64 << 10),
            ("64kib", 64 << 10),
            ("64KB", 64_000),
            ("64Kb", 64_000),
            ("1M", 1 << 20),
            ("1GB", 1_000_000_000),
            ("15E", 15 << 60),
            ("0Y", 0),
            ("1.5K", 1536),
            ("1.K", 1024),
            ("1.75K", 1792),
            ("0.9K", 921),
            ("1.10K", 1126),
            ("1.010K", 1034),
            ("1.25G", 1_342_177_280),
            ("1.2345678901234567KB", 1234),
            ("0x10", 16),
            ("0x1E", 30),
            ("0x10K", 16 << 10),
            ("010K", 8 << 10),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(of(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse(b"1,5K", ","), Ok(1536));
    }

    #[test]
    fn none() {
        for text in [
            "", " ", "-1", "+-1", "K", "1 ", "1 K", "1B", "1iB", "1Ki", "1KIB", "1KK", "1.5", "1.", ".5K", "1,5K",
            "1.5.5K", "1.-5K", "0x", "0xK", "08", "1e3", "1X", "inf",
        ] {
            assert_eq!(of(text), Err(NoNumber::Not), "{text}");
        }
        for text in ["18446744073709551616", "16E", "1Z", "1.5Y", "0.5Z", "1.99999999999999999999K"] {
            assert_eq!(of(text), Err(NoNumber::Range), "{text}");
        }
        let small = format!("1.{}1K", "0".repeat(60));
        assert_eq!(of(&small), Ok(1024));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>(), near in "[ +-]?[0-9]{0,22}[.]?[0-9]{0,42}[kKMEZYiBb]{0,4}") {
            for text in [text, near] {
                if let Ok(bytes) = of(&text) {
                    prop_assert!(text.contains(|c: char| c.is_ascii_digit()), "{bytes}");
                }
            }
        }
    }
}
