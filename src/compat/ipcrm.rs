//! `ipcrm`: removes objects by id, key or name (`man 1 ipcrm`).

use super::getopt::{Known, Takes};
use super::{Call, Stop, out};
use std::io::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opt {
    Version,
}

const OPTIONS: [Known<Opt>; 1] = [(Opt::Version, b'V', "version", Takes::Nothing)];

pub(super) fn run(mut call: Call) -> Result<(), Stop> {
    let mut options = call.options(&OPTIONS);
    let mut out = out::stdout();
    while let Some(option) = options.next() {
        match option.map_err(|message| call.misused(&message))?.0 {
            Opt::Version => out.write_all(call.version().as_bytes())?,
        }
    }
    out.flush()?;
    Ok(())
}
