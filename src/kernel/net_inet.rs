//! TCP and UDP sockets without `INET_DIAG`: the text of `/proc/net/tcp`, `tcp6`, `udp` and `udp6`.
//!
//! Follows `man 5 proc_net`, `get_tcp4_sock` in `net/ipv4/tcp_ipv4.c` and its three sisters. There are no cookies, no
//! backlogs and no interfaces of link-local addresses, so [`super::inet_diag`] comes first. The parser in `procfs` gives
//! up the whole file for one line it does not understand (a state that is newer than it), and this must not.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::inet_diag::{InetRecord, Table, read_all};
use super::{Error, Result};

/// Calls `each` for every TCP and UDP socket of the calling thread's network namespace. Needs no privilege.
///
/// A file that could not be read is skipped, and the returned notes say which and why, and how many lines made no sense.
///
/// # Errors
/// Only if no file could be read: `NotFound` without `CONFIG_INET`, `Permission` where a sandbox hides `/proc`.
pub fn read_net_inet(each: &mut dyn FnMut(InetRecord)) -> Result<Vec<String>> {
    read_all(|table| read_net_table(table, each))
}

/// Reads one file, and returns a note if lines of it made no sense.
pub fn read_net_table(table: Table, each: &mut dyn FnMut(InetRecord)) -> Result<Option<String>> {
    // The calling thread's namespace counts, which /proc/net (of the process) need not be.
    let path = format!("/proc/thread-self/net/{}", table.file_name());
    let text = std::fs::read(&path).map_err(|e| Error::from_io(&path, &e))?;
    let skipped = parse_net_inet(table, &text, each);
    Ok((skipped > 0).then(|| format!("{path}: {skipped} lines make no sense")))
}

/// Reads the whole file behind its heading, and returns how many lines it could not make sense of.
///
/// Cookies are 0. A listener has its waiting connections in `receive_queue`, but 0 in `send_queue`.
pub fn parse_net_inet(table: Table, text: &[u8], each: &mut dyn FnMut(InetRecord)) -> usize {
    let mut skipped = 0;
    for line in text.split(|&b| b == b'\n').skip(1).filter(|line| !line.is_empty()) {
        match parse_line(table, line) {
            Some(record) => each(record),
            None => skipped += 1,
        }
    }
    skipped
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
fn parse_line(table: Table, line: &[u8]) -> Option<InetRecord> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let _slot = fields.next()?.strip_suffix(b":")?;
    let local = address(table, fields.next()?)?;
    let remote = address(table, fields.next()?)?;
    let state = hex(fields.next()?, 2)? as u8;
    let (send, receive) = halves(fields.next()?)?;
    let mut rest = fields.skip(2); // timer, retransmissions
    Some(InetRecord {
        protocol: table.protocol(),
        state,
        local,
        remote,
        uid: decimal(rest.next()?)?.try_into().ok()?,
        inode: decimal(rest.nth(1)?)?,
        cookie: 0,
        receive_queue: hex(receive, 8)?,
        send_queue: hex(send, 8)?,
    })
}

/// `0100007F:1F90`: each word of the address as the host reads it from network order, the port as a number.
fn address(table: Table, text: &[u8]) -> Option<SocketAddr> {
    let (words, port) = halves(text)?;
    let port = hex(port, 4)? as u16;
    if table.is_v6() {
        let mut octets = [0; 16];
        if words.len() != 32 {
            return None;
        }
        for (octets, word) in octets.chunks_exact_mut(4).zip(words.chunks_exact(8)) {
            octets.copy_from_slice(&hex(word, 8)?.to_ne_bytes());
        }
        Some((Ipv6Addr::from(octets), port).into())
    } else {
        Some((Ipv4Addr::from(hex(words, 8)?.to_ne_bytes()), port).into())
    }
}

fn halves(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (left, right) = text.split_at_checked(memchr::memchr(b':', text)?)?;
    Some((left, right.get(1..)?))
}

/// A hexadecimal number of exactly `width` digits, 8 at most.
fn hex(digits: &[u8], width: usize) -> Option<u32> {
    if digits.len() != width {
        return None;
    }
    digits.iter().try_fold(0, |number, &b| Some(number << 4 | char::from(b).to_digit(16)?))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None; // parse() would accept a sign
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use nix::sys::stat::fstat;
    use proptest::prelude::*;

    use super::*;
    use crate::model::Protocol;

    const HEADING: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const TCP: &str = "   0: 0100007F:1F90 0200007F:0016 0A 00000001:00000010 00:00000000 00000000  1000        0 12345 1 00000000fb20ba26 100 0 0 10 0\n";
    const TCP6: &str = "   1: 000080FE00000000FF71CC084E40D1FE:8E75 0000000000000000FFFF00000100007F:E27C 06 00000000:00000000 03:0000176F 00000000     0        0 0 3 00000000046c0bf4\n";

    fn parse(table: Table, text: &str) -> (Vec<InetRecord>, usize) {
        let mut rows = Vec::new();
        let skipped = parse_net_inet(table, text.as_bytes(), &mut |record| rows.push(record));
        (rows, skipped)
    }

    // The text is what a little-endian kernel prints.
    #[cfg(target_endian = "little")]
    #[test]
    fn rows_of_both_families() {
        let expected = InetRecord {
            protocol: Protocol::Tcp,
            state: 10,
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "127.0.0.2:22".parse().unwrap(),
            inode: 12_345,
            uid: 1000,
            cookie: 0,
            receive_queue: 16,
            send_queue: 1,
        };
        assert_eq!(parse(Table::Tcp4, &format!("{HEADING}{TCP}")), (vec![expected], 0));
        let (rows, skipped) = parse(Table::Udp6, &format!("{HEADING}{TCP6}"));
        assert_eq!((rows[0].protocol, rows[0].state, rows[0].inode, skipped), (Protocol::Udp, 6, 0, 0));
        assert_eq!(rows[0].local, "[fe80::8cc:71ff:fed1:404e]:36469".parse().unwrap());
        assert_eq!(rows[0].remote, "[::ffff:127.0.0.1]:57980".parse().unwrap());
    }

    #[test]
    fn a_bad_line_loses_one_line() {
        let text = format!("{HEADING}{}{TCP}   0: 0100007F:1F90\n{TCP6}{}", TCP.replace("0A", "+A"), TCP.trim_end());
        let (rows, skipped) = parse(Table::Tcp4, &text);
        assert_eq!((rows.len(), skipped), (2, 3));
        assert_eq!(parse(Table::Tcp6, &format!("{HEADING}{TCP}")), (vec![], 1));
    }

    #[test]
    fn own_sockets_are_listed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut rows = Vec::new();
        match read_net_inet(&mut |record| rows.push(record)) {
            Ok(notes) => assert!(notes.iter().all(|note| note.contains("not found")), "{notes:?}"),
            Err(error) => return eprintln!("skipped: {error}"),
        }
        let find = |inode| {
            let row = rows.iter().find(|r| r.inode == inode).unwrap();
            (row.protocol, row.state, row.local, row.remote)
        };
        let none = "0.0.0.0:0".parse().unwrap();
        let (bound, from) = (listener.local_addr().unwrap(), client.local_addr().unwrap());
        assert_eq!(find(fstat(&listener).unwrap().st_ino), (Protocol::Tcp, 10, bound, none));
        assert_eq!(find(fstat(&client).unwrap().st_ino), (Protocol::Tcp, 1, from, bound));
        assert_eq!(find(fstat(&udp).unwrap().st_ino), (Protocol::Udp, 7, udp.local_addr().unwrap(), none));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for table in Table::ALL {
                parse_net_inet(table, &bytes, &mut |_| {});
            }
        }

        #[test]
        fn damaged_rows_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9)) {
            let mut text = format!("{HEADING}{TCP}{TCP6}").into_bytes();
            for (at, byte) in edits {
                let at = at.index(text.len());
                text[at] = byte;
            }
            for table in Table::ALL {
                parse_net_inet(table, &text, &mut |_| {});
            }
        }
    }
}
