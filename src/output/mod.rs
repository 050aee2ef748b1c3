//! Rows as bytes: a table or blocks for people, JSON, NDJSON and CSV for programs. Nothing here asks the kernel.

pub mod backups;
pub mod contents;
pub mod csv;
pub mod detail;
pub mod graph;
pub mod grid;
pub mod json;
pub mod leaks;
pub mod limits;
pub mod osc52;
pub mod peek;
pub mod stream;
pub mod table;
pub mod why;

mod in_order;
