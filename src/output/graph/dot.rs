//! Graphviz (`man 1 dot`, the DOT language). Every text is a quoted string: a quote and a backslash in it are escaped, and
//! `&`, since labels know the entities of HTML.

use super::{links, title};
use crate::diagnose::graph::{Graph, Node};
use crate::snapshot::Snapshot;
use std::io::{self, Write};

/// Writes a directed graph; edges point where data go, and those that somebody sleeps on are bold and red.
pub fn write(out: &mut dyn Write, snapshot: &Snapshot, graph: &Graph) -> io::Result<()> {
    writeln!(
        out,
        "digraph ipcx {{\n  rankdir=LR;\n  node [fontname=\"monospace\"];\n  edge [fontname=\"monospace\"];"
    )?;
    for (at, node) in graph.nodes.iter().enumerate() {
        let shape = match node {
            Node::Process(_) => "box",
            Node::Gone(_) => "box, style=dashed",
            Node::Object(_) => "ellipse",
            Node::Remote(_) => "plaintext",
        };
        writeln!(out, "  n{at} [label={}, shape={shape}];", quoted(&title(snapshot, *node)))?;
    }
    let number = |node: Node| graph.nodes.binary_search(&node).unwrap_or_default();
    for link in links(graph) {
        let [from, to] = link.ends.map(number);
        let way = match (link.there, link.back) {
            (true, true) => ", dir=both",
            (false, false) => ", dir=none",
            _ => "",
        };
        let blocked = if link.blocked { ", color=red, style=bold" } else { "" };
        writeln!(out, "  n{from} -> n{to} [label={}{way}{blocked}];", quoted(&link.words()))?;
    }
    writeln!(out, "}}")
}

/// A quoted string that is shown as this text.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::output::graph::tests::hostile;

    #[test]
    fn no_name_ends_its_string() {
        assert_eq!(quoted("a\"\\&<b>"), "\"a\\\"\\\\&amp;<b>\"");
        assert_eq!(quoted("ends with \\"), "\"ends with \\\\\"");
        let snapshot = hostile().picture();
        let mut out = Vec::new();
        write(&mut out, &snapshot, &Graph::all(&snapshot)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4 + 5 + 4 + 1, "{text}");
        for line in text.lines().filter(|line| line.starts_with("  n") && line.contains(" [label=")) {
            let strings = line.replace("\\\\", "").replace("\\\"", "");
            assert_eq!(strings.matches('"').count(), 2, "{line}");
            assert!(line.ends_with("];"), "{line}");
        }
        assert!(text.contains("label=\"waiting-receive, blocked\", color=red, style=bold"), "{text}");
    }
}
