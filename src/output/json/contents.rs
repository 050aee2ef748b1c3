//! Contents as JSON: bytes as text with U+FFFD where they are none, and then the exact ones in hexadecimal beside it.

use super::text;
use crate::model::Message;
use serde::Serialize;
use std::borrow::Cow;

/// Bytes; flattened into what holds them.
#[derive(Debug, Serialize)]
pub struct DataDoc<'a> {
    data: Cow<'a, str>,
    data_hex: Option<String>,
}

impl<'a> From<&'a [u8]> for DataDoc<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { data: text::lossy(bytes), data_hex: text::hex(bytes) }
    }
}

/// A message of a System V queue.
#[derive(Debug, Serialize)]
pub struct MessageDoc<'a> {
    index: u64,
    r#type: i64,
    size: usize,
    #[serde(flatten)]
    data: DataDoc<'a>,
}

impl<'a> MessageDoc<'a> {
    /// The message at this place in its queue, the oldest at 0.
    pub fn new(index: u64, message: &'a Message) -> Self {
        Self { index, r#type: message.kind, size: message.data.len(), data: message.data.as_slice().into() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_shape() {
        let message = Message { kind: 5, data: b"first".to_vec() };
        let json = serde_json::to_string(&MessageDoc::new(0, &message)).unwrap();
        assert_eq!(json, r#"{"index":0,"type":5,"size":5,"data":"first","data_hex":null}"#);
        let binary = serde_json::to_string(&DataDoc::from(&b"a\xff"[..])).unwrap();
        assert_eq!(binary, "{\"data\":\"a\u{fffd}\",\"data_hex\":\"61ff\"}");
    }
}
