//! One pass over all processes: descriptors, mappings, calls that tasks sleep in, and who the processes are.
//!
//! The pids are shared out among the machine's cores through one counter. Each process is looked at once for
//! everything, so that what is found about it belongs together.

use super::opening;
use super::share::among_cores;
use super::unnamed::{self, Sightings};
use super::visibility::Hidden;
use super::{Awaited, Want};
use crate::kernel::dirents::Dirents;
use crate::kernel::fd::{self, FdReader, OpenFd, Target, Ways};
use crate::kernel::fifo_search::SpecialFile;
use crate::kernel::file::FileType;
use crate::kernel::syscall::{self, Wait};
use crate::kernel::{Error, Result, maps, memory, namespace, process};
use crate::model::{Device, Identity, Key, Process};
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What to look for in each process.
pub(super) struct Plan<'a> {
    pub(super) want: &'a Want,
    /// Pipes, FIFOs, sockets by descriptor.
    pub(super) pipes: bool,
    pub(super) fifos: bool,
    pub(super) sockets: bool,
    /// POSIX objects by device and inode: found by descriptor.
    pub(super) files: FxHashSet<(Device, u64)>,
    /// Some of them can be mapped: queues cannot.
    pub(super) mappable: bool,
    /// System V segments with attaches, by id: found by mapping.
    pub(super) segments: FxHashMap<i32, Segment>,
    /// Shared memory without a name: found by descriptor and by mapping, and by nothing else.
    pub(super) unnamed: unnamed::Wanted,
    /// There are queues or sets that somebody could sleep on.
    pub(super) waits: bool,
    /// There are FIFO files that nobody may have open: who sleeps in opening one?
    pub(super) opening: bool,
    /// FIFOs are wanted that are known only by who sleeps in opening them.
    pub(super) openers: bool,
    /// Who sleeps in reading or writing a pipe or FIFO?
    pub(super) blocked: bool,
    /// Every process with its users is wanted, not only holders.
    pub(super) table: bool,
    /// The caller's IPC namespace.
    pub(super) ipc: Option<u64>,
    /// pid 1 cannot be in the caller's IPC namespace: see [`super::collect()`].
    pub(super) init_is_elsewhere: bool,
}

/// What tells a segment's mapping from another file of that name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) key: Key,
    pub(super) marked_for_removal: bool,
}

impl Plan<'_> {
    pub(super) fn descriptors(&self) -> bool {
        let awaited = self.want.awaited.as_ref().is_some_and(Awaited::any);
        self.pipes || self.fifos || self.sockets || !self.files.is_empty() || self.unnamed.any() || awaited
    }

    fn maps(&self) -> bool {
        self.mappable || !self.segments.is_empty() || self.unnamed.any()
    }

    /// Whether a descriptor is looked for, a file without a name excepted.
    fn wants(&self, open: &OpenFd) -> bool {
        let file = (open.device, open.inode);
        let Some(awaited) = &self.want.awaited else {
            return match open.target {
                Target::Pipe => self.pipes,
                Target::Fifo => self.fifos,
                Target::Socket => self.sockets,
                Target::File => self.files.contains(&file),
                Target::IoUring | Target::Event => false,
            };
        };
        match open.target {
            Target::Pipe | Target::Fifo => awaited.files.contains(&file),
            Target::Socket => self.sockets || awaited.sockets,
            Target::File => self.files.contains(&file) || awaited.files.contains(&file),
            Target::Event => awaited.events,
            Target::IoUring => false,
        }
    }

    /// Whether the calls that tasks sleep in have to be looked at.
    fn calls(&self) -> bool {
        self.waits || self.opening || self.openers || self.blocked
    }

    /// Whether any process has to be looked into.
    pub(super) fn any(&self) -> bool {
        self.descriptors() || self.maps() || self.calls() || self.table
    }
}

/// Something a process has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hit {
    /// A descriptor of a pipe, FIFO, socket, POSIX object, or of what is awaited; which way it is open, where that matters.
    Fd(OpenFd, Ways),
    /// A POSIX object in its memory.
    Mapped(Device, u64),
    /// A System V segment in its memory.
    Attached(i32),
    /// A thread that sleeps on a System V object, or in reading or writing one of its descriptors.
    Waits(u32, Wait),
    /// A thread that sleeps on a POSIX queue, or in opening a FIFO.
    WaitsOnFile(u32, Wait, Identity),
}

/// That, with the process.
pub(super) type FoundHit = (u32, Hit);

/// What was found.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) hits: Vec<FoundHit>,
    pub(super) processes: Vec<Process>,
    pub(super) hidden: Vec<Hidden>,
    pub(super) io_uring: bool,
    /// Processes with a socket or an `io_uring`, where descriptors are looked at.
    pub(super) carriers: Vec<u32>,
    pub(super) opening: Option<u32>,
    /// The FIFOs that somebody sleeps in opening, by the paths that they were opened by.
    pub(super) opened: Vec<SpecialFile>,
    /// Shared memory without a name.
    pub(super) unnamed: Sightings,
    pub(super) seen: usize,
}

impl Scan {
    fn add(&mut self, mut part: Self) {
        self.hits.append(&mut part.hits);
        self.processes.append(&mut part.processes);
        self.hidden.append(&mut part.hidden);
        self.opened.append(&mut part.opened);
        self.unnamed.add(part.unnamed);
        self.io_uring |= part.io_uring;
        self.carriers.append(&mut part.carriers);
        self.opening = self.opening.or(part.opening);
    }
}

/// How often those are looked for that began meanwhile.
const ROUNDS: usize = 8;

/// Looks into all processes. One may have handed what it had to a child that is younger than the list, and have ended or
/// closed it before it was looked into itself, as every shell does with a pipeline: those that came since are looked into as
/// well, until there are none.
pub(super) fn run(proc: &OwnedFd, plan: &Plan<'_>) -> Result<Scan> {
    let internal = plan.unnamed.memfds || !plan.segments.is_empty();
    let devices = if internal { maps::internal_devices() } else { Vec::new() };
    let mut known = process::read_pids(proc)?;
    let mut scan = look_into(proc, plan, &devices, &known);
    for _ in 1..ROUNDS {
        let before: FxHashSet<u32> = known.iter().copied().collect();
        let new: Vec<u32> = process::read_pids(proc)?.into_iter().filter(|pid| !before.contains(pid)).collect();
        if new.is_empty() {
            break;
        }
        scan.add(look_into(proc, plan, &devices, &new));
        known.extend(new);
    }
    // Who looked into which process is chance; the order of what was found must not be. Each part is in order already,
    // so that this is one merge.
    scan.hits.sort_by_key(|(pid, _)| *pid);
    scan.seen = known.len();
    scan.hidden.sort_unstable_by_key(|hidden| hidden.pid);
    scan.carriers.sort_unstable();
    Ok(scan)
}

/// Looks into these processes.
fn look_into(proc: &OwnedFd, plan: &Plan<'_>, devices: &[Device], pids: &[u32]) -> Scan {
    let mut all = among_cores(proc, pids, |pids| {
        let mut worker = Worker::new(proc.as_fd(), plan, devices);
        pids.for_each(|pid| worker.process(pid));
        worker.found
    });
    let mut scan = all.pop().unwrap_or_default();
    for part in all {
        scan.add(part);
    }
    scan
}

struct Worker<'a> {
    proc: BorrowedFd<'a>,
    plan: &'a Plan<'a>,
    devices: &'a [Device],
    fds: FdReader,
    dirents: Dirents,
    buffer: Vec<u8>,
    found: Scan,
}

impl<'a> Worker<'a> {
    fn new(proc: BorrowedFd<'a>, plan: &'a Plan<'a>, devices: &'a [Device]) -> Self {
        let (fds, dirents) = (FdReader::default(), Dirents::default());
        Self { proc, plan, devices, fds, dirents, buffer: Vec::with_capacity(4096), found: Scan::default() }
    }

    fn process(&mut self, pid: u32) {
        let before = self.found.hits.len();
        let mut hidden = Hidden { pid, descriptors: false, maps: false, waits: false };
        if self.plan.descriptors() {
            hidden.descriptors = refused(self.descriptors(pid));
        }
        if self.plan.maps() {
            hidden.maps = refused(self.maps(pid));
        }
        if self.plan.calls() {
            let refused = refused(self.waits(pid));
            hidden.waits = refused && !(pid == 1 && self.plan.init_is_elsewhere && !self.plan.opening);
        }
        let hides = hidden.descriptors || hidden.maps || hidden.waits;
        let holds = self.found.hits.len() > before;
        if hides || self.plan.table || (holds && (self.plan.want.comms || self.plan.want.details)) {
            self.identify(pid, hides.then_some(hidden), holds);
        }
    }

    /// A process whose main thread has ended before the others has nothing under its own number: then another thread
    /// tells what it has.
    fn other_thread(&mut self, pid: u32) -> Option<String> {
        let threads = process::read_threads(self.proc, pid, &mut self.dirents).ok()?;
        threads.into_iter().find(|tid| *tid != pid).map(|tid| format!("{pid}/task/{tid}"))
    }

    fn descriptors(&mut self, pid: u32) -> Result<()> {
        if self.descriptors_of(pid, &pid.to_string())? == 0
            && let Some(task) = self.other_thread(pid)
        {
            self.descriptors_of(pid, &task)?;
        }
        Ok(())
    }

    fn descriptors_of(&mut self, pid: u32, task: &str) -> Result<usize> {
        let (proc, plan, devices, found) = (self.proc, self.plan, self.devices, &mut self.found);
        self.fds.read(self.proc, task, &mut |open, link| {
            if matches!(open.target, Target::Socket | Target::IoUring) && found.carriers.last() != Some(&pid) {
                found.carriers.push(pid);
            }
            found.io_uring |= open.target == Target::IoUring;
            let unnamed = open.target == Target::File
                && open.unlinked
                && plan.unnamed.any()
                && found.unnamed.see_open(proc, task, &open, plan.unnamed, devices);
            let wanted = unnamed || plan.wants(&open);
            let ways = match open.target {
                _ if !wanted => None,
                Target::Pipe | Target::Fifo => link.ways(),
                Target::File => Some(link.ways().unwrap_or_default()),
                _ => Some(Ways::default()),
            };
            found.hits.extend(ways.map(|ways| (pid, Hit::Fd(open, ways))));
        })
    }

    fn maps(&mut self, pid: u32) -> Result<()> {
        let (mut mapped, mut attached) = (Vec::new(), Vec::new());
        let mut task = pid.to_string();
        if !self.maps_of(pid, &task, &mut mapped, &mut attached)?
            && let Some(other) = self.other_thread(pid)
        {
            task = other;
            self.maps_of(pid, &task, &mut mapped, &mut attached)?;
        }
        mapped.sort_unstable();
        mapped.dedup();
        self.found.hits.extend(mapped.into_iter().map(|(device, inode)| (pid, Hit::Mapped(device, inode))));
        // Ids and keys repeat from namespace to namespace; a mapping does not say which one it came from.
        if !attached.is_empty() && self.is_in_our_namespace(&task) {
            attached.sort_unstable();
            attached.dedup();
            self.found.hits.extend(attached.into_iter().map(|id| (pid, Hit::Attached(id))));
        }
        Ok(())
    }

    /// What a task has mapped of files and attached of segments; whether it has any memory.
    fn maps_of(
        &mut self,
        pid: u32,
        task: &str,
        mapped: &mut Vec<(Device, u64)>,
        attached: &mut Vec<i32>,
    ) -> Result<bool> {
        let (proc, plan, devices, unnamed) = (self.proc, self.plan, self.devices, &mut self.found.unnamed);
        maps::read(proc, task, &mut self.buffer, &mut |mapping| {
            let file = (mapping.device, mapping.inode);
            if unnamed.see_mapped(proc, pid, &mapping, plan.unnamed, devices) || plan.files.contains(&file) {
                mapped.push(file);
            } else if let Some(key) = mapping.sysv_key()
                && let Ok(id) = i32::try_from(mapping.inode)
                && let Some(segment) = plan.segments.get(&id)
                && (segment.key.0 == key || segment.marked_for_removal)
                && devices.contains(&mapping.device)
            {
                attached.push(id);
            }
        })
    }

    fn waits(&mut self, pid: u32) -> Result<()> {
        let mut waits = Vec::new();
        syscall::read_waits(self.proc, pid, &mut self.dirents, &mut self.buffer, &mut |tid, wait| {
            waits.push((tid, wait));
        })?;
        for (tid, wait) in waits {
            match wait {
                Wait::Open { directory, path } if self.plan.opening || self.plan.openers => {
                    match self.opened_file(pid, directory, path) {
                        Ok(file) if file.stat.file_type == FileType::Fifo => {
                            let identity = Identity::File { device: file.stat.device, inode: file.stat.inode };
                            self.found.hits.push((pid, Hit::WaitsOnFile(tid, wait, identity)));
                            self.found.opened.push(file);
                        }
                        Ok(_) => {}
                        Err(_) => self.found.opening = Some(pid),
                    }
                }
                // On which file is known from the descriptors: to ask for it here might wait for a server.
                Wait::Read(_) | Wait::Write(_) if self.plan.blocked => {
                    self.found.hits.push((pid, Hit::Waits(tid, wait)));
                }
                Wait::Open { .. } | Wait::Read(_) | Wait::Write(_) => {}
                Wait::MqSend(fd) | Wait::MqReceive(fd) => {
                    if let Ok((device, inode)) = fd::read_one(self.proc, pid, fd) {
                        let identity = Identity::File { device, inode };
                        self.found.hits.push((pid, Hit::WaitsOnFile(tid, wait, identity)));
                    }
                }
                Wait::MsgSend(_) | Wait::MsgReceive(_) | Wait::Semop(_) => {
                    if self.is_in_our_namespace(&format!("{pid}/task/{tid}")) {
                        self.found.hits.push((pid, Hit::Waits(tid, wait)));
                    }
                }
            }
        }
        Ok(())
    }

    /// The file that a task sleeps in opening.
    fn opened_file(&self, pid: u32, directory: i32, path: u64) -> Result<SpecialFile> {
        let path = memory::read_string(pid, path)?;
        let (path, stat) = opening::look_at(self.proc, pid, &pid.to_string(), directory, &path);
        Ok(SpecialFile { path, stat: stat? })
    }

    fn is_in_our_namespace(&self, task: &str) -> bool {
        let theirs = namespace::read_ipc(self.proc, task).ok();
        theirs.is_some() && theirs == self.plan.ipc
    }

    /// Reads who a process is; one that could not be looked into counts as hidden only if it has anything to hide.
    fn identify(&mut self, pid: u32, hidden: Option<Hidden>, holds: bool) {
        let Ok(mut process) = process::read_stat(self.proc, pid, &mut self.buffer) else {
            // Its stat is refused only by hidepid; gone otherwise.
            return;
        };
        if let Some(hidden) = hidden
            && !process.kernel
            && !process.is_ending()
        {
            self.found.hidden.push(hidden);
        }
        let details = self.plan.want.details && holds;
        if (self.plan.table && !process.kernel) || details {
            process.uids = process::read_uids(self.proc, pid, &mut self.buffer).ok();
        }
        if details {
            process.cmdline = process::read_cmdline(self.proc, pid, &mut self.buffer).ok();
        }
        self.found.processes.push(process);
    }
}

/// Whether a look was refused; a process that went away hides nothing.
fn refused(looked: Result<()>) -> bool {
    looked.is_err_and(|error| !matches!(error, Error::NotFound { .. } | Error::Gone { .. }))
}
