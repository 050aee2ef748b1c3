//! `ipcx.graph/1`: who talks to whom, as nodes and edges.

use super::{VisibilityDoc, text};
use crate::diagnose::graph::{Graph, Node};
use crate::output::graph::{id, state};
use crate::snapshot::Snapshot;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

#[derive(Serialize)]
struct GraphDoc<'a> {
    schema: &'static str,
    taken_at: String,
    visibility: VisibilityDoc<'a>,
    roots: Vec<String>,
    nodes: Vec<NodeDoc<'a>>,
    edges: Vec<EdgeDoc>,
}

#[derive(Serialize)]
struct NodeDoc<'a> {
    id: String,
    label: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_hex: Option<String>,
    kind: &'static str,
    pid: Option<u32>,
}

#[derive(Serialize)]
struct EdgeDoc {
    from: String,
    to: String,
    role: &'static str,
    direction: &'static str,
    blocked: bool,
}

/// Writes a graph.
pub fn write(out: &mut dyn Write, snapshot: &Snapshot, graph: &Graph) -> io::Result<()> {
    let document = GraphDoc {
        schema: "ipcx.graph/1",
        taken_at: text::time(snapshot.taken_at),
        visibility: VisibilityDoc::of(snapshot),
        roots: graph.roots.iter().map(|node| id(snapshot, *node)).collect(),
        nodes: graph.nodes.iter().map(|node| self::node(snapshot, *node)).collect(),
        edges: graph
            .edges
            .iter()
            .map(|edge| EdgeDoc {
                from: id(snapshot, edge.from),
                to: id(snapshot, edge.to),
                role: edge.role,
                direction: edge.way.name(),
                blocked: edge.blocked,
            })
            .collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn node(snapshot: &Snapshot, node: Node) -> NodeDoc<'_> {
    let id = id(snapshot, node);
    let (label, kind, pid): (Cow<'_, str>, _, _) = match node {
        Node::Process(pid) => {
            let comm = snapshot.process(pid).map_or(&[][..], |process| &process.comm);
            let label_hex = text::hex(comm);
            return NodeDoc { id, label: text::lossy(comm), label_hex, kind: "process", pid: Some(pid) };
        }
        Node::Gone(pid) => (Cow::from("gone"), "gone", Some(pid)),
        Node::Remote(address) => (address.to_string().into(), "remote", None),
        Node::Object(place) => {
            let object = &snapshot.objects[place];
            let kind = object.kind().name();
            (state(object).map_or(Cow::from(kind), |state| format!("{kind}, {state}").into()), kind, None)
        }
    };
    NodeDoc { id, label, label_hex: None, kind, pid }
}
