//! A process in JSON.

use super::text;
use crate::model::Process;
use crate::snapshot::Snapshot;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
pub(super) struct ProcessDoc<'a> {
    pid: u32,
    ppid: u32,
    comm: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm_hex: Option<String>,
    cmdline: Option<Vec<Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmdline_hex: Option<Vec<String>>,
    user: Option<&'a str>,
    uid: Option<u32>,
    started_at: String,
    state: char,
    threads: u32,
}

impl<'a> ProcessDoc<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, process: &'a Process) -> Self {
        let uid = process.uids.map(|uids| uids[0]);
        let arguments = process.cmdline.as_deref();
        let odd = arguments.is_some_and(|all| all.iter().any(|argument| std::str::from_utf8(argument).is_err()));
        // All of them as soon as one needs it, so that the two lists run side by side.
        let exact = |all: &[Box<[u8]>]| all.iter().map(|argument| text::hexadecimal(argument)).collect();
        Self {
            pid: process.pid,
            ppid: process.ppid,
            comm: text::lossy(&process.comm),
            comm_hex: text::hex(&process.comm),
            cmdline: arguments.map(|all| all.iter().map(|argument| text::lossy(argument)).collect()),
            cmdline_hex: arguments.filter(|_| odd).map(exact),
            user: uid.and_then(|uid| snapshot.user_name(uid)),
            uid,
            started_at: text::time(snapshot.started_at(process)),
            state: process.state,
            threads: process.threads,
        }
    }
}
