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

fn write_hex(out: &mut dyn Write, bytes: &[u8], offset: u64, indent: &str) -> io::Result<()> {
    let mut dump = HexDump::new(offset, indent);
    dump.push(out, bytes)?;
    dump.finish(out)
}

/// As `hexdump -C`, piece by piece: the offset, sixteen bytes, the same as ASCII; lines that repeat the one before are one
/// `*`; the offset of the end comes last.
#[derive(Debug)]
pub struct HexDump<'a> {
    indent: &'a str,
    /// Number of the next byte that is not in a line yet.
    offset: u64,
    before: Vec<u8>,
    starred: bool,
    /// The beginning of a line whose rest is still to come.
    rest: Vec<u8>,
}

/// Bytes in a line.
const LINE: usize = 16;

impl<'a> HexDump<'a> {
    /// Begins with the byte of this number.
    pub const fn new(offset: u64, indent: &'a str) -> Self {
        Self { indent, offset, before: Vec::new(), starred: false, rest: Vec::new() }
    }

    /// Writes more bytes.
    pub fn push(&mut self, out: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
        if !self.rest.is_empty() {
            let missing = (LINE - self.rest.len()).min(bytes.len());
            self.rest.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.rest.len() < LINE {
                return Ok(());
            }
            let line = std::mem::take(&mut self.rest);
            self.line(out, &line)?;
        }
        let (lines, rest) = bytes.as_chunks::<LINE>();
        lines.iter().try_for_each(|line| self.line(out, line))?;
        self.rest.extend_from_slice(rest);
        Ok(())
    }

    /// Writes what is left, and the offset of the end.
    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(out, &rest)?;
        }
        writeln!(out, "{}{:08x}", self.indent, self.offset)
    }

    fn line(&mut self, out: &mut dyn Write, line: &[u8]) -> io::Result<()> {
        let offset = self.offset;
        self.offset += line.len() as u64;
        if self.before == line {
            return if std::mem::replace(&mut self.starred, true) { Ok(()) } else { writeln!(out, "{}*", self.indent) };
        }
        self.before.clear();
        self.before.extend_from_slice(line);
        self.starred = false;
        write!(out, "{}{offset:08x} ", self.indent)?;
        for place in 0..LINE {
            let gap = if place == 8 { " " } else { "" };
            match line.get(place) {
                Some(byte) => write!(out, "{gap} {byte:02x}")?,
                None => write!(out, "{gap}   ")?,
            }
        }
        let ascii: String = line.iter().map(|b| if (b' '..=b'~').contains(b) { char::from(*b) } else { '.' }).collect();
        writeln!(out, "  |{ascii}|")
    }
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
