//! What the environment and the configuration file set: colours and themes, keys, backups, and where both are looked for.

mod color;
mod file;
pub mod keys;
mod locale;
mod places;
pub mod theme;

pub use color::{ColorChoice, use_color};
pub use file::{Backup, ConfigError, Settings};
pub use locale::is_utf8;
pub use places::{config_file, state_directory};
