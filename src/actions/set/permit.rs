//! Who may change what, told beforehand for a dry run and afterwards for a refusal; the kernel has the last word.

use super::Setting;
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::kernel::capability::{
    self, CAP_CHOWN, CAP_FOWNER, CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_ADMIN, CAP_SYS_RESOURCE,
};
use crate::kernel::{room, users};

impl Setting {
    /// Errors: marking for removal what nobody has attached.
    pub(super) fn harmless(&self) -> Result<(), Refusal> {
        if self.changes.mark_removed && self.before.attaches == 0 { Err(self.would_remove()) } else { Ok(()) }
    }

    pub(super) fn would_remove(&self) -> Refusal {
        let why = format!(
            "nobody has it attached, so that marking it would remove it at once with what it holds; `ipcx rm {}` does that",
            self.address
        );
        Refusal::Unsafe { what: self.address.clone(), why }
    }

    /// Why the caller may not, as far as that can be told.
    pub(super) fn forbidden(&self) -> Option<String> {
        match &self.subject {
            Subject::SysV { .. } => self.forbidden_sysv(),
            Subject::PosixQueue { .. } | Subject::File { .. } => self.forbidden_file(),
        }
    }

    fn owns(&self) -> bool {
        let me = users::own_uid();
        self.before.owner.is_some_and(|ids| ids.uid == me) || self.before.creator == Some(me)
    }

    fn forbidden_sysv(&self) -> Option<String> {
        let changes = &self.changes;
        let sets =
            changes.mode.is_some() || changes.limit.is_some() || !changes.owner.is_empty() || changes.mark_removed;
        if sets && !self.owns() && !capability::have(CAP_SYS_ADMIN) {
            return Some("only its owner, its creator or CAP_SYS_ADMIN may change it".to_owned());
        }
        // A limit that stays as it is, but is above, is set again with the rest.
        let limit = if sets { changes.limit.or(self.before.limit) } else { None };
        if let (Some(limit), Some(most)) = (limit, room::msgmnb())
            && limit > most
            && !capability::have(CAP_SYS_RESOURCE)
        {
            return Some(format!(
                "a limit of {limit} bytes is above sysctl kernel.msgmnb, {most}, and needs CAP_SYS_RESOURCE"
            ));
        }
        if changes.lock.is_some() && !self.owns() && !capability::have(CAP_IPC_LOCK) {
            return Some("only its owner, its creator or CAP_IPC_LOCK may lock or unlock it".to_owned());
        }
        if changes.lock == Some(true) && !capability::have(CAP_IPC_LOCK) && room::rlimit_memlock() == Some(0) {
            return Some("RLIMIT_MEMLOCK is 0 (ulimit -l): only CAP_IPC_LOCK may lock it".to_owned());
        }
        (!changes.values.is_empty() && !self.may_alter()).then(|| {
            let mode = self.before.mode.unwrap_or(0);
            format!("its mode {mode:04o} does not let this user alter it; its owner, or CAP_IPC_OWNER, may")
        })
    }

    /// Whether the mode may let the caller alter a set. Which groups he is in is the kernel's to know.
    fn may_alter(&self) -> bool {
        let mode = self.before.mode.unwrap_or(0);
        let bits = if self.owns() { mode & 0o200 } else { mode & 0o022 };
        bits != 0 || capability::have(CAP_IPC_OWNER)
    }

    fn forbidden_file(&self) -> Option<String> {
        let changes = &self.changes;
        if changes.mode.is_some() && !self.owns() && !capability::have(CAP_FOWNER) {
            return Some("only its owner or CAP_FOWNER may change its mode".to_owned());
        }
        let now = self.before.owner;
        let given = changes.owner.user.is_some_and(|user| now.is_some_and(|ids| ids.uid != user));
        let moved = changes.owner.group.is_some();
        if !capability::have(CAP_CHOWN) {
            if given || (moved && !self.owns()) {
                return Some("only CAP_CHOWN may give it to another user".to_owned());
            }
            let group = changes.owner.group.filter(|group| !users::own_groups().contains(group));
            if let Some(group) = group.filter(|group| now.is_some_and(|ids| ids.gid != Some(*group))) {
                return Some(format!("this user is not in group {group}: only CAP_CHOWN may give it to that"));
            }
        }
        if changes.values.is_empty() || self.owns() || self.before.mode.is_none_or(|mode| mode & 0o066 != 0) {
            return None;
        }
        let may = capability::have(capability::CAP_DAC_OVERRIDE);
        (!may).then(|| "its mode lets nobody but its owner use it".to_owned())
    }
}
