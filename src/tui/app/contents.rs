//! The contents pane of details: what an object holds, as one look saw it. It does not go on by itself; `p` looks again.
//!
//! The look is a job of the worker. One that would leave a trace asks first ([`Question`]), and begins with "no".

use super::{App, Overlay, Severity};
use crate::actions::Target;
use crate::config::keys::{Command, Key};
use crate::output::contents::Form;
use crate::tui::effect::Effect;
use crate::tui::id::Id;
use crate::tui::jobs::Job;
use crate::tui::jobs::peek::{self, Found, View, WINDOW};
use ratatui::crossterm::event::KeyCode;
use std::ops::Range;
use std::sync::Arc;
use unicode_width::UnicodeWidthChar;

/// What an object holds.
#[derive(Debug)]
pub struct Pane {
    /// Of which object.
    target: Target,
    /// The look goes on as long as this is held: not longer than the pane.
    wanted_by: Arc<()>,
    /// The number of the look that is awaited, or was the last one.
    number: u64,
    /// Where the window of that look begins, bytes.
    wanted: u64,
    /// A look is under way: how far, of how much, where that is known.
    pub looking: Option<(u64, u64)>,
    /// The look that is under way is wanted no more.
    stopped: bool,
    /// What the last look saw.
    pub seen: Option<View>,
    /// Why the last look saw nothing.
    pub fault: Option<String>,
    /// Text where it is text, or all of it in hexadecimal.
    pub form: Form,
    /// The first row on the screen.
    pub offset: usize,
    /// The first column on the screen, in hexadecimal.
    pub column: usize,
    /// The lines as they are folded: which line, and which bytes of it.
    rows: Vec<(usize, Range<usize>)>,
    /// Traces that the person has agreed to.
    agreed: Vec<String>,
    /// Where in what comes the pane begins.
    land: Land,
    /// The details below were opened for it alone, and go with it.
    alone: bool,
}

/// Where a new look is begun to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Land {
    /// Where the last one was read.
    Same,
    /// At its first row.
    Start,
    /// At its last row.
    End,
}

/// Whether a look that leaves a trace is to be taken.
#[derive(Debug)]
pub struct Question {
    /// The traces, a sentence each.
    pub traces: Vec<String>,
    /// The button that the cursor is on is "look".
    pub yes: bool,
    number: u64,
}

impl Pane {
    fn new(target: Target) -> Self {
        Self {
            target,
            wanted_by: Arc::default(),
            number: 0,
            wanted: 0,
            looking: None,
            stopped: false,
            seen: None,
            fault: None,
            form: Form::Auto,
            offset: 0,
            column: 0,
            rows: Vec::new(),
            agreed: Vec::new(),
            land: Land::Start,
            alone: false,
        }
    }

    fn lines(&self) -> &[String] {
        let seen = self.seen.as_ref();
        seen.map_or(&[], |seen| if self.form == Form::Hex { &seen.hex } else { &seen.text })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text of a row.
    pub fn row(&self, at: usize) -> &str {
        let Some((line, part)) = self.rows.get(at) else { return "" };
        self.lines().get(*line).and_then(|line| line.get(part.clone())).unwrap_or_default()
    }

    /// Folds the lines to so many columns. Hexadecimal stays as it is, so that bytes stand below bytes.
    fn fold(&mut self, width: usize) {
        let width = if self.form == Form::Hex { usize::MAX } else { width.max(2) };
        let mut rows = Vec::new();
        for (at, line) in self.lines().iter().enumerate() {
            let (mut start, mut used) = (0, 0);
            for (place, c) in line.char_indices() {
                let wide = c.width().unwrap_or(0);
                if used + wide > width {
                    rows.push((at, start..place));
                    (start, used) = (place, 0);
                }
                used += wide;
            }
            rows.push((at, start..line.len()));
        }
        self.rows = rows;
    }

    /// The offset of the neighbouring window, if the segment goes on there.
    fn next_window(&self, forward: bool) -> Option<u64> {
        let window = self.seen.as_ref()?.window?;
        let next = window.offset + window.length;
        if forward {
            Some(next).filter(|next| *next < window.size)
        } else {
            (window.offset > 0).then(|| window.offset.saturating_sub(WINDOW))
        }
    }
}

impl App {
    /// Opens the contents of what the cursor is on, or looks at them again.
    pub(super) fn peek(&mut self) {
        if self.pane_mut().is_some() {
            return self.look_again();
        }
        let Some(id) = self.subject() else { return };
        // Of a process, what the cursor's line names.
        let id = match id {
            Id::Object(_) => id,
            _ => self.linked().filter(|link| matches!(link, Id::Object(_))).unwrap_or(id),
        };
        let Id::Object(identity) = id else {
            self.say(Severity::Note, "only objects have contents: put the cursor on one");
            return;
        };
        let Some(target) = self.picture.row(identity).map(|row| Target::object(row.snapshot, row.place)) else {
            self.say(Severity::Error, "it has vanished: there is nothing to look at");
            return;
        };
        let alone = self.trail.last().is_none_or(|crumb| crumb.id != id);
        if alone {
            self.open_details(id);
        }
        if let Some(crumb) = self.trail.last_mut() {
            crumb.pane = Some(Box::new(Pane { alone, ..Pane::new(target) }));
        }
        self.look(0, Land::Start);
    }

    /// The contents that are open on top.
    pub fn pane(&self) -> Option<&Pane> {
        self.trail.last().and_then(|crumb| crumb.pane.as_deref())
    }

    fn pane_mut(&mut self) -> Option<&mut Pane> {
        self.trail.last_mut().and_then(|crumb| crumb.pane.as_deref_mut())
    }

    fn look_again(&mut self) {
        let window = self.pane().and_then(|pane| pane.seen.as_ref()?.window);
        self.look(window.map_or(0, |window| window.offset), Land::Same);
    }

    /// Has a look taken, of shared memory at the window that begins at `offset`.
    fn look(&mut self, offset: u64, land: Land) {
        let policy = self.settings.policy;
        self.peeks += 1;
        let number = self.peeks;
        let Some(pane) = self.pane_mut().filter(|pane| pane.looking.is_none()) else { return };
        (pane.number, pane.wanted, pane.looking, pane.land) = (number, offset, Some((0, 0)), land);
        (pane.wanted_by, pane.stopped) = (Arc::default(), false);
        let (target, agreed, wanted) = (pane.target.clone(), pane.agreed.clone(), Arc::downgrade(&pane.wanted_by));
        let job = peek::Job { number, target, offset, agreed, policy, wanted };
        self.effects.push(Effect::Work(Box::new(Job::Peek(job))));
    }

    /// Takes in what a look found, if anybody still waits for it.
    pub(super) fn peeked(&mut self, number: u64, found: Found) {
        let width = usize::from(self.area.0);
        let height = self.painted.page.max(1);
        // Other details may lie above those whose contents these are.
        let covered = self.overlay.is_some() || self.pane().is_none_or(|pane| pane.number != number);
        let Some(pane) = self.trail.panes().find(|pane| pane.number == number) else { return };
        match found {
            Found::Progress(done, total) => pane.looking = Some((done, total)),
            Found::Asks(traces) => {
                pane.looking = None;
                if covered {
                    // What is open has the keys, and a question that takes its place would get its answer.
                    pane.fault = Some("the look would leave a trace, and asks first: look again".to_owned());
                    return;
                }
                self.overlay = Some(Overlay::Trace(Question { traces, yes: false, number }));
            }
            Found::Refused(why) => {
                pane.looking = None;
                pane.fault = Some(why.clone());
                self.say(Severity::Error, why);
            }
            Found::Seen(seen) => {
                let failures = seen.failures.clone();
                (pane.looking, pane.fault, pane.seen) = (None, None, Some(*seen));
                pane.fold(width);
                let last = pane.len().saturating_sub(height);
                pane.offset = match pane.land {
                    Land::Same => pane.offset.min(last),
                    Land::Start => 0,
                    Land::End => last,
                };
                for failure in failures {
                    self.say(Severity::Error, failure);
                }
            }
        }
    }

    /// Carries out what means something else while contents are shown; false for all other commands.
    pub(super) fn in_contents(&mut self, command: Command) -> bool {
        let lines = self.painted.page.max(1) as isize;
        let Some(pane) = self.pane_mut() else { return false };
        match command {
            Command::Up => self.scroll(-1),
            Command::Down => self.scroll(1),
            Command::PageUp => self.scroll(-lines),
            Command::PageDown => self.scroll(lines),
            Command::HalfPageUp => self.scroll(-(lines / 2).max(1)),
            Command::HalfPageDown => self.scroll((lines / 2).max(1)),
            Command::First => self.go_to_end(false),
            Command::Last => self.go_to_end(true),
            Command::Left => pane.column = pane.column.saturating_sub(8),
            Command::Right => pane.column = (pane.column + 8).min(72),
            Command::Form => self.turn_form(),
            Command::Refresh => self.look_again(),
            Command::Back | Command::Quit if pane.looking.is_some() => self.stop_looking(),
            Command::Back | Command::Quit => self.close_contents(),
            // The lines that could be opened are not to be seen.
            Command::Open => {}
            _ => return false,
        }
        true
    }

    /// Scrolls by so many rows; beyond the ends of a window into the next one.
    pub(super) fn scroll(&mut self, by: isize) {
        let height = self.painted.page.max(1);
        let Some(pane) = self.pane_mut() else { return };
        let last = pane.len().saturating_sub(height);
        let to = pane.offset.saturating_add_signed(by).min(last);
        if to != pane.offset {
            pane.offset = to;
        } else if let Some(offset) = pane.next_window(by > 0) {
            self.look(offset, if by > 0 { Land::Start } else { Land::End });
        }
    }

    fn go_to_end(&mut self, end: bool) {
        let height = self.painted.page.max(1);
        let Some(pane) = self.pane_mut() else { return };
        let window = pane.seen.as_ref().and_then(|seen| seen.window);
        match window {
            Some(window) if end && window.offset + window.length < window.size => self.look(u64::MAX, Land::End),
            Some(window) if !end && window.offset > 0 => self.look(0, Land::Start),
            _ => pane.offset = if end { pane.len().saturating_sub(height) } else { 0 },
        }
    }

    fn turn_form(&mut self) {
        let width = usize::from(self.area.0);
        let Some(pane) = self.pane_mut() else { return };
        pane.form = if pane.form == Form::Hex { Form::Auto } else { Form::Hex };
        let before = pane.len().max(1);
        pane.fold(width);
        // About where it was read: the same bytes take another number of rows.
        (pane.offset, pane.column) = (pane.offset * pane.len() / before, 0);
    }

    /// The terminal has another width.
    pub(super) fn refold(&mut self) {
        let width = usize::from(self.area.0);
        if let Some(pane) = self.pane_mut() {
            pane.fold(width);
        }
    }

    fn stop_looking(&mut self) {
        let Some(pane) = self.pane_mut() else { return };
        // What the worker does for others goes on. What was copied so far still comes; who does not want to wait for it
        // presses once more.
        pane.wanted_by = Arc::default();
        let stopped = std::mem::replace(&mut pane.stopped, true);
        if stopped || pane.seen.is_none() && pane.looking == Some((0, 0)) {
            self.close_contents();
        }
    }

    fn close_contents(&mut self) {
        let pane = self.trail.last_mut().and_then(|crumb| crumb.pane.take());
        if pane.is_some_and(|pane| pane.alone) {
            self.back();
        }
    }

    /// The key that the question about a trace got.
    pub(super) fn trace_key(&mut self, key: Key, command: Option<Command>) {
        let Some(Overlay::Trace(question)) = &mut self.overlay else { return };
        match (key.code(), command) {
            (KeyCode::Char('y'), _) => self.answer_trace(true),
            (KeyCode::Char('n'), _) | (_, Some(Command::Back | Command::Quit)) => self.answer_trace(false),
            (KeyCode::Enter, _) => {
                let yes = question.yes;
                self.answer_trace(yes);
            }
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Left | KeyCode::Right, _)
            | (_, Some(Command::Left | Command::Right)) => question.yes = !question.yes,
            _ => {}
        }
    }

    /// What the person wants: the look with its traces, or none.
    pub(super) fn answer_trace(&mut self, yes: bool) {
        let Some(Overlay::Trace(question)) = self.overlay.take() else { return };
        let Some(pane) = self.pane_mut().filter(|pane| pane.number == question.number) else { return };
        if yes {
            pane.agreed = question.traces;
            let (wanted, land) = (pane.wanted, pane.land);
            self.look(wanted, land);
        } else if pane.seen.is_none() {
            self.say(Severity::Note, "it was not looked at: nothing was left behind");
            self.close_contents();
        }
    }
}
