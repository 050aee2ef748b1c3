//! The directory of the backups: numbers, files being written, files to undo, and which have to go.

mod part;

use super::format::{self, Record, Records};
use super::header::Header;
use super::recover::{self, Left};
use crate::kernel::clock::Clock;
use crate::kernel::state_dir::{Lock, StateDir, StateFile};
use crate::kernel::{Error, Result};
use crate::model::Time;
use std::cell::Cell;
use std::io::{BufReader, BufWriter};
use std::path::Path;

pub(in crate::actions) use part::Part;
pub(super) use part::Resumed;

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
    /// The first that was made with this store, and bytes of all of them: they have just been promised, and stay.
    own: Cell<(u64, u64)>,
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
    /// The object is gone, and what was written to it in its last moment is being copied. The file that is ready counts until
    /// this one takes its place.
    Again,
}

impl Stage {
    const COUNT: [Self; 3] = [Self::Part, Self::Ready, Self::Refill];

    const fn ending(self) -> &'static str {
        match self {
            Self::Part => ".part",
            Self::Ready => ".ready",
            Self::Refill => ".refill",
            Self::Again => ".again",
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
    /// Something was put into it, or was just being.
    pub(super) taken: bool,
    /// Last change of the file.
    pub(super) modified: Time,
}

impl Store {
    /// Opens the directory, makes it where it is missing, and settles what ended removals have left there. What is removed
    /// with it belongs together: it can be brought back at once. Errors: where it cannot be made, or is not the caller's own.
    pub fn open(path: &Path, settings: Settings) -> Result<Self> {
        let dir = StateDir::make(path)?;
        let pending = dir.make_inner("pending")?;
        let now = Clock::read()?.now;
        let batch = format!("{}.{:09}.{}", now.secs, now.nanos, std::process::id());
        let store = Self { dir, pending, settings, batch, sum: Cell::new(None), own: Cell::default() };
        recover::settle(&store)?;
        Ok(store)
    }

    /// Opens the directory only if it is there, and changes nothing.
    pub fn look(path: &Path, settings: Settings) -> Result<Option<Self>> {
        let opened = StateDir::open(path).and_then(|dir| Ok((dir, StateDir::open(&path.join("pending"))?)));
        match opened {
            Ok((dir, pending)) => Ok(Some(Self {
                dir,
                pending,
                settings,
                batch: String::new(),
                sum: Cell::new(None),
                own: Cell::default(),
            })),
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
        for (file, stat) in self.pending.files()? {
            let known = Stage::COUNT.into_iter().find(|stage| number(&file, stage.ending()).is_some());
            let Some(stage) = known else { continue };
            let opened = match self.pending.open_file(&file) {
                // Just finished by the process that was at it.
                Err(error) if error.is_absent() => continue,
                opened => opened?,
            };
            // Without a whole header nothing was begun.
            let mut input = BufReader::new(opened);
            if let Ok((header, _)) = format::read_header(&mut input) {
                let free = self.pending.is_free(&file);
                let mut records = Records::new(input);
                let _ = records.next();
                let taken = records.count > 0 || records.in_flight;
                found.push(Pending { header, stage, file, free, taken, modified: stat.modified });
            }
        }
        Ok(found)
    }

    /// Pending files that do not count, whose processes have ended: without a whole header, or not to the end copied anew.
    pub(super) fn unbegun(&self) -> Result<Vec<String>> {
        let names = self.pending.files()?.into_iter().map(|(file, _)| file);
        let counts = |file: &str| number(file, Stage::Again.ending()).is_none() && header(&self.pending, file).is_ok();
        Ok(names.filter(|file| !counts(file) && self.pending.is_free(file)).collect())
    }

    /// Held while it is decided who is at which object: by whoever begins a removal or undoes something.
    pub(super) fn lock(&self) -> Result<Lock> {
        self.dir.lock()
    }

    /// Whether a backup is still there.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        let dir = if entry.ready { &self.pending } else { &self.dir };
        header(dir, &entry.file).is_ok_and(|header| header == entry.header)
    }

    /// Removes a pending file.
    pub(super) fn drop_pending(&self, file: &str) -> Result<()> {
        self.pending.remove(file)
    }

    /// Makes a pending file one that can be undone.
    pub(super) fn promote(&self, pending: &Pending) -> Result<()> {
        self.pending.rename(&pending.file, &self.dir, &format!("{}.backup", pending.header.about.number))
    }

    /// A pending file, to go on with it behind the last whole record. Only for who has the lock.
    pub(super) fn resume(&self, pending: &Pending) -> Result<Resumed<'_>> {
        let mut input = BufReader::new(self.pending.open_file(&pending.file)?);
        let (_, body) = format::read_header(&mut input).map_err(|error| damaged(&pending.file, &error))?;
        let mut records = Records::new(input);
        let mut read = Vec::new();
        // Where it was cut short, what is whole counts.
        while let Ok(Some(record)) = records.next() {
            read.push(record);
        }
        let Records { complete, whole, in_flight, returned, .. } = records;
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
        Ok(Resumed { part, records: read, complete, in_flight, returned })
    }

    /// Gives the header its number and what it belongs to, and begins its file.
    pub(super) fn begin(&self, lock: &mut Lock, mut header: Header) -> Result<Part<'_>> {
        header.about.batch.clone_from(&self.batch);
        let mut number = lock.number() + 1;
        // At first, and where the number was damaged, the files tell.
        if number == 1 || self.dir.open_file(&format!("{number}.backup")).is_ok() {
            let names = self.dir.files()?.into_iter().chain(self.pending.files()?);
            let largest = names.filter_map(|(file, _)| file.split('.').next()?.parse().ok()).max().unwrap_or(0);
            number = number.max(largest + 1);
        }
        header.about.number = number;
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

    /// Whether a backup of this size has room beside those that were made with this store. Errors: `EDQUOT`.
    fn has_room(&self, bytes: u64) -> Result<()> {
        let (first, own) = self.own.get();
        if first == 0 || own.saturating_add(bytes) <= self.settings.total {
            return Ok(());
        }
        let total = self.settings.total;
        Err(Error::quota(format!("{bytes} bytes more than the {own} just kept, of backup.total, which is {total}")))
    }

    /// Another backup of this size was added: makes room for it where that is too much. Expired ones go with the first.
    fn added(&self, number: u64, bytes: u64) -> Result<()> {
        let (first, own) = self.own.get();
        self.own.set((if first == 0 { number } else { first }, own.saturating_add(bytes)));
        let sum = self.sum.get().map(|sum| sum.saturating_add(bytes));
        self.sum.set(sum);
        if sum.is_some_and(|sum| sum <= self.settings.total) { Ok(()) } else { self.prune() }
    }

    /// Removes what has expired, and the oldest of what is too much; nothing that was made with this store.
    fn prune(&self) -> Result<()> {
        let now = Clock::read()?.now;
        let mut files: Vec<(u64, String, u64, Time)> = Vec::new();
        for (file, stat) in self.dir.files()? {
            if let Some(number) = number(&file, ".backup") {
                files.push((number, file, stat.size, stat.modified));
            }
        }
        files.sort();
        let (first, _) = self.own.get();
        let stay = files.partition_point(|(number, ..)| first == 0 || *number < first);
        let mut sum = files.drain(stay..).map(|(_, _, bytes, _)| bytes).sum::<u64>();
        for (_, file, bytes, written) in files.into_iter().rev() {
            let old = now.seconds_since(written) > self.settings.keep as f64;
            if old || sum.saturating_add(bytes) > self.settings.total {
                // It may just have been brought back.
                self.dir.remove(&file).or_else(|error| if error.is_absent() { Ok(()) } else { Err(error) })?;
            } else {
                sum += bytes;
            }
        }
        self.sum.set(Some(sum));
        Ok(())
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
