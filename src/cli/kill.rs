//! `ipcx kill`: signal processes by pid, or those that have an object.

use super::Exit;
use super::ask::confirmed;
use super::exit::{self, Usage, complain};
use super::print::to_stdout;
use super::values;
use crate::actions::{
    Delivery, Message, PlannedSignal, Policy, Receivers, Refusal, Roles, Signalled, Target, plan_signals,
};
use crate::kernel::signals;
use crate::model::{Address, Role, Signal, Signals, escape};
use crate::output::json::signals::{self as json, SignalResult};
use clap::Args;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  ipcx kill 812                                       ask it to end (SIGTERM)
  ipcx kill -n -HUP 812                               only say what it would do with SIGHUP
  ipcx kill -9 --wait=5 812 813                       kill both, wait until they have ended
  ipcx kill --holders queue:5                         everyone who waits on a queue or has it open
  ipcx kill -USR1 --holders=writer fifo:/run/x.fifo   only those who have it open to write
  ipcx kill -s RTMIN+2 --queue 7 812                  a real-time signal with a value
  ipcx kill -0 812                                    may it be signalled?
  ipcx kill --list                                    all signals";

/// Send a signal to processes, or to those that have an object
///
/// Says of each process what it does with the signal: catch it, ignore it, block it, or end. A process is held by a
/// pidfd and compared by its start time before it is signalled, so that another one that got its pid is never hit.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Kill {
    /// The signal, by name or number; also as -TERM, -9 [default: TERM]
    ///
    /// Names are taken with or without `SIG` and in upper or lower case; real-time signals are `RTMIN+N` and `RTMAX-N`.
    /// Signal 0 sends nothing, and tells whether the process could be signalled.
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Those that have the named object or wait for it, or only those in these roles
    ///
    /// Without a role these are all living processes that have it attached, mapped or open, or that wait for it; not
    /// those that are only recorded as its creator or last user. The roles are `creator`, `last-sender`,
    /// `last-receiver`, `last-operator`, `attached`, `mapped`, `open`, `reader`, `writer`, `listener`, `connected`,
    /// `waiting-send`, `waiting-receive`, `waiting-semaphore`, `waiting-open`, `waiting-accept`, `waiting-connect` and
    /// `waiting-futex`.
    #[arg(long, value_name = "ROLE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    #[arg(value_delimiter = ',')]
    holders: Vec<String>,
    /// Send this number along, as sigqueue(3) does
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    queue: Option<i32>,
    /// Wait until the processes have ended, at most so many seconds [default: 10]
    ///
    /// Of each it is said; the exit status is 1 if one has not.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "10")]
    wait: Option<String>,
    /// Signal process 1, too
    #[arg(short, long)]
    force: bool,
    /// Only say what would be sent to whom, and what would be refused and why
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Ask for each process, as `ipcx rm` does
    #[arg(short, long)]
    interactive: bool,
    /// List all signals, or the named ones, with number, default action and meaning
    #[arg(short, long, conflicts_with_all = ["signal", "holders", "queue", "wait", "dry_run", "interactive"])]
    list: bool,
    /// One JSON document
    ///
    /// What became of each process (`ipcx.kill/1`), or the list of signals (`ipcx.signals/1`).
    #[arg(short = 'J', long)]
    json: bool,

    /// A process id, pid:N, or with --holders the address of an object; with --list a signal
    #[arg(value_name = "PID|ADDRESS", allow_negative_numbers = true)]
    targets: Vec<OsString>,
}

impl Kill {
    pub(super) fn run(&self, read_only: bool) -> anyhow::Result<Exit> {
        let known = signals::known();
        if self.list {
            return self.print_list(&known);
        }
        let message = self.message(&known)?;
        let receivers = self.receivers()?;
        let wait = self.wait()?;
        let policy = Policy { read_only, force: self.force };
        let mut report = Report { json: self.json, exit: Exit::Done, printed: Ok(()), results: Vec::new() };
        let mut sent = Vec::new();
        let mut noted = String::new();
        for planned in plan_signals(&receivers, &message)? {
            if planned.unseen > 0 && noted != planned.target {
                complain(&format_args!(
                    "note: {}: {} processes could not be looked into; one that has it may be missing",
                    planned.target, planned.unseen
                ));
                noted.clone_from(&planned.target);
            }
            if let Some(done) = self.one(planned, policy, &mut report)
                && wait.is_some()
            {
                sent.push((report.results.len() - 1, done));
            }
        }
        if let Some(wait) = wait {
            report.wait(sent, wait);
        }
        Ok(report.finish(&message.signal))
    }

    fn message(&self, known: &Signals) -> anyhow::Result<Message> {
        let name = self.signal.as_deref().unwrap_or("TERM");
        let signal = known.parse(name).map_err(Usage::error)?;
        if signal.number == 0 && self.queue.is_some() {
            return Err(Usage::error("signal 0 is not sent to anybody: no value can go with it"));
        }
        Ok(Message { signal, value: self.queue })
    }

    /// Everything that was typed, checked before anything is looked at.
    fn receivers(&self) -> anyhow::Result<Vec<Receivers>> {
        let roles = self.roles()?;
        let mut receivers = Vec::new();
        for word in &self.targets {
            if let Some(why) = not_one_process(word) {
                return Err(Usage::error(why));
            }
            receivers.push(match (values::address_or_pid(word)?, &roles) {
                (Address::Pid(pid), _) => Receivers::Process { pid, start_ticks: None },
                (address, Some(roles)) => {
                    Receivers::Holders { object: Target::Address(address).absolute(), roles: roles.clone() }
                }
                (address, None) => {
                    return Err(Usage::error(format_args!(
                        "{address} is an object, and signals go to processes: --holders signals those that have it"
                    )));
                }
            });
        }
        if receivers.is_empty() {
            return Err(Usage::error("nobody to signal: name a process, e.g. `ipcx kill 812`; see `ipcx kill --help`"));
        }
        Ok(receivers)
    }

    /// The roles asked for; `None` without `--holders`.
    fn roles(&self) -> anyhow::Result<Option<Roles>> {
        let mut roles = Roles::default();
        for word in &self.holders {
            if word.is_empty() {
                roles.real = true;
                continue;
            }
            let role = Role::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(word)).ok_or_else(|| {
                let names = Role::ALL.map(Role::name).join(", ");
                Usage::error(format_args!("`{}` is no role: they are {names}", escape(word.as_bytes())))
            })?;
            roles.named.insert(role);
        }
        Ok((!self.holders.is_empty()).then_some(roles))
    }

    fn wait(&self) -> anyhow::Result<Option<Duration>> {
        let Some(text) = &self.wait else { return Ok(None) };
        let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            let text = escape(text.as_bytes());
            Usage::error(format_args!("`{text}` is no time to wait: write seconds from 0 to 86400, e.g. --wait=5"))
        })?;
        Ok(Some(Duration::from_secs_f64(seconds)))
    }

    /// Does what is to be done about one process, and notes what became of it.
    fn one(&self, planned: PlannedSignal, policy: Policy, report: &mut Report) -> Option<Signalled> {
        let mut result = SignalResult {
            target: planned.target,
            pid: planned.pid,
            comm: planned.comm,
            reaction: planned.plan.as_ref().ok().and_then(|delivery| delivery.reaction.clone()),
            ..SignalResult::default()
        };
        let done = match planned.plan.and_then(|delivery| self.deliver(&delivery, policy)) {
            Ok((line, sent)) => {
                report.line(&line);
                result.sent = sent.is_some();
                if let Some(sent) = &sent {
                    result.reaction.clone_from(&sent.reaction);
                }
                sent
            }
            Err(refusal) => {
                complain(&format_args!("{}{refusal}", if self.dry_run { "would fail: " } else { "" }));
                report.exit = report.exit.max(Exit::from(&refusal));
                result.error = Some(refusal.to_string());
                None
            }
        };
        report.results.push(result);
        done
    }

    fn deliver(&self, delivery: &Delivery, policy: Policy) -> Result<(String, Option<Signalled>), Refusal> {
        if self.dry_run {
            delivery.check(policy)?;
            return Ok((delivery.would(), None));
        }
        if self.interactive {
            // What cannot be done is not asked for.
            match delivery.check(policy) {
                Ok(()) | Err(Refusal::Permission { .. }) => {}
                Err(refusal) => return Err(refusal),
            }
            if !confirmed(&delivery.question()) {
                return Err(Refusal::NotConfirmed { what: delivery.what() });
            }
        }
        let sent = delivery.run(policy)?;
        Ok((sent.line.clone(), Some(sent)))
    }

    fn print_list(&self, known: &Signals) -> anyhow::Result<Exit> {
        let named = self.targets.iter().map(|word| known.parse(&word.to_string_lossy()));
        let mut list: Vec<Signal> = named.collect::<Result<_, _>>().map_err(Usage::error)?;
        if list.is_empty() {
            list = known.all().collect();
        }
        to_stdout(|out| {
            if self.json {
                return json::write_list(out, &list);
            }
            writeln!(out, "NUMBER  NAME         DEFAULT    MEANING")?;
            for signal in &list {
                let action = signal.action.name();
                writeln!(out, "{:>6}  {:<11}  {action:<9}  {}", signal.number, signal.name, signal.meaning)?;
            }
            Ok(())
        })?;
        Ok(Exit::Done)
    }
}

/// Why a word is no single process, though `kill(2)` would take it.
fn not_one_process(word: &OsStr) -> Option<String> {
    let text = word.to_str()?;
    let number = text.strip_prefix('-').unwrap_or(text).trim_start_matches('0');
    let is_number = text.bytes().any(|b| b.is_ascii_digit()) && number.bytes().all(|b| b.is_ascii_digit());
    match (text.starts_with('-'), number) {
        _ if !is_number => None,
        (_, "") => Some(format!("{text} would be every process of this process group: name each one")),
        (true, "1") => Some(format!("{text} would be every process: name each one")),
        (true, group) => {
            Some(format!("{text} is no signal here, and as process group {group} no target: name each process"))
        }
        (false, _) => None,
    }
}

/// What became of all of them.
struct Report {
    json: bool,
    exit: Exit,
    printed: io::Result<()>,
    results: Vec<SignalResult>,
}

impl Report {
    /// Prints a line for people. That nobody reads what was done is no reason to leave the rest undone.
    fn line(&mut self, line: &str) {
        if !self.json && self.printed.is_ok() {
            self.printed = to_stdout(|out| writeln!(out, "{line}"));
        }
    }

    /// Waits for those that were signalled, all of them within one time.
    fn wait(&mut self, sent: Vec<(usize, Signalled)>, longest: Duration) {
        let start = Instant::now();
        for (place, sent) in sent {
            let ended = sent.wait(longest.saturating_sub(start.elapsed()));
            let result = &self.results[place];
            let who = format!(
                "pid:{} ({})",
                result.pid.unwrap_or_default(),
                escape(result.comm.as_deref().unwrap_or_default())
            );
            let error = match ended {
                Ok(true) => None,
                Ok(false) => Some(format!("{who}: has not ended within {} s", longest.as_secs_f64())),
                Err(refusal) => Some(refusal.to_string()),
            };
            self.results[place].ended = Some(error.is_none());
            match &error {
                None => self.line(&format!("{who} has ended")),
                Some(error) => {
                    complain(error);
                    self.exit = self.exit.max(Exit::Failed);
                }
            }
            self.results[place].error = error;
        }
    }

    fn finish(self, signal: &Signal) -> Exit {
        let mut printed = self.printed;
        if self.json {
            printed = to_stdout(|out| json::write_results(out, signal, &self.results));
        }
        match printed {
            Err(error) => self.exit.max(exit::report(&error.into())),
            Ok(()) => self.exit,
        }
    }
}
