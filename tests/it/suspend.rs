//! Stopping as Ctrl-Z does, and the signals of the terminal as events: with other threads there, as the terminal interface has
//! them.

use crate::support::{Child, eventually, isolated, state_of};
use ipcx::kernel::ending::Ending;
use ipcx::kernel::hold_signals;
use ipcx::kernel::job_signals::{JobSignal, JobSignals};
use ipcx::kernel::suspend::stop_self;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setpgid, setsid};

fn raw(child: &Child) -> Pid {
    Pid::from_raw(child.pid().cast_signed())
}

/// Signals as events, and threads beside: one that only waits and one that acts, as a removal does.
fn taken() -> JobSignals {
    let signals = JobSignals::take().unwrap();
    for _ in 0..2 {
        std::thread::spawn(|| {
            let _held = hold_signals::hold();
            std::thread::park();
        });
    }
    signals
}

/// How a child of this session, in a process group of its own as a shell makes one, comes through: stopped, and continued.
fn stops(body: impl FnOnce()) {
    let child = Child::start(&[], |ready| {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
        ready.tell();
        body();
    });
    let stopped = waitpid(raw(&child), Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert_eq!(stopped, WaitStatus::Stopped(raw(&child), Signal::SIGTSTP));
    assert_eq!(state_of(child.pid()), 'T');
    kill(raw(&child), Signal::SIGCONT).unwrap();
    let pid = raw(&child);
    assert_eq!(child.wait(), WaitStatus::Exited(pid, 0));
}

#[test]
fn it_stops_and_goes_on() {
    isolated(|| {
        stops(|| stop_self().unwrap());
        stops(|| {
            let signals = taken();
            stop_self().unwrap();
            assert_eq!(signals.wait(None).unwrap(), Some(JobSignal::Continue));
            // As before: the signal from outside is an event again.
            kill(nix::unistd::getpid(), Signal::SIGTSTP).unwrap();
            assert_eq!(signals.wait(None).unwrap(), Some(JobSignal::Stop));
        });
    });
}

#[test]
fn with_nobody_to_continue_it_simply_goes_on() {
    isolated(|| {
        // The leader of a session of its own: its process group is orphaned.
        Child::run(&[], || {
            setsid().unwrap();
            let signals = taken();
            stop_self().unwrap();
            assert_eq!(signals.came(), None);
        });
        Child::run(&[], || {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
            crate::support::signals::ignore(Signal::SIGTSTP);
            stop_self().unwrap();
        });
    });
}

#[test]
fn signals_are_events() {
    isolated(|| {
        let child = Child::start(&[], |ready| {
            crate::support::signals::ignore(Signal::SIGHUP);
            let signals = taken();
            ready.tell();
            let next = || signals.wait(None).unwrap().unwrap();
            assert_eq!(next(), JobSignal::Stop);
            let reader = std::thread::scope(|scope| scope.spawn(|| signals.wait(None)).join());
            assert_eq!(reader.unwrap().unwrap(), Some(JobSignal::Continue));
            for ending in [Ending::Interrupt, Ending::Terminate, Ending::Terminate] {
                assert_eq!(next(), JobSignal::End(ending));
            }
            assert_eq!(signals.came(), None);
            drop(signals);
            assert!(!SigSet::thread_get_mask().unwrap().contains(Signal::SIGTERM));
        });
        let pid = raw(&child);
        let pending = |which: Signal| {
            eventually("it was taken", || {
                let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                let line = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
                let set = line.map(|set| u64::from_str_radix(set.trim(), 16).unwrap()).unwrap_or_default();
                set & (1 << (which as u32 - 1)) == 0
            });
        };
        // Ignored by who started it: no event at all.
        kill(pid, Signal::SIGHUP).unwrap();
        for which in [Signal::SIGTSTP, Signal::SIGCONT, Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT] {
            kill(pid, which).unwrap();
            pending(which);
        }
        assert_eq!(child.wait(), WaitStatus::Exited(pid, 0));
    });
}
