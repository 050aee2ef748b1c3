//! `ipcs`: System V message queues, segments and semaphore sets of this IPC namespace (`man 1 ipcs`).
//!
//! Unlike util-linux's it shows a queue's limit to everyone, takes no negative id for all objects, and where the tables of
//! /proc are not there it still shows what others own.

mod detail;
mod page;
mod table;
mod totals;

use super::getopt::{Known, Takes};
use super::number;
use super::{Call, Stop, out};
use page::{Page, Unit};
use table::Columns;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opt {
    Id,
    Shm,
    Queues,
    Sem,
    All,
    View(View),
    Unit(Unit),
    Version,
    Help,
}

/// What is shown of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Table(Columns),
    Limits,
    Use,
}

const OPTIONS: [Known<Opt>; 14] = [
    (Opt::Id, b'i', "id", Takes::Value),
    (Opt::Queues, b'q', "queues", Takes::Nothing),
    (Opt::Shm, b'm', "shmems", Takes::Nothing),
    (Opt::Sem, b's', "semaphores", Takes::Nothing),
    (Opt::All, b'a', "all", Takes::Nothing),
    (Opt::View(View::Table(Columns::Times)), b't', "time", Takes::Nothing),
    (Opt::View(View::Table(Columns::Pids)), b'p', "pid", Takes::Nothing),
    (Opt::View(View::Table(Columns::Owners)), b'c', "creator", Takes::Nothing),
    (Opt::View(View::Limits), b'l', "limits", Takes::Nothing),
    (Opt::View(View::Use), b'u', "summary", Takes::Nothing),
    (Opt::Unit(Unit::Human), 0, "human", Takes::Nothing),
    (Opt::Unit(Unit::Bytes), b'b', "bytes", Takes::Nothing),
    (Opt::Version, b'V', "version", Takes::Nothing),
    (Opt::Help, b'h', "help", Takes::Nothing),
];

const HELP: &str = "
Usage:
 ipcs [kind...] [view] [size]
 ipcs -q|-m|-s -i <id>

List System V message queues, shared memory segments and semaphore sets.

Kinds:
 -q, --queues      message queues
 -m, --shmems      shared memory segments
 -s, --semaphores  semaphore sets
 -a, --all         all three, as without any of these

Views (the last one counts):
 -t, --time        when each was used and changed
 -p, --pid         who made it and who used it last
 -c, --creator     owner and creator
 -l, --limits      limits of this IPC namespace
 -u, --summary     what is in use
 -i, --id <id>     all about one object

Sizes:
 -b, --bytes       in bytes
     --human       with a letter: 1.5K, 1M

 -h, --help        this text
 -V, --version     the version

Everything that ipcs cannot show: 'ipcx --help'.
";

/// What a command line asks for.
enum Request {
    Help,
    Version,
    Show(Wanted),
}

struct Wanted {
    queues: bool,
    segments: bool,
    sets: bool,
    id: Option<i32>,
    view: View,
    unit: Unit,
}

pub(super) fn run(mut call: Call) -> Result<(), Stop> {
    let wanted = match read(&mut call)? {
        Request::Help => return out::print(HELP),
        Request::Version => return out::print(&call.version()),
        Request::Show(wanted) => wanted,
    };
    let mut page = Page::new(wanted.unit);
    match wanted.id {
        Some(id) => show_one(&mut page, &wanted, id)?,
        None => show(&mut page, &wanted),
    }
    Ok(page.finish()?)
}

fn read(call: &mut Call) -> Result<Request, Stop> {
    let mut options = call.options(&OPTIONS);
    let (view, unit) = (View::Table(Columns::Usual), Unit::Usual);
    let mut wanted = Wanted { queues: false, segments: false, sets: false, id: None, view, unit };
    while let Some(option) = options.next() {
        let (option, value) = option.map_err(|message| call.misused(&message))?;
        match option {
            Opt::Id => {
                let text = value.unwrap_or_default();
                let id = number::parse(&text, 10);
                wanted.id = Some(id.map_err(|no| Stop::because(no.about("failed to parse id argument", &text)))?);
            }
            Opt::Shm => wanted.segments = true,
            Opt::Queues => wanted.queues = true,
            Opt::Sem => wanted.sets = true,
            Opt::All => (wanted.queues, wanted.segments, wanted.sets) = (true, true, true),
            Opt::View(view) => wanted.view = view,
            Opt::Unit(unit) => wanted.unit = unit,
            Opt::Help => return Ok(Request::Help),
            Opt::Version => return Ok(Request::Version),
        }
    }
    let kinds = [wanted.queues, wanted.segments, wanted.sets].iter().filter(|kind| **kind).count();
    if wanted.id.is_some() && kinds != 1 {
        return Err(Stop::because("when using an ID, a single resource must be specified"));
    }
    if kinds == 0 {
        (wanted.queues, wanted.segments, wanted.sets) = (true, true, true);
    }
    Ok(Request::Show(wanted))
}

fn show(page: &mut Page, wanted: &Wanted) {
    page.line("");
    if wanted.queues {
        match wanted.view {
            View::Table(columns) => table::queues(page, columns),
            View::Limits => totals::queue_limits(page),
            View::Use => totals::queue_use(page),
        }
        page.line("");
    }
    if wanted.segments {
        match wanted.view {
            View::Table(columns) => table::segments(page, columns),
            View::Limits => totals::segment_limits(page),
            View::Use => totals::segment_use(page),
        }
        page.line("");
    }
    if wanted.sets {
        match wanted.view {
            View::Table(columns) => table::sets(page, columns),
            View::Limits => totals::set_limits(page),
            View::Use => totals::set_use(page),
        }
        page.line("");
    }
}

/// That there is no such object is said, and is no failure.
fn show_one(page: &mut Page, wanted: &Wanted, id: i32) -> Result<(), Stop> {
    let found = if wanted.queues {
        detail::queue(page, id)
    } else if wanted.segments {
        detail::segment(page, id)
    } else {
        detail::set(page, id)?
    };
    if !found {
        out::complain("ipcs", format!("id {id} not found").as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::getopt::{listed, spelled};

    #[test]
    fn help_lists_every_option() {
        assert_eq!(listed(HELP), spelled(&OPTIONS));
    }
}
