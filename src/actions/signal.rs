//! A signal to one process: planned by pid and start time, with what the process does with it; the words for it are made
//! here, once for the command line and the TUI.
//!
//! Right before the call the process is held by a pidfd, and only then its start time compared: no reuse of its pid can
//! turn the signal on another.

use super::{Policy, Refusal};
use crate::kernel::pidfd::Pidfd;
use crate::kernel::{file, process, signals, users};
use crate::model::{Process, Reaction, Signal, escape};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The signal; signal 0 sends nothing and asks whether one could be sent.
    pub signal: Signal,
    /// A value that goes with it, as `sigqueue(3)` sends it.
    pub value: Option<i32>,
}

/// One signal, planned.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// To which process.
    pub pid: u32,
    /// When that started, in clock ticks since boot.
    pub start_ticks: u64,
    /// Its command name.
    pub comm: Box<[u8]>,
    /// Its real uid, where it could be read.
    pub uid: Option<u32>,
    /// What is sent.
    pub message: Message,
    /// What it does with the signal as things are; `None` for signal 0.
    pub reaction: Option<Reaction>,
    permitted: Result<(), String>,
}

/// A signal that was sent.
#[derive(Debug)]
pub struct Signalled {
    /// What the process does with it, as it was right before; `None` for signal 0.
    pub reaction: Option<Reaction>,
    /// The whole in one line.
    pub line: String,
    process: Pidfd,
}

impl Signalled {
    /// Waits until the process has ended; false when the time is over first.
    pub fn wait(&self, timeout: Duration) -> Result<bool, Refusal> {
        Ok(self.process.wait(timeout)?)
    }
}

/// A zombie takes no signal.
pub(super) fn refuse_zombie(proc: impl AsFd, process: &Process, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
    if process.is_alive() {
        return Ok(());
    }
    let parent = match process::read_stat(&proc, process.ppid, buffer) {
        Ok(parent) => called(parent.pid, &parent.comm),
        Err(_) => "a process outside this PID namespace".to_owned(),
    };
    let why = format!("has ended already and waits for its parent {parent} to reap it: no signal changes that");
    Err(Refusal::Failed { what: called(process.pid, &process.comm), why })
}

fn reaction(proc: impl AsFd, pid: u32, signal: &Signal, buffer: &mut Vec<u8>) -> Option<Reaction> {
    let receiver = if signal.number == 0 { None } else { signals::read_receiver(proc, pid, buffer).ok() };
    receiver.map(|receiver| receiver.reaction(signal))
}

/// Whether the kernel would let the caller send it; found out by signal 0, which sends nothing. For `--dry-run`.
fn permitted(pid: u32, signal: &Signal, uids: Option<[u32; 4]>) -> Result<(), String> {
    const CONT: &str = "SIGCONT";
    let refused = Pidfd::open(pid).and_then(|pidfd| pidfd.signal(0, None)).is_err_and(|error| error.is_permission());
    if !refused || (signal.name == CONT && signals::is_in_own_session(pid)) {
        return Ok(());
    }
    let whose = uids.map_or_else(String::new, |[uid, ..]| {
        let user = users::user_name(uid).map(|user| escape(user.as_bytes()).into_owned());
        format!("it belongs to {}: ", user.unwrap_or_else(|| format!("uid {uid}")))
    });
    Err(format!("{whose}only the same user or CAP_KILL may signal it"))
}

/// `pid:812`.
pub(super) fn name(pid: u32) -> String {
    format!("pid:{pid}")
}

/// `pid:812 (orders)`.
pub(super) fn called(pid: u32, comm: &[u8]) -> String {
    format!("pid:{pid} ({})", escape(comm))
}

impl Delivery {
    /// Plans a signal to a process that may be signalled at all.
    pub(super) fn plan(proc: BorrowedFd<'_>, process: Process, message: &Message, buffer: &mut Vec<u8>) -> Self {
        let pid = process.pid;
        let uids = process::read_uids(proc, pid, buffer).ok();
        Self {
            pid,
            start_ticks: process.start_ticks,
            uid: uids.map(|uids| uids[0]),
            reaction: reaction(proc, pid, &message.signal, buffer),
            permitted: permitted(pid, &message.signal, uids),
            comm: process.comm,
            message: message.clone(),
        }
    }

    /// The process as messages name it: `pid:812 (orders)`.
    pub fn what(&self) -> String {
        called(self.pid, &self.comm)
    }

    /// What a dry run says.
    pub fn would(&self) -> String {
        if self.message.signal.number == 0 {
            return format!("would ask whether {} can be signalled", self.what());
        }
        format!("would send {}{}", self.sends(), said(self.reaction.as_ref()))
    }

    /// What a person is asked.
    pub fn question(&self) -> String {
        if self.message.signal.number == 0 {
            return format!("ask whether {} can be signalled?", self.what());
        }
        let words = self.reaction.as_ref().map_or_else(String::new, |reaction| format!(" {};", reaction.words));
        format!("send {}?{words}", self.sends())
    }

    fn sends(&self) -> String {
        let value = self.message.value.map_or_else(String::new, |value| format!(" with value {value}"));
        format!("{}{value} to {}", self.message.signal.name, self.what())
    }

    /// Whether it would be done now: read-only mode, process 1, permission. Sends nothing.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        // Signal 0 changes nothing.
        if self.message.signal.number == 0 {
            return self.permission();
        }
        policy.permit(&self.what())?;
        if self.pid == 1 && !policy.force {
            let why = "this is the first process of its PID namespace, which all others depend on; --force signals it all \
                       the same";
            return Err(Refusal::Unsafe { what: self.what(), why: why.to_owned() });
        }
        self.permission()
    }

    fn permission(&self) -> Result<(), Refusal> {
        self.permitted.clone().map_err(|why| Refusal::Permission { what: self.what(), why })
    }

    /// Takes hold of the process, compares it with the plan, and sends the signal. Errors: [`Refusal::Changed`] when it
    /// is gone or its pid belongs to another; then nothing was sent.
    pub fn run(&self, policy: Policy) -> Result<Signalled, Refusal> {
        match self.check(policy) {
            // A forecast is no reason not to try: the kernel decides who may.
            Ok(()) | Err(Refusal::Permission { .. }) => {}
            Err(refusal) => return Err(refusal),
        }
        self.send().map_err(|refusal| match refusal {
            Refusal::Kernel(error) if error.is_absent() => Refusal::Changed { what: self.what() },
            Refusal::Kernel(error) if error.is_permission() => Refusal::Permission {
                what: self.what(),
                why: self.permitted.clone().err().unwrap_or_else(|| "the kernel refused it".to_owned()),
            },
            Refusal::Kernel(error) if error.would_block() => Refusal::Failed {
                what: self.what(),
                why: "its user has as many signals queued as the limit allows (ulimit -i); try again later".to_owned(),
            },
            other => other,
        })
    }

    fn send(&self) -> Result<Signalled, Refusal> {
        // Held first: from here on the pid cannot come to mean another unseen.
        let held = Pidfd::open(self.pid)?;
        let proc = file::open_directory("/proc")?;
        let mut buffer = Vec::new();
        let now = process::read_stat(&proc, self.pid, &mut buffer)?;
        if now.start_ticks != self.start_ticks {
            return Err(Refusal::Changed { what: self.what() });
        }
        refuse_zombie(&proc, &now, &mut buffer)?;
        let signal = &self.message.signal;
        let reaction = reaction(&proc, self.pid, signal, &mut buffer);
        held.signal(signal.number, self.message.value)?;
        let line = match signal.number {
            0 => format!("{} can be signalled", self.what()),
            _ => format!("sent {}{}", self.sends(), said(reaction.as_ref())),
        };
        Ok(Signalled { reaction, line, process: held })
    }
}

fn said(reaction: Option<&Reaction>) -> String {
    reaction.map_or_else(String::new, |reaction| format!(": {}", reaction.words))
}
