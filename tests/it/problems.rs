//! Problems of real objects, and none on a machine where all is well. What a PID namespace of its own cannot show (that
//! nobody has the other end of a pipe) has its tests beside the rules.

use crate::support::isolated::skip;
use crate::support::look::one;
use crate::support::{Child, eventually, isolated, isolated_with_users, posix, scratch, sysv, users};
use ipcx::diagnose::{About, Action, Class, Problem, Severity, holdings, problems};
use ipcx::model::{Kinds, Role};
use ipcx::query::columns::Fields;
use ipcx::query::filter::Filter;
use ipcx::snapshot::{Snapshot, Visibility, Want, collect};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, socketpair};
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

fn look() -> Snapshot {
    collect(&Want { room: true, openers: true, blocked: true, ..Want::everything(Kinds::all()) }).unwrap()
}

/// The problem with one object.
fn problem_of(address: &str) -> Option<Problem> {
    let snapshot = look();
    let about = About::Object(one(&snapshot, address));
    problems(&snapshot).into_iter().find(|problem| problem.about == about)
}

fn class_of(address: &str) -> Option<(Class, Severity)> {
    problem_of(address).map(|problem| (problem.class, problem.severity))
}

/// Every problem with the address of what it is about, to be read when a test fails.
fn told(snapshot: &Snapshot) -> Vec<String> {
    let one = |problem: &Problem| {
        let about = match problem.about {
            About::Object(place) => snapshot.address(place).to_string(),
            About::Limit(place) => snapshot.room[place].what.name.to_owned(),
        };
        format!("{about} {}: {}", problem.class.name(), problem.reason)
    };
    problems(snapshot).iter().map(one).collect()
}

fn all() -> Vec<String> {
    told(&look())
}

fn address(fd: &impl AsRawFd) -> String {
    format!("socket:[{}]", std::fs::metadata(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap().ino())
}

#[test]
fn a_sender_stuck_on_a_queue_that_nobody_reads() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        sysv::set_queue(id, |ds| ds.msg_qbytes = 100);
        sysv::send(id, 1, &[0; 60]);
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(id, 1, &[0; 60]));
        let problem = problem_of("queue:0x1").unwrap();
        assert_eq!((problem.class, problem.severity), (Class::Full, Severity::Severe));
        let reason = format!("no room for what is to be sent: 1 message, 60 bytes of 100 bytes; pid {}", sender.pid());
        assert!(problem.reason.starts_with(&reason), "{}", problem.reason);
        assert!(problem.reason.ends_with("waits to send; nobody has ever received from it"), "{}", problem.reason);
        // Room is made: nobody is stuck any more.
        sysv::set_queue(id, |ds| ds.msg_qbytes = 1000);
        assert!(matches!(sender.wait(), nix::sys::wait::WaitStatus::Exited(_, 0)));
        assert_ne!(class_of("queue:0x1").map(|(class, _)| class), Some(Class::Full));
    });
}

#[test]
fn a_writer_stuck_on_a_pipe_whose_reader_is_stopped() {
    isolated(|| {
        let pipeline = |left: &str, right: &str| {
            let (reader, writer) = std::io::pipe().unwrap();
            let pipe =
                format!("pipe:[{}]", std::fs::metadata(format!("/proc/self/fd/{}", writer.as_raw_fd())).unwrap().ino());
            let left = Command::new("sh").args(["-c", left]).stdout(writer).spawn().unwrap();
            let right = Command::new("sh").args(["-c", right]).stdin(reader).stdout(Stdio::null()).spawn().unwrap();
            (left, right, pipe)
        };
        let signal = |child: &std::process::Child, signal| {
            let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
            nix::sys::signal::kill(pid, signal).unwrap();
        };
        let (mut left, mut right, pipe) = pipeline("exec yes", "exec sleep 1000");
        let waits = |pipe: &str, role| {
            let snapshot = look();
            snapshot.holders(one(&snapshot, pipe)).iter().any(|holder| holder.role == role)
        };
        eventually("the pipe is full", || waits(&pipe, Role::WaitingSend));
        assert_eq!(class_of(&pipe), None, "a reader that takes its time is no problem");
        signal(&right, nix::sys::signal::Signal::SIGSTOP);
        eventually("its reader is stopped", || class_of(&pipe) == Some((Class::Full, Severity::Severe)));
        let problem = problem_of(&pipe).unwrap();
        assert_eq!(problem.help.action, Action::Signal(right.id()));
        let snapshot = look();
        let holding = holdings(&snapshot).into_iter().find(|holding| holding.pid == left.id()).unwrap();
        assert_eq!(holding.waits, Some((one(&snapshot, &pipe), Role::WaitingSend)));
        signal(&right, nix::sys::signal::Signal::SIGCONT);
        eventually("it goes on", || class_of(&pipe).is_none());
        for child in [&mut left, &mut right] {
            child.kill().unwrap();
            child.wait().unwrap();
        }

        let (mut left, mut right, pipe) = pipeline("exec sleep 1000", "exec cat");
        eventually("the reader waits", || waits(&pipe, Role::WaitingReceive));
        assert_eq!(class_of(&pipe), None, "to wait for input is no problem");
        for child in [&mut left, &mut right] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
}

#[test]
fn a_sender_stuck_on_a_posix_queue() {
    isolated(|| {
        let fill = || {
            let queue = posix::queue(c"/full", 1, 8);
            nix::mqueue::mq_send(&queue, b"one", 0).unwrap();
            nix::mqueue::mq_send(&queue, b"two", 0).unwrap();
        };
        let sender = Child::sleeping_in(&[libc::SYS_mq_timedsend], &[], fill);
        // Where somebody outside may know the queue, it counts as stuck only when it has not moved for a while.
        eventually("the sender is seen to be stuck", || problem_of("queue:/full").is_some());
        let problem = problem_of("queue:/full").unwrap();
        let reason = format!("full: 1 of 1 message; pid {}", sender.pid());
        assert!(problem.class == Class::Full && problem.reason.starts_with(&reason), "{problem:?}");
        let (severity, why) = if look().visibility.outsiders_know_ipc() {
            (Severity::Warning, "nobody else was seen to have it open, but not everybody could be")
        } else {
            (Severity::Severe, "no other process has it open")
        };
        assert!(problem.severity == severity && problem.reason.ends_with(why), "{problem:?}");
    });
}

#[test]
fn a_fifo_that_nobody_opens_the_other_end_of() {
    isolated(|| {
        let path = scratch().join("lonely");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        assert_eq!(all(), [""; 0]);
        let reader = Child::sleeping_in(&[libc::SYS_openat], &[], || File::open(&path).unwrap());
        // Whoever comes to either end wakes the sleeper for a moment, in which it does not sleep.
        let becomes = |class| {
            eventually("the opener sleeps", || problems(&look()).iter().any(|problem| problem.class == class));
        };
        becomes(Class::NoPartner);
        let problem = problem_of(path.to_str().unwrap()).unwrap();
        assert_eq!((problem.class, problem.help.action), (Class::NoPartner, Action::Signal(reader.pid())));
        assert!(problem.reason.ends_with("sleeps in opening it: nobody comes to the other end"), "{}", problem.reason);
        // Somebody has it open for reading, and so the sleeper waits for a writer.
        let held = Child::new(&[], || File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap());
        becomes(Class::NoWriter);
        held.end();
        becomes(Class::NoPartner);
    });
}

#[test]
fn a_connection_that_only_one_end_remembers() {
    isolated(|| {
        let (near, far) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let pair = address(&near);
        assert_eq!(class_of(&pair), None);
        nix::unistd::write(&far, b"last words").unwrap();
        drop(far);
        assert_eq!(class_of(&pair), None, "there is something to read");
        nix::unistd::read(&near, &mut [0; 64]).unwrap();
        let problem = problem_of(&pair).unwrap();
        assert_eq!((problem.class, problem.severity), (Class::HalfClosed, Severity::Note));
        assert_eq!(problem.help.action, Action::Show);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let server_end = address(&server);
        assert_eq!(class_of(&server_end), None);
        // The client has sent its request and waits for the answer.
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let connection = |expected: &str| {
            let snapshot = look();
            let ipcx::model::Body::Socket(socket) = &snapshot.objects[one(&snapshot, &server_end)].body else {
                panic!()
            };
            socket.state.unwrap().name() == expected
        };
        eventually("the server's end hears of it", || connection("close-wait"));
        assert_eq!(class_of(&server_end), None, "it may still be answered");
        drop(client);
        let problem = problem_of(&server_end).unwrap();
        assert_eq!((problem.class, problem.severity), (Class::HalfClosed, Severity::Warning), "{}", problem.reason);
    });
}

#[test]
fn a_listener_that_accepts_nobody() {
    isolated(|| {
        let path = scratch().join("busy.sock");
        let listener = UnixListener::bind(&path).unwrap();
        nix::sys::socket::listen(&listener, Backlog::new(1).unwrap()).unwrap();
        let name = format!("unix:{}", path.display());
        let mut clients = vec![UnixStream::connect(&path).unwrap()];
        assert_eq!(class_of(&name), None, "one more fits");
        clients.push(UnixStream::connect(&path).unwrap());
        let problem = problem_of(&name).unwrap();
        assert_eq!((problem.class, problem.severity), (Class::Backlog, Severity::Warning));
        assert!(
            problem.reason.starts_with("2 connections wait to be accepted, its backlog is 1"),
            "{}",
            problem.reason
        );
        listener.accept().unwrap();
        assert_eq!(class_of(&name), None);
    });
}

#[test]
fn a_segment_that_outlives_its_creator() {
    isolated(|| {
        let creator = Child::new(&[], || sysv::segment(1, 4096, 0o600));
        let attached = sysv::attach(0);
        sysv::control_segment(0, libc::IPC_RMID);
        assert_eq!(class_of("shm:0"), None, "removed at once, so that it goes with its users");
        creator.end();
        assert_eq!(class_of("shm:0"), Some((Class::MarkedForRemoval, Severity::Note)));
        assert_eq!(problem_of("shm:0").unwrap().help.action, Action::Signal(1));
        drop(attached);
    });
}

#[test]
fn what_is_leaked_or_suspect_is_told_as_the_verdict_has_it() {
    isolated_with_users(|| {
        Child::run(&[], || {
            sysv::segment(1, 4096, 0o600);
            sysv::send(sysv::queue(2, 0o600), 1, b"x");
        });
        // A process of root that has been there all the while may know the queue.
        let _root = Child::new(&[], || ());
        assert_eq!(class_of("shm:0x1"), Some((Class::Leaked, Severity::Warning)));
        assert_eq!(class_of("queue:0x2"), Some((Class::Suspect, Severity::Note)));
        let snapshot = look();
        let first: Vec<Class> = problems(&snapshot).iter().map(|problem| problem.class).collect();
        assert_eq!(first, [Class::Leaked, Class::Suspect], "the worst comes first");
    });
}

#[test]
fn who_waits_behind_a_dead_lock_holder() {
    isolated(|| {
        let set = sysv::semaphores(1, 1, 0o600);
        let maker = Child::new(&[], || {
            sysv::set_values(set, &[1]);
            sysv::operate(set, 0, -1);
        });
        let waiter = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(set, 0, -1));
        assert_eq!(class_of("sem:0x1"), None, "its holder lives");
        maker.end();
        let problem = problem_of("sem:0x1").unwrap();
        assert_eq!((problem.class, problem.severity), (Class::Blocked, Severity::Severe));
        assert!(problem.reason.starts_with(&format!("pid {}", waiter.pid())), "{}", problem.reason);
        let snapshot = look();
        let holding = holdings(&snapshot).into_iter().find(|holding| holding.pid == waiter.pid()).unwrap();
        assert_eq!(holding.waits, Some((one(&snapshot, "sem:0x1"), Role::WaitingSemaphore)));
    });
}

/// Producers may leave: what a consumer took is recorded as its own.
#[test]
fn a_consumer_whose_producer_has_left_is_not_blocked() {
    isolated(|| {
        let set = sysv::semaphores(1, 1, 0o600);
        let consumer = Child::sleeping_in(&sysv::OPERATE, &[], || {
            loop {
                sysv::operate(set, 0, -1);
            }
        });
        Child::run(&[], || sysv::operate(set, 0, 1));
        consumer.wait_for_call(consumer.pid(), &sysv::OPERATE);
        eventually("the consumer has taken it", || {
            let snapshot = look();
            let holders = snapshot.holders(one(&snapshot, "sem:0x1"));
            holders.iter().any(|holder| holder.role == Role::LastOperator && holder.pid == consumer.pid())
        });
        assert_eq!(class_of("sem:0x1"), None);
    });
}

#[test]
fn a_limit_that_is_nearly_reached() {
    isolated(|| {
        let _root = Child::new(&[], || ());
        for key in 1..=8 {
            sysv::queue(key, 0o600);
        }
        if let Err(error) = std::fs::write("/proc/sys/kernel/msgmni", "10") {
            return skip("problems::a_limit", &format!("msgmni cannot be set: {error}"));
        }
        let near = || {
            let snapshot = look();
            let found = problems(&snapshot).into_iter().find(|problem| problem.class == Class::NearLimit)?;
            let About::Limit(place) = found.about else { panic!("{found:?}") };
            assert_eq!(snapshot.room[place].what.name, "MSGMNI");
            Some(found)
        };
        let problem = near().unwrap();
        assert_eq!(problem.severity, Severity::Warning);
        assert!(problem.reason.starts_with("System V message queues: 8 of 10, 80 %"), "{}", problem.reason);
        let Action::Clean(filter) = problem.help.action else { panic!("{problem:?}") };
        assert!(Filter::parse_text(filter, &Fields).is_ok(), "{filter}");
        sysv::queue(9, 0o600);
        sysv::queue(10, 0o600);
        assert_eq!(near().unwrap().severity, Severity::Severe);
        for _ in 0..5 {
            sysv::remove_queue(look().objects.iter().find_map(id_of).unwrap());
        }
        assert_eq!(near(), None);
    });
}

fn id_of(object: &ipcx::model::Object) -> Option<i32> {
    match object.identity {
        ipcx::model::Identity::SysV { id, .. } => Some(id),
        _ => None,
    }
}

/// Running programs that mean what they do: full pipes, waiting readers, servers, workers, locks, shared memory.
#[test]
fn a_healthy_machine_has_no_problems() {
    isolated_with_users(|| {
        let mut running = Vec::new();
        let mut start = |script: &str| {
            let mut command = Command::new("bash");
            command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            running.push(command.spawn().unwrap());
        };
        // The pipe is full and its reader slow; the reader of the other waits; a co-process has both directions.
        start("yes | (read -r line; sleep 1000)");
        start("sleep 1000 | cat | cat");
        start("coproc cat; sleep 1000");
        start("exec 3<> <(:); sleep 1000");
        // A server with a client that says nothing, a pair of which either end lives.
        let listener = UnixListener::bind(scratch().join("server.sock")).unwrap();
        let client = UnixStream::connect(scratch().join("server.sock")).unwrap();
        let accepted = listener.accept().unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let near = tcp.accept().unwrap();
        // A queue whose reader waits, with the writer gone; a mailbox that is full and has a reader.
        let requests = sysv::queue(1, 0o600);
        let server = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || {
            loop {
                sysv::receive(requests, 0);
            }
        });
        Child::run(&[], || sysv::send(requests, 1, b"x"));
        server.wait_for_call(server.pid(), &[libc::SYS_msgrcv]);
        let mailbox = posix::queue(c"/mailbox", 1, 8);
        nix::mqueue::mq_send(&mailbox, b"x", 0).unwrap();
        // A lock that is held while others wait, and memory that is removed as soon as it is attached.
        let lock = sysv::semaphores(1, 1, 0o600);
        sysv::set_values(lock, &[1]);
        sysv::operate(lock, 0, -1);
        let waiter = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(lock, 0, -1));
        let memory = sysv::attach(sysv::segment(0, 4096, 0o600));
        sysv::control_segment(0, libc::IPC_RMID);
        let shared = posix::segment(c"/shared", 4096, 0o600);
        let mut python = python();

        eventually("every shell has started what it starts", || {
            let snapshot = look();
            snapshot.processes().filter(|process| &*process.comm == b"sleep").count() >= 4
        });
        let mut snapshot = look();
        assert_eq!(told(&snapshot), [""; 0]);
        // Doubt about who may be outside hides problems here. Nobody is: without it there is none either.
        snapshot.visibility = Visibility::default();
        assert_eq!(told(&snapshot), [""; 0]);
        for child in running.iter_mut().chain(&mut python) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        drop((client, accepted, far, near, waiter, memory, shared, mailbox));
    });
}

/// A pool of workers with a manager and shared memory, where Python is installed.
fn python() -> Option<std::process::Child> {
    let program = "
import multiprocessing as m, sys, time
from multiprocessing import shared_memory
def work(n): time.sleep(1000)
if __name__ == '__main__':
    memory = shared_memory.SharedMemory(create=True, size=4096)
    manager, lock, queue = m.Manager(), m.Lock(), m.Queue()
    held = manager.dict(a=1)
    pool = m.Pool(2)
    pool.map_async(work, range(2))
    queue.put('x')
    sys.stdout.write('ready')
    sys.stdout.flush()
    time.sleep(1000)
";
    let mut command = Command::new("python3");
    command.args(["-c", program]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        skip("problems::a_healthy_machine", "no python3");
        return None;
    };
    let mut word = [0; 5];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut word).unwrap();
    assert_eq!(&word, b"ready");
    Some(child)
}

#[test]
fn an_ordinary_user_is_told_no_more_than_can_be_seen() {
    isolated_with_users(|| {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let _elsewhere = Child::new(&[&reader], || ());
        drop(reader);
        let queue = sysv::queue(1, 0o666);
        let full = posix::queue(c"/full", 1, 8);
        Child::run(&[&writer], || {
            users::become_user(users::NOBODY);
            assert_eq!(all(), [""; 0], "whoever may have them cannot be looked into");
        });
        sysv::remove_queue(queue);
        nix::mqueue::mq_close(full).unwrap();
    });
}
