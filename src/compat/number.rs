//! Numbers as the old tools read them, with `strtol(3)`: blanks and a sign before them, nothing behind; and never cut to
//! fewer bits than they have.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// It is none.
    Not,
    /// It is one, and too large or too small (`ERANGE`).
    Range,
}

impl NoNumber {
    /// The message: `what: 'text'`, and for a number out of range why.
    pub(super) fn about(self, what: &str, text: &OsStr) -> Vec<u8> {
        let why: &[u8] = match self {
            Self::Not => b"",
            Self::Range => b": Numerical result out of range",
        };
        [what.as_bytes(), b": '", text.as_bytes(), b"'", why].concat()
    }
}

/// A number in this base, or for base 0 in the one that it shows (`0x…` hexadecimal, `0…` octal), that lies in the range of
/// `T`.
pub(super) fn parse<T: TryFrom<i128>>(text: &OsStr, base: u32) -> Result<T, NoNumber> {
    let text = text.as_bytes();
    // The blanks of `isspace(3)`.
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).ok_or(NoNumber::Not)?;
    let (negative, digits) = match &text[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let (base, digits) = match (base, digits) {
        (0 | 16, [b'0', b'x' | b'X', rest @ ..]) => (16, rest),
        (0, [b'0', ..]) => (8, digits),
        (0, _) => (10, digits),
        _ => (base, digits),
    };
    if digits.is_empty() {
        return Err(NoNumber::Not);
    }
    let mut value: i128 = 0;
    for byte in digits {
        let digit = char::from(*byte).to_digit(base).ok_or(NoNumber::Not)?;
        // Far above any range it need not be exact.
        value = value.saturating_mul(i128::from(base)).saturating_add(i128::from(digit));
    }
    T::try_from(if negative { -value } else { value }).map_err(|_| NoNumber::Range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of<T: TryFrom<i128>>(text: &str, base: u32) -> Result<T, NoNumber> {
        parse(OsStr::new(text), base)
    }

    #[test]
    fn as_strtol_reads_them() {
        assert_eq!(of("  +7", 10), Ok(7i32));
        assert_eq!(of("-0x10", 0), Ok(-16i32));
        assert_eq!(of("010", 0), Ok(8));
        assert_eq!(of("010", 10), Ok(10));
        assert_eq!(of("0", 0), Ok(0u32));
        assert_eq!(of("2147483648", 10), Err::<i32, _>(NoNumber::Range));
        assert_eq!(of("-1", 10), Err::<u32, _>(NoNumber::Range));
        assert_eq!(of("9".repeat(60).as_str(), 10), Err::<i64, _>(NoNumber::Range));
        for text in ["", " ", "abc", "0x", "0x0 ", "7x", "--7", "- 7", "08", "\u{661}"] {
            assert_eq!(of::<i64>(text, 0), Err(NoNumber::Not), "{text:?}");
        }
        assert_eq!(of::<i32>("0x0", 10), Err(NoNumber::Not));
        let message = NoNumber::Range.about("failed to parse argument", OsStr::new("99"));
        assert_eq!(message, b"failed to parse argument: '99': Numerical result out of range");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value: i64) {
            prop_assert_eq!(of(&value.to_string(), 10), Ok(value));
            prop_assert_eq!(of(&format!("{:#X}", value.unsigned_abs()), 0), Ok(value.unsigned_abs()));
            prop_assert_eq!(of(&format!("-0{:o}", value.unsigned_abs()), 0), Ok(-i128::from(value.unsigned_abs())));
        }
    }
}
