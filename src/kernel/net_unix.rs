//! Unix sockets without `UNIX_DIAG`: the text of `/proc/net/unix`, which knows neither partners nor queues nor owners.
//!
//! Follows `man 5 proc_net` and `unix_seq_show` in `net/unix/af_unix.c`. The text is not lossless: a NUL inside an
//! abstract name is printed as `@`, a relative path that begins with `@` looks abstract, and a name that holds a newline
//! and a perfect row forges that row. So [`super::unix_diag`] comes first. `procfs` has a parser too, but it fails as a
//! whole on names that are not UTF-8 or hold newlines.

use super::unix_diag::{CLOSE, ESTABLISHED, LISTEN, UnixRecord};
use super::{Error, Result};
use crate::model::SocketType;

/// The calling thread's namespace counts, which `/proc/net` (of the process) need not be.
const PATH: &str = "/proc/thread-self/net/unix";
/// `__SO_ACCEPTCON` in the column Flags.
const ACCEPTS: u32 = 0x1_0000;

/// Calls `each` for every unix socket of the calling thread's network namespace; rows with inode 0 are connections that
/// were not accepted yet. Needs no privilege.
///
/// # Errors
/// `NotFound` without `CONFIG_UNIX`, `Permission` where a sandbox hides `/proc`.
pub fn read_net_unix(each: &mut dyn FnMut(UnixRecord)) -> Result<()> {
    let text = std::fs::read(PATH).map_err(|e| Error::from_io(PATH, &e))?;
    parse_net_unix(&text, each);
    Ok(())
}

/// Reads the whole file. A line that is no row continues the name before it, which held a newline; the heading and other
/// lines are skipped.
///
/// Of a record, `kind`, `state`, `inode`, `name` and `abstract_name` are filled in; the cookie is 0.
pub fn parse_net_unix(text: &[u8], each: &mut dyn FnMut(UnixRecord)) {
    let mut start = 0;
    // The row that ends only when the next one begins.
    let mut open: Option<UnixRecord> = None;
    let ends = memchr::memchr_iter(b'\n', text).chain((!text.ends_with(b"\n")).then_some(text.len()));
    for end in ends {
        let line = text.get(start..end).unwrap_or_default();
        start = end + 1;
        if let Some(record) = parse_line(line) {
            if let Some(complete) = open.replace(record) {
                each(complete);
            }
        } else if let Some(name) = open.as_mut().and_then(|record| record.name.as_mut()) {
            *name = [name, &b"\n"[..], line].concat().into();
        }
    }
    if let Some(complete) = open {
        each(complete);
    }
}

/// `Num: RefCount Protocol Flags Type St Inode Path`, in the widths of `unix_seq_show`.
fn parse_line(line: &[u8]) -> Option<UnixRecord> {
    let (address, rest) = line.split_at_checked(memchr::memchr(b':', line)?)?;
    if address.is_empty() || !address.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let rest = rest.strip_prefix(b":")?;
    let (_references, rest) = hex(rest, 8)?;
    let (_protocol, rest) = hex(rest, 8)?;
    let (flags, rest) = hex(rest, 8)?;
    let (kind, rest) = hex(rest, 4)?;
    let (state, rest) = hex(rest, 2)?;
    let rest = rest.trim_ascii_start(); // the inode is padded to five columns
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (inode, rest) = rest.split_at_checked(digits)?;
    let (name, abstract_name) = match rest {
        [] => (None, false),
        [b' ', b'@', name @ ..] => (Some(name.into()), true),
        [b' ', path @ ..] => (Some(path.into()), false),
        _ => return None,
    };
    Some(UnixRecord {
        kind: SocketType::from_raw(u8::try_from(kind).ok()?)?,
        state: match state {
            _ if flags & ACCEPTS != 0 => LISTEN,
            2 | 3 => ESTABLISHED, // SS_CONNECTING is how a connection that was not accepted yet is printed
            _ => CLOSE,
        },
        inode: std::str::from_utf8(inode).ok()?.parse().ok()?,
        cookie: 0,
        name,
        abstract_name,
        file: None,
        peer: None,
        pending_clients: Box::default(),
        queue: None,
        shutdown: 0,
        uid: None,
    })
}

/// A blank and a hexadecimal number of exactly `width` digits (8 at most), and what follows.
fn hex(text: &[u8], width: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.strip_prefix(b" ")?.split_at_checked(width)?;
    let number = digits.iter().try_fold(0, |number, &b| Some(number << 4 | char::from(b).to_digit(16)?))?;
    Some((number, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

    use nix::sys::stat::fstat;
    use proptest::prelude::*;

    use super::*;

    const HEADING: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n";

    fn parse(text: &[u8]) -> Vec<UnixRecord> {
        let mut rows = Vec::new();
        parse_net_unix(text, &mut |record| rows.push(record));
        rows
    }

    #[test]
    fn rows_of_every_state() {
        let text = format!(
            "{HEADING}0000000040799bfc: 00000002 00000000 00010000 0005 01 10534 /run/a b \n\
             000000006682405e: 00000002 00000000 00000000 0002 01   536\n\
             0000000000000000: 00000003 00000000 00000000 0001 03 4294967295 @\n\
             0000000000000000: 00000003 00000000 00000000 0001 02     0 @x@y"
        );
        let rows: Vec<_> =
            parse(text.as_bytes()).into_iter().map(|r| (r.kind, r.state, r.inode, r.name, r.abstract_name)).collect();
        let name = |text: &str| Some(text.as_bytes().into());
        let expected = [
            (SocketType::Seqpacket, LISTEN, 10_534, name("/run/a b "), false),
            (SocketType::Dgram, CLOSE, 536, None, false),
            (SocketType::Stream, ESTABLISHED, 4_294_967_295, name(""), true),
            (SocketType::Stream, ESTABLISHED, 0, name("x@y"), true),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_name_with_newlines_is_put_together() {
        let row = "0000000040799bfc: 00000002 00000000 00000000 0001 01 10534";
        let text = format!("{HEADING}{row}\nnobody's line\n{row} /a\n\nb: \n{row} /c\n");
        let names: Vec<_> = parse(text.as_bytes()).into_iter().map(|r| r.name).collect();
        assert_eq!(names, [None, Some(b"/a\n\nb: "[..].into()), Some(b"/c"[..].into())]);
    }

    #[test]
    fn damaged_lines_are_no_rows() {
        for line in [
            "",
            ":",
            ": 00000002 00000000 00000000 0001 01 1",
            "0: 00000002 00000000 00000000 0001 01",
            "0: 00000002 00000000 00000000 0001 01 1x",
            "0: 00000002 00000000 00000000 0009 01 1",
            "0: +0000002 00000000 00000000 0001 01 1",
            "0: 00000002 00000000 00000000 0001 01 99999999999999999999",
        ] {
            assert_eq!(parse_line(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn own_sockets_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a\nb");
        let listener = UnixListener::bind(&path).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        let name = [&b"net_unix\n\x1b\xff\0@"[..], &std::process::id().to_be_bytes()].concat();
        let dgram = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let printed: Box<[u8]> = name.iter().map(|&b| if b == 0 { b'@' } else { b }).collect();
        let path: Box<[u8]> = path.as_os_str().as_encoded_bytes().into();
        let (il, ic, id) =
            (fstat(&listener).unwrap().st_ino, fstat(&client).unwrap().st_ino, fstat(&dgram).unwrap().st_ino);
        let mut rows = Vec::new();
        read_net_unix(&mut |record| rows.push(record)).unwrap();
        let find =
            |inode| rows.iter().find(|r| r.inode == inode).map(|r| (r.kind, r.state, r.name.clone(), r.abstract_name));
        assert_eq!(find(il), Some((SocketType::Stream, LISTEN, Some(path.clone()), false)));
        assert_eq!(find(ic), Some((SocketType::Stream, ESTABLISHED, None, false)));
        assert_eq!(find(id), Some((SocketType::Dgram, CLOSE, Some(printed), true)));
        assert!(
            rows.iter().any(|r| r.inode == 0 && r.state == ESTABLISHED && r.name.as_ref() == Some(&path)),
            "embryo"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            parse(&bytes);
        }

        #[test]
        fn damaged_rows_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9)) {
            let mut text = format!("{HEADING}0000000040799bfc: 00000002 00000000 00010000 0001 01 10534 /run/x\n").into_bytes();
            for (at, byte) in edits {
                let at = at.index(text.len());
                text[at] = byte;
            }
            parse(&text);
        }
    }
}
