//! Semaphores: their values are all they hold.

use super::super::{Refusal, subject::Subject};
use super::{Care, refused, segment};
use crate::kernel::posix_shm::{self, ShmFile};
use crate::kernel::{file, semctl};
use crate::model::{Contents, Identity, Kind, Object, Seen, SemSet, Semaphore};

/// Which set, or which file.
#[derive(Debug)]
pub(super) struct Plan {
    subject: Subject,
    count: u64,
    trace: Option<String>,
}

pub(super) fn plan(what: &str, object: &Object, set: &SemSet, identity: Identity) -> Result<Plan, Refusal> {
    match identity {
        Identity::SysV { id, .. } => {
            let subject = Subject::sysv(Kind::Semaphore, id).map_err(|error| refused(what, error, ""))?;
            Ok(Plan { subject, count: set.count, trace: None })
        }
        Identity::File { device, inode } => {
            let path = object.path.clone().unwrap_or_default();
            Ok(Plan { subject: Subject::file(&path, device, inode), count: 1, trace: segment::atime_trace(object) })
        }
        Identity::Socket { .. } => Err(Refusal::Changed { what: what.to_owned() }),
    }
}

impl Plan {
    pub(super) fn trace(&self) -> Option<String> {
        self.trace.clone()
    }

    pub(super) fn permit(&self, what: &str, care: Care) -> Result<(), Refusal> {
        match &self.trace {
            Some(trace) if care.no_trace => care.permit(what, segment::without_name(trace)),
            _ => Ok(()),
        }
    }

    pub(super) fn run(&self, what: &str, care: Care) -> Result<Contents, Refusal> {
        self.permit(what, care)?;
        self.subject.verify(what)?;
        let may_not = "its mode does not let this user read it";
        let values = match &self.subject {
            Subject::SysV { id, .. } => {
                semctl::read_values(*id, self.count).map_err(|error| refused(what, error, may_not))?
            }
            Subject::File { path, .. } | Subject::PosixQueue { name: path, .. } => Box::from([posix(what, path)
                .map_err(|refusal| match refusal {
                    Refusal::Kernel(error) => refused(what, error, may_not),
                    refusal => refusal,
                })?]),
        };
        let (notes, failures) = (Vec::new(), Vec::new());
        Ok(Contents { address: what.to_owned(), seen: Seen::Semaphores(values), notes, failures })
    }
}

fn posix(what: &str, path: &[u8]) -> Result<Semaphore, Refusal> {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let file = ShmFile { name: name.into(), stat: file::lstat(path)? };
    let Some(inside) = posix_shm::read_semaphore(&file)? else {
        let why = format!("its file has {} bytes and is no semaphore of this machine's C library", file.stat.size);
        return Err(Refusal::Failed { what: what.to_owned(), why });
    };
    Ok(Semaphore { value: inside.value, waiting_increase: inside.waiters, waiting_zero: None, last_pid: None })
}
