//! Bytes and times as JSON text: lossless, absent ones null.

pub use crate::model::hexadecimal;

use crate::model::Time;
use std::borrow::Cow;

/// Bytes as text, with U+FFFD for what is not UTF-8.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The exact bytes in hexadecimal, where [`lossy`] loses something.
pub(super) fn hex(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).is_err().then(|| hexadecimal(bytes))
}

/// RFC 3339 in UTC.
pub(super) fn time(time: Time) -> String {
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        assert_eq!((lossy(b"a\xff"), hex(b"a\xff")), (Cow::from("a\u{fffd}"), Some("61ff".to_owned())));
        assert_eq!((lossy("é\x1b".as_bytes()), hex("é\x1b".as_bytes())), (Cow::from("é\x1b"), None));
    }
}
