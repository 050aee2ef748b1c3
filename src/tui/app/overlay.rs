//! What lies above the view and has the keys while it is there: help, the log, a choice of columns, the command line.

use super::export::ExportName;
use super::{App, TraceQuestion};
use crate::config::keys::{BINDINGS, Command, Key};
use crate::tui::dialog::{Dialog, Next};
use crate::tui::field::Field;
use ratatui::crossterm::event::KeyCode;

/// One of them.
#[derive(Debug)]
pub enum Overlay {
    /// What the keys mean.
    Help(Help),
    /// The message log.
    Log(LogPage),
    /// By which column to sort.
    Sort(SortChooser),
    /// A command by name.
    Palette(Palette),
    /// An action is asked about.
    Dialog(Box<Dialog>),
    /// Whether a look that leaves a trace is to be taken.
    Trace(TraceQuestion),
    /// A file to write the rows to.
    Export(ExportName),
}

/// The list of keys.
#[derive(Debug, Default)]
pub struct Help {
    /// Only lines with this text.
    pub search: Field,
    /// The search is being typed.
    pub searching: bool,
    /// First line on the screen.
    pub offset: usize,
}

/// The message log.
#[derive(Debug, Default)]
pub struct LogPage {
    /// Messages below the last line on the screen.
    pub back: usize,
}

/// Columns to sort by.
#[derive(Debug)]
pub struct SortChooser {
    /// Their names.
    pub columns: Vec<&'static str>,
    /// The one the cursor is on.
    pub at: usize,
}

/// A line to type a command into.
#[derive(Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub field: Field,
    /// Place in the history, from the newest; 0 is what is typed now.
    pub back: usize,
}

/// What a key did to an overlay.
enum Done {
    /// It stays.
    Stays,
    /// It closes.
    Closes,
    /// It closes, and the view is sorted by this column.
    Sort(&'static str),
    /// It closes, and the rows are written to this file.
    Export(String),
    /// It closes, and the line is carried out.
    Line(String),
    /// A dialog says what.
    Dialog(Box<Next>),
}

impl Overlay {
    /// Takes pasted text.
    pub(super) fn paste(&mut self, text: &str) {
        match self {
            Self::Palette(palette) => palette.field.paste(text),
            Self::Dialog(dialog) => dialog.paste(text),
            Self::Export(name) => name.field.paste(text),
            Self::Help(help) if help.searching => help.search.paste(text),
            _ => {}
        }
    }
}

impl App {
    pub(super) fn overlay_key(&mut self, key: Key) {
        let command = self.settings.keymap.command(key);
        if command == Some(Command::Suspend) {
            self.run(Command::Suspend);
            return;
        }
        let Some(overlay) = &mut self.overlay else { return };
        let done = match overlay {
            Overlay::Help(help) => help.key(key, command),
            Overlay::Log(page) => page.key(command, self.log.len()),
            Overlay::Sort(chooser) => chooser.key(key, command),
            Overlay::Palette(palette) => palette.key(key),
            Overlay::Dialog(dialog) => Done::Dialog(Box::new(dialog.key(key, command))),
            Overlay::Trace(_) => {
                self.trace_key(key, command);
                return;
            }
            Overlay::Export(name) => match name.key(key) {
                Err(()) => Done::Closes,
                Ok(None) => Done::Stays,
                Ok(Some(path)) => Done::Export(path),
            },
        };
        match done {
            Done::Stays => {}
            Done::Closes => self.overlay = None,
            Done::Sort(column) => {
                self.overlay = None;
                self.sort_by(column);
            }
            Done::Dialog(next) => self.follow(*next),
            Done::Export(path) => {
                self.overlay = None;
                self.export_to(path);
            }
            Done::Line(line) => {
                self.overlay = None;
                self.carry_out(&line);
            }
        }
    }
}

impl Help {
    fn key(&mut self, key: Key, command: Option<Command>) -> Done {
        if self.searching {
            match key.code() {
                KeyCode::Enter => self.searching = false,
                KeyCode::Esc => (self.searching, self.search) = (false, Field::default()),
                _ => drop(self.search.key(key)),
            }
            self.offset = 0;
            return Done::Stays;
        }
        match command {
            Some(Command::Up) => self.offset = self.offset.saturating_sub(1),
            Some(Command::Down) => self.offset += 1,
            Some(Command::PageUp | Command::HalfPageUp) => self.offset = self.offset.saturating_sub(10),
            Some(Command::PageDown | Command::HalfPageDown) => self.offset += 10,
            Some(Command::First) => self.offset = 0,
            Some(Command::Last) => self.offset = usize::MAX,
            Some(Command::Filter) => self.searching = true,
            Some(Command::Back) if !self.search.is_empty() => self.search = Field::default(),
            Some(Command::Back | Command::Quit | Command::Help | Command::Open) => return Done::Closes,
            _ => {}
        }
        Done::Stays
    }
}

impl LogPage {
    fn key(&mut self, command: Option<Command>, messages: usize) -> Done {
        let most = messages.saturating_sub(1);
        let to = |back: usize| back.min(most);
        match command {
            Some(Command::Up) => self.back = to(self.back + 1),
            Some(Command::Down) => self.back = self.back.saturating_sub(1),
            Some(Command::PageUp | Command::HalfPageUp) => self.back = to(self.back + 10),
            Some(Command::PageDown | Command::HalfPageDown) => self.back = self.back.saturating_sub(10),
            Some(Command::First) => self.back = most,
            Some(Command::Last) => self.back = 0,
            Some(Command::Back | Command::Quit | Command::Log | Command::Open) => return Done::Closes,
            _ => {}
        }
        Done::Stays
    }
}

impl SortChooser {
    fn key(&mut self, key: Key, command: Option<Command>) -> Done {
        let last = self.columns.len().saturating_sub(1);
        match (key.code(), command) {
            (KeyCode::Enter, _) => return self.columns.get(self.at).map_or(Done::Closes, |column| Done::Sort(column)),
            (_, Some(Command::Up)) => self.at = self.at.saturating_sub(1),
            (_, Some(Command::Down)) => self.at = (self.at + 1).min(last),
            (_, Some(Command::First)) => self.at = 0,
            (_, Some(Command::Last)) => self.at = last,
            (_, Some(Command::Back | Command::Quit | Command::Sort)) => return Done::Closes,
            _ => {}
        }
        Done::Stays
    }
}

impl Palette {
    fn key(&mut self, key: Key) -> Done {
        match key.code() {
            KeyCode::Esc => Done::Closes,
            KeyCode::Enter => Done::Line(self.field.text().to_owned()),
            KeyCode::Tab => {
                self.complete();
                Done::Stays
            }
            KeyCode::Backspace if self.field.is_empty() => Done::Closes,
            _ => {
                self.field.key(key);
                Done::Stays
            }
        }
    }

    /// Every name that begins with what is typed.
    pub fn candidates(&self) -> Vec<&'static str> {
        let typed = self.field.text();
        let mut names: Vec<_> = BINDINGS.iter().map(|binding| binding.name).collect();
        names.retain(|name| name.starts_with(typed));
        names.sort_unstable();
        names
    }

    /// Completes as far as all candidates agree.
    fn complete(&mut self) {
        let candidates = self.candidates();
        let Some(first) = candidates.first() else { return };
        let common = candidates.iter().fold(first.len(), |length, name| {
            first.bytes().zip(name.bytes()).take(length).take_while(|(a, b)| a == b).count()
        });
        self.field.set(&first[..common]);
    }
}
