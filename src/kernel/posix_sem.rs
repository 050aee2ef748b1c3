//! `sem_open(3)` and its kin: POSIX semaphores through the C library, whose own layout their file has.
//!
//! The library has no call that sets a value; `set` posts and takes until it is there. That is several steps, and a
//! process that uses the semaphore may come between any two.

use super::{Error, Result, umask};
use crate::model::escape;
use nix::errno::Errno;
use std::ffi::CString;

/// An open semaphore. Closed when dropped.
#[derive(Debug)]
pub struct Semaphore {
    semaphore: *mut libc::sem_t,
    name: String,
}

/// Largest value (`SEM_VALUE_MAX`).
pub const LARGEST: u32 = i32::MAX as u32;

fn what(name: &[u8]) -> String {
    format!("sem:{}", escape(name))
}

fn c_name(name: &[u8]) -> Result<CString> {
    CString::new(name).map_err(|_| Error::from_errno(what(name), Errno::EINVAL))
}

/// Makes a semaphore by its name with the slash, with exactly this mode. Needs write permission on /dev/shm. Errors:
/// `EEXIST`, `ENOSPC`, `ENAMETOOLONG`, `EINVAL` above [`LARGEST`].
pub fn create(name: &[u8], mode: u16, value: u32) -> Result<()> {
    let c_name = c_name(name)?;
    umask::without(|| {
        let (flags, mode) = (libc::O_CREAT | libc::O_EXCL, libc::c_uint::from(mode));
        // SAFETY: a NUL-terminated name, then mode and value as O_CREAT asks for.
        let opened = unsafe { libc::sem_open(c_name.as_ptr(), flags, mode, value) };
        if opened == libc::SEM_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: as sem_open returned it, closed once and not used again.
        unsafe { libc::sem_close(opened) };
        Ok(())
    })
    .map_err(|errno| Error::from_errno(what(name), errno))
}

/// Opens one. Needs read and write permission. Errors: [`Error::NotFound`]; `EINVAL` when its file is too small for one.
pub fn open(name: &[u8]) -> Result<Semaphore> {
    let c_name = c_name(name)?;
    // SAFETY: a NUL-terminated name; without O_CREAT nothing more is read.
    let semaphore = unsafe { libc::sem_open(c_name.as_ptr(), 0) };
    if semaphore == libc::SEM_FAILED {
        return Err(Error::from_errno(what(name), Errno::last()));
    }
    Ok(Semaphore { semaphore, name: what(name) })
}

impl Semaphore {
    /// Its value now.
    pub fn value(&self) -> Result<u32> {
        let mut value = 0;
        // SAFETY: open as long as `self` lives; an integer to write to.
        let result = unsafe { libc::sem_getvalue(self.semaphore, &raw mut value) };
        self.check(result)?;
        // POSIX lets a library count waiters as negative; glibc and musl say 0.
        Ok(value.max(0).unsigned_abs())
    }

    /// Brings it to a value by single steps, each of which is one that any user of the semaphore could take: a post wakes
    /// who waits, and who then takes it keeps it. Takes as many steps as the values lie apart and gives up after them.
    pub fn set(&self, value: u32) -> Result<()> {
        let before = self.value()?;
        for _ in before..value {
            // SAFETY: open as long as `self` lives.
            let result = unsafe { libc::sem_post(self.semaphore) };
            self.check(result)?;
        }
        for _ in value..before {
            // SAFETY: as above; it does not wait.
            let result = unsafe { libc::sem_trywait(self.semaphore) };
            match Errno::result(result) {
                // Others took the rest: it is as low as it goes.
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) | Ok(_) => {}
                Err(errno) => return Err(Error::from_errno(self.name.clone(), errno)),
            }
        }
        Ok(())
    }

    fn check(&self, result: libc::c_int) -> Result<()> {
        Errno::result(result).map(drop).map_err(|errno| Error::from_errno(self.name.clone(), errno))
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: as `sem_open` returned it, closed once.
        unsafe { libc::sem_close(self.semaphore) };
    }
}
