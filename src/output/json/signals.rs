//! Signals in JSON: `ipcx.kill/1`, what became of each process, and `ipcx.signals/1`, the list of them all.

use super::text;
use crate::model::{Reaction, Signal};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// What became of one process, or of a target that came to none.
#[derive(Debug, Clone, Default)]
pub struct SignalResult {
    /// What was named: `pid:812`, `queue:5`.
    pub target: String,
    /// The process.
    pub pid: Option<u32>,
    /// Its command name.
    pub comm: Option<Box<[u8]>>,
    /// What it does with the signal.
    pub reaction: Option<Reaction>,
    /// Whether the signal was sent; for signal 0, whether it could be.
    pub sent: bool,
    /// Whether it had ended when the wait was over; `None` when nobody waited.
    pub ended: Option<bool>,
    /// Why not.
    pub error: Option<String>,
}

#[derive(Serialize)]
struct KillDoc<'a> {
    schema: &'static str,
    results: Vec<ResultDoc<'a>>,
}

#[derive(Serialize)]
struct ResultDoc<'a> {
    target: &'a str,
    pid: Option<u32>,
    comm: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_hex: Option<String>,
    signal: &'a str,
    number: i32,
    disposition: Option<&'static str>,
    effect: Option<&'a str>,
    sent: bool,
    ended: Option<bool>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct SignalsDoc<'a> {
    schema: &'static str,
    signals: Vec<SignalDoc<'a>>,
}

#[derive(Serialize)]
struct SignalDoc<'a> {
    number: i32,
    name: &'a str,
    action: &'static str,
    meaning: &'static str,
}

/// Writes what became of a signal.
pub fn write_results(out: &mut dyn Write, signal: &Signal, results: &[SignalResult]) -> io::Result<()> {
    let results = results.iter().map(|result| ResultDoc {
        target: &result.target,
        pid: result.pid,
        comm: result.comm.as_deref().map(text::lossy),
        comm_hex: result.comm.as_deref().and_then(text::hex),
        signal: &signal.name,
        number: signal.number,
        disposition: result.reaction.as_ref().map(|reaction| reaction.disposition.name()),
        effect: result.reaction.as_ref().map(|reaction| &*reaction.words),
        sent: result.sent,
        ended: result.ended,
        error: result.error.as_deref(),
    });
    write(out, &KillDoc { schema: "ipcx.kill/1", results: results.collect() })
}

/// Writes what signals there are.
pub fn write_list(out: &mut dyn Write, signals: &[Signal]) -> io::Result<()> {
    let signals = signals.iter().map(|signal| SignalDoc {
        number: signal.number,
        name: &signal.name,
        action: signal.action.name(),
        meaning: signal.meaning,
    });
    write(out, &SignalsDoc { schema: "ipcx.signals/1", signals: signals.collect() })
}

fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    out.write_all(b"\n")
}
