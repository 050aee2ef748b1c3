//! Signals that end, stop and continue the program, and the end of its terminal, as events: the terminal has to be put in
//! order first. Its size, too: crossterm, which could tell it, leaves a key unread that is pressed at that moment.

use crate::kernel::ending::Ending;
use crate::kernel::job_signals::{JobSignal, JobSignals};
use crate::tui::event::Event;
use ratatui::crossterm::terminal;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// For so long the program may still end by itself when the end was asked for a second time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells of each from now on. `signals` was taken before any thread was started, so that no other one gets them.
pub fn start(events: &Sender<Event>, signals: JobSignals) -> io::Result<()> {
    let to = events.clone();
    super::start("signals", events, move || {
        while let Ok(signal) = signals.wait_on(io::stdin().as_fd()) {
            let event = match signal {
                Some(JobSignal::End(ending)) => return end(ending, &signals, &to),
                // The input thread does not notice: crossterm reads the end of a terminal over and over.
                None => return end(Ending::HangUp, &signals, &to),
                Some(JobSignal::Stop) => Event::StopAsked,
                Some(JobSignal::Continue) => Event::Continued,
                Some(JobSignal::Resize) => match terminal::size() {
                    Ok((columns, lines)) => Event::Resize(columns, lines),
                    Err(_) => continue,
                },
            };
            if to.send(event).is_err() {
                return;
            }
        }
    })
}

/// The end is asked for. Whoever asks once more does not want to wait for what is under way; and where even that is not
/// heard, since a terminal that takes nothing holds the drawing up, the program ends without it: otherwise only SIGKILL
/// would be left. A shell and the kernel both tell of a terminal that closes: SIGHUP is no second wish.
fn end(ending: Ending, signals: &JobSignals, to: &Sender<Event>) {
    let _ = to.send(Event::EndAsked(ending));
    while let Ok(Some(signal)) = signals.wait(None) {
        let JobSignal::End(ending @ (Ending::Interrupt | Ending::Terminate)) = signal else { continue };
        let _ = to.send(Event::EndAsked(ending));
        let until = Instant::now() + PATIENCE;
        while let Ok(Some(_)) = signals.wait(Some(until.saturating_duration_since(Instant::now()))) {}
        // Of the terminal, what can be put in order without writing to it.
        let _ = terminal::disable_raw_mode();
        std::process::exit(match ending {
            Ending::HangUp => 129,
            Ending::Interrupt => 130,
            Ending::Terminate => 143,
        });
    }
}
