//! What messages are put into and taken out of: queues, FIFOs and unix sockets. Finds one by its address, says what it
//! holds and takes, and who may use it; `send` and `receive` do the rest.

use super::known::has_file;
use super::subject::Subject;
use super::{Known, Refusal, Target};
use crate::kernel::fifo::{self, Held};
use crate::kernel::file::{self, FileType};
use crate::kernel::mqueue::{self, Access};
use crate::kernel::timer::Patience;
use crate::kernel::{Error, capability, msgctl, users};
use crate::model::{Address, Body, Device, Identity, Ids, Role, SocketType, Spelled, Time, Which, escape};
use crate::snapshot::{Snapshot, Want};
use std::fmt;

/// How data travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// System V message queue: messages with a type.
    SysvQueue,
    /// POSIX message queue: messages with a priority.
    PosixQueue,
    /// FIFO: bytes.
    Fifo,
    /// Unix socket: bytes, datagrams or packets.
    Socket,
}

/// What a queue holds and takes, where that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill {
    /// Messages in it.
    pub messages: u64,
    /// Bytes of all messages; of a POSIX queue unknown without reading permission.
    pub bytes: Option<u64>,
    /// System V: most bytes (`msg_qbytes`).
    pub limit_bytes: Option<u64>,
    /// POSIX: most messages (`mq_maxmsg`).
    pub limit_messages: Option<u64>,
}

/// `4 messages, 101 of 16384 bytes`, `4 of 10 messages`.
impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit_messages {
            Some(limit) => write!(f, "{} of {limit} messages", self.messages)?,
            None => f.write_str(&counted(self.messages, "message"))?,
        }
        match (self.bytes, self.limit_bytes) {
            (Some(bytes), Some(limit)) => write!(f, ", {bytes} of {limit} bytes"),
            (Some(bytes), None) => write!(f, ", {}", counted(bytes, "byte")),
            _ => Ok(()),
        }
    }
}

/// One of the above, with what makes it the same one when it is looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Sysv { id: i32, subject: Subject },
    Posix { name: Box<[u8]>, device: Device, inode: u64 },
    Fifo(EndFile),
    SocketFile { file: EndFile, kind: Option<SocketType> },
    Abstract { name: Box<[u8]>, kind: SocketType, inode: u64 },
}

/// The file of a FIFO or socket: by path, with what makes it the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EndFile {
    pub(super) path: Box<[u8]>,
    device: Device,
    inode: u64,
    born: Option<Time>,
    file_type: FileType,
}

impl EndFile {
    fn new(subject: &Subject, file_type: FileType) -> Option<Self> {
        let Subject::File { path, device, inode, born } = subject else { return None };
        Some(Self { path: path.clone(), device: *device, inode: *inode, born: *born, file_type })
    }

    /// Holds the file, if it is still the one that was found. `failed` says what a failure to hold it means. Errors:
    /// [`Refusal::Changed`].
    pub(super) fn hold(&self, what: &str, failed: impl FnOnce(Error) -> Refusal) -> Result<Held, Refusal> {
        let held = fifo::hold(&self.path).map_err(failed)?;
        let same = (held.stat.device, held.stat.inode, held.born) == (self.device, self.inode, self.born);
        if same && held.stat.file_type == self.file_type {
            Ok(held)
        } else {
            Err(Refusal::Changed { what: what.to_owned() })
        }
    }
}

/// An endpoint that was found.
pub(super) struct Found {
    pub(super) address: String,
    pub(super) endpoint: Endpoint,
    /// FIFO that nobody has open to read: who sleeps in opening it.
    pub(super) opening: Vec<(u32, String)>,
}

/// Finds what a target names. Opens no FIFO and connects to nothing.
pub(super) fn find(target: &Target, to_send: bool) -> Result<Found, Refusal> {
    let target = follow_link(target);
    if let Target::Object(known) = &target
        && let Address::Queue(Which::Name(name)) = &known.address
    {
        let gone = |refusal| match refusal {
            Refusal::NotFound { what, .. } => Refusal::Changed { what },
            refusal => refusal,
        };
        return same_posix(posix(name, to_send).map_err(gone)?, known);
    }
    if let Target::Address(Address::Queue(Which::Name(name))) = &target {
        return posix(name, to_send);
    }
    let mut want = Want { files: Vec::new(), ..Want::tables(crate::model::Kinds::empty()) };
    target.add_to(&mut want);
    let may_be_fifo =
        matches!(target, Target::Address(Address::Fifo(_) | Address::FifoInode { .. } | Address::Path(_)));
    // Who sleeps in opening a FIFO would be let go by reading from it.
    (want.verdict, want.holders, want.comms) = (may_be_fifo && !to_send, may_be_fifo && !to_send, true);
    let fail = |why: String| Refusal::Failed { what: target.name(), why };
    let snapshot = crate::snapshot::collect(&want).map_err(|error| fail(error.to_string()))?;
    let place = target.find(&snapshot)?;
    let object = &snapshot.objects[place];
    let address = snapshot.address(place).to_string();
    let refuse = |why: &str| Err(Refusal::Failed { what: address.clone(), why: why.to_owned() });
    let subject = || {
        let no_file = |_| fail("no file in this mount namespace leads to it any more".to_owned());
        target.subject(object).map_err(|why| why.refusal(&address, target.noun(), no_file))
    };
    let endpoint = match (&object.body, object.identity) {
        (Body::Queue(_), Identity::SysV { id, .. }) => Endpoint::Sysv { id, subject: subject()? },
        (Body::Queue(_), _) => {
            return posix(&Spelled::exact(object.name.as_deref().unwrap_or_default()), to_send);
        }
        (Body::Fifo(_), _) if object.path.is_none() => {
            return refuse("no path in this mount namespace leads to it any more");
        }
        (Body::Fifo(_), _) => {
            let file = EndFile::new(&subject()?, FileType::Fifo);
            Endpoint::Fifo(file.ok_or_else(|| Refusal::Changed { what: address.clone() })?)
        }
        (Body::Socket(_), _) => socket(&snapshot, place, &address, &target)?,
        (Body::Pipe(_), _) => {
            return refuse(
                "a pipe has no name to open it by: only the processes that have it can write to it or read it",
            );
        }
        _ => return refuse("only queues, FIFOs and unix sockets carry messages"),
    };
    Ok(Found { opening: opening(&snapshot, place), address, endpoint })
}

/// A path that is a link means what it leads to.
fn follow_link(target: &Target) -> Target {
    let real = |path: &Spelled| fifo::link_target(path.raw()).map(|path| Spelled::exact(&path));
    let followed = match target {
        Target::Address(Address::Path(path)) => real(path).map(Address::Path),
        Target::Address(Address::Fifo(path)) => real(path).map(Address::Fifo),
        Target::Address(Address::Unix { name, abstract_name: false }) => {
            real(name).map(|name| Address::Unix { name, abstract_name: false })
        }
        _ => None,
    };
    followed.map_or_else(|| target.clone(), Target::Address)
}

/// A POSIX queue is found by opening it, which tells more than a listing: whether the caller may, and it needs no mounted
/// mqueue file system. Opening and closing one changes nothing.
fn posix(name: &Spelled, to_send: bool) -> Result<Found, Refusal> {
    let mut found: Vec<Endpoint> = Vec::new();
    let mut refused = None;
    for name in name.readings().filter_map(|name| name.strip_prefix(b"/")) {
        match mqueue::open_queue(name, access(to_send)).and_then(|queue| queue.stat()) {
            Ok(stat) => found.push(Endpoint::Posix { name: name.into(), device: stat.device, inode: stat.inode }),
            Err(error) if error.is_absent() => {}
            Err(error) if error.is_permission() => refused = Some(posix_permission(name, to_send)),
            Err(error) => refused = Some(error.into()),
        }
    }
    let what = Address::Queue(Which::Name(name.clone())).to_string();
    match (found.pop(), found.is_empty(), refused) {
        (Some(endpoint), true, None) => Ok(Found { address: endpoint.posix_address(), endpoint, opening: Vec::new() }),
        (None, _, Some(refusal)) => Err(refusal),
        (None, _, None) => Err(Refusal::NotFound { what, kind: "message queue" }),
        _ => {
            let exact = |name: &[u8]| Address::Queue(Which::Name(Spelled::exact(name))).to_string();
            Err(Refusal::Ambiguous { what, candidates: name.readings().map(exact).collect() })
        }
    }
}

pub(super) const fn access(to_send: bool) -> Access {
    if to_send { Access::Send } else { Access::Receive }
}

/// A queue that was seen is that one only.
fn same_posix(found: Found, known: &Known) -> Result<Found, Refusal> {
    match &found.endpoint {
        Endpoint::Posix { device, inode, .. }
            if known.identity == (Identity::File { device: *device, inode: *inode }) =>
        {
            Ok(found)
        }
        _ => Err(Refusal::Changed { what: known.address.to_string() }),
    }
}

fn posix_permission(name: &[u8], to_send: bool) -> Refusal {
    let queues = mqueue::open(capability::have(capability::CAP_SYS_ADMIN));
    let stat = queues.and_then(|queues| queues.stat(name)).ok();
    let needed = if to_send { "write" } else { "read" };
    let why = match stat {
        Some(stat) => who_may(needed, stat.mode, stat.owner),
        None => format!("it needs {needed} permission on the queue"),
    };
    Refusal::Permission { what: format!("queue:/{}", escape(name)), why }
}

/// A socket that can be connected to: by its file, or by its abstract name.
fn socket(snapshot: &Snapshot, place: usize, address: &str, target: &Target) -> Result<Endpoint, Refusal> {
    let object = &snapshot.objects[place];
    let refuse = |why: &str| Refusal::Failed { what: address.to_owned(), why: why.to_owned() };
    let Body::Socket(socket) = &object.body else { return Err(refuse("it is no socket")) };
    let Some(unix) = socket.unix.as_ref() else {
        return Err(refuse("an internet socket is out of reach of ipcx: only unix sockets can be sent to"));
    };
    let nameless = || refuse("it has no name to connect to: only the processes that have it can use it");
    if unix.abstract_name {
        let (Some(kind), Identity::Socket { inode, .. }, Some(name)) = (socket.kind, object.identity, &unix.name)
        else {
            return Err(nameless());
        };
        return if unix.by_name { Ok(Endpoint::Abstract { name: name.clone(), kind, inode }) } else { Err(nameless()) };
    }
    let name = unix.name.as_deref().filter(|path| unix.by_name && path.starts_with(b"/"));
    let path = object.path.as_deref().or(name).ok_or_else(nameless)?;
    if matches!(target, Target::Object(_)) && !has_file(object) {
        return Err(refuse("no file in this mount namespace leads to it for certain"));
    }
    let absent = || refuse("no file in this mount namespace leads to it any more");
    let stat = file::lstat(path).map_err(|error| if error.is_absent() { absent() } else { error.into() })?;
    if stat.file_type != FileType::Socket {
        return Err(refuse("its file is gone, and something else has its path"));
    }
    let file = EndFile::new(&Subject::file(path, stat.device, stat.inode), FileType::Socket);
    Ok(Endpoint::SocketFile { file: file.ok_or_else(nameless)?, kind: socket.kind })
}

/// Who sleeps in opening a FIFO that nobody reads.
fn opening(snapshot: &Snapshot, place: usize) -> Vec<(u32, String)> {
    if !matches!(&snapshot.objects[place].body, Body::Fifo(ends) if ends.readers == 0) {
        return Vec::new();
    }
    let sleepers = snapshot.holders(place).iter().filter(|holder| holder.role == Role::WaitingOpen);
    let comm = |pid| snapshot.process(pid).map(|process| escape(&process.comm).into_owned()).unwrap_or_default();
    sleepers.map(|holder| (holder.pid, comm(holder.pid))).collect()
}

impl Endpoint {
    pub(super) const fn medium(&self) -> Medium {
        match self {
            Self::Sysv { .. } => Medium::SysvQueue,
            Self::Posix { .. } => Medium::PosixQueue,
            Self::Fifo(_) => Medium::Fifo,
            Self::SocketFile { .. } | Self::Abstract { .. } => Medium::Socket,
        }
    }

    fn posix_address(&self) -> String {
        let Self::Posix { name, .. } = self else { return String::new() };
        Address::Queue(Which::Name(Spelled::exact(&[b"/", &name[..]].concat()))).to_string()
    }

    /// What a queue holds and takes now.
    pub(super) fn fill(&self) -> Option<Fill> {
        match self {
            Self::Sysv { id, .. } => msgctl::stat(*id).ok().map(|stat| Fill {
                messages: stat.messages,
                bytes: Some(stat.bytes),
                limit_bytes: Some(stat.limit_bytes),
                limit_messages: None,
            }),
            Self::Posix { name, .. } => {
                let queue =
                    [Access::Receive, Access::Send].into_iter().find_map(|a| mqueue::open_queue(name, a).ok())?;
                queue.attributes().ok().map(|attributes| posix_fill(&attributes))
            }
            _ => None,
        }
    }

    /// Whether the caller may, as far as that can be told beforehand; for a dry run. Otherwise who may.
    pub(super) fn may(&self, to_write: bool) -> Result<(), String> {
        let allowed = match self {
            Self::Sysv { id, .. } => msgctl::stat(*id).is_ok_and(|stat| {
                let me = users::own_uid();
                let class = if [stat.owner.uid, stat.creator.uid].contains(&me) {
                    6
                } else if [stat.owner.gid, stat.creator.gid].into_iter().flatten().any(users::in_own_groups) {
                    3
                } else {
                    0
                };
                let bit = if to_write { 2 } else { 4 };
                stat.mode >> class & bit != 0 || capability::have(capability::CAP_IPC_OWNER)
            }),
            Self::Fifo(file) | Self::SocketFile { file, .. } => file::may_access(&file.path, to_write),
            // It was opened to find it; an abstract name has no permissions.
            Self::Posix { .. } | Self::Abstract { .. } => true,
        };
        if allowed { Ok(()) } else { Err(self.who(to_write)) }
    }

    /// Who may.
    pub(super) fn who(&self, to_write: bool) -> String {
        let needed = if to_write { "write" } else { "read" };
        let rights = match self {
            Self::Sysv { id, .. } => msgctl::stat(*id).ok().map(|stat| (stat.mode, stat.owner)),
            Self::Fifo(file) | Self::SocketFile { file, .. } => {
                file::lstat(&file.path).ok().map(|stat| (stat.mode, stat.owner))
            }
            Self::Posix { .. } | Self::Abstract { .. } => None,
        };
        let also = if matches!(self, Self::Sysv { .. }) { "; or CAP_IPC_OWNER" } else { "" };
        rights.map_or_else(
            || format!("it needs {needed} permission"),
            |(mode, owner)| who_may(needed, mode, owner) + also,
        )
    }
}

pub(super) fn posix_fill(attributes: &mqueue::Attributes) -> Fill {
    Fill {
        messages: attributes.messages,
        bytes: attributes.status.map(|status| status.bytes),
        limit_bytes: None,
        limit_messages: Some(attributes.limit_messages),
    }
}

/// `it needs write permission, and its mode is 0640, its owner alice, its group staff`
fn who_may(needed: &str, mode: u16, owner: Ids) -> String {
    let name =
        |name: Option<String>, id: u32| name.map_or_else(|| id.to_string(), |n| escape(n.as_bytes()).into_owned());
    let group = owner.gid.map(|gid| format!(", its group {}", name(users::group_name(gid), gid))).unwrap_or_default();
    let user = name(users::user_name(owner.uid), owner.uid);
    format!("it needs {needed} permission, and its mode is {mode:04o}, its owner {user}{group}")
}

/// `1 byte`, `5 bytes`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// How long was waited in vain.
pub(super) fn span(patience: Patience) -> String {
    match patience {
        Patience::Left(limit) if limit == std::time::Duration::from_secs(1) => "1 second".to_owned(),
        Patience::Left(limit) => format!("{} seconds", limit.as_secs_f64()),
        Patience::None | Patience::Endless => "a while".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_queue_holds_in_words() {
        let sysv = Fill { messages: 4, bytes: Some(101), limit_bytes: Some(16384), limit_messages: None };
        assert_eq!(sysv.to_string(), "4 messages, 101 of 16384 bytes");
        let posix = Fill { messages: 1, bytes: None, limit_bytes: None, limit_messages: Some(10) };
        assert_eq!(posix.to_string(), "1 of 10 messages");
        assert_eq!(Fill { bytes: Some(1), ..posix }.to_string(), "1 of 10 messages, 1 byte");
    }
}
