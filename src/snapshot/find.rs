//! From an address to the objects it names, and from an object to the address that names it.

use super::Snapshot;
use crate::model::{Address, Body, Device, Identity, Kind, Object, Spelled, Which};
use rustc_hash::FxHashSet;

impl Snapshot {
    /// The address by which an object can be named again.
    pub fn address(&self, object: usize) -> Address {
        let whole = address(&self.objects[object]);
        match whole {
            // Most machines have one file system of each: the device is for where the inode alone names several.
            Address::ShmInode { inode, .. } if !self.twins.contains(&(Kind::Shm, inode)) => {
                Address::ShmInode { device: None, inode }
            }
            Address::Memfd { inode, .. } if !self.twins.contains(&(Kind::Memfd, inode)) => {
                Address::Memfd { device: None, inode }
            }
            _ => whole,
        }
    }

    /// All objects that an address names, by their places: none, one, or several where it is ambiguous. A pid names no
    /// object.
    pub fn find<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = usize> + 'a {
        // A file that was found at the path outweighs sockets that were once bound to a path of that name.
        let at_path = |place: &usize| match address {
            Address::Path(path) | Address::Unix { name: path, abstract_name: false } => {
                let object = &self.objects[*place];
                let wanted = matches!(address, Address::Path(_)) || object.kind() == Kind::Socket;
                wanted && object.path.as_deref().is_some_and(|found| path.matches(found))
            }
            _ => false,
        };
        let found = (0..self.objects.len()).any(|place| at_path(&place));
        (0..self.objects.len()).filter(
            move |place| {
                if found { at_path(place) } else { names(address, &self.objects[*place]) }
            },
        )
    }
}

/// Inodes that more than one file without a name has, each on a device of its own.
pub(super) fn twins(objects: &[Object]) -> FxHashSet<(Kind, u64)> {
    let mut once = FxHashSet::default();
    let unnamed = objects.iter().filter(|object| object.is_unnamed_memory());
    let inodes = unnamed.filter_map(|object| match object.identity {
        Identity::File { inode, .. } => Some((object.kind(), inode)),
        _ => None,
    });
    inodes.filter(|inode| !once.insert(*inode)).collect()
}

/// The address of an object by what is known about itself.
pub(crate) fn address(object: &Object) -> Address {
    let name = || object.name.as_deref().unwrap_or_default();
    let which = || match object.identity {
        Identity::SysV { id, .. } => Which::Id(id),
        _ => Which::Name(Spelled::exact(name())),
    };
    match (&object.body, object.identity) {
        (Body::Queue(_), _) => Address::Queue(which()),
        (Body::Shm(shm), Identity::File { device, inode }) if shm.deleted => {
            Address::ShmInode { device: Some(device), inode }
        }
        (Body::Memfd(_), Identity::File { device, inode }) => Address::Memfd { device: Some(device), inode },
        (Body::Shm(_), _) => Address::Shm(which()),
        (Body::Semaphore(_), _) => Address::Semaphore(which()),
        (Body::Pipe(_), Identity::File { inode, .. }) => Address::Pipe(inode),
        (Body::Fifo(_), Identity::File { device, inode }) => match &object.path {
            Some(path) => Address::Fifo(Spelled::exact(path)),
            None => Address::FifoInode { device: Some(device), inode },
        },
        (Body::Socket(socket), identity) => match (&socket.unix, &socket.inet, identity) {
            (Some(unix), _, _) if unix.by_name && nameable(unix) => {
                let name = Spelled::exact(unix.name.as_deref().unwrap_or_default());
                Address::Unix { name, abstract_name: unix.abstract_name }
            }
            (_, Some(inet), Identity::Socket { inode: 0, .. }) => {
                Address::Connection { protocol: inet.protocol, local: inet.local, remote: inet.remote }
            }
            (_, _, Identity::Socket { inode, .. } | Identity::File { inode, .. }) => Address::Socket(inode),
            (_, _, Identity::SysV { .. }) => Address::Socket(0),
        },
        // These are always identified by their file.
        (Body::Pipe(_) | Body::Fifo(_) | Body::Memfd(_), _) => Address::Pipe(0),
    }
}

/// Whether a socket's name can be told from every other form of address: a path that begins with `@` or `[` cannot.
fn nameable(unix: &crate::model::Unix) -> bool {
    unix.abstract_name
        || unix
            .name
            .as_deref()
            .is_some_and(|name| !name.is_empty() && !name.starts_with(b"@") && !name.starts_with(b"["))
}

/// Whether an address names an object.
fn names(address: &Address, object: &Object) -> bool {
    match (address, object.kind()) {
        // What it was called is another's name by now, or nobody's.
        (Address::ShmInode { device, inode }, _) => object.is_unlinked() && is_file(object, *device, *inode),
        (_, Kind::Shm) if object.is_unlinked() => false,
        (Address::Queue(which), Kind::Queue)
        | (Address::Shm(which), Kind::Shm)
        | (Address::Semaphore(which), Kind::Semaphore) => is_which(which, object),
        (Address::Pipe(inode), Kind::Pipe) => is_file(object, None, *inode),
        (Address::Fifo(path), Kind::Fifo) => object.path.as_deref().is_some_and(|p| path.matches(p)),
        (Address::FifoInode { device, inode }, Kind::Fifo) | (Address::Memfd { device, inode }, Kind::Memfd) => {
            is_file(object, *device, *inode)
        }
        (Address::Socket(inode), Kind::Socket) => {
            matches!(object.identity, Identity::Socket { inode: i, .. } if i == *inode)
        }
        (Address::Unix { name, abstract_name }, Kind::Socket) => is_unix(object, name, *abstract_name),
        (Address::Connection { protocol, local, remote }, Kind::Socket) => match &object.body {
            Body::Socket(socket) => {
                let inet = socket.inet.as_deref();
                inet.is_some_and(|i| i.protocol == *protocol && i.local == *local && i.remote == *remote)
            }
            _ => false,
        },
        (Address::Path(path), Kind::Socket) => is_unix(object, path, false),
        (Address::Path(path), _) => object.path.as_deref().is_some_and(|p| path.matches(p)),
        _ => false,
    }
}

fn is_which(which: &Which, object: &Object) -> bool {
    match which {
        Which::Id(wanted) => matches!(object.identity, Identity::SysV { id, .. } if id == *wanted),
        Which::Key(wanted) => {
            let key = match &object.body {
                Body::Queue(queue) => queue.key,
                Body::Shm(shm) => shm.key,
                Body::Semaphore(set) => set.key,
                _ => None,
            };
            key == Some(*wanted)
        }
        Which::Name(wanted) => object.name.as_deref().is_some_and(|name| wanted.matches(name)),
    }
}

fn is_file(object: &Object, device: Option<Device>, inode: u64) -> bool {
    let Identity::File { device: d, inode: i } = object.identity else { return false };
    i == inode && device.is_none_or(|device| device == d)
}

/// A name leads to the socket that listens on it; connections inherit the name and are not meant.
fn is_unix(object: &Object, name: &Spelled, abstract_name: bool) -> bool {
    let Body::Socket(socket) = &object.body else { return false };
    let Some(unix) = &socket.unix else { return false };
    unix.by_name && unix.abstract_name == abstract_name && unix.name.as_deref().is_some_and(|n| name.matches(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn a_device_is_told_only_where_the_inode_alone_names_two() {
        let other = Device { major: 0, minor: 99 };
        let elsewhere = |inode, object| Object { identity: Identity::File { device: other, inode }, ..object };
        let mut scene = Scene::default();
        scene.add(testing::unlinked(5, "/a", 1));
        scene.add(elsewhere(5, testing::unlinked(5, "/a", 1)));
        scene.add(testing::memfd(5, "a", None));
        scene.add(elsewhere(6, testing::unlinked(6, "/b", 1)));
        let snapshot = scene.picture();
        let addresses: Vec<String> = (0..4).map(|place| snapshot.address(place).to_string()).collect();
        assert_eq!(addresses, ["shm:[0:14:5]", "shm:[0:99:5]", "memfd:[5]", "shm:[6]"]);
        let places = |text: &str| match Address::parse(text) {
            Ok(address) => snapshot.find(&address).collect(),
            Err(_) => Vec::new(),
        };
        for (place, address) in addresses.iter().enumerate() {
            assert_eq!(places(address), [place], "{address}");
        }
        assert_eq!(
            (places("shm:[5]"), places("memfd:[0:14:5]"), places("shm:[0:99:6]")),
            (vec![0, 1], vec![2], vec![3])
        );
        assert_eq!((places("shm:/a"), places("memfd:[6]"), places("shm:5")), (vec![], vec![], vec![]));
    }
}
