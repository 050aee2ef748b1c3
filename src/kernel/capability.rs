//! The caller's effective capabilities (`man 7 capabilities`), from `/proc/thread-self/status`.

use super::{Error, Result, file};

/// Read and search any file: others' `/proc/PID/fd` directories.
pub const CAP_DAC_READ_SEARCH: u32 = 2;
/// Act as the owner of any file.
pub const CAP_FOWNER: u32 = 3;
/// Read and write any System V object.
pub const CAP_IPC_OWNER: u32 = 15;
/// Look into any process.
pub const CAP_SYS_PTRACE: u32 = 19;
/// Remove any System V object, mount.
pub const CAP_SYS_ADMIN: u32 = 21;

/// A set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(u64);

impl Capabilities {
    /// Whether the set holds a capability, by its number.
    pub const fn has(self, capability: u32) -> bool {
        self.0 & (1 << capability) != 0
    }

    /// Whether others' descriptors and memory maps can be read.
    pub const fn sees_processes(self) -> bool {
        self.has(CAP_SYS_PTRACE) && self.has(CAP_DAC_READ_SEARCH)
    }
}

/// Whether the calling thread has a capability; not, where that cannot be read.
pub fn have(capability: u32) -> bool {
    read_effective().is_ok_and(|set| set.has(capability))
}

/// Reads the calling thread's effective set.
pub fn read_effective() -> Result<Capabilities> {
    let path = "/proc/thread-self/status";
    parse_effective(&file::read(path)?)
        .ok_or_else(|| Error::Malformed { what: path.into(), detail: "its CapEff line".into() })
}

/// Finds the `CapEff:` line.
pub fn parse_effective(status: &[u8]) -> Option<Capabilities> {
    let line = status.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"CapEff:"))?;
    super::text::Numbers::new(line).hex().map(Capabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found() {
        let set = parse_effective(b"Name:\tx\nCapEff:\t0000000000080004\nCapBnd:\tffff\n");
        assert_eq!(set, Some(Capabilities(0x80004)));
        assert!(set.is_some_and(Capabilities::sees_processes));
        assert_eq!(parse_effective(b"CapEff:\tnonsense\n"), None);
    }
}
