//! `ipcx clean`: it removes what `leaks` with the same filter calls leaked, and nothing else, whatever happens meanwhile.

use crate::leaks::{container, found, leave};
use crate::support::cli::{Running, command, ipcx, json, started, terminal};
use crate::support::{Child, look, sysv};
use ipcx::model::Kinds;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;

fn addresses() -> Vec<String> {
    let snapshot = look(Kinds::SYSV | Kinds::POSIX);
    (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect()
}

/// Root's own queue, which is no more than suspect.
fn suspect() {
    Child::run(&[], || sysv::send(sysv::queue(0x10, 0o600), 1, b"x"));
}

#[test]
fn only_what_is_leaked_goes_and_comes_back() {
    container(|| {
        suspect();
        leave(3..6);
        let cleaned = ipcx(&["clean", "--yes"]);
        assert_eq!(cleaned.status, 0, "{}", cleaned.err);
        assert!(cleaned.out.contains("removed queue:1 (key 0x00000003,"), "{}", cleaned.out);
        assert!(cleaned.out.ends_with("3 of 3 removed\n"), "{}", cleaned.out);
        assert_eq!(addresses(), ["queue:0"]);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(addresses().len(), 4, "one `undo` brings all of it back");
        let all = ipcx(&["clean", "--yes", "--suspects", "--no-backup"]);
        assert!(all.out.contains("this cannot be undone"), "{}", all.out);
        assert!(addresses().is_empty());
        let nothing = ipcx(&["clean", "--yes"]);
        assert_eq!((nothing.status, &*nothing.out), (0, "nothing is leaked\n"));
    });
}

#[test]
fn nothing_is_done_without_a_word() {
    container(|| {
        leave(3..6);
        let refused = ipcx(&["clean"]);
        assert_eq!(refused.status, 4, "{}", refused.err);
        assert!(refused.err.contains("--yes") && refused.out.contains("3 leaked"), "{}", refused.out);
        for arguments in [&["clean", "--yes", "--read-only"][..], &["--read-only", "clean"]] {
            assert_eq!(ipcx(arguments).status, 4);
        }
        let dry = ipcx(&["clean", "-n"]);
        assert_eq!((dry.status, dry.out.lines().count()), (0, 3), "{}", dry.out);
        assert!(dry.out.lines().all(|line| line.starts_with("would remove ")), "{}", dry.out);
        assert_eq!(addresses().len(), 3);
    });
}

#[test]
fn what_leaks_does_not_list_stays() {
    container(|| {
        suspect();
        for filter in [&["-q"][..], &["key:4"], &["!key:3", "--older-than", "0s"], &["--older-than", "1d"], &["suspect"]] {
            leave(3..6);
            let before = addresses();
            let with = |first: &[&'static str]| [first, filter].concat();
            let listed: Vec<String> =
                found(&json(&with(&["leaks", "--json", "leaked"]))).into_iter().map(|(address, _)| address).collect();
            assert_eq!(ipcx(&with(&["clean", "--yes", "--no-backup"])).status, 0, "{filter:?}");
            let expected: Vec<String> = before.into_iter().filter(|address| !listed.contains(address)).collect();
            assert_eq!(addresses(), expected, "{filter:?}");
            ipcx(&["clean", "--yes", "--no-backup"]);
        }
    });
}

/// A `clean` that waits for its answer on a terminal.
struct Asked {
    running: Running,
    terminal: File,
}

fn asked() -> Asked {
    let (mut ours, theirs) = terminal(80);
    let mut command = command(&["clean"]);
    command.stdin(theirs.try_clone().unwrap());
    // The question comes on a descriptor of its own, which is not the one that `Running` reads.
    let (mut question, asks) = std::io::pipe().unwrap();
    let shell = {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "exec \"$0\" clean 2>&3 3>&-", env!("CARGO_BIN_EXE_ipcx")]);
        shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.stdin(theirs);
        shell
    };
    drop((command, shell));
    let mut command = self::command(&["clean"]);
    let (input, _) = (ours.try_clone().unwrap(), &mut ours);
    let (near, far) = terminal(80);
    command.stdin(far).stdout(Stdio::null()).stderr(asks);
    let running = Running::of(command.spawn().unwrap());
    drop(command);
    drop(input);
    let mut text = Vec::new();
    while !text.ends_with(b"[y/N] ") {
        let mut byte = [0];
        assert_eq!(question.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    Asked { running, terminal: near }
}
