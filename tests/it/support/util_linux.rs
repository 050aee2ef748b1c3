//! The same command line given to util-linux's tool and to ours under its name, and what both said, byte for byte.

use super::isolated::{scratch, skip};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The release that is compared with; others say and do some things in other ways.
const RELEASE: &str = "2.38";

/// A command line, and who gives it where.
#[derive(Debug, Clone)]
pub struct Case {
    pub tool: &'static str,
    pub arguments: Vec<String>,
    /// `NAME=value`; beside them only TZ=UTC, unless it is among them.
    pub environment: Vec<String>,
    pub uid: u32,
}

/// What a program said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub status: String,
    pub out: String,
    pub err: String,
}

/// A difference that is meant: in which cases, and why.
pub struct Difference {
    pub when: fn(&Case, &Said) -> bool,
    pub why: &'static str,
}

/// A case in the C locale, as root.
pub fn case(tool: &'static str, arguments: &[&str]) -> Case {
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    Case { tool, arguments, environment: vec!["LC_ALL=C".to_owned()], uid: 0 }
}

impl Case {
    /// The same with these variables alone.
    pub fn with(mut self, environment: &[&str]) -> Self {
        self.environment = environment.iter().map(|variable| (*variable).to_owned()).collect();
        self
    }

    /// The same as another user.
    pub fn by(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }

    /// What util-linux's tool says.
    pub fn theirs(&self) -> Said {
        self.run(Command::new(installed(self.tool).unwrap()))
    }

    /// What ours says under its name.
    pub fn ours(&self) -> Said {
        self.run(Command::new(our(self.tool)))
    }

    fn run(&self, mut command: Command) -> Said {
        // Both are called by the same name: the C library repeats it in its messages.
        command.arg0(self.tool).args(&self.arguments).env_clear().env("TZ", "UTC").stdin(Stdio::null());
        command.envs(self.environment.iter().map(|variable| variable.split_once('=').unwrap()));
        command.uid(self.uid).gid(self.uid).current_dir("/");
        said(&command.output().unwrap())
    }
}

fn said(output: &Output) -> Said {
    let status = match (output.status.code(), output.status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, signal) => format!("signal {signal:?}"),
    };
    // What is no text is shown so that nothing is lost.
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    };
    Said { status, out: text(&output.stdout), err: text(&output.stderr) }
}

/// Where ours is, under one of the old names, for every user.
pub fn our(tool: &str) -> PathBuf {
    let place = scratch().join("ul-bin");
    if !place.exists() {
        fs::create_dir(&place).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_ipcx"), place.join("ipcx")).unwrap();
        for name in ["ipcs", "ipcrm", "ipcmk", "lsipc"] {
            symlink("ipcx", place.join(name)).unwrap();
        }
    }
    place.join(tool)
}

/// Where util-linux's tool is, if it is there in a release that can be compared with; else says loudly that the comparison
/// is skipped.
pub fn installed(tool: &str) -> Option<PathBuf> {
    let found =
        ["/usr/bin", "/bin"].map(|place| PathBuf::from(place).join(tool)).into_iter().find(|path| path.exists());
    let version = found.as_ref().and_then(|path| Command::new(path).arg("-V").env_clear().output().ok());
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if version.starts_with(&format!("{tool} from util-linux {RELEASE}")) {
        return found;
    }
    skip("comparison with util-linux", &format!("{tool} of {RELEASE} is not installed (found: {version:?})"));
    None
}

/// Runs each case with both and compares stdout, stderr and status. `differences` are those that are meant; each has to
/// occur, so that none outlives its reason.
pub fn compare(cases: &[Case], differences: &[Difference]) {
    let (mut wrong, mut met) = (Vec::new(), vec![false; differences.len()]);
    for case in cases {
        let (theirs, ours) = (case.theirs(), case.ours());
        if theirs == ours {
            continue;
        }
        match differences.iter().position(|difference| (difference.when)(case, &theirs)) {
            Some(known) => met[known] = true,
            None => wrong.push(format!("{case:?}\ntheirs: {theirs:#?}\nours:   {ours:#?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    for (difference, met) in differences.iter().zip(met) {
        assert!(met, "no case shows this difference any more: {}", difference.why);
    }
}
