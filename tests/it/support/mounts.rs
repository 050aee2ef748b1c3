//! File systems of a test's own, in the mount namespace that `isolated` made.

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A fresh tmpfs on a new directory.
pub fn tmpfs(place: &Path) -> PathBuf {
    let nothing: Option<&str> = None;
    std::fs::create_dir(place).unwrap();
    mount(Some("ipcx-test"), place, Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
    place.to_path_buf()
}

/// The mqueue file system of the test's IPC namespace, where it belongs, so that users without privilege see it too;
/// false where the kernel has none.
pub fn mqueue() -> bool {
    let nothing: Option<&str> = None;
    let place = Path::new("/dev/mqueue");
    if !place.is_dir() {
        own_dev();
        std::fs::create_dir(place).unwrap();
    }
    mount(Some("mqueue"), place, Some("mqueue"), MsFlags::empty(), nothing).is_ok()
}

/// Puts a /dev of the test's own over the machine's, with what tests and programs need of it. Containers and small virtual
/// machines have no /dev/mqueue, and a directory that is made on a devtmpfs is there for everybody.
fn own_dev() {
    const NEEDED: [&str; 13] =
        ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "fd", "stdin", "stdout", "stderr", "pts", "shm"];
    let nothing: Option<&str> = None;
    let path_only = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let there = |name: &&str| Path::new("/dev").join(name).symlink_metadata().is_ok();
    let held: Vec<(&str, Place)> = NEEDED
        .into_iter()
        .filter(there)
        .map(|name| {
            let path = Path::new("/dev").join(name);
            let place = match std::fs::read_link(&path) {
                Ok(target) => Place::Link(target),
                Err(_) => Place::Held(open(&path, path_only, Mode::empty()).unwrap(), path.is_dir()),
            };
            (name, place)
        })
        .collect();
    mount(Some("ipcx-test"), "/dev", Some("tmpfs"), MsFlags::empty(), Some("mode=755")).unwrap();
    for (name, place) in held {
        let path = Path::new("/dev").join(name);
        match place {
            Place::Link(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
            Place::Held(file, is_directory) => {
                if is_directory {
                    std::fs::create_dir(&path).unwrap();
                } else {
                    std::fs::write(&path, "").unwrap();
                }
                let from = format!("/proc/thread-self/fd/{}", file.as_raw_fd());
                mount(Some(&*from), &path, nothing, MsFlags::MS_BIND, nothing).unwrap();
            }
        }
    }
}

/// What stands in /dev: a link, or something that is held open by its path alone, and whether that is a directory.
enum Place {
    Link(PathBuf),
    Held(OwnedFd, bool),
}

/// Puts an empty directory in the place of one.
pub fn hide(place: &str) {
    let nothing: Option<&str> = None;
    mount(Some("ipcx-test"), place, Some("tmpfs"), MsFlags::empty(), nothing).unwrap();
}
