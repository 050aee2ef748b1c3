//! What an object holds, for people: text where it is text, otherwise sixteen bytes a line in hexadecimal, laid out as
//! `hexdump -C` does.

use crate::model::escape;
use std::io::{self, Write};

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As text if they are text, otherwise in hexadecimal.
    #[default]
    Auto,
    /// Always in hexadecimal.
    Hex,
}

/// Whether bytes are text that a person can read: UTF-8 without anything that [`escape`] would have to write as an escape,
/// other than line ends, tabs and backslashes. One NUL at the end, as C strings have, does not count against it.
pub fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    text.split(['\n', '\t', '\\']).all(|part| matches!(escape(part.as_bytes()), std::borrow::Cow::Borrowed(_)))
}

/// Writes bytes, each line behind `indent`. `offset` is the number of the first byte, for hexadecimal. Nothing that is
/// written acts on a terminal. Ends with a line end; no bytes make no line.
pub fn write(out: &mut dyn Write, bytes: &[u8], offset: u64, form: Form, indent: &str) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    if form == Form::Hex || !is_text(bytes) {
        return write_hex(out, bytes, offset, indent);
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    // `is_text` saw that it is UTF-8.
    for line in String::from_utf8_lossy(bytes).split('\n') {
        writeln!(out, "{indent}{line}")?;
    }
    Ok(())
}

/// As `hexdump -C`: the offset, sixteen bytes, the same as ASCII; lines that repeat the one before are one `*`; the offset
/// of the end comes last.
fn write_hex(out: &mut dyn Write, bytes: &[u8], offset: u64, indent: &str) -> io::Result<()> {
    let mut before: Option<&[u8]> = None;
    let mut starred = false;
    for (number, line) in (0u64..).zip(bytes.chunks(16)) {
        if before == Some(line) {
            if !std::mem::replace(&mut starred, true) {
                writeln!(out, "{indent}*")?;
            }
            continue;
        }
        (before, starred) = (Some(line), false);
        write!(out, "{indent}{:08x} ", offset + number * 16)?;
        for place in 0..16 {
            let gap = if place == 8 { " " } else { "" };
            match line.get(place) {
                Some(byte) => write!(out, "{gap} {byte:02x}")?,
                None => write!(out, "{gap}   ")?,
            }
        }
        let ascii: String = line.iter().map(|b| if (b' '..=b'~').contains(b) { char::from(*b) } else { '.' }).collect();
        writeln!(out, "  |{ascii}|")?;
    }
    writeln!(out, "{indent}{:08x}", offset + bytes.len() as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(bytes: &[u8], offset: u64, form: Form) -> String {
        let mut out = Vec::new();
        write(&mut out, bytes, offset, form, "").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_text() {
        assert_eq!(written("Grüße\n\ta\\b\n".as_bytes(), 0, Form::Auto), "Grüße\n\ta\\b\n");
        assert_eq!(written(b"a C string\0", 0, Form::Auto), "a C string\n");
        assert_eq!(written(b"", 0, Form::Auto), "");
        for hidden in [&b"\x1b[31m"[..], b"a\0b", b"\xff", "\u{202e}x".as_bytes(), b"\r\n", b"\0\0"] {
            assert!(!is_text(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn hexadecimal_is_that_of_hexdump() {
        assert_eq!(
            written(b"needle\x1b[31m and more", 0x20, Form::Auto),
            "00000020  6e 65 65 64 6c 65 1b 5b  33 31 6d 20 61 6e 64 20  |needle.[31m and |\n\
             00000030  6d 6f 72 65                                       |more|\n00000034\n"
        );
        assert_eq!(
            written(&[0; 80], 0, Form::Auto),
            "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000050\n"
        );
        assert_eq!(
            written(b"A", 0, Form::Hex),
            "00000000  41                                                |A|\n00000001\n"
        );
    }
}
