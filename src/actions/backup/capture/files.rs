//! Segments and semaphores of /dev/shm with their bytes; FIFOs and socket files by their attributes.
//!
//! A lease tells, more surely than /proc, whether anybody has the file open or mapped, and keeps others from opening it
//! until it is gone.

use super::{Failure, Part, Removing};
use crate::actions::Refusal;
use crate::actions::backup::header::{Access, FileKind, Saved};
use crate::actions::subject::Subject;
use crate::kernel::Result;
use crate::kernel::file::{self, FileType};
use crate::kernel::sparse_file::SparseFile;

/// How much is read at a time, bytes.
const PIECE: u64 = 1 << 20;

/// Its attributes.
pub(super) fn saved(path: &[u8]) -> Result<Saved> {
    file::lstat(path).map(|stat| Saved::File {
        path: path.to_vec(),
        file: (stat.device.major, stat.device.minor, stat.inode),
        kind: match stat.file_type {
            FileType::Fifo => FileKind::Fifo,
            FileType::Socket => FileKind::Socket,
            _ => FileKind::Regular,
        },
        access: Access::new(stat.owner, stat.mode),
        size: stat.size,
    })
}

/// Tells whether nobody had it open or mapped, for certain.
pub(super) fn remove(removing: &Removing<'_>, path: &[u8], part: &mut Part<'_>) -> std::result::Result<bool, Failure> {
    let Subject::File { device, inode, .. } = removing.subject else { return Err(removing.changed().into()) };
    let special = file::lstat(path)?.file_type != FileType::Regular;
    let opened = if special { None } else { Some(open(removing, path)?) };
    if let Some((file, _)) = &opened {
        copy(removing, file, part)?;
    }
    part.seal().map_err(|error| removing.unkept(&error))?;
    file::unlink_same(path, device, inode)?;
    Ok(opened.is_some_and(|(_, alone)| alone))
}

/// Opens the file, compares it, and asks for its lease, which tells whether nobody else has it.
fn open(removing: &Removing<'_>, path: &[u8]) -> std::result::Result<(SparseFile, bool), Refusal> {
    let file = SparseFile::open(path).map_err(|error| removing.unreadable(error))?;
    let now = file.stat()?;
    let same =
        matches!(removing.subject, Subject::File { device, inode, .. } if (device, inode) == (now.device, now.inode));
    if !same {
        return Err(removing.changed());
    }
    match file.lease() {
        Ok(false) if !removing.force => {
            Err(removing.in_use("a process that could not be looked into has it open or mapped".to_owned()))
        }
        // Without the right to a lease /proc has to do.
        leased => Ok((file, leased.unwrap_or(false))),
    }
}

fn copy(removing: &Removing<'_>, file: &SparseFile, part: &mut Part<'_>) -> std::result::Result<(), Refusal> {
    let unreadable = |error| removing.unreadable(error);
    let mut piece = vec![0; PIECE as usize];
    let (mut offset, mut sum) = (0, 0);
    while let Some((start, end)) = file.next_data(offset).map_err(unreadable)? {
        sum += end - start;
        if sum > part.max_size() {
            return Err(removing.too_large(file.stat().map_err(unreadable)?.size, part.max_size()));
        }
        let mut at = start;
        while at < end {
            let wanted = PIECE.min(end - at) as usize;
            let read = file.read(at, &mut piece[..wanted]).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            part.push_bytes(at, &piece[..read]).map_err(|error| removing.unkept(&error))?;
            at += read as u64;
        }
        offset = end;
    }
    Ok(())
}
