//! Shared memory that no name leads to: memfds (`man 2 memfd_create`) and files of `/dev/shm` that were removed while
//! somebody had them. What a link of `/proc/PID/fd` or a line of `/proc/PID/maps` says of such a file (`man 5 proc`).
//!
//! The kernel writes ` (deleted)` behind the path of a directory entry that is gone (`fs/d_path.c`), which is not to say that
//! the file is: it may have another name, as named semaphores of glibc have, and a name may end so by itself. The number
//! of links tells; the text tells only what it was called.

use super::maps::Mapping;
use super::{map_files, posix_shm};
use std::borrow::Cow;
use std::os::fd::AsFd;

/// What a file without a name is, and what it was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed<'a> {
    /// A memfd, by what its maker called it: any bytes, perhaps none. Whether it is one the device has to tell as well
    /// ([`super::maps::internal_devices`]), since a file of the root directory may be called so.
    Memfd(&'a [u8]),
    /// A file that lay in `/dev/shm`, by its last name there, without a slash.
    Shm(&'a [u8]),
}

/// Reads the text of a link, or the path of a mapping. `None` for all else: memory that is shared without a file
/// (`/dev/zero`), System V segments, buffers of drivers, files of other directories.
pub fn parse(path: &[u8]) -> Option<Unnamed<'_>> {
    let path = path.strip_suffix(b" (deleted)")?;
    if let Some(name) = path.strip_prefix(b"/memfd:") {
        return Some(Unnamed::Memfd(name));
    }
    let name = path.strip_prefix(posix_shm::DIRECTORY.as_bytes())?.strip_prefix(b"/")?;
    (!name.is_empty() && !name.contains(&b'/')).then_some(Unnamed::Shm(name))
}

/// The path of a mapping byte for byte. In maps a newline is written `\012`, which a name may hold by itself: then the link
/// of the mapping is asked, and only where it may not be read the escape is taken for one.
pub fn whole_path<'a>(proc: impl AsFd, pid: u32, mapping: &Mapping<'a>) -> Cow<'a, [u8]> {
    if memchr::memmem::find(mapping.path, b"\\012").is_none() {
        return Cow::Borrowed(mapping.path);
    }
    let link = mapping.place().and_then(|place| map_files::read_path(proc, pid, place).ok());
    Cow::Owned(link.unwrap_or_else(|| unescape(mapping.path)))
}

/// Newlines for their escapes.
fn unescape(mut path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    while let Some(at) = memchr::memmem::find(path, b"\\012") {
        plain.extend_from_slice(&path[..at]);
        plain.push(b'\n');
        path = &path[at + 4..];
    }
    plain.extend_from_slice(path);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files_without_one() {
        for (path, found) in [
            (&b"/memfd:wayland-shm (deleted)"[..], Some(Unnamed::Memfd(b"wayland-shm"))),
            (b"/memfd: (deleted)", Some(Unnamed::Memfd(b""))),
            (b"/memfd:a/b:\n\x1b\xff (deleted)", Some(Unnamed::Memfd(b"a/b:\n\x1b\xff"))),
            (b"/memfd:x (deleted) (deleted)", Some(Unnamed::Memfd(b"x (deleted)"))),
            (b"/dev/shm/cache (deleted)", Some(Unnamed::Shm(b"cache"))),
            (b"/dev/shm/x (deleted) (deleted)", Some(Unnamed::Shm(b"x (deleted)"))),
            (b"/dev/shm/memfd:x (deleted)", Some(Unnamed::Shm(b"memfd:x"))),
            (b"/memfd:x", None),
            (b"/dev/shm/cache", None),
            (b"/dev/shm/ (deleted)", None),
            (b"/dev/shm/sub/cache (deleted)", None),
            (b"/dev/shmx/cache (deleted)", None),
            (b"/tmp/memfd:x (deleted)", None),
            (b"/dev/zero (deleted)", None),
            (b"/SYSV00000000 (deleted)", None),
            (b"/[aio] (deleted)", None),
            (b"/i915 (deleted)", None),
            (b" (deleted)", None),
        ] {
            assert_eq!(parse(path), found, "{}", path.escape_ascii());
        }
    }

    #[test]
    fn newlines_come_back() {
        assert_eq!(unescape(br"/memfd:a\012b\012 (deleted)"), b"/memfd:a\nb\n (deleted)");
        assert_eq!(unescape(br"/memfd:a\01"), br"/memfd:a\01");
    }

    proptest! {
        #[test]
        fn every_name_of_a_memfd_is_told(name in proptest::collection::vec(1u8.., 0..249)) {
            let path = [b"/memfd:", &name[..], b" (deleted)"].concat();
            prop_assert_eq!(parse(&path), Some(Unnamed::Memfd(&name[..])));
        }

        #[test]
        fn arbitrary_bytes_never_panic(path in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&path);
            let _ = unescape(&path);
        }
    }
}
