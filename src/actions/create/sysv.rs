//! System V objects: found or made by key, then set as asked.

use super::{Created, Naming, NewObject, Start, bytes, closed, exists, limits, take_back, unlike};
use crate::actions::Refusal;
use crate::kernel::capability::{self, CAP_SYS_RESOURCE};
use crate::kernel::{self, Error, key, msgctl, room, semctl, shmctl};
use crate::model::{Address, Key, Kind, Which, escape};

/// How often a key may be taken, or its object vanish, while we look.
const TRIES: usize = 16;

/// The calls of one kind.
struct Calls<'a> {
    kind: Kind,
    /// What is asked for, for messages about limits: bytes or semaphores.
    wanted: u64,
    make: &'a dyn Fn(Key) -> kernel::Result<i32>,
    find: fn(Key, u16) -> kernel::Result<i32>,
}

/// What was found or made.
struct Obtained {
    id: i32,
    opened: bool,
    /// The key, in words.
    key: String,
}

impl Obtained {
    fn created(self, new: &NewObject, kind: Kind, detail: Option<String>) -> Created {
        let details = detail.into_iter().chain([self.key]).collect();
        new.created(address(kind, Which::Id(self.id)), self.opened, details)
    }
}

fn address(kind: Kind, which: Which) -> Address {
    match kind {
        Kind::Queue => Address::Queue(which),
        Kind::Shm => Address::Shm(which),
        _ => Address::Semaphore(which),
    }
}

/// A queue.
pub(super) fn queue(new: &NewObject, naming: &Naming, limit: Option<u64>) -> Result<Created, Refusal> {
    let make = |key| msgctl::create(key, new.mode, true);
    let calls = Calls { kind: Kind::Queue, wanted: 0, make: &make, find: msgctl::find };
    let obtained = obtain(new, naming, &calls)?;
    let id = obtained.id;
    let place = address(Kind::Queue, Which::Id(id));
    let mut detail = limit.map(|limit| format!("limit {}", bytes(limit)));
    if obtained.opened {
        let has = msgctl::stat(id)?.limit_bytes;
        if let Some(limit) = limit.filter(|limit| *limit > has) {
            return Err(unlike(&place, &format!("takes only {has} bytes, not {limit}")));
        }
        detail = Some(format!("limit {}", bytes(has)));
    } else if limit.is_some() || !new.owner.is_empty() {
        let set = || {
            let mut settings = msgctl::stat(id)?.settings();
            settings.owner = new.owner.over(settings.owner);
            settings.limit_bytes = limit.unwrap_or(settings.limit_bytes);
            msgctl::set(id, &settings)
        };
        set().map_err(|error| take_back(over_msgmnb(&place, limit, error), msgctl::remove(id)))?;
    }
    Ok(obtained.created(new, Kind::Queue, detail))
}

/// Why a queue's settings were refused: the limit is the only thing that its owner may not set.
fn over_msgmnb(address: &Address, limit: Option<u64>, error: Error) -> Refusal {
    let msgmnb = room::msgmnb();
    let above = limit.is_some_and(|limit| msgmnb.is_none_or(|most| limit > most));
    if error.is_permission() && above && !capability::have(CAP_SYS_RESOURCE) {
        let most = msgmnb.map_or_else(String::new, |most| format!(", {most}"));
        let why = format!(
            "{} bytes are above sysctl kernel.msgmnb{most}; a higher limit needs CAP_SYS_RESOURCE",
            limit.unwrap_or_default()
        );
        return Refusal::Permission { what: address.to_string(), why };
    }
    error.into()
}

/// A segment.
pub(super) fn shm(new: &NewObject, naming: &Naming, size: u64) -> Result<Created, Refusal> {
    let make = |key| shmctl::create(key, size, new.mode, true);
    let calls = Calls { kind: Kind::Shm, wanted: size, make: &make, find: shmctl::find };
    let obtained = obtain(new, naming, &calls)?;
    let id = obtained.id;
    let mut detail = bytes(size);
    if obtained.opened {
        let has = shmctl::stat(id)?.size;
        detail = bytes(has);
        if has < size {
            return Err(unlike(&address(Kind::Shm, Which::Id(id)), &format!("has only {has} bytes, not {size}")));
        }
    } else if !new.owner.is_empty() {
        let set = shmctl::stat(id).and_then(|stat| shmctl::set(id, new.owner.over(stat.common.owner), stat.mode));
        set.map_err(|error| take_back(error.into(), shmctl::remove(id)))?;
    }
    Ok(obtained.created(new, Kind::Shm, Some(detail)))
}

/// A set.
pub(super) fn semaphores(
    new: &NewObject,
    naming: &Naming,
    count: Option<u64>,
    start: &Start,
) -> Result<Created, Refusal> {
    let wanted = match start {
        Start::Each(values) => values.len() as u64,
        _ => count.unwrap_or(1),
    };
    // More than fits is more than any set may have: the kernel's own limit of 32,000 or so is named.
    let given = u16::try_from(wanted).unwrap_or(u16::MAX);
    let make = |key| semctl::create(key, given.into(), new.mode, true);
    let calls = Calls { kind: Kind::Semaphore, wanted, make: &make, find: semctl::find };
    let obtained = obtain(new, naming, &calls)?;
    let id = obtained.id;
    if obtained.opened {
        let has = semctl::stat(id)?.count;
        if has != wanted {
            return Err(unlike(
                &address(Kind::Semaphore, Which::Id(id)),
                &format!("has {has} semaphores, not {wanted}"),
            ));
        }
    } else {
        let set = set_semaphores(id, new, wanted, start);
        set.map_err(|error| take_back(error.into(), semctl::remove(id)))?;
    }
    let detail = if wanted == 1 { "1 semaphore".to_owned() } else { format!("{wanted} semaphores") };
    Ok(obtained.created(new, Kind::Semaphore, Some(detail)))
}

/// Values first: who makes a set may not be allowed to alter it by its mode, but its owner is asked by the mode too.
fn set_semaphores(id: i32, new: &NewObject, count: u64, start: &Start) -> kernel::Result<()> {
    let small = |value: &u32| u16::try_from(*value).unwrap_or(u16::MAX);
    let values: Option<Vec<u16>> = match start {
        Start::Zero => None,
        Start::All(value) => Some(vec![small(value); usize::try_from(count).unwrap_or(0)]),
        Start::Each(values) => Some(values.iter().map(small).collect()),
    };
    let owner = semctl::stat(id)?.common.owner;
    if let Some(values) = values {
        // A mode that lets nobody write would keep its own maker from filling it.
        let open = new.mode | 0o600;
        if open != new.mode {
            semctl::set(id, owner, open)?;
        }
        semctl::set_all(id, &values)?;
        semctl::stamp(id)?;
        if open != new.mode {
            semctl::set(id, owner, new.mode)?;
        }
    }
    if new.owner.is_empty() { Ok(()) } else { semctl::set(id, new.owner.over(owner), new.mode) }
}

/// Makes the object, or finds the one that has its key.
fn obtain(new: &NewObject, naming: &Naming, calls: &Calls<'_>) -> Result<Obtained, Refusal> {
    let failed = |key: Key, error: Error| {
        let what = match naming {
            Naming::Private => format!("private {}", new.noun()),
            Naming::Random => new.noun().to_owned(),
            _ => format!("{} {key}", new.noun()),
        };
        match limits::sysv(calls.kind, &error, calls.wanted) {
            Some(why) => Refusal::Failed { what, why },
            None => error.into(),
        }
    };
    for _ in 0..TRIES {
        let key = match naming {
            Naming::Key(key) => *key,
            Naming::Random => match at_random(calls.make) {
                Ok((id, key)) => return Ok(Obtained { id, opened: false, key: in_words(naming, key) }),
                Err(error) if error.exists() => break,
                Err(error) => return Err(failed(Key::PRIVATE, error)),
            },
            Naming::Ftok { path, id } => key::ftok(path, *id)?,
            Naming::Private | Naming::Name(_) => Key::PRIVATE,
        };
        match (calls.make)(key) {
            Ok(id) => return Ok(Obtained { id, opened: false, key: in_words(naming, key) }),
            Err(error) if !error.exists() => return Err(failed(key, error)),
            Err(_) => match (calls.find)(key, 0) {
                Ok(id) if !new.or_open => return Err(exists(&address(calls.kind, Which::Id(id)), Some(key))),
                Ok(id) => match (calls.find)(key, new.mode) {
                    Ok(same) if same == id => return Ok(Obtained { id, opened: true, key: in_words(naming, key) }),
                    Err(error) if !error.is_absent() => return Err(closed(&address(calls.kind, Which::Id(id)), error)),
                    _ => {}
                },
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
    let why = format!("in {TRIES} tries its key was always taken, or what had it went away");
    Err(Refusal::Failed { what: new.noun().to_owned(), why })
}

/// Makes an object with a random key that nobody has: one that is taken is tried anew. Returns its id and key. Errors: those
/// of `create`, and `EEXIST` when each key was taken.
pub(super) fn at_random(create: &dyn Fn(Key) -> kernel::Result<i32>) -> kernel::Result<(i32, Key)> {
    let mut tries = 1;
    loop {
        let key = key::random()?;
        match create(key) {
            Err(error) if error.exists() && tries < TRIES => tries += 1,
            made => return made.map(|id| (id, key)),
        }
    }
}

fn in_words(naming: &Naming, key: Key) -> String {
    match naming {
        Naming::Private => "private".to_owned(),
        Naming::Ftok { path, id } => format!("key {key} of {} and {id}", escape(path)),
        _ => format!("key {key}"),
    }
}
