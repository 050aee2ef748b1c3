//! Counters of TCP in `/proc/net/netstat` (`net/ipv4/proc.c`): what listeners could not take.

use super::text::Numbers;
use super::{Error, Result, file};

/// Since the network namespace was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenDrops {
    /// Handshakes that found a backlog full (`ListenOverflows`).
    pub overflows: u64,
    /// Handshakes that were dropped for this or another reason (`ListenDrops`).
    pub drops: u64,
}

/// The calling thread's network namespace counts.
const PATH: &str = "/proc/thread-self/net/netstat";

/// Reads them. Needs no privilege. Errors: [`Error::NotFound`] on a kernel without TCP.
pub fn read_listen_drops() -> Result<ListenDrops> {
    let text = file::read(PATH)?;
    parse_listen_drops(&text).ok_or_else(|| Error::Malformed { what: PATH.into(), detail: "its TcpExt lines".into() })
}

/// A line of names stands above the line of their numbers, both behind `TcpExt:`.
pub fn parse_listen_drops(text: &[u8]) -> Option<ListenDrops> {
    let mut lines = text.split(|b| *b == b'\n').filter_map(|line| line.strip_prefix(b"TcpExt:"));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let of = |wanted: &[u8]| {
        let (mut names, mut numbers) = (Numbers::new(names), Numbers::new(numbers));
        loop {
            let (name, number) = (names.field()?, numbers.unsigned());
            if name == wanted {
                return number;
            }
        }
    };
    Some(ListenDrops { overflows: of(b"ListenOverflows")?, drops: of(b"ListenDrops")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_stand_below_their_names() {
        let text =
            b"TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPAbort\nTcpExt: 9 3 4 7\nIpExt: In\nIpExt: 5\n";
        assert_eq!(parse_listen_drops(text), Some(ListenDrops { overflows: 3, drops: 4 }));
        assert_eq!(parse_listen_drops(b"TcpExt: ListenOverflows\nTcpExt: 3\n"), None);
        assert_eq!(parse_listen_drops(b""), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in "(TcpExt: (ListenDrops|[0-9a-z -]{0,9}|\n){0,9})*") {
            let _ = parse_listen_drops(text.as_bytes());
        }
    }
}
