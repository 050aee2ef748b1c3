//! Signals that end, stop and continue the program, as events: the terminal has to be put in order first.

use crate::kernel::job_signals::{JobSignal, JobSignals};
use crate::tui::event::Event;
use std::sync::mpsc::Sender;

/// Tells of each from now on. `signals` was taken before any thread was started, so that no other one gets them.
pub fn start(events: &Sender<Event>, signals: JobSignals) -> std::io::Result<()> {
    let to = events.clone();
    super::start("signals", events, move || {
        while let Ok(Some(signal)) = signals.wait(None) {
            let event = match signal {
                JobSignal::End(ending) => Event::EndAsked(ending),
                JobSignal::Stop => Event::StopAsked,
                JobSignal::Continue => Event::Continued,
            };
            if to.send(event).is_err() {
                return;
            }
        }
    })
}
