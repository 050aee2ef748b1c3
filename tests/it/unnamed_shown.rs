//! Where shared memory without a name is shown, by which command, and to whom.

use crate::support::cli::{ipcx, ipcx_as, json, object};
use crate::support::look::shm;
use crate::support::users::{NOBODY, become_user, child_of};
use crate::support::{Child, as_user, held, isolated, isolated_with_users, look, one, posix, sysv};
use crate::unnamed::{address, as_memfd, close, memfd, unlinked};
use ipcx::model::{Kinds, Role};
use ipcx::snapshot::{Want, collect};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::json;
use std::fs;
use std::os::unix::fs::FileExt;

#[test]
fn every_command_takes_the_address() {
    isolated(|| {
        let file = memfd(b"cache", 8192);
        file.write_at(b"needle", 100).unwrap();
        let segment = unlinked("seg", 6);
        segment.write_at(b"thread", 0).unwrap();
        let user = Child::new(&[&file, &segment], || {
            let maps = (posix::map(&file), posix::map(&segment));
            close(&[&file, &segment]);
            maps
        });
        let pid = user.pid();
        for (kind, address, part, bytes) in [
            ("memfd", address("memfd", &file), ["--offset=100", "--length=6"], "needle"),
            ("shm", address("shm", &segment), ["--offset=0", "--length=6"], "thread"),
        ] {
            let document = json(&["show", "--json", &address]);
            let shown = object(&document, &address);
            assert_eq!((&shown["kind"], &shown["verdict"]["state"]), (&json!(kind), &json!("in-use")));
            assert!(shown[kind]["size"].is_u64() && shown[kind]["allocated"] == 4096, "{shown:#}");
            let peeked = json(&["peek", "--json", part[0], part[1], &address]);
            assert_eq!((&peeked["data"], &peeked["source"]["how"]), (&json!(bytes), &json!("descriptor")));
            let ran = ipcx(&["rm", &address]);
            assert_eq!((ran.status, &*ran.out), (1, ""));
            assert!(ran.err.contains("no name to remove") && ran.err.contains("last process"), "{}", ran.err);
            let ran = ipcx(&["set", "--mode=600", &address]);
            assert!(ran.status != 0 && ran.err.contains("no name"), "{}", ran.err);
            let ran = ipcx(&["kill", "-n", "--holders", &address]);
            assert!(ran.out.contains(&pid.to_string()), "{}{}", ran.out, ran.err);
            let graph = json(&["graph", "--json", &address]);
            let edges = graph["edges"].as_array().unwrap();
            assert!(
                edges.iter().any(|edge| edge["from"] == format!("pid:{pid}") && edge["to"] == *address),
                "{graph:#}"
            );
        }
        for (address, says) in [("memfd:[1]", "no such memfd"), ("shm:[999999]", "no such unlinked segment")] {
            for command in ["show", "peek", "rm"] {
                let ran = ipcx(&[command, address]);
                assert_eq!((ran.status, &*ran.out), (1, ""));
                assert!(ran.err.contains(says), "{}", ran.err);
            }
        }
        let (file_address, segment_address) = (address("memfd", &file), address("shm", &segment));
        drop((file, segment));
        for (address, bytes) in [(file_address, "needle"), (segment_address, "thread")] {
            let peeked = json(&["peek", "--json", &address]);
            assert!(peeked["data"].as_str().unwrap().contains(bytes));
            let source = (&peeked["source"]["how"], &peeked["source"]["pid"]);
            assert_eq!(source, (&json!("mapped-file"), &json!(pid)), "by a mapping alone");
        }
        let shown = ipcx(&["show", &format!("pid:{pid}")]).out;
        assert!(shown.contains("(8198 bytes) in 2 of shared memory"), "{shown}");
        assert!(shown.contains("cache") && shown.contains("/seg"), "{shown}");
    });
}

#[test]
fn where_they_are_listed() {
    isolated(|| {
        let file = memfd(b"mem", 1 << 20);
        let segment = unlinked("gone", 2048);
        let named = posix::segment(c"/named", 1, 0o600);
        let listed = |arguments: &[&str]| {
            let ran = ipcx(&[&["ls", "--no-header", "-o", "address"], arguments].concat());
            assert_eq!(ran.status, 0, "{}", ran.err);
            let mut lines: Vec<String> = ran.out.lines().map(str::to_owned).collect();
            lines.retain(|line| {
                !line.starts_with("pipe:") && !line.starts_with("socket:") && !line.starts_with("fifo:")
            });
            lines
        };
        let (file, segment) = (address("memfd", &file), address("shm", &segment));
        let all = ["shm:/named".to_owned(), segment.clone(), file.clone()];
        let both = |mut lines: Vec<String>| {
            lines.sort_by_key(|line| all.iter().position(|one| one == line));
            lines
        };
        assert_eq!(both(listed(&["-m"])), all);
        assert_eq!(both(listed(&[])), all);
        assert_eq!(listed(&["-m", "--sysv"]), [""; 0]);
        assert_eq!(both(listed(&["-m", "--posix"])), all[..2]);
        assert_eq!(both(listed(&["--posix"])), all[..2]);
        assert_eq!(listed(&["-q"]), [""; 0]);
        assert_eq!(listed(&["kind:memfd"]), [file.as_str()]);
        assert_eq!(listed(&["status:deleted"]), [segment.as_str()]);
        assert_eq!(listed(&["-m", "size>=1M"]), [file.as_str()]);
        assert_eq!(listed(&["-m", "name:/gone"]), [segment.as_str()]);
        assert_eq!(listed(&["-m", &file]), [file.as_str()]);
        let leaks = json(&["leaks", "--json"]);
        assert!(!leaks.to_string().contains(&file), "what somebody has is never leaked: {leaks:#}");
        drop(named);
    });
}

#[test]
fn tables_alone_look_at_no_process() {
    isolated(|| {
        let _file = memfd(b"mem", 1);
        let _segment = sysv::segment(1, 4096, 0o600);
        for kinds in [Kinds::SYSV_SHMS, Kinds::SHMS, Kinds::SYSV | Kinds::POSIX] {
            let snapshot = collect(&Want::tables(kinds)).unwrap();
            assert_eq!((snapshot.objects.len(), snapshot.visibility.processes), (1, 0), "{kinds:?}");
        }
    });
}

#[test]
fn an_ordinary_user_sees_what_is_theirs_and_is_told_of_the_rest() {
    isolated_with_users(|| {
        let hidden = memfd(b"hidden", 4096);
        let file = memfd(b"mine", 4096);
        let segment = unlinked("mine", 4096);
        let named = posix::segment(c"/twice", 4096, 0o666);
        fs::hard_link("/dev/shm/twice", "/dev/shm/other").unwrap();
        let user = child_of(NOBODY, &[&file, &segment, &named], || {
            let maps = [&file, &segment, &named].map(posix::map);
            close(&[&file, &segment, &named]);
            maps
        });
        posix::unlink_segment(c"/twice");
        let addresses = [address("memfd", &file), address("shm", &segment), address("memfd", &hidden)];
        let of_container = Child::new(&[], || {
            unshare(CloneFlags::CLONE_NEWNS).unwrap();
            let nothing: Option<&str> = None;
            mount(Some("other"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
            let file = posix::segment(c"/theirs", 4096, 0o666);
            let map = posix::map(&file);
            posix::unlink_segment(c"/theirs");
            become_user(NOBODY);
            map
        });
        as_user(NOBODY, &[], || {
            let snapshot = look(Kinds::MEMORY);
            let seen: Vec<String> =
                (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect();
            // Of another file system's it cannot be told whether it has a name there.
            assert_eq!(seen.len(), 3, "{seen:?}");
            assert!(!seen.contains(&addresses[2]) && seen.contains(&"shm:/other".to_owned()), "{seen:?}");
            let place = one(&snapshot, &addresses[0]);
            assert_eq!(as_memfd(&snapshot.objects[place]).size, None, "only mapped, and not to be followed");
            assert_eq!(snapshot.objects[place].owner, None);
            assert_eq!(snapshot.holders(place), [held(user.pid(), Role::Mapped, None)]);
            let gone = &snapshot.objects[one(&snapshot, &addresses[1])];
            assert_eq!((shm(gone).size, shm(gone).deleted), (None, true));
            assert!(snapshot.visibility.descriptors_hidden() && snapshot.visibility.maps_hidden());
        });
        let ran = ipcx_as(NOBODY, &["ls", "-m"]);
        assert_eq!(ran.status, 0);
        assert!(ran.err.contains("could not be looked into"), "{}", ran.err);
        let ran = ipcx_as(NOBODY, &["peek", &addresses[2]]);
        assert!(ran.status == 1 && ran.err.contains("CAP_SYS_PTRACE"), "{}", ran.err);
        let ran = ipcx_as(NOBODY, &["peek", &addresses[0]]);
        assert!(ran.status == 3 && ran.err.contains("CAP_SYS_ADMIN"), "{}", ran.err);
        drop(of_container);
    });
}
