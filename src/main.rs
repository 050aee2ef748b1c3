//! The binary: hands its arguments to the command line. The old names (`ipcs`, `ipcrm`, …) will be told apart here.

use std::process::ExitCode;

fn main() -> ExitCode {
    ipcx::cli::run(std::env::args_os())
}
