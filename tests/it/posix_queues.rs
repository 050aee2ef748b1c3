//! POSIX queues, which live in the IPC namespace whether or not a mount shows them.

use crate::support::look::queue;
use crate::support::wait::{is_between, second};
use crate::support::{Child, held, isolated, look, one, opened, posix};
use ipcx::model::{Access, Family, Holder, Ids, Kinds, Notify, Object, Role};
use nix::mqueue::{mq_receive, mq_send};
use std::os::fd::AsRawFd;

fn names(objects: &[Object]) -> Vec<&[u8]> {
    let mut names: Vec<&[u8]> = objects.iter().map(|object| object.name.as_deref().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn queues_are_those_of_the_namespace_though_none_is_mounted() {
    isolated(|| {
        let start = second();
        let orders = posix::queue(c"/orders", 7, 100);
        mq_send(&orders, b"hello", 1).unwrap();
        mq_send(&orders, &[b'x'; 100], 2).unwrap();
        posix::notify_by_signal(&orders, 10);
        let quiet = posix::queue(c"/qui\net", 2, 8);
        let theirs = Child::new(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWIPC).unwrap();
            posix::queue(c"/theirs", 1, 1)
        });

        let snapshot = look(Kinds::QUEUES);
        assert_eq!(names(&snapshot.objects), [b"/orders", &b"/qui\net"[..]]);
        let place = one(&snapshot, "queue:/orders");
        let object = &snapshot.objects[place];
        assert_eq!(object.family(), Some(Family::Posix));
        assert_eq!((object.owner, object.mode), (Some(Ids { uid: 0, gid: Some(0) }), Some(0o640)));
        let shown = queue(object);
        assert_eq!((shown.key, shown.messages, shown.bytes), (None, Some(2), Some(105)));
        assert_eq!((shown.limit_messages, shown.max_message_bytes, shown.limit_bytes), (Some(7), Some(100), None));
        assert_eq!(shown.notify, Some(Notify { pid: 1, signal: 10, method: 0 }));
        assert!(is_between(shown.times.changed, start), "{shown:?}");
        assert!(snapshot.holders(place).contains(&opened(1, Access::Both, Some(orders.as_raw_fd()))));
        let place = one(&snapshot, "queue:/qui\\net");
        let shown = queue(&snapshot.objects[place]);
        assert_eq!((shown.messages, shown.bytes, shown.notify), (Some(0), Some(0), None));
        assert!(snapshot.holders(place).contains(&opened(1, Access::Both, Some(quiet.as_raw_fd()))));
        drop(theirs);
    });
}

#[test]
fn looking_takes_no_message_and_no_notification() {
    isolated(|| {
        // Whoever closes a queue gives up its own registration, so it has to be another process's.
        let registered = Child::new(&[], || {
            let one = posix::queue(c"/one", 3, 8);
            posix::notify_by_signal(&one, 10);
            one
        });
        for _ in 0..3 {
            let notify = queue(&look(Kinds::POSIX_QUEUES).objects[0]).notify;
            assert_eq!(notify.map(|notify| notify.pid), Some(registered.pid()));
        }
        let full = posix::queue(c"/full", 1, 8);
        mq_send(&full, b"abc", 5).unwrap();
        look(Kinds::POSIX_QUEUES);
        let (mut text, mut priority) = ([0; 8], 0);
        assert_eq!(mq_receive(&full, &mut text, &mut priority), Ok(3));
        assert_eq!((&text[..3], priority), (&b"abc"[..], 5));
    });
}

#[test]
fn who_sleeps_on_a_queue() {
    isolated(|| {
        let empty = posix::queue(c"/empty", 1, 8);
        let full = posix::queue(c"/full", 1, 8);
        mq_send(&full, b"x", 0).unwrap();
        let (e, f) = (posix::queue_fd(&empty), posix::queue_fd(&full));
        let receiver =
            Child::sleeping_in(&[libc::SYS_mq_timedreceive], &[&e], || mq_receive(&empty, &mut [0; 8], &mut 0));
        let sender = Child::sleeping_in(&[libc::SYS_mq_timedsend], &[&f], || mq_send(&full, b"y", 0));
        let snapshot = look(Kinds::POSIX_QUEUES);
        for (address, child, role, fd) in [
            ("queue:/empty", &receiver, Role::WaitingReceive, empty.as_raw_fd()),
            ("queue:/full", &sender, Role::WaitingSend, full.as_raw_fd()),
        ] {
            let (pid, fd) = (child.pid(), Some(fd));
            let holders = snapshot.holders(one(&snapshot, address)).iter().filter(|holder| holder.pid == pid);
            let asleep = Holder { threads: Some([pid].into()), ..held(pid, role, fd) };
            assert_eq!(holders.cloned().collect::<Vec<_>>(), [opened(pid, Access::Both, fd), asleep]);
        }
    });
}
