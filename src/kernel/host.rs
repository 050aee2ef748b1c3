//! The machine's name and kernel (`man 2 uname`).

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
