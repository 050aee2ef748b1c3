//! Descriptors on their way in unix sockets (`SCM_RIGHTS`, `man 7 unix`): open, and in nobody's table of descriptors.

use super::collect::Picture;
use super::scan::{FoundHit, Hit};
use super::{Want, sockets};
use crate::kernel::fd::{self, Target};
use crate::kernel::fdinfo;
use crate::model::Kinds;
use rustc_hash::FxHashSet;
use std::os::fd::OwnedFd;

/// Whether there may be any, where the picture itself does not say so. Of this network namespace's sockets any data that wait
/// will do. Those of others no table lists here; they are known by who has them, and tell it exactly (`scm_fds` in fdinfo,
/// Linux 5.9; an older kernel leaves the doubt). A connection in another namespace that was not accepted yet is not seen.
pub(super) fn may_be(proc: &OwnedFd, want: &Want, hits: &[FoundHit], picture: &Picture) -> bool {
    let mut listed: FxHashSet<u64> = picture.sockets.keys().copied().collect();
    if !want.kinds.contains(Kinds::UNIX) {
        let tables = sockets::read(Kinds::UNIX);
        if tables.in_flight() {
            return true;
        }
        listed.extend(tables.unix_inodes());
    }
    let mut buffer = Vec::new();
    hits.iter().any(|(pid, hit)| {
        let Hit::Fd(open, _) = hit else { return false };
        // Each once, whoever has it.
        let unlisted = open.target == Target::Socket && listed.insert(open.inode);
        unlisted
            && fd::is_unix_socket(*pid, open.fd)
            && fdinfo::read(proc, &pid.to_string(), open.fd, &mut buffer)
                .is_ok_and(|info| info.in_flight.is_none_or(|descriptors| descriptors > 0))
    })
}
