//! Signals that ask the program to leave, as events: the terminal has to be put in order first.

use crate::kernel::ending::{Endings, For, Woke};
use crate::tui::event::Event;
use std::sync::mpsc::Sender;

/// Tells of each from now on. `endings` was taken before any thread was started, so that no other one gets them.
pub fn start(events: &Sender<Event>, endings: Endings) -> std::io::Result<()> {
    let to = events.clone();
    super::start("signals", events, move || {
        while let Ok(woke) = endings.wait(For::Nothing, None) {
            if let Woke::Ending(ending) = woke
                && to.send(Event::EndAsked(ending)).is_err()
            {
                return;
            }
        }
    })
}
