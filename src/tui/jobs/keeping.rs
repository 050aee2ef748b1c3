//! Where backups are kept.

use super::Teller;
use crate::actions::backup::{Settings, Store, interrupted};
use crate::tui::app::Severity;
use std::path::PathBuf;

/// The directory of the backups, if there is a place for one, and how much may be in it.
#[derive(Debug, Clone, Default)]
pub struct Keeping(pub Option<(PathBuf, Settings)>);

impl Keeping {
    /// Opens it, and makes it if it is not there. Errors: in words.
    pub(super) fn open(&self) -> Result<Store, String> {
        match &self.0 {
            None => Err("there is no place for backups: set XDG_STATE_HOME or HOME".to_owned()),
            Some((path, settings)) => Store::open(path, *settings).map_err(|error| error.to_string()),
        }
    }

    /// Opens it if it is there. Errors: in words.
    pub(super) fn look(&self) -> Result<Option<Store>, String> {
        let Some((path, settings)) = &self.0 else { return Ok(None) };
        Store::look(path, *settings).map_err(|error| error.to_string())
    }

    /// Tells what removals that were killed have left changed. Where it cannot be looked for there is nothing to tell.
    pub(super) fn tell_interrupted(&self, teller: &Teller) {
        let store = self.look().ok().flatten();
        for one in store.and_then(|store| interrupted(&store).ok()).into_iter().flatten() {
            let text = format!(
                "a removal of {} was interrupted: {}; `ipcx undo --thaw` gives it back what it had, `ipcx rm {0}` \
                 removes it",
                one.address, one.effect
            );
            teller.say(Severity::Error, text);
        }
    }
}
