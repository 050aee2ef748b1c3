//! Where ipcx looks for its settings and keeps its backups (XDG Base Directory Specification).

use std::path::{Path, PathBuf};

/// `config.toml`; `None` where neither `XDG_CONFIG_HOME` nor a home directory is known. `home` is asked where `HOME` is not
/// set.
pub fn config_file(home: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config", home).map(|base| base.join("ipcx/config.toml"))
}

/// The directory of what outlives a run; likewise.
pub fn state_directory(home: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", home).map(|base| base.join("ipcx"))
}

/// A relative path in such a variable is to be ignored, says the specification.
fn base(variable: &str, usual: &str, home: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| Path::is_absolute(path));
    absolute(variable).or_else(|| absolute("HOME").or_else(home).map(|home| home.join(usual)))
}
