//! Columns that every kind can have: what it is, whose, who has it, since when, how it stands.

use super::{Column, Needs};
use crate::model::{Body, Identity, Object, Role, Times};
use crate::query::{Cell, Row};

pub(super) const ADDRESS: Column = Column {
    searched: true,
    ..Column::text("address", "by what it can be named in every command", |row| {
        Cell::text(row.snapshot.address(row.place).to_string())
    })
    .weight(100)
    .word()
};

pub(super) const KIND: Column =
    Column::text("kind", "what it is: queue, shm, memfd, semaphore, pipe, fifo or socket", |row| {
        Cell::text(row.object().kind().name())
    })
    .word()
    .weight(60);

pub(super) const FAMILY: Column =
    Column::text("family", "what it belongs to: sysv, posix, unix or inet; pipes, FIFOs and memfds have none", |row| {
        row.object().family().map_or(Cell::Absent, |family| Cell::text(family.name()))
    })
    .word()
    .weight(40);

pub(super) const NAME: Column = Column::text(
    "name",
    "POSIX name, a memfd's, or the one a unix socket is bound to, with @ in front if abstract",
    |row| match &row.object().body {
        Body::Socket(socket) => {
            let unix = socket.unix.as_ref();
            match (Cell::name(unix.and_then(|unix| unix.name.as_deref())), unix) {
                (Cell::Text(name), Some(unix)) if unix.abstract_name => Cell::text(format!("@{name}")),
                (cell, _) => cell,
            }
        }
        _ => Cell::name(row.object().name.as_deref()),
    },
)
.weight(70)
.cut();

pub(super) const PATH: Column =
    Column::text("path", "file behind it", |row| Cell::name(row.object().path.as_deref())).weight(45).cut();

pub(super) const DEVICE: Column =
    Column::text("device", "device of its file, major:minor", |row| match row.object().identity {
        Identity::File { device, .. } => Cell::text(device.to_string()),
        _ => Cell::Absent,
    })
    .word()
    .weight(10);

pub(super) const INODE: Column = Column::number("inode", "inode of its file, or of a socket", |row| {
    Cell::number(match row.object().identity {
        Identity::File { inode, .. } => Some(inode),
        Identity::Socket { inode, .. } if inode != 0 => Some(inode),
        _ => None,
    })
})
.weight(15);

pub(super) const NAMESPACE: Column =
    Column::number("namespace", "inode of the IPC namespace that a System V object is in", |row| {
        match row.object().identity {
            Identity::SysV { namespace, .. } if namespace != 0 => Cell::Number(i128::from(namespace)),
            _ => Cell::Absent,
        }
    })
    .weight(10);

pub(super) const OWNER: Column =
    Column::text("owner", "user who owns it; as a field also by number", |row| user(row, row.object().owner))
        .alias(&["user"])
        .word()
        .weight(85)
        .needs(Needs::USERS);

pub(super) const UID: Column =
    Column::number("uid", "number of that user", |row| Cell::number(row.object().owner.map(|ids| ids.uid))).weight(20);

pub(super) const GROUP: Column = Column::text("group", "group that owns it", |row| {
    let Some(gid) = row.object().owner.and_then(|ids| ids.gid) else { return Cell::Absent };
    match row.group_name(gid) {
        Some(name) => Cell::name(Some(name.as_bytes())),
        None => Cell::text(gid.to_string()),
    }
})
.word()
.weight(20)
.needs(Needs::GROUPS);

pub(super) const GID: Column =
    Column::number("gid", "number of that group", |row| Cell::number(row.object().owner.and_then(|ids| ids.gid)))
        .weight(15);

pub(super) const CREATOR: Column =
    Column::text("creator", "user who made it, where the kernel records that (System V)", |row| {
        user(row, row.object().creator)
    })
    .word()
    .weight(25)
    .needs(Needs::USERS);

pub(super) const MODE: Column =
    Column::text("mode", "permission bits, octal", |row| row.object().mode.map_or(Cell::Absent, Cell::Mode))
        .alias(&["perms"])
        .word()
        .weight(55);

pub(super) const USE: Column = Column {
    ..Column::text(
        "use",
        "in short what it holds: messages and bytes, size and attaches, value, open ends, type",
        in_short,
    )
    .weight(80)
    .cut()
    .needs(Needs::CONTENTS)
};

pub(super) const PROCESSES: Column = Column::text(
    "processes",
    "processes that have it open, mapped or attached, or wait on it, as command(pid)",
    |row| {
        let names: Vec<String> = row.live_pids().map(|pid| row.process_name(pid)).collect();
        if names.is_empty() { Cell::Absent } else { Cell::text(names.join(" ")) }
    },
)
.alias(&["holders"])
.weight(75)
.needs(Needs::HOLDERS.union(Needs::COMMS));

pub(super) const COMM: Column = Column {
    searched: false,
    ..Column::text("comm", "command names of all living processes that it has to do with, recorded ones too", |row| {
        let mut names: Vec<String> = row
            .holders()
            .iter()
            .filter(|holder| holder.alive)
            .filter_map(|holder| row.process(holder.pid))
            .map(|process| crate::model::escape(&process.comm).into_owned())
            .collect();
        names.dedup();
        if names.is_empty() { Cell::Absent } else { Cell::text(names.join(" ")) }
    })
    .weight(30)
    .cut()
    .needs(Needs::HOLDERS.union(Needs::RECORDS).union(Needs::COMMS))
};

pub(super) const PID: Column = Column {
    field: crate::query::filter::FieldType::Pid,
    searched: false,
    ..Column::text("pid", "pids of all processes that it has to do with, recorded and gone ones too", |row| {
        let mut pids: Vec<u32> = row.holders().iter().map(|holder| holder.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
        if pids.is_empty() { Cell::Absent } else { Cell::text(pids.join(" ")) }
    })
    .weight(30)
    .needs(Needs::HOLDERS.union(Needs::RECORDS))
};

pub(super) const CHANGED: Column = Column::time(
    "changed",
    "when it was made or its attributes last changed; of a file, when it was last modified",
    |row| Cell::time(times(row.object()).changed),
)
.weight(35);
pub(super) const SENT: Column =
    Column::time("sent", "last msgsnd(2)", |row| Cell::time(times(row.object()).sent)).weight(30);
pub(super) const RECEIVED: Column =
    Column::time("received", "last msgrcv(2)", |row| Cell::time(times(row.object()).received)).weight(30);
pub(super) const ATTACHED: Column =
    Column::time("attached", "last shmat(2)", |row| Cell::time(times(row.object()).attached)).weight(30);
pub(super) const DETACHED: Column =
    Column::time("detached", "last shmdt(2)", |row| Cell::time(times(row.object()).detached)).weight(30);
pub(super) const OPERATED: Column =
    Column::time("operated", "last semop(2)", |row| Cell::time(times(row.object()).operated)).weight(30);

pub(super) const AGE: Column = Column::time("age", "how long ago the latest of these was", |row| {
    let latest = times(row.object()).latest();
    latest.map_or(Cell::Absent, |time| Cell::Age(row.snapshot.taken_at.seconds_since(time)))
})
.weight(50);

pub(super) const STATE: Column =
    Column::text("state", "verdict: in-use, idle, leaked, suspect or unknown", |row| Cell::text(row.state().name()))
        .alias(&["verdict"])
        .word()
        .weight(95)
        .needs(Needs::VERDICT.union(Needs::RECORDS));

pub(super) const WHY: Column = Column {
    searched: false,
    ..Column::text("why", "the reasons for its state, as sentences", |row| Cell::text(row.verdict().reasons.join("; ")))
        .alias(&["reasons"])
        .weight(20)
        .cut()
        .needs(Needs::VERDICT.union(Needs::RECORDS).union(Needs::COMMS).union(Needs::USERS))
};

/// The times of an object, whatever its kind.
pub(crate) fn times(object: &Object) -> Times {
    match &object.body {
        Body::Queue(queue) => queue.times,
        Body::Shm(shm) => shm.times,
        Body::Memfd(memfd) => memfd.times,
        Body::Semaphore(set) => set.times,
        Body::Pipe(ends) | Body::Fifo(ends) => Times { changed: ends.changed, ..Times::default() },
        Body::Socket(socket) => {
            Times { changed: socket.unix.as_ref().and_then(|unix| unix.file_made), ..Times::default() }
        }
    }
}

/// A user by name, by number where there is no name.
fn user<'r>(row: &'r Row<'_>, ids: Option<crate::model::Ids>) -> Cell<'r> {
    let Some(ids) = ids else { return Cell::Absent };
    match row.user_name(ids.uid) {
        Some(name) => Cell::name(Some(name.as_bytes())),
        None => Cell::text(ids.uid.to_string()),
    }
}

/// A recorded process: `orders(812)`, or `812 gone`.
pub(super) fn recorded<'r>(row: &'r Row<'_>, role: Role) -> Cell<'r> {
    let found = row.holders().iter().find(|holder| holder.role == role);
    found.map_or(Cell::Absent, |holder| {
        Cell::text(if holder.alive { row.process_name(holder.pid) } else { format!("{} gone", holder.pid) })
    })
}

/// One phrase for a table of all kinds.
fn in_short<'r>(row: &'r Row<'_>) -> Cell<'r> {
    let size = |bytes: u64| {
        let mut text = String::new();
        Cell::Size(bytes).print(&mut text, crate::query::Style::default());
        text
    };
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    Cell::text(match &row.object().body {
        Body::Queue(queue) => match (queue.messages, queue.bytes) {
            (Some(n), Some(bytes)) if n > 0 => format!("{n} message{}, {}", plural(n), size(bytes)),
            (Some(n), _) => format!("{n} message{}", plural(n)),
            _ => return Cell::Absent,
        },
        Body::Shm(_) | Body::Memfd(_) => {
            let bytes = row.object().memory_size().map(size);
            let attaches = if let Body::Shm(shm) = &row.object().body { shm.attaches } else { None };
            let attaches = attaches.map(|n| format!("{n} attach{}", if n == 1 { "" } else { "es" }));
            // Nothing else in the row says what it was called.
            let name =
                row.object().name.as_deref().filter(|_| row.object().is_unnamed_memory()).map(crate::model::escape);
            let name = name.map(|name| format!("{}{name}", if row.object().is_unlinked() { "deleted " } else { "" }));
            [bytes, attaches, name].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Body::Semaphore(set) => match set.values.as_deref() {
            Some([one]) => format!("value {}", one.value),
            _ => format!("{} semaphore{}", set.count, plural(set.count)),
        },
        Body::Pipe(ends) | Body::Fifo(ends) => format!("{}r {}w", ends.readers, ends.writers),
        Body::Socket(socket) => {
            let kind = socket
                .inet
                .as_ref()
                .map(|inet| inet.protocol.name())
                .or(socket.kind.map(crate::model::SocketType::name));
            let state = socket.state.map_or("file", |state| state.name());
            [kind.unwrap_or_default(), state].join(" ").trim_start().to_owned()
        }
    })
}
