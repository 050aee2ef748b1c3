//! Words as a POSIX shell reads them, for command lines that are shown to be pasted.

use super::name::{escape, is_plain};
use std::borrow::Cow;
use std::fmt::Write;

/// Whether a text can be a [`word`]: it holds nothing that a terminal would act on, and has one line.
pub fn is_printable(text: &str) -> bool {
    is_plain(text, true)
}

/// A word of printable text that the shell hands on as it is: in single quotes where it has to be.
pub fn word(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/:_.@,+-".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A word of exactly these bytes. What a terminal would act on, or is no UTF-8, is written as `$'\033'`: POSIX.1-2024, which
/// bash, zsh and ksh know and dash does not yet.
pub fn exact(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_printable(text) => return word(text),
        _ => {}
    }
    let mut out = String::from("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut room = [0; 4];
            let text = c.encode_utf8(&mut room);
            match c {
                '\'' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                _ if matches!(escape(text.as_bytes()), Cow::Borrowed(_)) => out.push(c),
                _ => text.bytes().for_each(|byte| octal(&mut out, byte)),
            }
        }
        chunk.invalid().iter().for_each(|byte| octal(&mut out, *byte));
    }
    out.push('\'');
    Cow::Owned(out)
}

/// Three digits, so that none that follows is taken for one of them.
fn octal(out: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\{byte:03o}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn quotes_only_where_they_are_needed() {
        for (text, expected) in [
            ("queue:5", "queue:5"),
            ("queue:/orders", "queue:/orders"),
            ("pipe:[5]", "'pipe:[5]'"),
            ("/a b", "'/a b'"),
            ("/it's", r"'/it'\''s'"),
            (r"unix:@a\x00", r"'unix:@a\x00'"),
            ("$(reboot)", "'$(reboot)'"),
            ("", "''"),
            ("~", "'~'"),
            ("#", "'#'"),
        ] {
            assert_eq!(word(text), expected);
            assert_eq!(exact(text.as_bytes()), expected);
        }
        assert_eq!(exact(b"/\x1b[31m'1\xff"), r"$'/\033[31m\'1\377'");
        assert_eq!(exact("\u{202e}x".as_bytes()), r"$'\342\200\256x'");
    }

    #[test]
    fn a_shell_reads_them_back() {
        let strange: Vec<u8> = (1..=255).collect();
        for bytes in [&b"it's \"$HOME\" `x` \\n !! * ~ #"[..], "\u{202e}\u{e9}\n".as_bytes(), &strange] {
            let Ok(shell) =
                std::process::Command::new("bash").arg("-c").arg(format!("printf %s {}", exact(bytes))).output()
            else {
                return;
            };
            assert_eq!(shell.stdout, bytes, "{}", exact(bytes));
        }
        let text = "it's \"$HOME\" `x` \\n !! * ~ #";
        let shell = std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", word(text))).output();
        assert_eq!(std::ffi::OsStr::from_bytes(&shell.unwrap().stdout), text);
    }

    proptest! {
        #[test]
        fn nothing_acts_on_the_terminal(bytes: Vec<u8>) {
            let written = exact(&bytes);
            prop_assert!(is_plain(&written, true), "{written}");
        }
    }
}
