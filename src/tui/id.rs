//! What a row stands for. The cursor, the selection and every action hold on to this and never to a row's number, which
//! means another thing after the next look.

use super::insight::{Measure, Who};
use super::view::View;
use crate::diagnose::State;
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
    /// Who talks to whom around something.
    Graph(Hub),
    /// A place of the overview; what it is about, if anything, is its [`Id::subject`].
    Item(Item),
}

/// What a graph is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hub {
    /// An object.
    Object(Identity),
    /// A process.
    Process {
        /// Process id.
        pid: u32,
        /// Start in clock ticks since boot.
        start_ticks: u64,
    },
}

impl Hub {
    /// The thing itself.
    pub const fn id(self) -> Id {
        match self {
            Self::Object(identity) => Id::Object(identity),
            Self::Process { pid, start_ticks } => Id::Process { pid, start_ticks },
        }
    }
}

/// A place of the overview that the cursor can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Item {
    /// A gauge.
    Limit(&'static str),
    /// How many a view lists: all of them, or those in a state.
    Count(View, Option<State>),
    /// How many problems there are; or only severe ones.
    Problems {
        /// Only these.
        severe: bool,
    },
    /// A problem with an object.
    Object(Identity),
    /// A problem with a limit.
    Near(&'static str),
    /// One who has most of something.
    Most(Measure, Who),
}

impl Id {
    /// What an action on the row is about: an object, a process or a limit. `None` for what stands for nothing that could
    /// be acted on.
    pub const fn subject(self) -> Option<Self> {
        match self {
            Self::Object(_) | Self::Process { .. } | Self::Limit(_) => Some(self),
            Self::Graph(hub) => Some(hub.id()),
            Self::Item(item) => match item {
                Item::Limit(name) | Item::Near(name) => Some(Self::Limit(name)),
                Item::Object(identity) => Some(Self::Object(identity)),
                Item::Most(_, Who::Process { pid, start_ticks }) => Some(Self::Process { pid, start_ticks }),
                Item::Most(_, Who::User(_)) | Item::Count(..) | Item::Problems { .. } => None,
            },
        }
    }
}
