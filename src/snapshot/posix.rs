//! POSIX queues, segments and semaphores from the file systems they live in.

use super::{Visibility, Want};
use crate::kernel::file::Stat;
use crate::kernel::mqueue::{self, Mqueues, Source};
use crate::kernel::posix_shm::{self, ShmFile};
use crate::kernel::{Error, capability, namespace};
use crate::model::{Body, Identity, Kinds, Object, Queue, SemSet, Semaphore, Shm, Time, Times};

/// Adds the objects of the wanted kinds; whether all queues of this IPC namespace are among them.
pub(super) fn read(want: &Want, objects: &mut Vec<Object>, seen: &mut Visibility) -> bool {
    let all_queues = want.kinds.contains(Kinds::POSIX_QUEUES) && queues(want, objects, seen);
    if want.kinds.intersects(Kinds::POSIX_SHMS | Kinds::POSIX_SEMS) {
        files(want, objects, seen);
    }
    all_queues
}

fn queues(want: &Want, objects: &mut Vec<Object>, seen: &mut Visibility) -> bool {
    let may_mount = capability::have(capability::CAP_SYS_ADMIN);
    let queues = match mqueue::open(may_mount) {
        Ok(queues) => queues,
        Err(Error::Unsupported { .. }) => {
            seen.missing(format!(
                "POSIX queues are not listed: no mqueue file system is mounted on {}, and mounting one needs \
                 CAP_SYS_ADMIN",
                mqueue::DIRECTORY
            ));
            return false;
        }
        Err(error) => {
            seen.missing(format!("POSIX queues are not listed: {error}"));
            return false;
        }
    };
    let perhaps_others = queues.source == Source::Mounted && namespace::own("ipc") != Some(namespace::INITIAL_IPC);
    if perhaps_others {
        seen.missing(format!(
            "POSIX queues are those of the IPC namespace in which {} was mounted, maybe not this one; CAP_SYS_ADMIN \
             would show this one's",
            mqueue::DIRECTORY
        ));
    }
    match queues.files() {
        Ok(files) => {
            objects.extend(files.iter().map(|file| queue(&queues, &file.name, &file.stat, want.contents)));
            !perhaps_others
        }
        Err(error) => {
            seen.missing(format!("POSIX queues are not listed: {error}"));
            false
        }
    }
}

fn queue(queues: &Mqueues, name: &[u8], stat: &Stat, contents: bool) -> Object {
    let inside = if contents { queues.attributes(name).ok() } else { None };
    let status = inside.and_then(|attributes| attributes.status);
    let queue = Queue {
        messages: inside.map(|attributes| attributes.messages),
        bytes: status.map(|status| status.bytes),
        limit_messages: inside.map(|attributes| attributes.limit_messages),
        max_message_bytes: inside.map(|attributes| attributes.max_message_bytes),
        notify: status.and_then(|status| status.notify),
        times: Times { changed: Some(stat.modified), ..Times::default() },
        ..Queue::default()
    };
    object(name, mqueue::DIRECTORY, name, stat, Body::Queue(Box::new(queue)))
}

fn files(want: &Want, objects: &mut Vec<Object>, seen: &mut Visibility) {
    let files = match posix_shm::read_files() {
        Ok(files) => files,
        Err(Error::Unsupported { .. }) => {
            let directory = posix_shm::DIRECTORY;
            return seen.missing(format!("POSIX shared memory and semaphores are not listed: there is no {directory}"));
        }
        Err(error) => {
            return seen.missing(format!("POSIX shared memory and semaphores are not listed: {error}"));
        }
    };
    for file in &files {
        match file.semaphore_name() {
            Some(name) if want.kinds.contains(Kinds::POSIX_SEMS) => {
                objects.push(semaphore(file, name, want.contents || want.verdict));
            }
            None if want.kinds.contains(Kinds::POSIX_SHMS) => objects.push(shm(file)),
            _ => {}
        }
    }
}

/// When a file of /dev/shm was last changed in any way: its modification time alone may have been set back, as copying
/// programs do. Of a queue's file the modification time counts, which nobody can set and which our own look leaves alone.
fn last_change(stat: &Stat) -> Time {
    stat.modified.max(stat.changed)
}

fn shm(file: &ShmFile) -> Object {
    let shm = Shm {
        size: Some(file.stat.size),
        allocated: Some(file.stat.allocated),
        times: Times { changed: Some(last_change(&file.stat)), ..Times::default() },
        ..Shm::default()
    };
    object(&file.name, posix_shm::DIRECTORY, &file.name, &file.stat, Body::Shm(Box::new(shm)))
}

fn semaphore(file: &ShmFile, name: &[u8], contents: bool) -> Object {
    let inside = if contents { posix_shm::read_semaphore(file).ok().flatten() } else { None };
    let values = inside.map(|inside| {
        let one =
            Semaphore { value: inside.value, waiting_increase: inside.waiters, waiting_zero: None, last_pid: None };
        Box::from([one])
    });
    let times = Times { changed: Some(last_change(&file.stat)), ..Times::default() };
    let set = SemSet { key: None, count: 1, values, times };
    object(name, posix_shm::DIRECTORY, &file.name, &file.stat, Body::Semaphore(Box::new(set)))
}

fn object(name: &[u8], directory: &str, file_name: &[u8], stat: &Stat, body: Body) -> Object {
    Object {
        identity: Identity::File { device: stat.device, inode: stat.inode },
        name: Some([b"/", name].concat().into()),
        path: Some([directory.as_bytes(), b"/", file_name].concat().into()),
        owner: Some(stat.owner),
        creator: None,
        mode: Some(stat.mode),
        body,
    }
}
