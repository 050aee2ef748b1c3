//! `/proc/PID/maps`: which files and segments a process has mapped (`man 5 proc_pid_maps`).
//!
//! A System V segment shows as `/SYSV` and its key, with inode = shmid on the kernel's internal tmpfs (`ipc/shm.c`,
//! `newseg`); a POSIX one by device and inode, also after its name is gone. Parsed here: the procfs crate builds a value
//! for every line of every process, and only lines with an inode matter.

use super::text::decimal;
use super::{Result, file};
use crate::model::Device;
use std::os::fd::AsFd;

/// A mapped file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// Device of the file.
    pub device: Device,
    /// Inode; for a System V segment its id.
    pub inode: u64,
    /// Path as the kernel tells it, newlines escaped, with ` (deleted)` where its name is gone.
    pub path: &'a [u8],
    /// What is written to it others see (`s`, not `p`).
    pub shared: bool,
    /// Where it begins and ends, and its offset in the file: read on demand, by [`Mapping::place`].
    range: &'a [u8],
    offset: &'a [u8],
}

/// Where a mapping lies in memory, and which part of its file it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First address.
    pub start: u64,
    /// Address behind the last.
    pub end: u64,
    /// Offset in the file, bytes.
    pub offset: u64,
}

impl Place {
    /// Where in memory the file's byte at `offset` is, and how many bytes follow it there; `None` when it is not here.
    pub fn locate(&self, offset: u64) -> Option<(u64, u64)> {
        let within = offset.checked_sub(self.offset)?;
        let length = self.end.checked_sub(self.start).filter(|length| within < *length)?;
        Some((self.start + within, length - within))
    }
}

impl Mapping<'_> {
    /// The key in the name of a System V segment's mapping: `/SYSV00001234 (deleted)`. Any file may have such a name, so
    /// the device has to be compared as well: see [`internal_devices`].
    pub fn sysv_key(&self) -> Option<i32> {
        let name = self.path.strip_prefix(b"/SYSV")?;
        let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
        let text = std::str::from_utf8(name).ok().filter(|text| text.len() == 8 && !text.starts_with('+'))?;
        u32::from_str_radix(text, 16).ok().map(|key| key as i32)
    }

    /// Where it lies in the process's memory; `None` when the line is damaged.
    pub fn place(&self) -> Option<Place> {
        let dash = memchr::memchr(b'-', self.range)?;
        let hex = |text| super::text::Numbers::new(text).hex();
        let (start, end) = (hex(&self.range[..dash])?, hex(&self.range[dash + 1..])?);
        (start < end).then_some(Place { start, end, offset: hex(self.offset)? })
    }
}

/// Calls `each` for every mapping of a file in a task (`PID`, or `PID/task/TID`), and tells whether it has any memory at
/// all: kernel threads and zombies have none. Needs ptrace read access: the same user (Yama apart), or
/// `CAP_SYS_PTRACE`.
pub fn read(proc: impl AsFd, task: &str, buffer: &mut Vec<u8>, each: &mut dyn FnMut(Mapping<'_>)) -> Result<bool> {
    file::read_at(proc, &format!("{task}/maps"), buffer)?;
    parse(buffer, each);
    Ok(!buffer.is_empty())
}

/// Parses the text of `/proc/PID/maps`; lines without an inode and damaged ones are passed over.
pub fn parse(text: &[u8], each: &mut dyn FnMut(Mapping<'_>)) {
    for line in text.split(|b| *b == b'\n') {
        // address perms offset device inode path: five fields with single blanks, then padding and the path.
        let mut fields = line.splitn(6, |b| *b == b' ');
        let (Some(range), Some(access), Some(offset)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let shared = access.ends_with(b"s");
        let (Some(device), Some(inode)) = (fields.next(), fields.next()) else { continue };
        let Some(inode) = decimal(inode).filter(|inode| *inode != 0) else {
            // Segment 0 of a namespace has inode 0, and is told from memory without a file by its name.
            let path = fields.next().unwrap_or_default().trim_ascii_start();
            if path.starts_with(b"/SYSV")
                && inode == b"0"
                && let Some(device) = Device::from_maps(device)
            {
                each(Mapping { device, inode: 0, path, shared, range, offset });
            }
            continue;
        };
        let Some(device) = Device::from_maps(device) else { continue };
        let path = fields.next().unwrap_or_default().trim_ascii_start();
        each(Mapping { device, inode, path, shared, range, offset });
    }
}

/// The mapping that an address lies in, where it shares memory with whoever maps the same file: device, inode, path as in
/// [`Mapping`], and the offset of the address in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Device of the file; memory shared without a file has one of the kernel's.
    pub device: Device,
    /// Its inode.
    pub inode: u64,
    /// Its path.
    pub path: Vec<u8>,
    /// Bytes from its beginning.
    pub offset: u64,
}

/// Finds what an address of a task shares with other processes; `None` when its memory there is private.
pub fn read_shared(proc: impl AsFd, task: &str, address: u64, buffer: &mut Vec<u8>) -> Result<Option<Shared>> {
    file::read_at(proc, &format!("{task}/maps"), buffer)?;
    let mut found = None;
    parse(buffer, &mut |mapping| {
        if let Some(place) = mapping.place()
            && (place.start..place.end).contains(&address)
            && mapping.shared
        {
            let (device, inode, path) = (mapping.device, mapping.inode, mapping.path.to_vec());
            found = Some(Shared { device, inode, path, offset: place.offset + (address - place.start) });
        }
    });
    Ok(found)
}

/// The devices on which System V segments and memfds live: the kernel's internal tmpfs and, for `SHM_HUGETLB`, its internal
/// hugetlbfs mounts. An empty memfd, closed at once, tells their numbers.
pub fn internal_devices() -> Vec<Device> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let sizes = [
        MFdFlags::empty(),
        MFdFlags::MFD_HUGETLB,
        MFdFlags::MFD_HUGETLB | MFdFlags::MFD_HUGE_2MB,
        MFdFlags::MFD_HUGETLB | MFdFlags::MFD_HUGE_1GB,
    ];
    let mut devices: Vec<Device> = sizes
        .into_iter()
        .filter_map(|flags| memfd_create("ipcx", MFdFlags::MFD_CLOEXEC | flags).ok())
        .filter_map(|fd| nix::sys::stat::fstat(fd).ok())
        .map(|st| Device::from_stat(st.st_dev))
        .collect();
    devices.sort_unstable();
    devices.dedup();
    devices
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8]) -> Vec<(Device, u64, Vec<u8>)> {
        let mut seen = Vec::new();
        parse(text, &mut |m| seen.push((m.device, m.inode, m.path.to_vec())));
        seen
    }

    #[test]
    fn files_and_segments() {
        let text = b"7f00-7f10 rw-s 00000000 00:01 32769                      /SYSVdeadbeef (deleted)\n\
            7f10-7f20 rw-s 00000000 00:01 0                          /SYSV00000000 (deleted)\n\
            7f20-7f30 rw-p 00000000 00:00 0 \n\
            7f30-7f40 rw-p 00000000 00:00 0                          [heap]\n\
            7f40-7f50 rw-s 00000000 fe:00 77                         /dev/shm/a b (deleted)\n";
        let seen = all(text);
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0], (Device { major: 0, minor: 1 }, 32769, b"/SYSVdeadbeef (deleted)".to_vec()));
        assert_eq!(seen[1].1, 0);
        assert_eq!(seen[2], (Device { major: 254, minor: 0 }, 77, b"/dev/shm/a b (deleted)".to_vec()));
    }

    #[test]
    fn places_in_memory() {
        let mut places = Vec::new();
        let text =
            b"7f00-7f10 rw-s 00001000 00:01 5 /SYSV00000000\n7f10 rw-s 0 00:01 5 /x\n7f20-7f10 rw-s 0 00:01 5 /x\n";
        parse(text, &mut |mapping| places.push(mapping.place()));
        let place = Place { start: 0x7f00, end: 0x7f10, offset: 0x1000 };
        assert_eq!(places, [Some(place), None, None]);
        assert_eq!(place.locate(0x1004), Some((0x7f04, 12)));
        assert_eq!((place.locate(0xfff), place.locate(0x1010)), (None, None));
    }

    #[test]
    fn keys_in_names() {
        let device = Device { major: 0, minor: 1 };
        let key = |path: &[u8]| Mapping { device, inode: 1, path, shared: true, range: b"", offset: b"" }.sysv_key();
        assert_eq!(key(b"/SYSVdeadbeef (deleted)"), Some(0xdead_beef_u32 as i32));
        assert_eq!(key(b"/SYSV00000000"), Some(0));
        for path in [&b"/SYSV"[..], b"/SYSV123456789", b"/SYSV1234567g", b"/tmp/SYSV00000000", b"/SYSV+1234567"] {
            assert_eq!(key(path), None);
        }
    }

    #[test]
    fn an_internal_device_is_known() {
        assert!(!internal_devices().is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(&text);
            parse(&text, &mut |mapping| {
                let _ = mapping.place();
            });
        }
    }
}
