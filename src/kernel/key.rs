//! Keys for new System V objects: one made from a file as `ftok(3)` does, and one at random.

use super::{Error, Result};
use crate::model::{Key, escape};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

/// The key that `ftok(3)` makes of a file and a number, as glibc and musl do: 8 bits of the number, 8 of the device, 16
/// of the inode. Other files may have the same. Needs search permission on the way. Errors: [`Error::NotFound`].
pub fn ftok(path: &[u8], id: u8) -> Result<Key> {
    let file = nix::sys::stat::stat(OsStr::from_bytes(path)).map_err(|errno| Error::from_errno(escape(path), errno))?;
    Ok(of_file(file.st_dev, file.st_ino, id))
}

/// The bits of `ftok`.
fn of_file(device: u64, inode: u64, id: u8) -> Key {
    let bits = (u32::from(id) << 24) | (((device & 0xff) as u32) << 16) | (inode & 0xffff) as u32;
    Key(bits.cast_signed())
}

/// A random key, never [`Key::PRIVATE`] (`man 4 random`).
pub fn random() -> Result<Key> {
    let source = "/dev/urandom";
    let fail = |error: &std::io::Error| Error::from_io(source, error);
    let mut file = std::fs::File::open(source).map_err(|error| fail(&error))?;
    loop {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map_err(|error| fail(&error))?;
        let key = Key(i32::from_ne_bytes(bytes));
        if key != Key::PRIVATE {
            return Ok(key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_the_library() {
        assert_eq!(of_file(0x0803, 0x0012_3456, b'A'), Key(0x4103_3456));
        assert_eq!(of_file(0, 0, 0xff).to_string(), "0xff000000");
        for path in [c"/", c"/proc/self/exe", c"/dev/null"] {
            // SAFETY: a NUL-terminated path and a number.
            let library = unsafe { libc::ftok(path.as_ptr(), 0x17) };
            assert_eq!(ftok(path.to_bytes(), 0x17).unwrap(), Key(library));
        }
        assert!(ftok(b"/nowhere/at/all", 1).unwrap_err().is_absent());
    }

    #[test]
    fn random_keys_differ() {
        let keys = [random().unwrap(), random().unwrap(), random().unwrap()];
        assert!(keys[0] != keys[1] || keys[1] != keys[2]);
    }
}
