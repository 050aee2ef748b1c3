//! Unix and internet sockets: both ends, queues, and who waits for whom.

use crate::support::isolated::bytes;
use crate::support::look::socket;
use crate::support::{Child, eventually, held, isolated, look, one, scratch};
use ipcx::model::{Family, Identity, Ids, Kinds, Protocol, Role, Socket, SocketState, SocketType};
use ipcx::snapshot::{Snapshot, Want, collect};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socketpair};
use nix::sys::stat::fstat;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

fn inode(fd: impl AsFd) -> u64 {
    fstat(fd).unwrap().st_ino
}

/// The place of a socket.
fn place(snapshot: &Snapshot, inode: u64) -> usize {
    let place = snapshot.socket(inode).unwrap_or_else(|| panic!("[{inode}] is not in {:#?}", snapshot.objects));
    assert!(matches!(snapshot.objects[place].identity, Identity::Socket { inode: i, .. } if i == inode));
    place
}

fn of(snapshot: &Snapshot, inode: u64) -> &Socket {
    socket(&snapshot.objects[place(snapshot, inode)])
}

/// A new unix socket that listens on a path.
fn listener(path: &Path, backlog: i32) -> OwnedFd {
    let fd = nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(fd.as_raw_fd(), &UnixAddr::new(path).unwrap()).unwrap();
    listen(&fd, Backlog::new(backlog).unwrap()).unwrap();
    fd
}

#[test]
fn a_pair_between_two_processes() {
    isolated(|| {
        a_pair(SockType::Stream, SocketType::Stream);
        a_pair(SockType::SeqPacket, SocketType::Seqpacket);
        a_pair(SockType::Datagram, SocketType::Dgram);
    });
}

fn a_pair(made: SockType, kind: SocketType) {
    let (a, b) = socketpair(AddressFamily::Unix, made, None, SockFlag::SOCK_CLOEXEC).unwrap();
    nix::unistd::write(&a, b"hello").unwrap();
    let (ia, ib, fa, fb) = (inode(&a), inode(&b), a.as_raw_fd(), b.as_raw_fd());
    let [left, right] = [&a, &b].map(|end| Child::new(&[end], || ()));
    drop((a, b));

    let snapshot = look(Kinds::UNIX);
    assert_eq!(snapshot.objects.len(), 2, "{:#?}", snapshot.objects);
    for (near, far, child, fd, unread) in [(ia, ib, &left, fa, 0), (ib, ia, &right, fb, 5)] {
        let object = &snapshot.objects[place(&snapshot, near)];
        assert_eq!((object.family(), object.owner), (Some(Family::Unix), Some(Ids { uid: 0, gid: None })));
        let shown = socket(object);
        assert_eq!((shown.kind, shown.state), (Some(kind), Some(SocketState::Connected)));
        assert_eq!((shown.peer, shown.unaccepted, shown.receive_queue), (Some(far), false, Some(unread)));
        assert_eq!((shown.backlog, shown.pending), (None, None));
        assert_eq!(shown.unix.as_ref().unwrap().name, None);
        let address = format!("socket:[{near}]");
        assert_eq!(snapshot.address(place(&snapshot, near)).to_string(), address);
        let expected = [held(child.pid(), Role::Connected, Some(fd))];
        assert_eq!(snapshot.holders(one(&snapshot, &address)), expected);
    }
}

#[test]
fn a_client_that_was_not_accepted_waits_for_its_listener() {
    isolated(|| {
        let path = scratch().join("server.sock");
        let server = listener(&path, 7);
        let clients = [(); 2].map(|()| Child::new(&[], || UnixStream::connect(&path).unwrap()));
        let snapshot = look(Kinds::UNIX);
        assert_eq!(snapshot.objects.len(), 3, "{:#?}", snapshot.objects);
        let listening = one(&snapshot, &format!("unix:{}", path.display()));
        let shown = socket(&snapshot.objects[listening]);
        assert_eq!(shown.state, Some(SocketState::Listening));
        assert_eq!((shown.pending, shown.backlog, shown.receive_queue), (Some(2), Some(7), None));
        assert_eq!(snapshot.holders(listening), [held(1, Role::Listener, Some(server.as_raw_fd()))]);
        let pending = &shown.unix.as_ref().unwrap().pending_clients;
        let mut holders = Vec::new();
        for client in pending.iter().copied() {
            let shown = of(&snapshot, client);
            assert_eq!((shown.state, shown.peer), (Some(SocketState::Connected), Some(inode(&server))));
            assert!(shown.unaccepted);
            holders.extend(snapshot.holders(place(&snapshot, client)).iter().map(|h| (h.pid, h.role)));
        }
        assert_eq!(holders, [(clients[0].pid(), Role::Connected), (clients[1].pid(), Role::Connected)]);
    });
}

#[test]
fn an_accepted_client_has_the_server_and_the_name_stays_the_listeners() {
    isolated(|| {
        let path = scratch().join("server.sock");
        let server = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let (accepted, _) = server.accept().unwrap();
        let snapshot = look(Kinds::UNIX);
        assert_eq!(of(&snapshot, inode(&client)).peer, Some(inode(&accepted)));
        assert_eq!(of(&snapshot, inode(&accepted)).peer, Some(inode(&client)));
        assert!(!of(&snapshot, inode(&client)).unaccepted);
        assert_eq!(of(&snapshot, inode(&server)).pending, Some(0));
        let name = of(&snapshot, inode(&accepted)).unix.as_ref().unwrap().name.as_deref();
        assert_eq!(name, Some(bytes(&path)), "the kernel gives it the listener's name");
        for address in [format!("unix:{}", path.display()), path.display().to_string()] {
            assert_eq!(one(&snapshot, &address), place(&snapshot, inode(&server)));
        }
    });
}

#[test]
fn abstract_names_of_any_bytes() {
    isolated(|| {
        let names = [&b"plain"[..], b"\x1b[31m\n\xff", b"\0inner\0nul\0", "\u{202e}".as_bytes(), b"@at"];
        let made: Vec<UnixListener> = names
            .iter()
            .map(|name| {
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
                UnixListener::bind_addr(&address).unwrap()
            })
            .collect();
        let snapshot = look(Kinds::UNIX);
        assert_eq!(snapshot.objects.len(), names.len());
        for (name, fd) in names.iter().zip(&made) {
            let unix = of(&snapshot, inode(fd)).unix.as_ref().unwrap();
            assert_eq!((unix.name.as_deref(), unix.abstract_name), (Some(*name), true));
            let place = place(&snapshot, inode(fd));
            let address = snapshot.address(place).to_string();
            assert!(address.starts_with("unix:@"), "{address}");
            assert_eq!(one(&snapshot, &address), place);
        }
    });
}

#[test]
fn an_end_whose_partner_has_gone_is_half_closed() {
    isolated(|| {
        let (left, right) = UnixStream::pair().unwrap();
        let (kept, shut) = UnixStream::pair().unwrap();
        drop(right);
        shut.shutdown(std::net::Shutdown::Both).unwrap();
        let snapshot = look(Kinds::UNIX);
        let shown = of(&snapshot, inode(&left));
        assert_eq!((shown.state, shown.peer), (Some(SocketState::HalfClosed), None));
        assert_eq!(of(&snapshot, inode(&kept)).peer, Some(inode(&shut)), "still open, though nothing goes through");
        assert_eq!(of(&snapshot, inode(&kept)).state, Some(SocketState::Connected));
    });
}

#[test]
fn datagram_sockets_know_their_partner_one_way() {
    isolated(|| {
        let path = scratch().join("log");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        let idle = UnixDatagram::unbound().unwrap();
        sender.connect(&path).unwrap();
        sender.send(b"first").unwrap();
        sender.send(b"second one").unwrap();
        let snapshot = look(Kinds::UNIX);
        let shown = of(&snapshot, inode(&receiver));
        assert_eq!((shown.kind, shown.state), (Some(SocketType::Dgram), Some(SocketState::Unconnected)));
        assert_eq!((shown.peer, shown.receive_queue), (None, Some(5)), "the first one's size");
        let shown = of(&snapshot, inode(&sender));
        assert_eq!((shown.peer, shown.state), (Some(inode(&receiver)), Some(SocketState::Connected)));
        let shown = of(&snapshot, inode(&idle));
        assert_eq!((shown.peer, shown.state), (None, Some(SocketState::Unconnected)));
        let log = one(&snapshot, &format!("unix:{}", path.display()));
        assert_eq!(snapshot.holders(log), [held(1, Role::Open, Some(receiver.as_raw_fd()))]);
    });
}

#[test]
fn a_socket_file_nobody_listens_on_is_listed_when_asked_for() {
    isolated(|| {
        let [stale, live] = ["stale", "live"].map(|name| scratch().join(name));
        drop(UnixListener::bind(&stale).unwrap());
        let server = UnixListener::bind(&live).unwrap();
        let want = Want { directories: vec![scratch()], ..Want::everything(Kinds::UNIX) };
        let snapshot = collect(&want).unwrap();
        assert_eq!(snapshot.objects.len(), 2, "{:#?}", snapshot.objects);
        let object = &snapshot.objects[one(&snapshot, &format!("unix:{}", stale.display()))];
        assert_eq!((socket(object).state, socket(object).kind), (None, None));
        assert_eq!(object.path.as_deref(), Some(bytes(&stale)));
        let place = one(&snapshot, &format!("unix:{}", live.display()));
        assert_eq!(place, self::place(&snapshot, inode(&server)), "one row for a live socket and its file");
        assert_eq!(snapshot.objects[place].path.as_deref(), Some(bytes(&live)));
        assert!(snapshot.objects[place].mode.is_some());
    });
}

#[test]
fn tcp_within_the_machine() {
    isolated(|| {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            tcp(address.parse().unwrap());
        }
    });
}

fn tcp(any_port: SocketAddr) {
    let server = TcpListener::bind(any_port).unwrap();
    let near = server.local_addr().unwrap();
    let client = TcpStream::connect(near).unwrap();
    let (mut accepted, far) = server.accept().unwrap();
    accepted.write_all(b"hello").unwrap();
    let (client_inode, client_fd) = (inode(&client), client.as_raw_fd());
    let child = Child::new(&[&client], || ());
    drop(client);
    eventually("the bytes have arrived", || of(&look(Kinds::INET), client_inode).receive_queue == Some(5));

    let snapshot = look(Kinds::INET);
    assert_eq!(snapshot.objects.len(), 3, "{:#?}", snapshot.objects);
    let listening = place(&snapshot, inode(&server));
    let shown = socket(&snapshot.objects[listening]);
    assert_eq!(shown.state, Some(SocketState::Listening));
    assert_eq!((shown.pending, shown.backlog), (Some(0), Some(128)));
    assert_eq!(snapshot.holders(listening), [held(1, Role::Listener, Some(server.as_raw_fd()))]);
    for (this, other, local, remote) in
        [(client_inode, inode(&accepted), far, near), (inode(&accepted), client_inode, near, far)]
    {
        let object = &snapshot.objects[place(&snapshot, this)];
        assert_eq!(object.family(), Some(Family::Inet));
        let shown = socket(object);
        assert_eq!((shown.kind, shown.state), (Some(SocketType::Stream), Some(SocketState::Connected)));
        assert_eq!((shown.peer, shown.unaccepted), (Some(other), false));
        let inet = shown.inet.as_ref().unwrap();
        assert_eq!((inet.protocol, inet.local, inet.remote), (Protocol::Tcp, local, remote));
    }
    let holders = snapshot.holders(place(&snapshot, client_inode));
    assert_eq!(holders, [held(child.pid(), Role::Connected, Some(client_fd))]);
    let holders = snapshot.holders(place(&snapshot, inode(&accepted)));
    assert_eq!(holders, [held(1, Role::Connected, Some(accepted.as_raw_fd()))]);
    // The server's end goes first and the client's is reset: no TIME-WAIT is left for the next case.
    nix::sys::socket::setsockopt(
        &accepted,
        nix::sys::socket::sockopt::Linger,
        &libc::linger { l_onoff: 1, l_linger: 0 },
    )
    .unwrap();
    drop((server, accepted, child));
    eventually("all of it is gone", || look(Kinds::INET).objects.is_empty());
}

#[test]
fn connections_in_the_accept_queue_are_the_listeners() {
    isolated(|| {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = server.local_addr().unwrap();
        let client = Child::new(&[], || TcpStream::connect(near).unwrap());
        eventually("the connection is in the queue", || of(&look(Kinds::INET), inode(&server)).pending == Some(1));

        let snapshot = look(Kinds::INET);
        assert_eq!(snapshot.objects.len(), 3, "{:#?}", snapshot.objects);
        let waiting: Vec<usize> = (0..3).filter(|place| socket(&snapshot.objects[*place]).unaccepted).collect();
        assert_eq!(waiting.len(), 1);
        let shown = socket(&snapshot.objects[waiting[0]]);
        assert_eq!((shown.state, shown.inet.as_ref().unwrap().local), (Some(SocketState::Connected), near));
        let listener = [held(1, Role::Listener, Some(server.as_raw_fd()))];
        assert_eq!(snapshot.holders(waiting[0]), listener, "it has no file, so no process of its own");
        let address = snapshot.address(waiting[0]).to_string();
        assert!(address.starts_with(&format!("tcp:{near},")), "{address}");
        assert_eq!(one(&snapshot, &address), waiting[0]);

        let clients = (0..3).filter(|place| snapshot.holders(*place).iter().any(|h| h.pid == client.pid()));
        let clients: Vec<usize> = clients.collect();
        assert_eq!(clients.len(), 1);
        assert_eq!(socket(&snapshot.objects[clients[0]]).peer, Some(inode(&server)), "whom it waits for");
    });
}

#[test]
fn a_tcp_end_whose_partner_has_closed() {
    isolated(|| {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (accepted, _) = server.accept().unwrap();
        drop(client);
        // The other end, which no process has any more, stays until this one is closed too.
        eventually("the end of the stream has arrived and is confirmed", || {
            let snapshot = look(Kinds::INET);
            let left = snapshot.objects.iter().map(socket).filter(|s| s.state == Some(SocketState::FinWait2));
            left.count() == 1 && of(&snapshot, inode(&accepted)).state == Some(SocketState::CloseWait)
        });
    });
}

#[test]
fn udp_with_and_without_a_partner() {
    isolated(|| {
        let alone = UdpSocket::bind("127.0.0.1:0").unwrap();
        let [a, b] = ["[::1]:0", "[::1]:0"].map(|address| UdpSocket::bind(address).unwrap());
        a.connect(b.local_addr().unwrap()).unwrap();
        b.connect(a.local_addr().unwrap()).unwrap();
        let snapshot = look(Kinds::INET);
        assert_eq!(snapshot.objects.len(), 3);
        let shown = of(&snapshot, inode(&alone));
        assert_eq!((shown.kind, shown.state), (Some(SocketType::Dgram), Some(SocketState::Unconnected)));
        assert_eq!((shown.peer, shown.backlog, shown.pending), (None, None, None));
        let inet = shown.inet.as_ref().unwrap();
        assert_eq!((inet.protocol, inet.local), (Protocol::Udp, alone.local_addr().unwrap()));
        assert_eq!(inet.remote.port(), 0);
        for (this, other) in [(&a, &b), (&b, &a)] {
            let shown = of(&snapshot, inode(this));
            assert_eq!((shown.state, shown.peer), (Some(SocketState::Connected), Some(inode(other))));
            let holders = snapshot.holders(place(&snapshot, inode(this)));
            assert_eq!(holders, [held(1, Role::Connected, Some(this.as_raw_fd()))]);
        }
    });
}

#[test]
fn sockets_of_another_network_namespace_are_told_and_not_listed() {
    isolated(|| {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let child = Child::new(&[], || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
            (TcpListener::bind("0.0.0.0:0").unwrap(), UnixStream::pair().unwrap())
        });
        let snapshot = look(Kinds::UNIX | Kinds::INET);
        assert_eq!(snapshot.objects.len(), 1, "{:#?}", snapshot.objects);
        assert_eq!(place(&snapshot, inode(&server)), 0);
        let notes = &snapshot.visibility.notes;
        assert!(notes.iter().any(|note| note.contains("open sockets are not listed")), "{notes:?}");
        drop(child);
    });
}

#[test]
fn connecting_by_a_name_that_is_relative_or_shared() {
    isolated(|| {
        let [first, second] = ["first", "second"].map(|name| {
            let place = scratch().join(name);
            std::fs::create_dir(&place).unwrap();
            Child::new(&[], || {
                std::env::set_current_dir(&place).unwrap();
                listener(Path::new("same.sock"), 5)
            })
        });
        let client =
            nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        connect(client.as_raw_fd(), &UnixAddr::new(&scratch().join("second/same.sock")).unwrap()).unwrap();
        let snapshot = look(Kinds::UNIX);
        assert_eq!(snapshot.objects.len(), 3, "{:#?}", snapshot.objects);
        let peer = of(&snapshot, inode(&client)).peer.unwrap();
        let holders = snapshot.holders(place(&snapshot, peer));
        assert_eq!(holders.iter().map(|h| h.pid).collect::<Vec<_>>(), [second.pid()], "not the other one's");
        let ambiguous = ipcx::model::Address::parse("unix:same.sock").unwrap();
        assert_eq!(snapshot.find(&ambiguous).count(), 0, "the name does not lead to one of them");
        for place in 0..3 {
            assert_eq!(one(&snapshot, &snapshot.address(place).to_string()), place);
        }
        drop(first);
    });
}
