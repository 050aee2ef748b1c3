//! `ipcx peek` on message queues: all is shown, nothing is taken, and the queue's record stays as it was.

use crate::support::cli::{command, ipcx, ipcx_as, ipcx_bytes, json, place};
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users, posix, sysv};
use ipcx::actions::{Care, PeekRequest, Refusal, Target, plan_peek};
use ipcx::kernel::messages;
use ipcx::model::{Address, Message};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

/// A queue with messages that a careless program would choke on.
fn odd_queue() -> i32 {
    let id = sysv::queue(0x4d2, 0o600);
    sysv::send(id, 5, b"first");
    sysv::send(id, 7, b"");
    sysv::send(id, 5, b"\x1b[31m\x07 \xff\r\n");
    sysv::send(id, i64::from(i32::MAX), "two\nlines, \u{fc}ber\n".as_bytes());
    id
}

/// Runs `look`, and checks that the queue's whole record is the same afterwards.
fn unchanged<T>(id: i32, look: impl FnOnce() -> T) -> T {
    // Another second, so that a stamp would show.
    let before = sysv::queue_record(id);
    crate::support::wait::second_after(crate::support::wait::second(), 1);
    let seen = look();
    assert_eq!(sysv::queue_record(id), before, "msqid_ds before and after");
    seen
}

#[test]
fn every_message_is_shown_and_the_queue_stays_as_it_was() {
    isolated(|| {
        let id = odd_queue();
        let ran = unchanged(id, || ipcx(&["peek", "queue:0x4d2"]));
        assert_eq!((ran.status, &*ran.err), (0, ""));
        assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.out);
        for line in ["[0] type 5, 5 bytes", "  first", "[1] type 7, 0 bytes", "  two", "  lines, über"] {
            assert!(ran.out.lines().any(|found| found == line), "no {line:?} in {}", ran.out);
        }
        assert!(ran.out.contains("00000000  1b 5b 33 31 6d 07 20 ff  0d 0a"), "{}", ran.out);

        let document = unchanged(id, || json(&["peek", "--json", &format!("queue:{id}")]));
        assert_eq!((&document["schema"], &document["address"]), (&json!("ipcx.peek/1"), &json!("queue:0")));
        let first = json!({"index": 0, "type": 5, "size": 5, "data": "first", "data_hex": null});
        assert_eq!(document["messages"][0], first);
        let empty = json!({"index": 1, "type": 7, "size": 0, "data": "", "data_hex": null});
        assert_eq!(document["messages"][1], empty);
        assert_eq!(document["messages"][2]["data_hex"], "1b5b33316d0720ff0d0a");
        assert_eq!(document["messages"][3]["type"], i32::MAX);
        assert_eq!((&document["queue"]["messages"], &document["queue"]["limit_bytes"]), (&json!(4), &json!(16384)));
        assert_eq!((sysv::receive(id, 0), sysv::receive(id, 0)), (5, 0), "they are still there, in their order");
    });
}

#[test]
fn some_of_them_raw_and_in_hexadecimal() {
    isolated(|| {
        let id = odd_queue();
        unchanged(id, || {
            let indices = |arguments: &[&str]| -> Vec<Value> {
                let document = json(&[&["peek", "-J", "queue:0"], arguments].concat());
                document["messages"].as_array().unwrap().iter().map(|message| message["index"].clone()).collect()
            };
            assert_eq!(indices(&["--type", "5"]), [0, 2]);
            assert_eq!(indices(&["--index", "1"]), [1]);
            assert_eq!(indices(&["--type", "99"]), [0; 0]);
            let ran = ipcx(&["peek", "--type", "99", "queue:0"]);
            assert_eq!((ran.status, &*ran.out), (0, "queue:0 has no such message; it holds 4 messages\n"));
            let ran = ipcx(&["peek", "--index", "4", "queue:0"]);
            assert_eq!((ran.status, &*ran.out), (1, ""));
            assert!(ran.err.contains("index 4") && ran.err.contains("0 to 3"), "{}", ran.err);

            assert_eq!(
                ipcx_bytes(&["peek", "--raw", "--type", "5", "queue:0"]),
                (0, b"first\x1b[31m\x07 \xff\r\n".into())
            );
            let ran = ipcx(&["peek", "--hex", "--index", "0", "queue:0"]);
            assert!(ran.out.contains("  00000000  66 69 72 73 74") && ran.out.contains("|first|"), "{}", ran.out);
            let ran = ipcx(&["peek", "--ndjson", "queue:0"]);
            let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!((lines.len(), &lines[0]["address"], &lines[3]["index"]), (4, &json!("queue:0"), &json!(3)));
        });
    });
}

#[test]
fn an_empty_queue_is_an_answer() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let ran = ipcx(&["peek", "queue:0x1"]);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "queue:0 is empty\n", ""));
        assert_eq!(json(&["peek", "--json", "queue:0"])["messages"], json!([]));
        assert_eq!(ipcx_bytes(&["peek", "--raw", "queue:0"]), (0, vec![]));
    });
}

#[test]
fn what_is_larger_than_the_limit_of_today_is_said_and_the_rest_is_shown() {
    isolated(|| {
        if fs::write("/proc/sys/kernel/msgmax", "30000").and(fs::write("/proc/sys/kernel/msgmnb", "90000")).is_err() {
            return isolated::skip("peek_queue::what_is_larger", "the limits may not be changed");
        }
        let id = sysv::queue(1, 0o600);
        let send = |length| messages::send(id, &Message { kind: 1, data: vec![b'x'; length] }, false).unwrap();
        [3, 20000, 10000, 4].into_iter().for_each(send);
        let all = json(&["peek", "-J", "queue:0"]);
        assert_eq!(all["messages"][1]["size"], 20000);
        // Between the two, and not a power of two times anything.
        fs::write("/proc/sys/kernel/msgmax", "10100").unwrap();
        let ran = ipcx(&["peek", "-J", "queue:0"]);
        assert_eq!(ran.status, 1);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains("message 1") && ran.err.contains("msgmax"), "{}", ran.err);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let sizes: Vec<&Value> = document["messages"].as_array().unwrap().iter().map(|m| &m["size"]).collect();
        assert_eq!(sizes, [&json!(3), &Value::Null, &json!(10000), &json!(4)]);
        assert!(document["messages"][1]["error"].as_str().unwrap().contains("msgmax"));
        let text = ipcx(&["peek", "queue:0"]);
        assert!(text.status == 1 && text.out.contains("[3] type 1, 4 bytes"), "{}", text.out);
    });
}

/// More messages than a pipe and a buffer take.
const MANY: u64 = 1_000;

/// Runs `peek --ndjson` on a queue of many messages, and does something to the queue while it is looked at: it has to wait
/// until somebody reads what it has written.
fn meanwhile(act: impl FnOnce(i32)) -> Option<Output> {
    const SIZE: usize = 4000;
    if fs::write("/proc/sys/kernel/msgmnb", "100000000").is_err() {
        isolated::skip("peek_queue::meanwhile", "msgmnb may not be changed");
        return None;
    }
    let id = sysv::queue(1, 0o600);
    let message = Message { kind: 3, data: vec![b'm'; SIZE] };
    (0..MANY).for_each(|_| messages::send(id, &message, false).unwrap());
    let mut child = command(&["peek", "--ndjson", "queue:0"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut text = vec![0];
    out.read_exact(&mut text).unwrap();
    act(id);
    out.read_to_end(&mut text).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stdout = text;
    Some(output)
}

fn lines(output: &Output) -> u64 {
    output.stdout.lines().count() as u64
}

#[test]
fn a_queue_that_is_removed_in_the_middle_is_shown_as_far_as_it_was_read() {
    isolated(|| {
        let Some(output) = meanwhile(sysv::remove_queue) else { return };
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("removed while it was looked at") && error.lines().count() == 1, "{error}");
        let shown = lines(&output);
        assert!(shown > 0 && shown < MANY, "{shown} are shown");
        assert!(error.contains(&format!("after {shown} of {MANY}")), "{error}");
    });
}

#[test]
fn that_indices_shifted_is_said() {
    isolated(|| {
        let Some(output) = meanwhile(|id| {
            sysv::receive(id, 0);
        }) else {
            return;
        };
        assert_eq!(output.status.code(), Some(0));
        // One a line has no place for notes.
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("1000 before, 999 after") && error.contains("indices"), "{error}");
        assert_eq!(lines(&output), MANY - 1);
    });
}

#[test]
fn a_queue_is_followed_until_it_is_removed() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        sysv::send(id, 1, b"there before");
        let mut child = command(&["peek", "--follow", "--ndjson", "queue:0"]);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
        assert_eq!(next()["data"], "there before");
        sysv::send(id, 2, b"second");
        assert_eq!((&next()["data"], sysv::receive(id, 0)), (&json!("second"), 12));
        sysv::send(id, 2, b"third");
        let third = next();
        assert_eq!((&third["data"], &third["index"], &third["type"]), (&json!("third"), &json!(1), &json!(2)));
        sysv::remove_queue(id);
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert_eq!(error, "ipcx: queue:0: removed: there is nothing more to follow\n");
        assert!(lines.next().is_none(), "each was shown once");
    });
}

#[test]
fn following_ends_when_nobody_reads() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let mut child = command(&["peek", "--follow", "queue:0"]).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    });
}

#[test]
fn of_a_posix_queue_only_what_it_holds_is_told() {
    isolated(|| {
        let queue = posix::queue(c"/orders", 8, 100);
        nix::mqueue::mq_send(&queue, b"secret", 3).unwrap();
        nix::mqueue::mq_send(&queue, b"other", 1).unwrap();
        let file = || nix::sys::stat::fstat(posix::queue_fd(&queue)).unwrap();
        let before = file();
        let ran = ipcx(&["peek", "queue:/orders"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("2 messages") && ran.out.contains("at most 8 messages of 100 bytes"), "{}", ran.out);
        assert!(ran.err.starts_with("ipcx: note: ") && ran.err.contains("ipcx recv"), "{}", ran.err);
        assert!(!ran.out.contains("secret"));
        let document = json(&["peek", "--json", "/dev/mqueue/orders"]);
        assert_eq!((&document["messages"], &document["address"]), (&Value::Null, &json!("queue:/orders")));
        let queue_doc = &document["queue"];
        assert_eq!((&queue_doc["messages"], &queue_doc["max_message_bytes"]), (&json!(2), &json!(100)));
        assert_eq!(queue_doc["limit_messages"], 8);
        let attributes = nix::mqueue::mq_getattr(&queue).unwrap();
        assert_eq!(attributes.curmsgs(), 2);
        assert_eq!(file(), before, "not even a time of its file changed");
        for option in ["--raw", "--follow", "--index=0", "--type=1", "--offset=1"] {
            assert_eq!(ipcx(&["peek", option, "queue:/orders"]).status, 2, "{option}");
        }
    });
}

#[test]
fn an_ordinary_user_sees_what_the_mode_lets_him_see() {
    isolated_with_users(|| {
        let closed = sysv::queue(1, 0o600);
        let open = sysv::queue(2, 0o644);
        for id in [closed, open] {
            sysv::send(id, 1, b"text");
        }
        let _queue = posix::queue(c"/closed", 1, 1);
        for address in ["queue:0x1", "queue:/closed"] {
            let ran = ipcx_as(NOBODY, &["peek", address]);
            assert_eq!((ran.status, &*ran.out), (3, ""), "{address}: {}", ran.err);
            assert!(ran.err.contains("permission denied"), "{}", ran.err);
        }
        let ran = ipcx_as(NOBODY, &["peek", "queue:0x2"]);
        assert!(ran.status == 0 && ran.out.contains("text"), "{}", ran.err);
    });
}

#[test]
fn another_queue_of_the_same_key_is_not_the_one_that_was_planned() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let plan = plan_peek(&Target::Address(Address::parse("queue:0x1").unwrap())).unwrap();
        sysv::remove_queue(id);
        sysv::queue(1, 0o600);
        let refused = plan.run(&PeekRequest::default(), Care::default()).unwrap_err();
        assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    });
}

#[test]
fn into_a_file_of_ones_own() {
    isolated(|| {
        let id = odd_queue();
        let file = place("copy");
        let name = file.to_str().unwrap();
        let ran = ipcx(&["peek", "-O", name, "--index", "0", "queue:0"]);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "", ""));
        assert_eq!(fs::read(&file).unwrap(), b"first");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        let again = ipcx(&["peek", "-O", name, "--index", "2", "queue:0"]);
        assert!(again.status == 4 && again.err.contains("--force"), "{}", again.err);
        assert_eq!(fs::read(&file).unwrap(), b"first");
        assert_eq!(ipcx(&["peek", "--force", "-O", name, "--index", "2", "queue:0"]).status, 0);
        assert_eq!(fs::read(&file).unwrap(), b"\x1b[31m\x07 \xff\r\n");
        let other = place("other");
        assert_eq!(ipcx(&["peek", "-O", other.to_str().unwrap(), "queue:77"]).status, 1);
        assert!(!other.exists(), "nothing was found, so nothing was made");
        let full = ipcx(&["peek", "--force", "-O", "/dev/full", "queue:0"]);
        assert!(full.status == 1 && full.err.contains("cannot write /dev/full"), "{}", full.err);
        unchanged(id, || ());
    });
}

#[test]
fn output_that_cannot_be_written() {
    isolated(|| {
        odd_queue();
        let full = || fs::File::options().write(true).open("/dev/full").unwrap();
        for arguments in [&["peek", "queue:0"][..], &["peek", "-J", "queue:0"], &["peek", "--raw", "queue:0"]] {
            let output = command(arguments).stdout(full()).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
            let (reader, writer) = nix::unistd::pipe().unwrap();
            drop(reader);
            let output = command(arguments).stdout(writer).output().unwrap();
            assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{arguments:?}");
        }
    });
}

#[test]
fn wrong_command_lines_look_at_nothing() {
    isolated(|| {
        odd_queue();
        for arguments in [
            &["peek"][..],
            &["peek", "pid:1"],
            &["peek", "nonsense"],
            &["peek", "queue:0", "queue:0"],
            &["peek", "--index", "-1", "queue:0"],
            &["peek", "--index", "x", "queue:0"],
            &["peek", "--type", "0", "queue:0"],
            &["peek", "--type", "-5", "queue:0"],
            &["peek", "--offset", "1", "queue:0"],
            &["peek", "--length", "1", "queue:0"],
            &["peek", "--length", "1.0001K", "shm:0"],
            &["peek", "--json", "--raw", "queue:0"],
            &["peek", "--json", "--follow", "queue:0"],
            &["peek", "--index", "0", "--type", "5", "queue:0"],
            &["peek", "--json", "--length", "1T", "shm:0"],
        ] {
            let ran = ipcx(arguments);
            assert_eq!((ran.status, &*ran.out), (2, ""), "{arguments:?}: {}", ran.err);
            assert!(ran.err.starts_with("ipcx: ") && ran.err.lines().count() == 1, "{arguments:?}: {}", ran.err);
        }
        for absent in ["queue:77", "queue:0x00000099", "queue:/none", "shm:0", "sem:0", "pipe:[1]", "/no/such"] {
            let ran = ipcx(&["peek", absent]);
            assert_eq!((ran.status, &*ran.out), (1, ""), "{absent}");
            assert!(ran.err.contains(absent) && ran.err.lines().count() == 1, "{}", ran.err);
        }
    });
}

#[test]
fn semaphores_have_values() {
    isolated_with_users(|| {
        let set = sysv::semaphores(1, 3, 0o600);
        sysv::set_values(set, &[4, 0, 7]);
        let waiter = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(set, 1, -1));
        let ran = ipcx(&["peek", "sem:0x1"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("[0] value 4") && ran.out.contains("[1] value 0, 1 waiting for more"), "{}", ran.out);
        let document = json(&["peek", "-J", "sem:0"]);
        assert_eq!((&document["count"], &document["values"][2]["value"]), (&json!(3), &json!(7)));
        waiter.end();
        let _named = posix::semaphore(c"/lock", 0o600, 9);
        assert_eq!(json(&["peek", "-J", "sem:/lock"])["values"][0]["value"], 9);
        fs::write("/dev/shm/sem.odd", "odd").unwrap();
        let ran = ipcx(&["peek", "sem:/odd"]);
        assert!(ran.status == 1 && ran.err.contains("3 bytes"), "{}", ran.err);
        assert_eq!(ipcx(&["peek", "--raw", "sem:0"]).status, 2);
        for address in ["sem:0", "sem:/lock"] {
            assert_eq!(ipcx_as(NOBODY, &["peek", address]).status, 3, "{address}");
        }
    });
}
