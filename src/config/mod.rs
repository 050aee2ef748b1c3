//! What the environment and the configuration file set: colours, backups, and where both are looked for.

mod color;
mod file;
mod places;

pub use color::{ColorChoice, use_color};
pub use file::{Backup, ConfigError, Settings};
pub use places::{config_file, state_directory};
