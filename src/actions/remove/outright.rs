//! Removals by id, key or name alone, for `ipcrm`, which removes what it was told to, in use or not, and thousands at a time:
//! nobody is asked who uses what, so no process is looked at, no verdict made and no backup kept.
//!
//! What was typed is all that there is to compare. The kernel compares an id itself, with the number in it by which one
//! object of a slot is told from the next; a key is compared again with what its id leads to; a name is removed as it is.

use crate::actions::target::ValueKind;
use crate::actions::{Policy, Refusal};
use crate::kernel::sysvipc::Perm;
use crate::kernel::{self, Error, by_index, capability, file, mqueue, msgctl, posix_shm, semctl, shmctl, users};
use crate::model::{Key, Spelled, Which, escape};

/// The calls of one kind.
struct Calls {
    find: fn(Key, u16) -> kernel::Result<i32>,
    key: fn(i32) -> kernel::Result<Key>,
    remove: fn(i32) -> kernel::Result<()>,
    may_read: fn(i32) -> kernel::Result<()>,
    every: fn() -> kernel::Result<Box<dyn Iterator<Item = Perm>>>,
}

impl ValueKind {
    fn calls(self) -> Calls {
        match self {
            Self::Queue => Calls {
                find: msgctl::find,
                key: |id| msgctl::stat(id).map(|stat| stat.key),
                remove: msgctl::remove,
                may_read: msgctl::may_read,
                every: || Ok(Box::new(by_index::queues()?.map(|line| line.perm))),
            },
            Self::Shm => Calls {
                find: shmctl::find,
                key: |id| shmctl::stat(id).map(|stat| stat.common.key),
                remove: shmctl::remove,
                may_read: shmctl::may_read,
                every: || Ok(Box::new(by_index::segments()?.map(|line| line.perm))),
            },
            Self::Semaphore => Calls {
                find: semctl::find,
                key: |id| semctl::stat(id).map(|stat| stat.common.key),
                remove: semctl::remove,
                may_read: semctl::may_read,
                every: || Ok(Box::new(by_index::sets()?.map(|line| line.perm))),
            },
        }
    }
}

/// Removes a System V object by its id, if it has this key where one is given. Errors: [`Refusal::NotFound`],
/// [`Refusal::Permission`]; [`Refusal::Changed`] where the id leads to another key by now.
pub fn remove_sysv(kind: ValueKind, id: i32, key: Option<Key>, policy: Policy) -> Result<(), Refusal> {
    let address = kind.address(Which::Id(id));
    policy.permit_to(&address)?;
    let calls = kind.calls();
    if let Some(key) = key
        && (calls.key)(id).ok() != Some(key)
    {
        return Err(Refusal::Changed { what: address.to_string() });
    }
    (calls.remove)(id).map_err(|error| refused(kind, || address.to_string(), error))
}

/// The id of the System V object that has a key. Errors: [`Refusal::NotFound`].
pub fn id_of_key(kind: ValueKind, key: Key) -> Result<i32, Refusal> {
    (kind.calls().find)(key, 0).map_err(|error| refused(kind, || kind.address(Which::Key(key)).to_string(), error))
}

/// The ids of the System V objects of a kind that the caller may remove, or at least read: the others are not told of, as
/// they are not to a program that lists by `*_STAT`. Each is looked at when it is asked for, in the kernel's order.
pub fn every_sysv(kind: ValueKind) -> impl Iterator<Item = i32> {
    let calls = kind.calls();
    let (me, any) = (users::own_uid(), capability::have(capability::CAP_SYS_ADMIN));
    let Calls { every, may_read, .. } = calls;
    every().into_iter().flatten().filter_map(move |perm| {
        let is_mine = any || [perm.owner.uid, perm.creator.uid].contains(&me);
        (is_mine || may_read(perm.id).is_ok()).then_some(perm.id)
    })
}

/// Removes a POSIX object by its name, which may stand without its slash where the C library allows that, for all but a
/// queue. Who has it open keeps it. Errors: [`Refusal::NotFound`], [`Refusal::Permission`]; [`Refusal::Kernel`] for what is
/// no name of a queue, and for a directory.
pub fn remove_posix(kind: ValueKind, name: &[u8], policy: Policy) -> Result<(), Refusal> {
    let address = || {
        let slash: &[u8] = if name.starts_with(b"/") { b"" } else { b"/" };
        kind.address(Which::Name(Spelled::exact(&[slash, name].concat()))).to_string()
    };
    policy.permit(&address())?;
    let path = |place: fn(&[u8]) -> Vec<u8>| {
        let file = posix_shm::file_name(name).ok_or_else(|| Error::NotFound { what: address() })?;
        // The C library takes what is too long for no name either.
        file::unlink(&place(&[b"/", file].concat()))
            .map_err(|error| if error.name_too_long() { Error::NotFound { what: address() } } else { error })
    };
    let removed = match kind {
        ValueKind::Queue => match name.strip_prefix(b"/") {
            Some(name) => mqueue::unlink(name),
            None => Err(Error::invalid(format!("queue:{}", escape(name)))),
        },
        ValueKind::Shm => path(posix_shm::path),
        ValueKind::Semaphore => path(posix_shm::semaphore_path),
    };
    removed.map_err(|error| refused(kind, address, error))
}

/// The names of the POSIX objects of a kind, as [`remove_posix`] takes them. What is no regular file in /dev/shm is none of
/// the C library's making. Errors: [`Error::Unsupported`] where no mqueue file system can be looked into.
pub fn every_posix(kind: ValueKind) -> kernel::Result<Vec<Vec<u8>>> {
    if kind == ValueKind::Queue {
        let files = mqueue::open(capability::have(capability::CAP_SYS_ADMIN))?.files()?;
        return Ok(files.iter().map(|file| [b"/", &*file.name].concat()).collect());
    }
    let files = posix_shm::read_files()?;
    let names = files.iter().filter_map(|file| match (kind, file.semaphore_name()) {
        (ValueKind::Semaphore, name) => name,
        (_, None) => Some(&*file.name),
        _ => None,
    });
    Ok(names.map(<[u8]>::to_vec).collect())
}

fn refused(kind: ValueKind, address: impl FnOnce() -> String, error: Error) -> Refusal {
    match error {
        error if error.is_absent() => Refusal::NotFound { what: address(), kind: kind.noun() },
        error if error.is_permission() => {
            let why = format!("the kernel refused it ({error})");
            Refusal::Permission { what: address(), why }
        }
        error => error.into(),
    }
}
