//! Everything about one object, process or limit, as lines that can be walked: a line that names something else leads
//! there. One file for each of the three, and one for who talks to whom around them.

mod graph;
mod limit;
mod object;
mod process;

use super::flow::Flow;
use super::memory::Memory;
use super::spark::History;
use crate::model::{Body, Family, Identity, Kinds, Object};
use crate::output::detail::{self, Leads};
use crate::tui::id::Id;
use crate::tui::look::Picture;

/// Everything about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Of what.
    pub id: Id,
    /// Its address, or its name: as the way back calls it.
    pub title: String,
    /// It has vanished; what is shown is how it was.
    pub gone: bool,
    /// Who is on each side of it.
    pub flow: Option<Flow>,
    /// How its number went over the last minutes.
    pub history: Option<History>,
    /// The lines, in order.
    pub lines: Vec<Line>,
    /// Where its other end is, or its owner.
    pub jump: Jump,
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

/// Where the other end is, or the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// This is it.
    To(Id),
    /// There are several: the line of the first one.
    Line(usize),
    /// Nowhere: why, as a sentence.
    Nowhere(String),
}

impl Details {
    /// Of something that vanished before anybody looked at it.
    pub fn vanished(id: Id, title: String) -> Self {
        let text = "it has vanished, and nothing was kept of it".to_owned();
        Self {
            id,
            title,
            gone: true,
            flow: None,
            history: None,
            lines: vec![Line { label: String::new(), text, link: None }],
            jump: Jump::Nowhere("it has vanished".to_owned()),
        }
    }

    /// Puts lines before all others.
    pub(super) fn put_first(&mut self, lines: Vec<Line>) {
        if let Jump::Line(at) = &mut self.jump {
            *at += lines.len();
        }
        self.lines.splice(0..0, lines);
    }

    /// The line nearest to one that leads to this.
    pub fn line_to(&self, to: Id, near: usize) -> Option<usize> {
        self.nearest(near, |line| line.link == Some(Link { to }))
    }

    /// The line nearest to a place of those that are so.
    pub fn nearest(&self, place: usize, is_so: impl Fn(&Line) -> bool) -> Option<usize> {
        let lines = self.lines.iter().enumerate().filter(|(_, line)| is_so(line));
        lines.map(|(at, _)| at).min_by_key(|at| at.abs_diff(place))
    }
}

/// The kinds, as views choose them, that an object is of.
pub(super) fn kinds_of(object: &Object) -> Kinds {
    let sysv = matches!(object.identity, Identity::SysV { .. });
    match &object.body {
        Body::Queue(_) if sysv => Kinds::SYSV_QUEUES,
        Body::Queue(_) => Kinds::POSIX_QUEUES,
        Body::Shm(_) if sysv => Kinds::SYSV_SHMS,
        Body::Shm(shm) if shm.deleted => Kinds::UNLINKED_SHMS,
        Body::Shm(_) => Kinds::POSIX_SHMS,
        Body::Memfd(_) => Kinds::MEMFDS,
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
    match id {
        Id::Object(identity) => object::details(picture, identity, memory),
        Id::Process { pid, start_ticks } => process::details(picture, pid, start_ticks),
        Id::Limit(name) => limit::details(picture, name),
        Id::Graph(hub) => graph::details(picture, hub),
        Id::Item(_) => None,
    }
}

/// A process as it can be found again, if the last full look saw it.
fn process_id(picture: &Picture, pid: u32) -> Option<Id> {
    let process = picture.full.as_ref()?.snapshot.process(pid)?;
    Some(Id::Process { pid, start_ticks: process.start_ticks })
}

/// Lines of details, with links to what they name.
fn linked(picture: &Picture, lines: Vec<detail::Line>) -> impl Iterator<Item = Line> {
    lines.into_iter().map(|line| {
        let to = match line.leads {
            Leads::Nowhere => None,
            Leads::Process(pid) => process_id(picture, pid),
            Leads::Object(identity) => Some(Id::Object(identity)),
        };
        Line { label: line.label.into_owned(), text: line.text, link: to.map(|to| Link { to }) }
    })
}
