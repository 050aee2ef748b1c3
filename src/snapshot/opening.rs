//! Which file a task means by a path that it opens: relative to its own root, its directory or one of its descriptors
//! (`man 7 path_resolution`). The file is looked at and never opened.

use crate::kernel::file::Stat;
use crate::kernel::{Result, fd, file};
use std::os::fd::AsFd;

/// Looks at the file; with its path as seen from the caller's root, as far as the kernel tells where the task's begins.
/// `task` is `PID` or `PID/task/TID`, which may have a table of descriptors of its own; `directory` as `openat(2)` takes it.
/// Needs ptrace read access.
pub(super) fn look_at(proc: impl AsFd, pid: u32, task: &str, directory: i32, path: &[u8]) -> (Box<[u8]>, Result<Stat>) {
    let proc = proc.as_fd();
    let absolute = path.starts_with(b"/");
    let (from, at) = match (absolute, u32::try_from(directory)) {
        (true, _) => (format!("{task}/root"), fd::read_root(proc, pid).map(without_slash)),
        (false, Ok(fd)) => (format!("{task}/fd/{fd}/"), fd::read_path_of(proc, task, fd)),
        (false, Err(_)) => (format!("{task}/cwd/"), fd::read_directory(proc, pid)),
    };
    let stat = file::stat_at(proc, &[from.as_bytes(), path].concat());
    let between: &[u8] = if absolute { b"" } else { b"/" };
    ([&at.unwrap_or_default(), between, path].concat().into(), stat)
}

/// The root that is everybody's goes before no path.
fn without_slash(root: Vec<u8>) -> Vec<u8> {
    if root == b"/" { Vec::new() } else { root }
}
