//! What stands behind the options of `ipcrm`: ids, keys, and what all means.

use crate::actions::ValueKind::{self, Queue, Semaphore, Shm};
use crate::compat::number::{self, NoNumber};
use crate::compat::out::Stop;
use crate::model::Key;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Which objects `--all` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum All {
    /// Every System V object.
    Sysv,
    SysvOf(ValueKind),
    PosixOf(ValueKind),
}

impl All {
    fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"shm" => Self::SysvOf(Shm),
            b"msg" => Self::SysvOf(Queue),
            b"sem" => Self::SysvOf(Semaphore),
            b"pshm" => Self::PosixOf(Shm),
            b"pmsg" => Self::PosixOf(Queue),
            b"psem" => Self::PosixOf(Semaphore),
            _ => return None,
        })
    }
}

/// What `--all` stands for.
pub(super) fn chosen(kind: Option<&OsStr>) -> Result<All, Stop> {
    let Some(kind) = kind else { return Ok(All::Sysv) };
    // `-a=shm` is `-a` with the value `=shm`.
    let word = kind.as_bytes();
    All::parse(word.strip_prefix(b"=").unwrap_or(word))
        .ok_or_else(|| Stop::because([b"unknown argument: ", word].concat()))
}

/// An id is a number that the kernel can have given: not a negative one, and never cut to 32 bits.
pub(super) fn id_of(text: &OsStr) -> Result<i32, NoNumber> {
    let id: i32 = number::parse(text, 10)?;
    if id < 0 { Err(NoNumber::Range) } else { Ok(id) }
}

/// A key has 32 bits, written with a sign or without.
pub(super) fn key_of(text: &OsStr) -> Result<Key, NoNumber> {
    let key: i64 = number::parse(text, 0)?;
    let signed = i32::try_from(key).ok();
    let bits = signed.or_else(|| u32::try_from(key).ok().map(u32::cast_signed));
    bits.map(Key).ok_or(NoNumber::Range)
}

pub(super) fn not_parsed(why: NoNumber, text: &OsStr) -> Stop {
    Stop::because(why.about("failed to parse argument", text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_to_fit() {
        for (text, id) in [("0", 0), ("+7", 7), (" 010", 10), ("-0", 0), ("2147483647", i32::MAX)] {
            assert_eq!(id_of(OsStr::new(text)), Ok(id), "{text}");
        }
        for text in ["-1", "2147483648", "4294967296", "4294967297", "-4294967295", "99999999999999999999"] {
            assert_eq!(id_of(OsStr::new(text)), Err(NoNumber::Range), "{text}");
        }
        for text in ["", " ", "0x1", "1 ", "zz"] {
            assert_eq!(id_of(OsStr::new(text)), Err(NoNumber::Not), "{text}");
        }
        for (text, key) in [
            ("-5", -5),
            ("-0x5", -5),
            ("0xffffffff", -1),
            ("4294967295", -1),
            ("2147483648", i32::MIN),
            ("-2147483648", i32::MIN),
            ("017", 15),
            ("0", 0),
        ] {
            assert_eq!(key_of(OsStr::new(text)), Ok(Key(key)), "{text}");
        }
        for text in ["4294967296", "0x100000001", "-2147483649", "-4294967295", "18446744073709551616"] {
            assert_eq!(key_of(OsStr::new(text)), Err(NoNumber::Range), "{text}");
        }
    }

    #[test]
    fn kinds_that_all_may_stand_for() {
        assert_eq!(chosen(None).unwrap(), All::Sysv);
        assert_eq!(chosen(Some(OsStr::new("msg"))).unwrap(), All::SysvOf(Queue));
        assert_eq!(chosen(Some(OsStr::new("=psem"))).unwrap(), All::PosixOf(Semaphore));
        for word in ["", "=", "==msg", "msg=", "MSG", "sh"] {
            assert!(chosen(Some(OsStr::new(word))).is_err(), "{word:?}");
        }
    }
}
