//! Which queue, segment or semaphore set is meant: an id, a key or a POSIX name.
//!
//! Stricter than `strtol`: whatever is not wholly a number in range is refused, so that a slip of the hand never
//! becomes the id or key of somebody else's object.

use super::name::quoted;
use super::spelled::Spelled;
use super::sysv::Key;
use std::fmt;

/// How a queue, a segment or a semaphore set is picked out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Which {
    /// System V identifier (`msqid`, `shmid`, `semid`), 0 to 2,147,483,647.
    Id(i32),
    /// System V key, never `IPC_PRIVATE`.
    Key(Key),
    /// POSIX name with its slash.
    Name(Spelled),
}

/// Why a text names no queue, segment or semaphore set. Each prints as one line that quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was written.
    #[error("an empty text names nothing: write an id (32769), a key (0x4d2) or a POSIX name (/orders)")]
    Empty,
    /// Neither a number, nor a key, nor a name.
    #[error("{0} is no id, key or name: write an id (32769), a key (0x4d2) or a POSIX name (/orders)")]
    Shape(String),
    /// Keys only: neither decimal nor hexadecimal.
    #[error("{0} is no key: write 0x and 1 to 8 hexadecimal digits (0x4d2), or a decimal number (1234)")]
    Key(String),
    /// A number above the largest id or key.
    #[error("{0} is out of range: the largest {1}")]
    Range(String, &'static str),
    /// A decimal number with zeros before it, which other tools read as octal.
    #[error("{0} could mean an octal number: write it without the leading zeros")]
    LeadingZero(String),
    /// Key 0.
    #[error("{0} is IPC_PRIVATE, the key of objects without a key: it names nothing, use the object's id")]
    Private(String),
    /// No POSIX name.
    #[error("{0} is no POSIX name: it {1}")]
    Name(String, &'static str),
}

/// Why some text is no decimal number.
#[derive(Clone, Copy)]
pub(super) enum NotDecimal {
    /// Something other than a digit, or nothing at all.
    Shape,
    /// Zeros in front.
    LeadingZero,
    /// More than 64 bits.
    Range,
}

/// Digits and nothing else, without leading zeros.
pub(super) fn decimal(text: &[u8]) -> Result<u64, NotDecimal> {
    let digits = std::str::from_utf8(text).map_err(|_| NotDecimal::Shape)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotDecimal::Shape);
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(NotDecimal::LeadingZero);
    }
    digits.parse().map_err(|_| NotDecimal::Range)
}

impl Which {
    /// From an id, a key `0x…` or a POSIX name `/…`.
    pub(super) fn parse(text: &[u8]) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some(key) = hexadecimal_key(text)? {
            return Ok(Self::Key(key));
        }
        if text.starts_with(b"/") {
            return posix_name(text).map(Self::Name);
        }
        let number = decimal(text).map_err(|why| not_a_number(text, why, ID_RANGE))?;
        i32::try_from(number).map(Self::Id).map_err(|_| TargetError::Range(quoted(text), ID_RANGE))
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Key(key) => key.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// For [`TargetError::Range`].
pub(super) const ID_RANGE: &str = "id is 2147483647";
/// For [`TargetError::Range`].
pub(super) const KEY_RANGE: &str = "key is 4294967295 (0xffffffff)";

/// The error for a text that is no decimal number where an id may stand.
pub(super) fn not_a_number(text: &[u8], why: NotDecimal, range: &'static str) -> TargetError {
    match why {
        NotDecimal::Shape => TargetError::Shape(quoted(text)),
        NotDecimal::LeadingZero => TargetError::LeadingZero(quoted(text)),
        NotDecimal::Range => TargetError::Range(quoted(text), range),
    }
}

/// A key from `0x` and 1 to 8 hexadecimal digits; `None` when the text does not begin with `0x`.
pub(super) fn hexadecimal_key(text: &[u8]) -> Result<Option<Key>, TargetError> {
    let Some(digits) = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X")) else { return Ok(None) };
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(TargetError::Key(quoted(text)));
    }
    if digits.len() > 8 {
        return Err(TargetError::Range(quoted(text), KEY_RANGE));
    }
    match u32::from_str_radix(digits, 16) {
        Ok(0) => Err(TargetError::Private(quoted(text))),
        // The kernel's key_t is signed; the pattern of bits is the same.
        Ok(key) => Ok(Some(Key(key.cast_signed()))),
        Err(_) => Err(TargetError::Key(quoted(text))),
    }
}

/// A POSIX name: a slash and one file name (`man 7 mq_overview`, `shm_overview`, `sem_overview`).
pub(super) fn posix_name(text: &[u8]) -> Result<Spelled, TargetError> {
    match Spelled::new(text).keep(|name| posix_fault(name).is_none()) {
        Some(name) => Ok(name),
        None => Err(TargetError::Name(quoted(text), posix_fault(text).unwrap_or("cannot be one"))),
    }
}

/// What is wrong with a POSIX name.
fn posix_fault(name: &[u8]) -> Option<&'static str> {
    let Some(file) = name.strip_prefix(b"/") else { return Some("must begin with a slash") };
    match file {
        b"" => Some("needs a name behind the slash"),
        b"." | b".." => Some("cannot be a directory"),
        // NAME_MAX: the library takes the slash off, the file system holds the rest.
        _ if file.len() > 255 => Some("is longer than 255 bytes"),
        _ if file.contains(&b'/') => Some("has a second slash; for a file, write its path without the kind"),
        _ if file.contains(&0) => Some("holds a NUL byte"),
        _ => None,
    }
}
