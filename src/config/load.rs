//! The settings in force: what config.toml and the environment say together, for every name that the program is called by.
//! Where the text comes from is the callers'.

use super::file::{ConfigError, Settings};
use crate::model::escape;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Why there are no settings. One line, fit for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read: why.
    #[error("the settings cannot be read: {0}")]
    Unreadable(String),
    /// It can, and is wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigError),
}

impl Settings {
    /// What a file says, whose text `read` gives; `None` where `read` says that it is not there.
    pub fn load<E: std::fmt::Display>(
        path: &Path,
        read: impl FnOnce(&Path) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Self>, LoadError> {
        let text = read(path).map_err(|error| LoadError::Unreadable(error.to_string()))?;
        let place = escape(path.as_os_str().as_bytes());
        Ok(text.map(|text| Self::parse(&place, &text)).transpose()?)
    }

    /// Whether nothing may be changed: by these settings, or by `IPCX_READ_ONLY`, which may be empty or 0 to mean no.
    pub fn forbid_changes(&self) -> bool {
        self.read_only || std::env::var_os("IPCX_READ_ONLY").is_some_and(|value| !value.is_empty() && value != "0")
    }
}
