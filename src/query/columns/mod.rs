//! The column registry: the one list of what can be shown, sorted by and filtered on.
//!
//! A column is a constant in one of the files beside this one: its name, what it costs to collect, and a function from a
//! row to a cell. Listing it in [`ALL`] is all that is needed for every command to know it.

mod common;
mod defaults;
mod pipe;
mod socket;
mod sysv;

pub use defaults::for_kinds;

use super::filter::{Field, FieldType, STATES, Schema};
use super::{Cell, Row};
use crate::snapshot::Want;

bitflags::bitflags! {
    /// What has to be collected for a column.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Needs: u8 {
        /// [`Want::limits`].
        const LIMITS = 1;
        /// [`Want::contents`].
        const CONTENTS = 1 << 1;
        /// [`Want::holders`].
        const HOLDERS = 1 << 2;
        /// [`Want::records`].
        const RECORDS = 1 << 3;
        /// [`Want::verdict`].
        const VERDICT = 1 << 4;
        /// [`Want::comms`].
        const COMMS = 1 << 5;
        /// [`Want::users`].
        const USERS = 1 << 6;
        /// [`Want::groups`].
        const GROUPS = 1 << 7;
    }
}

impl Needs {
    /// Adds what is needed to a want.
    pub fn add_to(self, want: &mut Want) {
        want.limits |= self.contains(Self::LIMITS);
        want.contents |= self.contains(Self::CONTENTS);
        want.holders |= self.contains(Self::HOLDERS);
        want.records |= self.contains(Self::RECORDS);
        want.verdict |= self.contains(Self::VERDICT);
        want.comms |= self.contains(Self::COMMS);
        want.users |= self.contains(Self::USERS);
        want.groups |= self.contains(Self::GROUPS);
    }
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name, in lower case; tables print it in capitals.
    pub name: &'static str,
    /// Other names that people may use.
    pub aliases: &'static [&'static str],
    /// What it tells, in one line of help.
    pub about: &'static str,
    /// How a filter compares it.
    pub field: FieldType,
    /// Numbers stand at the right.
    pub right: bool,
    /// How long a table keeps it when it gets narrow: the lowest goes first; 100 stays.
    pub weight: u8,
    /// Its text may be cut in a narrow table; what is named or compared by is shown whole or not at all.
    pub cut: bool,
    /// A bare word of a filter looks into it.
    pub searched: bool,
    /// What has to be collected.
    pub needs: Needs,
    /// The value of a row.
    pub cell: for<'r> fn(&'r Row<'_>) -> Cell<'r>,
}

/// Columns are the same if their names are.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Column {}

impl Column {
    /// A column of text that is searched, needs nothing, and stands at the left.
    const fn text(name: &'static str, about: &'static str, cell: for<'r> fn(&'r Row<'_>) -> Cell<'r>) -> Self {
        Self {
            name,
            aliases: &[],
            about,
            field: FieldType::FreeText,
            right: false,
            weight: 50,
            cut: false,
            searched: true,
            needs: Needs::empty(),
            cell,
        }
    }

    /// A column of numbers, at the right.
    const fn number(name: &'static str, about: &'static str, cell: for<'r> fn(&'r Row<'_>) -> Cell<'r>) -> Self {
        Self { field: FieldType::Number, right: true, ..Self::text(name, about, cell) }
    }

    const fn size(name: &'static str, about: &'static str, cell: for<'r> fn(&'r Row<'_>) -> Cell<'r>) -> Self {
        Self { field: FieldType::Size, ..Self::number(name, about, cell) }
    }

    const fn time(name: &'static str, about: &'static str, cell: for<'r> fn(&'r Row<'_>) -> Cell<'r>) -> Self {
        Self { field: FieldType::Age, right: false, searched: false, ..Self::number(name, about, cell) }
    }

    /// A word out of a few.
    const fn word(self) -> Self {
        Self { field: FieldType::Text, ..self }
    }

    const fn weight(self, weight: u8) -> Self {
        Self { weight, ..self }
    }

    const fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
}

/// Every column, in the order in which help lists them.
pub static ALL: &[Column] = &[
    common::ADDRESS,
    common::KIND,
    common::FAMILY,
    sysv::KEY,
    sysv::ID,
    common::NAME,
    common::PATH,
    common::DEVICE,
    common::INODE,
    common::NAMESPACE,
    common::OWNER,
    common::UID,
    common::GROUP,
    common::GID,
    common::CREATOR,
    common::MODE,
    common::USE,
    sysv::SIZE,
    sysv::RESIDENT,
    sysv::SWAPPED,
    sysv::ALLOCATED,
    sysv::ATTACHES,
    sysv::STATUS,
    sysv::MESSAGES,
    sysv::BYTES,
    sysv::LIMIT,
    sysv::CAPACITY,
    sysv::MAXMSG,
    sysv::FULL,
    sysv::SENDER,
    sysv::RECEIVER,
    sysv::CPID,
    sysv::LPID,
    sysv::COUNT,
    sysv::VALUES,
    sysv::WAITING,
    pipe::READERS,
    pipe::WRITERS,
    socket::TYPE,
    socket::PROTOCOL,
    socket::CONNECTION,
    socket::LOCAL,
    socket::REMOTE,
    socket::PEER,
    socket::RECVQ,
    socket::SENDQ,
    socket::BACKLOG,
    socket::PENDING,
    common::PROCESSES,
    common::COMM,
    common::PID,
    common::CHANGED,
    common::SENT,
    common::RECEIVED,
    common::ATTACHED,
    common::DETACHED,
    common::OPERATED,
    common::AGE,
    common::STATE,
    common::WHY,
];

/// A name that is no column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// No column has this name.
    #[error("no column is named {name}; there are {all}")]
    Unknown {
        /// What was asked for, quoted.
        name: String,
        /// All names.
        all: String,
    },
    /// A list with nothing in it.
    #[error("the list of columns {0} has an empty name in it")]
    Empty(String),
}

/// Finds a column by its name or an alias, whatever the case.
pub fn find(name: &str) -> Result<&'static Column, ColumnError> {
    index(name).map(|at| &ALL[at]).ok_or_else(|| ColumnError::Unknown {
        name: crate::model::quoted(name.as_bytes()),
        all: ALL.iter().map(|column| column.name).collect::<Vec<_>>().join(", "),
    })
}

fn index(name: &str) -> Option<usize> {
    ALL.iter().position(|column| {
        column.name.eq_ignore_ascii_case(name) || column.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// Parses `A,B,C`, or `+C,D` which adds to the defaults; `A,+C` does as well.
pub fn parse(list: &str, defaults: &[&'static Column]) -> Result<Vec<&'static Column>, ColumnError> {
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let mut columns = if names.iter().all(|name| name.starts_with('+')) { defaults.to_vec() } else { Vec::new() };
    for name in names {
        let name = name.strip_prefix('+').unwrap_or(name);
        if name.is_empty() {
            return Err(ColumnError::Empty(crate::model::quoted(list.as_bytes())));
        }
        let column = find(name)?;
        if !columns.iter().any(|have| std::ptr::eq(*have, column)) {
            columns.push(column);
        }
    }
    Ok(columns)
}

/// The registry as the filter language sees it.
pub struct Fields;

impl Schema for Fields {
    fn field(&self, name: &str) -> Option<Field> {
        let id = index(name)?;
        let column = &ALL[id];
        let choices: &'static [&'static str] = match column.name {
            "state" => &STATES,
            "kind" => &["queue", "shm", "memfd", "sem", "semaphore", "pipe", "fifo", "socket"],
            "family" => &["sysv", "posix", "unix", "inet"],
            _ => &[],
        };
        Some(Field { id, name: column.name, kind: column.field, choices })
    }

    fn names(&self) -> Vec<&'static str> {
        ALL.iter().flat_map(|column| std::iter::once(column.name).chain(column.aliases.iter().copied())).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> =
            ALL.iter().flat_map(|column| column.aliases.iter().copied().chain([column.name])).collect();
        assert!(names.iter().all(|name| *name == name.to_lowercase()));
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn lists() {
        let names = |list: &str| -> Vec<&str> {
            let defaults = [find("address").unwrap(), find("STATE").unwrap()];
            parse(list, &defaults).unwrap().iter().map(|column| column.name).collect()
        };
        assert_eq!(names("key,id"), ["key", "id"]);
        assert_eq!(names("+Key"), ["address", "state", "key"]);
        assert_eq!(names("ID,+KEY"), ["id", "key"]);
        assert_eq!(names("user"), ["owner"]);
        assert_eq!(names("key,KEY"), ["key"]);
        for bad in ["", ",", "KEY,", "+", "nonsense", "KEY\x1b[31m"] {
            let error = parse(bad, &[]).unwrap_err().to_string();
            assert!(!error.contains('\x1b'), "{error}");
        }
    }
}
