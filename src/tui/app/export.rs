//! Taking what is shown along: to the clipboard, or into a file.

use super::{App, Overlay, Severity};
use crate::config::keys::Key;
use crate::model::escape;
use crate::output::{json, osc52};
use crate::tui::effect::Effect;
use crate::tui::field::Field;
use crate::tui::id::Id;
use crate::tui::jobs::Job;
use crate::tui::jobs::export::{Export, fault};
use crate::tui::view::View;
use ratatui::crossterm::event::KeyCode;

/// The name of a file that is being typed.
#[derive(Debug)]
pub struct ExportName {
    /// What is typed.
    pub field: Field,
    /// What is wrong with it.
    pub fault: Option<String>,
}

impl App {
    /// Asks for a file's name.
    pub(super) fn export(&mut self) {
        let rows = self.shown().is_some_and(|answer| !answer.listing.rows.is_empty());
        if !rows || self.trail.last().is_some() {
            self.say_lists("there is no list here to write", View::Problems);
            return;
        }
        let objects = !self.view.kinds().is_empty();
        let field = Field::new(format!("ipcx-{}.{}", self.view.name(), if objects { "json" } else { "csv" }));
        self.overlay = Some(Overlay::Export(ExportName { field, fault: None }));
    }

    /// Starts writing what is listed: all of it, or what is selected.
    pub(super) fn export_to(&mut self, path: String) {
        let Some(answer) = self.shown() else { return };
        let selected = &self.list().selected;
        let all = answer.listing.rows.iter().map(|row| row.id);
        let ids = all.filter(|id| selected.is_empty() || selected.contains(id)).collect();
        let columns = self.settings.columns[self.view.index()].clone();
        let job = Job::Export(Export { picture: self.picture.clone(), view: self.view, ids, columns, path });
        self.effects.push(Effect::Work(Box::new(job)));
    }

    /// Puts what is under the cursor into the terminal's clipboard: an address, or the value of a line of details.
    pub(super) fn copy_value(&mut self) {
        let line = self.trail.last().and_then(|crumb| Some(self.open_now()?.lines.get(crumb.line)?.text.clone()));
        match line.or_else(|| self.list().cursor.and_then(|id| self.address(id))) {
            Some(text) => self.copy(&text),
            None => self.say(Severity::Note, "there is nothing to copy under the cursor"),
        }
    }

    /// The same of all of it, as JSON.
    pub(super) fn copy_json(&mut self) {
        let text = match self.subject() {
            Some(Id::Object(identity)) => self.picture.row(identity).map(|row| json::object_text(&row)),
            _ => None,
        };
        match text {
            Some(text) => self.copy(&text),
            None => self.say(Severity::Note, "there is no object under the cursor to copy"),
        }
    }

    fn copy(&mut self, text: &str) {
        match osc52::sequence(text.as_bytes(), self.settings.clipboard) {
            Some(sequence) => {
                self.effects.push(Effect::Copy(sequence));
                let start: String = text.chars().take(60).collect();
                let more = if start.len() < text.len() { "…" } else { "" };
                let needs = self.settings.clipboard.needs().map(|needs| format!("; {needs}")).unwrap_or_default();
                self.say(Severity::Done, format!("copied {}{more}{needs}", escape(start.as_bytes())));
            }
            None => self.say(Severity::Error, format!("{} bytes are too much for a terminal's clipboard", text.len())),
        }
    }

    /// By what something is named in every command.
    fn address(&self, id: Id) -> Option<String> {
        match id {
            Id::Object(identity) => {
                let row = self.picture.row(identity)?;
                Some(row.snapshot.address(row.place).to_string())
            }
            Id::Process { pid, .. } => Some(format!("pid:{pid}")),
            Id::Limit(name) => Some(name.to_owned()),
            Id::Graph(_) | Id::Item(_) => id.subject().and_then(|id| self.address(id)),
        }
    }
}

impl ExportName {
    /// The name, once it is typed; `None` while it is not. `Err`: no more of it.
    pub(super) fn key(&mut self, key: Key) -> Result<Option<String>, ()> {
        match key.code() {
            KeyCode::Esc => return Err(()),
            KeyCode::Enter => {
                self.fault = fault(self.field.text());
                if self.fault.is_none() {
                    return Ok(Some(self.field.text().to_owned()));
                }
            }
            _ => {
                self.field.key(key);
                self.fault = None;
            }
        }
        Ok(None)
    }
}
