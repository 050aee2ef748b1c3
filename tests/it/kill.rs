//! `ipcx kill`: signals those that were named, nobody else, and says beforehand what each does with the signal.

use crate::support::cli::{self, Ran, ipcx, ipcx_as, place};
use crate::support::signals::{block, block_number, catch, ignore, next_pid, realtime, take, tick_after, unblock};
use crate::support::users::{NOBODY, child_of};
use crate::support::{Child, eventually, isolated, isolated_with_users, signals, state_of, sysv};
use ipcx::actions::{Message, Policy, Receivers, Refusal, plan_signals, reactions};
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child as Running, Stdio};

fn named(name: &std::ffi::CStr) {
    nix::sys::prctl::set_name(name).unwrap();
}

/// A child called `orders`.
fn orders<T>(body: impl FnOnce() -> T) -> Child {
    Child::new(&[], || {
        named(c"orders");
        body()
    })
}

/// `ipcx kill` with these words and then a pid.
fn kill(words: &[&str], child: &Child) -> Ran {
    ipcx(&[&["kill"], words, &[&child.pid().to_string()]].concat())
}

#[track_caller]
fn assert_says(ran: &Ran, status: i32, parts: &[&str]) {
    assert_eq!(ran.status, status, "{}{}", ran.out, ran.err);
    let (said, silent) = if status == 0 { (&ran.out, &ran.err) } else { (&ran.err, &ran.out) };
    assert_eq!((said.lines().count(), &**silent), (1, ""), "{said}");
    for part in parts {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
}

/// How a child ended that was sent a signal.
fn ended_by(child: Child) -> Signal {
    match child.wait() {
        WaitStatus::Signaled(_, signal, _) => signal,
        other => panic!("{other:?}"),
    }
}

fn status_line(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

#[test]
fn it_says_what_will_happen_and_it_happens() {
    isolated(|| {
        let child = orders(|| ());
        let pid = child.pid();
        let ran = kill(&["-n"], &child);
        assert_says(&ran, 0, &[&format!("would send SIGTERM to pid:{pid} (orders): default action ends it")]);
        assert!(child.is_running(), "a dry run sends nothing");
        let ran = kill(&[], &child);
        assert_says(&ran, 0, &[&format!("sent SIGTERM to pid:{pid} (orders): default action ends it")]);
        assert_eq!(ended_by(child), Signal::SIGTERM);
    });
}

#[test]
fn what_each_does_with_it() {
    isolated(|| {
        let caught = orders(|| catch(Signal::SIGUSR1));
        let ignoring = orders(|| ignore(Signal::SIGUSR1));
        let blocking = orders(|| block(Signal::SIGUSR1));
        let default = orders(|| ());
        let threaded = orders(|| {
            block(Signal::SIGUSR1);
            let (tell, told) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                unblock(Signal::SIGUSR1);
                tell.send(()).unwrap();
                std::thread::park();
            });
            told.recv().unwrap();
        });
        let waiting = Child::sleeping_in(&[libc::SYS_rt_sigtimedwait], &[], || {
            named(c"orders");
            block_number(libc::SIGUSR1);
            take(libc::SIGUSR1);
        });
        for (child, disposition, words) in [
            (&caught, "caught", "it catches it"),
            (&ignoring, "ignored", "it ignores it, nothing will happen"),
            (&blocking, "blocked", "stays pending"),
            (&default, "default", "default action ends it"),
            (&threaded, "default", "default action ends it"),
            (&waiting, "blocked", "a thread of it waits for it"),
        ] {
            let ran = kill(&["-n", "-USR1"], child);
            assert_says(&ran, 0, &[&format!("would send SIGUSR1 to pid:{} (orders): ", child.pid()), words]);
            let result = &json_results(&["-USR1", &child.pid().to_string()])[0];
            let got = (result["disposition"].as_str(), result["sent"].as_bool(), result["pid"].as_u64());
            assert_eq!(got, (Some(disposition), Some(true), Some(child.pid().into())), "{result}");
            assert_eq!((&result["signal"], &result["number"]), (&"SIGUSR1".into(), &10.into()));
            assert!(result["effect"].as_str().unwrap().contains(words) && result["error"].is_null(), "{result}");
        }
        assert_eq!((ended_by(default), ended_by(threaded)), (Signal::SIGUSR1, Signal::SIGUSR1));
        assert!(matches!(waiting.wait(), WaitStatus::Exited(_, 0)), "it took the signal");
        assert_says(&kill(&["-n", "-USR1"], &blocking), 0, &["one is pending already", "not queued twice"]);
        assert!(caught.is_running() && ignoring.is_running() && blocking.is_running());
        assert_says(&kill(&["-n", "-KILL"], &blocking), 0, &["default action ends it"]);
        assert_says(&kill(&["-n", "-QUIT"], &caught), 0, &["core dump"]);
        assert_says(&kill(&["-n", "-STOP"], &caught), 0, &["default action stops it"]);
        assert_says(&kill(&["-n", "-CHLD"], &caught), 0, &["nothing will happen"]);
    });
}

/// Runs `ipcx kill --json` and returns its results.
fn json_results(words: &[&str]) -> Vec<Value> {
    let ran = ipcx(&[&["kill", "-J"], words].concat());
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["schema"], "ipcx.kill/1");
    document["results"].as_array().unwrap().clone()
}

#[test]
fn signals_by_name_and_number() {
    isolated(|| {
        let child = orders(|| ());
        let forms = [
            (&["-TERM"][..], "SIGTERM"),
            (&["-sigterm"], "SIGTERM"),
            (&["-15"], "SIGTERM"),
            (&["-s", "Hup"], "SIGHUP"),
            (&["-sHUP"], "SIGHUP"),
            (&["--signal", "9"], "SIGKILL"),
            (&["--signal=kill"], "SIGKILL"),
            (&["-SIGRTMIN+2"], "SIGRTMIN+2"),
            (&["-s", "RTMAX-1"], "SIGRTMAX-1"),
            (&["-rtmin"], "SIGRTMIN"),
            (&["-64"], "SIGRTMAX"),
            (&["-IOT"], "SIGABRT"),
        ];
        for (words, name) in forms {
            for command in ["kill", "signal"] {
                let pid = child.pid().to_string();
                let ran = ipcx(&[&[command, "-n"], words, &[&pid]].concat());
                assert_says(&ran, 0, &[&format!("would send {name} to pid:{pid} (orders)")]);
            }
        }
        assert!(child.is_running());
        assert_says(&kill(&["-0"], &child), 0, &["can be signalled"]);
        assert!(child.is_running());
        assert_says(&kill(&["-9"], &child), 0, &["sent SIGKILL"]);
        assert_eq!(ended_by(child), Signal::SIGKILL);
    });
}

#[test]
fn a_value_goes_with_it() {
    isolated(|| {
        for (words, expected) in [
            (&["--queue", "-5"][..], (libc::SI_QUEUE, -5)),
            (&["--queue=2147483647"], (libc::SI_QUEUE, i32::MAX)),
            (&[], (libc::SI_USER, 0)),
        ] {
            let number = realtime(2);
            block_number(number);
            let child = Child::start(&[], |ready| {
                named(c"orders");
                ready.tell();
                let (code, value) = take(number);
                assert_eq!((code, if code == libc::SI_QUEUE { value } else { 0 }), expected);
            });
            let ran = kill(&[&["-s", "RTMIN+2"], words].concat(), &child);
            assert_eq!(ran.out.contains("with value"), !words.is_empty(), "{}", ran.out);
            assert_eq!(ran.status, 0, "{}", ran.err);
            assert!(matches!(child.wait(), WaitStatus::Exited(_, 0)));
        }
    });
}

#[test]
fn each_target_is_tried_once() {
    isolated(|| {
        let children = [(); 3].map(|()| orders(|| ()));
        let [a, b, c] = children.each_ref().map(|child| child.pid().to_string());
        let ran = ipcx(&["kill", &a, "4000000", &format!("pid:{b}"), &a, "1"]);
        assert_eq!((ran.status, ran.out.lines().count(), ran.err.lines().count()), (4, 2, 2), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains("pid:4000000: there is no such process"), "{}", ran.err);
        let [first, second, third] = children;
        assert_eq!((ended_by(first), ended_by(second), third.is_running()), (Signal::SIGTERM, Signal::SIGTERM, true));
        assert_eq!(ipcx(&["kill", "4000000", &c]).status, 1);
        assert_eq!(ended_by(third), Signal::SIGTERM);
    });
}

#[test]
fn holders_of_an_object_by_role() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let segment = sysv::segment(2, 4096, 0o600);
        let path = place("f");
        mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let fifo = format!("fifo:{}", path.display());
        let sender = orders(|| sysv::send(queue, 7, b"x"));
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 1));
        let attached = orders(|| sysv::attach(segment));
        let both = File::options().read(true).write(true).open(&path).unwrap();
        let (reading, writing) = (File::open(&path).unwrap(), File::options().write(true).open(&path).unwrap());
        let reader = Child::new(&[&reading], || ());
        let writer = Child::new(&[&writing], || ());
        drop((both, reading, writing));
        let pids = |words: &[&str]| -> Vec<u64> {
            let results = json_results(&[&["-n"], words].concat());
            results.iter().filter_map(|result| result["pid"].as_u64()).collect()
        };
        let p = |child: &Child| u64::from(child.pid());
        assert_eq!(pids(&["--holders", "queue:0"]), [p(&receiver)], "that somebody sent once is no hold");
        assert_eq!(pids(&["--holders=last-sender", "queue:0"]), [p(&sender)]);
        assert_eq!(pids(&["--holders", "--holders=last-sender", "queue:0"]), [p(&sender), p(&receiver)]);
        assert_eq!(pids(&["--holders=WAITING-RECEIVE", "queue:0x1"]), [p(&receiver)]);
        assert_eq!(pids(&["--holders", "shm:0"]), [p(&attached)]);
        assert_eq!(pids(&["--holders=creator", "shm:0"]), [1], "made by the test, which is process 1");
        assert_eq!(pids(&["--holders=reader", &fifo]), [p(&reader)]);
        assert_eq!(pids(&["--holders=reader,writer", &fifo]), [p(&reader), p(&writer)]);
        let calls = [libc::SYS_read];
        let waits = Child::sleeping_in(&calls, &[], || File::open(&path).unwrap().read(&mut [0]));
        assert_eq!(
            pids(&["--holders=waiting-receive", &fifo]),
            [p(&waits)],
            "not who has the read end and does not read"
        );
        waits.end();
        assert_eq!(pids(&["--holders", path.to_str().unwrap(), "shm:0"]), [p(&reader), p(&writer), p(&attached)]);
        assert_eq!(json_results(&["-n", "--holders", "queue:0"])[0]["target"], "queue:0");
        assert_says(
            &ipcx(&["kill", "--holders=writer", "queue:0"]),
            1,
            &["queue:0", "no living process is its writer"],
        );
        assert_says(&ipcx(&["kill", "--holders", "queue:5"]), 1, &["queue:5", "no such message queue"]);
        assert_says(&ipcx(&["kill", "--holders", "queue:0"]), 0, &[&format!("pid:{}", receiver.pid())]);
        assert_eq!(ended_by(receiver), Signal::SIGTERM);
        assert_says(&ipcx(&["kill", "--holders", "queue:0"]), 1, &["no living process"]);
        assert_says(&ipcx(&["kill", "-9", "--holders=reader", &fifo]), 0, &["SIGKILL"]);
        assert_eq!(ended_by(reader), Signal::SIGKILL);
        assert!(writer.is_running() && attached.is_running() && sender.is_running());
        sender.end();
        assert_says(&ipcx(&["kill", "--holders=last-sender", "queue:0"]), 1, &["no living process is its last-sender"]);
    });
}

#[test]
fn wrong_command_lines_signal_nobody() {
    isolated(|| {
        let child = orders(|| ());
        sysv::queue(1, 0o600);
        let pid = &*child.pid().to_string();
        for (words, part) in [
            (&["-9", "-1"][..], "-1 would be every process"),
            (&["-9", "--", "-1"], "-1 would be every process"),
            (&["-s", "TERM", "-1", pid], "every process"),
            (&["-4000"], "process group 4000"),
            (&[pid, "-4000"], "process group 4000"),
            (&["-9", pid, "-9"], "process group"),
            (&["0"], "every process of this process group"),
            (&["-0", "-0"], "every process of this process group"),
            (&["pid:0"], "no process"),
            (&["-TREM", pid], "did you mean TERM?"),
            (&["-s", "KIL", pid], "did you mean KILL?"),
            (&["--signal=nonsense", pid], "--list"),
            (&["-65", pid], "-65"),
            (&["-s", "65", pid], "from 0 to 64"),
            (&["-s", "32", pid], "C library"),
            (&["-RTMIN+99", pid], "SIGRTMIN+"),
            (&["-9", "-TERM", pid], "unexpected"),
            (&["-9", "-s", "9", pid], "signal"),
            (&["-9"], "nobody to signal"),
            (&[], "nobody to signal"),
            (&["queue:0", pid], "--holders"),
            (&["--holders=writers", "queue:0"], "waiting-receive"),
            (&["--holders=", pid, "nonsense"], "no address"),
            (&["0812"], "pid:0812"),
            (&["99999999999", pid], "no process"),
            (&["--queue", "x", pid], "x"),
            (&["--queue", "2147483648", pid], "2147483648"),
            (&["-0", "--queue", "1", pid], "signal 0"),
            (&["--wait=x", pid], "no time to wait"),
            (&["--wait=-1", pid], "no time to wait"),
            (&["--list", "-9"], "signal"),
            (&["--list", "TREM"], "did you mean TERM?"),
        ] {
            let ran = ipcx(&[&["kill"], words].concat());
            assert_says(&ran, 2, &[part]);
            assert!(child.is_running(), "{words:?}");
        }
    });
}

#[test]
fn a_pid_that_another_got_is_not_signalled() {
    isolated(|| {
        let old = orders(|| ());
        let pid = old.pid();
        let message = Message { signal: ipcx::kernel::signals::known().parse("KILL").unwrap(), value: None };
        let plan = |start_ticks| {
            let mut plans = plan_signals(&[Receivers::Process { pid, start_ticks }], &message).unwrap();
            assert_eq!(plans.len(), 1);
            plans.remove(0).plan
        };
        let delivery = plan(None).unwrap();
        assert_eq!((delivery.pid, &*delivery.comm, delivery.uid), (pid, &b"orders"[..], Some(0)));
        old.end();
        let policy = Policy::default();
        assert!(matches!(delivery.run(policy).unwrap_err(), Refusal::Changed { .. }), "it is gone");
        tick_after(delivery.start_ticks);
        next_pid(pid);
        let new = orders(|| ());
        assert_eq!(new.pid(), pid, "the pid was reused");
        let refusal = delivery.run(policy).unwrap_err();
        assert!(matches!(&refusal, Refusal::Changed { what } if what.contains("(orders)")), "{refusal}");
        assert!(matches!(plan(Some(delivery.start_ticks)).unwrap_err(), Refusal::Changed { .. }));
        assert!(new.is_running() && status_line(pid, "ShdPnd:") == 0);
        let delivery = plan(None).unwrap();
        assert!(plan(Some(delivery.start_ticks)).is_ok());
        delivery.run(policy).unwrap();
        assert_eq!(ended_by(new), Signal::SIGKILL);
    });
}

/// `ipcx kill -i` that has asked its question.
fn asked(words: &[&str]) -> Running {
    let mut command = cli::command(&[&["kill", "-i"], words].concat());
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut question = Vec::new();
    while !question.ends_with(b"[y/N] ") {
        let mut byte = [0];
        running.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
        question.extend(byte);
    }
    let question = String::from_utf8(question).unwrap();
    assert!(question.starts_with("send SIGTERM to pid:") && question.contains("default action ends it"), "{question}");
    running
}

fn answer(mut running: Running, text: &str) -> Ran {
    running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ended = running.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) }
}

#[test]
fn nor_while_the_question_stands() {
    isolated(|| {
        let old = orders(|| ());
        let pid = old.pid();
        let start: u64 =
            fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().split(' ').nth(21).unwrap().parse().unwrap();
        let running = asked(&[&pid.to_string()]);
        old.end();
        tick_after(start);
        next_pid(pid);
        let new = orders(|| ());
        assert_eq!(new.pid(), pid);
        assert_says(&answer(running, "y\n"), 1, &["gone or replaced", "nothing was done"]);
        assert!(new.is_running() && status_line(pid, "ShdPnd:") == 0);
    });
}

#[test]
fn asked_for_each_only_yes_means_yes() {
    isolated(|| {
        for (text, yes) in
            [("y\n", true), ("YES\n", true), ("n\n", false), ("\n", false), ("", false), ("yep\n", false)]
        {
            let child = orders(|| ());
            let ran = answer(asked(&[&child.pid().to_string()]), text);
            if yes {
                assert_eq!((ran.status, ended_by(child)), (0, Signal::SIGTERM));
            } else {
                assert_says(&ran, 4, &["not confirmed"]);
                assert!(child.is_running());
            }
        }
        let ran = ipcx(&["kill", "-i", "1"]);
        assert_says(&ran, 4, &["--force"]);
        assert!(!ran.err.contains("[y/N]"), "what cannot be done is not asked for");
    });
}

#[test]
fn the_dead_the_stopped_and_the_sleeping() {
    isolated(|| {
        let zombie = orders(|| ());
        zombie.make_zombie();
        for words in [&[][..], &["-n"], &["-9"], &["-0"], &["--wait"]] {
            assert_says(&kill(words, &zombie), 1, &["has ended already", "parent pid:1 (", "no signal changes that"]);
        }
        let stopped = orders(|| ());
        stopped.stop();
        assert_says(&kill(&["-n", "-9"], &stopped), 0, &["default action ends it\n"]);
        assert_says(&kill(&["-n", "-STOP"], &stopped), 0, &["stopped already"]);
        assert_says(&kill(&[], &stopped), 0, &["default action ends it", "not before SIGCONT"]);
        assert_says(&kill(&[], &stopped), 0, &["not before SIGCONT", "not queued twice"]);
        assert!(stopped.is_running());
        assert_says(&kill(&["-CONT"], &stopped), 0, &["it goes on"]);
        assert_eq!(ended_by(stopped), Signal::SIGTERM);

        let sleeping = Child::start(&[], |ready| {
            ready.tell();
            signals::sleep_in_vfork();
        });
        eventually("it sleeps uninterruptibly", || state_of(sleeping.pid()) == 'D');
        assert_says(&kill(&["-n"], &sleeping), 0, &["default action ends it", "uninterruptible sleep (D)"]);
    });
}

#[test]
fn a_process_whose_first_thread_has_ended_lives() {
    isolated(|| {
        let child = Child::start(&[], |ready| {
            std::thread::spawn(std::thread::park);
            ready.tell();
            // Only this thread ends.
            signals::end_thread();
        });
        eventually("its first thread has ended", || state_of(child.pid()) == 'Z');
        assert_says(&kill(&[], &child), 0, &["sent SIGTERM", "default action ends it"]);
        assert_eq!(ended_by(child), Signal::SIGTERM);
    });
}

#[test]
fn a_thread_is_no_target() {
    isolated(|| {
        let child = orders(|| drop(std::thread::spawn(std::thread::park)));
        eventually("it has two threads", || child.threads().len() == 2);
        let thread = child.threads().into_iter().find(|tid| *tid != child.pid()).unwrap();
        let ran = ipcx(&["kill", &thread.to_string()]);
        assert_says(&ran, 1, &[&format!("a thread of pid:{} (orders)", child.pid())]);
        assert!(child.is_running());
    });
}

#[test]
fn process_one_and_itself_are_safe() {
    isolated(|| {
        for words in [&["1"][..], &["-9", "pid:1"], &["-n", "1"]] {
            assert_says(&ipcx(&[&["kill"], words].concat()), 4, &["pid:1 (", "first process", "--force"]);
        }
        // This process is the first one here, and has no handler for it.
        assert_says(&ipcx(&["kill", "-f", "1"]), 0, &["sent SIGTERM to pid:1", "nothing will happen"]);
        assert_says(&ipcx(&["kill", "-f", "-n", "-9", "1"]), 0, &["nothing will happen"]);
        for words in ["", "-f -9", "-n"] {
            let script = format!("exec {} kill {words} $$", env!("CARGO_BIN_EXE_ipcx"));
            let ran = cli::finish(std::process::Command::new("sh").args(["-c", &script]));
            assert_says(&ran, 4, &["ipcx itself"]);
        }
    });
}

#[test]
fn the_first_process_of_a_namespace_within() {
    isolated(|| {
        let outer = Child::new(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWPID).unwrap();
            Child::new(&[], || named(c"inner"))
        });
        let path = format!("/proc/{0}/task/{0}/children", outer.pid());
        let inner = fs::read_to_string(path).unwrap().trim().to_owned();
        assert_says(&ipcx(&["kill", "-n", &inner]), 0, &["(inner)", "ignores what it has no handler for"]);
        assert_says(&ipcx(&["kill", "-9", &inner]), 0, &["ends it, and with it its whole PID namespace"]);
        eventually("it has ended", || state_of(inner.parse().unwrap()) == 'Z');
    });
}

#[test]
fn the_proc_of_another_namespace_tells_nobody() {
    isolated(|| {
        let child = orders(|| ());
        let pid = child.pid().to_string();
        Child::run(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWPID).unwrap();
            let ran = ipcx(&["kill", &pid]);
            assert_says(&ran, 1, &["/proc is that of another PID namespace"]);
        });
        assert!(child.is_running());
    });
}

#[test]
fn what_could_not_be_seen_is_said() {
    isolated_with_users(|| {
        let waiting = Child::start(&[], |ready| {
            crate::support::users::become_user(NOBODY);
            // As a program that hides its memory, even from its own user.
            nix::sys::prctl::set_dumpable(false).unwrap();
            block_number(libc::SIGTERM);
            ready.tell();
            take(libc::SIGTERM);
        });
        waiting.wait_for_call(waiting.pid(), &[libc::SYS_rt_sigtimedwait]);
        let pid = waiting.pid().to_string();
        let ran = ipcx_as(NOBODY, &["kill", "-n", &pid]);
        assert_says(
            &ran,
            0,
            &["default action ends it", "unless a thread of it waits for it, which could not be seen"],
        );
        assert_says(&kill(&["-n"], &waiting), 0, &["a thread of it waits for it and takes it"]);
        assert_says(&ipcx_as(NOBODY, &["kill", &pid]), 0, &["sent SIGTERM"]);
        assert!(matches!(waiting.wait(), WaitStatus::Exited(_, 0)), "it took the signal");
    });
}

#[test]
fn another_user_s_process_needs_privilege() {
    isolated_with_users(|| {
        let root = orders(|| ());
        for words in [&["kill"][..], &["kill", "-n"], &["kill", "-0"], &["kill", "-CONT"]] {
            let ran = ipcx_as(NOBODY, &[words, &[&root.pid().to_string()]].concat());
            // SIGCONT may be sent within a session.
            if words.contains(&"-CONT") {
                assert_says(&ran, 0, &["sent SIGCONT"]);
            } else {
                assert_says(&ran, 3, &["permission denied", "belongs to root", "CAP_KILL"]);
            }
        }
        assert!(root.is_running());
        let own = child_of(NOBODY, &[], || ());
        let ran = ipcx_as(NOBODY, &["kill", &root.pid().to_string(), &own.pid().to_string()]);
        assert_eq!((ran.status, ran.out.lines().count()), (3, 1), "{}", ran.err);
        assert_eq!(ended_by(own), Signal::SIGTERM);
    });
}

#[test]
fn read_only_refuses() {
    isolated(|| {
        let child = orders(|| ());
        let pid = child.pid().to_string();
        for words in [&["kill", "--read-only"][..], &["--read-only", "kill", "-9"], &["kill", "-n", "--read-only"]] {
            assert_says(&ipcx(&[words, &[&pid]].concat()), 4, &["(orders)", "read-only"]);
        }
        let ran = cli::finish(cli::command(&["kill", "-f", &pid]).env("IPCX_READ_ONLY", "1"));
        assert_says(&ran, 4, &["read-only"]);
        assert_says(&kill(&["--read-only", "-0"], &child), 0, &["can be signalled"]);
        assert!(child.is_running());
    });
}

#[test]
fn waiting_for_the_end() {
    isolated(|| {
        let (obeys, refuses) = (orders(|| ()), orders(|| ignore(Signal::SIGTERM)));
        let ran = kill(&["--wait=60"], &obeys);
        let pid = obeys.pid();
        assert_eq!((ran.status, &*ran.err), (0, ""));
        let lines: Vec<&str> = ran.out.lines().collect();
        assert!(lines.len() == 2 && lines[1] == format!("pid:{pid} (orders) has ended"), "{}", ran.out);
        let ran = kill(&["--wait=0.05"], &refuses);
        assert_eq!((ran.status, ran.out.lines().count()), (1, 1), "{}", ran.err);
        assert!(ran.err.contains("has not ended within 0.05 s"), "{}", ran.err);
        assert_eq!(kill(&["--wait=0", "-0"], &refuses).status, 1);
        let results = json_results(&["--wait=0.05", &refuses.pid().to_string()]);
        assert_eq!((&results[0]["ended"], &results[0]["sent"]), (&false.into(), &true.into()));
        let results = json_results(&["-9", "--wait", &refuses.pid().to_string()]);
        assert_eq!((&results[0]["ended"], &results[0]["error"]), (&true.into(), &Value::Null));
    });
}

#[test]
fn a_command_name_cannot_act_on_the_terminal() {
    isolated(|| {
        let child = Child::new(&[], || named(c"\x1b[31m\n) \xff"));
        let ran = kill(&["-n"], &child);
        assert_says(&ran, 0, &[r"(\x1b[31m\n) \xff)"]);
        let result = &json_results(&["-n", &child.pid().to_string()])[0];
        assert_eq!(result["comm"], "\u{1b}[31m\n) \u{fffd}");
        assert_eq!(result["comm_hex"], "1b5b33316d0a2920ff");
        child.make_zombie();
        assert_says(&kill(&[], &child), 1, &[r"(\x1b[31m\n) \xff)"]);
    });
}

#[test]
fn the_list_has_all_signals() {
    isolated(|| {
        let ran = ipcx(&["kill", "--list"]);
        let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
        assert_eq!(ran.out.lines().count() as i32, 1 + 31 + last - first + 1);
        for (number, name, action) in [
            (1, "SIGHUP", "terminate"),
            (3, "SIGQUIT", "core"),
            (17, "SIGCHLD", "ignore"),
            (18, "SIGCONT", "continue"),
            (19, "SIGSTOP", "stop"),
            (first, "SIGRTMIN", "terminate"),
            (last, "SIGRTMAX", "terminate"),
        ] {
            let is_it = |line: &str| line.split_whitespace().take(3).eq([&*number.to_string(), name, action]);
            assert!(ran.out.lines().any(is_it), "no {name} in {}", ran.out);
        }
        assert_eq!(ipcx(&["kill", "-l", "9", "rtmin"]).out.lines().count(), 3);
        let document: Value = serde_json::from_str(&ipcx(&["signal", "-lJ"]).out).unwrap();
        assert_eq!(document["schema"], "ipcx.signals/1");
        assert_eq!(document["signals"][8]["name"], "SIGKILL");
    });
}

#[test]
fn every_target_is_tried_though_nobody_reads_what_was_done() {
    isolated(|| {
        let (a, b) = (orders(|| ()), orders(|| ()));
        let full = File::options().write(true).open("/dev/full").unwrap();
        let words = ["kill", &a.pid().to_string(), &b.pid().to_string()];
        let ran = cli::finish(cli::command(&words).stdout(full));
        assert_eq!(ran.status, 1, "that it could not be printed is said: {}", ran.err);
        assert_eq!((ended_by(a), ended_by(b)), (Signal::SIGTERM, Signal::SIGTERM));
        assert!(nix::sys::wait::waitpid(Pid::from_raw(-1), None).is_err(), "nobody is left");
    });
}

#[test]
fn a_menu_of_all_signals_tells_what_each_would_do() {
    isolated(|| {
        let child = orders(|| {
            catch(Signal::SIGUSR1);
            ignore(Signal::SIGHUP);
            block(Signal::SIGTERM);
        });
        let known = ipcx::kernel::signals::known();
        let menu = reactions(child.pid(), None).unwrap();
        assert_eq!(menu.len(), known.all().count());
        for (signal, reaction) in &menu {
            let receivers = [Receivers::Process { pid: child.pid(), start_ticks: None }];
            let message = Message { signal: signal.clone(), value: None };
            let planned = plan_signals(&receivers, &message).unwrap().pop().unwrap().plan.unwrap();
            assert_eq!(planned.reaction, *reaction, "{}", signal.name);
        }
        let words = |name: &str| {
            let (_, reaction) = menu.iter().find(|(signal, _)| signal.name == name).unwrap();
            reaction.clone().unwrap().words
        };
        assert!(words("SIGUSR1").contains("catches") && words("SIGHUP").contains("ignores"));
        assert!(words("SIGTERM").contains("blocks") && words("SIGKILL").contains("ends"));
        // Another's pid, a thread, ipcx itself, nobody.
        assert!(matches!(reactions(child.pid(), Some(0)), Err(Refusal::Changed { .. })));
        assert!(matches!(reactions(std::process::id(), None), Err(Refusal::Unsafe { .. })));
        let pid = child.pid();
        child.end();
        assert!(matches!(reactions(pid, None), Err(Refusal::NotFound { .. })));
    });
}
