//! ipcx: see, explain and manage every IPC object of a Linux machine and the processes at each end.

pub mod actions;
pub mod cli;
pub mod config;
pub mod diagnose;
pub mod kernel;
pub mod model;
pub mod output;
pub mod query;
pub mod snapshot;
