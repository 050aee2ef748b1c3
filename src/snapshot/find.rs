//! From an address to the objects it names, and from an object to the address that names it.

use super::Snapshot;
use crate::model::{Address, Body, Device, Identity, Kind, Object, Spelled, Which};

impl Snapshot {
    /// The address by which an object can be named again.
    pub fn address(&self, object: usize) -> Address {
        let mut address = address(&self.objects[object]);
        // Most machines have one file system of each: the device is for where the inode alone names several.
        if let Address::ShmInode { device, .. } | Address::Memfd { device, .. } = &mut address
            && let Some(whole) = device.take()
            && self.objects.iter().filter(|object| names(&address, object)).count() > 1
        {
            if let Address::ShmInode { device, .. } | Address::Memfd { device, .. } = &mut address {
                *device = Some(whole);
            }
        }
        address
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
        (Address::Memfd { device, inode }, Kind::Memfd) => is_file(object, *device, *inode),
        (Address::Queue(which), Kind::Queue)
        | (Address::Shm(which), Kind::Shm)
        | (Address::Semaphore(which), Kind::Semaphore) => is_which(which, object),
        (Address::Pipe(inode), Kind::Pipe) => is_file(object, None, *inode),
        (Address::Fifo(path), Kind::Fifo) => object.path.as_deref().is_some_and(|p| path.matches(p)),
        (Address::FifoInode { device, inode }, Kind::Fifo) => is_file(object, *device, *inode),
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
