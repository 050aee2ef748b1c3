//! What a removal would do, is asked about, and has done, in words: once for the command line and the TUI.

use super::{Outcome, Removal};

impl Removal {
    /// The object with what is known of it: `queue:5 (key 0x000004d2, owner alice, 3 messages of 96 bytes)`.
    pub fn what(&self) -> String {
        format!("{} ({})", self.address, self.description)
    }

    /// What a dry run says. `keeps_backup`: whether it could be undone.
    pub fn would(&self, keeps_backup: bool) -> String {
        let users = if self.users.is_empty() { String::new() } else { format!("; in use: {}", self.users.join("; ")) };
        let back = if keeps_backup { "" } else { "; this could not be undone" };
        format!("would remove {}{users}{back}", self.what())
    }

    /// What a person is asked, with the names of who uses it.
    pub fn question(&self) -> String {
        let users = if self.users.is_empty() { String::new() } else { format!(" in use: {};", self.users.join("; ")) };
        format!("remove {}?{users}", self.what())
    }

    /// What was done, and what brings it back.
    pub fn done(&self, outcome: &Outcome) -> String {
        let what = self.what();
        let stays = match outcome.attaches {
            0 => String::new(),
            1 => "; its memory stays until its attach has ended".to_owned(),
            attaches => format!("; its memory stays until its {attaches} attaches have ended"),
        };
        let messages = if outcome.without_messages {
            "; its messages stay with the processes that have it open, and are not in the backup"
        } else {
            ""
        };
        match outcome.backup {
            Some(number) => format!("removed {what}{stays}{messages}; `ipcx undo {number}` brings it back"),
            None => format!("removed {what}{stays}; this cannot be undone"),
        }
    }

    /// What cannot be known of a removal that was done, if anything.
    pub fn note(&self, outcome: &Outcome) -> Option<String> {
        (self.unseen > 0 && !outcome.alone).then(|| {
            format!(
                "note: {}: not every process could be looked into ({} not); one that has it open keeps it",
                self.address, self.unseen
            )
        })
    }
}
