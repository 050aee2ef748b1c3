//! POSIX segments and named semaphores.

use crate::support::isolated::{bytes, skip};
use crate::support::look::{semaphores, shm};
use crate::support::users::NOBODY;
use crate::support::wait::{is_between, second};
use crate::support::{
    Child, as_user, eventually, held, isolated, isolated_with_users, look, one, opened, posix, scratch,
};
use ipcx::model::{Access, Device, Family, Identity, Ids, Kinds, Object, Role, Semaphore};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};

/// The identity that a file has.
fn identity(path: &str) -> Identity {
    let stat = fs::metadata(path).unwrap();
    Identity::File { device: Device::from_stat(stat.dev()), inode: stat.ino() }
}

fn names(objects: &[Object]) -> Vec<&[u8]> {
    let mut names: Vec<&[u8]> = objects.iter().map(|object| object.name.as_deref().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_sparse_segment_with_holders_by_descriptor_and_by_mapping() {
    isolated(|| {
        let start = second();
        let file = posix::segment(c"/big", 3 << 30, 0o640);
        file.write_all_at(b"x", 40_960).unwrap();
        let opener = Child::new(&[&file], || ());
        let mapped =
            Child::new(&[], || posix::map(&File::options().read(true).write(true).open("/dev/shm/big").unwrap()));
        let fd = file.as_raw_fd();
        drop(file);

        let snapshot = look(Kinds::POSIX);
        assert_eq!(snapshot.objects.len(), 1, "{:#?}", snapshot.objects);
        let object = &snapshot.objects[0];
        assert_eq!(object.identity, identity("/dev/shm/big"));
        assert_eq!(object.family(), Some(Family::Posix));
        assert_eq!(object.name.as_deref(), Some(&b"/big"[..]));
        assert_eq!(object.path.as_deref(), Some(&b"/dev/shm/big"[..]));
        assert_eq!((object.owner, object.creator), (Some(Ids { uid: 0, gid: Some(0) }), None));
        assert_eq!(object.mode, Some(0o640));
        let shown = shm(object);
        assert_eq!((shown.key, shown.size, shown.allocated), (None, Some(3 << 30), Some(4096)));
        assert_eq!((shown.attaches, shown.resident), (None, None));
        assert!(is_between(shown.times.changed, start), "{shown:?}");
        let expected = [opened(opener.pid(), Access::Both, Some(fd)), held(mapped.pid(), Role::Mapped, None)];
        assert_eq!(snapshot.holders(0), expected);
        for address in ["shm:/big", "/dev/shm/big"] {
            assert_eq!(one(&snapshot, address), 0);
        }
    });
}

#[test]
fn a_name_that_is_gone_is_not_listed_while_others_stay() {
    isolated(|| {
        let [gone, _stays] = [c"/gone", c"/stays"].map(|name| posix::segment(name, 4096, 0o600));
        let user = Child::new(&[&gone], || posix::map(&gone));
        assert_eq!(names(&look(Kinds::POSIX_SHMS).objects), [b"/gone", &b"/stays"[..]]);
        posix::unlink_segment(c"/gone");
        assert_eq!(names(&look(Kinds::POSIX_SHMS).objects), [b"/stays"]);
        drop(user);
    });
}

#[test]
fn a_new_segment_of_an_old_name_is_not_held_by_the_old_ones_users() {
    isolated(|| {
        let old = posix::segment(c"/again", 4096, 0o600);
        let user = Child::new(&[&old], || posix::map(&old));
        posix::unlink_segment(c"/again");
        let new = posix::segment(c"/again", 8192, 0o600);
        let snapshot = look(Kinds::POSIX_SHMS);
        assert_eq!(shm(&snapshot.objects[one(&snapshot, "shm:/again")]).size, Some(8192));
        assert_eq!(snapshot.holders(0), [opened(1, Access::Both, Some(new.as_raw_fd()))]);
        drop(user);
    });
}

#[test]
fn semaphores_with_value_and_waiters() {
    isolated(|| {
        let three = posix::semaphore(c"/three", 0o604, 3);
        three.wait();
        let empty = posix::semaphore(c"/empty", 0o600, 0);
        let waiter = Child::sleeping_in(&[libc::SYS_futex], &[], || posix::open_semaphore(c"/empty").wait());
        eventually("the waiter is counted", || fs::read("/dev/shm/sem.empty").unwrap()[4] == 1);

        let snapshot = look(Kinds::POSIX);
        assert_eq!(names(&snapshot.objects), [b"/empty", &b"/three"[..]]);
        let show = |address| {
            let place = one(&snapshot, address);
            let set = semaphores(&snapshot.objects[place]);
            assert_eq!((set.key, set.count), (None, 1));
            (place, set.values.as_ref().unwrap()[0])
        };
        let semaphore =
            |value, waiters| Semaphore { value, waiting_increase: waiters, waiting_zero: None, last_pid: None };
        let (place, shown) = show("sem:/three");
        assert_eq!(shown, semaphore(2, 0));
        assert_eq!(snapshot.objects[place].mode, Some(0o604));
        assert_eq!(snapshot.objects[place].path.as_deref(), Some(&b"/dev/shm/sem.three"[..]));
        assert_eq!(snapshot.objects[place].identity, identity("/dev/shm/sem.three"));

        // The C library links a temporary file to the name: the maker's map calls a semaphore that is there "(deleted)".
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        if !maps.lines().any(|line| line.contains("/dev/shm/sem.") && line.ends_with(" (deleted)")) {
            skip("semaphores_with_value_and_waiters", "this C library maps the semaphore by its own name");
        }
        // The waiter is a fork of the maker, and so has its mappings too.
        let mapped = [held(1, Role::Mapped, None), held(waiter.pid(), Role::Mapped, None)];
        assert_eq!(snapshot.holders(place), mapped);
        let (place, shown) = show("/dev/shm/sem.empty");
        assert_eq!(shown, semaphore(0, 1));
        assert_eq!(snapshot.holders(place), mapped);
        drop(empty);
    });
}

#[test]
fn files_that_are_no_semaphore_or_no_object() {
    isolated(|| {
        fs::write("/dev/shm/sem.x", "").unwrap();
        fs::write("/dev/shm/sem.y", [1; 33]).unwrap();
        fs::write("/dev/shm/sem.", "12345").unwrap();
        fs::create_dir("/dev/shm/directory").unwrap();
        fs::write("/dev/shm/directory/inner", "").unwrap();
        std::os::unix::fs::symlink("sem.x", "/dev/shm/link").unwrap();
        nix::unistd::mkfifo("/dev/shm/fifo", nix::sys::stat::Mode::S_IRUSR).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind("/dev/shm/socket").unwrap();

        let snapshot = look(Kinds::POSIX);
        assert_eq!(names(&snapshot.objects), [&b"/sem."[..], b"/x", b"/y"]);
        for address in ["sem:/x", "sem:/y"] {
            let set = semaphores(&snapshot.objects[one(&snapshot, address)]);
            assert_eq!((set.count, &set.values), (1, &None), "{address}");
        }
        assert_eq!(shm(&snapshot.objects[one(&snapshot, "shm:/sem.")]).size, Some(5));
    });
}

#[test]
fn names_of_any_bytes() {
    isolated(|| {
        let odd = [&b"a b"[..], b"\x1b[31mred", b"line\nbreak", b"\xff\xfe", "\u{202e}gpj".as_bytes(), b"back\\slash"];
        for name in odd {
            fs::write(file_in("/dev/shm", name), "x").unwrap();
        }
        let snapshot = look(Kinds::POSIX_SHMS);
        let mut expected: Vec<Vec<u8>> = odd.iter().map(|name| [b"/", *name].concat()).collect();
        expected.sort();
        assert_eq!(names(&snapshot.objects), expected);
        for place in 0..snapshot.objects.len() {
            assert_eq!(one(&snapshot, &snapshot.address(place).to_string()), place, "what is printed can be pasted");
        }
    });
}

fn file_in(directory: &str, name: &[u8]) -> std::path::PathBuf {
    std::path::Path::new(directory).join(OsStr::from_bytes(name))
}

#[test]
fn an_ordinary_user_sees_others_objects_without_their_contents() {
    isolated_with_users(|| {
        let _segment = posix::segment(c"/hers", 4096, 0o600);
        let _semaphore = posix::semaphore(c"/lock", 0o600, 1);
        fs::set_permissions("/dev/shm/sem.lock", fs::Permissions::from_mode(0o600)).unwrap();
        as_user(NOBODY, &[], || {
            let snapshot = look(Kinds::POSIX_SHMS | Kinds::POSIX_SEMS);
            assert_eq!(shm(&snapshot.objects[one(&snapshot, "shm:/hers")]).size, Some(4096));
            assert_eq!(semaphores(&snapshot.objects[one(&snapshot, "sem:/lock")]).values, None);
        });
    });
}

#[test]
fn a_file_beside_dev_shm_is_no_segment() {
    isolated(|| {
        let path = scratch().join("other");
        fs::write(&path, "x").unwrap();
        let _user = posix::map(&File::options().read(true).write(true).open(&path).unwrap());
        let snapshot = look(Kinds::POSIX_SHMS);
        assert!(snapshot.objects.is_empty(), "{:?} is listed", String::from_utf8_lossy(bytes(&path)));
    });
}
