//! How a cell's bytes are written in each form of output. What is no printable text becomes `\xNN`, a byte each.

use crate::kernel::locale::Widths;
use crate::model::escape;
use std::borrow::Cow;
use std::io::Write;

/// For tables and other output for people: all that the locale can print, as it is.
#[derive(Debug)]
pub(super) struct Plain {
    widths: Widths,
    /// Characters that hide or turn others around are escaped too: a terminal would act on them.
    guarded: bool,
}

impl Plain {
    /// In the environment's locale; `guarded` for a terminal.
    pub(super) fn new(guarded: bool) -> Self {
        Self { widths: Widths::read(), guarded }
    }

    /// Appends the text, escaped.
    pub(super) fn write(&self, text: &[u8], out: &mut Vec<u8>) {
        if is_simple(text) && memchr::memchr(b'\\', text).is_none() {
            return out.extend(text);
        }
        let mut rest = text;
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                let (bytes, after) = rest.split_at(c.len_utf8());
                // A backslash that would look like the begin of an escape is one itself.
                let ambiguous = c == '\\' && after.first() == Some(&b'x');
                if ambiguous || !self.prints(c) {
                    hexadecimal(bytes, out);
                } else {
                    out.extend(bytes);
                }
                rest = after;
            }
            let (bytes, after) = rest.split_at(chunk.invalid().len());
            hexadecimal(bytes, out);
            rest = after;
        }
    }

    fn prints(&self, c: char) -> bool {
        self.widths.of(c).is_some() && !(self.guarded && is_dangerous(c))
    }

    /// Columns that an escaped text takes.
    pub(super) fn width(&self, text: &[u8]) -> usize {
        if text.is_ascii() {
            return text.len();
        }
        String::from_utf8_lossy(text).chars().filter_map(|c| self.widths.of(c)).sum()
    }

    /// As much of the begin of an escaped text as these columns hold.
    pub(super) fn cut<'a>(&self, text: &'a [u8], columns: usize) -> &'a [u8] {
        if text.is_ascii() {
            return &text[..text.len().min(columns)];
        }
        let (mut width, mut end) = (0, 0);
        for c in String::from_utf8_lossy(text).chars() {
            width += self.widths.of(c).unwrap_or(0);
            if width > columns {
                break;
            }
            end += c.len_utf8();
        }
        text.get(..end).unwrap_or(text)
    }
}

/// For `--raw`: one word.
pub(super) fn raw(text: &[u8], out: &mut Vec<u8>) {
    escape_bytes(text, b" \\", out);
}

/// For `--export` and `--newline`: between a shell's double quotes.
pub(super) fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape_bytes(text, b"\"\\`$", out);
    out.push(b'"');
}

/// For `--json`: a string, or `null` when there is nothing. Bytes that are no text become `\xNN`: JSON has no other place
/// for them. `guarded` escapes what a terminal would act on.
pub(super) fn json(text: &[u8], guarded: bool, out: &mut Vec<u8>) {
    if text.is_empty() {
        return out.extend(b"null");
    }
    if is_simple(text) && memchr::memchr2(b'"', b'\\', text).is_none() {
        return print(out, format_args!("\"{}\"", String::from_utf8_lossy(text)));
    }
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut units = [0; 2];
            match c {
                '"' | '\\' => print(out, format_args!("\\{c}")),
                '\n' => out.extend(b"\\n"),
                '\t' => out.extend(b"\\t"),
                '\r' => out.extend(b"\\r"),
                '\x08' => out.extend(b"\\b"),
                '\x0c' => out.extend(b"\\f"),
                _ if c < ' ' || guarded && is_dangerous(c) => {
                    c.encode_utf16(&mut units).iter().for_each(|unit| print(out, format_args!("\\u{unit:04x}")));
                }
                _ => print(out, format_args!("{c}")),
            }
        }
        for byte in chunk.invalid() {
            print(out, format_args!("\\\\x{byte:02x}"));
        }
    }
    out.push(b'"');
}

/// Appends formatted text.
pub(super) fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(text);
}

/// Whether a terminal would act on a character, or it would hide or turn around others.
fn is_dangerous(c: char) -> bool {
    c != '\\' && matches!(escape(c.encode_utf8(&mut [0; 4]).as_bytes()), Cow::Owned(_))
}

fn is_simple(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

fn escape_bytes(text: &[u8], special: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if matches!(byte, b' '..=b'~') && !special.contains(byte) {
            out.push(*byte);
        } else {
            hexadecimal(std::slice::from_ref(byte), out);
        }
    }
}

fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        print(out, format_args!("\\x{byte:02x}"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl Fn(&[u8], &mut Vec<u8>), bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_form_has_its_own() {
        let hostile = b"a \\x41 \\ \"$`\x1b[1m\t\xff";
        let plain = Plain::new(false);
        assert_eq!(text(|text, out| plain.write(text, out), hostile), r#"a \x5cx41 \ "$`\x1b[1m\x09\xff"#);
        assert_eq!(text(raw, hostile), r#"a\x20\x5cx41\x20\x5c\x20"$`\x1b[1m\x09\xff"#);
        assert_eq!(text(quoted, hostile), r#""a \x5cx41 \x5c \x22\x24\x60\x1b[1m\x09\xff""#);
        let (free, guarded) =
            (|text: &[u8], out: &mut _| json(text, false, out), |text: &[u8], out: &mut _| json(text, true, out));
        assert_eq!(text(free, hostile), r#""a \\x41 \\ \"$`\u001b[1m\t\\xff""#);
        assert_eq!(text(free, b""), "null");
        let hidden = "\u{9b}\u{202e}\u{e0020}\u{e9}\\";
        assert_eq!(text(free, hidden.as_bytes()), format!("\"{hidden}\\\""));
        assert_eq!(text(guarded, hidden.as_bytes()), "\"\\u009b\\u202e\\udb40\\udc20\u{e9}\\\\\"");
        assert_eq!(text(quoted, b""), "\"\"");
    }

    proptest! {
        #[test]
        fn json_is_json(bytes in proptest::collection::vec(any::<u8>(), 1..40), guarded: bool) {
            let json = text(|text, out| json(text, guarded, out), &bytes);
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            if let Ok(expected) = std::str::from_utf8(&bytes) {
                prop_assert_eq!(value.as_str(), Some(expected));
            }
        }

        #[test]
        fn no_control_gets_through(bytes in proptest::collection::vec(any::<u8>(), 0..40), columns in 0..50usize) {
            let plain = Plain::new(true);
            let mut out = Vec::new();
            plain.write(&bytes, &mut out);
            prop_assert!(!String::from_utf8(out.clone()).unwrap().contains(char::is_control));
            prop_assert!(plain.width(plain.cut(&out, columns)) <= columns);
        }
    }
}
