//! Everything about one object or process, as lines for people: `ipcx show` prints them, the terminal interface lets them
//! be walked.

use crate::model::{Body, Identity, Process, Semaphore, Time, escape};
use crate::query::columns;
use crate::query::{Cell, Row, Style};
use crate::snapshot::Snapshot;
use std::borrow::Cow;
use std::fmt::Write as _; // into a String, which cannot fail
use std::io::{self, Write};

/// Columns that say again what other lines of a block say better.
const ELSEWHERE: [&str; 12] =
    ["address", "use", "processes", "comm", "pid", "state", "why", "sender", "receiver", "cpid", "lpid", "values"];

/// What a line names beside the thing that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// Nothing else.
    Nowhere,
    /// A living process, by its pid.
    Process(u32),
    /// Another object.
    Object(Identity),
}

/// One line. All of it is safe on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it tells; empty where it goes on with the line above.
    pub label: Cow<'static, str>,
    /// The value.
    pub text: String,
    /// Whom or what the value names.
    pub leads: Leads,
}

impl Line {
    /// A line that names nothing else.
    pub fn new(label: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into(), leads: Leads::Nowhere }
    }
}

/// Prints an object: its attributes, its holders one a line, its verdict with reasons.
pub fn write_object(out: &mut dyn Write, row: &Row<'_>, style: Style) -> io::Result<()> {
    writeln!(out, "{}", row.snapshot.address(row.place))?;
    let parts = [attributes(row, style), semaphores(row), holders(row), verdict(row)];
    parts.iter().flatten().try_for_each(|line| write(out, line))
}

fn write(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    writeln!(out, "  {:<12} {}", line.label, line.text)
}

/// What an object is and has, a column each; what it has not is left out.
pub fn attributes(row: &Row<'_>, style: Style) -> Vec<Line> {
    let mut lines = Vec::new();
    for column in columns::ALL.iter().filter(|column| !ELSEWHERE.contains(&column.name)) {
        let cell = (column.cell)(row);
        if cell == Cell::Absent {
            continue;
        }
        let mut text = String::new();
        cell.print(&mut text, style);
        // Both forms of a size: one to grasp, one to compute with.
        if let Cell::Size(bytes) = cell
            && bytes >= 1024
            && !style.bytes
        {
            let _ = write!(text, " ({bytes} bytes)");
        }
        let peer = if column.name == "peer" { row.peer() } else { None };
        let leads = peer.map_or(Leads::Nowhere, |peer| Leads::Object(peer.object().identity));
        lines.push(Line { leads, ..Line::new(column.name, text) });
    }
    lines
}

/// The semaphores of a set, one a line; nothing for other kinds.
pub fn semaphores(row: &Row<'_>) -> Vec<Line> {
    let Body::Semaphore(set) = &row.object().body else { return Vec::new() };
    let one = |(index, semaphore): (usize, &Semaphore)| {
        let mut text = format!("value {}, {} waiting for more", semaphore.value, semaphore.waiting_increase);
        if let Some(zero) = semaphore.waiting_zero {
            let _ = write!(text, ", {zero} for zero");
        }
        if let Some(pid) = semaphore.last_pid.filter(|pid| *pid != 0) {
            let _ = write!(text, ", last pid {pid}");
        }
        Line::new(format!("[{index}]"), text)
    };
    set.values.iter().flatten().enumerate().map(one).collect()
}

/// Who has an object, one a line.
pub fn holders(row: &Row<'_>) -> Vec<Line> {
    let mut label = "holders";
    let mut lines = Vec::new();
    for holder in row.holders() {
        let who = if holder.alive { row.process_name(holder.pid) } else { format!("{} (gone)", holder.pid) };
        let mut text = format!("{:<14} {who}", holder.role.name());
        if let Some(fd) = holder.fd {
            let _ = write!(text, " fd {fd}");
        }
        if let Some(threads) = &holder.threads {
            let threads: Vec<String> = threads.iter().map(u32::to_string).collect();
            let _ = write!(text, " thread {}", threads.join(" "));
        }
        let leads = if holder.alive { Leads::Process(holder.pid) } else { Leads::Nowhere };
        lines.push(Line { leads, ..Line::new(std::mem::take(&mut label), text) });
    }
    lines
}

/// How it stands, and the reasons, one a line.
pub fn verdict(row: &Row<'_>) -> Vec<Line> {
    let verdict = row.verdict();
    let sure = if verdict.certain { " (certain)" } else { "" };
    let mut lines = vec![Line::new("state", format!("{}{sure}", verdict.state.name()))];
    lines.extend(verdict.reasons.iter().map(|reason| Line::new("", reason.as_str())));
    lines
}

/// Prints a process and the objects it has to do with.
pub fn write_process(out: &mut dyn Write, snapshot: &Snapshot, process: &Process, rows: &[Row<'_>]) -> io::Result<()> {
    writeln!(out, "pid:{}", process.pid)?;
    let parts = [process_attributes(snapshot, process), process_objects(process, rows)];
    parts.iter().flatten().try_for_each(|line| write(out, line))
}

/// What a process is.
pub fn process_attributes(snapshot: &Snapshot, process: &Process) -> Vec<Line> {
    let mut lines = vec![Line::new("comm", escape(&process.comm))];
    if let Some(arguments) = &process.cmdline {
        let arguments: Vec<_> = arguments.iter().map(|argument| escape(argument)).collect();
        lines.push(Line::new("cmdline", arguments.join(" ")));
    }
    let parent = Line::new("parent", format!("pid:{}", process.ppid));
    lines.push(Line { leads: Leads::Process(process.ppid), ..parent });
    if let Some([uid, effective, ..]) = process.uids {
        let name = |uid: u32| {
            let name = snapshot.user_name(uid).map(|name| escape(name.as_bytes()).into_owned());
            name.map_or_else(|| uid.to_string(), |name| format!("{name} ({uid})"))
        };
        lines.push(Line::new("user", name(uid)));
        if effective != uid {
            lines.push(Line::new("acts as", name(effective)));
        }
    }
    lines.push(Line::new("state", format!("{} ({})", crate::query::processes::word(process.state), process.state)));
    lines.push(Line::new("threads", process.threads.to_string()));
    // The kernel counts in hundredths: what is behind them would be made up.
    let started = Time { nanos: 0, ..snapshot.started_at(process) };
    lines.push(Line::new("started", started.to_string()));
    lines
}

/// The objects that a process has to do with, out of these, one a line for each way: first those that it sleeps on, last
/// those where it is only recorded.
pub fn process_objects(process: &Process, rows: &[Row<'_>]) -> Vec<Line> {
    let (mut waits, mut has, mut recorded) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        for holder in row.holders().iter().filter(|holder| holder.pid == process.pid && holder.alive) {
            let fd = holder.fd.map(|fd| format!(" fd {fd}")).unwrap_or_default();
            let mut text = format!("{:<14} {}{fd}", holder.role.name(), row.snapshot.address(row.place));
            if row.object().is_unnamed_memory() {
                // Its address is a number that says nothing.
                let name = row.object().name.as_deref().map(escape).unwrap_or_default();
                let _ = write!(text, "  {name}");
            }
            let line = Line { leads: Leads::Object(row.object().identity), ..Line::new("", text) };
            match holder.role {
                role if role.is_waiting() => waits.push(line),
                role if role.is_record() => recorded.push(line),
                _ => has.push(line),
            }
        }
    }
    for (lines, label) in [(&mut waits, "waits on"), (&mut has, "has"), (&mut recorded, "recorded")] {
        if let Some(first) = lines.first_mut() {
            first.label = label.into();
        }
    }
    waits.append(&mut has);
    waits.append(&mut recorded);
    waits.extend(process_memory(process, rows));
    waits
}

/// What its shared memory comes to, each object once however often the process has it.
fn process_memory(process: &Process, rows: &[Row<'_>]) -> Option<Line> {
    let has = |row: &&Row<'_>| {
        let mut holders = row.holders().iter();
        matches!(row.object().body, Body::Shm(_) | Body::Memfd(_))
            && holders.any(|holder| holder.pid == process.pid && !holder.role.is_record())
    };
    let sizes: Vec<Option<u64>> = rows.iter().filter(has).map(|row| row.object().memory_size()).collect();
    let sum = sizes.iter().flatten().fold(0, |sum: u64, size| sum.saturating_add(*size));
    let mut text = String::new();
    Cell::Size(sum).print(&mut text, Style::default());
    let _ = write!(text, " ({sum} bytes) in {} of shared memory", sizes.len());
    let unknown = sizes.iter().filter(|size| size.is_none()).count();
    if unknown > 0 {
        let _ = write!(text, ", of which {unknown} tell no size");
    }
    (!sizes.is_empty()).then(|| Line::new("memory", text))
}
