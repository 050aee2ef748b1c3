//! What a row stands for. The cursor, the selection and every action hold on to this and never to a row's number, which
//! means another thing after the next look.

use crate::model::Identity;

/// Something that a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// An IPC object.
    Object(Identity),
    /// A process: its pid may be another's later, with another start.
    Process {
        /// Process id.
        pid: u32,
        /// Start in clock ticks since boot.
        start_ticks: u64,
    },
    /// Use against a kernel limit, by the limit's name.
    Limit(&'static str),
}
