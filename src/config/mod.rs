//! What the environment, the configuration file and the last run set: colours and themes, keys, columns, backups, and
//! where the files are looked for. Reading and writing them is the callers'.

mod color;
mod file;
pub mod keys;
mod load;
mod locale;
mod places;
mod state;
pub mod theme;
mod values;

pub use color::{ColorChoice, use_color};
pub use file::{Backup, Columns, ConfigError, Settings, TEMPLATE};
pub use load::LoadError;
pub use locale::is_utf8;
pub use places::{config_file, state_directory};
pub use state::{STATE_FILE, State};
pub use values::{LONGEST_INTERVAL, NoInterval, SHORTEST_INTERVAL, parse_interval};
