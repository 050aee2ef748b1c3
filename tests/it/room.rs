//! Use against the kernel's limits, in an IPC namespace that begins empty and may lower its own limits.

use crate::support::isolated::skip;
use crate::support::{Child, isolated, isolated_with_users, posix, sysv};
use ipcx::model::{Kinds, Of, Usage};
use ipcx::snapshot::{Snapshot, Want, collect};
use nix::mount::{MsFlags, mount};
use std::io::Write;

fn look() -> Snapshot {
    let kinds = Kinds::SYSV | Kinds::POSIX;
    collect(&Want { room: true, ..Want::everything(kinds) }).unwrap()
}

fn usage(name: &str) -> Usage {
    let found: Vec<Usage> = look().room.into_iter().filter(|usage| usage.what.name == name).collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0].clone()
}

fn used(name: &str) -> u64 {
    usage(name).used.unwrap()
}

/// Sets a limit of this IPC namespace; says so and returns false where /proc/sys cannot be written.
fn limit(sysctl: &str, value: &str) -> bool {
    let written = std::fs::write(format!("/proc/sys/{sysctl}"), value);
    if let Err(error) = &written {
        skip("room::limits", &format!("{sysctl} cannot be set: {error}"));
    }
    written.is_ok()
}

#[test]
fn use_grows_with_what_is_made() {
    isolated(|| {
        let counts = || ["MSGMNI", "SHMMNI", "SHMALL", "SEMMNI", "SEMMNS", "queues_max"].map(used);
        assert_eq!(counts(), [0; 6]);
        let id = sysv::queue(1, 0o600);
        sysv::queue(2, 0o600);
        // Part of a page takes a page.
        sysv::segment(1, 1, 0o600);
        sysv::segment(2, 3 * page() + 1, 0o600);
        sysv::semaphores(1, 5, 0o600);
        sysv::semaphores(2, 7, 0o600);
        let _posix = posix::queue(c"/one", 2, 16);
        assert_eq!(counts(), [2, 2, 5, 2, 12, 1]);
        sysv::remove_queue(id);
        assert_eq!(used("MSGMNI"), 1);
    });
}

fn page() -> usize {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).unwrap().unwrap().unsigned_abs() as usize
}

#[test]
fn a_removed_segment_that_is_attached_takes_room() {
    isolated(|| {
        let id = sysv::segment(1, 4096, 0o600);
        let attached = sysv::attach(id);
        sysv::control_segment(id, libc::IPC_RMID);
        assert_eq!(used("SHMMNI"), 1);
        drop(attached);
        assert_eq!(used("SHMMNI"), 0);
    });
}

#[test]
fn the_fullest_queue_is_told_by_its_own_limit() {
    isolated(|| {
        let (small, large) = (sysv::queue(1, 0o600), sysv::queue(2, 0o600));
        sysv::set_queue(small, |ds| ds.msg_qbytes = 1000);
        sysv::send(large, 1, &[0; 2000]);
        sysv::send(small, 1, &[0; 750]);
        let snapshot = look();
        let fullest = snapshot.room.iter().find(|usage| usage.what.name == "MSGMNB").unwrap();
        assert_eq!((fullest.used, fullest.limit, fullest.percent()), (Some(750), Some(1000), Some(75.0)));
        let of = snapshot.objects.iter().find(|object| Some(Of::Object(object.identity)) == fullest.of).unwrap();
        assert!(matches!(of.identity, ipcx::model::Identity::SysV { id, .. } if id == small));
    });
}

#[test]
fn limits_are_those_of_the_namespace() {
    isolated(|| {
        for key in 1..=3 {
            sysv::queue(key, 0o600);
            sysv::semaphores(key, 10, 0o600);
        }
        if !limit("kernel/msgmni", "4") || !limit("kernel/sem", "32 40 8 5") || !limit("kernel/shmall", "16") {
            return;
        }
        let near = |name: &str| (usage(name).limit, usage(name).percent());
        assert_eq!(near("MSGMNI"), (Some(4), Some(75.0)));
        assert_eq!(near("SEMMNS"), (Some(40), Some(75.0)));
        assert_eq!(near("SEMMNI"), (Some(5), Some(60.0)));
        sysv::segment(1, 4 * page(), 0o600);
        assert_eq!(near("SHMALL"), (Some(16), Some(25.0)));
        // Lowered below what is there.
        assert!(limit("kernel/msgmni", "2"));
        assert_eq!(near("MSGMNI"), (Some(2), Some(150.0)));
        if limit("fs/mqueue/queues_max", "2") {
            let _queue = posix::queue(c"/one", 2, 16);
            assert_eq!(near("queues_max"), (Some(2), Some(50.0)));
        }
    });
}

/// The kernel starts with a number of pages that no machine has.
#[test]
fn what_is_not_limited_has_no_limit() {
    isolated(|| {
        let all = usage("SHMALL");
        assert!(all.is_unlimited() && all.bound().is_none() && all.percent() == Some(0.0), "{all:?}");
        let mount = |options| {
            let nothing: Option<&str> = None;
            mount(nothing, "/dev/shm", Some("tmpfs"), MsFlags::empty(), Some(options)).unwrap();
        };
        mount("size=0");
        posix::segment(c"/one", 8192, 0o600).write_all(&[1; 8192]).unwrap();
        let fill = usage("/dev/shm");
        assert_eq!((fill.used, fill.limit), (Some(8192), None));
        mount("size=64k");
        let mut segment = posix::segment(c"/two", 0, 0o600);
        segment.write_all(&[1; 16384]).unwrap();
        let fill = usage("/dev/shm");
        assert_eq!((fill.used, fill.limit, fill.percent()), (Some(16384), Some(65536), Some(25.0)));
    });
}

/// Where the queues of this namespace cannot be listed, their number is not 0 but unknown.
#[test]
fn what_cannot_be_counted_is_unknown_and_says_why() {
    isolated_with_users(|| {
        Child::run(&[], || {
            crate::support::users::become_user(crate::support::users::NOBODY);
            let snapshot = look();
            let usage = |name: &str| snapshot.room.iter().find(|usage| usage.what.name == name).unwrap();
            let queues = usage("queues_max");
            assert_eq!((queues.used, queues.percent()), (None, None));
            assert!(queues.unknown.as_ref().is_some_and(|why| why.contains("POSIX queues")), "{queues:?}");
            assert_eq!(usage("MSGMNI").used, Some(0), "others need no privilege");
        });
    });
}

#[test]
fn nobody_who_does_not_ask_pays_for_it() {
    isolated(|| {
        let kinds = Kinds::SYSV | Kinds::POSIX;
        for want in [Want::tables(kinds), Want::everything(kinds)] {
            assert!(collect(&want).unwrap().room.is_empty());
        }
    });
}
