//! A queue that is removed while others send to it as fast as they can: what was sent is in the backup, and comes back.

use crate::support::shared::Counters;
use crate::support::undo::{entries, plan, store, undo};
use crate::support::{Child, eventually, isolated, sysv};
use ipcx::actions::Policy;
use ipcx::actions::backup::{Record, Store};
use ipcx::kernel::messages::{self, Room};
use ipcx::kernel::msgctl;
use ipcx::model::Message;
use std::sync::atomic::Ordering;

const SENDERS: usize = 3;
const ROUNDS: usize = 200;

/// Bytes of a message: so many that the queue does not come to hold more messages than can be copied quickly.
const LENGTH: usize = 500;

/// A message that tells its sender by its type and its number by its bytes.
fn message(sender: usize, number: u64) -> Message {
    let mut data = number.to_be_bytes().to_vec();
    data.resize(LENGTH, number as u8);
    Message { kind: sender as i64 + 1, data }
}

/// A child that sends until the queue is gone, and counts what was accepted.
fn sender(id: i32, me: usize, wait: bool, sent: &Counters) -> Child {
    Child::start(&[], |ready| {
        ready.tell();
        for number in 0u64.. {
            let message = message(me, number);
            loop {
                match messages::send(id, &message, wait) {
                    Ok(()) => break,
                    // Full, or frozen.
                    Err(error) if error.would_block() => {}
                    Err(_) => return,
                }
            }
            sent.at(me).fetch_add(1, Ordering::SeqCst);
        }
    })
}

/// The next expected of each sender, from 0 on without a gap.
#[derive(Default)]
struct Received([u64; SENDERS]);

impl Received {
    fn take(&mut self, taken: &Message) {
        let sender = usize::try_from(taken.kind).unwrap() - 1;
        assert_eq!(*taken, message(sender, self.0[sender]));
        self.0[sender] += 1;
    }
}

fn in_the_backup(store: &Store) -> Received {
    let mut received = Received::default();
    let each = &mut |record| {
        let Record::Message(message) = record else { panic!("{record:?}") };
        received.take(&message);
        true
    };
    store.contents(&store.entries().unwrap()[0], each).unwrap();
    received
}

/// One removal under fire, of a queue for so many messages, once these are in it; returns how many messages there were.
fn round(number: usize, messages: u64, first: u64, store: &Store) -> u64 {
    let sent = Counters::new();
    let id = sysv::queue(0x51, 0o600);
    let limit = messages * LENGTH as u64;
    sysv::set_queue(id, |ds| ds.msg_qbytes = limit);
    let senders: Vec<Child> = (0..SENDERS).map(|me| sender(id, me, number.is_multiple_of(2), &sent)).collect();
    let address = format!("queue:{id}");
    let removal = plan(&address);
    eventually("the first messages are there", || msgctl::stat(id).unwrap().messages >= first);
    // A sender that waits counts as a user.
    removal.run(Policy { force: true, ..Policy::default() }, Some(store)).unwrap();
    for sender in senders {
        let pid = sender.pid().cast_signed();
        let ended = nix::sys::wait::WaitStatus::Exited(nix::unistd::Pid::from_raw(pid), 0);
        assert_eq!(sender.wait(), ended);
    }
    let counted: Vec<u64> = (0..SENDERS).map(|me| sent.get(me)).collect();
    assert_eq!(in_the_backup(store).0[..], counted, "round {number}: what was sent is what was kept");

    let restored = undo();
    assert_eq!(restored.address, address);
    assert_eq!(msgctl::stat(id).unwrap().limit_bytes, limit);
    let (mut received, mut room) = (Received::default(), Room::default());
    while let Some(message) = messages::receive(id, 0, false, &mut room).unwrap() {
        received.take(&message);
    }
    assert_eq!(received.0[..], counted, "round {number}: a receiver gets every one");
    msgctl::remove(id).unwrap();
    counted.iter().sum()
}

#[test]
fn no_message_is_lost_in_200_removals_under_fire() {
    isolated(|| {
        // So that large limits need no privilege.
        std::fs::write("/proc/sys/kernel/msgmnb", "6000000").unwrap();
        let store = store();
        let messages = |number| match number % 8 {
            // So few that senders find it full at once.
            3 | 7 => 5,
            // So many that they do not fill it before it is frozen.
            0 => 10_000,
            _ => 800,
        };
        let total: u64 = (0..ROUNDS).map(|number| round(number, messages(number), 2, &store)).sum();
        assert!(total >= 2 * ROUNDS as u64);
        assert!(entries().is_empty());
    });
}

/// Of a queue that is so long that its messages are taken out and not copied.
#[test]
fn no_message_is_lost_in_removals_of_long_queues() {
    isolated(|| {
        std::fs::write("/proc/sys/kernel/msgmnb", "6000000").unwrap();
        let store = store();
        let total: u64 = (0..20).map(|number| round(number, 12_000, 4_500, &store)).sum();
        assert!(total >= 20 * 4_500);
        assert!(entries().is_empty());
    });
}
