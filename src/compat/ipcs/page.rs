//! Rows and columns as `printf` makes them, collected and written a good deal at a time.

use crate::compat::names::Names;
use crate::compat::{ctime, size};
use crate::kernel::locale;
use std::fmt::Display;
use std::io::{self, StdoutLock, Write};
use std::ops::Range;

/// How sizes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// As each place has it: bytes in tables, kilobytes in limits.
    Usual,
    Bytes,
    Human,
}

/// As much is collected before it is written.
const ENOUGH: usize = 1 << 16;

/// What goes to standard output.
pub(super) struct Page {
    text: Vec<u8>,
    out: StdoutLock<'static>,
    /// Whether what was written so far was taken.
    taken: io::Result<()>,
    names: Names,
    unit: Unit,
    decimal_point: String,
    /// For one time at a time.
    time: Vec<u8>,
}

impl Page {
    pub(super) fn new(unit: Unit) -> Self {
        Self {
            text: Vec::with_capacity(ENOUGH + 4096),
            out: io::stdout().lock(),
            taken: Ok(()),
            names: Names::default(),
            unit,
            decimal_point: if unit == Unit::Human { locale::read().decimal_point } else { String::new() },
            time: Vec::new(),
        }
    }

    pub(super) const fn unit(&self) -> Unit {
        self.unit
    }

    /// A whole line.
    pub(super) fn line(&mut self, text: impl Display) {
        self.add(text);
        self.end_line();
    }

    /// `------ title --------` and the names of the columns.
    pub(super) fn heading(&mut self, title: &str, columns: &[(&str, usize)]) {
        self.line(format_args!("------ {title} --------"));
        for (name, width) in columns {
            self.cell(name, *width);
        }
        self.end();
    }

    /// A column: padded on its right, longer where it has to be, and a blank.
    pub(super) fn cell(&mut self, text: impl Display, width: usize) {
        let start = self.text.len();
        self.add(text);
        self.pad(start, width);
    }

    /// The same, padded on its left.
    pub(super) fn right(&mut self, text: impl Display, width: usize) {
        self.cell(format_args!("{text:>width$}"), 0);
    }

    /// A user's name, or its number where it has none; cut at `longest` bytes.
    pub(super) fn user(&mut self, uid: u32, width: usize, longest: usize) {
        let start = self.text.len();
        match self.names.user(uid) {
            Some(name) => self.text.extend(name.bytes().take(longest)),
            None => self.add(uid),
        }
        self.pad(start, width);
    }

    /// A group's, never cut.
    pub(super) fn group(&mut self, gid: u32, width: usize) {
        let start = self.text.len();
        match self.names.group(gid) {
            Some(name) => self.text.extend(name.bytes()),
            None => self.add(gid),
        }
        self.pad(start, width);
    }

    /// A column of sizes.
    pub(super) fn size(&mut self, bytes: u64, width: usize) {
        if self.unit == Unit::Human {
            const DIGITS: usize = 6;
            let text = self.human(bytes);
            self.cell(format_args!("{text:>DIGITS$}{:1$}", "", width - DIGITS), 0);
        } else {
            self.cell(bytes, width);
        }
    }

    /// A column of times without day of the week and year.
    pub(super) fn short_time(&mut self, seconds: i64) {
        self.time((seconds != 0).then_some(seconds), 4..20, 20);
    }

    /// A column of whole times.
    pub(super) fn long_time(&mut self, seconds: i64) {
        self.time((seconds != 0).then_some(seconds), 0..24, 26);
    }

    /// `label=` and a whole time, on a line.
    pub(super) fn time_line(&mut self, label: &str, seconds: i64) {
        self.add(label);
        self.long_time(seconds);
        self.end();
    }

    /// The same for a time that is always set, be it 0.
    pub(super) fn set_time_line(&mut self, label: &str, seconds: i64) {
        self.add(label);
        self.time(Some(seconds), 0..24, 26);
        self.end();
    }

    /// Ends a row of columns.
    pub(super) fn end(&mut self) {
        // The blank behind the last one.
        self.text.pop();
        self.end_line();
    }

    /// A size for people.
    pub(super) fn human(&self, bytes: u64) -> String {
        size::human(bytes, &self.decimal_point)
    }

    /// Writes what is left, and tells whether all was taken.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write();
        self.taken?;
        self.out.flush()
    }

    fn add(&mut self, text: impl Display) {
        // Into memory, which takes everything.
        let _ = write!(self.text, "{text}");
    }

    fn pad(&mut self, start: usize, width: usize) {
        let end = self.text.len().max(start + width);
        self.text.resize(end + 1, b' ');
    }

    fn time(&mut self, seconds: Option<i64>, part: Range<usize>, width: usize) {
        let Some(seconds) = seconds else { return self.cell("Not set", width) };
        self.time.clear();
        ctime::write(&mut self.time, seconds);
        let end = part.end.min(self.time.len());
        let start = self.text.len();
        self.text.extend_from_slice(self.time.get(part.start..end).unwrap_or(&self.time));
        self.pad(start, width);
    }

    fn end_line(&mut self) {
        self.text.push(b'\n');
        if self.text.len() >= ENOUGH {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.taken.is_ok() {
            self.taken = self.out.write_all(&self.text);
        }
        self.text.clear();
    }
}
