//! `ipcx why`: what each thread of a process waits for, and who could wake it; every thread of the machine; deadlocks.

use super::Exit;
use super::args::{Color, layout, terminal_width};
use super::exit::{Usage, complain};
use super::print::{say, to_stdout};
use super::values;
use crate::diagnose::why::{CanWake, Diagnosis, Finding, diagnose};
use crate::model::{Address, quoted};
use crate::output::{json, why};
use crate::snapshot::waits::{self, Waits};
use clap::Args;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx why 812               why it sleeps, and who could wake it
  ipcx why --follow 812      also why those sleep who could, and so on
  ipcx why --all             every thread that sleeps, with the cause
  ipcx why --deadlocks       who waits for whom in circles, and who will never wake
  ipcx why --deadlocks --exit-code   for monitoring: exits with 1 when anybody does
  ipcx why --all --json      the same for programs";

/// What each thread of a process waits for, and who could wake it
///
/// The call that it sleeps in, the object and its state, for how long, who could wake it, and whether anybody can. It
/// says `no` only when that is certain: then only a signal ends the sleep. Looking changes nothing and stops nobody.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Why {
    /// Why those sleep who could wake it, and so on
    #[arg(long, conflicts_with_all = ["all", "deadlocks"])]
    follow: bool,
    /// Every thread of the machine that sleeps, and deadlocks
    #[arg(long, conflicts_with = "deadlocks")]
    all: bool,
    /// Only threads that wait for each other in circles, and those that will never wake
    #[arg(long)]
    deadlocks: bool,
    /// JSON
    ///
    /// Its schema is `ipcx.why/1`; with --all and --follow it is an array of such documents, with --deadlocks
    /// `ipcx.deadlocks/1`.
    #[arg(short = 'J', long)]
    json: bool,
    /// Exit with 1 when a thread that is told of waits in a circle or will never wake
    #[arg(long)]
    exit_code: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Option<Color>,
    /// Process id
    #[arg(value_name = "PID", required_unless_present_any = ["all", "deadlocks"], conflicts_with_all = ["all", "deadlocks"])]
    process: Option<OsString>,
}

impl Why {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let pid = self.process.as_ref().map(pid).transpose()?;
        let waits = waits::collect(pid)?;
        let diagnosis = diagnose(&waits);
        let exit = match pid {
            Some(pid) if of(&diagnosis, pid).is_empty() => {
                complain(&missing(&waits, pid));
                for note in &waits.notes {
                    complain(&format_args!("note: {note}"));
                }
                return Ok(Exit::Failed);
            }
            Some(pid) if of(&diagnosis, pid).iter().all(|finding| finding.refused) => Exit::Permission,
            _ if self.exit_code && has_stuck(&diagnosis, pid) => Exit::Failed,
            _ => Exit::Done,
        };
        to_stdout(|out| match pid {
            Some(pid) if self.follow => self.write_chain(out, &diagnosis, &waits.notes, pid),
            Some(pid) if self.json => json::why::write_process(out, of(&diagnosis, pid), &waits.notes),
            Some(pid) => {
                why::write_process(out, of(&diagnosis, pid), 0, width())?;
                write_circles_with(out, &diagnosis, &[pid])
            }
            None if self.deadlocks && self.json => json::why::write_deadlocks(out, &diagnosis, &waits.notes),
            None if self.deadlocks => why::write_deadlocks(out, &diagnosis, width()),
            None => self.write_all(out, &diagnosis, &waits.notes),
        })?;
        if !self.json {
            for note in &waits.notes {
                complain(&format_args!("note: {note}"));
            }
        }
        if !self.json && !self.follow && io::stdout().is_terminal() {
            for step in next_steps(&diagnosis, pid, self.deadlocks) {
                say(&step)?;
            }
        }
        Ok(exit)
    }

    /// Every process that has a thread that sleeps.
    fn write_all(&self, out: &mut dyn Write, diagnosis: &Diagnosis, notes: &[String]) -> io::Result<()> {
        if self.json {
            let processes = diagnosis.findings.chunk_by(|one, other| one.pid == other.pid);
            let blocked = processes.filter(|threads| threads.iter().any(|finding| finding.blocked));
            return json::why::write_all(out, blocked, notes);
        }
        // On a busy machine hundreds sleep as they should: those that will never wake come first, then who waits for an object.
        // Who is stopped, or waits for one that is, goes on only if somebody sees to it.
        let mut blocked: Vec<&Finding> = diagnosis.findings.iter().filter(|finding| finding.blocked).collect();
        let waits_for_stopped = |finding: &Finding| finding.wakers.iter().any(|waker| is_stopped(diagnosis, waker.pid));
        blocked.sort_by_cached_key(|finding| match (finding.can_wake, finding.objects.is_empty()) {
            (CanWake::No, _) => 0,
            (CanWake::Yes, _) if finding.state == 'T' || waits_for_stopped(finding) => 1,
            (CanWake::Unknown, false) => 1,
            (CanWake::Yes, false) => 2,
            (CanWake::Unknown, true) => 3,
            (CanWake::Yes, true) => 4,
        });
        why::write_table(out, &blocked, layout(self.color))?;
        // Below hundreds of lines once more, and in full.
        if diagnosis.is_stuck() {
            writeln!(out)?;
            why::write_deadlocks(out, diagnosis, width())?;
        }
        Ok(())
    }

    /// A process, then each that could wake it, and so on, each once.
    fn write_chain(&self, out: &mut dyn Write, diagnosis: &Diagnosis, notes: &[String], pid: u32) -> io::Result<()> {
        let mut seen = BTreeSet::new();
        let mut order = Vec::new();
        let mut left = vec![(pid, 0)];
        while let Some((pid, depth)) = left.pop() {
            if of(diagnosis, pid).is_empty() || !seen.insert(pid) {
                continue;
            }
            order.push((pid, depth));
            let wakers = of(diagnosis, pid).iter().flat_map(|finding| &finding.wakers).map(|waker| waker.pid);
            let next: Vec<u32> = wakers.collect();
            left.extend(next.into_iter().rev().map(|pid| (pid, depth + 1)));
        }
        if self.json {
            return json::why::write_all(out, order.iter().map(|(pid, _)| of(diagnosis, *pid)), notes);
        }
        for (pid, depth) in &order {
            why::write_process(out, of(diagnosis, *pid), *depth, width())?;
        }
        let pids: Vec<u32> = order.into_iter().map(|(pid, _)| pid).collect();
        write_circles_with(out, diagnosis, &pids)
    }
}

/// Whether a process is stopped by a signal.
fn is_stopped(diagnosis: &Diagnosis, pid: u32) -> bool {
    of(diagnosis, pid).iter().any(|finding| finding.state == 'T')
}

/// To which width text is folded.
fn width() -> Option<usize> {
    io::stdout().is_terminal().then(terminal_width)
}

/// The way out of what was found, and which commands tell more, each as a line.
fn next_steps(diagnosis: &Diagnosis, pid: Option<u32>, deadlocks: bool) -> Vec<String> {
    let Some(pid) = pid else {
        let mut steps = Vec::new();
        if deadlocks && !diagnosis.is_stuck() {
            steps.push("ipcx why --all lists all that sleep".to_owned());
        } else {
            steps.push("ipcx why PID has the whole reason of one, and who could wake it".to_owned());
        }
        if diagnosis.is_stuck() {
            steps.push("ipcx graph PID shows who has what; ipcx kill PID ends it, and so its deadlock".to_owned());
        }
        return steps;
    };
    let asleep = || of(diagnosis, pid).iter().filter(|finding| finding.blocked);
    let wakers = || asleep().flat_map(|finding| &finding.wakers).map(|waker| waker.pid).filter(|waker| *waker != pid);
    let mut steps: Vec<String> = std::iter::once(pid)
        .chain(wakers())
        .filter(|pid| is_stopped(diagnosis, *pid))
        .collect::<BTreeSet<u32>>()
        .into_iter()
        .map(|stopped| format!("ipcx kill -CONT {stopped} lets pid {stopped} go on"))
        .collect();
    if asleep().any(|finding| finding.can_wake == CanWake::No) {
        steps.push(format!("ipcx kill {pid} ends it"));
    }
    if asleep().any(|finding| !finding.objects.is_empty()) {
        steps.push(format!("ipcx graph {pid} shows who has what"));
    }
    if wakers().next().is_some() {
        steps.push(format!("ipcx why --follow {pid} goes on to those who could wake it"));
    }
    steps
}

/// What to say of a number that no process has which is looked at.
fn missing(waits: &Waits, pid: u32) -> String {
    match waits.thread(pid) {
        Some(thread) => format!("pid:{pid}: no process: a thread of pid:{}", thread.pid),
        None => format!("pid:{pid}: not found, or a thread of the kernel"),
    }
}

/// The findings of one process.
fn of(diagnosis: &Diagnosis, pid: u32) -> &[Finding] {
    let start = diagnosis.findings.partition_point(|finding| finding.pid < pid);
    let end = diagnosis.findings.partition_point(|finding| finding.pid <= pid);
    &diagnosis.findings[start..end]
}

/// Whether a thread waits in a circle or for ever; one of this process, if one is meant.
fn has_stuck(diagnosis: &Diagnosis, process: Option<u32>) -> bool {
    let in_circles = diagnosis.cycles.iter().flatten().map(|link| link.finding);
    let mut stuck = in_circles.chain(diagnosis.hopeless.iter().copied()).map(|at| diagnosis.findings[at].pid);
    stuck.any(|pid| process.is_none_or(|process| process == pid))
}

/// The circles that a thread of one of these processes is in.
fn write_circles_with(out: &mut dyn Write, diagnosis: &Diagnosis, pids: &[u32]) -> io::Result<()> {
    for cycle in &diagnosis.cycles {
        if cycle.iter().any(|link| pids.contains(&diagnosis.findings[link.finding].pid)) {
            writeln!(out)?;
            why::write_cycle(out, diagnosis, cycle, width())?;
        }
    }
    Ok(())
}

/// `812` or `pid:812`.
fn pid(word: &OsString) -> anyhow::Result<u32> {
    match values::address_or_pid(word)? {
        Address::Pid(pid) => Ok(pid),
        _ => Err(Usage::error(format_args!(
            "{} is no process: write a decimal pid, e.g. 812; `ipcx why --all` lists all that sleep",
            quoted(word.as_encoded_bytes())
        ))),
    }
}
