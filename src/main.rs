//! The binary: hands its arguments to the command line, or to the old tool whose name it was called by.

use ipcx::{cli, compat};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().collect();
    match compat::called(arguments) {
        Ok(call) => call.run(),
        Err(arguments) => cli::run(arguments),
    }
}
