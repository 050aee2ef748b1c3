//! What `ipcx rm -q VALUE` and `-Q KEY` accept (and `-m`, `-M`, `-s`, `-S`).
//!
//! `ipcrm -q` takes ids and `-Q` keys, and people mix them up. A decimal value may therefore be either; which one it
//! is only the kernel's tables can tell, so both possibilities are handed on.

use super::name::quoted;
use super::spelled::Spelled;
use super::sysv::Key;
pub use super::which::TargetError;
use super::which::{KEY_RANGE, NotDecimal, decimal, hexadecimal_key, not_a_number, posix_name};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What a value behind `-q`, `-m` or `-s` can mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RemovalTarget {
    /// `0x…`: a key.
    Key(Key),
    /// `/…`: a POSIX name.
    Name(Spelled),
    /// A decimal number: an id, a key, or one of the two. At least one is there.
    Number {
        /// As an id: 0 to 2,147,483,647.
        id: Option<i32>,
        /// As a key: 1 to 4,294,967,295, the unsigned form of its 32 bits.
        key: Option<Key>,
    },
}

impl RemovalTarget {
    /// The value of `-q`, `-m`, `-s`.
    pub fn parse_value(text: &OsStr) -> Result<Self, TargetError> {
        let text = text.as_bytes();
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some(key) = hexadecimal_key(text)? {
            return Ok(Self::Key(key));
        }
        if text.starts_with(b"/") {
            return posix_name(text).map(Self::Name);
        }
        let number = decimal(text).map_err(|why| not_a_number(text, why, KEY_RANGE))?;
        let number = u32::try_from(number).map_err(|_| TargetError::Range(quoted(text), KEY_RANGE))?;
        Ok(Self::Number { id: i32::try_from(number).ok(), key: key(number) })
    }

    /// The value of `-Q`, `-M`, `-S`: a key and nothing else, decimal or hexadecimal.
    pub fn parse_key(text: &OsStr) -> Result<Key, TargetError> {
        let text = text.as_bytes();
        if let Some(key) = hexadecimal_key(text)? {
            return Ok(key);
        }
        let number = decimal(text).map_err(|why| match why {
            NotDecimal::Shape => TargetError::Key(quoted(text)),
            other => not_a_number(text, other, KEY_RANGE),
        })?;
        let number = u32::try_from(number).map_err(|_| TargetError::Range(quoted(text), KEY_RANGE))?;
        key(number).ok_or_else(|| TargetError::Private(quoted(text)))
    }
}

/// The key with these 32 bits, unless it is `IPC_PRIVATE`.
fn key(number: u32) -> Option<Key> {
    if number == 0 { None } else { Some(Key(number.cast_signed())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Result<RemovalTarget, TargetError> {
        RemovalTarget::parse_value(OsStr::new(text))
    }

    fn only_key(text: &str) -> Result<Key, TargetError> {
        RemovalTarget::parse_key(OsStr::new(text))
    }

    #[test]
    fn values_mean_all_they_can() {
        let number = |id, key| RemovalTarget::Number { id, key };
        let cases = [
            ("0", number(Some(0), None)),
            ("32769", number(Some(32769), Some(Key(32769)))),
            ("2147483647", number(Some(i32::MAX), Some(Key(i32::MAX)))),
            ("2147483648", number(None, Some(Key(i32::MIN)))),
            ("4294967295", number(None, Some(Key(-1)))),
            ("0x4d2", RemovalTarget::Key(Key(1234))),
            ("0XFFFFFFFF", RemovalTarget::Key(Key(-1))),
            ("0x00000001", RemovalTarget::Key(Key(1))),
            ("/orders", RemovalTarget::Name(Spelled::exact(b"/orders"))),
        ];
        for (text, target) in cases {
            assert_eq!(value(text), Ok(target), "{text}");
        }
    }

    #[test]
    fn keys_are_keys() {
        for (text, key) in [("1", 1), ("1234", 1234), ("4294967295", -1), ("0x4d2", 1234), ("0xffffffff", -1)] {
            assert_eq!(only_key(text), Ok(Key(key)), "{text}");
        }
        assert!(matches!(only_key("0"), Err(TargetError::Private(_))));
        assert!(matches!(only_key("0x0"), Err(TargetError::Private(_))));
        assert!(matches!(only_key("/orders"), Err(TargetError::Key(_))));
    }

    #[test]
    fn damaged_values_are_refused_in_one_line() {
        let bad = [
            "",
            " ",
            "-1",
            "-0",
            "+5",
            " 5",
            "5 ",
            "5\n",
            "12abc",
            "abc",
            "0x",
            "0X",
            "0xg",
            "0x 1",
            "0x-1",
            "0x+1",
            "0x123456789",
            "0x000000001",
            "0x0",
            "0x00000000",
            "4294967296",
            "4294967297",
            "-4294967295",
            "1e3",
            "1.0",
            "1_000",
            "99999999999999999999999",
            "010",
            "00",
            "٣",
            "1;2",
            "5\0",
            "\u{202e}5",
        ];
        for text in bad {
            for error in [value(text).map(|_| ()), only_key(text).map(|_| ())] {
                let message = error.expect_err(text).to_string();
                assert!(!message.contains(char::is_control), "{message:?}");
                assert!(!message.contains('\u{202e}'), "{message:?}");
            }
        }
        for text in ["/", "/a/b", "//a", "/.", "/.."] {
            assert!(matches!(value(text), Err(TargetError::Name(..))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_takes_digits_only(text in any::<String>(), near in r"[-+ ]?0?[xX]?[0-9a-fA-F]{0,11}[ x]?") {
            for text in [text, near] {
                let hexadecimal = text.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("0x"));
                let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
                match value(&text) {
                    Ok(RemovalTarget::Number { .. }) => prop_assert!(digits(&text)),
                    Ok(RemovalTarget::Key(_)) => prop_assert!(hexadecimal && text.len() <= 10),
                    Ok(RemovalTarget::Name(_)) => prop_assert!(text.starts_with('/')),
                    Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
                }
                if only_key(&text).is_ok() {
                    prop_assert!(hexadecimal || digits(&text));
                }
            }
        }
    }
}
