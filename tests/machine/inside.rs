//! Within the machine: the first process mounts what a system needs, makes objects whose users live, die and hide, and asks
//! ipcx. Every other process is this program again, in a role.

use crate::{HELD, UP};
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use serde_json::Value;
use std::fs;
use std::io::{IoSlice, Read, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// In the environment of every process of the machine: its role.
pub(crate) const MARK: &str = "IPCX_TEST_MACHINE";
/// What the first process is called with.
pub(crate) const ARGUMENTS: &str = "--exact everything_in_sight --nocapture --test-threads=1";

/// Two users without any process at the start.
const USER: u32 = 1000;
const OTHER: u32 = 1001;

pub(crate) fn is_inside() -> bool {
    std::env::var_os(MARK).is_some()
}

pub(crate) fn run() {
    let role = std::env::var(MARK).unwrap();
    match role.split_once(' ').unwrap_or((&role, "")) {
        ("1", _) => first_process(),
        ("hold", _) => hold(()),
        // What it reads never comes.
        ("read", _) => hold(std::io::stdin().read(&mut [0])),
        ("listen", path) => hold(UnixListener::bind(path).unwrap()),
        ("move", paths) => {
            let (from, to) = paths.split_once(' ').unwrap();
            let listener = UnixListener::bind(from).unwrap();
            fs::rename(from, to).unwrap();
            hold(listener)
        }
        ("listen-elsewhere", path) => {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
            hold(UnixListener::bind(path).unwrap())
        }
        // Standard input goes into a socket, and nobody takes it out.
        ("send-elsewhere", _) => {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
            let pair = UnixStream::pair().unwrap();
            let rights = [ControlMessage::ScmRights(&[0])];
            let text = [IoSlice::new(b"x")];
            sendmsg::<()>(pair.0.as_raw_fd(), &text, &rights, MsgFlags::empty(), None).unwrap();
            nix::unistd::dup2_stdin(fs::File::open("/dev/null").unwrap()).unwrap();
            hold(pair)
        }
        _ => panic!("no such role: {role}"),
    }
}

/// Says that all is made, and keeps it.
fn hold<T>(_kept: T) -> ! {
    fs::write(ready(std::process::id()), "").unwrap();
    loop {
        std::thread::park();
    }
}

fn ready(pid: u32) -> String {
    format!("/tmp/{pid}")
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn first_process() {
    let nothing: Option<&str> = None;
    let place = |kind: &str, at: &str, options: Option<&str>| {
        fs::create_dir_all(at).unwrap();
        mount(Some(kind), at, Some(kind), MsFlags::empty(), options).unwrap();
    };
    for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        place(kind, at, nothing);
    }
    for at in ["/dev/shm", "/tmp", "/run"] {
        place("tmpfs", at, Some("mode=1777"));
    }
    place("mqueue", "/dev/mqueue", nothing);
    for number in 0..4 {
        // Built into the kernel, or not there at all.
        let Ok(module) = fs::File::open(format!("/modules/{number}.ko")) else { continue };
        finit_module(&module, c"", ModuleInitFlags::empty()).unwrap();
    }
    std::io::stdout().write_all(format!("{UP}\n").as_bytes()).unwrap();
    what_is_left_and_what_is_not();
    who_waits_for_ever();
    an_ordinary_user();
    std::io::stdout().write_all(format!("{HELD}\n").as_bytes()).unwrap();
    reboot(RebootMode::RB_POWER_OFF).unwrap();
}

/// A process in a role, when it has made what belongs to it.
struct Member(Child);

impl Member {
    fn begin(role: &str, stdin: Stdio, stderr: Stdio, uid: u32) -> Self {
        let mut command = Command::new("/init");
        command.args(ARGUMENTS.split(' ')).env(MARK, role).current_dir("/run").uid(uid).gid(uid);
        // The test's frame prints to standard output.
        Self(command.stdin(stdin).stdout(Stdio::null()).stderr(stderr).spawn().unwrap())
    }

    fn new(role: &str, stdin: Stdio, stderr: Stdio) -> Self {
        Self::begin(role, stdin, stderr, 0).wait_until_ready()
    }

    fn quiet(role: &str) -> Self {
        Self::new(role, Stdio::null(), Stdio::null())
    }

    fn wait_until_ready(self) -> Self {
        eventually("a process holds what it should", || Path::new(&ready(self.pid())).exists());
        self
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        std::mem::forget(self);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs ipcx; what it prints, and how it ended.
fn ipcx_as(uid: u32, arguments: &[&str]) -> (String, i32) {
    let mut command = Command::new("/ipcx");
    command.args(arguments).env_clear().env("XDG_STATE_HOME", "/tmp/state").stdin(Stdio::null()).uid(uid).gid(uid);
    let ran = command.output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    (told, ran.status.code().unwrap())
}

fn ipcx(arguments: &[&str]) -> String {
    let (told, status) = ipcx_as(0, arguments);
    assert_eq!(status, 0, "{arguments:?}: {told}");
    told
}

fn json_as(uid: u32, arguments: &[&str]) -> Value {
    let ran =
        Command::new("/ipcx").args(arguments).env_clear().stdin(Stdio::null()).uid(uid).gid(uid).output().unwrap();
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// What stands in a document about the object with this address: its state, and whether that is certain.
fn state<'a>(document: &'a Value, address: &str) -> (&'a str, bool) {
    let object = document["objects"].as_array().unwrap().iter().find(|object| object["address"] == address);
    let verdict = &object.unwrap_or_else(|| panic!("{address} is not in {document:#}"))["verdict"];
    (verdict["state"].as_str().unwrap(), verdict["certain"].as_bool().unwrap())
}

/// Address of what a process has open under a number.
fn address(of: &Member, fd: u32) -> String {
    fs::read_link(format!("/proc/{}/fd/{fd}", of.pid())).unwrap().to_str().unwrap().to_owned()
}

fn what_is_left_and_what_is_not() {
    // A pipe without a reader, one without a writer, and one that has both.
    let (reader, writer) = pipe().unwrap();
    let unread = Member::new("hold", Stdio::null(), writer.into());
    drop(reader);
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(b"left behind").unwrap();
    let unwritten = Member::new("hold", reader.into(), Stdio::null());
    drop(writer);
    let (reader, writer) = pipe().unwrap();
    let whole = [Member::new("hold", reader.into(), Stdio::null()), Member::new("hold", Stdio::null(), writer.into())];
    let (one, other) = UnixStream::pair().unwrap();
    let half = Member::new("hold", OwnedFd::from(one).into(), Stdio::null());
    drop(other);
    Member::quiet("listen /run/stale.sock").kill();
    let _live = ["listen relative.sock", "move /run/before.sock /run/renamed.sock"].map(Member::quiet);
    nix::unistd::mkfifo("/run/lonely.fifo", nix::sys::stat::Mode::S_IRUSR).unwrap();
    // Nobody else of the first user is there; of the second one who was there before.
    let older = Member::begin("hold", Stdio::null(), Stdio::null(), OTHER).wait_until_ready();
    for (uid, key) in [(USER, "0x11"), (OTHER, "0x21")] {
        for kind in [&["queue"][..], &["shm", "--size", "4K"], &["sem", "--values", "1"]] {
            let (told, status) = ipcx_as(uid, &[&["create"], kind, &["--key", key]].concat());
            assert_eq!(status, 0, "{told}");
        }
        assert_eq!(ipcx_as(uid, &["send", &format!("queue:{key}"), "message"]).1, 0);
    }
    let ids: Vec<String> = json_as(0, &["ls", "--sysv", "--json"])["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| format!("{} {}", object["key"].as_str().unwrap(), object["address"].as_str().unwrap()))
        .collect();
    let of = |key: &str, kind: &str| {
        let found = ids.iter().find_map(|id| id.strip_prefix(key)?.trim_start().starts_with(kind).then_some(id));
        found.unwrap().split_once(' ').unwrap().1.to_owned()
    };

    let all = json_as(0, &["ls", "--json", "/run"]);
    assert_eq!(
        (&all["visibility"]["complete"], &all["visibility"]["notes"]),
        (&Value::Bool(true), &serde_json::json!([]))
    );
    let mine = |kind| state(&all, &of("0x00000011", kind)).0;
    assert_eq!(state(&all, &address(&unread, 2)), ("leaked", true));
    assert_eq!(state(&all, &address(&unwritten, 0)).0, "suspect");
    assert_eq!(state(&all, &address(&whole[0], 0)), ("in-use", true));
    assert_eq!(state(&all, &address(&half, 0)), ("leaked", true));
    assert_eq!(state(&all, "unix:/run/stale.sock"), ("leaked", true));
    assert_eq!(state(&all, "fifo:/run/lonely.fifo").0, "suspect");
    assert_eq!([mine("queue"), mine("shm"), mine("sem")], ["leaked", "leaked", "leaked"]);
    assert_eq!(state(&all, &of("0x00000021", "queue")).0, "suspect", "a process of its owner may know it");
    let leaks = json_as(0, &["leaks", "--json", "/run"]);
    let leaked = |document: &Value, name: &str| {
        let objects = document["objects"].as_array().unwrap();
        objects.iter().any(|object| object["verdict"]["state"] == "leaked" && object["path"] == name)
    };
    assert!(leaked(&leaks, "/run/stale.sock"));
    for live in ["/run/relative.sock", "/run/renamed.sock"] {
        assert!(!leaked(&leaks, live), "{leaks:#}");
    }

    let told = ipcx(&["clean", "--yes", "/run"]);
    let left: Vec<String> = {
        let mut names: Vec<_> =
            fs::read_dir("/run").unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(left, ["lonely.fifo", "relative.sock", "renamed.sock"], "{told}");
    let left = json_as(0, &["ls", "--sysv", "--json"]);
    assert!(left["objects"].as_array().unwrap().iter().all(|object| object["key"] == "0x00000021"), "{left:#}");
    assert!(told.contains("removed unix:/run/stale.sock") && told.contains("removed queue:"), "{told}");
    drop(older);
    // What the dead process left is found when the last who could know it has ended.
    let left = json_as(0, &["leaks", "--json"]);
    assert_eq!(state(&left, &of("0x00000021", "queue")).0, "leaked");
    // A socket of another network namespace is in no table here, and may be bound to any file.
    let elsewhere = Member::quiet("listen-elsewhere /run/elsewhere.sock");
    let all = json_as(0, &["ls", "-x", "--json", "/run"]);
    assert_ne!(state(&all, "unix:/run/elsewhere.sock").0, "leaked");
    elsewhere.kill();
    // Nor are the descriptors that are on their way in one.
    let (reader, writer) = pipe().unwrap();
    let sends = Member::new("send-elsewhere", reader.into(), Stdio::null());
    let keeper = Member::new("hold", Stdio::null(), writer.into());
    let of_pipe = || {
        let pipes = json_as(0, &["ls", "-p", "--json"]);
        let (state, certain) = state(&pipes, &address(&keeper, 2));
        (state.to_owned(), certain)
    };
    assert_eq!(of_pipe(), ("suspect".to_owned(), false));
    sends.kill();
    assert_eq!(of_pipe(), ("leaked".to_owned(), true));
    let all = json_as(0, &["ls", "-x", "--json", "/run"]);
    assert_eq!(state(&all, "unix:/run/elsewhere.sock"), ("leaked", true));
}

fn who_waits_for_ever() {
    let (reader_a, writer_a) = pipe().unwrap();
    let (reader_b, writer_b) = pipe().unwrap();
    let a = Member::begin("read", reader_a.into(), writer_b.into(), 0);
    let b = Member::begin("read", reader_b.into(), writer_a.into(), 0);
    eventually("both read", || reads(a.pid()) && reads(b.pid()));
    let document = json_as(0, &["why", "--deadlocks", "--json"]);
    let cycles = document["cycles"].as_array().unwrap();
    assert_eq!(cycles.len(), 1, "{document:#}");
    let mut pids: Vec<u64> = cycles[0].as_array().unwrap().iter().map(|link| link["pid"].as_u64().unwrap()).collect();
    pids.sort_unstable();
    assert_eq!(pids, [u64::from(a.pid()), u64::from(b.pid())]);
    assert!(cycles[0].as_array().unwrap().iter().all(|link| link["certain"] == true), "{document:#}");
    a.kill();
    // Its ends have gone with it: the other one has read the end of file.
    eventually("the other goes on", || Path::new(&ready(b.pid())).exists());
}

/// Whether one of its threads sleeps in reading standard input.
fn reads(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let calls = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("syscall")).unwrap_or_default());
    calls.into_iter().any(|call| call.starts_with("0 0x0 "))
}

fn an_ordinary_user() {
    Member::quiet("listen /run/again.sock").kill();
    let look = || {
        let document = json_as(USER, &["leaks", "--json", "/run"]);
        let said = document["objects"].as_array().unwrap().iter().any(|object| object["verdict"]["state"] == "leaked");
        assert!(!said, "said by one who does not see everybody: {document:#}");
        assert_eq!(document["visibility"]["complete"], false);
        document["visibility"]["notes"].to_string()
    };
    assert!(look().contains("CAP_SYS_PTRACE"));
    let other = Member::quiet("hold");
    let (told, status) = ipcx_as(USER, &["why", &other.pid().to_string()]);
    assert!(status == 3 && told.contains("CAP_SYS_PTRACE"), "{status}: {told}");
    let nothing: Option<&str> = None;
    mount(nothing, "/proc", nothing, MsFlags::MS_REMOUNT, Some("hidepid=2")).unwrap();
    assert!(look().contains("hidepid"));
    let (told, status) = ipcx_as(USER, &["why", &other.pid().to_string()]);
    assert!(status == 1 && told.contains("hidepid"), "{status}: {told}");
    assert!(json_as(USER, &["why", "--all", "--json"]).as_array().unwrap().iter().all(|one| one["pid"] != 1));
    // Root sees everybody all the same.
    let all = json_as(0, &["ls", "--json", "/run"]);
    assert_eq!(
        (&all["visibility"]["complete"], state(&all, "unix:/run/again.sock")),
        (&Value::Bool(true), ("leaked", true))
    );
}
