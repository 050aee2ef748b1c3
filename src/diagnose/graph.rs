//! Who talks to whom: processes and objects as nodes, what joins them as edges, each with its role, the way data go, and
//! whether somebody sleeps on it. Pure, over a picture that was taken with holders and records.
//!
//! An edge is what a picture can show: a process may have an object and never use it. Which accepted connection belongs to
//! which listener the kernel does not tell.

use crate::model::{Access, Body, Holder, Identity, Object, Role, Socket, SocketState};
use crate::snapshot::Snapshot;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A process, an object, or what is known of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A living process, by its pid.
    Process(u32),
    /// An object, by its place in [`Snapshot::objects`].
    Object(usize),
    /// A recorded process that is gone, by the pid that it had.
    Gone(u32),
    /// The far end of a connection, on another machine or not to be seen.
    Remote(SocketAddr),
}

/// Which way data go along an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the first node to the second.
    Forward,
    /// Both ways, or either.
    Both,
    /// Nothing goes along: a semaphore, a creator's record, an open that waits.
    None,
}

impl Way {
    /// Name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Both => "both",
            Self::None => "none",
        }
    }
}

/// What joins two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Where data come from, if they go one way.
    pub from: Node,
    /// Where they go to.
    pub to: Node,
    /// A holder's role; `peer` or `pending` between sockets, `remote` to a far end.
    pub role: &'static str,
    /// Which way.
    pub way: Way,
    /// The process sleeps in a call on the object.
    pub blocked: bool,
}

impl Edge {
    /// The node at the other end.
    pub fn other(&self, node: Node) -> Node {
        if self.from == node { self.to } else { self.from }
    }
}

/// Nodes and edges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// In order: processes, objects, those who are gone, far ends.
    pub nodes: Vec<Node>,
    /// Each once, however many descriptors make it.
    pub edges: Vec<Edge>,
    /// Where it was begun; none for the whole graph.
    pub roots: Vec<Node>,
}

impl Graph {
    /// Everything that is joined with anything.
    pub fn all(snapshot: &Snapshot) -> Self {
        let edges = edges(snapshot);
        let mut nodes: Vec<Node> = edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Self { nodes, edges, roots: Vec::new() }
    }

    /// What is around some nodes. `depth` counts processes: 1 is those that have an object, or from a process its objects
    /// and who else has them; 2 is the objects of these and who has those; 0 the nodes themselves, and what is joined with
    /// them without a process between.
    pub fn around(snapshot: &Snapshot, roots: &[Node], depth: usize) -> Self {
        let edges = edges(snapshot);
        let mut touching: FxHashMap<Node, Vec<usize>> = FxHashMap::default();
        for (at, edge) in edges.iter().enumerate() {
            touching.entry(edge.from).or_default().push(at);
            touching.entry(edge.to).or_default().push(at);
        }
        let mut far: FxHashMap<Node, usize> = roots.iter().map(|root| (*root, 0)).collect();
        let mut next: VecDeque<Node> = roots.iter().copied().collect();
        while let Some(node) = next.pop_front() {
            let here = far[&node];
            // What a process at the edge of the neighbourhood has beside is not part of it.
            if is_process(node) && here >= depth {
                continue;
            }
            for edge in touching.get(&node).into_iter().flatten().map(|at| &edges[*at]) {
                let other = edge.other(node);
                let there = here + usize::from(is_process(other));
                if there <= depth && far.get(&other).is_none_or(|known| there < *known) {
                    far.insert(other, there);
                    // Steps to processes are the only ones that count: what costs nothing goes first.
                    if is_process(other) { next.push_back(other) } else { next.push_front(other) }
                }
            }
        }
        let mut nodes: Vec<Node> = far.into_keys().collect();
        nodes.sort_unstable();
        let kept: FxHashSet<Node> = nodes.iter().copied().collect();
        let inside = edges.into_iter().filter(|edge| kept.contains(&edge.from) && kept.contains(&edge.to));
        Self { edges: inside.collect(), nodes, roots: roots.to_vec() }
    }
}

const fn is_process(node: Node) -> bool {
    matches!(node, Node::Process(_) | Node::Gone(_))
}

/// All edges, object by object.
fn edges(snapshot: &Snapshot) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (place, object) in snapshot.objects.iter().enumerate() {
        // Holders are ordered by pid and role: several descriptors are one edge.
        let same =
            |one: &Holder, other: &Holder| (one.pid, one.role, one.alive) == (other.pid, other.role, other.alive);
        edges.extend(snapshot.holders(place).chunk_by(same).map(|descriptors| held(object, place, descriptors)));
        if let Body::Socket(socket) = &object.body {
            edges.extend(joined(snapshot, place, socket));
        }
    }
    edges
}

/// A process that has an object, by all of its holders in one role: data go from who sends into it, and out of it to who
/// receives.
fn held(object: &Object, place: usize, holders: &[Holder]) -> Edge {
    let Holder { pid, role, alive, .. } = holders[0];
    let allow = |access| holders.iter().all(|holder| holder.access == Some(access));
    let (in_to, way) = match role {
        // Whoever has a semaphore, no data go through it.
        _ if matches!(object.body, Body::Semaphore(_)) => (true, Way::None),
        Role::LastSender | Role::Writer | Role::WaitingSend => (true, Way::Forward),
        Role::LastReceiver | Role::Reader | Role::Listener | Role::WaitingReceive | Role::WaitingAccept => {
            (false, Way::Forward)
        }
        Role::Open if allow(Access::Write) => (true, Way::Forward),
        Role::Open if allow(Access::Read) => (false, Way::Forward),
        Role::Attached | Role::Mapped | Role::Connected | Role::Open => (true, Way::Both),
        Role::Creator
        | Role::LastOperator
        | Role::WaitingSemaphore
        | Role::WaitingOpen
        | Role::WaitingConnect
        | Role::WaitingFutex => (true, Way::None),
    };
    let (process, object) = (if alive { Node::Process(pid) } else { Node::Gone(pid) }, Node::Object(place));
    let (from, to) = if in_to { (process, object) } else { (object, process) };
    Edge { from, to, role: role.name(), way, blocked: role.is_waiting() }
}

/// A socket and its other end, told once for the two.
fn joined(snapshot: &Snapshot, place: usize, socket: &Socket) -> Option<Edge> {
    let edge = |to, role, way| Some(Edge { from: Node::Object(place), to, role, way, blocked: false });
    let Some(other) = socket.peer.and_then(|inode| snapshot.socket(inode)) else {
        // Of a connection in TIME-WAIT the kernel alone has something still.
        let inet = socket.inet.as_ref().filter(|_| socket.state != Some(SocketState::TimeWait))?;
        return edge(Node::Remote(inet.remote), "remote", Way::Both).filter(|_| inet.remote.port() != 0);
    };
    let (Body::Socket(peer), Identity::Socket { inode, .. }) =
        (&snapshot.objects[other].body, snapshot.objects[place].identity)
    else {
        return None;
    };
    if peer.state == Some(SocketState::Listening) {
        return edge(Node::Object(other), "pending", Way::Forward);
    }
    // The near end of a TCP connection that nobody has accepted has its client for its peer, and is not that of its client.
    if socket.unaccepted {
        return edge(Node::Object(other), "peer", Way::Both);
    }
    match peer.peer == Some(inode) {
        // A datagram socket may send to one that sends to nobody.
        false => edge(Node::Object(other), "peer", Way::Forward),
        true if place < other => edge(Node::Object(other), "peer", Way::Both),
        true => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SocketState;
    use crate::snapshot::testing::{self, Scene};

    /// orders(812) sends to a queue that feeder(900) waits on, and has a connection to it; 901 has a pipe with 900.
    fn scene() -> Scene {
        let mut scene = Scene::default();
        for (pid, comm) in [(812, "orders"), (900, "feeder"), (901, "other")] {
            scene.process(pid, comm, 0);
        }
        let queue = scene.add(testing::queue(5, 1, 0, 0));
        scene.hold(queue, 812, Role::LastSender);
        scene.hold(queue, 900, Role::WaitingReceive);
        scene.gone(queue, 77, Role::LastReceiver);
        let near = scene.add(testing::unix(501, None, SocketState::Connected, Some(502)));
        let far = scene.add(testing::unix(502, None, SocketState::Connected, Some(501)));
        scene.hold(near, 812, Role::Connected);
        scene.hold(far, 900, Role::Connected);
        let pipe = scene.add(testing::pipe(9, 2, 1));
        scene.hold(pipe, 901, Role::Reader);
        scene.hold(pipe, 901, Role::Reader);
        scene.hold(pipe, 900, Role::Writer);
        scene.add(testing::segment(7, 1, 4096, 0));
        scene
    }

    use Node::{Gone, Object, Process};

    #[test]
    fn data_go_from_senders_to_receivers() {
        let all = Graph::all(&scene().picture());
        let find = |from, to| all.edges.iter().find(|edge| (edge.from, edge.to) == (from, to)).copied();
        let edge = |from, to, role, way, blocked| Some(Edge { from, to, role, way, blocked });
        for expected in [
            edge(Process(812), Object(0), "last-sender", Way::Forward, false),
            edge(Object(0), Process(900), "waiting-receive", Way::Forward, true),
            edge(Object(0), Gone(77), "last-receiver", Way::Forward, false),
            edge(Object(1), Object(2), "peer", Way::Both, false),
            edge(Process(812), Object(1), "connected", Way::Both, false),
            edge(Process(900), Object(3), "writer", Way::Forward, false),
            edge(Object(3), Process(901), "reader", Way::Forward, false),
        ] {
            assert_eq!(expected.and_then(|edge| find(edge.from, edge.to)), expected);
        }
        assert_eq!(all.edges.len(), 8, "two descriptors are one edge, two ends one connection: {:#?}", all.edges);
        assert!(!all.nodes.contains(&Object(4)), "joined with nothing");
    }

    #[test]
    fn a_descriptor_that_is_open_one_way_has_an_arrow_that_way() {
        let mut scene = Scene::default();
        let queue = scene.add(testing::posix_queue(7, "/orders", 3, 10));
        scene.open(queue, 1, Access::Write);
        scene.open(queue, 2, Access::Read);
        scene.open(queue, 3, Access::Both);
        scene.open(queue, 4, Access::Read);
        scene.open(queue, 4, Access::Write);
        scene.hold(queue, 5, Role::Open);
        let memory = scene.add(testing::memfd(9, "cache", Some(4096)));
        scene.open(memory, 2, Access::Read);
        let all = Graph::all(&scene.picture());
        let edge = |from, to, way| Edge { from, to, role: "open", way, blocked: false };
        let expected = [
            edge(Process(1), Object(0), Way::Forward),
            edge(Object(0), Process(2), Way::Forward),
            edge(Process(3), Object(0), Way::Both),
            edge(Process(4), Object(0), Way::Both),
            edge(Process(5), Object(0), Way::Both),
            edge(Object(1), Process(2), Way::Forward),
        ];
        assert_eq!(all.edges, expected);
    }

    #[test]
    fn nothing_goes_through_a_semaphore_whoever_has_it() {
        let mut scene = Scene::default();
        let set = scene.add(testing::semaphores(3, 3, &[0], 812));
        for role in [Role::Mapped, Role::Open, Role::LastOperator, Role::WaitingSemaphore] {
            scene.hold(set, 812, role);
        }
        let all = Graph::all(&scene.picture());
        assert_eq!(all.edges.len(), 4);
        assert!(all.edges.iter().all(|edge| edge.way == Way::None && edge.from == Process(812)), "{all:#?}");
    }

    /// The kernel has a near end for a TCP client that nobody has accepted: it is the listener's, and points at the client
    /// as its peer, while the client's peer is the listener.
    #[test]
    fn a_client_that_waits_points_at_the_listener_and_never_the_other_way_round() {
        let mut scene = Scene::default();
        let listener = scene.add(testing::unix(501, Some("@x"), SocketState::Listening, None));
        let client = scene.add(testing::unix(502, None, SocketState::Connected, Some(501)));
        let mut near = testing::unix(0, None, SocketState::Connected, Some(502));
        if let Body::Socket(socket) = &mut near.body {
            socket.unaccepted = true;
        }
        let near = scene.add(near);
        let all = Graph::all(&scene.picture());
        let edge = |from, to, role, way| Edge { from: Object(from), to: Object(to), role, way, blocked: false };
        let expected = [edge(client, listener, "pending", Way::Forward), edge(near, client, "peer", Way::Both)];
        assert_eq!(all.edges, expected);
    }

    #[test]
    fn a_neighbourhood_counts_processes() {
        let scene = scene();
        let around = |root, depth| Graph::around(&scene.picture(), &[root], depth).nodes;
        assert_eq!(around(Object(0), 0), [Object(0)]);
        assert_eq!(around(Object(0), 1), [Process(812), Process(900), Object(0), Gone(77)]);
        assert_eq!(around(Object(1), 1), [Process(812), Process(900), Object(1), Object(2)], "both ends");
        let all = [Process(812), Process(900), Process(901), Object(0), Object(1), Object(2), Object(3), Gone(77)];
        assert_eq!(around(Object(0), 3), all);
        let first = [Process(812), Process(900), Object(0), Object(1), Object(2), Gone(77)];
        assert_eq!(around(Process(812), 1), first);
        assert_eq!(around(Process(812), 2), all);
        assert_eq!(around(Object(4), 5), [Object(4)]);
    }
}
