//! Everything that changes the system: plan → (confirm) → run.
//!
//! A plan holds its target's identity, never a row number. Right before the act the object is read again and compared.
//! Read-only mode, who may, and what is in use are decided here and nowhere else, for the command line and the TUI.

pub mod backup;
mod batch;
pub mod command;
mod create;
mod endpoint;
mod known;
mod owner;
mod peek;
mod policy;
mod receive;
mod receivers;
mod refusal;
mod remove;
mod send;
mod set;
mod signal;
mod subject;
mod target;

pub use crate::kernel::timer::Patience;
pub use batch::{Go, Progress, Step, Tally};
pub use create::{
    Bare, Created, End, Ended, Ending, Event, Feed, Lines, Naming, NewObject, Start, Take, TestEnd, Told, Use, What,
};
pub use endpoint::{Fill, Medium};
pub use known::Known;
pub use owner::NewOwner;
pub use peek::{Care, Follow, Length, MessageFilter, Peek, PeekRequest, plan_peek};
pub use policy::Policy;
pub use receive::{Amount, Received, Receiving, Taken, plan_receive};
pub use receivers::{PlannedSignal, Receivers, Roles, plan_signals, reactions};
pub use refusal::Refusal;
pub use remove::outright;
pub use remove::{Backups, Outcome, Plan, Removal, holds, plan_removals, remove_all};
pub use send::{Data, Mark, Sending, Sent, plan_send};
pub use set::{Change, Changes, NewValue, Report, Setting, plan_setting};
pub use signal::{Delivery, Message, Signalled};
pub use target::{Target, ValueKind};
