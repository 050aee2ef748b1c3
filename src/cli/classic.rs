//! The short form of `ipcx kill`: `-TERM`, `-9`, `-SIGRTMIN+2`, written as `--signal=…` before clap reads the line, which
//! would take it for a bundle of one-letter options.
//!
//! One word at the most is taken: the first that names a signal, before `--`, if no option has named one. A number behind
//! it stays what it is, so that `kill -9 -1` is not `kill` twice but a mistake that is refused.

use crate::model::Signals;
use std::ffi::OsString;

/// One-letter options of `ipcx kill`; `s` takes a value.
const LETTERS: &str = "nifJlhV";

/// Options whose value may be the next word.
const WITH_VALUE: [&str; 3] = ["--signal", "--queue", "--config"];

/// Rewrites the arguments, the program's name first, if they call `kill` or `signal`.
pub(super) fn rewrite(arguments: impl IntoIterator<Item = OsString>, known: &Signals) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let texts: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let replaced = command(&texts).and_then(|start| signal(&texts, start, known));
    if let Some((place, word)) = replaced {
        arguments[place] = word.into();
    }
    arguments
}

/// Behind which word the arguments of `kill` begin.
fn command(words: &[&str]) -> Option<usize> {
    let place = first_word(words)?;
    ["kill", "signal"].contains(&words[place]).then_some(place + 1)
}

/// Which word is the command: the first that is neither an option, the program's name before it, nor an option's value.
pub(super) fn first_word(words: &[&str]) -> Option<usize> {
    let is_value = |place: usize| words[place - 1] == "--config";
    (1..words.len()).find(|place| !is_value(*place) && (!words[*place].starts_with('-') || words[*place] == "--"))
}

/// The word to replace, and by what.
fn signal(words: &[&str], start: usize, known: &Signals) -> Option<(usize, String)> {
    let mut place = start;
    while let Some(word) = words.get(place) {
        let named = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        match named {
            Some(name) if known.parse(name).is_ok() || is_misspelled(name) => {
                return Some((place, format!("--signal={name}")));
            }
            // A signal is named already.
            Some(cluster) if cluster.contains('s') => return None,
            _ if *word == "--" || *word == "--signal" || word.starts_with("--signal=") => return None,
            _ => {}
        }
        place += if WITH_VALUE.contains(word) { 2 } else { 1 };
    }
    None
}

/// Whether a word is meant as a signal and none: then the error is about signals, and says which is spelled like it.
fn is_misspelled(name: &str) -> bool {
    let is_word = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let options = name.split('s').next().unwrap_or_default();
    is_word && !options.chars().all(|letter| LETTERS.contains(letter))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(line: &str) -> String {
        let words = std::iter::once("ipcx").chain(line.split_whitespace()).map(OsString::from);
        let words = rewrite(words, &Signals::new(34..=64));
        words[1..].iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_short_form() {
        for (line, expected) in [
            ("kill -9 812", "kill --signal=9 812"),
            ("kill -TERM 812", "kill --signal=TERM 812"),
            ("signal -sigterm 812", "signal --signal=sigterm 812"),
            ("kill -SIGRTMIN+2 812", "kill --signal=SIGRTMIN+2 812"),
            ("kill -rtmax-1 812", "kill --signal=rtmax-1 812"),
            ("--read-only kill -HUP 812", "--read-only kill --signal=HUP 812"),
            ("--config kill kill -9 812", "--config kill kill --signal=9 812"),
            ("--config=x kill -9 812", "--config=x kill --signal=9 812"),
            ("kill --config -9 -1 812", "kill --config -9 --signal=1 812"),
            ("kill -n -0 812", "kill -n --signal=0 812"),
            ("kill 812 -INT", "kill 812 --signal=INT"),
            ("kill -stop 812", "kill --signal=stop 812"),
            ("kill --queue -5 -USR1 812", "kill --queue -5 --signal=USR1 812"),
            ("kill -TREM 812", "kill --signal=TREM 812"),
        ] {
            assert_eq!(rewritten(line), expected);
        }
    }

    #[test]
    fn only_one_word_and_only_of_kill() {
        for line in [
            "kill -- -9",
            "kill -n -9 -- -9",
            "rm -9",
            "ls -9",
            "--config kill ls -9",
            "help kill -9",
            "kill -s TERM -9",
            "kill -nif 5",
        ] {
            let once = rewritten(line);
            assert_eq!(once, line.replacen("kill -n -9", "kill -n --signal=9", 1), "{line}");
        }
        assert_eq!(rewritten("kill -9 -1"), "kill --signal=9 -1");
        assert_eq!(rewritten("kill -9 -9"), "kill --signal=9 -9");
        for line in ["kill --signal -9 -9", "kill --signal=9 -9 5", "kill -sTERM -9", "kill -ns TERM -9", "kill -99 5"]
        {
            assert_eq!(rewritten(line), line);
        }
        assert_eq!(rewritten("kill"), "kill");
        assert_eq!(rewritten(""), "");
    }

    proptest! {
        #[test]
        fn at_most_one_word_changes(words in proptest::collection::vec("-{0,2}[a-zA-Z0-9=+-]{0,6}", 0..6)) {
            let line: Vec<OsString> = ["ipcx", "kill"].into_iter().chain(words.iter().map(String::as_str)).map(Into::into).collect();
            let after = rewrite(line.clone(), &Signals::new(34..=64));
            prop_assert_eq!(line.len(), after.len());
            prop_assert!(line.iter().zip(&after).filter(|(a, b)| a != b).count() <= 1);
        }
    }
}
