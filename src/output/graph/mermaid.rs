//! Mermaid flowcharts (<https://mermaid.js.org/syntax/flowchart.html>). In a label everything but letters, digits and a few
//! signs is written as a numeric entity: Mermaid looks for comments, directives, Markdown and HTML in labels too.

use super::{links, title};
use crate::diagnose::graph::{Graph, Node};
use crate::snapshot::Snapshot;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes a flowchart; edges point where data go, and those that somebody sleeps on are thick and red.
pub fn write(out: &mut dyn Write, snapshot: &Snapshot, graph: &Graph) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    for (at, node) in graph.nodes.iter().enumerate() {
        let (open, close) = match node {
            Node::Process(_) | Node::Gone(_) => ("[", "]"),
            Node::Object(_) => ("([", "])"),
            Node::Remote(_) => ("{{", "}}"),
        };
        writeln!(out, "  n{at}{open}\"{}\"{close}", label(&title(snapshot, *node)))?;
    }
    let number = |node: Node| graph.nodes.binary_search(&node).unwrap_or_default();
    let mut blocked = Vec::new();
    for (at, link) in links(graph).iter().enumerate() {
        let [from, to] = link.ends.map(number);
        let arrow = match (link.there, link.back, link.blocked) {
            (true, true, false) => "<-->",
            (true, true, true) => "<==>",
            (false, false, false) => "---",
            (false, false, true) => "===",
            (.., false) => "-->",
            (.., true) => "==>",
        };
        if link.blocked {
            blocked.push(at.to_string());
        }
        writeln!(out, "  n{from} {arrow}|\"{}\"| n{to}", label(&link.words()))?;
    }
    if !blocked.is_empty() {
        writeln!(out, "  linkStyle {} stroke:red", blocked.join(","))?;
    }
    Ok(())
}

fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " _-.,:/()[]@+=…".contains(c) {
            label.push(c);
        } else {
            // Writing into a String cannot fail.
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::output::graph::tests::hostile;

    /// A label without anything that Mermaid could take for something else.
    fn is_label(text: &str) -> bool {
        let mut rest = text;
        while let Some((plain, entity)) = rest.split_once('#') {
            let Some((number, behind)) = entity.split_once(';') else { return false };
            if !is_plain(plain) || number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return false;
            }
            rest = behind;
        }
        is_plain(rest)
    }

    fn is_plain(text: &str) -> bool {
        text.chars().all(|c| c.is_alphanumeric() || " _-.,:/()[]@+=…".contains(c))
    }

    /// A node's id: `n` and a number.
    fn is_id(text: &str) -> bool {
        text.strip_prefix('n').is_some_and(|number| number.parse::<u32>().is_ok())
    }

    /// `n1["label"]`, `n1(["label"])`, `n1{{"label"}}`.
    fn is_node(line: &str) -> bool {
        let Some((id, rest)) = line.split_once(['[', '(', '{']) else { return false };
        let shapes = [("\"", "\"]"), ("[\"", "\"])"), ("{\"", "\"}}")];
        let inner = shapes.iter().find_map(|(open, close)| rest.strip_prefix(open)?.strip_suffix(close));
        is_id(id) && inner.is_some_and(is_label)
    }

    /// `n1 -->|"label"| n2`.
    fn is_edge(line: &str) -> bool {
        let Some((from, rest)) = line.split_once(' ') else { return false };
        let Some((arrow, rest)) = rest.split_once("|\"") else { return false };
        let Some((text, to)) = rest.split_once("\"| ") else { return false };
        let arrows = ["-->", "<-->", "==>", "<==>", "---", "==="];
        is_id(from) && is_id(to) && arrows.contains(&arrow) && is_label(text)
    }

    #[test]
    fn every_line_is_of_the_grammar() {
        let snapshot = hostile().picture();
        let mut out = Vec::new();
        write(&mut out, &snapshot, &Graph::all(&snapshot)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("flowchart LR"));
        let (mut nodes, mut edges) = (0, 0);
        for line in lines.map(|line| line.strip_prefix("  ").unwrap()) {
            nodes += usize::from(is_node(line));
            edges += usize::from(is_edge(line));
            assert!(is_node(line) || is_edge(line) || line == "linkStyle 1 stroke:red", "{line}");
        }
        assert_eq!((nodes, edges), (5, 4));
        assert!(!is_node("n1[\"a\"]\"]") && !is_node("n1[\"#x;\"]") && !is_edge("n1 -->|\"a\"|\"| n2"));
    }
}
