//! The one table of what keys mean. The key handling, the footer, the help overlay, `ipcx keys`, the manual page's KEYS
//! and the settings in `[keys]` all come from it.

use super::Key;
use ratatui::crossterm::event::KeyCode;

/// What a key can mean. What it does depends on where it is pressed; text fields and dialogs read keys themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Half a page up.
    HalfPageUp,
    /// Half a page down.
    HalfPageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Columns further left.
    Left,
    /// Columns further right.
    Right,
    /// The view behind this one, from the last to the first.
    NextView,
    /// The view before this one.
    PreviousView,
    /// The view of this number, from 1.
    View(u8),
    /// Edit the filter.
    Filter,
    /// Choose the column to sort by.
    Sort,
    /// Sort by the column to the right.
    SortNext,
    /// Sort by the column to the left.
    SortPrevious,
    /// Sort the other way round.
    InvertSort,
    /// Details of what is under the cursor.
    Open,
    /// Back by one level; at the top, clear the filter.
    Back,
    /// To the other end, or the owner.
    Jump,
    /// Who talks to whom around it.
    Graph,
    /// Mark the row, or take its mark away.
    Select,
    /// Mark all rows from the last marked one to here.
    SelectRange,
    /// Take all marks away.
    ClearSelection,
    /// Remove.
    Remove,
    /// Bring back what was removed last.
    Undo,
    /// Send a signal.
    Signal,
    /// Look at the contents.
    Peek,
    /// Make a new object.
    Create,
    /// Put a message or bytes in.
    Send,
    /// Copy the value to the clipboard.
    CopyValue,
    /// Copy the row to the clipboard, as JSON.
    CopyJson,
    /// Write the rows to a file.
    Export,
    /// Stop the data where they are, and let them go on.
    Freeze,
    /// Look less often.
    LongerInterval,
    /// Look more often.
    ShorterInterval,
    /// Look now.
    Refresh,
    /// The next colour theme.
    Theme,
    /// Type a command by its name.
    CommandLine,
    /// The keys of this place.
    Help,
    /// The log of messages.
    Log,
    /// Contents as text, or in hexadecimal.
    Form,
    /// Stop, as any program at Ctrl-Z.
    Suspend,
    /// Back from what was opened; at the top, end.
    Quit,
}

/// What belongs together in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Moving.
    Move,
    /// Views.
    View,
    /// Looking.
    Look,
    /// Acting.
    Act,
    /// The program itself.
    Program,
}

impl Group {
    /// All, in the order of help.
    pub const ALL: [Self; 5] = [Self::Move, Self::View, Self::Look, Self::Act, Self::Program];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::View => "Views",
            Self::Look => "Look",
            Self::Act => "Act",
            Self::Program => "Program",
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Binding {
    /// What it means.
    pub command: Command,
    /// The keys that mean it if nobody says otherwise; the footer shows the first.
    pub keys: &'static [Key],
    /// What it is called in `[keys]` and behind `:`.
    pub name: &'static str,
    /// What it does, in one line of help.
    pub about: &'static str,
    /// Where help has it.
    pub group: Group,
}

const fn c(character: char) -> Key {
    Key::plain(KeyCode::Char(character))
}

const fn k(code: KeyCode) -> Key {
    Key::plain(code)
}

const fn f(number: u8) -> Key {
    Key::plain(KeyCode::F(number))
}

const fn ctrl(character: char) -> Key {
    Key::ctrl(character)
}

/// A row, with its parts in the order of [`Binding`].
const fn row(group: Group, command: Command, name: &'static str, keys: &'static [Key], about: &'static str) -> Binding {
    Binding { command, keys, name, about, group }
}

use Command as C;
use Group::{Act, Look, Move, Program, View};

/// Every command, in the order of help: group by group.
pub static BINDINGS: &[Binding] = &[
    row(Move, C::Up, "up", &[k(KeyCode::Up), c('k')], "up by a row"),
    row(Move, C::Down, "down", &[k(KeyCode::Down), c('j')], "down by a row"),
    row(Move, C::Left, "left", &[k(KeyCode::Left), c('h')], "scroll columns to the left"),
    row(Move, C::Right, "right", &[k(KeyCode::Right), c('l')], "scroll columns to the right"),
    row(Move, C::PageUp, "page-up", &[k(KeyCode::PageUp)], "up by a page"),
    row(Move, C::PageDown, "page-down", &[k(KeyCode::PageDown)], "down by a page"),
    row(Move, C::HalfPageUp, "half-page-up", &[ctrl('u')], "up by half a page"),
    row(Move, C::HalfPageDown, "half-page-down", &[ctrl('d')], "down by half a page"),
    row(Move, C::First, "first", &[c('g'), k(KeyCode::Home)], "to the first row"),
    row(Move, C::Last, "last", &[c('G'), k(KeyCode::End)], "to the last row"),
    row(View, C::NextView, "next-view", &[k(KeyCode::Tab)], "the next view"),
    row(View, C::PreviousView, "previous-view", &[k(KeyCode::BackTab)], "the view before"),
    row(View, C::View(1), "overview", &[c('1')], "use against the limits, and what stands out"),
    row(View, C::View(2), "queues", &[c('2')], "message queues"),
    row(View, C::View(3), "memory", &[c('3')], "shared memory"),
    row(View, C::View(4), "semaphores", &[c('4')], "semaphores"),
    row(View, C::View(5), "pipes", &[c('5')], "pipes and FIFOs"),
    row(View, C::View(6), "sockets", &[c('6')], "sockets"),
    row(View, C::View(7), "processes", &[c('7')], "processes that hold any of these"),
    row(View, C::View(8), "problems", &[c('8')], "what is leaked, stuck, or near a limit"),
    row(Look, C::Filter, "filter", &[c('/')], "filter the rows"),
    row(Look, C::Sort, "sort", &[c('s'), f(6)], "choose the column to sort by"),
    row(Look, C::SortNext, "sort-next", &[c('>')], "sort by the column to the right"),
    row(Look, C::SortPrevious, "sort-previous", &[c('<')], "sort by the column to the left"),
    row(Look, C::InvertSort, "invert-sort", &[c('I')], "sort the other way round"),
    row(Look, C::Open, "open", &[k(KeyCode::Enter)], "show the details"),
    row(Look, C::Back, "back", &[k(KeyCode::Esc)], "back; at the top, clear the filter"),
    row(Look, C::Jump, "jump", &[c('o')], "go to the other end, or the owner"),
    row(Look, C::Graph, "graph", &[c('c')], "who talks to whom around it"),
    row(Look, C::Peek, "peek", &[c('p')], "look at the contents, and consume nothing"),
    row(Look, C::Form, "form", &[c('v')], "show contents as text or in hexadecimal"),
    row(Look, C::Freeze, "freeze", &[c('z')], "hold what is shown, or let it go on"),
    row(Look, C::LongerInterval, "longer-interval", &[c('+')], "look less often"),
    row(Look, C::ShorterInterval, "shorter-interval", &[c('-')], "look more often"),
    row(Look, C::Refresh, "refresh", &[ctrl('r'), f(5)], "look now"),
    row(Act, C::Select, "select", &[c(' ')], "mark the row, or unmark it"),
    row(Act, C::SelectRange, "select-range", &[ctrl(' ')], "mark all rows from the last mark to here"),
    row(Act, C::ClearSelection, "clear-selection", &[c('U')], "unmark all rows"),
    row(Act, C::Remove, "remove", &[c('d'), k(KeyCode::Delete), f(8)], "remove it, or the marked ones"),
    row(Act, C::Undo, "undo", &[c('u')], "bring back what was removed last"),
    row(Act, C::Signal, "signal", &[c('x'), f(9)], "send a signal to the process, or the holders"),
    row(Act, C::Create, "create", &[c('n')], "make a new object, first of all a test FIFO"),
    row(Act, C::Send, "send", &[c('w')], "put in a message, or bytes"),
    row(Act, C::CopyValue, "copy", &[c('y')], "copy the value to the clipboard"),
    row(Act, C::CopyJson, "copy-json", &[c('Y')], "copy the row to the clipboard, as JSON"),
    row(Act, C::Export, "export", &[c('e')], "write the rows to a file"),
    row(Program, C::CommandLine, "command", &[c(':')], "type a command by its name"),
    row(Program, C::Log, "log", &[c('L')], "the log of messages"),
    row(Program, C::Theme, "theme", &[c('t')], "the next colour theme"),
    row(Program, C::Help, "help", &[c('?'), f(1)], "the keys"),
    row(Program, C::Suspend, "suspend", &[ctrl('z')], "stop, until the shell's fg"),
    row(Program, C::Quit, "quit", &[c('q'), ctrl('c'), f(10)], "back; at the top, end"),
];

/// Keys that text fields and dialogs are worked with: they always mean what they mean by default.
pub(super) const FIXED: [Key; 9] = [
    k(KeyCode::Enter),
    k(KeyCode::Esc),
    k(KeyCode::Tab),
    k(KeyCode::BackTab),
    k(KeyCode::Up),
    k(KeyCode::Down),
    k(KeyCode::Left),
    k(KeyCode::Right),
    ctrl('c'),
];

/// The row of a command by its name.
pub fn named(name: &str) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_commands_and_keys_are_unique() {
        let all = BINDINGS.len();
        assert_eq!(BINDINGS.iter().map(|binding| binding.name).collect::<HashSet<_>>().len(), all);
        assert_eq!(BINDINGS.iter().map(|binding| binding.command).collect::<HashSet<_>>().len(), all);
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn every_row_is_in_good_order() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty(), "{}", binding.name);
            assert!(binding.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", binding.name);
            assert!(binding.about.len() <= 44 && binding.about.is_ascii(), "{}", binding.about);
            for key in binding.keys {
                assert_eq!(Key::parse(&key.to_string()), Some(*key), "in the form that terminals' keys have");
            }
        }
        let groups: Vec<Group> = BINDINGS.iter().map(|binding| binding.group).collect();
        let runs: Vec<Group> = groups.chunk_by(PartialEq::eq).map(|run| run[0]).collect();
        assert_eq!(runs, Group::ALL);
    }
}
