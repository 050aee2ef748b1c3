//! What of a snapshot is shown, and in which order: rows, the one column registry, the filter language, sorting.
//!
//! The command line, the TUI and their help share the registry: a column that is added there can be shown, sorted by
//! and filtered on everywhere.

pub mod columns;
pub mod filter;
pub mod problems;
pub mod processes;
pub mod sheet;

mod cell;
mod row;
mod sort;

pub use cell::{Cell, Style};
pub use row::Row;
pub use sort::{Sort, SortError};
