//! The tree: from where it was begun, or from each process in turn, to what each node is joined with. A node that was
//! shown already is named again and not gone on from, so that every line between two nodes is shown once.
//!
//! ```text
//! queue:5  3 messages, 96 of 16K
//! ├◀ orders(812)  last-sender
//! └▶ feeder(900)  waiting-receive, blocked
//! ```

use super::{Link, links, title};
use crate::diagnose::graph::{Graph, Node};
use crate::snapshot::Snapshot;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeLine {
    /// What it names.
    pub node: Node,
    /// The line. Safe on a terminal.
    pub text: String,
}

/// Levels that are indented; what lies deeper stands below the last of them.
const DEEPEST: usize = 32;

/// The lines of a graph.
pub fn tree(snapshot: &Snapshot, graph: &Graph, ascii: bool) -> Vec<TreeLine> {
    let links = links(graph);
    let mut touching: FxHashMap<Node, Vec<usize>> = FxHashMap::default();
    for (at, link) in links.iter().enumerate() {
        link.ends.iter().for_each(|end| touching.entry(*end).or_default().push(at));
    }
    let mut tree = Tree { snapshot, links, touching, ascii, done: FxHashSet::default(), lines: Vec::new() };
    for root in graph.roots.iter().chain(&graph.nodes) {
        if !tree.done.contains(root) {
            tree.add(*root);
        }
    }
    tree.lines
}

struct Tree<'a> {
    snapshot: &'a Snapshot,
    links: Vec<Link>,
    touching: FxHashMap<Node, Vec<usize>>,
    ascii: bool,
    /// Nodes that have their line.
    done: FxHashSet<Node>,
    lines: Vec<TreeLine>,
}

/// A line that is still to be written.
struct Due {
    node: Node,
    /// Through which line from which node it was reached.
    from: Option<(usize, Node)>,
    /// What stands before it, and how deep it is.
    indent: String,
    level: usize,
    last: bool,
}

impl Tree<'_> {
    /// Everything that hangs together with a node. The shortest way to each is the one that is drawn.
    fn add(&mut self, root: Node) {
        let parents = self.parents(root);
        let mut due = vec![Due { node: root, from: None, indent: String::new(), level: 0, last: true }];
        while let Some(one) = due.pop() {
            let again = one.from.is_some_and(|(link, _)| parents.get(&one.node) != Some(&link));
            self.write(&one, again);
            if again {
                continue;
            }
            self.done.insert(one.node);
            let up = one.from.map(|(link, _)| link);
            let below: Vec<(usize, Node)> = self
                .touching
                .get(&one.node)
                .into_iter()
                .flatten()
                .filter(|link| Some(**link) != up)
                .map(|link| (*link, self.other(*link, one.node)))
                // What is not below it is told here only if it has its line already: otherwise there.
                .filter(|(link, other)| parents.get(other) == Some(link) || self.done.contains(other))
                .collect();
            let indent = self.indent(&one);
            let count = below.len();
            // The first comes off the stack first.
            due.extend(below.into_iter().enumerate().rev().map(|(at, (link, node))| Due {
                node,
                from: Some((link, one.node)),
                indent: indent.clone(),
                level: one.level + 1,
                last: at + 1 == count,
            }));
        }
    }

    /// By which line each node is first reached.
    fn parents(&self, root: Node) -> FxHashMap<Node, usize> {
        let mut parents = FxHashMap::default();
        let mut next = VecDeque::from([root]);
        while let Some(node) = next.pop_front() {
            for link in self.touching.get(&node).into_iter().flatten() {
                let other = self.other(*link, node);
                if other != root && !parents.contains_key(&other) {
                    parents.insert(other, *link);
                    next.push_back(other);
                }
            }
        }
        parents
    }

    fn other(&self, link: usize, node: Node) -> Node {
        let [one, other] = self.links[link].ends;
        if one == node { other } else { one }
    }

    /// What stands before the lines below one.
    fn indent(&self, above: &Due) -> String {
        match above.from {
            None => String::new(),
            Some(_) if above.level > DEEPEST => above.indent.clone(),
            Some(_) if above.last => format!("{}   ", above.indent),
            Some(_) => format!("{}{}  ", above.indent, if self.ascii { '|' } else { '│' }),
        }
    }

    fn write(&mut self, due: &Due, again: bool) {
        let mut text = due.indent.clone();
        let mut words = String::new();
        if let Some((link, from)) = due.from {
            let link = &self.links[link];
            // As seen from the line above.
            let (there, back) = if link.ends[0] == from { (link.there, link.back) } else { (link.back, link.there) };
            let (corner, dash, out, home) = match (self.ascii, due.last) {
                (true, false) => ('|', '-', '>', '<'),
                (true, true) => ('`', '-', '>', '<'),
                (false, false) => ('├', '─', '▶', '◀'),
                (false, true) => ('└', '─', '▶', '◀'),
            };
            text.push(corner);
            text.push(if back { home } else { dash });
            text.push(if there { out } else { dash });
            text.push(' ');
            words = format!("  {}", link.words());
        }
        text.push_str(&title(self.snapshot, due.node));
        text.push_str(&words);
        if again {
            text.push_str("  (see above)");
        }
        self.lines.push(TreeLine { node: due.node, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, SocketState};
    use crate::output::graph::tests::hostile;
    use crate::snapshot::testing::{self, Scene};

    fn lines(scene: &Scene, root: Option<Node>, ascii: bool) -> Vec<String> {
        let snapshot = scene.picture();
        let graph = root.map_or_else(|| Graph::all(&snapshot), |root| Graph::around(&snapshot, &[root], 9));
        tree(&snapshot, &graph, ascii).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn from_an_object_to_what_is_joined_with_it() {
        let mut scene = Scene::default();
        scene.process(812, "orders", 0);
        scene.process(900, "feeder", 0);
        let queue = scene.add(testing::queue(5, 1, 3, 96));
        scene.hold(queue, 812, Role::LastSender);
        scene.hold(queue, 900, Role::WaitingReceive);
        let near = scene.add(testing::unix(501, None, SocketState::Connected, Some(502)));
        let far = scene.add(testing::unix(502, None, SocketState::Connected, Some(501)));
        scene.hold(near, 812, Role::Connected);
        scene.hold(far, 900, Role::Connected);
        let set = scene.add(testing::semaphores(3, 2, &[1, 0], 812));
        scene.hold(set, 812, Role::WaitingSemaphore);
        let expected = [
            "queue:5  3 messages, 96 of 16K",
            "├◀─ orders(812)  last-sender",
            "│  ├◀▶ socket:[501]  connected",
            "│  │  └◀▶ socket:[502]  peer",
            "│  └── sem:3  values 1 0  waiting-semaphore, blocked",
            "└─▶ feeder(900)  waiting-receive, blocked",
            "   └◀▶ socket:[502]  connected  (see above)",
        ];
        // Which of two equally short ways is drawn is decided by the order of the objects.
        let drawn = lines(&scene, Some(Node::Object(0)), false);
        assert_eq!(drawn.len(), expected.len(), "{drawn:#?}");
        assert_eq!(drawn[..3], expected[..3], "{drawn:#?}");
        assert_eq!(drawn.iter().filter(|line| line.ends_with("(see above)")).count(), 1, "{drawn:#?}");
        assert!(drawn.iter().any(|line| line.ends_with("── sem:3  values 1 0  waiting-semaphore, blocked")));
        let plain = lines(&scene, Some(Node::Object(0)), true);
        assert!(plain.iter().all(|line| line.is_ascii()), "{plain:#?}");
        assert_eq!(plain[1], "|<- orders(812)  last-sender");
    }

    #[test]
    fn every_line_between_two_nodes_is_shown_once_and_no_name_acts() {
        let lines = lines(&hostile(), None, true);
        assert_eq!(lines.len(), 5, "five nodes in one piece: {lines:#?}");
        assert!(lines.iter().all(|line| !line.chars().any(char::is_control) && !line.contains('\u{202e}')));
    }

    #[test]
    fn a_long_chain_does_not_indent_for_ever() {
        let mut scene = Scene::default();
        for at in 0..200_u32 {
            let pipe = scene.add(testing::pipe(u64::from(at) + 1, 1, 1));
            scene.hold(pipe, at + 1, Role::Writer);
            scene.hold(pipe, at + 2, Role::Reader);
        }
        let lines = lines(&scene, None, true);
        assert_eq!(lines.len(), 401);
        assert!(lines.iter().all(|line| line.len() < 3 * DEEPEST + 40));
    }
}
