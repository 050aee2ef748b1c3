//! What `rm` does not remove because it could not be brought back, or is not what it was: the object is untouched.

use crate::support::cli::{self, Ran, ipcx, ipcx_as, place};
use crate::support::undo::{backups, entries, files, plan, sight, store};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, mounts, posix, sysv};
use ipcx::actions::{Policy, Refusal};
use ipcx::kernel::{mqueue, msgctl, next_id, semctl, shmctl};
use ipcx::model::Kind;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Stdio;

/// One object of each kind that has contents, by address.
fn one_of_each() -> Vec<String> {
    let queue = sysv::queue(0x11, 0o200);
    sysv::send(queue, 1, &[1; 2000]);
    sysv::send(queue, 2, b"second");
    let segment = sysv::segment(0x12, 64 << 10, 0o600);
    let attached = sysv::attach(segment);
    (0..64 << 10).step_by(4096).for_each(|at| attached.touch(at));
    drop(attached);
    let set = sysv::semaphores(0x13, 2, 0o600);
    sysv::set_values(set, &[1, 2]);
    let posix_queue = mqueue::create(b"q", 0o600, 10, 4096, true).unwrap();
    for priority in [1, 5, 1, 9] {
        posix_queue.send(priority, &[priority as u8; 3000]).unwrap();
    }
    let file = posix::segment(c"/cache", 64 << 10, 0o600);
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![7; 64 << 10], 0).unwrap();
    vec![
        format!("queue:{queue}"),
        format!("shm:{segment}"),
        format!("sem:{set}"),
        "queue:/q".into(),
        "shm:/cache".into(),
    ]
}

/// Each is refused for the same reason, says so, and stays as it is.
fn assert_untouched(status: i32, words: &[&str], run: &dyn Fn(&str) -> Ran, addresses: &[String]) {
    for address in addresses {
        let before = sight(address).unwrap();
        let ran = run(address);
        assert_eq!((ran.status, &*ran.out), (status, ""), "{address}: {}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "no {word} in {}", ran.err);
        }
        assert_eq!(sight(address).as_ref(), Some(&before), "{address}");
    }
}

fn with_state(state: &Path, address: &str) -> Ran {
    cli::finish(cli::command(&["rm", address]).env("XDG_STATE_HOME", state))
}

#[test]
fn without_room_for_the_backup() {
    isolated(|| {
        let addresses = one_of_each();
        let full = mounts::tmpfs(&place("full"));
        fs::write(full.join("filler"), vec![0; 1 << 20]).unwrap();
        let nothing: Option<&str> = None;
        // Root may fill a tmpfs to its last page.
        let resized = nix::mount::mount(nothing, &full, nothing, nix::mount::MsFlags::MS_REMOUNT, Some("size=1m"));
        resized.unwrap();
        assert_untouched(
            1,
            &["its backup cannot be written", "No space", "--no-backup"],
            &|a| with_state(&full, a),
            &addresses,
        );
        // With a few pages of room, the copy fails in its midst.
        for pages in 1..4 {
            fs::File::options()
                .write(true)
                .open(full.join("filler"))
                .unwrap()
                .set_len((1 << 20) - pages * 4096)
                .unwrap();
            let large = [&addresses[1..2], &addresses[3..]].concat();
            assert_untouched(1, &["No space"], &|address| with_state(&full, address), &large);
        }
        let left = fs::read_dir(full.join("ipcx/backups/pending")).map_or(0, Iterator::count);
        assert_eq!(left, 0);
    });
}

#[test]
fn without_a_place_for_backups() {
    isolated_with_users(|| {
        let addresses = one_of_each();
        let theirs = place("theirs");
        fs::create_dir_all(theirs.join("ipcx/backups")).unwrap();
        chown(theirs.join("ipcx/backups"), Some(NOBODY), None).unwrap();
        assert_untouched(
            1,
            &["belongs to uid 65534", "--no-backup"],
            &|address| with_state(&theirs, address),
            &addresses,
        );
        let file = place("file");
        fs::write(&file, "").unwrap();
        assert_untouched(1, &["no backup can be kept"], &|address| with_state(&file, address), &addresses);
        let ran = ipcx(&["rm", "--no-backup", &addresses[0]]);
        assert!(ran.status == 0 && ran.out.contains("cannot be undone"), "{}{}", ran.out, ran.err);
        assert!(!backups().exists());
    });
}

#[test]
fn the_place_of_backups_is_private_and_an_absolute_path() {
    isolated(|| {
        let home = place("home");
        let run = |state: &str| {
            let address = format!("queue:{}", sysv::queue(1, 0o600));
            let mut command = cli::command(&["rm", &address]);
            command.env("XDG_STATE_HOME", state).env("HOME", &home).current_dir(place(""));
            let ran = cli::finish(&mut command);
            assert_eq!(ran.status, 0, "{}", ran.err);
        };
        run("relative");
        run("");
        assert!(!place("relative").exists());
        let dir = home.join(".local/state/ipcx/backups");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&dir), mode(&dir.join("pending"))), (0o700, 0o700));
        assert_eq!((mode(&dir.join("1.backup")), mode(&dir.join("2.backup"))), (0o600, 0o600));
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        run("");
        assert_eq!(mode(&dir), 0o700, "closed again");
    });
}

#[test]
fn without_home_the_password_file_tells_it() {
    isolated(|| {
        let address = format!("queue:{}", sysv::queue(1, 0o600));
        let root = mounts::tmpfs(&place("root"));
        nix::mount::mount(Some(&root), "/root", None::<&str>, nix::mount::MsFlags::MS_BIND, None::<&str>).unwrap();
        let ran = cli::finish(cli::command(&["rm", &address]).env_remove("XDG_STATE_HOME"));
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(root.join(".local/state/ipcx/backups/1.backup").exists());
    });
}

#[test]
fn read_only_makes_and_changes_nothing() {
    isolated(|| {
        let addresses = one_of_each();
        let before = addresses.iter().map(|address| sight(address).unwrap()).collect::<Vec<_>>();
        for address in &addresses {
            assert_eq!(ipcx(&["--read-only", "rm", address]).status, 4);
        }
        assert!(!backups().exists());
        assert_eq!(ipcx(&["rm", &addresses[0]]).status, 0);
        for arguments in [&["undo"][..], &["undo", "1"], &["undo", "--discard", "1"], &["undo", "--thaw"]] {
            let ran = ipcx(&[&["--read-only"], arguments].concat());
            assert_eq!(ran.status, 4, "{arguments:?} {}", ran.err);
        }
        assert_eq!((ipcx(&["--read-only", "undo", "--list"]).status, sight(&addresses[0])), (0, None));
        assert_eq!(ipcx(&["undo"]).status, 0);
        assert_eq!(addresses.iter().map(|address| sight(address).unwrap()).collect::<Vec<_>>(), before);
    });
}

fn forget(queue: i32, segment: i32, set: i32) {
    msgctl::remove(queue).unwrap();
    shmctl::remove(segment).unwrap();
    semctl::remove(set).unwrap();
}

#[test]
fn another_object_of_the_same_key_or_name_is_left_alone() {
    isolated(|| {
        let addresses = one_of_each();
        let planned: Vec<_> = addresses.iter().map(|address| plan(address)).collect();
        // A change of owner, which an object of the same second has not, stands for one of another second.
        let number = |address: &str| address.split_once(':').unwrap().1.parse().unwrap_or(0);
        let (queue, segment, set) = (number(&addresses[0]), number(&addresses[1]), number(&addresses[2]));
        forget(queue, segment, set);
        mqueue::unlink(b"q").unwrap();
        posix::unlink_segment(c"/cache");
        for again_same_id in [false, true] {
            if again_same_id {
                next_id::request(Kind::Queue, queue).unwrap();
                next_id::request(Kind::Shm, segment).unwrap();
                next_id::request(Kind::Semaphore, set).unwrap();
            }
            let ids = (sysv::queue(0x11, 0o200), sysv::segment(0x12, 9, 0o600), sysv::semaphores(0x13, 2, 0o600));
            assert_eq!(ids == (queue, segment, set), again_same_id);
            sysv::set_queue(ids.0, |ds| ds.msg_perm.uid = 5);
            sysv::set_segment(ids.1, |ds| ds.shm_perm.uid = 5);
            sysv::set_semaphores(ids.2, |ds| ds.sem_perm.uid = 5);
            if !again_same_id {
                drop((mqueue::create(b"q", 0o600, 1, 1, true).unwrap(), posix::segment(c"/cache", 1, 0o600)));
            }
            let now = [format!("queue:{}", ids.0), format!("shm:{}", ids.1), format!("sem:{}", ids.2)];
            let now = [&now[..], &["queue:/q".to_owned(), "shm:/cache".to_owned()]].concat();
            let before: Vec<_> = now.iter().map(|address| sight(address).unwrap()).collect();
            for removal in &planned {
                let refused = removal.run(Policy { force: true, ..Policy::default() }, Some(&store()));
                assert!(matches!(refused, Err(Refusal::Changed { .. })), "{refused:?}");
            }
            assert_eq!(now.iter().map(|address| sight(address).unwrap()).collect::<Vec<_>>(), before);
            assert_eq!((files(""), files("pending")), (vec![], vec![]));
            forget(ids.0, ids.1, ids.2);
        }
    });
}

#[test]
fn anothers_objects() {
    isolated_with_users(|| {
        let mut addresses = one_of_each();
        mkfifo(&place("f"), Mode::S_IRWXU).unwrap();
        // /dev/shm and the scratch directory are sticky.
        addresses.push(place("f").display().to_string());
        // Without it an ordinary user sees no queues.
        let mounted = mounts::mqueue();
        let seen = if mounted { &addresses[..5] } else { &addresses[..3] };
        for address in seen {
            let before = sight(address).unwrap();
            let ran = ipcx_as(NOBODY, &["rm", address]);
            assert_eq!((ran.status, &*ran.out), (3, ""), "{address}: {}", ran.err);
            assert_eq!(sight(address).as_ref(), Some(&before));
        }
        assert_eq!(ipcx_as(NOBODY, &["rm", &addresses[5]]).status, 3);
        assert!(place("f").exists());
        // Open to him to read and write, but not to remove: its messages are not even touched.
        mqueue::open_queue(b"q", mqueue::Access::Both).unwrap().set_mode(0o666).unwrap();
        let modified = || mqueue::open_queue(b"q", mqueue::Access::Both).unwrap().stat().unwrap().modified;
        let before = modified();
        if mounted {
            for force in [&["rm", "queue:/q"][..], &["rm", "-f", "queue:/q"]] {
                let ran = ipcx_as(NOBODY, force);
                assert_eq!(ran.status, 3, "{}", ran.err);
            }
        }
        assert_eq!(modified(), before);
        let pending = cli::state_home_of(NOBODY).join("ipcx/backups/pending");
        assert_eq!(fs::read_dir(pending).unwrap().count(), 0);
    });
}

#[test]
fn settings_that_are_wrong() {
    isolated(|| {
        let address = &one_of_each()[0];
        let home = place("config");
        fs::create_dir_all(home.join("ipcx")).unwrap();
        for (text, line) in
            [("[backup]\nmax_size = \"lots\"\n", ":2:"), ("\n\n[bakup]\n", ":3:"), ("[backup]\nkeep = 7\n", ":2:")]
        {
            fs::write(home.join("ipcx/config.toml"), text).unwrap();
            let run = |arguments: &[&str]| cli::finish(cli::command(arguments).env("XDG_CONFIG_HOME", &home));
            for arguments in [&["rm", address][..], &["undo"], &["undo", "--list"]] {
                let ran = run(arguments);
                assert_eq!((ran.status, &*ran.out), (2, ""), "{}", ran.err);
                assert!(ran.err.contains("config.toml") && ran.err.contains(line), "{}", ran.err);
            }
        }
        assert!(sight(address).is_some());
    });
}

#[test]
fn two_removals_of_one_object_at_once() {
    isolated(|| {
        for _ in 0..10 {
            let addresses = one_of_each();
            for address in &addresses {
                let before = sight(address).unwrap();
                let start = || {
                    let mut command = cli::command(&["rm", address]);
                    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
                };
                let both = [start(), start(), start()].map(|child| child.wait_with_output().unwrap());
                let won = both.iter().filter(|ended| ended.status.success()).count();
                let said: String = both.iter().map(|ended| String::from_utf8_lossy(&ended.stderr)).collect();
                assert_eq!((won, entries().len(), sight(address)), (1, 1, None), "{address}: {said}");
                assert!(!said.contains("panicked") && files("pending").is_empty(), "{said}");
                assert_eq!(ipcx(&["undo"]).status, 0);
                assert_eq!(sight(address).as_ref(), Some(&before));
                assert_eq!(ipcx(&["rm", "--no-backup", address]).status, 0);
            }
        }
    });
}
