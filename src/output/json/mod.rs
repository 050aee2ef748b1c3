//! JSON as the interface promises it: `ipcx.snapshot/1` as one document, or one object a line.
//!
//! The document is written object by object: a busy machine has 90,000 of them, and none is kept as text. The shapes
//! are types of their own, so that no column and no renamed field of the model changes what programs read.

pub mod contents;
mod fields;
pub mod graph;
pub mod limits;
mod object;
pub mod peek;
mod process;
pub mod signals;
mod text;
pub mod transfer;
pub mod why;

pub use text::hexadecimal;

use super::in_order::in_order;
use crate::query::Row;
use crate::snapshot::Snapshot;
use process::ProcessDoc;
use rustc_hash::FxHashSet;
use serde::Serialize;
use std::io::{self, Write};

/// Rows that are rendered at a time, about 400 KiB of text, which a processor's own cache holds.
const SHARE: usize = 512;

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    taken_at: String,
    host: HostDoc<'a>,
    namespaces: NamespacesDoc,
    visibility: VisibilityDoc<'a>,
}

#[derive(Serialize)]
struct HostDoc<'a> {
    name: &'a str,
    kernel: &'a str,
}

#[derive(Serialize)]
struct NamespacesDoc {
    ipc: Option<u64>,
    mnt: Option<u64>,
    net: Option<u64>,
    pid: Option<u64>,
}

#[derive(Serialize)]
struct VisibilityDoc<'a> {
    complete: bool,
    processes: usize,
    unreadable_processes: usize,
    notes: &'a [String],
}

fn head(snapshot: &Snapshot) -> Head<'_> {
    Head {
        schema: "ipcx.snapshot/1",
        taken_at: text::time(snapshot.taken_at),
        host: HostDoc { name: &snapshot.host.name, kernel: &snapshot.host.kernel },
        namespaces: NamespacesDoc {
            ipc: snapshot.namespaces.ipc,
            mnt: snapshot.namespaces.mnt,
            net: snapshot.namespaces.net,
            pid: snapshot.namespaces.pid,
        },
        visibility: VisibilityDoc::of(snapshot),
    }
}

impl<'a> VisibilityDoc<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let seen = &snapshot.visibility;
        Self {
            complete: seen.complete(),
            processes: seen.processes,
            unreadable_processes: seen.hidden.len(),
            notes: &seen.notes,
        }
    }
}

/// Writes a snapshot with these of its rows. `processes` holds those that the rows name as holders or as the process at
/// the other end, and the ones in `also`.
pub fn write_document(out: &mut dyn Write, snapshot: &Snapshot, rows: &mut [Row<'_>], also: &[u32]) -> io::Result<()> {
    // The head without its closing brace; the rest is written behind it.
    let head = serde_json::to_vec(&head(snapshot))?;
    out.write_all(head.strip_suffix(b"}").unwrap_or(&head))?;
    out.write_all(b",\"objects\":[")?;
    let mut pids: FxHashSet<u32> = also.iter().copied().collect();
    let mut first = true;
    in_order(rows, SHARE, render_share, |share| {
        let text = if std::mem::take(&mut first) { &share.text[1..] } else { &share.text };
        out.write_all(text)?;
        pids.extend(&share.pids);
        Ok(())
    })?;
    out.write_all(if rows.is_empty() { b"],\"processes\":{" } else { b"\n],\"processes\":{" })?;
    let mut line = Vec::with_capacity(2048);
    let mut pids: Vec<u32> = pids.into_iter().collect();
    pids.sort_unstable();
    let processes = pids.into_iter().filter_map(|pid| snapshot.process(pid));
    for (process, first) in processes.zip(std::iter::once(true).chain(std::iter::repeat(false))) {
        line.clear();
        write!(line, "{}\"{}\":", if first { "\n" } else { ",\n" }, process.pid)?;
        serde_json::to_writer(&mut line, &ProcessDoc::new(snapshot, process))?;
        out.write_all(&line)?;
    }
    out.write_all(b"}}\n")
}

/// What is rendered at a time: objects, each behind a comma and a new line, and the processes that they name.
#[derive(Default)]
struct Share {
    text: Vec<u8>,
    pids: Vec<u32>,
}

fn render_share(rows: &mut [Row<'_>], share: &mut Share) {
    share.text.clear();
    share.pids.clear();
    let mut scratch = String::new();
    for row in rows {
        share.text.extend_from_slice(b",\n");
        object::write(row, &mut share.text, &mut scratch);
        share.pids.extend(named(row));
        row.forget_verdict();
    }
    share.pids.sort_unstable();
    share.pids.dedup();
}

/// One object, as the snapshot has it among its objects; in one line without its end.
pub fn object_text(row: &Row<'_>) -> String {
    let mut text = Vec::with_capacity(2048);
    object::write(row, &mut text, &mut String::new());
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes one object a line.
pub fn write_lines(out: &mut dyn Write, rows: &mut [Row<'_>]) -> io::Result<()> {
    let render_lines = |rows: &mut [Row<'_>], text: &mut Vec<u8>| {
        let mut scratch = String::new();
        text.clear();
        for row in rows {
            object::write(row, text, &mut scratch);
            text.push(b'\n');
            row.forget_verdict();
        }
    };
    in_order(rows, SHARE, render_lines, |text| out.write_all(text))
}

/// The living processes that a row names.
fn named<'a>(row: &'a Row<'_>) -> impl Iterator<Item = u32> + 'a {
    let holders = row.holders().iter().filter(|holder| holder.alive).map(|holder| holder.pid);
    holders.chain(peer_pids(row))
}

/// The processes at the other end of a socket on this machine.
fn peer_pids<'a>(row: &Row<'a>) -> impl Iterator<Item = u32> + use<'a> {
    row.peer().into_iter().flat_map(|peer| peer.live_pids())
}
