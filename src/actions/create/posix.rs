//! POSIX objects: made by name, with what the C library would put there.

use super::{Created, NewObject, Start, bytes, chown_failed, closed, exists, limits, take_back, unlike};
use crate::actions::Refusal;
use crate::kernel::mqueue::{self, Access};
use crate::kernel::{self, Error, file, pinned, posix_sem, posix_shm, room};
use crate::model::{Address, Ids, Spelled, Which};

/// What a queue takes where nothing else is said, unless less is allowed: the kernel's own defaults.
const DEPTH: u64 = 10;
const MESSAGE_SIZE: u64 = 8192;

fn which(name: &[u8]) -> Which {
    Which::Name(Spelled::exact(name))
}

/// Why a name could not be made: the limit if it was one, who may, or what the kernel said.
fn failed(address: &Address, error: Error, limit: Option<String>) -> Refusal {
    match limit {
        Some(why) => Refusal::Failed { what: address.to_string(), why },
        None => error.into(),
    }
}

/// A queue.
pub(super) fn queue(
    new: &NewObject,
    name: &[u8],
    depth: Option<u64>,
    message_size: Option<u64>,
) -> Result<Created, Refusal> {
    let address = Address::Queue(which(name));
    let file_name = name.strip_prefix(b"/").unwrap_or(name);
    let allowed = room::mqueue();
    let most = depth.unwrap_or_else(|| allowed.map_or(DEPTH, |allowed| allowed.messages.min(DEPTH)));
    let largest = message_size.unwrap_or_else(|| allowed.map_or(MESSAGE_SIZE, |a| a.message_bytes.min(MESSAGE_SIZE)));
    let details = |most: u64, largest: u64| vec![format!("{most} messages of {largest} bytes")];
    match mqueue::create(file_name, new.mode, most, largest, true) {
        Ok(queue) => {
            if !new.owner.is_empty() {
                let set = queue.stat().and_then(|stat| queue.set_owner(new.owner.over(stat.owner)));
                set.map_err(|error| take_back(chown_failed(&address, error), mqueue::unlink(file_name)))?;
            }
            Ok(new.created(address, false, details(most, largest)))
        }
        Err(error) if error.exists() && !new.or_open => Err(exists(&address, None)),
        Err(error) if error.exists() => {
            let queue = mqueue::open_queue(file_name, Access::Both).map_err(|error| closed(&address, error))?;
            let has = queue.attributes()?;
            if has.limit_messages < depth.unwrap_or(0) || has.max_message_bytes < message_size.unwrap_or(0) {
                let why = format!("takes {} messages of {} bytes", has.limit_messages, has.max_message_bytes);
                return Err(unlike(&address, &format!("{why}, not {most} of {largest}")));
            }
            Ok(new.created(address, true, details(has.limit_messages, has.max_message_bytes)))
        }
        Err(error) => {
            let limit = limits::posix_queue(&error, most, largest);
            Err(failed(&address, error, limit))
        }
    }
}

/// A segment.
pub(super) fn shm(new: &NewObject, name: &[u8], size: u64) -> Result<Created, Refusal> {
    let address = Address::Shm(which(name));
    let path = posix_shm::path(name);
    if let Ok(Some(free)) = room::free_in_dev_shm()
        && free < size
        && file::lstat(&path).is_err()
    {
        // The call would succeed, and whoever fills the segment die of SIGBUS.
        let why = format!(
            "no room: /dev/shm has {free} bytes free, not {size} (df /dev/shm; mount -o remount,size=... makes it larger)"
        );
        return Err(Refusal::Failed { what: address.to_string(), why });
    }
    match posix_shm::create(name, size, new.mode) {
        Ok(segment) => {
            if !new.owner.is_empty() {
                segment
                    .set_owner(new.owner.user, new.owner.group)
                    .map_err(|error| take_back(chown_failed(&address, error), file::unlink(&path)))?;
            }
            Ok(new.created(address, false, vec![bytes(size)]))
        }
        Err(error) if error.exists() && !new.or_open => Err(exists(&address, None)),
        Err(error) if error.exists() => {
            let has = posix_shm::open(name).and_then(|segment| segment.stat());
            let has = has.map_err(|error| closed(&address, error))?.size;
            if has < size {
                return Err(unlike(&address, &format!("has only {has} bytes, not {size}")));
            }
            Ok(new.created(address, true, vec![bytes(has)]))
        }
        Err(error) => {
            let limit = limits::dev_shm(&error);
            Err(failed(&address, error, limit))
        }
    }
}

/// A semaphore.
pub(super) fn semaphore(new: &NewObject, name: &[u8], start: &Start) -> Result<Created, Refusal> {
    let address = Address::Semaphore(which(name));
    let value = match start {
        Start::All(value) => *value,
        _ => 0,
    };
    match posix_sem::create(name, new.mode, value) {
        Ok(()) => {
            if !new.owner.is_empty() {
                let path = posix_shm::semaphore_path(name);
                give(&path, new).map_err(|error| take_back(chown_failed(&address, error), file::unlink(&path)))?;
            }
            Ok(new.created(address, false, vec![format!("value {value}")]))
        }
        Err(error) if error.exists() && !new.or_open => Err(exists(&address, None)),
        Err(error) if error.exists() => {
            let has = posix_sem::open(name).and_then(|semaphore| semaphore.value());
            let has = has.map_err(|error| closed(&address, error))?;
            Ok(new.created(address, true, vec![format!("value {has}")]))
        }
        Err(error) => {
            let limit = limits::dev_shm(&error);
            Err(failed(&address, error, limit))
        }
    }
}

/// Gives a file that was just made to its owner. Only a file of the caller's is given: nobody else can have put another
/// there, /dev/shm being sticky.
fn give(path: &[u8], new: &NewObject) -> kernel::Result<()> {
    let file = pinned::pin(path)?;
    let Ids { uid, .. } = file.stat()?.owner;
    if uid != kernel::users::own_uid() {
        return Err(Error::Gone { what: crate::model::escape(path).into_owned() });
    }
    file.set_owner(new.owner.user, new.owner.group)
}
