//! Who sleeps on the objects of a picture, beyond what the calls alone tell: on sockets, POSIX semaphores and futexes in
//! shared memory, and in `poll` and the like for one thing alone.
//!
//! They become holders with a waiting role. What one waits for that waits for any of several is not said: it is not
//! held up by each of them.

use super::scan::{self, Looks};
use super::{File, Futex, On, Source, Wait, Way, collect};
use crate::model::{Body, Holder, Identity, Kind, Object, Role, SocketState};
use crate::snapshot::collect::Picture;
use rustc_hash::{FxHashMap, FxHashSet};
use std::os::fd::OwnedFd;

/// Adds them. Needs of each process what [`collect()`](super::collect()) does; whose calls are refused the picture's
/// visibility has already.
pub(in crate::snapshot) fn add(proc: &OwnedFd, picture: &mut Picture) {
    let threads = match scan::run(proc, None, Looks::Once) {
        Ok(threads) => threads,
        Err(error) => return picture.visibility.missing(format!("who sleeps could not be looked at: {error}")),
    };
    let known = Known {
        names: collect::bound_names(picture.objects.iter()),
        attached: picture.holders.roles(|role| role == Role::Attached),
        picture,
    };
    // By object, process and role: the descriptor, if any, and the threads.
    let mut sleepers = FxHashMap::<_, (Option<u32>, Vec<u32>)>::default();
    for thread in &threads {
        let Some(wait) = thread.wait() else { continue };
        for (place, role, fd) in known.objects(thread.pid, wait) {
            sleepers.entry((place, thread.pid, role)).or_insert((fd, Vec::new())).1.push(thread.tid());
        }
    }
    // The calls alone told some of them.
    let told = picture.holders.roles(Role::is_waiting);
    for ((place, pid, role), (fd, threads)) in sleepers.into_iter().filter(|(who, _)| !told.contains(who)) {
        picture.holders.push(place, Holder { pid, role, fd, access: None, alive: true, threads: Some(threads.into()) });
    }
}

/// What the picture knows of objects that can be slept on.
struct Known<'a> {
    picture: &'a Picture,
    /// Unix sockets by name.
    names: FxHashMap<Vec<u8>, u64>,
    /// Who has which segment attached.
    attached: FxHashSet<(u32, u32, Role)>,
}

impl Known<'_> {
    /// The objects that a wait is for, by their places; and by which descriptor.
    fn objects(&self, pid: u32, wait: &Wait) -> Vec<(u32, Role, Option<u32>)> {
        match &wait.on {
            // Of POSIX queues the call alone tells.
            On::Files(_) if wait.call.starts_with("mq_") => Vec::new(),
            On::Files(sources) => self.streams(wait.call, sources),
            On::Futex(futex) => Vec::from_iter(self.futex(pid, futex).map(|(place, role)| (place, role, None))),
            _ => Vec::new(),
        }
    }

    fn streams(&self, call: &str, sources: &[Source]) -> Vec<(u32, Role, Option<u32>)> {
        let mut found = Vec::with_capacity(1);
        for source in sources {
            let Some(place) = self.stream(&source.file) else { continue };
            let role = role(call, source, &self.picture.objects[place as usize]);
            // The receiver that a call names has no descriptor here.
            found.push((place, role, Some(source.fd).filter(|fd| *fd != u32::MAX)));
        }
        let alone = match call {
            // A socket, and whom it asks for a connection or sends to. One of another network namespace asks there.
            "connect" | "sendto" | "sendmsg" | "sendmmsg" => found.first().is_some_and(|(.., fd)| fd.is_some()),
            // From one file to another, of which it waits for either.
            "splice" | "tee" | "sendfile" => found.len() == 1,
            _ => sources.len() == 1,
        };
        if alone { found } else { Vec::new() }
    }

    fn stream(&self, file: &File) -> Option<u32> {
        let socket = |inode: &u64| self.picture.sockets.get(inode).copied();
        match file {
            File::Pipe(identity, _) | File::Fifo(identity, _) => self.picture.places.get(identity).copied(),
            File::Socket(inode) => socket(inode),
            File::Other(link) => self.names.get(link.strip_prefix(b"unix:")?).and_then(socket),
            _ => None,
        }
    }

    /// The POSIX semaphore, POSIX segment or System V segment that a futex lies in.
    fn futex(&self, pid: u32, futex: &Futex) -> Option<(u32, Role)> {
        let shared = futex.shared.as_ref()?;
        let file = Identity::File { device: shared.device, inode: shared.inode };
        if let Some(place) = self.picture.places.get(&file) {
            return match self.picture.objects[*place as usize].body {
                Body::Semaphore(_) => Some((*place, Role::WaitingSemaphore)),
                Body::Shm(_) => Some((*place, Role::WaitingFutex)),
                _ => None,
            };
        }
        // A segment's mapping does not say of which namespace it is; that the process has this one attached is known.
        let id = shared.path.starts_with(b"/SYSV").then(|| i32::try_from(shared.inode).ok()).flatten()?;
        self.attached.iter().find_map(|(place, holder, _)| {
            let identity = self.picture.objects[*place as usize].identity;
            let same = matches!(identity, Identity::SysV { kind: Kind::Shm, id: its, .. } if its == id);
            (*holder == pid && same).then_some((*place, Role::WaitingFutex))
        })
    }
}

fn role(call: &str, source: &Source, object: &Object) -> Role {
    let listens = matches!(&object.body, Body::Socket(socket) if socket.state == Some(SocketState::Listening));
    match source.way {
        Way::Accept => Role::WaitingAccept,
        // In poll a listener is read from.
        Way::Read | Way::Both if listens => Role::WaitingAccept,
        Way::Connect if call == "connect" => Role::WaitingConnect,
        Way::Read | Way::Both | Way::WritersGone => Role::WaitingReceive,
        Way::Write | Way::Connect | Way::ReadersGone => Role::WaitingSend,
    }
}
