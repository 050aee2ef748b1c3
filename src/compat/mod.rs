//! The old names: `ipcs`, `ipcrm`, `ipcmk` and `lsipc` as util-linux has them, byte for byte on standard output, with its
//! messages and exit statuses; `man 1 ipcx-ipcs` lists where they differ on purpose.
//!
//! One file or folder for each. What they share is here: by which name the program was called, options as `getopt_long(3)`
//! reads them, numbers as `strtol(3)` does, output that is checked to the end, names of users asked once.

mod amount;
mod ctime;
mod getopt;
mod ipcmk;
mod ipcrm;
mod ipcs;
mod lists;
mod lsipc;
mod names;
mod number;
mod out;
mod size;

use crate::actions::Policy;
use crate::config::{Settings, config_file};
use crate::kernel::{file, users};
use getopt::{Getopt, Known};
use out::Stop;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// The release of util-linux that is followed; what later ones added is there too.
const RELEASE: &str = "2.38.1";

/// One of the old tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Ipcs,
    Ipcrm,
    Ipcmk,
    Lsipc,
}

impl Tool {
    fn of(name: &OsStr) -> Option<Self> {
        match name.as_bytes() {
            b"ipcs" => Some(Self::Ipcs),
            b"ipcrm" => Some(Self::Ipcrm),
            b"ipcmk" => Some(Self::Ipcmk),
            b"lsipc" => Some(Self::Lsipc),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ipcs => "ipcs",
            Self::Ipcrm => "ipcrm",
            Self::Ipcmk => "ipcmk",
            Self::Lsipc => "lsipc",
        }
    }
}

/// The program was called by an old name.
#[derive(Debug)]
pub struct Call {
    tool: Tool,
    /// As the program was called, for the messages about options: the C library repeats it whole.
    program: OsString,
    words: Vec<OsString>,
    /// `ipcx --read-only ipcrm …`
    read_only: bool,
}

/// The old tool that these arguments (the program's name first) ask for: by that name, or by the first word, which only
/// `--read-only` may stand before, or `help`. Errors: none; then they are given back.
pub fn called(arguments: Vec<OsString>) -> Result<Call, Vec<OsString>> {
    let file_name = |word: &OsString| Path::new(word).file_name().and_then(Tool::of);
    if let Some(tool) = arguments.first().and_then(file_name) {
        let mut words = arguments.into_iter();
        let program = words.next().unwrap_or_default();
        return Ok(Call { tool, program, words: words.collect(), read_only: false });
    }
    let before = arguments.iter().skip(1).take_while(|word| *word == "--read-only").count();
    let helps = arguments.get(1 + before).is_some_and(|word| word == "help");
    let place = 1 + before + usize::from(helps);
    match arguments.get(place).and_then(|word| Tool::of(word)) {
        Some(tool) => {
            let help = helps.then(|| OsString::from("--help"));
            let words = help.into_iter().chain(arguments.into_iter().skip(place + 1)).collect();
            Ok(Call { tool, program: tool.name().into(), words, read_only: before > 0 })
        }
        None => Err(arguments),
    }
}

impl Call {
    /// Runs it. As with the tools themselves, a reader of standard output that has gone ends it by SIGPIPE.
    pub fn run(self) -> ExitCode {
        crate::kernel::streams::heed_broken_pipes();
        let tool = self.tool.name();
        let ended = match self.tool {
            Tool::Ipcs => ipcs::run(self),
            Tool::Ipcrm => ipcrm::run(self),
            Tool::Ipcmk => ipcmk::run(self),
            Tool::Lsipc => lsipc::run(self),
        };
        match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(stop) => stop.tell(tool),
        }
    }

    /// The options of this call.
    fn options<T: Copy + PartialEq>(&mut self, known: &'static [Known<T>]) -> Getopt<'static, T> {
        let strict = std::env::var_os("POSIXLY_CORRECT").is_some();
        Getopt::new(known, std::mem::take(&mut self.words), strict)
    }

    /// A wrong option, in the words of the C library, and where help is.
    fn misused(&self, message: &[u8]) -> Stop {
        Stop::Misused([self.program.as_bytes(), b": ", message].concat())
    }

    /// The tool's own complaint about the command line, and where help is.
    fn wrong(&self, message: &[u8]) -> Stop {
        Stop::Misused([self.tool.name().as_bytes(), b": ", message].concat())
    }

    /// What may be done, for a tool that acts: nothing in read-only mode, and nothing where the settings cannot be read.
    fn policy(&self) -> Result<Policy, Stop> {
        let settings = match config_file(users::own_home) {
            Some(path) => Settings::load(&path, file::read_own).map_err(|error| Stop::because(error.to_string()))?,
            None => None,
        };
        let read_only = self.read_only || settings.unwrap_or_default().forbid_changes();
        Ok(Policy { read_only, ..Policy::default() })
    }

    /// What `--version` prints.
    fn version(&self) -> String {
        format!("{} from util-linux {RELEASE} (ipcx {})\n", self.tool.name(), env!("CARGO_PKG_VERSION"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn by_which_name() {
        let call = |line: &str| called(line.split(' ').map(OsString::from).collect());
        for (line, words) in [
            ("ipcs -q", 1),
            ("/usr/bin/ipcs", 0),
            ("ipcx ipcs -q -i", 2),
            ("./ipcx --read-only ipcs -q", 1),
            ("ipcs ipcs", 1),
            ("ipcx help ipcs", 1),
        ] {
            let call = call(line).unwrap();
            assert_eq!((call.tool, call.words.len()), (Tool::Ipcs, words), "{line}");
            assert_eq!(call.read_only, line.contains("read-only"), "{line}");
        }
        for line in [
            "ipcx",
            "ipcx ls ipcs",
            "ipcx --config ipcs ls",
            "ipcx --read-only",
            "xipcs -q",
            "ipcx ipcs2",
            "ipcx help ls",
            "",
        ] {
            assert!(call(line).is_err(), "{line}");
        }
        assert!(called(Vec::new()).is_err());
    }
}
