//! Which columns a table has when nobody says: those that answer the first question about its kinds.

use super::{Column, find};
use crate::model::Kinds;

const QUEUES: &[&str] = &[
    "address",
    "family",
    "key",
    "owner",
    "mode",
    "messages",
    "bytes",
    "limit",
    "full",
    "sender",
    "receiver",
    "processes",
    "state",
];
const SHMS: &[&str] = &[
    "address",
    "family",
    "key",
    "owner",
    "mode",
    "size",
    "resident",
    "attaches",
    "cpid",
    "lpid",
    "processes",
    "state",
];
/// Memory without a name is told by what it was called.
const MEMORY: &[&str] = &[
    "address",
    "name",
    "family",
    "key",
    "owner",
    "mode",
    "size",
    "resident",
    "attaches",
    "cpid",
    "lpid",
    "processes",
    "state",
];
const SEMS: &[&str] =
    &["address", "family", "key", "owner", "mode", "count", "values", "waiting", "lpid", "processes", "state"];
const PIPES: &[&str] = &["address", "owner", "readers", "writers", "processes", "state"];
const UNIX: &[&str] =
    &["address", "type", "connection", "owner", "recvq", "sendq", "pending", "backlog", "processes", "peer", "state"];
const INET: &[&str] = &[
    "address",
    "protocol",
    "connection",
    "local",
    "remote",
    "recvq",
    "sendq",
    "pending",
    "backlog",
    "processes",
    "peer",
    "state",
];
const MIXED: &[&str] = &["address", "key", "owner", "use", "processes", "state"];

/// What `--wide` adds to any table.
const WIDE: &[&str] = &["id", "name", "path", "creator", "group", "namespace", "inode", "changed", "age", "why"];

/// The default columns for these kinds: a table of one kind has its own, one of several has what they share.
pub fn for_kinds(kinds: Kinds, wide: bool) -> Vec<&'static Column> {
    let within = |of: Kinds| of.contains(kinds) && !kinds.is_empty();
    let names = match () {
        () if within(Kinds::QUEUES) => QUEUES,
        () if within(Kinds::SHMS) => SHMS,
        () if within(Kinds::MEMORY) => MEMORY,
        () if within(Kinds::SEMS) => SEMS,
        () if within(Kinds::PIPES | Kinds::FIFOS) => PIPES,
        () if within(Kinds::UNIX) => UNIX,
        () if within(Kinds::INET) => INET,
        () => MIXED,
    };
    let more = if wide { WIDE } else { &[] };
    // Every name in the lists above is a column; a test holds them to it.
    names.iter().chain(more).filter_map(|name| find(name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_column() {
        for names in [QUEUES, SHMS, MEMORY, SEMS, PIPES, UNIX, INET, MIXED, WIDE] {
            for name in names {
                assert!(find(name).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn one_kind_has_its_own_columns() {
        let first = |kinds| for_kinds(kinds, false).len();
        assert_eq!(first(Kinds::SYSV_QUEUES), QUEUES.len());
        assert_eq!(first(Kinds::PIPES | Kinds::FIFOS), PIPES.len());
        assert_eq!(first(Kinds::all()), MIXED.len());
        assert_eq!(first(Kinds::QUEUES | Kinds::SHMS), MIXED.len());
    }
}
