//! The state of the interface, and the one function that changes it: [`App::update`]. It is pure: it asks for what is to be
//! done and does nothing itself, so that it can be tested without a terminal and never keeps a key waiting.

mod acting;
mod commands;
mod contents;
#[cfg(test)]
mod details_tests;
mod export;
mod goals;
mod jump;
mod list;
mod log;
mod mouse;
#[cfg(test)]
mod order_tests;
mod overlay;
mod trail;
mod unseen;
#[cfg(test)]
mod views_tests;

pub use contents::{Pane, Question as TraceQuestion};
pub use export::ExportName;
pub use list::List;
pub use log::{Entry, Log, Severity};
pub use overlay::{Help, LogPage, Overlay, Palette, SortChooser};
pub use trail::{Crumb, Trail};

use super::draw::Painted;
use super::effect::Effect;
use super::event::{Ending, Event};
use super::id::Id;
use super::look::{Depth, Look, Picture};
use super::present::{Answer, Details, HelpKeys, Question};
use super::view::View;
use crate::actions::{Policy, backup};
use crate::config::State;
use crate::config::keys::{Command, Key, Keymap};
use crate::config::theme::{Theme, ThemeName};
use crate::model::{Address, Time};
use crate::output::osc52::Wrap;
use crate::query::columns::Column;
use ratatui::crossterm::event::KeyCode;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the interface is started with.
#[derive(Debug)]
pub struct Settings {
    /// What keys mean.
    pub keymap: Keymap,
    /// The colours.
    pub theme: ThemeName,
    /// No characters but ASCII.
    pub ascii: bool,
    /// How often to look.
    pub interval: Duration,
    /// Columns of each view's table, by [`View::index`].
    pub columns: [Vec<&'static Column>; View::ALL.len()],
    /// What may be done.
    pub policy: Policy,
    /// Which view comes first.
    pub view: View,
    /// Where backups of what is removed are kept, and how many; `None` where there is no place.
    pub store: Option<(PathBuf, backup::Settings)>,
    /// How the clipboard is reached through what lies between this program and the terminal.
    pub clipboard: Wrap,
    /// What was chosen in earlier runs.
    pub remembered: State,
}

#[cfg(test)]
impl Settings {
    /// As without a file and without options, in the theme whose styles tell most apart.
    pub(crate) fn for_tests(view: View) -> Self {
        Self {
            keymap: Keymap::default(),
            theme: ThemeName::Mono,
            ascii: false,
            interval: Duration::from_secs(2),
            columns: View::ALL.map(|view| view.columns(&crate::config::Columns::default())),
            policy: Policy::default(),
            view,
            store: None,
            clipboard: Wrap::None,
            remembered: State::default(),
        }
    }
}

/// The state.
#[derive(Debug)]
pub struct App {
    /// What it was started with, and what was changed of it since.
    pub settings: Settings,
    /// The colours.
    pub theme: Theme,
    /// The theme that the person chose, now or in an earlier run.
    pub chosen_theme: Option<ThemeName>,
    /// The clock, as the loop last read it.
    pub now: Time,
    /// The view that is shown.
    pub view: View,
    /// State of each view's list, by [`View::index`].
    pub lists: [List; View::ALL.len()],
    /// Details that are open, one upon the other.
    pub trail: Trail,
    /// The filter is being typed.
    pub filtering: bool,
    /// What lies above the view.
    pub overlay: Option<Overlay>,
    /// What is shown.
    pub answer: Option<Box<Answer>>,
    /// Since when the picture stands still.
    pub frozen: Option<Time>,
    /// What was said to the person's last key, for the footer, until the next one. What the log alone is told is no answer
    /// to a key.
    pub told: Option<Entry>,
    /// Messages.
    pub log: Log,
    /// What was painted where, as the loop was told when it painted.
    pub painted: Painted,
    /// Columns and lines of the terminal.
    pub area: (u16, u16),
    /// How far the job is that is being done.
    pub progress: Option<(u64, u64)>,
    /// What is being changed, in a word.
    pub doing: Option<&'static str>,
    /// Number of the last dialog.
    ticket: u64,
    /// What was made, and is to be shown as soon as it is seen.
    wanted: Option<Address>,
    picture: Picture,
    /// What could not be seen, as far as it was told: the sentences without their numbers.
    unseen: Vec<String>,
    /// What is to be gone on from, as soon as it is known where to.
    jumping: Option<Id>,
    /// Number of the last look at contents.
    peeks: u64,
    /// Number of the last question.
    asked: u64,
    effects: Vec<Effect>,
}

impl App {
    /// Before anything was seen.
    pub fn new(settings: Settings, area: (u16, u16), now: Time) -> Self {
        let mut lists = View::ALL.map(List::new);
        for (view, order) in &settings.remembered.sort {
            if let Some(view) = View::of_name(view) {
                let (name, descending) = order.strip_prefix('-').map_or((order.as_str(), false), |name| (name, true));
                lists[view.index()].sort = view.sortable(name).map(|column| (column, descending));
            }
        }
        Self {
            theme: Theme::of(settings.theme),
            chosen_theme: settings.remembered.theme,
            view: settings.view,
            settings,
            now,
            lists,
            trail: Trail::default(),
            filtering: false,
            overlay: None,
            answer: None,
            frozen: None,
            told: None,
            log: Log::default(),
            painted: Painted::default(),
            area,
            progress: None,
            doing: None,
            ticket: 0,
            wanted: None,
            picture: Picture::default(),
            unseen: Vec::new(),
            jumping: None,
            peeks: 0,
            asked: 0,
            effects: Vec::new(),
        }
    }

    /// Takes an event in, and says what is to be done about it. Everything but a look changes the screen.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        let before = self.on_top();
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(width, height) => {
                self.area = (width, height);
                self.refold();
                // Details beside the list may have room now.
                self.ask();
            }
            Event::Looked(look) => self.looked(look),
            Event::LookFailed(why) => self.look_failed(why),
            Event::Presented(answer) => self.presented(answer),
            Event::Report(report) => self.report(*report),
            Event::StopAsked => self.effects.push(Effect::Suspend),
            Event::Continued => self.effects.push(Effect::Retake),
            Event::EndAsked(_) | Event::Lost(_) => self.effects.push(Effect::Quit),
        }
        if self.on_top() != before {
            // What was painted is not what is there now: nothing of it can be pressed before the next picture.
            self.painted.cover();
        }
        std::mem::take(&mut self.effects)
    }

    /// What is shown: what lies above the view, which details, which view.
    fn on_top(&self) -> impl PartialEq + use<> {
        let overlay = self.overlay.as_ref().map(std::mem::discriminant);
        (overlay, self.ticket, self.trail.last().map(|crumb| (crumb.id, crumb.pane.is_some())), self.view)
    }

    /// The list of the view that is shown.
    pub fn list(&self) -> &List {
        &self.lists[self.view.index()]
    }

    /// The list of the view that is shown, to be changed.
    pub fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.view.index()]
    }

    /// The answer, if it is about the view that is shown.
    pub fn shown(&self) -> Option<&Answer> {
        self.answer.as_deref().filter(|answer| answer.view == self.view)
    }

    /// The details that are open on top, once they are known. A late answer may bring those of something else.
    pub(super) fn open_now(&self) -> Option<&Details> {
        let crumb = self.trail.last()?;
        self.shown()?.details.as_ref().filter(|details| details.id == crumb.id)
    }

    /// Writes a message into the log and the footer.
    pub fn say(&mut self, severity: Severity, text: impl Into<String>) {
        let text = text.into();
        self.log.say(self.now, severity, text.clone());
        self.told = Some(Entry { at: self.now, severity, text });
    }

    fn finished(&mut self, severity: Severity, line: &str) {
        self.progress = None;
        self.say(severity, line);
    }

    fn looked(&mut self, look: Arc<Look>) {
        if self.frozen.is_some() {
            return;
        }
        self.find_wanted(&look);
        self.picture.take(look);
        for list in &mut self.lists {
            list.selected.retain(|id| self.picture.has(*id));
        }
        self.tell_unseen();
        self.ask();
    }

    fn presented(&mut self, mut answer: Box<Answer>) {
        // An answer to an older question is shown all the same, so that something moves while much is typed; but it must
        // not move the cursor to another row.
        let list = &mut self.lists[answer.view.index()];
        let late = answer.number < self.asked;
        let moves = || list.cursor.is_some_and(|id| answer.listing.position(id).is_none());
        if answer.view != self.view || (late && moves()) {
            return;
        }
        list.settle(&answer.listing);
        let before = self.answer.take().and_then(|before| before.details);
        self.keep_vanished(&mut answer, before);
        if let Some(details) = &answer.details {
            self.trail.settle(details);
        }
        let (number, of) = (answer.number, answer.of);
        self.answer = Some(answer);
        self.jumped();
        // The row that the details beside the list are to be of may be known only now.
        let beside = self.trail.crumbs().is_empty() && self.has_side_pane() && self.list().cursor != of;
        if beside && number == self.asked {
            self.ask();
        }
    }

    /// Details of what has vanished stay as they were.
    fn keep_vanished(&self, answer: &mut Answer, before: Option<Details>) {
        let crumb = self.trail.last();
        let wanted = crumb.map(|crumb| crumb.id).or(self.list().cursor);
        if answer.details.as_ref().map(|details| details.id) == wanted {
            return;
        }
        if let Some(before) = before.filter(|before| Some(before.id) == wanted) {
            // An answer to an older question is about something else, and says nothing of this.
            let gone = before.gone || (answer.of == wanted && answer.details.is_none());
            answer.details = Some(Details { gone, ..before });
        } else if let Some(crumb) = crumb.filter(|crumb| answer.of == Some(crumb.id)) {
            answer.details = Some(Details::vanished(crumb.id, crumb.title.clone()));
        }
    }

    /// Asks for what is to be shown now.
    pub fn ask(&mut self) {
        if self.picture.full.is_none() && self.picture.tables.is_none() {
            return;
        }
        self.asked += 1;
        let list = self.list();
        let beside = self.has_side_pane().then_some(list.cursor).flatten();
        let question = Question {
            number: self.asked,
            view: self.view,
            filter: list.filter.clone(),
            sort: list.sort,
            columns: self.settings.columns[self.view.index()].clone(),
            keep: list.cursor,
            details: self.jumping.or(self.trail.last().map(|crumb| crumb.id)).or(beside),
            keys: self.help_keys(),
        };
        self.effects.push(Effect::Present(Box::new((question, self.picture.clone()))));
    }

    fn help_keys(&self) -> HelpKeys {
        let key = |command| self.settings.keymap.shown(command).clone();
        HelpKeys { remove: key(Command::Remove), signal: key(Command::Signal), open: key(Command::Open) }
    }

    /// Whether the terminal is wide enough for details beside the list.
    pub const fn has_side_pane(&self) -> bool {
        self.area.0 >= 140 && self.area.1 >= 12 && !matches!(self.view, View::Overview)
    }

    fn paste(&mut self, text: &str) {
        if let Some(overlay) = &mut self.overlay {
            overlay.paste(text);
        } else if self.filtering {
            self.list_mut().field.paste(text);
            self.filter_changed();
        }
    }

    fn key(&mut self, key: Key) {
        self.told = None;
        // What was asked for before is not done under the hands of who goes on with something else.
        (self.jumping, self.wanted) = (None, None);
        // Ctrl-C leaves from anywhere; `q` does where nothing is typed or open, and else closes what is.
        if self.quits(key) {
            self.effects.push(Effect::Quit);
        } else if self.can_cancel() && key.code() == KeyCode::Esc {
            self.effects.push(Effect::Cancel);
            self.say(Severity::Note, "cancelled: what is under way is brought to its end");
        } else if self.overlay.is_some() {
            self.overlay_key(key);
        } else if self.filtering {
            self.filter_key(key);
        } else if let Some(command) = self.settings.keymap.command(key) {
            self.run(command);
        }
    }

    fn quits(&self, key: Key) -> bool {
        self.settings.keymap.command(key) == Some(Command::Quit) && key.character().is_none()
    }

    /// Whether somebody who is leaving already does not want to wait.
    pub fn leaves_at_once(&self, event: &Event) -> bool {
        match event {
            Event::Key(key) => self.quits(*key),
            Event::EndAsked(ending) => *ending != Ending::HangUp,
            _ => false,
        }
    }

    /// Whether Esc stops what is being done: it does where it would close nothing.
    pub fn can_cancel(&self) -> bool {
        self.doing.is_some() && self.overlay.is_none() && !self.filtering && self.pane().is_none()
    }

    fn filter_key(&mut self, key: Key) {
        match (key.code(), self.settings.keymap.command(key)) {
            (KeyCode::Enter, _) => self.filtering = false,
            (KeyCode::Esc, _) => {
                self.filtering = false;
                self.list_mut().clear_filter();
                self.ask();
            }
            // The list can be walked while the filter is typed.
            (KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown, Some(command)) => self.run(command),
            (_, Some(command @ (Command::Suspend | Command::Help))) if key.character().is_none() => {
                self.run(command);
            }
            _ => {
                if self.list_mut().field.key(key) {
                    self.filter_changed();
                }
            }
        }
    }

    fn filter_changed(&mut self) {
        self.list_mut().read_filter();
        self.ask();
    }

    /// What is to be remembered of the choices made.
    pub fn to_remember(&self) -> State {
        let sorted = View::ALL.into_iter().filter_map(|view| {
            let (column, descending) = self.lists[view.index()].sort?;
            Some((view.name().to_owned(), format!("{}{column}", if descending { "-" } else { "" })))
        });
        State { sort: sorted.collect(), theme: self.chosen_theme }
    }

    /// Is told what was painted where.
    pub fn take_painted(&mut self, painted: Painted) {
        self.list_mut().offset = painted.offset;
        if let Some(crumb) = self.trail.last_mut() {
            crumb.offset = painted.details_offset;
        }
        if let (Some(Overlay::Dialog(dialog)), Some(end)) = (&mut self.overlay, painted.dialog_end) {
            dialog.settle(end);
        }
        self.painted = painted;
    }

    fn refresh(&mut self) {
        self.effects.push(Effect::Look(Depth::Full));
    }
}
