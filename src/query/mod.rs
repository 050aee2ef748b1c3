//! What of a snapshot is shown, and in which order: the filter language.

pub mod filter;
