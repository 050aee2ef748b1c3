//! What the terminal interface remembers from one run to the next, in `state.toml`. It is a convenience: where it cannot be
//! read or written, nothing is remembered, and nothing is said.

use crate::config::{self, STATE_FILE, State};
use crate::kernel::state_dir::StateDir;
use crate::kernel::users;

/// What was chosen last.
pub(super) fn recall() -> State {
    let directory = config::state_directory(users::own_home).and_then(|path| StateDir::open(&path).ok());
    let text = directory.and_then(|directory| directory.read(STATE_FILE).ok());
    text.map(|text| State::parse(&text)).unwrap_or_default()
}

/// Keeps what was chosen.
pub(super) fn keep(state: &State) {
    let directory = config::state_directory(users::own_home).and_then(|path| StateDir::make(&path).ok());
    if let Some(directory) = directory {
        let _ = directory.write(STATE_FILE, state.to_text().as_bytes());
    }
}
