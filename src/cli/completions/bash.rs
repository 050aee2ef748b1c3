//! The line as bash has it, and words as they are typed into it (`man 1 bash`, QUOTING and Programmable Completion).
//!
//! Readline replaces only what stands behind the last of `COMP_WORDBREAKS`, which has the colon of every address in it,
//! and takes what it is given as it is. So the line is read here: which words it has, where the replaced text begins, and
//! whether a quote is open.

use super::answer::Candidate;
use crate::output::grid;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use unicode_width::UnicodeWidthStr;

/// Values of `COMP_TYPE` for which alternatives are listed. Otherwise they are typed, one after the other.
const LISTS: [&str; 3] = ["63", "33", "64"];

/// The widest value that the descriptions are lined up behind.
const WIDEST: usize = 24;

/// What the script asks.
pub(super) struct Question {
    /// Words without their quotes, the last being the one at the cursor.
    pub(super) words: Vec<OsString>,
    /// How much of the last word readline leaves as it stands.
    kept: OsString,
    /// The quote that is open at the cursor.
    quote: Option<u8>,
    /// Whether alternatives are listed.
    lists: bool,
    /// Width of the terminal.
    columns: usize,
}

impl Question {
    /// From the line up to the cursor, `COMP_WORDBREAKS`, `COMP_TYPE` and `COLUMNS`.
    pub(super) fn read(arguments: &[OsString]) -> Option<Self> {
        let [line, breaks, kind, columns] = arguments else { return None };
        let (words, kept, quote) = split(line.as_bytes(), breaks.as_bytes());
        Some(Self {
            words,
            kept,
            quote,
            lists: kind.to_str().is_some_and(|kind| LISTS.contains(&kind)),
            columns: columns.to_str().and_then(|columns| columns.parse().ok()).unwrap_or(80).max(20),
        })
    }

    /// What takes the place of the text that readline replaces; `None` where that cannot be written in the open quotes.
    pub(super) fn typed(&self, value: &str) -> Option<String> {
        let rest = value.as_bytes().strip_prefix(self.kept.as_bytes())?;
        let rest = std::str::from_utf8(rest).ok()?;
        match self.quote {
            Some(b'\'') => (!rest.contains('\'')).then(|| rest.to_owned()),
            // An exclamation mark would keep the backslash that keeps it from being history.
            Some(_) => (!rest.contains('!')).then(|| behind_backslashes(rest, |c| "\\\"$`".contains(c))),
            None => Some(behind_backslashes(rest, |c| {
                c.is_ascii() && !c.is_ascii_alphanumeric() && !"/_.,:+-=@%".contains(c)
            })),
        }
    }

    /// How many columns of a list the values get; `None` where they are typed.
    pub(super) fn layout(&self, values: &[Candidate]) -> Option<usize> {
        let described = values.len() > 1 && values.iter().any(|one| !one.about.is_empty());
        let width = |one: &Candidate| self.typed(&one.value).map_or(0, |typed| typed.width());
        let widest = || values.iter().map(width).filter(|width| *width <= WIDEST).max().unwrap_or_default();
        (self.lists && described).then(widest)
    }

    /// A line of the answer. In a list it is filled up to more than half the terminal: of shorter ones readline puts two
    /// beside each other.
    pub(super) fn line(&self, one: &Candidate, values: Option<usize>) -> String {
        let mut line = self.typed(&one.value).unwrap_or_default();
        let Some(values) = values else { return line };
        let about = format!("  -- {}", one.about);
        let room = (self.columns - 1).saturating_sub(line.width().max(values));
        if !one.about.is_empty() && room > 10 {
            let fill = values.saturating_sub(line.width());
            line.push_str(&" ".repeat(fill));
            if about.width() > room {
                grid::cut(&mut line, &about, room);
            } else {
                line.push_str(&about);
            }
        }
        let fill = (self.columns / 2).saturating_sub(line.width());
        line.push_str(&" ".repeat(fill));
        line
    }
}

fn behind_backslashes(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Splits a line into words without their quotes: those, the part of the last that stands before the text that readline
/// replaces, and the quote that is open at the end.
fn split(line: &[u8], breaks: &[u8]) -> (Vec<OsString>, OsString, Option<u8>) {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let (mut kept, mut quote, mut escaped) = (0, None, false);
    for byte in line.iter().copied() {
        if word.is_none() {
            kept = 0;
        }
        match (quote, byte) {
            _ if std::mem::take(&mut escaped) => {
                let word = word.get_or_insert_default();
                // In double quotes a backslash is one before any other character.
                if quote == Some(b'"') && !b"\\\"$`".contains(&byte) {
                    word.push(b'\\');
                }
                word.push(byte);
            }
            (None | Some(b'"'), b'\\') => escaped = true,
            (None, b'\'' | b'"') => {
                quote = Some(byte);
                kept = word.get_or_insert_default().len();
            }
            (Some(open), _) if open == byte => {
                quote = None;
                kept = word.get_or_insert_default().len();
            }
            (None, b' ' | b'\t' | b'\n') => words.extend(word.take()),
            _ => {
                let word = word.get_or_insert_default();
                word.push(byte);
                if quote.is_none() && breaks.contains(&byte) {
                    kept = word.len();
                }
            }
        }
    }
    let last = word.unwrap_or_default();
    let kept = OsStr::from_bytes(last.get(..kept).unwrap_or_default()).to_owned();
    words.push(last);
    (words.into_iter().map(OsString::from_vec).collect(), kept, quote)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What bash sets it to.
    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    fn question(line: &str, kind: &str) -> Question {
        Question::read(&[line, BREAKS, kind, "60"].map(OsString::from)).unwrap()
    }

    fn of(line: &str) -> (Vec<String>, String, Option<char>) {
        let Question { words, kept, quote, .. } = question(line, "9");
        let words = words.into_iter().map(|word| word.into_string().unwrap()).collect();
        (words, kept.into_string().unwrap(), quote.map(char::from))
    }

    #[test]
    fn lines_are_read_as_bash_reads_them() {
        for (line, words, kept, quote) in [
            ("ipcx ", &["ipcx", ""][..], "", None),
            ("ipcx  rm\t-q 0x4", &["ipcx", "rm", "-q", "0x4"], "", None),
            ("ipcx show queue:5", &["ipcx", "show", "queue:5"], "queue:", None),
            (r"ipcx show queue\:5", &["ipcx", "show", "queue:5"], "", None),
            ("ipcx show unix:@a", &["ipcx", "show", "unix:@a"], "unix:@", None),
            ("ipcx kill --signal=TE", &["ipcx", "kill", "--signal=TE"], "--signal=", None),
            ("ipcx show 'queue:/a b", &["ipcx", "show", "queue:/a b"], "", Some('\'')),
            ("ipcx show queue:\"/a b", &["ipcx", "show", "queue:/a b"], "queue:", Some('"')),
            (r#"ipcx show "queue:/a\$\x"#, &["ipcx", "show", r"queue:/a$\x"], "", Some('"')),
            ("ipcx 'a b' c:", &["ipcx", "a b", "c:"], "c:", None),
            ("ipcx a:b ", &["ipcx", "a:b", ""], "", None),
            ("ipcx ''", &["ipcx", ""], "", None),
        ] {
            assert_eq!(
                of(line),
                (words.iter().map(|word| (*word).to_owned()).collect(), kept.to_owned(), quote),
                "{line}"
            );
        }
    }

    #[test]
    fn words_are_quoted_as_the_line_goes_on() {
        for (line, value, typed) in [
            ("ipcx show ", "queue:/a b", Some(r"queue:/a\ b")),
            ("ipcx show queue:", "queue:/$(x)", Some(r"/\$\(x\)")),
            ("ipcx show '", "queue:/$(x)", Some("queue:/$(x)")),
            ("ipcx show '", "queue:/it's", None),
            ("ipcx show \"", "queue:/`x` $y \"", Some(r#"queue:/\`x\` \$y \""#)),
            ("ipcx show \"", "queue:/!x", None),
            ("ipcx show ", "~/x", Some(r"\~/x")),
            ("ipcx show ", "unix:/grün", Some("unix:/grün")),
            ("ipcx show queue:", "shm:5", None),
        ] {
            assert_eq!(question(line, "9").typed(value).as_deref(), typed, "{line}{value}");
        }
    }

    #[test]
    fn only_lists_are_described_one_on_a_line() {
        let one = |value: &str, about: &str| Candidate { value: value.to_owned(), about: about.to_owned() };
        let values = [one("queue:5", "alice, 3 messages of 96 bytes and much more than fits"), one("queue:17", "root")];
        let lines = |kind: &str, values: &[Candidate]| {
            let question = question("ipcx show queue:", kind);
            let layout = question.layout(values);
            values.iter().map(|one| question.line(one, layout)).collect::<Vec<_>>()
        };
        for kind in LISTS {
            let lines = lines(kind, &values);
            assert_eq!(lines[0], "5   -- alice, 3 messages of 96 bytes and much more than fi…");
            assert_eq!(lines[1].trim_end(), "17  -- root");
            // Two beside each other would not fit.
            assert!(lines.iter().all(|line| (30..60).contains(&line.width())), "{lines:?}");
        }
        for kind in ["9", "37", "", "x"] {
            assert_eq!(lines(kind, &values), ["5", "17"]);
        }
        assert_eq!(lines("63", &values[..1]), ["5"], "the only one is typed");
    }

    proptest! {
        #[test]
        fn what_is_typed_is_read_back(value in "[ -~äλ]{0,20}", quote in "['\"]?") {
            let line = format!("ipcx show {quote}");
            if let Some(typed) = question(&line, "9").typed(&value) {
                let (words, ..) = of(&format!("{line}{typed}{quote} "));
                prop_assert_eq!(&words[2], &value);
            }
        }

        #[test]
        fn any_line_can_be_read(line: Vec<u8>, breaks: Vec<u8>) {
            let (words, kept, _) = split(&line, &breaks);
            prop_assert!(words.last().unwrap().as_bytes().starts_with(kept.as_bytes()));
        }
    }
}
