//! Where `ipcx why` must not say that nobody can wake a thread: somebody could, in a way that is easily overlooked.

use crate::support::cli::place;
use crate::support::isolated::skip;
use crate::support::signals::catch;
use crate::support::sleepers as make;
use crate::support::{Child, eventually, isolated, sysv};
use crate::why::{expect, pipe_of, wakers, why};
use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::unistd::{pipe, read};
use serde_json::json;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

const POLLS: [libc::c_long; 2] = [libc::SYS_poll, libc::SYS_ppoll];

/// A child that reads from a pipe of which it alone has both ends, and has done `before`.
fn reads_for_itself(keep: &[&dyn AsFd], before: impl FnOnce()) -> Child {
    let (reader, writer) = pipe().unwrap();
    let keep: Vec<&dyn AsFd> = keep.iter().copied().chain([&reader as &dyn AsFd, &writer]).collect();
    Child::sleeping_in(&[libc::SYS_read], &keep, || {
        before();
        let _ = read(&reader, &mut [0]);
    })
}

#[test]
fn more_descriptors_than_are_looked_at() {
    isolated(|| {
        let pipes: Vec<(OwnedFd, OwnedFd)> = (0..300).map(|_| pipe().unwrap()).collect();
        // Of the last one this test keeps the write end.
        let all = pipes.iter().flat_map(|(reader, writer)| [reader, writer]);
        let keep: Vec<&dyn AsFd> = all.take(599).map(|fd| fd as &dyn AsFd).collect();
        let child = Child::sleeping_in(&POLLS, &keep, || {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            let mut fds: Vec<PollFd<'_>> =
                pipes.iter().map(|(reader, _)| PollFd::new(reader.as_fd(), PollFlags::POLLIN)).collect();
            poll(&mut fds, PollTimeout::NONE)
        });
        let _writer = pipes.into_iter().next_back().unwrap().1;
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("any of more than 256 descriptors"), "{thread:#}");
    });
}

#[test]
fn a_write_end_that_is_watched_for_its_reader() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let watch = || {
            use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
            poll(&mut [PollFd::new(writer.as_fd(), PollFlags::empty())], PollTimeout::NONE)
        };
        let child = Child::sleeping_in(&POLLS, &[&writer], watch);
        let itself = Child::sleeping_in(&POLLS, &[&writer, &reader], watch);
        let object = pipe_of(&writer);
        drop(writer);
        let thread = why(child.pid());
        let call = thread["call"].as_str().unwrap().to_owned();
        expect(&thread, &call, &object, "yes", &["watched for its read end to be closed"]);
        assert_eq!(wakers(&thread), [1, u64::from(itself.pid())]);
        drop(reader);
        child.end();
        expect(&why(itself.pid()), &call, &object, "no", &["only this process itself has the read end"]);
    });
}

#[test]
fn an_epoll_may_be_told_to_watch_something_else() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let calls = [libc::SYS_epoll_wait, libc::SYS_epoll_pwait];
        let child = Child::sleeping_in(&calls, &[&reader, &writer], || make::epoll(&[&reader]));
        drop((reader, writer));
        assert_eq!(why(child.pid())["can_wake"], "unknown");
    });
}

#[test]
fn a_thread_with_descriptors_of_its_own() {
    isolated(|| {
        let other = reads_for_itself(&[], || ());
        let (reader, writer) = pipe().unwrap();
        let holder = Child::start(&[&writer], |ready| {
            ready.tell();
            let (tell, told) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                nix::sched::unshare(CloneFlags::CLONE_FILES).unwrap();
                tell.send(()).unwrap();
                nix::unistd::pause();
            });
            told.recv().unwrap();
            make::close_here(&writer);
            nix::unistd::pause();
        });
        holder.wait_for_call(holder.pid(), &[libc::SYS_pause]);
        let child = Child::sleeping_in(&[libc::SYS_read], &[&reader, &writer], || read(&reader, &mut [0]));
        drop((reader, writer));
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("descriptors of its own"), "{thread:#}");
        holder.end();
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "no", "{thread:#}");
        assert_eq!(why(other.pid())["can_wake"], "no");
    });
}

#[test]
fn another_process_with_the_same_memory() {
    isolated(|| {
        let word = make::Word::new();
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            let helper = make::process_with_this_memory();
            assert!(helper > 0);
            word.wait(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, 0);
        });
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "yes", "{thread:#}");
        assert_eq!(thread["wakers"][0]["how"], "has the same memory");
        let alone = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            word.wait(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, 0);
        });
        assert_eq!(why(alone.pid())["can_wake"], "no");
    });
}

#[test]
fn an_io_uring_with_something_to_do() {
    isolated(|| {
        let Some(busy) = make::busy_io_uring() else {
            return skip("an_io_uring_with_something_to_do", "this kernel has none");
        };
        let child = reads_for_itself(&[], || ());
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("an io_uring may have it"), "{thread:#}");
        drop(busy);
        eventually("it is gone", || why(child.pid())["can_wake"] == "no");
    });
}

#[test]
fn an_alarm_ends_the_wait_for_a_lock() {
    isolated(|| {
        File::create(place("l")).unwrap();
        let object = format!("lock:{}", place("l").display());
        let open = || File::options().read(true).write(true).open(place("l")).unwrap();
        let holder = reads_for_itself(&[], || {
            let file = open();
            make::lock_bytes(&file, 0, 1, false);
            std::mem::forget(file);
        });
        let waits = |handles: bool| {
            Child::sleeping_in(&[libc::SYS_fcntl], &[], || {
                if handles {
                    catch(Signal::SIGALRM);
                }
                make::lock_bytes(&open(), 0, 1, false);
            })
        };
        let (one, other) = (waits(false), waits(true));
        expect(&why(one.pid()), "fcntl", &object, "no", &["wait for ever themselves"]);
        expect(&why(other.pid()), "fcntl", &object, "unknown", &["as it seems"]);
        assert_eq!(wakers(&why(other.pid())), [u64::from(holder.pid())]);
    });
}

#[test]
fn a_lock_whose_open_file_is_on_its_way() {
    isolated(|| {
        File::create(place("l")).unwrap();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let taker = reads_for_itself(&[&ours], || {
            let file = File::open(place("l")).unwrap();
            make::flock(&file);
            crate::why::make_fly(&ours, &file);
        });
        let child = Child::sleeping_in(&[libc::SYS_flock], &[], || make::flock(&File::open(place("l")).unwrap()));
        let thread = why(child.pid());
        assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
        assert!(thread["explanation"].as_str().unwrap().contains("may have passed it on"), "{thread:#}");
        assert_eq!(
            thread["wakers"][0],
            json!({"pid": taker.pid(), "tid": null, "comm": thread["wakers"][0]["comm"],
            "how": "took an exclusive flock", "certain": false})
        );
    });
}

#[test]
fn the_word_of_a_condition_variable_is_nobodys_id() {
    isolated(|| {
        let word = make::Word::new();
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            word.set(1);
            word.wait(libc::FUTEX_WAIT_REQUEUE_PI, 1);
        });
        let thread = why(child.pid());
        assert!(!thread["explanation"].as_str().unwrap().contains("has the lock"), "{thread:#}");
    });
}

#[test]
fn one_waits_to_send_and_one_to_receive() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        sysv::set_queue(queue, |ds| ds.msg_qbytes = 64);
        Child::run(&[], || sysv::send(queue, 1, &[0; 60]));
        let sender = Child::sleeping_in(&[libc::SYS_msgsnd], &[], || sysv::send(queue, 7, &[0; 20]));
        let receiver = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 7));
        let object = format!("queue:{queue}");
        let words = ["is full", "neither lets the other go on"];
        expect(&why(sender.pid()), "msgsnd", &object, "unknown", &words);
        let thread = why(receiver.pid());
        expect(&thread, "msgrcv", &object, "unknown", &["none of them of type 7", "neither lets the other go on"]);
        assert_eq!(wakers(&thread), [u64::from(sender.pid())]);
    });
}

#[test]
fn a_thread_goes_on_after_its_first_has_ended() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let child = Child::start(&[&reader, &writer], |ready| {
            ready.tell();
            let reader = reader.try_clone().unwrap();
            std::thread::spawn(move || read(&reader, &mut [0]));
            make::end_this_thread();
        });
        drop((reader, writer));
        let pid = child.pid();
        eventually("its first thread has ended", || crate::support::state_of(pid) == 'Z');
        let second = child.threads().into_iter().find(|tid| *tid != pid).unwrap();
        child.wait_for_call(second, &[libc::SYS_read]);
        let thread = why(pid);
        assert!(thread["explanation"].as_str().unwrap().contains("other threads of its process go on"), "{thread:#}");
        let document = crate::support::cli::json(&["why", "--json", &pid.to_string()]);
        let reads = document["threads"].as_array().unwrap().iter().find(|thread| thread["tid"] == second).unwrap();
        assert_eq!((&reads["call"], &reads["can_wake"]), (&json!("read"), &json!("no")), "{reads:#}");
    });
}

#[test]
fn an_eventfd_of_a_process_whose_first_thread_has_ended() {
    isolated(|| {
        let event = make::eventfd();
        let waiter = Child::sleeping_in(&[libc::SYS_read], &[&event], || read(&event, &mut [0; 8]));
        let keeper = Child::start(&[&event], |ready| {
            std::thread::spawn(std::thread::park);
            ready.tell();
            make::end_this_thread();
        });
        drop(event);
        eventually("its first thread has ended", || crate::support::state_of(keeper.pid()) == 'Z');
        assert_eq!(wakers(&why(waiter.pid())), [u64::from(keeper.pid())]);
    });
}

#[test]
fn a_pipe_made_right_before_its_pid_namespace() {
    isolated(|| {
        // Within one tick of the clock, most of the times: its write end stays outside.
        for _ in 0..10 {
            Child::run(&[], || {
                let (reader, writer) = pipe().unwrap();
                nix::sched::unshare(CloneFlags::CLONE_NEWPID).unwrap();
                Child::run(&[&reader, &writer], || {
                    nix::sched::unshare(CloneFlags::CLONE_NEWNS).unwrap();
                    let nothing: Option<&str> = None;
                    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), nothing).unwrap();
                    let both: [&dyn AsFd; 2] = [&reader, &writer];
                    let child = Child::sleeping_in(&[libc::SYS_read], &both, || read(&reader, &mut [0]));
                    make::close_here(&reader);
                    make::close_here(&writer);
                    let thread = why(child.pid());
                    assert_eq!(thread["can_wake"], "unknown", "{thread:#}");
                    assert!(
                        thread["explanation"].as_str().unwrap().contains("outside this PID namespace"),
                        "{thread:#}"
                    );
                });
            });
        }
    });
}
