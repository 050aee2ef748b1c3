//! The views: which there are, in the order of their number keys, and what each lists.

use crate::config::Columns;
use crate::model::{Kind, Kinds, Object};
use crate::query::columns::{self, Column};
use crate::query::filter::Schema;
use crate::query::problems::PROBLEMS;
use crate::query::processes::PROCESSES;

/// One page of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// Use against each limit, counts, what is wrong.
    Overview,
    /// Message queues.
    Queues,
    /// Shared memory segments.
    Memory,
    /// Semaphores.
    Semaphores,
    /// Pipes and FIFOs.
    Pipes,
    /// Unix and internet sockets.
    Sockets,
    /// Processes that hold IPC objects.
    Processes,
    /// What is wrong, and what helps.
    Problems,
}

impl View {
    /// All, in their order.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Queues,
        Self::Memory,
        Self::Semaphores,
        Self::Pipes,
        Self::Sockets,
        Self::Processes,
        Self::Problems,
    ];

    /// As its tab is called.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Queues => "Queues",
            Self::Memory => "Memory",
            Self::Semaphores => "Semaphores",
            Self::Pipes => "Pipes & FIFOs",
            Self::Sockets => "Sockets",
            Self::Processes => "Processes",
            Self::Problems => "Problems",
        }
    }

    /// The same where there is little room.
    pub const fn short_title(self) -> &'static str {
        match self {
            Self::Semaphores => "Sems",
            Self::Pipes => "Pipes",
            Self::Processes => "Procs",
            other => other.title(),
        }
    }

    /// Its name in the configuration, on the command line and behind `:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Queues => "queues",
            Self::Memory => "memory",
            Self::Semaphores => "semaphores",
            Self::Pipes => "pipes",
            Self::Sockets => "sockets",
            Self::Processes => "processes",
            Self::Problems => "problems",
        }
    }

    /// Its place in [`View::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The view of a number key, the first being 1.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The view of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name().eq_ignore_ascii_case(name))
    }

    /// The one so many places on, around the ends.
    #[must_use]
    pub fn turned(self, by: isize) -> Self {
        let count = Self::ALL.len() as isize;
        Self::ALL[(self.index() as isize + by).rem_euclid(count) as usize]
    }

    /// The view that lists an object.
    pub const fn of(object: &Object) -> Self {
        match object.kind() {
            Kind::Queue => Self::Queues,
            Kind::Shm | Kind::Memfd => Self::Memory,
            Kind::Semaphore => Self::Semaphores,
            Kind::Pipe | Kind::Fifo => Self::Pipes,
            Kind::Socket => Self::Sockets,
        }
    }

    /// Whether a look at the kernel's tables alone sees what it lists; of memory, what has a name.
    pub const fn in_tables(self) -> bool {
        matches!(self, Self::Queues | Self::Memory | Self::Semaphores)
    }

    /// The kinds of objects that it lists; none for views of something else.
    pub fn kinds(self) -> Kinds {
        match self {
            Self::Queues => Kinds::QUEUES,
            Self::Memory => Kinds::MEMORY,
            Self::Semaphores => Kinds::SEMS,
            Self::Pipes => Kinds::PIPES | Kinds::FIFOS,
            Self::Sockets => Kinds::UNIX | Kinds::INET,
            Self::Overview | Self::Processes | Self::Problems => Kinds::empty(),
        }
    }

    /// The columns of its table.
    pub fn columns(self, configured: &Columns) -> Vec<&'static Column> {
        match self {
            Self::Queues => configured.queues.clone(),
            Self::Memory => configured.memory.clone(),
            Self::Semaphores => configured.semaphores.clone(),
            Self::Pipes => configured.pipes.clone(),
            Self::Sockets => configured.sockets.clone(),
            Self::Overview | Self::Processes | Self::Problems => Vec::new(),
        }
    }
}

impl View {
    /// What a filter of it can be about.
    pub fn fields(self) -> &'static dyn Schema {
        match self {
            Self::Processes => &PROCESSES,
            Self::Problems => &PROBLEMS,
            _ => &columns::Fields,
        }
    }

    /// The column of this name that it can be sorted by.
    pub fn sortable(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Overview => None,
            Self::Processes => PROCESSES.column(name).map(|column| column.name),
            Self::Problems => PROBLEMS.column(name).map(|column| column.name),
            _ => columns::find(name).ok().map(|column| column.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_found_by_its_number_and_name() {
        for (view, number) in View::ALL.into_iter().zip(1..) {
            assert_eq!(View::of_number(number), Some(view));
            assert_eq!(View::of_name(view.name()), Some(view));
            assert_eq!(view.turned(1).turned(-1), view);
        }
        assert_eq!((View::of_number(0), View::of_number(9)), (None, None));
        assert_eq!(View::Overview.turned(-1), View::Problems);
    }

    #[test]
    fn every_table_begins_with_the_address() {
        for view in View::ALL.into_iter().filter(|view| !view.kinds().is_empty()) {
            assert_eq!(view.columns(&Columns::default())[0].name, "address");
        }
    }
}
