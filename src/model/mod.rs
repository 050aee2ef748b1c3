//! What exists: the pure types every other layer speaks in.
//!
//! No I/O, no clock, no formatting for people. Sizes are bytes, times are seconds since the epoch, names are the
//! bytes the kernel gave. Where a kernel cannot say, or does not let the caller see, a field is `None`.

mod address;
mod contents;
mod device;
mod holder;
pub mod limit;
mod name;
mod object;
mod process;
mod reaction;
mod removal;
pub mod shell;
mod signal;
mod socket;
mod spelled;
mod sysv;
mod time;
mod usage;
mod which;

pub use address::{Address, AddressError, Spelled, Which};
pub use contents::{Contents, How, Messages, PipeContents, QueuedMessage, Range, Seen, SocketContents, Source};
pub use device::Device;
pub use holder::{Access, Holder, Role};
pub(crate) use name::quoted;
pub use name::{escape, escape_into, hexadecimal, unescape, unhexadecimal};
pub use object::{Body, Family, Identity, Ids, Kind, Kinds, Object, PipeEnds};
pub use process::{Process, State};
pub use reaction::{Disposition, Init, Reaction, Receiver, SignalSet};
pub use removal::{RemovalTarget, TargetError};
pub use signal::{DefaultAction, Signal, SignalError, Signals};
pub use socket::{FileDoubt, Inet, Protocol, Socket, SocketState, SocketType, Unix};
pub use sysv::{Key, Memfd, Message, Notify, Queue, SemSet, Semaphore, Shm};
pub use time::{Time, Times};
pub use usage::{Of, Top, Unit, Usage};
