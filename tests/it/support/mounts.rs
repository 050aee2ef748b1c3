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

/// The mqueue file system of the test's IPC namespace, where it belongs, so that users without privilege see it too;
/// false where there is no place for it.
pub fn mqueue() -> bool {
    let nothing: Option<&str> = None;
    let place = Path::new("/dev/mqueue");
    place.is_dir() && mount(Some("mqueue"), place, Some("mqueue"), MsFlags::empty(), nothing).is_ok()
}

/// Puts an empty directory in the place of one.
pub fn hide(place: &str) {
    let nothing: Option<&str> = None;
    mount(Some("ipcx-test"), place, Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
}
