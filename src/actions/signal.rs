//! Signals: to processes by pid, and to those that have an object. Each process is planned by pid and start time, with
//! what it does with the signal; the words for it are made here, once for the command line and the TUI.
//!
//! Right before the call the process is held by a pidfd, and only then its start time compared: no reuse of its pid can
//! turn the signal on another.

use super::{Policy, Refusal, Target};
use crate::kernel::pidfd::Pidfd;
use crate::kernel::{Error, file, process, signals, users};
use crate::model::{Kinds, Process, Reaction, Role, Signal, escape};
use crate::snapshot::{Snapshot, SnapshotError, Want};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Whom to signal, as a person named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receivers {
    /// One process.
    Process {
        /// Its pid.
        pid: u32,
        /// When it started, in clock ticks since boot, if it was looked at before; otherwise whoever has the pid now.
        start_ticks: Option<u64>,
    },
    /// Those that have an object.
    Holders {
        /// The object.
        object: Target,
        /// In which ways.
        roles: Roles,
    },
}

/// Ways to have an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// Every way in which a process really has it or waits for it; not that it was only written down.
    pub real: bool,
    /// These as well.
    pub named: BTreeSet<Role>,
}

impl Roles {
    fn want(&self, role: Role) -> bool {
        (self.real && !role.is_record()) || self.named.contains(&role)
    }
}

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

/// What became of one target, or of one process of it.
#[derive(Debug)]
pub struct PlannedSignal {
    /// What the person named: `pid:812`, `queue:5`.
    pub target: String,
    /// The process, if it came to one.
    pub pid: Option<u32>,
    /// Its command name, if it is known.
    pub comm: Option<Box<[u8]>>,
    /// Processes that could not be looked into, so that more may have the object.
    pub unseen: usize,
    /// The plan, or why there is none.
    pub plan: Result<Delivery, Refusal>,
}

/// A signal that was sent.
#[derive(Debug)]
pub struct Sent {
    /// What the process does with it, as it was right before; `None` for signal 0.
    pub reaction: Option<Reaction>,
    /// The whole in one line.
    pub line: String,
    process: Pidfd,
}

impl Sent {
    /// Waits until the process has ended; false when the time is over first.
    pub fn wait(&self, timeout: Duration) -> Result<bool, Refusal> {
        Ok(self.process.wait(timeout)?)
    }
}

/// Finds the processes, each once, and plans a signal to each; what cannot be found or must not be signalled is refused
/// one by one. Takes one snapshot if objects are named, and sends nothing.
pub fn plan_signals(receivers: &[Receivers], message: &Message) -> Result<Vec<PlannedSignal>, SnapshotError> {
    let proc = file::open_directory("/proc").map_err(SnapshotError::Proc)?;
    let mut planner = Planner { own_proc: process::is_own_proc(&proc), proc, message, buffer: Vec::new() };
    let mut want = Want::everything(Kinds::empty());
    (want.details, want.users, want.groups) = (false, false, false);
    let mut objects = false;
    for receiver in receivers {
        if let Receivers::Holders { object, .. } = receiver {
            objects = true;
            object.add_to(&mut want);
        }
    }
    let snapshot = if objects { Some(crate::snapshot::collect(&want)?) } else { None };
    let mut plans: Vec<PlannedSignal> = Vec::new();
    for receiver in receivers {
        match (receiver, &snapshot) {
            (Receivers::Process { pid, start_ticks }, _) => {
                plans.push(planner.process(name(*pid), *pid, *start_ticks));
            }
            (Receivers::Holders { object, roles }, Some(snapshot)) => {
                plans.extend(planner.holders(snapshot, object, roles));
            }
            (Receivers::Holders { .. }, None) => {}
        }
    }
    // Named twice, signalled once.
    let mut seen = BTreeSet::new();
    plans.retain(|planned| planned.pid.is_none_or(|pid| seen.insert(pid)));
    Ok(plans)
}

struct Planner<'a> {
    proc: OwnedFd,
    /// Whether pids in it are those that a pidfd is opened by.
    own_proc: bool,
    message: &'a Message,
    buffer: Vec<u8>,
}

impl Planner<'_> {
    fn holders(&mut self, snapshot: &Snapshot, object: &Target, roles: &Roles) -> Vec<PlannedSignal> {
        let none =
            |target, unseen, refusal| vec![PlannedSignal { target, pid: None, comm: None, unseen, plan: Err(refusal) }];
        let place = match object.find(snapshot) {
            Ok(place) => place,
            Err(refusal) => return none(object.name(), 0, refusal),
        };
        let address = snapshot.address(place).to_string();
        let unseen = snapshot.visibility.hidden.len();
        let holders = snapshot.holders(place).iter().filter(|holder| holder.alive && roles.want(holder.role));
        let pids: BTreeSet<u32> = holders.map(|holder| holder.pid).collect();
        if pids.is_empty() {
            let mut why = "no living process is seen to have it or to wait for it".to_owned();
            if !roles.real {
                let wanted: Vec<&str> = roles.named.iter().map(|role| role.name()).collect();
                why = format!("no living process is its {}", wanted.join(" or "));
            }
            if unseen > 0 {
                why = format!("{why}; {unseen} could not be looked into");
            }
            return none(address.clone(), 0, Refusal::Failed { what: address, why });
        }
        let planned = pids.into_iter().map(|pid| {
            let target = address.clone();
            let Some(process) = snapshot.process(pid) else {
                // It ended before it could be told who it was.
                let plan = Err(Refusal::Changed { what: name(pid) });
                return PlannedSignal { target, pid: Some(pid), comm: None, unseen, plan };
            };
            PlannedSignal { unseen, ..self.process(target, pid, Some(process.start_ticks)) }
        });
        planned.collect()
    }

    fn process(&mut self, target: String, pid: u32, start: Option<u64>) -> PlannedSignal {
        let mut comm = None;
        let plan = self.plan(pid, start, &mut comm);
        PlannedSignal { target, pid: Some(pid), comm, unseen: 0, plan }
    }

    fn plan(&mut self, pid: u32, start: Option<u64>, comm: &mut Option<Box<[u8]>>) -> Result<Delivery, Refusal> {
        if !self.own_proc {
            let why =
                "/proc is that of another PID namespace, so that nobody can be told by a pid; mount the right one";
            return Err(Refusal::Failed { what: name(pid), why: why.to_owned() });
        }
        let process = process::read_stat(&self.proc, pid, &mut self.buffer).map_err(|error| absent(pid, error))?;
        *comm = Some(process.comm.clone());
        if start.is_some_and(|start| start != process.start_ticks) {
            return Err(Refusal::Changed { what: name(pid) });
        }
        let what = called(pid, &process.comm);
        self.refuse_always(&what, &process)?;
        let uids = process::read_uids(&self.proc, pid, &mut self.buffer).ok();
        Ok(Delivery {
            pid,
            start_ticks: process.start_ticks,
            uid: uids.map(|uids| uids[0]),
            reaction: reaction(self.proc.as_fd(), pid, &self.message.signal, &mut self.buffer),
            permitted: permitted(pid, &self.message.signal, uids),
            comm: process.comm,
            message: self.message.clone(),
        })
    }

    /// What is no matter of force or of time.
    fn refuse_always(&mut self, what: &str, process: &Process) -> Result<(), Refusal> {
        let pid = process.pid;
        let what = || what.to_owned();
        let leader = signals::read_leader(&self.proc, pid, &mut self.buffer).unwrap_or(pid);
        if leader != pid {
            let leader = match process::read_stat(&self.proc, leader, &mut self.buffer) {
                Ok(process) => called(leader, &process.comm),
                Err(_) => name(leader),
            };
            let why = format!("this is a thread of {leader}, and no process: name that one");
            return Err(Refusal::Failed { what: what(), why });
        }
        if pid == std::process::id() {
            return Err(Refusal::Unsafe { what: what(), why: "this is ipcx itself".to_owned() });
        }
        refuse_kernel_thread(process)?;
        refuse_zombie(self.proc.as_fd(), process, &mut self.buffer)
    }
}

/// A kernel thread takes no signal, whoever sends it.
fn refuse_kernel_thread(process: &Process) -> Result<(), Refusal> {
    if !process.kernel {
        return Ok(());
    }
    let why = "this is a thread of the kernel, which ignores every signal".to_owned();
    Err(Refusal::Unsafe { what: called(process.pid, &process.comm), why })
}

fn refuse_zombie(proc: impl AsFd, process: &Process, buffer: &mut Vec<u8>) -> Result<(), Refusal> {
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

/// Nothing of this pid is in /proc: gone, or hidden.
fn absent(pid: u32, error: Error) -> Refusal {
    if !error.is_absent() {
        return error.into();
    }
    if Pidfd::open(pid).is_ok() {
        let why = "/proc does not show it to this user (hidepid), so that it cannot be told from another".to_owned();
        return Refusal::Permission { what: name(pid), why };
    }
    Refusal::NotFound { what: name(pid), kind: "process" }
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

fn name(pid: u32) -> String {
    format!("pid:{pid}")
}

/// `pid:812 (orders)`.
fn called(pid: u32, comm: &[u8]) -> String {
    format!("pid:{pid} ({})", escape(comm))
}

impl Delivery {
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
    pub fn run(&self, policy: Policy) -> Result<Sent, Refusal> {
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

    fn send(&self) -> Result<Sent, Refusal> {
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
        Ok(Sent { reaction, line, process: held })
    }
}

fn said(reaction: Option<&Reaction>) -> String {
    reaction.map_or_else(String::new, |reaction| format!(": {}", reaction.words))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kernel_threads_are_refused() {
        let line = b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 7 0 0 20 0 1 0 30 0 0\n";
        let process = process::parse_stat(line).unwrap();
        let refusal = refuse_kernel_thread(&process).unwrap_err();
        assert!(matches!(&refusal, Refusal::Unsafe { what, .. } if what == "pid:2 (kthreadd)"), "{refusal}");
        assert!(refuse_kernel_thread(&Process { kernel: false, ..process }).is_ok());
    }

    #[test]
    fn roles() {
        let real = Roles { real: true, ..Roles::default() };
        assert!(real.want(Role::Attached) && real.want(Role::WaitingOpen) && !real.want(Role::Creator));
        let named = Roles { real: false, named: [Role::Creator].into() };
        assert!(named.want(Role::Creator) && !named.want(Role::Attached));
    }
}
