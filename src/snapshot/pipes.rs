//! Pipes and FIFOs: there is no table of them; they are what processes have open, and FIFO files that were asked for.

use super::Want;
use super::collect::Picture;
use super::scan::{FoundHit, Hit};
use crate::kernel::fd::{self, OpenFd, Target};
use crate::kernel::fifo_search::{self, SpecialFile};
use crate::kernel::file::{self, FileType, Stat};
use crate::model::{Body, Identity, Ids, Kinds, Object, PipeEnds, Role};
use std::os::fd::OwnedFd;

/// Adds the FIFO files that were asked for by directory or by path, whether or not somebody has them open.
pub(super) fn read_files(want: &Want, picture: &mut Picture) -> Vec<SpecialFile> {
    let mut sockets = Vec::new();
    let mut files: Vec<SpecialFile> = want.files.iter().filter_map(|path| fifo_search::special(path)).collect();
    for directory in &want.directories {
        let mut found = fifo_search::search(directory);
        files.append(&mut found.files);
        for note in found.notes {
            picture.visibility.missing(note);
        }
    }
    for file in files {
        match file.stat.file_type {
            FileType::Socket => sockets.push(file),
            _ if want.kinds.contains(Kinds::FIFOS) => {
                let identity = Identity::File { device: file.stat.device, inode: file.stat.inode };
                if !picture.places.contains_key(&identity) {
                    picture.add(fifo(identity, Some((file.path, file.stat)), None));
                }
            }
            _ => {}
        }
    }
    sockets
}

/// Joins descriptors of pipes and FIFOs by device and inode, and counts the ends.
pub(super) fn join(proc: &OwnedFd, hits: &[FoundHit], picture: &mut Picture) {
    for (pid, hit) in hits {
        let Hit::Fd(open, ways) = hit else { continue };
        let identity = Identity::File { device: open.device, inode: open.inode };
        let place = match (open.target, picture.places.get(&identity)) {
            (Target::Pipe | Target::Fifo, Some(place)) => *place,
            (Target::Pipe, None) => picture.add(pipe(identity, open)),
            (Target::Fifo, None) => picture.add(open_fifo(proc, *pid, identity, open)),
            _ => continue,
        };
        if let Body::Pipe(ends) | Body::Fifo(ends) = &mut picture.objects[place as usize].body {
            ends.readers += u32::from(ways.reads);
            ends.writers += u32::from(ways.writes);
        }
        let roles =
            [(ways.reads, Role::Reader), (ways.writes, Role::Writer), (!ways.reads && !ways.writes, Role::Open)];
        for (_, role) in roles.into_iter().filter(|(has, _)| *has) {
            picture.holders.add(place, *pid, role, Some(open.fd));
        }
    }
}

/// Adds the FIFOs that nobody has open and somebody sleeps in opening. The paths are those of the openers, which may see
/// other file systems: only one that leads to the very inode is believed.
pub(super) fn add_opened(opened: Vec<SpecialFile>, picture: &mut Picture) {
    for file in opened {
        let identity = Identity::File { device: file.stat.device, inode: file.stat.inode };
        if picture.places.contains_key(&identity) {
            continue;
        }
        let here = file::lstat(&file.path).ok();
        let same = here.is_some_and(|here| here.device == file.stat.device && here.inode == file.stat.inode);
        let mut object = fifo(identity, Some((file.path, file.stat)), None);
        object.path = object.path.filter(|_| same);
        picture.add(object);
    }
}

fn pipe(identity: Identity, open: &OpenFd) -> Object {
    Object {
        identity,
        name: None,
        path: None,
        owner: Some(Ids { uid: open.uid, gid: None }),
        creator: None,
        mode: None,
        body: Body::Pipe(PipeEnds::default()),
    }
}

/// A FIFO that a process has open. The path in its link may be stale, or of another mount namespace: only one that
/// leads to the very inode is believed.
fn open_fifo(proc: &OwnedFd, pid: u32, identity: Identity, open: &OpenFd) -> Object {
    let confirmed = fd::read_path(proc, pid, open.fd).ok().and_then(|path| {
        let stat = file::lstat(&path).ok()?;
        (stat.device == open.device && stat.inode == open.inode).then(|| (path.into(), stat))
    });
    fifo(identity, confirmed, Some(open.uid))
}

fn fifo(identity: Identity, place: Option<(Box<[u8]>, Stat)>, uid: Option<u32>) -> Object {
    let (path, stat) = place.unzip();
    Object {
        identity,
        name: None,
        path,
        owner: stat.map(|stat| stat.owner).or(uid.map(|uid| Ids { uid, gid: None })),
        creator: None,
        mode: stat.map(|stat| stat.mode),
        // Its modification time alone may have been set back, as copying programs do.
        body: Body::Fifo(PipeEnds { changed: stat.map(|stat| stat.modified.max(stat.changed)), ..PipeEnds::default() }),
    }
}
