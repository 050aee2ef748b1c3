//! System V queues, segments and semaphore sets: every field is what was made.

use crate::support::look::{dead, queue, semaphores, shm, sleeps};
use crate::support::users::{NOBODY, child_of};
use crate::support::wait::{is_between, second, second_after};
use crate::support::{Child, as_user, held, isolated, isolated_with_users, look, one, sysv};
use ipcx::kernel::namespace;
use ipcx::model::{Family, Identity, Ids, Key, Kind, Kinds, Role, Semaphore};

/// An owner whom no account file knows.
const STRANGER: Ids = Ids { uid: 4_000_000_000, gid: Some(4_000_000_001) };
const ROOT: Ids = Ids { uid: 0, gid: Some(0) };

#[test]
fn a_queue_is_shown_as_it_was_made() {
    isolated_with_users(|| {
        let start = second();
        let id = sysv::queue(0xdead_beef_u32.cast_signed(), 0o640);
        sysv::send(id, 7, b"first");
        sysv::send(id, 1, &[b'x'; 20]);
        sysv::set_queue(id, |ds| {
            (ds.msg_perm.uid, ds.msg_perm.gid) = (STRANGER.uid, STRANGER.gid.unwrap());
            (ds.msg_perm.mode, ds.msg_qbytes) = (0o604, 8000);
        });

        let snapshot = look(Kinds::SYSV);
        assert_eq!(snapshot.objects.len(), 1);
        let object = &snapshot.objects[0];
        let namespace = namespace::own("ipc").unwrap();
        assert_eq!(object.identity, Identity::SysV { namespace, kind: Kind::Queue, id });
        assert_eq!(object.family(), Some(Family::Sysv));
        assert_eq!((object.owner, object.creator, object.mode), (Some(STRANGER), Some(ROOT), Some(0o604)));
        assert_eq!((&object.name, &object.path), (&None, &None));
        let shown = queue(object);
        assert_eq!(shown.key, Some(Key(-559_038_737)));
        assert_eq!((shown.messages, shown.bytes, shown.limit_bytes), (Some(2), Some(25), Some(8000)));
        assert_eq!((shown.max_message_bytes, shown.limit_messages, shown.notify), (Some(8192), None, None));
        assert!(is_between(shown.times.changed, start) && is_between(shown.times.sent, start), "{shown:?}");
        assert_eq!(shown.times.received, None);
        assert_eq!(snapshot.holders(0), [held(1, Role::LastSender, None)]);

        assert_eq!(snapshot.address(0).to_string(), format!("queue:{id}"));
        assert_eq!(one(&snapshot, &format!("queue:{id}")), 0);
        assert_eq!(one(&snapshot, "queue:0xdeadbeef"), 0);
    });
}

#[test]
fn a_received_message_is_gone_and_its_receiver_recorded() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        sysv::send(id, 1, b"one");
        sysv::send(id, 1, b"second");
        let start = second();
        let receiver = Child::new(&[], || sysv::receive(id, 0));
        let snapshot = look(Kinds::SYSV_QUEUES);
        let shown = queue(&snapshot.objects[0]);
        assert_eq!((shown.messages, shown.bytes), (Some(1), Some(6)));
        assert!(is_between(shown.times.received, start), "{shown:?}");
        let expected = [held(1, Role::LastSender, None), held(receiver.pid(), Role::LastReceiver, None)];
        assert_eq!(snapshot.holders(0), expected);
    });
}

#[test]
fn every_key_is_shown_with_its_bits() {
    isolated(|| {
        let keys = [0, 0, 1, 0x1234, i32::MAX, i32::MIN, -1];
        let made: Vec<(i32, Key)> = keys.iter().map(|key| (sysv::semaphores(*key, 1, 0o600), Key(*key))).collect();
        let snapshot = look(Kinds::SYSV_SEMS);
        let mut shown: Vec<(i32, Key)> = snapshot
            .objects
            .iter()
            .map(|object| match object.identity {
                Identity::SysV { id, .. } => (id, semaphores(object).key.unwrap()),
                other => panic!("{other:?}"),
            })
            .collect();
        shown.sort_by_key(|(id, _)| made.iter().position(|(made, _)| made == id));
        assert_eq!(shown, made);
        for (text, key) in [("sem:0xffffffff", -1), ("sem:0x80000000", i32::MIN), ("sem:0x7fffffff", i32::MAX)] {
            assert_eq!(semaphores(&snapshot.objects[one(&snapshot, text)]).key, Some(Key(key)));
        }
    });
}

#[test]
fn a_segment_beyond_4_gib_with_several_attaches() {
    isolated_with_users(|| {
        const SIZE: usize = (5 << 30) + 1;
        let start = second();
        // The first id of a namespace is 0, which is also how maps shows memory that has no file.
        let id = sysv::segment(-2, SIZE, 0o606 | libc::SHM_NORESERVE);
        assert_eq!(id, 0, "not the first segment of its namespace");
        sysv::set_segment(id, |ds| (ds.shm_perm.uid, ds.shm_perm.gid) = (STRANGER.uid, STRANGER.gid.unwrap()));
        let twice = Child::new(&[], || {
            let attachments = [sysv::attach(id), sysv::attach(id)];
            attachments[0].touch(0);
            attachments[1].touch(SIZE - 1);
            attachments
        });
        let once = Child::new(&[], || sysv::attach(id));

        let snapshot = look(Kinds::SYSV_SHMS);
        assert_eq!(snapshot.objects.len(), 1);
        let object = &snapshot.objects[0];
        assert_eq!((object.owner, object.creator, object.mode), (Some(STRANGER), Some(ROOT), Some(0o606)));
        let shown = shm(object);
        assert_eq!((shown.key, shown.size), (Some(Key(-2)), Some(SIZE as u64)));
        assert_eq!((shown.resident, shown.swapped, shown.allocated), (Some(2 * 4096), Some(0), None));
        assert_eq!(shown.attaches, Some(3), "attaches, not processes");
        assert_eq!((shown.locked, shown.marked_for_removal), (false, false));
        assert!(is_between(shown.times.changed, start) && is_between(shown.times.attached, start), "{shown:?}");
        assert_eq!(shown.times.detached, None);
        let mut expected = vec![
            held(1, Role::Creator, None),
            held(twice.pid(), Role::Attached, None),
            held(once.pid(), Role::LastOperator, None),
            held(once.pid(), Role::Attached, None),
        ];
        expected.sort();
        assert_eq!(snapshot.holders(0), expected);

        let last = twice.pid();
        twice.end();
        let snapshot = look(Kinds::SYSV_SHMS);
        let shown = shm(&snapshot.objects[0]);
        assert_eq!((shown.attaches, shown.times.detached.is_some()), (Some(1), true));
        let expected =
            [held(1, Role::Creator, None), dead(last, Role::LastOperator), held(once.pid(), Role::Attached, None)];
        assert_eq!(snapshot.holders(0), expected);
    });
}

#[test]
fn locked_and_marked_for_removal_while_attached() {
    isolated(|| {
        let [plain, locked, marked] = [1, 2, 3].map(|key| sysv::segment(key, 4096, 0o600));
        sysv::control_segment(locked, libc::SHM_LOCK);
        let user = Child::new(&[], || sysv::attach(marked));
        sysv::control_segment(marked, libc::IPC_RMID);

        let snapshot = look(Kinds::SYSV_SHMS);
        let flags = |id| {
            let place = one(&snapshot, &format!("shm:{id}"));
            let shown = shm(&snapshot.objects[place]);
            (shown.locked, shown.marked_for_removal, snapshot.objects[place].mode, shown.key.unwrap())
        };
        assert_eq!(flags(plain), (false, false, Some(0o600), Key(1)));
        assert_eq!(flags(locked), (true, false, Some(0o600), Key(2)));
        assert_eq!(flags(marked), (false, true, Some(0o600), Key::PRIVATE), "its key is free for others");
        // Its mapping still bears the old key.
        let holders = snapshot.holders(one(&snapshot, &format!("shm:{marked}")));
        assert!(holders.contains(&held(user.pid(), Role::Attached, None)), "{holders:?}");

        user.end();
        assert_eq!(look(Kinds::SYSV_SHMS).objects.len(), 2, "removed with its last attach");
    });
}

#[test]
fn semaphores_with_values_waiters_and_last_users() {
    isolated_with_users(|| {
        let start = second();
        let id = sysv::semaphores(0x51, 4, 0o660);
        sysv::set_values(id, &[0, 5, 32767, 9]);
        sysv::set_semaphores(id, |ds| (ds.sem_perm.uid, ds.sem_perm.gid) = (STRANGER.uid, STRANGER.gid.unwrap()));
        let last = Child::new(&[], || sysv::operate(id, 3, -2));
        let sleeper = |semaphore, by| Child::sleeping_in(&sysv::OPERATE, &[], || sysv::operate(id, semaphore, by));
        let [grow, grow_too, zero] = [sleeper(0, -1), sleeper(0, -7), sleeper(1, 0)];

        let snapshot = look(Kinds::SYSV);
        assert_eq!(snapshot.objects.len(), 1);
        let object = &snapshot.objects[0];
        assert_eq!((object.owner, object.creator, object.mode), (Some(STRANGER), Some(ROOT), Some(0o660)));
        let shown = semaphores(object);
        assert_eq!((shown.key, shown.count), (Some(Key(0x51)), 4));
        let semaphore = |value, increase, zero, pid| Semaphore {
            value,
            waiting_increase: increase,
            waiting_zero: Some(zero),
            last_pid: Some(pid),
        };
        let expected =
            [semaphore(0, 2, 0, 1), semaphore(5, 0, 1, 1), semaphore(32767, 0, 0, 1), semaphore(7, 0, 0, last.pid())];
        assert_eq!(shown.values.as_deref(), Some(&expected[..]));
        assert!(is_between(shown.times.changed, start) && is_between(shown.times.operated, start), "{shown:?}");
        let mut expected = vec![held(1, Role::LastOperator, None), held(last.pid(), Role::LastOperator, None)];
        expected.extend([&grow, &grow_too, &zero].map(|c| sleeps(c.pid(), Role::WaitingSemaphore, &[c.pid()])));
        assert_eq!(snapshot.holders(0), expected);
    });
}

#[test]
fn what_may_not_be_read_is_listed_all_the_same() {
    isolated_with_users(|| {
        let queue_id = sysv::queue(1, 0);
        sysv::send(queue_id, 1, b"secret");
        let set = sysv::semaphores(2, 2, 0);
        sysv::set_values(set, &[3, 4]);
        let segment = sysv::segment(3, 100, 0);
        as_user(NOBODY, &[], || {
            let snapshot = look(Kinds::SYSV);
            assert_eq!(snapshot.objects.len(), 3);
            let object = |address: String| &snapshot.objects[one(&snapshot, &address)];
            let shown = object(format!("queue:{queue_id}"));
            assert_eq!((shown.mode, shown.owner), (Some(0), Some(ROOT)));
            assert_eq!((queue(shown).messages, queue(shown).bytes), (Some(1), Some(6)));
            let shown = semaphores(object(format!("sem:{set}")));
            assert_eq!((shown.count, &shown.values), (2, &None));
            assert_eq!(shm(object(format!("shm:{segment}"))).size, Some(100));
        });
        let snapshot = look(Kinds::SYSV_SEMS);
        let values = semaphores(&snapshot.objects[0]).values.as_ref().unwrap();
        assert_eq!(values.iter().map(|s| s.value).collect::<Vec<_>>(), [3, 4], "root reads it");
    });
}

#[test]
fn creator_and_owner_are_told_apart() {
    isolated_with_users(|| {
        let maker = child_of(NOBODY, &[], || sysv::queue(5, 0o600));
        let id = 0;
        sysv::set_queue(id, |ds| (ds.msg_perm.uid, ds.msg_perm.gid) = (0, 7));
        let snapshot = look(Kinds::SYSV_QUEUES);
        let object = &snapshot.objects[one(&snapshot, "queue:0x5")];
        assert_eq!(object.creator, Some(Ids { uid: NOBODY, gid: Some(NOBODY) }));
        assert_eq!(object.owner, Some(Ids { uid: 0, gid: Some(7) }));
        drop(maker);
    });
}

#[test]
fn a_change_is_dated_by_its_own_second() {
    isolated(|| {
        let id = sysv::queue(1, 0o600);
        let made = queue(&look(Kinds::SYSV_QUEUES).objects[0]).times.changed.unwrap();
        second_after(made.secs, 2);
        sysv::set_queue(id, |ds| ds.msg_perm.mode = 0o644);
        let snapshot = look(Kinds::SYSV_QUEUES);
        let changed = queue(&snapshot.objects[0]).times.changed.unwrap();
        assert!((made.secs + 2..=second()).contains(&changed.secs), "{changed:?} after {made:?}");
        assert_eq!(queue(&snapshot.objects[0]).times.sent, None);
    });
}

#[test]
fn objects_of_another_namespace_are_not_listed() {
    isolated(|| {
        let ours = sysv::queue(1, 0o600);
        let theirs = Child::new(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWIPC).unwrap();
            [sysv::queue(2, 0o600), sysv::segment(3, 1, 0o600), sysv::semaphores(4, 1, 0o600)]
        });
        let snapshot = look(Kinds::SYSV);
        assert_eq!(snapshot.objects.len(), 1, "{:#?}", snapshot.objects);
        assert_eq!(one(&snapshot, &format!("queue:{ours}")), 0);
        drop(theirs);
    });
}
