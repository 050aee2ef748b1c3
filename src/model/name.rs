//! Names as text that a terminal and a one-line table survive, and back.
//!
//! The kernel hands out names as bytes that any user may choose: escape sequences, newlines, bidi overrides, bytes
//! that are no UTF-8. [`escape`] shows them so that nothing acts on the terminal and no two names look the same for
//! want of visible characters; [`unescape`] is its exact inverse, so that what was printed can be pasted back.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters above U+009F that are invisible, change the direction or the line, or stand for nothing: the default
/// ignorable code points (but variation selectors 1 to 16, which emoji and CJK use), general category Cf, the line
/// and paragraph separators, private use and the noncharacters of the first plane. Sorted; both ends belong to it.
const HIDDEN: [(u32, u32); 29] = [
    (0x00ad, 0x00ad),
    (0x034f, 0x034f),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x115f, 0x1160),
    (0x17b4, 0x17b5),
    (0x180b, 0x180f),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0x3164, 0x3164),
    (0xe000, 0xf8ff),
    (0xfdd0, 0xfdef),
    (0xfeff, 0xfeff),
    (0xffa0, 0xffa0),
    (0xfff0, 0xfffb),
    (0xfffe, 0xffff),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0000, 0xe0fff),
    (0xf0000, 0xfffff),
    (0x0010_0000, 0x0010_ffff),
];

/// Bytes as printable text: `\n`, `\t`, `\r`, `\\`, `\xHH` for other controls and for bytes that are no UTF-8,
/// `\u{HEX}` for characters that are invisible or change the direction of text; everything else as it is.
///
/// Borrows when nothing needs an escape.
pub fn escape(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && is_plain(text, false)
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    escape_into(&mut out, bytes);
    Cow::Owned(out)
}

/// Appends what [`escape`] returns to `out`.
pub fn escape_into(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        if is_plain(chunk.valid(), false) {
            out.push_str(chunk.valid());
        } else {
            chunk.valid().chars().for_each(|c| escape_char(out, c));
        }
        for byte in chunk.invalid() {
            push_byte(out, *byte);
        }
    }
}

/// Bytes from hexadecimal digits, two for each; blanks may stand between bytes. `None` for anything else.
pub fn unhexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split(u8::is_ascii_whitespace) {
        for pair in word.chunks(2) {
            let &[high, low] = pair else { return None };
            let digit = |b: u8| char::from(b).to_digit(16);
            bytes.push((digit(high)? * 16 + digit(low)?) as u8);
        }
    }
    Some(bytes)
}

/// What [`escape`] made its text from; `None` when a backslash begins no escape that `escape` writes.
///
/// Hexadecimal digits may be upper or lower case, and characters that need no escape may have one.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        rest = unescape_one(&mut out, escaped)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// Whether `text` holds nothing that [`escape`] would change, other than backslashes when those are allowed.
pub(super) fn is_plain(text: &str, backslashes: bool) -> bool {
    // Names are ASCII nearly always: this loop over bytes is what 100,000 of them pay for.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\') {
        return true;
    }
    text.chars().all(|c| if c == '\\' { backslashes } else { !is_dangerous(c) })
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Text for an error message: escaped, in backquotes, and cut when it is long.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = escape(bytes);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Whether a terminal would act on the character or not show it.
fn is_dangerous(c: char) -> bool {
    let code = u32::from(c);
    match code {
        0x20..=0x7e | 0xa0..=0xac => false,
        0..=0x1f | 0x7f..=0x9f => true,
        // The last two of every plane are noncharacters.
        _ if code & 0xfffe == 0xfffe => true,
        _ => {
            let after = HIDDEN.partition_point(|(first, _)| *first <= code);
            after > 0 && code <= HIDDEN[after - 1].1
        }
    }
}

fn escape_char(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        _ if !is_dangerous(c) => out.push(c),
        _ if c.is_ascii() => push_byte(out, c as u8),
        _ => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

fn push_byte(out: &mut String, byte: u8) {
    let _ = write!(out, "\\x{byte:02x}");
}

/// Decodes the escape whose backslash was just taken off; returns the text behind it.
fn unescape_one<'a>(out: &mut Vec<u8>, text: &'a str) -> Option<&'a str> {
    let mut chars = text.chars();
    match chars.next()? {
        'n' => out.push(b'\n'),
        't' => out.push(b'\t'),
        'r' => out.push(b'\r'),
        '\\' => out.push(b'\\'),
        'x' => {
            let digits = text.get(1..3)?;
            out.push(hex(digits, 2)? as u8);
            return text.get(3..);
        }
        'u' => {
            let (digits, rest) = text.get(1..)?.strip_prefix('{')?.split_once('}')?;
            let c = char::from_u32(hex(digits, 6)?)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    }
    Some(chars.as_str())
}

/// One to `longest` hexadecimal digits, without the sign that `from_str_radix` would take.
fn hex(digits: &str, longest: usize) -> Option<u32> {
    if digits.len() > longest || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_printable_is_borrowed() {
        for text in ["", "/orders", "two words", "Grüße", "日本語", "e\u{301}", "❤\u{fe0f}", "a\u{a0}b", "\u{fffd}"]
        {
            assert!(matches!(escape(text.as_bytes()), Cow::Borrowed(t) if t == text), "{text:?}");
        }
    }

    #[test]
    fn what_is_dangerous_is_escaped() {
        let cases: [(&[u8], &str); 24] = [
            (b"a\nb", r"a\nb"),
            (b"a\tb\r", r"a\tb\r"),
            (b"a\\b", r"a\\b"),
            (b"\0", r"\x00"),
            (b"\x1b[31m", r"\x1b[31m"),
            (b"\x7f", r"\x7f"),
            (b"\xff\xfe", r"\xff\xfe"),
            (b"\xc3", r"\xc3"),
            (b"ok\xe2\x80", r"ok\xe2\x80"),
            (b"\xed\xa0\x80", r"\xed\xa0\x80"), // a surrogate in UTF-8 clothes
            ("\u{80}\u{9f}".as_bytes(), r"\u{80}\u{9f}"),
            ("\u{202e}x".as_bytes(), r"\u{202e}x"),
            ("\u{61c}".as_bytes(), r"\u{61c}"),
            ("\u{200b}\u{200f}".as_bytes(), r"\u{200b}\u{200f}"),
            ("\u{2028}\u{2029}".as_bytes(), r"\u{2028}\u{2029}"),
            ("\u{2066}\u{2069}".as_bytes(), r"\u{2066}\u{2069}"),
            ("\u{feff}".as_bytes(), r"\u{feff}"),
            ("\u{ad}".as_bytes(), r"\u{ad}"),
            ("\u{e0041}\u{e007f}".as_bytes(), r"\u{e0041}\u{e007f}"),
            ("\u{ffff}\u{1fffe}".as_bytes(), r"\u{ffff}\u{1fffe}"),
            ("\u{fdd0}".as_bytes(), r"\u{fdd0}"),
            ("\u{e000}\u{10fffd}".as_bytes(), r"\u{e000}\u{10fffd}"),
            ("\u{3164}".as_bytes(), r"\u{3164}"),
            ("é\u{202a}é".as_bytes(), r"é\u{202a}é"),
        ];
        for (bytes, text) in cases {
            assert_eq!(escape(bytes), text);
            assert_eq!(unescape(text).as_deref(), Some(bytes), "{text}");
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(HIDDEN.iter().all(|(first, last)| first <= last));
        assert!(HIDDEN.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn malformed_escapes_are_refused() {
        let bad = [
            "\\",
            r"\q",
            r"\x",
            r"\x1",
            r"\xg0",
            r"\x+1",
            r"\x1é",
            r"\u",
            r"\u{}",
            r"\u{110000}",
            r"\u{d800}",
            r"\u{0000041}",
            r"\u{41",
            r"\u41",
            r"a\",
        ];
        for text in bad {
            assert_eq!(unescape(text), None, "{text}");
        }
        assert_eq!(unescape(r"\x4A\u{4a}").as_deref(), Some(&b"JJ"[..]));
    }

    #[test]
    fn quoted_text_is_short_and_clean() {
        assert_eq!(quoted(b"a\x1b"), r"`a\x1b`");
        assert_eq!(quoted(&[b'x'; 500]).chars().count(), 83);
    }

    proptest! {
        #[test]
        fn escaping_goes_both_ways(bytes: Vec<u8>) {
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }

        #[test]
        fn escaping_text_goes_both_ways(text: String) {
            prop_assert_eq!(unescape(&escape(text.as_bytes())), Some(text.into_bytes()));
        }

        #[test]
        fn nothing_dangerous_is_left(text: String, bytes: Vec<u8>) {
            for source in [text.as_bytes(), &bytes] {
                let escaped = escape(source);
                prop_assert!(!escaped.chars().any(|c| c.is_control() || is_dangerous(c)));
                let mut appended = String::from(">");
                escape_into(&mut appended, source);
                prop_assert_eq!(&appended[1..], &*escaped);
            }
        }

        #[test]
        fn unescaping_never_panics(text in r"[\\xu{}0-9a-fé]{0,12}") {
            let _ = unescape(&text);
        }
    }

    #[test]
    fn hexadecimal_is_read() {
        assert_eq!(unhexadecimal(b"00ff 1B\n7f"), Some(vec![0, 0xff, 0x1b, 0x7f]));
        assert_eq!(unhexadecimal(b" "), Some(vec![]));
        for bad in [&b"0"[..], b"0 0", b"0x00", b"gg", b"+1", b"\xff\xff"] {
            assert_eq!(unhexadecimal(bad), None, "{bad:?}");
        }
    }
}
