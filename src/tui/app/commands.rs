//! What each command does, whether a key or its name in the command line called for it.

use super::overlay::{Help, LogPage, Overlay, Palette, SortChooser};
use super::{App, List, Severity};
use crate::config::keys::{Command, named};
use crate::config::theme::{Theme, ThemeName};
use crate::model::quoted;
use crate::tui::effect::Effect;
use crate::tui::id::Id;
use crate::tui::present::Listing;
use crate::tui::view::View;
use std::time::Duration;

/// Intervals that `+` and `-` step through, seconds.
const INTERVALS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];

impl App {
    /// Carries a command out.
    pub(super) fn run(&mut self, command: Command) {
        if self.beside_overview(command) || self.in_contents(command) || self.moved(command) || self.act(command) {
            return;
        }
        match command {
            Command::NextView => self.go_to(self.view.turned(1)),
            Command::PreviousView => self.go_to(self.view.turned(-1)),
            Command::View(number) => View::of_number(number).into_iter().for_each(|view| self.go_to(view)),
            Command::Filter => self.edit_filter(),
            Command::Sort => self.choose_sort(),
            Command::SortNext => self.turn_sort(1),
            Command::SortPrevious => self.turn_sort(-1),
            Command::InvertSort => self.invert_sort(),
            Command::Open => self.open(),
            Command::Back => self.back(),
            Command::Jump => self.jump(),
            Command::Graph => self.graph(),
            Command::Peek => self.peek(),
            Command::Form => {
                let key = self.key_of(Command::Peek);
                self.say(Severity::Note, format!("{key} shows contents first"));
            }
            Command::Quit if !self.trail.crumbs().is_empty() => self.back(),
            Command::Quit => self.effects.push(Effect::Quit),
            Command::Select => self.select(),
            Command::SelectRange => self.select_range(),
            Command::ClearSelection => self.list_mut().selected.clear(),
            Command::Freeze => self.freeze(),
            Command::LongerInterval => self.pace(1),
            Command::ShorterInterval => self.pace(-1),
            Command::Refresh => self.refresh(),
            Command::Theme => self.use_theme(self.theme.name.next()),
            Command::CommandLine => self.overlay = Some(Overlay::Palette(Palette::default())),
            Command::Help => self.overlay = Some(Overlay::Help(Help::default())),
            Command::Log => self.overlay = Some(Overlay::Log(LogPage::default())),
            Command::CopyValue => self.copy_value(),
            Command::CopyJson => self.copy_json(),
            Command::Export => self.export(),
            Command::Suspend => self.effects.push(Effect::Suspend),
            other => self.say(Severity::Note, format!("{} does nothing here", named_as(other))),
        }
    }

    /// The key of a command, for a sentence; without one, its name behind `:`.
    pub(super) fn key_of(&self, command: Command) -> String {
        let key = self.settings.keymap.shown(command);
        if key.is_empty() { format!(":{}", named_as(command)) } else { key }
    }

    /// Says why a command does nothing here, and which views it is for: those from the queues on.
    pub(super) fn say_lists(&mut self, why: &str, last: View) {
        let number = |view: View| Command::View(view.index() as u8 + 1);
        let (first, last) = (self.key_of(number(View::Queues)), self.key_of(number(last)));
        self.say(Severity::Note, format!("{why}: {first} to {last} are the lists for that"));
    }

    /// Carries out a line of the command line.
    pub(super) fn carry_out(&mut self, line: &str) {
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        match (word, rest) {
            ("", _) => {}
            ("filter", text) if !text.is_empty() => {
                self.list_mut().field.set(text);
                self.list_mut().read_filter();
                if let Some(fault) = &self.list().fault {
                    let fault = fault.to_string();
                    self.say(Severity::Error, fault);
                }
                self.ask();
            }
            ("export", path) if !path.is_empty() => match crate::tui::jobs::export::fault(path) {
                None => self.export_to(path.to_owned()),
                Some(fault) => self.say(Severity::Error, fault),
            },
            ("theme", name) if !name.is_empty() => match name.parse::<ThemeName>() {
                Ok(theme) => self.use_theme(theme),
                Err(error) => self.say(Severity::Error, error.to_string()),
            },
            ("sort", column) if !column.is_empty() => self.sort_by_name(column),
            #[cfg(debug_assertions)]
            ("panic", _) => panic!("asked for, to see the terminal restored"),
            (name, "") => match named(name) {
                Some(binding) => self.run(binding.command),
                None => self.unknown(name),
            },
            (name, _) => self.unknown(name),
        }
    }

    fn unknown(&mut self, name: &str) {
        let (name, key) = (quoted(name.as_bytes()), self.key_of(Command::Help));
        self.say(Severity::Error, format!("{name}: no such command; Tab completes, {key} lists them"));
    }

    /// Commands that move the cursor; false for all others.
    fn moved(&mut self, command: Command) -> bool {
        let page = self.painted.page.max(1) as isize;
        let by = match command {
            Command::Up => -1,
            Command::Down => 1,
            Command::PageUp => -page,
            Command::PageDown => page,
            Command::HalfPageUp => -(page / 2).max(1),
            Command::HalfPageDown => (page / 2).max(1),
            Command::First => isize::MIN,
            Command::Last => isize::MAX,
            Command::Left => return self.scroll_columns(-1),
            Command::Right => return self.scroll_columns(1),
            _ => return false,
        };
        self.step(by);
        true
    }

    /// Moves the cursor of the details, or of the list, by so many lines.
    pub(super) fn step(&mut self, by: isize) {
        if self.pane().is_some() {
            return self.scroll(by);
        }
        let Some(answer) = self.answer.as_deref().filter(|answer| answer.view == self.view) else { return };
        if let Some(crumb) = self.trail.last_mut() {
            if let Some(details) = answer.details.as_ref().filter(|details| details.id == crumb.id) {
                crumb.go(details, crumb.line.saturating_add_signed(by));
            }
            return;
        }
        if self.step_overview(by) {
            return;
        }
        let Some(answer) = self.answer.as_deref() else { return };
        let list = &mut self.lists[self.view.index()];
        let before = list.cursor;
        list.step(&answer.listing, by);
        if list.cursor != before {
            self.cursor_moved();
        }
    }

    /// Puts the cursor of the list on a row.
    pub(super) fn go_to_row(&mut self, row: usize) {
        let Some(answer) = self.answer.as_deref().filter(|answer| answer.view == self.view) else { return };
        self.lists[self.view.index()].go(&answer.listing, row);
        self.cursor_moved();
    }

    /// Details beside the list follow the cursor, and a row that has gone goes for good once the cursor leaves it.
    fn cursor_moved(&mut self) {
        let gone = self.shown().is_some_and(|answer| answer.listing.has_gone);
        if self.has_side_pane() || gone {
            self.ask();
        }
    }

    fn scroll_columns(&mut self, by: isize) -> bool {
        let last = self.shown().map_or(0, |answer| answer.listing.heads.len().saturating_sub(1));
        let column = &mut self.list_mut().column;
        *column = column.saturating_add_signed(by).min(last);
        true
    }

    /// Shows another view.
    pub(super) fn go_to(&mut self, view: View) {
        self.trail.clear();
        self.filtering = false;
        self.view = view;
        self.ask();
    }

    fn edit_filter(&mut self) {
        if self.view == View::Overview {
            self.say_lists("nothing can be filtered here", View::Problems);
            return;
        }
        self.trail.clear();
        self.filtering = true;
    }

    fn sortable(&self) -> Vec<&'static str> {
        self.shown().map(|answer| answer.listing.heads.iter().map(|head| head.name).collect()).unwrap_or_default()
    }

    fn choose_sort(&mut self) {
        let columns = self.sortable();
        if columns.is_empty() {
            self.say_lists("nothing can be sorted here", View::Problems);
            return;
        }
        let sorted = self.list().sort.map(|(name, _)| name);
        let at = columns.iter().position(|name| Some(*name) == sorted).unwrap_or(0);
        self.overlay = Some(Overlay::Sort(SortChooser { columns, at }));
    }

    /// Sorts by a column, numbers with the largest first; by the same one again, the other way round.
    pub(super) fn sort_by(&mut self, column: &'static str) {
        let right = self.shown().and_then(|answer| answer.listing.heads.iter().find(|head| head.name == column));
        let largest_first = right.is_some_and(|head| head.right);
        let list = self.list_mut();
        list.sort = match list.sort {
            Some((before, descending)) if before == column => Some((column, !descending)),
            _ => Some((column, largest_first)),
        };
        self.ask();
    }

    fn sort_by_name(&mut self, text: &str) {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let columns = self.sortable();
        if let Some(column) = columns.iter().find(|column| column.eq_ignore_ascii_case(name)) {
            self.list_mut().sort = Some((column, descending));
            self.ask();
        } else {
            let (name, all) = (quoted(name.as_bytes()), columns.join(", "));
            self.say(Severity::Error, format!("{name}: no such column here; there are {all}"));
        }
    }

    fn turn_sort(&mut self, by: isize) {
        let columns = self.sortable();
        if columns.is_empty() {
            return;
        }
        let sorted = self.list().sort.map(|(name, _)| name);
        let at = columns.iter().position(|name| Some(*name) == sorted);
        let next = at.map_or(0, |at| (at as isize + by).rem_euclid(columns.len() as isize) as usize);
        self.list_mut().sort = None;
        self.sort_by(columns[next]);
    }

    fn invert_sort(&mut self) {
        let list: &mut List = self.list_mut();
        if let Some((_, descending)) = &mut list.sort {
            *descending = !*descending;
            self.ask();
        }
    }

    /// Opens what the cursor is on: the details of a row, or where a line of details leads.
    fn open(&mut self) {
        if self.open_goal() {
            return;
        }
        let inside = !self.trail.crumbs().is_empty();
        match if inside { self.linked() } else { self.list().cursor } {
            Some(id) => self.open_details(id),
            None if inside => self.say(Severity::Note, "this line leads nowhere; those that do are marked"),
            None => {}
        }
    }

    /// Opens the details of something.
    pub(super) fn open_details(&mut self, id: Id) {
        let answer = self.answer.as_deref_mut().filter(|answer| answer.view == self.view);
        let shown = answer.and_then(|answer| answer.details.take_if(|details| details.id != id));
        self.trail.push(id, shown);
        if let Some(details) = self.answer.as_deref().and_then(|answer| answer.details.as_ref()) {
            self.trail.settle(details);
        }
        self.ask();
    }

    pub(super) fn back(&mut self) {
        if self.trail.pop().is_some() {
            let kept = self.trail.take_kept();
            if let Some(answer) = self.answer.as_deref_mut().filter(|_| !self.trail.crumbs().is_empty()) {
                answer.details = kept;
            }
            self.ask();
        } else if !self.list().field.is_empty() {
            self.list_mut().clear_filter();
            self.ask();
        }
    }

    fn select(&mut self) {
        let list = self.list_mut();
        if let Some(id) = list.cursor.filter(|id| !matches!(id, Id::Item(_))) {
            list.toggle(id);
            self.step(1);
        }
    }

    /// Marks all rows from the last marked one above the cursor to the cursor.
    fn select_range(&mut self) {
        let Some(answer) = self.answer.as_deref().filter(|answer| answer.view == self.view) else { return };
        let list = &mut self.lists[self.view.index()];
        let rows: &Listing = &answer.listing;
        let to = list.at.min(rows.rows.len().saturating_sub(1));
        let from = (0..=to).rev().find(|at| rows.rows.get(*at).is_some_and(|row| list.selected.contains(&row.id)));
        let marked = rows.rows.get(from.unwrap_or(to)..=to).unwrap_or_default();
        // A place of the overview is no row that could be marked: nobody would see the mark, and an action would mean it.
        list.selected.extend(marked.iter().map(|row| row.id).filter(|id| !matches!(id, Id::Item(_))));
    }

    fn freeze(&mut self) {
        self.frozen = if self.frozen.is_some() { None } else { Some(self.now) };
        let pace = self.frozen.is_none().then_some(self.settings.interval);
        self.effects.push(Effect::Pace(pace));
        if pace.is_some() {
            self.refresh();
        }
    }

    fn pace(&mut self, by: isize) {
        let now = self.settings.interval.as_secs_f64();
        let next = if by > 0 {
            INTERVALS.into_iter().find(|seconds| *seconds > now)
        } else {
            INTERVALS.into_iter().rev().find(|seconds| *seconds < now)
        };
        let Some(seconds) = next else { return };
        self.settings.interval = Duration::from_secs_f64(seconds);
        if self.frozen.is_none() {
            self.effects.push(Effect::Pace(Some(self.settings.interval)));
        }
        self.say(Severity::Note, format!("looks every {seconds} s"));
    }

    fn use_theme(&mut self, name: ThemeName) {
        self.theme = Theme::of(name);
        self.chosen_theme = Some(name);
        self.say(Severity::Note, format!("theme {name}"));
    }
}

/// A command's name.
fn named_as(command: Command) -> &'static str {
    crate::config::keys::BINDINGS.iter().find(|binding| binding.command == command).map_or("", |binding| binding.name)
}
