//! Waits on descriptors: pipes, FIFOs, POSIX queues, eventfds and the like, one or several at once.
//!
//! A pipe that has no end of the other direction anywhere does not make anybody wait: its reader gets end-of-file, its writer
//! SIGPIPE. So a thread that waits although no such end is seen has one that is hidden, and nothing is concluded from its
//! absence; what is concluded comes from ends that are seen, where nothing else can hide.

use super::words::{Does, Having, Words, count, have, signals};
use super::{Edges, Group, Told, World, sockets};
use crate::model::{Access, Body, Holder, Identity, Queue, Time, escape};
use crate::snapshot::waits::{File, Source, Thread, Way};

/// A wait on descriptors.
pub(super) fn explain(words: Words<'_>, thread: &Thread, sources: &[Source]) -> Told {
    // A socket that a call names stands for where its own descriptor leads.
    let named = sources.iter().find(|source| source.fd == u32::MAX);
    if let Some(named) = named {
        return sockets::named(words, thread, sources, named);
    }
    let call = thread.wait().map_or("", |wait| wait.call);
    let mut all: Vec<Told> = sources.iter().map(|source| one(words, thread, source)).collect();
    let mut told = match all.len() {
        0 => Told::surely("it watches no descriptor, and so waits for a signal"),
        1 => all.remove(0),
        _ if matches!(call, "splice" | "tee" | "sendfile") => {
            let text = format!(
                "it copies from fd {} to fd {}, and on which of them it waits the kernel does not show. If on the first: {}. \
                 If on the second: {}",
                sources[0].fd, sources[1].fd, all[0].text, all[1].text
            );
            Told { text, ..several(words, thread, sources, all) }
        }
        _ => several(words, thread, sources, all),
    };
    // What an epoll watches may be changed by other threads, and by processes that have inherited it.
    if call.starts_with("epoll") {
        if told.edges.world == World::Closed {
            told.text.push_str("; but what it watches may be changed");
        }
        told.edges.world = told.edges.world.max(World::Likely);
    }
    told
}

/// Descriptors of one wait that are told of in words.
const SHOWN: usize = 8;

/// Any of several lets it go on.
fn several(words: Words<'_>, thread: &Thread, sources: &[Source], all: Vec<Told>) -> Told {
    let mut whole = Told::open(None, String::new());
    whole.edges.world = World::Closed;
    let mut texts = Vec::new();
    let (mut object, mut members) = (String::new(), Vec::new());
    for (told, source) in all.into_iter().zip(sources) {
        if source.file == File::Rest {
            whole.edges.world = World::Open;
            continue;
        }
        texts.push(if source.fd == 0 && source.file == File::Unknown {
            told.text
        } else {
            format!("fd {}: {}", source.fd, told.text)
        });
        whole.edges.world = whole.edges.world.max(told.edges.world);
        // Which of the objects leads to whom is lost; the first that leads anywhere stands for all.
        for part in told.edges.groups {
            if object.is_empty() && !part.members.is_empty() {
                object = part.object;
            }
            members.extend_from_slice(&part.members);
        }
        for waker in told.wakers {
            if !whole.wakers.iter().any(|known| known.pid == waker.pid && known.tid == waker.tid) {
                whole.wakers.push(waker);
            }
        }
        whole.objects.extend(told.objects);
        whole.surely |= told.surely;
    }
    whole.objects.dedup();
    if words.waits.threads_of(thread.pid).len() > 1 {
        // Another thread may change what is watched.
        members.push((thread.pid, None));
    }
    let more = texts.len().saturating_sub(SHOWN);
    texts.truncate(SHOWN);
    if more > 0 {
        texts.push(format!("and {more} more"));
    }
    let many = if sources.iter().any(|source| source.file == File::Rest) { "more than " } else { "" };
    let number = sources.iter().filter(|source| source.file != File::Rest).count() as u64;
    whole.text = format!("it waits for any of {many}{}: {}", count(number, "descriptor"), texts.join("; "));
    if object.is_empty() {
        object = whole.objects.first().cloned().unwrap_or_default();
    }
    whole.edges.groups = vec![Group { object, members: members.into() }];
    whole
}

fn one(words: Words<'_>, thread: &Thread, source: &Source) -> Told {
    match &source.file {
        File::Pipe(identity, made) => {
            pipe(words, thread, source.way, *identity, &words.address(*identity), Origin::Pipe(*made))
        }
        File::Fifo(identity, path) => {
            pipe(words, thread, source.way, *identity, &fifo(words, *identity, path), Origin::Fifo)
        }
        File::Socket(inode) => sockets::explain(words, thread, source.way, *inode),
        File::Regular(identity, path) => regular(words, thread, source.way, *identity, path),
        File::Event(id, level) => event(words, thread, source.way, *id, *level),
        File::Timer(true) => Told::surely("a timer that is set wakes it"),
        File::Timer(false) => Told::open(None, "its timer is not set: some thread has to set it"),
        File::Signals(set) => Told::surely(format!("it waits for {} by a descriptor", signals(Some(*set)))),
        File::Process(Some(pid)) => {
            let mut told =
                Told::open(Some(format!("pid:{pid}")), format!("it waits for the end of {}", words.who(*pid)));
            told.wakers = Vec::from_iter(words.waker(*pid, None, "has to end", true));
            told.edges = likely(&told, &[*pid]);
            told
        }
        File::Process(None) => Told::open(None, "it waits for the end of a process that cannot be seen from here"),
        File::Uring => Told::open(None, "it waits for an io_uring to complete what was asked of it"),
        File::Other(link) => {
            Told::open(None, format!("it waits for {}; who could feed that the kernel does not tell", escape(link)))
        }
        File::Rest => Told::open(None, "more that were not looked at"),
        File::Unknown => Told::open(None, "a file that cannot be told"),
    }
}

/// A FIFO's address; by its path where no picture has it.
fn fifo(words: Words<'_>, identity: Identity, path: &[u8]) -> String {
    match words.waits.find(identity) {
        Some((picture, place)) => picture.address(place).to_string(),
        None => format!("fifo:{}", escape(path)),
    }
}

/// These processes are all there usually are.
pub(super) fn likely(told: &Told, pids: &[u32]) -> Edges {
    let object = told.objects.first().cloned().unwrap_or_default();
    let members = pids.iter().map(|pid| (*pid, None)).collect();
    Edges { world: World::Likely, groups: vec![Group { object, members }] }
}

/// Where a pipe comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// A file, which anybody may open.
    Fifo,
    /// `pipe(2)`: when, if that is known.
    Pipe(Option<Time>),
}

/// A pipe, or a FIFO that is open.
fn pipe(words: Words<'_>, thread: &Thread, way: Way, identity: Identity, address: &str, origin: Origin) -> Told {
    let (end, state) = match way {
        Way::Write => ("read end", "is full"),
        Way::ReadersGone => ("read end", "is watched for its read end to be closed"),
        Way::WritersGone => ("write end", "is watched for its write end to be closed"),
        Way::Both => ("other end", "is watched both ways"),
        Way::Read | Way::Accept | Way::Connect => ("write end", "is empty"),
    };
    let mut told = Told::open(Some(address.to_owned()), format!("{address} {state}"));
    let Some(Having { pids, members }) = words.ends(identity, way.other_ends()) else {
        told.text.push_str(", and who has its other end could not be seen");
        return told;
    };
    told.wakers = words.wakers(thread, &pids, &format!("has the {end}"), true);
    let hidden = hidden(words, origin);
    told.text = match (&told.wakers[..], pids.is_empty()) {
        (_, true) if words.is_ours(identity, way.other_ends()) => {
            // Who reads what is printed here: it goes on by the end of this at the latest.
            told.surely = true;
            format!("{}; only the ipcx that looks has the {end}", told.text)
        }
        (_, true) => {
            let unseen = hidden.unwrap_or("a process that is gone meanwhile, or one that is hidden, has it");
            format!("{}; no {end} was seen: {unseen}", told.text)
        }
        ([], false) => format!("{}; only this process itself has the {end}", told.text),
        _ => format!("{}; {} the {end}", told.text, have(words, &pids)),
    };
    if matches!((way, origin), (Way::Read, Origin::Pipe(_))) && !told.wakers.is_empty() && pids.contains(&thread.pid) {
        told.text.push_str("; this process has one itself, and gets no end-of-file before that is closed, too");
    }
    told.edges.groups = vec![Group { object: address.to_owned(), members }];
    told.edges.world = match (hidden, origin) {
        _ if pids.is_empty() => World::Open,
        (None, Origin::Pipe(_)) => World::Closed,
        // Somebody unseen may have an end; and a FIFO can be opened anew by its name.
        _ => World::Likely,
    };
    // Where others were found it hardly matters who else there may be.
    if let (Some(hidden), World::Likely, Origin::Pipe(_), []) = (hidden, told.edges.world, origin, &told.wakers[..]) {
        told.text = format!("{}; but {hidden}", told.text);
    }
    told
}

/// Why an end of a pipe may be where no process shows it; `None` if nowhere.
fn hidden(words: Words<'_>, origin: Origin) -> Option<&'static str> {
    let hiding = &words.waits.hiding;
    if hiding.processes {
        return Some("not every process could be looked into, and one of them may have it");
    }
    if hiding.io_uring {
        return Some("an io_uring may have it");
    }
    if hiding.in_flight {
        return Some("it may be on its way in a socket");
    }
    if hiding.tables {
        return Some("a thread with descriptors of its own may have it");
    }
    match (hiding.nested_since, origin) {
        (None, _) => None,
        // Made here and never used.
        (Some(since), Origin::Pipe(Some(made))) if made > since => None,
        (Some(_), _) => Some("a process outside this PID namespace may have it"),
    }
}

/// A regular file is read at once, but for a POSIX queue.
fn regular(words: Words<'_>, thread: &Thread, way: Way, identity: Identity, path: &[u8]) -> Told {
    let found = words.waits.find(identity);
    match found.map(|(picture, place)| (&picture.objects[place].body, picture.address(place))) {
        Some((Body::Queue(state), address)) => queue(words, thread, way, identity, state, address.to_string()),
        _ => Told::open(None, format!("it waits for the file system of {}", escape(path))),
    }
}

fn queue(words: Words<'_>, thread: &Thread, way: Way, identity: Identity, queue: &Queue, address: String) -> Told {
    let writes = way == Way::Write;
    let holds = match (writes, queue.messages, queue.limit_messages) {
        (true, Some(now), Some(most)) => format!("is full ({now} of {most} messages)"),
        (true, ..) => "is full".to_owned(),
        (false, ..) => "is empty".to_owned(),
    };
    let this_end = if writes { Access::Write } else { Access::Read };
    let other_end = |holder: &&Holder| holder.access.is_some_and(|access| access != this_end);
    let found = words.waits.find(identity);
    let holders = found.map(|(picture, place)| picture.holders(place)).unwrap_or_default();
    let mut pids: Vec<u32> = holders.iter().filter(other_end).map(|holder| holder.pid).collect();
    pids.dedup();
    let how = if writes { "has it open to receive" } else { "has it open to send" };
    let text = format!("{address} {holds}");
    let mut told = Told::open(Some(address), text);
    told.wakers = words.wakers(thread, &pids, how, true);
    told.text = match told.wakers.len() {
        0 => format!("{}; no other process was seen that {how}; one that may open it by its name could", told.text),
        _ => format!("{}; {} {}", told.text, have(words, &pids), how.trim_start_matches("has ")),
    };
    told
}

fn event(words: Words<'_>, thread: &Thread, way: Way, id: Option<u64>, level: Option<u64>) -> Told {
    let address = id.map(|id| format!("eventfd:[{id}]"));
    let name = address.clone().unwrap_or_else(|| "its eventfd".to_owned());
    let state = match (way, level) {
        (Way::Write, _) => "is at its highest count".to_owned(),
        (_, Some(0) | None) => "is at 0".to_owned(),
        (_, Some(level)) => format!("is at {level}"),
    };
    let pids = id.and_then(|id| words.waits.events.get(&id)).cloned().unwrap_or_default();
    let mut told = Told::open(address, format!("{name} {state}"));
    told.wakers = words.wakers(thread, &pids, "has it open", true);
    // The kernel signals eventfds too, for those who asked it to.
    told.text = match told.wakers.len() {
        0 => format!("{}; no other process was seen to have it", told.text),
        _ => format!("{}; {} it", told.text, have(words, &pids)),
    };
    told
}

/// A FIFO that waits for its other end to be opened.
pub(super) fn opening(words: Words<'_>, thread: &Thread, path: &[u8], identity: Identity, reads: bool) -> Told {
    let address = fifo(words, identity, path);
    let (ours, other) = if reads { ("read", "write") } else { ("write", "read") };
    let mut told = Told::open(
        Some(address.clone()),
        format!("it opens the {ours} end of {address}, and nobody has the {other} end open"),
    );
    // Who opens the other way meets it.
    let pids = words.asleep(identity, if reads { Does::OpensToWrite } else { Does::OpensToRead });
    told.wakers = words.wakers(thread, pids, &format!("opens its {other} end"), true);
    if told.wakers.is_empty() {
        told.text.push_str("; any process that may open it could");
    }
    told
}
