//! A graph of who talks to whom as text: a tree for people, Graphviz and Mermaid for pictures. Names are escaped twice:
//! for terminals, and then for what each format would take for its own.

mod dot;
mod mermaid;
mod tree;

pub use dot::write as write_dot;
pub use mermaid::write as write_mermaid;
pub use tree::{TreeLine, tree};

use crate::diagnose::graph::{Graph, Node, Way};
use crate::model::{Body, Identity, Object, escape};
use crate::query::{Cell, Style};
use crate::snapshot::Snapshot;
use rustc_hash::FxHashMap;

/// What a node is called, by what it can be found again: an address, or what stands for one.
pub fn id(snapshot: &Snapshot, node: Node) -> String {
    match node {
        Node::Process(pid) => format!("pid:{pid}"),
        Node::Object(place) => snapshot.address(place).to_string(),
        Node::Gone(pid) => format!("gone:{pid}"),
        Node::Remote(address) => format!("remote:{address}"),
    }
}

/// A node in a line, for people.
fn title(snapshot: &Snapshot, node: Node) -> String {
    match node {
        Node::Process(pid) => match snapshot.process(pid) {
            Some(process) => format!("{}({pid})", escape(&process.comm)),
            None => format!("pid:{pid}"),
        },
        Node::Gone(pid) => format!("pid {pid}, gone"),
        Node::Remote(address) => address.to_string(),
        Node::Object(place) => match state(&snapshot.objects[place]) {
            Some(state) => format!("{}  {state}", snapshot.address(place)),
            None => snapshot.address(place).to_string(),
        },
    }
}

/// What an object holds, in a few words.
pub fn state(object: &Object) -> Option<String> {
    let counted = |messages: u64| format!("{messages} message{}", if messages == 1 { "" } else { "s" });
    Some(match &object.body {
        Body::Queue(queue) => match (queue.messages?, queue.limit_messages, queue.bytes, queue.limit_bytes) {
            (messages, Some(most), ..) => format!("{messages} of {most} messages"),
            (messages, None, Some(bytes), Some(most)) => {
                format!("{}, {} of {}", counted(messages), size(bytes), size(most))
            }
            (messages, ..) => counted(messages),
        },
        Body::Shm(_) | Body::Memfd(_) => match (unnamed(object), object.memory_size()) {
            (None, size) => self::size(size?),
            (Some(name), None) => name,
            (Some(name), Some(size)) => format!("{name}, {}", self::size(size)),
        },
        Body::Semaphore(set) => match set.values.as_deref()? {
            [one] => format!("value {}", one.value),
            values => {
                let few: Vec<String> = values.iter().take(8).map(|one| one.value.to_string()).collect();
                format!("values {}{}", few.join(" "), if values.len() > few.len() { " …" } else { "" })
            }
        },
        Body::Socket(socket) => match (socket.pending, socket.backlog, socket.receive_queue) {
            (Some(pending), Some(most), _) => format!("{pending} of {most} pending"),
            (_, _, Some(bytes)) if bytes > 0 => format!("{} to be read", size(bytes)),
            _ => return None,
        },
        Body::Pipe(_) | Body::Fifo(_) => return None,
    })
}

fn size(bytes: u64) -> String {
    let mut text = String::new();
    Cell::Size(bytes).print(&mut text, Style::default());
    text
}

/// What memory is called that has no name in any directory, and is therefore not addressed by it.
fn unnamed(object: &Object) -> Option<String> {
    let addressed = object.path.is_some() || matches!(object.identity, Identity::SysV { .. });
    let name = object.name.as_deref().filter(|_| !addressed)?;
    Some(escape(name).into_owned())
}

/// All edges between two nodes, as one line between them.
struct Link {
    ends: [Node; 2],
    roles: Vec<&'static str>,
    /// Data go from the first to the second, and back.
    there: bool,
    back: bool,
    blocked: bool,
}

impl Link {
    /// The roles, and that somebody sleeps.
    fn words(&self) -> String {
        let blocked = if self.blocked { ", blocked" } else { "" };
        format!("{}{blocked}", self.roles.join(", "))
    }
}

/// Edges as lines, in the graph's order.
fn links(graph: &Graph) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut of: FxHashMap<[Node; 2], usize> = FxHashMap::default();
    for edge in &graph.edges {
        let sorted = [edge.from.min(edge.to), edge.from.max(edge.to)];
        let at = *of.entry(sorted).or_insert_with(|| {
            let ends = [edge.from, edge.to];
            links.push(Link { ends, roles: Vec::new(), there: false, back: false, blocked: false });
            links.len() - 1
        });
        let link = &mut links[at];
        let same = link.ends[0] == edge.from;
        link.roles.push(edge.role);
        link.there |= edge.way == Way::Both || (edge.way == Way::Forward && same);
        link.back |= edge.way == Way::Both || (edge.way == Way::Forward && !same);
        link.blocked |= edge.blocked;
    }
    // Written as data go.
    for link in links.iter_mut().filter(|link| link.back && !link.there) {
        link.ends.reverse();
        (link.there, link.back) = (true, false);
    }
    links
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::Role;
    use crate::snapshot::testing::{self, Scene};

    /// Names that end a string, a label, a comment or a line in some format.
    pub(crate) const HOSTILE: &str = "a\"];\n}\\<b>&#x1b;`%%{end}|\u{202e}";

    /// A hostile process that waits on a queue, another that writes to a hostile FIFO the first one reads.
    pub(crate) fn hostile() -> Scene {
        let mut scene = Scene::default();
        scene.process(812, HOSTILE, 0);
        scene.process(900, "feeder", 0);
        let queue = scene.add(testing::queue(5, 1, 3, 96));
        scene.hold(queue, 812, Role::WaitingReceive);
        scene.gone(queue, 77, Role::LastSender);
        let fifo = scene.add(testing::fifo(7, &format!("/run/{HOSTILE}"), 1, 1));
        scene.hold(fifo, 812, Role::Reader);
        scene.hold(fifo, 900, Role::Writer);
        scene
    }

    #[test]
    fn edges_of_two_nodes_are_one_line_in_the_way_of_the_data() {
        let mut scene = hostile();
        scene.hold(1, 812, Role::Writer);
        scene.hold(0, 812, Role::LastReceiver);
        let links = links(&Graph::all(&scene.picture()));
        assert_eq!(links.len(), 4);
        let of = |node, other| links.iter().find(|link| link.ends == [node, other]);
        let (queue, fifo, process) = (Node::Object(0), Node::Object(1), Node::Process(812));
        let both = of(fifo, process).or_else(|| of(process, fifo));
        assert!(both.is_some_and(|link| link.there && link.back && link.words() == "reader, writer"));
        let waits = of(queue, process);
        assert!(waits.is_some_and(|link| !link.back && link.words() == "last-receiver, waiting-receive, blocked"));
    }
}
