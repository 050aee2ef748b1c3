//! Values that are no objects: signals, processes, users, columns, filters, backups, manual pages.

use super::super::{keeping, man};
use crate::config;
use crate::kernel::{file, process, signals, users};
use crate::model::{Role, escape};
use crate::query::columns::{self, Fields};
use crate::query::filter::{STATES, Schema};
use clap_complete::CompletionCandidate;
use std::collections::BTreeMap;

/// A value with a line about it.
pub(super) fn one(value: impl Into<String>, about: impl Into<String>) -> CompletionCandidate {
    let about = about.into();
    CompletionCandidate::new(value.into()).help((!about.is_empty()).then(|| about.into()))
}

/// Every signal, without `SIG`, behind a prefix.
pub(super) fn signals(prefix: &str) -> Vec<CompletionCandidate> {
    let known = signals::known();
    let all = known.all().map(|signal| {
        let name = signal.name.strip_prefix("SIG").unwrap_or(&signal.name);
        one(format!("{prefix}{name}"), format!("{}, {}", signal.number, signal.meaning))
    });
    all.collect()
}

/// The processes there are, threads of the kernel excepted: command and user. `own` leaves those out that this user may
/// not signal.
pub(super) fn processes(prefix: &str, own: bool) -> Vec<CompletionCandidate> {
    let Ok(proc) = file::open_directory("/proc") else { return Vec::new() };
    let (me, mut buffer, mut names) = (users::own_uid(), Vec::new(), BTreeMap::new());
    let mut pids = process::read_pids(&proc).unwrap_or_default();
    pids.sort_unstable();
    pids.retain(|pid| *pid != std::process::id());
    let described = pids.into_iter().filter_map(|pid| {
        let stat = process::read_stat(&proc, pid, &mut buffer).ok().filter(|stat| !stat.kernel)?;
        let uid = process::read_uids(&proc, pid, &mut buffer).ok()?[0];
        if own && me != 0 && uid != me {
            return None;
        }
        let user = names.entry(uid).or_insert_with(|| user(uid));
        Some(one(format!("{prefix}{pid}"), format!("{}, {user}", escape(&stat.comm))))
    });
    described.collect()
}

/// A user's name, or the number where there is none.
fn user(uid: u32) -> String {
    users::user_name(uid).map_or_else(|| uid.to_string(), |name| escape(name.as_bytes()).into_owned())
}

/// Users and groups of this machine's own files: to list those of a directory service could take for ever.
pub(super) fn listed(path: &str, prefix: &str) -> Vec<CompletionCandidate> {
    users::listed(path).into_iter().map(|(name, id)| one(format!("{prefix}{name}"), id.to_string())).collect()
}

/// The roles that a process can have with an object.
pub(super) fn roles(typed: &str) -> Vec<CompletionCandidate> {
    let (done, _) = split_list(typed);
    Role::ALL.into_iter().map(|role| one(format!("{done}{}", role.name()), "")).collect()
}

/// The backups, each with what it is of.
pub(super) fn backups() -> Vec<CompletionCandidate> {
    let store = keeping::look(config::Backup::default()).ok().flatten();
    let mut entries = store.and_then(|store| store.entries().ok()).unwrap_or_default();
    // Who undoes something means what was removed last.
    entries.reverse();
    let described = entries.iter().map(|entry| {
        let about = &entry.header.about;
        one(about.number.to_string(), format!("{} ({})", about.address, about.description))
    });
    described.collect()
}

/// Columns for `-o`: behind those that stand there already, and behind a plus.
pub(super) fn columns(typed: &str) -> Vec<CompletionCandidate> {
    let (done, current) = split_list(typed);
    let plus = if current.starts_with('+') { "+" } else { "" };
    let has = |name: &str| done.split([',', '+']).any(|word| word.eq_ignore_ascii_case(name));
    let rest = columns::ALL.iter().filter(|column| !has(column.name));
    rest.map(|column| one(format!("{done}{plus}{}", in_case(column.name, current)), column.about)).collect()
}

/// The column for `--sort`, maybe behind a hyphen.
pub(super) fn sorting(typed: &str) -> Vec<CompletionCandidate> {
    let hyphen = if typed.starts_with('-') { "-" } else { "" };
    columns::ALL.iter().map(|column| one(format!("{hyphen}{}", in_case(column.name, typed)), column.about)).collect()
}

/// In capitals if that is how it was begun.
fn in_case(name: &str, typed: &str) -> String {
    let capitals = typed.contains(|c: char| c.is_ascii_uppercase());
    if capitals { name.to_ascii_uppercase() } else { name.to_owned() }
}

/// What stands before the last of some words with commas between, and that one.
fn split_list(typed: &str) -> (&str, &str) {
    typed.split_at(typed.rfind(',').map_or(0, |comma| comma + 1))
}

/// A term of the filter: a state, a field, or a field's value where they are few.
pub(super) fn filter(typed: &str) -> Vec<CompletionCandidate> {
    let (not, term) = typed.split_at(usize::from(typed.starts_with('!')));
    let Some(colon) = term.find(':') else {
        let states = STATES.iter().map(|state| one(format!("{not}{state}"), "objects in this state"));
        let fields = columns::ALL.iter().map(|column| one(format!("{not}{}:", column.name), column.about));
        return states.chain(fields).collect();
    };
    let head = &typed[..=not.len() + colon];
    let Some(field) = Fields.field(&term[..colon]) else { return Vec::new() };
    match field.name {
        "owner" | "creator" => listed(users::PASSWD, head),
        "group" => listed(users::GROUP, head),
        "pid" => processes(head, false),
        _ => field.choices.iter().map(|choice| one(format!("{head}{choice}"), "")).collect(),
    }
}

/// Manual pages, as they were begun: `ls`, or `ipcx-ls`.
pub(super) fn pages(typed: &str) -> Vec<CompletionCandidate> {
    let whole = typed.starts_with("ipcx");
    let short = |name: &str| if whole { name.to_owned() } else { name.trim_start_matches("ipcx-").to_owned() };
    man::named().map(|(name, about)| one(short(&name), about)).collect()
}
