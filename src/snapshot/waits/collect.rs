//! Collecting what threads wait for, then the objects that this names, in each namespace in which somebody waits.

use super::scan::{self, Looks};
use super::{File, Hiding, Look, On, Source, Thread, Waits, extras};
use crate::kernel::clock::Clock;
use crate::kernel::{capability, file, mounts, namespace};
use crate::model::{Body, Identity, Kinds, Object, SocketState};
use crate::snapshot::collect::collect_with;
use crate::snapshot::visibility::unseen_processes;
use crate::snapshot::{Awaited, SnapshotError, Want};
use rustc_hash::FxHashMap;
use std::os::fd::OwnedFd;

/// Most namespaces, beside the caller's own, whose objects are looked at.
const MOST_NAMESPACES: usize = 64;

/// Looks at all threads, and at the objects that they wait for; if one process is meant, only where it waits for one. Works
/// without privilege, and then sees only the caller's own processes. Other namespaces than the caller's need
/// `CAP_SYS_ADMIN`.
pub fn collect(process: Option<u32>) -> Result<Waits, SnapshotError> {
    let proc = file::open_directory("/proc").map_err(SnapshotError::Proc)?;
    let clock = Clock::read().map_err(SnapshotError::Proc)?;
    let mut threads = scan::run(&proc, process, Looks::Twice).map_err(SnapshotError::Proc)?;
    extras::name_children(&proc, &mut threads);
    let mut waits = Waits::of(clock.now, threads);
    note_unseen(&mut waits);
    let meant = |thread: &Thread| process.is_none_or(|pid| thread.pid == pid);
    if waits.threads.iter().any(|thread| meant(thread) && thread.wait().is_some_and(|wait| wait.on.is_object())) {
        look_at_objects(&proc, &clock, &mut waits)?;
    }
    note_refused(&mut waits);
    Ok(waits)
}

fn look_at_objects(proc: &OwnedFd, clock: &Clock, waits: &mut Waits) -> Result<(), SnapshotError> {
    let own = namespace::read_own();
    let (mine, elsewhere) = wanted(proc, &waits.threads, own);
    let (picture, hits) = collect_with(&mine, None)?;
    let seen = &picture.visibility;
    waits.notes.extend(unseen_processes(false, seen.nested_pid_namespace));
    if seen.missing_source {
        let new = seen.notes.iter().filter(|note| !waits.notes.contains(note));
        let new: Vec<String> = new.cloned().collect();
        waits.notes.extend(new);
    }
    waits.hiding = Hiding {
        processes: seen.descriptors_hidden() || waits.threads.iter().any(|thread| thread.look == Look::Refused),
        io_uring: seen.io_uring,
        in_flight: seen.in_flight,
        tables: false,
        nested_since: None,
    };
    if seen.nested_pid_namespace {
        // One whose parent is outside came in later (`nsenter`), and may have brought pipes that its parent has too.
        let entered = waits.threads.iter().any(|thread| thread.task.ppid == 0 && thread.pid != 1);
        let first = waits.threads_of(1).first().filter(|_| !entered);
        // Within the tick in which it started.
        let first = first.map(|thread| clock.started_at(thread.task.start_ticks + 1));
        waits.hiding.nested_since = Some(first.unwrap_or(clock.now));
    }
    waits.types = extras::types_in(&picture, &waits.threads);
    waits.pictures.push(picture);
    for (pid, want) in elsewhere {
        let looked = namespace::inside(pid, || {
            let (picture, _) = collect_with(&want, Some(&hits))?;
            let types = extras::types_in(&picture, &waits.threads);
            Ok::<_, SnapshotError>((picture, types))
        });
        match looked {
            Ok(Ok((picture, types))) => {
                waits.pictures.push(picture);
                waits.types.extend(types);
            }
            Ok(Err(error)) => waits.notes.push(error.to_string()),
            Err(error) => waits
                .notes
                .push(format!("{error}: what threads there wait for cannot be looked at; CAP_SYS_ADMIN would let it")),
        }
    }
    find_names(waits);
    extras::add(proc, waits, &hits);
    let may_be_stuck = extras::may_be_stuck(waits);
    scan::again(proc, &mut waits.threads, &may_be_stuck);
    find_names(waits);
    Ok(())
}

/// What to collect in the caller's namespaces, and in others, each by a process that is in it.
fn wanted(proc: &OwnedFd, threads: &[Thread], own: namespace::Namespaces) -> (Want, Vec<(u32, Want)>) {
    let nothing = || Want { awaited: Some(Awaited::default()), ..Want::tables(Kinds::empty()) };
    let mut mine = Want { awaited: Some(awaited(threads)), ..nothing() };
    let mut elsewhere: FxHashMap<u64, (u32, Want)> = FxHashMap::default();
    for thread in threads {
        let Some(wait) = thread.wait() else { continue };
        let (kinds, file) = kinds_of(wait.call, &wait.on);
        mine.files.extend(file);
        let mut add = |space: Option<u64>, ours: Option<u64>, kinds: Kinds| match space {
            Some(space) if Some(space) != ours => {
                if elsewhere.len() < MOST_NAMESPACES || elsewhere.contains_key(&space) {
                    let entry = elsewhere.entry(space).or_insert_with(|| (thread.pid, nothing()));
                    entry.1.kinds |= kinds;
                }
            }
            _ => mine.kinds |= kinds,
        };
        let of_ipc = kinds & (Kinds::QUEUES | Kinds::SEMS);
        if !of_ipc.is_empty() {
            add(wait.ipc, own.ipc, of_ipc);
        }
        let of_net = kinds & (Kinds::UNIX | Kinds::INET);
        if !of_net.is_empty() {
            let net = namespace::read_net(proc, &format!("{}/task/{}", thread.pid, thread.tid())).ok();
            add(net, own.net, of_net);
        }
        mine.kinds |= kinds & (Kinds::PIPES | Kinds::FIFOS);
    }
    // Whether descriptors may be on their way, the unix sockets tell.
    if mine.kinds.intersects(Kinds::PIPES | Kinds::FIFOS) {
        mine.kinds |= Kinds::UNIX;
    }
    let others = std::iter::once(&mut mine).chain(elsewhere.values_mut().map(|(_, want)| want));
    for want in others {
        // Users of System V objects leave only records; all the others are found by their descriptors.
        let records = Kinds::SYSV;
        want.holders = want.kinds.intersects(!records);
        want.records = want.kinds.intersects(records);
        want.limits = want.kinds.intersects(Kinds::QUEUES);
        want.contents = want.kinds.intersects(Kinds::QUEUES | Kinds::SEMS);
    }
    let mut elsewhere: Vec<_> = elsewhere.into_values().collect();
    elsewhere.sort_unstable_by_key(|(pid, _)| *pid);
    (mine, elsewhere)
}

/// What descriptors have to be looked for.
fn awaited(threads: &[Thread]) -> Awaited {
    let mut awaited = Awaited::default();
    for wait in threads.iter().filter_map(Thread::wait) {
        let mut file = |identity: Identity| {
            if let Identity::File { device, inode } = identity {
                awaited.files.insert((device, inode));
            }
        };
        match &wait.on {
            On::Files(sources) => {
                for source in sources {
                    match source.file {
                        File::Pipe(identity, _) | File::Fifo(identity, _) => file(identity),
                        File::Regular(identity, _) if wait.call.starts_with("mq_") => file(identity),
                        File::Socket(_) => awaited.sockets = true,
                        File::Event(..) => awaited.events = true,
                        File::Other(ref link) => awaited.sockets |= link.starts_with(b"unix:"),
                        _ => {}
                    }
                }
            }
            On::FifoOpen { identity, .. } => file(*identity),
            On::Lock { lock, .. } => file(Identity::File { device: lock.device, inode: lock.inode }),
            _ => {}
        }
    }
    awaited
}

/// Which kinds of object a wait is for; and the file, where it is one that nobody need have open.
fn kinds_of(call: &str, on: &On) -> (Kinds, Option<Box<[u8]>>) {
    match on {
        On::MsgSend { .. } | On::MsgReceive { .. } => (Kinds::SYSV_QUEUES, None),
        On::Semop { .. } => (Kinds::SYSV_SEMS, None),
        On::FifoOpen { path, .. } => (Kinds::FIFOS, Some(path.clone())),
        On::Files(_) if call.starts_with("mq_") => (Kinds::POSIX_QUEUES, None),
        On::Files(sources) => {
            let kind = |source: &Source| match &source.file {
                File::Pipe(..) => Kinds::PIPES,
                File::Fifo(..) => Kinds::FIFOS,
                File::Socket(_) => Kinds::UNIX | Kinds::INET,
                File::Other(link) if link.starts_with(b"unix:") => Kinds::UNIX,
                _ => Kinds::empty(),
            };
            (sources.iter().fold(Kinds::empty(), |kinds, source| kinds | kind(source)), None)
        }
        _ => (Kinds::empty(), None),
    }
}

/// Finds the sockets that calls name: a listener, or a receiver of datagrams.
fn find_names(waits: &mut Waits) {
    let bound = bound_names(waits.pictures.iter().flat_map(|picture| &picture.objects));
    for wait in waits.threads.iter_mut().filter_map(scan::wait_of) {
        let On::Files(sources) = &mut wait.on else { continue };
        for source in sources {
            if let File::Other(link) = &source.file
                && let Some(name) = link.strip_prefix(b"unix:")
                && let Some(inode) = bound.get(name)
            {
                source.file = File::Socket(*inode);
            }
        }
    }
}

/// Unix sockets by the names that calls give: with a NUL in front where they are abstract.
pub(super) fn bound_names<'a>(objects: impl Iterator<Item = &'a Object>) -> FxHashMap<Vec<u8>, u64> {
    let mut bound: FxHashMap<Vec<u8>, u64> = FxHashMap::default();
    for object in objects {
        let (Body::Socket(socket), Identity::Socket { inode, .. }) = (&object.body, object.identity) else { continue };
        let Some(name) = socket.unix.as_ref().and_then(|unix| {
            let front: &[u8] = if unix.abstract_name { b"\0" } else { b"" };
            unix.name.as_ref().map(|name| [front, name].concat())
        }) else {
            continue;
        };
        // Accepted sockets carry their listener's name.
        let listens = socket.state == Some(SocketState::Listening);
        if listens || !bound.contains_key(&name) {
            bound.insert(name, inode);
        }
    }
    bound
}

/// Says that /proc leaves processes out: who is asked about may be one of them.
fn note_unseen(waits: &mut Waits) {
    let capabilities = capability::read_effective().ok();
    let may_see = capabilities.is_some_and(|set| set.has(capability::CAP_SYS_PTRACE));
    waits.privileged = capabilities.is_some_and(capability::Capabilities::sees_processes);
    waits.notes.extend(unseen_processes(!may_see && mounts::proc_hides_processes(), false));
}

/// Says whose calls were refused, and what would show them.
fn note_refused(waits: &mut Waits) {
    let mut refused: Vec<u32> =
        waits.threads.iter().filter(|thread| thread.look == Look::Refused).map(|thread| thread.pid).collect();
    refused.dedup();
    if let Some(first) = refused.first() {
        let help = if waits.privileged {
            "the kernel refuses although CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are there"
        } else {
            "CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH would show it"
        };
        let (others, wait) = match refused.len() {
            1 => (String::new(), "waits"),
            2 => (" and 1 other".to_owned(), "wait"),
            more => (format!(" and {} others", more - 1), "wait"),
        };
        waits.notes.push(format!("what pid {first}{others} {wait} for could not be read: {help}"));
    }
}
