//! A name as a person wrote it.
//!
//! ipcx prints names escaped, and what it prints can be pasted back; but a name may also really hold a backslash.
//! So a name with escapes in it has two readings: the bytes as typed, and what the escapes mean.

use super::name::{escape, is_plain, unescape};
use std::fmt;

/// A name or path as typed and, if it holds valid escapes, what they mean.
///
/// Whoever looks for an object takes every one that [`matches`](Self::matches); when two different objects do, the
/// name is ambiguous, and writing each backslash as `\\` (or as `\x5c`) tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spelled {
    raw: Box<[u8]>,
    unescaped: Option<Box<[u8]>>,
}

impl Spelled {
    /// A name as a person typed it.
    pub fn new(raw: &[u8]) -> Self {
        let unescaped = std::str::from_utf8(raw)
            .ok()
            .filter(|text| text.contains('\\'))
            .and_then(unescape)
            .map(Vec::into_boxed_slice);
        Self { raw: raw.into(), unescaped }
    }

    /// A name as the kernel gave it: its backslashes are backslashes.
    pub fn exact(name: &[u8]) -> Self {
        Self { raw: name.into(), unescaped: None }
    }

    /// Whether an object of this name is meant.
    pub fn matches(&self, name: &[u8]) -> bool {
        self.readings().any(|reading| reading == name)
    }

    /// The bytes as typed; or, where those could be no name of their kind, what their escapes mean.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// What the escapes mean, if there are any and they are well formed.
    pub fn unescaped(&self) -> Option<&[u8]> {
        self.unescaped.as_deref()
    }

    /// Every name that can be meant, as typed first: one or two.
    pub fn readings(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.raw()).chain(self.unescaped())
    }

    /// Drops the reading that cannot be a name of the wanted kind; `None` when neither can.
    pub(super) fn keep(self, valid: impl Fn(&[u8]) -> bool) -> Option<Self> {
        let unescaped = self.unescaped.filter(|name| valid(name));
        if valid(&self.raw) { Some(Self { raw: self.raw, unescaped }) } else { unescaped.map(|n| Self::exact(&n)) }
    }
}

/// Prints a form that, pasted back, means the same name.
impl fmt::Display for Spelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(unescaped) = &self.unescaped else { return f.write_str(&escape(&self.raw)) };
        match std::str::from_utf8(&self.raw) {
            // Escaping what was typed would double its backslashes and so lose what its escapes mean.
            Ok(typed) if is_plain(typed, true) => f.write_str(typed),
            _ => f.write_str(&escape(unescaped)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_readings_match() {
        let name = Spelled::new(br"/a\x41\\");
        assert!(name.matches(br"/a\x41\\"));
        assert!(name.matches(br"/aA\"));
        assert!(!name.matches(br"/aA\\"));
        assert_eq!(name.readings().count(), 2);
        assert_eq!(name.to_string(), r"/a\x41\\");
    }

    #[test]
    fn a_stray_backslash_is_a_backslash() {
        let name = Spelled::new(br"a\q");
        assert_eq!(name.unescaped(), None);
        assert_eq!(name.to_string(), r"a\\q");
        assert!(!Spelled::exact(br"a\n").matches(b"a\n"));
    }

    #[test]
    fn only_readings_that_can_be_meant_are_kept() {
        let no_slash = |name: &[u8]| !name.contains(&b'/');
        assert_eq!(Spelled::new(br"a\x2f").keep(no_slash), Some(Spelled::exact(br"a\x2f")));
        assert_eq!(Spelled::new(b"a/").keep(no_slash), None);
        let short = |name: &[u8]| name.len() < 5;
        assert_eq!(Spelled::new(br"\xff\xfe").keep(short), Some(Spelled::exact(b"\xff\xfe")));
    }

    proptest! {
        #[test]
        fn a_printed_name_means_itself(name: Vec<u8>, text: String) {
            for name in [&name, text.as_bytes()] {
                let printed = Spelled::exact(name).to_string();
                prop_assert!(Spelled::new(printed.as_bytes()).matches(name));
            }
        }

        #[test]
        fn a_typed_name_printed_means_what_it_meant(text in r"[\\xn0-9a\x1b]{0,9}") {
            let typed = Spelled::new(text.as_bytes());
            let again = Spelled::new(typed.to_string().as_bytes());
            prop_assert!(typed.readings().any(|reading| again.matches(reading)));
            if let Some(meaning) = typed.unescaped() {
                prop_assert!(again.matches(meaning));
            }
        }
    }
}
