//! Remove one object or many.

use super::{Button, Line, Next, Press, Tone, buttons, counted, same_as, says_no, scrolled};
use crate::actions::{Plan, Policy, Refusal, Removal, Target, command};
use crate::config::keys::{Command, Key};
use crate::tui::jobs::{Deed, Job, Keeping, Planned, Removals};
use ratatui::crossterm::event::KeyCode;

/// The objects, and what is known of their removal.
#[derive(Debug)]
pub struct Remove {
    /// What is to be removed, as it was when the dialog was opened.
    targets: Vec<Target>,
    /// What would become of each, once that was looked for.
    plans: Option<Vec<Plan>>,
    /// How many go, are in use, cannot go.
    counts: [usize; 3],
    policy: Policy,
    keeping: Keeping,
    force: bool,
    bare: bool,
    at: Press,
    /// What it says.
    pub lines: Vec<Line>,
    /// First line on the screen.
    pub offset: usize,
}

/// What would become of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Goes,
    /// Somebody uses it: it goes only by force.
    Used,
    Refused,
}

fn fate(plan: &Plan, policy: Policy) -> Fate {
    match plan.1.as_ref().map(|removal| removal.check(policy)) {
        // That it is not permitted is a forecast: the kernel decides.
        Ok(Ok(()) | Err(Refusal::Permission { .. })) => Fate::Goes,
        Ok(Err(Refusal::InUse { .. })) => Fate::Used,
        Ok(Err(_)) | Err(_) => Fate::Refused,
    }
}

impl Remove {
    /// Asks about these objects.
    pub fn new(targets: Vec<Target>, policy: Policy, keeping: Keeping) -> Self {
        let mut new = Self {
            targets,
            plans: None,
            counts: [0; 3],
            policy,
            keeping,
            force: false,
            bare: false,
            at: Press::Cancel,
            lines: Vec::new(),
            offset: 0,
        };
        new.write();
        new
    }

    /// What it is called.
    pub fn title(&self) -> String {
        match &self.targets[..] {
            [one] => format!("Remove {}", one.name()),
            many => format!("Remove {}", counted(many.len(), "object")),
        }
    }

    /// How many are of this fate.
    const fn count(&self, wanted: Fate) -> usize {
        self.counts[wanted as usize]
    }

    /// How many the button would remove.
    const fn going(&self) -> usize {
        self.count(Fate::Goes) + if self.force { self.count(Fate::Used) } else { 0 }
    }

    /// The buttons that there are now.
    pub fn buttons(&self) -> Vec<Button> {
        let mut all = vec![Button::cancel()];
        let going = self.going();
        if going > 0 {
            let label = if self.targets.len() == 1 { "Remove".to_owned() } else { format!("Remove {going}") };
            all.push(Button::go(label, true));
        }
        if self.count(Fate::Used) > 0 {
            all.push(Button::switch(Press::Force, "force", self.force));
        }
        if self.plans.is_some() && self.count(Fate::Goes) + self.count(Fate::Used) > 0 {
            all.push(Button::switch(Press::Bare, "no backup", self.bare));
        }
        all
    }

    /// The button under the cursor.
    pub fn at(&self) -> Press {
        buttons::at(&self.buttons(), self.at)
    }

    pub(super) fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if let Some(press) = buttons::gone(&self.buttons(), self.at(), key) {
            self.at = press;
        } else if key.code() == KeyCode::Enter || (key.code() == KeyCode::Char(' ') && self.on_switch()) {
            return self.press(self.at());
        } else if let Some(by) = scrolled(key, command) {
            self.offset = self.offset.saturating_add_signed(by);
        } else if says_no(key, command) {
            return Next::Closes;
        }
        Next::Stays
    }

    fn on_switch(&self) -> bool {
        matches!(self.at(), Press::Force | Press::Bare)
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        self.at = press;
        match press {
            Press::Cancel => return Next::Closes,
            Press::Force => self.force = !self.force,
            Press::Bare => self.bare = !self.bare,
            Press::Go if self.going() > 0 => return Next::Does(self.job()),
            Press::Go => {}
        }
        self.write();
        Next::Stays
    }

    /// The removal: of what was in use when it was looked at only where that was confirmed, and of no more.
    fn job(&mut self) -> Job {
        let (mut free, mut used) = (Vec::new(), Vec::new());
        for plan in self.plans.take().unwrap_or_default() {
            match fate(&plan, self.policy) {
                Fate::Goes => free.push(plan.0),
                Fate::Used if self.force => used.push(plan.0),
                Fate::Used | Fate::Refused => {}
            }
        }
        let keeping = (!self.bare).then(|| self.keeping.clone());
        Job::Do(Box::new(Deed::Remove(Removals { free, used, policy: self.policy, keeping })))
    }

    pub(super) fn take(&mut self, planned: Planned) {
        match planned {
            Planned::Removals(plans) => {
                for plan in &plans {
                    self.counts[fate(plan, self.policy) as usize] += 1;
                }
                self.plans = Some(plans);
            }
            Planned::Failed(why) => {
                self.lines = vec![Line::new(Tone::Error, why)];
                return;
            }
            _ => return,
        }
        self.write();
    }

    /// Writes anew what it says: the sum and what will happen first, then each object with those who use it.
    fn write(&mut self) {
        let Some(plans) = &self.plans else {
            let names = self.targets.iter().take(100).map(|target| Line::new(Tone::Plain, target.name()));
            self.lines = [Line::new(
                Tone::Dim,
                if self.targets.len() == 1 { "looking who uses it…" } else { "looking who uses them…" },
            )]
            .into_iter()
            .chain(names)
            .collect();
            return;
        };
        let mut lines = Vec::new();
        let (used, refused) = (self.count(Fate::Used), self.count(Fate::Refused));
        if plans.len() > 1 {
            let mut sum =
                vec![format!("{} {}", counted(self.going(), "object"), if self.going() == 1 { "goes" } else { "go" })];
            if refused > 0 {
                sum.push(format!("{refused} cannot be removed"));
            }
            if used > 0 && !self.force {
                sum.push(format!("{used} in use: kept unless forced"));
            }
            lines.push(Line::new(Tone::Plain, sum.join(", ")));
        } else {
            self.objects(plans, &mut lines);
        }
        if used > 0 {
            lines.push(if self.force {
                Line::new(Tone::Danger, format!("force: {}", harm(plans)))
            } else {
                Line::new(Tone::Plain, "it stays as long as it is in use, unless force is chosen")
            });
        }
        if self.going() > 0 {
            lines.push(if self.bare {
                Line::new(Tone::Danger, "no backup is kept: this cannot be undone")
            } else {
                Line::new(Tone::Plain, "a backup is kept first: undo brings it back")
            });
            let unseen = plans.iter().filter_map(|(_, plan)| plan.as_ref().ok()).map(|plan| plan.unseen).max();
            if let Some(unseen) = unseen.filter(|unseen| *unseen > 0) {
                let text = format!("{} could not be looked into: more may use it", counted(unseen, "process"));
                lines.push(Line::new(Tone::Danger, text));
            }
            let goes = |plan: &&Plan| match fate(plan, self.policy) {
                Fate::Goes => true,
                Fate::Used => self.force,
                Fate::Refused => false,
            };
            let going = plans.iter().filter(goes).filter_map(|(_, plan)| plan.as_ref().ok());
            let policy = Policy { force: self.force && used > 0, ..self.policy };
            lines.push(same_as(&command::remove(going.take(50), policy, !self.bare)));
        }
        if plans.len() > 1 {
            self.objects(plans, &mut lines);
        }
        self.lines = lines;
    }

    fn objects(&self, plans: &[Plan], lines: &mut Vec<Line>) {
        for (_, plan) in plans {
            match plan {
                Ok(removal) => self.object(removal, lines),
                Err(refusal) => lines.push(Line::new(Tone::Error, refusal.to_string())),
            }
        }
    }

    fn object(&self, removal: &Removal, lines: &mut Vec<Line>) {
        lines.push(Line::new(Tone::Plain, removal.what()));
        if self.targets.len() == 1 && removal.users.is_empty() && removal.unseen == 0 {
            lines.push(Line::new(Tone::Dim, "  nobody is seen to use it"));
        }
        lines.extend(removal.users.iter().map(|user| Line::new(Tone::Danger, format!("  in use: {user}"))));
        if let Err(refusal @ Refusal::Permission { .. }) = removal.check(Policy { force: true, ..self.policy }) {
            lines.push(Line::new(Tone::Error, refusal.to_string()));
        }
    }
}

/// What forced removal does to who uses what is in use.
fn harm(plans: &[Plan]) -> String {
    let used = plans.iter().filter(|(_, plan)| plan.as_ref().is_ok_and(|removal| !removal.users.is_empty()));
    let mut harms: Vec<&str> = used.map(|(target, _)| one_harm(target.noun())).collect();
    harms.sort_unstable();
    harms.dedup();
    harms.join("; ")
}

fn one_harm(noun: &str) -> &'static str {
    match noun {
        "message queue" | "semaphore or set" => {
            "whoever waits on it is woken with an error, or keeps what nobody else finds"
        }
        "shared memory segment" => "whoever has it keeps its memory, and nobody else finds it any more",
        _ => "whoever has it open keeps it, and nobody else finds it any more",
    }
}
