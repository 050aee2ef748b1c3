//! `ipcx config`: the template of config.toml, whether one is right, and where it is looked for.

use super::exit::{Exit, Usage};
use super::print::to_stdout;
use super::settings::{place, read, shown};
use crate::config::TEMPLATE;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  ipcx config print >~/.config/ipcx/config.toml   a file of one's own to begin with
  ipcx config check                               whether it is right, and where it is not";

/// Print, check or find the settings
///
/// None of these writes anything: ipcx never writes config.toml.
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = false)]
#[command(after_help = EXAMPLES)]
pub(super) struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every setting with its default and what it is for
    Print,
    /// Say whether a file is right, or where it is wrong
    Check {
        /// This file, instead of the one that ipcx reads
        file: Option<PathBuf>,
    },
    /// Print the path of the file that ipcx reads, whether it is there or not
    Path,
}

impl Config {
    /// `asked` is `--config`.
    pub(super) fn run(&self, asked: Option<&Path>) -> anyhow::Result<Exit> {
        let line = match &self.what {
            What::Print => TEMPLATE.to_owned(),
            What::Check { file } => check(file.as_deref().or(asked))?,
            What::Path => format!("{}\n", shown(&found(asked)?)),
        };
        to_stdout(|out| out.write_all(line.as_bytes()))?;
        Ok(Exit::Done)
    }
}

fn check(asked: Option<&Path>) -> anyhow::Result<String> {
    let there = read(asked)?.is_some();
    let path = shown(&found(asked)?);
    Ok(if there { format!("{path}: fine\n") } else { format!("{path}: not there; the defaults hold\n") })
}

fn found(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    place(asked).ok_or_else(|| Usage::failed("there is no place for config.toml: set XDG_CONFIG_HOME or HOME"))
}
