//! Fields that are filled in, one below the other, with the buttons behind the last. Enter goes on to the next, so that it
//! takes a way over the buttons, which begin with Cancel, until something is done.

use super::{Button, Next, Press, buttons};
use crate::config::keys::Key;
use crate::tui::field::Field;
use ratatui::crossterm::event::KeyCode;

/// A field.
#[derive(Debug)]
pub enum Entry {
    /// Text that is typed.
    Text {
        /// What it is.
        label: &'static str,
        /// What is typed.
        field: Field,
        /// What counts where nothing is typed, or how it is written.
        hint: &'static str,
    },
    /// One of several words.
    Choice {
        /// What it is.
        label: &'static str,
        /// The words.
        options: &'static [&'static str],
        /// Which one.
        at: usize,
    },
}

impl Entry {
    /// A field with this text.
    pub fn text(label: &'static str, text: impl Into<String>, hint: &'static str) -> Self {
        Self::Text { label, field: Field::new(text), hint }
    }

    /// What it is.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Text { label, .. } | Self::Choice { label, .. } => label,
        }
    }
}

/// All fields, and where the keys go.
#[derive(Debug, Default)]
pub struct Form {
    /// The fields.
    pub entries: Vec<Entry>,
    /// The one that has the keys; behind the last, the buttons have them.
    pub at: usize,
    /// The button that has them then.
    pub press: Press,
}

/// What a key did to a form.
pub(super) enum Filled {
    /// Something has another value.
    Changed,
    /// This button was pressed.
    Pressed(Press),
    /// Nothing that matters.
    Nothing,
}

impl Form {
    /// With these fields; the first has the keys.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries, at: 0, press: Press::Cancel }
    }

    /// The text of a field, without blanks around it; empty where there is none of this label.
    pub fn value(&self, label: &str) -> &str {
        self.raw(label).trim()
    }

    /// The text of a field as it was typed.
    pub fn raw(&self, label: &str) -> &str {
        let found = self.entries.iter().find(|entry| entry.label() == label);
        match found {
            Some(Entry::Text { field, .. }) => field.text(),
            Some(Entry::Choice { options, at, .. }) => options.get(*at).copied().unwrap_or_default(),
            None => "",
        }
    }

    /// The button under the cursor, if the buttons have the keys.
    pub fn button(&self, all: &[Button]) -> Option<Press> {
        (self.at >= self.entries.len()).then(|| buttons::at(all, self.press))
    }

    pub(super) fn key(&mut self, key: Key, all: &[Button]) -> Filled {
        let Some(entry) = self.entries.get_mut(self.at) else { return self.button_key(key, all) };
        match key.code() {
            KeyCode::Tab | KeyCode::Down | KeyCode::Enter => self.go_on(),
            KeyCode::BackTab | KeyCode::Up => self.go_back(),
            code => return edit(entry, key, code),
        }
        Filled::Nothing
    }

    fn button_key(&mut self, key: Key, all: &[Button]) -> Filled {
        let at = buttons::at(all, self.press);
        let first = all.first().is_some_and(|button| button.press == at);
        let last = all.last().is_some_and(|button| button.press == at);
        match key.code() {
            KeyCode::Enter => return Filled::Pressed(at),
            KeyCode::Up => self.go_back(),
            KeyCode::BackTab if first => self.go_back(),
            KeyCode::Tab if last => self.at = 0,
            KeyCode::Char('q' | 'n') => return Filled::Pressed(Press::Cancel),
            _ => self.press = buttons::gone(all, at, key).unwrap_or(at),
        }
        Filled::Nothing
    }

    fn go_on(&mut self) {
        self.at += 1;
        self.press = Press::Cancel;
    }

    fn go_back(&mut self) {
        self.at = self.at.checked_sub(1).unwrap_or(self.entries.len());
        self.press = Press::Cancel;
    }

    pub(super) fn paste(&mut self, text: &str) -> bool {
        let Some(Entry::Text { field, .. }) = self.entries.get_mut(self.at) else { return false };
        field.paste(text);
        true
    }

    pub(super) fn point(&mut self, row: usize) -> Next {
        if row < self.entries.len() {
            self.at = row;
        }
        Next::Stays
    }
}

fn edit(entry: &mut Entry, key: Key, code: KeyCode) -> Filled {
    match entry {
        Entry::Text { field, .. } => {
            field.key(key);
        }
        Entry::Choice { options, at, .. } => {
            let by: isize = match code {
                KeyCode::Char(' ') | KeyCode::Right => 1,
                KeyCode::Left => -1,
                _ => return Filled::Nothing,
            };
            *at = (*at as isize + by).rem_euclid(options.len().max(1) as isize) as usize;
        }
    }
    Filled::Changed
}
