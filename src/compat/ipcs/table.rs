//! The tables of `ipcs`: what there is, times, pids, owners.

use super::page::{Page, Unit};
use crate::compat::lists;
use crate::kernel::sysvipc::Perm;

/// Which columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    Usual,
    Times,
    Pids,
    Owners,
}

/// Names of users are cut here, but not in the table of owners.
const NAME: usize = 10;

/// Message queues.
pub(super) fn queues(page: &mut Page, columns: Columns) {
    let size = if page.unit() == Unit::Human { "size" } else { "used-bytes" };
    match columns {
        Columns::Usual => {
            let columns = [("key", 10), ("msqid", 10), ("owner", 10), ("perms", 10), (size, 12), ("messages", 12)];
            page.heading("Message Queues", &columns);
            lists::queues(&mut |line| {
                begin_usual(page, &line.perm);
                page.size(line.bytes, 12);
                page.cell(line.messages, 12);
                page.end();
            });
        }
        Columns::Times => {
            let columns = [("msqid", 8), ("owner", 10), ("send", 20), ("recv", 20), ("change", 20)];
            page.heading("Message Queues Send/Recv/Change Times", &columns);
            lists::queues(&mut |line| {
                begin(page, &line.perm, 8);
                for time in [line.sent, line.received, line.changed] {
                    page.short_time(time);
                }
                page.end();
            });
        }
        Columns::Pids => {
            page.heading("Message Queues PIDs", &[("msqid", 10), ("owner", 10), ("lspid", 10), ("lrpid", 10)]);
            lists::queues(&mut |line| {
                // Narrower than the heading: so it is in util-linux.
                begin(page, &line.perm, 8);
                page.cell("", 0);
                page.right(line.last_sender, 5);
                page.cell("", 3);
                page.right(line.last_receiver, 5);
                page.end();
            });
        }
        Columns::Owners => {
            owners_heading(page, "Message Queues Creators/Owners", "msqid");
            lists::queues(&mut |line| owners(page, &line.perm));
        }
    }
}

/// Shared memory segments.
pub(super) fn segments(page: &mut Page, columns: Columns) {
    let size = if page.unit() == Unit::Human { "size" } else { "bytes" };
    match columns {
        Columns::Usual => {
            let columns =
                [("key", 10), ("shmid", 10), ("owner", 10), ("perms", 10), (size, 10), ("nattch", 10), ("status", 12)];
            page.heading("Shared Memory Segments", &columns);
            lists::segments(&mut |line| {
                begin_usual(page, &line.perm);
                page.size(line.size, 10);
                page.cell(line.attaches, 10);
                page.cell(if line.marked_for_removal() { "dest" } else { "" }, 6);
                page.cell(if line.locked() { "locked" } else { "" }, 6);
                page.end();
            });
        }
        Columns::Times => {
            let columns = [("shmid", 10), ("owner", 10), ("attached", 20), ("detached", 20), ("changed", 20)];
            page.heading("Shared Memory Attach/Detach/Change Times", &columns);
            lists::segments(&mut |line| {
                begin(page, &line.perm, 10);
                for time in [line.attached, line.detached, line.changed] {
                    page.short_time(time);
                }
                page.end();
            });
        }
        Columns::Pids => {
            let columns = [("shmid", 10), ("owner", 10), ("cpid", 10), ("lpid", 10)];
            page.heading("Shared Memory Creator/Last-op PIDs", &columns);
            lists::segments(&mut |line| {
                begin(page, &line.perm, 10);
                page.cell(line.creator_pid, 10);
                page.cell(line.last_pid, 10);
                page.end();
            });
        }
        Columns::Owners => {
            owners_heading(page, "Shared Memory Segment Creators/Owners", "shmid");
            lists::segments(&mut |line| owners(page, &line.perm));
        }
    }
}

/// Semaphore sets. The kernel records the last pid of each semaphore and none of the set: that table is empty, and has no
/// heading.
pub(super) fn sets(page: &mut Page, columns: Columns) {
    match columns {
        Columns::Usual => {
            let columns = [("key", 10), ("semid", 10), ("owner", 10), ("perms", 10), ("nsems", 10)];
            page.heading("Semaphore Arrays", &columns);
            lists::sets(&mut |line| {
                begin_usual(page, &line.perm);
                page.cell(line.count, 10);
                page.end();
            });
        }
        Columns::Times => {
            let columns = [("semid", 8), ("owner", 10), ("last-op", 26), ("last-changed", 26)];
            page.heading("Semaphore Operation/Change Times", &columns);
            lists::sets(&mut |line| {
                begin(page, &line.perm, 8);
                // One more than in the heading: so it is in util-linux.
                page.cell("", 0);
                page.long_time(line.operated);
                page.long_time(line.changed);
                page.end();
            });
        }
        Columns::Pids => {}
        Columns::Owners => {
            owners_heading(page, "Semaphore Arrays Creators/Owners", "semid");
            lists::sets(&mut |line| owners(page, &line.perm));
        }
    }
}

/// The columns that begin every usual table.
fn begin_usual(page: &mut Page, perm: &Perm) {
    page.cell(perm.key, 10);
    begin(page, perm, 10);
    page.cell(format_args!("{:o}", perm.mode & 0o777), 10);
}

/// Id and owner.
fn begin(page: &mut Page, perm: &Perm, width: usize) {
    page.cell(perm.id, width);
    page.user(perm.owner.uid, 10, NAME);
}

fn owners_heading(page: &mut Page, title: &str, id: &str) {
    page.heading(title, &[(id, 10), ("perms", 10), ("cuid", 10), ("cgid", 10), ("uid", 10), ("gid", 10)]);
}

fn owners(page: &mut Page, perm: &Perm) {
    page.cell(perm.id, 10);
    page.cell(format_args!("{:o}", perm.mode & 0o777), 10);
    for ids in [perm.creator, perm.owner] {
        page.user(ids.uid, 10, usize::MAX);
        // Each line of the tables has one.
        page.group(ids.gid.unwrap_or_default(), 10);
    }
    page.end();
}
