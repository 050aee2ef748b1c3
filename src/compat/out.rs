//! What goes out: standard output that is checked to the end, messages with the tool's name before them, exit statuses.

use crate::kernel::c_words;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;

/// Why a tool ends before its time; each has exit status 1.
#[derive(Debug)]
pub(super) enum Stop {
    /// The message is out already, or there is none.
    Failed,
    /// With this message.
    Because(Vec<u8>),
    /// The command line is wrong: this message, the program's name before it already, and where help is.
    Misused(Vec<u8>),
    /// Standard output took no more.
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Stop {
    /// With this message.
    pub(super) fn because(message: impl Into<Vec<u8>>) -> Self {
        Self::Because(message.into())
    }

    /// Says why, and with which status to exit.
    pub(super) fn tell(self, tool: &str) -> ExitCode {
        match self {
            Self::Failed => {}
            Self::Because(message) => complain(tool, &message),
            Self::Misused(message) => {
                let help = format!("\nTry '{tool} --help' for more information.\n");
                write_error(&[&message, help.as_bytes()].concat());
            }
            // Who read it has had enough, and SIGPIPE is ignored: that is no failure.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Self::Output(error) => complain(tool, format!("write error: {}", c_words(&error)).as_bytes()),
        }
        ExitCode::FAILURE
    }
}

/// Writes what was said so far, also where something ended the tool before its time. That both failed is told of both.
pub(super) fn finish(tool: &str, mut out: impl Write, ended: Result<(), Stop>) -> Result<(), Stop> {
    match (out.flush(), ended) {
        (Ok(()), ended) => ended,
        (Err(error), Ok(())) => Err(error.into()),
        (Err(error), Err(stop)) => {
            stop.tell(tool);
            Err(error.into())
        }
    }
}

/// A message on standard error. Bytes of the command line stand in it as they were typed, as the tools do it.
pub(super) fn complain(tool: &str, message: &[u8]) {
    write_error(&[tool.as_bytes(), b": ", message, b"\n"].concat());
}

/// That standard error is closed is nobody's error.
fn write_error(text: &[u8]) {
    let _ = io::stderr().write_all(text);
}

/// Standard output, whole pages at a time. What is left has to be written with `flush`, whose error counts.
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// A text by itself: help, the version.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
