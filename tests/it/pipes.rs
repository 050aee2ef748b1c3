//! Pipes and FIFOs: who has which end, and which FIFO is which.

use crate::support::cli;
use crate::support::isolated::bytes;
use crate::support::look::{ends, sleeps};
use crate::support::users::NOBODY;
use crate::support::{Child, as_user, held, isolated, isolated_with_users, look, mounts, one, scratch};
use ipcx::model::{Device, Identity, Ids, Kinds, Role};
use ipcx::snapshot::{Snapshot, Want, collect};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{mkfifo, pipe2};
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

fn make_pipe() -> (OwnedFd, OwnedFd) {
    pipe2(OFlag::O_CLOEXEC).unwrap()
}

fn identity(fd: impl AsFd) -> Identity {
    let stat = fstat(fd).unwrap();
    Identity::File { device: Device::from_stat(stat.st_dev), inode: stat.st_ino }
}

fn make_fifo(path: &Path) -> PathBuf {
    mkfifo(path, Mode::from_bits_truncate(0o622)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o622)).unwrap();
    path.to_path_buf()
}

/// A FIFO opened for both, which no partner is needed for.
fn open_both(path: &Path) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

/// FIFOs of a directory too, whether or not somebody has them open.
fn look_in(directory: &Path) -> Snapshot {
    collect(&Want { directories: vec![directory.into()], ..Want::everything(Kinds::FIFOS) }).unwrap()
}

/// The path shown of the one object.
fn path_shown(snapshot: &Snapshot) -> Option<&[u8]> {
    assert_eq!(snapshot.objects.len(), 1, "{:#?}", snapshot.objects);
    snapshot.objects[0].path.as_deref()
}

#[test]
fn a_pipe_between_two_processes() {
    isolated(|| {
        let (reader, writer) = make_pipe();
        let (r, w, pipe) = (reader.as_raw_fd(), writer.as_raw_fd(), identity(&reader));
        let one_end = Child::new(&[&reader], || ());
        let other_end = Child::new(&[&writer], || ());
        drop((reader, writer));

        let snapshot = look(Kinds::PIPES | Kinds::FIFOS);
        assert_eq!(snapshot.objects.len(), 1, "{:#?}", snapshot.objects);
        let object = &snapshot.objects[0];
        assert_eq!(object.identity, pipe);
        assert_eq!((object.owner, object.mode, object.family()), (Some(Ids { uid: 0, gid: None }), None, None));
        assert_eq!(ends(object), (1, 1));
        let expected = [held(one_end.pid(), Role::Reader, Some(r)), held(other_end.pid(), Role::Writer, Some(w))];
        assert_eq!(snapshot.holders(0), expected);
        let Identity::File { inode, .. } = pipe else { unreachable!() };
        assert_eq!(snapshot.address(0).to_string(), format!("pipe:[{inode}]"));
        assert_eq!(one(&snapshot, &format!("pipe:[{inode}]")), 0);
    });
}

#[test]
fn every_descriptor_of_an_end_counts() {
    isolated(|| {
        let (reader, writer) = make_pipe();
        let again = reader.try_clone().unwrap();
        let child = Child::new(&[&writer], || ());
        let snapshot = look(Kinds::PIPES);
        assert_eq!(ends(&snapshot.objects[0]), (2, 2));
        let expected = [
            held(1, Role::Reader, Some(reader.as_raw_fd())),
            held(1, Role::Reader, Some(again.as_raw_fd())),
            held(1, Role::Writer, Some(writer.as_raw_fd())),
            held(child.pid(), Role::Writer, Some(writer.as_raw_fd())),
        ];
        assert_eq!(snapshot.holders(0), expected);
        drop(writer);
        child.end();
        assert_eq!(ends(&look(Kinds::PIPES).objects[0]), (2, 0), "no writer is left");
    });
}

#[test]
fn a_pipe_of_another_user_has_that_owner() {
    isolated_with_users(|| {
        let maker = crate::support::users::child_of(NOBODY, &[], make_pipe);
        let snapshot = look(Kinds::PIPES);
        assert_eq!(snapshot.objects[0].owner, Some(Ids { uid: NOBODY, gid: None }));
        assert!(snapshot.holders(0).iter().all(|holder| holder.pid == maker.pid()));
        assert_eq!(snapshot.process(maker.pid()).unwrap().uids, Some([NOBODY; 4]));
    });
}

#[test]
fn a_fifo_opened_for_both_is_read_and_written() {
    isolated(|| {
        let path = make_fifo(&scratch().join("both"));
        let file = open_both(&path);
        let child = Child::new(&[&file], || ());
        let fd = Some(file.as_raw_fd());
        drop(file);
        let snapshot = look(Kinds::FIFOS);
        assert_eq!(path_shown(&snapshot), Some(bytes(&path)));
        let object = &snapshot.objects[0];
        assert_eq!((object.mode, object.owner), (Some(0o622), Some(Ids { uid: 0, gid: Some(0) })));
        assert_eq!(ends(object), (1, 1));
        assert_eq!(snapshot.holders(0), [held(child.pid(), Role::Reader, fd), held(child.pid(), Role::Writer, fd)]);
        for address in [format!("fifo:{}", path.display()), path.display().to_string()] {
            assert_eq!(one(&snapshot, &address), 0);
        }
    });
}

#[test]
fn fifos_with_the_same_inode_on_two_file_systems_are_two() {
    isolated(|| {
        let [a, b] = ["a", "b"].map(|name| make_fifo(&mounts::tmpfs(&scratch().join(name)).join("fifo")));
        assert_eq!(fs::metadata(&a).unwrap().ino(), fs::metadata(&b).unwrap().ino(), "the case is not made");
        let children = [&a, &b].map(|path| Child::new(&[], || open_both(path)));
        for snapshot in [look(Kinds::FIFOS), look_in(&scratch())] {
            assert_eq!(snapshot.objects.len(), 2);
            for (path, child) in [&a, &b].into_iter().zip(&children) {
                let place = one(&snapshot, &format!("fifo:{}", path.display()));
                assert_eq!(ends(&snapshot.objects[place]), (1, 1));
                assert!(snapshot.holders(place).iter().all(|holder| holder.pid == child.pid()));
            }
        }
    });
}

#[test]
fn a_fifo_that_nobody_has_open_is_found_and_not_opened() {
    isolated(|| {
        let deep = scratch().join("x/y");
        fs::create_dir_all(&deep).unwrap();
        let path = make_fifo(&deep.join("waits"));
        fs::write(deep.join("file"), "").unwrap();
        std::os::unix::fs::symlink(&path, deep.join("link")).unwrap();
        // Each of them goes on as soon as anybody opens the other end.
        let writer = Child::sleeping_in(&[libc::SYS_openat], &[], || File::options().write(true).open(&path).unwrap());
        assert!(look(Kinds::FIFOS).objects.is_empty(), "nobody has it open");
        for _ in 0..3 {
            let snapshot = look_in(&scratch());
            assert_eq!(path_shown(&snapshot), Some(bytes(&path)));
            let waits = sleeps(writer.pid(), Role::WaitingOpen, &[writer.pid()]);
            assert_eq!((ends(&snapshot.objects[0]), snapshot.holders(0)), ((0, 0), &[waits][..]));
            assert_eq!(snapshot.visibility.opening, None, "it is known what it opens");
        }
        let ran = cli::ipcx(&["rm", path.to_str().unwrap()]);
        assert_eq!(ran.status, 4, "{}", ran.err);
        assert!(ran.err.contains("is waiting to open it") && path.exists(), "{}", ran.err);
        let named = Want { files: vec![bytes(&path).into()], ..Want::everything(Kinds::FIFOS) };
        assert_eq!(path_shown(&collect(&named).unwrap()), Some(bytes(&path)));
        assert!(writer.is_running());
        assert_eq!(writer.call(writer.pid()), Some(libc::SYS_openat));
        // It does go on when somebody comes: had it been opened before, this would not be needed.
        let reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        let status = writer.wait();
        assert!(matches!(status, nix::sys::wait::WaitStatus::Exited(_, 0)), "{status:?}");
        drop(reader);
    });
}

#[test]
fn a_fifo_is_found_by_who_sleeps_in_opening_it() {
    isolated(|| {
        let path = make_fifo(&scratch().join("waited-for"));
        let want = Want { openers: true, ..Want::everything(Kinds::FIFOS) };
        assert!(collect(&want).unwrap().objects.is_empty(), "nobody has to do with it");
        let absolute = Child::sleeping_in(&[libc::SYS_openat], &[], || File::open(&path).unwrap());
        // A path is taken from where the opener stands, and followed through its links.
        let relative = Child::sleeping_in(&[libc::SYS_openat], &[], || {
            std::env::set_current_dir(scratch()).unwrap();
            File::open("waited-for").unwrap()
        });
        for _ in 0..3 {
            // The second to come wakes the first for a moment.
            crate::support::eventually("both sleep", || {
                let snapshot = collect(&want).unwrap();
                !snapshot.objects.is_empty() && snapshot.holders(0).len() == 2
            });
            let snapshot = collect(&want).unwrap();
            assert_eq!(path_shown(&snapshot), Some(bytes(&path)));
            assert_eq!((ends(&snapshot.objects[0]), snapshot.objects[0].mode), ((0, 0), Some(0o622)));
            let waits = |child: &Child| sleeps(child.pid(), Role::WaitingOpen, &[child.pid()]);
            assert_eq!(snapshot.holders(0), [waits(&absolute), waits(&relative)]);
            assert!(absolute.is_running() && relative.is_running());
        }
        assert!(look(Kinds::FIFOS).objects.is_empty(), "not asked for");
        // Its path leads nowhere any more, and the task does not tell the inode.
        fs::rename(&path, scratch().join("elsewhere")).unwrap();
        let snapshot = collect(&want).unwrap();
        assert_eq!((snapshot.objects.len(), snapshot.visibility.opening.is_some()), (0, true));
    });
}

#[test]
fn a_fifo_found_both_ways_is_listed_once() {
    isolated(|| {
        let path = make_fifo(&scratch().join("once"));
        let file = open_both(&path);
        let snapshot = look_in(&scratch());
        assert_eq!(path_shown(&snapshot), Some(bytes(&path)));
        let fd = Some(file.as_raw_fd());
        assert_eq!(snapshot.holders(0), [held(1, Role::Reader, fd), held(1, Role::Writer, fd)]);
    });
}

#[test]
fn the_path_of_a_fifo_is_shown_only_if_it_leads_there() {
    isolated(|| {
        let path = make_fifo(&scratch().join("old"));
        let child = Child::new(&[], || open_both(&path));
        let stat = fs::metadata(&path).unwrap();
        let by_number = format!("fifo:[{}:{}]", Device::from_stat(stat.dev()), stat.ino());
        assert_eq!(path_shown(&look(Kinds::FIFOS)), Some(bytes(&path)));

        let renamed = scratch().join("new");
        fs::rename(&path, &renamed).unwrap();
        assert_eq!(path_shown(&look(Kinds::FIFOS)), Some(bytes(&renamed)));

        fs::remove_file(&renamed).unwrap();
        let snapshot = look(Kinds::FIFOS);
        assert_eq!(path_shown(&snapshot), None);
        assert_eq!(snapshot.address(0).to_string(), by_number);
        assert_eq!((one(&snapshot, &by_number), ends(&snapshot.objects[0])), (0, (1, 1)));

        // Another one of the old name is not it, whatever the link says.
        make_fifo(&renamed);
        let other = scratch().join(format!("{} (deleted)", renamed.file_name().unwrap().display()));
        make_fifo(&other);
        assert_eq!(path_shown(&look(Kinds::FIFOS)), None);
        drop(child);
    });
}

#[test]
fn a_fifo_of_another_mount_namespace_has_no_path_here() {
    isolated(|| {
        let place = scratch().join("theirs");
        fs::create_dir(&place).unwrap();
        let child = Child::new(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS).unwrap();
            let nothing: Option<&str> = None;
            nix::mount::mount(Some("ipcx-test"), &place, Some("tmpfs"), nix::mount::MsFlags::empty(), nothing).unwrap();
            open_both(&make_fifo(&place.join("fifo")))
        });
        make_fifo(&place.join("fifo"));
        let snapshot = look(Kinds::FIFOS);
        assert_eq!(path_shown(&snapshot), None);
        assert_eq!(ends(&snapshot.objects[0]), (1, 1));
        drop(child);
        assert_eq!(look_in(&scratch()).objects.len(), 1, "ours is still there");
    });
}

#[test]
fn a_directory_that_may_not_be_read_is_told() {
    isolated_with_users(|| {
        let closed = scratch().join("closed");
        fs::create_dir(&closed).unwrap();
        make_fifo(&closed.join("hidden"));
        make_fifo(&scratch().join("shown"));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        as_user(NOBODY, &[], || {
            let snapshot = look_in(&scratch());
            assert_eq!(path_shown(&snapshot), Some(bytes(&scratch().join("shown"))));
            let notes = &snapshot.visibility.notes;
            assert!(notes.iter().any(|note| note.contains("/closed")), "{notes:?}");
            assert!(!snapshot.visibility.complete());
        });
    });
}

#[test]
fn looking_leaves_a_pipe_as_it_is() {
    isolated(|| {
        let (reader, writer) = make_pipe();
        nix::unistd::write(&writer, b"abc").unwrap();
        drop(writer);
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        for _ in 0..3 {
            assert_eq!(ends(&look(Kinds::PIPES).objects[0]), (1, 0));
        }
        let mut text = [0; 8];
        assert_eq!(nix::unistd::read(&reader, &mut text), Ok(3));
        assert_eq!(&text[..3], b"abc");
        assert_eq!(nix::unistd::read(&reader, &mut text), Ok(0), "no writer came in between");
    });
}
