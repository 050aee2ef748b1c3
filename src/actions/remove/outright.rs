//! Removals for which nobody is asked who uses what: no process is looked at, no verdict made, and one call finds the object.
//! For `ipcrm`, which has always removed what it was told to, in use or not, and thousands at a time.

use super::Removal;
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::actions::target::ValueKind;
use crate::kernel::mqueue::{self, Access, Mqueues, Source};
use crate::kernel::sysvipc::{self, Perm};
use crate::kernel::{self, Error, SysvStat, capability, msgctl, posix_shm, semctl, shmctl, users};
use crate::model::{Kind, Spelled, Which, escape};

impl Removal {
    /// The object with this id, key or name, to be removed whoever uses it (with [`force`](super::Policy::force)). A name
    /// may stand without its slash where the C library allows that, for all but a queue. Errors: [`Refusal::NotFound`];
    /// [`Refusal::Changed`] when the key has gone to another object meanwhile; [`Refusal::Kernel`].
    pub fn outright(kind: ValueKind, which: &Which) -> Result<Self, Refusal> {
        let address = match which {
            Which::Name(name) => posix_address(kind, name.raw()),
            _ => kind.address(which.clone()).to_string(),
        };
        let found = match which {
            Which::Id(id) => Subject::sysv(kind.kind(), *id),
            Which::Key(key) => {
                let find = match kind {
                    ValueKind::Queue => msgctl::find,
                    ValueKind::Shm => shmctl::find,
                    ValueKind::Semaphore => semctl::find,
                };
                find(*key, 0).and_then(|id| Subject::sysv(kind.kind(), id))
            }
            Which::Name(name) => match kind {
                ValueKind::Queue => queue(name.raw()),
                ValueKind::Shm => file(name.raw(), &address, posix_shm::path),
                ValueKind::Semaphore => file(name.raw(), &address, posix_shm::semaphore_path),
            },
        };
        match found {
            Ok(Subject::SysV { stat, .. }) if matches!(which, Which::Key(key) if *key != stat.key) => {
                Err(Refusal::Changed { what: address })
            }
            Ok(victim) => Ok(Self::of(victim, address)),
            Err(error) if error.is_absent() => Err(Refusal::NotFound { what: address, kind: kind.noun() }),
            Err(error) => Err(error.into()),
        }
    }

    /// The System V objects of a kind that the caller may remove, or at least read: the others are not told of, as they are
    /// not to a program that lists by `IPC_STAT`. In the kernel's order. Errors: [`Error::Unsupported`].
    pub fn every_sysv(kind: ValueKind) -> Result<Vec<(i32, Self)>, Refusal> {
        let (me, any) = (users::own_uid(), capability::have(capability::CAP_SYS_ADMIN));
        let mut all = Vec::new();
        let mut add = |perm: Perm, changed: i64| {
            let is_mine = any || [perm.owner.uid, perm.creator.uid].contains(&me);
            if is_mine || may_read(kind, perm.id) {
                let stat = SysvStat { key: perm.key, owner: perm.owner, creator: perm.creator, changed };
                let victim = Subject::SysV { kind: kind.kind(), id: perm.id, stat };
                all.push((perm.id, Self::of(victim, kind.address(Which::Id(perm.id)).to_string())));
            }
        };
        match kind {
            ValueKind::Queue => sysvipc::read_msg(&mut |line| add(line.perm, line.changed)),
            ValueKind::Shm => sysvipc::read_shm(&mut |line| add(line.perm, line.changed)),
            ValueKind::Semaphore => sysvipc::read_sem(&mut |line| add(line.perm, line.changed)),
        }?;
        Ok(all)
    }

    /// The POSIX objects of a kind, by the name that removes each: files in /dev/shm that are no regular ones are none of
    /// the C library's making and stay. Errors: [`Error::Unsupported`] where no mqueue file system can be looked into.
    pub fn every_posix(kind: ValueKind) -> Result<Vec<(Vec<u8>, Self)>, Refusal> {
        let removal = |name: &[u8], victim| (name.to_vec(), Self::of(victim, posix_address(kind, name)));
        if kind == ValueKind::Queue {
            let files = mqueues()?.files()?;
            let queues = files.into_iter().map(|file| {
                let name = [b"/", &*file.name].concat();
                let (device, inode) = (file.stat.device, file.stat.inode);
                removal(&name, Subject::PosixQueue { name: file.name, device, inode })
            });
            return Ok(queues.collect());
        }
        let files = posix_shm::read_files()?;
        let wanted = files.iter().filter_map(|file| {
            let semaphore = file.semaphore_name();
            let name = if kind == ValueKind::Semaphore { semaphore? } else { &*file.name };
            let path = posix_shm::path(&[b"/", &*file.name].concat());
            let other = kind == ValueKind::Shm && semaphore.is_some();
            (!other).then(|| removal(name, Subject::file(&path, file.stat.device, file.stat.inode)))
        });
        Ok(wanted.collect())
    }

    /// The id of a System V object.
    pub const fn id(&self) -> Option<i32> {
        match &self.victim {
            Subject::SysV { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// Whether the caller may is left to the kernel.
    fn of(victim: Subject, address: String) -> Self {
        Self { address, description: String::new(), users: Vec::new(), unseen: 0, victim, permitted: Ok(()) }
    }
}

impl ValueKind {
    const fn kind(self) -> Kind {
        match self {
            Self::Queue => Kind::Queue,
            Self::Shm => Kind::Shm,
            Self::Semaphore => Kind::Semaphore,
        }
    }
}

/// The address of a POSIX object, whose name may lack its slash.
fn posix_address(kind: ValueKind, name: &[u8]) -> String {
    let slash: &[u8] = if name.starts_with(b"/") { b"" } else { b"/" };
    kind.address(Which::Name(Spelled::exact(&[slash, name].concat()))).to_string()
}

fn may_read(kind: ValueKind, id: i32) -> bool {
    match kind {
        ValueKind::Queue => msgctl::may_read(id),
        ValueKind::Shm => shmctl::may_read(id),
        ValueKind::Semaphore => semctl::may_read(id),
    }
    .is_ok()
}

fn mqueues() -> kernel::Result<Mqueues> {
    mqueue::open(capability::have(capability::CAP_SYS_ADMIN))
}

/// A POSIX queue by its name, which needs its slash and may have no other (`mq_unlink`).
fn queue(name: &[u8]) -> kernel::Result<Subject> {
    let what = || format!("queue:{}", escape(name));
    let name = name.strip_prefix(b"/").ok_or_else(|| Error::invalid(what()))?;
    if name.is_empty() {
        return Err(Error::NotFound { what: what() });
    }
    if name.contains(&b'/') {
        return Err(Error::Permission { what: what() });
    }
    let queues = mqueues();
    let seen = queues.as_ref().map_err(Clone::clone).and_then(|queues| queues.stat(name));
    match seen {
        Ok(stat) => Ok(Subject::PosixQueue { name: name.into(), device: stat.device, inode: stat.inode }),
        // What could be looked into may be another namespace's, or nothing: whether there is such a queue is asked otherwise.
        Err(error) if queues.is_ok_and(|queues| queues.source == Source::Own) => Err(error),
        Err(error) => match mqueue::open_queue(name, Access::Receive) {
            Err(absent) if absent.is_absent() => Err(absent),
            Ok(_) | Err(_) if error.is_absent() => Err(Error::Unsupported { what: mqueue::DIRECTORY.to_owned() }),
            Ok(_) | Err(_) => Err(error),
        },
    }
}

/// A file of /dev/shm by the name of what it is, at the path that is made of it.
fn file(name: &[u8], address: &str, path: fn(&[u8]) -> Vec<u8>) -> kernel::Result<Subject> {
    let absent = || Error::NotFound { what: address.to_owned() };
    let name = posix_shm::file_name(name).ok_or_else(absent)?;
    let path = path(&[b"/", name].concat());
    match kernel::file::lstat(&path) {
        Ok(stat) => Ok(Subject::file(&path, stat.device, stat.inode)),
        // The C library takes that for no name either.
        Err(error) if error.name_too_long() => Err(absent()),
        Err(error) => Err(error),
    }
}
