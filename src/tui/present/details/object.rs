//! Details of an object: how it stands and who has it first, since that is what people look for; then all of its columns.

use super::{Details, Jump, Line, linked};
use crate::model::{Body, Identity};
use crate::output::detail;
use crate::query::{Row, Style};
use crate::tui::id::Id;
use crate::tui::look::Picture;
use crate::tui::present::flow::Flow;
use crate::tui::present::memory::Memory;
use crate::tui::present::spark::History;

pub(super) fn details(picture: &Picture, identity: Identity, memory: &Memory) -> Option<Details> {
    let row = picture.row(identity)?;
    let mut lines: Vec<Line> = linked(picture, detail::verdict(&row)).collect();
    let first_holder = lines.len();
    lines.extend(linked(picture, detail::holders(&row)));
    let (peer, attributes): (Vec<_>, Vec<_>) =
        detail::attributes(&row, Style::default()).into_iter().partition(|line| line.label == "peer");
    lines.extend(linked(picture, [peer, detail::semaphores(&row), attributes].concat()));
    let jump = jump(&row, &lines, first_holder);
    Some(Details {
        id: Id::Object(identity),
        title: row.snapshot.address(row.place).to_string(),
        gone: false,
        flow: Some(Flow::of(&row)),
        history: Some(History::of(row.object(), memory.samples(identity))),
        lines,
        jump,
    })
}

/// To the other end of a socket; of anything else to the one process that has it, or to the first line of several.
fn jump(row: &Row<'_>, lines: &[Line], first_holder: usize) -> Jump {
    if let Some(peer) = row.peer() {
        return Jump::To(Id::Object(peer.object().identity));
    }
    let holders = || lines.iter().enumerate().skip(first_holder).take(row.holders().len());
    let process = |line: &Line| line.link.map(|link| link.to).filter(|to| matches!(to, Id::Process { .. }));
    let first = holders().find_map(|(at, line)| process(line).map(|to| (at, to)));
    match first {
        Some((_, only)) if holders().filter_map(|(_, line)| process(line)).all(|to| to == only) => Jump::To(only),
        Some((at, _)) => Jump::Line(at),
        None => {
            let what = row.snapshot.address(row.place);
            let end = if matches!(row.object().body, Body::Socket(_)) {
                "its other end is not on this machine, and "
            } else {
                ""
            };
            Jump::Nowhere(format!("{what}: {end}no living process is known to have it"))
        }
    }
}
