//! ipcx: see, explain and manage every IPC object of a Linux machine and the processes at each end.
//!
//! `ls src` shows the architecture. Each folder is a layer with one job, and imports run one way only, downward in this
//! list; `tests/architecture.rs` holds the source to it.
//!
//! - [`cli`]: clap definitions, one file for each subcommand: parse → ask the layers below → print
//! - [`compat`]: `ipcs`, `ipcrm`, `ipcmk` and `lsipc`, byte for byte
//! - [`tui`]: the terminal interface: `update(App, Event) → Effects`, and a picture that is a function of the state
//! - [`config`]: what the environment and config.toml set; the key table and the colour themes
//! - [`output`]: rows → bytes: table, JSON, NDJSON, CSV, blocks of details; graphs as trees, DOT and Mermaid
//! - [`query`]: rows, the one column registry, the filter language, sorting
//! - [`actions`]: everything that changes the system: plan → (confirm) → run, the target re-identified before acting
//! - [`diagnose`]: what a snapshot means: verdicts, problems, why threads sleep and who could wake them, who talks to whom;
//!   pure functions
//! - [`snapshot`]: one consistent picture: collect what is wanted, join objects with processes; what every thread waits for;
//!   use against the limits
//! - [`kernel`]: the only layer that touches Linux: one file for each kernel interface
//! - [`model`]: what exists: pure types
//!
//! An inode's way: `/proc/812/fd/3` → [`kernel::fd`] sees a pipe → [`snapshot`] joins its readers and writers →
//! [`diagnose`] says that nobody reads → [`query`] makes a row → [`output`] prints it. It never goes back up.

pub mod actions;
pub mod cli;
pub mod compat;
pub mod config;
pub mod diagnose;
pub mod kernel;
pub mod model;
pub mod output;
pub mod query;
pub mod snapshot;
pub mod tui;
