//! The columns of `lsipc`: names, headings of the views of one object, and to which kinds of objects they apply.

use super::facility::Facility;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Key,
    Id,
    Owner,
    Perms,
    Cuid,
    Cuser,
    Cgid,
    Cgroup,
    Uid,
    User,
    Gid,
    Group,
    Ctime,
    Name,
    Mtime,
    Size,
    Nattch,
    Status,
    Attach,
    Detach,
    Command,
    Cpid,
    Lpid,
    UsedBytes,
    Msgs,
    Send,
    Recv,
    Lspid,
    Lrpid,
    Nsems,
    Otime,
    Sval,
    Resource,
    Description,
    Limit,
    Used,
    Use,
    /// Of the table of a set's semaphores, which cannot be asked for.
    Semnum,
    Value,
    Ncount,
    Zcount,
    Pid,
}

/// What is known of a column: its name, its label in the view of one object, whether it stands at the right, and what it
/// holds, for `--help`.
struct About(Column, &'static str, &'static str, bool, &'static str);

const ABOUT: [About; 42] = {
    use Column as C;
    const LEFT: bool = false;
    const RIGHT: bool = true;
    [
        About(C::Key, "KEY", "Key", LEFT, "key"),
        About(C::Id, "ID", "ID", LEFT, "id"),
        About(C::Owner, "OWNER", "Owner", RIGHT, "owner: a name, or a number without one"),
        About(C::Perms, "PERMS", "Permissions", RIGHT, "permission bits"),
        About(C::Cuid, "CUID", "Creator UID", RIGHT, "creator, as a number"),
        About(C::Cuser, "CUSER", "Creator user", LEFT, "creator's name"),
        About(C::Cgid, "CGID", "Creator GID", RIGHT, "creator's group, as a number"),
        About(C::Cgroup, "CGROUP", "Creator group", LEFT, "name of the creator's group"),
        About(C::Uid, "UID", "UID", RIGHT, "owner, as a number"),
        About(C::User, "USER", "User name", LEFT, "owner's name"),
        About(C::Gid, "GID", "GID", RIGHT, "group, as a number"),
        About(C::Group, "GROUP", "Group name", LEFT, "name of the group"),
        About(C::Ctime, "CTIME", "Last change", RIGHT, "made, or owner or mode last set"),
        About(C::Name, "NAME", "Name", LEFT, "name"),
        About(C::Mtime, "MTIME", "Last action", RIGHT, "last written to; of a queue: last sent to or received from"),
        About(C::Size, "SIZE", "Segment size", RIGHT, "size"),
        About(C::Nattch, "NATTCH", "Attached processes", RIGHT, "attachments, of which a process may have several"),
        About(C::Status, "STATUS", "Status", LEFT, "dest: goes with its last attachment; locked: never swapped"),
        About(C::Attach, "ATTACH", "Attach time", RIGHT, "last attached"),
        About(C::Detach, "DETACH", "Detach time", RIGHT, "last detached"),
        About(C::Command, "COMMAND", "Creator command", LEFT, "command line of the process that CPID is now"),
        About(C::Cpid, "CPID", "Creator PID", RIGHT, "creator's process"),
        About(C::Lpid, "LPID", "Last user PID", RIGHT, "process that last attached or detached"),
        About(C::UsedBytes, "USEDBYTES", "Bytes used", RIGHT, "bytes of all messages"),
        About(C::Msgs, "MSGS", "Messages", LEFT, "messages"),
        About(C::Send, "SEND", "Msg sent", RIGHT, "last sent to"),
        About(C::Recv, "RECV", "Msg received", RIGHT, "last received from"),
        About(C::Lspid, "LSPID", "Msg sender", RIGHT, "process that sent last"),
        About(C::Lrpid, "LRPID", "Msg receiver", RIGHT, "process that received last"),
        About(C::Nsems, "NSEMS", "Semaphores", RIGHT, "semaphores in the set"),
        About(C::Otime, "OTIME", "Last operation", RIGHT, "last operation"),
        About(C::Sval, "SVAL", "Value", RIGHT, "value"),
        About(C::Resource, "RESOURCE", "Resource", LEFT, "name of the limit"),
        About(C::Description, "DESCRIPTION", "Description", LEFT, "what it limits"),
        About(C::Limit, "LIMIT", "Limit", RIGHT, "the limit"),
        About(C::Used, "USED", "Used", RIGHT, "used of it"),
        About(C::Use, "USE%", "Use", RIGHT, "the same as a percentage"),
        About(C::Semnum, "SEMNUM", "", RIGHT, ""),
        About(C::Value, "VALUE", "", RIGHT, ""),
        About(C::Ncount, "NCOUNT", "", RIGHT, ""),
        About(C::Zcount, "ZCOUNT", "", RIGHT, ""),
        About(C::Pid, "PID", "", RIGHT, ""),
    ]
};

impl Column {
    fn about(self) -> &'static About {
        &ABOUT[self as usize]
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        self.about().1
    }

    /// Its name as that of a shell's variable.
    pub(super) fn shell_name(self) -> &'static str {
        if self == Self::Use { "USE_PCT" } else { self.name() }
    }

    /// What stands before its value in the view of one object.
    pub(super) fn label(self) -> &'static str {
        self.about().2
    }

    /// Whether its values stand at the right.
    pub(super) fn is_right(self) -> bool {
        self.about().3
    }

    /// What it holds.
    pub(super) fn help(self) -> &'static str {
        self.about().4
    }

    /// The column of this name, in whatever case.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let selectable = |about: &&About| !about.4.is_empty();
        ABOUT.iter().filter(selectable).find(|about| about.1.as_bytes().eq_ignore_ascii_case(name)).map(|about| about.0)
    }
}

/// Columns of every System V object, in the order of the view of one object.
pub(super) const SYSTEM_V: &[Column] = {
    use Column as C;
    &[
        C::Key,
        C::Id,
        C::Owner,
        C::Perms,
        C::Cuid,
        C::Cuser,
        C::Cgid,
        C::Cgroup,
        C::Uid,
        C::User,
        C::Gid,
        C::Group,
        C::Ctime,
    ]
};

/// Columns of every POSIX object, likewise.
pub(super) const POSIX: &[Column] = {
    use Column as C;
    &[C::Owner, C::Perms, C::Cuid, C::Cuser, C::Cgid, C::Cgroup, C::Name, C::Mtime]
};

/// Columns of limits.
pub(super) const LIMITS: &[Column] = &[Column::Resource, Column::Description, Column::Limit, Column::Used, Column::Use];

/// Columns of a set's semaphores.
pub(super) const ELEMENTS: &[Column] =
    &[Column::Semnum, Column::Value, Column::Ncount, Column::Zcount, Column::Pid, Column::Command];

/// Who made an object and whose it is, for `--creator`.
const CREATOR: &[Column] = &[Column::Cuid, Column::Cgid, Column::Uid, Column::Gid];

impl Facility {
    /// The columns of its table.
    pub(super) fn defaults(self) -> &'static [Column] {
        use Column as C;
        match self {
            Self::Shm => &[
                C::Key,
                C::Id,
                C::Perms,
                C::Owner,
                C::Size,
                C::Nattch,
                C::Status,
                C::Ctime,
                C::Cpid,
                C::Lpid,
                C::Command,
            ],
            Self::Queue => &[C::Key, C::Id, C::Perms, C::Owner, C::UsedBytes, C::Msgs, C::Lspid, C::Lrpid],
            Self::Sem => &[C::Key, C::Id, C::Perms, C::Owner, C::Nsems],
            Self::PosixShm => &[C::Name, C::Perms, C::Owner, C::Size, C::Mtime],
            Self::PosixQueue => &[C::Name, C::Perms, C::Owner, C::Mtime, C::UsedBytes, C::Msgs],
            Self::PosixSem => &[C::Name, C::Perms, C::Owner, C::Mtime, C::Sval],
        }
    }

    /// The columns that it alone has, in the order of the view of one object.
    pub(super) fn own(self) -> &'static [Column] {
        use Column as C;
        match self {
            Self::Shm => &[C::Size, C::Nattch, C::Status, C::Attach, C::Detach, C::Command, C::Cpid, C::Lpid],
            Self::Queue => &[C::UsedBytes, C::Msgs, C::Send, C::Recv, C::Lspid, C::Lrpid],
            Self::Sem => &[C::Nsems, C::Otime],
            Self::PosixShm => &[C::Size],
            Self::PosixQueue => &[C::UsedBytes, C::Msgs],
            Self::PosixSem => &[C::Sval],
        }
    }

    /// The columns that it shares with its kin.
    pub(super) fn common(self) -> &'static [Column] {
        if self.is_posix() { POSIX } else { SYSTEM_V }
    }

    /// Adds what `--creator` asks for.
    pub(super) fn add_creator(self, columns: &mut Vec<Column>) {
        columns.extend(if self.is_posix() { &CREATOR[..2] } else { CREATOR });
    }

    /// Adds what `--time` asks for. The command line stays the last column, where it may be cut.
    pub(super) fn add_times(self, columns: &mut Vec<Column>) {
        match self {
            Self::Shm => {
                let command = columns.pop_if(|last| *last == Column::Command);
                columns.extend([Column::Attach, Column::Detach]);
                columns.extend(command);
            }
            Self::Queue => columns.extend([Column::Send, Column::Recv, Column::Ctime]),
            Self::Sem => columns.extend([Column::Otime, Column::Ctime]),
            Self::PosixShm | Self::PosixQueue | Self::PosixSem => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_place_and_its_name() {
        for about in &ABOUT {
            assert_eq!(about.0.name(), about.1);
            let named = Column::named(about.1.to_lowercase().as_bytes());
            assert_eq!(named, (!about.4.is_empty()).then_some(about.0));
        }
        assert_eq!(Column::named(b"KEY,"), None);
    }
}
