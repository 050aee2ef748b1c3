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

/// The caller's effective uid.
pub fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Whether the caller is in a group, by its effective group or a supplementary one.
pub fn in_own_groups(gid: u32) -> bool {
    let gid = Gid::from_raw(gid);
    nix::unistd::getegid() == gid || nix::unistd::getgroups().is_ok_and(|groups| groups.contains(&gid))
}
