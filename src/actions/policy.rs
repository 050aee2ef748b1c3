//! What the person allows, and the one place that read-only mode is decided in.

use super::Refusal;
use std::fmt::Display;

/// What the person allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Nothing may be changed.
    pub read_only: bool,
    /// What would otherwise be refused for somebody's sake (an object in use, process 1) may be done.
    pub force: bool,
}

impl Policy {
    /// Every action asks here before it does anything. Errors: [`Refusal::ReadOnly`].
    pub fn permit(self, what: &str) -> Result<(), Refusal> {
        self.permit_to(&what)
    }

    /// The same where thousands ask: a name is written out only for a refusal.
    pub(super) fn permit_to(self, what: &dyn Display) -> Result<(), Refusal> {
        if self.read_only { Err(Refusal::ReadOnly { what: what.to_string() }) } else { Ok(()) }
    }
}
