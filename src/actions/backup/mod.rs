//! Backups of what is removed: where they are kept, how they come to be, and how an object is made again out of one.
//!
//! The directory has a file `N.backup` for each removed object. While a removal goes on its file is in `pending`, locked
//! by the process that is at it: `N.part` until the contents are in it, `N.ready` from then on until the object is gone.
//! So whatever moment a process is killed in, the files tell how far it came: see `recover`.

mod capture;
mod format;
mod header;
mod recover;
mod refill;
mod restore;
mod store;
mod words;

pub use format::Record;
pub use header::{About, Access, FileKind, Header, Saved};
pub use recover::{Interrupted, interrupted, thaw};
pub use restore::{Restoration, Restored, restore_all};
pub use store::{Entry, Settings, Store};

pub(super) use capture::{Kept, Removing};
pub(super) use store::Part;

use super::{Policy, Refusal};

/// Whether anything may be brought back, thawed or discarded at all.
pub fn permit(policy: Policy) -> Result<(), Refusal> {
    policy.permit("undo")
}

/// Removes a backup for good.
pub fn discard(store: &Store, entry: &Entry, policy: Policy) -> Result<(), Refusal> {
    policy.permit(&format!("backup {}", entry.header.about.number))?;
    Ok(store.discard(entry)?)
}
