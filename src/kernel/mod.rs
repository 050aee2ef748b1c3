//! The only layer that touches Linux: one file per kernel interface. `read_*` does I/O, `parse_*` is pure over bytes.
//!
//! `unsafe` is allowed here and nowhere else; each block says why it is sound.
#![allow(unsafe_code)]

mod error;
pub mod inet_diag;
pub mod net_inet;
pub mod net_unix;
pub mod netlink;
pub mod unix_diag;

pub use error::{Error, Result};
