//! The table of processes that hold IPC objects: what each holds and what it sleeps on, and the columns of that.

use super::Cell;
use super::filter::FieldType;
use super::sheet::{Column, Sheet};
use crate::diagnose::{Holding, holdings};
use crate::model::{Body, Process, Role, escape};
use crate::snapshot::Snapshot;

/// A process that holds objects or sleeps on one. All text in it is escaped.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessRow {
    /// Process id.
    pub pid: u32,
    /// Start, in clock ticks since boot: what tells it from another with its pid.
    pub start_ticks: u64,
    /// Real user id, if it could be read.
    pub uid: Option<u32>,
    /// Its user's name, or the number where there is no name.
    pub user: Option<String>,
    /// Command name.
    pub comm: String,
    /// Arguments; empty where there are none.
    pub cmdline: String,
    /// While it sleeps on an object `waiting`, for work, or `blocked`; otherwise its scheduler state as a word.
    pub state: &'static str,
    /// How many objects it holds.
    pub held: Held,
    /// What it sleeps on: how, and the object's address.
    pub waits: Option<(Role, String)>,
    /// Seconds since it started.
    pub age: f64,
}

/// How many objects of each kind a process has: each counts once, by however many descriptors it is held. Who is recorded
/// as the last user of a queue or set counts as having it: users of those leave nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Message queues.
    pub queues: u32,
    /// Segments and memfds, attached, mapped or open.
    pub segments: u32,
    /// Bytes of these segments: what they are made for, whether it was ever touched or not.
    pub segment_bytes: u64,
    /// Semaphores and sets.
    pub semaphores: u32,
    /// Pipes and FIFOs.
    pub pipes: u32,
    /// Sockets.
    pub sockets: u32,
}

impl Held {
    fn of(snapshot: &Snapshot, holding: &Holding) -> Self {
        let mut held = Self::default();
        let mut last = None;
        for (place, role) in &holding.objects {
            let object = &snapshot.objects[*place];
            let body = &object.body;
            // The kernel knows who has a segment attached: its record of the last one to do so says nothing more.
            if role.is_record() && matches!(body, Body::Shm(_)) || last == Some(*place) {
                continue;
            }
            last = Some(*place);
            match body {
                Body::Queue(_) => held.queues += 1,
                Body::Shm(_) | Body::Memfd(_) => {
                    held.segments += 1;
                    held.segment_bytes = held.segment_bytes.saturating_add(object.memory_size().unwrap_or(0));
                }
                Body::Semaphore(_) => held.semaphores += 1,
                Body::Pipe(_) | Body::Fifo(_) => held.pipes += 1,
                Body::Socket(_) => held.sockets += 1,
            }
        }
        held
    }
}

/// Words for a process's state.
const STATES: &[&str] = &[
    "blocked",
    "waiting",
    "running",
    "sleeping",
    "uninterruptible",
    "stopped",
    "traced",
    "zombie",
    "dead",
    "idle",
    "unknown",
];

/// A scheduler state letter as a word (`man 5 proc_pid_stat`).
pub const fn word(letter: char) -> &'static str {
    match letter {
        'R' => "running",
        'S' => "sleeping",
        'D' => "uninterruptible",
        'T' => "stopped",
        't' => "traced",
        'Z' => "zombie",
        'X' | 'x' => "dead",
        'I' => "idle",
        _ => "unknown",
    }
}

impl ProcessRow {
    /// Every living process that has to do with an object, by pid, in a picture that was taken with everything.
    pub fn all(snapshot: &Snapshot) -> Vec<Self> {
        let row = |holding: Holding| {
            let held = Held::of(snapshot, &holding);
            let process = snapshot.process(holding.pid).filter(|_| held != Held::default())?;
            let waits = holding.waits.map(|(place, role)| (role, snapshot.address(place).to_string()));
            Some(Self::new(snapshot, process, held, waits))
        };
        holdings(snapshot).into_iter().filter_map(row).collect()
    }

    fn new(snapshot: &Snapshot, process: &Process, held: Held, waits: Option<(Role, String)>) -> Self {
        let uid = process.uids.map(|uids| uids[0]);
        let name = |uid: u32| match snapshot.user_name(uid) {
            Some(name) => escape(name.as_bytes()).into_owned(),
            None => uid.to_string(),
        };
        let cmdline: Vec<_> = process.cmdline.iter().flatten().map(|argument| escape(argument)).collect();
        Self {
            pid: process.pid,
            start_ticks: process.start_ticks,
            uid,
            user: uid.map(name),
            comm: escape(&process.comm).into_owned(),
            cmdline: cmdline.join(" "),
            state: match &waits {
                Some((role, _)) if role.waits_for_work() => "waiting",
                Some(_) => "blocked",
                None => word(process.state),
            },
            held,
            waits,
            age: snapshot.taken_at.seconds_since(snapshot.started_at(process)),
        }
    }

    /// What it holds in a word: `2q 1m 14p 30x`, the letters being those of the command line's options.
    pub fn in_short(&self) -> String {
        let held = &self.held;
        let counts =
            [(held.queues, 'q'), (held.segments, 'm'), (held.semaphores, 's'), (held.pipes, 'p'), (held.sockets, 'x')];
        let parts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, letter)| format!("{count}{letter}"));
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// A count, and nothing where there is none: a table of zeros cannot be read.
fn count<'r>(number: u32) -> Cell<'r> {
    if number == 0 { Cell::Absent } else { Cell::Number(i128::from(number)) }
}

/// The columns, in the order of the table.
pub static PROCESSES: Sheet<ProcessRow> = Sheet(&[
    Column {
        field: FieldType::Pid,
        right: true,
        ..Column::text("pid", "process id", 100, |row: &ProcessRow| Cell::Number(i128::from(row.pid)))
    },
    Column {
        aliases: &["owner"],
        field: FieldType::Text,
        also: |row| row.uid.iter().map(u32::to_string).collect(),
        ..Column::text("user", "whose it is", 85, |row: &ProcessRow| match &row.user {
            Some(user) => Cell::text(user.as_str()),
            None => Cell::Absent,
        })
    },
    Column {
        aliases: &["comm"],
        ..Column::text("command", "command name", 95, |row: &ProcessRow| Cell::text(row.comm.as_str()))
    },
    Column {
        field: FieldType::Text,
        choices: STATES,
        ..Column::text("state", "waiting for work, blocked, or its state for the scheduler", 80, |row: &ProcessRow| {
            Cell::text(row.state)
        })
    },
    Column::number("queues", "queues it has open, sleeps on, or used last", 70, |row| count(row.held.queues)),
    Column {
        aliases: &["segments"],
        ..Column::number("shm", "segments it has attached, mapped or open", 70, |row| count(row.held.segments))
    },
    Column {
        field: FieldType::Size,
        ..Column::number("memory", "bytes of these segments", 60, |row: &ProcessRow| {
            Cell::size(Some(row.held.segment_bytes).filter(|bytes| *bytes > 0))
        })
    },
    Column {
        aliases: &["semaphores"],
        ..Column::number("sems", "semaphores and sets it has open, sleeps on, or used last", 65, |row| {
            count(row.held.semaphores)
        })
    },
    Column::number("pipes", "pipes and FIFOs it has open", 70, |row| count(row.held.pipes)),
    Column::number("sockets", "sockets it has open", 70, |row| count(row.held.sockets)),
    Column {
        // An address alone means those that sleep on it.
        aliases: &["blocked", "on", "address"],
        also: |row| row.waits.iter().map(|(_, address)| address.clone()).collect(),
        ..Column::text("waits", "how and on what it sleeps", 90, |row: &ProcessRow| match &row.waits {
            Some((role, address)) => Cell::text(format!("{} {address}", role.name())),
            None => Cell::Absent,
        })
    },
    Column {
        field: FieldType::Age,
        right: true,
        ..Column::text("age", "how long ago it started", 50, |row: &ProcessRow| Cell::Age(row.age))
    },
    Column {
        cut: true,
        ..Column::text("cmdline", "its arguments", 40, |row: &ProcessRow| match row.cmdline.as_str() {
            "" => Cell::Absent,
            text => Cell::text(text),
        })
    },
]);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::SocketState;
    use crate::query::filter::Filter;
    use crate::snapshot::testing::{self, Scene};

    fn rows() -> Vec<ProcessRow> {
        let mut scene = Scene { users: vec![(0, "root"), (33, "web\x1b")], ..Scene::default() };
        scene.process(8, "server", 33);
        scene.process(9, "bad\ncomm", 0);
        scene.process(10, "idle", 0);
        let queue = scene.add(testing::queue(5, 0x4d2, 1, 10));
        let pipe = scene.add(testing::pipe(77, 1, 1));
        let shm = scene.add(testing::segment(3, 1, 4096, 1));
        let socket = scene.add(testing::unix(41, None, SocketState::Connected, None));
        scene.hold(queue, 9, Role::WaitingReceive);
        scene.hold(pipe, 8, Role::Reader);
        scene.hold(pipe, 8, Role::Writer);
        scene.hold(shm, 8, Role::Attached);
        scene.hold(socket, 8, Role::Connected);
        scene.hold(socket, 9, Role::Connected);
        scene.hold(queue, 9, Role::LastSender);
        scene.hold(shm, 10, Role::Creator);
        scene.gone(queue, 11, Role::LastSender);
        ProcessRow::all(&scene.picture())
    }

    fn found(filter: &str) -> Vec<u32> {
        let filter = Filter::parse_text(filter, &PROCESSES).unwrap();
        rows().iter().filter(|row| PROCESSES.passes(&filter, row)).map(|row| row.pid).collect()
    }

    #[test]
    fn each_object_counts_once_and_a_record_is_no_attach() {
        let rows = rows();
        assert_eq!(rows.iter().map(|row| row.pid).collect::<Vec<_>>(), [8, 9]);
        assert_eq!((&*rows[0].in_short(), rows[0].held.segment_bytes), ("1m 1p 1x", 4096));
        assert_eq!((rows[1].in_short(), rows[1].state), ("1q 1x".to_owned(), "waiting"));
        assert_eq!(rows[1].waits, Some((Role::WaitingReceive, "queue:5".to_owned())));
        assert_eq!((&*rows[1].comm, rows[0].user.as_deref()), ("bad\\ncomm", Some("web\\x1b")));
    }

    #[test]
    fn filters() {
        for (filter, pids) in [
            ("", &[8, 9][..]),
            ("state:waiting", &[9]),
            ("state:blocked", &[]),
            ("blocked:queue:5", &[9]),
            ("state:sleeping", &[8]),
            ("queue:5", &[9]),
            ("pid:8", &[8]),
            ("user:0", &[9]),
            ("user:root", &[9]),
            ("comm:serv", &[8]),
            ("command:serv,bad", &[8, 9]),
            ("sockets>=1", &[8, 9]),
            ("queues>0", &[9]),
            ("memory>=4K", &[8]),
            ("age>30m", &[8, 9]),
            ("!server", &[9]),
            ("waiting-receive", &[9]),
        ] {
            assert_eq!(found(filter), pids, "{filter}");
        }
    }

    #[test]
    fn faults_name_the_fields_of_this_table() {
        let error = |text: &str| Filter::parse_text(text, &PROCESSES).unwrap_err().to_string();
        assert!(error("key:0x1").contains("pid, user, owner, command"), "{}", error("key:0x1"));
        assert!(error("state:leaked").contains("blocked"), "{}", error("state:leaked"));
    }

    #[test]
    fn rows_are_sorted_with_what_is_absent_last() {
        let rows = rows();
        let mut order: Vec<&ProcessRow> = rows.iter().collect();
        for (column, descending, pids) in [("pid", true, [9, 8]), ("queues", true, [9, 8]), ("QUEUES", false, [9, 8])] {
            PROCESSES.sort(&mut order, column, descending);
            assert_eq!(order.iter().map(|row| row.pid).collect::<Vec<_>>(), pids, "{column}");
        }
        PROCESSES.sort(&mut order, "command", true);
        assert_eq!(order[0].pid, 8);
    }
}
