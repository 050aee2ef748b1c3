//! Details of a limit: how much of it is used, where it is set, what a program gets at it, and who uses most.

use super::{Details, Jump, Line, Link, kinds_of};
use crate::model::{Body, Kinds, Object, Of, Unit, Usage, escape};
use crate::query::{Cell, Row, Style};
use crate::tui::id::Id;
use crate::tui::look::Picture;
use rustc_hash::FxHashMap;

/// So many of the largest are named.
const LARGEST: usize = 10;

pub(super) fn details(picture: &Picture, name: &str) -> Option<Details> {
    // The tables are looked at more often, and know all limits.
    let looks = [&picture.tables, &picture.full].into_iter().flatten();
    let usage = looks.flat_map(|look| &look.snapshot.room).find(|usage| usage.what.name == name)?;
    let what = usage.what;
    let mut lines = vec![
        line("limit", format!("{}: {}", what.name, what.about)),
        line("used", used(usage)),
        line("set by", what.set_by),
        line("full", what.full),
    ];
    if let Some(error) = what.error {
        lines.push(line("error", format!("{error}: what a program gets beyond it")));
    }
    if let Some(note) = &usage.note {
        lines.push(line("note", note.as_str()));
    }
    if let Some(Of::Object(identity)) = usage.of
        && let Some(row) = picture.row(identity)
    {
        lines.push(linked("of", &row, ""));
    }
    let from = lines.len();
    lines.extend(largest(picture, name));
    if let Some(first) = lines.get_mut(from) {
        "most by".clone_into(&mut first.label);
    }
    let jump = match lines.iter().find_map(|line| line.link) {
        Some(link) => Jump::To(link.to),
        None => Jump::Nowhere(format!("{name}: no single object uses it up")),
    };
    let id = Id::Limit(what.name);
    Some(Details { id, title: name.to_owned(), gone: false, flow: None, history: None, lines, jump })
}

fn line(label: &str, text: impl Into<String>) -> Line {
    Line { label: label.to_owned(), text: text.into(), link: None }
}

fn linked(label: &str, row: &Row<'_>, more: &str) -> Line {
    let link = Some(Link { to: Id::Object(row.object().identity) });
    Line { link, ..line(label, format!("{}{more}", row.snapshot.address(row.place))) }
}

fn used(usage: &Usage) -> String {
    let number = |number: u64| match usage.what.unit {
        Unit::Bytes => size(number),
        Unit::Count => number.to_string(),
        Unit::Pages => format!("{number} pages"),
    };
    match (usage.used, usage.bound(), usage.percent()) {
        (Some(used), Some(limit), Some(percent)) => format!("{} of {}, {percent:.1} %", number(used), number(limit)),
        (Some(used), ..) => format!("{}, without a limit", number(used)),
        (None, Some(limit), _) => format!("unknown, of {}", number(limit)),
        (None, None, _) => format!("unknown: {}", usage.unknown.as_deref().unwrap_or("nothing of it was seen")),
    }
}

fn size(bytes: u64) -> String {
    let mut text = String::new();
    Cell::Size(bytes).print(&mut text, Style::default());
    text
}

/// Who uses most: of a limit on a sum the largest objects, of one on a number of objects the users who own most of them.
fn largest(picture: &Picture, name: &str) -> Vec<Line> {
    match name {
        "MSGMNB" => objects(picture, Kinds::SYSV_QUEUES, size, |object| match &object.body {
            Body::Queue(queue) => queue.bytes,
            _ => None,
        }),
        "SHMALL" => objects(picture, Kinds::SYSV_SHMS, size, |object| match &object.body {
            Body::Shm(shm) => shm.size,
            _ => None,
        }),
        "SEMMNS" => objects(
            picture,
            Kinds::SYSV_SEMS,
            |count| format!("{count} semaphores"),
            |object| match &object.body {
                Body::Semaphore(set) => Some(set.count),
                _ => None,
            },
        ),
        "/dev/shm" => objects(picture, Kinds::POSIX_SHMS | Kinds::POSIX_SEMS, size, |object| match &object.body {
            Body::Shm(shm) => shm.allocated,
            _ => None,
        }),
        "MSGMNI" => owners(picture, Kinds::SYSV_QUEUES),
        "SHMMNI" => owners(picture, Kinds::SYSV_SHMS),
        "SEMMNI" => owners(picture, Kinds::SYSV_SEMS),
        "queues_max" => owners(picture, Kinds::POSIX_QUEUES),
        "/dev/shm inodes" => owners(picture, Kinds::POSIX_SHMS | Kinds::POSIX_SEMS),
        _ => Vec::new(),
    }
}

fn objects(
    picture: &Picture,
    kinds: Kinds,
    shown: impl Fn(u64) -> String,
    amount: impl Fn(&Object) -> Option<u64>,
) -> Vec<Line> {
    let rows = picture.rows(|object| kinds_of(object).intersects(kinds));
    let mut rows: Vec<(u64, Row<'_>)> =
        rows.into_iter().filter_map(|row| Some((amount(row.object()).filter(|amount| *amount > 0)?, row))).collect();
    rows.sort_by_key(|(amount, _)| std::cmp::Reverse(*amount));
    rows.iter().take(LARGEST).map(|(amount, row)| linked("", row, &format!("  {}", shown(*amount)))).collect()
}

fn owners(picture: &Picture, kinds: Kinds) -> Vec<Line> {
    let mut counts: FxHashMap<u32, (usize, String)> = FxHashMap::default();
    for row in picture.rows(|object| kinds_of(object).intersects(kinds)) {
        let Some(owner) = row.object().owner else { continue };
        let name =
            || row.user_name(owner.uid).map_or(owner.uid.to_string(), |name| escape(name.as_bytes()).into_owned());
        counts.entry(owner.uid).or_insert_with(|| (0, name())).0 += 1;
    }
    let mut counts: Vec<(usize, String)> = counts.into_values().collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    counts.into_iter().take(LARGEST).map(|(count, user)| line("", format!("{user}  {count}"))).collect()
}
