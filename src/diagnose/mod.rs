//! What a snapshot means: verdicts about objects, problems, what each process holds. Pure functions, no I/O.
//!
//! What the rules of a verdict promise is in the table of each file; `leaked` is never said of what a running program may
//! still use, and doubt goes to `suspect`.

mod files;
pub mod graph;
mod holdings;
mod left;
mod problems;
mod reasons;
mod sockets;
mod sysv;
mod verdict;
#[cfg(test)]
mod verdict_tests;
pub mod why;

pub use holdings::{Holding, holdings};
pub use left::{Left, Sum, left};
pub use problems::{About, Action, Class, Help, Problem, Severity, problems};
pub use verdict::{State, Verdict, state, verdict};
