//! Why an action was not done.

use crate::kernel::Error;

/// An action was refused, or failed. Prints as one line; what to do about it is part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing answers to the name.
    #[error("{what}: there is no such {kind}")]
    NotFound {
        /// As the person named it.
        what: String,
        /// Message queue, segment …
        kind: &'static str,
    },
    /// More than one object answers to the name.
    #[error("{what}: ambiguous, it names {}; name one of them", .candidates.join(" and "))]
    Ambiguous {
        /// As the person named it.
        what: String,
        /// The objects, by address and how they were meant.
        candidates: Vec<String>,
    },
    /// Read-only mode.
    #[error("{what}: refused in read-only mode (--read-only, IPCX_READ_ONLY or config.toml)")]
    ReadOnly {
        /// The object.
        what: String,
    },
    /// Somebody demonstrably uses it.
    #[error("{what}: in use: {}; --force removes it all the same", .users.join("; "))]
    InUse {
        /// The object.
        what: String,
        /// One sentence for each user.
        users: Vec<String>,
    },
    /// It has no name that could be removed.
    #[error("{what}: {why}")]
    Unremovable {
        /// The object.
        what: String,
        /// Why, and what ends it instead.
        why: &'static str,
    },
    /// The caller may not.
    #[error("{what}: permission denied: {why}")]
    Permission {
        /// The object.
        what: String,
        /// Who may.
        why: String,
    },
    /// It is not what it was when the plan was made.
    #[error("{what}: gone or replaced since it was looked at; nothing was done")]
    Changed {
        /// The object.
        what: String,
    },
    /// It cannot be done, or not now, and that is nobody's decision: a full queue, no reader, a key that is taken.
    #[error("{what}: {why}")]
    Failed {
        /// The object.
        what: String,
        /// Why, and the way out.
        why: String,
    },
    /// What was asked for is not for an object of this kind, or size.
    #[error("{what}: {why}")]
    Unfit {
        /// The object.
        what: String,
        /// What it is for.
        why: String,
    },
    /// It would do harm, and was not asked for with `--force` or the like.
    #[error("{what}: {why}")]
    Unsafe {
        /// The object or process.
        what: String,
        /// Which harm, and what allows it.
        why: String,
    },
    /// The person said no.
    #[error("{what}: nothing was done: not confirmed")]
    NotConfirmed {
        /// The object.
        what: String,
    },
    /// The kernel said no for another reason.
    #[error(transparent)]
    Kernel(#[from] Error),
}
