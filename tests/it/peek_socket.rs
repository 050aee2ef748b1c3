//! `ipcx peek` on sockets: what would be read next, and everything that is the owner's stays the owner's.

use crate::support::cli::{ipcx, ipcx_as, ipcx_bytes, json, place};
use crate::support::sockets::{receive_descriptors, send_descriptor};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, sockets};
use ipcx::actions::{Care, PeekRequest, Refusal, Target, plan_peek};
use ipcx::model::Address;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::fstat;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

fn address(socket: impl AsFd) -> String {
    format!("socket:[{}]", fstat(socket).unwrap().st_ino)
}

fn peek(socket: impl AsFd) -> Value {
    json(&["peek", "--json", &address(socket)])
}

#[test]
fn unread_bytes_of_a_stream() {
    isolated(|| {
        let (mut one, mut other) = UnixStream::pair().unwrap();
        one.write_all(b"some ").unwrap();
        one.write_all(b"\x1b[31m bytes").unwrap();
        let document = peek(&other);
        assert_eq!((&document["schema"], &document["type"]), (&json!("ipcx.peek/1"), &json!("stream")));
        assert_eq!((&document["data"], &document["length"]), (&json!("some \u{1b}[31m bytes"), &json!(16)));
        assert_eq!(document["source"]["pid"], 1);
        let ran = ipcx(&["peek", &address(&other)]);
        assert!(ran.status == 0 && ran.out.contains("16 bytes waiting") && !ran.out.contains('\x1b'), "{}", ran.out);
        assert_eq!(ipcx_bytes(&["peek", "--raw", &address(&other)]).1, b"some \x1b[31m bytes");
        let empty = ipcx(&["peek", &address(&one)]);
        assert!(empty.status == 0 && empty.out.contains("nothing waits"), "{}", empty.out);
        assert_eq!(peek(&one)["data"], "");
        let mut bytes = [0; 16];
        other.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"some \x1b[31m bytes");
        drop(other);
        let ran = ipcx(&["peek", &address(&one)]);
        assert!(ran.status == 0 && ran.err.contains("has closed"), "{}{}", ran.out, ran.err);
    });
}

#[test]
fn the_first_of_datagrams_and_packets() {
    isolated(|| {
        let (one, other) = UnixDatagram::pair().unwrap();
        one.send(&vec![b'd'; 100_000]).unwrap();
        one.send(b"second").unwrap();
        let document = peek(&other);
        assert_eq!((&document["length"], &document["type"]), (&json!(100_000), &json!("dgram")));
        assert!(document["notes"][0].as_str().unwrap().contains("first"));
        assert_eq!(other.recv(&mut vec![0; 100_001]).unwrap(), 100_000);
        assert_eq!(peek(&other)["data"], "second");
        other.recv(&mut [0; 9]).unwrap();
        assert_eq!(peek(&other)["notes"], json!([]));
        one.send(b"").unwrap();
        assert!(peek(&other)["notes"][0].as_str().unwrap().contains("0 bytes"));

        let kind = SockType::SeqPacket;
        let (one, other) = socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC).unwrap();
        nix::unistd::write(&one, b"packet").unwrap();
        nix::unistd::write(&one, b"another").unwrap();
        assert_eq!((&peek(&other)["data"], &peek(&other)["type"]), (&json!("packet"), &json!("seqpacket")));
        assert_eq!(peek(&one)["data"], "");
    });
}

#[test]
fn descriptors_on_their_way_stay_on_their_way() {
    isolated(|| {
        let (mut one, other) = UnixStream::pair().unwrap();
        let (reader, writer) = nix::unistd::pipe().unwrap();
        one.write_all(b"before ").unwrap();
        send_descriptor(&one, b"with", &writer);
        one.write_all(b" after").unwrap();
        drop(writer);
        let document = peek(&other);
        assert_eq!(document["data"], "before with", "as far as a look reaches");
        assert_eq!(document["buffered"], 17);
        assert!(document["notes"][0].as_str().unwrap().contains("11 of 17"));
        let (bytes, fds) = receive_descriptors(&other);
        assert_eq!((&*bytes, fds.len()), (&b"before with"[..], 1));
        // The one that was received is the last: nobody else has the writing end.
        drop(fds);
        assert_eq!(nix::unistd::read(&reader, &mut [0]).unwrap(), 0);

        let (one, other) = UnixDatagram::pair().unwrap();
        send_descriptor(&one, b"datagram", &reader);
        assert_eq!(peek(&other)["data"], "datagram");
        assert_eq!(receive_descriptors(&other).1.len(), 1);
    });
}

#[test]
fn no_descriptor_is_left_in_the_looker() {
    isolated(|| {
        let (one, other) = UnixStream::pair().unwrap();
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        send_descriptor(&one, b"x", &reader);
        let address = Address::parse(&address(&other)).unwrap();
        let target = Target::Address(address);
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        let plan = plan_peek(&target).unwrap();
        plan.run(&PeekRequest::default(), Care::default()).unwrap();
        assert_eq!(open(), before);
    });
}

#[test]
fn a_listener_has_no_data_but_clients() {
    isolated(|| {
        let path = place("s\u{1b}");
        let _listener = UnixListener::bind(&path).unwrap();
        let clients = [UnixStream::connect(&path).unwrap(), UnixStream::connect(&path).unwrap()];
        let name = format!("unix:{}", path.display());
        let ran = ipcx(&["peek", &name]);
        assert!(ran.status == 0 && ran.out.contains("listening, 2 connections waiting"), "{}{}", ran.out, ran.err);
        assert!(ran.out.contains(r"s\x1b: stream"), "{}", ran.out);
        let document = json(&["peek", "-J", &name]);
        assert_eq!((&document["state"], &document["pending"]), (&json!("listening"), &json!(2)));
        assert_eq!((&document["data"], &document["address"]), (&json!(null), &json!(name.replace('\u{1b}', r"\x1b"))));
        drop(clients);
        let stale = place("stale");
        drop(UnixListener::bind(&stale).unwrap());
        let ran = ipcx(&["peek", stale.to_str().unwrap()]);
        assert!(ran.status == 1 && ran.err.contains("no socket is bound"), "{}", ran.err);
    });
}

#[test]
fn tcp_and_udp() {
    isolated(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(b"over tcp").unwrap();
        assert_eq!(peek(&server)["data"], "over tcp");
        let mut bytes = [0; 8];
        server.read_exact(&mut bytes).unwrap();
        assert_eq!(peek(&listener)["state"], "listening");
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"over udp", udp.local_addr().unwrap()).unwrap();
        assert_eq!(peek(&udp)["data"], "over udp");
        assert_eq!(udp.recv(&mut [0; 9]).unwrap(), 8);
    });
}

#[test]
fn an_error_and_a_mark_are_the_owners() {
    isolated(|| {
        // A datagram to where nobody listens comes back as an error, for the sender to find.
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        sender.connect(nobody).unwrap();
        sender.send(b"hello").unwrap();
        let ran = ipcx(&["peek", &address(&sender)]);
        assert!(ran.status == 0 && ran.err.contains("an error waits"), "{}{}", ran.out, ran.err);
        let error = sender.recv(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused, "the owner still gets it");

        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(b"abcdef").unwrap();
        sockets::set_peek_offset(&other, 2);
        let ran = ipcx(&["peek", &address(&other)]);
        assert!(ran.status == 0 && ran.err.contains("SO_PEEK_OFF"), "{}{}", ran.out, ran.err);
        assert_eq!(json(&["peek", "-J", &address(&other)])["data"], json!(null));
        assert_eq!(sockets::peek_offset(&other), 2);
    });
}

#[test]
fn where_cgroups_tag_sockets_they_are_left_alone() {
    isolated(|| {
        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(b"tagged").unwrap();
        let table = place("cgroups");
        std::fs::write(&table, "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t9\t1\t1\n").unwrap();
        let (nothing, bind) = (None::<&str>, nix::mount::MsFlags::MS_BIND);
        nix::mount::mount(Some(&table), "/proc/cgroups", nothing, bind, nothing).unwrap();
        let address = address(&other);
        let ran = ipcx(&["peek", &address]);
        assert!(ran.status == 4 && ran.err.contains("net_cls") && ran.err.contains("--force"), "{}", ran.err);
        assert!(ipcx(&["peek", "--force", &address]).out.ends_with("tagged\n"));
        for refused in [&["--read-only", "peek", "--force"][..], &["peek", "--no-trace", "--force"]] {
            assert_eq!(ipcx(&[refused, &[&address]].concat()).status, 4);
        }
    });
}

#[test]
fn an_ordinary_user_cannot_borrow() {
    isolated_with_users(|| {
        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(b"secret").unwrap();
        let ran = ipcx_as(NOBODY, &["peek", &address(&other)]);
        assert_eq!((ran.status, &*ran.out), (3, ""), "{}", ran.err);
    });
}

#[test]
fn what_was_closed_is_not_looked_into() {
    isolated(|| {
        let (_one, other) = UnixStream::pair().unwrap();
        let address = Address::parse(&address(&other)).unwrap();
        let plan = plan_peek(&Target::Address(address)).unwrap();
        let mut other = OwnedFd::from(other);
        let (replaced, _partner) = UnixStream::pair().unwrap();
        nix::unistd::dup2(&replaced, &mut other).unwrap();
        let refused = plan.run(&PeekRequest::default(), Care::default()).unwrap_err();
        assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    });
}
