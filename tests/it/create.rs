//! `ipcx create`: what it makes is there, exactly as asked, or nothing is.

use crate::support::cli::{self, Ran, ipcx, ipcx_as, json, object, place};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, look, one, posix, sysv};
use ipcx::kernel::capability;
use ipcx::model::{Kinds, Object};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

/// The address that a line ends with, after a successful run.
fn made(arguments: &[&str]) -> String {
    let ran = ipcx(&[&["create"][..], arguments].concat());
    assert_eq!((ran.status, &*ran.err, ran.out.lines().count()), (0, "", 1), "{arguments:?}: {}", ran.err);
    let address = ran.out.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert!(ran.out.starts_with("created ") || ran.out.starts_with("opened "), "{}", ran.out);
    address
}

/// Fails with this code, one line that has all these texts, and nothing on stdout.
fn refused(ran: &Ran, status: i32, texts: &[&str]) {
    assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (status, "", 1), "{}", ran.err);
    for text in texts {
        assert!(ran.err.contains(text), "no {text} in {}", ran.err);
    }
}

fn create(arguments: &[&str]) -> Ran {
    ipcx(&[&["create"][..], arguments].concat())
}

fn there(address: &str) -> Object {
    let snapshot = look(Kinds::SYSV | Kinds::POSIX);
    snapshot.objects[one(&snapshot, address)].clone()
}

fn count() -> usize {
    look(Kinds::SYSV | Kinds::POSIX).objects.len()
}

fn sysctl(name: &str, value: &str) {
    fs::write(format!("/proc/sys/{name}"), value).unwrap();
}

#[test]
fn system_v_objects_by_key() {
    isolated(|| {
        assert_eq!(made(&["queue", "--key", "0x1234abcd", "--mode", "0646"]), "queue:0");
        assert_eq!(there("queue:0x1234abcd").mode, Some(0o646));
        assert_eq!(made(&["shm", "--key", "77", "--size", "64K"]), "shm:0");
        let segment = there("shm:0x4d");
        assert_eq!((segment.mode, look::shm(&segment).size), (Some(0o600), Some(65536)));
        assert_eq!(made(&["sem", "--key", "0x9", "--values", "1,0,3"]), "sem:0");
        assert_eq!(values("sem:0x9"), [1, 0, 3]);
        let operated = look::semaphores(&there("sem:0")).times.operated;
        assert!(operated.is_some(), "programs wait for this before they use a set");
        assert_eq!(values(&made(&["sem", "--count", "4", "--value", "2"])), [2; 4]);
        assert_eq!(values(&made(&["sem", "--values", "0,5", "--mode", "0000"])), [0, 5]);
        assert_eq!(values(&made(&["semaphore"])), [0]);
    });
}

fn values(address: &str) -> Vec<u32> {
    let object = there(address);
    look::semaphores(&object).values.as_ref().unwrap().iter().map(|one| one.value).collect()
}

#[test]
fn random_and_private_keys() {
    isolated(|| {
        let ran = create(&["queue"]);
        let key = ran.out.split("key ").nth(1).unwrap()[..10].to_owned();
        assert_eq!(there(&format!("queue:{key}")), there("queue:0"));
        assert_eq!(create(&["-q", "queue", "--random"]).out, "queue:1\n");
        assert_eq!(create(&["queue", "--private"]).out, "created message queue, private: queue:2\n");
        let document = json(&["ls", "--json", "-q"]);
        assert_eq!(object(&document, "queue:2")["key"], "0x00000000");
        assert_ne!(object(&document, "queue:0")["key"], object(&document, "queue:1")["key"]);
    });
}

#[test]
fn the_key_of_ftok() {
    isolated(|| {
        fs::write(place("a:b"), "").unwrap();
        let file = fs::metadata(place("a:b")).unwrap();
        let path = std::ffi::CString::new(place("a:b").to_str().unwrap()).unwrap();
        for (id, number) in [("A", 0x41), ("7", 7), ("0x141", 0x41), ("300", 44)] {
            let library = posix::ftok(&path, number);
            let text = format!("{}:{id}", place("a:b").display());
            let ran = create(&["queue", "--ftok", &text, "--or-open"]);
            assert_eq!(ran.status, 0, "{}", ran.err);
            assert!(ran.out.contains(&format!("key 0x{library:08x}")), "{} inode {}", ran.out, file.ino());
        }
        refused(&create(&["queue", "--ftok", "/not/here:1"]), 1, &["/not/here", "not found"]);
        refused(&create(&["queue", "--ftok", "/tmp:256"]), 2, &["low 8 bits"]);
    });
}

#[test]
fn posix_objects_by_name() {
    isolated(|| {
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
        assert_eq!(
            made(&["queue", "--name", "/q", "--depth", "3", "--message-size", "1K", "--mode", "666"]),
            "queue:/q"
        );
        let queue = there("queue:/q");
        let body = look::queue(&queue);
        assert_eq!((body.limit_messages, body.max_message_bytes, queue.mode), (Some(3), Some(1024), Some(0o666)));
        assert_eq!(made(&["queue", "--name", "/usual"]), "queue:/usual");
        let usual = there("queue:/usual");
        let usual = look::queue(&usual);
        assert_eq!((usual.limit_messages, usual.max_message_bytes), (Some(10), Some(8192)));
        assert_eq!(made(&["shm", "--name", "/s", "--size", "1M", "--mode", "0666"]), "shm:/s");
        let segment = fs::metadata("/dev/shm/s").unwrap();
        assert_eq!((segment.mode() & 0o7777, segment.len()), (0o666, 1 << 20));
        assert_eq!(made(&["sem", "--name", "/l", "--value", "2", "--mode", "0666"]), "sem:/l");
        let file = fs::metadata("/dev/shm/sem.l").unwrap();
        assert_eq!((file.mode() & 0o7777, file.len()), (0o666, 32));
        // The library takes it for its own.
        posix::open_semaphore(c"/l").wait();
        assert_eq!(values("sem:/l"), [1]);
        assert_eq!(
            made(&["fifo", place("f").to_str().unwrap(), "--mode", "0666"]),
            format!("fifo:{}", place("f").display())
        );
        let fifo = fs::metadata(place("f")).unwrap();
        assert!(fifo.file_type().is_fifo() && fifo.mode() & 0o7777 == 0o666);
    });
}

#[test]
fn what_is_there_already() {
    isolated(|| {
        let fifo = place("f").display().to_string();
        // What makes it, its address, and what would be too much of it.
        let cases = [
            (&["queue", "--key", "0x5"][..], "queue:0", &[&["--limit", "1M"]][..]),
            (&["shm", "--key", "0x5", "--size", "4K"], "shm:0", &[]),
            (&["sem", "--key", "0x5", "--count", "2"], "sem:0", &[]),
            (&["queue", "--name", "/q"], "queue:/q", &[&["--depth", "11"], &["--message-size", "9000"]]),
            (&["shm", "--name", "/s", "--size", "4K"], "shm:/s", &[]),
            (&["sem", "--name", "/l"], "sem:/l", &[]),
            (&["fifo", &fifo], &format!("fifo:{fifo}"), &[]),
        ];
        for (arguments, address, larger) in cases {
            assert_eq!(made(arguments), address);
            refused(&create(arguments), 1, &[address, "exists already", "--or-open"]);
            let ran = create(&[arguments, &["--or-open"]].concat());
            assert_eq!((ran.status, &*ran.err), (0, ""));
            assert!(ran.out.starts_with("opened ") && ran.out.ends_with(&format!(": {address}\n")), "{}", ran.out);
            for more in larger {
                refused(
                    &create(&[arguments, &more[..], &["--or-open"]].concat()),
                    1,
                    &[address, "exists already, but"],
                );
            }
        }
        refused(&create(&["shm", "--key", "0x5", "--size", "8K", "--or-open"]), 1, &["shm:0", "only 4096 bytes"]);
        refused(&create(&["shm", "--name", "/s", "--size", "8K", "--or-open"]), 1, &["shm:/s", "only 4096 bytes"]);
        refused(&create(&["sem", "--key", "0x5", "--count", "3", "--or-open"]), 1, &["sem:0", "2 semaphores"]);
        fs::write(place("plain"), "").unwrap();
        std::os::unix::fs::symlink(place("f"), place("link")).unwrap();
        for name in ["plain", "link"] {
            let path = place(name).display().to_string();
            refused(&create(&["fifo", &path, "--or-open"]), 1, &[&path, "is no FIFO"]);
        }
        assert_eq!(count(), 6);
    });
}

#[test]
fn a_reached_limit_is_named() {
    isolated(|| {
        for (name, value) in [("kernel/msgmni", "1"), ("kernel/shmmni", "1"), ("fs/mqueue/queues_max", "1")] {
            sysctl(name, value);
        }
        sysctl("kernel/sem", "10 12 10 3");
        assert_eq!(made(&["queue", "--key", "1"]), "queue:0");
        refused(&create(&["queue"]), 1, &["no room", "kernel.msgmni"]);
        assert_eq!(made(&["shm", "--size", "1"]), "shm:0");
        refused(&create(&["shm", "--size", "1"]), 1, &["no room", "kernel.shmmni"]);
        sysctl("kernel/shmmni", "9");
        sysctl("kernel/shmall", "2");
        refused(&create(&["shm", "--size", "8K"]), 1, &["no room", "kernel.shmall"]);
        sysctl("kernel/shmmax", "4096");
        refused(&create(&["shm", "--size", "8K"]), 1, &["8192", "kernel.shmmax"]);
        refused(&create(&["sem", "--count", "11"]), 1, &["11", "10", "kernel.sem, first"]);
        refused(&create(&["sem", "--count", "99999"]), 1, &["99999", "kernel.sem, first"]);
        assert_eq!(made(&["sem", "--count", "10"]), "sem:0");
        refused(&create(&["sem", "--count", "3"]), 1, &["no room", "kernel.sem, second"]);
        made(&["sem"]);
        made(&["sem"]);
        refused(&create(&["sem"]), 1, &["no room", "kernel.sem, fourth"]);
        if !capability::have(capability::CAP_SYS_RESOURCE) {
            made(&["queue", "--name", "/a"]);
            refused(&create(&["queue", "--name", "/b"]), 1, &["queue:/b", "fs.mqueue.queues_max"]);
        }
    });
}

#[test]
fn limits_of_posix_objects_are_named() {
    isolated_with_users(|| {
        let by_user = |more: &[&str]| ipcx_as(NOBODY, &[&["create", "queue", "--name", "/q"][..], more].concat());
        refused(&by_user(&["--depth", "11"]), 1, &["queue:/q", "11", "fs.mqueue.msg_max (10)"]);
        refused(&by_user(&["--message-size", "8193"]), 1, &["8193", "fs.mqueue.msgsize_max (8192)"]);
        sysctl("fs/mqueue/msg_max", "1000");
        refused(&by_user(&["--depth", "1000"]), 1, &["RLIMIT_MSGQUEUE", "ulimit -q"]);
        // What is not said is as much as is allowed.
        sysctl("fs/mqueue/msg_max", "4");
        assert_eq!(by_user(&["-q"]).out, "queue:/q\n");
        sysctl("fs/mqueue/queues_max", "1");
        let ran = ipcx_as(NOBODY, &["create", "queue", "--name", "/r"]);
        refused(&ran, 1, &["queue:/r", "fs.mqueue.queues_max"]);
        let small = Some("size=16k,mode=1777");
        nix::mount::mount(Some("x"), "/dev/shm", Some("tmpfs"), nix::mount::MsFlags::empty(), small).unwrap();
        refused(&create(&["shm", "--name", "/s", "--size", "20K"]), 1, &["shm:/s", "/dev/shm", "16384"]);
        fs::write("/dev/shm/full", [1; 16384]).unwrap();
        refused(&create(&["sem", "--name", "/l"]), 1, &["sem:/l", "/dev/shm is full"]);
        assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 1);
    });
}

#[test]
fn a_limit_above_the_sysctl_leaves_no_queue_behind() {
    isolated_with_users(|| {
        sysctl("kernel/msgmnb", "1000");
        let ran = ipcx_as(NOBODY, &["create", "queue", "--limit", "2000"]);
        refused(&ran, 3, &["kernel.msgmnb", "CAP_SYS_RESOURCE", "removed again"]);
        assert_eq!(count(), 0);
        let address = ipcx_as(NOBODY, &["create", "-q", "queue", "--limit", "999"]).out;
        assert_eq!(look::queue(&there(address.trim_end())).limit_bytes, Some(999));
    });
}

#[test]
fn given_to_another_user() {
    isolated_with_users(|| {
        let fifo = place("f").display().to_string();
        let kinds: [&[&str]; 7] = [
            &["queue", "--key", "1"],
            &["shm", "--key", "1", "--size", "1"],
            &["sem", "--key", "1", "--values", "1"],
            &["queue", "--name", "/q"],
            &["shm", "--name", "/s", "--size", "1"],
            &["sem", "--name", "/l"],
            &["fifo", &fifo],
        ];
        let owner = ["--owner", "65534", "--group", "7"];
        for kind in kinds {
            let address = made(&[kind, &owner].concat());
            let document = json(&["show", "-J", &address]);
            let given = &object(&document, &address)["owner"];
            assert_eq!((&given["uid"], &given["gid"]), (&65534.into(), &7.into()), "{address}");
            assert_eq!(ipcx(&["rm", &address]).status, 0);
        }
        fs::create_dir(place("open")).unwrap();
        fs::set_permissions(place("open"), fs::Permissions::from_mode(0o777)).unwrap();
        let fifo = place("open/f").display().to_string();
        for kind in [&["queue", "--name", "/q"][..], &["shm", "--name", "/s", "--size", "1"], &["fifo", &fifo]] {
            let ran = ipcx_as(NOBODY, &[&["create"][..], kind, &["--owner", "root"]].concat());
            refused(&ran, 3, &["CAP_CHOWN", "removed again"]);
        }
        refused(&create(&["queue", "--owner", "no-such-user"]), 1, &["no-such-user"]);
        assert!(count() == 0 && !place("open/f").exists());
    });
}

#[test]
fn what_a_user_may_not() {
    isolated_with_users(|| {
        made(&["queue", "--key", "5"]);
        refused(&ipcx_as(NOBODY, &["create", "queue", "--key", "5", "--or-open"]), 3, &["queue:0", "permission"]);
        refused(&ipcx_as(NOBODY, &["create", "queue", "--key", "5"]), 1, &["queue:0", "exists"]);
        made(&["shm", "--name", "/s", "--size", "1"]);
        refused(&ipcx_as(NOBODY, &["create", "shm", "--name", "/s", "--size", "1", "--or-open"]), 3, &["shm:/s"]);
        fs::create_dir(place("closed")).unwrap();
        fs::set_permissions(place("closed"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = place("closed/f").display().to_string();
        refused(&ipcx_as(NOBODY, &["create", "fifo", &path]), 3, &["permission", "directory"]);
        refused(&create(&["fifo", &place("none/f").display().to_string()]), 1, &["directory does not exist"]);
    });
}

#[test]
fn json_is_the_object_of_the_snapshot() {
    isolated(|| {
        let fifo = place("f").display().to_string();
        for kind in [&["queue"][..], &["shm", "--size", "1"], &["sem", "--name", "/l"], &["fifo", &fifo]] {
            let ran = create(&[&["-J"][..], kind].concat());
            assert_eq!((ran.status, &*ran.err), (0, ""));
            let printed: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            let address = printed["address"].as_str().unwrap();
            let shown = json(&["show", "-J", address]);
            assert_eq!(object(&shown, address)["inode"], printed["inode"]);
            assert_eq!(object(&shown, address)["id"], printed["id"]);
            assert!(printed["verdict"]["state"].is_string() && printed["holders"].is_array());
        }
    });
}

#[test]
fn wrong_command_lines_make_nothing() {
    isolated(|| {
        let wrong: [&[&str]; 42] = [
            &[],
            &["pipe"],
            &["shm"],
            &["shm", "--size", "0"],
            &["shm", "--size", "-1"],
            &["shm", "--size", "1X"],
            &["shm", "--size", "1.3"],
            &["queue", "--key", "0"],
            &["queue", "--key", "0x0"],
            &["queue", "--key", "0x123456789"],
            &["queue", "--key", "abc"],
            &["queue", "--key", "1", "--private"],
            &["queue", "--key", "1", "--name", "/x"],
            &["queue", "--random", "--ftok", "/:1"],
            &["queue", "--random", "--or-open"],
            &["queue", "--or-open"],
            &["queue", "--ftok", "/"],
            &["queue", "--ftok", "/:"],
            &["queue", "--name", "x"],
            &["queue", "--name", "/"],
            &["queue", "--name", "/a/b"],
            &["queue", "--name", "/x", "--limit", "5"],
            &["queue", "--depth", "5"],
            &["queue", "--name", "/x", "--depth", "0"],
            &["queue", "--size", "5"],
            &["queue", "/x"],
            &["queue", "--mode", "0888"],
            &["queue", "--mode", "1777"],
            &["shm", "--name", "/sem.x", "--size", "1"],
            &["sem", "--values", "1,2", "--count", "3"],
            &["sem", "--values", "1,,2"],
            &["sem", "--values", "1", "--value", "1"],
            &["sem", "--value", "32768"],
            &["sem", "--count", "0"],
            &["sem", "--name", "/x", "--count", "2"],
            &["sem", "--hold", "read"],
            &["fifo"],
            &["fifo", ""],
            &["fifo", "/tmp/never", "--remove-after"],
            &["fifo", "/tmp/never", "--print"],
            &["fifo", "/tmp/never", "--hold", "write", "--print"],
            &["fifo", "/tmp/never", "--hold", "read", "--feed", "x"],
        ];
        for arguments in wrong {
            refused(&create(arguments), 2, &[]);
        }
        assert_eq!(count(), 0);
        assert!(!std::path::Path::new("/tmp/never").exists());
    });
}

#[test]
fn read_only_makes_nothing() {
    isolated(|| {
        let fifo = place("f").display().to_string();
        for kind in [&["queue"][..], &["shm", "--size", "1"], &["sem", "--name", "/l"], &["fifo", &fifo]] {
            refused(&create(&[kind, &["--read-only"]].concat()), 4, &["read-only"]);
            let ran = cli::finish(cli::command(&[&["create"][..], kind].concat()).env("IPCX_READ_ONLY", "1"));
            refused(&ran, 4, &["read-only"]);
        }
        assert!(count() == 0 && !place("f").exists());
    });
}

#[test]
fn a_marked_segment_does_not_keep_its_key() {
    isolated(|| {
        made(&["shm", "--key", "0x5", "--size", "1"]);
        let _attached = sysv::attach(0);
        assert_eq!(ipcx(&["rm", "-f", "shm:0"]).status, 0);
        assert_ne!(made(&["shm", "--key", "0x5", "--size", "1"]), "shm:0");
    });
}
