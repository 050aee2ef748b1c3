//! A test in namespaces of its own: PID, IPC, mount and network, with its own /proc, /dev/shm and scratch directory.
//!
//! The test binary runs itself again for the one test, as the first process of a new PID namespace. There it sees only
//! what the test makes, may read all of it, and whatever it leaves goes with it when that process ends, however it ends.

use super::signals::tick_after;
use super::wait;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use std::ffi::{CStr, CString};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Holds the name of the test that runs inside.
const INSIDE: &str = "IPCX_TEST_INSIDE";
/// Holds the scratch directory.
const SCRATCH: &str = "IPCX_TEST_SCRATCH";
/// Longest time that one test may take.
const LONGEST: Duration = Duration::from_secs(120);

/// Runs a test's body in its own namespaces, or says that it was skipped and why.
pub fn isolated(body: impl FnOnce()) {
    let name = std::thread::current().name().unwrap().to_owned();
    if is_inside() {
        assert_eq!(std::env::var(INSIDE).unwrap(), name);
        assert_eq!(std::process::id(), 1, "not the first process of a PID namespace");
        if name.starts_with("why") {
            outlive_the_tick_of_the_start();
        }
        return body();
    }
    // Of this thread's children only; the thread is this test's alone and starts no other thread from here on.
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
        return skip(&name, &format!("no PID namespace: {errno}"));
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut log = tempfile::tempfile().unwrap();
    let place = CString::new(scratch.path().as_os_str().as_bytes()).unwrap();
    let mut command = Command::new("/proc/self/exe");
    command.args([&*name, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(INSIDE, &name).env(SCRATCH, scratch.path()).env("TMPDIR", scratch.path());
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap());
    // SAFETY: `enter` makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(move || enter(&place)) };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if is_refusal(&error) => return skip(&name, &format!("no namespaces: {error}")),
        Err(error) => panic!("cannot run in namespaces: {error}"),
    };
    let ended = wait::until(LONGEST, || child.try_wait().unwrap());
    if ended.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut text = Vec::new();
    log.rewind().unwrap();
    log.read_to_end(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text);
    let ran = ended.is_some_and(|status| status.success()) && text.contains("1 passed");
    assert!(ran, "inside, it ended with {ended:?}:\n{text}");
    for line in text.lines().filter(|line| line.starts_with("SKIPPED")) {
        loudly(line);
    }
}

/// `why` tells pipes that were made in here from those that came from outside by their time, which files have by a clock that
/// is a tick behind, and this process started within one: what a test makes has to be younger than both.
fn outlive_the_tick_of_the_start() {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap();
    tick_after(ticks.parse::<u64>().unwrap() + 2);
}

/// The same for a test with objects or processes of other users, of whom a user namespace may know none.
pub fn isolated_with_users(body: impl FnOnce()) {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if map.split_whitespace().eq(["0", "0", "4294967295"]) {
        isolated(body);
    } else {
        skip(std::thread::current().name().unwrap(), "this user namespace does not know every user");
    }
}

/// Whether this process is one that [`isolated`] started, or a child of it.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// A directory that is empty at a test's start, on a file system of its own, open to every user.
pub fn scratch() -> PathBuf {
    PathBuf::from(std::env::var_os(SCRATCH).unwrap())
}

/// Says that a test, or a part of it, could not run here.
pub fn skip(name: &str, reason: &str) {
    loudly(&format!("SKIPPED {name}: {reason}"));
}

/// Past libtest, which keeps what passing tests print.
fn loudly(line: &str) {
    io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSPC | libc::ENODEV | libc::EINVAL))
}

/// In the new process, before it becomes the test binary.
fn enter(scratch: &CStr) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    // Who runs the tests under `nohup` has SIGHUP ignored, and a shell in the background SIGINT; the programs that are tested
    // would heed that.
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGTSTP] {
        // SAFETY: no handler is set.
        unsafe { nix::sys::signal::signal(signal, nix::sys::signal::SigHandler::SigDfl) }?;
    }
    // What cargo hands down (its job server's pipe) is none of the test's.
    let (first, last) = (3 as libc::c_uint, libc::c_uint::MAX);
    // SAFETY: only marks descriptors to be closed by `exec`.
    let marked = unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) };
    nix::errno::Errno::result(marked)?;
    unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)?;
    let nothing: Option<&CStr> = None;
    mount(nothing, c"/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    mount(Some(c"proc"), c"/proc", Some(c"proc"), MsFlags::empty(), nothing)?;
    for place in [c"/dev/shm", scratch] {
        mount(Some(c"ipcx-test"), place, Some(c"tmpfs"), MsFlags::empty(), Some(c"mode=1777"))?;
    }
    bring_up_loopback()
}

/// `ip link set lo up`.
fn bring_up_loopback() -> io::Result<()> {
    // SAFETY: by value; the descriptor is closed below.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: integers, bytes and unions of such; all zero is a valid one.
    let mut request = unsafe { std::mem::zeroed::<libc::ifreq>() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed();
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads one ifreq.
    let result = unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request) };
    let error = io::Error::last_os_error();
    // SAFETY: opened above, and used by nothing else.
    unsafe { libc::close(socket) };
    if result < 0 { Err(error) } else { Ok(()) }
}

/// The bytes of a path.
pub fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
