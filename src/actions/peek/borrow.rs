//! Descriptors borrowed from processes (`pidfd_getfd`): for as long as one look takes, and only what is really the
//! object. While it is held an end of a pipe does not close, so each look is a few calls and nothing waits in between.

use super::super::Refusal;
use crate::kernel::file::{self, FileType};
use crate::kernel::pidfd::Pidfd;
use crate::model::{Holder, How, Identity, Source};
use crate::snapshot::Snapshot;
use std::os::fd::{AsFd, BorrowedFd};

/// Processes that are asked before it is given up; the next would refuse for the same reason.
const MOST: usize = 64;

/// A descriptor that a process had when the plan was made.
#[derive(Debug, Clone)]
pub(super) struct Lender {
    pid: u32,
    fd: u32,
    comm: Option<Box<[u8]>>,
}

impl Lender {
    /// Who helped, for people.
    pub(super) fn source(&self) -> Source {
        Source { how: How::Descriptor, pid: Some(self.pid), comm: self.comm.clone() }
    }
}

/// Those of an object's holders that have it open in one of these ways.
pub(super) fn lenders(snapshot: &Snapshot, place: usize, wanted: impl Fn(&Holder) -> bool) -> Vec<Lender> {
    let holders = snapshot.holders(place).iter().filter(|holder| holder.alive && wanted(holder));
    holders
        .filter_map(|holder| {
            let comm = snapshot.process(holder.pid).map(|process| process.comm.clone());
            holder.fd.map(|fd| Lender { pid: holder.pid, fd, comm })
        })
        .take(MOST)
        .collect()
}

/// Why nobody's descriptor could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoLoan {
    /// Nobody was known to have one.
    Nobody,
    /// Those who had it have it no more.
    Gone,
    /// The kernel does not let this user.
    Refused,
}

impl NoLoan {
    /// In words, where the object could not be looked at at all for this reason.
    pub(super) fn refusal(self, what: &str) -> Refusal {
        let what = what.to_owned();
        match self {
            Self::Nobody | Self::Gone => Refusal::Changed { what },
            Self::Refused => Refusal::Permission {
                what,
                why: "its descriptors are other processes', which only who may trace them can borrow: the same user, \
                      where no Yama forbids it, or CAP_SYS_PTRACE"
                    .to_owned(),
            },
        }
    }
}

/// Borrows the object from the first who lends it, looks, and gives it back. `look` says `None` for a descriptor that
/// will not do (one open on its path only).
pub(super) fn borrow<T>(
    lenders: &[Lender],
    identity: Identity,
    mut look: impl FnMut(BorrowedFd<'_>) -> Option<T>,
) -> Result<(T, &Lender), NoLoan> {
    let mut why = if lenders.is_empty() { NoLoan::Nobody } else { NoLoan::Gone };
    for lender in lenders {
        let borrowed = Pidfd::open(lender.pid).and_then(|process| process.descriptor(lender.fd));
        match borrowed {
            Ok(fd) if is_same(fd.as_fd(), identity) => {
                if let Some(seen) = look(fd.as_fd()) {
                    return Ok((seen, lender));
                }
            }
            Err(error) if error.is_permission() => why = NoLoan::Refused,
            Ok(_) | Err(_) => {}
        }
    }
    Err(why)
}

/// Whether a descriptor is open on the object.
fn is_same(fd: BorrowedFd<'_>, identity: Identity) -> bool {
    let Ok(stat) = file::fstat(fd) else { return false };
    match identity {
        Identity::File { device, inode } => (stat.device, stat.inode) == (device, inode),
        Identity::Socket { inode, .. } => stat.file_type == FileType::Socket && stat.inode == inode,
        Identity::SysV { .. } => false,
    }
}
