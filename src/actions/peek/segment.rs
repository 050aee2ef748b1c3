//! Shared memory, System V and POSIX: any range of it, by the way that leaves the least behind.
//!
//! | segment | way | what it leaves |
//! |---|---|---|
//! | POSIX | its file is read | nothing to the owner and root (`O_NOATIME`), otherwise its access time |
//! | System V, attached by somebody | the file behind that mapping (root), or that process's memory | nothing |
//! | System V otherwise | attached read-only for a moment | last pid, attach and detach time |
//! | System V, marked for removal | only the mapping and the memory | nothing |
//! | unlinked, memfd | its file, by a holder's descriptor or mapping (root) | as a POSIX one |
//!
//! Pages that were never touched hold zeros and are not touched here: that would make the segment larger.

use super::super::{Refusal, subject::Subject};
use super::way::{Held, MAY_NOT, Reader, Via};
use super::{Care, memory, refused};
use crate::kernel::{capability, shmctl, users};
use crate::model::{Contents, Identity, Kind, Object, Range, Role, Seen, Shm};
use crate::snapshot::Snapshot;

/// How much of a segment is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Length {
    /// All from the offset on.
    #[default]
    All,
    /// So many bytes, which must be there.
    Exactly(u64),
    /// So many, or as many as there are.
    AtMost(u64),
}

/// Bytes that are read at a time.
const PIECE: u64 = 1 << 20;

/// Which segment, and the way to it.
#[derive(Debug)]
pub(super) struct Plan {
    size: u64,
    /// Of what has no name, the file that is opened is compared instead.
    subject: Option<Subject>,
    via: Via,
    trace: Option<String>,
}

pub(super) fn plan(
    snapshot: &Snapshot,
    place: usize,
    what: &str,
    shm: &Shm,
    identity: Identity,
) -> Result<Plan, Refusal> {
    let object = &snapshot.objects[place];
    match identity {
        Identity::File { device, inode } => {
            let path = object.path.clone().unwrap_or_default();
            let subject = Some(Subject::file(&path, device, inode));
            Ok(Plan { size: shm.size.unwrap_or(0), subject, via: Via::File(path), trace: atime_trace(object) })
        }
        Identity::SysV { id, .. } => {
            let subject = Subject::sysv(Kind::Shm, id).map_err(|error| refused(what, error, ""))?;
            let attachers = snapshot.holders(place).iter().filter(|h| h.role == Role::Attached && h.alive);
            let attachers: Vec<_> =
                attachers.filter_map(|holder| memory::Attacher::new(snapshot, holder.pid)).collect();
            let size = shm.size.unwrap_or(0);
            let via = memory::way(&attachers, id, size);
            if via.is_none() && shm.marked_for_removal {
                return Err(never_attached(what));
            }
            if via.is_none() {
                shmctl::may_read(id).map_err(|error| refused(what, error, MAY_NOT))?;
            }
            let trace = via.is_none().then(|| {
                format!(
                    "{what}: no process's memory shows it, so it is attached read-only for a moment, which changes its \
                     last pid (lpid) and its attach and detach times"
                )
            });
            Ok(Plan { size, subject: Some(subject), via: via.unwrap_or(Via::Attach(id)), trace })
        }
        Identity::Socket { .. } => Err(Refusal::Changed { what: what.to_owned() }),
    }
}

/// Memory without a name, through the first process that has it and lets it be opened.
pub(super) fn unnamed(snapshot: &Snapshot, place: usize, what: &str, identity: Identity) -> Result<Plan, Refusal> {
    let Identity::File { device, inode } = identity else { return Err(Refusal::Changed { what: what.to_owned() }) };
    let object = &snapshot.objects[place];
    let (trace, may_stamp) = match atime_trace(object) {
        Some(_) => (Some(format!("{what}: reading it stamps its access time, since it is another user's")), true),
        None => (None, false),
    };
    // A descriptor asks for less privilege than a mapping.
    let (open, mapped): (Vec<_>, Vec<_>) = snapshot.holders(place).iter().partition(|holder| holder.fd.is_some());
    let ways = open.into_iter().chain(mapped).filter_map(|holder| {
        Some(Held { holder: memory::Attacher::new(snapshot, holder.pid)?, fd: holder.fd, device, inode })
    });
    let found = ways.take(memory::MOST).find_map(|held| Some((held.open(may_stamp)?.1, held)));
    let Some((size, held)) = found else {
        return Err(Refusal::Permission {
            what: what.to_owned(),
            why: "it has no name, and no process that has it lets this user open it: CAP_SYS_PTRACE and CAP_SYS_ADMIN \
                  would"
                .to_owned(),
        });
    };
    Ok(Plan { size, subject: None, via: Via::Held(held), trace })
}

/// A segment that is marked goes with its last detach, which must not be ours.
fn never_attached(what: &str) -> Refusal {
    Refusal::Unsafe {
        what: what.to_owned(),
        why: "it is marked for removal and is never attached by ipcx, and no process that has it attached lets its \
              memory be read"
            .to_owned(),
    }
}

/// What reading a file of /dev/shm leaves: its access time, unless the kernel lets this user leave that alone.
pub(super) fn atime_trace(object: &Object) -> Option<String> {
    let mine = object.owner.is_some_and(|owner| owner.uid == users::own_uid());
    let may = mine || capability::have(capability::CAP_FOWNER);
    let address = crate::model::escape(object.path.as_deref().unwrap_or_default()).into_owned();
    (!may).then(|| format!("{address}: reading it stamps its access time, since it is another user's"))
}

impl Plan {
    pub(super) fn trace(&self) -> Option<String> {
        self.trace.clone()
    }

    /// Where a request begins and how long it is. Errors: it goes beyond the end.
    pub(super) fn range(&self, what: &str, offset: u64, length: Length) -> Result<(u64, u64), Refusal> {
        range(what, self.size, offset, length)
    }

    pub(super) fn run(&self, what: &str, offset: u64, length: Length, care: Care) -> Result<Contents, Refusal> {
        let mut data = Vec::new();
        let mut contents = self.run_in_pieces(what, offset, length, care, &mut |_, piece| {
            data.extend_from_slice(piece);
            true
        })?;
        if let Seen::Range(range) = &mut contents.seen {
            range.data = data;
        }
        Ok(contents)
    }

    pub(super) fn run_in_pieces(
        &self,
        what: &str,
        offset: u64,
        length: Length,
        care: Care,
        each: &mut dyn FnMut(&Range, &[u8]) -> bool,
    ) -> Result<Contents, Refusal> {
        self.range(what, offset, length)?;
        self.permit(what, care)?;
        if let Some(subject) = &self.subject {
            subject.verify(what)?;
        }
        let (mut reader, size) = Reader::open(what, &self.via, self.subject.as_ref(), self.size, self.trace.is_some())?;
        let (offset, length) = range(what, size, offset, length)?;
        let mut range = Range { size, offset, length, data: Vec::new(), source: self.via.source() };
        let mut piece = vec![0; PIECE.min(length) as usize];
        let mut failures = Vec::new();
        let mut done = 0;
        while done < length {
            let wanted = PIECE.min(length - done) as usize;
            let read = reader.read(what, offset + done, &mut piece[..wanted])?;
            done += read as u64;
            if read > 0 && !each(&range, &piece[..read]) {
                break;
            }
            if read < wanted {
                failures.push(format!("{what}: became smaller while it was read: {done} of {length} bytes are shown"));
                break;
            }
        }
        range.length = done;
        Ok(Contents { address: what.to_owned(), seen: Seen::Range(range), notes: Vec::new(), failures })
    }

    /// Whether this way may be taken.
    pub(super) fn permit(&self, what: &str, care: Care) -> Result<(), Refusal> {
        match (&self.via, &self.trace) {
            (Via::Attach(id), trace) => {
                if shmctl::stat(*id).is_ok_and(|now| now.marked_for_removal) {
                    return Err(never_attached(what));
                }
                care.permit(what, trace.as_deref().map_or("it would be attached", without_name))
            }
            // The access time of a file is nobody's record of who uses it: read-only mode does not forbid to read.
            (_, Some(trace)) if care.no_trace => care.permit(what, without_name(trace)),
            _ => Ok(()),
        }
    }
}

/// A trace's sentence without the object in front, for where that is said already.
pub(super) fn without_name(trace: &str) -> &str {
    trace.split_once(": ").map_or(trace, |(_, sentence)| sentence)
}

/// Offset and length of a request in a segment of `size` bytes.
fn range(what: &str, size: u64, offset: u64, length: Length) -> Result<(u64, u64), Refusal> {
    let beyond = |asked: String| {
        Err(Refusal::Failed { what: what.to_owned(), why: format!("{asked} beyond its end: it has {size} bytes") })
    };
    let Some(left) = size.checked_sub(offset) else { return beyond(format!("the offset {offset} is")) };
    match length {
        Length::All => Ok((offset, left)),
        Length::AtMost(most) => Ok((offset, left.min(most))),
        Length::Exactly(length) if length > left => beyond(format!("{length} bytes at offset {offset} reach")),
        Length::Exactly(length) => Ok((offset, length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_end_where_the_segment_ends() {
        let range = |offset, length| range("shm:7", 100, offset, length).ok();
        assert_eq!(range(0, Length::All), Some((0, 100)));
        assert_eq!(range(90, Length::AtMost(64)), Some((90, 10)));
        assert_eq!(range(90, Length::Exactly(10)), Some((90, 10)));
        assert_eq!(range(100, Length::All), Some((100, 0)));
        assert_eq!((range(90, Length::Exactly(11)), range(101, Length::AtMost(1))), (None, None));
    }

    proptest! {
        #[test]
        fn no_range_reaches_beyond(size: u64, offset: u64, length: u64) {
            for length in [Length::All, Length::Exactly(length), Length::AtMost(length)] {
                if let Ok((from, bytes)) = range("shm:7", size, offset, length) {
                    prop_assert!(from == offset && from.checked_add(bytes).is_some_and(|end| end <= size));
                }
            }
        }
    }
}
