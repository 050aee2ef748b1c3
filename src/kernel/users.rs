//! Names of users and groups, asked once each: the answer may come over the network (`man 5 nsswitch.conf`).

use nix::unistd::{Gid, Group, Uid, User};

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
