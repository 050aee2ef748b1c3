//! Everything that changes the system: plan → (confirm) → run.
//!
//! A plan holds its target's identity, never a row number. Right before the act the object is read again and compared.
//! Read-only mode, who may, and what is in use are decided here and nowhere else, for the command line and the TUI.

mod peek;
mod policy;
mod refusal;
mod remove;
mod subject;
mod target;

pub use peek::{Care, Follow, Length, MessageFilter, Peek, PeekRequest, plan_peek};
pub use policy::Policy;
pub use refusal::Refusal;
pub use remove::{Outcome, Plan, Removal, plan_removals};
pub use target::{Target, ValueKind};
