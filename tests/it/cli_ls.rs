//! `ipcx ls`: the JSON document against its contract, and tables, lines and values for people and programs.

use crate::support::cli::{self, ipcx, json, object, on_terminal, place};
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users, posix, scratch, sysv};
use nix::mqueue::mq_send;
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, pipe};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;

/// Whether a value is of a type, written as one letter: capital letters may also be null.
fn is_a(value: &Value, letter: char) -> bool {
    if letter.is_ascii_uppercase() && value.is_null() {
        return true;
    }
    match letter.to_ascii_lowercase() {
        's' => value.as_str().is_some_and(|text| !text.is_empty()),
        'n' => value.is_u64() || value.is_i64(),
        'b' => value.is_boolean(),
        'a' => value.is_array(),
        'o' => value.is_object(),
        't' => value.as_str().is_some_and(is_time),
        other => panic!("no type {other}"),
    }
}

/// `2026-11-21T04:30:00.123Z`.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let whole = shape.strip_suffix('Z').map(|shape| shape.split_once('.').unwrap_or((shape, "0")));
    whole.is_some_and(|(seconds, rest)| seconds == "0000-00-00T00:00:00" && rest.chars().all(|c| c == '0'))
}

/// Every key of the contract is there, with its type.
fn check(value: &Value, contract: &str) {
    for field in contract.split_whitespace() {
        let (key, letter) = field.split_once(':').unwrap();
        let inner = value.get(key).unwrap_or_else(|| panic!("no {key} in {value:#}"));
        assert!(is_a(inner, letter.chars().next().unwrap()), "{key} is {inner}, not {letter}, in {value:#}");
    }
}

fn check_object(object: &Value) {
    check(
        object,
        "address:s kind:s family:S namespace:N key:S id:N name:S path:S device:S inode:N owner:O creator:O mode:S \
         times:o holders:a verdict:o",
    );
    check(&object["times"], "changed:T");
    for who in [&object["owner"], &object["creator"]].into_iter().filter(|who| !who.is_null()) {
        check(who, "uid:n user:S gid:N group:S");
    }
    for holder in object["holders"].as_array().unwrap() {
        check(holder, "pid:n role:s alive:b fd:N threads:A");
    }
    check(&object["verdict"], "state:s certain:b reasons:a");
    let state = object["verdict"]["state"].as_str().unwrap();
    assert!(["in-use", "idle", "leaked", "suspect", "unknown"].contains(&state), "{state}");
    let kind = object["kind"].as_str().unwrap();
    let block = &object[kind];
    check(
        block,
        match kind {
            "queue" => "messages:N bytes:N limit_bytes:N limit_messages:N max_message_bytes:N notify:O",
            "shm" => "size:n resident:N swapped:N allocated:N attaches:N marked_for_removal:b locked:b",
            "semaphore" => "count:n values:A",
            "pipe" | "fifo" => "readers:n writers:n capacity:N buffered:N full:B",
            "socket" => {
                "type:S state:S peer:S receive_queue:N send_queue:N backlog:N pending:N name:S abstract:B protocol:S \
                 local:S remote:S"
            }
            other => panic!("no kind {other}"),
        },
    );
    match kind {
        "queue" => check(&object["times"], "sent:T received:T"),
        "shm" => check(&object["times"], "attached:T detached:T"),
        "semaphore" => {
            check(&object["times"], "operated:T");
            for value in block["values"].as_array().into_iter().flatten() {
                check(value, "index:n value:n waiting_increase:n waiting_zero:N last_pid:N");
            }
        }
        _ => {}
    }
}

/// One of everything; all of it is there until this is dropped.
fn one_of_everything() -> impl Sized {
    let queue = sysv::queue(0x4d2, 0o640);
    let segment = sysv::segment(0x52e2, 10_000, 0o600);
    let set = sysv::semaphores(0x1f, 2, 0o600);
    let waiter = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
    let attached = Child::new(&[], || sysv::attach(segment));
    sysv::set_values(set, &[1, 2]);
    let orders = posix::queue(c"/orders", 3, 50);
    mq_send(&orders, b"text", 1).unwrap();
    posix::notify_by_signal(&posix::queue(c"/told", 3, 50), 10);
    let cache = posix::segment(c"/cache", 5000, 0o600);
    let lock = posix::semaphore(c"/lock", 0o600, 1);
    mkfifo(&place("x.fifo"), Mode::S_IRWXU).unwrap();
    let fifo = File::options().read(true).write(true).open(place("x.fifo")).unwrap();
    let listener = UnixListener::bind(place("x.sock")).unwrap();
    let client = UnixStream::connect(place("x.sock")).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    (waiter, attached, orders, cache, lock, fifo, pipe().unwrap(), (listener, client), (tcp, stream))
}

#[test]
fn the_json_document_is_what_was_promised() {
    isolated(|| {
        let everything = one_of_everything();
        let document = json(&["ls", "--json"]);
        check(&document, "schema:s taken_at:t host:o namespaces:o visibility:o objects:a processes:o");
        assert_eq!(document["schema"], "ipcx.snapshot/1");
        check(&document["host"], "name:s kernel:s");
        check(&document["namespaces"], "ipc:n mnt:n net:n pid:n");
        check(&document["visibility"], "complete:b processes:n unreadable_processes:n notes:a");
        assert_eq!(document["visibility"]["complete"], true);
        let objects = document["objects"].as_array().unwrap();
        objects.iter().for_each(check_object);
        let mut kinds: Vec<(&str, &str)> =
            objects.iter().map(|o| (o["kind"].as_str().unwrap(), o["family"].as_str().unwrap_or("-"))).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let expected = [
            ("fifo", "-"),
            ("pipe", "-"),
            ("queue", "posix"),
            ("queue", "sysv"),
            ("semaphore", "posix"),
            ("semaphore", "sysv"),
            ("shm", "posix"),
            ("shm", "sysv"),
            ("socket", "inet"),
            ("socket", "unix"),
        ];
        assert_eq!(kinds, expected);
        for (pid, process) in document["processes"].as_object().unwrap() {
            check(process, "pid:n ppid:n comm:s cmdline:a user:S uid:n started_at:t state:s");
            assert_eq!(process["pid"].to_string(), *pid);
        }
        for holder in objects.iter().flat_map(|object| object["holders"].as_array().unwrap()) {
            let known = document["processes"].get(holder["pid"].to_string()).is_some();
            assert!(known, "a living holder is described: {holder}");
        }
        drop(everything);
    });
}

#[test]
fn a_queue_in_json_is_the_queue() {
    isolated_with_users(|| {
        let id = sysv::queue(0xdead_beef_u32.cast_signed(), 0o640);
        sysv::send(id, 1, &[b'x'; 32]);
        sysv::set_queue(id, |ds| (ds.msg_perm.uid, ds.msg_perm.gid) = (4_000_000_000, 4_000_000_001));
        let document = json(&["ls", "-q", "-J"]);
        let queue = object(&document, &format!("queue:{id}"));
        for (key, expected) in [
            ("kind", json!("queue")),
            ("family", json!("sysv")),
            ("namespace", document["namespaces"]["ipc"].clone()),
            ("key", json!("0xdeadbeef")),
            ("id", json!(id)),
            ("name", json!(null)),
            ("mode", json!("0640")),
            ("owner", json!({"uid": 4_000_000_000_u32, "user": null, "gid": 4_000_000_001_u32, "group": null})),
            ("creator", json!({"uid": 0, "user": "root", "gid": 0, "group": "root"})),
        ] {
            assert_eq!(queue[key], expected, "{key}");
        }
        let expected = json!({
            "messages": 1, "bytes": 32, "limit_bytes": 16384, "limit_messages": null, "max_message_bytes": 8192,
            "notify": null,
        });
        assert_eq!(queue["queue"], expected);
        assert!(is_a(&queue["times"]["sent"], 't') && queue["times"]["received"].is_null());
        let holder = &queue["holders"][0];
        assert_eq!(
            (&holder["pid"], &holder["role"], &holder["alive"]),
            (&json!(1), &json!("last-sender"), &json!(true))
        );
    });
}

#[test]
fn nothing_is_an_empty_list() {
    isolated(|| {
        let document = json(&["ls", "--sysv", "--json"]);
        assert_eq!((&document["objects"], &document["processes"]), (&json!([]), &json!({})));
        assert_eq!(ipcx(&["ls", "--sysv", "--ndjson"]).out, "");
    });
}

#[test]
fn one_object_a_line() {
    isolated(|| {
        let everything = one_of_everything();
        let ran = ipcx(&["ls", "--sysv", "--posix", "--ndjson"]);
        let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 7);
        lines.iter().for_each(check_object);
        drop(everything);
    });
}

/// The rows of a table, split at blanks.
fn cells(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn queues_of_both_families_in_one_table() {
    isolated(|| {
        let id = sysv::queue(0x4d2, 0o600);
        let _orders = posix::queue(c"/orders", 3, 50);
        let ran = ipcx(&["ls", "-q", "-o", "ADDRESS,FAMILY,KEY,MESSAGES"]);
        assert_eq!((ran.status, ran.err.contains("error")), (0, false));
        let expected = [
            vec!["ADDRESS", "FAMILY", "KEY", "MESSAGES"],
            vec!["queue:0", "sysv", "0x000004d2", "0"],
            vec!["queue:/orders", "posix", "-", "0"],
        ];
        assert_eq!((cells(&ran.out), id), (expected.to_vec(), 0));
        let ran = ipcx(&["ls", "-q", "--sysv", "--no-header", "-o", "KEY,ID"]);
        assert_eq!(cells(&ran.out), [["0x000004d2", "0"]]);
    });
}

#[test]
fn what_is_piped_is_plain() {
    isolated(|| {
        let everything = one_of_everything();
        for arguments in [&["ls"][..], &["ls", "-q"], &["ls", "-m"], &["ls", "-s"], &["ls", "-x", "-i"], &["ls", "-p"]]
        {
            let ran = ipcx(arguments);
            assert_eq!(ran.status, 0);
            assert!(!ran.out.contains(['\t', '\x1b', '\r']), "{}", ran.out);
            assert!(ran.out.lines().all(|line| line == line.trim_end()), "blanks at the end of a line: {:?}", ran.out);
            assert!(ran.out.lines().count() > 1);
        }
        assert!(ipcx(&["ls", "--color=always"]).out.contains('\x1b'));
        drop(everything);
    });
}

#[test]
fn without_a_command_it_lists_when_piped() {
    isolated(|| {
        let id = sysv::queue(0x4d2, 0o600);
        let ran = ipcx::<&str>(&[]);
        assert_eq!(ran.status, 0);
        assert!(ran.out.contains(&format!("queue:{id}")), "{}", ran.out);
    });
}

#[test]
fn a_table_fits_the_terminal() {
    isolated(|| {
        let everything = one_of_everything();
        let headings = |text: &str| text.lines().next().unwrap().split_whitespace().count();
        let mut columns = Vec::new();
        for width in [200, 80, 50, 30, 10] {
            for arguments in
                [&["ls", "--color=never"][..], &["ls", "-q", "--color=never"], &["ls", "-m", "--color=never"]]
            {
                let text = on_terminal(width, arguments, &[]);
                let longest = text.lines().map(|line| line.trim_end_matches('\r').chars().count()).max().unwrap();
                assert!(longest <= usize::from(width), "{longest} columns on {width}:\n{text}");
                columns.push((arguments.len(), headings(&text)));
            }
        }
        let of_queues: Vec<usize> = columns.iter().skip(1).step_by(3).map(|(_, count)| *count).collect();
        assert!(of_queues.is_sorted_by(|a, b| a >= b) && of_queues[4] < of_queues[0], "columns go: {of_queues:?}");
        let wide = on_terminal(30, &["ls", "-q", "--wide", "--color=never"], &[]);
        assert!(headings(&wide) >= of_queues[0], "nothing is left out of a wide one");
        drop(everything);
    });
}

#[test]
fn columns_tell_the_width_where_the_terminal_does_not() {
    isolated(|| {
        let everything = one_of_everything();
        let text = on_terminal(0, &["ls", "-q", "--color=never"], &[("COLUMNS", "40")]);
        let longest = text.lines().map(|line| line.trim_end_matches('\r').chars().count()).max().unwrap();
        assert!((20..=40).contains(&longest), "{text}");
        drop(everything);
    });
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let _waiter = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(id, 0));
        assert!(on_terminal(80, &["ls", "-q"], &[("TERM", "xterm")]).contains('\x1b'));
        assert!(!on_terminal(80, &["ls", "-q"], &[("TERM", "xterm"), ("NO_COLOR", "1")]).contains('\x1b'));
        assert!(!on_terminal(80, &["ls", "-q", "--color=never"], &[("TERM", "xterm")]).contains('\x1b'));
    });
}

#[test]
fn filters_choose_rows() {
    isolated(|| {
        let empty = sysv::queue(1, 0o600);
        let full = sysv::queue(2, 0o600);
        (0..5).for_each(|_| sysv::send(full, 1, b"x"));
        let waiter = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(empty, 0));
        let (empty, full) = (format!("queue:{empty}"), format!("queue:{full}"));
        let pid = format!("pid:{}", waiter.pid());
        for (words, expected) in [
            (&["messages>=5"][..], vec![&*full]),
            (&["messages<5"], vec![&*empty]),
            (&["key:0x2"], vec![&*full]),
            (&["in-use"], vec![&*empty]),
            (&["!in-use"], vec![&*full]),
            (&[&*pid], vec![&*empty]),
            (&["user:root"], vec![&*empty, &*full]),
            (&["user:root", "messages>=5"], vec![&*full]),
            (&["age>2d"], vec![]),
            (&["nosuchword"], vec![]),
        ] {
            let ran = ipcx(&[&["ls", "-q", "--no-header", "-o", "ADDRESS"], words].concat());
            assert_eq!((ran.status, ran.out.lines().collect::<Vec<_>>()), (0, expected), "{words:?}: {}", ran.err);
        }
    });
}

#[test]
fn sorting_and_bytes() {
    isolated(|| {
        for size in [5000, 100, 2_000_000] {
            sysv::segment(0, size, 0o600);
        }
        let sizes = |sort: &str, more: &[&str]| {
            let ran = ipcx(&[&["ls", "-m", "--no-header", "-o", "SIZE", "--sort", sort], more].concat());
            assert_eq!(ran.status, 0, "{}", ran.err);
            ran.out.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(sizes("size", &["--bytes"]), ["100", "5000", "2000000"]);
        assert_eq!(sizes("-size", &["--bytes"]), ["2000000", "5000", "100"]);
        let human = sizes("size", &[]);
        assert!(human[2].ends_with('M') && human[1].ends_with('K'), "{human:?}");
    });
}

#[test]
fn values_for_a_spreadsheet() {
    isolated(|| {
        let name = c"/a,\"b";
        let _segment = posix::segment(name, 10, 0o600);
        let ran = ipcx(&["ls", "-m", "--csv", "-o", "NAME,SIZE"]);
        assert_eq!(ran.status, 0);
        assert_eq!(ran.out.replace('\r', ""), "name,size\n\"/a,\"\"b\",10\n");
    });
}

#[test]
fn a_directory_is_searched_for_fifos() {
    isolated(|| {
        mkfifo(&place("unopened"), Mode::S_IRWXU).unwrap();
        let directory = scratch().display().to_string();
        let address = format!("fifo:{directory}/unopened");
        assert!(!ipcx(&["ls", "-f"]).out.contains(&address));
        let writer =
            Child::sleeping_in(&[libc::SYS_openat], &[], || File::options().write(true).open(place("unopened")));
        let ran = ipcx(&["ls", "-f", &directory]);
        assert!(ran.out.contains(&address), "{}", ran.out);
        assert_eq!(writer.call(writer.pid()), Some(libc::SYS_openat), "it still waits");
    });
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    isolated(|| {
        // More than a pipe holds.
        for _ in 0..600 {
            sysv::queue(0, 0o600);
        }
        let mut child =
            cli::command(&["ls", "--ndjson", "-q"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 10]).unwrap();
        drop(out);
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
    });
}

#[test]
fn a_full_disk_is_an_error() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = cli::finish(cli::command(&["ls", "-q"]).stdout(full));
        assert_eq!(ran.status, 1);
        assert!(ran.err.starts_with("ipcx: "), "{}", ran.err);
    });
}

#[test]
fn an_ordinary_user_is_told_what_is_hidden() {
    isolated_with_users(|| {
        let _root = Child::new(&[], || ());
        sysv::queue(1, 0);
        let ran = cli::ipcx_as(NOBODY, &["ls", "-q", "--sysv", "--json"]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        check_object(&document["objects"][0]);
        let seen = &document["visibility"];
        assert_eq!((&seen["complete"], &seen["unreadable_processes"]), (&json!(false), &json!(2)));
        assert!(seen["notes"].to_string().contains("CAP_SYS_PTRACE"), "{seen}");
        assert_eq!(document["objects"][0]["verdict"]["state"], "unknown");
        let ran = cli::ipcx_as(NOBODY, &["ls", "-q", "--sysv"]);
        assert_eq!(ran.status, 0);
        assert!(ran.err.contains("CAP_SYS_PTRACE") && !ran.out.contains("CAP_"), "{}", ran.err);
    });
}
