//! `ipcx show`: one object, or one process, in full.

use crate::support::cli::{ipcx, json, object, place};
use crate::support::{Child, isolated, posix, sysv};
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, pipe};
use serde_json::json;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

#[test]
fn every_form_of_address_finds_its_object() {
    isolated(|| {
        let id = sysv::queue(0x4d2, 0o600);
        let segment = sysv::segment(0x52e2, 1, 0o600);
        let _posix =
            (posix::segment(c"/cache", 1, 0o600), posix::queue(c"/orders", 1, 1), posix::semaphore(c"/lock", 0o600, 1));
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        let _socket = UnixListener::bind(place("s")).unwrap();
        let (reader, _writer) = pipe().unwrap();
        let pipe = format!("pipe:[{}]", nix::sys::stat::fstat(&reader).unwrap().st_ino);
        let (fifo, socket) = (place("f").display().to_string(), place("s").display().to_string());
        let (queue, shm) = (format!("queue:{id}"), format!("shm:{segment}"));
        for (typed, found) in [
            (&*queue, &*queue),
            ("queue:0x4d2", &queue),
            ("shm:0x000052e2", &shm),
            ("shm:/cache", "shm:/cache"),
            ("/dev/shm/cache", "shm:/cache"),
            ("/dev/shm/sem.lock", "sem:/lock"),
            ("sem:/lock", "sem:/lock"),
            ("queue:/orders", "queue:/orders"),
            ("/dev/mqueue/orders", "queue:/orders"),
            (&*pipe, &*pipe),
            (&*fifo, &*format!("fifo:{fifo}")),
            (&*format!("fifo:{fifo}"), &*format!("fifo:{fifo}")),
            (&*socket, &*format!("unix:{socket}")),
        ] {
            let document = json(&["show", "--json", typed]);
            assert_eq!(document["objects"].as_array().unwrap().len(), 1, "{typed}");
            object(&document, found);
            let ran = ipcx(&["show", typed]);
            assert_eq!((ran.status, ran.out.lines().next()), (0, Some(found)), "{typed}: {}", ran.err);
        }
    });
}

#[test]
fn an_object_with_who_has_it_and_why() {
    isolated(|| {
        let id = sysv::queue(0x4d2, 0o640);
        let child = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || {
            nix::sys::prctl::set_name(c"orders").unwrap();
            sysv::receive(id, 0)
        });
        let ran = ipcx(&["show", "queue:0x4d2"]);
        let who = format!("pid {} (orders)", child.pid());
        for text in ["0x000004d2", "0640", "root", "in-use", "waiting-receive", &who] {
            assert!(ran.out.contains(text), "no {text} in {}", ran.out);
        }
    });
}

#[test]
fn a_process_with_all_it_has() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let segment = sysv::segment(1, 4096, 0o600);
        sysv::segment(2, 4096, 0o600);
        let child = Child::new(&[&writer], || {
            nix::sys::prctl::set_name(c"holder").unwrap();
            sysv::attach(segment)
        });
        let address = format!("pid:{}", child.pid());
        let document = json(&["show", "--json", &address]);
        let pipe = format!("pipe:[{}]", nix::sys::stat::fstat(&reader).unwrap().st_ino);
        let mut addresses: Vec<&str> =
            document["objects"].as_array().unwrap().iter().map(|o| o["address"].as_str().unwrap()).collect();
        addresses.sort_unstable();
        assert_eq!(addresses, [&*pipe, &format!("shm:{segment}")]);
        let process = &document["processes"][child.pid().to_string()];
        assert_eq!((&process["comm"], &process["ppid"], &process["uid"]), (&json!("holder"), &json!(1), &json!(0)));
        let ran = ipcx(&["show", &address]);
        assert_eq!((ran.status, ran.out.lines().next()), (0, Some(&*address)));
        for text in ["holder", "writer", &pipe, &format!("fd {}", writer.as_raw_fd()), "attached"] {
            assert!(ran.out.contains(text), "no {text} in {}", ran.out);
        }
    });
}

#[test]
fn what_is_not_there_is_exit_1_and_the_rest_is_shown() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        for absent in
            ["queue:7", "queue:0x00000099", "shm:/none", "pipe:[1]", "pid:4194304", "/no/such/path", "unix:@none"]
        {
            let ran = ipcx(&["show", absent]);
            assert_eq!((ran.status, &*ran.out), (1, ""), "{absent}");
            assert_eq!(ran.err.lines().filter(|line| line.contains(absent)).count(), 1, "{}", ran.err);
        }
        let ran = ipcx(&["show", "queue:7", &format!("queue:{id}")]);
        assert_eq!((ran.status, ran.out.lines().next()), (1, Some(&*format!("queue:{id}"))));
    });
}
