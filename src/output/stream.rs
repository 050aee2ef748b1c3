//! Bytes that come in pieces, for people: text as it is, without line ends that are not in it; everything else in
//! hexadecimal, with offsets that count on.

use super::contents::{self, Form, is_text};
use std::io::{self, Write};

/// What is known of the pieces so far.
#[derive(Debug, Default)]
pub struct Stream {
    /// Number of the next byte.
    offset: u64,
    /// The beginning of a character whose end has not come yet.
    carry: Vec<u8>,
    /// The last line has no end.
    open_line: bool,
}

impl Stream {
    /// Bytes that were given and not written yet: at most three.
    pub fn held(&self) -> &[u8] {
        &self.carry
    }

    /// Writes a piece.
    pub fn piece(&mut self, out: &mut dyn Write, piece: &[u8]) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.carry);
        bytes.extend_from_slice(piece);
        if let Err(error) = std::str::from_utf8(&bytes)
            && error.error_len().is_none()
        {
            self.carry = bytes.split_off(error.valid_up_to());
        }
        self.write(out, &bytes)
    }

    /// Writes what is left, and ends the line.
    pub fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let rest = std::mem::take(&mut self.carry);
        self.write(out, &rest)?;
        if std::mem::take(&mut self.open_line) { out.write_all(b"\n") } else { Ok(()) }
    }

    fn write(&mut self, out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
        let Some(last) = bytes.last() else { return Ok(()) };
        if *last != 0 && is_text(bytes) {
            out.write_all(bytes)?;
            self.open_line = *last != b'\n';
        } else {
            if std::mem::take(&mut self.open_line) {
                out.write_all(b"\n")?;
            }
            contents::write(out, bytes, self.offset, Form::Hex, "")?;
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> String {
        let (mut stream, mut out) = (Stream::default(), Vec::new());
        for piece in pieces {
            stream.piece(&mut out, piece).unwrap();
            assert!(stream.held().len() < 4);
        }
        stream.end(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_not_torn() {
        assert_eq!(written(&[b"a li", b"ne\nand an", b"other"]), "a line\nand another\n");
        assert_eq!(written(&[b"Gr\xc3", b"\xbc", b"n\n"]), "Grün\n");
        assert_eq!(written(&[]), "");
    }

    #[test]
    fn offsets_count_on() {
        let hex = "00000003  1b                                                |.|\n00000004\n";
        assert_eq!(written(&[b"abc", b"\x1b"]), format!("abc\n{hex}"));
        assert_eq!(written(&[b"ab\n", b"\x1b", b"x"]), format!("ab\n{hex}x\n"));
        assert!(written(&[b"Gr\xc3"]).contains("c3"), "an end that never came is shown");
    }
}
