//! Signals that end, stop and continue the program, and the end of its terminal, as events: the terminal has to be put in
//! order first. Its size, too: crossterm, which could tell it, leaves a key unread that is pressed at that moment.

use crate::kernel::ending::Ending;
use crate::kernel::job_signals::{JobSignal, JobSignals};
use crate::tui::event::Event;
use ratatui::crossterm::terminal;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;

/// Tells of each from now on. `signals` was taken before any thread was started, so that no other one gets them.
pub fn start(events: &Sender<Event>, signals: JobSignals) -> io::Result<()> {
    let to = events.clone();
    super::start("signals", events, move || {
        while let Ok(signal) = signals.wait_on(io::stdin().as_fd()) {
            let event = match signal {
                Some(JobSignal::End(ending)) => Event::EndAsked(ending),
                Some(JobSignal::Stop) => Event::StopAsked,
                Some(JobSignal::Continue) => Event::Continued,
                Some(JobSignal::Resize) => match terminal::size() {
                    Ok((columns, lines)) => Event::Resize(columns, lines),
                    Err(_) => continue,
                },
                // The input thread does not notice: crossterm reads the end of a terminal over and over.
                None => Event::EndAsked(Ending::HangUp),
            };
            if to.send(event).is_err() || signal.is_none() {
                return;
            }
        }
    })
}
