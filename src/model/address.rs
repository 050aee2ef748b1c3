//! Addresses: the text by which a person names an object or a process, `kind:which` or a path.
//!
//! What is printed can be pasted back. Reading is strict and total: a text that is not wholly an address is an error
//! of one line that quotes it and shows the way out. Whether the object exists is for others to find out.

use super::device::Device;
use super::name::{escape, quoted};
use super::socket::Protocol;
pub use super::spelled::Spelled;
pub use super::which::Which;
use super::which::{TargetError, decimal};
use std::ffi::OsStr;
use std::fmt;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

/// What a person can point at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// `queue:32769`, `queue:0x4d2`, `queue:/orders`.
    Queue(Which),
    /// `shm:7`, `shm:0x52e2`, `shm:/cache`.
    Shm(Which),
    /// `shm:[33]`, `shm:[0:43:33]`: a POSIX segment whose name is gone.
    ShmInode {
        /// Device of its file system; without it, any.
        device: Option<Device>,
        /// Inode.
        inode: u64,
    },
    /// `memfd:[1033]`, `memfd:[0:1:1033]`: memory of `memfd_create`.
    Memfd {
        /// Device of its file system, of which the kernel has one more for each size of huge pages; without it, any.
        device: Option<Device>,
        /// Inode.
        inode: u64,
    },
    /// `sem:3`, `sem:0x1f`, `sem:/lock`; also spelled `semaphore:`.
    Semaphore(Which),
    /// `pipe:[411970]`: the inode, as `/proc/PID/fd` prints it.
    Pipe(u64),
    /// `fifo:/run/x.fifo`.
    Fifo(Spelled),
    /// `fifo:[411970]`, `fifo:[0:43:7]`: a FIFO whose path could not be confirmed.
    FifoInode {
        /// Device of its file system; without it, any.
        device: Option<Device>,
        /// Inode.
        inode: u64,
    },
    /// `unix:/run/x.sock`, `unix:@abstract`, `unix:relative-name`.
    Unix {
        /// Name, without the `@` of an abstract one.
        name: Spelled,
        /// Whether it lives in the abstract namespace.
        abstract_name: bool,
    },
    /// `socket:[411972]`; also taken from `unix:[411972]`.
    Socket(u64),
    /// `tcp:127.0.0.1:80,127.0.0.1:5555`: a connection without an inode (TIME-WAIT, not yet accepted).
    Connection {
        /// TCP or UDP.
        protocol: Protocol,
        /// Local address and port.
        local: SocketAddr,
        /// Remote address and port.
        remote: SocketAddr,
    },
    /// `pid:812`: a process.
    Pid(u32),
    /// A path, to be taken for what lies there.
    Path(Spelled),
}

/// Why a text is no address. Each prints as one line that quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was written.
    #[error("an empty text is no address: write kind:which, e.g. queue:32769, queue:0x4d2, shm:/name, pid:812")]
    Empty,
    /// Neither a kind nor a path.
    #[error("{0} is no address: write kind:which, e.g. queue:32769, queue:0x4d2, shm:/name, pid:812, or a path")]
    Shape(String),
    /// The word before the colon is no kind.
    #[error("{text} is no address: {kind} is not one of the kinds {kinds}; a path begins with / or ./", kinds = kinds())]
    UnknownKind {
        /// The whole text.
        text: String,
        /// What stands before the colon.
        kind: String,
    },
    /// A kind with nothing behind it.
    #[error("{0} names nothing: something must follow the colon, e.g. queue:32769, shm:/name, unix:@name, pid:812")]
    Nothing(String),
    /// A bad id, key or POSIX name.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// No inode in brackets.
    #[error("{text} is no {kind}: write the inode in brackets, e.g. {kind}:[411970]")]
    Inode {
        /// The whole text.
        text: String,
        /// `pipe`, `fifo`, `socket`, `memfd`, `shm`.
        kind: &'static str,
    },
    /// Neither a path nor an inode in brackets.
    #[error("{0} is no FIFO: write its path, fifo:/run/x.fifo, or its inode in brackets, fifo:[411970]")]
    Fifo(String),
    /// A path or socket name with a NUL byte.
    #[error("{0} holds a NUL byte, which no path has")]
    Nul(String),
    /// Not two socket addresses.
    #[error("{text} is no connection: write {kind}:LOCAL,REMOTE, e.g. {kind}:127.0.0.1:80,[::1]:5555")]
    Connection {
        /// The whole text.
        text: String,
        /// `tcp` or `udp`.
        kind: &'static str,
    },
    /// No process id.
    #[error("{0} is no process: write a decimal pid from 1 to 4194304, e.g. pid:812")]
    Pid(String),
}

/// `PID_MAX_LIMIT` of a 64-bit kernel (`include/linux/threads.h`).
const PID_MAX: u64 = 4_194_304;

/// Every word that may stand before the colon.
const KINDS: [&str; 12] =
    ["queue", "shm", "sem", "semaphore", "memfd", "pipe", "fifo", "unix", "socket", "tcp", "udp", "pid"];

fn kinds() -> String {
    KINDS.join(", ")
}

impl Address {
    /// From a word of the command line.
    pub fn parse<T: AsRef<OsStr> + ?Sized>(text: &T) -> Result<Self, AddressError> {
        Self::parse_bytes(text.as_ref().as_bytes())
    }

    /// As [`Address::parse`], from bytes.
    pub fn parse_bytes(text: &[u8]) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if is_path(text) {
            return path(text, text).map(Self::Path);
        }
        let Some(colon) = text.iter().position(|b| *b == b':') else {
            return Err(AddressError::Shape(quoted(text)));
        };
        let (kind, which) = (&text[..colon], &text[colon + 1..]);
        if which.is_empty() && is_kind(kind) {
            return Err(AddressError::Nothing(quoted(text)));
        }
        match kind {
            b"queue" => Ok(Self::Queue(Which::parse(which)?)),
            b"shm" if which.starts_with(b"[") => {
                let (device, inode) = device_and_inode(which).ok_or_else(|| no_inode(text, "shm"))?;
                Ok(Self::ShmInode { device, inode })
            }
            b"shm" => Ok(Self::Shm(Which::parse(which)?)),
            b"memfd" => {
                let (device, inode) = device_and_inode(which).ok_or_else(|| no_inode(text, "memfd"))?;
                Ok(Self::Memfd { device, inode })
            }
            b"sem" | b"semaphore" => Ok(Self::Semaphore(Which::parse(which)?)),
            b"pipe" => bracketed_inode(which).map(Self::Pipe).ok_or_else(|| no_inode(text, "pipe")),
            b"socket" => bracketed_inode(which).map(Self::Socket).ok_or_else(|| no_inode(text, "socket")),
            b"fifo" => fifo(text, which),
            b"unix" => unix(text, which),
            b"tcp" => connection(text, which, Protocol::Tcp),
            b"udp" => connection(text, which, Protocol::Udp),
            b"pid" => pid(which).map(Self::Pid).ok_or_else(|| AddressError::Pid(quoted(text))),
            _ => Err(AddressError::UnknownKind { text: quoted(text), kind: quoted(kind) }),
        }
    }

    /// Whether `word` is one of the kinds that stand before the colon of an address, `pid` among them.
    pub fn is_kind(word: &str) -> bool {
        is_kind(word.as_bytes())
    }
}

fn is_kind(word: &[u8]) -> bool {
    KINDS.iter().any(|kind| kind.as_bytes() == word)
}

/// Whether a text can only be a path: it begins as one, or has a slash before any colon.
fn is_path(text: &[u8]) -> bool {
    text.iter().find(|b| matches!(b, b'/' | b':')) == Some(&b'/')
}

/// A path, or the name of a socket in a file system.
fn path(text: &[u8], path: &[u8]) -> Result<Spelled, AddressError> {
    Spelled::new(path).keep(|path| !path.contains(&0)).ok_or_else(|| AddressError::Nul(quoted(text)))
}

fn no_inode(text: &[u8], kind: &'static str) -> AddressError {
    AddressError::Inode { text: quoted(text), kind }
}

/// Inode numbers start at 1.
fn inode(text: &[u8]) -> Option<u64> {
    decimal(text).ok().filter(|inode| *inode != 0)
}

fn brackets(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"[")?.strip_suffix(b"]")
}

fn bracketed_inode(text: &[u8]) -> Option<u64> {
    inode(brackets(text)?)
}

/// `MAJ:MIN:INODE` or `INODE`.
fn device_and_inode(text: &[u8]) -> Option<(Option<Device>, u64)> {
    let text = std::str::from_utf8(brackets(text)?).ok()?;
    match text.rsplit_once(':') {
        Some((device, number)) => Some((Some(Device::parse(device)?), inode(number.as_bytes())?)),
        None => Some((None, inode(text.as_bytes())?)),
    }
}

fn fifo(text: &[u8], which: &[u8]) -> Result<Address, AddressError> {
    if which.starts_with(b"[") {
        let (device, inode) = device_and_inode(which).ok_or_else(|| no_inode(text, "fifo"))?;
        return Ok(Address::FifoInode { device, inode });
    }
    // A number is an inode whose brackets the shell or a hand has lost, not a file of that name.
    if which.iter().all(u8::is_ascii_digit) {
        return Err(AddressError::Fifo(quoted(text)));
    }
    path(text, which).map(Address::Fifo)
}

fn unix(text: &[u8], which: &[u8]) -> Result<Address, AddressError> {
    match which {
        [b'['] | [b'[', ..] => bracketed_inode(which).map(Address::Socket).ok_or_else(|| no_inode(text, "socket")),
        [b'@'] => Err(AddressError::Nothing(quoted(text))),
        // Any byte may be in an abstract name, NUL too.
        [b'@', name @ ..] => Ok(Address::Unix { name: Spelled::new(name), abstract_name: true }),
        _ => Ok(Address::Unix { name: path(text, which)?, abstract_name: false }),
    }
}

fn connection(text: &[u8], which: &[u8], protocol: Protocol) -> Result<Address, AddressError> {
    let ends = || {
        let (local, remote) = std::str::from_utf8(which).ok()?.split_once(',')?;
        Some((SocketAddr::from_str(local).ok()?, SocketAddr::from_str(remote).ok()?))
    };
    let (local, remote) =
        ends().ok_or_else(|| AddressError::Connection { text: quoted(text), kind: protocol.name() })?;
    Ok(Address::Connection { protocol, local, remote })
}

fn pid(text: &[u8]) -> Option<u32> {
    let pid = decimal(text).ok().filter(|pid| (1..=PID_MAX).contains(pid))?;
    u32::try_from(pid).ok()
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

/// Prints a form that [`Address::parse`] reads back as the same object, in printable characters only.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(which) => write!(f, "queue:{which}"),
            Self::Shm(which) => write!(f, "shm:{which}"),
            Self::ShmInode { device, inode } => bracketed(f, "shm", *device, *inode),
            Self::Memfd { device, inode } => bracketed(f, "memfd", *device, *inode),
            Self::Semaphore(which) => write!(f, "sem:{which}"),
            Self::Pipe(inode) => write!(f, "pipe:[{inode}]"),
            Self::Fifo(path) => write!(f, "fifo:{}", guarded(path, "[")),
            Self::FifoInode { device, inode } => bracketed(f, "fifo", *device, *inode),
            Self::Unix { name, abstract_name: true } => write!(f, "unix:@{name}"),
            Self::Unix { name, abstract_name: false } => write!(f, "unix:{}", guarded(name, "[@")),
            Self::Socket(inode) => write!(f, "socket:[{inode}]"),
            Self::Connection { protocol, local, remote } => write!(f, "{}:{local},{remote}", protocol.name()),
            Self::Pid(pid) => write!(f, "pid:{pid}"),
            Self::Path(path) if is_path(path.raw()) => path.fmt(f),
            Self::Path(path) => write!(f, "./{path}"),
        }
    }
}

fn bracketed(f: &mut fmt::Formatter<'_>, kind: &str, device: Option<Device>, inode: u64) -> fmt::Result {
    match device {
        Some(device) => write!(f, "{kind}:[{device}:{inode}]"),
        None => write!(f, "{kind}:[{inode}]"),
    }
}

/// A name whose first character would be taken for something else if it were not written as an escape.
fn guarded(name: &Spelled, special: &str) -> String {
    let text = name.to_string();
    match name.raw().first() {
        Some(first) if special.as_bytes().contains(first) => {
            let plain = escape(name.unescaped().unwrap_or(name.raw()));
            format!("\\x{first:02x}{}", plain.get(1..).unwrap_or_default())
        }
        _ => text,
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
