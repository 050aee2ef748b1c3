//! `ipcx why` of locks on files and of futexes.

use crate::support::cli::{json, place};
use crate::support::sleepers as make;
use crate::support::{Child, isolated, posix};
use crate::why::{expect, wakers, why};
use serde_json::{Value, json};
use std::fs::File;

fn lock_file(name: &str) -> (std::path::PathBuf, String) {
    File::create(place(name)).unwrap();
    (place(name), format!("lock:{}", place(name).display()))
}

fn open(path: &std::path::Path) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

#[test]
fn flocks() {
    isolated(|| {
        let (path, object) = lock_file("l");
        let holder = Child::new(&[], || {
            let file = open(&path);
            make::flock(&file);
            file
        });
        let child = Child::sleeping_in(&[libc::SYS_flock], &[], || make::flock(&open(&path)));
        let thread = why(child.pid());
        expect(&thread, "flock", &object, "yes", &["exclusive flock"]);
        assert_eq!(wakers(&thread), [u64::from(holder.pid())]);
    });
}

#[test]
fn a_flock_that_a_child_inherited() {
    isolated(|| {
        let (path, object) = lock_file("l");
        let file = open(&path);
        make::flock(&file);
        let heir = Child::new(&[&file], || ());
        drop(file);
        let child = Child::sleeping_in(&[libc::SYS_flock], &[], || make::flock(&open(&path)));
        let thread = why(child.pid());
        expect(&thread, "flock", &object, "yes", &["taken by pid 1, which has given it up"]);
        assert_eq!(wakers(&thread), [u64::from(heir.pid())]);
    });
}

#[test]
fn a_flock_on_a_fifo() {
    isolated(|| {
        nix::unistd::mkfifo(&place("f"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let file = open(&place("f"));
        make::flock(&file);
        let heir = Child::new(&[&file], || ());
        drop(file);
        let child = Child::sleeping_in(&[libc::SYS_flock], &[], || make::flock(&open(&place("f"))));
        // The lock's own record names who took it, which has given it up.
        assert_eq!(wakers(&why(child.pid())), [u64::from(heir.pid())]);
    });
}

#[test]
fn locks_on_bytes() {
    isolated(|| {
        let (path, object) = lock_file("l");
        for of_open_file in [false, true] {
            let holds = |start| {
                let path = &path;
                Child::new(&[], move || {
                    let file = open(path);
                    make::lock_bytes(&file, start, 10, of_open_file);
                    file
                })
            };
            let (first, second) = (holds(0), holds(100));
            let child = Child::sleeping_in(&[libc::SYS_fcntl], &[], || {
                make::lock_bytes(&open(&path), 95, 10, of_open_file);
            });
            let thread = why(child.pid());
            expect(&thread, "fcntl", &object, "yes", &["on bytes 95 to 104"]);
            assert_eq!(wakers(&thread), [u64::from(second.pid())], "not pid {}", first.pid());
        }
    });
}

#[test]
fn a_mutex_of_two_processes_and_its_owner() {
    isolated(|| {
        for inherits in [false, true] {
            let mutex = make::Mutex::new(true, inherits);
            let owner = Child::new(&[], || mutex.lock());
            let child = Child::sleeping_in(&[libc::SYS_futex], &[], || mutex.lock());
            let thread = why(child.pid());
            assert_eq!((&thread["call"], &thread["can_wake"]), (&json!("futex"), &json!("yes")), "{thread:#}");
            assert!(thread["object"].as_str().unwrap().starts_with("futex:/dev/zero+"), "{thread:#}");
            assert_eq!(thread["wakers"][0]["pid"], owner.pid(), "{thread:#}");
            assert_eq!(thread["wakers"][0]["certain"], inherits, "{thread:#}");
            if inherits {
                continue;
            }
            let gone = owner.pid();
            owner.end();
            let thread = why(child.pid());
            let text = thread["explanation"].as_str().unwrap();
            assert!(text.contains(&format!("thread {gone} ")) && text.contains("is gone"), "{text}");
            assert!(text.contains("a guess"), "{text}");
            assert_eq!((wakers(&thread), &thread["can_wake"]), (vec![], &json!("unknown")));
        }
    });
}

#[test]
fn a_named_semaphore_by_its_file() {
    isolated(|| {
        let semaphore = posix::semaphore(c"/lock", 0o600, 0);
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || semaphore.wait());
        let thread = why(child.pid());
        let object = thread["object"].as_str().unwrap();
        assert!(object.starts_with("futex:/dev/shm/sem.") && object.ends_with("+0"), "{object}");
        assert_eq!(wakers(&thread), [1], "this test has it mapped");
        child.end();
        drop(semaphore);
        let semaphore = posix::open_semaphore(c"/lock");
        let wait = || posix::open_semaphore(c"/lock").wait();
        let opened = Child::sleeping_in(&[libc::SYS_futex], &[], wait);
        let object = "futex:/dev/shm/sem.lock+0";
        expect(&why(opened.pid()), "futex", object, "yes", &["the POSIX semaphore sem:/lock, which is at 0"]);
        drop(semaphore);
        let other = Child::sleeping_in(&[libc::SYS_futex], &[], wait);
        let thread = why(opened.pid());
        expect(&thread, "futex", object, "unknown", &["all of them wait for it"]);
        assert_eq!(wakers(&thread), [u64::from(other.pid())]);
    });
}

#[test]
fn within_one_process() {
    isolated(|| {
        // A thread that has a mutex and asks for it again.
        let mutex = make::Mutex::new(false, false);
        let child = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            mutex.lock();
            mutex.lock();
        });
        let thread = why(child.pid());
        assert!(thread["explanation"].as_str().unwrap().contains("the waiting thread itself"), "{thread:#}");
        let document = json(&["why", "--deadlocks", "--json"]);
        assert_eq!(document["hopeless"][0]["pid"], child.pid(), "{document:#}");
        child.end();

        let joins = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(3600))).join()
        });
        let thread = why(joins.pid());
        let tid = joins.threads().into_iter().find(|tid| *tid != joins.pid()).unwrap();
        assert_eq!((&thread["wakers"][0]["tid"], &thread["can_wake"]), (&json!(tid), &json!("yes")), "{thread:#}");
        let document = json(&["why", "--json", &joins.pid().to_string()]);
        assert_eq!(document["threads"].as_array().unwrap().len(), 2);
        joins.end();

        // The only thread of its process, asleep on a word that nobody else has.
        let alone = Child::sleeping_in(&[libc::SYS_futex], &[], || {
            let (_keep, receive) = std::sync::mpsc::channel::<()>();
            receive.recv()
        });
        let thread = why(alone.pid());
        assert_eq!(thread["can_wake"], "no", "{thread:#}");
        assert_eq!(wakers(&thread), Vec::<u64>::new());
        assert_eq!(thread["missing"], Value::Null);
    });
}
