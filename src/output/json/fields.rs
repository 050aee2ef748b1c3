//! The members of one JSON object, written one after the other into a buffer.
//!
//! Serde writes everything that is not in great number. The objects themselves and their holders are: 90,000 with some
//! forty members each, most of them null, and through serde's derive a third of the time went into their names. So
//! those members are put down here, while every value that could need care (any text that is not plain) is still
//! serde's to write.

use serde::Serialize;
use std::fmt::{Display, Write as _};

/// Writes members.
pub(super) struct Fields<'a> {
    out: &'a mut Vec<u8>,
    scratch: &'a mut String,
    first: bool,
}

impl<'a> Fields<'a> {
    /// Begins an object. `scratch` is any string; it is overwritten.
    pub(super) fn open(out: &'a mut Vec<u8>, scratch: &'a mut String) -> Self {
        out.push(b'{');
        Self { out, scratch, first: true }
    }

    /// Ends it.
    pub(super) fn close(self) {
        self.out.push(b'}');
    }

    /// Writes a member's name. It is the program's own and plain.
    fn name(&mut self, name: &'static str) {
        self.out.extend_from_slice(if std::mem::take(&mut self.first) { b"\"" } else { b",\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A member of any type.
    pub(super) fn value(&mut self, name: &'static str, value: &impl Serialize) {
        self.name(name);
        json(self.out, value);
    }

    /// Text, or null.
    pub(super) fn text(&mut self, name: &'static str, text: Option<&str>) {
        self.name(name);
        match text {
            Some(text) => string(self.out, text),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    /// Bytes as text, or null; and where they are not UTF-8, a sibling with the exact bytes in hexadecimal.
    pub(super) fn bytes(&mut self, name: &'static str, hex_name: &'static str, bytes: Option<&[u8]>) {
        match bytes.map(std::str::from_utf8) {
            None => self.text(name, None),
            Some(Ok(text)) => self.text(name, Some(text)),
            Some(Err(_)) => {
                self.value(name, &bytes.map(super::text::lossy));
                self.value(hex_name, &bytes.and_then(super::text::hex));
            }
        }
    }

    /// What prints itself, or null.
    pub(super) fn display(&mut self, name: &'static str, value: Option<impl Display>) {
        self.name(name);
        let Some(value) = value else { return self.out.extend_from_slice(b"null") };
        self.scratch.clear();
        // Writing into a String cannot fail.
        let _ = write!(self.scratch, "{value}");
        string(self.out, self.scratch);
    }

    /// A list: `each` writes one element.
    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        items: impl Iterator<Item = T>,
        mut each: impl FnMut(&mut Vec<u8>, &mut String, T),
    ) {
        self.name(name);
        self.out.push(b'[');
        for (item, first) in items.zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            if !first {
                self.out.push(b',');
            }
            each(self.out, self.scratch, item);
        }
        self.out.push(b']');
    }

    /// An object as a member.
    pub(super) fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Fields<'_>)) {
        self.name(name);
        let mut fields = Fields::open(self.out, self.scratch);
        members(&mut fields);
        fields.close();
    }
}

/// Any value. Its type holds nothing that could fail to be JSON, and a vector takes every byte.
pub(super) fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok());
}

/// Plain text as it is, anything else through serde.
fn string(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\' && b != 0x7f;
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        json(out, &text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(text: String, bytes: Vec<u8>, number: Option<u64>) {
            let (mut out, mut scratch) = (Vec::new(), String::new());
            let mut fields = Fields::open(&mut out, &mut scratch);
            fields.text("a", Some(&text));
            fields.display("b", Some(&text));
            fields.bytes("c", "c_hex", Some(&bytes));
            fields.value("d", &number);
            fields.text("e", None);
            fields.list("f", [1, 2].iter(), |out, _, item| json(out, item));
            fields.object("g", |fields| fields.value("h", &true));
            fields.close();
            let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(read["a"].as_str().unwrap(), &text);
            prop_assert_eq!(read["b"].as_str().unwrap(), &text);
            let exact = std::str::from_utf8(&bytes);
            prop_assert_eq!(read["c_hex"].is_null(), exact.is_ok());
            prop_assert_eq!(read["c"].as_str().unwrap(), &*String::from_utf8_lossy(&bytes));
            prop_assert_eq!(read["d"].as_u64(), number);
            prop_assert!(read["e"].is_null());
            prop_assert_eq!(&read["f"], &serde_json::json!([1, 2]));
            prop_assert_eq!(&read["g"], &serde_json::json!({"h": true}));
        }
    }
}
