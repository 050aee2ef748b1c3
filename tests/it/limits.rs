//! `ipcx limits` over a namespace with limits of its own: its numbers, who uses most, and that each error it names is
//! the one that a program gets.

use crate::support::cli::{self, Ran, ipcx};
use crate::support::isolated::skip;
use crate::support::users::{NOBODY, as_user, child_of};
use crate::support::{Child, attempt, isolated, isolated_with_users, posix, signals, sysv};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_send};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::Mode;
use serde_json::{Value, json};
use std::ffi::CStr;

fn limit(name: &str) -> Value {
    let document = cli::json(&["limits", "--json"]);
    assert_eq!(document["schema"], "ipcx.limits/1");
    let all = document["limits"].as_array().unwrap();
    let found: Vec<&Value> = all.iter().filter(|limit| limit["name"] == name).collect();
    assert_eq!(found.len(), 1, "{name} in {document:#}");
    found[0].clone()
}

/// Sets a sysctl of this namespace; says so where that is not permitted.
fn set(sysctl: &str, value: &str) -> bool {
    let written = std::fs::write(format!("/proc/sys/{sysctl}"), value);
    if let Err(error) = &written {
        skip("limits", &format!("{sysctl} cannot be set: {error}"));
    }
    written.is_ok()
}

/// The name of the error that a call failed with.
fn fault<T: std::fmt::Debug>(result: nix::Result<T>) -> Value {
    format!("{:?}", result.unwrap_err()).into()
}

/// A new POSIX queue, or why not.
fn mq(name: &CStr, messages: i64, size: i64) -> nix::Result<MqdT> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK;
    mq_open(name, flags, Mode::S_IRUSR, Some(&MqAttr::new(0, messages, size, 0)))
}

fn errno(name: &str) -> Value {
    limit(name)["error"].clone()
}

#[test]
fn use_percentage_and_who_uses_most() {
    isolated_with_users(|| {
        for key in 1..=3 {
            sysv::queue(key, 0o600);
        }
        as_user(NOBODY, &[], || _ = sysv::queue(9, 0o600));
        if !set("kernel/msgmni", "5") {
            return;
        }
        let found = limit("MSGMNI");
        for (field, expected) in [
            ("limit", json!(5)),
            ("used", json!(4)),
            ("percent", json!(80.0)),
            ("sysctl", json!("kernel.msgmni")),
            ("error", json!("ENOSPC")),
            ("unit", json!("count")),
            ("of", json!(null)),
            ("estimated", json!(false)),
            ("unknown", json!(null)),
        ] {
            assert_eq!(found[field], expected, "{field}");
        }
        assert_eq!(found["top"], json!({"uid": 0, "user": "root", "used": 3, "percent": 75.0}));
        assert!(found["description"].as_str().unwrap().contains("queues"));
    });
}

#[test]
fn warnings_are_printed_alone_and_are_an_exit_status() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let run = |warn: &str| -> Ran { ipcx(&["limits", "MSGMNI", "--warn", warn]) };
        let quiet = run("80");
        assert_eq!((quiet.status, quiet.out.as_str(), quiet.err.as_str()), (0, "", ""));
        if !set("kernel/msgmni", "1") {
            return;
        }
        let loud = run("100%");
        assert_eq!((loud.status, loud.err.as_str()), (1, ""), "{}", loud.out);
        let lines: Vec<Vec<&str>> = loud.out.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), 2, "{}", loud.out);
        assert_eq!(lines[1], ["MSGMNI", "1", "1", "100", "root,", "all", "kernel.msgmni", "ENOSPC"]);
        assert_eq!(run("100.5").status, 0);
        let ran = ipcx(&["limits", "--warn", "80", "--json"]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let near = document["limits"].as_array().unwrap();
        assert!(ran.status == 1 && near.iter().all(|limit| limit["percent"].as_f64().unwrap() >= 80.0), "{near:#?}");
        for (words, status) in [(&["limits", "--warn", "x"][..], 2), (&["limits", "SEM"], 0), (&["limits", "zork"], 1)]
        {
            assert_eq!(ipcx(words).status, status, "{words:?}");
        }
    });
}

#[test]
fn system_v_limits_fail_with_the_errors_named() {
    isolated(|| {
        if !set("kernel/msgmni", "1") || !set("kernel/sem", "3 5 2 2") || !set("kernel/shmmni", "1") {
            return;
        }
        assert!(set("kernel/shmmax", "8192") && set("kernel/msgmax", "64"));
        let queue = attempt::queue().unwrap();
        assert_eq!(errno("MSGMNI"), fault(attempt::queue()));
        assert_eq!(errno("MSGMAX"), fault(attempt::send(queue, 65)));
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 64);
        attempt::send(queue, 64).unwrap();
        assert_eq!(errno("MSGMNB"), fault(attempt::send(queue, 1)));
        let fullest = limit("MSGMNB");
        assert_eq!((&fullest["of"], &fullest["percent"]), (&json!(format!("queue:{queue}")), &json!(100.0)));

        assert_eq!(errno("SHMMAX"), fault(attempt::segment(8193)));
        assert_eq!(errno("SHMMIN"), fault(attempt::segment(0)));
        let segment = attempt::segment(8000).unwrap();
        assert_eq!(errno("SHMMNI"), fault(attempt::segment(1)));
        let largest = limit("SHMMAX");
        assert_eq!((&largest["of"], &largest["used"]), (&json!(format!("shm:{segment}")), &json!(8000)));
        assert!(set("kernel/shmmni", "9") && set("kernel/shmall", "2"));
        assert_eq!(errno("SHMALL"), fault(attempt::segment(1)));
        assert_eq!(limit("SHMALL")["percent"], json!(100.0));

        assert_eq!(errno("SEMMSL"), fault(attempt::semaphores(4)));
        let three = attempt::semaphores(3).unwrap();
        assert_eq!(errno("SEMMNS"), fault(attempt::semaphores(3)));
        attempt::semaphores(1).unwrap();
        assert_eq!(errno("SEMMNI"), fault(attempt::semaphores(1)));
        assert_eq!(errno("SEMOPM"), fault(attempt::operate(three, &[1; 3])));
        attempt::operate(three, &[i16::MAX]).unwrap();
        assert_eq!(errno("SEMVMX"), fault(attempt::operate(three, &[1])));
        for (name, used) in [("SEMMSL", 3), ("SEMVMX", 32_767)] {
            let nearest = limit(name);
            assert_eq!((&nearest["of"], &nearest["used"]), (&json!(format!("sem:{three}")), &json!(used)), "{name}");
        }
    });
}

#[test]
fn posix_limits_fail_with_the_errors_named() {
    isolated_with_users(|| {
        if !set("fs/mqueue/msg_max", "4") || !set("fs/mqueue/msgsize_max", "256") || !set("fs/mqueue/queues_max", "1") {
            return;
        }
        let names = ["queues_max", "msg_max", "msgsize_max", "mq_maxmsg"].map(errno);
        as_user(NOBODY, &[], || {
            assert_eq!(names[1], fault(mq(c"/long", 5, 8)));
            assert_eq!(names[2], fault(mq(c"/wide", 1, 257)));
            let queue = mq(c"/one", 2, 8).unwrap();
            assert_eq!(names[0], fault(mq(c"/two", 1, 8)));
            mq_send(&queue, b"a", 0).unwrap();
            mq_send(&queue, b"b", 0).unwrap();
            assert_eq!(names[3], fault(mq_send(&queue, b"c", 0)));
        });
        let fullest = limit("mq_maxmsg");
        assert_eq!((&fullest["of"], &fullest["used"], &fullest["limit"]), (&json!("queue:/one"), &json!(2), &json!(2)));
        assert_eq!(limit("queues_max")["top"]["uid"], NOBODY);
        assert_eq!(limit("msg_max")["used"], 2);
        assert_eq!(limit("msgsize_max")["used"], 8);
    });
}

/// What ipcx says a queue is charged is what the kernel charges: so much suffices, and one byte less does not.
#[test]
fn the_bytes_of_a_users_queues_are_those_the_kernel_charges() {
    isolated_with_users(|| {
        let _queue = child_of(NOBODY, &[], || {
            setrlimit(Resource::RLIMIT_MSGQUEUE, 100_000, 100_000).unwrap();
            posix::queue(c"/one", 7, 100)
        });
        let found = limit("RLIMIT_MSGQUEUE");
        let used = found["used"].as_u64().unwrap();
        assert!(used > 700, "{found:#}");
        assert_eq!((&found["top"]["uid"], &found["limit"]), (&json!(NOBODY), &json!(100_000)));
        assert!(found["estimated"].as_bool().unwrap() && found["note"].as_str().unwrap().contains("lowest"));
        let other = 65_533;
        let error = found["error"].clone();
        as_user(other, &[], || {
            setrlimit(Resource::RLIMIT_MSGQUEUE, used - 1, used).unwrap();
            assert_eq!(error, fault(mq(c"/two", 7, 100)));
            setrlimit(Resource::RLIMIT_MSGQUEUE, used, used).unwrap();
            let _queue = mq(c"/two", 7, 100).unwrap();
            assert_eq!(error, fault(mq(c"/three", 1, 1)));
        });
    });
}

#[test]
fn dev_shm_fills_with_bytes_and_with_files() {
    isolated(|| {
        let nothing: Option<&str> = None;
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(nothing, "/dev/shm", Some("tmpfs"), flags, Some("size=64k,nr_inodes=3")).unwrap();
        let mut segment = posix::segment(c"/one", 0, 0o600);
        let written = std::io::Write::write_all(&mut segment, &vec![1; 70_000]).unwrap_err();
        assert_eq!(written.raw_os_error(), Some(libc::ENOSPC));
        assert_eq!((&limit("/dev/shm")["percent"], errno("/dev/shm")), (&json!(100.0), json!("ENOSPC")));
        posix::segment(c"/two", 0, 0o600);
        let inodes = limit("/dev/shm inodes");
        assert_eq!((&inodes["used"], &inodes["limit"], &inodes["top"]["used"]), (&json!(3), &json!(3), &json!(2)));
        assert_eq!(inodes["error"], fault(attempt::shm_open(c"/three")));
    });
}

#[test]
fn a_full_listener_is_told_with_who_waits() {
    isolated(|| {
        use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket};
        let address = UnixAddr::new_abstract(b"full").unwrap();
        let stream = |flags| socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        let listener = stream(SockFlag::SOCK_CLOEXEC);
        bind(std::os::fd::AsRawFd::as_raw_fd(&listener), &address).unwrap();
        listen(&listener, Backlog::new(1).unwrap()).unwrap();
        let client = || {
            let client = stream(SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC);
            connect(std::os::fd::AsRawFd::as_raw_fd(&client), &address).map(|()| client)
        };
        let waiting = [client().unwrap(), client().unwrap()];
        let backlog = limit("unix backlog");
        assert_eq!((&backlog["used"], &backlog["percent"]), (&json!(2), &json!(100.0)));
        assert_eq!(backlog["of"], "unix:@full");
        let says = "1 of 1 listeners full; 2 connections wait to be accepted in all";
        assert_eq!(backlog["note"], says);
        assert_eq!(backlog["error"], fault(client()));
        let _asleep = Child::sleeping_in(&[libc::SYS_connect], &[], || {
            let client = stream(SockFlag::SOCK_CLOEXEC);
            connect(std::os::fd::AsRawFd::as_raw_fd(&client), &address)
        });
        assert_eq!(limit("unix backlog")["note"], format!("{says}; 1 more sleeps in connect"));
        drop(waiting);
        assert_eq!(limit("somaxconn")["used"], 1, "the longest backlog");
        assert_eq!(limit("ListenOverflows")["used"], 0);
    });
}

#[test]
fn pipes_of_a_user_are_estimated_and_root_is_left_out() {
    isolated_with_users(|| {
        let _roots = nix::unistd::pipe().unwrap();
        assert_eq!(limit("pipe-user-pages-soft")["used"], 0);
        let _theirs = child_of(NOBODY, &[], || [nix::unistd::pipe().unwrap(), nix::unistd::pipe().unwrap()]);
        let pages = limit("pipe-user-pages-soft");
        assert_eq!((&pages["used"], &pages["unit"], &pages["estimated"]), (&json!(32), &json!("pages"), &json!(true)));
        assert_eq!(pages["top"]["uid"], NOBODY);
        let most = limit("pipe-max-size");
        let size = i32::try_from(most["limit"].as_u64().unwrap() + 1).unwrap();
        as_user(NOBODY, &[], || {
            let (end, _other) = nix::unistd::pipe().unwrap();
            let result = nix::fcntl::fcntl(&end, nix::fcntl::FcntlArg::F_SETPIPE_SZ(size));
            assert_eq!(most["error"], fault(result));
        });
    });
}

#[test]
fn the_process_with_fewest_descriptors_left_is_named() {
    isolated(|| {
        let child = Child::new(&[], || {
            setrlimit(Resource::RLIMIT_NOFILE, 8, 8).unwrap();
            let open: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
            assert_eq!(std::fs::File::open("/dev/null").unwrap_err().raw_os_error(), Some(libc::EMFILE));
            open
        });
        // Whoever shuts itself in lowers its limit below what it has: it is not short of any.
        let _sandboxed = Child::new(&[], || setrlimit(Resource::RLIMIT_NOFILE, 1, 1).unwrap());
        let nearest = limit("RLIMIT_NOFILE");
        if nearest["unknown"].is_string() {
            return skip("limits", "the kernel does not tell how many descriptors a process has");
        }
        assert_eq!(nearest["of"], format!("pid:{}", child.pid()), "{nearest:#}");
        assert_eq!((&nearest["used"], &nearest["limit"], &nearest["error"]), (&json!(7), &json!(8), &json!("EMFILE")));
    });
}

/// Blocked signals queue up in the user's share until the limit, and then sigqueue fails as the list says.
#[test]
fn queued_signals_are_the_users() {
    isolated_with_users(|| {
        let (user, signal) = (65_532, signals::realtime(0));
        let error = errno("RLIMIT_SIGPENDING");
        let _child = child_of(user, &[], || {
            signals::block_number(signal);
            setrlimit(Resource::RLIMIT_SIGPENDING, 3, 3).unwrap();
            (0..3).for_each(|_| signals::queue(signal).unwrap());
            assert_eq!(fault(signals::queue(signal)), error);
        });
        let pending = limit("RLIMIT_SIGPENDING");
        assert_eq!((&pending["used"], &pending["limit"], &pending["percent"]), (&json!(3), &json!(3), &json!(100.0)));
        assert_eq!((&pending["top"]["uid"], &pending["of"]), (&json!(user), &json!(null)), "{pending:#}");
    });
}

/// The kernel's largest number is told as it is to programs, and to people as no limit.
#[test]
fn no_limit_is_a_word_for_people_and_the_number_for_programs() {
    isolated(|| {
        let all: u64 = std::fs::read_to_string("/proc/sys/kernel/shmall").unwrap().trim().parse().unwrap();
        let found = limit("SHMALL");
        assert_eq!((&found["limit"], &found["percent"]), (&json!(all), &json!(0.0)));
        if all >= i64::MAX as u64 {
            let words: Vec<String> =
                ipcx(&["limits", "SHMALL", "--no-header"]).out.split(' ').map(str::to_owned).collect();
            assert!(words.contains(&"none".to_owned()), "{words:?}");
        }
    });
}

/// A queue with the kernel's own defaults, and a listener with the longest backlog there may be, are nothing to warn of: who
/// asks for as much next gets it. A queue that is full of empty messages is.
#[test]
fn what_one_call_may_ask_for_is_never_short() {
    isolated(|| {
        let defaults = [limit("msg_max"), limit("msgsize_max")].map(|most| most["limit"].as_i64().unwrap());
        let _queue = posix::queue(c"/defaults", defaults[0], defaults[1]);
        let listener = std::os::unix::net::UnixListener::bind(crate::support::scratch().join("s")).unwrap();
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::MAXALLOWABLE).unwrap();
        let calls = ["msg_max", "msgsize_max", "somaxconn"];
        for name in calls {
            let found = limit(name);
            assert_eq!((&found["percent"], &found["per_call"]), (&json!(100.0), &json!(true)), "{found:#}");
        }
        let warned = ipcx(&[&["limits", "--warn", "80"], &calls[..]].concat());
        assert_eq!((warned.status, warned.out.as_str()), (0, ""), "{}", warned.err);

        let queue = sysv::queue(1, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 2);
        (0..2).for_each(|_| _ = attempt::send(queue, 0).unwrap());
        assert_eq!(errno("MSGMNB"), fault(attempt::send(queue, 0)));
        assert_eq!(ipcx(&["limits", "MSGMNB", "--warn", "100"]).status, 1);
    });
}

/// Whoever cannot look into others is not told that their pipes are few.
#[test]
fn what_is_seen_in_part_is_not_told_as_all() {
    isolated_with_users(|| {
        let pipes = || -> Vec<_> { (0..4).map(|_| nix::unistd::pipe().unwrap()).collect() };
        let _theirs = child_of(65_532, &[], pipes);
        let ran = cli::ipcx_as(NOBODY, &["limits", "pipe-user-pages-soft", "--json"]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let pages = &document["limits"][0];
        assert_eq!(pages["at_least"], "not all processes could be looked into", "{pages:#}");
        let table = cli::ipcx_as(NOBODY, &["limits", "pipe-user-pages-soft", "--no-header"]).out;
        assert!(table.split_whitespace().nth(1).unwrap().ends_with("p+"), "{table}");
        let warned = cli::ipcx_as(NOBODY, &["limits", "pipe-user-pages-soft", "--warn", "80"]);
        assert!(warned.err.contains("pipe-user-pages-soft: its use may be more than was seen"), "{}", warned.err);
        assert_eq!((warned.status, warned.out.as_str()), (0, ""));
        assert_eq!(limit("pipe-user-pages-soft")["at_least"], json!(null), "root saw them all");
    });
}

#[test]
fn who_may_not_read_is_told_what_is_unknown_and_why() {
    isolated_with_users(|| {
        let ran = cli::ipcx_as(NOBODY, &["limits", "--json", "--warn", "0"]);
        assert!(ran.err.contains("queues_max: its use is not known"), "{}", ran.err);
        let ran = cli::ipcx_as(NOBODY, &["limits", "queues_max", "--json"]);
        assert_eq!(ran.status, 0);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let queues = &document["limits"][0];
        assert!(queues["used"].is_null() && queues["limit"].is_u64() && queues["unknown"].is_string(), "{queues:#}");
        assert_eq!(document["visibility"]["complete"], false);
    });
}

#[test]
fn the_table_fits_a_terminal() {
    isolated(|| {
        sysv::queue(1, 0o600);
        let _queue = posix::queue(c"/a-name-that-is-rather-long-for-a-narrow-table", 2, 16);
        for width in [80, 60] {
            let text = cli::on_terminal(width, &["limits"], &[]);
            assert!(text.lines().all(|line| line.trim_end().chars().count() <= usize::from(width)), "{text}");
            assert!(text.contains("MSGMNI") && text.contains("ENOSPC"), "{text}");
        }
        assert!(ipcx(&["limits", "-w", "MSGMNI"]).out.contains("msgget makes no further queue"));
    });
}

#[test]
fn a_terminal_is_told_what_to_look_at() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 64);
        let step = format!("MSGMNB: ipcx graph queue:{queue} shows who has it");
        assert!(!cli::on_terminal(80, &["limits"], &[]).contains(&step), "it is empty");
        sysv::send(queue, 1, &[0; 60]);
        assert!(cli::on_terminal(80, &["limits"], &[]).contains(&step));
        assert!(!ipcx(&["limits"]).out.contains(&step), "no advice where nobody sits");
    });
}
