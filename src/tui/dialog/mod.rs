//! Dialogs: what is asked before anything is changed. Each holds what it is about from the moment it was opened, by
//! identity; nothing that comes later, no look, no order of rows, no moved cursor, changes that.
//!
//! One file for each action: its state, and what keys do to it. Pure: plans come from jobs and are handed in by
//! [`Dialog::take`].

mod buttons;
mod create;
mod data;
mod form;
mod holders;
mod remove;
mod send;
mod signal;
mod undo;

pub use buttons::{Button, Press};
pub use create::{Create, NewKind};
pub use form::{Entry, Form};
pub use holders::{Candidate, Holders};
pub use remove::Remove;
pub use send::Send;
pub use signal::{Menu, Signal, Step};
pub use undo::Undo;

use super::jobs::{Job, Planned};
use crate::config::keys::{Command, Key};
use ratatui::crossterm::event::KeyCode;

/// A dialog that is open.
#[derive(Debug)]
pub struct Dialog {
    /// Plans that were asked for by another dialog come with another number, and are not for this one.
    pub ticket: u64,
    /// What it is for.
    pub page: Page,
}

/// What a dialog is for.
#[derive(Debug)]
pub enum Page {
    /// Remove objects.
    Remove(Remove),
    /// Bring back what was removed.
    Undo(Undo),
    /// Choose whom to signal.
    Holders(Holders),
    /// Send a signal.
    Signal(Signal),
    /// Put something in.
    Send(Send),
    /// Make an object.
    Create(Create),
}

/// What a key did to a dialog.
#[derive(Debug)]
pub enum Next {
    /// It stays.
    Stays,
    /// It closes, and nothing is done.
    Closes,
    /// It stays, and waits for what this finds out.
    Asks(Job),
    /// It closes, and this is done.
    Does(Job),
    /// Another takes its place, and waits for what this finds out.
    Turns(Box<Page>, Job),
}

/// How a line of a dialog is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It tells what it is about.
    Plain,
    /// It matters less.
    Dim,
    /// It names somebody or something that would be harmed.
    Danger,
    /// It says why something is not done.
    Error,
    /// A command line.
    Command,
}

/// A line of text of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// What it says, escaped.
    pub text: String,
}

impl Line {
    /// A line.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// `1 object`, `2 objects`, `2 processes`.
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if noun.ends_with('s') { "es" } else { "s" };
    format!("{number} {noun}{}", if number == 1 { "" } else { plural })
}

/// A command line that is shown: of thousands of words, the first ones.
fn same_as(command: &str) -> Line {
    const LONGEST: usize = 400;
    let text = match command.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("same as: {} …", &command[..end]),
        None => format!("same as: {command}"),
    };
    Line::new(Tone::Command, text)
}

/// Lines that a key scrolls by; `None` for other keys.
fn scrolled(key: Key, command: Option<Command>) -> Option<isize> {
    Some(match (key.code(), command) {
        (KeyCode::Up, _) | (_, Some(Command::Up)) => -1,
        (KeyCode::Down, _) | (_, Some(Command::Down)) => 1,
        (_, Some(Command::PageUp | Command::HalfPageUp)) => -8,
        (_, Some(Command::PageDown | Command::HalfPageDown)) => 8,
        (_, Some(Command::First)) => isize::MIN,
        (_, Some(Command::Last)) => isize::MAX,
        _ => return None,
    })
}

/// Whether a key says no where nothing is typed.
fn says_no(key: Key, command: Option<Command>) -> bool {
    matches!(key.code(), KeyCode::Esc | KeyCode::Char('n' | 'q'))
        || matches!(command, Some(Command::Quit | Command::Back))
}

impl Dialog {
    /// Takes a key.
    pub fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if key.code() == KeyCode::Esc {
            return Next::Closes;
        }
        match &mut self.page {
            Page::Remove(page) => page.key(key, command),
            Page::Undo(page) => page.key(key, command),
            Page::Holders(page) => page.key(key, command),
            Page::Signal(page) => page.key(key, command),
            Page::Send(page) => page.key(key),
            Page::Create(page) => page.key(key, command),
        }
    }

    /// Takes pasted text into the field that is typed into.
    pub fn paste(&mut self, text: &str) {
        match &mut self.page {
            Page::Signal(page) => page.paste(text),
            Page::Send(page) => page.paste(text),
            Page::Create(page) => page.paste(text),
            Page::Remove(_) | Page::Undo(_) | Page::Holders(_) => {}
        }
    }

    /// The mouse pressed a button.
    pub fn press(&mut self, press: Press) -> Next {
        match &mut self.page {
            Page::Remove(page) => page.press(press),
            Page::Undo(page) => page.press(press),
            Page::Holders(page) => page.press(press),
            Page::Signal(page) => page.press(press),
            Page::Send(page) => page.press(press),
            Page::Create(page) => page.press(press),
        }
    }

    /// The mouse pressed a row of its list, or a field, by number from the top.
    pub fn point(&mut self, row: usize) -> Next {
        match &mut self.page {
            Page::Undo(page) => page.point(row),
            Page::Holders(page) => page.point(row),
            Page::Signal(page) => page.point(row),
            Page::Send(page) => page.form.point(row),
            Page::Create(page) => page.point(row),
            Page::Remove(_) => Next::Stays,
        }
    }

    /// Takes in what a job found out for the dialog of this number.
    pub fn take(&mut self, ticket: u64, planned: Planned) {
        if ticket != self.ticket {
            return;
        }
        match (&mut self.page, planned) {
            (Page::Remove(page), planned) => page.take(planned),
            (Page::Undo(page), planned) => page.take(planned),
            (Page::Signal(page), planned) => page.take(planned),
            (Page::Send(page), planned) => page.take(planned),
            (Page::Holders(_) | Page::Create(_), _) => {}
        }
    }

    /// Is told how far it can be scrolled.
    pub fn settle(&mut self, end: usize) {
        match &mut self.page {
            Page::Remove(page) => page.offset = page.offset.min(end),
            Page::Signal(page) => page.offset = page.offset.min(end),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test may fail loudly")]
mod tests;
