//! What the themes share: isolation, child processes, users, and makers of real kernel objects.
//!
//! `unsafe` lives here and nowhere else in the tests; each block says why it is sound.
#![allow(unsafe_code)]

pub mod anew;
pub mod attempt;
pub mod calls;

pub mod children;
pub mod cli;
pub mod isolated;
pub mod look;
pub mod mounts;
pub mod old_objects;
pub mod posix;
pub mod pty;
pub mod refuse;
pub mod shared;
pub mod signals;
pub mod sleepers;
pub mod sockets;
pub mod sysv;
pub mod trace;
pub mod undo;
pub mod users;
pub mod util_linux;
pub mod wait;

pub use children::{Child, state_of};
pub use isolated::{isolated, isolated_with_users, scratch};
pub use look::{held, look, one, opened};
pub use users::as_user;
pub use wait::eventually;
