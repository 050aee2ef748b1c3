//! The same objects made anew for each run of a tool that changes them, and what it leaves of them.
//!
//! A run has IPC and mount namespaces of its own, so that ids come out alike whoever ran before.

use super::mounts;
use super::util_linux::{Case, Difference, Said, installed};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a program said, and what was there when it had ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub said: Said,
    pub left: Vec<String>,
}

/// Runs `body` in new IPC and mount namespaces, with an empty /dev/shm and the queues of the namespace on /dev/mqueue. They
/// are a thread's, and go with it.
pub fn anew<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    let inside = || {
        unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS).unwrap();
        mount(Some("ipcx-test"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), Some("mode=1777")).unwrap();
        assert!(mounts::mqueue(), "no place for /dev/mqueue");
        body()
    };
    std::thread::scope(|scope| scope.spawn(inside).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs a tool on a scene of its own. What `scene` returns is kept until the tool has ended.
pub fn done<T>(scene: fn() -> T, run: impl FnOnce() -> Said + Send) -> Done {
    anew(|| {
        let kept = scene();
        let said = run();
        let left = left();
        drop(kept);
        Done { said, left }
    })
}

/// Runs each case with both tools, each time on a scene of its own, and compares stdout, stderr, status and what is left.
/// `differences` are those that are meant; each has to occur, so that none outlives its reason.
pub fn compare_anew<T>(scene: fn() -> T, cases: &[Case], differences: &[Difference]) {
    let Some(tool) = cases.first().map(|case| case.tool) else { return };
    if installed(tool).is_none() {
        return;
    }
    let (mut wrong, mut met) = (Vec::new(), vec![false; differences.len()]);
    for case in cases {
        let (theirs, ours) = (done(scene, || case.theirs()), done(scene, || case.ours()));
        if theirs == ours {
            continue;
        }
        match differences.iter().position(|difference| (difference.when)(case, &theirs.said)) {
            Some(known) => met[known] = true,
            None => wrong.push(format!("{case:?}\ntheirs: {theirs:#?}\nours:   {ours:#?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
    for (difference, met) in differences.iter().zip(met) {
        assert!(met, "no case shows this difference any more: {}", difference.why);
    }
}

/// Keys that scenes use; all others are random.
const KEYS: [&str; 8] = ["0", "5", "-5", "7", "9", "-1", "99999", "-99999"];

/// Every System V and POSIX object of this thread's namespaces, one in a line, without times and pids.
pub fn left() -> Vec<String> {
    let mut left = Vec::new();
    // Behind key, id and mode: the columns that tell neither times nor pids.
    for (table, columns) in
        [("msg", &[3, 4, 7, 8, 9, 10][..]), ("shm", &[3, 6, 7, 8, 9, 10]), ("sem", &[3, 4, 5, 6, 7])]
    {
        let text = fs::read_to_string(format!("/proc/sysvipc/{table}")).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let key = if KEYS.contains(&fields[0]) { fields[0] } else { "random" };
            let rest: Vec<&str> = columns.iter().map(|column| fields[*column]).collect();
            left.push(format!("{table} {key} {} {} {}", fields[1], fields[2], rest.join(" ")));
        }
    }
    for place in ["/dev/shm", "/dev/mqueue"] {
        left.extend(files(Path::new(place)));
    }
    left
}

fn files(place: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(place)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let stat = fs::symlink_metadata(&path).unwrap();
            format!("{} {:o} {}", path.display(), stat.mode(), stat.len())
        })
        .collect();
    files.sort();
    files
}
