//! `ipcx leaks` on objects whose whole story is known: what is found, what is not, in which order, and with what sums.

use crate::support::cli::{command, ipcx, ipcx_as, json, object, on_terminal};
use crate::support::isolated::skip;
use crate::support::users::{NOBODY, child_of};
use crate::support::wait::{second, second_after};
use crate::support::{Child, as_user, isolated, isolated_with_users, posix, scratch, sockets, sysv};
use ipcx::model::Kinds;
use ipcx::snapshot::{Want, collect};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;

/// A user of whom no process runs.
const ALONE: u32 = 4_000_000_000;

/// Runs a body in a container as engines make it: IPC and PID namespace by one call, so that all who use the one are in the
/// other. Only there can a queue be told to be leaked; an old kernel does not say how namespaces were made.
pub fn container(body: impl FnOnce()) {
    isolated_with_users(|| {
        unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWPID).unwrap();
        Child::run(&[], || {
            unshare(CloneFlags::CLONE_NEWNS).unwrap();
            let nothing: Option<&str> = None;
            mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), nothing).unwrap();
            if ipcx::kernel::namespace::ipc_was_made_with_pid() {
                body();
            } else {
                skip("container", "the kernel does not tell that these namespaces were made together");
            }
        });
    });
}

/// Addresses and states, as JSON lists them.
pub fn found(document: &Value) -> Vec<(String, String)> {
    assert_eq!(document["schema"], "ipcx.snapshot/1");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let objects = document["objects"].as_array().unwrap().iter();
    objects.map(|object| (text(&object["address"]), text(&object["verdict"]["state"]))).collect()
}

fn leaks(words: &[&str]) -> Vec<(String, String)> {
    let words: Vec<&str> = ["leaks", "--json"].into_iter().chain(words.iter().copied()).collect();
    found(&json(&words))
}

fn state_in_ls(address: &str, words: &[&str]) -> String {
    let words: Vec<&str> = ["ls", "--json"].into_iter().chain(words.iter().copied()).collect();
    object(&json(&words), address)["verdict"]["state"].as_str().unwrap().to_owned()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(address, state)| ((*address).to_owned(), (*state).to_owned())).collect()
}

/// What a user without processes leaves: a queue with a message, a set and a segment.
pub fn leave(keys: std::ops::Range<i32>) {
    as_user(ALONE, &[], || {
        for key in keys {
            match key % 3 {
                0 => sysv::send(sysv::queue(key, 0o600), 1, b"x"),
                1 => sysv::operate(sysv::semaphores(key, 1, 0o600), 0, 1),
                _ => drop(sysv::attach(sysv::segment(key, 4096, 0o600))),
            }
        }
    });
}

#[test]
fn what_is_leaked_comes_first_and_has_its_reasons() {
    container(|| {
        // Root's own, of which root may still know.
        Child::run(&[], || sysv::send(sysv::queue(0x10, 0o600), 1, b"x"));
        leave(3..6);
        let all = json(&["leaks", "--json"]);
        let expected = [("queue:1", "leaked"), ("shm:0", "leaked"), ("sem:0", "leaked"), ("queue:0", "suspect")];
        assert_eq!(found(&all), pairs(&expected));
        for object in all["objects"].as_array().unwrap() {
            assert!(!object["verdict"]["reasons"].as_array().unwrap().is_empty());
            assert_eq!(object["verdict"]["certain"], false);
        }
        let text = ipcx(&["leaks"]);
        assert_eq!(text.status, 0, "{}", text.err);
        let lines: Vec<&str> = text.out.lines().collect();
        assert!(lines[0].starts_with("ADDRESS ") && lines[0].ends_with(" WHY"), "{}", text.out);
        assert!(lines[1].starts_with("queue:1 ") && lines[4].starts_with("queue:0 "), "{}", text.out);
        assert!(text.out.contains("\n3 leaked, 1 suspect"), "{}", text.out);
        assert!(text.out.contains("\nOWNER"), "{}", text.out);
        assert!(text.out.contains("\nLEFT BY"), "all three were left by one process: {}", text.out);
        let narrow = on_terminal(80, &["leaks", "--color=never"], &[]);
        assert!(narrow.lines().all(|line| line.trim_end().len() <= 80), "{narrow}");
        assert!(narrow.contains("\n    its last sender, pid "), "{narrow}");
        let hint = "ipcx leaks /run /tmp";
        assert!(narrow.contains(hint) && !text.err.contains(hint), "only who sits there is told: {narrow}");
        assert!(!on_terminal(80, &["leaks", "-m"], &[]).contains(hint), "none of them were to be listed");
        assert!(narrow.contains("ipcx clean with the same words removes what is leaked"), "{narrow}");
    });
}

#[test]
fn a_terminal_is_told_of_what_is_idle() {
    container(|| {
        sysv::semaphores(0x20, 1, 0o600);
        let shown = on_terminal(80, &["leaks", "-s"], &[]);
        assert!(shown.contains("nothing is leaked") && shown.contains("1 more is idle"), "{shown}");
        assert!(!on_terminal(80, &["leaks", "-m"], &[]).contains("idle"), "sets were not asked for");
    });
}

#[test]
fn a_leak_shows_up_while_it_watches() {
    container(|| {
        let mut watching =
            command(&["leaks", "--watch=0.1", "-m"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert_eq!(lines.next().as_deref(), Some("nothing is leaked"));
        leave(5..6);
        assert!(lines.any(|line| line.starts_with("shm:0 ")), "it ended");
        // That nobody reads on is no error.
        drop(lines);
        assert_eq!(watching.wait().unwrap().code(), Some(0));
    });
}

#[test]
fn filters_ages_and_exit_codes() {
    container(|| {
        assert_eq!(leaks(&[]), []);
        let none = ipcx(&["leaks", "--exit-code"]);
        assert_eq!((none.status, &*none.out), (0, "nothing is leaked\n"), "{}", none.err);
        let nowhere = ipcx(&["leaks", "/no/such/place"]);
        assert_eq!((nowhere.status, &*nowhere.out), (0, "nothing is leaked\n"));
        assert!(nowhere.err.contains("`/no/such/place` is no directory"), "{}", nowhere.err);
        leave(3..6);
        assert_eq!(ipcx(&["leaks"]).status, 0);
        for format in ["--json", "--csv", "--ndjson", "--no-header"] {
            assert_eq!(ipcx(&["leaks", "--exit-code", format]).status, 1, "{format}");
        }
        assert_eq!(leaks(&["-m"]), pairs(&[("shm:0", "leaked")]));
        assert_eq!(leaks(&["key:3"]), pairs(&[("queue:0", "leaked")]));
        assert_eq!(leaks(&["!key:3", "-q", "-s"]), pairs(&[("sem:0", "leaked")]));
        assert_eq!(leaks(&["suspect"]), []);
        assert_eq!(leaks(&["--older-than", "1d"]), []);
        assert_eq!(leaks(&["--older-than", "0s"]).len(), 3);
        assert_eq!(leaks(&["--sort", "-address"])[0].0, "shm:0");
        let by_ndjson = ipcx(&["leaks", "--ndjson"]);
        assert_eq!(by_ndjson.out.lines().count(), 3);
        let csv = ipcx(&["leaks", "--csv", "-o", "address,state", "--no-header"]);
        assert_eq!(csv.out.replace('\r', ""), "queue:0,leaked\nshm:0,leaked\nsem:0,leaked\n");
        for wrong in
            [&["leaks", "--older-than", "yesterday"][..], &["leaks", "nonsense:1"], &["leaks", "-o", "nonsense"]]
        {
            assert_eq!(ipcx(wrong).status, 2, "{wrong:?}");
        }
    });
}

#[test]
fn a_running_server_is_never_said_to_leak() {
    container(|| {
        let server = child_of(ALONE, &[], || {
            // Its worker has used all of it and is gone.
            leave_by_worker();
            // An idiom: nobody else can come to it, and it goes with the process.
            let marked = sysv::segment(0, 4096, 0o600);
            let attached = sysv::attach(marked);
            sysv::control_segment(marked, libc::IPC_RMID);
            (attached, posix::segment(c"/mine", 4096, 0o600))
        });
        let running = leaks(&[]);
        assert!(running.iter().all(|(_, state)| state == "suspect"), "{running:?}");
        assert_eq!(state_in_ls("shm:/mine", &["-m"]), "in-use");
        server.end();
        let after = leaks(&[]);
        let leaked: Vec<&str> = after.iter().filter(|(_, s)| s == "leaked").map(|(address, _)| &**address).collect();
        assert_eq!(leaked, ["queue:0", "queue:1", "sem:0"], "{after:?}");
        assert!(after.contains(&("shm:/mine".to_owned(), "suspect".to_owned())), "{after:?}");
        assert!(!after.iter().any(|(address, _)| address == "shm:0"), "it went with its last attach");
    });
}

fn leave_by_worker() {
    sysv::queue(9, 0o600);
    Child::run(&[], || {
        sysv::send(sysv::queue(6, 0o600), 1, b"x");
        sysv::operate(sysv::semaphores(7, 1, 0o600), 0, 1);
    });
}

#[test]
fn a_pid_that_belongs_to_another_by_now_is_gone() {
    container(|| {
        let creator = child_of(ALONE, &[], || sysv::segment(5, 4096, 0o600));
        let pid = creator.pid();
        assert_eq!(state_in_ls("shm:0", &["-m"]), "idle");
        creator.end();
        second_after(second(), 2);
        std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let other = child_of(ALONE, &[], || ());
        assert_eq!(other.pid(), pid);
        assert_eq!(leaks(&[]), pairs(&[("shm:0", "leaked")]));
    });
}

#[test]
fn objects_of_another_ipc_namespace_are_not_this_ones() {
    container(|| {
        let _elsewhere = Child::new(&[], || {
            unshare(CloneFlags::CLONE_NEWIPC).unwrap();
            leave(3..6);
        });
        assert_eq!(leaks(&[]), []);
    });
}

#[test]
fn an_ordinary_user_is_told_of_nothing_that_he_cannot_know() {
    container(|| {
        leave(3..6);
        as_user(NOBODY, &[], || drop(sysv::attach(sysv::segment(8, 4096, 0o644))));
        drop(posix::segment(c"/one", 4096, 0o600));
        let ran = ipcx_as(NOBODY, &["leaks", "--json"]);
        let document = serde_json::from_str(&ran.out).unwrap();
        assert!(found(&document).iter().all(|(_, state)| state != "leaked"), "{}", ran.out);
        let text = ipcx_as(NOBODY, &["leaks"]);
        assert!(text.err.contains("more objects it cannot be told"), "{}", text.err);
        assert_eq!(text.out, "nothing is known to be leaked\n");
    });
}

#[test]
fn ends_without_a_partner_are_lost_though_a_program_keeps_them() {
    isolated(|| {
        let (near, _) = UnixStream::pair().unwrap();
        let (_, writer) = nix::unistd::pipe().unwrap();
        let inode = |fd: &dyn std::os::fd::AsFd| nix::sys::stat::fstat(fd.as_fd()).unwrap().st_ino;
        let (socket, pipe) = (format!("socket:[{}]", inode(&near)), format!("pipe:[{}]", inode(&writer)));
        // A process outside this PID namespace may have the pipe's other end.
        let mut expected = pairs(&[(&socket, "leaked"), (&pipe, "suspect")]);
        let mut all = leaks(&["-x", "-p"]);
        expected.sort();
        all.sort();
        assert_eq!(all, expected);
    });
}

/// State of the one socket or file of this path, and whether `leaks` lists it.
fn file_state(path: &Path) -> (String, bool) {
    let (directory, address) = (scratch().display().to_string(), format!("unix:{}", path.display()));
    let state = state_in_ls(&address, &["-x", &directory]);
    let listed = leaks(&["-x", &directory]).iter().any(|(found, _)| *found == address);
    (state, listed)
}

#[test]
fn socket_files_live_and_stale() {
    isolated(|| {
        let path = |name: &str| scratch().join(name);
        drop(UnixListener::bind(path("stale")).unwrap());
        let _live = UnixListener::bind(path("live")).unwrap();
        // Nobody can know of it from in here what lives outside.
        assert_eq!(file_state(&path("stale")), ("suspect".to_owned(), true));
        assert_eq!(file_state(&path("live")), ("in-use".to_owned(), false));
        // Bound where it was then, and by a name that means nothing from here.
        let server = Child::new(&[], || {
            std::env::set_current_dir(scratch()).unwrap();
            UnixDatagram::bind("relative").unwrap()
        });
        let all = json(&["ls", "-x", "--json", &scratch().display().to_string()]);
        let of = all["objects"].as_array().unwrap().iter();
        let of: Vec<&Value> = of.filter(|o| o["path"] == path("relative").display().to_string()).collect();
        assert_eq!((of.len(), &of[0]["verdict"]["state"]), (1, &Value::from("in-use")));
        std::fs::rename(path("relative"), path("renamed")).unwrap();
        let listed = leaks(&["-x", &scratch().display().to_string()]);
        assert_eq!(listed.len(), 1, "only the stale one: {listed:?}");
        server.end();
        assert_eq!(leaks(&["-x", &scratch().display().to_string()]).len(), 2);
        // Another took its place, and died; the first one lives on without a file.
        std::fs::remove_file(path("live")).unwrap();
        drop(UnixListener::bind(path("live")).unwrap());
        let listed = leaks(&["-x", &scratch().display().to_string()]);
        assert_eq!(listed.len(), 3, "{listed:?}");
    });
}

#[test]
fn a_fifo_is_as_old_as_its_last_change_whatever_a_copy_says() {
    isolated(|| {
        let path = scratch().join("copied");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let long_ago = nix::sys::time::TimeVal::new(1_000_000, 0);
        nix::sys::stat::utimes(&path, &long_ago, &long_ago).unwrap();
        let directory = scratch().display().to_string();
        assert_eq!(leaks(&["-f", &directory]).len(), 1);
        assert_eq!(leaks(&["-f", &directory, "--older-than", "1d"]), []);
    });
}

#[test]
fn the_file_that_a_connected_client_was_bound_to_is_its_own() {
    isolated(|| {
        let path = |name: &str| scratch().join(name);
        let server = UnixListener::bind(path("server")).unwrap();
        let client = sockets::bound_and_connected(&path("client"), &path("server"));
        let listed = || leaks(&["-x", &scratch().display().to_string()]);
        assert_eq!(listed(), [], "it waits to be accepted");
        let (accepted, _) = server.accept().unwrap();
        assert_eq!(listed(), []);
        let refused = ipcx(&["rm", &path("client").display().to_string()]);
        assert_eq!(refused.status, 4, "{}", refused.err);
        drop((client, accepted));
        assert_eq!(listed().len(), 1);
        // An accepted connection has its listener's name, and does not keep its file alive.
        let unnamed = UnixStream::connect(path("server")).unwrap();
        let (accepted, _) = server.accept().unwrap();
        drop(server);
        assert_eq!(listed().len(), 2);
        drop((unnamed, accepted));
    });
}

#[test]
fn a_socket_of_another_network_namespace_is_reckoned_with() {
    isolated(|| {
        let path = scratch().join("far.sock");
        let seen = || {
            let want = Want { directories: vec![scratch()], ..Want::everything(Kinds::UNIX) };
            collect(&want).unwrap().visibility.foreign_unix
        };
        drop(UnixListener::bind(&path).unwrap());
        assert!(!seen());
        std::fs::remove_file(&path).unwrap();
        let _far = Child::new(&[], || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            UnixListener::bind(&path).unwrap()
        });
        assert!(seen());
        assert_eq!(file_state(&path).0, "suspect");
    });
}

#[test]
fn socket_files_on_overlay_file_systems() {
    isolated(|| {
        let nothing: Option<&str> = None;
        let [lower, upper, merged] = ["lower", "upper", "merged"].map(|name| scratch().join(name));
        for directory in [&lower, &upper, &merged] {
            std::fs::create_dir(directory).unwrap();
        }
        // Layers on different file systems: then `stat` and the kernel's socket table count devices differently.
        mount(Some("other"), &lower, Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
        let work = scratch().join("work");
        std::fs::create_dir(&work).unwrap();
        let layers = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
        if let Err(errno) = mount(Some("overlay"), &merged, Some("overlay"), MsFlags::empty(), Some(&*layers)) {
            return skip("socket_files_on_overlay_file_systems", &format!("no overlay: {errno}"));
        }
        let path = merged.join("server.sock");
        let server = UnixListener::bind(&path).unwrap();
        let of = || {
            let all = json(&["ls", "-x", "--json", &merged.display().to_string()]);
            object(&all, &format!("unix:{}", path.display()))["verdict"]["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(of(), "in-use");
        // Under another name nothing tells that it is the same.
        let other = merged.join("other.sock");
        std::fs::rename(&path, &other).unwrap();
        let listed = leaks(&["-x", &merged.display().to_string()]);
        assert_eq!(listed, [], "what cannot be told is no suspect");
        drop(server);
        assert_eq!(leaks(&["-x", &merged.display().to_string()]).len(), 1);
    });
}
