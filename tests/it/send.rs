//! `ipcx send`: what arrives, and what is said when it does not.

use crate::support::cli::{Ran, fed, ipcx, ipcx_as, json, place, sleeping, started};
use crate::support::isolated::skip;
use crate::support::users::NOBODY;
use crate::support::{Child, eventually, isolated, isolated_with_users, mounts, posix, sysv};
use ipcx::actions::{Data, Mark, Patience, Policy, Refusal, Target, plan_send};
use ipcx::model::Address;
use nix::mqueue::mq_receive;
use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, listen, recv, socket};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};

fn failed(ran: &Ran, status: i32, why: &[&str]) {
    assert_eq!((ran.status, &*ran.out), (status, ""), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    for part in why {
        assert!(ran.err.contains(part), "no {part:?} in {}", ran.err);
    }
}

fn done(ran: &Ran, line: &str) {
    assert_eq!((ran.status, &*ran.err, &*ran.out), (0, "", &*format!("{line}\n")));
}

fn fifo(name: &str) -> String {
    mkfifo(&place(name), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    place(name).display().to_string()
}

/// Puts in what a new queue takes.
fn filled(queue: i32) {
    for _ in 0..2 {
        sysv::send(queue, 9, &[b'f'; 8192]);
    }
}

fn sent_by_library(target: &str, bytes: &[u8]) -> Result<ipcx::actions::Sent, Refusal> {
    let plan = plan_send(&Target::Address(Address::parse(target).unwrap()))?;
    run(&plan, bytes)
}

fn run(plan: &ipcx::actions::Sending, mut bytes: &[u8]) -> Result<ipcx::actions::Sent, Refusal> {
    let length = Some(bytes.len() as u64);
    plan.run(Policy::default(), Mark::default(), Patience::None, &mut Data { length, from: &mut bytes })
}

#[test]
fn every_way_to_give_data() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        std::fs::write(place("data"), b"from a file").unwrap();
        done(&ipcx(&["send", "queue:0", "hello"]), "sent 5 bytes to queue:0 (type 1); 1 message, 5 of 16384 bytes");
        done(
            &ipcx(&["send", "--type", "7", "queue:0x5", "--hex", "00 ff1B"]),
            "sent 3 bytes to queue:0 (type 7); 2 messages, 8 of 16384 bytes",
        );
        assert_eq!(ipcx(&["send", "queue:0", ""]).status, 0);
        assert_eq!(fed(b"in\0put", &["send", "queue:0", "-"]).status, 0);
        assert_eq!(ipcx(&["send", "queue:0", "--file", place("data").to_str().unwrap()]).status, 0);
        assert_eq!(ipcx(&["send", "queue:0", "--type", "9223372036854775807", "--", "-n"]).status, 0);
        let ran = ipcx(&["send", "--quiet", "queue:0", "x"]);
        assert_eq!((ran.status, &*ran.out, &*ran.err), (0, "", ""));
        let expected: [(i64, &[u8]); 7] = [
            (1, b"hello"),
            (7, b"\0\xff\x1b"),
            (1, b""),
            (1, b"in\0put"),
            (1, b"from a file"),
            (i64::MAX, b"-n"),
            (1, b"x"),
        ];
        for (kind, text) in expected {
            assert_eq!(sysv::take(id), Some((kind, text.to_vec())));
        }
    });
}

#[test]
fn wrong_command_lines() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        let _queue = posix::queue(c"/q", 2, 8);
        let path = fifo("f");
        let wrong: [(&[&str], &str); 15] = [
            (&["queue:0"], "--file FILE"),
            (&["queue:0", "x", "--file", "y"], "--file"),
            (&["queue:0", "--hex"], "no data"),
            (&["queue:0", "--hex", "abc"], "two digits"),
            (&["queue:0", "--hex", "-"], "standard input"),
            (&["queue:0", "x", "--type", "0"], "type"),
            (&["queue:0", "x", "--type", "-1"], "type"),
            (&["queue:0", "x", "--type", "9223372036854775808"], "type"),
            (&["queue:/q", "x", "--priority", "32768"], "priority"),
            (&["queue:/q", "x", "--type", "1"], "--priority"),
            (&["queue:0", "x", "--priority", "1"], "--type"),
            (&[&path, "x", "--type", "1"], "System V"),
            (&["pid:1", "x"], "process"),
            (&["queue:0", "x", "--wait=-1"], "seconds"),
            (&["queue:0", "x", "--wait=NaN"], "seconds"),
        ];
        for (arguments, why) in wrong {
            failed(&ipcx(&[&["send"], arguments].concat()), 2, &[why]);
        }
        assert_eq!(sysv::take(id), None);
    });
}

#[test]
fn a_full_queue() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        sysv::send(id, 1, &[0; 8192]);
        sysv::send(id, 1, &[0; 8000]);
        let why = ["queue:0: no room for 193 bytes: 16192 of 16384 bytes, 2 messages", "--wait waits for room"];
        failed(&ipcx(&["send", "queue:0", &"x".repeat(193)]), 1, &why);
        assert_eq!(ipcx(&["send", "queue:0", &"x".repeat(192)]).status, 0);
        failed(&ipcx(&["send", "queue:0", "x"]), 1, &["full: 16384 of 16384 bytes, 3 messages; --wait waits for room"]);
        failed(&ipcx(&["send", "-n", "queue:0", "x"]), 1, &["would fail: queue:0: full"]);
        failed(&ipcx(&["send", "--wait=0.05", "queue:0", "x"]), 1, &["full: 16384", "after waiting for 0.05 seconds"]);
        failed(&ipcx(&["send", "--wait=0", "queue:0", "x"]), 1, &["after waiting for 0 seconds"]);

        let queue = posix::queue(c"/q", 1, 8);
        done(
            &ipcx(&["send", "--priority", "9", "queue:/q", "a"]),
            "sent 1 byte to queue:/q (priority 9); 1 of 1 messages",
        );
        failed(&ipcx(&["send", "queue:/q", "b"]), 1, &["queue:/q: full: 1 of 1 messages", "--wait"]);
        failed(&ipcx(&["send", "--wait=0.05", "queue:/q", "b"]), 1, &["full: 1 of 1 messages", "0.05 seconds"]);
        let (mut room, mut priority) = ([0; 8], 0);
        assert_eq!((mq_receive(&queue, &mut room, &mut priority), priority), (Ok(1), 9));
    });
}

#[test]
fn waiting_ends_when_there_is_room() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        filled(id);
        for wait in ["--wait", "--wait=100"] {
            let running = sleeping(&["send", wait, "queue:0", "late"], &[libc::SYS_msgsnd]);
            assert!(sysv::take(id).is_some());
            assert_eq!(running.end().status, 0);
            assert_eq!(sysv::take(id).unwrap().0, 9);
            assert_eq!(sysv::take(id), Some((1, b"late".to_vec())));
            filled(id);
        }
        let queue = posix::queue(c"/q", 1, 8);
        assert_eq!(ipcx(&["send", "queue:/q", "a"]).status, 0);
        let running = sleeping(&["send", "--wait=100", "queue:/q", "b"], &[libc::SYS_mq_timedsend]);
        assert_eq!(mq_receive(&queue, &mut [0; 8], &mut 0), Ok(1));
        assert_eq!(running.end().status, 0);
    });
}

#[test]
fn what_ends_a_wait() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        filled(id);
        let running = sleeping(&["send", "--wait", "queue:0", "x"], &[libc::SYS_msgsnd]);
        running.signal(Signal::SIGINT);
        assert_eq!(running.ended_by(), Some(libc::SIGINT), "which a shell calls 130");
        let mut running = sleeping(&["send", "--wait=100", "queue:0", "x"], &[libc::SYS_msgsnd]);
        running.signal(Signal::SIGSTOP);
        running.signal(Signal::SIGCONT);
        assert!(running.is_running(), "having been stopped ends nothing");
        sysv::remove_queue(id);
        failed(&running.end(), 1, &["queue:0: the queue was removed while it was waited for"]);
    });
}

#[test]
fn a_queue_that_goes_while_the_sender_is_stopped() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        filled(id);
        for wait in ["--wait", "--wait=100"] {
            let id = sysv::queue(libc::IPC_PRIVATE, 0o600);
            filled(id);
            let running = sleeping(&["send", wait, &format!("queue:{id}"), "x"], &[libc::SYS_msgsnd]);
            running.stop();
            sysv::remove_queue(id);
            running.signal(Signal::SIGCONT);
            failed(&running.end(), 1, &["the queue was removed while it was waited for"]);
        }
    });
}

#[test]
fn too_large() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        std::fs::write(place("big"), vec![0; 9000]).unwrap();
        let big = place("big").display().to_string();
        let why = "a message of 9000 bytes is too large: kernel.msgmax allows 8192";
        failed(&ipcx(&["send", "queue:0", "--file", &big]), 1, &[why]);
        failed(&ipcx(&["send", "-n", "queue:0", "--file", &big]), 1, &[why]);
        failed(
            &fed(&vec![0; 100_000], &["send", "queue:0", "-"]),
            1,
            &["more than 8192 bytes", "kernel.msgmax allows 8192"],
        );
        sysv::set_queue(id, |ds| ds.msg_qbytes = 100);
        // It would never fit, so that it is not waited for either.
        let why = "a message of 101 bytes is too large: the queue takes at most 100 in all";
        failed(&ipcx(&["send", "--wait", "queue:0", &"x".repeat(101)]), 1, &[why]);
        assert_eq!(sysv::take(id), None);
        let _queue = posix::queue(c"/q", 2, 8);
        failed(&ipcx(&["send", "queue:/q", "123456789"]), 1, &["9 bytes is too large", "made for at most 8"]);
        assert_eq!(ipcx(&["send", "queue:/q", "12345678"]).status, 0);
    });
}

#[test]
fn json_and_dry_run() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        let sent = json(&["send", "-J", "--type", "3", "queue:0", "abc"]);
        let expected = serde_json::json!({"schema": "ipcx.send/1", "address": "queue:0", "bytes": 3, "type": 3,
            "priority": null, "listener_pid": null,
            "queue": {"messages": 1, "bytes": 3, "limit_bytes": 16384, "limit_messages": null}});
        assert_eq!(sent, expected);
        let ran = ipcx(&["send", "-n", "queue:0", "abc"]);
        done(&ran, "would send 3 bytes to queue:0 (type 1); now 1 message, 3 of 16384 bytes");
        assert!(sysv::take(id).is_some() && sysv::take(id).is_none());
        failed(&ipcx(&["--read-only", "send", "queue:0", "x"]), 4, &["read-only"]);
        failed(&ipcx(&["--read-only", "send", "-n", "queue:0", "x"]), 4, &["read-only"]);
        assert_eq!(sysv::take(id), None);
    });
}

#[test]
fn into_a_fifo() {
    isolated(|| {
        let path = fifo("f");
        failed(&ipcx(&["send", &path, "x"]), 1, &["nobody has it open for reading", "--wait waits for a reader"]);
        failed(&ipcx(&["send", "--wait=0.05", &path, "x"]), 1, &["nobody read from it within 0.05 seconds"]);
        let mut reader = File::options().read(true).custom_flags_nonblock().open(&path).unwrap();
        done(&ipcx(&["send", &path, "hello"]), &format!("sent 5 bytes to fifo:{path}"));
        let mut text = [0; 100];
        assert_eq!((reader.read(&mut text).unwrap(), &text[..5]), (5, &b"hello"[..]));
        // More than it takes.
        let ran = fed(&vec![7; 70_000], &["send", &path, "-"]);
        failed(&ran, 1, &["it is full", "65536 bytes were written before"]);
        let mut rest = vec![0; 65_536];
        reader.read_exact(&mut rest).unwrap();
        std::fs::write(place("big"), vec![8; 70_000]).unwrap();
        let ran = ipcx(&["send", &path, "--file", place("big").to_str().unwrap()]);
        failed(&ran, 1, &["65536 of 70000 bytes were written before"]);
        failed(&ipcx(&["send", "--wait=0.05", &path, "x"]), 1, &["it took no more within", "nothing was written"]);
        drop(reader);
    });
}

#[test]
fn waiting_for_a_reader_and_for_room() {
    isolated(|| {
        let path = fifo("f");
        std::os::unix::fs::symlink(&path, place("link")).unwrap();
        std::fs::write(place("big"), vec![8; 200_000]).unwrap();
        let (link, big) = (place("link").display().to_string(), place("big").display().to_string());
        for (target, wait) in [(&path, "--wait"), (&link, "--wait=100")] {
            let running = sleeping(&["send", wait, target, "--file", &big], &[libc::SYS_openat, 2]);
            // Others can see who waits there.
            let shown = ipcx(&["show", &path]);
            assert!(shown.out.contains("waiting-open"), "{}", shown.out);
            let mut text = Vec::new();
            File::open(&path).unwrap().read_to_end(&mut text).unwrap();
            assert!(text.len() == 200_000 && text.iter().all(|b| *b == 8));
            done(&running.end(), &format!("sent 200000 bytes to fifo:{path}"));
        }
        // The reader leaves in the middle.
        let running = sleeping(&["send", "--wait", &path, "--file", &big], &[libc::SYS_openat, 2]);
        File::open(&path).unwrap().read_exact(&mut [0; 10]).unwrap();
        let ran = running.end();
        failed(&ran, 1, &["its last reader has left", "of 200000 bytes were written before"]);
    });
}

#[test]
fn a_fifo_that_was_replaced_is_not_touched() {
    isolated(|| {
        let path = fifo("f");
        let target = Target::Address(Address::parse(&path).unwrap());
        for replace in [
            &(|| std::fs::write(place("f"), "precious").unwrap()) as &dyn Fn(),
            &|| std::os::unix::fs::symlink(place("other"), place("f")).unwrap(),
            &|| mkfifo(&place("f"), Mode::S_IRWXU).unwrap(),
        ] {
            std::fs::write(place("other"), "precious").unwrap();
            let plan = plan_send(&target).unwrap();
            // Kept, so that its inode is not the next one's.
            std::fs::rename(place("f"), place("kept")).unwrap();
            replace();
            assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
            assert_eq!(std::fs::read(place("other")).unwrap(), b"precious");
            std::fs::remove_file(place("f")).unwrap();
            std::fs::rename(place("kept"), place("f")).unwrap();
        }
        let plan = plan_send(&target).unwrap();
        std::fs::remove_file(place("f")).unwrap();
        assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
        let ran = ipcx(&["send", place("other").to_str().unwrap(), "x"]);
        failed(&ran, 1, &["is no FIFO, socket or POSIX object"]);
    });
}

#[test]
fn a_queue_that_was_replaced_gets_nothing() {
    isolated(|| {
        let id = sysv::queue(5, 0o600);
        let plan = plan_send(&Target::Address(Address::parse("queue:0x5").unwrap())).unwrap();
        sysv::remove_queue(id);
        assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
        let second = sysv::queue(5, 0o600);
        assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
        assert_eq!(sysv::take(second), None);
        assert!(sent_by_library("queue:0x5", b"x").is_ok());

        let first = posix::queue(c"/q", 2, 8);
        let plan = plan_send(&Target::Address(Address::parse("queue:/q").unwrap())).unwrap();
        nix::mqueue::mq_unlink(c"/q").unwrap();
        assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
        let second = posix::queue(c"/q", 2, 8);
        assert!(matches!(run(&plan, b"x"), Err(Refusal::Changed { .. })));
        for queue in [first, second] {
            assert_eq!(nix::mqueue::mq_getattr(&queue).unwrap().curmsgs(), 0);
        }
    });
}

#[test]
fn to_unix_sockets() {
    isolated(|| {
        let path = |name: &str| place(name).display().to_string();
        let listener = UnixListener::bind(place("stream")).unwrap();
        let me = std::process::id();
        let line = format!("sent 5 bytes to unix:{}, where pid {me} listens", path("stream"));
        done(&ipcx(&["send", &path("stream"), "hello"]), &line);
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");

        let datagrams = UnixDatagram::bind(place("dgram")).unwrap();
        done(
            &ipcx(&["send", &format!("unix:{}", path("dgram")), "one"]),
            &format!("sent 3 bytes to unix:{}", path("dgram")),
        );
        assert_eq!(ipcx(&["send", &path("dgram"), ""]).status, 0);
        let mut room = [0; 10];
        assert_eq!((datagrams.recv(&mut room).unwrap(), datagrams.recv(&mut room).unwrap()), (3, 0));

        let packets = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).unwrap();
        bind(packets.as_raw_fd(), &UnixAddr::new(&place("seq")).unwrap()).unwrap();
        listen(&packets, nix::sys::socket::Backlog::new(3).unwrap()).unwrap();
        assert_eq!(ipcx(&["send", &path("seq"), "packet"]).status, 0);
        let accepted = nix::sys::socket::accept(packets.as_raw_fd()).unwrap();
        assert_eq!(recv(accepted, &mut room, nix::sys::socket::MsgFlags::empty()), Ok(6));

        let name = SocketAddr::from_abstract_name(b"ipcx test").unwrap();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let sent = json(&["send", "--json", "unix:@ipcx test", "hello"]);
        assert_eq!((&sent["bytes"], &sent["listener_pid"]), (&5.into(), &me.into()));
        text.clear();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        drop(listener);
        failed(&ipcx(&["send", "unix:@ipcx test", "x"]), 1, &["no such socket"]);
    });
}

#[test]
fn sockets_that_take_nothing() {
    isolated(|| {
        let path = place("stale").display().to_string();
        drop(UnixListener::bind(&path).unwrap());
        failed(&ipcx(&["send", &path, "x"]), 1, &["nobody listens"]);
        let receiver = UnixDatagram::bind(place("dgram")).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.set_nonblocking(true).unwrap();
        while sender.send_to(b"x", place("dgram")).is_ok() {}
        let dgram = place("dgram").display().to_string();
        failed(&ipcx(&["send", &dgram, "x"]), 1, &["its receiver is behind", "--wait"]);
        failed(&ipcx(&["send", "--wait=0.05", &dgram, "x"]), 1, &["it took no more within 0.05 seconds"]);
        failed(&fed(&vec![0; 1 << 20], &["send", &dgram, "-"]), 1, &["too large", "send buffer"]);
        let running = sleeping(&["send", "--wait", &dgram, "late"], &[libc::SYS_sendto]);
        receiver.recv(&mut [0; 1]).unwrap();
        assert_eq!(running.end().status, 0);

        let packets = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        bind(packets.as_raw_fd(), &UnixAddr::new(&place("busy")).unwrap()).unwrap();
        listen(&packets, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        let busy = place("busy").display().to_string();
        assert_eq!(ipcx(&["send", &busy, "fits the backlog"]).status, 0);
        failed(&ipcx(&["send", &busy, "x"]), 1, &["its receiver is behind"]);
        failed(&ipcx(&["send", "--wait=0.05", &busy, "x"]), 1, &["within 0.05 seconds"]);
    });
}

#[test]
fn what_carries_no_messages() {
    isolated(|| {
        sysv::segment(1, 1, 0o600);
        let (read, _write) = std::io::pipe().unwrap();
        let inode = nix::sys::stat::fstat(&read).unwrap().st_ino;
        failed(&ipcx(&["send", "shm:0", "x"]), 1, &["only queues, FIFOs and unix sockets"]);
        failed(&ipcx(&["send", &format!("pipe:[{inode}]"), "x"]), 1, &["a pipe has no name"]);
        failed(&ipcx(&["send", "queue:7", "x"]), 1, &["no such message queue"]);
        failed(&ipcx(&["send", "queue:/no", "x"]), 1, &["no such message queue"]);
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = nix::sys::stat::fstat(&server).unwrap().st_ino;
        failed(&ipcx(&["send", &format!("socket:[{inode}]"), "x"]), 1, &["internet socket"]);
    });
}

#[test]
fn who_may_not_is_told_who_may() {
    isolated_with_users(|| {
        if !mounts::mqueue() {
            return skip("who_may_not_is_told_who_may", "there is no /dev/mqueue");
        }
        let id = sysv::queue(5, 0o640);
        let _queue = posix::queue(c"/q", 2, 8);
        let path = fifo("f");
        let _listener = UnixListener::bind(place("s")).unwrap();
        std::fs::set_permissions(place("s"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let who = ["permission denied: it needs write permission, and its mode is 06", "its owner root"];
        for arguments in [&["send"][..], &["send", "-n"]] {
            for target in ["queue:0", "queue:/q", &path] {
                failed(&ipcx_as(NOBODY, &[arguments, &[target, "x"]].concat()), 3, &who);
            }
            let socket = place("s").display().to_string();
            failed(&ipcx_as(NOBODY, &[arguments, &[&socket, "x"]].concat()), 3, &["its mode is 0700, its owner root"]);
        }
        sysv::set_queue(id, |ds| ds.msg_perm.mode = 0o602);
        assert_eq!(ipcx_as(NOBODY, &["send", "queue:0", "x"]).status, 0);
        assert!(sysv::take(id).is_some());
    });
}

#[test]
fn a_reader_that_waits_is_let_go() {
    isolated(|| {
        let path = fifo("f");
        let copy = place("copy");
        let reader = Child::sleeping_in(&[libc::SYS_openat, 2], &[], || {
            let mut text = Vec::new();
            File::open(place("f")).unwrap().read_to_end(&mut text).unwrap();
            std::fs::write(&copy, text).unwrap();
        });
        let ran =
            started(crate::support::cli::command(&["send", &path, "hello"]).stdin(std::process::Stdio::null())).end();
        assert_eq!(ran.status, 0, "{}", ran.err);
        eventually("the reader is done", || std::fs::read(place("copy")).is_ok_and(|text| text == b"hello"));
        drop(reader);
    });
}

/// `O_NONBLOCK`, which does not wait for a writer.
trait NonBlocking {
    fn custom_flags_nonblock(&mut self) -> &mut Self;
}

impl NonBlocking for std::fs::OpenOptions {
    fn custom_flags_nonblock(&mut self) -> &mut Self {
        std::os::unix::fs::OpenOptionsExt::custom_flags(self, libc::O_NONBLOCK)
    }
}
