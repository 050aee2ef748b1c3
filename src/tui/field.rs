//! A line of text that is being typed.

use crate::config::keys::Key;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use unicode_width::UnicodeWidthChar;

/// Most bytes that can be typed into one.
const MOST: usize = 64 * 1024;

/// A text, and where in it the next character goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Bytes before the place of typing; between characters.
    at: usize,
}

impl Field {
    /// With this text, at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces all of it.
    pub fn set(&mut self, text: impl Into<String>) {
        *self = Self::new(text);
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes pasted text: a line end is a blank, and nothing in it acts on the terminal.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(if c.is_control() { ' ' } else { c });
        }
    }

    /// Edits as keys do; false for a key that means nothing here.
    pub fn key(&mut self, key: Key) -> bool {
        let control = key.modifiers().contains(KeyModifiers::CONTROL);
        match key.code() {
            KeyCode::Char('u') if control => drop(self.text.drain(..std::mem::take(&mut self.at))),
            KeyCode::Char('k') if control => self.text.truncate(self.at),
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Char('a') if control => self.at = 0,
            KeyCode::Char('e') if control => self.at = self.text.len(),
            KeyCode::Char(c) if !control && !key.modifiers().contains(KeyModifiers::ALT) => self.insert(c),
            KeyCode::Backspace => {
                if let Some(before) = self.before() {
                    self.at = before;
                    self.text.remove(before);
                }
            }
            KeyCode::Delete if self.at < self.text.len() => drop(self.text.remove(self.at)),
            KeyCode::Delete => {}
            KeyCode::Left => self.at = self.before().unwrap_or(0),
            KeyCode::Right => self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    fn insert(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= MOST && !c.is_control() {
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
        }
    }

    fn before(&self) -> Option<usize> {
        self.text[..self.at].char_indices().next_back().map(|(at, _)| at)
    }

    fn delete_word(&mut self) {
        let before = self.text[..self.at].trim_end();
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.text.drain(start..self.at);
        self.at = start;
    }

    /// The part of the text that is to be seen in so many columns, and the column of the place of typing in it.
    pub fn window(&self, width: u16) -> (&str, u16) {
        let width = usize::from(width.max(1));
        let wide = |c: char| c.width().unwrap_or(0);
        // The place of typing needs a column of its own.
        let (mut start, mut used) = (self.at, 0);
        for (at, c) in self.text[..self.at].char_indices().rev() {
            if used + wide(c) >= width {
                break;
            }
            (start, used) = (at, used + wide(c));
        }
        let (mut end, mut all) = (self.at, used);
        for (at, c) in self.text[self.at..].char_indices() {
            if all + wide(c) > width {
                break;
            }
            (end, all) = (self.at + at + c.len_utf8(), all + wide(c));
        }
        (&self.text[start..end], used as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[KeyCode]) -> Field {
        let mut field = Field::default();
        for code in keys {
            field.key(Key::plain(*code));
        }
        field
    }

    fn control(field: &mut Field, c: char) {
        field.key(Key::ctrl(c));
    }

    #[test]
    fn editing() {
        use KeyCode::{Backspace, Char, Delete, End, Home, Left, Right};
        assert_eq!(typed(&[Char('a'), Char('漢'), Backspace, Char('b')]).text(), "ab");
        assert_eq!(typed(&[Char('a'), Char('漢'), Left, Char('b')]).text(), "ab漢");
        assert_eq!(typed(&[Char('漢'), Home, Delete, Delete, Backspace, Left, Right, End]).text(), "");
        let mut field = Field::new("one two  ");
        control(&mut field, 'w');
        assert_eq!(field.text(), "one ");
        control(&mut field, 'u');
        assert!(field.is_empty());
    }

    #[test]
    fn what_is_pasted_does_not_act_on_the_terminal() {
        let mut field = Field::default();
        field.paste("a\x1b[2Jb\nc");
        assert_eq!(field.text(), "a [2Jb c");
    }

    #[test]
    fn the_place_of_typing_is_always_seen() {
        let mut field = Field::new("漢字abcdef");
        assert_eq!(field.window(4), ("def", 3));
        assert_eq!(field.window(1), ("", 0));
        field.key(Key::plain(KeyCode::Home));
        assert_eq!(field.window(4), ("漢字", 0));
        assert_eq!(field.window(5), ("漢字a", 0));
    }
}
