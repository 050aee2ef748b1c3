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
    /// A look was taken in.
    Taken,
}

/// Times its processor time that a walk rests.
const REST: u32 = 100;
/// So many looks that nobody has taken in yet are enough.
const MOST_WAITING: usize = 4;
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
    let mut due = Due { full: true, tables: true };
    let mut files = Vec::new();
    let mut waiting = 0_usize;
    let (mut looked, mut walked) = (Instant::now(), Instant::now());
    let mut rest = interval;
    loop {
        while let Some(depth) = due.next() {
            let (event, cpu) = look(depth, &files);
            if depth == Depth::Full {
                (walked, rest) = (Instant::now(), (cpu * REST).min(LONGEST));
            }
            if events.send(event).is_err() {
                return;
            }
            waiting += 1;
            looked = Instant::now();
        }
        let order = match pace {
            Some(pace) if waiting < MOST_WAITING => orders.recv_timeout(pace.saturating_sub(looked.elapsed())),
            // Nobody takes looks in: a terminal that does not go on holds the drawing up. More of them would only be memory.
            _ => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        // What was ordered while a look was taken is ordered once.
        let mut next = match order {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => {
                due.add(if walked.elapsed() >= rest { Depth::Full } else { Depth::Tables });
                None
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        while let Some(order) = next {
            match order {
                Order::Look(depth) => due.add(depth),
                Order::Pace(new) => pace = new,
                Order::Watch(file) if files.contains(&file) => {}
                Order::Watch(file) => files.push(file),
                Order::Taken => waiting = waiting.saturating_sub(1),
            }
            next = orders.try_recv().ok();
        }
    }
}

/// Looks to be taken, each depth once.
#[derive(Debug, Default)]
struct Due {
    full: bool,
    tables: bool,
}

impl Due {
    const fn add(&mut self, depth: Depth) {
        match depth {
            Depth::Full => self.full = true,
            Depth::Tables => self.tables = true,
        }
    }

    /// The next one: the tables first, since they come at once.
    const fn next(&mut self) -> Option<Depth> {
        if std::mem::replace(&mut self.tables, false) {
            return Some(Depth::Tables);
        }
        if std::mem::replace(&mut self.full, false) { Some(Depth::Full) } else { None }
    }
}

/// Takes one look, and what it took in processor time.
fn look(depth: Depth, files: &[Box<[u8]>]) -> (Event, Duration) {
    let want = match depth {
        Depth::Full => {
            let asleep = Want { openers: true, blocked: true, asleep: true, ..Want::everything(Kinds::all()) };
            Want { room: true, files: files.to_vec(), ..asleep }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ordered_often_is_looked_at_once_and_the_tables_first() {
        let mut due = Due::default();
        for depth in [Depth::Full, Depth::Tables, Depth::Full, Depth::Full] {
            due.add(depth);
        }
        assert_eq!([due.next(), due.next(), due.next()], [Some(Depth::Tables), Some(Depth::Full), None]);
    }
}
