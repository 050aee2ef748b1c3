//! Integration tests over real kernel objects, one file for each theme.
//!
//! Every test runs in namespaces of its own (`support::isolated`), so that it may compare the whole picture with what it
//! made, and leaves nothing behind. Where that is not permitted a test says so on stderr (`SKIPPED …`) and passes.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail loudly")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod backup_interrupted;
mod backup_killed;
mod backup_refusals;
mod backup_senders;
mod clean;
mod cli_errors;
mod cli_ls;
mod cli_man;
mod cli_rm;
mod cli_show;
mod commands;
mod compat_ipcmk;
mod compat_ipcrm;
mod compat_ipcs;
mod compat_ipcs_elsewhere;
mod compat_ipcs_numbers;
mod compat_lsipc;
mod compat_lsipc_own;
mod completions;
mod config;
mod create;
mod create_fifo;
mod export;
mod graph;
mod holders;
mod hostile;
mod kill;
mod known;
mod leaks;
mod limits;
mod many;
mod own_traces;
mod peek_pipe;
mod peek_queue;
mod peek_shm;
mod peek_socket;
mod pipes;
mod posix;
mod posix_queues;
mod problems;
mod races;
mod receive;
mod room;
mod send;
mod set;
mod sockets;
mod support;
mod suspend;
mod sysv;
mod tui_actions;
mod tui_colours;
mod tui_details;
mod tui_dialogs;
mod tui_jobs;
mod tui_list;
mod tui_mouse;
mod tui_names;
mod tui_sizes;
mod tui_start;
mod tui_stuck;
mod tui_suspend;
mod tui_views;
mod undo_kinds;
mod undo_store;
mod unnamed;
mod verdicts;
mod visibility;
mod why;
mod why_all;
mod why_locks;
