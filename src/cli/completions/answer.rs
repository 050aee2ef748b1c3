//! What may stand at the cursor, found by clap's own reading of the line, and printed in the way of the shell that asks.
//!
//! The first line says how the rest is meant: `values` to choose from, `partial` if no blank belongs behind the only one,
//! or that the shell is to offer its own `files` or `directories`.

use super::super::classic;
use super::bash::Question;
use super::offers::{DIRECTORIES, FILES, attach};
use super::{dropins, names};
use crate::kernel::signals;
use crate::model::Signals;
use crate::model::shell::is_printable;
use clap_complete::CompletionCandidate;
use clap_complete::engine::complete;
use rustc_hash::FxHashSet;
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
    let cli = dropins::add(cli);
    let place = command_place(&words);
    if place.is_some_and(|place| is_lost(&cli, &words, place)) {
        return Answer::Values(Vec::new());
    }
    let foreign = place.and_then(|place| words[place].to_str()).map(|word| dropins::foreign(&cli, word));
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
    // What begins as a signal's name does is no bundle of options.
    if values.is_empty() || current.len() == 1 {
        values.extend(found.iter().filter_map(|found| candidate(found, &current)));
    }
    // Options are many, and begin with a hyphen: who wants one types it, unless there is nothing else.
    if current.is_empty() && values.iter().any(|one| !one.value.starts_with('-')) {
        values.retain(|one| !one.value.starts_with('-'));
    }
    // Of ipcx's own options an old name has none.
    values.retain(|one| !foreign.iter().flatten().any(|option| *option == one.value));
    // Twice the same, as of a user with two lines in /etc/passwd, would be typed by bash with all that is said about it.
    let mut seen = FxHashSet::default();
    values.retain(|one| seen.insert(one.value.clone()));
    Answer::Values(values)
}

/// Where the command stands among these words.
fn command_place(words: &[OsString]) -> Option<usize> {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    classic::first_word(&words)
}

/// Whether what stands there is no command: clap's reading would go on as if it were not there.
fn is_lost(cli: &clap::Command, words: &[OsString], place: usize) -> bool {
    // Behind an option it may be that one's value.
    let is_value = words[place - 1].as_bytes().starts_with(b"-");
    !is_value && cli.find_subcommand(&words[place]).is_none() && words[place] != "help"
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
    Some(
        std::iter::once(head.to_owned())
            .chain(values.iter().map(line))
            .fold(String::new(), |text, line| text + &line + "\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may stand in the place of the last word, the program's name left out.
    fn values(line: &[&str]) -> Vec<Candidate> {
        match asked(line) {
            Answer::Values(values) => values,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    fn asked(line: &[&str]) -> Answer {
        find(crate::cli::command(), std::iter::once("ipcx").chain(line.iter().copied()).map(OsString::from).collect())
    }

    fn words(line: &[&str]) -> Vec<String> {
        values(line).into_iter().map(|one| one.value).collect()
    }

    #[test]
    fn commands_and_then_their_options() {
        let commands = words(&[""]);
        assert!(
            commands.contains(&"ls".to_owned()) && commands.iter().all(|word| !word.starts_with('-')),
            "{commands:?}"
        );
        assert!(!commands.contains(&ASK.to_owned()));
        assert_eq!(words(&["under"]), [""; 0]);
        assert_eq!(words(&["nonsense", ""]), [""; 0]);
        assert!(words(&["--theme", "dark", "--no-m"]).contains(&"--no-mouse".to_owned()));
        assert_eq!(words(&["comp"]), ["completions"]);
        assert_eq!(words(&["help", "compl"]), ["completions"]);
        assert_eq!(words(&["rm", "--queue"]), ["--queue", "--queue-key"]);
        assert!(words(&["rm", "-"]).starts_with(&["-q".to_owned(), "-m".to_owned()]));
        // Where nothing else is to be had options come unasked.
        assert!(words(&["keys", ""]).contains(&"--config".to_owned()));
        assert!(values(&["show"]).iter().all(|one| !one.about.is_empty() && !one.about.contains('\n')));
    }

    #[test]
    fn lists_of_fixed_words() {
        assert_eq!(words(&["man", "--print", "re"]), ["recv"]);
        assert_eq!(words(&["man", "--print", "ipcx-re"]), ["ipcx-recv"]);
        assert_eq!(words(&["completions", ""]), ["bash", "zsh", "fish"]);
        assert_eq!(words(&["create", "s"]), ["shm", "sem"]);
        assert_eq!(words(&["--theme", ""]), ["ansi", "dark", "light", "mono"]);
        assert_eq!(words(&["tui", "--view", "pr"]), ["processes", "problems"]);
        assert_eq!(words(&["ls", "--color=a"]), ["--color=auto", "--color=always"]);
    }

    #[test]
    fn columns_behind_commas() {
        assert_eq!(words(&["ls", "-o", "addr"]), ["address"]);
        assert_eq!(words(&["ls", "-o", "+wh"]), ["+why"]);
        assert_eq!(words(&["ls", "-o", "ID,MES"]), ["ID,MESSAGES"]);
        assert_eq!(words(&["ls", "-o", "id,+key,mes"]), ["id,+key,messages"]);
        assert_eq!(words(&["ls", "-o", "messages,mes"]), [""; 0], "it is there already");
        assert_eq!(words(&["ls", "--columns=addr"]), ["--columns=address"]);
        assert_eq!(words(&["ls", "-oaddr"]), ["-oaddress"]);
        assert_eq!(words(&["ls", "--sort", "-mes"]), ["-messages"]);
        assert_eq!(words(&["ls", "--sort", "mes"]), ["messages"]);
    }

    #[test]
    fn terms_of_the_filter() {
        assert_eq!(words(&["ls", "lea"]), ["leaked"]);
        assert_eq!(words(&["ls", "-q", "!sta"]), ["!status:", "!state:"]);
        assert_eq!(words(&["ls", "state:l"]), ["state:leaked"]);
        assert_eq!(words(&["ls", "!verdict:su"]), ["!verdict:suspect"]);
        assert_eq!(words(&["ls", "family:p"]), ["family:posix"]);
        assert!(words(&["ls", "user:roo"]).contains(&"user:root".to_owned()));
        assert_eq!(words(&["ls", "nonsense:"]), [""; 0]);
    }

    #[test]
    fn signals_before_processes() {
        assert_eq!(words(&["kill", "-s", "SIGT"]), ["SIGTRAP", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU"]);
        assert_eq!(words(&["kill", "--signal=TE"]), ["--signal=TERM"]);
        assert_eq!(words(&["kill", "-US"]), ["-USR1", "-USR2"]);
        let both = words(&["kill", "-"]);
        assert!(both.contains(&"-HUP".to_owned()) && both.contains(&"-n".to_owned()));
        // One was named, or these are not its options.
        for line in [&["kill", "-9", "-"][..], &["kill", "-s", "9", "-"], &["kill", "--", "-"], &["rm", "-"]] {
            assert!(!words(line).contains(&"-HUP".to_owned()), "{line:?}");
        }
        assert_eq!(words(&["kill", "--list", "US"]), ["USR1", "USR2"]);
        assert_eq!(words(&["kill", "--holders=reader,wr"]), ["--holders=reader,writer"]);
    }

    #[test]
    fn old_names_are_hidden_but_known() {
        assert!(!words(&[""]).contains(&"ipcrm".to_owned()));
        assert_eq!(words(&["ipcr"]), ["ipcrm"]);
        assert_eq!(words(&["ipcrm", "--queue-"]), ["--queue-id", "--queue-key"]);
        assert_eq!(words(&["ipcrm", "--all=p"]), ["--all=pshm", "--all=pmsg", "--all=psem"]);
        assert_eq!(words(&["lsipc", "--time-format", ""]), ["short", "full", "iso"]);
        assert_eq!(words(&["ipcrm", ""]), ["shm", "msg", "sem"]);
        for line in [&["ipcrm", "--"][..], &["ipcrm", "--re"], &["ipcrm", "shm", "-"], &["--read-only", "ipcs", "--c"]]
        {
            let offered = words(line);
            assert!(!offered.iter().any(|word| word == "--read-only" || word == "--config"), "{line:?}: {offered:?}");
        }
        assert!(words(&["--re"]).contains(&"--read-only".to_owned()));
        assert!(words(&["ipcs", "-"]).contains(&"-q".to_owned()));
        assert_eq!(words(&["ipcs", "-i", ""]), [""; 0], "of which kind was not said");
    }

    #[test]
    fn files_are_left_to_the_shell() {
        for line in [
            &["--config", ""][..],
            &["--config=/e"],
            &["config", "check", "x"],
            &["peek", "-O", "x"],
            &["create", "fifo", "/t"],
            &["rm", "/run/x"],
            &["show", "./x"],
        ] {
            assert_eq!(asked(line), Answer::Files, "{line:?}");
        }
        assert_eq!(asked(&["ls", "/ru"]), Answer::Directories);
    }

    #[test]
    fn each_shell_is_told_in_its_own_way() {
        let one = |value: &str, about: &str| Candidate { value: value.to_owned(), about: about.to_owned() };
        let answer = Answer::Values(vec![one(r"queue:/a\n:b", "key 0x1: x"), one("fifo:", "")]);
        assert_eq!(in_lines(&answer, zsh).unwrap_or_default(), "values\n=queue\\:/a\\\\n\\:b:key 0x1: x\n+fifo\\:\n");
        assert_eq!(in_lines(&answer, fish).unwrap_or_default(), "values\nqueue:/a\\n:b\tkey 0x1: x\nfifo:\t\n");
        assert_eq!(in_lines(&Answer::Values(vec![one("fifo:", "")]), fish).unwrap_or_default(), "partial\nfifo:\t\n");
        assert_eq!(in_lines(&Answer::Values(Vec::new()), fish), None);
    }
}
