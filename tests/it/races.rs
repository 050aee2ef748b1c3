//! Processes that come and go while a picture is taken cost no other row.

use crate::support::users::NOBODY;
use crate::support::{Child, as_user, held, isolated, isolated_with_users, look, one, sysv};
use ipcx::model::{Holder, Kinds, Role};
use ipcx::snapshot::Snapshot;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::pipe;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Processes that come and go, and how many of them at a time.
const PROCESSES: usize = 2_000;
const AT_A_TIME: usize = 8;

/// Starts processes that make a pipe, a socket pair and an attachment and end at once.
fn churn(segment: i32) {
    let mut running = 0;
    for _ in 0..PROCESSES {
        if running == AT_A_TIME {
            assert!(matches!(wait().unwrap(), WaitStatus::Exited(_, 0)));
            running -= 1;
        }
        Child::start(&[], |ready| {
            let _made = (pipe().unwrap(), UnixStream::pair().unwrap(), sysv::attach(segment));
            ready.tell();
        })
        .leave();
        running += 1;
    }
    for _ in 0..running {
        assert!(matches!(wait().unwrap(), WaitStatus::Exited(_, 0)));
    }
}

#[test]
fn no_row_is_lost_while_processes_come_and_go() {
    isolated(|| {
        let segment = sysv::segment(1, 4096, 0o600);
        let queue = sysv::queue(2, 0o600);
        let (reader, writer) = pipe().unwrap();
        let (left, right) = UnixStream::pair().unwrap();
        let stat = |fd: &dyn std::os::fd::AsFd| nix::sys::stat::fstat(fd.as_fd()).unwrap().st_ino;
        let names = [
            "shm:0x1".to_owned(),
            "queue:0x2".to_owned(),
            format!("pipe:[{}]", stat(&reader)),
            format!("socket:[{}]", stat(&left)),
            format!("socket:[{}]", stat(&right)),
        ];
        let (r, w, l, g) = (reader.as_raw_fd(), writer.as_raw_fd(), left.as_raw_fd(), right.as_raw_fd());
        let fixed: Vec<Child> = (0..10)
            .map(|_| {
                Child::new(&[&reader, &writer, &left, &right], || {
                    std::thread::spawn(move || sysv::receive(queue, 0));
                    sysv::attach(segment)
                })
            })
            .collect();
        drop((reader, writer, left, right));
        for child in &fixed {
            crate::support::eventually("its thread sleeps", || {
                child.threads().iter().any(|thread| child.call(*thread) == Some(libc::SYS_msgrcv))
            });
        }
        let expected: [Vec<Holder>; 5] = [
            fixed.iter().map(|c| held(c.pid(), Role::Attached, None)).collect(),
            Vec::new(),
            fixed
                .iter()
                .flat_map(|c| [held(c.pid(), Role::Reader, Some(r)), held(c.pid(), Role::Writer, Some(w))])
                .collect(),
            fixed.iter().map(|c| held(c.pid(), Role::Connected, Some(l))).collect(),
            fixed.iter().map(|c| held(c.pid(), Role::Connected, Some(g))).collect(),
        ];
        let pids: Vec<u32> = fixed.iter().map(Child::pid).collect();
        let is_fixed = |holder: &&Holder| pids.contains(&holder.pid);
        let check = |snapshot: &Snapshot| {
            for (name, expected) in names.iter().zip(&expected).filter(|(_, expected)| !expected.is_empty()) {
                let holders = snapshot.holders(one(snapshot, name));
                // Recorded pids are those of whoever attached last.
                let mine = holders.iter().filter(is_fixed).filter(|holder| !holder.role.is_record());
                assert_eq!(&mine.cloned().collect::<Vec<_>>(), expected, "{name}");
            }
            let sleepers = snapshot.holders(one(snapshot, "queue:0x2"));
            assert_eq!(sleepers.len(), fixed.len(), "{sleepers:?}");
            assert!(sleepers.iter().all(|h| is_fixed(&h) && h.role == Role::WaitingReceive));
            assert!(!snapshot.visibility.hidden.iter().any(|hidden| pids.contains(&hidden.pid)));
        };

        let churner = Child::start(&[], |ready| {
            ready.tell();
            churn(segment);
        });
        let (mut pictures, mut with_strangers) = (0, 0);
        while churner.is_running() {
            let snapshot = look(Kinds::all());
            check(&snapshot);
            pictures += 1;
            with_strangers += usize::from(snapshot.objects.len() > names.len() || snapshot.processes().count() > 12);
        }
        let pid = nix::unistd::Pid::from_raw(churner.pid().cast_signed());
        assert_eq!(churner.wait(), WaitStatus::Exited(pid, 0), "all of them came and went");
        assert!(pictures >= 10 && with_strangers >= 5, "{pictures} pictures, {with_strangers} with strangers in them");
    });
}

/// Holds a pipe until a byte comes, hands it to a child and closes it, as a shell does with a pipeline; the child says that it
/// has it, and goes on.
fn relay(steps: &UnixStream, ends: [&OwnedFd; 2]) {
    let mut steps = steps;
    if steps.read(&mut [0]).unwrap() == 1 {
        let child = Child::start(&[steps, ends[0], ends[1]], |ready| {
            ready.tell();
            steps.write_all(b"x").unwrap();
            relay(steps, ends);
        });
        for end in ends {
            nix::unistd::close(end.as_raw_fd()).unwrap();
        }
        child.leave();
    }
    loop {
        nix::unistd::pause();
    }
}

/// At every moment one process has both ends. The one that has them now may be younger than the list of processes.
#[test]
fn a_pipe_that_is_handed_on_lacks_no_end() {
    isolated(|| {
        let (reader, writer) = pipe().unwrap();
        let (mut step, steps) = UnixStream::pair().unwrap();
        let name = format!("pipe:[{}]", nix::sys::stat::fstat(&reader).unwrap().st_ino);
        let _first = Child::start(&[&steps, &reader, &writer], |ready| {
            ready.tell();
            relay(&steps, [&reader, &writer]);
        });
        drop((reader, writer, steps));
        for _ in 0..300 {
            step.write_all(b"x").unwrap();
            let snapshot = look(Kinds::PIPES);
            let (readers, writers) = look::ends(&snapshot.objects[one(&snapshot, &name)]);
            assert!(readers > 0 && writers > 0, "{readers} readers, {writers} writers");
            step.read_exact(&mut [0]).unwrap();
        }
    });
}

#[test]
fn a_process_that_opens_and_closes_loses_nothing_of_others() {
    isolated(|| {
        let (reader, _writer) = pipe().unwrap();
        let inode = nix::sys::stat::fstat(&reader).unwrap().st_ino;
        let busy = Child::start(&[], |ready| {
            ready.tell();
            loop {
                drop((pipe().unwrap(), UnixStream::pair().unwrap()));
            }
        });
        for _ in 0..50 {
            let snapshot = look(Kinds::PIPES | Kinds::UNIX);
            let place = one(&snapshot, &format!("pipe:[{inode}]"));
            assert_eq!(snapshot.holders(place).len(), 2);
            // What it had for a moment may be there or not; but a row with nobody at all would be an invention.
            for place in 0..snapshot.objects.len() {
                let is_pipe = matches!(snapshot.objects[place].body, ipcx::model::Body::Pipe(_));
                assert!(!is_pipe || !snapshot.holders(place).is_empty());
            }
        }
        drop(busy);
    });
}

#[test]
fn ones_own_process_that_is_ending_hides_nothing() {
    isolated_with_users(|| {
        as_user(NOBODY, &[], || {
            let segment = sysv::segment(1, 4096, 0o600);
            let queue = sysv::queue(2, 0o600);
            let _sleeper = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(queue, 0));
            let churner = Child::start(&[], |ready| {
                ready.tell();
                churn(segment);
            });
            while churner.is_running() {
                let hidden = look(Kinds::all()).visibility.hidden;
                let pids: Vec<u32> = hidden.iter().map(|hidden| hidden.pid).collect();
                assert_eq!(pids, [1], "only root's one process may not be looked into: {hidden:?}");
            }
        });
    });
}
