//! Put a message into a queue, or bytes into a FIFO or socket.

use super::form::Filled;
use super::{Button, Entry, Form, Line, Next, Press, Tone, data, same_as};
use crate::actions::{Fill, Mark, Medium, Patience, Policy, Sending, Target};
use crate::config::keys::Key;
use crate::tui::jobs::{Deed, Job, Message, Planned};

/// The target, and what is typed.
#[derive(Debug)]
pub struct Send {
    name: String,
    policy: Policy,
    /// What can be sent to, once that was looked for.
    planned: Option<(Sending, Option<Fill>)>,
    /// The fields.
    pub form: Form,
    /// What it says.
    pub lines: Vec<Line>,
}

const DATA: &str = "data";
const FORM: &str = "as";
const TYPE: &str = "type";
const PRIORITY: &str = "priority";

impl Send {
    /// Asks what to send there.
    pub fn new(target: &Target, policy: Policy) -> Self {
        let lines = vec![Line::new(Tone::Dim, "looking…")];
        Self { name: target.name(), policy, planned: None, form: Form::default(), lines }
    }

    /// What it is called.
    pub fn title(&self) -> String {
        format!("Send to {}", self.name)
    }

    /// The buttons that there are now.
    pub fn buttons(&self) -> Vec<Button> {
        let mut all = vec![Button::cancel()];
        if self.message().is_ok() {
            all.push(Button::go("Send", false));
        }
        all
    }

    /// The button under the cursor, if the buttons have the keys.
    pub fn at(&self) -> Option<Press> {
        self.form.button(&self.buttons())
    }

    /// What is to be sent as things are typed, or what is wrong with it.
    fn message(&self) -> Result<(&Sending, Mark, Vec<u8>), &'static str> {
        let Some((sending, _)) = &self.planned else { return Err("") };
        let bytes = data::read(self.form.value(FORM), self.form.raw(DATA))?;
        let mut mark = Mark::default();
        match sending.medium() {
            Medium::SysvQueue => {
                let kind = self.form.value(TYPE).parse().ok().filter(|kind: &i64| *kind >= 1);
                mark.kind = kind.ok_or("a type is a number from 1 up")?;
            }
            Medium::PosixQueue => {
                let priority = self.form.value(PRIORITY).parse().ok().filter(|priority: &u32| *priority < 32768);
                mark.priority = priority.ok_or("a priority is a number from 0 to 32767")?;
            }
            Medium::Fifo | Medium::Socket => {}
        }
        Ok((sending, mark, bytes))
    }

    pub(super) fn key(&mut self, key: Key) -> Next {
        match self.form.key(key, &self.buttons()) {
            Filled::Changed => self.write(),
            Filled::Pressed(press) => return self.press(press),
            Filled::Nothing => {}
        }
        Next::Stays
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.form.paste(text) {
            self.write();
        }
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        match (press, self.message()) {
            (Press::Cancel, _) => Next::Closes,
            (Press::Go, Ok((sending, mark, bytes))) => {
                let deed = Message { sending: sending.clone(), mark, data: bytes, policy: self.policy };
                Next::Does(Job::Do(Box::new(Deed::Send(deed))))
            }
            _ => Next::Stays,
        }
    }

    pub(super) fn take(&mut self, planned: Planned) {
        match planned {
            Planned::Sending(sending, fill) => {
                let mut entries =
                    vec![Entry::text(DATA, "", ""), Entry::Choice { label: FORM, options: data::FORMS, at: 0 }];
                match sending.medium() {
                    Medium::SysvQueue => entries.push(Entry::text(TYPE, "1", "")),
                    Medium::PosixQueue => entries.push(Entry::text(PRIORITY, "0", "")),
                    Medium::Fifo | Medium::Socket => {}
                }
                self.form = Form::new(entries);
                self.planned = Some((sending, fill));
                self.write();
            }
            Planned::Failed(why) => self.lines = vec![Line::new(Tone::Error, why)],
            _ => {}
        }
    }

    /// Writes anew what it says.
    fn write(&mut self) {
        let mut lines = Vec::new();
        match self.message() {
            Ok((sending, mark, bytes)) => {
                lines.push(Line::new(Tone::Plain, sending.question(mark, bytes.len() as u64)));
                let fill = self.planned.as_ref().and_then(|(_, fill)| *fill);
                lines.extend(fill.map(|fill| Line::new(Tone::Dim, format!("it holds {fill}"))));
                lines.push(same_as(&sending.command(mark, Patience::None, &bytes)));
            }
            Err(why) => lines.push(Line::new(Tone::Error, why)),
        }
        self.lines = lines;
    }
}
