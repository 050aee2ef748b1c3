//! Verdicts about a snapshot: pure functions, no I/O. What the rules promise is in the table of each file; `leaked` is
//! never said of what a running program may still use, and doubt goes to `suspect`.

mod files;
mod sockets;
mod sysv;
mod verdict;

pub use verdict::{State, Verdict, verdict};
