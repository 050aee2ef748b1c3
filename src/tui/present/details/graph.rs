//! Who talks to whom around an object or a process, as a tree whose lines lead to what they name.

use super::{Details, Jump, Line, Link, process_id};
use crate::diagnose::graph::{Graph, Node};
use crate::output::graph::tree;
use crate::tui::id::{Hub, Id};
use crate::tui::look::Picture;

/// Processes away from the middle.
const DEPTH: usize = 2;
/// More lines than anybody walks.
const MOST_LINES: usize = 1_000;

pub(super) fn details(picture: &Picture, hub: Hub) -> Option<Details> {
    let full = picture.full.as_ref()?;
    let snapshot = &full.snapshot;
    let (root, name) = match hub {
        Hub::Object(identity) => {
            // What a newer look at the tables does not list has vanished.
            picture.row(identity)?;
            let place = full.place(identity)?;
            (Node::Object(place), snapshot.address(place).to_string())
        }
        Hub::Process { pid, start_ticks } => {
            snapshot.process(pid).filter(|process| process.start_ticks == start_ticks)?;
            (Node::Process(pid), format!("pid:{pid}"))
        }
    };
    let lines = tree(snapshot, &Graph::around(snapshot, &[root], DEPTH), false);
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let mut lines: Vec<Line> = lines
        .into_iter()
        .take(MOST_LINES)
        .map(|line| {
            let to = match line.node {
                Node::Process(pid) => process_id(picture, pid),
                Node::Object(place) => Some(Id::Object(snapshot.objects[place].identity)),
                Node::Gone(_) | Node::Remote(_) => None,
            };
            Line { label: String::new(), text: line.text, link: to.map(|to| Link { to }) }
        })
        .collect();
    if lines.len() == 1 {
        let text = "nobody is seen to have to do with it".to_owned();
        lines.push(Line { label: String::new(), text, link: None });
    }
    if left_out > 0 {
        lines.push(Line { label: String::new(), text: format!("and {left_out} more lines"), link: None });
    }
    Some(Details {
        id: Id::Graph(hub),
        title: format!("graph of {name}"),
        gone: false,
        flow: None,
        history: None,
        lines,
        jump: Jump::To(hub.id()),
    })
}
