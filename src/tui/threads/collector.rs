//! Looks at the machine: at its tables as often as the person wants, and at all processes as often as that is worth.
//!
//! The walk through every descriptor costs what the machine has of them. It therefore rests a hundred times as long as it
//! took in processor time, but no more than ten seconds, and no less than the tables: under one per cent of a core on an
//! ordinary machine, and still fresh on a crowded one.

use crate::kernel::clock;
use crate::kernel::threads::step_back;
use crate::model::Kinds;
use crate::snapshot::{Want, collect};
use crate::tui::event::Event;
use crate::tui::look::{Depth, Look};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// What the collector is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Look now.
    Look(Depth),
    /// Look so often; `None`: only when told to.
    Pace(Option<Duration>),
    /// From now on look at this file, too: a FIFO or socket that nobody need have open.
    Watch(Box<[u8]>),
}

/// Times its processor time that a walk rests.
const REST: u32 = 100;
/// The longest rest.
const LONGEST: Duration = Duration::from_secs(10);

/// Looks from now on, at once the first time, until nobody listens.
pub fn start(events: &Sender<Event>, orders: Receiver<Order>, interval: Duration) -> std::io::Result<()> {
    let to = events.clone();
    super::start("collector", events, move || {
        // A walk through 127,000 descriptors keeps every core busy: keys come first.
        step_back();
        run(&to, &orders, interval);
    })
}

fn run(events: &Sender<Event>, orders: &Receiver<Order>, interval: Duration) {
    let mut pace = Some(interval);
    let mut due = vec![Depth::Full, Depth::Tables];
    let mut files = Vec::new();
    let mut walked = Instant::now();
    let mut rest = interval;
    loop {
        // The tables come first, since they come at once.
        while let Some(depth) = due.pop() {
            let (event, cpu) = look(depth, &files);
            if depth == Depth::Full {
                (walked, rest) = (Instant::now(), (cpu * REST).min(LONGEST));
            }
            if events.send(event).is_err() {
                return;
            }
        }
        let order = match pace {
            Some(pace) => orders.recv_timeout(pace),
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Look(depth)) => due.push(depth),
            Ok(Order::Pace(new)) => pace = new,
            Ok(Order::Watch(file)) => files.push(file),
            Err(RecvTimeoutError::Timeout) => {
                due.push(if walked.elapsed() >= rest { Depth::Full } else { Depth::Tables });
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Takes one look, and what it took in processor time.
fn look(depth: Depth, files: &[Box<[u8]>]) -> (Event, Duration) {
    let want = match depth {
        Depth::Full => Want { room: true, openers: true, files: files.to_vec(), ..Want::everything(Kinds::all()) },
        Depth::Tables => {
            let kinds = Kinds::SYSV | Kinds::POSIX;
            Want { limits: true, contents: true, users: true, groups: true, room: true, ..Want::tables(kinds) }
        }
    };
    let before = clock::cpu_time();
    let looked = collect(&want);
    let looked = looked.map(|snapshot| Look::new(depth, snapshot, Duration::ZERO));
    let cpu = clock::cpu_time().saturating_sub(before);
    let event = match looked {
        Ok(mut look) => {
            look.cpu = cpu;
            Event::Looked(Arc::new(look))
        }
        Err(error) => Event::LookFailed(error.to_string()),
    };
    (event, cpu)
}
