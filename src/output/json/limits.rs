//! `ipcx.limits/1`: use against the kernel's limits.

use super::{VisibilityDoc, text};
use crate::model::Usage;
use crate::output::limits::address;
use crate::snapshot::Snapshot;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct LimitsDoc<'a> {
    schema: &'static str,
    taken_at: String,
    visibility: VisibilityDoc<'a>,
    limits: Vec<LimitDoc<'a>>,
}

#[derive(Serialize)]
struct LimitDoc<'a> {
    name: &'static str,
    description: &'static str,
    limit: Option<u64>,
    used: Option<u64>,
    at_least: Option<&'static str>,
    percent: Option<f64>,
    unit: &'static str,
    sysctl: Option<&'static str>,
    set_by: &'static str,
    error: Option<&'static str>,
    full: &'static str,
    of: Option<String>,
    top: Option<TopDoc<'a>>,
    estimated: bool,
    per_call: bool,
    note: Option<&'a str>,
    unknown: Option<&'a str>,
}

/// The user who uses most, and how much of the use that is.
#[derive(Serialize)]
struct TopDoc<'a> {
    uid: u32,
    user: Option<&'a str>,
    used: u64,
    percent: Option<f64>,
}

/// Writes these of a snapshot's limits.
pub fn write(out: &mut dyn Write, snapshot: &Snapshot, usages: &[&Usage]) -> io::Result<()> {
    let limits = usages.iter().map(|usage| {
        let what = usage.what;
        LimitDoc {
            name: what.name,
            description: what.about,
            limit: usage.limit,
            used: usage.used,
            at_least: usage.at_least,
            percent: usage.percent().map(tenths),
            unit: what.unit.name(),
            sysctl: what.sysctl,
            set_by: what.set_by,
            error: what.error,
            full: what.full,
            of: usage.of.and_then(|of| address(snapshot, of)),
            top: usage.top.map(|top| TopDoc {
                uid: top.uid,
                user: snapshot.user_name(top.uid),
                used: top.used,
                percent: usage.used.filter(|used| *used > 0).map(|used| tenths(top.used as f64 * 100.0 / used as f64)),
            }),
            estimated: what.estimated,
            per_call: what.per_call,
            note: usage.note.as_deref(),
            unknown: usage.unknown.as_deref(),
        }
    });
    let document = LimitsDoc {
        schema: "ipcx.limits/1",
        taken_at: text::time(snapshot.taken_at),
        visibility: VisibilityDoc::of(snapshot),
        limits: limits.collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}
