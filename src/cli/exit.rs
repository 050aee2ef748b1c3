//! Exit codes, and errors as people read them: `ipcx: what failed: why`, one line each.

use crate::actions::Refusal;
use crate::kernel::ending::Ending;
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended; with several outcomes the largest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Something asked for failed or was not found.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Permission denied.
    Permission = 3,
    /// Refused: in use, read-only, not confirmed, ambiguous.
    Refused = 4,
    /// SIGHUP came to a command that holds something, and tidied up.
    HungUp = 129,
    /// SIGINT, likewise.
    Interrupted = 130,
    /// SIGTERM, likewise.
    Terminated = 143,
}

impl Exit {
    /// All, the smallest first.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Permission,
        Self::Refused,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// What it means, as help and the manual say it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "something asked for failed or was not found",
            Self::Usage => "the command line or a setting is wrong; nothing was done",
            Self::Permission => "permission denied",
            Self::Refused => "refused: in use, read-only, not confirmed, ambiguous",
            Self::HungUp => "ended by SIGHUP",
            Self::Interrupted => "interrupted (SIGINT)",
            Self::Terminated => "ended by SIGTERM",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Ending> for Exit {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Interrupt => Self::Interrupted,
            Ending::Terminate => Self::Terminated,
            Ending::HangUp => Self::HungUp,
        }
    }
}

impl From<&Refusal> for Exit {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Permission { .. } => Self::Permission,
            Refusal::Kernel(error) if error.is_permission() => Self::Permission,
            Refusal::NotFound { .. }
            | Refusal::Unremovable { .. }
            | Refusal::Changed { .. }
            | Refusal::Failed { .. }
            | Refusal::Kernel(_) => Self::Failed,
            Refusal::Unfit { .. } => Self::Usage,
            Refusal::Ambiguous { .. }
            | Refusal::Unsafe { .. }
            | Refusal::ReadOnly { .. }
            | Refusal::InUse { .. }
            | Refusal::NotConfirmed { .. } => Self::Refused,
        }
    }
}

/// The command line is wrong, found while reading it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

impl Usage {
    pub(super) fn error(error: impl std::fmt::Display) -> anyhow::Error {
        Self(error.to_string()).into()
    }

    /// Not the command line is wrong: what it asks for is not there.
    pub(super) fn failed(error: impl std::fmt::Display) -> anyhow::Error {
        anyhow::Error::msg(error.to_string())
    }
}

/// Prints one line on stderr, in one write: others write there, too. That stderr is closed is nobody's error.
pub(super) fn complain(message: &dyn std::fmt::Display) {
    let _ = io::stderr().write_all(format!("ipcx: {message}\n").as_bytes());
}

/// Prints what ended a command, and says with which code to exit.
pub(super) fn report(error: &anyhow::Error) -> Exit {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // Whoever read our output has had enough.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Exit::Done;
        }
        complain(&format_args!("cannot write: {error}"));
        return Exit::Failed;
    }
    complain(&format_args!("{error:#}"));
    if error.is::<Usage>() { Exit::Usage } else { Exit::Failed }
}

/// Help and version go to stdout; what is wrong, in one line and with the way to help, to stderr.
pub(super) fn from_clap(error: &clap::Error, command: Option<&str>) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed,
            _ => Exit::Done,
        };
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // clap's first paragraph says what is wrong, maybe in several lines; usage and hints follow it.
    let first: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let first = crate::model::escape(first.join(" ").as_bytes()).replace("\\\\", "\\");
    let command = command.map(|command| format!("{command} ")).unwrap_or_default();
    complain(&format_args!("{first}; see `ipcx {command}--help`"));
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_counts() {
        assert_eq!([Exit::Done, Exit::Refused, Exit::Failed].into_iter().max(), Some(Exit::Refused));
    }
}
