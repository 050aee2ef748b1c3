//! The buttons of a dialog. It starts on Cancel, and nothing is done but by the button that does it.

use crate::config::keys::Key;
use ratatui::crossterm::event::KeyCode;

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Press {
    /// Closes the dialog.
    #[default]
    Cancel,
    /// Does what the dialog is for.
    Go,
    /// Also what would be refused for somebody's sake, or not.
    Force,
    /// Without a backup, or with one.
    Bare,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What it does.
    pub press: Press,
    /// What is written on it.
    pub label: String,
    /// It destroys.
    pub danger: bool,
    /// It is on or off, and nothing is done by it alone.
    pub on: Option<bool>,
}

impl Button {
    /// The way out.
    pub fn cancel() -> Self {
        Self { press: Press::Cancel, label: "Cancel".to_owned(), danger: false, on: None }
    }

    /// The one that does it.
    pub fn go(label: impl Into<String>, danger: bool) -> Self {
        Self { press: Press::Go, label: label.into(), danger, on: None }
    }

    /// One that is on or off.
    pub fn switch(press: Press, label: &str, on: bool) -> Self {
        Self { press, label: label.to_owned(), danger: on, on: Some(on) }
    }
}

/// The button under the cursor, of those that there are: Cancel if it is not among them.
pub(super) fn at(buttons: &[Button], press: Press) -> Press {
    if buttons.iter().any(|button| button.press == press) { press } else { Press::Cancel }
}

/// The button that a key goes to; `None` for a key that goes to none.
pub(super) fn gone(buttons: &[Button], press: Press, key: Key) -> Option<Press> {
    let by: isize = match key.code() {
        KeyCode::Tab | KeyCode::Right | KeyCode::Char('l') => 1,
        KeyCode::BackTab | KeyCode::Left | KeyCode::Char('h') => -1,
        _ => return None,
    };
    let place = buttons.iter().position(|button| button.press == press).unwrap_or(0);
    let next = (place as isize + by).rem_euclid(buttons.len().max(1) as isize) as usize;
    buttons.get(next).map(|button| button.press)
}
