//! The old names behind `ipcx`: which options `ipcs`, `ipcrm`, `ipcmk` and `lsipc` take, so that these are completed as well.
//!
//! Only for what Tab offers: they are read as getopt reads them, elsewhere. Their names are hidden, and offered to who has
//! begun one.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

/// An option: letter, long name, what its value is called (nothing without one), and what it does.
type Row = (Option<char>, &'static str, &'static str, &'static str);

const IPCS: &[Row] = &[
    (Some('m'), "shmems", "", "shared memory segments"),
    (Some('q'), "queues", "", "message queues"),
    (Some('s'), "semaphores", "", "semaphore sets"),
    (Some('a'), "all", "", "all three, as without any"),
    (Some('i'), "id", "ID", "everything about one of a kind"),
    (Some('t'), "time", "", "times of use and change"),
    (Some('p'), "pid", "", "who made it, and who used it last"),
    (Some('c'), "creator", "", "creators and owners"),
    (Some('l'), "limits", "", "limits of the kernel"),
    (Some('u'), "summary", "", "use in sum"),
    (None, "human", "", "sizes for people"),
    (Some('b'), "bytes", "", "sizes in bytes"),
];

const IPCRM: &[Row] = &[
    (Some('m'), "shmem-id", "SHM-ID", "a shared memory segment by its id"),
    (Some('M'), "shmem-key", "SHM-KEY", "a shared memory segment by its key"),
    (None, "posix-shmem", "SHM-NAME", "a POSIX segment by its name"),
    (Some('q'), "queue-id", "QUEUE-ID", "a message queue by its id"),
    (Some('Q'), "queue-key", "QUEUE-KEY", "a message queue by its key"),
    (None, "posix-mqueue", "QUEUE-NAME", "a POSIX queue by its name"),
    (Some('s'), "semaphore-id", "SEM-ID", "a semaphore set by its id"),
    (Some('S'), "semaphore-key", "SEM-KEY", "a semaphore set by its key"),
    (None, "posix-semaphore", "SEM-NAME", "a POSIX semaphore by its name"),
    (Some('a'), "all", "=shm pshm msg pmsg sem psem", "all of System V, or of one kind"),
    (Some('v'), "verbose", "", "say what is done"),
];

const IPCMK: &[Row] = &[
    (Some('M'), "shmem", "SIZE", "a shared memory segment"),
    (Some('m'), "posix-shmem", "SIZE", "a POSIX segment"),
    (Some('S'), "semaphore", "N", "a set of so many semaphores"),
    (Some('s'), "posix-semaphore", "", "a POSIX semaphore"),
    (Some('Q'), "queue", "", "a message queue"),
    (Some('q'), "posix-mqueue", "", "a POSIX queue"),
    (Some('p'), "mode", "OCTAL", "permission bits"),
    (Some('n'), "name", "NAME", "the POSIX name"),
];

const LSIPC: &[Row] = &[
    (Some('m'), "shmems", "", "shared memory segments"),
    (Some('M'), "posix-shmems", "", "POSIX segments"),
    (Some('q'), "queues", "", "message queues"),
    (Some('Q'), "posix-mqueues", "", "POSIX queues"),
    (Some('s'), "semaphores", "", "semaphore sets"),
    (Some('S'), "posix-semaphores", "", "POSIX semaphores"),
    (Some('g'), "global", "", "use and limits of the whole system"),
    (Some('i'), "id", "ID", "everything about one of System V"),
    (Some('N'), "name", "NAME", "everything about one of POSIX"),
    (None, "noheadings", "", "leave the heading out"),
    (None, "notruncate", "", "cut nothing"),
    (None, "time-format", "short full iso", "how times are written"),
    (Some('b'), "bytes", "", "sizes in bytes"),
    (Some('c'), "creator", "", "creators and owners"),
    (Some('e'), "export", "", "NAME=value, to be evaluated"),
    (Some('J'), "json", "", "JSON"),
    (Some('n'), "newline", "", "each value on a line of its own"),
    (Some('l'), "list", "", "a table, even of one"),
    (Some('o'), "output", "LIST", "these columns"),
    (Some('P'), "numeric-perms", "", "permission bits as a number"),
    (Some('r'), "raw", "", "without alignment"),
    (Some('t'), "time", "", "times of use and change"),
    (Some('y'), "shell", "", "names of columns as a shell takes them"),
];

/// The tools, and how they are called.
const TOOLS: [(&str, &[Row]); 4] = [("ipcs", IPCS), ("ipcrm", IPCRM), ("ipcmk", IPCMK), ("lsipc", LSIPC)];

/// What the words behind `ipcrm shm` are to clap.
pub(super) const OLD_IDS: &str = "old syntax's ids";

/// The first word of `ipcrm shm ID…`, what it is about, and what its words are called.
const OLD_SYNTAX: [(&str, &str, &str); 3] = [
    ("shm", "shared memory segments by their ids", "SHM-ID"),
    ("msg", "message queues by their ids", "QUEUE-ID"),
    ("sem", "semaphore sets by their ids", "SEM-ID"),
];

/// The command line with the old names as commands; one that it has already gets its options here.
pub(super) fn add(cli: Command) -> Command {
    TOOLS.iter().fold(cli, |cli, (name, rows)| {
        match cli.find_subcommand(name).map(|known| known.get_about().cloned()) {
            None => cli.subcommand(tool(name, rows).hide(true)),
            Some(about) => cli.mut_subcommand(name, |_| tool(name, rows).about(about.unwrap_or_default())),
        }
    })
}

/// Whether this is one of the old names.
pub(in super::super) fn is_one(word: &str) -> bool {
    TOOLS.iter().any(|(name, _)| *name == word)
}

/// The options of ipcx itself that are none of the old tool that is called by this word, though clap hands them down.
pub(super) fn foreign(cli: &Command, word: &str) -> Vec<String> {
    if !is_one(word) {
        return Vec::new();
    }
    cli.get_arguments()
        .filter(|arg| arg.is_global_set())
        .filter_map(|arg| Some(format!("--{}", arg.get_long()?)))
        .collect()
}

fn tool(name: &'static str, rows: &'static [Row]) -> Command {
    let tool = Command::new(name);
    let tool =
        if name == "ipcrm" { tool.subcommands(OLD_SYNTAX.map(of_kind)).disable_help_subcommand(true) } else { tool };
    rows.iter().fold(tool, |tool, (letter, long, value, about)| {
        let option = Arg::new(*long).long(*long).help(*about);
        let option = letter.iter().fold(option, |option, letter| option.short(*letter));
        let words: Vec<&'static str> = value.trim_start_matches('=').split(' ').collect();
        let option = match &words[..] {
            [""] => option.action(ArgAction::SetTrue),
            [name] => option.value_name(*name),
            choices => option.value_parser(PossibleValuesParser::new(choices.iter().copied())),
        };
        tool.arg(if value.starts_with('=') { option.num_args(0..=1).require_equals(true) } else { option })
    })
}

fn of_kind((word, about, value): (&'static str, &'static str, &'static str)) -> Command {
    let ids = Arg::new(OLD_IDS).value_name(value).num_args(1..);
    Command::new(word).about(about).arg(ids).disable_help_flag(true).disable_version_flag(true)
}
