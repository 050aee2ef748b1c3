//! What could not be seen is told; what is one's own is seen in full.

use crate::support::look::{queue, semaphores};
use crate::support::users::{NOBODY, child_of};
use crate::support::{Child, as_user, held, isolated, isolated_with_users, look, one, sysv};
use ipcx::model::{Kinds, Role};
use ipcx::snapshot::{Want, collect};
use nix::unistd::pipe;
use std::os::fd::AsRawFd;

#[test]
fn in_a_pid_namespace_of_its_own_everything_is_seen() {
    isolated(|| {
        let _child = Child::new(&[], || sysv::queue(1, 0o600));
        let snapshot = look(Kinds::all());
        let seen = &snapshot.visibility;
        assert!(seen.complete(), "{seen:?}");
        assert!(seen.hidden.is_empty() && seen.nested_pid_namespace && !seen.initial_ipc_namespace, "{seen:?}");
        assert_eq!(seen.processes, 2);
    });
}

#[test]
fn an_ordinary_user_is_told_how_many_are_hidden() {
    isolated_with_users(|| {
        let (reader, writer) = pipe().unwrap();
        let hidden = [(); 2].map(|()| Child::new(&[&reader, &writer], || ()));
        let own = child_of(NOBODY, &[&writer], || ());
        let _queue = sysv::queue(1, 0o666);
        as_user(NOBODY, &[], || {
            let snapshot = look(Kinds::all());
            let seen = &snapshot.visibility;
            let pids: Vec<u32> = seen.hidden.iter().map(|hidden| hidden.pid).collect();
            assert_eq!(pids, [1, hidden[0].pid(), hidden[1].pid()]);
            assert!(seen.hidden.iter().all(|h| h.descriptors && h.waits), "{seen:?}");
            assert_eq!(seen.processes, 5);
            assert!(!seen.complete() && seen.descriptors_hidden() && seen.waits_hidden());
            let told = seen.notes.iter().any(|n| n.starts_with("3 of 5 processes") && n.contains("CAP_SYS_PTRACE"));
            assert!(told, "{:?}", seen.notes);
            let pipes = snapshot.objects.iter().filter(|object| object.kind() == ipcx::model::Kind::Pipe);
            assert_eq!(pipes.count(), 1, "the pipe is known by the one end that may be seen");
        });
        drop((own, reader));
    });
}

#[test]
fn an_ordinary_user_sees_what_is_theirs_in_full() {
    isolated_with_users(|| {
        let _root = Child::new(&[], || ());
        as_user(NOBODY, &[], || {
            let id = sysv::queue(7, 0o600);
            sysv::set_queue(id, |ds| ds.msg_qbytes = 4000);
            sysv::send(id, 1, b"mine");
            let set = sysv::semaphores(8, 1, 0o600);
            sysv::set_values(set, &[6]);
            let (reader, writer) = pipe().unwrap();
            let pid = std::process::id();
            let segment = sysv::segment(9, 4096, 0o600);
            let _attached = sysv::attach(segment);

            let snapshot = look(Kinds::SYSV | Kinds::PIPES);
            let place = one(&snapshot, "queue:0x7");
            let shown = queue(&snapshot.objects[place]);
            assert_eq!((shown.messages, shown.bytes, shown.limit_bytes), (Some(1), Some(4), Some(4000)));
            assert_eq!(snapshot.holders(place), [held(pid, Role::LastSender, None)]);
            let set = semaphores(&snapshot.objects[one(&snapshot, "sem:0x8")]);
            assert_eq!(set.values.as_ref().unwrap()[0].value, 6);
            let attached = held(pid, Role::Attached, None);
            assert!(snapshot.holders(one(&snapshot, "shm:0x9")).contains(&attached));
            let inode = nix::sys::stat::fstat(&reader).unwrap().st_ino;
            let ends =
                [held(pid, Role::Reader, Some(reader.as_raw_fd())), held(pid, Role::Writer, Some(writer.as_raw_fd()))];
            assert_eq!(snapshot.holders(one(&snapshot, &format!("pipe:[{inode}]"))), ends);
            let process = snapshot.process(pid).unwrap();
            assert_eq!(process.uids, Some([NOBODY; 4]));
        });
    });
}

#[test]
fn queues_of_no_mount_are_missed_and_told() {
    isolated_with_users(|| {
        let _queue = crate::support::posix::queue(c"/unseen", 1, 1);
        as_user(NOBODY, &[], || {
            let snapshot = look(Kinds::POSIX_QUEUES);
            assert!(snapshot.objects.is_empty());
            assert!(snapshot.visibility.missing_source && !snapshot.visibility.complete());
            let notes = &snapshot.visibility.notes;
            assert!(notes.iter().any(|n| n.contains("POSIX queues") && n.contains("CAP_SYS_ADMIN")), "{notes:?}");
        });
    });
}

#[test]
fn what_is_not_wanted_is_not_looked_at() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let _sleeper = Child::sleeping_in(&[libc::SYS_msgrcv], &[], || sysv::receive(id, 0));
        let snapshot = collect(&Want::tables(Kinds::SYSV_QUEUES)).unwrap();
        assert_eq!((snapshot.objects.len(), snapshot.visibility.processes), (1, 0));
        assert_eq!((snapshot.holders(0), snapshot.processes().count()), (&[][..], 0));
        assert_eq!(queue(&snapshot.objects[0]).limit_bytes, None);
    });
}

/// The one test that runs in the machine's own namespaces, so that an ordinary user runs it too: it makes a pipe.
#[test]
fn this_very_process_is_seen_by_whoever_runs_it() {
    let (reader, writer) = pipe().unwrap();
    let inode = nix::sys::stat::fstat(&reader).unwrap().st_ino;
    let snapshot = look(Kinds::PIPES);
    let holders = snapshot.holders(one(&snapshot, &format!("pipe:[{inode}]")));
    // Other tests fork this process meanwhile, and their children have all it has until they become another program.
    let pid = std::process::id();
    let own: Vec<_> = holders.iter().filter(|holder| holder.pid == pid).cloned().collect();
    let expected =
        [held(pid, Role::Reader, Some(reader.as_raw_fd())), held(pid, Role::Writer, Some(writer.as_raw_fd()))];
    assert_eq!(own, expected);
    assert!(snapshot.visibility.processes > 0);
}
