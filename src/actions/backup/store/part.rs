//! The file of one removal that is under way: contents come into it, it is sealed, and becomes a backup.

use super::{Stage, Store};
use crate::actions::backup::format::{self, RETURNED_AT, Record};
use crate::actions::backup::header::{Header, Layout};
use crate::kernel::mqueue::FILLER;
use crate::kernel::state_dir::StateFile;
use crate::kernel::{Error, Result};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

/// A pending file that is gone on with.
#[derive(Debug)]
pub(in crate::actions::backup) struct Resumed<'a> {
    pub(in crate::actions::backup) part: Part<'a>,
    /// What is whole in it.
    pub(in crate::actions::backup) records: Vec<Record>,
    /// Whether it has its end.
    pub(in crate::actions::backup) complete: bool,
    /// Behind that lies a message that was taken out, without its length.
    pub(in crate::actions::backup) in_flight: bool,
    /// Messages put back, and `RETURNING`.
    pub(in crate::actions::backup) returned: u64,
}

/// The file of a removal that is under way.
#[derive(Debug)]
pub(in crate::actions) struct Part<'a> {
    pub(super) store: &'a Store,
    pub(super) number: u64,
    pub(super) file: BufWriter<StateFile>,
    /// Where the first record begins.
    pub(super) body: u64,
    pub(super) records: u64,
    /// Length of the file, once it is sealed.
    pub(super) end: u64,
    pub(super) stage: Stage,
}

impl Part<'_> {
    /// The number by which it will be undone.
    pub(in crate::actions) const fn number(&self) -> u64 {
        self.number
    }

    /// Most bytes of contents.
    pub(in crate::actions) const fn max_size(&self) -> u64 {
        self.store.settings.max_size
    }

    pub(super) fn write_header(&mut self, header: &Header) -> Result<()> {
        let written = format::write_header(&mut self.file, header);
        self.body = written.map_err(|error| self.io(&error))?;
        // Not made durable yet: it has to outlive this process, and a machine that stops takes the object with it.
        self.flush()
    }

    /// Adds a piece of contents.
    pub(in crate::actions) fn push(&mut self, record: &Record) -> Result<()> {
        self.records += 1;
        format::write_record(&mut self.file, record).map_err(|error| self.io(&error))
    }

    /// Adds bytes of a segment or file.
    pub(in crate::actions) fn push_bytes(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.records += 1;
        format::write_bytes(&mut self.file, offset, bytes).map_err(|error| self.io(&error))
    }

    /// Has room for so many more bytes, and hands out the file and the place of the next record, for records to be written
    /// there by others; [`Part::took`] then tells how many.
    pub(in crate::actions) fn direct(&mut self, room: u64) -> Result<(&StateFile, u64)> {
        self.flush()?;
        let at = self.file.stream_position().map_err(|error| self.io(&error))?;
        self.file.get_mut().reserve(at + room)?;
        Ok((self.file.get_ref(), at))
    }

    /// So many records were written directly, up to this place.
    pub(in crate::actions) fn took(&mut self, records: u64, end: u64) -> Result<()> {
        self.records += records;
        self.seek(end)
    }

    pub(super) fn seek(&mut self, to: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(to)).map(drop).map_err(|error| self.io(&error))
    }

    /// Forgets all contents, to write them anew. A file that was ready is so no more.
    pub(in crate::actions) fn restart(&mut self) -> Result<()> {
        if self.stage == Stage::Ready {
            self.enter(Stage::Part)?;
        }
        self.flush()?;
        self.records = 0;
        self.file.get_ref().cut(self.body)?;
        self.seek(self.body)
    }

    /// Writes the end, makes all durable, and says that it is ready.
    pub(in crate::actions) fn seal(&mut self) -> Result<()> {
        format::write_end(&mut self.file, self.records).map_err(|error| self.io(&error))?;
        self.flush()?;
        let end = self.file.stream_position().map_err(|error| self.io(&error))?;
        self.file.get_ref().cut(end)?;
        self.end = end;
        self.store.has_room(end)?;
        self.file.get_ref().sync()?;
        self.enter(Stage::Ready)?;
        self.store.pending.sync()
    }

    /// A second file of the same object, which takes the place of this one when it is sealed.
    pub(in crate::actions) fn again(&mut self) -> Result<Self> {
        let mut file = self.store.pending.create(&format!("{}{}", self.number, Stage::Again.ending()))?;
        let input = self.file.get_mut();
        let copied = input.rewind().and_then(|()| std::io::copy(&mut input.take(self.body), &mut file));
        copied.map_err(|error| file.error(&error))?;
        Ok(Self { store: self.store, file: BufWriter::new(file), stage: Stage::Again, ..*self })
    }

    /// Says how many messages of a sealed file were put back.
    pub(in crate::actions::backup) fn set_returned(&mut self, number: u64) -> Result<()> {
        self.file.write_all(&number.to_le_bytes()).map_err(|error| self.io(&error))?;
        self.flush()?;
        self.file.seek(SeekFrom::Current(-8)).map(drop).map_err(|error| self.io(&error))
    }

    /// Makes ready for [`Part::set_returned`]; the present place is behind the last record.
    pub(in crate::actions::backup) fn begin_return(&mut self) -> Result<()> {
        self.enter(Stage::Refill)?;
        self.file.seek(SeekFrom::Current(RETURNED_AT as i64)).map(drop).map_err(|error| self.io(&error))
    }

    /// Length of the message that lies at the present place and has none: its end is where the filler begins.
    pub(in crate::actions::backup) fn unmeasured(&mut self, layout: Layout) -> Result<u32> {
        let at = self.file.stream_position().map_err(|error| self.io(&error))?;
        self.seek(at + layout.head)?;
        let mut bytes = Vec::new();
        let read = self.file.get_mut().read_to_end(&mut bytes);
        read.map_err(|error| self.io(&error))?;
        self.seek(at)?;
        Ok(bytes.iter().rposition(|byte| *byte != FILLER).map_or(0, |last| last as u32 + 1))
    }

    /// Says how far it came.
    pub(in crate::actions::backup) fn enter(&mut self, stage: Stage) -> Result<()> {
        if self.stage != stage {
            let (from, to) = (self.name(), format!("{}{}", self.number, stage.ending()));
            if self.stage == Stage::Again {
                self.store.pending.replace(&from, &to)?;
            } else {
                self.store.pending.rename(&from, &self.store.pending, &to)?;
            }
            self.stage = stage;
        }
        Ok(())
    }

    /// Makes a record of a message that lies at the present place with its bytes, but without length and the tag of a whole
    /// one.
    pub(in crate::actions::backup) fn tag(&mut self, layout: Layout, length: u32) -> Result<()> {
        let at = self.file.stream_position().map_err(|error| self.io(&error))?;
        self.seek(at + layout.length_at)?;
        self.file.write_all(&length.to_le_bytes()).map_err(|error| self.io(&error))?;
        self.seek(at)?;
        self.file.write_all(&[layout.tag]).map_err(|error| self.io(&error))?;
        self.took(1, at + layout.head + u64::from(length))
    }

    /// The object is gone: from now on it can be undone. A failure here loses nothing: the ready file is found.
    pub(in crate::actions) fn done(self) -> u64 {
        let moved = self.store.pending.rename(&self.name(), &self.store.dir, &format!("{}.backup", self.number));
        let _ = moved.and_then(|()| self.store.added(self.number, self.end));
        self.number
    }

    /// The object stays: nothing is to be undone.
    pub(in crate::actions) fn discard(self) {
        // One that stays behind names an object that is as it was, and is swept away later.
        let _ = self.store.pending.remove(&self.name());
    }

    fn name(&self) -> String {
        format!("{}{}", self.number, self.stage.ending())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| self.io(&error))
    }

    fn io(&self, error: &std::io::Error) -> Error {
        self.file.get_ref().error(error)
    }
}
