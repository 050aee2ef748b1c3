//! Values that several commands take: addresses, octal modes, sizes, semaphore values.

use super::exit::Usage;
use crate::model::{Address, quoted};
use crate::query::filter::parse_bytes;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Permission bits in octal, `640` or `0640`.
pub(super) fn mode(text: &str) -> anyhow::Result<u16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u16::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777);
    mode.ok_or_else(|| {
        let text = quoted(text.as_bytes());
        Usage::error(format_args!("{text} is no mode: write octal permission bits from 0 to 777, e.g. 0640"))
    })
}

/// Bytes, with or without a suffix.
pub(super) fn size(text: &str) -> anyhow::Result<u64> {
    parse_bytes(text).ok_or_else(|| {
        let text = quoted(text.as_bytes());
        Usage::error(format_args!("{text} is no size: write bytes, or K, M, G behind a number, e.g. 64K or 1.5M"))
    })
}

/// An address, where a plain decimal number is a process.
pub(super) fn address_or_pid(word: &OsStr) -> anyhow::Result<Address> {
    let digits = !word.is_empty() && word.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    let mut text = OsString::from(if digits { "pid:" } else { "" });
    text.push(word);
    Address::parse(&text).map_err(Usage::error)
}

/// A whole decimal number.
pub(super) fn number(text: &str) -> anyhow::Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| Usage::error(format_args!("{} is no number: write digits only", quoted(text.as_bytes()))))
}

/// A semaphore's value.
pub(super) fn value(text: &str) -> anyhow::Result<u32> {
    u32::try_from(number(text)?).ok().filter(|value| i32::try_from(*value).is_ok()).ok_or_else(|| {
        let text = quoted(text.as_bytes());
        Usage::error(format_args!(
            "{text} is too large: a semaphore's value is at most 32767, a POSIX one's 2147483647"
        ))
    })
}

/// `INDEX=N` or `N`.
pub(super) fn indexed_value(text: &str) -> anyhow::Result<(Option<u64>, u32)> {
    match text.split_once('=') {
        Some((index, text)) => Ok((Some(number(index)?), value(text)?)),
        None => Ok((None, value(text)?)),
    }
}

/// `PATH:ID`, as for ftok(3): the number is decimal, `0x…`, or the code of one character. Only its low 8 bits count.
pub(super) fn ftok(text: &OsStr) -> anyhow::Result<(Box<[u8]>, u8)> {
    let bytes = text.as_bytes();
    let fault = || {
        let text = quoted(bytes);
        Usage::error(format_args!(
            "{text} is no PATH:ID: write a path, a colon, and a number or one character, e.g. /srv/app:1 or /srv/app:A"
        ))
    };
    let colon = bytes.iter().rposition(|byte| *byte == b':').filter(|colon| *colon > 0).ok_or_else(fault)?;
    let (path, id) = (&bytes[..colon], &bytes[colon + 1..]);
    let number = std::str::from_utf8(id).ok().and_then(|id| match id.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(digits, 16).ok(),
        _ if id.bytes().all(|b| b.is_ascii_digit()) => id.parse().ok(),
        _ => None,
    });
    let low = match (number, id) {
        (Some(number), _) => (number & 0xff) as u8,
        (None, [character]) => *character,
        _ => return Err(fault()),
    };
    if low == 0 {
        return Err(Usage::error(format_args!(
            "{}: ftok takes the low 8 bits of its number, and they are 0",
            quoted(bytes)
        )));
    }
    Ok((path.into(), low))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (text, bits) in [("0640", 0o640), ("640", 0o640), ("0", 0), ("777", 0o777), ("0000", 0)] {
            assert_eq!(mode(text).unwrap(), bits, "{text}");
        }
        for text in ["", "8", "0o640", "+640", "-1", "1777", "00640", "rw-r-----", " 640", "٦"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_numbers() {
        assert_eq!(size("64K").unwrap(), 65536);
        assert_eq!(size("1.5M").unwrap(), 1_572_864);
        for text in ["", "K", "-1", "1.3K", "x", "16E", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(number("12").unwrap(), 12);
        for text in ["", "+1", "-1", "1x", "99999999999999999999"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_of_semaphores() {
        assert_eq!(indexed_value("5").unwrap(), (None, 5));
        assert_eq!(indexed_value("3=0").unwrap(), (Some(3), 0));
        assert_eq!(value("2147483647").unwrap(), i32::MAX as u32);
        for text in ["", "=", "1=", "=1", "1=2=3", "-1", "0=-1", "2147483648", "x=1"] {
            assert!(indexed_value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_and_numbers_for_ftok() {
        let read = |text: &str| ftok(OsStr::new(text)).map(|(path, id)| (String::from_utf8(path.into()).unwrap(), id));
        for (text, path, id) in [
            ("/srv/app:1", "/srv/app", 1),
            ("/srv/app:A", "/srv/app", b'A'),
            ("/a:b:0x41", "/a:b", 0x41),
            ("x:300", "x", 44),
            ("/a:-", "/a", b'-'),
        ] {
            assert_eq!(read(text).unwrap(), (path.to_owned(), id), "{text}");
        }
        for text in ["", ":", "/a", ":1", "/a:", "/a:0", "/a:256", "/a:AB", "/a:0x", "/a:é", "/a:99999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
