//! The objects there are, as the value of an option or as addresses, each with its owner and what it holds.
//!
//! Only the tables of the kinds asked for are read. Pipes, which only the processes that have them know, are left out; memory
//! without a name, likewise theirs, is looked for where its kind was begun. FIFOs are offered as files.

use super::names::{one, processes};
use crate::actions;
use crate::kernel::file::{self, FileType};
use crate::model::{Address, Body, Key, Kinds, Object, Which, escape};
use crate::query::{Row, columns};
use crate::snapshot::{Snapshot, Want, collect};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// More objects than this are not listed before a kind was chosen.
const MOST: usize = 100;

/// What stands before the colon of an address, and in words.
const KINDS: [(&str, Kinds, &str); 3] = [
    ("queue:", Kinds::QUEUES, "message queues"),
    ("shm:", Kinds::SHMS, "shared memory segments"),
    ("sem:", Kinds::SEMS, "semaphores and semaphore sets"),
];

/// Kinds whose objects are not listed before theirs was chosen.
const OTHERS: [(&str, &str); 4] = [
    ("memfd:", "memory of memfd_create, by its inode"),
    ("fifo:", "a FIFO, by its path"),
    ("unix:", "a unix socket, by its name"),
    ("pid:", "a process"),
];

/// The picture of some tables.
fn look(kinds: Kinds) -> Option<Snapshot> {
    collect(&Want { contents: true, users: true, ..Want::tables(kinds) }).ok()
}

/// Values of `-q`, `-m`, `-s`: keys, ids of what has no key, POSIX names; all ids if a number was begun.
pub(super) fn values(kinds: Kinds, typed: &str) -> Vec<CompletionCandidate> {
    let Some(snapshot) = look(narrowed(kinds, typed)) else { return Vec::new() };
    let number = typed.starts_with(|c: char| c.is_ascii_digit()) && !typed.starts_with("0x");
    let mut found = Vec::new();
    for row in Row::all(&snapshot) {
        let (key, id) = (row.key().filter(|key| *key != Key::PRIVATE), row.id());
        if let Some(key) = key {
            let id = id.map(|id| format!("id {id}"));
            found.push(one(spelled(key, typed), about(&row, id)));
        }
        if let Some(id) = id.filter(|_| key.is_none() || number) {
            found.push(one(id.to_string(), about(&row, Some(keyed(&row)))));
        }
        found.extend(name(&row).map(|name| one(name, about(&row, None))));
    }
    found
}

/// Values of `-Q`, `-M`, `-S`.
pub(super) fn keys(kinds: Kinds, typed: &str) -> Vec<CompletionCandidate> {
    let mut found = values(kinds & Kinds::SYSV, typed);
    found.retain(|one| one.get_value().as_bytes().starts_with(b"0x"));
    found
}

/// Ids of System V objects.
pub(super) fn ids(kinds: Kinds) -> Vec<CompletionCandidate> {
    let Some(snapshot) = look(kinds & Kinds::SYSV) else { return Vec::new() };
    let rows = Row::all(&snapshot);
    rows.filter_map(|row| Some(one(row.id()?.to_string(), about(&row, Some(keyed(&row)))))).collect()
}

/// By which key it is found.
fn keyed(row: &Row<'_>) -> String {
    match row.key() {
        Some(key) if key != Key::PRIVATE => format!("key {key}"),
        _ => "no key".to_owned(),
    }
}

/// The family that the first characters leave.
fn narrowed(kinds: Kinds, typed: &str) -> Kinds {
    match typed.as_bytes().first() {
        None => kinds,
        Some(b'/') => kinds & Kinds::POSIX,
        Some(_) => kinds & Kinds::SYSV,
    }
}

/// A key as it was begun: `0x4d` goes on as `0x4d2`, `0x00` and nothing as `0x000004d2`.
fn spelled(key: Key, typed: &str) -> String {
    let (whole, short) = (key.to_string(), format!("{:#x}", key.0));
    if !whole.starts_with(typed) && short.starts_with(typed) { short } else { whole }
}

/// A POSIX name, as it can be typed.
fn name(row: &Row<'_>) -> Option<String> {
    match row.snapshot.address(row.place) {
        Address::Queue(which) | Address::Shm(which) | Address::Semaphore(which) => {
            matches!(which, Which::Name(_)).then(|| which.to_string())
        }
        _ => None,
    }
}

/// How else it is called, whose it is, what it holds.
fn about(row: &Row<'_>, called: Option<String>) -> String {
    let object = row.object();
    let owner = object.owner.map(|ids| {
        row.user_name(ids.uid).map_or_else(|| ids.uid.to_string(), |name| escape(name.as_bytes()).into_owned())
    });
    let parts = [called, owner, actions::holds(object), attached(object)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn attached(object: &Object) -> Option<String> {
    match &object.body {
        Body::Shm(shm) => shm.attaches.map(|attaches| format!("{attaches} attached")),
        _ => None,
    }
}

/// Addresses that a command takes: `takes` are what they may begin with. A key or id comes as it was begun.
pub(super) fn addresses(takes: &[&str], typed: &str) -> Vec<CompletionCandidate> {
    let Some(colon) = typed.find(':') else { return begun(takes, typed) };
    let (kind, which) = typed.split_at(colon + 1);
    match kind {
        _ if !takes.contains(&kind) => Vec::new(),
        "shm:" if which.starts_with('[') => unnamed(Kinds::UNLINKED_SHMS),
        "memfd:" => unnamed(Kinds::MEMFDS),
        "fifo:" => fifos(which),
        "unix:" => sockets(takes.contains(&"pid:")),
        "pid:" => processes(kind, false),
        _ => KINDS
            .iter()
            .filter(|(name, ..)| *name == kind)
            .flat_map(|(_, kinds, _)| of_kind(kind, *kinds, which))
            .collect(),
    }
}

/// Queues, segments or semaphores behind `queue:`, `shm:`, `sem:`.
fn of_kind(kind: &str, kinds: Kinds, which: &str) -> Vec<CompletionCandidate> {
    if which.starts_with("0x") {
        return keys(kinds, which).into_iter().map(|key| key.add_prefix(kind)).collect();
    }
    let Some(snapshot) = look(narrowed(kinds, which)) else { return Vec::new() };
    Row::all(&snapshot).map(|row| by_address(&row)).collect()
}

/// Memory without a name: what it was called, and who has it.
fn unnamed(kinds: Kinds) -> Vec<CompletionCandidate> {
    let Ok(snapshot) = collect(&Want { users: true, comms: true, ..Want::tables(kinds) }) else { return Vec::new() };
    let called = |row: &Row<'_>| {
        let name = row.object().name.as_deref().map(|name| escape(name).into_owned());
        let holder = row.live_pids().next().map(|pid| row.process_name(pid));
        let parts: Vec<String> = [name, holder].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    };
    let rows = Row::all(&snapshot);
    rows.map(|row| one(row.snapshot.address(row.place).to_string(), about(&row, called(&row)))).collect()
}

/// An object by the address that tables print.
fn by_address(row: &Row<'_>) -> CompletionCandidate {
    let key = row.id().map(|_| keyed(row));
    one(row.snapshot.address(row.place).to_string(), about(row, key))
}

/// Where no kind was chosen yet: the objects of all that may be meant or, of many, how many there are of a kind.
fn begun(takes: &[&str], typed: &str) -> Vec<CompletionCandidate> {
    let meant = |kind: &str| takes.contains(&kind) && kind.starts_with(typed);
    let tables = KINDS.iter().filter(|(kind, ..)| meant(kind));
    let kinds = tables.clone().fold(Kinds::empty(), |kinds, (_, these, _)| kinds | *these);
    let snapshot = if kinds.is_empty() { None } else { look(kinds) };
    let rows: Vec<Row<'_>> = snapshot.as_ref().map(|snapshot| Row::all(snapshot).collect()).unwrap_or_default();
    let mut found: Vec<CompletionCandidate> = Vec::new();
    if rows.len() > MOST {
        for (kind, _, noun) in tables {
            let count = rows.iter().filter(|row| row.snapshot.address(row.place).to_string().starts_with(kind)).count();
            if count > 0 {
                found.push(one(*kind, format!("{count} {noun}")));
            }
        }
    } else {
        // Kind by kind, as a person looks for them, and not family by family.
        for (kind, ..) in tables {
            found.extend(
                rows.iter().map(by_address).filter(|one| one.get_value().as_bytes().starts_with(kind.as_bytes())),
            );
        }
    }
    found.extend(OTHERS.iter().filter(|(kind, _)| meant(kind)).map(|(kind, about)| one(*kind, *about)));
    found
}

/// FIFOs as files, and the directories on the way to them.
fn fifos(path: &str) -> Vec<CompletionCandidate> {
    let is_fifo = |path: &std::path::Path| {
        file::lstat(path.as_os_str().as_bytes()).is_ok_and(|stat| stat.file_type == FileType::Fifo)
    };
    let found = PathCompleter::any().filter(is_fifo).complete(OsStr::new(path));
    found.into_iter().map(|file| file.add_prefix("fifo:")).collect()
}

/// Unix sockets with a name; with one in a file system, unless `abstract_ones` are taken too.
fn sockets(abstract_ones: bool) -> Vec<CompletionCandidate> {
    let (Ok(snapshot), Ok(state)) = (collect(&Want::tables(Kinds::UNIX)), columns::find("use")) else {
        return Vec::new();
    };
    let named = Row::all(&snapshot).filter_map(|row| {
        let address = row.snapshot.address(row.place);
        let taken = matches!(&address, Address::Unix { abstract_name, .. } if abstract_ones || !abstract_name);
        let mut about = String::new();
        (state.cell)(&row).print(&mut about, crate::query::Style::default());
        taken.then(|| (address.to_string(), about))
    });
    let mut named: Vec<(String, String)> = named.collect();
    named.sort();
    named.dedup_by(|a, b| a.0 == b.0);
    named.into_iter().map(|(address, about)| one(address, about)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_on_as_they_were_begun() {
        for (typed, expected) in [
            ("", "0x000004d2"),
            ("0", "0x000004d2"),
            ("0x0", "0x000004d2"),
            ("0x00000", "0x000004d2"),
            ("0x4", "0x4d2"),
            ("0x4d2", "0x4d2"),
            ("0x5", "0x000004d2"),
        ] {
            assert_eq!(spelled(Key(0x4d2), typed), expected, "{typed}");
        }
        assert_eq!(spelled(Key(-1), "0xf"), "0xffffffff");
    }

    #[test]
    fn only_the_family_that_was_begun_is_read() {
        assert_eq!(narrowed(Kinds::QUEUES, ""), Kinds::QUEUES);
        assert_eq!(narrowed(Kinds::QUEUES, "/or"), Kinds::POSIX_QUEUES);
        assert_eq!(narrowed(Kinds::QUEUES, "0x"), Kinds::SYSV_QUEUES);
    }
}
