//! The settings in force: which config.toml is read, and when. What only looks does without it, and so is not stopped by a
//! mistake in it; what acts must know whether it may, and does nothing if the file cannot be read.

use super::exit::Usage;
use crate::config::{self, Settings};
use crate::kernel::{file, users};
use crate::model::escape;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The file that is read: the one asked for with `--config`, or the usual one. `None` where no home is known.
pub(super) fn place(asked: Option<&Path>) -> Option<PathBuf> {
    asked.map(Path::to_owned).or_else(|| config::config_file(users::own_home))
}

/// What the file says. The usual one need not be there, one that was asked for must. Errors: exit 2, naming place and line.
pub(super) fn load(asked: Option<&Path>) -> anyhow::Result<Settings> {
    Ok(read(asked)?.unwrap_or_default())
}

/// The same; `None` where the usual one is not there.
pub(super) fn read(asked: Option<&Path>) -> anyhow::Result<Option<Settings>> {
    let Some(path) = place(asked) else { return Ok(None) };
    let settings = match asked {
        Some(_) => Settings::load(&path, |path| file::read_named(path).map(Some)),
        None => Settings::load(&path, file::read_own),
    };
    settings.map_err(Usage::error)
}

/// A path as messages have it.
pub(super) fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_bytes()).into_owned()
}
