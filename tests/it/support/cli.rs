//! The binary, run as a person or a program runs it.

use super::isolated::scratch;
use super::{eventually, state_of};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// How a run ended.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// A command that is told nothing by its environment, but where to keep its backups, and that there are no settings.
pub fn command<T: AsRef<OsStr>>(arguments: &[T]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipcx"));
    command.args(arguments).env_clear().env("TZ", "UTC").env("XDG_STATE_HOME", state_home()).stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", scratch().join(".config"));
    command
}

/// Where root's backups go.
pub fn state_home() -> PathBuf {
    scratch().join(".state")
}

/// Runs it to its end, as root and with output that is no terminal.
pub fn ipcx<T: AsRef<OsStr>>(arguments: &[T]) -> Ran {
    finish(&mut command(arguments))
}

/// Runs it to its end; what it printed need not be text.
pub fn ipcx_bytes<T: AsRef<OsStr>>(arguments: &[T]) -> (i32, Vec<u8>) {
    let Output { status, stdout, .. } = command(arguments).output().unwrap();
    (status.code().unwrap_or(-1), stdout)
}

/// Runs it as another user.
pub fn ipcx_as<T: AsRef<OsStr>>(uid: u32, arguments: &[T]) -> Ran {
    finish(&mut command_as(uid, arguments))
}

/// The same as [`command`], for another user.
pub fn command_as<T: AsRef<OsStr>>(uid: u32, arguments: &[T]) -> Command {
    // The user may have no way to where the tests were built.
    let copy = scratch().join(".ipcx");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_ipcx"), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(copy);
    command.args(arguments).env_clear().env("TZ", "UTC").stdin(Stdio::null()).current_dir("/");
    command.env("XDG_STATE_HOME", state_home_of(uid)).env("XDG_CONFIG_HOME", scratch().join(".config"));
    command.uid(uid).gid(uid);
    command
}

/// Where another user's backups go; made for him if need be.
pub fn state_home_of(uid: u32) -> PathBuf {
    let place = scratch().join(format!(".state-{uid}"));
    if !place.exists() {
        fs::create_dir(&place).unwrap();
        std::os::unix::fs::chown(&place, Some(uid), Some(uid)).unwrap();
    }
    place
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

/// A listing as JSON.
pub fn json<T: AsRef<OsStr>>(arguments: &[T]) -> Value {
    let ran = ipcx(arguments);
    assert_eq!(ran.status, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// The one object of a JSON document that has this address.
pub fn object<'a>(document: &'a Value, address: &str) -> &'a Value {
    let objects = document["objects"].as_array().unwrap();
    let found: Vec<&Value> = objects.iter().filter(|object| object["address"] == address).collect();
    assert_eq!(found.len(), 1, "{address} in {document:#}");
    found[0]
}

/// Runs it with a terminal of this width as standard output, and returns what the terminal got.
pub fn on_terminal<T: AsRef<OsStr>>(width: u16, arguments: &[T], environment: &[(&str, &str)]) -> String {
    let (mut ours, theirs) = terminal(width);
    let mut command = command(arguments);
    command.envs(environment.iter().copied()).stdout(theirs).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Else this process keeps the terminal open for ever.
    drop(command);
    let mut text = Vec::new();
    // A terminal whose last user has gone ends with EIO.
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        text.extend_from_slice(&buffer[..length]);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    String::from_utf8(text).unwrap()
}

/// A new terminal of this width: our end, and the one for the program.
pub fn terminal(width: u16) -> (File, OwnedFd) {
    let size = libc::winsize { ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut ours, mut theirs) = (-1, -1);
    let (name, settings) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: two integers to write to, no name and no settings, and a size that is only read.
    let result = unsafe { libc::openpty(&raw mut ours, &raw mut theirs, name, settings, &raw const size) };
    assert_eq!(result, 0, "openpty: {}", io::Error::last_os_error());
    // SAFETY: the call just returned both descriptors; nothing else owns them.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

/// A directory entry in the scratch directory.
pub fn place(name: &str) -> PathBuf {
    scratch().join(name)
}

/// A run that goes on beside the test; output is kept for [`Running::end`].
pub struct Running(std::process::Child);

/// Starts it, and waits until it sleeps in one of these calls.
pub fn sleeping<T: AsRef<OsStr>>(arguments: &[T], calls: &[libc::c_long]) -> Running {
    let running = started(&mut command(arguments));
    eventually(&format!("it sleeps in one of {calls:?}"), || {
        let call = fs::read_to_string(format!("/proc/{}/syscall", running.0.id())).unwrap_or_default();
        call.split(' ').next().and_then(|call| call.parse().ok()).is_some_and(|call| calls.contains(&call))
    });
    running
}

/// Starts a command.
pub fn started(command: &mut Command) -> Running {
    Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

impl Running {
    /// Sends it a signal.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0.id().cast_signed()), signal).unwrap();
    }

    /// Stops it, and waits until all of it stands still.
    pub fn stop(&self) {
        self.signal(nix::sys::signal::Signal::SIGSTOP);
        eventually("it has stopped", || state_of(self.0.id()) == 'T');
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        ran(self.0.wait_with_output().unwrap())
    }

    /// Waits for its end, and tells by which signal it came.
    pub fn ended_by(self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.0.wait_with_output().unwrap().status)
    }
}

/// Runs it with this as standard input.
pub fn fed<T: AsRef<OsStr>>(input: &[u8], arguments: &[T]) -> Ran {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have seen enough before the end.
    let _ = io::Write::write_all(&mut child.stdin.take().unwrap(), input);
    ran(child.wait_with_output().unwrap())
}

fn ran(Output { status, stdout, stderr }: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("everything printed is UTF-8");
    Ran { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}
