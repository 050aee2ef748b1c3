//! Where backups are kept and how many, for the commands that make or use them; and the word about removals that were
//! killed on their way.

use super::exit::complain;
use crate::actions::backup::{self, Settings, Store};
use crate::config;
use crate::kernel::users;
use anyhow::Context;
use std::path::PathBuf;

/// Where backups are kept, and how many.
pub(super) fn place(limits: config::Backup) -> anyhow::Result<(PathBuf, Settings)> {
    Ok((directory()?, settings(limits)))
}

/// Opens the store, and makes it if it is not there.
pub(super) fn open(limits: config::Backup) -> anyhow::Result<Store> {
    let (path, settings) = place(limits)?;
    Ok(Store::open(&path, settings)?)
}

/// Opens the store if there is one.
pub(super) fn look(limits: config::Backup) -> anyhow::Result<Option<Store>> {
    let (path, settings) = place(limits)?;
    Ok(Store::look(&path, settings)?)
}

fn directory() -> anyhow::Result<PathBuf> {
    let state = config::state_directory(users::own_home);
    Ok(state.context("there is no place for backups: set XDG_STATE_HOME or HOME")?.join("backups"))
}

const fn settings(config::Backup { max_size, keep, total }: config::Backup) -> Settings {
    Settings { max_size, keep, total }
}

/// Says on stderr what removals that were killed have left changed. Where nothing was ever removed that costs one look for
/// a directory.
pub(super) fn tell_interrupted() {
    let store = directory().ok().and_then(|path| Store::look(&path, Settings::default()).ok().flatten());
    for one in store.and_then(|store| backup::interrupted(&store).ok()).into_iter().flatten() {
        complain(&format_args!(
            "note: a removal of {} was interrupted: {}; `ipcx undo --thaw` gives it back what it had, `ipcx rm {0}` \
             removes it",
            one.address, one.effect
        ));
    }
}
