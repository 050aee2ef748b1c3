//! POSIX objects from the file systems they live in. An object that the caller cannot open is listed with what its file
//! tells; what is no object of these (a directory or a link in /dev/shm) is not.

use super::cells::Posix;
use super::facility::Facility;
use crate::compat::Stop;
use crate::kernel::mqueue::{self, Mqueues};
use crate::kernel::posix_shm::{self, ShmFile};
use crate::kernel::{Error, capability};

/// All objects of a kind, those of System V having none here.
pub(super) fn objects(facility: Facility) -> Result<Vec<Posix>, Stop> {
    match facility {
        Facility::PosixQueue => queues(),
        Facility::PosixShm => Ok(files()?.into_iter().filter_map(segment).collect()),
        Facility::PosixSem => Ok(files()?.iter().filter_map(semaphore).collect()),
        Facility::Shm | Facility::Queue | Facility::Sem => Ok(Vec::new()),
    }
}

/// How many POSIX queues there are.
pub(super) fn count_queues() -> Option<u64> {
    Some(open_queues().ok()?.files().ok()?.len() as u64)
}

/// Those of the caller's IPC namespace where the caller may mount them, else what is mounted.
fn open_queues() -> Result<Mqueues, Error> {
    mqueue::open(capability::have(capability::CAP_SYS_ADMIN))
}

fn queues() -> Result<Vec<Posix>, Stop> {
    let directory = mqueue::DIRECTORY;
    let queues = open_queues().map_err(|error| match error {
        Error::Unsupported { .. } => Stop::no_mqueues(),
        error => cannot_list(directory, &error),
    })?;
    let files = queues.files().map_err(|error| cannot_list(directory, &error))?;
    let object = |file: mqueue::QueueFile| {
        let inside = queues.attributes(&file.name).ok();
        let status = inside.and_then(|inside| inside.status);
        Posix {
            name: [b"/", &*file.name].concat().into(),
            stat: file.stat,
            size: None,
            used_bytes: status.map(|status| status.bytes),
            messages: inside.map(|inside| inside.messages),
            value: None,
        }
    };
    Ok(files.into_iter().map(object).collect())
}

fn files() -> Result<Vec<ShmFile>, Stop> {
    posix_shm::read_files().map_err(|error| cannot_list(posix_shm::DIRECTORY, &error))
}

fn cannot_list(directory: &str, error: &Error) -> Stop {
    Stop::because(format!("{directory}: {}", error.in_c()))
}

fn segment(file: ShmFile) -> Option<Posix> {
    if file.semaphore_name().is_some() {
        return None;
    }
    let size = Some(file.stat.size);
    Some(Posix { name: file.name, stat: file.stat, size, used_bytes: None, messages: None, value: None })
}

fn semaphore(file: &ShmFile) -> Option<Posix> {
    let name = file.semaphore_name()?.into();
    // Anybody may put a file there that is no semaphore; reading it does not map it, so that it can do no harm.
    let value = posix_shm::read_semaphore(file).ok().flatten().map(|bytes| bytes.value);
    Some(Posix { name, stat: file.stat, size: None, used_bytes: None, messages: None, value })
}
