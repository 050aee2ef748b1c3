//! Removing and bringing back through the library, and what an object looks like, for comparing before and after.

use super::cli::state_home;
use ipcx::actions::backup::{Entry, Restoration, Restored, Settings, Store, thaw};
use ipcx::actions::{Outcome, Policy, Refusal, Removal, Target, plan_removals};
use ipcx::kernel::mqueue::{self, Access};
use ipcx::kernel::{messages, msgctl, semctl, shmat, shmctl};
use ipcx::model::Address;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Where root's backups are.
pub fn backups() -> PathBuf {
    state_home().join("ipcx/backups")
}

/// Root's backups, with the usual settings.
pub fn store() -> Store {
    Store::open(&backups(), Settings::default()).unwrap()
}

/// What can be undone.
pub fn entries() -> Vec<Entry> {
    store().entries().unwrap()
}

/// Plans the removal of one object.
pub fn plan(address: &str) -> Removal {
    let target = Target::Address(Address::parse(address).unwrap());
    let (_, plan) = plan_removals(&[target]).unwrap().pop().unwrap();
    plan.unwrap()
}

/// Removes an object with a backup.
pub fn remove(address: &str) -> Result<Outcome, Refusal> {
    plan(address).run(Policy::default(), Some(&store()))
}

/// Brings back the newest.
pub fn undo() -> Restored {
    let entry = entries().pop().expect("there is a backup");
    Restoration { entry }.run(&store(), Policy::default()).unwrap()
}

/// Gives every object back what an ended removal took; returns their addresses.
pub fn thaw_all() -> Vec<String> {
    let done = thaw(&store(), Policy::default()).unwrap();
    done.into_iter()
        .map(|(one, result)| {
            result.unwrap();
            one.address
        })
        .collect()
}

/// Files in a directory of the store, sorted.
pub fn files(inner: &str) -> Vec<String> {
    let Ok(listed) = std::fs::read_dir(backups().join(inner)) else { return Vec::new() };
    let mut names: Vec<String> = listed
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file() && entry.file_name() != "lock")
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Attributes and contents of an object: all that a removal must not change and an undo has to bring back.
#[derive(Clone, PartialEq, Eq)]
pub struct Sight {
    pub attributes: String,
    pub contents: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Sight {
    /// Short: of each piece its length and how it begins.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.attributes)?;
        let first = |piece: &[u8]| piece[..piece.len().min(16)].escape_ascii().to_string();
        self.contents.iter().take(20).try_for_each(|piece| write!(f, " [{}: {}]", piece.len(), first(piece)))
    }
}

/// What an object is now; `None` when it is not there.
pub fn sight(address: &str) -> Option<Sight> {
    let (kind, which) = address.split_once(':').unwrap();
    match (kind, which.parse::<i32>()) {
        ("queue", Ok(id)) => queue(id),
        ("shm", Ok(id)) => segment(id),
        ("sem", Ok(id)) => semaphores(id),
        ("queue", Err(_)) => posix_queue(which.trim_start_matches('/').as_bytes()),
        _ => file(which),
    }
}

fn queue(id: i32) -> Option<Sight> {
    let stat = msgctl::stat(id).ok()?;
    let mut room = messages::Room::default();
    let copies = (0..).map_while(|index| messages::copy(id, index, &mut room).unwrap());
    let contents = copies.map(|message| [&message.kind.to_be_bytes(), &message.data[..]].concat()).collect();
    let attributes = format!("{} {:?} {:o} {}", stat.key, stat.owner, stat.mode, stat.limit_bytes);
    Some(Sight { attributes, contents })
}

fn segment(id: i32) -> Option<Sight> {
    let stat = shmctl::stat(id).ok()?;
    let mut bytes = vec![0; usize::try_from(stat.size).unwrap()];
    shmat::attach(id, stat.size, true).unwrap().read(0, &mut bytes);
    let common = stat.common;
    let attributes = format!("{} {:?} {:o} {} {}", common.key, common.owner, stat.mode, stat.size, stat.locked);
    Some(Sight { attributes, contents: vec![bytes] })
}

fn semaphores(id: i32) -> Option<Sight> {
    let stat = semctl::stat(id).ok()?;
    let values = semctl::get_all(id, stat.count).unwrap();
    let common = stat.common;
    let attributes = format!("{} {:?} {:o} {}", common.key, common.owner, stat.mode, stat.operated != 0);
    Some(Sight { attributes, contents: values.into_iter().map(|value| value.to_be_bytes().to_vec()).collect() })
}

/// Its messages are taken out and put back in their order: there is no other way to see them.
fn posix_queue(name: &[u8]) -> Option<Sight> {
    let queue = mqueue::open_queue(name, Access::Both).ok()?;
    let (stat, now) = (queue.stat().unwrap(), queue.attributes().unwrap());
    let mut room = vec![0; usize::try_from(now.max_message_bytes).unwrap()];
    let mut contents = Vec::new();
    while let Some((priority, length)) = queue.receive(&mut room).unwrap() {
        contents.push([&priority.to_be_bytes(), &room[..length]].concat());
    }
    for message in &contents {
        queue.send(u32::from_be_bytes(message[..4].try_into().unwrap()), &message[4..]).unwrap();
    }
    let limits = (now.limit_messages, now.max_message_bytes);
    Some(Sight { attributes: format!("{:?} {:o} {limits:?}", stat.owner, stat.mode), contents })
}

fn file(path: &str) -> Option<Sight> {
    let path = if path.starts_with('/') && !path[1..].contains('/') {
        PathBuf::from("/dev/shm").join(&path[1..])
    } else {
        PathBuf::from(path)
    };
    let stat = std::fs::symlink_metadata(&path).ok()?;
    let regular = stat.file_type().is_file();
    let contents = if regular { vec![std::fs::read(&path).unwrap()] } else { Vec::new() };
    let name = path.as_os_str().as_bytes().escape_ascii();
    Some(Sight { attributes: format!("{name} {:o} {} {}", stat.mode(), stat.uid(), stat.gid()), contents })
}

/// The lock of root's backups, held: a removal comes as far as its next object and waits there. Given up when dropped.
pub struct Held(#[expect(dead_code, reason = "held")] nix::fcntl::Flock<std::fs::File>);

impl Held {
    /// Waits for the lock.
    pub fn lock() -> Self {
        drop(store());
        let path = backups().join("lock");
        let file = std::fs::File::options().write(true).create(true).truncate(false).open(path).unwrap();
        Self(nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).unwrap())
    }
}
