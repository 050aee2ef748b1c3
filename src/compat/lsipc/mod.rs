//! `lsipc`: lists System V and POSIX objects and limits (`man 1 lsipc`).
//!
//! `options` says what is asked for, `column` which columns there are, `cells` what stands in them, `table` and `encode` how
//! it is written. Objects come one by one from the kernel's tables and only the text of their cells is kept.

mod cells;
mod column;
mod encode;
mod facility;
mod help;
mod limits;
mod options;
mod posix;
mod table;
mod times;

use super::{Call, Stop, lists, out};
use crate::kernel::sysvipc::SemLine;
use crate::kernel::{msgctl, semctl, streams};
use cells::{Cells, Object, number};
use column::ELEMENTS;
use encode::Plain;
use facility::Facility;
use options::{Asked, Command, One};
use std::io::Write;
use table::{Shape, Style, Table};

pub(super) fn run(mut call: Call) -> Result<(), Stop> {
    let mut out = out::stdout();
    match options::read(&mut call)? {
        Command::Help => help::write(&mut out)?,
        Command::Version => out.write_all(call.version().as_bytes())?,
        Command::Show(asked) => match asked.facility.filter(|_| !asked.limits) {
            Some(facility) => show(facility, &asked, &mut out)?,
            None => show_limits(&asked, &mut out)?,
        },
    }
    out.flush()?;
    Ok(())
}

fn style(asked: &Asked) -> Style {
    let columns = streams::stdout_columns();
    // A terminal that does not know its size has it from the environment.
    let limit = columns.map(|columns| match columns {
        0 => std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|n| *n > 0).unwrap_or(80),
        columns => columns,
    });
    Style {
        shape: asked.shape.unwrap_or(Shape::List),
        headings: !asked.no_headings,
        shell: asked.shell,
        limit: limit.filter(|_| !asked.no_truncate),
        terminal: columns.is_some(),
    }
}

fn show_limits(asked: &Asked, out: &mut impl Write) -> Result<(), Stop> {
    let cells = Cells::new(asked);
    let mut table = Table::new(&asked.columns, style(asked));
    let mut cell = Vec::new();
    let limits = limits::read(asked.facility);
    if limits.is_empty() {
        out::complain("lsipc", b"the specified IPC has no limits of its own");
    }
    for limit in limits {
        for column in &asked.columns {
            cell.clear();
            limit.write(*column, &cells, &mut cell);
            table.push(&cell);
        }
    }
    table.write("ipclimits", out)?;
    Ok(())
}

fn show(facility: Facility, asked: &Asked, out: &mut impl Write) -> Result<(), Stop> {
    let mut listing = Listing {
        asked,
        cells: Cells::new(asked),
        table: Table::new(&asked.columns, style(asked)),
        details: Vec::new(),
        cell: Vec::new(),
        found: false,
        set: None,
    };
    listing.read(facility)?;
    if let Some(set) = listing.set {
        listing.add_elements(&set)?;
    }
    if asked.is_detail() {
        out.write_all(&listing.details)?;
    } else {
        listing.table.write(facility.array(), out)?;
    }
    if let Some(one) = asked.one.as_ref().filter(|_| !listing.found) {
        let message = match one {
            One::Id(id) => format!("id {id} not found").into_bytes(),
            One::Name(name) => [facility.noun().as_bytes(), b" ", name, b" not found"].concat(),
        };
        out::complain("lsipc", &message);
    }
    Ok(())
}

/// What is found, as it will be written.
struct Listing<'a> {
    asked: &'a Asked,
    cells: Cells,
    table: Table<'a>,
    /// The lines about one object.
    details: Vec<u8>,
    /// The cell that is being written.
    cell: Vec<u8>,
    /// There is something, if nothing is known of it.
    found: bool,
    /// The one set that is asked for.
    set: Option<SemLine>,
}

impl Listing<'_> {
    fn read(&mut self, facility: Facility) -> Result<(), Stop> {
        match facility {
            Facility::Shm => self.read_segments(),
            Facility::Queue => self.read_queues(),
            Facility::Sem => self.read_sets(),
            Facility::PosixShm | Facility::PosixQueue | Facility::PosixSem => {
                for object in posix::objects(facility)? {
                    if self.names(&object.name) {
                        self.put(&Object::Posix(&object));
                    }
                }
            }
        }
        Ok(())
    }

    fn read_segments(&mut self) {
        match self.id() {
            Some(id) => lists::segment(id).iter().for_each(|line| self.put(&Object::Shm(line))),
            None => lists::segments(&mut |line| self.put(&Object::Shm(&line))),
        }
    }

    /// The kernel answers a call for each queue in a third of the time that it takes to write its table as text; that is
    /// read where there are no such calls.
    fn read_queues(&mut self) {
        match self.id() {
            Some(id) => lists::queue(id).iter().for_each(|line| self.put(&Object::Queue(line))),
            None if msgctl::read_all(&mut |line, _| self.put(&Object::Queue(&line))) => {}
            None => lists::queues(&mut |line| self.put(&Object::Queue(&line))),
        }
    }

    fn read_sets(&mut self) {
        match self.id() {
            Some(id) => {
                self.set = lists::set(id);
                if let Some(line) = self.set {
                    self.put(&Object::Sem(&line));
                }
            }
            None => lists::sets(&mut |line| self.put(&Object::Sem(&line))),
        }
    }

    /// The id that is asked for.
    fn id(&self) -> Option<i32> {
        match self.asked.one {
            Some(One::Id(id)) => Some(id),
            _ => None,
        }
    }

    /// Whether this is the name of an object that is asked for.
    fn names(&self, name: &[u8]) -> bool {
        let bare = |name: &[u8]| name.strip_prefix(b"/").unwrap_or(name).to_vec();
        match &self.asked.one {
            Some(One::Name(wanted)) => bare(wanted) == bare(name),
            _ => true,
        }
    }

    fn put(&mut self, object: &Object<'_>) {
        self.found = true;
        for column in &self.asked.columns {
            self.cell.clear();
            let known = self.cells.write(*column, object, &mut self.cell);
            if !self.asked.is_detail() {
                self.table.push(&self.cell);
            } else if known {
                self.add_line(column.label());
            }
        }
    }

    /// A label and what was written into the cell, each as wide as 36 columns at least. To a terminal it goes escaped: a
    /// process may have any bytes in its command line.
    fn add_line(&mut self, label: &str) {
        const WIDTH: usize = 36;
        let label = format!("{label}:");
        encode::print(&mut self.details, format_args!("{label:WIDTH$}"));
        let start = self.details.len();
        if streams::stdout_columns().is_some() {
            Plain::new(true).write(&self.cell, &mut self.details);
        } else {
            self.details.extend(&self.cell);
        }
        let end = self.details.len().max(start + WIDTH);
        self.details.resize(end, b' ');
        self.details.push(b'\n');
    }

    /// Adds the semaphores of a set, where there is a place for them.
    fn add_elements(&mut self, set: &SemLine) -> Result<(), Stop> {
        let values = semctl::read_values(set.perm.id, set.count)
            .map_err(|error| Stop::because(format!("semctl(GETVAL) failed: {}", error.in_c())))?;
        let shape = if self.asked.is_detail() { Shape::List } else { Shape::Json };
        let style = Style { shape, headings: true, limit: None, ..style(self.asked) };
        let mut table = Table::new(ELEMENTS, style).all_right();
        for (place, semaphore) in values.iter().enumerate() {
            let pid = semaphore.last_pid.unwrap_or_default();
            let zero = semaphore.waiting_zero.unwrap_or_default();
            for value in
                [place as u64, semaphore.value.into(), semaphore.waiting_increase.into(), zero.into(), pid.into()]
            {
                self.cell.clear();
                number(value, &mut self.cell);
                table.push(&self.cell);
            }
            self.cell.clear();
            self.cells.command(pid, &mut self.cell);
            table.push(&self.cell);
        }
        if self.asked.is_detail() {
            self.details.extend(b"Elements:\n\n");
            table.write("", &mut self.details)?;
        } else {
            self.table.nest("elements", table);
        }
        Ok(())
    }
}
