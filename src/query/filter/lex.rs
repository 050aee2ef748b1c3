//! Text into terms: takes the quotes off and remembers what stood inside them, where no character is special.

use super::error::FilterError;
use crate::model::quoted;

/// One character of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    /// The character.
    pub(super) c: char,
    /// It stood in quotes, so it only means itself.
    pub(super) quoted: bool,
}

impl Letter {
    /// Whether this is the character with its special meaning.
    pub(super) fn is(self, c: char) -> bool {
        self.c == c && !self.quoted
    }

    /// Whether this is a blank outside quotes.
    pub(super) fn is_blank(self) -> bool {
        self.c.is_whitespace() && !self.quoted
    }
}

/// A term without its quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was written, for messages.
    pub(super) source: String,
    /// Its characters.
    pub(super) letters: Vec<Letter>,
}

/// The characters as a string.
pub(super) fn plain(letters: &[Letter]) -> String {
    letters.iter().map(|letter| letter.c).collect()
}

/// A text that is one term: blanks around it are dropped, those inside belong to it.
pub(super) fn word(text: &str) -> Result<Word, FilterError> {
    let text = text.trim();
    Ok(Word { source: text.to_owned(), letters: letters(text)? })
}

/// A line of terms with blanks between them.
pub(super) fn line(text: &str) -> Result<Vec<Word>, FilterError> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (term, behind) = rest.split_at(term_end(rest));
        words.push(Word { source: term.to_owned(), letters: letters(term)? });
        rest = behind.trim_start();
    }
    Ok(words)
}

/// Where the first blank outside quotes is.
fn term_end(text: &str) -> usize {
    let mut inside = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ if c.is_whitespace() && !inside => return at,
            _ => {}
        }
    }
    text.len()
}

/// Takes the quotes off. In them a backslash makes a quote or a backslash mean itself; elsewhere, and before anything
/// else, it is a backslash.
fn letters(text: &str) -> Result<Vec<Letter>, FilterError> {
    let mut letters = Vec::with_capacity(text.len());
    let mut inside = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => inside = !inside,
            '\\' if inside => {
                let meant = chars.next_if(|next| matches!(next, '"' | '\\')).unwrap_or(c);
                letters.push(Letter { c: meant, quoted: true });
            }
            _ => letters.push(Letter { c, quoted: inside }),
        }
    }
    if inside { Err(FilterError::Unclosed(quoted(text.as_bytes()))) } else { Ok(letters) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        line(text).expect(text).iter().map(|word| plain(&word.letters)).collect()
    }

    #[test]
    fn lines_are_split_at_blanks_outside_quotes() {
        assert_eq!(terms("  a  !b\tc "), ["a", "!b", "c"]);
        assert_eq!(terms(r#"user:"a b" "c d"e"#), ["user:a b", "c de"]);
        assert_eq!(terms(r#""a\"b \\ \n" \"x""#), [r#"a"b \ \n"#, r"\x"]);
        assert_eq!(terms(" "), [""; 0]);
        assert_eq!(terms(r#""""#), [""]);
    }

    #[test]
    fn an_unclosed_quote_is_an_error() {
        for text in ["\"", "a\"b", r#""a\""#, r#"x:"y z"#] {
            assert!(matches!(line(text), Err(FilterError::Unclosed(_))), "{text}");
            assert!(matches!(word(text), Err(FilterError::Unclosed(_))), "{text}");
        }
    }

    #[test]
    fn a_word_keeps_its_blanks() {
        let word = word(" two words ").expect("no quotes");
        assert_eq!(plain(&word.letters), "two words");
        assert_eq!(word.source, "two words");
    }
}
