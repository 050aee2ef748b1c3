//! Whom a signal goes to: processes by pid, and those that have an object. Each is found once, compared with what was known
//! of it, and planned a signal to; what is no process, or must never be signalled, is refused here.

use super::signal::{Delivery, Message, called, name, refuse_zombie};
use super::{Refusal, Target};
use crate::kernel::pidfd::Pidfd;
use crate::kernel::{Error, file, process, signals};
use crate::model::{Kinds, Process, Reaction, Role, Signal};
use crate::snapshot::{Snapshot, SnapshotError, Want};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, OwnedFd};

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

/// Finds the processes, each once, and plans a signal to each; what cannot be found or must not be signalled is refused
/// one by one. Takes one snapshot if objects are named, and sends nothing.
pub fn plan_signals(receivers: &[Receivers], message: &Message) -> Result<Vec<PlannedSignal>, SnapshotError> {
    let proc = file::open_directory("/proc").map_err(SnapshotError::Proc)?;
    let mut planner =
        Planner { finder: Finder { own_proc: process::is_own_proc(&proc), proc, buffer: Vec::new() }, message };
    let mut want = Want::everything(Kinds::empty());
    (want.details, want.users, want.groups) = (false, false, false);
    let mut objects = false;
    for receiver in receivers {
        if let Receivers::Holders { object, roles } = receiver {
            objects = true;
            object.add_to(&mut want);
            // Who waits for a pipe or socket has it anyhow: only where it decides is it looked for.
            let waiting = roles.named.iter().any(|role| role.is_waiting());
            (want.blocked, want.asleep) = (want.blocked || waiting, want.asleep || waiting);
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

/// What a process would do now with each signal of this machine, from one look at it; `None` for all where that cannot be read.
/// Sends nothing. With `start_ticks` the process is that one only. Errors: as [`plan_signals`] refuses to signal a process;
/// [`Refusal::Changed`] when its pid is another's by now.
pub fn reactions(pid: u32, start_ticks: Option<u64>) -> Result<Vec<(Signal, Option<Reaction>)>, Refusal> {
    let proc = file::open_directory("/proc")?;
    let mut finder = Finder { own_proc: process::is_own_proc(&proc), proc, buffer: Vec::new() };
    let process = finder.find(pid, start_ticks, &mut None)?;
    let receiver = signals::read_receiver(&finder.proc, pid, &mut finder.buffer).ok();
    // Its pid may have become another's between the two looks.
    finder.find(pid, Some(process.start_ticks), &mut None)?;
    let known = signals::known();
    Ok(known.all().map(|signal| (signal.clone(), receiver.map(|receiver| receiver.reaction(&signal)))).collect())
}

fn changed(pid: u32) -> Refusal {
    Refusal::Changed { what: name(pid) }
}

struct Planner<'a> {
    finder: Finder,
    message: &'a Message,
}

/// Finds processes that may be signalled at all.
struct Finder {
    proc: OwnedFd,
    /// Whether pids in it are those that a pidfd is opened by.
    own_proc: bool,
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
                let plan = Err(changed(pid));
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
        let process = self.finder.find(pid, start, comm)?;
        Ok(Delivery::plan(self.finder.proc.as_fd(), process, self.message, &mut self.finder.buffer))
    }
}

impl Finder {
    fn find(&mut self, pid: u32, start: Option<u64>, comm: &mut Option<Box<[u8]>>) -> Result<Process, Refusal> {
        if !self.own_proc {
            let why =
                "/proc is that of another PID namespace, so that nobody can be told by a pid; mount the right one";
            return Err(Refusal::Failed { what: name(pid), why: why.to_owned() });
        }
        let process = process::read_stat(&self.proc, pid, &mut self.buffer).map_err(|error| absent(pid, error))?;
        *comm = Some(process.comm.clone());
        if start.is_some_and(|start| start != process.start_ticks) {
            return Err(changed(pid));
        }
        let what = called(pid, &process.comm);
        self.refuse_always(&what, &process)?;
        Ok(process)
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
