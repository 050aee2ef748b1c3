//! `ipcx completions`: the scripts that teach bash, zsh and fish to complete ipcx, and what they ask when Tab is pressed.
//!
//! A script hands the line as far as the cursor to `ipcx __complete SHELL …` and shows what comes back: [`answer()`] finds
//! what may stand there, [`offers`] knows which values an argument takes, and the others where those come from. Nothing is
//! printed on stderr meanwhile, nothing is changed, and no process is looked into but where a pid is asked for.

mod answer;
mod bash;
mod dropins;
mod names;
mod objects;
mod offers;

use super::Exit;
use super::print::to_stdout;
use clap::{Args, ValueEnum};
use std::io::Write;

pub(super) use answer::{ASK, answer};
pub(super) use dropins::is_one as is_old_name;

const PLACES: &str = "\
Where a script goes (make the directory first):
  bash   ipcx completions bash > ~/.local/share/bash-completion/completions/ipcx
         Without the package bash-completion, this line in ~/.bashrc instead:
         source <(ipcx completions bash)
  zsh    ipcx completions zsh > ~/.zfunc/_ipcx
         and before compinit in ~/.zshrc: fpath=(~/.zfunc $fpath)
  fish   ipcx completions fish > ~/.config/fish/completions/ipcx.fish

For every user of the machine:
  bash   /usr/share/bash-completion/completions/ipcx
  zsh    /usr/share/zsh/site-functions/_ipcx (Debian: vendor-completions)
  fish   /usr/share/fish/vendor_completions.d/ipcx.fish

A shell that runs already has to be started anew.";

/// Print the script that completes ipcx in a shell
///
/// Then Tab offers commands and options, and what there is on this machine: `ipcx rm -q <Tab>` the keys that exist, with
/// owner and message count, `ipcx show <Tab>` addresses, `ipcx kill <Tab>` processes, `ipcx undo <Tab>` what can be
/// brought back.
#[derive(Debug, Args)]
#[command(after_help = PLACES)]
pub(super) struct Completions {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        to_stdout(|out| out.write_all(self.shell.script().as_bytes()))?;
        Ok(Exit::Done)
    }
}

impl Shell {
    const fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../../assets/completions/ipcx.bash"),
            Self::Zsh => include_str!("../../../assets/completions/_ipcx"),
            Self::Fish => include_str!("../../../assets/completions/ipcx.fish"),
        }
    }
}
