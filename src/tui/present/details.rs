//! Everything about one object or process, as lines that can be walked.

use super::memory::Memory;
use crate::model::{Body, Family, Identity, Kinds, Object};
use crate::output::detail;
use crate::query::Style;
use crate::tui::id::Id;
use crate::tui::look::Picture;

/// Everything about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Of what.
    pub id: Id,
    /// Its address.
    pub title: String,
    /// It has vanished; what is shown is how it was.
    pub gone: bool,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// How its number went over the last minutes, the oldest first.
    pub samples: Vec<u64>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it tells; empty where it goes on with the line above.
    pub label: String,
    /// The value.
    pub text: String,
    /// Where the line leads, if it names a process or another object.
    pub link: Option<Link>,
}

/// Where a line leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// To what.
    pub to: Id,
}

/// The kinds, as views choose them, that an object is of.
pub(super) fn kinds_of(object: &Object) -> Kinds {
    let sysv = matches!(object.identity, Identity::SysV { .. });
    match &object.body {
        Body::Queue(_) if sysv => Kinds::SYSV_QUEUES,
        Body::Queue(_) => Kinds::POSIX_QUEUES,
        Body::Shm(_) if sysv => Kinds::SYSV_SHMS,
        Body::Shm(_) => Kinds::POSIX_SHMS,
        Body::Semaphore(_) if sysv => Kinds::SYSV_SEMS,
        Body::Semaphore(_) => Kinds::POSIX_SEMS,
        Body::Pipe(_) => Kinds::PIPES,
        Body::Fifo(_) => Kinds::FIFOS,
        Body::Socket(_) if object.family() == Some(Family::Unix) => Kinds::UNIX,
        Body::Socket(_) => Kinds::INET,
    }
}

/// The details of a thing that is there.
pub(super) fn details(picture: &Picture, id: Id, memory: &Memory) -> Option<Details> {
    let Id::Object(identity) = id else { return None };
    let row = picture.row(identity)?;
    let mut text = Vec::new();
    detail::write_object(&mut text, &row, Style::default()).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (title, lines) = text.split_once('\n')?;
    let lines = lines.lines().map(|line| {
        let line = line.strip_prefix("  ").unwrap_or(line);
        let (label, text) = line.split_at_checked(12).unwrap_or((line, ""));
        Line { label: label.trim().to_owned(), text: text.trim().to_owned(), link: None }
    });
    Some(Details {
        id,
        title: title.to_owned(),
        gone: false,
        lines: lines.collect(),
        samples: memory.samples(identity),
    })
}
