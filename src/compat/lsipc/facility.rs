//! The kinds of objects that `lsipc` lists, one at a time.

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facility {
    Shm,
    Queue,
    Sem,
    PosixShm,
    PosixQueue,
    PosixSem,
}

impl Facility {
    /// Whether its objects have names in place of keys and ids.
    pub(super) fn is_posix(self) -> bool {
        matches!(self, Self::PosixShm | Self::PosixQueue | Self::PosixSem)
    }

    /// The name of the array of its objects in JSON.
    pub(super) fn array(self) -> &'static str {
        match self {
            Self::Shm => "sharedmemory",
            Self::Queue => "messages",
            Self::Sem => "semaphores",
            Self::PosixShm => "posix-sharedmemory",
            Self::PosixQueue => "posix-messages",
            Self::PosixSem => "posix-semaphores",
        }
    }

    /// What one of its objects is called where it has a name.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Shm | Self::PosixShm => "shared memory segment",
            Self::Queue | Self::PosixQueue => "message queue",
            Self::Sem | Self::PosixSem => "semaphore",
        }
    }
}
