//! Options as `getopt_long(3)` of the GNU C library reads them: bundled letters, long names cut short, operands among the
//! options, `--` and `POSIXLY_CORRECT`; and its messages about those it does not know.
//!
//! Options come one by one and in order, because the old tools act on each as it comes. Not the library's own function:
//! it writes its messages itself, keeps its state in globals, and musl's says other things.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What may follow an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing.
    Nothing,
    /// A value, in the same word or the next.
    Value,
    /// Maybe a value, in the same word.
    Maybe,
}

/// An option: what it means to the tool, its letter, its name, and what may follow it. A letter of 0 is none, an empty
/// name likewise.
pub(super) type Known<T> = (T, u8, &'static str, Takes);

/// An option and its value.
pub(super) type Read<T> = (T, Option<OsString>);

/// The library's message about a wrong option, without the program's name.
pub(super) type Wrong = Vec<u8>;

/// The options of a command line, to be asked for one by one.
pub(super) struct Getopt<'a, T> {
    known: &'a [Known<T>],
    words: std::vec::IntoIter<OsString>,
    /// Letters of a bundle that were not read yet.
    bundle: Vec<u8>,
    operands: Vec<OsString>,
    /// The first operand ends the options.
    strict: bool,
}

impl<'a, T: Copy + PartialEq> Getopt<'a, T> {
    /// Reads these words, the program's name not among them. `strict` is what `POSIXLY_CORRECT` asks for.
    pub(super) fn new(known: &'a [Known<T>], words: Vec<OsString>, strict: bool) -> Self {
        Self { known, words: words.into_iter(), bundle: Vec::new(), operands: Vec::new(), strict }
    }

    /// The next option and its value.
    pub(super) fn next(&mut self) -> Option<Result<Read<T>, Wrong>> {
        loop {
            if !self.bundle.is_empty() {
                return Some(self.letter());
            }
            let word = self.words.next()?;
            match word.as_bytes() {
                b"--" => self.operands.extend(self.words.by_ref()),
                [b'-', b'-', name @ ..] => return Some(self.long(name)),
                [b'-', letters @ ..] if !letters.is_empty() => self.bundle = letters.to_vec(),
                _ => {
                    self.operands.push(word);
                    if self.strict {
                        self.operands.extend(self.words.by_ref());
                    }
                }
            }
        }
    }

    /// What is no option, in order; all of it only once [`next`](Self::next) has returned nothing.
    pub(super) fn operands(self) -> Vec<OsString> {
        self.operands
    }

    fn letter(&mut self) -> Result<Read<T>, Wrong> {
        let letter = self.bundle.remove(0);
        let found = self.known.iter().find(|known| known.1 == letter && letter != 0);
        let about = |text: &str| [text.as_bytes(), b" -- '", &[letter], b"'"].concat();
        let (meaning, _, _, takes) = found.ok_or_else(|| about("invalid option"))?;
        let value = match takes {
            Takes::Nothing => None,
            _ if !self.bundle.is_empty() => Some(OsString::from_vec(std::mem::take(&mut self.bundle))),
            Takes::Maybe => None,
            Takes::Value => Some(self.words.next().ok_or_else(|| about("option requires an argument"))?),
        };
        Ok((*meaning, value))
    }

    fn long(&mut self, word: &[u8]) -> Result<Read<T>, Wrong> {
        let (name, value) = match word.iter().position(|byte| *byte == b'=') {
            Some(place) => (&word[..place], Some(&word[place + 1..])),
            None => (word, None),
        };
        let (meaning, _, name, takes) = self.named(name, word)?;
        let value = value.map(|value| OsStr::from_bytes(value).to_owned());
        match (takes, value) {
            (Takes::Nothing, Some(_)) => Err(format!("option '--{name}' doesn't allow an argument").into()),
            (Takes::Value, None) => {
                let next = self.words.next();
                next.map(|value| (meaning, Some(value)))
                    .ok_or_else(|| format!("option '--{name}' requires an argument").into())
            }
            (_, value) => Ok((meaning, value)),
        }
    }

    /// The option with this name, or the only one whose name begins so; several that mean the same are one.
    fn named(&self, name: &[u8], word: &[u8]) -> Result<Known<T>, Wrong> {
        let long = || self.known.iter().filter(|known| !known.2.is_empty());
        if let Some(exact) = long().find(|known| known.2.as_bytes() == name) {
            return Ok(*exact);
        }
        let alike: Vec<&Known<T>> = long().filter(|known| known.2.as_bytes().starts_with(name)).collect();
        match alike.split_first() {
            None => Err([b"unrecognized option '--", word, b"'"].concat()),
            Some((first, rest)) if rest.iter().all(|other| (other.0, other.3) == (first.0, first.3)) => Ok(**first),
            Some(_) => {
                let mut message = [b"option '--", word, b"' is ambiguous; possibilities:"].concat();
                for known in alike {
                    message.extend(format!(" '--{}'", known.2).bytes());
                }
                Err(message)
            }
        }
    }
}

/// The options that a help text lists, each as `-q, --queues` or `--human`, and what it says may follow.
#[cfg(test)]
pub(super) fn listed(help: &str) -> Vec<(String, Takes)> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let entry = |line: &str| {
        let spelled = line.split("  ").next().unwrap_or_default();
        let long = spelled.find("--").unwrap_or_default();
        let end = spelled[long..].find([' ', '[']).map_or(spelled.len(), |end| long + end);
        let takes = match &spelled[end..] {
            "" => Takes::Nothing,
            value if value.starts_with("[=") => Takes::Maybe,
            _ => Takes::Value,
        };
        (spelled[..end].to_owned(), takes)
    };
    let mut listed: Vec<(String, Takes)> = lines.map(entry).collect();
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    listed
}

/// Options as [`listed`] has them.
#[cfg(test)]
pub(super) fn spelled<T>(known: &[Known<T>]) -> Vec<(String, Takes)> {
    let spell = |(_, letter, long, takes): &Known<T>| match letter {
        0 => (format!("--{long}"), *takes),
        letter => (format!("-{}, --{long}", char::from(*letter)), *takes),
    };
    let mut spelled: Vec<(String, Takes)> = known.iter().map(spell).collect();
    spelled.sort_by(|a, b| a.0.cmp(&b.0));
    spelled
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KNOWN: [Known<char>; 7] = [
        ('i', b'i', "id", Takes::Value),
        ('m', b'm', "shmems", Takes::Nothing),
        ('s', b's', "semaphores", Takes::Nothing),
        ('u', b'u', "summary", Takes::Nothing),
        ('a', b'a', "all", Takes::Maybe),
        ('c', 0, "colour", Takes::Nothing),
        ('c', 0, "color", Takes::Nothing),
    ];

    /// Options as `i=5`, errors in brackets, operands behind a bar.
    fn read(words: &[&str], strict: bool) -> String {
        let mut options = Getopt::new(&KNOWN, words.iter().map(OsString::from).collect(), strict);
        let mut shown = Vec::new();
        while let Some(option) = options.next() {
            shown.push(match option {
                Ok((letter, None)) => letter.to_string(),
                Ok((letter, Some(value))) => format!("{letter}={}", value.to_string_lossy()),
                Err(message) => format!("[{}]", String::from_utf8_lossy(&message)),
            });
        }
        let operands: Vec<String> = options.operands().iter().map(|word| word.to_string_lossy().into()).collect();
        format!("{} | {}", shown.join(" "), operands.join(" "))
    }

    #[test]
    fn as_the_library_reads_them() {
        for (words, expected) in [
            (&["-ms", "x", "-i", "5"] as &[&str], "m s i=5 | x"),
            (&["-mi5", "-i=5"], "m i=5 i==5 | "),
            (&["--id=5", "--id", "6", "--id="], "i=5 i=6 i= | "),
            (&["--i", "7", "--sh", "--col"], "i=7 m c | "),
            (&["-a", "x", "-ax", "--all", "--all=x", "-ma"], "a a=x a a=x m a | x"),
            (&["-", "-m", "--", "-s"], "m | - -s"),
            (&["-i", "--", "-m"], "i=-- m | "),
        ] {
            assert_eq!(read(words, false), expected, "{words:?}");
        }
        assert_eq!(read(&["-m", "x", "-s"], true), "m | x -s");
    }

    #[test]
    fn what_it_says_of_the_others() {
        for (word, expected) in [
            ("-z", "[invalid option -- 'z'] | "),
            ("-zm", "[invalid option -- 'z'] m | "),
            ("-i", "[option requires an argument -- 'i'] | "),
            ("--i", "[option '--id' requires an argument] | "),
            ("--zork=3", "[unrecognized option '--zork=3'] | "),
            ("--sh=3", "[option '--shmems' doesn't allow an argument] | "),
            ("--s=4", "[option '--s=4' is ambiguous; possibilities: '--shmems' '--semaphores' '--summary'] | "),
        ] {
            assert_eq!(read(&[word], false), expected);
        }
    }

    #[test]
    fn help_is_read_rightly() {
        let help = "Usage:\n tool [options]\n\n -i, --id <id>     one\n -a, --all[=x|y]\n              every -z\n     --human  so\n -m, --mem  m\n";
        let expected = [("--human", Takes::Nothing), ("-a, --all", Takes::Maybe), ("-i, --id", Takes::Value)];
        let listed = listed(help);
        assert_eq!(listed[..3], expected.map(|(option, takes)| (option.to_owned(), takes)));
        assert_eq!(listed[3..], [("-m, --mem".to_owned(), Takes::Nothing)]);
    }

    proptest! {
        #[test]
        fn every_word_is_read_once(words in proptest::collection::vec("-{0,2}[a-z=]{0,4}", 0..6)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert!(read(&words, false).contains('|'));
        }
    }
}
