//! Many objects in one call: what is told of each, and what ending it in between leaves.

use crate::support::cli::{self, command, ipcx};
use crate::support::{eventually, isolated, look, posix, sysv, undo};
use ipcx::actions::{Backups, Go, Policy, Refusal, Step, Tally, Target, plan_removals, remove_all};
use ipcx::kernel::ending::Endings;
use ipcx::model::{Address, Kinds};
use nix::sys::signal::Signal;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// So many that what is said of them does not fit into a pipe.
const MANY: usize = 1_200;

fn addresses() -> Vec<String> {
    let snapshot = look(Kinds::SYSV);
    (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect()
}

fn make_many() {
    for key in 1..=MANY {
        sysv::queue(key.try_into().unwrap(), 0o600);
    }
}

/// A run that was ended by a signal while it waited for somebody to read what it says.
struct Ended {
    status: Option<i32>,
    lines: Vec<String>,
    error: String,
}

fn signal(running: &Child, which: Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(running.id().cast_signed()), which).unwrap();
}

fn ended_early(arguments: &[&str], which: Signal) -> Ended {
    let mut running = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::with_capacity(1, running.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    // It cannot come to its end: the pipe is full before.
    signal(&running, which);
    let lines = std::iter::once(first).chain(out.lines().map(Result::unwrap)).collect();
    let mut error = String::new();
    running.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    Ended { status: running.wait().unwrap().code(), lines, error }
}

#[test]
fn a_signal_ends_it_between_two() {
    isolated(|| {
        make_many();
        let all = addresses();
        let words: Vec<&str> = std::iter::once("rm").chain(all.iter().map(String::as_str)).collect();
        let removed = ended_early(&words, Signal::SIGINT);
        let (done, left) = (removed.lines.len(), addresses().len());
        assert_eq!((removed.status, done + left), (Some(130), MANY), "{}", removed.error);
        assert_eq!(removed.error, format!("ipcx: interrupted: {done} of {MANY} removed, {left} left as they were\n"));
        assert!(left > 0 && undo::files("pending").is_empty() && undo::files("").len() == done);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(ipcx(&words).status, 0);
        // The rest of a batch comes back with the next call.
        let restored = ended_early(&["undo"], Signal::SIGTERM);
        let back = restored.lines.len();
        assert_eq!((restored.status, addresses().len()), (Some(143), back));
        let told = format!("ipcx: interrupted: {back} of {MANY} brought back, {} left as they were\n", MANY - back);
        assert_eq!(restored.error, told);
        let rest = ipcx(&["undo"]);
        assert_eq!((rest.status, addresses().len()), (0, MANY), "{}", rest.err);
    });
}

#[test]
fn what_is_ignored_ends_nothing() {
    isolated(|| {
        sysv::queue(1, 0o600);
        // As a shell without job control starts what it puts into the background.
        let ran = std::process::Command::new("sh")
            .args(["-c", "trap '' INT; kill -INT $$; exec \"$0\" rm queue:0x1", env!("CARGO_BIN_EXE_ipcx")])
            .env("XDG_STATE_HOME", cli::state_home())
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
        assert!(addresses().is_empty());
    });
}

#[test]
fn a_terminal_is_told_how_far_it_is() {
    isolated(|| {
        make_many();
        let all = addresses();
        let words: Vec<&str> = std::iter::once("rm").chain(all.iter().map(String::as_str)).collect();
        let (mut ours, theirs) = cli::terminal(80);
        let mut command = command(&words);
        let started = Instant::now();
        let mut running = command.stdout(Stdio::piped()).stderr(theirs).spawn().unwrap();
        drop(command);
        let mut out = BufReader::with_capacity(1, running.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        // It waits for its reader meanwhile.
        let begun = Instant::now();
        eventually("a second is over", || begun.elapsed() > Duration::from_millis(1_100));
        assert!(started.elapsed() >= begun.elapsed());
        let lines = out.lines().map(Result::unwrap).count() + 1;
        let mut told = String::new();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = ours.read(&mut buffer) {
            told.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        assert_eq!((running.wait().unwrap().code(), lines), (Some(0), MANY), "{told}");
        let shown = told.split('\r').find(|part| !part.trim().is_empty()).unwrap_or_default();
        assert!(shown.starts_with("removing ") && shown.ends_with(&format!(" of {MANY}…")), "{told:?}");
        // Nothing of it is left.
        let shown = told.split('\r').rfind(|part| !part.trim().is_empty()).unwrap_or_default();
        assert!(told.ends_with(&format!("\r{:width$}\r", "", width = shown.chars().count())), "{told:?}");
    });
}

#[test]
fn a_program_that_is_no_terminal_is_told_nothing() {
    isolated(|| {
        make_many();
        let all = addresses();
        let words: Vec<&str> = std::iter::once("rm").chain(all.iter().map(String::as_str)).collect();
        let ran = ipcx(&words);
        assert_eq!((ran.status, ran.out.lines().count(), &*ran.err), (0, MANY, ""));
    });
}

#[test]
fn each_is_told_before_and_after() {
    isolated(|| {
        for key in 1..=5 {
            sysv::queue(key, 0o600);
        }
        drop(posix::segment(c"/cache", 10, 0o600));
        let _attached = sysv::attach(sysv::segment(9, 10, 0o600));
        let names = ["queue:0x1", "queue:0x2", "queue:0x77", "shm:0x9", "shm:/cache", "queue:0x3", "queue:0x4"];
        let targets = names.map(|name| Target::Address(Address::parse(name).unwrap()));
        let plans = plan_removals(&targets).unwrap();
        let store = undo::store();
        let mut told = Vec::new();
        let tally = remove_all(plans, Policy::default(), Backups::In(&store), &mut |progress| {
            assert_eq!(progress.total, 7);
            let (word, go) = match progress.step {
                Step::Next(_) if progress.done == 1 => ("next", Go::Skip),
                Step::Next(_) if progress.done == 4 => ("next", Go::Again),
                Step::Next(_) => ("next", Go::On),
                Step::Done(removal, outcome) => {
                    assert!(removal.done(outcome).starts_with(&format!("removed {}", removal.address)));
                    ("done", if progress.done == 5 { Go::Stop } else { Go::On })
                }
                Step::Refused(Refusal::NotConfirmed { .. }) => ("skipped", Go::On),
                Step::Refused(Refusal::NotFound { .. }) => ("absent", Go::On),
                Step::Refused(Refusal::InUse { .. }) => ("in use", Go::On),
                Step::Refused(refusal) => panic!("{refusal}"),
            };
            told.push((progress.done, word));
            go
        });
        assert_eq!(tally, Tally { done: 3, refused: 3, left: 1 });
        let (next, done) = ("next", "done");
        let first = [(0, next), (0, done), (1, next), (1, "skipped"), (2, "absent"), (3, next), (3, "in use")];
        let then = [(4, next), (4, done), (5, next), (5, done)];
        assert_eq!(told, [&first[..], &then[..]].concat());
        let mut left = addresses();
        left.retain(|address| address.starts_with("queue"));
        assert_eq!(left.len(), 3, "{left:?}");
    });
}

#[test]
fn without_a_place_for_backups_nothing_is_removed() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let targets = [Target::Address(Address::parse("queue:0x1").unwrap())];
        let mut why = String::new();
        let run = |backups, why: &mut String| {
            remove_all(plan_removals(&targets).unwrap(), Policy::default(), backups, &mut |progress| {
                if let Step::Refused(refusal) = progress.step {
                    *why = refusal.to_string();
                }
                Go::On
            })
        };
        assert_eq!(run(Backups::Nowhere("no home"), &mut why).refused, 1);
        assert!(why.contains("no backup can be kept: no home; nothing was removed"), "{why}");
        assert_eq!(addresses().len(), 1);
        assert_eq!(run(Backups::No, &mut why).done, 1);
        assert!(addresses().is_empty());
    });
}

#[test]
fn a_thread_that_acts_is_not_disturbed() {
    isolated(|| {
        sysv::queue(1, 0o600);
        drop(posix::segment(c"/cache", 10, 0o600));
        let targets = ["queue:0x1", "shm:/cache"].map(|name| Target::Address(Address::parse(name).unwrap()));
        let child = crate::support::Child::start(&[], |ready| {
            let endings = Endings::take().unwrap();
            ready.tell();
            let tally = std::thread::scope(|scope| {
                let acting = scope.spawn(|| {
                    let plans = plan_removals(&targets).unwrap();
                    // The signal comes before the first, and none of them is disturbed by it.
                    while endings.came().is_none() {
                        std::hint::spin_loop();
                    }
                    nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGTERM).unwrap();
                    remove_all(plans, Policy::default(), Backups::In(&undo::store()), &mut |_| Go::On)
                });
                acting.join().unwrap()
            });
            assert_eq!(tally.done, 2);
            assert!(endings.came().is_some());
        });
        let pid = nix::unistd::Pid::from_raw(child.pid().cast_signed());
        nix::sys::signal::kill(pid, Signal::SIGINT).unwrap();
        assert_eq!(child.wait(), nix::sys::wait::WaitStatus::Exited(pid, 0));
        assert!(addresses().is_empty());
    });
}
