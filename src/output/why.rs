//! Why threads sleep, for people: a block for each thread, one line for each where there are many, circles as sentences.

use super::grid::{self, Grid, Head, fit, fold};
use super::table::Layout;
use crate::diagnose::why::{CanWake, Diagnosis, Finding, Link, Waker};
use crate::model::escape;
use std::fmt::Write as _; // into a String, which cannot fail
use std::io::{self, Write};

/// Prints the threads of one process, or of several one after the other; `depth` is how far down a chain they are. What is
/// longer than `width` is folded.
pub fn write_process(out: &mut dyn Write, findings: &[Finding], depth: usize, width: Option<usize>) -> io::Result<()> {
    let margin = "  ".repeat(depth.min(20));
    let Some(first) = findings.first() else { return Ok(()) };
    let main = findings.iter().find(|finding| finding.tid == finding.pid).unwrap_or(first);
    writeln!(out, "{margin}pid:{} ({})", main.pid, escape(&main.comm))?;
    for finding in findings {
        for (label, text) in lines(finding, findings.len() > 1) {
            let first = format!("{margin}  {label:<13} ");
            out.write_all(fold(&first, &" ".repeat(first.len()), &text, width).as_bytes())?;
        }
    }
    Ok(())
}

/// What there is to say of a thread, each with its label.
fn lines(finding: &Finding, several: bool) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if several {
        lines.push(("thread", format!("{} ({})", finding.tid, escape(&finding.comm))));
    }
    let mut state = crate::query::processes::word(finding.state).to_owned();
    if let Some(call) = finding.call.filter(|_| finding.blocked) {
        let _ = write!(state, ", in {call}");
    }
    if let Some(since) = finding.since {
        let _ = write!(state, ", for {}", length(since));
    }
    lines.push(("state", state));
    for (number, object) in finding.objects.iter().enumerate() {
        lines.push((if number == 0 { "waits for" } else { "" }, object.clone()));
    }
    lines.push(("why", finding.explanation.clone()));
    for (number, waker) in finding.wakers.iter().enumerate() {
        lines.push((if number == 0 { "could wake it" } else { "" }, who(waker)));
    }
    if finding.blocked {
        lines.push(("can wake", finding.can_wake.name().to_owned()));
    }
    if let Some(missing) = finding.missing {
        lines.push(("missing", missing.to_owned()));
    }
    lines
}

fn who(waker: &Waker) -> String {
    let thread = waker.tid.filter(|tid| *tid != waker.pid).map(|tid| format!(" thread {tid}")).unwrap_or_default();
    format!("pid:{} ({}){thread}: {}", waker.pid, escape(&waker.comm), waker.how)
}

/// A length of time.
fn length(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

const HEADS: [Head; 8] = [
    Head { name: "pid", right: true, weight: 10, cut: false },
    Head { name: "tid", right: true, weight: 3, cut: false },
    Head { name: "comm", right: false, weight: 8, cut: true },
    Head { name: "call", right: false, weight: 7, cut: false },
    Head { name: "for", right: true, weight: 4, cut: false },
    Head { name: "wake", right: false, weight: 9, cut: false },
    Head { name: "object", right: false, weight: 6, cut: true },
    Head { name: "why", right: false, weight: 5, cut: true },
];

/// Terminals narrower than this leave no room for the reason beside the object, which it names too.
const NARROW: usize = 120;

/// Prints threads as a table, one a line.
pub fn write_table(out: &mut dyn Write, findings: &[&Finding], layout: Layout) -> io::Result<()> {
    let narrow = layout.width.is_some_and(|width| width < NARROW);
    let heads: Vec<Head> = HEADS.into_iter().filter(|head| !narrow || head.name != "object").collect();
    let mut cells = Grid::new(heads.len());
    for finding in findings {
        cells.push(&finding.pid.to_string());
        cells.push(&finding.tid.to_string());
        cells.push(&escape(&finding.comm));
        cells.push(finding.call.unwrap_or("-"));
        cells.push(&finding.since.map_or_else(|| "-".to_owned(), length));
        cells.push(finding.can_wake.name());
        let object = finding.objects.first().map_or("-", String::as_str);
        match finding.objects.len() {
            _ if narrow => {}
            0 | 1 => cells.push(object),
            many => cells.push(&format!("{object} +{}", many - 1)),
        }
        cells.push(&finding.explanation);
    }
    let shown = fit(&heads, &cells.extents(&heads), layout.width);
    let (on, off) = if layout.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    writeln!(out, "{on}{}{off}", grid::heading(&heads, &shown))?;
    for (row, finding) in findings.iter().enumerate() {
        let dead = layout.color && finding.can_wake == CanWake::No;
        let (on, off) = if dead { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
        writeln!(out, "{on}{}{off}", grid::line(&heads, &shown, |at| cells.cell(row, at)))?;
    }
    Ok(())
}

/// Prints the circles, each thread with whom it waits for, and those that sleep for ever by themselves.
pub fn write_deadlocks(out: &mut dyn Write, diagnosis: &Diagnosis, width: Option<usize>) -> io::Result<()> {
    if !diagnosis.is_stuck() {
        return writeln!(out, "no deadlock was found");
    }
    for cycle in &diagnosis.cycles {
        write_cycle(out, diagnosis, cycle, width)?;
    }
    for finding in diagnosis.hopeless.iter().map(|at| &diagnosis.findings[*at]) {
        let sure = if finding.can_wake == CanWake::No { "" } else { ", as far as could be seen" };
        writeln!(out, "never wakes{sure}: {}", name(finding))?;
        out.write_all(fold("  ", "  ", &finding.explanation, width).as_bytes())?;
    }
    Ok(())
}

/// Prints one circle, folded to `width`.
pub fn write_cycle(out: &mut dyn Write, diagnosis: &Diagnosis, cycle: &[Link], width: Option<usize>) -> io::Result<()> {
    let certain = cycle.iter().all(|link| link.certain);
    let sure = if certain { "" } else { " (unless somebody else steps in)" };
    writeln!(out, "deadlock of {} threads{sure}:", cycle.len())?;
    for (place, link) in cycle.iter().enumerate() {
        let next = &diagnosis.findings[cycle[(place + 1) % cycle.len()].finding];
        let finding = &diagnosis.findings[link.finding];
        let call = finding.call.unwrap_or("a call");
        let text = format!("{} sleeps in {call} on {}, and waits for {}", name(finding), link.object, name(next));
        out.write_all(fold("  ", "      ", &text, width).as_bytes())?;
        out.write_all(fold("    ", "    ", &finding.explanation, width).as_bytes())?;
    }
    Ok(())
}

fn name(finding: &Finding) -> String {
    let comm = escape(&finding.comm);
    if finding.tid == finding.pid {
        format!("pid:{} ({comm})", finding.pid)
    } else {
        format!("thread {} ({comm}) of pid:{}", finding.tid, finding.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths() {
        let said = [0.04, 12.5, 61.0, 7_325.0, 90_000.0].map(length);
        assert_eq!(said, ["0.0 s", "12.5 s", "1 min 1 s", "2 h 2 min", "1 d 1 h"]);
    }
}
