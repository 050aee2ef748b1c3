//! Shared memory without a name: memfds, and segments that were unlinked while somebody has them.

use crate::support::cli::{ipcx, json, object};
use crate::support::look::shm;
use crate::support::sockets::{receive_descriptors, send_descriptor};
use crate::support::users::NOBODY;
use crate::support::{Child, held, isolated, isolated_with_users, look, mounts, one, opened, posix, scratch, sysv};
use ipcx::model::{Access, Body, Family, Holder, Kind, Kinds, Memfd, Object, Role};
use ipcx::snapshot::Snapshot;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use serde_json::{Value, json};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, MetadataExt};

/// A new memfd of a size.
pub fn memfd(name: &[u8], size: u64) -> File {
    let name = CString::new(name).unwrap();
    let file = File::from(memfd_create(name.as_c_str(), MFdFlags::MFD_CLOEXEC).unwrap());
    file.set_len(size).unwrap();
    file
}

/// A file of `/dev/shm` whose name is gone.
pub fn unlinked(name: &str, size: u64) -> File {
    let path = format!("/dev/shm/{name}");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    file.set_len(size).unwrap();
    fs::remove_file(path).unwrap();
    file
}

/// Closes descriptors of a child, whose mappings stay.
pub fn close(files: &[&File]) {
    for file in files {
        nix::unistd::close(file.as_raw_fd()).unwrap();
    }
}

pub fn inode(file: &impl AsFd) -> u64 {
    nix::sys::stat::fstat(file).unwrap().st_ino
}

pub fn address(kind: &str, file: &impl AsFd) -> String {
    format!("{kind}:[{}]", inode(file))
}

pub fn as_memfd(object: &Object) -> &Memfd {
    let Body::Memfd(memfd) = &object.body else { panic!("no memfd: {object:?}") };
    memfd
}

pub fn holders_of<'a>(snapshot: &'a Snapshot, address: &str) -> &'a [Holder] {
    snapshot.holders(one(snapshot, address))
}

#[test]
fn a_memfd_open_or_mapped_or_both() {
    isolated(|| {
        let [open, mapped, both] = [&b"open"[..], b"mapped", b"both"].map(|name| memfd(name, 3 << 20));
        let addresses = [&open, &mapped, &both].map(|file| address("memfd", file));
        mapped.write_at(b"x", 8192).unwrap();
        let fd = |file: &File| Some(file.as_raw_fd());
        let opener = Child::new(&[&open], || ());
        let user = Child::new(&[&mapped, &both], || {
            let maps = (posix::map(&mapped), posix::map(&both));
            // What is mapped stays when the descriptor is closed.
            close(&[&mapped]);
            maps
        });
        let numbers = (fd(&open), fd(&both));
        drop((open, mapped, both));

        let snapshot = look(Kinds::MEMFDS);
        assert_eq!(snapshot.objects.len(), 3);
        for (address, name, allocated) in
            [(&addresses[0], &b"open"[..], 0), (&addresses[1], b"mapped", 4096), (&addresses[2], b"both", 0)]
        {
            let shown = &snapshot.objects[one(&snapshot, address)];
            assert_eq!((shown.kind(), shown.family(), shown.name.as_deref()), (Kind::Memfd, None, Some(name)));
            assert_eq!((shown.path.as_deref(), shown.mode, shown.owner.unwrap().uid), (None, Some(0o777), 0));
            let memfd = as_memfd(shown);
            assert_eq!((memfd.size, memfd.allocated), (Some(3 << 20), Some(allocated)), "{address}");
            assert!(memfd.times.changed.is_some());
        }
        let (opener, user) = (opener.pid(), user.pid());
        assert_eq!(holders_of(&snapshot, &addresses[0]), [opened(opener, Access::Both, numbers.0)]);
        assert_eq!(holders_of(&snapshot, &addresses[1]), [held(user, Role::Mapped, None)]);
        let both = [held(user, Role::Mapped, None), opened(user, Access::Both, numbers.1)];
        assert_eq!(holders_of(&snapshot, &addresses[2]), both);
        for place in 0..3 {
            assert_eq!(one(&snapshot, &snapshot.address(place).to_string()), place, "what is printed can be pasted");
        }
    });
}

#[test]
fn a_memfd_handed_on_is_one_object_of_two_processes() {
    isolated(|| {
        let file = memfd(b"shared", 4096);
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let heir = Child::new(&[&file], || ());
        send_descriptor(&ours, b"x", &file);
        let receiver = Child::new(&[&theirs], || {
            let received = receive_descriptors(&theirs).1;
            posix::map(&received[0])
        });
        let snapshot = look(Kinds::MEMFDS);
        assert_eq!(snapshot.objects.len(), 1);
        let place = one(&snapshot, &address("memfd", &file));
        let fd = Some(file.as_raw_fd());
        let expected = [
            opened(1, Access::Both, fd),
            opened(heir.pid(), Access::Both, fd),
            held(receiver.pid(), Role::Mapped, None),
        ];
        assert_eq!(snapshot.holders(place), expected);
    });
}

#[test]
fn hostile_names() {
    isolated(|| {
        let names: [&[u8]; 8] = [
            b"",
            b"\x1b[2J\x07",
            b"two\nlines",
            br"back\012slash",
            b"\xff\xfe",
            "\u{202e}txt".as_bytes(),
            b"x (deleted)",
            b"/dev/shm/x (deleted)",
        ];
        for mapped_only in [false, true] {
            let files = names.map(|name| memfd(name, 4096));
            let addresses = files.each_ref().map(|file| address("memfd", file));
            let keep: Vec<&dyn AsFd> = files.iter().map(|file| file as &dyn AsFd).collect();
            let _user = Child::new(&keep, || {
                let maps = files.each_ref().map(posix::map);
                if mapped_only {
                    close(&files.each_ref());
                }
                maps
            });
            drop(keep);
            drop(files);
            let snapshot = look(Kinds::MEMFDS);
            for (address, name) in addresses.iter().zip(names) {
                let shown = &snapshot.objects[one(&snapshot, address)];
                assert_eq!(shown.name.as_deref(), Some(name).filter(|name| !name.is_empty()), "{mapped_only}");
            }
            let document = json(&["ls", "kind:memfd", "--json"]);
            let listed = |place: usize| object(&document, &addresses[place]);
            assert_eq!(document["objects"].as_array().unwrap().len(), names.len());
            assert_eq!((&listed(0)["name"], &listed(2)["name"]), (&Value::Null, &json!("two\nlines")));
            assert_eq!((&listed(4)["name"], &listed(4)["name_hex"]), (&json!("\u{fffd}\u{fffd}"), &json!("fffe")));
            for arguments in [&["ls", "-m"][..], &["ls"], &["show", &addresses[1]], &["show", &addresses[5]]] {
                let text = ipcx(arguments).out;
                let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
                assert!(text.chars().all(harmless), "{text:?}");
                assert!(!text.contains("two\nlines"), "{text}");
            }
        }
    });
}

#[test]
fn an_unlinked_segment_is_another_than_the_new_one_of_its_name() {
    isolated(|| {
        let old = posix::segment(c"/again", 8192, 0o640);
        old.write_at(b"old one", 0).unwrap();
        let user = Child::new(&[&old], || {
            let map = posix::map(&old);
            close(&[&old]);
            map
        });
        posix::unlink_segment(c"/again");
        let new = posix::segment(c"/again", 4096, 0o600);
        let odd = unlinked("odd\n\u{1b}[1m (deleted)", 5);
        let address = address("shm", &old);
        let odd_address = self::address("shm", &odd);

        let snapshot = look(Kinds::POSIX_SHMS | Kinds::UNLINKED_SHMS);
        assert_eq!(snapshot.objects.len(), 3);
        let place = one(&snapshot, &address);
        let shown = &snapshot.objects[place];
        assert_eq!(
            (shown.kind(), shown.family(), shown.name.as_deref()),
            (Kind::Shm, Some(Family::Posix), Some(&b"/again"[..]))
        );
        assert_eq!((shown.path.as_deref(), shown.mode), (None, Some(0o640)));
        assert_eq!((shm(shown).size, shm(shown).allocated, shm(shown).deleted), (Some(8192), Some(4096), true));
        let expected = [opened(1, Access::Both, Some(old.as_raw_fd())), held(user.pid(), Role::Mapped, None)];
        assert_eq!(snapshot.holders(place), expected);
        let place = one(&snapshot, "shm:/again");
        assert_eq!((shm(&snapshot.objects[place]).size, shm(&snapshot.objects[place]).deleted), (Some(4096), false));
        assert_eq!(snapshot.holders(place), [opened(1, Access::Both, Some(new.as_raw_fd()))]);
        let name = snapshot.objects[one(&snapshot, &odd_address)].name.clone().unwrap();
        assert_eq!(&*name, b"/odd\n\x1b[1m (deleted)");

        let document = json(&["ls", "-m", "--json"]);
        let gone = object(&document, &address);
        assert_eq!((&gone["path"], &gone["shm"]["deleted"]), (&Value::Null, &json!(true)));
        assert_eq!(gone["verdict"]["state"], "in-use");
        assert_eq!(gone["verdict"]["certain"], true);
        let reasons = gone["verdict"]["reasons"].to_string();
        assert!(reasons.contains("its name is gone") && reasons.contains("the last of them"), "{reasons}");
        assert_eq!(object(&document, "shm:/again")["shm"]["deleted"], false);
        // Its last mapping and descriptor keep it, and then it is gone.
        drop((old, user));
        assert_eq!(look(Kinds::UNLINKED_SHMS).objects.len(), 1);
    });
}

#[test]
fn what_lives_under_another_name_is_not_unlinked() {
    isolated(|| {
        // glibc makes a semaphore under a passing name, by which its maker's mapping goes on to call it.
        let lives = posix::semaphore(c"/lives", 0o600, 1);
        let lock = posix::semaphore(c"/lock", 0o600, 1);
        fs::remove_file("/dev/shm/sem.lock").unwrap();
        let linked = posix::segment(c"/first", 4096, 0o600);
        fs::hard_link("/dev/shm/first", "/dev/shm/second").unwrap();
        let map = posix::map(&linked);
        posix::unlink_segment(c"/first");
        let hidden = posix::segment(c"/below", 4096, 0o600);
        fs::create_dir("/dev/shm/sub").unwrap();
        fs::rename("/dev/shm/below", "/dev/shm/sub/below").unwrap();
        let own = fs::read_to_string("/proc/self/maps").unwrap();
        assert!(own.contains("/dev/shm/first (deleted)"), "the case is not made: {own}");

        let snapshot = look(Kinds::MEMORY | Kinds::SEMS);
        let addresses: Vec<String> =
            (0..snapshot.objects.len()).map(|place| snapshot.address(place).to_string()).collect();
        assert_eq!(addresses, ["shm:/second", "sem:/lives"], "an unlinked semaphore is left out as well");
        let expected = [held(1, Role::Mapped, None), opened(1, Access::Both, Some(linked.as_raw_fd()))];
        assert_eq!(holders_of(&snapshot, "shm:/second"), expected);
        drop((lives, lock, map, hidden));
    });
}

#[test]
fn the_kernels_own_shared_memory_is_none_of_it() {
    isolated(|| {
        let _zero = crate::support::shared::Counters::new();
        let id = sysv::segment(0, 4096, 0o600);
        let _attached = sysv::attach(id);
        sysv::control_segment(id, libc::IPC_RMID);
        let elsewhere = tempfile::tempfile().unwrap();
        let _deleted_log = posix::map(&elsewhere);
        let place = mounts::tmpfs(&scratch().join("dev"));
        fs::write(place.join("memfd:x"), "not one").unwrap();
        let file = File::options().read(true).write(true).open(place.join("memfd:x")).unwrap();
        let _map = posix::map(&file);
        fs::remove_file(place.join("memfd:x")).unwrap();
        let snapshot = look(Kinds::MEMORY);
        let kinds: Vec<_> = snapshot.objects.iter().map(|object| (object.kind(), object.family())).collect();
        assert_eq!(kinds, [(Kind::Shm, Some(Family::Sysv))], "{:#?}", snapshot.objects);
        let verdict = ipcx::diagnose::verdict(&snapshot, 0);
        assert!(verdict.reasons.iter().any(|reason| reason.contains("goes with the last detach")), "{verdict:?}");
    });
}

/// A child with a mount namespace and a `/dev/shm` of its own, in which it has files of these names open; one name is then
/// removed.
fn container(names: &'static [&'static str], removed: &'static str) -> Child {
    Child::new(&[], || {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let nothing: Option<&str> = None;
        mount(Some("other"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
        let open = |name: &&str| {
            let file = File::create_new(format!("/dev/shm/{name}")).unwrap();
            file.set_len(100).unwrap();
            let file = File::options().read(true).write(true).open(format!("/dev/shm/{name}")).unwrap();
            (posix::map(&file), file)
        };
        let made: Vec<_> = names.iter().map(open).collect();
        fs::remove_file(format!("/dev/shm/{removed}")).unwrap();
        made
    })
}

#[test]
fn files_of_another_dev_shm() {
    isolated(|| {
        let container = container(&["theirs", "gone"], "gone");
        let snapshot = look(Kinds::MEMORY);
        assert_eq!(snapshot.objects.len(), 1, "what has a name there is no object here: {:#?}", snapshot.objects);
        let shown = &snapshot.objects[0];
        assert_eq!((shown.name.as_deref(), shm(shown).deleted), (Some(&b"/gone"[..]), true));
        assert!(snapshot.holders(0).iter().all(|holder| holder.pid == container.pid()));
        assert_eq!(snapshot.holders(0).len(), 2);
    });
}

#[test]
fn an_inode_number_of_two_devices_is_ambiguous() {
    isolated(|| {
        let _one = container(&["a"], "a");
        let _two = container(&["b"], "b");
        let snapshot = look(Kinds::UNLINKED_SHMS);
        let whole: Vec<String> = (0..2).map(|place| snapshot.address(place).to_string()).collect();
        let ipcx::model::Identity::File { inode, .. } = snapshot.objects[0].identity else { panic!() };
        let short = format!("shm:[{inode}]");
        assert!(whole.iter().all(|address| address.ends_with(&format!(":{inode}]"))), "{whole:?}");
        assert_ne!(whole[0], whole[1]);
        for command in ["rm", "peek"] {
            let ran = ipcx(&[command, &short]);
            assert_eq!((ran.status, &*ran.out), (4, ""), "{}", ran.err);
            assert!(whole.iter().all(|address| ran.err.contains(address)), "{}", ran.err);
        }
        assert_eq!(ipcx(&["peek", &whole[0]]).status, 0);
        // Who only looks is shown both.
        let shown = json(&["show", &short, "--json"]);
        for address in &whole {
            assert_eq!(object(&shown, address)["shm"]["deleted"], true);
        }
        assert_eq!(json(&["ls", "--json", &short])["objects"].as_array().unwrap().len(), 2);
        assert_eq!(json(&["ls", "--json", &whole[1]])["objects"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_file_never_named_in_dev_shm_is_one_too() {
    isolated(|| {
        let flags = nix::fcntl::OFlag::O_TMPFILE | nix::fcntl::OFlag::O_RDWR;
        let file = nix::fcntl::open("/dev/shm", flags, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        let file = File::from(file);
        let snapshot = look(Kinds::UNLINKED_SHMS);
        assert_eq!(snapshot.objects.len(), 1);
        assert_eq!(shm(&snapshot.objects[one(&snapshot, &address("shm", &file))]).size, Some(0));
        assert_eq!(file.metadata().unwrap().nlink(), 0);
    });
}

#[test]
fn what_is_unlinked_takes_room_of_its_dev_shm_alone() {
    isolated_with_users(|| {
        let file = unlinked("large", 0);
        file.write_at(&vec![1; 300_000], 0).unwrap();
        std::os::unix::fs::fchown(&file, Some(NOBODY), None).unwrap();
        let _other = Child::new(&[], || {
            unshare(CloneFlags::CLONE_NEWNS).unwrap();
            let nothing: Option<&str> = None;
            mount(Some("other"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
            let file = unlinked("larger", 0);
            file.write_at(&vec![1; 900_000], 0).unwrap();
            file
        });
        let document = json(&["limits", "--json", "/dev/shm"]);
        let limits = document["limits"].as_array().unwrap();
        let limit = limits.iter().find(|limit| limit["name"] == "/dev/shm").unwrap();
        let top = (&limit["top"]["uid"], &limit["top"]["used"]);
        assert_eq!(top, (&json!(NOBODY), &json!(74 * 4096)), "{limit:#}");
    });
}
