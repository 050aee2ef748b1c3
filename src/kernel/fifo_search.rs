//! FIFO and socket files under a directory, found by their type in the directory entry and `lstat(2)`. Never opens a
//! FIFO: that would release a process that waits for its other end (`man 7 fifo`).

use super::file::{self, FileType, Stat};
use crate::model::escape;
use nix::sys::statfs::{FsType, statfs};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Most directory entries looked at in one search, so that `ipcx ls -f /` on a huge tree comes to an end.
const MOST_ENTRIES: usize = 5_000_000;

/// Types of file systems that hold no FIFO and never end: proc, sysfs, cgroup, cgroup2, debugfs, tracefs.
const PSEUDO: [FsType; 6] = [
    FsType(0x9fa0),
    FsType(0x6265_6572),
    FsType(0x27_e0eb),
    FsType(0x6367_7270),
    FsType(0x6462_6720),
    FsType(0x7472_6163),
];

/// Types of file systems that other machines, or servers in user space, share: NFS, SMB, SMB2, CIFS, 9P, FUSE (and
/// virtiofs), Ceph, AFS, OCFS2, GFS2.
const SHARED: [FsType; 10] = [
    FsType(0x6969),
    FsType(0x517b),
    FsType(0xfe53_4d42),
    FsType(0xff53_4d42),
    FsType(0x0102_1997),
    FsType(0x6573_5546),
    FsType(0x00c3_6400),
    FsType(0x5346_414f),
    FsType(0x7461_636f),
    FsType(0x0116_1970),
];

/// Whether the file system that a file's directory lies on may be used by kernels other than this one. One that cannot be
/// asked may.
pub fn is_shared(path: &[u8]) -> bool {
    let directory = Path::new(std::ffi::OsStr::from_bytes(path)).parent();
    directory.and_then(|directory| statfs(directory).ok()).is_none_or(|fs| SHARED.contains(&fs.filesystem_type()))
}

/// A FIFO or socket file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialFile {
    /// Path, beginning as the search did.
    pub path: Box<[u8]>,
    /// Attributes.
    pub stat: Stat,
}

/// What a search brought, and where it could not look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The files.
    pub files: Vec<SpecialFile>,
    /// One sentence for each directory that was refused, and for an early end.
    pub notes: Vec<String>,
}

/// Searches a directory and all below it; links are not followed, pseudo file systems are passed over.
pub fn search(directory: &Path) -> Found {
    let mut found = Found::default();
    let mut entries = 0usize;
    let mut todo = vec![directory.to_path_buf()];
    while let Some(directory) = todo.pop() {
        if statfs(&directory).is_ok_and(|fs| PSEUDO.contains(&fs.filesystem_type())) {
            continue;
        }
        let listing = match std::fs::read_dir(&directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let error = file_error(&directory, &error);
                found.notes.push(format!("{error}: FIFO and socket files in it are not listed"));
                continue;
            }
        };
        for entry in listing.flatten() {
            entries += 1;
            if entries > MOST_ENTRIES {
                found.notes.push(format!("search for FIFO and socket files ended after {MOST_ENTRIES} entries"));
                return found;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                todo.push(entry.path());
            } else if kind.is_fifo() || kind.is_socket() {
                found.files.extend(special(entry.path().as_os_str().as_bytes()));
            }
        }
    }
    found
}

/// The file at a path if it is a FIFO or a socket.
pub fn special(path: &[u8]) -> Option<SpecialFile> {
    let stat = file::lstat(path).ok()?;
    matches!(stat.file_type, FileType::Fifo | FileType::Socket).then(|| SpecialFile { path: path.into(), stat })
}

fn file_error(path: &Path, error: &std::io::Error) -> super::Error {
    super::Error::from_io(escape(path.as_os_str().as_bytes()), error)
}
