//! `ipcx clean`: it removes what `leaks` with the same filter calls leaked, and nothing else, whatever happens meanwhile.

use crate::leaks::{container, found, leave};
use crate::support::cli::{command, ipcx, json, terminal};
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
        assert!(cleaned.out.ends_with("3 of 3 removed; `ipcx undo` brings back all of it\n"), "{}", cleaned.out);
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
        for filter in
            [&["-q"][..], &["key:4"], &["!key:3", "--older-than", "0s"], &["--older-than", "1d"], &["suspect"]]
        {
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
    running: std::process::Child,
    terminal: File,
}

fn asked() -> Asked {
    let (terminal, theirs) = terminal(80);
    let mut command = command(&["clean"]);
    command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // Else this process keeps the terminal open for ever.
    drop(command);
    let question = running.stderr.as_mut().unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"[y/N] ") {
        let mut byte = [0];
        assert_eq!(question.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    Asked { running, terminal }
}

impl Asked {
    /// How it ended after this answer, and what it complained of.
    fn answered(mut self, answer: &[u8]) -> (Option<i32>, String) {
        self.terminal.write_all(answer).unwrap();
        let mut text = String::new();
        self.running.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.running.wait().unwrap().code(), text)
    }
}

#[test]
fn a_person_is_asked_once() {
    container(|| {
        leave(3..6);
        for no in [&b"\n"[..], b"n\n", b"yesterday\n", b"\x04"] {
            let (status, text) = asked().answered(no);
            assert_eq!(status, Some(4), "{text}");
        }
        assert_eq!(addresses().len(), 3);
        assert_eq!(asked().answered(b"y\n").0, Some(0));
        assert!(addresses().is_empty());
    });
}

#[test]
fn what_comes_into_use_while_the_question_stands_stays() {
    container(|| {
        leave(3..6);
        let queue = look(Kinds::SYSV_QUEUES).objects[0].identity;
        let ipcx::model::Identity::SysV { id, .. } = queue else { panic!() };
        let question = asked();
        assert_eq!(sysv::take(id).map(|(kind, _)| kind), Some(1));
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(id, 0));
        let (status, text) = question.answered(b"y\n");
        assert_eq!(status, Some(4), "{text}");
        assert!(text.contains("queue:0: left as it is: it is in-use by now: pid "), "{text}");
        assert_eq!(addresses(), ["queue:0"], "the others went");
        receiver.end();
    });
}

#[test]
fn what_took_its_place_while_the_question_stands_stays() {
    container(|| {
        leave(3..4);
        let question = asked();
        sysv::remove_queue(0);
        leave(3..4);
        let (status, text) = question.answered(b"y\n");
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains("queue:0: gone or replaced since it was looked at"), "{text}");
        assert_eq!(addresses().len(), 1);
    });
}

#[test]
fn three_hundred() {
    container(|| {
        suspect();
        leave(300..600);
        let listed = found(&json(&["leaks", "--json", "leaked"]));
        assert_eq!(listed.len(), 300);
        let cleaned = ipcx(&["clean", "--yes"]);
        assert_eq!(cleaned.status, 0, "{}", cleaned.err);
        assert_eq!(cleaned.out.lines().filter(|line| line.starts_with("removed ")).count(), 300);
        assert_eq!(addresses(), ["queue:0"]);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(addresses().len(), 301);
    });
}
