//! What a process does with a signal, told from its masks and its state (`man 7 signal`; the rules that are in no manual
//! are those of the kernel's `sig_ignored`, `complete_signal` and `get_signal` in kernel/signal.c).
//!
//! | of the process | the signal |
//! |---|---|
//! | is first in its PID namespace, has no handler | is dropped; `SIGKILL` and `SIGSTOP` too, when sent from inside |
//! | every thread blocks it | stays pending, or is taken by a thread that waits for it |
//! | catches it, ignores it, does neither | handler, nothing, default action |
//! | is stopped | waits for `SIGCONT`, which acts even if it is blocked; `SIGKILL` does not wait |

use super::process::State;
use super::signal::{CONT, DefaultAction, KILL, LAST_STANDARD, STOP, Signal};
use std::ops::RangeInclusive;

/// `SIGSTOP`, `SIGTSTP`, `SIGTTIN`, `SIGTTOU`.
const STOPPING: RangeInclusive<i32> = STOP..=STOP + 3;

/// A set of signals as `/proc/PID/status` prints it: signal 1 is the lowest bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// Whether a signal belongs to it, by number.
    pub const fn has(self, signal: i32) -> bool {
        signal >= 1 && signal <= 64 && self.0 >> (signal - 1) & 1 == 1
    }
}

/// Whether a process is the first one of a PID namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Init {
    /// It is not.
    #[default]
    No,
    /// Of the sender's own: even `SIGKILL` does nothing.
    Own,
    /// Of one below the sender's, as in a container: it can be killed and stopped from outside.
    Inner,
}

/// What decides what a process does with a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receiver {
    /// State letter of its main thread.
    pub state: State,
    /// Signals that every one of its threads blocks.
    pub blocked: SignalSet,
    /// Signals that a thread waits for, in `sigwaitinfo` and the like.
    pub awaited: SignalSet,
    /// Whether some of these may have been left out, since what a thread sleeps in could not be seen.
    pub unseen: bool,
    /// Signals that it ignores.
    pub ignored: SignalSet,
    /// Signals that it has a handler for.
    pub caught: SignalSet,
    /// Signals that were sent to the process and not taken yet.
    pub pending: SignalSet,
    /// The process that traces it.
    pub tracer: Option<u32>,
    /// Whether it is the first process of a PID namespace.
    pub init: Init,
}

/// What a signal meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// A handler.
    Caught,
    /// Nobody who cares.
    Ignored,
    /// A mask, or a thread that waits for it.
    Blocked,
    /// What the kernel does by itself.
    Default,
}

impl Disposition {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Ignored => "ignored",
            Self::Blocked => "blocked",
            Self::Default => "default",
        }
    }
}

/// What a process does with a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// What the signal meets.
    pub disposition: Disposition,
    /// The same as a phrase about the process, and what delays it: `it catches it and runs its handler`.
    pub words: String,
}

impl Receiver {
    /// What it does with a signal, other than signal 0.
    pub fn reaction(&self, signal: &Signal) -> Reaction {
        let number = signal.number;
        let unstoppable = number == KILL || number == STOP;
        let (handled, then) = self.handled(signal);
        let (disposition, mut words) = if number == CONT && self.is_stopped() {
            // Going on is the kernel's doing, whatever the process has made of the signal.
            let also = if handled == Disposition::Caught { ", and runs its handler" } else { "" };
            (handled, format!("it goes on{also}"))
        } else if self.is_stopped() && STOPPING.contains(&number) && handled != Disposition::Ignored {
            // SIGCONT throws away every stop signal that came before it.
            return Reaction { disposition: handled, words: "it is stopped already, nothing will happen".to_owned() };
        } else if unstoppable || !self.blocked.has(number) {
            (handled, then)
        } else if self.awaited.has(number) {
            (Disposition::Blocked, "a thread of it waits for it and takes it".to_owned())
        } else {
            let words = format!("it blocks it: stays pending until it is taken or unblocked, and then {then}");
            (Disposition::Blocked, words)
        };
        for note in self.notes(signal, disposition) {
            words.push_str("; ");
            words.push_str(&note);
        }
        Reaction { disposition, words }
    }

    /// What is done with a signal that nothing holds back.
    fn handled(&self, signal: &Signal) -> (Disposition, String) {
        let number = signal.number;
        let from_outside = self.init == Init::Inner && (number == KILL || number == STOP);
        let (disposition, words) = if self.caught.has(number) {
            (Disposition::Caught, "it catches it and runs its handler")
        } else if self.ignored.has(number) {
            (Disposition::Ignored, "it ignores it, nothing will happen")
        } else if self.init != Init::No && !from_outside {
            let words = match number {
                KILL | STOP => {
                    "the first process of a PID namespace cannot be ended or stopped from inside, nothing will happen"
                }
                _ => "the first process of a PID namespace ignores what it has no handler for, nothing will happen",
            };
            (Disposition::Ignored, words)
        } else {
            let words = match signal.action {
                DefaultAction::Terminate if from_outside => {
                    "default action ends it, and with it its whole PID namespace"
                }
                DefaultAction::Terminate => "default action ends it",
                DefaultAction::Core => "default action ends it with a core dump, if its limits allow one",
                DefaultAction::Stop if number == STOP => "default action stops it",
                DefaultAction::Stop => {
                    "default action stops it, unless nobody could let it go on (orphaned process group)"
                }
                DefaultAction::Continue => "it is not stopped, nothing will happen",
                DefaultAction::Ignore => "default action ignores it, nothing will happen",
            };
            (Disposition::Default, words)
        };
        (disposition, words.to_owned())
    }

    /// What delays or changes it.
    fn notes(&self, Signal { number, action, .. }: &Signal, disposition: Disposition) -> Vec<String> {
        let (number, mut notes) = (*number, Vec::new());
        if let Some(tracer) = self.tracer.filter(|_| number != KILL) {
            notes.push(format!("its tracer, pid:{tracer}, decides first"));
        }
        let acts = matches!(disposition, Disposition::Caught | Disposition::Default);
        let ends = matches!(action, DefaultAction::Terminate | DefaultAction::Core | DefaultAction::Stop);
        if self.unseen && disposition == Disposition::Default && ends && number != KILL && number != STOP {
            notes.push("unless a thread of it waits for it, which could not be seen".to_owned());
        }
        if self.is_stopped() && acts && number != KILL && number != CONT {
            notes.push("it is stopped, so not before SIGCONT".to_owned());
        }
        if self.state == 'D' && acts {
            notes.push(match number {
                KILL => "it is in uninterruptible sleep (D), and if that cannot be killed either, not before it wakes up",
                _ => "it is in uninterruptible sleep (D), so not before it wakes up",
            }.to_owned());
        }
        if number <= LAST_STANDARD && self.pending.has(number) && disposition != Disposition::Ignored {
            notes.push("one is pending already and is not queued twice".to_owned());
        }
        notes
    }

    const fn is_stopped(&self) -> bool {
        self.state == 'T'
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::signal::Signals;
    use super::*;

    const SIGNALS: Signals = Signals::new(34..=64);

    fn set(names: &[&str]) -> SignalSet {
        let bit = |name: &&str| 1u64 << (SIGNALS.parse(name).unwrap().number - 1);
        SignalSet(names.iter().map(bit).fold(0, |all, bit| all | bit))
    }

    fn plain() -> Receiver {
        Receiver { state: 'S', ..Receiver::default() }
    }

    fn says(receiver: Receiver, signal: &str) -> (&'static str, String) {
        let reaction = receiver.reaction(&SIGNALS.parse(signal).unwrap());
        (reaction.disposition.name(), reaction.words)
    }

    #[track_caller]
    fn check(receiver: Receiver, signal: &str, disposition: &str, words: &[&str]) {
        let (is, said) = says(receiver, signal);
        assert_eq!(is, disposition, "{said}");
        for word in words {
            assert!(said.contains(word), "no `{word}` in `{said}`");
        }
    }

    #[test]
    fn default_actions() {
        check(plain(), "TERM", "default", &["default action ends it"]);
        check(plain(), "QUIT", "default", &["core dump"]);
        check(plain(), "TSTP", "default", &["stops it", "orphaned"]);
        check(plain(), "CHLD", "default", &["nothing will happen"]);
        check(plain(), "CONT", "default", &["not stopped", "nothing will happen"]);
        check(plain(), "RTMIN+3", "default", &["ends it"]);
    }

    #[test]
    fn handlers_and_masks() {
        let caught = Receiver { caught: set(&["TERM"]), ..plain() };
        check(caught, "TERM", "caught", &["it catches it"]);
        check(Receiver { ignored: set(&["USR1"]), ..plain() }, "USR1", "ignored", &["nothing will happen"]);
        let blocked = Receiver { blocked: set(&["TERM", "KILL", "STOP"]), ..caught };
        check(blocked, "TERM", "blocked", &["stays pending", "then it catches it"]);
        check(blocked, "KILL", "default", &["ends it"]);
        check(blocked, "STOP", "default", &["stops it"]);
        check(Receiver { awaited: set(&["TERM"]), ..blocked }, "TERM", "blocked", &["waits for it"]);
    }

    #[test]
    fn what_delays_it() {
        let stopped = Receiver { state: 'T', ..plain() };
        check(stopped, "TERM", "default", &["ends it", "not before SIGCONT"]);
        assert_eq!(says(stopped, "KILL").1, "default action ends it");
        check(stopped, "CONT", "default", &["it goes on"]);
        check(stopped, "STOP", "default", &["stopped already"]);
        check(Receiver { caught: set(&["TSTP"]), ..stopped }, "TSTP", "caught", &["nothing will happen"]);
        let all = Receiver { blocked: set(&["CONT"]), caught: set(&["CONT"]), ..stopped };
        check(all, "CONT", "caught", &["it goes on, and runs its handler"]);
        check(Receiver { state: 'D', ..plain() }, "TERM", "default", &["ends it", "uninterruptible sleep (D)"]);
        let pending = Receiver { pending: set(&["USR1", "RTMIN"]), blocked: set(&["USR1", "RTMIN"]), ..plain() };
        check(pending, "USR1", "blocked", &["not queued twice"]);
        assert!(!says(pending, "RTMIN").1.contains("twice"));
        let unseen = Receiver { unseen: true, ..plain() };
        check(unseen, "TERM", "default", &["ends it", "unless a thread of it waits"]);
        assert_eq!(says(unseen, "KILL").1, "default action ends it");
        check(Receiver { tracer: Some(7), ..plain() }, "TERM", "default", &["pid:7"]);
    }

    #[test]
    fn the_first_process_of_a_namespace() {
        let own = Receiver { init: Init::Own, caught: set(&["HUP"]), ..plain() };
        check(own, "TERM", "ignored", &["nothing will happen"]);
        check(own, "KILL", "ignored", &["nothing will happen"]);
        check(own, "HUP", "caught", &["catches it"]);
        let inner = Receiver { init: Init::Inner, ..plain() };
        check(inner, "TERM", "ignored", &["nothing will happen"]);
        check(inner, "KILL", "default", &["ends it", "PID namespace"]);
        check(inner, "STOP", "default", &["stops it"]);
    }

    #[test]
    fn only_signals_are_in_a_set() {
        let all = SignalSet(u64::MAX);
        assert!(all.has(1) && all.has(64) && !all.has(0) && !all.has(65) && !all.has(-1));
        assert!(!SignalSet(0b10).has(1) && SignalSet(0b10).has(2));
    }
}
