//! `ipcx graph` over real processes and objects: who is joined with whom, which way data go, and who is blocked.

use crate::support::cli::{self, ipcx};
use crate::support::isolated::skip;
use crate::support::users::NOBODY;
use crate::support::{Child, isolated, isolated_with_users, posix, scratch, sleepers, sysv};
use nix::mqueue::{MQ_OFlag, mq_close};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};

fn graph(arguments: &[&str]) -> Value {
    let document = cli::json(&[&["graph", "--json"], arguments].concat());
    assert_eq!(document["schema"], "ipcx.graph/1");
    document
}

/// The one edge between two nodes in this role: direction, and whether it is blocked.
fn edge(graph: &Value, from: &str, to: &str, role: &str) -> (String, bool) {
    let edges = graph["edges"].as_array().unwrap();
    let found: Vec<&Value> =
        edges.iter().filter(|edge| edge["from"] == from && edge["to"] == to && edge["role"] == role).collect();
    assert_eq!(found.len(), 1, "{from} to {to} as {role} in {graph:#}");
    (found[0]["direction"].as_str().unwrap().to_owned(), found[0]["blocked"].as_bool().unwrap())
}

fn ids(graph: &Value) -> Vec<&str> {
    graph["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect()
}

fn forward(blocked: bool) -> (String, bool) {
    ("forward".to_owned(), blocked)
}

#[test]
fn a_sender_that_is_gone_and_a_receiver_that_waits() {
    isolated(|| {
        let queue = sysv::queue(0x4d2, 0o600);
        let sender = Child::new(&[], || sysv::send(queue, 1, b"x"));
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 7));
        let (address, from, to) = (format!("queue:{queue}"), sender.pid(), receiver.pid());
        let found = graph(&["queue:0x4d2"]);
        assert_eq!(edge(&found, &format!("pid:{from}"), &address, "last-sender"), forward(false));
        assert_eq!(edge(&found, &address, &format!("pid:{to}"), "waiting-receive"), forward(true));
        assert_eq!(found["roots"], json!([address]));
        let node = found["nodes"].as_array().unwrap().iter().find(|node| node["id"] == address.as_str()).unwrap();
        assert_eq!((&node["kind"], &node["label"]), (&json!("queue"), &json!("queue, 1 message, 1 of 16K")));
        sender.end();
        let found = graph(&[&address]);
        assert_eq!(edge(&found, &format!("gone:{from}"), &address, "last-sender"), forward(false));
        let tree = ipcx(&["graph", &address]);
        assert_eq!(tree.status, 0, "{}", tree.err);
        let lines: Vec<&str> = tree.out.lines().collect();
        assert_eq!(lines[0], format!("{address}  1 message, 1 of 16K"));
        assert!(
            lines[1..].iter().any(|line| line.ends_with(&format!("<- pid {from}, gone  last-sender"))),
            "{lines:?}"
        );
        assert!(lines[1..].iter().any(|line| line.contains("-> ") && line.ends_with("waiting-receive, blocked")));
    });
}

#[test]
fn a_posix_queue_has_arrows_as_its_descriptors_allow() {
    isolated(|| {
        mq_close(posix::queue(c"/jobs", 4, 8)).unwrap();
        let open = |way| posix::open_queue(c"/jobs", way);
        let sender = Child::new(&[], || open(MQ_OFlag::O_WRONLY));
        let receiver = Child::new(&[], || open(MQ_OFlag::O_RDONLY));
        let either = Child::new(&[], || open(MQ_OFlag::O_RDWR));
        let two = Child::new(&[], || (open(MQ_OFlag::O_RDONLY), open(MQ_OFlag::O_WRONLY)));
        let [from, to, either, two] = [&sender, &receiver, &either, &two].map(|child| format!("pid:{}", child.pid()));
        let found = graph(&["queue:/jobs"]);
        assert_eq!(edge(&found, &from, "queue:/jobs", "open"), forward(false));
        assert_eq!(edge(&found, "queue:/jobs", &to, "open"), forward(false));
        for pid in [&either, &two] {
            assert_eq!(edge(&found, pid, "queue:/jobs", "open"), ("both".to_owned(), false));
        }
        let tree = ipcx(&["graph", "queue:/jobs"]).out;
        assert!(
            tree.lines().any(|line| line.contains("<- ") && line.contains(&format!("({})", sender.pid()))),
            "{tree}"
        );
        assert!(
            tree.lines().any(|line| line.contains("-> ") && line.contains(&format!("({})", receiver.pid()))),
            "{tree}"
        );

        let listed = cli::json(&["ls", "-q", "--json"]);
        let holders = cli::object(&listed, "queue:/jobs")["holders"].as_array().unwrap();
        let text = |one: &Value, field| one[field].as_str().unwrap().to_owned();
        let access = holders.iter().map(|one| (format!("pid:{}", one["pid"]), text(one, "role"), text(one, "access")));
        let expected = [(&from, "write"), (&to, "read"), (&either, "both"), (&two, "read"), (&two, "write")];
        let expected = expected.map(|(node, way)| (node.clone(), "open".to_owned(), way.to_owned()));
        assert_eq!(access.collect::<Vec<_>>(), expected);
    });
}

/// writer → pipe → middle ⇄ socket ⇄ far: each step of the depth reaches one process more.
#[test]
fn a_chain_is_followed_as_far_as_asked() {
    isolated(|| {
        let (read, write) = nix::unistd::pipe().unwrap();
        let (near, far) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let writer = Child::new(&[&write], || ());
        let middle = Child::new(&[&read, &near], || ());
        let end = Child::new(&[&far], || ());
        let pipe = format!("pipe:[{}]", nix::sys::stat::fstat(&read).unwrap().st_ino);
        let sockets = [&near, &far].map(|end| format!("socket:[{}]", nix::sys::stat::fstat(end).unwrap().st_ino));
        drop((read, write, near, far));
        let pids = [&writer, &middle, &end].map(|child| format!("pid:{}", child.pid()));

        let found = graph(&[&writer.pid().to_string()]);
        assert_eq!(edge(&found, &pids[0], &pipe, "writer"), forward(false));
        assert_eq!(edge(&found, &pipe, &pids[1], "reader"), forward(false));
        assert!(!ids(&found).contains(&pids[2].as_str()) && !ids(&found).contains(&sockets[0].as_str()), "{found:#}");

        let found = graph(&["--depth", "2", &pids[0]]);
        assert!(ids(&found).contains(&pids[2].as_str()), "{found:#}");
        assert_eq!(edge(&found, &pids[1], &sockets[0], "connected"), ("both".to_owned(), false));
        let peers: Vec<&Value> =
            found["edges"].as_array().unwrap().iter().filter(|edge| edge["role"] == "peer").collect();
        assert_eq!(peers.len(), 1, "a connection is told once: {found:#}");
        let all = graph(&[]);
        assert!(pids.iter().all(|pid| ids(&all).contains(&pid.as_str())), "{all:#}");
    });
}

#[test]
fn a_full_pipe_and_a_semaphore_block() {
    isolated(|| {
        let (read, write) = nix::unistd::pipe().unwrap();
        let full = Child::sleeping_in(&[libc::SYS_write], &[&write], || nix::unistd::write(&write, &vec![0; 200_000]));
        let set = sysv::semaphores(1, 1, 0o600);
        let waits = Child::sleeping_in(&[libc::SYS_semtimedop, libc::SYS_semop], &[], || sysv::operate(set, 0, -1));
        let pipe = format!("pipe:[{}]", nix::sys::stat::fstat(&read).unwrap().st_ino);
        let found = graph(&[]);
        assert_eq!(edge(&found, &format!("pid:{}", full.pid()), &pipe, "waiting-send"), forward(true));
        let semaphore = edge(&found, &format!("pid:{}", waits.pid()), &format!("sem:{set}"), "waiting-semaphore");
        assert_eq!(semaphore, ("none".to_owned(), true));
    });
}

fn inode(fd: &impl AsFd) -> u64 {
    nix::sys::stat::fstat(fd).unwrap().st_ino
}

fn pid(child: &Child) -> String {
    format!("pid:{}", child.pid())
}

const ACCEPT: [libc::c_long; 2] = [libc::SYS_accept, libc::SYS_accept4];
const RECEIVE: [libc::c_long; 2] = [libc::SYS_recvfrom, libc::SYS_read];
const SEND: [libc::c_long; 2] = [libc::SYS_sendto, libc::SYS_write];

/// Who sleeps on a socket stands at that socket, in the way in which data would go.
#[test]
fn who_sleeps_on_a_socket_is_blocked() {
    isolated(|| {
        let (_quiet, theirs) = UnixStream::pair().unwrap();
        let (ours, _full) = UnixStream::pair().unwrap();
        let reads = Child::sleeping_in(&RECEIVE, &[&theirs], || (&theirs).read(&mut [0]));
        let writes = Child::sleeping_in(&SEND, &[&ours], || (&ours).write_all(&vec![0; 4 << 20]));
        let [near, far] = [&ours, &theirs].map(|end| format!("socket:[{}]", inode(end)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let accepts = Child::sleeping_in(&ACCEPT, &[&listener], || listener.accept());
        let found = graph(&[]);
        assert_eq!(edge(&found, &far, &pid(&reads), "waiting-receive"), forward(true));
        assert_eq!(edge(&found, &pid(&writes), &near, "waiting-send"), forward(true));
        let listening = format!("socket:[{}]", inode(&listener));
        assert_eq!(edge(&found, &listening, &pid(&accepts), "waiting-accept"), forward(true));
        assert_eq!(edge(&found, &pid(&writes), &near, "connected"), ("both".to_owned(), false), "and has it besides");
        let tree = ipcx(&["graph", &pid(&accepts)]).out;
        assert!(tree.contains("listener, waiting-accept, blocked"), "{tree}");
    });
}

/// A client that sleeps in connect and a sender to a full receiver have no connection: they are joined with whom they
/// name all the same.
#[test]
fn who_is_asked_by_name_is_joined_with_who_asks() {
    isolated(|| {
        let place = |name: &str| scratch().join(name);
        let listener = UnixListener::bind(place("s")).unwrap();
        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        let _first = UnixStream::connect(place("s")).unwrap();
        let connects = Child::sleeping_in(&[libc::SYS_connect], &[], || UnixStream::connect(place("s")));
        let name = format!("unix:{}", place("s").display());
        let around = graph(&[&name]);
        assert_eq!(edge(&around, &pid(&connects), &name, "waiting-connect"), ("none".to_owned(), true));

        let _receiver = UnixDatagram::bind(place("d")).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.set_nonblocking(true).unwrap();
        while sender.send_to(b"x", place("d")).is_ok() {}
        let sends =
            Child::sleeping_in(&[libc::SYS_sendto], &[], || UnixDatagram::unbound().unwrap().send_to(b"y", place("d")));
        let name = format!("unix:{}", place("d").display());
        assert_eq!(edge(&graph(&[&name]), &pid(&sends), &name, "waiting-send"), forward(true));
    });
}

/// Nothing goes through a semaphore, nor through the word that a mutex is; and who waits for any of several things is held up by none of them.
#[test]
fn semaphores_mutexes_and_polls() {
    isolated(|| {
        let semaphore = posix::semaphore(c"/gate", 0o600, 0);
        let waits = Child::sleeping_in(&[libc::SYS_futex], &[], || semaphore.wait());
        let ((one, _to_one), (other, _to_other)) = (nix::unistd::pipe().unwrap(), nix::unistd::pipe().unwrap());
        let waiting = [libc::SYS_epoll_wait, libc::SYS_epoll_pwait];
        let for_one = Child::sleeping_in(&waiting, &[&one], || sleepers::epoll(&[&one]));
        let for_any = Child::sleeping_in(&waiting, &[&one, &other], || sleepers::epoll(&[&one, &other]));
        let segment = sysv::segment(8, 4096, 0o600);
        let locks = Child::sleeping_in(&[libc::SYS_futex], &[], || sysv::attach(segment).sleep_on());
        let found = graph(&[]);
        let none = |blocked| ("none".to_owned(), blocked);
        let (who, memory) = (pid(&locks), format!("shm:{segment}"));
        assert_eq!(edge(&found, &who, &memory, "waiting-futex"), none(true));
        assert_eq!(edge(&found, &who, &memory, "attached"), ("both".to_owned(), false));
        assert_eq!(edge(&found, &pid(&waits), "sem:/gate", "waiting-semaphore"), none(true));
        assert_eq!(edge(&found, &pid(&waits), "sem:/gate", "mapped"), none(false));
        let pipe = format!("pipe:[{}]", inode(&one));
        assert_eq!(edge(&found, &pipe, &pid(&for_one), "waiting-receive"), forward(true));
        assert_eq!(edge(&found, &pipe, &pid(&for_any), "reader"), forward(false));
        let edges = found["edges"].as_array().unwrap();
        assert!(edges.iter().all(|edge| edge["to"] != pid(&for_any) || edge["blocked"] == false), "{found:#}");
    });
}

/// Two clients of which nobody has accepted one: each goes to the listener, and none of it the other way round.
#[test]
fn a_tcp_client_that_waits_to_be_accepted_points_at_the_listener() {
    isolated(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let [listening, asking] = [inode(&listener), inode(&client)].map(|inode| format!("socket:[{inode}]"));
        let found = graph(&[&asking]);
        assert_eq!(edge(&found, &asking, &listening, "pending"), forward(false));
        let edges = found["edges"].as_array().unwrap();
        let backwards = |edge: &&Value| edge["to"] == asking.as_str() && edge["direction"] == "forward";
        assert_eq!(edges.iter().find(backwards), None, "{found:#}");
    });
}

#[test]
fn hostile_names_stay_names_in_every_format() {
    isolated(|| {
        let path = scratch().join("a\"];\n}\\&#27;`%%{x}|\u{1b}[31m<b>.fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let fifo = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        let _holder = Child::new(&[&fifo], || {
            nix::sys::prctl::set_name(c"a\"]\n\\<&;|\x1b[1").unwrap();
        });
        for format in ["--dot", "--mermaid"] {
            let ran = ipcx(&["graph", format]);
            assert_eq!(ran.status, 0, "{}", ran.err);
            assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n'), "{}", ran.out);
            let nodes = ran.out.lines().filter(|line| line.contains(".fifo")).count();
            assert_eq!(nodes, 1, "{}", ran.out);
        }
        let tree = ipcx(&["graph"]).out;
        assert!(tree.contains(r"a\x22") || tree.contains("a\""), "{tree}");
        assert!(!tree.chars().any(|c| c.is_control() && c != '\n'), "{tree}");
        let found = graph(&[]);
        let comms: Vec<&str> = found["nodes"].as_array().unwrap().iter().filter_map(|n| n["label"].as_str()).collect();
        assert!(comms.contains(&"a\"]\n\\<&;|\x1b[1"), "lossless: {comms:?}");
        drawn(&ipcx(&["graph", "--dot"]).out);
    });
}

/// Graphviz reads it, and shows the name as it is.
fn drawn(dot: &str) {
    let started = Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else { return skip("graph", "Graphviz is not installed") };
    child.stdin.take().unwrap().write_all(dot.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let svg = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{dot}");
    assert!(svg.contains("&amp;#27;") && svg.contains(r"\x1b[31m"), "{svg}");
}

#[test]
fn what_is_not_there_and_what_is_wrong() {
    isolated(|| {
        for (arguments, status, says) in [
            (&["graph", "queue:77"][..], 1, "queue:77"),
            (&["graph", "4194300"], 1, "pid:4194300"),
            (&["graph", "nix"], 2, "nix"),
            (&["graph", "--depth", "x", "1"], 2, "x"),
            (&["graph", "--dot", "--json"], 2, "--json"),
        ] {
            let ran = ipcx(arguments);
            assert_eq!(ran.status, status, "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains(says) && ran.out.is_empty(), "{arguments:?}: {}", ran.err);
        }
        sysv::semaphores(7, 1, 0o600);
        let lone = ipcx(&["graph", "sem:0x7"]);
        assert_eq!((lone.status, lone.out.lines().count()), (0, 1), "{}", lone.out);
        assert!(lone.err.contains("nobody is seen to have to do with `sem:0x7`"), "{}", lone.err);
        let alone = graph(&["1", "--depth", "0"]);
        assert_eq!(ids(&alone), ["pid:1"]);
    });
}

#[test]
fn processes_that_cannot_be_looked_into_are_told() {
    isolated_with_users(|| {
        let (read, _write) = nix::unistd::pipe().unwrap();
        let _roots = Child::new(&[&read], || ());
        let ran = cli::ipcx_as(NOBODY, &["graph", "--json"]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["visibility"]["complete"], false);
        assert!(document["visibility"]["unreadable_processes"].as_u64().unwrap() > 0);
        assert!(cli::ipcx_as(NOBODY, &["graph"]).err.contains("could not be looked into"));
    });
}
