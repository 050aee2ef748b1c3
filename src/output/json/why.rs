//! Why threads sleep, in JSON: `ipcx.why/1` for a process, and `ipcx.deadlocks/1`.

use super::{in_order, text};
use crate::diagnose::why::{CanWake, Diagnosis, Finding, Waker};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

#[derive(Serialize)]
struct WhyDoc<'a> {
    schema: &'static str,
    pid: u32,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_hex: Option<String>,
    threads: Vec<ThreadDoc<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct ThreadDoc<'a> {
    tid: u32,
    state: char,
    blocked: bool,
    call: Option<&'static str>,
    object: Option<&'a str>,
    objects: &'a [String],
    explanation: &'a str,
    wakers: Vec<WakerDoc<'a>>,
    can_wake: &'static str,
    since_seconds: Option<f64>,
    missing: Option<&'static str>,
}

#[derive(Serialize)]
struct WakerDoc<'a> {
    pid: u32,
    tid: Option<u32>,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_hex: Option<String>,
    how: &'a str,
    certain: bool,
}

#[derive(Serialize)]
struct DeadlocksDoc<'a> {
    schema: &'static str,
    cycles: Vec<Vec<LinkDoc<'a>>>,
    hopeless: Vec<HopelessDoc<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct LinkDoc<'a> {
    pid: u32,
    tid: u32,
    comm: Cow<'a, str>,
    waits_for: &'a str,
    call: Option<&'static str>,
    certain: bool,
}

#[derive(Serialize)]
struct HopelessDoc<'a> {
    pid: u32,
    tid: u32,
    comm: Cow<'a, str>,
    object: Option<&'a str>,
    explanation: &'a str,
    certain: bool,
}

fn waker(waker: &Waker) -> WakerDoc<'_> {
    WakerDoc {
        pid: waker.pid,
        tid: waker.tid,
        comm: text::lossy(&waker.comm),
        comm_hex: text::hex(&waker.comm),
        how: &waker.how,
        certain: waker.certain,
    }
}

fn thread(finding: &Finding) -> ThreadDoc<'_> {
    ThreadDoc {
        tid: finding.tid,
        state: finding.state,
        blocked: finding.blocked,
        call: finding.call,
        object: finding.objects.first().map(String::as_str),
        objects: &finding.objects,
        explanation: &finding.explanation,
        wakers: finding.wakers.iter().map(waker).collect(),
        can_wake: CanWake::name(finding.can_wake),
        since_seconds: finding.since,
        missing: finding.missing,
    }
}

/// The threads of one process.
fn document<'a>(findings: &'a [Finding], notes: &'a [String]) -> WhyDoc<'a> {
    let pid = findings.first().map_or(0, |finding| finding.pid);
    let comm = findings.iter().find(|finding| finding.tid == pid).or(findings.first()).map_or(&[][..], |f| &f.comm);
    WhyDoc {
        schema: "ipcx.why/1",
        pid,
        comm: text::lossy(comm),
        comm_hex: text::hex(comm),
        threads: findings.iter().map(thread).collect(),
        notes,
    }
}

/// Writes one process's document. All findings are its threads'.
pub fn write_process(out: &mut dyn Write, findings: &[Finding], notes: &[String]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &document(findings, notes))?;
    out.write_all(b"\n")
}

/// Processes that are rendered at a time.
const SHARE: usize = 128;

/// Writes an array of documents, one for each process; findings are ordered by it.
pub fn write_all<'a>(
    out: &mut dyn Write,
    processes: impl Iterator<Item = &'a [Finding]>,
    notes: &[String],
) -> io::Result<()> {
    let mut processes: Vec<&[Finding]> = processes.collect();
    let render = |processes: &mut [&[Finding]], text: &mut Vec<u8>| {
        text.clear();
        for findings in processes {
            text.extend_from_slice(b",\n");
            // Into memory nothing fails to be written, and no key of a document is anything but text.
            let _ = serde_json::to_writer(&mut *text, &document(findings, notes));
        }
    };
    let mut between = &b"["[..];
    in_order(&mut processes, SHARE, render, |text| {
        out.write_all(between)?;
        // The first of all has no comma before it.
        let text = if between.is_empty() { &text[..] } else { &text[1..] };
        between = b"";
        out.write_all(text)
    })?;
    out.write_all(if processes.is_empty() { b"[\n]\n" } else { b"\n]\n" })
}

/// Writes the circles, and those that sleep for ever outside of one.
pub fn write_deadlocks(out: &mut dyn Write, diagnosis: &Diagnosis, notes: &[String]) -> io::Result<()> {
    let of = |at: usize| &diagnosis.findings[at];
    let cycles = diagnosis.cycles.iter().map(|cycle| {
        cycle
            .iter()
            .map(|one| {
                let finding = of(one.finding);
                LinkDoc {
                    pid: finding.pid,
                    tid: finding.tid,
                    comm: text::lossy(&finding.comm),
                    waits_for: &one.object,
                    call: finding.call,
                    certain: one.certain,
                }
            })
            .collect()
    });
    let hopeless = diagnosis.hopeless.iter().map(|at| {
        let finding = of(*at);
        HopelessDoc {
            pid: finding.pid,
            tid: finding.tid,
            comm: text::lossy(&finding.comm),
            object: finding.objects.first().map(String::as_str),
            explanation: &finding.explanation,
            certain: finding.can_wake == CanWake::No,
        }
    });
    let document =
        DeadlocksDoc { schema: "ipcx.deadlocks/1", cycles: cycles.collect(), hopeless: hopeless.collect(), notes };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}
