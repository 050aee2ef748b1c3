//! Everything that changes the system: plan → (confirm) → run.
//!
//! A plan holds its target's identity, never a row number. Right before the act the object is read again and compared.
//! Read-only mode, who may, and what is in use are decided here and nowhere else, for the command line and the TUI.

mod endpoint;
mod policy;
mod receive;
mod refusal;
mod remove;
mod send;
mod subject;
mod target;

pub use crate::kernel::timer::Patience;
pub use endpoint::{Fill, Medium};
pub use policy::Policy;
pub use receive::{Amount, Received, Receiving, Taken, plan_receive};
pub use refusal::Refusal;
pub use remove::{Outcome, Plan, Removal, plan_removals};
pub use send::{Data, Mark, Sending, Sent, plan_send};
pub use target::{Target, ValueKind};
