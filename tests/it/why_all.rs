//! `ipcx why --all`, `--follow` and `--deadlocks`, and what is special about a process: stopped, ended, of another user or
//! namespace, of 32 bits.

use crate::support::cli::{ipcx, ipcx_as, json, on_terminal, place};
use crate::support::isolated::skip;
use crate::support::sleepers as make;
use crate::support::users::{NOBODY, child_of};
use crate::support::{Child, eventually, isolated, isolated_with_users, sysv};
use crate::why::{expect, pipe_of, wakers, why};
use nix::unistd::{pipe, read, write};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

fn read_one(fd: impl AsFd) {
    let _ = read(fd, &mut [0]);
}

/// The circles, each as pids and what they wait for.
fn circles() -> Vec<BTreeSet<(u64, String)>> {
    let document = json(&["why", "--deadlocks", "--json"]);
    assert_eq!(document["schema"], "ipcx.deadlocks/1");
    let link = |link: &Value| (link["pid"].as_u64().unwrap(), link["waits_for"].as_str().unwrap().to_owned());
    let circle = |circle: &Value| circle.as_array().unwrap().iter().map(link).collect();
    document["cycles"].as_array().unwrap().iter().map(circle).collect()
}

fn circle(links: [(&Child, &str); 2]) -> BTreeSet<(u64, String)> {
    links.map(|(child, object)| (u64::from(child.pid()), object.to_owned())).into()
}

#[test]
fn two_processes_through_pipes() {
    isolated(|| {
        let ((there, give), (back, take)) = (pipe().unwrap(), pipe().unwrap());
        let (one_waits, two_waits) = (pipe_of(&there), pipe_of(&back));
        let one = Child::sleeping_in(&[libc::SYS_read], &[&there, &take], || read_one(&there));
        let two = Child::sleeping_in(&[libc::SYS_read], &[&back, &give], || read_one(&back));
        assert!(circles().is_empty(), "this test could still write");
        let exit_code = |what: &str| ipcx(&["why", what, "--exit-code"]).status;
        assert_eq!(exit_code("--deadlocks"), 0);
        drop((there, give, back, take));
        let by_itself = Child::new(&[], || {});
        let codes = [&one, &by_itself].map(|child| exit_code(&child.pid().to_string()));
        assert_eq!((exit_code("--deadlocks"), exit_code("--all"), codes), (1, 1, [1, 0]));
        assert_eq!(circles(), [circle([(&one, &one_waits), (&two, &two_waits)])]);
        let thread = why(one.pid());
        expect(&thread, "read", &one_waits, "no", &["wait for ever themselves"]);
        assert_eq!(wakers(&thread), [u64::from(two.pid())]);
        let ran = ipcx(&["why", "--deadlocks"]);
        assert!(ran.out.starts_with("deadlock of 2 threads:"), "{}", ran.out);
        let ran = ipcx(&["why", &one.pid().to_string()]);
        assert!(ran.out.contains("deadlock of 2 threads:"), "{}", ran.out);
    });
}

#[test]
fn a_handler_might_write() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader, &writer], || {
            crate::support::signals::catch(nix::sys::signal::Signal::SIGUSR1);
            read_one(&reader);
        });
        drop((reader, writer));
        assert_eq!(why(child.pid())["can_wake"], "unknown");
        let document = json(&["why", "--deadlocks", "--json"]);
        assert_eq!((&document["cycles"], &document["hopeless"]), (&json!([]), &json!([])), "nor is it called hopeless");
    });
}

#[test]
fn two_processes_through_semaphores() {
    isolated(|| {
        let set = sysv::semaphores(1, 2, 0o600);
        sysv::set_values(set, &[1, 1]);
        let (listen, tell) = pipe().unwrap();
        let start = |first: u16, second: u16| {
            let tell = &tell;
            let listen = &listen;
            Child::start(&[tell, listen], move |ready| {
                sysv::operate(set, first, -1);
                ready.tell();
                read_one(listen);
                sysv::operate(set, second, -1);
            })
        };
        let (one, two) = (start(0, 1), start(1, 0));
        write(&tell, b"xx").unwrap();
        for child in [&one, &two] {
            child.wait_for_call(child.pid(), &sysv::OPERATE);
        }
        let object = format!("sem:{set}");
        assert_eq!(circles(), [circle([(&one, &object), (&two, &object)])]);
        assert_eq!(why(one.pid())["can_wake"], "unknown", "anybody may operate on a set");
    });
}

#[test]
fn two_processes_through_flocks() {
    isolated(|| {
        let paths = ["a", "b"].map(place);
        for path in &paths {
            File::create(path).unwrap();
        }
        let (listen, tell) = pipe().unwrap();
        let start = |first: usize, second: usize| {
            let (paths, listen) = (&paths, &listen);
            Child::start(&[listen], move |ready| {
                let [one, two] = [first, second].map(|at| File::open(&paths[at]).unwrap());
                make::flock(&one);
                ready.tell();
                read_one(listen);
                make::flock(&two);
            })
        };
        let (one, two) = (start(0, 1), start(1, 0));
        write(&tell, b"xx").unwrap();
        for child in [&one, &two] {
            child.wait_for_call(child.pid(), &[libc::SYS_flock]);
        }
        let [a, b] = paths.each_ref().map(|path| format!("lock:{}", path.display()));
        assert_eq!(circles(), [circle([(&one, &b), (&two, &a)])]);
    });
}

#[test]
fn two_processes_through_unix_sockets() {
    isolated(|| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let name = |socket: &UnixStream| format!("socket:[{}]", nix::sys::stat::fstat(socket).unwrap().st_ino);
        let (a, b) = (name(&ours), name(&theirs));
        let calls = [libc::SYS_read, libc::SYS_recvfrom];
        let one = Child::sleeping_in(&calls, &[&ours], || (&ours).read(&mut [0]));
        let two = Child::sleeping_in(&calls, &[&theirs], || (&theirs).read(&mut [0]));
        drop((ours, theirs));
        assert_eq!(circles(), [circle([(&one, &a), (&two, &b)])]);
        assert_eq!(why(one.pid())["can_wake"], "unknown", "there may be a time limit");
    });
}

#[test]
fn a_parent_that_waits_for_a_child_that_waits_for_it() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let object = pipe_of(&reader);
        let parent = Child::sleeping_in(&[libc::SYS_wait4], &[&reader, &writer], || {
            Child::sleeping_in(&[libc::SYS_read], &[&reader], || read_one(&reader)).wait()
        });
        drop((reader, writer));
        let inner = wakers(&why(parent.pid()))[0];
        let found = circles();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(&(inner, object)), "{found:?}");
        assert!(found[0].contains(&(u64::from(parent.pid()), format!("pid:{inner}"))), "{found:?}");
    });
}

#[test]
fn the_chain_is_followed_to_its_end() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let (reader, writer) = pipe().unwrap();
        let last = Child::sleeping_in(&[libc::SYS_msgrcv], &[&writer], || sysv::receive(queue, 0));
        let first = Child::sleeping_in(&[libc::SYS_read], &[&reader], || read_one(&reader));
        drop((reader, writer));
        let pid = first.pid().to_string();
        let document = json(&["why", "--follow", "--json", &pid]);
        let pids: Vec<&Value> = document.as_array().unwrap().iter().map(|one| &one["pid"]).collect();
        assert_eq!(pids, [&json!(first.pid()), &json!(last.pid())]);
        let ran = ipcx(&["why", "--follow", &pid]);
        let blocks: Vec<&str> = ran.out.lines().filter(|line| line.trim_start().starts_with("pid:")).collect();
        assert!(blocks[1].starts_with(&format!("  pid:{}", last.pid())), "{}", ran.out);
    });
}

#[test]
fn everybody_at_once() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let (reader, writer) = pipe().unwrap();
        // One waits for the other, which waits for something else.
        let sender = Child::sleeping_in(&[libc::SYS_msgrcv], &[&writer], || sysv::receive(queue, 0));
        let other = Child::sleeping_in(&[libc::SYS_read], &[&reader], || read_one(&reader));
        let document = json(&["why", "--all", "--json"]);
        let all = document.as_array().unwrap();
        assert!(all.iter().all(|one| one["schema"] == "ipcx.why/1"));
        for (child, call) in [(&sender, "msgrcv"), (&other, "read")] {
            let found: Vec<&Value> = all.iter().filter(|one| one["pid"] == child.pid()).collect();
            assert_eq!((found.len(), &found[0]["threads"][0]["call"]), (1, &json!(call)));
        }
        let ran = ipcx(&["why", "--all"]);
        assert_eq!(ran.status, 0);
        assert!(ran.out.lines().next().unwrap().trim_start().starts_with("PID"), "{}", ran.out);
        assert!(ran.out.contains(&format!("queue:{queue}")), "{}", ran.out);
        // A cause that ends is gone from the next look.
        sysv::send(queue, 1, b"x");
        eventually("it is not shown any more", || {
            let document = json(&["why", "--all", "--json"]);
            document.as_array().unwrap().iter().all(|one| one["pid"] != sender.pid())
        });
        assert_eq!(ipcx(&["why", "4194304"]).status, 1);
        assert_eq!(ipcx(&["why", "0"]).status, 2);
    });
}

#[test]
fn who_never_wakes_comes_first() {
    isolated(|| {
        let pauses = Child::new(&[], || ());
        let (reader, writer) = pipe().unwrap();
        let waits = Child::sleeping_in(&[libc::SYS_read], &[&reader], || read_one(&reader));
        let never = Child::sleeping_in(&[libc::SYS_read], &[], || {
            let (reader, _kept) = pipe().unwrap();
            read_one(&reader);
        });
        let ran = ipcx(&["why", "--all"]);
        drop(writer);
        let place = |child: &Child| {
            let pid = child.pid().to_string();
            ran.out.lines().position(|line| line.split_whitespace().next() == Some(&pid)).unwrap()
        };
        assert_eq!(place(&never), 1, "below the heading: {}", ran.out);
        assert!(place(&waits) < place(&pauses), "{}", ran.out);
    });
}

#[test]
fn who_reads_what_it_prints_waits_for_it() {
    isolated(|| {
        eventually("this test sleeps until it has all of it", || {
            let document = json(&["why", "--json", "1"]);
            let threads = document["threads"].as_array().unwrap();
            threads.iter().any(|thread| thread["explanation"].as_str().unwrap().contains("only the ipcx that looks"))
        });
    });
}

#[test]
fn a_thread_is_no_process() {
    isolated(|| {
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || std::thread::spawn(nix::unistd::pause).join());
        let tid = child.threads().into_iter().find(|tid| *tid != child.pid()).unwrap();
        let ran = ipcx(&["why", &tid.to_string()]);
        assert_eq!((ran.status, &*ran.out), (1, ""));
        assert!(ran.err.contains(&format!("a thread of pid:{}", child.pid())), "{}", ran.err);
    });
}

#[test]
fn somebody_outside_a_circle_could_break_it() {
    isolated(|| {
        let path = place("l");
        File::create(&path).unwrap();
        let set = sysv::semaphores(1, 1, 0o600);
        sysv::set_values(set, &[1]);
        let ((reader, writer), (listen, tell)) = (pipe().unwrap(), pipe().unwrap());
        // A pipe, a semaphore and a lock: each has what the one before waits for.
        let first = Child::start(&[&reader], |ready| {
            let file = File::open(&path).unwrap();
            make::flock(&file);
            ready.tell();
            read_one(&reader);
        });
        let third = Child::start(&[], |ready| {
            sysv::operate(set, 0, -1);
            ready.tell();
            make::flock(&File::open(&path).unwrap());
        });
        let second = Child::start(&[&writer, &listen], |ready| {
            ready.tell();
            read_one(&listen);
            sysv::operate(set, 0, -1);
        });
        write(&tell, b"x").unwrap();
        second.wait_for_call(second.pid(), &sysv::OPERATE);
        first.wait_for_call(first.pid(), &[libc::SYS_read]);
        third.wait_for_call(third.pid(), &[libc::SYS_flock]);
        assert!(circles().is_empty(), "this test could still write");
        let object = pipe_of(&writer);
        drop((reader, writer));
        let expected = [
            (u64::from(first.pid()), object),
            (u64::from(second.pid()), format!("sem:{set}")),
            (u64::from(third.pid()), format!("lock:{}", path.display())),
        ];
        assert_eq!(circles(), [expected.into()]);
        let document = json(&["why", "--follow", "--json", &first.pid().to_string()]);
        let pids: Vec<&Value> = document.as_array().unwrap().iter().map(|one| &one["pid"]).collect();
        assert_eq!(pids, [&json!(first.pid()), &json!(second.pid()), &json!(third.pid())]);
    });
}

#[test]
fn a_child_that_is_numbered_in_another_pid_namespace() {
    isolated(|| {
        let outer = Child::sleeping_in(&[libc::SYS_wait4], &[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWPID).unwrap();
            // Its first process, which waits for a child that it knows as pid 2.
            let first = Child::start(&[], |ready| {
                ready.tell();
                Child::new(&[], || ()).wait();
            });
            first.wait()
        });
        let first = wakers(&why(outer.pid()))[0];
        let first = u32::try_from(first).unwrap();
        eventually("the child inside waits", || why(first)["call"] == "wait4");
        let thread = why(first);
        let inner = wakers(&thread)[0];
        assert!(inner > u64::from(first), "{thread:#}");
        expect(&thread, "wait4", &format!("pid:{inner}"), "yes", &[&format!("the end of pid {inner} ("), "in pause"]);
    });
}

#[test]
fn a_cause_that_ends_while_others_go_on() {
    isolated(|| {
        let ((one, tell), (two, _keep)) = (pipe().unwrap(), pipe().unwrap());
        let child = Child::sleeping_in(&[libc::SYS_read], &[&one, &two], || {
            read_one(&one);
            read_one(&two);
        });
        expect(&why(child.pid()), "read", &pipe_of(&one), "yes", &["is empty"]);
        write(&tell, b"x").unwrap();
        let object = pipe_of(&two);
        eventually("it waits for the other one", || why(child.pid())["object"] == object);
    });
}

#[test]
fn two_threads_with_two_causes() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let (reader, writer) = pipe().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader], || {
            std::thread::spawn(move || sysv::receive(queue, 0));
            read_one(&reader);
        });
        eventually("its other thread sleeps", || {
            child.threads().iter().any(|tid| child.call(*tid) == Some(libc::SYS_msgrcv))
        });
        let document = json(&["why", "--json", &child.pid().to_string()]);
        let objects: BTreeSet<&str> =
            document["threads"].as_array().unwrap().iter().map(|thread| thread["object"].as_str().unwrap()).collect();
        assert_eq!(objects, [&*pipe_of(&writer), &*format!("queue:{queue}")].into());
    });
}

#[test]
fn a_full_queue_whose_reader_is_stopped() {
    isolated(|| {
        let queue = sysv::queue(0x4d2, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 64);
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || {
            loop {
                sysv::receive(queue, 0);
            }
        });
        sysv::send(queue, 1, &[0; 8]);
        let is_empty = || json(&["ls", "-q", "--json"])["objects"][0]["queue"]["messages"] == 0;
        eventually("the first message is taken", is_empty);
        receiver.stop();
        sysv::send(queue, 1, &[0; 60]);
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(queue, 1, &[0; 20]));
        let (object, pid) = (format!("queue:{queue}"), receiver.pid());
        let thread = why(sender.pid());
        expect(&thread, "msgsnd", &object, "yes", &["is full", "is stopped, and goes on with SIGCONT"]);
        assert!(!thread["explanation"].as_str().unwrap().contains("neither"), "{thread:#}");
        assert_eq!(wakers(&thread), [u64::from(pid)]);
        let thread = why(pid);
        let explanation = thread["explanation"].as_str().unwrap();
        assert!(explanation.ends_with("has 1 message by now; it waits for any message"), "{thread:#}");
        let shown = on_terminal(80, &["why", &sender.pid().to_string()], &[]);
        assert!(shown.contains(&format!("ipcx kill -CONT {pid} lets pid {pid} go on")), "{shown}");
        assert!(shown.lines().all(|line| line.trim_end().len() <= 80), "{shown}");
    });
}

#[test]
fn a_terminal_is_told_the_way_out_of_a_deadlock() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader, &writer], || read_one(&reader));
        drop((reader, writer));
        let pid = child.pid().to_string();
        let shown = on_terminal(80, &["why", &pid], &[]);
        assert!(shown.contains(&format!("ipcx kill {pid} ends it")), "{shown}");
        for arguments in [&["why", "--deadlocks"][..], &["why", "--all"], &["why", &pid]] {
            let shown = on_terminal(80, arguments, &[("NO_COLOR", "1")]);
            assert!(shown.contains("ipcx kill"), "{shown}");
            assert!(shown.lines().all(|line| line.trim_end().chars().count() <= 80), "{shown}");
        }
        assert!(!ipcx(&["why", &pid]).out.contains("ipcx kill"), "no advice where nobody sits");
    });
}

#[test]
fn a_stopped_process_is_told_apart() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        child.stop();
        let thread = why(child.pid());
        expect(&thread, "msgrcv", &format!("queue:{queue}"), "yes", &["is stopped by a signal", "SIGCONT"]);
        assert_eq!(thread["state"], "T");
        let zombie = Child::new(&[], || ());
        zombie.make_zombie();
        let thread = why(zombie.pid());
        assert_eq!((&thread["state"], &thread["blocked"]), (&json!("Z"), &json!(false)));
    });
}

#[test]
fn others_may_not_be_looked_into() {
    isolated_with_users(|| {
        let queue = sysv::queue(1, 0o666);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
        let pid = child.pid().to_string();
        let ran = ipcx_as(NOBODY, &["why", "--json", &pid]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let thread = &document["threads"][0];
        assert_eq!((ran.status, &thread["call"], &thread["can_wake"]), (3, &Value::Null, &json!("unknown")));
        assert_eq!(thread["missing"], "CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH");

        // His own he sees; but with others hidden, nobody can be said to be left.
        let (reader, writer) = pipe().unwrap();
        let his = child_of(NOBODY, &[&reader, &writer], || {
            let reader = reader.try_clone().unwrap();
            std::thread::spawn(move || read_one(&reader));
        });
        let tid = || his.threads().into_iter().find(|tid| his.call(*tid) == Some(libc::SYS_read));
        eventually("it reads", || tid().is_some());
        let ran = ipcx_as(NOBODY, &["why", "--json", &his.pid().to_string()]);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        let reads = document["threads"].as_array().unwrap().iter().find(|thread| thread["call"] == "read").unwrap();
        assert_ne!(reads["can_wake"], "no", "{reads:#}");
        assert!(ran.status == 0 && !document["notes"].as_array().unwrap().is_empty());
    });
}

#[test]
fn in_other_namespaces() {
    isolated(|| {
        let (listen, tell) = pipe().unwrap();
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[&tell], || {
            make::go_elsewhere();
            let queue = sysv::queue(0x77, 0o600);
            sysv::send(queue, 3, b"x");
            write(&tell, &queue.to_le_bytes()).unwrap();
            sysv::receive(queue, 7)
        });
        let mut id = [0; 4];
        read(&listen, &mut id).unwrap();
        let object = format!("queue:{}", i32::from_le_bytes(id));
        let words = ["of another IPC namespace", "1 message, none of them of type 7", "0x00000077"];
        let thread = why(child.pid());
        assert_eq!((&thread["call"], &thread["object"]), (&json!("msgrcv"), &json!(object)), "{thread:#}");
        for word in words {
            assert!(thread["explanation"].as_str().unwrap().contains(word), "no {word} in {thread:#}");
        }
        let sockets = Child::sleeping_in(&[libc::SYS_read, libc::SYS_recvfrom], &[], || {
            make::go_elsewhere();
            let (ours, _theirs) = UnixStream::pair().unwrap();
            (&ours).read(&mut [0])
        });
        let thread = why(sockets.pid());
        assert!(thread["explanation"].as_str().unwrap().contains("only this process itself has"), "{thread:#}");
    });
}

#[test]
fn a_32_bit_program_is_not_guessed_at() {
    use std::os::unix::fs::PermissionsExt;
    isolated(|| {
        let path = place("small");
        std::fs::write(&path, make::program_of_32_bits()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let Ok(mut child) = std::process::Command::new(&path).spawn() else {
            return skip("a_32_bit_program_is_not_guessed_at", "this kernel runs none");
        };
        eventually("it sleeps", || crate::support::state_of(child.id()) == 'S');
        let thread = why(child.id());
        assert_eq!((&thread["call"], &thread["can_wake"]), (&Value::Null, &json!("unknown")), "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("32-bit"), "{thread:#}");
        child.kill().unwrap();
        child.wait().unwrap();
    });
}
