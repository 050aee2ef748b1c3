//! Names of the users and groups that occur, each asked once.

use crate::kernel::users;
use crate::model::Object;
use rustc_hash::FxHashMap;

use super::processes::Processes;

/// The names found.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: FxHashMap<u32, Option<String>>,
    groups: FxHashMap<u32, Option<String>>,
}

impl Names {
    /// Looks up the owners and creators of objects, and the users of processes.
    pub(super) fn look_up(objects: &[Object], processes: &Processes, users: bool, groups: bool) -> Self {
        let mut names = Self::default();
        let ids = || objects.iter().flat_map(|object| [object.owner, object.creator]).flatten();
        if users {
            let of_processes = processes.iter().filter_map(|process| process.uids).map(|uids| uids[0]);
            for uid in ids().map(|ids| ids.uid).chain(of_processes) {
                names.users.entry(uid).or_insert_with(|| users::user_name(uid));
            }
        }
        if groups {
            for gid in ids().filter_map(|ids| ids.gid) {
                names.groups.entry(gid).or_insert_with(|| users::group_name(gid));
            }
        }
        names
    }

    /// These users and no groups.
    #[cfg(test)]
    pub(super) fn of_users(users: &[(u32, &str)]) -> Self {
        let users = users.iter().map(|(uid, name)| (*uid, Some((*name).to_owned()))).collect();
        Self { users, groups: FxHashMap::default() }
    }

    pub(super) fn user(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid)?.as_deref()
    }

    pub(super) fn group(&self, gid: u32) -> Option<&str> {
        self.groups.get(&gid)?.as_deref()
    }
}
