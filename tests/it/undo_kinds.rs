//! Each kind is removed and brought back: key or name, id, owner, mode, limits and contents are what they were.

use crate::support::cli::{self, ipcx, ipcx_as, place};
use crate::support::undo::{Sight, entries, files, sight};
use crate::support::users::{NOBODY, as_user};
use crate::support::{Child, isolated, isolated_with_users, look, posix, sysv};
use ipcx::kernel::mqueue::{self, Access};
use ipcx::kernel::{semctl, shmctl};
use ipcx::model::Kinds;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;

/// Removes it and brings it back through the command line; it is what it was. Returns what `undo` said.
fn there_and_back(address: &str) -> String {
    let before = sight(address).unwrap();
    let ran = ipcx(&["rm", address]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(sight(address), None);
    back(address, &before)
}

fn back(address: &str, before: &Sight) -> String {
    let ran = ipcx(&["undo"]);
    assert_eq!((ran.status, &*ran.err), (0, ""));
    assert!(ran.out.contains(&format!("brought back {address} ")), "{}", ran.out);
    assert_eq!(sight(address).as_ref(), Some(before));
    assert_eq!((files(""), files("pending")), (vec![], vec![]));
    ran.out
}

#[test]
fn a_queue_with_every_sort_of_message() {
    isolated(|| {
        let id = sysv::queue(0xbeef, 0o624);
        sysv::set_queue(id, |ds| {
            (ds.msg_perm.uid, ds.msg_perm.gid, ds.msg_qbytes) = (12, 34, 10_000);
        });
        let every: Vec<u8> = (0..=255).collect();
        for (kind, text) in [(9, &b""[..]), (i64::MAX, b"\x1b]0;x\x07\n\xe2\x80\xae"), (1, &every), (9, &[0; 4000])] {
            sysv::send(id, kind, text);
        }
        let said = there_and_back(&format!("queue:{id}"));
        assert!(!said.contains("new id"), "{said}");
    });
}

#[test]
fn a_queue_of_empty_messages() {
    isolated(|| {
        let id = sysv::queue(0x1, 0o600);
        (0..300).for_each(|n| sysv::send(id, n % 7 + 1, b""));
        there_and_back(&format!("queue:{id}"));
    });
}

#[test]
fn an_empty_queue_and_private_objects() {
    isolated(|| {
        there_and_back(&format!("queue:{}", sysv::queue(5, 0o000)));
        there_and_back(&format!("queue:{}", sysv::queue(libc::IPC_PRIVATE, 0o600)));
        there_and_back(&format!("shm:{}", sysv::segment(libc::IPC_PRIVATE, 1, 0o600)));
        there_and_back(&format!("sem:{}", sysv::semaphores(libc::IPC_PRIVATE, 1, 0o600)));
    });
}

#[test]
fn a_limit_above_msgmnb() {
    isolated(|| {
        let msgmnb = |n: &str| fs::write("/proc/sys/kernel/msgmnb", n).unwrap();
        msgmnb("50000");
        let id = sysv::queue(1, 0o600);
        sysv::set_queue(id, |ds| ds.msg_qbytes = 50_000);
        (0..30).for_each(|_| sysv::send(id, 1, &[1; 1000]));
        let address = format!("queue:{id}");
        let before = sight(&address).unwrap();
        msgmnb("16384");
        if ipcx::kernel::capability::have(24) {
            there_and_back(&address);
        } else {
            let ran = ipcx(&["rm", &address]);
            assert_eq!(ran.status, 4, "{}", ran.err);
            assert!(ran.err.contains("msgmnb") && ran.err.contains("--no-backup"), "{}", ran.err);
            assert_eq!(sight(&address).as_ref(), Some(&before), "untouched");
            msgmnb("50000");
            assert_eq!(ipcx(&["rm", &address]).status, 0);
            msgmnb("16384");
            let ran = ipcx(&["undo"]);
            // It does not fit: nothing half-made stays, the backup does.
            assert_eq!(ran.status, 1, "{} {}", ran.out, ran.err);
            assert_eq!((sight(&address), entries().len()), (None, 1));
            msgmnb("50000");
            back(&address, &before);
        }
    });
}

#[test]
fn a_segment_with_owner_mode_holes_and_lock() {
    isolated(|| {
        let id = sysv::segment(0x5e6, 3 * 1024 * 1024 + 5, 0o640);
        sysv::set_segment(id, |ds| (ds.shm_perm.uid, ds.shm_perm.gid) = (7, 8));
        let attached = sysv::attach(id);
        for at in [0, 4095, 4096, (1 << 20) - 1, 2 << 20, (3 << 20) + 4] {
            attached.touch(at);
        }
        drop(attached);
        sysv::control_segment(id, libc::SHM_LOCK);
        there_and_back(&format!("shm:{id}"));
        assert!(shmctl::stat(id).unwrap().locked);
    });
}

#[test]
fn a_sparse_segment_takes_no_memory() {
    isolated(|| {
        let id = sysv::segment(0x5e7, 100 << 20, 0o600);
        sysv::attach(id).touch(77 << 20);
        assert_eq!(ipcx(&["rm", &format!("shm:{id}")]).status, 0);
        assert!(entries()[0].bytes < 100_000, "{}", entries()[0].bytes);
        assert_eq!(ipcx(&["undo"]).status, 0);
        let mut resident = None;
        ipcx::kernel::sysvipc::read_shm(&mut |line| resident = line.resident).unwrap();
        assert!(resident.is_some_and(|bytes| bytes < 1 << 20), "{resident:?}");
    });
}

#[test]
fn a_large_segment_is_refused_unless_the_settings_allow_it() {
    isolated(|| {
        let id = sysv::segment(0x5e8, 100 << 20, 0o600);
        let attached = sysv::attach(id);
        (0..100 << 20).step_by(4096).for_each(|at| attached.touch(at));
        drop(attached);
        let address = format!("shm:{id}");
        let before = sight(&address).unwrap();
        let ran = ipcx(&["rm", &address]);
        assert_eq!(ran.status, 4, "{}", ran.err);
        assert!(ran.err.contains("backup.max_size") && ran.err.contains("--no-backup"), "{}", ran.err);
        assert!(sight(&address).as_ref() == Some(&before) && files("pending").is_empty());

        let settings = place("config");
        fs::create_dir_all(settings.join("ipcx")).unwrap();
        fs::write(settings.join("ipcx/config.toml"), "[backup]\nmax_size = \"200M\"\n").unwrap();
        let ran = cli::finish(cli::command(&["rm", &address]).env("XDG_CONFIG_HOME", &settings));
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert!(sight(&address).as_ref() == Some(&before));
    });
}

#[test]
fn semaphores_keep_their_values_and_whether_they_were_used() {
    isolated(|| {
        let used = sysv::semaphores(0x5e1, 4, 0o660);
        sysv::set_values(used, &[3, 0, 32767, 1]);
        sysv::operate(used, 1, 5);
        let unused = sysv::semaphores(0x5e2, 300, 0o600);
        for id in [used, unused] {
            there_and_back(&format!("sem:{id}"));
        }
        assert_eq!([used, unused].map(|id| semctl::stat(id).unwrap().operated != 0), [true, false]);
    });
}

#[test]
fn a_posix_queue_with_priorities_and_a_name_that_is_no_text() {
    isolated(|| {
        let name = b"na\xff\xfe me";
        let queue = mqueue::create(name, 0o624, 10, 40, true).unwrap();
        for (priority, text) in [(0, &b"x"[..]), (32767, b"\x1b[2J"), (3, b""), (0, b"y"), (3, &[0; 40])] {
            queue.send(priority, text).unwrap();
        }
        drop(queue);
        let taken = || {
            let queue = mqueue::open_queue(name, Access::Both).unwrap();
            let (stat, mut room) = (queue.stat().unwrap(), [0; 40]);
            let mut all = Vec::new();
            while let Some((priority, length)) = queue.receive(&mut room).unwrap() {
                all.push((priority, room[..length].to_vec()));
            }
            for (priority, data) in &all {
                queue.send(*priority, data).unwrap();
            }
            (all, stat.mode, stat.owner, queue.attributes().unwrap().limit_messages)
        };
        let before = taken();
        let ran = ipcx(&["rm", "queue:/na\\xff\\xfe me"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(mqueue::open_queue(name, Access::Both).is_err());
        let shown = ipcx(&["undo", "--show", "1"]);
        assert!(shown.out.contains("priority 32767") && !shown.out.contains('\x1b'), "{}", shown.out);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(taken(), before);
    });
}

#[test]
fn a_posix_segment_and_a_semaphore() {
    isolated(|| {
        let file = posix::segment(c"/cache", 3 << 20, 0o640);
        file.write_all_at(b"\0\x01data\xff", 2 << 20).unwrap();
        drop(file);
        chown("/dev/shm/cache", Some(5), Some(6)).unwrap();
        there_and_back("shm:/cache");
        assert!(fs::metadata("/dev/shm/cache").unwrap().blocks() < 100, "its holes are holes");

        drop(posix::semaphore(c"/lock", 0o606, 42));
        let before = fs::read("/dev/shm/sem.lock").unwrap();
        assert_eq!(ipcx(&["rm", "sem:/lock"]).status, 0);
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(fs::read("/dev/shm/sem.lock").unwrap(), before);
        posix::open_semaphore(c"/lock").wait();
    });
}

#[test]
fn a_fifo_and_a_socket_file() {
    isolated(|| {
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        chown(place("f"), Some(3), Some(4)).unwrap();
        fs::set_permissions(place("f"), fs::Permissions::from_mode(0o621)).unwrap();
        drop(UnixListener::bind(place("s")).unwrap());
        for name in ["f", "s"] {
            let path = place(name).display().to_string();
            let before = sight(&format!("file:{path}")).unwrap();
            assert_eq!(ipcx(&["rm", &path]).status, 0);
            assert!(!place(name).exists());
            let ran = ipcx(&["undo"]);
            assert_eq!(ran.status, 0, "{}", ran.err);
            assert_eq!(sight(&format!("file:{path}")), Some(before));
            assert_eq!(ran.out.contains("nobody is bound to it"), name == "s", "{}", ran.out);
        }
    });
}

#[test]
fn a_segment_in_use_is_kept_as_it_was_at_its_removal() {
    isolated(|| {
        for key in [0x77, libc::IPC_PRIVATE] {
            let id = sysv::segment(key, 8192, 0o600);
            let address = format!("shm:{id}");
            let before = {
                let attached = sysv::attach(id);
                attached.touch(5000);
                sight(&address).unwrap()
            };
            let user = Child::new(&[], || sysv::attach(id));
            assert_eq!(ipcx(&["rm", &address]).status, 4);
            let ran = ipcx(&["rm", "--force", &address]);
            assert!(ran.status == 0 && ran.out.contains("until its attach has ended"), "{} {}", ran.out, ran.err);
            assert_eq!(entries().len(), 1, "{ran}", ran = ran.out);
            user.end();
            back(&address, &before);
        }
    });
}

#[test]
fn the_messages_of_an_open_posix_queue_stay_with_its_holder() {
    isolated(|| {
        let queue = mqueue::create(b"open", 0o600, 4, 8, true).unwrap();
        queue.send(1, b"mine").unwrap();
        let ran = ipcx(&["rm", "queue:/open"]);
        assert_eq!(ran.status, 4, "{}", ran.err);
        let ran = ipcx(&["rm", "-f", "queue:/open"]);
        assert!(ran.status == 0 && ran.out.contains("are not in the backup"), "{} {}", ran.out, ran.err);
        assert_eq!(queue.receive(&mut [0; 8]).unwrap(), Some((1, 4)));
        let ran = ipcx(&["undo"]);
        assert!(ran.status == 0 && ran.out.contains("it is empty"), "{} {}", ran.out, ran.err);
        assert_eq!(sight("queue:/open").unwrap().contents, Vec::<Vec<u8>>::new());
    });
}

#[test]
fn an_ordinary_users_own_closed_objects() {
    isolated_with_users(|| {
        as_user(NOBODY, &[], || {
            let queue = sysv::queue(1, 0o600);
            sysv::send(queue, 4, b"text");
            sysv::set_queue(queue, |ds| ds.msg_perm.mode = 0o200);
            let segment = sysv::segment(2, 5000, 0o600);
            sysv::attach(segment).touch(4999);
            sysv::set_segment(segment, |ds| ds.shm_perm.mode = 0);
            let set = sysv::semaphores(3, 2, 0o600);
            sysv::set_values(set, &[7, 8]);
            sysv::set_semaphores(set, |ds| ds.sem_perm.mode = 0);
        });
        let all = || {
            let snapshot = look(Kinds::SYSV);
            let mut all: Vec<String> =
                (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect();
            all.sort();
            all
        };
        let sights =
            |addresses: &[String]| -> Vec<Sight> { addresses.iter().map(|address| sight(address).unwrap()).collect() };
        let addresses = all();
        let before = sights(&addresses);
        let ran = ipcx_as(NOBODY, &[&["rm".to_owned()], &addresses[..]].concat());
        assert_eq!((ran.status, ran.out.lines().count()), (0, 3), "{}", ran.err);
        assert!(all().is_empty());
        let ran = ipcx_as(NOBODY, &["undo"]);
        assert_eq!((ran.status, ran.out.matches("under a new id").count()), (0, 3), "{}{}", ran.out, ran.err);
        assert_eq!(sights(&all()), before);
        assert_ne!(all(), addresses);
    });
}
