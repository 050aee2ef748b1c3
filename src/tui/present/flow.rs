//! Who is on each side of an object, in one line: `orders(812) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ (nobody)`.
//!
//! [`Flow::of`] finds the sides, [`Flow::spans`] fits them to a width: first numbers become shorter, then fewer processes
//! are named, then names are cut; who waits is told as long as anything is.

use crate::model::{Access, Body, Family, Holder, Key, Object, Role, SocketState, escape};
use crate::output::grid::cut;
use crate::query::{Cell, Row, Style};
use unicode_width::UnicodeWidthStr;

/// What a part of the line is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A process, or the address of one elsewhere.
    Party,
    /// One that sleeps on the object and is held up by it; who waits for work is not.
    Waiting,
    /// One that is only on record, and gone.
    Gone,
    /// That there is nobody, or how many more there are.
    Aside,
    /// Which way things go.
    Arrow,
    /// The object.
    Object,
}

/// Somebody on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Party {
    /// Its name, escaped; empty where only the pid is known.
    comm: String,
    /// Its pid; `None` for a far end on another machine, whose address is in `comm`.
    pid: Option<u32>,
    /// It sleeps: on what, in a word.
    waits: Option<&'static str>,
    /// It sleeps, but only until there is work.
    idle: bool,
    gone: bool,
}

/// How the sides are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// From the left through the object to the right.
    Through,
    /// Both ways.
    Both,
    /// All use it alike: they stand on the right.
    Shared,
}

/// The line, before it is fitted to a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    shape: Shape,
    left: Vec<Party>,
    /// Kind and name.
    object: String,
    /// How full it is, the most telling form first.
    fill: Vec<String>,
    right: Vec<Party>,
}

impl Flow {
    /// Of an object, by what its row knows.
    pub fn of(row: &Row<'_>) -> Self {
        let object = row.object();
        let side = |wanted: &[Role]| parties(row, |holder| wanted.contains(&holder.role));
        let (shape, left, right) = match &object.body {
            Body::Queue(_) => queue(row),
            Body::Pipe(_) | Body::Fifo(_) => {
                let (left, right) = (side(&[Role::Writer]), side(&[Role::Reader]));
                let opening = side(&[Role::WaitingOpen]);
                match (left.is_empty(), right.is_empty()) {
                    // Who opens the one end waits for the other: on which side it stands can be told from who is there.
                    (true, false) => (Shape::Through, left, [right, opening].concat()),
                    (false, _) => (Shape::Through, [opening, left].concat(), right),
                    (true, true) if opening.is_empty() => (Shape::Through, left, right),
                    (true, true) => (Shape::Shared, left, opening),
                }
            }
            Body::Shm(_) | Body::Memfd(_) => {
                let now = side(&[Role::Attached, Role::Mapped, Role::Open]);
                let creator = parties(row, |holder| holder.role.is_record() && !holder.alive);
                (Shape::Shared, Vec::new(), if now.is_empty() { creator } else { now })
            }
            Body::Semaphore(_) => {
                let all = parties(row, |holder| holder.role != Role::Creator);
                (Shape::Shared, Vec::new(), all)
            }
            Body::Socket(socket) if socket.state == Some(SocketState::Listening) => {
                (Shape::Shared, Vec::new(), side(&[Role::Listener, Role::Open, Role::Connected]))
            }
            Body::Socket(_) => {
                let here = parties(row, |holder| !holder.role.is_record());
                (Shape::Both, here, far_end(row))
            }
        };
        Self { shape, left, object: label(row), fill: fill(object), right }
    }

    /// The parts in their order, at most so many columns wide.
    pub fn spans(&self, width: usize) -> Vec<(String, Part)> {
        let levels = [
            (2, 0, 15, 40),
            (2, 1, 15, 40),
            (1, 1, 15, 30),
            (1, 1, 8, 24),
            (1, 9, 8, 20),
            (1, 9, 4, 14),
            (1, 9, 0, 12),
        ];
        let mut spans = Vec::new();
        for (most, fill, comm, object) in levels {
            spans = self.laid(most, fill, comm, object);
            if spans.iter().map(|(text, _)| text.width()).sum::<usize>() <= width {
                return spans;
            }
        }
        let mut room = width;
        spans.retain_mut(|(text, _)| {
            if text.width() > room {
                *text = short(text, room);
            }
            room = room.saturating_sub(text.width());
            !text.is_empty()
        });
        spans
    }

    /// The parts with so many of each side named, in so many columns for a name and for the object.
    fn laid(&self, most: usize, fill: usize, comm: usize, object: usize) -> Vec<(String, Part)> {
        let mut spans = Vec::new();
        if self.shape != Shape::Shared {
            side(&self.left, most, comm, &mut spans);
            spans.push((if self.shape == Shape::Both { " ◀▶ " } else { " ─▶ " }.to_owned(), Part::Arrow));
        }
        let name = short(&self.object, object);
        let fill = self.fill.get(fill).map(|fill| format!("  {fill}")).unwrap_or_default();
        spans.push((format!("[{name}{fill}]"), Part::Object));
        let arrow = match self.shape {
            Shape::Through => " ─▶ ",
            Shape::Both => " ◀▶ ",
            Shape::Shared => " ◀─ ",
        };
        spans.push((arrow.to_owned(), Part::Arrow));
        side(&self.right, most, comm, &mut spans);
        spans
    }
}

/// Writes one side: those who wait come first, so that they are named.
fn side(all: &[Party], most: usize, comm: usize, spans: &mut Vec<(String, Part)>) {
    if all.is_empty() {
        spans.push(("(nobody)".to_owned(), Part::Aside));
    }
    for (at, party) in all.iter().take(most).enumerate() {
        if at > 0 {
            spans.push((" ".to_owned(), Part::Aside));
        }
        spans.push(party.shown(comm));
    }
    if all.len() > most {
        spans.push((format!(" +{}", all.len() - most), Part::Aside));
    }
}

impl Party {
    fn shown(&self, room: usize) -> (String, Part) {
        let name = short(&self.comm, room);
        let who = match self.pid {
            None => self.comm.clone(),
            Some(pid) if name.is_empty() => pid.to_string(),
            Some(pid) => format!("{name}({pid})"),
        };
        match self.waits {
            _ if self.gone => (format!("({who} gone)"), Part::Gone),
            Some(how) => (format!("{who} {how}"), if self.idle { Part::Party } else { Part::Waiting }),
            None => (who, Part::Party),
        }
    }
}

/// As much of a text as fits.
fn short(text: &str, width: usize) -> String {
    let mut short = String::new();
    if text.width() > width {
        cut(&mut short, text, width);
    } else {
        short.push_str(text);
    }
    short
}

/// The processes of these holders, each once: those who wait first, those who are gone last.
fn parties(row: &Row<'_>, wanted: impl Fn(&Holder) -> bool) -> Vec<Party> {
    let rank = |holder: &&Holder| (!holder.role.is_waiting(), !holder.alive, holder.role.is_record());
    let mut holders: Vec<&Holder> = row.holders().iter().filter(|holder| wanted(holder)).collect();
    holders.sort_by_key(rank);
    let mut seen = rustc_hash::FxHashSet::default();
    let mut all = Vec::new();
    for holder in holders.into_iter().filter(|holder| seen.insert((holder.pid, holder.alive))) {
        let process = row.process(holder.pid).filter(|_| holder.alive);
        all.push(Party {
            comm: process.map(|process| escape(&process.comm).into_owned()).unwrap_or_default(),
            pid: Some(holder.pid),
            waits: match holder.role {
                Role::WaitingOpen => Some("opens"),
                role if role.is_waiting() => Some("waits"),
                _ => None,
            },
            idle: holder.role.waits_for_work(),
            gone: !holder.alive,
        });
    }
    all
}

/// Who is on which side of a queue.
fn queue(row: &Row<'_>) -> (Shape, Vec<Party>, Vec<Party>) {
    let end =
        |roles: [Role; 2], access| parties(row, |holder| roles.contains(&holder.role) || holder.access == Some(access));
    let mut left = end([Role::WaitingSend, Role::LastSender], Access::Write);
    let mut right = end([Role::WaitingReceive, Role::LastReceiver], Access::Read);
    // Who has a POSIX queue open both ways may do either, unless it does one of them just now; then the others may do the
    // other.
    let either =
        |holder: &Holder| holder.role == Role::Open && !matches!(holder.access, Some(Access::Read | Access::Write));
    let mut either = parties(row, either);
    let waits = |side: &[Party]| side.iter().any(|party| party.waits.is_some());
    let known = |side: &[Party], party: &Party| side.iter().any(|known| known.pid == party.pid);
    either.retain(|party| !known(&left, party) && !known(&right, party));
    if waits(&right) {
        left.append(&mut either);
    } else if waits(&left) {
        right.append(&mut either);
    }
    if either.is_empty() {
        (Shape::Through, left, right)
    } else {
        (Shape::Shared, Vec::new(), parties(row, |holder| holder.role == Role::Open))
    }
}

/// Who has the other end of a socket.
fn far_end(row: &Row<'_>) -> Vec<Party> {
    if let Some(peer) = row.peer() {
        return parties(&peer, |holder| !holder.role.is_record());
    }
    let Body::Socket(socket) = &row.object().body else { return Vec::new() };
    let remote = socket.inet.as_ref().map(|inet| inet.remote).filter(|remote| remote.port() != 0);
    let far = |comm: String| Party { comm, pid: None, waits: None, idle: false, gone: false };
    remote.into_iter().map(|remote| far(remote.to_string())).collect()
}

/// Kind and name, short: the key where there is one, since it is what programs agree on.
fn label(row: &Row<'_>) -> String {
    let object = row.object();
    let address = row.snapshot.address(row.place).to_string();
    if let Body::Socket(socket) = &object.body {
        let name = |row: &Row<'_>| match &row.object().body {
            Body::Socket(socket) => socket.unix.as_ref().and_then(|unix| {
                let name = escape(unix.name.as_deref()?);
                Some(if unix.abstract_name { format!("@{name}") } else { name.into_owned() })
            }),
            _ => None,
        };
        if object.family() == Some(Family::Unix) {
            // The name may be that of the far end alone.
            let name = name(row).or_else(|| row.peer().as_ref().and_then(name));
            if let Some(name) = name {
                return format!("unix {name}");
            }
        }
        if let Some(inet) = &socket.inet {
            return format!("{} {}", inet.protocol.name(), inet.local);
        }
    }
    let (kind, which) = address.split_once(':').unwrap_or(("", &address));
    match row.key().filter(|key| *key != Key::PRIVATE) {
        Some(key) => format!("{kind} {:#x}", key.0),
        // An inode number needs no brackets of its own here.
        None => format!("{kind} {}", which.trim_start_matches('[').trim_end_matches(']')),
    }
}

/// How full it is: in full, and short. Nothing where that is not known.
fn fill(object: &Object) -> Vec<String> {
    let size = |bytes: u64| {
        let mut text = String::new();
        Cell::Size(bytes).print(&mut text, Style::default());
        text
    };
    match &object.body {
        Body::Queue(queue) => match (queue.messages, queue.bytes, queue.limit_bytes, queue.limit_messages) {
            (Some(messages), _, _, Some(most)) => vec![format!("{messages}/{most} msgs"), format!("{messages}/{most}")],
            (Some(messages), Some(bytes), Some(most), None) => {
                let use_of = format!("{}/{}", size(bytes), size(most));
                vec![format!("{messages} msgs, {use_of}"), use_of]
            }
            (Some(messages), ..) => vec![format!("{messages} msgs"), messages.to_string()],
            _ => Vec::new(),
        },
        Body::Shm(_) | Body::Memfd(_) => object.memory_size().map_or_else(Vec::new, |bytes| vec![size(bytes); 2]),
        Body::Semaphore(set) => {
            let Some(values) = &set.values else { return Vec::new() };
            let few: Vec<String> = values.iter().take(4).map(|one| one.value.to_string()).collect();
            let more = if values.len() > few.len() { " …" } else { "" };
            vec![format!("{}{more}", few.join(" ")); 2]
        }
        Body::Socket(socket) => match (socket.pending, socket.backlog, socket.receive_queue) {
            (Some(pending), Some(most), _) => vec![format!("{pending}/{most} pending"), format!("{pending}/{most}")],
            (None, None, Some(bytes)) if bytes > 0 => vec![format!("{} to be read", size(bytes)), size(bytes)],
            _ => Vec::new(),
        },
        Body::Pipe(_) | Body::Fifo(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing::{self, Scene};

    fn line(scene: &Scene, place: usize, width: usize) -> String {
        let snapshot = scene.picture();
        let spans = Flow::of(&Row::new(&snapshot, place)).spans(width);
        spans.into_iter().map(|(text, _)| text).collect()
    }

    fn orders() -> Scene {
        let mut scene = Scene::default();
        scene.add(testing::queue(5, 0x4d2, 3, 96));
        scene.process(812, "orders", 0);
        scene.process(900, "feeder", 0);
        scene
    }

    #[test]
    fn a_queue_stands_between_senders_and_receivers() {
        let mut scene = orders();
        assert_eq!(line(&scene, 0, 90), "(nobody) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ (nobody)");
        scene.hold(0, 812, Role::LastSender);
        assert_eq!(line(&scene, 0, 90), "orders(812) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ (nobody)");
        scene.hold(0, 900, Role::WaitingReceive);
        scene.gone(0, 44, Role::LastReceiver);
        assert_eq!(line(&scene, 0, 90), "orders(812) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ feeder(900) waits (44 gone)");
    }

    #[test]
    fn who_waits_for_work_does_not_stand_out() {
        let mut scene = orders();
        scene.hold(0, 812, Role::WaitingSend);
        scene.hold(0, 900, Role::WaitingReceive);
        let snapshot = scene.picture();
        let spans = Flow::of(&Row::new(&snapshot, 0)).spans(90);
        let part = |name: &str| spans.iter().find(|(text, _)| text == name).map(|(_, part)| *part);
        assert_eq!(part("orders(812) waits"), Some(Part::Waiting));
        assert_eq!(part("feeder(900) waits"), Some(Part::Party));
    }

    #[test]
    fn a_posix_queue_stands_between_those_whose_descriptors_tell() {
        let mut scene = Scene::default();
        let queue = scene.add(testing::posix_queue(7, "/jobs", 3, 10));
        for (pid, comm) in [(1, "a"), (2, "b"), (3, "c")] {
            scene.process(pid, comm, 0);
        }
        let drawn = |scene: &Scene| line(scene, queue, 90).replace("[queue /jobs  3/10 msgs]", "Q");
        scene.open(queue, 1, Access::Write);
        assert_eq!(drawn(&scene), "a(1) ─▶ Q ─▶ (nobody)");
        scene.open(queue, 2, Access::Read);
        assert_eq!(drawn(&scene), "a(1) ─▶ Q ─▶ b(2)");
        scene.open(queue, 3, Access::Both);
        assert_eq!(drawn(&scene), "Q ◀─ a(1) b(2) +1");
        scene.hold(queue, 2, Role::WaitingReceive);
        assert_eq!(drawn(&scene), "a(1) c(3) ─▶ Q ─▶ b(2) waits");
    }

    #[test]
    fn a_process_that_holds_twice_is_named_once_and_the_rest_is_counted() {
        let mut scene = Scene::default();
        let pipe = scene.add(testing::pipe(7, 4, 1));
        for pid in [1, 1, 2, 3, 4] {
            scene.hold(pipe, pid, Role::Reader);
        }
        scene.process(1, "a", 0);
        assert_eq!(line(&scene, pipe, 90), "(nobody) ─▶ [pipe 7] ─▶ a(1) 2 +2");
    }

    #[test]
    fn who_opens_a_fifo_stands_with_those_it_is_like() {
        let mut scene = Scene::default();
        let fifo = scene.add(testing::fifo(7, "/run/x", 0, 0));
        scene.process(8, "cat", 0);
        scene.hold(fifo, 8, Role::WaitingOpen);
        assert_eq!(line(&scene, fifo, 90), "[fifo /run/x] ◀─ cat(8) opens");
    }

    #[test]
    fn segments_and_semaphores_are_shared() {
        let mut scene = Scene::default();
        let shm = scene.add(testing::segment(7, 0, 1 << 20, 2));
        let sem = scene.add(testing::semaphores(3, 0x1f, &[1, 0, 2, 3, 4], 9));
        scene.process(1, "a", 0);
        scene.process(2, "b", 0);
        scene.gone(shm, 812, Role::Creator);
        assert_eq!(line(&scene, shm, 90), "[shm 7  1M] ◀─ (812 gone)");
        scene.hold(shm, 1, Role::Attached);
        scene.hold(shm, 2, Role::Attached);
        scene.hold(sem, 1, Role::LastOperator);
        scene.hold(sem, 2, Role::WaitingSemaphore);
        assert_eq!(line(&scene, shm, 90), "[shm 7  1M] ◀─ a(1) b(2)");
        assert_eq!(line(&scene, sem, 90), "[sem 0x1f  1 0 2 3 …] ◀─ b(2) waits a(1)");
    }

    #[test]
    fn both_ends_of_a_socket_are_named() {
        let mut scene = Scene::default();
        let near = scene.add(testing::unix(41, None, SocketState::Connected, Some(42)));
        let far = scene.add(testing::unix(42, Some("@scene"), SocketState::Connected, Some(41)));
        let listener = scene.add(testing::unix(43, Some("@scene"), SocketState::Listening, None));
        scene.process(7, "client", 0);
        scene.process(8, "server", 0);
        scene.hold(near, 7, Role::Connected);
        scene.hold(far, 8, Role::Connected);
        scene.hold(listener, 8, Role::Listener);
        assert_eq!(line(&scene, near, 90), "client(7) ◀▶ [unix @scene] ◀▶ server(8)");
        assert_eq!(line(&scene, listener, 90), "[unix @scene  0/128 pending] ◀─ server(8)");
    }

    #[test]
    fn no_width_is_exceeded_and_forty_columns_tell_the_essence() {
        let mut scene = orders();
        scene.hold(0, 812, Role::WaitingSend);
        scene.hold(0, 900, Role::WaitingReceive);
        scene.process(77, "\u{6f22}\u{5b57}\u{6f22}\u{5b57}", 0);
        scene.hold(0, 77, Role::LastSender);
        for width in 0..120 {
            assert!(line(&scene, 0, width).width() <= width, "{width}");
        }
        let narrow = line(&scene, 0, 40);
        assert!(narrow.contains("812") && narrow.contains("waits") && narrow.contains("[queue"), "{narrow}");
    }

    #[test]
    fn names_cannot_act_on_the_terminal() {
        let mut scene = Scene::default();
        let socket = scene.add(testing::unix(41, Some("@\x1b[2J\u{202e}"), SocketState::Listening, None));
        scene.process(7, "\x1b]0;x\x07", 0);
        scene.hold(socket, 7, Role::Listener);
        let shown = line(&scene, socket, 200);
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
        assert!(shown.contains("\\x1b]0;x\\x07(7)"), "{shown}");
    }
}
