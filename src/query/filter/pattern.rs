//! Text comparisons that take upper and lower case as equal, over any number of rows.

use super::lex::Letter;
use std::borrow::Cow;

/// Text to look for, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Needle(String);

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self(fold(text).into_owned())
    }

    /// Whether `text` has the needle somewhere.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let needle = self.0.as_bytes();
        let Some(first) = needle.first() else { return true };
        if !text.is_ascii() {
            return fold(text).contains(&self.0);
        }
        // Nearly every text is ASCII: no copy of it is made.
        let text = text.as_bytes();
        let Some(last_start) = text.len().checked_sub(needle.len()) else { return false };
        memchr::memchr2_iter(*first, first.to_ascii_uppercase(), &text[..=last_start])
            .any(|at| text[at..at + needle.len()].eq_ignore_ascii_case(needle))
    }

    /// Whether `text` is the needle.
    pub(super) fn is(&self, text: &str) -> bool {
        if text.is_ascii() { text.eq_ignore_ascii_case(&self.0) } else { fold(text) == self.0.as_str() }
    }
}

/// What a text field is compared with.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// The whole text.
    Whole(Needle),
    /// Some of the text.
    Part(Needle),
    /// The pieces between asterisks, in lower case: at least two, the first and last of which are the text's ends.
    Pieces(Vec<String>),
}

impl Pattern {
    /// From a value; `part` when it need only be somewhere in the text, unless it has asterisks.
    pub(super) fn new(value: &[Letter], part: bool) -> Self {
        if value.iter().any(|letter| letter.is('*')) {
            let pieces = value.split(|letter| letter.is('*')).map(|piece| fold(&super::lex::plain(piece)).into_owned());
            return Self::Pieces(pieces.collect());
        }
        let needle = Needle::new(&super::lex::plain(value));
        if part { Self::Part(needle) } else { Self::Whole(needle) }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Whole(needle) => needle.is(text),
            Self::Part(needle) => needle.is_in(text),
            Self::Pieces(pieces) => in_order(pieces, &fold(text)),
        }
    }
}

/// Whether the text begins with the first piece, ends with the last and has the others between them in order.
fn in_order(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some(text) = text.strip_prefix(first.as_str()) else { return false };
    let Some(mut text) = text.strip_suffix(last.as_str()) else { return false };
    for piece in middle {
        let Some((_, behind)) = text.split_once(piece.as_str()) else { return false };
        text = behind;
    }
    true
}

/// Lower case, character by character: `str::to_lowercase` looks at neighbours (final sigma), so that a part of a
/// text could fold otherwise than the whole.
fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex;
    use super::*;
    use proptest::prelude::*;

    fn glob(value: &str, text: &str) -> bool {
        Pattern::new(&lex::word(value).expect(value).letters, true).matches(text)
    }

    #[test]
    fn needles_ignore_case() {
        for (needle, text) in [("ORD", "/orders"), ("ders", "/ORDERS"), ("grü", "GRÜSSE"), ("ς", "ΣΑΣς"), ("", "")]
        {
            assert!(Needle::new(needle).is_in(text), "{needle} {text}");
        }
        for (needle, text) in [("orders!", "orders"), ("é", "e"), ("x", "")] {
            assert!(!Needle::new(needle).is_in(text), "{needle} {text}");
        }
        assert!(Needle::new("Ä").is("ä") && Needle::new("ROOT").is("root") && !Needle::new("a").is("ab"));
    }

    #[test]
    fn asterisks_stand_for_anything() {
        for (value, text) in [
            ("*", ""),
            ("/run/*.sock", "/run/A.SOCK"),
            ("*x*", "axb"),
            ("a*b*c", "aXXbYYc"),
            ("a**c", "ac"),
            ("\"a*\"*", "a*z"),
        ] {
            assert!(glob(value, text), "{value} {text}");
        }
        for (value, text) in [("a*a", "a"), ("/run/*", "x/run/y"), ("a*b*c", "acb"), ("\"a*\"", "ab"), ("*ab*b", "ab")]
        {
            assert!(!glob(value, text), "{value} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_part_is_found(before: String, part: String, after: String) {
            let text = format!("{before}{part}{after}");
            prop_assert!(Needle::new(&part).is_in(&text));
            prop_assert!(Needle::new(&text).is(&text));
            prop_assert!(Needle::new(&part.chars().flat_map(char::to_lowercase).collect::<String>()).is_in(&text));
        }

        #[test]
        fn the_fast_search_agrees_with_the_plain_one(text in "[abAB]{0,8}", needle in "[abAB]{0,3}") {
            let expected = text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
            prop_assert_eq!(Needle::new(&needle).is_in(&text), expected);
        }
    }
}
