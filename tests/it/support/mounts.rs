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

/// This IPC namespace's queues on /dev/mqueue, for users who may not mount it; false where there is no such directory.
pub fn mqueue() -> bool {
    let nothing: Option<&str> = None;
    mount(Some("mqueue"), "/dev/mqueue", Some("mqueue"), MsFlags::empty(), nothing).is_ok()
}
