//! Objects as a bare call of the C library makes them, and with the kernel's own answer: for `ipcmk`, whose user knows it.
//! Always new ones: what is there already is never opened, resized or told as made.

use super::sysv::at_random;
use crate::actions::{Policy, Refusal};
use crate::kernel::{self, Error, mqueue, msgctl, posix_sem, posix_shm, semctl, shmctl, umask};
use crate::model::escape;

/// What is to be made. A POSIX name may stand without its slash where the C library allows that, for all but a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare<'a> {
    /// A System V queue with a random key.
    Queue,
    /// A System V segment with a random key.
    Segment {
        /// Bytes.
        size: u64,
    },
    /// A System V semaphore set with a random key.
    Semaphores {
        /// How many.
        count: i32,
    },
    /// A POSIX queue, as large as the kernel makes them.
    PosixQueue(&'a [u8]),
    /// A POSIX segment.
    PosixSegment {
        /// Its name.
        name: &'a [u8],
        /// Bytes.
        size: u64,
    },
    /// A POSIX semaphore of value 0.
    PosixSemaphore(&'a [u8]),
}

impl Bare<'_> {
    /// Makes it with these permission bits, of which a POSIX object gets what the umask leaves. Returns the id of a System V
    /// object. To be called while there is no other thread. Errors: [`Refusal::ReadOnly`]; [`Refusal::Kernel`], `EEXIST`
    /// for a name that is taken.
    pub fn make(self, mode: u16, policy: Policy) -> Result<Option<i32>, Refusal> {
        policy.permit(self.noun())?;
        Ok(self.made(mode)?)
    }

    fn made(self, mode: u16) -> kernel::Result<Option<i32>> {
        let left = || mode & !umask::own();
        let (id, _) = match self {
            Self::Queue => at_random(&|key| msgctl::create(key, mode, true))?,
            Self::Segment { size } => at_random(&|key| shmctl::create(key, size, mode, true))?,
            Self::Semaphores { count } => at_random(&|key| semctl::create(key, count, mode, true))?,
            Self::PosixQueue(name) => {
                let invalid = || Error::invalid(format!("queue:{}", escape(name)));
                return mqueue::create_default(name.strip_prefix(b"/").ok_or_else(invalid)?, mode).map(|_| None);
            }
            Self::PosixSegment { name, size } => {
                let invalid = || Error::invalid(format!("shm:{}", escape(name)));
                let file = posix_shm::file_name(name).filter(|file| !matches!(*file, b"." | b".."));
                let name = [b"/", file.ok_or_else(invalid)?].concat();
                if i64::try_from(size).is_err() {
                    return Err(invalid());
                }
                return posix_shm::create(&name, size, left()).map(|_| None);
            }
            Self::PosixSemaphore(name) => return posix_sem::create(name, left(), 0).map(|()| None),
        };
        Ok(Some(id))
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Queue => "message queue",
            Self::Segment { .. } => "shared memory segment",
            Self::Semaphores { .. } => "semaphore set",
            Self::PosixQueue(_) => "POSIX message queue",
            Self::PosixSegment { .. } => "POSIX shared memory segment",
            Self::PosixSemaphore(_) => "POSIX semaphore",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Key;
    use std::cell::RefCell;

    fn taken() -> Error {
        Error::Os { what: "queue".to_owned(), errno: nix::errno::Errno::EEXIST }
    }

    #[test]
    fn a_key_that_is_taken_is_not_used() {
        let tried: RefCell<Vec<Key>> = RefCell::default();
        let made = at_random(&|key| {
            tried.borrow_mut().push(key);
            if tried.borrow().len() < 3 { Err(taken()) } else { Ok(7) }
        });
        let (id, key) = made.unwrap();
        let tried = tried.into_inner();
        assert_eq!((id, Some(&key), tried.len()), (7, tried.last(), 3));
        assert!(!tried.contains(&Key::PRIVATE));
    }

    #[test]
    fn nor_is_it_tried_for_ever() {
        let made = at_random(&|_| Err(taken()));
        assert!(made.unwrap_err().exists());
        let made = at_random(&|_| Err(Error::invalid("queue")));
        assert!(made.unwrap_err().is_invalid());
    }

    #[test]
    fn nothing_is_made_where_nothing_may() {
        let refused = Bare::Queue.make(0o600, Policy { read_only: true, force: true });
        assert!(matches!(refused, Err(Refusal::ReadOnly { .. })));
    }
}
