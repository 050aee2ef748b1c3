//! Which values an argument takes: clap knows those of fixed lists, the others are told it here, by the name that help
//! gives to the value. That is done only when a shell asks: no other run of ipcx pays for it.

use super::{dropins, names, objects};
use crate::config::theme::ThemeName;
use crate::kernel::users;
use crate::model::limit::LIMITS;
use crate::model::{Address, Kinds};
use crate::tui::view::View;
use clap::{Arg, Command};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCompleter;
use std::ffi::{OsStr, OsString};

/// Id of a candidate that asks the shell for its own completion of files.
pub(super) const FILES: &str = "shell's files";
/// The same, of directories.
pub(super) const DIRECTORIES: &str = "shell's directories";

/// What an address may begin with, processes excepted.
const OBJECTS: &[&str] = &["queue:", "shm:", "sem:", "fifo:", "unix:"];

/// Those that can be looked at, or whose holders are meant: what has no name too.
const SEEN: &[&str] = &["queue:", "shm:", "memfd:", "sem:", "fifo:", "unix:"];

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// Id, key or name.
    Value(Kinds),
    /// Key.
    Key(Kinds),
    /// System V id.
    Id(Kinds),
    /// System V id of the kind that an option before it names.
    IdOfKind,
    /// POSIX name.
    Name(Kinds),
    /// Addresses that begin so, or a file's path.
    Address(&'static [&'static str]),
    /// A process, by its number or `pid:`.
    Process,
    /// A process, or with `--holders` an object, or with `--list` a signal.
    Receiver,
    Signal,
    Role,
    Backup,
    Filter,
    Columns,
    Sorting,
    Limit,
    User,
    Group,
    Theme,
    View,
    Page,
    File,
    Directory,
}

/// Tells clap's definitions what each argument takes. `words` are those of the line, the last being completed.
pub(super) fn attach(command: Command, words: &[OsString]) -> Command {
    let name = command.get_name().to_owned();
    let attached = command.mut_args(|arg| match offer(&name, &arg) {
        None => arg,
        Some(offer) => {
            let words = words.to_vec();
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| offer.values(typed, &words)))
        }
    });
    attached.mut_subcommands(|inner| attach(inner, words))
}

/// What an argument of a command takes, if it is neither one of a fixed list nor whatever a person likes.
fn offer(command: &str, arg: &Arg) -> Option<Offer> {
    let value = arg.get_value_names()?.first()?.as_str();
    Some(match (command, arg.get_id().as_str(), value) {
        ("rm", "queues", _) => Offer::Value(Kinds::QUEUES),
        ("rm", "shmems", _) => Offer::Value(Kinds::SHMS),
        ("rm", "semaphores", _) => Offer::Value(Kinds::SEMS),
        ("rm", "queue_key", _) => Offer::Key(Kinds::QUEUES),
        ("rm", "shmem_key", _) => Offer::Key(Kinds::SHMS),
        ("rm", "semaphore_key", _) => Offer::Key(Kinds::SEMS),
        ("ipcs" | "lsipc", _, "ID") => Offer::IdOfKind,
        ("lsipc", _, "NAME") => Offer::Name(Kinds::POSIX),
        ("ipcrm", _, name) | (_, dropins::OLD_IDS, name) => of_removal(name)?,
        ("undo", _, "N") => Offer::Backup,
        ("send", _, "ADDRESS") => Offer::Address(&["queue:", "fifo:", "unix:"]),
        ("recv", _, "ADDRESS") => Offer::Address(&["queue:", "fifo:"]),
        ("show", _, "ADDRESS") | (_, _, "ADDRESS|PID") => {
            Offer::Address(&["queue:", "shm:", "memfd:", "sem:", "fifo:", "unix:", "pid:"])
        }
        ("peek", _, "ADDRESS") => Offer::Address(SEEN),
        (_, _, "ADDRESS") => Offer::Address(OBJECTS),
        (_, _, "PID|ADDRESS") => Offer::Receiver,
        (_, _, "PID") => Offer::Process,
        (_, _, "SIGNAL") => Offer::Signal,
        (_, _, "ROLE") => Offer::Role,
        (_, _, "FILTER|DIR") => Offer::Filter,
        (_, "columns", _) => Offer::Columns,
        (_, "sort", _) => Offer::Sorting,
        (_, _, "LIMIT") => Offer::Limit,
        (_, _, "USER") => Offer::User,
        (_, _, "GROUP") => Offer::Group,
        (_, "theme", _) => Offer::Theme,
        (_, "view", _) => Offer::View,
        ("man", _, "PAGE") => Offer::Page,
        (_, _, "FILE" | "PATH") => Offer::File,
        (_, _, "DIR") => Offer::Directory,
        _ => return None,
    })
}

/// What an option of `ipcrm` takes, by the name of its value.
fn of_removal(value: &str) -> Option<Offer> {
    let (kind, by) = value.split_once('-')?;
    let kinds = match kind {
        "QUEUE" => Kinds::QUEUES,
        "SHM" => Kinds::SHMS,
        _ => Kinds::SEMS,
    };
    Some(match by {
        "ID" => Offer::Id(kinds),
        "KEY" => Offer::Key(kinds),
        _ => Offer::Name(kinds),
    })
}

/// The System V kind that an option among these words names: `-q`, `--queues`, or the letter in a bundle.
fn chosen(words: &[OsString]) -> Kinds {
    let has = |letter: char, long: &str| {
        words.iter().filter_map(|word| word.to_str()).any(|word| match word.strip_prefix('-') {
            Some(rest) if rest.starts_with('-') => word == long,
            Some(bundle) => bundle.contains(letter),
            None => false,
        })
    };
    let kinds = [('q', "--queues", Kinds::QUEUES), ('m', "--shmems", Kinds::SHMS), ('s', "--semaphores", Kinds::SEMS)];
    kinds.into_iter().find(|(letter, long, _)| has(*letter, long)).map_or(Kinds::empty(), |(.., kinds)| kinds)
}

impl Offer {
    /// The values, of which those that go on otherwise than they were begun are dropped later.
    fn values(self, typed: &OsStr, words: &[OsString]) -> Vec<CompletionCandidate> {
        // What is no text is the beginning of a file's name, or of nothing that is offered.
        let text: &str = &typed.to_string_lossy();
        let said = |option: &str| words.iter().any(|word| word.to_str().is_some_and(|word| word.starts_with(option)));
        let holders = said("--holders");
        let mut found = match self {
            Self::File => return mark(FILES),
            Self::Address(_) if is_path(text) => return mark(FILES),
            Self::Receiver if holders && is_path(text) => return mark(FILES),
            Self::Directory => return mark(DIRECTORIES),
            Self::Filter if is_path(text) => return mark(DIRECTORIES),
            Self::User => return names::listed(users::PASSWD, ""),
            Self::Group => return names::listed(users::GROUP, ""),
            Self::Value(kinds) => objects::values(kinds, text),
            Self::Key(kinds) => objects::keys(kinds, text),
            Self::Id(kinds) => objects::ids(kinds),
            Self::IdOfKind => objects::ids(chosen(words)),
            Self::Name(kinds) => objects::values(kinds & Kinds::POSIX, text),
            Self::Address(takes) => objects::addresses(takes, text),
            Self::Receiver if said("--list") || said("-l") => names::signals(""),
            Self::Process | Self::Receiver if text.starts_with("pid:") => names::processes("pid:", true),
            Self::Receiver if holders => objects::addresses(SEEN, text),
            Self::Process | Self::Receiver => names::processes("", true),
            Self::Signal => names::signals(if text.starts_with("SIG") { "SIG" } else { "" }),
            Self::Role => names::roles(text),
            Self::Backup => names::backups(),
            Self::Filter => filter(text),
            Self::Columns => names::columns(text),
            Self::Sorting => names::sorting(text),
            Self::Limit => LIMITS.iter().map(|limit| names::one(limit.name, limit.about)).collect(),
            Self::Theme => ThemeName::ALL.iter().map(|theme| names::one(theme.to_string(), "")).collect(),
            Self::Page => names::pages(text),
            Self::View => View::ALL.iter().map(|view| names::one(view.name(), "")).collect(),
        };
        // Named once is enough.
        let before = words.split_last().map_or(&[][..], |(_, before)| before);
        found.retain(|one| !before.iter().any(|word| word == one.get_value()));
        found
    }
}

/// A term of the filter, or an address, which is one as well.
fn filter(typed: &str) -> Vec<CompletionCandidate> {
    let kind = typed.split_once(':').map(|(kind, _)| kind);
    match kind {
        Some(kind) if kind != "pid" && Address::is_kind(kind) => objects::addresses(SEEN, typed),
        _ => names::filter(typed),
    }
}

/// Whether a word begins as a path does.
fn is_path(typed: &str) -> bool {
    typed.starts_with(['/', '.', '~'])
}

fn mark(id: &str) -> Vec<CompletionCandidate> {
    vec![CompletionCandidate::new("").id(Some(id.to_owned()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of values that are whatever a person likes.
    const FREE: [&str; 16] = [
        "DATA",
        "N",
        "T",
        "SIZE",
        "SECONDS",
        "KEY",
        "PATH:ID",
        "NAME",
        "OCTAL",
        "N,N",
        "[INDEX=]N",
        "VALUE",
        "TEXT",
        "COMMAND",
        "PERCENT",
        "AGE",
    ];

    fn each(command: &Command, look: &mut dyn FnMut(&str, &Arg)) {
        command.get_arguments().for_each(|arg| look(command.get_name(), arg));
        command.get_subcommands().for_each(|inner| each(inner, look));
    }

    #[test]
    fn every_argument_with_values_was_thought_of() {
        let mut offered = Vec::new();
        each(&crate::cli::command(), &mut |command, arg| {
            if !arg.get_action().takes_values() || !arg.get_possible_values().is_empty() {
                return;
            }
            let value =
                arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
            match offer(command, arg) {
                Some(offer) => offered.push(offer),
                None => assert!(
                    FREE.contains(&value.as_str()),
                    "{command} {}: nothing is offered for {value}",
                    arg.get_id()
                ),
            }
        });
        // None of them is for an argument that was renamed.
        for offer in [
            Offer::Value(Kinds::QUEUES),
            Offer::Value(Kinds::SHMS),
            Offer::Value(Kinds::SEMS),
            Offer::Key(Kinds::QUEUES),
            Offer::Key(Kinds::SHMS),
            Offer::Key(Kinds::SEMS),
            Offer::Address(OBJECTS),
            Offer::Address(SEEN),
            Offer::Process,
            Offer::Receiver,
            Offer::Signal,
            Offer::Role,
            Offer::Backup,
            Offer::Filter,
            Offer::Columns,
            Offer::Sorting,
            Offer::Limit,
            Offer::User,
            Offer::Group,
            Offer::Theme,
            Offer::View,
            Offer::Page,
            Offer::File,
        ] {
            assert!(offered.contains(&offer), "{offer:?}");
        }
    }
}
