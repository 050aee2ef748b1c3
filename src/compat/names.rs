//! Names of users and groups, each asked once: a listing of 31,000 objects has a handful of owners.

use crate::kernel::users;
use rustc_hash::FxHashMap;

/// The names that were asked for so far; `None` where there is none.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: FxHashMap<u32, Option<String>>,
    groups: FxHashMap<u32, Option<String>>,
}

impl Names {
    /// A user's name.
    pub(super) fn user(&mut self, uid: u32) -> Option<&str> {
        self.users.entry(uid).or_insert_with(|| users::user_name(uid)).as_deref()
    }

    /// A group's name.
    pub(super) fn group(&mut self, gid: u32) -> Option<&str> {
        self.groups.entry(gid).or_insert_with(|| users::group_name(gid)).as_deref()
    }
}
