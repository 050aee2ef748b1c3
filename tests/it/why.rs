//! `ipcx why`: one real process for each cause, asleep in the call.

use crate::support::cli::{ipcx, json, place};
use crate::support::sleepers as make;
use crate::support::{Child, isolated, posix, sysv};
use nix::mqueue::{MQ_OFlag, mq_close, mq_receive, mq_send};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::{mkfifo, pipe, read, write};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

/// What is said of a process's first thread.
pub fn why(pid: u32) -> Value {
    let document = json(&["why", "--json", &pid.to_string()]);
    assert_eq!((&document["schema"], &document["pid"]), (&json!("ipcx.why/1"), &json!(pid)));
    let threads = document["threads"].as_array().unwrap();
    let thread = threads.iter().find(|thread| thread["tid"] == pid).unwrap();
    thread.clone()
}

/// The address of a pipe.
pub fn pipe_of(fd: &impl AsFd) -> String {
    format!("pipe:[{}]", nix::sys::stat::fstat(fd).unwrap().st_ino)
}

fn socket_of(fd: &impl AsFd) -> String {
    format!("socket:[{}]", nix::sys::stat::fstat(fd).unwrap().st_ino)
}

/// The pids of who could wake it.
pub fn wakers(thread: &Value) -> Vec<u64> {
    thread["wakers"].as_array().unwrap().iter().map(|waker| waker["pid"].as_u64().unwrap()).collect()
}

/// Compares call, object and whether it can wake, and looks for words in the explanation.
pub fn expect(thread: &Value, call: &str, object: &str, can_wake: &str, words: &[&str]) {
    let said = (&thread["call"], &thread["object"], &thread["can_wake"], &thread["blocked"]);
    assert_eq!(said, (&json!(call), &json!(object), &json!(can_wake), &json!(true)), "{thread:#}");
    let explanation = thread["explanation"].as_str().unwrap();
    for word in words {
        assert!(explanation.contains(word), "no `{word}` in {explanation}");
    }
}

/// Reads a byte, and waits until there is one.
fn read_one(fd: impl AsFd) {
    let _ = read(fd, &mut [0]);
}

fn fill(fd: &impl AsFd) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while write(fd, &[0; 4096]).is_ok() {}
    while write(fd, &[0]).is_ok() {}
    fcntl(fd, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
}

#[test]
fn system_v_queues() {
    isolated(|| {
        let empty = sysv::queue(0x4d2, 0o600);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(empty, 0));
        let thread = why(child.pid());
        expect(
            &thread,
            "msgrcv",
            &format!("queue:{empty}"),
            "unknown",
            &["0x000004d2", "is empty", "nobody ever sent"],
        );
        assert_eq!((&thread["state"], &thread["missing"]), (&json!("S"), &Value::Null));
        assert!(thread["since_seconds"].as_f64().is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "{thread:#}");
        child.end();

        let typed = sysv::queue(1, 0o600);
        for kind in [5, 5, 8] {
            sysv::send(typed, kind, b"x");
        }
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(typed, 7));
        let thread = why(child.pid());
        // This test sent the last one, and lives.
        expect(&thread, "msgrcv", &format!("queue:{typed}"), "yes", &["3 messages, none of them of type 7"]);
        assert_eq!(wakers(&thread), [1]);
        let lower = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(typed, -4));
        expect(&why(lower.pid()), "msgrcv", &format!("queue:{typed}"), "yes", &["none of them of a type up to 4"]);
        child.end();
        lower.end();

        let full = sysv::queue(2, 0o600);
        sysv::set_queue(full, |ds| ds.msg_qbytes = 64);
        let sender = Child::new(&[], || sysv::send(full, 1, &[0; 60]));
        let child = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(full, 9, &[0; 10]));
        let words = ["is full: 60 of 64 bytes in 1 message", "of type 9 and 10 bytes", "nobody ever received"];
        expect(&why(child.pid()), "msgsnd", &format!("queue:{full}"), "unknown", &words);
        sender.end();
    });
}

#[test]
fn the_last_sender_counts_only_while_it_lives() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let sender = Child::new(&[], || {
            sysv::send(queue, 1, b"x");
            sysv::take(queue)
        });
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let thread = why(child.pid());
        assert_eq!((wakers(&thread), &thread["can_wake"]), (vec![u64::from(sender.pid())], &json!("yes")));
        assert_eq!(thread["wakers"][0]["how"], "last sender");
        let gone = sender.pid();
        sender.end();
        let thread = why(child.pid());
        let object = format!("queue:{queue}");
        expect(&thread, "msgrcv", &object, "unknown", &[&format!("its last sender, pid {gone}, is gone")]);
        assert!(wakers(&thread).is_empty());
    });
}

#[test]
fn system_v_semaphores() {
    isolated(|| {
        let set = sysv::semaphores(0x1f, 4, 0o600);
        let object = format!("sem:{set}");
        sysv::set_values(set, &[0, 5, 1, 2]);
        let taker = Child::new(&[], || sysv::operate(set, 2, -1));
        let child = Child::sleeping_in(&sysv::OPERATE, &[], || make::operate_all(set, &[(1, -5), (2, -1), (0, -1)]));
        let thread = why(child.pid());
        let call = thread["call"].as_str().unwrap().to_owned();
        assert!(["semop", "semtimedop"].contains(&&*call));
        expect(&thread, &call, &object, "yes", &["-5 on semaphore 1", "semaphore 2 is 0, and 1 is needed"]);
        assert_eq!(wakers(&thread), [u64::from(taker.pid())]);
        assert_eq!(thread["wakers"][0]["certain"], false);
        let gone = taker.pid();
        taker.end();
        expect(&why(child.pid()), &call, &object, "unknown", &[&format!("pid {gone}, is gone")]);
        child.end();

        let zero = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(set, 3, 0));
        expect(&why(zero.pid()), &call, &object, "yes", &["semaphore 3 is 2, and it waits for 0"]);
        let timed = Child::sleeping_in(&sysv::OPERATE, &[], || make::operate_for_an_hour(set, 0, -1));
        expect(&why(timed.pid()), "semtimedop", &object, "yes", &["it has a time limit"]);
    });
}

#[test]
fn posix_queues() {
    isolated(|| {
        let empty = posix::queue(c"/empty", 2, 8);
        let receive = || mq_receive(&empty, &mut [0; 8], &mut 0);
        let child = Child::sleeping_in(&[libc::SYS_mq_timedreceive], &[&posix::queue_fd(&empty)], receive);
        let thread = why(child.pid());
        expect(&thread, "mq_timedreceive", "queue:/empty", "yes", &["is empty"]);
        assert_eq!(wakers(&thread), [1], "this test has it open to send");
        let open = |way| Child::new(&[], || posix::open_queue(c"/empty", way));
        let (sender, _receiver) = (open(MQ_OFlag::O_WRONLY), open(MQ_OFlag::O_RDONLY));
        assert_eq!(wakers(&why(child.pid())), [1, u64::from(sender.pid())], "who can only receive does not help");
        sender.end();
        mq_close(empty).unwrap();
        expect(
            &why(child.pid()),
            "mq_timedreceive",
            "queue:/empty",
            "unknown",
            &["no other process was seen that has it open to send"],
        );
        child.end();

        let full = posix::queue(c"/full", 1, 8);
        mq_send(&full, b"x", 0).unwrap();
        let send = || mq_send(&full, b"y", 0);
        let child = Child::sleeping_in(&[libc::SYS_mq_timedsend], &[&posix::queue_fd(&full)], send);
        expect(&why(child.pid()), "mq_timedsend", "queue:/full", "yes", &["is full (1 of 1 messages)"]);
    });
}

#[test]
fn pipes() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let object = pipe_of(&reader);
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader], || read_one(&reader));
        let thread = why(child.pid());
        expect(&thread, "read", &object, "yes", &["is empty", "has the write end"]);
        assert_eq!(wakers(&thread), [1]);
        child.end();
        fill(&writer);
        let child = Child::sleeping_in(&[libc::SYS_write], &[&writer], || write(&writer, &[1]));
        let thread = why(child.pid());
        expect(&thread, "write", &object, "yes", &["is full", "has the read end"]);
        assert_eq!(wakers(&thread), [1]);
    });
}

#[test]
fn who_waits_for_itself_never_wakes() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let object = pipe_of(&reader);
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader, &writer], || read_one(&reader));
        let pid = child.pid();
        expect(&why(pid), "read", &object, "yes", &["this process has one itself, and gets no end-of-file"]);
        drop((reader, writer));
        let thread = why(pid);
        expect(&thread, "read", &object, "no", &["only this process itself", "until it is killed"]);
        assert!(wakers(&thread).is_empty());
        let document = json(&["why", "--deadlocks", "--json"]);
        assert_eq!(document["schema"], "ipcx.deadlocks/1");
        assert_eq!(document["cycles"], json!([]));
        let hopeless = &document["hopeless"][0];
        assert_eq!(
            (&hopeless["pid"], &hopeless["tid"], &hopeless["object"]),
            (&json!(pid), &json!(pid), &json!(object))
        );
        let ran = ipcx(&["why", "--deadlocks"]);
        assert!(ran.out.contains(&format!("never wakes: pid:{pid}")), "{}", ran.out);
    });
}

#[test]
fn an_end_on_its_way_in_a_socket_may_be_taken_out_and_used() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader, &writer], || read_one(&reader));
        make_fly(&ours, &writer);
        drop((reader, writer));
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("on its way"), "{thread:#}");
    });
}

pub fn make_fly(socket: &UnixStream, fd: &impl AsFd) {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::os::fd::AsRawFd;
    let fds = [fd.as_fd().as_raw_fd()];
    let parts = [std::io::IoSlice::new(b"x")];
    sendmsg::<()>(socket.as_raw_fd(), &parts, &[ControlMessage::ScmRights(&fds)], MsgFlags::empty(), None).unwrap();
}

#[test]
fn fifos() {
    isolated(|| {
        let path = place("f");
        mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let object = format!("fifo:{}", path.display());
        let child = Child::sleeping_in(&[libc::SYS_openat], &[], || File::open(&path));
        let thread = why(child.pid());
        expect(&thread, "openat", &object, "unknown", &["opens the read end", "nobody has the write end open"]);
        child.end();
        let both = File::options().read(true).write(true).open(&path).unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[], || File::open(&path).unwrap().read(&mut [0]));
        expect(&why(child.pid()), "read", &object, "yes", &["is empty", "has the write end"]);
        child.end();
        drop(both);
        let writes = Child::sleeping_in(&[libc::SYS_openat], &[], || File::options().write(true).open(&path));
        expect(&why(writes.pid()), "openat", &object, "unknown", &["opens the write end"]);
        // One with another root calls it by a path that here is nothing, or something else.
        let jailed = Child::sleeping_in(&[libc::SYS_openat], &[], || {
            nix::unistd::chroot(&*place("")).unwrap();
            File::options().write(true).open("/f")
        });
        expect(&why(jailed.pid()), "openat", &object, "unknown", &["opens the write end"]);
        std::fs::remove_file(&path).unwrap();
        let thread = why(writes.pid());
        assert_eq!((&thread["object"], &thread["can_wake"]), (&Value::Null, &json!("unknown")), "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("removed meanwhile"), "{thread:#}");
    });
}

#[test]
fn unix_sockets() {
    isolated(|| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let object = socket_of(&theirs);
        let reads = Child::sleeping_in(&[libc::SYS_read, libc::SYS_recvfrom], &[&theirs], || (&theirs).read(&mut [0]));
        let thread = why(reads.pid());
        let call = thread["call"].as_str().unwrap().to_owned();
        expect(&thread, &call, &object, "yes", &["nothing has come in", &socket_of(&ours)]);
        assert_eq!(wakers(&thread), [1]);
        reads.end();

        let listener = UnixListener::bind(place("s")).unwrap();
        let name = format!("unix:{}", place("s").display());
        let accepts = Child::sleeping_in(&[libc::SYS_accept, libc::SYS_accept4], &[&listener], || listener.accept());
        let thread = why(accepts.pid());
        let call = thread["call"].as_str().unwrap().to_owned();
        expect(&thread, &call, &name, "unknown", &["listens, and nobody connects"]);
        accepts.end();

        nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
        let _first = UnixStream::connect(place("s")).unwrap();
        let connects = Child::sleeping_in(&[libc::SYS_connect], &[], || UnixStream::connect(place("s")));
        let thread = why(connects.pid());
        expect(&thread, "connect", &name, "yes", &["whose backlog is full"]);
        assert_eq!(wakers(&thread), [1]);
    });
}

#[test]
fn datagrams() {
    isolated(|| {
        let receiver = UnixDatagram::bind(place("d")).unwrap();
        let name = format!("unix:{}", place("d").display());
        let sender = UnixDatagram::unbound().unwrap();
        sender.set_nonblocking(true).unwrap();
        while sender.send_to(b"x", place("d")).is_ok() {}
        let child =
            Child::sleeping_in(&[libc::SYS_sendto], &[], || UnixDatagram::unbound().unwrap().send_to(b"y", place("d")));
        let thread = why(child.pid());
        expect(&thread, "sendto", &name, "yes", &["the queue of", "is full"]);
        assert_eq!(wakers(&thread), [1]);
        child.end();
        drop(receiver);

        let quiet = UnixDatagram::bind(place("e")).unwrap();
        let child = Child::sleeping_in(&[libc::SYS_recvfrom, libc::SYS_read], &[&quiet], || quiet.recv(&mut [0]));
        let thread = why(child.pid());
        let call = thread["call"].as_str().unwrap().to_owned();
        drop(quiet);
        expect(&thread, &call, &format!("unix:{}", place("e").display()), "unknown", &["nothing has come in"]);
        let flags = SockFlag::empty();
        let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&a], || read_one(&a));
        assert_eq!(wakers(&why(child.pid())), [1], "{}", socket_of(&b));
    });
}

#[test]
fn internet_sockets() {
    isolated(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let accepts = Child::sleeping_in(&[libc::SYS_accept, libc::SYS_accept4], &[&listener], || listener.accept());
        let thread = why(accepts.pid());
        assert_eq!((&thread["object"], &thread["can_wake"]), (&json!(socket_of(&listener)), &json!("unknown")));
        accepts.end();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_recvfrom, libc::SYS_read], &[&client], || (&client).read(&mut [0]));
        let thread = why(child.pid());
        assert_eq!((&thread["object"], &thread["can_wake"]), (&json!(socket_of(&client)), &json!("yes")));
        assert!(thread["explanation"].as_str().unwrap().contains(&socket_of(&server)), "{thread:#}");
        assert_eq!(wakers(&thread), [1]);
    });
}

#[test]
fn several_descriptors_at_once() {
    isolated(|| {
        let ((first, one), (second, two)) = (pipe().unwrap(), pipe().unwrap());
        let objects = json!([pipe_of(&first), pipe_of(&second)]);
        let polls = Child::sleeping_in(&[libc::SYS_poll, libc::SYS_ppoll], &[&first, &second], || {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
            poll(&mut [watch(first.as_fd()), watch(second.as_fd())], PollTimeout::NONE)
        });
        let thread = why(polls.pid());
        assert_eq!((&thread["objects"], &thread["can_wake"]), (&objects, &json!("yes")), "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("any of 2 descriptors"), "{thread:#}");
        assert_eq!(wakers(&thread), [1]);

        let epolls = Child::sleeping_in(&[libc::SYS_epoll_wait, libc::SYS_epoll_pwait], &[&first, &second], || {
            make::epoll(&[&first, &second]);
        });
        assert_eq!(why(epolls.pid())["objects"], objects);
        let selects = Child::sleeping_in(&[libc::SYS_select, libc::SYS_pselect6], &[&second], || make::select(&second));
        expect(&why(selects.pid()), why(selects.pid())["call"].as_str().unwrap(), &pipe_of(&second), "yes", &[]);
        // Nobody else has a write end: neither wakes.
        let both = Child::sleeping_in(&[libc::SYS_poll, libc::SYS_ppoll], &[&first, &one, &second, &two], || {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
            poll(&mut [watch(first.as_fd()), watch(second.as_fd())], PollTimeout::NONE)
        });
        polls.end();
        epolls.end();
        selects.end();
        drop((first, one, second, two));
        assert_eq!(why(both.pid())["can_wake"], "no");
    });
}

#[test]
fn event_and_timer_descriptors() {
    isolated(|| {
        let event = make::eventfd();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&event], || read(&event, &mut [0; 8]));
        let thread = why(child.pid());
        assert!(thread["object"].as_str().unwrap().starts_with("eventfd:["), "{thread:#}");
        assert_eq!((wakers(&thread), &thread["can_wake"]), (vec![1], &json!("yes")));
        drop(event);
        assert_eq!(why(child.pid())["can_wake"], "unknown", "the kernel may signal it");
        let timer = make::timerfd();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&timer], || read(&timer, &mut [0; 8]));
        let thread = why(child.pid());
        assert!(thread["explanation"].as_str().unwrap().contains("timer is not set"), "{thread:#}");
    });
}

#[test]
fn children_signals_and_time() {
    isolated(|| {
        let child = Child::sleeping_in(&[libc::SYS_wait4], &[], || {
            let inner = Child::new(&[], || ());
            inner.wait()
        });
        let thread = why(child.pid());
        let inner = wakers(&thread)[0];
        expect(&thread, "wait4", &format!("pid:{inner}"), "yes", &["waits for the end of"]);
        assert_eq!(thread["wakers"][0]["how"], "has to end");
        let sleeps = Child::sleeping_in(&[libc::SYS_nanosleep, libc::SYS_clock_nanosleep], &[], || {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        });
        let thread = why(sleeps.pid());
        assert_eq!((&thread["can_wake"], &thread["object"]), (&json!("yes"), &Value::Null));
        let pauses = Child::new(&[], || ());
        pauses.wait_for_call(pauses.pid(), &[libc::SYS_pause]);
        let thread = why(pauses.pid());
        assert!(thread["explanation"].as_str().unwrap().contains("waits for a signal"), "{thread:#}");
        let waits = Child::sleeping_in(&[libc::SYS_rt_sigtimedwait], &[], || {
            let mut set = nix::sys::signal::SigSet::empty();
            set.add(nix::sys::signal::Signal::SIGUSR1);
            set.thread_block().unwrap();
            set.wait()
        });
        let thread = why(waits.pid());
        assert!(thread["explanation"].as_str().unwrap().contains("SIGUSR1"), "{thread:#}");
    });
}
