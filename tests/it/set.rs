//! `ipcx set`: changes what was asked for, of the object that was named, and nothing else.

use crate::support::cli::{self, Ran, ipcx, ipcx_as, place};
use crate::support::users::{NOBODY, child_of};
use crate::support::{Child, isolated, isolated_with_users, look, mounts, one, posix, sysv};
use ipcx::actions::{Changes, NewValue, Policy, Refusal, Setting, Target, plan_setting};
use ipcx::kernel::{capability, semctl};
use ipcx::model::{Address, Ids, Kinds, Object};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;

fn set(arguments: &[&str]) -> Ran {
    ipcx(&[&["set"][..], arguments].concat())
}

/// Succeeds with exactly these lines.
fn says(ran: &Ran, lines: &[&str]) {
    assert_eq!((ran.status, ran.out.lines().collect::<Vec<_>>()), (0, lines.to_vec()), "{}", ran.err);
}

fn refused(ran: &Ran, status: i32, texts: &[&str]) {
    assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (status, "", 1), "{}", ran.err);
    for text in texts {
        assert!(ran.err.contains(text), "no {text} in {}", ran.err);
    }
}

fn there(address: &str) -> Object {
    let snapshot = look(Kinds::SYSV | Kinds::POSIX);
    snapshot.objects[one(&snapshot, address)].clone()
}

fn values(address: &str) -> Vec<u32> {
    let object = there(address);
    look::semaphores(&object).values.as_ref().unwrap().iter().map(|one| one.value).collect()
}

fn plan(address: &str, changes: &Changes) -> Setting {
    let target = Target::Address(Address::parse(address).unwrap());
    plan_setting(&target, changes).unwrap().unwrap()
}

#[test]
fn mode_and_owner_of_system_v_objects() {
    isolated_with_users(|| {
        sysv::queue(1, 0o600);
        sysv::segment(1, 1, 0o640);
        sysv::semaphores(1, 1, 0o666);
        for (address, old) in [("queue:0", "0600"), ("shm:0", "0640"), ("sem:0", "0666")] {
            let line = format!("{address}: mode {old} -> 0644");
            says(&set(&[address, "--mode", "0644"]), &[&line]);
            let before = there(address).owner.unwrap();
            let lines = [format!("{address}: owner root -> 65534"), format!("{address}: group root -> 4000000")];
            let ran = set(&[address, "--owner", "65534", "--group", "4000000"]);
            assert_eq!((ran.status, ran.out.lines().count()), (0, 2), "{}", ran.err);
            assert!(ran.out.contains(&lines[1]) && ran.out.contains("owner root -> "), "{}", ran.out);
            let object = there(address);
            assert_eq!((object.mode, object.owner), (Some(0o644), Some(Ids { uid: 65534, gid: Some(4_000_000) })));
            assert_eq!(object.creator, Some(before), "which nobody can set");
        }
    });
}

#[test]
fn a_queues_limit_alone_or_with_its_mode() {
    isolated(|| {
        sysv::queue(0x77, 0o600);
        says(&set(&["queue:0x77", "--limit", "1K"]), &["queue:0: limit 16384 -> 1024"]);
        let object = there("queue:0");
        assert_eq!((look::queue(&object).limit_bytes, object.mode), (Some(1024), Some(0o600)));
        let lines = ["queue:0: mode 0600 -> 0660", "queue:0: limit 1024 -> 2048"];
        says(&set(&["queue:0", "--limit", "2048", "--mode", "660"]), &lines);
        says(&set(&["queue:0", "--limit", "2K"]), &["queue:0: limit 2048 -> 2048"]);
    });
}

#[test]
fn a_limit_above_the_sysctl() {
    isolated_with_users(|| {
        child_of(NOBODY, &[], || sysv::queue(7, 0o600)).end();
        fs::write("/proc/sys/kernel/msgmnb", "1000").unwrap();
        // IPC_SET sets the limit that was, too, and that is above by now.
        let ran = ipcx_as(NOBODY, &["set", "queue:0x7", "--mode", "0640"]);
        refused(&ran, 3, &["16384", "kernel.msgmnb", "CAP_SYS_RESOURCE"]);
        assert_eq!(ipcx(&["rm", "--no-backup", "queue:0x7"]).status, 0);
        child_of(NOBODY, &[], || sysv::queue(1, 0o600)).end();
        for more in [&[][..], &["-n"]] {
            let ran = ipcx_as(NOBODY, &[&["set", "queue:0x1", "--limit", "2000"][..], more].concat());
            refused(&ran, 3, &["queue:", "kernel.msgmnb", "1000", "CAP_SYS_RESOURCE"]);
        }
        let ran = ipcx_as(NOBODY, &["set", "queue:0x1", "--limit", "999"]);
        assert!(ran.status == 0 && ran.out.ends_with(": limit 1000 -> 999\n"), "{}{}", ran.out, ran.err);
        if capability::have(capability::CAP_SYS_RESOURCE) {
            assert!(set(&["queue:0x1", "--limit", "2000"]).out.ends_with(": limit 999 -> 2000\n"));
        } else {
            refused(&set(&["queue:0x1", "--limit", "2000"]), 3, &["CAP_SYS_RESOURCE"]);
        }
    });
}

#[test]
fn semaphore_values() {
    isolated(|| {
        let id = sysv::semaphores(1, 4, 0o600);
        sysv::set_values(id, &[1, 2, 3, 4]);
        let ran = set(&["sem:0", "--value", "1=7"]);
        says(&ran, &["sem:0: value[1] 2 -> 7"]);
        assert!(ran.err.contains("SEM_UNDO") && !ran.err.contains("waited"), "{}", ran.err);
        assert_eq!(values("sem:0"), [1, 7, 3, 4]);
        let lines = ["sem:0: value[0] 1 -> 0", "sem:0: value[3] 4 -> 32767"];
        says(&set(&["sem:0", "--value", "0=0", "--value", "3=32767"]), &lines);
        assert_eq!(set(&["sem:0", "--value", "5"]).status, 0);
        assert_eq!(values("sem:0"), [5; 4]);
        says(&set(&["sem:0", "--value", "0"]), &["sem:0: value[0-3] 5 -> 0"]);
        refused(&set(&["sem:0", "--value", "32768"]), 2, &["32768", "32767"]);
        refused(&set(&["sem:0", "--value", "4=1"]), 2, &["no semaphore 4", "last is 3"]);
        assert_eq!(values("sem:0"), [0; 4]);
    });
}

#[test]
fn who_waits_is_told_and_goes_on() {
    isolated(|| {
        let id = sysv::semaphores(1, 2, 0o600);
        let waiter = Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(id, 0, -1));
        let ran = set(&["sem:0", "--value", "0=2"]);
        assert_eq!(ran.status, 0);
        assert!(ran.err.contains("1 task waited on it"), "{}", ran.err);
        let pid = nix::unistd::Pid::from_raw(waiter.pid().cast_signed());
        assert_eq!(waiter.wait(), nix::sys::wait::WaitStatus::Exited(pid, 0));
        assert_eq!(values("sem:0"), [1, 0]);
        // What is printed is what is: the one that waited may have taken one already.
        let line = ran.out.trim_end();
        assert!(line == "sem:0: value[0] 0 -> 2" || line == "sem:0: value[0] 0 -> 1", "{line}");
    });
}

#[test]
fn posix_semaphores() {
    isolated(|| {
        let held = posix::semaphore(c"/l", 0o600, 3);
        says(&set(&["sem:/l", "--value", "5"]), &["sem:/l: value 3 -> 5"]);
        says(
            &set(&["/dev/shm/sem.l", "--value", "0=0", "--mode", "0644"]),
            &["sem:/l: mode 0600 -> 0644", "sem:/l: value 5 -> 0"],
        );
        refused(&set(&["sem:/l", "--value", "2000000000"]), 1, &["single steps", "1000000"]);
        refused(&set(&["sem:/l", "--value", "1=1"]), 2, &["no semaphore 1"]);
        let waiter = Child::sleeping_in(&[libc::SYS_futex], &[], || held.wait());
        let ran = set(&["sem:/l", "--value", "2"]);
        assert!(ran.status == 0 && ran.err.contains("1 task waited"), "{}", ran.err);
        waiter.wait();
        assert_eq!(values("sem:/l"), [1]);
    });
}

#[test]
fn a_segment_is_locked_and_unlocked() {
    isolated_with_users(|| {
        sysv::segment(1, 4096, 0o666);
        says(&set(&["shm:0", "--lock"]), &["shm:0: locked no -> yes"]);
        assert!(look::shm(&there("shm:0")).locked);
        says(&set(&["shm:0", "--unlock"]), &["shm:0: locked yes -> no"]);
        assert!(!look::shm(&there("shm:0")).locked);
        for more in [&[][..], &["-n"]] {
            let ran = ipcx_as(NOBODY, &[&["set", "shm:0", "--lock"][..], more].concat());
            refused(&ran, 3, &["shm:0", "CAP_IPC_LOCK"]);
        }
    });
}

#[test]
fn only_an_attached_segment_is_marked() {
    isolated(|| {
        let id = sysv::segment(1, 4096, 0o666);
        for more in [&[][..], &["-n"]] {
            refused(&set(&[&["shm:0", "--mark-removed"][..], more].concat()), 4, &["shm:0", "ipcx rm shm:0"]);
        }
        let user = Child::new(&[], || sysv::attach(id));
        let plan = plan("shm:0", &Changes { mark_removed: true, ..Changes::default() });
        says(&set(&["shm:0", "--mark-removed"]), &["shm:0: marked for removal no -> yes"]);
        assert!(look::shm(&there("shm:0")).marked_for_removal);
        user.end();
        assert!(look(Kinds::SYSV).objects.is_empty());
        assert!(matches!(plan.run(Policy::default()), Err(Refusal::Changed { .. })));
        let id = sysv::segment(1, 4096, 0o666);
        let user = Child::new(&[], || sysv::attach(id));
        let planned = self::plan(&format!("shm:{id}"), &Changes { mark_removed: true, ..Changes::default() });
        user.end();
        assert!(matches!(planned.run(Policy::default()), Err(Refusal::Unsafe { .. })), "looked at once more");
        assert_eq!(look(Kinds::SYSV).objects.len(), 1);
    });
}

#[test]
fn files() {
    isolated_with_users(|| {
        let queue = posix::queue(c"/q", 1, 1);
        drop(posix::segment(c"/s", 1, 0o600));
        mkfifo(&place("f"), Mode::from_bits_truncate(0o600)).unwrap();
        let _listener = UnixListener::bind(place("u")).unwrap();
        fs::set_permissions(place("u"), fs::Permissions::from_mode(0o600)).unwrap();
        nix::sys::stat::fchmod(posix::queue_fd(&queue), Mode::empty()).unwrap();
        let path = |name| place(name).display().to_string();
        let (fifo, socket) = (format!("fifo:{}", path("f")), format!("unix:{}", path("u")));
        for (named, address) in [
            ("queue:/q", "queue:/q"),
            ("shm:/s", "shm:/s"),
            ("/dev/shm/s", "shm:/s"),
            (&fifo, &fifo),
            (&path("f"), &fifo),
            (&socket, &socket),
        ] {
            let ran = set(&[named, "--mode", "0620", "--owner", "7", "--group", "65534"]);
            assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{named}: {}", ran.err);
            assert!(ran.out.lines().all(|line| line.starts_with(&format!("{address}: "))), "{}", ran.out);
        }
        assert_eq!((there("queue:/q").mode, there("queue:/q").owner.unwrap().uid), (Some(0o620), 7));
        for file in [place("f"), place("u"), "/dev/shm/s".into()] {
            let stat = fs::metadata(&file).unwrap();
            assert_eq!((stat.mode() & 0o7777, stat.uid(), stat.gid()), (0o620, 7, 65534), "{}", file.display());
        }
        // Nobody had to be able to open it, and no end of it was opened.
        let snapshot = look(Kinds::FIFOS);
        assert!(snapshot.objects.is_empty());
    });
}

#[test]
fn a_swapped_file_is_not_hit() {
    isolated(|| {
        let path = place("f");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let changes = Changes { mode: Some(0o777), ..Changes::default() };
        let planned = plan(path.to_str().unwrap(), &changes);
        fs::rename(&path, place("old")).unwrap();
        fs::write(place("secret"), "").unwrap();
        fs::set_permissions(place("secret"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(place("secret"), &path).unwrap();
        assert!(matches!(planned.run(Policy::default()), Err(Refusal::Changed { .. })));
        fs::remove_file(&path).unwrap();
        mkfifo(&path, Mode::S_IRUSR).unwrap();
        assert!(matches!(planned.run(Policy::default()), Err(Refusal::Changed { .. })));
        let mode = |name| fs::metadata(place(name)).unwrap().mode() & 0o777;
        assert_eq!((mode("secret"), mode("f"), mode("old")), (0o600, 0o400, 0o700));
        assert_eq!(set(&[place("secret").to_str().unwrap(), "--mode", "0777"]).status, 1, "no object of ours");
    });
}

#[test]
fn another_object_with_the_same_key_is_not_hit() {
    isolated(|| {
        let id = sysv::semaphores(5, 1, 0o600);
        let changes = Changes { values: vec![NewValue { index: None, value: 9 }], ..Changes::default() };
        let planned = plan("sem:0x5", &changes);
        semctl::remove(id).unwrap();
        sysv::semaphores(5, 1, 0o600);
        assert!(matches!(planned.run(Policy::default()), Err(Refusal::Changed { .. })));
        assert_eq!(values("sem:0x5"), [0]);
        let planned = plan("sem:0x5", &changes);
        assert_eq!(set(&["sem:0x5", "--owner", "7"]).status, 0);
        assert!(matches!(planned.run(Policy::default()), Err(Refusal::Changed { .. })), "it has another owner now");
    });
}

#[test]
fn a_dry_run_changes_nothing() {
    isolated_with_users(|| {
        sysv::queue(1, 0o600);
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        let fifo = format!("fifo:{}", place("f").display());
        let before = (there("queue:0"), fs::metadata(place("f")).unwrap().ctime_nsec());
        says(&set(&["-n", "queue:0", "--mode", "0644"]), &["would set queue:0: mode 0600 -> 0644"]);
        says(&set(&["-n", &fifo, "--mode", "0644"]), &[&format!("would set {fifo}: mode 0700 -> 0644")]);
        refused(&ipcx_as(NOBODY, &["set", "-n", "queue:0", "--mode", "0666"]), 3, &["would fail", "CAP_SYS_ADMIN"]);
        refused(&set(&["-n", "queue:7", "--mode", "0666"]), 1, &["would fail", "queue:7"]);
        assert_eq!(before, (there("queue:0"), fs::metadata(place("f")).unwrap().ctime_nsec()));
    });
}

#[test]
fn what_a_user_may_not() {
    isolated_with_users(|| {
        sysv::queue(1, 0o666);
        sysv::segment(1, 1, 0o666);
        let id = sysv::semaphores(1, 1, 0o644);
        sysv::set_values(id, &[1]);
        posix::semaphore(c"/l", 0o600, 1);
        drop(posix::segment(c"/s", 1, 0o666));
        let _queue = posix::queue(c"/q", 1, 1);
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        let fifo = place("f").display().to_string();
        if mounts::mqueue() {
            for more in [&[][..], &["-n"]] {
                refused(&ipcx_as(NOBODY, &[&["set", "queue:/q", "--mode", "0777"], more].concat()), 3, &["CAP_FOWNER"]);
            }
        }
        let cases: [&[&str]; 8] = [
            &["queue:0", "--mode", "0777"],
            &["shm:0", "--owner", "65534"],
            &["sem:0", "--group", "65534"],
            &["sem:0", "--value", "0"],
            &["sem:/l", "--value", "0"],
            &["shm:/s", "--mode", "0777"],
            &["shm:/s", "--owner", "65534"],
            &[&fifo, "--mode", "0777"],
        ];
        for arguments in cases {
            for more in [&[][..], &["-n"]] {
                let ran = ipcx_as(NOBODY, &[&["set"][..], arguments, more].concat());
                refused(&ran, 3, &["permission denied"]);
            }
        }
        assert_eq!((values("sem:0"), values("sem:/l")), (vec![1], vec![1]));
    });
}

#[test]
fn what_ones_own_user_may() {
    isolated_with_users(|| {
        child_of(NOBODY, &[], || {
            sysv::queue(1, 0o600);
            sysv::semaphores(1, 2, 0o200);
            drop(posix::segment(c"/s", 1, 0o600));
        })
        .end();
        says(&ipcx_as(NOBODY, &["set", "queue:0", "--mode", "0400"]), &["queue:0: mode 0600 -> 0400"]);
        says(&ipcx_as(NOBODY, &["set", "shm:/s", "--mode", "0"]), &["shm:/s: mode 0600 -> 0000"]);
        // Writing needs no reading: then the old value stays unknown.
        says(&ipcx_as(NOBODY, &["set", "sem:0", "--value", "1=4"]), &["sem:0: value[1] ? -> 4"]);
        assert_eq!(values("sem:0"), [0, 4]);
        // A creator keeps the right after giving it away.
        assert_eq!(ipcx_as(NOBODY, &["set", "queue:0", "--owner", "0"]).status, 0);
        says(&ipcx_as(NOBODY, &["set", "queue:0", "--mode", "0600"]), &["queue:0: mode 0400 -> 0600"]);
    });
}

#[test]
fn part_of_it_may_be_done() {
    isolated_with_users(|| {
        sysv::semaphores(1, 1, 0o666);
        let ran = ipcx_as(NOBODY, &["set", "sem:0", "--value", "3", "--mode", "0600"]);
        assert_eq!((ran.status, &*ran.out), (3, "sem:0: value 0 -> 3\n"), "{}", ran.err);
        assert!(ran.err.contains("permission denied"), "{}", ran.err);
    });
}

#[test]
fn what_does_not_fit() {
    isolated(|| {
        sysv::queue(1, 0o600);
        sysv::segment(1, 1, 0o600);
        let _queue = posix::queue(c"/q", 1, 1);
        let (end, _other) = nix::unistd::pipe().unwrap();
        let pipe = fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&end))).unwrap();
        for (arguments, status, text) in [
            (&["shm:0", "--limit", "5"][..], 2, "System V queues"),
            (&["queue:/q", "--limit", "5"], 2, "System V queues"),
            (&["queue:0", "--lock"], 2, "segments"),
            (&["queue:0", "--value", "1"], 2, "semaphores"),
            (&[pipe.to_str().unwrap(), "--mode", "0600"], 1, "nothing to set"),
            (&["queue:9", "--mode", "0600"], 1, "no such message queue"),
            (&["queue:0", "--owner", "no-such-user"], 1, "no-such-user"),
        ] {
            refused(&set(arguments), status, &[text]);
        }
        let wrong: [&[&str]; 14] = [
            &[],
            &["queue:0"],
            &["queue:0", "-n"],
            &["--mode", "0600"],
            &["queue:0", "--mode", "0899"],
            &["queue:0", "--mode", "u+x"],
            &["queue:0", "--limit", "-1"],
            &["queue:0", "--limit", "1X"],
            &["queue:x", "--mode", "0600"],
            &["pid:1", "--mode", "0600"],
            &["sem:0", "--value", "x"],
            &["sem:0", "--value", "1="],
            &["sem:0", "--value", "99999999999"],
            &["shm:0", "--lock", "--unlock"],
        ];
        for arguments in wrong {
            refused(&set(arguments), 2, &[]);
        }
        assert_eq!(there("queue:0").mode, Some(0o600));
    });
}

#[test]
fn read_only_refuses() {
    isolated(|| {
        sysv::queue(1, 0o600);
        refused(&set(&["--read-only", "queue:0", "--mode", "0666"]), 4, &["read-only"]);
        let ran = cli::finish(cli::command(&["set", "queue:0", "--mode", "0666"]).env("IPCX_READ_ONLY", "1"));
        refused(&ran, 4, &["queue:0", "read-only"]);
        assert_eq!(there("queue:0").mode, Some(0o600));
    });
}
