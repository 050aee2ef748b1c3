//! The machine's name and kernel (`man 2 uname`), and which boot this is.

/// What a snapshot says of the machine it was taken on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// Host name of the calling thread's UTS namespace.
    pub name: String,
    /// Kernel release.
    pub kernel: String,
}

/// Reads both; empty where the kernel refuses, which it does not.
pub fn read() -> Host {
    nix::sys::utsname::uname().map_or_else(
        |_| Host::default(),
        |uts| Host { name: uts.nodename().to_string_lossy().into(), kernel: uts.release().to_string_lossy().into() },
    )
}

/// A number that is new with every boot (`man 4 random`); empty where /proc does not show it. Ids and inodes of one boot
/// mean nothing in another.
pub fn boot_id() -> String {
    let text = super::file::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    String::from_utf8_lossy(text.trim_ascii()).into()
}
