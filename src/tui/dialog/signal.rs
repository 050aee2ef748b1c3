//! Send a signal: first which one, with what the process would do with it; then the question.

use super::{Button, Candidate, Line, Next, Press, Tone, buttons, counted, same_as, says_no, scrolled};
use crate::actions::{Delivery, Message, PlannedSignal, Policy, Refusal, command};
use crate::config::keys::{Command, Key};
use crate::model::Signal as Which;
use crate::tui::field::Field;
use crate::tui::jobs::{Deed, Deliveries, Job, Planned, Planning, Reaction};
use ratatui::crossterm::event::KeyCode;

/// The processes, and how far it was asked.
#[derive(Debug)]
pub struct Signal {
    candidates: Vec<Candidate>,
    policy: Policy,
    /// How far it was asked.
    pub step: Step,
    /// First line of the question on the screen.
    pub offset: usize,
    at: Press,
    force: bool,
}

/// How far it was asked.
#[derive(Debug)]
pub enum Step {
    /// Which signal.
    Menu(Menu),
    /// Whether: what it says, and what there is to send; nothing until it was planned.
    Question {
        /// What it says.
        lines: Vec<Line>,
        /// What is sent.
        plans: Vec<PlannedSignal>,
    },
}

/// All signals.
#[derive(Debug, Default)]
pub struct Menu {
    /// What each would do, by number; empty until that was looked for.
    pub all: Vec<Reaction>,
    /// Only those with this in name or number.
    pub search: Field,
    /// The one the cursor is on, among those.
    pub row: usize,
    /// Why there are none.
    pub fault: Option<String>,
}

impl Menu {
    /// Those that match what is typed.
    pub fn shown(&self) -> impl Iterator<Item = &Reaction> {
        let typed = self.search.text().trim().to_ascii_uppercase();
        let number: Option<i32> = typed.parse().ok();
        self.all.iter().filter(move |one| match number {
            Some(number) => one.signal.number == number || one.signal.number.to_string().starts_with(&typed),
            None => one.signal.name.contains(&*typed),
        })
    }

    fn searched(&mut self) {
        // The whole name or number comes before those that only begin with it.
        let typed = self.search.text().trim().to_ascii_uppercase();
        let exact = |signal: &Which| {
            let name = signal.name.trim_start_matches("SIG");
            typed == signal.number.to_string() || typed.trim_start_matches("SIG") == name
        };
        let place = self.shown().position(|one| exact(&one.signal));
        self.row = place.unwrap_or(0);
    }
}

impl Signal {
    /// Asks which signal, and the job that finds out what each would do.
    pub fn new(candidates: Vec<Candidate>, policy: Policy) -> (Self, Job) {
        let receivers = candidates.iter().map(Candidate::receiver).collect();
        let new =
            Self { candidates, policy, step: Step::Menu(Menu::default()), offset: 0, at: Press::Cancel, force: false };
        // The loop fills the number in.
        (new, Job::plan(Planning::Reactions(receivers)))
    }

    /// What it is called.
    pub fn title(&self) -> String {
        match &self.candidates[..] {
            [one] if one.roles.is_empty() => format!("Signal {}", one.name()),
            [one] => format!("Signal {}, {}", one.name(), one.roles),
            many => format!("Signal {} processes", many.len()),
        }
    }

    fn deliveries(&self) -> Vec<Delivery> {
        let Step::Question { plans, .. } = &self.step else { return Vec::new() };
        let policy = Policy { force: self.force, ..self.policy };
        let may = |delivery: &&Delivery| matches!(delivery.check(policy), Ok(()) | Err(Refusal::Permission { .. }));
        plans.iter().filter_map(|planned| planned.plan.as_ref().ok()).filter(may).cloned().collect()
    }

    /// The buttons that there are now.
    pub fn buttons(&self) -> Vec<Button> {
        let Step::Question { plans, .. } = &self.step else { return Vec::new() };
        let mut all = vec![Button::cancel()];
        let ready = self.deliveries();
        if let Some(first) = ready.first() {
            all.push(Button::go(format!("Send {}", first.message.signal.name), true));
        }
        let refused = |delivery: &Delivery| matches!(delivery.check(self.policy), Err(Refusal::Unsafe { .. }));
        if plans.iter().filter_map(|planned| planned.plan.as_ref().ok()).any(refused) {
            all.push(Button::switch(Press::Force, "force", self.force));
        }
        all
    }

    /// The button under the cursor.
    pub fn at(&self) -> Press {
        buttons::at(&self.buttons(), self.at)
    }

    pub(super) fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if let Step::Menu(menu) = &mut self.step {
            let by = match key.code() {
                KeyCode::Enter => return self.choose(),
                KeyCode::Up => -1,
                KeyCode::Down => 1,
                KeyCode::PageUp => -8,
                KeyCode::PageDown => 8,
                _ => {
                    if menu.search.key(key) {
                        menu.searched();
                    }
                    0
                }
            };
            let last = menu.shown().count().saturating_sub(1);
            menu.row = menu.row.saturating_add_signed(by).min(last);
            return Next::Stays;
        }
        if let Some(press) = buttons::gone(&self.buttons(), self.at(), key) {
            self.at = press;
        } else if key.code() == KeyCode::Enter {
            return self.press(self.at());
        } else if key.code() == KeyCode::Char(' ') && self.at() == Press::Force {
            return self.press(Press::Force);
        } else if let Some(by) = scrolled(key, command) {
            self.offset = self.offset.saturating_add_signed(by);
        } else if says_no(key, command) {
            return Next::Closes;
        }
        Next::Stays
    }

    /// Goes on to the question.
    fn choose(&mut self) -> Next {
        let Step::Menu(menu) = &self.step else { return Next::Stays };
        let Some(signal) = menu.shown().nth(menu.row).map(|one| one.signal.clone()) else { return Next::Stays };
        let receivers = self.candidates.iter().map(Candidate::receiver).collect();
        let lines = vec![Line::new(Tone::Dim, "looking what it would do…")];
        (self.step, self.offset, self.at) = (Step::Question { lines, plans: Vec::new() }, 0, Press::Cancel);
        Next::Asks(Job::plan(Planning::Signals { receivers, message: Message { signal, value: None } }))
    }

    pub(super) fn point(&mut self, row: usize) -> Next {
        let Step::Menu(menu) = &mut self.step else { return Next::Stays };
        if menu.row == row {
            return self.choose();
        }
        menu.row = row;
        Next::Stays
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        self.at = press;
        match press {
            Press::Cancel => return Next::Closes,
            Press::Force => {
                self.force = !self.force;
                self.write();
            }
            Press::Go | Press::Bare => {
                let deliveries = self.deliveries();
                if !deliveries.is_empty() {
                    let policy = Policy { force: self.force, ..self.policy };
                    return Next::Does(Job::Do(Box::new(Deed::Signal(Deliveries { deliveries, policy }))));
                }
            }
        }
        Next::Stays
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Step::Menu(menu) = &mut self.step {
            menu.search.paste(text);
            menu.searched();
        }
    }

    pub(super) fn take(&mut self, planned: Planned) {
        match (&mut self.step, planned) {
            (Step::Menu(menu), Planned::Reactions(all)) => {
                menu.row = all.iter().position(|one| one.signal.name == "SIGTERM").unwrap_or(0);
                menu.all = all;
                if !menu.search.is_empty() {
                    menu.searched();
                }
            }
            (Step::Menu(menu), Planned::Failed(why)) => menu.fault = Some(why),
            (Step::Question { plans, .. }, Planned::Signals(planned)) => {
                *plans = planned;
                self.write();
            }
            (Step::Question { lines, .. }, Planned::Failed(why)) => *lines = vec![Line::new(Tone::Error, why)],
            _ => {}
        }
    }

    /// Writes anew what the question says.
    fn write(&mut self) {
        let ready = self.deliveries();
        let policy = Policy { force: self.force, ..self.policy };
        let Step::Question { lines, plans } = &mut self.step else { return };
        lines.clear();
        if plans.len() > 1 {
            lines.push(Line::new(Tone::Plain, format!("{} of {}", ready.len(), counted(plans.len(), "signal"))));
            lines.push(same_as(&command::signal(ready.iter().take(50), policy)));
        }
        for planned in plans.iter() {
            match &planned.plan {
                Ok(delivery) => {
                    lines.push(Line::new(Tone::Plain, delivery.question().trim_end_matches(';')));
                    if let Err(refusal) = delivery.check(policy) {
                        lines.push(Line::new(Tone::Error, refusal.to_string()));
                    }
                }
                Err(refusal) => lines.push(Line::new(Tone::Error, refusal.to_string())),
            }
        }
        if plans.len() == 1 && !ready.is_empty() {
            lines.push(same_as(&command::signal(&ready, policy)));
        }
    }
}
