//! Bytes as they are typed: as text, with escapes, or in hexadecimal.

use crate::model::{unescape, unhexadecimal};

/// How bytes are typed.
pub(super) const FORMS: &[&str] = &["text", "escapes", "hex"];

/// Reads what is typed in one of [`FORMS`].
pub(super) fn read(form: &str, text: &str) -> Result<Vec<u8>, &'static str> {
    match form {
        "hex" => unhexadecimal(text.as_bytes()).ok_or("not hexadecimal: write two digits for each byte, 68 65 6c"),
        "escapes" => with_escapes(text).ok_or(r"unknown escape: there are \n \t \\ \xHH \u{HHHH}"),
        _ => Ok(text.as_bytes().to_vec()),
    }
}

/// Those of names, and the two that lines of text need.
fn with_escapes(text: &str) -> Option<Vec<u8>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == '\\' {
            match rest.next()? {
                'n' => out.push_str("x0a"),
                't' => out.push_str("x09"),
                other => out.push(other),
            }
        }
    }
    unescape(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        assert_eq!(read("text", r"a\n"), Ok(br"a\n".to_vec()));
        assert_eq!(read("escapes", r"a\n\t\\n\x00\xff"), Ok(b"a\n\t\\n\x00\xff".to_vec()));
        assert_eq!(read("hex", "00ff 1B 7f"), Ok(vec![0, 0xff, 0x1b, 0x7f]));
        assert_eq!(read("hex", " "), Ok(vec![]));
        for (form, text) in [("escapes", r"\q"), ("escapes", "\\"), ("hex", "0"), ("hex", "0x00"), ("hex", "é")] {
            assert!(read(form, text).is_err(), "{text}");
        }
    }
}
