//! Device numbers, converted in one place.
//!
//! `stat` packs a device as glibc's `makedev` does, the kernel's diag interfaces hand out its internal
//! `MKDEV` (20 bits of minor), and `/proc/PID/maps` prints `major:minor` in hexadecimal. An inode number means
//! something only together with its device: two FIFOs on two file systems share inode 2.

use std::fmt;

/// A device as major and minor number; prints as `major:minor` in decimal, as `/proc/self/mountinfo` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    /// Major number; 0 for file systems without a block device.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

impl Device {
    /// From `st_dev` as `stat(2)` gives it in user space (`makedev(3)` layout).
    pub const fn from_stat(dev: u64) -> Self {
        Self {
            major: (((dev >> 8) & 0xfff) | ((dev >> 32) & 0xffff_f000)) as u32,
            minor: ((dev & 0xff) | ((dev >> 12) & 0xffff_ff00)) as u32,
        }
    }

    /// From the kernel's own 32-bit `dev_t` (`include/linux/kdev_t.h`: `major << 20 | minor`), as `sock_diag` sends.
    pub const fn from_kernel(dev: u32) -> Self {
        Self { major: dev >> 20, minor: dev & 0x000f_ffff }
    }

    /// From the `fe:00` field of a `/proc/PID/maps` line (hexadecimal).
    pub fn from_maps(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (major, minor) = text.split_once(':')?;
        Some(Self { major: hex(major)?, minor: hex(minor)? })
    }

    /// From `0:43`, as this type prints (decimal).
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once(':')?;
        let number = |t: &str| if t.bytes().all(|b| b.is_ascii_digit()) { t.parse().ok() } else { None };
        Some(Self { major: number(major)?, minor: number(minor)? })
    }
}

/// Unsigned hexadecimal without the sign that `from_str_radix` would accept.
fn hex(text: &str) -> Option<u32> {
    if text.starts_with('+') { None } else { u32::from_str_radix(text, 16).ok() }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_in_every_encoding() {
        for (major, minor) in [(254, 0), (0, 43), (0, 65_024), (259, 1_048_575)] {
            let device = Device { major, minor };
            assert_eq!(Device::from_stat(libc::makedev(major, minor)), device);
            assert_eq!(Device::from_kernel(major << 20 | minor), device);
            assert_eq!(Device::from_maps(format!("{major:02x}:{minor:02x}").as_bytes()), Some(device));
            assert_eq!(Device::parse(&device.to_string()), Some(device));
        }
    }

    #[test]
    fn damaged_text_is_no_device() {
        for text in ["", ":", "0", "zz:0", "0:", "+1:0", "1:2:3"] {
            assert_eq!(Device::from_maps(text.as_bytes()), None, "{text:?}");
            assert_eq!(Device::parse(text), None, "{text:?}");
        }
    }
}
