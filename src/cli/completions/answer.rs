//! What may stand at the cursor, found by clap's own reading of the line, and printed in the way of the shell that asks.
//!
//! The first line says how the rest is meant: `values` to choose from, `partial` if no blank belongs behind the only one,
//! or that the shell is to offer its own `files` or `directories`.

use super::super::classic;
use super::bash::Question;
use super::names;
use super::offers::{DIRECTORIES, FILES, attach};
use crate::kernel::signals;
use crate::model::Signals;
use crate::model::shell::is_printable;
use clap_complete::CompletionCandidate;
use clap_complete::engine::complete;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;

/// The word by which the scripts ask. No command of that name is known to help or manual: it is theirs alone.
pub(in super::super) const ASK: &str = "__complete";

/// Something that may stand at the cursor: the whole word, and a line about it. Both are printable text of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) value: String,
    pub(super) about: String,
}

/// What a shell is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Values(Vec<Candidate>),
    Files,
    Directories,
}

/// Prints what may follow. `question` is what stands behind [`ASK`]: for zsh and fish the words from the program's name to
/// the one before the cursor, for bash what [`Question::read`] says. A question that makes no sense has no answer.
pub(in super::super) fn answer(cli: clap::Command, question: &[OsString]) {
    let text = match question.split_first() {
        Some((shell, words)) if shell == "zsh" => in_lines(&find(cli, words.to_vec()), zsh),
        Some((shell, words)) if shell == "fish" => in_lines(&find(cli, words.to_vec()), fish),
        Some((shell, words)) if shell == "bash" => {
            Question::read(words).map(|question| in_bash(&question, find(cli, question.words.clone())))
        }
        _ => None,
    };
    // A shell that has stopped to listen is nobody's error.
    let _ = std::io::stdout().write_all(text.unwrap_or_default().as_bytes());
}

/// What may stand in the place of the last word.
pub(super) fn find(cli: clap::Command, mut words: Vec<OsString>) -> Answer {
    let Some(current) = words.pop() else { return Answer::Values(Vec::new()) };
    let known = signals::known();
    let takes_signal = takes_signal(&words, &known);
    let mut words = classic::rewrite(words, &known);
    words.push(current.clone());
    let place = words.len() - 1;
    let mut cli = attach(cli, &words);
    let found = complete(&mut cli, words.clone(), place, None).unwrap_or_default();
    let is = |mark: &str| found.iter().any(|candidate| candidate.get_id().is_some_and(|id| id == mark));
    if is(FILES) {
        return Answer::Files;
    }
    if is(DIRECTORIES) {
        return Answer::Directories;
    }
    let mut values: Vec<Candidate> = Vec::new();
    if takes_signal && current.as_bytes().starts_with(b"-") {
        values.extend(names::signals("-").iter().filter_map(|found| candidate(found, &current)));
    }
    values.extend(found.iter().filter_map(|found| candidate(found, &current)));
    // Options are many, and begin with a hyphen: who wants one types it, unless there is nothing else.
    if current.is_empty() && values.iter().any(|one| !one.value.starts_with('-')) {
        values.retain(|one| !one.value.starts_with('-'));
    }
    Answer::Values(values)
}

/// Whether a signal may follow these words in its short form, `-TERM`: one that did would be written anew.
fn takes_signal(words: &[OsString], known: &Signals) -> bool {
    const ONE: &str = "-TERM";
    let line = words.iter().cloned().chain([ONE.into()]);
    classic::rewrite(line, known).last().is_some_and(|last| last != ONE)
}

/// A candidate that goes on where the word stands, if it can be typed and shown.
fn candidate(found: &CompletionCandidate, current: &OsStr) -> Option<Candidate> {
    let value = found.get_value().to_str().filter(|value| is_printable(value))?;
    if !value.as_bytes().starts_with(current.as_bytes()) {
        return None;
    }
    let help = found.get_help().map(ToString::to_string).unwrap_or_default();
    let about = help.lines().next().filter(|line| is_printable(line)).unwrap_or_default();
    Some(Candidate { value: value.to_owned(), about: about.to_owned() })
}

/// Whether something belongs behind a value that makes it a whole one.
fn is_open(value: &str) -> bool {
    value.ends_with([':', '=', '/'])
}

/// `value:about`, as `_describe` reads it: a backslash takes the meaning of the next character away. Before it stands
/// whether the value is a whole one, since zsh has to be told of each.
fn zsh(one: &Candidate) -> String {
    let sign = if is_open(&one.value) { '+' } else { '=' };
    let (value, about) = (one.value.replace('\\', "\\\\").replace(':', "\\:"), one.about.replace('\\', "\\\\"));
    // Without a description no colon: it would show an empty one.
    if about.is_empty() { format!("{sign}{value}") } else { format!("{sign}{value}:{about}") }
}

/// `value<Tab>about`, as `complete --arguments` reads it.
fn fish(one: &Candidate) -> String {
    format!("{}\t{}", one.value, one.about)
}

/// As it is typed, with what it is where several are listed.
fn in_bash(question: &Question, answer: Answer) -> String {
    let answer = match answer {
        Answer::Values(mut values) => {
            values.retain(|one| question.typed(&one.value).is_some());
            Answer::Values(values)
        }
        other => other,
    };
    let layout = match &answer {
        Answer::Values(values) => question.layout(values),
        _ => None,
    };
    in_lines(&answer, |one| question.line(one, layout)).unwrap_or_default()
}

/// The first line and one for each value; nothing where there is nothing to offer.
fn in_lines(answer: &Answer, line: impl Fn(&Candidate) -> String) -> Option<String> {
    let values = match answer {
        Answer::Files => return Some("files\n".to_owned()),
        Answer::Directories => return Some("directories\n".to_owned()),
        Answer::Values(values) => values,
    };
    let head = match &values[..] {
        [] => return None,
        [one] if is_open(&one.value) => "partial",
        _ => "values",
    };
    Some(std::iter::once(head.to_owned()).chain(values.iter().map(line)).fold(String::new(), |text, line| text + &line + "\n"))
}
