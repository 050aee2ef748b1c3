//! Details of a process: what it sleeps on and what it has first, then what it is.

use super::{Details, Jump, Line, linked};
use crate::model::escape;
use crate::output::detail;
use crate::query::Row;
use crate::tui::id::Id;
use crate::tui::look::Picture;

/// `None` when the process is gone: also when another one has its pid by now.
pub(super) fn details(picture: &Picture, pid: u32, start_ticks: u64) -> Option<Details> {
    let snapshot = &picture.full.as_ref()?.snapshot;
    let process = snapshot.process(pid).filter(|process| process.start_ticks == start_ticks && process.is_alive())?;
    let has = |place: &usize| snapshot.holders(*place).iter().any(|holder| holder.pid == pid && holder.alive);
    let rows: Vec<Row<'_>> = (0..snapshot.objects.len())
        .filter(has)
        // What a newer look at the tables does not list has vanished.
        .filter_map(|place| picture.row(snapshot.objects[place].identity))
        .collect();
    let objects = detail::process_objects(process, &rows);
    let mut lines: Vec<Line> = linked(picture, objects).collect();
    let who = format!("{}({pid})", escape(&process.comm));
    let jump = match lines.iter().find_map(|line| line.link) {
        Some(link) => Jump::To(link.to),
        None => Jump::Nowhere(format!("{who}: it has no IPC object that could be seen")),
    };
    if lines.is_empty() {
        lines.push(Line { label: "has".to_owned(), text: "no IPC object that could be seen".to_owned(), link: None });
    }
    lines.extend(linked(picture, detail::process_attributes(snapshot, process)));
    Some(Details {
        id: Id::Process { pid, start_ticks },
        title: who,
        gone: false,
        flow: None,
        history: None,
        lines,
        jump,
    })
}
