//! `ipcx why` of one sleep in each call that it knows, with and without a time limit.

use crate::support::calls::{read_from, sleep_in};
use crate::support::sleepers as make;
use crate::support::{Child, eventually, isolated, sysv};
use crate::why::{expect, wakers, why};
use serde_json::{Value, json};

/// The calls, their names, whether they can be woken where nobody else has what they wait for, and what is said.
const CALLS: [(libc::c_long, &str, &str, &str); 20] = [
    (libc::SYS_read, "read", "no", "is empty"),
    (libc::SYS_readv, "readv", "no", "is empty"),
    (libc::SYS_preadv2, "preadv2", "no", "is empty"),
    (libc::SYS_write, "write", "no", "is full"),
    (libc::SYS_writev, "writev", "no", "is full"),
    (libc::SYS_pwritev2, "pwritev2", "no", "is full"),
    (libc::SYS_vmsplice, "vmsplice", "no", "is full"),
    (libc::SYS_splice, "splice", "no", "on which of them it waits the kernel does not show"),
    (libc::SYS_tee, "tee", "no", "on which of them it waits the kernel does not show"),
    (libc::SYS_ppoll, "ppoll", "no", "is empty"),
    (libc::SYS_pselect6, "pselect6", "no", "is empty"),
    (libc::SYS_recvfrom, "recvfrom", "unknown", "nothing has come in"),
    (libc::SYS_recvmsg, "recvmsg", "unknown", "nothing has come in"),
    (libc::SYS_recvmmsg, "recvmmsg", "unknown", "nothing has come in"),
    (libc::SYS_sendto, "sendto", "unknown", "has not read what was sent"),
    (libc::SYS_sendmsg, "sendmsg", "unknown", "has not read what was sent"),
    (libc::SYS_sendmmsg, "sendmmsg", "unknown", "has not read what was sent"),
    (libc::SYS_futex, "futex", "no", "private to the process, which has no other thread"),
    (libc::SYS_futex_waitv, "futex_waitv", "unknown", "waits on futexes"),
    (libc::SYS_rt_sigsuspend, "rt_sigsuspend", "yes", "waits for a signal"),
];

#[test]
fn each_without_a_time_limit() {
    isolated(|| {
        let children = CALLS.map(|(number, ..)| Child::sleeping_in(&[number], &[], || sleep_in(number, false)));
        for (child, (_, name, can_wake, word)) in children.iter().zip(CALLS) {
            let thread = why(child.pid());
            assert_eq!((&thread["call"], &thread["can_wake"]), (&json!(name), &json!(can_wake)), "{thread:#}");
            assert!(thread["explanation"].as_str().unwrap().contains(word), "{thread:#}");
        }
    });
}

#[test]
fn each_with_a_time_limit() {
    isolated(|| {
        let calls = [
            libc::SYS_ppoll,
            libc::SYS_pselect6,
            libc::SYS_futex,
            libc::SYS_futex_waitv,
            libc::SYS_rt_sigtimedwait,
            libc::SYS_nanosleep,
            libc::SYS_clock_nanosleep,
        ];
        let children = calls.map(|number| Child::sleeping_in(&[number], &[], || sleep_in(number, true)));
        for child in &children {
            let thread = why(child.pid());
            assert_eq!(thread["can_wake"], "yes", "{thread:#}");
            assert!(thread["explanation"].as_str().unwrap().contains("goes on by itself"), "{thread:#}");
        }
        let document = crate::support::cli::json(&["why", "--deadlocks", "--json"]);
        assert_eq!((&document["cycles"], &document["hopeless"]), (&json!([]), &json!([])));
    });
}

#[test]
fn files_that_are_neither_pipe_nor_socket() {
    isolated(|| {
        let cases =
            [("inotify", "unknown", "inotify"), ("signalfd", "yes", "SIGUSR2"), ("terminal", "unknown", "/dev/pts")];
        for (what, can_wake, word) in cases {
            let child = Child::sleeping_in(&[libc::SYS_read], &[], || read_from(what));
            let thread = why(child.pid());
            assert_eq!((&thread["call"], &thread["can_wake"]), (&json!("read"), &json!(can_wake)), "{thread:#}");
            assert!(thread["explanation"].as_str().unwrap().contains(word), "{thread:#}");
        }
        let child = Child::sleeping_in(&[libc::SYS_read], &[], || read_from("netlink"));
        let thread = why(child.pid());
        assert!(thread["object"].as_str().unwrap().starts_with("socket:["), "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("a rare family"), "{thread:#}");
    });
}

#[test]
fn operations_that_build_on_each_other() {
    isolated(|| {
        let set = sysv::semaphores(1, 2, 0o600);
        sysv::set_values(set, &[5, 1]);
        let twice = Child::sleeping_in(&sysv::OPERATE, &[], || make::operate_all(set, &[(0, -3), (0, -3)]));
        let said = |child: &Child| why(child.pid())["explanation"].as_str().unwrap().to_owned();
        let text = said(&twice);
        assert!(text.contains("semaphore 0 is 5, 2 after the operations before, and 3 is needed"), "{text}");
        let zero = Child::sleeping_in(&sysv::OPERATE, &[], || make::operate_all(set, &[(1, 0), (1, 1)]));
        let text = said(&zero);
        assert!(
            text.contains("for 0 in semaphore 1, +1 on semaphore 1; semaphore 1 is 1, and it waits for 0"),
            "{text}"
        );
    });
}

#[test]
fn a_child_of_a_process_group() {
    isolated(|| {
        let child = Child::sleeping_in(&[libc::SYS_wait4], &[], || {
            let inner =
                Child::new(&[], || nix::unistd::setpgid(nix::unistd::Pid::this(), nix::unistd::Pid::from_raw(0)));
            let group = nix::unistd::Pid::from_raw(-(inner.pid() as i32));
            nix::sys::wait::waitpid(group, None)
        });
        let thread = why(child.pid());
        let inner = wakers(&thread)[0];
        let words = [&*format!("any child that is of process group {inner} "), "its children are"];
        expect(&thread, "wait4", &format!("pid:{inner}"), "yes", &words);
        assert_eq!(thread["wakers"][0]["certain"], false);
    });
}

#[test]
fn two_threads_that_lock_in_opposite_order() {
    isolated(|| {
        let mutexes = [make::Mutex::new(false, false), make::Mutex::new(false, false)];
        let barrier = std::sync::Barrier::new(2);
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            std::thread::scope(|scope| {
                for (first, second) in [(0, 1), (1, 0)] {
                    let (mutexes, barrier) = (&mutexes, &barrier);
                    scope.spawn(move || {
                        mutexes[first].lock();
                        barrier.wait();
                        mutexes[second].lock();
                    });
                }
            });
        });
        let circle = || {
            let document = crate::support::cli::json(&["why", "--deadlocks", "--json"]);
            let cycles = document["cycles"].as_array().unwrap().clone();
            cycles.into_iter().next()
        };
        eventually("the two are shown", || circle().is_some());
        let circle = circle().unwrap();
        let links = circle.as_array().unwrap();
        assert_eq!(links.len(), 2, "{circle:#}");
        assert!(links.iter().all(|link| link["pid"] == child.pid() && link["certain"] == false), "{circle:#}");
        let tids: Vec<&Value> = links.iter().map(|link| &link["tid"]).collect();
        assert!(tids[0] != tids[1] && !tids.contains(&&json!(child.pid())), "{circle:#}");
    });
}
