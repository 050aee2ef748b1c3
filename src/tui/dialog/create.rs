//! Make an object: which kind first, then what it is to be like.

use super::form::Filled;
use super::{Button, Entry, Form, Line, Next, Press, Tone, buttons, same_as, says_no, scrolled};
use crate::actions::{Naming, NewObject, NewOwner, Policy, Start, What};
use crate::config::keys::{Command, Key};
use crate::model::{RemovalTarget, quoted, unescape};
use crate::query::filter::parse_bytes;
use crate::tui::jobs::{Deed, Job, Making};
use ratatui::crossterm::event::KeyCode;
use std::ffi::OsStr;

/// A kind that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKind {
    /// A FIFO.
    Fifo,
    /// A message queue of either family.
    Queue,
    /// A segment of either family.
    Segment,
    /// A semaphore set, or a POSIX semaphore.
    Semaphores,
}

impl NewKind {
    /// All, in the order of the list.
    pub const ALL: [Self; 4] = [Self::Fifo, Self::Queue, Self::Segment, Self::Semaphores];

    /// What it is, and what it is for.
    pub const fn about(self) -> (&'static str, &'static str) {
        match self {
            Self::Fifo => ("FIFO", "a named pipe, to test with"),
            Self::Queue => ("message queue", "System V by key, or POSIX by name"),
            Self::Segment => ("shared memory segment", "System V by key, or POSIX by name"),
            Self::Semaphores => ("semaphores", "a System V set by key, or one POSIX by name"),
        }
    }

    fn entries(self, clock: &str) -> Vec<Entry> {
        const CALLED: &str = "empty: a random key; 0x… a key; /… a POSIX name; private";
        let mut entries = match self {
            Self::Fifo => vec![Entry::text(PATH, format!("/tmp/ipcx-{clock}.fifo"), "")],
            Self::Queue => vec![
                Entry::text(NAME, "", CALLED),
                Entry::text(LIMIT, "", "System V: most bytes"),
                Entry::text(DEPTH, "", "POSIX: most messages"),
                Entry::text(LARGEST, "", "POSIX: bytes of one"),
            ],
            Self::Segment => vec![Entry::text(NAME, "", CALLED), Entry::text(SIZE, "64K", "bytes, 64K, 1.5M")],
            Self::Semaphores => vec![
                Entry::text(NAME, "", CALLED),
                Entry::text(COUNT, "", "System V: how many"),
                Entry::text(VALUES, "0", "one for all, or 1,0,3"),
            ],
        };
        entries.push(Entry::text(MODE, "0600", "octal"));
        entries
    }
}

const PATH: &str = "path";
const NAME: &str = "key or name";
const LIMIT: &str = "limit";
const DEPTH: &str = "depth";
const LARGEST: &str = "message size";
const SIZE: &str = "size";
const COUNT: &str = "count";
const VALUES: &str = "values";
const MODE: &str = "mode";

/// What is chosen, and what is typed.
#[derive(Debug)]
pub struct Create {
    /// The kind the cursor is on.
    pub row: usize,
    /// The kind that was chosen.
    pub kind: Option<NewKind>,
    /// Its fields.
    pub form: Form,
    /// What it says.
    pub lines: Vec<Line>,
    policy: Policy,
    /// Time of day in digits, for a name that is free.
    clock: String,
    at: Press,
}

impl Create {
    /// Asks for the kind. `clock` is the time of day in digits.
    pub fn new(policy: Policy, clock: String) -> Self {
        Self { row: 0, kind: None, form: Form::default(), lines: Vec::new(), policy, clock, at: Press::Go }
    }

    /// What it is called.
    pub fn title(&self) -> String {
        self.kind.map_or_else(|| "New".to_owned(), |kind| format!("New {}", kind.about().0))
    }

    /// The buttons that there are now.
    pub fn buttons(&self) -> Vec<Button> {
        let mut all = vec![Button::cancel()];
        match self.kind {
            None => all.push(Button::go("Next…", false)),
            Some(kind) if self.wanted(kind).is_ok() => all.push(Button::go("Make", false)),
            Some(_) => {}
        }
        all
    }

    /// The button under the cursor, if the buttons have the keys.
    pub fn at(&self) -> Option<Press> {
        if self.kind.is_some() { self.form.button(&self.buttons()) } else { Some(self.at) }
    }

    pub(super) fn key(&mut self, key: Key, command: Option<Command>) -> Next {
        if self.kind.is_some() {
            return match self.form.key(key, &self.buttons()) {
                Filled::Changed => self.write(),
                Filled::Pressed(press) => self.press(press),
                Filled::Nothing => Next::Stays,
            };
        }
        if let Some(press) = buttons::gone(&self.buttons(), self.at, key) {
            self.at = press;
        } else if key.code() == KeyCode::Enter {
            return self.press(self.at);
        } else if let Some(by) = scrolled(key, command) {
            self.row = self.row.saturating_add_signed(by).min(NewKind::ALL.len() - 1);
        } else if says_no(key, command) {
            return Next::Closes;
        }
        Next::Stays
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.form.paste(text) {
            self.write();
        }
    }

    pub(super) fn point(&mut self, row: usize) -> Next {
        if self.kind.is_some() {
            return self.form.point(row);
        }
        if self.row == row {
            return self.press(Press::Go);
        }
        self.row = row.min(NewKind::ALL.len() - 1);
        Next::Stays
    }

    pub(super) fn press(&mut self, press: Press) -> Next {
        match (press, self.kind) {
            (Press::Cancel, _) => Next::Closes,
            (_, Some(kind)) => match self.wanted(kind) {
                Ok(new) => Next::Does(Job::Do(Box::new(Deed::Create(Making { new, policy: self.policy })))),
                Err(_) => Next::Stays,
            },
            (_, None) => {
                let kind = NewKind::ALL[self.row.min(NewKind::ALL.len() - 1)];
                (self.kind, self.form) = (Some(kind), Form::new(kind.entries(&self.clock)));
                self.write()
            }
        }
    }

    /// Writes anew what it says.
    fn write(&mut self) -> Next {
        let Some(kind) = self.kind else { return Next::Stays };
        self.lines = match self.wanted(kind) {
            Ok(new) => vec![Line::new(Tone::Plain, new.question()), same_as(&new.command())],
            Err(why) => vec![Line::new(Tone::Error, why)],
        };
        Next::Stays
    }

    /// What is to be made as things are typed, or what is wrong with it.
    fn wanted(&self, kind: NewKind) -> Result<NewObject, String> {
        let what = match kind {
            NewKind::Fifo => What::Fifo { path: path(self.form.value(PATH))? },
            NewKind::Queue => What::Queue {
                naming: naming(self.form.value(NAME))?,
                limit: self.size(LIMIT)?,
                depth: self.number(DEPTH)?,
                message_size: self.size(LARGEST)?,
            },
            NewKind::Segment => {
                let size = self.size(SIZE)?.ok_or("how large? write a size, 64K")?;
                What::Shm { naming: naming(self.form.value(NAME))?, size }
            }
            NewKind::Semaphores => What::Semaphore {
                naming: naming(self.form.value(NAME))?,
                count: self.number(COUNT)?,
                start: start(self.form.value(VALUES))?,
            },
        };
        let mode = self.form.value(MODE);
        let digits = (1..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let bits = u16::from_str_radix(mode, 8).ok().filter(|bits| digits && *bits <= 0o777);
        let bits = bits.ok_or("the mode is octal, 0 to 777: 0640")?;
        let new = NewObject { what, mode: bits, owner: NewOwner::default(), or_open: false };
        new.check().map(|()| new)
    }

    fn size(&self, label: &str) -> Result<Option<u64>, String> {
        match self.form.value(label) {
            "" => Ok(None),
            text => parse_bytes(text).map(Some).ok_or_else(|| format!("{label}: write bytes, 64K or 1.5M")),
        }
    }

    fn number(&self, label: &str) -> Result<Option<u64>, String> {
        match self.form.value(label) {
            "" => Ok(None),
            text => number(text).map(Some).ok_or_else(|| format!("{label}: write digits only")),
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn path(text: &str) -> Result<Box<[u8]>, String> {
    let path = unescape(text).unwrap_or_else(|| text.as_bytes().to_vec());
    if path.starts_with(b"/") && path.len() > 1 {
        Ok(path.into())
    } else {
        Err("write a path that begins with /".into())
    }
}

/// A key, a name, or neither.
fn naming(text: &str) -> Result<Naming, String> {
    if text.is_empty() {
        return Ok(Naming::Random);
    }
    if text.eq_ignore_ascii_case("private") {
        return Ok(Naming::Private);
    }
    if text.starts_with('/') {
        return match RemovalTarget::parse_value(OsStr::new(text)).map_err(|error| error.to_string())? {
            RemovalTarget::Name(spelled) => Ok(Naming::Name(spelled.raw().into())),
            _ => Err(format!("{} is no POSIX name", quoted(text.as_bytes()))),
        };
    }
    RemovalTarget::parse_key(OsStr::new(text)).map(Naming::Key).map_err(|error| error.to_string())
}

fn start(text: &str) -> Result<Start, String> {
    let value = |text: &str| number(text.trim()).ok_or_else(|| "a value is a whole number from 0 up".to_owned());
    Ok(match text {
        "" | "0" => Start::Zero,
        list if list.contains(',') => Start::Each(list.split(',').map(value).collect::<Result<_, _>>()?),
        one => Start::All(value(one)?),
    })
}
