//! Use against the kernel's limits as a table for people: one line a limit, fitted to a width.

use super::grid::{self, Grid, Head, fit};
use crate::model::{Of, Unit, Usage, escape};
use crate::query::{Cell, Style};
use crate::snapshot::Snapshot;
use std::io::{self, Write};

/// How the table is printed.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Columns of the terminal; `None` prints all columns at full width.
    pub width: Option<usize>,
    /// What each counts, and what happens when it is full, too.
    pub wide: bool,
    /// Leave the heading out.
    pub no_header: bool,
    /// How sizes and large numbers are printed.
    pub style: Style,
}

const fn head(name: &'static str, right: bool, weight: u8, cut: bool) -> Head {
    Head { name, right, weight, cut }
}

/// The columns; those from [`WIDE`] on are for the wide table alone.
const HEADS: [Head; 10] = [
    head("name", false, 9, false),
    head("used", true, 8, false),
    head("limit", true, 7, false),
    head("%", true, 8, false),
    head("most", false, 6, true),
    head("set by", false, 5, true),
    head("error", false, 6, false),
    head("what", false, 4, true),
    head("when full", false, 3, true),
    head("note", false, 2, true),
];
const WIDE: usize = 7;
const SET_BY: usize = 5;

/// Prints some of the limits of a snapshot.
pub fn write(out: &mut dyn Write, snapshot: &Snapshot, rows: &[&Usage], layout: Layout) -> io::Result<()> {
    let heads = if layout.wide { &HEADS[..] } else { &HEADS[..WIDE] };
    let mut table = Grid::new(heads.len());
    for usage in rows {
        let mut cells = cells(snapshot, usage, layout.style);
        if !layout.wide {
            // Which part of it, the wide table tells.
            cells[SET_BY].truncate(usage.what.set_by.find(',').unwrap_or(usage.what.set_by.len()));
        }
        cells[..heads.len()].iter().for_each(|cell| table.push(if cell.is_empty() { "-" } else { cell }));
    }
    let shown = fit(heads, &table.extents(heads), layout.width);
    if !layout.no_header {
        writeln!(out, "{}", grid::heading(heads, &shown))?;
    }
    (0..table.rows()).try_for_each(|row| writeln!(out, "{}", grid::line(heads, &shown, |at| table.cell(row, at))))
}

fn cells(snapshot: &Snapshot, usage: &Usage, style: Style) -> [String; HEADS.len()] {
    let what = usage.what;
    let amount = |amount: Option<u64>| amount.map(|amount| shown(what.unit, amount, style)).unwrap_or_default();
    let used = match (&usage.unknown, usage.used) {
        (Some(_), None) => "?".to_owned(),
        (_, used) if usage.at_least.is_some() => format!("{}+", amount(used)),
        (_, used) => amount(used),
    };
    let unseen = usage.at_least.map(|why| format!("{why}, so that it may be more"));
    let notes = [&usage.note, &unseen, &usage.unknown].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    [
        what.name.to_owned(),
        used,
        if usage.is_unlimited() { "none".to_owned() } else { amount(usage.limit) },
        usage.percent().map(|percent| format!("{percent:.0}")).unwrap_or_default(),
        most(snapshot, usage, style),
        what.set_by.to_owned(),
        what.error.unwrap_or_default().to_owned(),
        what.about.to_owned(),
        what.full.to_owned(),
        notes.join("; "),
    ]
}

/// So much, short: sizes with their unit, pages with a `p`, many millions as such. In full, if the style says so.
fn shown(unit: Unit, amount: u64, style: Style) -> String {
    const MILLION: u64 = 1_000_000;
    let number = match amount {
        _ if style.bytes => amount.to_string(),
        amount if amount >= 10 * MILLION => format!("{}M", amount / MILLION),
        amount => amount.to_string(),
    };
    match unit {
        Unit::Count => number,
        Unit::Pages => format!("{number}p"),
        Unit::Bytes => {
            let mut text = String::new();
            Cell::Size(amount).print(&mut text, style);
            text
        }
    }
}

/// Who uses most, or what comes nearest: an address, a process, or a user with a share of the use.
fn most(snapshot: &Snapshot, usage: &Usage, style: Style) -> String {
    match (usage.of, usage.top) {
        (Some(of), _) => named(snapshot, of).unwrap_or_default(),
        (None, Some(top)) => {
            let user = match snapshot.user_name(top.uid) {
                Some(name) => escape(name.as_bytes()).into_owned(),
                None => top.uid.to_string(),
            };
            let share = shown(usage.what.unit, top.used, style);
            if usage.used == Some(top.used) { format!("{user}, all") } else { format!("{user} {share}") }
        }
        (None, None) => String::new(),
    }
}

/// An object's address, or a process by name and pid.
fn named(snapshot: &Snapshot, of: Of) -> Option<String> {
    Some(match of {
        Of::Process(pid) => match snapshot.process(pid) {
            Some(process) => format!("{}({pid})", escape(&process.comm)),
            None => format!("pid:{pid}"),
        },
        Of::Object(_) => address(snapshot, of)?,
    })
}

/// The address of what a use is of.
pub fn address(snapshot: &Snapshot, of: Of) -> Option<String> {
    match of {
        Of::Process(pid) => Some(format!("pid:{pid}")),
        Of::Object(identity) => snapshot.place(identity).map(|place| snapshot.address(place).to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Top, limit};
    use crate::snapshot::testing::{self, Scene};

    fn table(width: Option<usize>, wide: bool) -> String {
        let mut scene = Scene { users: vec![(990, "s\x1bc")], ..Scene::default() };
        let queue = scene.add(testing::queue(5, 1, 3, 8192));
        scene.process(812, "or\nders", 0);
        let of = Some(Of::Object(scene.objects[queue].identity));
        scene.room = vec![
            Usage { top: Some(Top { uid: 990, used: 20 }), ..Usage::new(&limit::MSGMNI, 31, Some(32)) },
            Usage { of, ..Usage::new(&limit::MSGMNB, 8192, Some(16_384)) },
            Usage { of: Some(Of::Process(812)), ..Usage::new(&limit::RLIMIT_NOFILE, 9, Some(1024)) },
            Usage { top: Some(Top { uid: 0, used: 3 }), ..Usage::new(&limit::PIPE_PAGES_SOFT, 3, Some(16_384)) },
            Usage::unknown(&limit::QUEUES_MAX, "nobody tells"),
            Usage::only(&limit::SEMMNS, Some(1_024_000_000)),
            Usage::new(&limit::SHMALL, 3, Some(u64::MAX - (1 << 24))),
            Usage::new(&limit::PIPE_PAGES_HARD, 5, None).seen_in_part("some are hidden"),
        ];
        let snapshot = scene.picture();
        let rows: Vec<&Usage> = snapshot.room.iter().collect();
        let mut out = Vec::new();
        let layout = Layout { width, wide, no_header: false, style: Style::default() };
        write(&mut out, &snapshot, &rows, layout).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_for_each() {
        let text = table(None, false);
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1], ["MSGMNI", "31", "32", "97", r"s\x1bc", "20", "kernel.msgmni", "ENOSPC"]);
        assert_eq!(words[2][..5], ["MSGMNB", "8K", "16K", "50", "queue:5"]);
        assert_eq!(words[3][4], r"or\nders(812)");
        assert_eq!(words[4][1..6], ["3p", "16384p", "0", "0,", "all"]);
        assert_eq!(words[5][..4], ["queues_max", "?", "-", "-"]);
        assert_eq!(words[6][..3], ["SEMMNS", "-", "1024M"]);
        assert_eq!(words[7][..5], ["SHMALL", "3p", "none", "0", "-"]);
        assert_eq!(words[8][..4], ["pipe-user-pages-hard", "5p+", "none", "-"]);
        let wide = table(None, true);
        assert!(wide.contains("nobody tells") && wide.contains("some are hidden, so that it may be more"));
    }

    #[test]
    fn every_limit_fits_80_columns_with_its_error() {
        for wide in [false, true] {
            let text = table(Some(80), wide);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(text.contains("ENOSPC"), "{text}");
        }
    }
}
