//! The form of a backup: a line that names it, a header in JSON with all attributes, and records with the contents, the
//! last of which says how many there are, so that a file cut short is known as one.
//!
//! ```text
//! ipcx.backup/1\n  u32 length of the header  header  record…  end
//! record: u8 tag, then (numbers little-endian)
//!   1 message of a System V queue   u32 length, i64 type, bytes         (as kernel::messages::drain lays it out)
//!   2 message of a POSIX queue      u32 priority, u32 length, bytes     (as kernel::mqueue::Queue::drain lays it out)
//!   3 bytes of a segment or file    u64 offset, u32 length, bytes       (what is not covered is zeros)
//!   4 semaphore values              u32 count, u16 each
//!   7 message of a POSIX queue that is just being taken out: u32 priority, all bits set until it is
//!   8 message of a System V queue that is just being taken out: u32, i64 type, 0 until it is
//! end: 255, u64 number of records, u64 how many messages were put back, RETURNING set while one is
//! ```

use super::header::Header;
use crate::kernel::messages::{TAKEN, TAKING};
use crate::kernel::mqueue::{DRAINED, NO_PRIORITY, RECEIVING};
use crate::model::Message;
use std::io::{self, Read, Write};

const MAGIC: &[u8] = b"ipcx.backup/1\n";
const BYTES: u8 = 3;
const VALUES: u8 = 4;
const END: u8 = 255;

/// Longest record that is believed: a damaged length must not ask for all memory.
const LONGEST: u32 = 1 << 30;

/// A piece of an object's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Of a System V queue, oldest first.
    Message(Message),
    /// Of a POSIX queue, in the order in which they would be received.
    PosixMessage {
        /// Priority.
        priority: u32,
        /// Bytes.
        data: Vec<u8>,
    },
    /// Of a segment or file.
    Bytes {
        /// Where they belong.
        offset: u64,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Of a semaphore set.
    Values(Vec<u16>),
}

/// Writes name and header; returns how many bytes that were.
pub(super) fn write_header(out: &mut impl Write, header: &Header) -> io::Result<u64> {
    let json = serde_json::to_vec(header)?;
    let length = u32::try_from(json.len()).map_err(|_| invalid("its header"))?;
    out.write_all(MAGIC)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&json)?;
    Ok((MAGIC.len() + size_of::<u32>()) as u64 + u64::from(length))
}

/// Writes a record.
pub(super) fn write_record(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| invalid("a record's length"));
    match record {
        Record::Message(message) => {
            out.write_all(&[TAKEN])?;
            out.write_all(&length(&message.data)?.to_le_bytes())?;
            out.write_all(&message.kind.to_le_bytes())?;
            out.write_all(&message.data)
        }
        Record::PosixMessage { priority, data } => {
            out.write_all(&[DRAINED])?;
            out.write_all(&priority.to_le_bytes())?;
            out.write_all(&length(data)?.to_le_bytes())?;
            out.write_all(data)
        }
        Record::Bytes { offset, data } => write_bytes(out, *offset, data),
        Record::Values(values) => {
            out.write_all(&[VALUES])?;
            let count = u32::try_from(values.len()).map_err(|_| invalid("a record's length"))?;
            out.write_all(&count.to_le_bytes())?;
            values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        }
    }
}

/// Writes a record of bytes without owning them.
pub(super) fn write_bytes(out: &mut impl Write, offset: u64, data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(|_| invalid("a record's length"))?;
    out.write_all(&[BYTES])?;
    out.write_all(&offset.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(data)
}

/// Writes the end.
pub(super) fn write_end(out: &mut impl Write, records: u64) -> io::Result<()> {
    out.write_all(&[END])?;
    out.write_all(&records.to_le_bytes())?;
    // Room for the number of messages put back, so that writing that takes no more space.
    out.write_all(&0u64.to_le_bytes())
}

/// Bytes of the end.
pub(super) const END_LENGTH: u64 = 17;

/// How far behind the last record the number of messages put back stands, bytes.
pub(super) const RETURNED_AT: u64 = 9;

/// Set in that number while the next message is being put back.
pub(super) const RETURNING: u64 = 1 << 63;

/// Reads name and header, and leaves the rest to [`Records`]. Also says how many bytes that were.
pub(super) fn read_header(input: &mut impl Read) -> io::Result<(Header, u64)> {
    let mut magic = [0; MAGIC.len()];
    input.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(invalid("its first line"));
    }
    let json = read_bytes(input)?;
    let header = serde_json::from_slice(&json).map_err(|_| invalid("its header"))?;
    Ok((header, (MAGIC.len() + size_of::<u32>() + json.len()) as u64))
}

/// Reads records one by one, to the end or to where it was cut short.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: Counted<R>,
    /// Records read.
    pub(super) count: u64,
    /// Bytes of the whole records that were read.
    pub(super) whole: u64,
    /// Whether the end was read, and was right.
    pub(super) complete: bool,
    /// Behind the last whole record is a message that was taken out of its queue, without its length.
    pub(super) in_flight: bool,
    /// Messages put back, and [`RETURNING`].
    pub(super) returned: u64,
}

/// Counts what is read.
#[derive(Debug)]
struct Counted<R> {
    input: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R: Read> Records<R> {
    /// Of input behind the header.
    pub(super) const fn new(input: R) -> Self {
        let input = Counted { input, bytes: 0 };
        Self { input, count: 0, whole: 0, complete: false, in_flight: false, returned: 0 }
    }

    /// The next record, `None` at the end. Errors: the file is cut short or damaged.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let input = &mut self.input;
        let record = match number::<1>(input)?[0] {
            TAKEN => {
                let length = u32::from_le_bytes(number(input)?);
                let kind = i64::from_le_bytes(number(input)?);
                Record::Message(Message { kind, data: read_length(input, length)? })
            }
            DRAINED => Record::PosixMessage { priority: u32::from_le_bytes(number(input)?), data: read_bytes(input)? },
            BYTES => Record::Bytes { offset: u64::from_le_bytes(number(input)?), data: read_bytes(input)? },
            VALUES => {
                let count = u32::from_le_bytes(number(input)?);
                if count > LONGEST {
                    return Err(invalid("a record's length"));
                }
                let values: io::Result<Vec<u16>> =
                    (0..count).map(|_| Ok(u16::from_le_bytes(number(&mut *input)?))).collect();
                Record::Values(values?)
            }
            END => {
                if u64::from_le_bytes(number(input)?) != self.count {
                    return Err(invalid("the number of its records"));
                }
                self.returned = u64::from_le_bytes(number(input)?);
                self.complete = true;
                return Ok(None);
            }
            RECEIVING => {
                self.in_flight = u32::from_le_bytes(number(input)?) != NO_PRIORITY;
                return Err(invalid("a message that was being taken out"));
            }
            TAKING => {
                let _: [u8; 4] = number(input)?;
                self.in_flight = i64::from_le_bytes(number(input)?) != 0;
                return Err(invalid("a message that was being taken out"));
            }
            _ => return Err(invalid("a record")),
        };
        self.count += 1;
        self.whole = self.input.bytes;
        Ok(Some(record))
    }
}

fn number<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = u32::from_le_bytes(number(input)?);
    read_length(input, length)
}

fn read_length(input: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    if length > LONGEST {
        return Err(invalid("a record's length"));
    }
    let mut bytes = Vec::new();
    // Grows as bytes come, whatever the length claims.
    let read = input.take(length.into()).read_to_end(&mut bytes)?;
    if read == length as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::header::{About, Access, Saved};
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        let access = Access { uid: 7, gid: Some(8), mode: 0o640 };
        Header {
            about: About {
                number: 3,
                batch: "b".into(),
                address: "queue:/x".into(),
                description: "d".into(),
                boot: "b".into(),
                namespace: Some(1),
            },
            object: Saved::PosixQueue {
                name: b"\xff\n\\".to_vec(),
                file: (0, 1, 2),
                access,
                limit_messages: 10,
                max_message_bytes: 20,
                held: (1, 2),
                kept: true,
            },
        }
    }

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
        let record = prop_oneof![
            (any::<i64>(), bytes()).prop_map(|(kind, data)| Record::Message(Message { kind, data })),
            (any::<u32>(), bytes()).prop_map(|(priority, data)| Record::PosixMessage { priority, data }),
            (any::<u64>(), bytes()).prop_map(|(offset, data)| Record::Bytes { offset, data }),
            proptest::collection::vec(any::<u16>(), 0..20).prop_map(Record::Values),
        ];
        proptest::collection::vec(record, 0..6)
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut out = Vec::new();
        assert_eq!(write_header(&mut out, &header()).unwrap(), out.len() as u64);
        for record in records {
            write_record(&mut out, record).unwrap();
        }
        write_end(&mut out, records.len() as u64).unwrap();
        out
    }

    fn read(bytes: &[u8]) -> io::Result<(Header, Vec<Record>)> {
        let mut input = bytes;
        let (header, _) = read_header(&mut input)?;
        let mut records = Records::new(input);
        let mut read = Vec::new();
        while let Some(record) = records.next()? {
            read.push(record);
        }
        assert!(records.complete);
        Ok((header, read))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(records in records()) {
            prop_assert_eq!(read(&written(&records)).unwrap(), (header(), records));
        }

        #[test]
        fn a_cut_is_noticed(records in records(), at in any::<prop::sample::Index>()) {
            let bytes = written(&records);
            prop_assert!(read(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut records = Records::new(&bytes[..]);
            while let Ok(Some(_)) = records.next() {}
            let _ = read_header(&mut &bytes[..]);
        }
    }
}
