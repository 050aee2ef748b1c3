//! The threads beside the one that draws: each waits for one thing and tells it through the channel of events.
//!
//! A thread that fails does not take the terminal with it: its last words arrive as an event, and the loop leaves in good
//! order.

pub mod collector;
pub mod input;
pub mod presenter;
pub mod signals;
pub mod worker;

use super::event::Event;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::thread;

/// Starts a thread that ends when its work returns. A panic in it becomes [`Event::Lost`].
fn start(name: &str, events: &Sender<Event>, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let events = events.clone();
    let called = name.to_owned();
    let body = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            // Nobody listens any more when the program is on its way out.
            let _ = events.send(Event::Lost(format!("the {called} thread failed: {what}")));
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}
