//! What `App::update` asks for; the loop does it. So the state changes in one place, and nothing there waits.

use super::jobs::Job;
use super::look::{Depth, Picture};
use super::present::Question;
use std::time::Duration;

/// Something to be done.
#[derive(Debug)]
pub enum Effect {
    /// Answer this about this.
    Present(Box<(Question, Picture)>),
    /// Look at the machine now.
    Look(Depth),
    /// Look so often from now on; `None` while it is frozen.
    Pace(Option<Duration>),
    /// Do this.
    Work(Box<Job>),
    /// Stop doing it where that does no harm.
    Cancel,
    /// From now on look at this file, too: a FIFO that nobody need have open.
    Watch(Box<[u8]>),
    /// Put this into the terminal's clipboard.
    Copy(Vec<u8>),
    /// Stop as a job of the shell.
    Suspend,
    /// Take the terminal again, and paint everything anew.
    Retake,
    /// Leave.
    Quit,
}
