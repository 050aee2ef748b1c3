//! Collecting a picture: tables first, since they decide whether any process has to be looked into at all.

use super::holders::HolderRows;
use super::names::Names;
use super::processes::Processes;
use super::scan::{self, FoundHit, Hit, Plan, Scan, Segment};
use super::visibility::unseen_processes;
use super::{Snapshot, Visibility, Want, find, in_flight, pipes, posix, records, room, sockets, sysv, unnamed, waits};
use crate::kernel::clock::Clock;
use crate::kernel::fd::Target;
use crate::kernel::syscall::Wait;
use crate::kernel::{Error, capability, file, host, mounts, namespace, process, threads};
use crate::model::{Body, Device, Identity, Kinds, Object, Role};
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::OwnedFd;

/// A picture could not be taken at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// /proc is not there, or not readable.
    #[error("cannot look at this machine: {0}")]
    Proc(Error),
}

/// The file of a bound unix socket, as the kernel's table has it: device, and the low half of the inode number.
pub(super) type BoundFile = (Device, u32);

/// A picture in the making.
pub(super) struct Picture {
    pub(super) objects: Vec<Object>,
    pub(super) visibility: Visibility,
    pub(super) holders: HolderRows,
    /// Where an object is, for joining what is found later.
    pub(super) places: FxHashMap<Identity, u32>,
    /// Sockets by inode.
    pub(super) sockets: FxHashMap<u64, u32>,
    /// Unix sockets by the file they are bound to, and by the path they were bound to.
    pub(super) bound: FxHashMap<BoundFile, u32>,
    pub(super) bound_names: FxHashMap<Box<[u8]>, (u32, BoundFile)>,
    /// Connections that wait in a listener's queue, with the listener's inode.
    pub(super) unaccepted: Vec<(u32, u64)>,
}

impl Picture {
    /// One without objects.
    fn new(namespaces: &namespace::Namespaces) -> Self {
        Self {
            objects: Vec::new(),
            visibility: Visibility {
                nested_pid_namespace: namespaces.pid.is_some_and(|pid| pid != namespace::INITIAL_PID),
                ipc_made_with_pid: namespace::ipc_was_made_with_pid(),
                initial_ipc_namespace: namespaces.ipc == Some(namespace::INITIAL_IPC),
                ..Visibility::default()
            },
            holders: HolderRows::default(),
            places: FxHashMap::default(),
            sockets: FxHashMap::default(),
            bound: FxHashMap::default(),
            bound_names: FxHashMap::default(),
            unaccepted: Vec::new(),
        }
    }

    /// Adds an object and says where it is.
    pub(super) fn add(&mut self, object: Object) -> u32 {
        let place = self.objects.len() as u32;
        match object.identity {
            Identity::Socket { inode: 0, .. } => {}
            Identity::Socket { inode, .. } => {
                self.sockets.insert(inode, place);
            }
            identity => {
                self.places.insert(identity, place);
            }
        }
        self.objects.push(object);
        place
    }
}

/// Takes a picture of what is wanted, in the calling thread's namespaces. Works without privilege; what then stays
/// unseen is in [`Snapshot::visibility`].
pub fn collect(want: &Want) -> Result<Snapshot, SnapshotError> {
    collect_with(want, None).map(|(snapshot, _)| snapshot)
}

/// As [`collect()`], and what processes have of all that was looked for. If that is known already, from a picture taken in other
/// namespaces, nobody is looked into: descriptors lead to sockets of any namespace.
pub(super) fn collect_with(
    want: &Want,
    known: Option<&[FoundHit]>,
) -> Result<(Snapshot, Vec<FoundHit>), SnapshotError> {
    let proc = file::open_directory("/proc").map_err(SnapshotError::Proc)?;
    let clock = Clock::read().map_err(SnapshotError::Proc)?;
    let namespaces = namespace::read_own();
    let mut picture = Picture::new(&namespaces);
    let recorded = sysv::read(want, namespaces.ipc.unwrap_or(0), &mut picture.objects, &mut picture.visibility);
    let posix_queues = posix::read(want, &mut picture.objects, &mut picture.visibility);
    picture.places.extend(picture.objects.iter().zip(0..).map(|(object, place)| (object.identity, place)));
    let socket_files = pipes::read_files(want, &mut picture);

    let plan = plan(want, &picture, namespaces.ipc);
    let mut processes = Processes::default();
    let hits = look_into_processes(&proc, &plan, known, socket_files, &mut picture, &mut processes);
    if want.asleep {
        waits::add_asleep(&proc, &mut picture);
    }
    // Recorded pids are numbers of the caller's PID namespace, and mean others in the /proc of another one.
    let own_proc = process::is_own_proc(&proc);
    if !own_proc {
        picture.visibility.hides_processes = true;
        picture
            .visibility
            .notes
            .push("/proc is that of another PID namespace: recorded pids cannot be told".to_owned());
    }
    if (want.records || want.verdict) && own_proc {
        records::add(&proc, &clock, &recorded, &mut picture);
    }
    if want.comms || want.details {
        name_recorded(&proc, want, &picture.holders, &mut processes);
    }
    let names = Names::look_up(&picture.objects, &processes, want.users, want.groups);
    let holders = picture.holders.group(picture.objects.len());
    let mut snapshot = Snapshot {
        taken_at: clock.now,
        host: host::read(),
        namespaces,
        visibility: picture.visibility,
        twins: find::twins(&picture.objects),
        objects: picture.objects,
        room: Vec::new(),
        clock,
        holders,
        processes,
        names,
        sockets: picture.sockets,
        places: picture.places,
    };
    if want.room {
        snapshot.room = room::read(want, &snapshot, posix_queues);
    }
    Ok((snapshot, hits))
}

/// What has to be looked for in processes, now that the tables are known.
fn plan<'a>(want: &'a Want, picture: &Picture, ipc: Option<u64>) -> Plan<'a> {
    let mut files = FxHashSet::default();
    let mut segments = FxHashMap::default();
    let (mut sleepable, mut judged, mut unopened_fifos, mut mappable) = (false, false, false, false);
    for object in &picture.objects {
        match (&object.body, object.identity) {
            (Body::Shm(shm), Identity::SysV { id, .. }) => {
                // Nobody sleeps on a segment; but whether all processes can be looked into decides what is said of it.
                judged = true;
                sleepable |= want.verdict;
                if let (Some(key), Some(1..), true) = (shm.key, shm.attaches, want.holders) {
                    segments.insert(id, Segment { key, marked_for_removal: shm.marked_for_removal });
                }
            }
            (Body::Queue(_) | Body::Semaphore(_), Identity::SysV { .. }) => (judged, sleepable) = (true, true),
            (Body::Queue(_) | Body::Shm(_) | Body::Semaphore(_), Identity::File { device, inode }) => {
                judged = true;
                sleepable |= matches!(object.body, Body::Queue(_));
                mappable |= !matches!(object.body, Body::Queue(_));
                files.insert((device, inode));
            }
            (Body::Fifo(_), _) => (judged, unopened_fifos) = (true, true),
            (Body::Socket(_), _) => judged = true,
            _ => {}
        }
    }
    if !want.holders && !want.verdict {
        files.clear();
        mappable = false;
    }
    let pipes = want.kinds.contains(Kinds::PIPES);
    // Where a pipe lacks an end, or a POSIX object its user, sockets tell whether that is on its way in one of them.
    let carriers = want.verdict && (pipes || !files.is_empty());
    let sockets = want.kinds.intersects(Kinds::UNIX | Kinds::INET) && (want.holders || want.verdict);
    Plan {
        want,
        pipes,
        fifos: want.kinds.contains(Kinds::FIFOS),
        sockets: sockets || carriers,
        files,
        mappable,
        segments,
        unnamed: unnamed::Wanted::of(want.kinds),
        waits: sleepable && (want.holders || want.verdict) && want.awaited.is_none(),
        opening: unopened_fifos && want.verdict,
        openers: want.openers && want.kinds.contains(Kinds::FIFOS),
        blocked: want.blocked && want.kinds.intersects(Kinds::PIPES | Kinds::FIFOS),
        table: (judged && want.verdict) || want.processes,
        ipc,
        // The machine's first process lives in its first IPC namespace. It may be closed even to root, and would make
        // every verdict in a container's or a test's own namespace `unknown` for nothing.
        init_is_elsewhere: !picture.visibility.initial_ipc_namespace && !picture.visibility.nested_pid_namespace,
    }
}

/// Reads socket tables and processes side by side, and joins them. What is `known` of processes is not looked for.
fn look_into_processes(
    proc: &OwnedFd,
    plan: &Plan<'_>,
    known: Option<&[FoundHit]>,
    socket_files: Vec<crate::kernel::fifo_search::SpecialFile>,
    picture: &mut Picture,
    processes: &mut Processes,
) -> Vec<FoundHit> {
    let want = plan.want;
    let sockets = want.kinds.intersects(Kinds::UNIX | Kinds::INET);
    let scan = std::thread::scope(|scope| {
        if sockets {
            scope.spawn(|| {
                threads::own_tables(None);
                sockets::add(sockets::read(want.kinds), picture);
                sockets::add_files(socket_files, picture);
            });
        }
        (known.is_none() && plan.any()).then(|| scan::run(proc, plan))
    });
    let mut scan = match scan {
        None if known.is_none() => return Vec::new(),
        None => Scan::default(),
        Some(Ok(scan)) => scan,
        Some(Err(error)) => {
            picture.visibility.missing(format!("no process could be looked at: {error}"));
            return Vec::new();
        }
    };
    let hits = std::mem::take(&mut scan.hits);
    let all = known.unwrap_or(&hits);
    // Pipes belong to no namespace: the first picture has them.
    pipes::join(proc, &hits, picture);
    sockets::join(want, all, picture);
    if plan.openers {
        pipes::add_opened(scan.opened, picture);
    }
    unnamed::add(scan.unnamed, picture);
    join_files_and_waits(all, plan.ipc.unwrap_or(0), picture);
    for process in scan.processes {
        processes.insert(process);
    }
    picture.visibility.processes = scan.seen;
    picture.visibility.io_uring = scan.io_uring;
    picture.visibility.carriers = plan.descriptors().then_some(scan.carriers);
    picture.visibility.opening = scan.opening;
    picture.visibility.hidden = scan.hidden;
    if want.verdict && !picture.visibility.in_flight && something_is_missing(picture) {
        picture.visibility.in_flight = in_flight::may_be(proc, want, all, picture);
    }
    note_hidden(picture, processes);
    hits
}

/// Whether a pipe lacks an end or a POSIX object a user: then descriptors that are on their way in a socket matter.
fn something_is_missing(picture: &Picture) -> bool {
    let held = picture.holders.places();
    picture.objects.iter().zip(0..).any(|(object, place)| match &object.body {
        Body::Pipe(ends) => ends.readers == 0 || ends.writers == 0,
        Body::Queue(_) | Body::Shm(_) | Body::Semaphore(_) => {
            matches!(object.identity, Identity::File { .. }) && !held.contains(&place)
        }
        // Memfds are known by who has them.
        Body::Fifo(_) | Body::Socket(_) | Body::Memfd(_) => false,
    })
}

/// Joins what processes have with POSIX objects and System V objects.
fn join_files_and_waits(hits: &[FoundHit], namespace: u64, picture: &mut Picture) {
    use crate::model::{Access, Holder, Kind};
    // By object, process and role: the descriptor, if any, and the threads.
    let mut sleepers = FxHashMap::<_, (Option<u32>, Vec<u32>)>::default();
    let streams = streams(hits);
    for (pid, hit) in hits {
        let sysv = |kind, id| Identity::SysV { namespace, kind, id };
        let (identity, role, fd, thread) = match *hit {
            // Pipes, FIFOs and sockets have their own roles, and were joined by them.
            Hit::Fd(open, _) if open.target != Target::File => continue,
            Hit::Fd(open, _) => {
                (Identity::File { device: open.device, inode: open.inode }, Role::Open, Some(open.fd), None)
            }
            Hit::Mapped(device, inode) => (Identity::File { device, inode }, Role::Mapped, None, None),
            Hit::Attached(id) => (sysv(Kind::Shm, id), Role::Attached, None, None),
            Hit::Waits(thread, Wait::MsgSend(id)) => (sysv(Kind::Queue, id), Role::WaitingSend, None, Some(thread)),
            Hit::Waits(thread, Wait::MsgReceive(id)) => {
                (sysv(Kind::Queue, id), Role::WaitingReceive, None, Some(thread))
            }
            Hit::Waits(thread, Wait::Semop(id)) => {
                (sysv(Kind::Semaphore, id), Role::WaitingSemaphore, None, Some(thread))
            }
            Hit::Waits(thread, Wait::Read(fd) | Wait::Write(fd)) => {
                let Some(identity) = streams.get(&(*pid, fd)) else { continue };
                let writes = matches!(*hit, Hit::Waits(_, Wait::Write(_)));
                (*identity, if writes { Role::WaitingSend } else { Role::WaitingReceive }, Some(fd), Some(thread))
            }
            Hit::WaitsOnFile(thread, Wait::MqSend(fd), identity) => {
                (identity, Role::WaitingSend, Some(fd), Some(thread))
            }
            Hit::WaitsOnFile(thread, Wait::MqReceive(fd), identity) => {
                (identity, Role::WaitingReceive, Some(fd), Some(thread))
            }
            Hit::WaitsOnFile(thread, Wait::Open { .. }, identity) => (identity, Role::WaitingOpen, None, Some(thread)),
            Hit::Waits(..) | Hit::WaitsOnFile(..) => continue,
        };
        let Some(place) = picture.places.get(&identity).copied() else { continue };
        if let Some(thread) = thread {
            sleepers.entry((place, *pid, role)).or_insert((fd, Vec::new())).1.push(thread);
            continue;
        }
        let access = match hit {
            Hit::Fd(_, ways) => Access::of(ways.reads, ways.writes),
            _ => None,
        };
        picture.holders.push(place, Holder { pid: *pid, role, fd, access, alive: true, threads: None });
    }
    for ((place, pid, role), (fd, mut threads)) in sleepers {
        threads.sort_unstable();
        picture.holders.push(place, Holder { pid, role, fd, access: None, alive: true, threads: Some(threads.into()) });
    }
}

/// What descriptors of pipes and FIFOs are open on, of processes that sleep in reading or writing one.
fn streams(hits: &[FoundHit]) -> FxHashMap<(u32, u32), Identity> {
    let sleeps = |hit: &Hit| matches!(hit, Hit::Waits(_, Wait::Read(_) | Wait::Write(_)));
    let pids: FxHashSet<u32> = hits.iter().filter(|(_, hit)| sleeps(hit)).map(|(pid, _)| *pid).collect();
    if pids.is_empty() {
        return FxHashMap::default();
    }
    let open = hits.iter().filter_map(|(pid, hit)| match hit {
        Hit::Fd(open, _) if matches!(open.target, Target::Pipe | Target::Fifo) && pids.contains(pid) => {
            Some(((*pid, open.fd), Identity::File { device: open.device, inode: open.inode }))
        }
        _ => None,
    });
    open.collect()
}

/// Says once, and by name, who could not be looked into and what would help.
fn note_hidden(picture: &mut Picture, processes: &Processes) {
    let seen = &mut picture.visibility;
    let capabilities = capability::read_effective().ok();
    if !capabilities.is_some_and(|set| set.has(capability::CAP_SYS_PTRACE)) {
        seen.hides_processes = mounts::proc_hides_processes();
    }
    seen.notes.extend(unseen_processes(seen.hides_processes, seen.nested_pid_namespace));
    let (count, all) = (seen.hidden.len(), seen.processes);
    if let Some(first) = seen.hidden.first() {
        let name = processes.get(first.pid).map(|p| crate::model::escape(&p.comm).into_owned()).unwrap_or_default();
        let who = match count {
            1 => format!("pid {} ({name})", first.pid),
            2 => format!("pid {} ({name}) and one other", first.pid),
            _ => format!("pid {} ({name}) and {} others", first.pid, count - 1),
        };
        let help = if capabilities.is_some_and(capability::Capabilities::sees_processes) {
            "the kernel refuses although CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are there"
        } else {
            "CAP_SYS_PTRACE with CAP_DAC_READ_SEARCH would show them"
        };
        seen.notes.push(format!("{count} of {all} processes could not be looked into, {who}: {help}"));
    }
}

/// Names the living processes that hold something only by record.
fn name_recorded(proc: &OwnedFd, want: &Want, holders: &HolderRows, processes: &mut Processes) {
    let mut buffer = Vec::new();
    for pid in holders.live_pids() {
        let known = processes.get(pid);
        if known.is_some_and(|process| !want.details || process.cmdline.is_some()) {
            continue;
        }
        let Ok(mut process) = process::read_stat(proc, pid, &mut buffer) else { continue };
        process.uids = process::read_uids(proc, pid, &mut buffer).ok();
        if want.details {
            process.cmdline = process::read_cmdline(proc, pid, &mut buffer).ok();
        }
        processes.insert(process);
    }
}
