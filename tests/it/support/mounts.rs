//! File systems of a test's own, in the mount namespace that `isolated` made.

use nix::mount::{MsFlags, mount};
use std::path::{Path, PathBuf};

/// A fresh tmpfs on a new directory.
pub fn tmpfs(place: &Path) -> PathBuf {
    let nothing: Option<&str> = None;
    std::fs::create_dir(place).unwrap();
    mount(Some("ipcx-test"), place, Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
    place.to_path_buf()
}

/// The queues of the test's own namespace on /dev/mqueue, where this machine has that directory.
pub fn mqueues() -> bool {
    let nothing: Option<&str> = None;
    mount(Some("mqueue"), "/dev/mqueue", Some("mqueue"), MsFlags::empty(), nothing).is_ok()
}
