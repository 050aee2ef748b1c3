//! Everything about one object or process, as a block of lines for people.

use crate::model::{Body, Process, escape};
use crate::query::columns;
use crate::query::{Cell, Row, Style};
use crate::snapshot::Snapshot;
use std::fmt::Write as _; // into a String, which cannot fail
use std::io::{self, Write};

/// Columns that say again what other lines of a block say better.
const ELSEWHERE: [&str; 12] =
    ["address", "use", "processes", "comm", "pid", "state", "why", "sender", "receiver", "cpid", "lpid", "values"];

/// Prints an object: its attributes, its holders one a line, its verdict with reasons.
pub fn write_object(out: &mut dyn Write, row: &Row<'_>, style: Style) -> io::Result<()> {
    writeln!(out, "{}", row.snapshot.address(row.place))?;
    let mut text = String::new();
    for column in columns::ALL.iter().filter(|column| !ELSEWHERE.contains(&column.name)) {
        let cell = (column.cell)(row);
        if cell == Cell::Absent {
            continue;
        }
        text.clear();
        cell.print(&mut text, style);
        // Both forms of a size: one to grasp, one to compute with.
        if let Cell::Size(bytes) = cell
            && bytes >= 1024
            && !style.bytes
        {
            let _ = write!(text, " ({bytes} bytes)");
        }
        line(out, column.name, &text)?;
    }
    if let Body::Semaphore(set) = &row.object().body {
        semaphores(out, set.values.as_deref())?;
    }
    holders(out, row)?;
    let verdict = row.verdict();
    let sure = if verdict.certain { " (certain)" } else { "" };
    line(out, "state", &format!("{}{sure}", verdict.state.name()))?;
    for reason in &verdict.reasons {
        line(out, "", reason)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:<12} {text}")
}

fn semaphores(out: &mut dyn Write, values: Option<&[crate::model::Semaphore]>) -> io::Result<()> {
    for (index, semaphore) in values.into_iter().flatten().enumerate() {
        let mut text = format!("value {}, {} waiting for more", semaphore.value, semaphore.waiting_increase);
        if let Some(zero) = semaphore.waiting_zero {
            let _ = write!(text, ", {zero} for zero");
        }
        if let Some(pid) = semaphore.last_pid.filter(|pid| *pid != 0) {
            let _ = write!(text, ", last pid {pid}");
        }
        line(out, &format!("[{index}]"), &text)?;
    }
    Ok(())
}

fn holders(out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
    let mut label = "holders";
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
        line(out, std::mem::take(&mut label), &text)?;
    }
    Ok(())
}

/// Prints a process and the objects it has to do with.
pub fn write_process(out: &mut dyn Write, snapshot: &Snapshot, process: &Process, rows: &[Row<'_>]) -> io::Result<()> {
    writeln!(out, "pid:{}", process.pid)?;
    line(out, "comm", &escape(&process.comm))?;
    if let Some(arguments) = &process.cmdline {
        let arguments: Vec<_> = arguments.iter().map(|argument| escape(argument)).collect();
        line(out, "cmdline", &arguments.join(" "))?;
    }
    line(out, "parent", &format!("pid:{}", process.ppid))?;
    if let Some([uid, effective, ..]) = process.uids {
        let name = |uid: u32| {
            let name = snapshot.user_name(uid).map(|name| escape(name.as_bytes()).into_owned());
            name.map_or_else(|| uid.to_string(), |name| format!("{name} ({uid})"))
        };
        line(out, "user", &name(uid))?;
        if effective != uid {
            line(out, "acts as", &name(effective))?;
        }
    }
    line(out, "state", &process.state.to_string())?;
    line(out, "threads", &process.threads.to_string())?;
    line(out, "started", &snapshot.started_at(process).to_string())?;
    let mut label = "has";
    for row in rows {
        for holder in row.holders().iter().filter(|holder| holder.pid == process.pid && holder.alive) {
            let fd = holder.fd.map(|fd| format!(" fd {fd}")).unwrap_or_default();
            let text = format!("{:<14} {}{fd}", holder.role.name(), snapshot.address(row.place));
            line(out, std::mem::take(&mut label), &text)?;
        }
    }
    Ok(())
}
