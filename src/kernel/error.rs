//! What can go wrong when the kernel is asked, in the words callers branch on.

use nix::errno::Errno;

/// Result of a kernel interface.
pub type Result<T> = std::result::Result<T, Error>;

/// A kernel interface said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The object, file or process does not exist (`ENOENT`, `ESRCH`, `EINVAL` of a System V id).
    #[error("{what}: not found")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// It existed and went away meanwhile (`EIDRM`, or its identity changed).
    #[error("{what}: gone")]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// The caller may not (`EACCES`, `EPERM`).
    #[error("{what}: permission denied")]
    Permission {
        /// What was asked for.
        what: String,
    },
    /// This kernel does not have the interface.
    #[error("{what}: not supported by this kernel")]
    Unsupported {
        /// What was asked for.
        what: String,
    },
    /// Anything else, by errno.
    #[error("{what}: {}", .errno.desc())]
    Os {
        /// What was asked for.
        what: String,
        /// The error number.
        errno: Errno,
    },
    /// The kernel's answer does not have the form it is documented to have.
    #[error("{what}: cannot make sense of {detail}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// The part that does not fit.
        detail: String,
    },
}

/// An I/O error in the C library's words alone: the standard library adds the number.
pub fn c_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

impl Error {
    /// Sorts an errno into the cases above.
    pub fn from_errno(what: impl Into<String>, errno: Errno) -> Self {
        let what = what.into();
        match errno {
            Errno::ENOENT | Errno::ESRCH => Self::NotFound { what },
            Errno::EIDRM => Self::Gone { what },
            Errno::EACCES | Errno::EPERM => Self::Permission { what },
            Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT => {
                Self::Unsupported { what }
            }
            errno => Self::Os { what, errno },
        }
    }

    /// Sorts an I/O error into the cases above.
    pub fn from_io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Self::from_errno(what, error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
    }

    /// What the C library refuses before it asks the kernel: it is no name of its kind (`EINVAL`).
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::Os { what: what.into(), errno: Errno::EINVAL }
    }

    /// The same with a word on what it means here.
    #[must_use]
    pub fn about(self, meaning: &str) -> Self {
        match self {
            Self::Os { what, errno } => Self::Os { what: format!("{what}: {meaning}"), errno },
            other => other,
        }
    }

    /// A limit of ipcx's own would be exceeded (`EDQUOT`).
    pub fn quota(what: impl Into<String>) -> Self {
        Self::Os { what: what.into(), errno: Errno::EDQUOT }
    }

    /// The C library's words for it (`man 3 strerror`), without what was asked for: the old tools end their messages so.
    pub fn in_c(&self) -> String {
        let errno = match self {
            Self::NotFound { .. } => Errno::ENOENT,
            Self::Gone { .. } => Errno::EIDRM,
            Self::Permission { .. } => Errno::EACCES,
            Self::Unsupported { .. } => Errno::ENOSYS,
            Self::Os { errno, .. } => *errno,
            Self::Malformed { .. } => Errno::EINVAL,
        };
        c_words(&std::io::Error::from_raw_os_error(errno as i32))
    }

    /// Whether the caller lacks a privilege.
    pub const fn is_permission(&self) -> bool {
        matches!(self, Self::Permission { .. })
    }

    /// Whether the call would have had to wait (`EAGAIN`, `ETIMEDOUT`): a full or an empty queue, a leased file.
    pub const fn would_block(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EAGAIN | Errno::ETIMEDOUT, .. })
    }

    /// Whether nobody reads what would be written (`ENXIO` in opening a FIFO, `EPIPE` in writing, `ECONNRESET`).
    pub const fn no_reader(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::ENXIO | Errno::EPIPE | Errno::ECONNRESET, .. })
    }

    /// Whether nobody listens (`ECONNREFUSED`).
    pub const fn refused(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::ECONNREFUSED, .. })
    }

    /// Whether a socket is of another type (`EPROTOTYPE`).
    pub const fn wrong_type(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EPROTOTYPE, .. })
    }

    /// Whether the name or key is taken (`EEXIST`).
    pub const fn exists(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EEXIST, .. })
    }

    /// Whether a number lies outside what the kernel takes (`EINVAL`).
    pub const fn is_invalid(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EINVAL, .. })
    }

    /// Whether a process's or user's share is used up (`EMFILE`).
    pub const fn too_many(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EMFILE, .. })
    }

    /// Whether there is no memory, or no more may be locked (`ENOMEM`).
    pub const fn no_memory(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::ENOMEM, .. })
    }

    /// Whether there is no room (`ENOSPC`, `EDQUOT`).
    pub const fn no_space(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::ENOSPC | Errno::EDQUOT, .. })
    }

    /// Whether a message is larger than its queue or socket takes (`EMSGSIZE`), or than may be asked for (`E2BIG`).
    pub const fn too_large(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::EMSGSIZE | Errno::E2BIG, .. })
    }

    /// Whether a name is longer than its file system has room for (`ENAMETOOLONG`).
    pub const fn name_too_long(&self) -> bool {
        matches!(self, Self::Os { errno: Errno::ENAMETOOLONG, .. })
    }

    /// Whether the thing is not there (any more).
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Gone { .. })
    }
}
