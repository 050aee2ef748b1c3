//! The command line: clap definitions here and in `args`, one file per subcommand: parse → ask the layers below → print.
//!
//! Everything that was typed is checked before the first system call: a wrong id, key, column or filter is exit 2 and
//! nothing was done.

mod args;
mod ask;
mod classic;
mod clean;
mod completions;
mod config;
mod create;
mod exit;
mod graph;
mod keeping;
mod keys;
mod kill;
mod leaks;
mod limits;
mod ls;
mod man;
mod many;
mod peek;
mod print;
mod progress;
mod recv;
mod remembering;
mod rm;
mod send;
mod set;
mod settings;
mod show;
mod tui;
mod undo;
mod values;
mod watch;
mod why;

use crate::config::Settings;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

pub use exit::Exit;
pub use man::{PAGES, Page};

/// See, explain and manage every IPC object of this machine, and the processes at each end.
#[derive(Debug, Parser)]
#[command(name = "ipcx", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = after_help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    tui: tui::Tui,

    /// Refuse every action that changes something, with exit status 4
    #[arg(long, global = true)]
    read_only: bool,

    /// Read the settings from this file instead of config.toml
    ///
    /// The file has to be there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Which command to begin with: who needs it knows the symptom.
const WRONG: &str = "\
When something is wrong:
  a process hangs           ipcx why PID; ipcx why --all, if it is not known which one
  No space left on device   ipcx limits --warn 80, then ipcx leaks and ipcx clean
  /dev/shm is full          ipcx ls -m --sort -size
  a queue only grows        ipcx graph queue:5";

/// What stands at the end of `ipcx --help`.
fn after_help() -> String {
    let codes = Exit::ALL.map(|exit| format!("  {:<3}  {}", exit as u8, exit.about())).join("\n");
    format!(
        "Without a command: the terminal interface; where there is no terminal, `ipcx ls`.\n\n{WRONG}\n\nAn object is named by its \
         address, as every table prints it: queue:5 by id, queue:0x4d2 by key, queue:/orders by name;\nshm:, sem: \
         likewise; 'memfd:[1033]', fifo:/run/x, 'pipe:[411970]', unix:/run/x.sock, unix:@name, pid:812; or a path.\n\nThe old \
         names work as they always did: `ipcx ipcs`, `ipcx ipcrm`, `ipcx ipcmk`, `ipcx lsipc`, or links of these \
         names to ipcx.\n\nExit \
         codes:\n{codes}"
    )
}

/// Each is described where it is defined: clap takes the text from there.
#[derive(Debug, Subcommand)]
enum Command {
    Ls(Box<ls::Ls>),
    Show(show::Show),
    Peek(peek::Peek),
    Send(send::Send),
    Recv(recv::Recv),
    Create(Box<create::Create>),
    Set(set::Set),
    Rm(rm::Rm),
    Leaks(Box<leaks::Leaks>),
    Clean(clean::Clean),
    Undo(undo::Undo),
    #[command(visible_alias = "signal")]
    Kill(kill::Kill),
    Graph(graph::Graph),
    Limits(limits::Limits),
    Why(why::Why),
    Tui(tui::Tui),
    Config(config::Config),
    Keys(keys::Keys),
    Man(man::Man),
    Completions(completions::Completions),
}

impl Command {
    /// Whether nothing that a setting decides is done: what looks works with a broken file too.
    const fn only_looks(&self) -> bool {
        matches!(self, Self::Ls(_) | Self::Show(_) | Self::Leaks(_) | Self::Graph(_) | Self::Limits(_) | Self::Why(_))
    }
}

/// The whole command line as clap knows it: help, manual pages and completions are made of it.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs ipcx with these arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::kernel::threads::grow_heaps_in_large_steps();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let [_, ask, question @ ..] = &arguments[..]
        && ask == completions::ASK
    {
        completions::answer(command(), question);
        return Exit::Done.into();
    }
    let arguments = classic::rewrite(arguments, &crate::kernel::signals::known());
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.kind() == clap::error::ErrorKind::InvalidSubcommand && names_old_tool(&arguments) => {
            exit::complain(&"before an old name no option of ipcx may stand but --read-only; see `man ipcx-ipcs`");
            return Exit::Usage.into();
        }
        Err(error) => return exit::from_clap(&error, subcommand(&arguments).as_deref()).into(),
    };
    // What `undo` does about them it says itself.
    if !matches!(cli.command, Some(Command::Undo(_))) {
        keeping::tell_interrupted();
    }
    cli.run().unwrap_or_else(|error| exit::report(&error)).into()
}

impl Cli {
    fn run(self) -> anyhow::Result<Exit> {
        let asked = self.config.as_deref();
        if self.command.is_some() && self.tui.is_asked_for() {
            return Err(exit::Usage::error(
                "options of the terminal interface stand alone, or behind `ipcx tui`: no other command knows them",
            ));
        }
        let opens = self.tui.is_asked_for() || tui::is_terminal();
        // What only looks needs no settings; a file that was asked for is read all the same.
        let settings = match &self.command {
            Some(Command::Config(config)) => return config.run(asked),
            Some(Command::Man(man)) => return man.run(),
            Some(Command::Completions(completions)) => return completions.run(),
            None if opens => settings::load(asked)?,
            None if asked.is_none() => Settings::default(),
            Some(command) if asked.is_none() && command.only_looks() => Settings::default(),
            _ => settings::load(asked)?,
        };
        let read_only = self.read_only || settings.forbid_changes();
        match self.command {
            None if opens => self.tui.run(read_only, settings),
            None => ls::Ls::default().run(),
            Some(Command::Tui(tui)) => tui.run(read_only, settings),
            Some(Command::Ls(ls)) => ls.run(),
            Some(Command::Show(show)) => show.run(),
            Some(Command::Peek(peek)) => peek.run(read_only),
            Some(Command::Send(send)) => send.run(read_only),
            Some(Command::Recv(recv)) => recv.run(read_only),
            Some(Command::Create(create)) => create.run(read_only),
            Some(Command::Set(set)) => set.run(read_only),
            Some(Command::Rm(rm)) => rm.run(read_only, settings.backup),
            Some(Command::Leaks(leaks)) => leaks.run(),
            Some(Command::Clean(clean)) => clean.run(read_only, settings.backup),
            Some(Command::Undo(undo)) => undo.run(read_only, settings.backup),
            Some(Command::Kill(kill)) => kill.run(read_only),
            Some(Command::Graph(graph)) => graph.run(),
            Some(Command::Limits(limits)) => limits.run(),
            Some(Command::Why(why)) => why.run(),
            Some(Command::Config(config)) => config.run(asked),
            Some(Command::Man(man)) => man.run(),
            Some(Command::Completions(completions)) => completions.run(),
            Some(Command::Keys(_)) => keys::Keys::run(&settings.keys),
        }
    }
}

/// The name of the command among these arguments, if one is there: what help is offered for.
fn subcommand(arguments: &[OsString]) -> Option<String> {
    let cli = command();
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let first = classic::first_word(&words)?;
    cli.find_subcommand(words[first]).map(|command| command.get_name().to_owned())
}

/// Whether the command among these arguments is `ipcs`, `ipcrm`, `ipcmk` or `lsipc`: those that have no option before them
/// are none of the command line's.
fn names_old_tool(arguments: &[OsString]) -> bool {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    classic::first_word(&words).is_some_and(|place| completions::is_old_name(words[place]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definitions_are_sound() {
        super::command().debug_assert();
    }
}
