//! Everything that changes the system: plan → (confirm) → run.
//!
//! A plan holds its target's identity, never a row number. Right before the act the object is read again and compared.
//! Read-only mode, who may, and what is in use are decided here and nowhere else, for the command line and the TUI.

mod refusal;
mod remove;
mod target;

pub use refusal::Refusal;
pub use remove::{Outcome, Plan, Removal, plan_removals};
pub use target::{Target, ValueKind};

/// What the person allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Nothing may be changed.
    pub read_only: bool,
    /// Objects in use may be removed.
    pub force: bool,
}
