//! Names of users and groups, asked once each: the answer may come over the network (`man 5 nsswitch.conf`). Only the local
//! ones can be listed (`man 5 passwd`, `man 5 group`).

use super::file;
use nix::unistd::{Gid, Group, Uid, User};

/// The file of local users.
pub const PASSWD: &str = "/etc/passwd";

/// The file of local groups.
pub const GROUP: &str = "/etc/group";

/// A user's name, `None` where there is none or the name service fails.
pub fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
}

/// A group's name, likewise.
pub fn group_name(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name)
}

/// The number of a user's name; `None` where there is none or the name service fails.
pub fn uid_of(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

/// The number of a group's name, likewise.
pub fn gid_of(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// The caller's groups, the effective one first.
pub fn own_groups() -> Vec<u32> {
    let more = nix::unistd::getgroups().unwrap_or_default();
    std::iter::once(nix::unistd::getegid()).chain(more).map(Gid::as_raw).collect()
}

/// The caller's effective uid.
pub fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The caller's home directory as the user database tells it, for where `HOME` is not set.
pub fn own_home() -> Option<std::path::PathBuf> {
    User::from_uid(nix::unistd::geteuid()).ok().flatten().map(|user| user.dir)
}

/// Whether the caller is in a group, by its effective group or a supplementary one.
pub fn in_own_groups(gid: u32) -> bool {
    let gid = Gid::from_raw(gid);
    nix::unistd::getegid() == gid || nix::unistd::getgroups().is_ok_and(|groups| groups.contains(&gid))
}

/// Names and numbers of the local users or groups, from [`PASSWD`] or [`GROUP`]; none where the file cannot be read.
pub fn listed(path: &str) -> Vec<(String, u32)> {
    parse_listed(&file::read(path).unwrap_or_default())
}

/// Parses the first and third field of `root:x:0:…`; other lines, as those of NIS, are passed over.
pub fn parse_listed(text: &[u8]) -> Vec<(String, u32)> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let entry = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        Some((name.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    lines.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_users_and_groups() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n# users\n+::::::\nsvc:x:990:\n\xff:x:1:1\n:x:5:5\nlast:x:";
        assert_eq!(parse_listed(text), [("root".to_owned(), 0), ("svc".to_owned(), 990)]);
        assert!(parse_listed(b"").is_empty());
    }
}
