//! An object that a row showed is the one that is acted on: never another that has its id, key, name or path by then,
//! whether it came between the row and the plan or between the plan and the act.

use crate::support::wait::{second, second_after, tick};
use crate::support::{Child, isolated, look, one, posix, scratch, sysv};
use ipcx::actions::{
    Care, Changes, Data, Mark, Message, Patience, PeekRequest, Policy, Receivers, Refusal, Roles, Target, plan_peek,
    plan_receive, plan_removals, plan_send, plan_setting, plan_signals,
};
use ipcx::kernel::{next_id, signals};
use ipcx::model::{Kind, Kinds};
use ipcx::snapshot::{Want, collect};
use nix::mqueue::{mq_close, mq_unlink};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;

/// What a row holds: the picture has long been replaced when the action is planned.
fn row(address: &str) -> Target {
    let mut want = Want::everything(Kinds::all());
    if let Some(path) = address.split_once(':').map(|(_, path)| path).filter(|path| path.starts_with('/')) {
        want.files.push(path.as_bytes().into());
    }
    let snapshot = collect(&want).unwrap();
    Target::object(&snapshot, one(&snapshot, address))
}

fn changed<T>(result: &Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::Changed { .. }))
}

fn mode(mode: u16) -> Changes {
    Changes { mode: Some(mode), ..Changes::default() }
}

fn send_text(plan: &ipcx::actions::Sending) -> Result<(), Refusal> {
    let data = &mut Data { length: Some(1), from: &mut &b"x"[..] };
    plan.run(Policy::default(), Mark::default(), Patience::None, data).map(drop)
}

/// Which actions there are for an object.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Messages,
    Nothing,
}

/// Every action on an object that another one has taken the place of is refused, and the other one stays as it is.
fn check(address: &str, takes: Takes, replace: &dyn Fn()) {
    let target = row(address);
    let everyone = Receivers::Holders { object: target.clone(), roles: Roles { real: true, ..Roles::default() } };
    let message = Message { signal: signals::known().parse("TERM").unwrap(), value: None };
    // Planned while the object is there.
    let removal = || plan_removals(std::slice::from_ref(&target)).unwrap().pop().unwrap().1;
    let (planned, look) = (removal().unwrap(), plan_peek(&target).unwrap());
    assert_eq!(planned.again(&target).map(|again| again.address), Ok(planned.address.clone()));
    let setting = plan_setting(&target, &mode(0o644)).unwrap().unwrap();
    let sending = (takes == Takes::Messages).then(|| plan_send(&target).unwrap());
    tick();
    replace();
    let name = target.name();
    assert!(changed(&planned.run(Policy::default(), None)), "{name}: between plan and removal");
    assert!(changed(&planned.again(&target)), "{name}: looked at again");
    assert!(changed(&setting.run(Policy::default())), "{name}: between plan and setting");
    // What a FIFO or socket holds is asked of a process that has it open, and nobody has.
    if !name.starts_with("fifo:") && !name.starts_with("unix:") {
        assert!(changed(&look.run(&PeekRequest::default(), Care::default())), "{name}: between plan and peek");
    }
    if let Some(sending) = sending {
        assert!(changed(&send_text(&sending)), "{name}: between plan and sending");
        assert!(changed(&plan_send(&target)), "{name}: between row and sending");
        assert!(changed(&plan_receive(&target)), "{name}: between row and receiving");
    }
    assert!(changed(&removal()), "{name}: between row and removal");
    assert!(changed(&plan_peek(&target)), "{name}: between row and peek");
    assert!(changed(&plan_setting(&target, &mode(0o644)).unwrap()), "{name}: between row and setting");
    let signalled = plan_signals(std::slice::from_ref(&everyone), &message).unwrap();
    assert_eq!(signalled.len(), 1);
    assert!(signalled.into_iter().all(|planned| changed(&planned.plan)), "{name}: between row and signal");
    // The other one is there, and can be acted on.
    let other = row(address);
    assert_ne!(other, target);
    assert!(plan_removals(&[other]).unwrap()[0].1.is_ok(), "{name}");
}

#[test]
fn a_key_that_another_object_has() {
    isolated(|| {
        let first = sysv::queue(0x11, 0o600);
        check("queue:0x11", Takes::Messages, &|| {
            sysv::remove_queue(first);
            assert_ne!(sysv::queue(0x11, 0o600), first);
        });
        let first = sysv::segment(0x22, 10, 0o600);
        check("shm:0x22", Takes::Nothing, &|| {
            sysv::control_segment(first, libc::IPC_RMID);
            sysv::segment(0x22, 10, 0o600);
        });
        assert_eq!(look(Kinds::SYSV).objects.len(), 2);
    });
}

#[test]
fn an_id_that_another_object_has() {
    isolated(|| {
        let id = sysv::queue(0x11, 0o600);
        check(&format!("queue:{id}"), Takes::Messages, &|| {
            sysv::remove_queue(id);
            next_id::request(Kind::Queue, id).unwrap();
            assert_eq!(sysv::queue(0x12, 0o600), id);
        });
        // The same key, too: when it was made tells, in seconds.
        let made = second();
        let id = sysv::semaphores(0x33, 2, 0o600);
        check(&format!("sem:{id}"), Takes::Nothing, &|| {
            ipcx::kernel::semctl::remove(id).unwrap();
            second_after(made, 1);
            next_id::request(Kind::Semaphore, id).unwrap();
            assert_eq!(sysv::semaphores(0x33, 2, 0o600), id);
        });
    });
}

#[test]
fn a_name_that_another_object_has() {
    isolated(|| {
        drop(posix::segment(c"/cache", 10, 0o600));
        check("shm:/cache", Takes::Nothing, &|| {
            posix::unlink_segment(c"/cache");
            drop(posix::segment(c"/cache", 10, 0o600));
        });
        drop(posix::semaphore(c"/lock", 0o600, 1));
        check("sem:/lock", Takes::Nothing, &|| {
            fs::remove_file("/dev/shm/sem.lock").unwrap();
            drop(posix::semaphore(c"/lock", 0o600, 1));
        });
        mq_close(posix::queue(c"/orders", 3, 8)).unwrap();
        check("queue:/orders", Takes::Messages, &|| {
            mq_unlink(c"/orders").unwrap();
            mq_close(posix::queue(c"/orders", 3, 8)).unwrap();
        });
    });
}

/// Where the tests were built, mostly a file system that gives the inode number of a file that is gone to the next.
fn on_disk() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn make_fifo(path: &Path) {
    mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap();
}

#[test]
fn a_path_that_another_file_has() {
    isolated(|| {
        let on_disk = on_disk();
        for path in [scratch().join("x"), on_disk.path().join("x")] {
            make_fifo(&path);
            check(&format!("fifo:{}", path.display()), Takes::Messages, &|| {
                fs::remove_file(&path).unwrap();
                make_fifo(&path);
            });
            fs::remove_file(&path).unwrap();
        }
        for path in [scratch().join("s"), on_disk.path().join("s")] {
            // A file that nobody is bound to any more.
            drop(UnixDatagram::bind(&path).unwrap());
            check(&format!("unix:{}", path.display()), Takes::Nothing, &|| {
                fs::remove_file(&path).unwrap();
                drop(UnixDatagram::bind(&path).unwrap());
            });
            fs::remove_file(&path).unwrap();
        }
    });
}

#[test]
fn a_socket_whose_path_another_one_has() {
    isolated(|| {
        let path = scratch().join("s");
        let address = format!("unix:{}", path.display());
        let first = UnixListener::bind(&path).unwrap();
        let target = row(&address);
        let plan = || plan_removals(std::slice::from_ref(&target)).unwrap().pop().unwrap().1;
        let planned = plan().unwrap();
        fs::remove_file(&path).unwrap();
        let second = UnixListener::bind(&path).unwrap();
        // The one of the row is still there; its name now leads to the other.
        assert!(matches!(plan(), Err(Refusal::Unremovable { .. })));
        assert!(matches!(plan_send(&target), Err(Refusal::Failed { .. })));
        let force = Policy { force: true, ..Policy::default() };
        assert!(changed(&planned.run(force, None)));
        drop(first);
        let again = plan();
        assert!(changed(&again), "{again:?}");
        assert!(path.exists());
        let other = plan_removals(&[row(&address)]).unwrap().pop().unwrap().1.unwrap();
        other.run(force, None).unwrap();
        assert!(!path.exists());
        drop(second);
    });
}

#[test]
fn what_a_row_shows_is_found_again() {
    isolated(|| {
        let path = scratch().join("a b");
        make_fifo(&path);
        let sock = scratch().join("s");
        drop(UnixDatagram::bind(&sock).unwrap());
        sysv::queue(1, 0o600);
        drop(posix::segment(c"/cache", 10, 0o600));
        let addresses =
            ["queue:0x1", "shm:/cache", &format!("fifo:{}", path.display()), &format!("unix:{}", sock.display())];
        let targets: Vec<Target> = addresses.iter().map(|address| row(address)).collect();
        for (_, plan) in plan_removals(&targets).unwrap() {
            plan.unwrap().run(Policy::default(), None).unwrap();
        }
        assert!(!path.exists() && !sock.exists() && look(Kinds::SYSV | Kinds::POSIX).objects.is_empty());
    });
}

#[test]
fn of_a_file_with_two_names_the_one_that_was_shown_goes() {
    isolated(|| {
        drop(posix::segment(c"/a", 10, 0o600));
        fs::hard_link("/dev/shm/a", "/dev/shm/b").unwrap();
        fs::hard_link("/dev/shm/a", "/dev/shm/c").unwrap();
        for (address, left) in [("shm:/b", ["a", "c"].as_slice()), ("shm:/a", &["c"]), ("shm:/c", &[])] {
            let target = row(address);
            let (_, plan) = plan_removals(std::slice::from_ref(&target)).unwrap().pop().unwrap();
            plan.unwrap().run(Policy::default(), None).unwrap();
            let names =
                fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            assert_eq!(names, left, "{address} was removed");
        }
    });
}

#[test]
fn a_pipe_and_its_holders() {
    isolated(|| {
        let (reader, writer) = std::io::pipe().unwrap();
        let child = Child::new(&[&reader], || ());
        drop(reader);
        let inode = nix::sys::stat::fstat(&writer).unwrap().st_ino;
        let target = row(&format!("pipe:[{inode}]"));
        let holders = Receivers::Holders { object: target.clone(), roles: Roles { real: true, ..Roles::default() } };
        let message = Message { signal: signals::known().parse("TERM").unwrap(), value: None };
        let planned = plan_signals(std::slice::from_ref(&holders), &message).unwrap();
        let pids: Vec<Option<u32>> = planned.iter().map(|planned| planned.pid).collect();
        assert!(pids.contains(&Some(child.pid())), "{pids:?}");
        assert!(plan_peek(&target).is_ok());
        child.end();
        drop(writer);
        assert!(changed(&plan_peek(&target)));
        assert!(changed(&plan_signals(&[holders], &message).unwrap().pop().unwrap().plan));
    });
}
