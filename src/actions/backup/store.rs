//! The directory of the backups: numbers, files being written, files to undo, and which have to go.

use super::format::{self, Header, Record, Records};
use super::recover::{self, Left};
use crate::kernel::clock::Clock;
use crate::kernel::messages::{RECORD_HEAD, TAKEN};
use crate::kernel::mqueue::DRAINED;
use crate::kernel::state_dir::{StateDir, StateFile};
use crate::kernel::{Error, Result};
use crate::model::Time;
use std::cell::Cell;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Most bytes of contents that one backup may hold.
    pub max_size: u64,
    /// Seconds until a backup expires.
    pub keep: u64,
    /// Most bytes of all backups; the oldest go first.
    pub total: u64,
}

impl Default for Settings {
    /// 64 MiB each, 7 days, 1 GiB in all.
    fn default() -> Self {
        Self { max_size: 64 << 20, keep: 7 * 24 * 60 * 60, total: 1 << 30 }
    }
}

/// The user's backups.
#[derive(Debug)]
pub struct Store {
    dir: StateDir,
    pending: StateDir,
    settings: Settings,
    batch: String,
    /// Bytes of all backups, as far as this process knows; `None` until it was counted.
    sum: Cell<Option<u64>>,
}

/// A backup that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// All but the contents.
    pub header: Header,
    /// Size of its file, bytes.
    pub bytes: u64,
    /// When it was written.
    pub written: Time,
    /// When it expires.
    pub expires: Time,
    file: String,
    ready: bool,
}

/// How far a removal came whose file is in `pending`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Contents are being written.
    Part,
    /// Contents are complete and durable.
    Ready,
    /// Messages of a POSIX queue are being put back.
    Refill,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Part, Self::Ready, Self::Refill];

    const fn ending(self) -> &'static str {
        match self {
            Self::Part => ".part",
            Self::Ready => ".ready",
            Self::Refill => ".refill",
        }
    }
}

/// The file of a removal that is under way, or was when its process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) header: Header,
    pub(super) stage: Stage,
    pub(super) file: String,
    /// Nobody is at it any more.
    pub(super) free: bool,
    /// 1 if there is a whole record in it, otherwise 0.
    pub(super) records: u64,
}

impl Store {
    /// Opens the directory, makes it where it is missing, and settles what ended removals have left there. What is removed
    /// with it belongs together: it can be brought back at once. Errors: where it cannot be made, or is not the caller's own.
    pub fn open(path: &Path, settings: Settings) -> Result<Self> {
        let dir = StateDir::make(path)?;
        let pending = dir.make_inner("pending")?;
        let now = Clock::read()?.now;
        let batch = format!("{}.{:09}.{}", now.secs, now.nanos, std::process::id());
        let store = Self { dir, pending, settings, batch, sum: Cell::new(None) };
        recover::settle(&store)?;
        Ok(store)
    }

    /// Opens the directory only if it is there, and changes nothing.
    pub fn look(path: &Path, settings: Settings) -> Result<Option<Self>> {
        let opened = StateDir::open(path).and_then(|dir| Ok((dir, StateDir::open(&path.join("pending"))?)));
        match opened {
            Ok((dir, pending)) => Ok(Some(Self { dir, pending, settings, batch: String::new(), sum: Cell::new(None) })),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What can be undone, oldest first. A file that cannot be read is passed over.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for (file, stat) in self.dir.files()? {
            if number(&file, ".backup").is_some()
                && let Ok(header) = header(&self.dir, &file)
            {
                entries.push(self.entry(header, file, stat.size, stat.modified, false));
            }
        }
        // Removed, but its process was killed before it could say so.
        for pending in self.pending()? {
            if pending.stage == Stage::Ready && pending.free && recover::left(&pending) == Left::Gone {
                let stat = self.pending.files()?.into_iter().find(|(file, _)| *file == pending.file);
                let Some((file, stat)) = stat else { continue };
                entries.push(self.entry(pending.header, file, stat.size, stat.modified, true));
            }
        }
        entries.sort_by_key(|entry| entry.header.about.number);
        Ok(entries)
    }

    fn entry(&self, header: Header, file: String, bytes: u64, written: Time, ready: bool) -> Entry {
        let expires = Time { secs: written.secs.saturating_add_unsigned(self.settings.keep), nanos: written.nanos };
        Entry { header, bytes, written, expires, file, ready }
    }

    /// The contents of a backup, from the first on.
    pub(super) fn records(&self, entry: &Entry) -> Result<Records<BufReader<StateFile>>> {
        let dir = if entry.ready { &self.pending } else { &self.dir };
        let mut input = BufReader::new(dir.open_file(&entry.file)?);
        format::read_header(&mut input).map_err(|error| damaged(&entry.file, &error))?;
        Ok(Records::new(input))
    }

    /// Calls `each` with the contents of a backup, piece by piece, as long as it says `true`.
    pub fn contents(&self, entry: &Entry, each: &mut dyn FnMut(Record) -> bool) -> Result<()> {
        let mut records = self.records(entry)?;
        loop {
            match records.next() {
                Ok(Some(record)) => {
                    if !each(record) {
                        return Ok(());
                    }
                }
                Ok(None) => return Ok(()),
                Err(error) => return Err(damaged(&entry.file, &error)),
            }
        }
    }

    /// Removes a backup for good.
    pub(super) fn discard(&self, entry: &Entry) -> Result<()> {
        (if entry.ready { &self.pending } else { &self.dir }).remove(&entry.file)
    }

    /// Removals under way, or ended before their time.
    pub(super) fn pending(&self) -> Result<Vec<Pending>> {
        let mut found = Vec::new();
        for (file, _) in self.pending.files()? {
            let known = Stage::ALL.into_iter().find(|stage| number(&file, stage.ending()).is_some());
            let Some(stage) = known else { continue };
            // Without a whole header nothing was begun.
            let mut input = BufReader::new(self.pending.open_file(&file)?);
            if let Ok((header, _)) = format::read_header(&mut input) {
                let free = self.pending.is_free(&file);
                let mut records = Records::new(input);
                let _ = records.next();
                found.push(Pending { header, stage, file, free, records: records.count });
            }
        }
        Ok(found)
    }

    /// Pending files without a whole header, whose processes have ended.
    pub(super) fn unbegun(&self) -> Result<Vec<String>> {
        let names = self.pending.files()?.into_iter().map(|(file, _)| file);
        Ok(names.filter(|file| header(&self.pending, file).is_err() && self.pending.is_free(file)).collect())
    }

    /// Removes a pending file.
    pub(super) fn drop_pending(&self, file: &str) -> Result<()> {
        self.pending.remove(file)
    }

    /// Makes a pending file one that can be undone.
    pub(super) fn promote(&self, pending: &Pending) -> Result<()> {
        self.pending.rename(&pending.file, &self.dir, &format!("{}.backup", pending.header.about.number))
    }

    /// A pending file, to go on with it.
    pub(super) fn resume(&self, pending: &Pending) -> Result<(Part<'_>, Vec<Record>, bool)> {
        let mut input = BufReader::new(self.pending.open_file(&pending.file)?);
        let (_, body) = format::read_header(&mut input).map_err(|error| damaged(&pending.file, &error))?;
        let mut records = Records::new(input);
        let mut read = Vec::new();
        // Where it was cut short, what is whole counts.
        while let Ok(Some(record)) = records.next() {
            read.push(record);
        }
        let (complete, whole) = (records.complete, records.whole);
        let file = self.pending.open_file(&pending.file)?;
        let mut part = Part {
            store: self,
            number: pending.header.about.number,
            file: BufWriter::new(file),
            body,
            records: read.len() as u64,
            end: body + whole + format::END_LENGTH,
            stage: pending.stage,
        };
        part.seek(body + whole)?;
        Ok((part, read, complete))
    }

    /// Gives the header its number and what it belongs to, and begins its file.
    pub(in crate::actions) fn begin(&self, mut header: Header) -> Result<Part<'_>> {
        header.about.batch.clone_from(&self.batch);
        let mut lock = self.dir.lock()?;
        let last = match lock.number() {
            // At first, and where the number was damaged, the files tell.
            0 => {
                let names = self.dir.files()?.into_iter().chain(self.pending.files()?);
                names.filter_map(|(file, _)| file.split('.').next()?.parse().ok()).max().unwrap_or(0)
            }
            number => number,
        };
        header.about.number = last + 1;
        lock.set_number(header.about.number)?;
        let file = BufWriter::new(self.pending.create(&format!("{}.part", header.about.number))?);
        let mut part =
            Part { store: self, number: header.about.number, file, body: 0, records: 0, end: 0, stage: Stage::Part };
        match part.write_header(&header) {
            Ok(()) => Ok(part),
            Err(error) => {
                part.discard();
                Err(error)
            }
        }
    }

    /// Another backup of this size was added: makes room for it where that is too much. Expired ones go with the first.
    fn added(&self, bytes: u64) -> Result<()> {
        let sum = self.sum.get().map(|sum| sum.saturating_add(bytes));
        self.sum.set(sum);
        if sum.is_some_and(|sum| sum <= self.settings.total) { Ok(()) } else { self.prune() }
    }

    /// Removes what has expired, and the oldest of what is too much; never the newest.
    fn prune(&self) -> Result<()> {
        let now = Clock::read()?.now;
        let mut files: Vec<(u64, String, u64, Time)> = Vec::new();
        for (file, stat) in self.dir.files()? {
            if let Some(number) = number(&file, ".backup") {
                files.push((number, file, stat.size, stat.modified));
            }
        }
        files.sort();
        let mut sum = files.pop().map_or(0, |(_, _, bytes, _)| bytes);
        for (_, file, bytes, written) in files.into_iter().rev() {
            let old = now.seconds_since(written) > self.settings.keep as f64;
            if old || sum.saturating_add(bytes) > self.settings.total {
                self.dir.remove(&file)?;
            } else {
                sum += bytes;
            }
        }
        self.sum.set(Some(sum));
        Ok(())
    }
}

/// The file of a removal that is under way.
#[derive(Debug)]
pub(in crate::actions) struct Part<'a> {
    store: &'a Store,
    number: u64,
    file: BufWriter<StateFile>,
    /// Where the first record begins.
    body: u64,
    records: u64,
    /// Where the end record ends, once it is written.
    end: u64,
    stage: Stage,
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

    fn write_header(&mut self, header: &Header) -> Result<()> {
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

    fn seek(&mut self, to: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(to)).map(drop).map_err(|error| self.io(&error))
    }

    /// Forgets all contents, to write them anew. A file that was ready is so no more.
    pub(in crate::actions) fn restart(&mut self) -> Result<()> {
        self.enter(Stage::Part)?;
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
        self.end = end;
        self.file.get_ref().cut(end)?;
        self.file.get_ref().sync()?;
        self.enter(Stage::Ready)?;
        self.store.pending.sync()
    }

    /// Says how far it came.
    pub(super) fn enter(&mut self, stage: Stage) -> Result<()> {
        if self.stage != stage {
            let (from, to) = (self.name(), format!("{}{}", self.number, stage.ending()));
            self.store.pending.rename(&from, &self.store.pending, &to)?;
            self.stage = stage;
        }
        Ok(())
    }

    /// Makes a record of a message that was taken and lies at the present place without length and tag. `missing` is how many
    /// messages the queue and the records lack, and how many bytes.
    pub(super) fn adopt(&mut self, missing: (u64, u64), sysv: bool) -> Result<()> {
        let at = self.file.stream_position().map_err(|error| self.io(&error))?;
        let (tag, length_at, head) = if sysv { (TAKEN, 1, RECORD_HEAD as u64) } else { (DRAINED, 5, 9) };
        let mut length = missing.1;
        if sysv {
            // Others may have taken some as well; that this process has one, its type tells, which is never 0.
            let text = self.read_at(at + 5, size_of::<i64>() as u64 + missing.1)?;
            let (kind, data) = text.split_at(size_of::<i64>().min(text.len()));
            if kind.iter().all(|byte| *byte == 0) {
                return Ok(());
            }
            if missing.0 > 1 {
                // Whose bytes are missing cannot be told; what is not zeros is this one's.
                length = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
            }
        } else if missing.0 != 1 {
            return Ok(());
        }
        self.seek(at + length_at)?;
        let length32 = u32::try_from(length).unwrap_or(u32::MAX);
        self.file.write_all(&length32.to_le_bytes()).map_err(|error| self.io(&error))?;
        self.seek(at)?;
        self.file.write_all(&[tag]).map_err(|error| self.io(&error))?;
        self.took(1, at + head + length)
    }

    /// Up to so many bytes from a place on.
    fn read_at(&mut self, at: u64, length: u64) -> Result<Vec<u8>> {
        self.seek(at)?;
        let mut bytes = Vec::new();
        let read = self.file.get_mut().take(length).read_to_end(&mut bytes);
        read.map(|_| bytes).map_err(|error| self.io(&error))
    }

    /// How many messages were put back, kept behind the end.
    pub(super) fn put_back(&mut self) -> Result<u64> {
        let text = self.read_at(self.end, size_of::<u64>() as u64)?;
        Ok(text.try_into().map_or(0, u64::from_le_bytes))
    }

    /// Keeps it.
    pub(super) fn set_put_back(&mut self, count: u64) -> Result<()> {
        self.seek(self.end)?;
        self.file.write_all(&count.to_le_bytes()).map_err(|error| self.io(&error))?;
        self.flush()
    }

    /// The object is gone: from now on it can be undone. A failure here loses nothing: the ready file is found.
    pub(in crate::actions) fn done(self) -> u64 {
        let moved = self.store.pending.rename(&self.name(), &self.store.dir, &format!("{}.backup", self.number));
        let _ = moved.and_then(|()| self.store.added(self.end));
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

/// The header of a file.
fn header(dir: &StateDir, name: &str) -> Result<Header> {
    let file = dir.open_file(name)?;
    format::read_header(&mut BufReader::new(file)).map(|(header, _)| header).map_err(|error| damaged(name, &error))
}

/// The number in a file's name.
fn number(file: &str, ending: &str) -> Option<u64> {
    file.strip_suffix(ending)?.parse().ok()
}

/// A backup that cannot be read.
fn damaged(file: &str, error: &std::io::Error) -> Error {
    let what = format!("backup {file}");
    if error.raw_os_error().is_some() {
        return Error::from_io(what, error);
    }
    let cut = error.kind() == std::io::ErrorKind::UnexpectedEof;
    Error::Malformed { what, detail: if cut { "its end: it was cut short".into() } else { error.to_string() } }
}
