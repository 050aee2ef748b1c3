//! What can reach the interface: keys, looks at the machine, answers, signals. Threads send them, `App::update` takes them.

use super::jobs::Report;
use super::look::Look;
use super::present::Answer;
use crate::config::keys::Key;
use std::sync::Arc;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal has so many columns and lines now.
    Resize(u16, u16),
    /// The machine was looked at.
    Looked(Arc<Look>),
    /// It could not be: why.
    LookFailed(String),
    /// A question was answered.
    Presented(Box<Answer>),
    /// A job tells something.
    Report(Box<Report>),
    /// SIGTSTP came from outside: stop, as Ctrl-Z does.
    StopAsked,
    /// SIGCONT came: the terminal may have been another program's meanwhile.
    Continued,
    /// SIGTERM, SIGINT or SIGHUP came: leave.
    EndAsked(Ending),
    /// The terminal can be read no more, or a thread has failed: why.
    Lost(String),
}

/// Which signal asks to leave.
pub use crate::kernel::ending::Ending;

/// What the mouse did, and where: column and line, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// A button was pressed.
    Press(u16, u16),
    /// The wheel was turned: up is negative.
    Wheel(u16, u16, i16),
}
