//! From the arguments of a call to what they name: descriptors to files, addresses to what lies there.
//!
//! Only links, attributes and fdinfo of descriptors are read, and the target's memory; nothing is opened.

use super::{File, Futex, Lock, LockKind, On, Source, Wait, Way};
use crate::kernel::fd::{self, FdReader, OpenFd, Target, Ways};
use crate::kernel::fdinfo::{self, FdInfo};
use crate::kernel::file::{self, FileType};
use crate::kernel::pointed::Whence;
use crate::kernel::sleep::{self, Limit, On as Raw, Sleep};
use crate::kernel::{maps, memory, namespace, pointed};
use crate::model::{Identity, Kind};
use crate::snapshot::opening;
use std::os::fd::BorrowedFd;

/// How many descriptors of one wait are looked at.
const MOST: usize = 256;

/// Decodes; keeps its buffers.
pub(super) struct Decoder<'a> {
    proc: BorrowedFd<'a>,
    /// The caller's PID namespace.
    pids: Option<u64>,
    fds: FdReader,
    buffer: Vec<u8>,
}

/// What stands for all that is not looked at.
const fn rest() -> Source {
    Source { fd: u32::MAX - 1, way: Way::Both, file: File::Rest }
}

/// The thread whose arguments they are.
#[derive(Clone, Copy)]
struct Task<'a> {
    pid: u32,
    /// Where /proc has it, `PID` or `PID/task/TID`: a thread may have a table of descriptors of its own.
    path: &'a str,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(proc: BorrowedFd<'a>) -> Self {
        Self { proc, pids: namespace::own("pid"), fds: FdReader::default(), buffer: Vec::new() }
    }

    /// What a thread waits for; `None` where the call waits for nothing that is known.
    pub(super) fn decode(&mut self, pid: u32, path: &str, sleep: &Sleep) -> Option<Wait> {
        let task = Task { pid, path };
        let named = matches!(sleep.on, Raw::MsgSend { .. } | Raw::MsgReceive { .. } | Raw::Semop { .. });
        let queue = matches!(sleep.on, Raw::MqSend(..) | Raw::MqReceive(..));
        let ipc = if named || queue { namespace::read_ipc(self.proc, task.path).ok() } else { None };
        let identity = |kind, id| Identity::SysV { namespace: ipc.unwrap_or(0), kind, id };
        let mut timed = false;
        let mut limited = |limit: Limit| timed = limit.is_some();
        let on = match sleep.on {
            Raw::MsgSend { id, message, size } => {
                let kind = memory::read_word(pid, message).ok().map(|kind| kind as i64);
                On::MsgSend { queue: identity(Kind::Queue, id), kind, size }
            }
            Raw::MsgReceive { id, kind, except } => On::MsgReceive { queue: identity(Kind::Queue, id), kind, except },
            Raw::Semop { id, operations, count, limit } => {
                limited(limit);
                let operations = pointed::read_operations(pid, operations, count).ok();
                On::Semop { set: identity(Kind::Semaphore, id), operations }
            }
            Raw::Open { directory, path, flags } => self.open(task, directory, path, flags),
            Raw::Futex { address, operation, value, limit } => {
                limited(limit);
                self.futex(task, address, operation, value)
            }
            Raw::Flock { fd, write } => self.flock(task, fd, write)?,
            Raw::RecordLock { fd, lock, ofd } => self.record_lock(task, fd, lock, ofd)?,
            Raw::Futexes(limit) => {
                limited(limit);
                On::Futexes
            }
            Raw::Child(which) => On::Child { which: Some(which) },
            Raw::ChildOf(fd) => {
                On::Child { which: self.info(task, fd).and_then(|info| info.pid).filter(|pid| *pid > 0) }
            }
            Raw::Signal => On::Signal,
            Raw::SignalOf(set, limit) => {
                limited(limit);
                On::SignalOf(memory::read_word(pid, set).ok())
            }
            Raw::Time => On::Time,
            Raw::Vfork => On::Vfork,
            Raw::Resumed => On::Resumed,
            on => {
                let (sources, limit) = self.sources(task, on);
                limited(limit);
                On::Files(sources)
            }
        };
        Some(Wait { call: sleep.name, on, timed, ipc })
    }

    /// The descriptors that a call waits on.
    fn sources(&mut self, task: Task<'_>, on: Raw) -> (Vec<Source>, Limit) {
        let (mut limit, mut sources) = (Limit::None, Vec::new());
        match on {
            Raw::Read(fd) | Raw::Receive(fd) | Raw::Uring(fd) => sources.push(self.source(task, fd, Way::Read)),
            Raw::Write(fd) | Raw::Send { fd, .. } | Raw::SendMessage(fd, _) => {
                sources.push(self.source(task, fd, Way::Write));
                sources.extend(receiver(task, on));
            }
            Raw::Pipe(fd) => {
                let writes = fd::read_ways(self.proc, task.path, fd).is_ok_and(|ways| ways.writes);
                sources.push(self.source(task, fd, if writes { Way::Write } else { Way::Read }));
            }
            Raw::Copy { from, to } => {
                // Which of the two it waits for the call does not say.
                sources.extend([self.source(task, from, Way::Read), self.source(task, to, Way::Write)]);
            }
            Raw::MqSend(fd, l) => {
                limit = l;
                sources.push(self.source(task, fd, Way::Write));
            }
            Raw::MqReceive(fd, l) => {
                limit = l;
                sources.push(self.source(task, fd, Way::Read));
            }
            Raw::Accept(fd) => sources.push(self.source(task, fd, Way::Accept)),
            Raw::Connect { fd, .. } => {
                sources.push(self.source(task, fd, Way::Connect));
                sources.extend(receiver(task, on));
            }
            Raw::Poll { fds, count, limit: l } => {
                limit = l;
                self.watch(task, pointed::read_pollfds(task.pid, fds, count), &mut sources);
                if count > pointed::MOST {
                    sources.push(rest());
                }
            }
            Raw::Select { count, sets, limit: l } => {
                limit = l;
                self.watch(task, pointed::read_sets(task.pid, count, sets), &mut sources);
            }
            Raw::Epoll(fd, l) => {
                limit = l;
                self.epoll(task, fd, &mut sources, 0);
            }
            _ => {}
        }
        (sources, limit)
    }

    fn watch(&mut self, task: Task<'_>, fds: crate::kernel::Result<Vec<pointed::Watched>>, sources: &mut Vec<Source>) {
        let Ok(fds) = fds else {
            // The array could not be read: something is waited for that is not known.
            sources.push(Source { fd: 0, way: Way::Both, file: File::Unknown });
            return;
        };
        if fds.len() > MOST {
            sources.push(rest());
        }
        for one in fds.into_iter().take(MOST) {
            let source = self.watched(task, one.fd, one.to_read, one.to_write);
            sources.push(source);
        }
    }

    /// A descriptor that is watched. Errors and hang-ups always are, which the other end of a pipe brings about: its write
    /// end never has anything to read, nor its read end room.
    fn watched(&mut self, task: Task<'_>, fd: u32, to_read: bool, to_write: bool) -> Source {
        let file = self.file(task, fd);
        let is_pipe = matches!(file, File::Pipe(..) | File::Fifo(..));
        let end = is_pipe.then(|| fd::read_ways(self.proc, task.path, fd).unwrap_or_default());
        let way = match (end, to_read, to_write) {
            (Some(Ways { reads: false, .. }), _, false) => Way::ReadersGone,
            (Some(Ways { reads: false, .. }), _, true) | (None, false, true) => Way::Write,
            (Some(Ways { writes: false, .. }), false, _) => Way::WritersGone,
            (Some(Ways { reads: true, writes: true }), _, _) | (None, true, true) => Way::Both,
            _ => Way::Read,
        };
        Source { fd, way, file }
    }

    /// What an epoll watches, down to the files; one may watch another.
    fn epoll(&mut self, task: Task<'_>, fd: u32, sources: &mut Vec<Source>, depth: u32) {
        let Some(info) = self.info(task, fd).filter(|_| depth < 5) else {
            sources.push(Source { fd, way: Way::Both, file: File::Unknown });
            return;
        };
        if info.watches.len() > MOST {
            sources.push(rest());
        }
        // The kernel tells them in the order of their addresses.
        let mut watches = info.watches;
        watches.sort_by_key(|watch| watch.fd);
        for watch in watches.into_iter().take(MOST) {
            if self.link(task, watch.fd).is_some_and(|link| link == b"anon_inode:[eventpoll]") {
                self.epoll(task, watch.fd, sources, depth + 1);
                continue;
            }
            let mut source = self.watched(task, watch.fd, watch.reads(), watch.writes());
            // The number may have been closed and used anew while a copy keeps the registration alive. Anonymous files
            // share one inode and cannot be told apart.
            let stat = file::stat_at(self.proc, format!("{}/fd/{}", task.path, watch.fd).as_bytes()).ok();
            let same = stat.zip(watch.file).is_none_or(|(stat, (device, inode))| {
                stat.inode == inode && (stat.device == device || stat.device.major == device.major)
            });
            if !same {
                source.file = File::Unknown;
            }
            sources.push(source);
        }
    }

    /// A descriptor that a call reads or writes, which it can only if it is open that way.
    fn source(&mut self, task: Task<'_>, fd: u32, way: Way) -> Source {
        Source { fd, way, file: self.file(task, fd) }
    }

    /// What a descriptor is open on.
    fn file(&mut self, task: Task<'_>, fd: u32) -> File {
        match self.fds.read_one(self.proc, task.path, fd) {
            Ok(open) => self.kind_of(task, fd, open),
            Err(_) => File::Unknown,
        }
    }

    fn kind_of(&mut self, task: Task<'_>, fd: u32, open: Option<OpenFd>) -> File {
        let link = |decoder: &Self| decoder.link(task, fd).unwrap_or_default();
        let identity = open.map(|open| Identity::File { device: open.device, inode: open.inode });
        match (open.map(|open| (open.target, open.inode)), identity) {
            (Some((Target::Pipe, _)), Some(identity)) => {
                // Where all processes are seen, it does not matter.
                let nested = self.pids.is_some_and(|pids| pids != namespace::INITIAL_PID);
                let path = || format!("{}/fd/{fd}", task.path);
                File::Pipe(identity, nested.then(|| file::pipe_made(self.proc, path().as_bytes())).flatten())
            }
            (Some((Target::Fifo, _)), Some(identity)) => File::Fifo(identity, link(self).into()),
            (Some((Target::Socket, inode)), _) => File::Socket(inode),
            (Some((Target::File, _)), Some(identity)) => File::Regular(identity, link(self).into()),
            (Some((Target::IoUring, _)), _) => File::Uring,
            (Some((Target::Event, _)), _) => {
                let info = self.info(task, fd).unwrap_or_default();
                File::Event(info.event_id, info.event_count)
            }
            _ => self.link(task, fd).map_or(File::Unknown, |link| self.anonymous(task, fd, link)),
        }
    }

    fn anonymous(&mut self, task: Task<'_>, fd: u32, link: Vec<u8>) -> File {
        let info = |decoder: &mut Self| decoder.info(task, fd).unwrap_or_default();
        // 0 is a process of which this PID namespace knows nothing, -1 one that has ended.
        let seen = |pid: Option<i64>| pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid != 0);
        match &link[..] {
            b"anon_inode:[timerfd]" => File::Timer(info(self).timer_set.unwrap_or(true)),
            b"anon_inode:[signalfd]" => File::Signals(info(self).signals.unwrap_or(0)),
            b"anon_inode:[pidfd]" => File::Process(seen(info(self).pid)),
            _ if link.starts_with(b"pidfd:[") => File::Process(seen(info(self).pid)),
            _ => File::Other(link.into()),
        }
    }

    fn link(&self, task: Task<'_>, fd: u32) -> Option<Vec<u8>> {
        fd::read_path_of(self.proc, task.path, fd).ok()
    }

    fn info(&mut self, task: Task<'_>, fd: u32) -> Option<FdInfo> {
        fdinfo::read(self.proc, task.path, fd, &mut self.buffer).ok()
    }

    /// A FIFO waits for its other end; anything else for its file system or its device.
    fn open(&self, task: Task<'_>, directory: i32, path: u64, flags: Result<u64, u64>) -> On {
        let flags = flags.or_else(|how| memory::read_word(task.pid, how));
        let (Ok(path), Ok(flags)) = (memory::read_string(task.pid, path), flags) else {
            return On::Open { path: None, there: true };
        };
        let reads = sleep::opens_to_read(flags);
        let (path, looked) = opening::look_at(self.proc, task.pid, task.path, directory, &path);
        match looked {
            Ok(stat) if stat.file_type == FileType::Fifo => {
                On::FifoOpen { path, identity: Identity::File { device: stat.device, inode: stat.inode }, reads }
            }
            looked => {
                let there = !looked.is_err_and(|error| error.is_absent());
                On::Open { path: Some(path), there }
            }
        }
    }

    fn futex(&mut self, task: Task<'_>, address: u64, operation: u32, value: u32) -> On {
        const PRIVATE: u32 = 128;
        const REALTIME: u32 = 256;
        let shared = if operation & PRIVATE == 0 {
            match maps::read_shared(self.proc, task.path, address, &mut self.buffer) {
                Ok(shared) => shared,
                Err(_) => return On::Futexes,
            }
        } else {
            None
        };
        let words = pointed::read_words(task.pid, address, 3).ok().and_then(|words| <[u32; 3]>::try_from(words).ok());
        // At the end of a page there may be nothing behind the word.
        let words = words.or_else(|| {
            let word = pointed::read_words(task.pid, address, 1).ok()?;
            Some([*word.first()?, 0, 0])
        });
        let own_pids = self.pids.is_some() && namespace::read_pid(self.proc, task.path).ok() == self.pids;
        On::Futex(Futex { address, shared, operation: operation & !(PRIVATE | REALTIME), value, own_pids, words })
    }

    fn flock(&mut self, task: Task<'_>, fd: u32, write: bool) -> Option<On> {
        self.lock(task, fd, LockKind::Flock, write, 0, None)
    }

    fn record_lock(&mut self, task: Task<'_>, fd: u32, lock: u64, ofd: bool) -> Option<On> {
        let kind = if ofd { LockKind::Ofd } else { LockKind::Posix };
        let lock = pointed::read_lock(task.pid, lock).ok()?;
        let base = match lock.whence {
            Whence::Start => 0,
            Whence::Current => self.info(task, fd)?.position,
            // From the end, wherever that is: the whole file is looked at.
            Whence::End => return self.lock(task, fd, kind, lock.write, 0, None),
        };
        // A negative length is for the bytes in front.
        let (start, end) = match lock.length {
            0 => (base.checked_add(lock.start)?, None),
            length @ 1.. => {
                let start = base.checked_add(lock.start)?;
                (start, Some(start.checked_add(length - 1)?))
            }
            length => {
                let behind = base.checked_add(lock.start)?;
                (behind.checked_add(length)?, Some(behind - 1))
            }
        };
        let end = end.map(u64::try_from).transpose().ok()?;
        self.lock(task, fd, kind, lock.write, u64::try_from(start).ok()?, end)
    }

    fn lock(
        &mut self,
        task: Task<'_>,
        fd: u32,
        kind: LockKind,
        write: bool,
        start: u64,
        end: Option<u64>,
    ) -> Option<On> {
        let path = self.link(task, fd)?;
        let of_file = file::stat_at(self.proc, format!("{}/fd/{fd}", task.path).as_bytes()).ok()?;
        let lock = Lock { kind, write, pid: Some(task.pid), device: of_file.device, inode: of_file.inode, start, end };
        Some(On::Lock { path: path.into(), lock })
    }
}

/// The unix socket whose name a call gives: where a datagram goes, or who is asked for a connection.
fn receiver(task: Task<'_>, on: Raw) -> Option<Source> {
    let (name, length) = match on {
        Raw::Send { name, length, .. } | Raw::Connect { name, length, .. } => (name, length),
        Raw::SendMessage(_, header) => pointed::read_message_name(task.pid, header).ok()?,
        _ => return None,
    };
    if name == 0 || length == 0 {
        return None;
    }
    let name = pointed::read_unix_name(task.pid, name, length).ok()??;
    // Known by its name only; `collect` finds the socket.
    let file = File::Other([&b"unix:"[..], &name].concat().into());
    Some(Source { fd: u32::MAX, way: Way::Connect, file })
}
