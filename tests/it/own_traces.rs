//! What a picture shows of ipcx itself: nothing that it made only to look.

use crate::support::cli::{ipcx, json, object};
use crate::support::look::queue;
use crate::support::{isolated, look, opened, posix};
use ipcx::model::{Access, Kinds};
use std::os::fd::AsRawFd;

/// Descriptors of this process.
fn descriptors() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut numbers: Vec<u32> = entries.map(|e| e.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn looking_leaves_no_descriptor_open() {
    isolated(|| {
        let _queues = [posix::queue(c"/a", 1, 1), posix::queue(c"/b", 1, 1)];
        let _semaphore = posix::semaphore(c"/s", 0o600, 1);
        let before = descriptors();
        for kinds in [Kinds::all().difference(Kinds::POSIX_QUEUES), Kinds::POSIX_QUEUES] {
            look(kinds);
            assert_eq!(descriptors(), before, "after looking at {kinds:?}");
        }
    });
}

#[test]
fn ipcx_is_no_holder_of_the_queue_it_reads() {
    isolated(|| {
        let made = posix::queue(c"/one", 1, 1);
        let snapshot = look(Kinds::POSIX_QUEUES);
        assert_eq!(queue(&snapshot.objects[0]).limit_messages, Some(1));
        assert_eq!(snapshot.holders(0), [opened(1, Access::Both, Some(made.as_raw_fd()))]);
    });
}

#[test]
fn the_sockets_that_ipcx_asks_through_are_not_counted_as_unlisted() {
    isolated(|| {
        for _ in 0..100 {
            let snapshot = look(Kinds::UNIX | Kinds::INET);
            assert_eq!(snapshot.visibility.notes.iter().filter(|note| note.contains("sockets")).count(), 0);
        }
    });
}

#[test]
fn a_queue_that_only_ipcx_reads_is_not_in_use() {
    isolated(|| {
        nix::mqueue::mq_close(posix::queue(c"/orders", 1, 1)).unwrap();
        let document = json(&["ls", "-q", "--json"]);
        let shown = object(&document, "queue:/orders");
        assert_eq!(shown["holders"], serde_json::json!([]));
        assert_ne!(shown["verdict"]["state"], "in-use");
        let ran = ipcx(&["rm", "-q", "/orders"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
    });
}
