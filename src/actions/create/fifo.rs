//! FIFOs by path. What is done with their ends is in `test_end`.

use super::{Created, NewObject, chown_failed, exists, take_back, unlike};
use crate::actions::Refusal;
use crate::actions::subject::Subject;
use crate::kernel::file::{self, FileType};
use crate::kernel::{Error, fifo_ends, pinned, users};
use crate::model::{Address, Spelled};

/// Makes the FIFO, or finds it.
pub(super) fn make(new: &NewObject, path: &[u8]) -> Result<Created, Refusal> {
    let address = Address::Fifo(Spelled::exact(path));
    let opened = match fifo_ends::make(path, new.mode) {
        Ok(()) => false,
        Err(error) if error.exists() => true,
        Err(error) => return Err(failed(&address, error)),
    };
    let file = pinned::pin(path)?;
    let stat = file.stat()?;
    if stat.file_type != FileType::Fifo {
        return Err(unlike(&Address::Path(Spelled::exact(path)), "is no FIFO"));
    }
    if opened && !new.or_open {
        return Err(exists(&address, None));
    }
    if !opened && !new.owner.is_empty() {
        // Only what this user made is given away, not what somebody put in its place.
        let mine = stat.owner.uid == users::own_uid();
        let given = if mine { file.set_owner(new.owner.user, new.owner.group) } else { Err(gone(&address)) };
        given.map_err(|error| take_back(chown_failed(&address, error), file::unlink(path)))?;
    }
    let subject = Subject::file(path, stat.device, stat.inode);
    Ok(Created { file: Some(subject), ..new.created(address, opened, Vec::new()) })
}

fn gone(address: &Address) -> Error {
    Error::Gone { what: address.to_string() }
}

fn failed(address: &Address, error: Error) -> Refusal {
    let what = address.to_string();
    match error {
        Error::NotFound { .. } => Refusal::Failed { what, why: "its directory does not exist".to_owned() },
        Error::Permission { .. } => {
            Refusal::Permission { what, why: "a FIFO is made by who may write to its directory".to_owned() }
        }
        error if error.no_space() => Refusal::Failed { what, why: "no room: its file system is full".to_owned() },
        error => error.into(),
    }
}
