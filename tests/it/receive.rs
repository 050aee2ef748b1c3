//! `ipcx recv`: what is taken, and that nothing is taken that cannot be kept.

use crate::support::cli::{Ran, command, finish, ipcx, ipcx_as, json, place, sleeping};
use crate::support::isolated::skip;
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users, mounts, posix, sysv};
use ipcx::actions::{Amount, Patience, Policy, Refusal, Target, plan_receive};
use ipcx::model::Address;
use nix::mqueue::mq_send;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::net::UnixListener;
use std::process::Stdio;

fn failed(ran: &Ran, status: i32, why: &[&str]) {
    assert_eq!((ran.status, &*ran.out), (status, ""), "{}", ran.err);
    for part in why {
        assert!(ran.err.contains(part), "no {part:?} in {}", ran.err);
    }
}

/// What is printed, and that it is said to be gone.
fn took(ran: &Ran, out: &str, what: &str) {
    assert_eq!((ran.status, &*ran.out), (0, out), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains(what) && ran.err.contains("gone"), "{}", ran.err);
}

fn fifo(name: &str) -> String {
    mkfifo(&place(name), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    place(name).display().to_string()
}

#[test]
fn by_order_and_by_type() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        for (kind, text) in [(5, "a"), (3, "b"), (4, "c"), (3, "d"), (9, "e")] {
            sysv::send(id, kind, text.as_bytes());
        }
        let left = "took 1 message (type 5, 1 byte) from queue:0: it is gone from the queue; left: 4 messages, 4 of";
        took(&ipcx(&["recv", "queue:0x5"]), "a\n", left);
        took(&ipcx(&["recv", "--type", "4", "queue:0"]), "c\n", "type 4");
        took(&ipcx(&["recv", "--type=-4", "queue:0"]), "b\n", "type 3");
        took(&ipcx(&["recv", "--type", "-4", "queue:0"]), "d\n", "type 3");
        failed(&ipcx(&["recv", "--type", "-4", "queue:0"]), 1, &["no message of that type among the 1 that it holds"]);
        took(&ipcx(&["recv", "--type", "0", "queue:0"]), "e\n", "type 9");
        failed(&ipcx(&["recv", "queue:0"]), 1, &["queue:0: empty", "--wait waits for one"]);
        failed(&ipcx(&["recv", "-n", "queue:0"]), 1, &["would fail: queue:0: empty"]);
        failed(&ipcx(&["recv", "queue:0", "--count", "0"]), 2, &["count"]);
        failed(&ipcx(&["recv", "queue:0", "--count", "1", "--all"]), 2, &["--all"]);
    });
}

#[test]
fn several_messages() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        let three = || [(5, &b"first"[..]), (1, b""), (2, b"\x1b\xff")].map(|(kind, text)| sysv::send(id, kind, text));
        three();
        let hex = "00000000  1b ff                                             |..|\n00000002\n";
        let text =
            format!("message 0: type 5, 5 bytes\nfirst\nmessage 1: type 1, 0 bytes\nmessage 2: type 2, 2 bytes\n{hex}");
        took(&ipcx(&["recv", "--all", "queue:0"]), &text, "took 3 messages (7 bytes) from queue:0: they are gone");
        three();
        let document = json(&["recv", "--count", "2", "--json", "queue:0"]);
        let expected = serde_json::json!({"schema": "ipcx.recv/1", "address": "queue:0", "messages": [
            {"index": 0, "type": 5, "size": 5, "data": "first", "data_hex": null},
            {"index": 1, "type": 1, "size": 0, "data": "", "data_hex": null}]});
        assert_eq!(document, expected);
        let ran = ipcx(&["recv", "--count", "2", "--json", "queue:0"]);
        assert_eq!(ran.status, 1);
        assert!(
            ran.err.contains("took 1 message") && ran.err.contains("1 of 2 messages: there were no more"),
            "{}",
            ran.err
        );
        let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["messages"][0]["data_hex"], "1bff");
        let ran = ipcx(&["recv", "--all", "--json", "queue:0"]);
        assert_eq!((ran.status, &*ran.out), (1, ""), "{}", ran.err);
    });
}

#[test]
fn posix_queues() {
    isolated(|| {
        let queue = posix::queue(c"/q", 3, 8);
        for (priority, text) in [(1, "low"), (9, "high"), (1, "next")] {
            mq_send(&queue, text.as_bytes(), priority).unwrap();
        }
        let left =
            "took 1 message (priority 9, 4 bytes) from queue:/q: it is gone from the queue; left: 2 of 3 messages";
        took(&ipcx(&["recv", "queue:/q"]), "high\n", left);
        let document = json(&["recv", "--all", "-J", "queue:/q"]);
        let expected = serde_json::json!([
            {"index": 0, "priority": 1, "size": 3, "data": "low", "data_hex": null},
            {"index": 1, "priority": 1, "size": 4, "data": "next", "data_hex": null}]);
        assert_eq!(document["messages"], expected);
        failed(&ipcx(&["recv", "queue:/q"]), 1, &["queue:/q: empty"]);
        failed(&ipcx(&["recv", "--type", "1", "queue:/q"]), 2, &["System V"]);
        failed(&ipcx(&["recv", "--wait=0.05", "queue:/q"]), 1, &["came within 0.05 seconds"]);
        let running = sleeping(&["recv", "--wait=100", "queue:/q"], &[libc::SYS_mq_timedreceive]);
        mq_send(&queue, b"late", 0).unwrap();
        took(&running.end(), "late\n", "priority 0");
    });
}

#[test]
fn waiting() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        sysv::send(id, 1, b"other");
        failed(&ipcx(&["recv", "--wait=0.05", "--type", "2", "queue:0"]), 1, &["came within 0.05 seconds"]);
        for wait in ["--wait", "--wait=100"] {
            let running = sleeping(&["recv", wait, "--type", "2", "queue:0"], &[libc::SYS_msgrcv]);
            sysv::send(id, 2, b"late");
            took(&running.end(), "late\n", "type 2");
        }
        let ran = ipcx(&["recv", "--wait=0.05", "--count", "3", "queue:0"]);
        assert_eq!((ran.status, &*ran.out), (1, "message 0: type 1, 5 bytes\nother\n"), "{}", ran.err);
        assert!(ran.err.contains("1 of 3 messages; then no message that was asked for came"), "{}", ran.err);
        let running = sleeping(&["recv", "--wait", "--all", "queue:0"], &[libc::SYS_msgrcv]);
        sysv::send(id, 1, b"one");
        assert_eq!(running.end().status, 0, "all that is there, not all that may ever come");
        let running = sleeping(&["recv", "--wait", "queue:0"], &[libc::SYS_msgrcv]);
        running.signal(Signal::SIGINT);
        assert_eq!(running.ended_by(), Some(libc::SIGINT));
        let running = sleeping(&["recv", "--wait=100", "queue:0"], &[libc::SYS_msgrcv]);
        sysv::remove_queue(id);
        failed(&running.end(), 1, &["removed while it was waited for"]);
        let id = sysv::queue(6, 0o600);
        let running = sleeping(&["recv", "--wait", "queue:0x6"], &[libc::SYS_msgrcv]);
        running.stop();
        sysv::remove_queue(id);
        running.signal(Signal::SIGCONT);
        failed(&running.end(), 1, &["removed while it was waited for"]);
    });
}

#[test]
fn exact_bytes() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        for text in ["a\n", "", "b"] {
            sysv::send(id, 1, text.as_bytes());
        }
        took(&ipcx(&["recv", "--raw", "--all", "queue:0"]), "a\nb", "3 messages");
        let path = place("out").display().to_string();
        std::fs::write(&path, "kept until there is something").unwrap();
        failed(&ipcx(&["recv", "-f", "-O", &path, "queue:0"]), 1, &["empty"]);
        failed(&ipcx(&["recv", "--type", "3", "-f", "-O", &path, "--wait=0.05", "queue:0"]), 1, &["within"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"kept until there is something");
        sysv::send(id, 1, b"\0\xff");
        failed(&ipcx(&["recv", "-O", &path, "queue:0"]), 4, &["is there already", "--force", "nothing was taken"]);
        took(&ipcx(&["recv", "--force", "-O", &path, "queue:0"]), "", "1 message");
        assert_eq!(std::fs::read(&path).unwrap(), b"\0\xff");
    });
}

#[test]
fn nothing_is_taken_that_cannot_be_written() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        sysv::send(id, 7, b"precious");
        let stdout = |out: Stdio, arguments: &[&str]| finish_with(out, arguments);
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        failed(&stdout(write.into(), &["recv", "queue:0"]), 1, &["nobody reads it any more", "nothing was taken"]);
        let closed = finish(command_of("sh").args(["-c", "exec \"$0\" recv queue:0 >&-", env!("CARGO_BIN_EXE_ipcx")]));
        failed(&closed, 1, &["it is closed", "nothing was taken"]);
        failed(&stdout(File::open("/dev/null").unwrap().into(), &["recv", "queue:0"]), 1, &["reading only"]);
        let full = || File::options().write(true).open("/dev/full").unwrap();
        failed(&stdout(full().into(), &["recv", "-J", "queue:0"]), 1, &["No space left", "nothing was taken"]);
        let missing = place("no/such").display().to_string();
        failed(&ipcx(&["recv", "-O", &missing, "queue:0"]), 1, &["no/such", "nothing was taken"]);
        failed(&ipcx(&["--read-only", "recv", "queue:0"]), 4, &["read-only"]);
        failed(&ipcx(&["--read-only", "recv", "-O", place("o").to_str().unwrap(), "queue:0"]), 4, &["read-only"]);
        assert!(!place("o").exists());
        took_nothing(
            &ipcx(&["recv", "-n", "queue:0"]),
            "would take 1 message from queue:0; now 1 message, 8 of 16384 bytes\n",
        );

        // A full disk shows only in writing: the message is on standard error, and can be put back.
        let ran = stdout(full().into(), &["recv", "--all", "queue:0"]);
        failed(&ran, 1, &["No space left", "\nipcx send --type 7 queue:0 --hex 7072656369"]);
        assert_eq!(sysv::take(id), None);
        let command = ran.err.lines().find(|line| line.starts_with("ipcx send")).unwrap();
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        assert_eq!(ipcx(&words).status, 0);
        assert_eq!(sysv::take(id), Some((7, b"precious".to_vec())));
    });
}

fn took_nothing(ran: &Ran, out: &str) {
    assert_eq!((ran.status, &*ran.out, &*ran.err), (0, out, ""));
}

fn command_of(program: &str) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// With this as standard output.
fn finish_with(out: Stdio, arguments: &[&str]) -> Ran {
    let child = command(arguments).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    Ran { status: output.status.code().unwrap_or(-1), out: String::new(), err }
}

#[test]
fn out_of_a_fifo() {
    isolated(|| {
        let path = fifo("f");
        failed(&ipcx(&["recv", &path]), 1, &["empty, and nobody has it open for writing"]);
        failed(&ipcx(&["recv", "--wait=0.05", &path]), 1, &["nobody opened it for writing within 0.05 seconds"]);
        let mut both = File::options().read(true).write(true).open(&path).unwrap();
        failed(&ipcx(&["recv", &path]), 1, &["a writer has it open and has written nothing"]);
        both.write_all("text, no line end: ü".as_bytes()).unwrap();
        took(&ipcx(&["recv", &path]), "text, no line end: ü\n", "took 21 bytes from fifo:");
        both.write_all(&vec![0; 65_536]).unwrap();
        took(&ipcx(&["recv", "--raw", &path]), &"\0".repeat(65_536), "65536 bytes");
        both.write_all(b"\xff").unwrap();
        let document = json(&["recv", "-J", &path]);
        let expected = serde_json::json!([{"index": 0, "size": 1, "data": "\u{fffd}", "data_hex": "ff"}]);
        assert_eq!(document["messages"], expected);
        both.write_all(b"so far").unwrap();
        let ran = ipcx(&["recv", "--wait=0.05", &path]);
        assert_eq!((ran.status, &*ran.out), (1, "so far\n"), "{}", ran.err);
        assert!(ran.err.contains("a writer still has it open"), "{}", ran.err);
        failed(&ipcx(&["recv", "--count", "2", &path]), 2, &["a FIFO has none"]);
        failed(&ipcx(&["recv", "--type", "2", &path]), 2, &["System V"]);
    });
}

#[test]
fn a_writer_that_waits_is_not_let_go_for_nothing() {
    isolated(|| {
        let path = fifo("f");
        let writer = Child::sleeping_in(&[libc::SYS_openat, 2], &[], || {
            let mut writer = File::options().write(true).open(place("f")).unwrap();
            writer.write_all(&vec![b'x'; 100_000]).unwrap();
        });
        let pid = writer.pid();
        for arguments in [&["recv"][..], &["recv", "-n"]] {
            failed(
                &ipcx(&[arguments, &[&path]].concat()),
                1,
                &[&format!("pid {pid} ("), "sleeps in opening it", "--wait"],
            );
        }
        assert!(writer.is_running());
        let ran = ipcx(&["recv", "--wait", "--raw", &path]);
        took(&ran, &"x".repeat(100_000), "took 100000 bytes");
        assert_eq!(writer.wait(), nix::sys::wait::WaitStatus::Exited(nix::unistd::Pid::from_raw(pid.cast_signed()), 0));
        let running = sleeping(&["recv", "--wait=100", &path], &[libc::SYS_openat, 2]);
        File::options().write(true).open(&path).unwrap().write_all(b"late").unwrap();
        took(&running.end(), "late\n", "took 4 bytes");
    });
}

#[test]
fn what_was_replaced_is_left_alone() {
    isolated(|| {
        let run = |plan: &ipcx::actions::Receiving| {
            plan.run(Policy::default(), 0, Amount::All, Patience::None, &mut |_| ControlFlow::Continue(()))
        };
        let plan = |target: &str| plan_receive(&Target::Address(Address::parse(target).unwrap())).unwrap();
        let id = sysv::queue(5, 0o600);
        let planned = plan("queue:0x5");
        sysv::remove_queue(id);
        let second = sysv::queue(5, 0o600);
        sysv::send(second, 1, b"x");
        assert!(matches!(run(&planned), Err(Refusal::Changed { .. })));
        assert!(sysv::take(second).is_some());

        let _first = posix::queue(c"/q", 2, 8);
        let planned = plan("queue:/q");
        nix::mqueue::mq_unlink(c"/q").unwrap();
        let second = posix::queue(c"/q", 2, 8);
        mq_send(&second, b"x", 0).unwrap();
        assert!(matches!(run(&planned), Err(Refusal::Changed { .. })));
        assert_eq!(nix::mqueue::mq_getattr(&second).unwrap().curmsgs(), 1);

        let path = fifo("f");
        let planned = plan(&path);
        std::fs::rename(&path, place("kept")).unwrap();
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(run(&planned), Err(Refusal::Changed { .. })));
    });
}

#[test]
fn each_message_is_handed_over_before_the_next_is_taken() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        for text in [b"a", b"b", b"c"] {
            sysv::send(id, 1, text);
        }
        let plan = plan_receive(&Target::Address(Address::parse("queue:0").unwrap())).unwrap();
        let mut got = Vec::new();
        let taken = plan.run(Policy::default(), 0, Amount::All, Patience::None, &mut |received| {
            got.push(received.data);
            if got.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((got.len(), taken.unwrap().messages), (2, 2));
        assert_eq!(sysv::take(id), Some((1, b"c".to_vec())));
    });
}

#[test]
fn sockets_and_what_holds_no_messages() {
    isolated(|| {
        let _listener = UnixListener::bind(place("s")).unwrap();
        let socket = place("s").display().to_string();
        failed(&ipcx(&["recv", &socket]), 1, &["only by the process that has it open", "ipcx peek"]);
        sysv::segment(1, 1, 0o600);
        failed(&ipcx(&["recv", "shm:0"]), 1, &["only queues, FIFOs and unix sockets"]);
        failed(&ipcx(&["recv", "pid:1"]), 2, &["process"]);
        failed(&ipcx(&["recv", "queue:3"]), 1, &["no such message queue"]);
    });
}

#[test]
fn who_may_not_is_told_who_may() {
    isolated_with_users(|| {
        if !mounts::mqueue() {
            return skip("who_may_not_is_told_who_may", "there is no /dev/mqueue");
        }
        let id = sysv::queue(5, 0o620);
        sysv::send(id, 1, b"x");
        let queue = posix::queue(c"/q", 2, 8);
        mq_send(&queue, b"x", 0).unwrap();
        let path = fifo("f");
        for target in ["queue:0", "queue:/q", &path] {
            let who = ["permission denied: it needs read permission, and its mode is 06", "its owner root"];
            failed(&ipcx_as(NOBODY, &["recv", target]), 3, &who);
            failed(&ipcx_as(NOBODY, &["recv", "-n", target]), 3, &who);
        }
        sysv::set_queue(id, |ds| ds.msg_perm.mode = 0o604);
        took(&ipcx_as(NOBODY, &["recv", "queue:0"]), "x\n", "1 message");
    });
}

#[test]
fn messages_larger_than_usual() {
    isolated(|| {
        // Of this IPC namespace only.
        let raised = ["msgmax", "msgmnb"].map(|name| std::fs::write(format!("/proc/sys/kernel/{name}"), "100000"));
        if raised.iter().any(Result::is_err) {
            return skip("messages_larger_than_usual", "kernel.msgmax cannot be raised");
        }
        sysv::queue(5, 0o600);
        std::fs::write(place("big"), vec![b'x'; 99_999]).unwrap();
        assert_eq!(ipcx(&["send", "queue:0", "--file", place("big").to_str().unwrap()]).status, 0);
        took(&ipcx(&["recv", "--raw", "queue:0"]), &"x".repeat(99_999), "99999 bytes");
    });
}
