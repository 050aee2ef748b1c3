//! A look at what an object holds, for the contents pane: planned and taken in the worker, handed on as lines.
//!
//! A look that would leave a trace is not taken before the person has agreed to just that trace. Of shared memory one
//! window at a time is fetched, of a long queue the first messages.

use super::{Report, Teller};
use crate::actions::{Care, Length, Peek, PeekRequest, Policy, Refusal, Target, plan_peek};
use crate::kernel::clock::Clock;
use crate::model::{Contents, Seen, Time};
use crate::output::contents::Form;
use crate::output::peek::lines;
use std::sync::Weak;

/// Bytes of shared memory that are fetched at a time.
pub const WINDOW: u64 = 64 << 10;
/// So many messages are fetched at the most: the kernel finds each by counting from the first.
const MOST_MESSAGES: usize = 10_000;
/// So many bytes of messages are fetched at the most.
const MOST_BYTES: usize = 1 << 20;
/// Messages between two reports on how far it is.
const REPORT_EVERY: u64 = 500;

/// What is to be looked at.
#[derive(Debug)]
pub struct Job {
    /// By this number the one who asked knows the answer.
    pub number: u64,
    /// The object.
    pub target: Target,
    /// Shared memory: where the window begins, bytes; beyond the end, the last one is meant.
    pub offset: u64,
    /// Traces that the person has agreed to.
    pub agreed: Vec<String>,
    /// What may be done.
    pub policy: Policy,
    /// Held by the one who asked as long as the answer is wanted. Other jobs go on when it is not.
    pub wanted: Weak<()>,
}

/// What came of it.
#[derive(Debug)]
pub enum Found {
    /// So many messages are copied, of so many.
    Progress(u64, u64),
    /// It would leave these traces, and was not done.
    Asks(Vec<String>),
    /// It was not done: why.
    Refused(String),
    /// This was seen.
    Seen(Box<View>),
}

/// What was seen, as lines that a terminal survives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// When the look began.
    pub at: Option<Time>,
    /// Text where it is text, otherwise hexadecimal.
    pub text: Vec<String>,
    /// All bytes in hexadecimal.
    pub hex: Vec<String>,
    /// Of shared memory, which bytes these are.
    pub window: Option<Window>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// What could not be had.
    pub failures: Vec<String>,
}

/// A part of shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first byte.
    pub offset: u64,
    /// How many there are.
    pub length: u64,
    /// Bytes of the whole segment.
    pub size: u64,
}

impl Job {
    /// Takes the look.
    pub(super) fn run(self, teller: &Teller) {
        let number = self.number;
        if self.is_stopped(teller) {
            teller.tell(Report::Peeked { number, found: Found::Refused("stopped before it was looked at".to_owned()) });
            return;
        }
        let found = self.look(teller).unwrap_or_else(|refusal| Found::Refused(refusal.to_string()));
        teller.tell(Report::Peeked { number, found });
    }

    fn is_stopped(&self, teller: &Teller) -> bool {
        self.wanted.strong_count() == 0 || teller.cancelled()
    }

    fn look(&self, teller: &Teller) -> Result<Found, Refusal> {
        let plan = plan_peek(&self.target)?;
        let care = Care { policy: self.policy, no_trace: false };
        plan.check(care)?;
        if plan.traces.iter().any(|trace| !self.agreed.contains(trace)) {
            return Ok(Found::Asks(plan.traces));
        }
        let at = Clock::read().ok().map(|clock| clock.now);
        let contents = if plan.has_messages() { self.messages(&plan, care, teller)? } else { self.part(&plan, care)? };
        Ok(Found::Seen(Box::new(View { at, ..view(contents) })))
    }

    /// A window of shared memory, or all that anything else holds.
    fn part(&self, plan: &Peek, care: Care) -> Result<Contents, Refusal> {
        let mut offset = self.offset;
        if plan.has_ranges() && offset > 0 {
            // It may have become shorter since the window was chosen.
            let size = plan.length(&PeekRequest { length: Length::All, ..PeekRequest::default() })?;
            offset = offset.min(size.saturating_sub(1) / WINDOW * WINDOW);
        }
        plan.run(&PeekRequest { offset, length: Length::AtMost(WINDOW), ..PeekRequest::default() }, care)
    }

    fn messages(&self, plan: &Peek, care: Care, teller: &Teller) -> Result<Contents, Refusal> {
        let (mut copied, mut bytes, mut stopped) = (Vec::new(), 0, false);
        let mut looked = plan.run_by_message(&PeekRequest::default(), care, &mut |queue, message| {
            bytes += message.message.as_ref().map_or(0, |message| message.data.len());
            copied.push(message);
            if (copied.len() as u64).is_multiple_of(REPORT_EVERY) {
                let found = Found::Progress(copied.len() as u64, queue.depth);
                teller.tell(Report::Peeked { number: self.number, found });
            }
            stopped = self.is_stopped(teller);
            !stopped && copied.len() < MOST_MESSAGES && bytes < MOST_BYTES
        })?;
        if let Seen::Messages(queue) = &mut looked.seen {
            let (count, depth) = (copied.len() as u64, queue.depth);
            if count < depth && (stopped || copied.len() >= MOST_MESSAGES || bytes >= MOST_BYTES) {
                let why = if stopped { "it was stopped: " } else { "" };
                looked
                    .notes
                    .push(format!("{why}the first {count} of {depth} messages; ipcx peek {} shows all", plan.address));
            }
            queue.messages = copied;
        }
        Ok(looked)
    }
}

/// Contents as lines.
fn view(contents: Contents) -> View {
    let window = match &contents.seen {
        Seen::Range(range) => Some(Window { offset: range.offset, length: range.length, size: range.size }),
        _ => None,
    };
    let (text, hex) = (lines(&contents, Form::Auto), lines(&contents, Form::Hex));
    View { at: None, text, hex, window, notes: contents.notes, failures: contents.failures }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{How, Message, Messages, QueuedMessage, Range, Source};

    fn contents(seen: Seen) -> Contents {
        Contents { address: "queue:5".to_owned(), seen, notes: Vec::new(), failures: Vec::new() }
    }

    #[test]
    fn both_forms_are_made_and_nothing_in_them_acts_on_a_terminal() {
        let message = |index, data: &[u8]| QueuedMessage { index, message: Ok(Message { kind: 1, data: data.into() }) };
        let messages = vec![message(0, b"a\tb\nc"), message(1, b"\x1b[2J")];
        let seen = view(contents(Seen::Messages(Messages { messages, depth: 2, bytes: 9, limit_bytes: 16_384 })));
        assert_eq!(seen.text[1..4], ["[0] type 1, 5 bytes", "  a     b", "  c"]);
        assert!(seen.hex[2].starts_with("  00000000  61 09 62 0a 63"), "{:?}", seen.hex);
        assert_eq!(seen.window, None);
        let all = || seen.text.iter().chain(&seen.hex);
        assert!(!all().any(|line| line.chars().any(char::is_control)), "{seen:?}");
    }

    #[test]
    fn a_range_says_which_bytes_it_is() {
        let source = Source { how: How::File, pid: None, comm: None };
        let range = Range { size: 200_000, offset: 65_536, length: 3, data: b"abc".to_vec(), source };
        let seen = view(contents(Seen::Range(range)));
        assert_eq!(seen.window, Some(Window { offset: 65_536, length: 3, size: 200_000 }));
        assert_eq!(seen.text[1..], ["abc"]);
    }
}
