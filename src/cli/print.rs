//! Standard output: buffered, in large pieces, and its errors kept as what they are.

use super::exit::complain;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Runs a writer over buffered standard output and flushes it. Not through `println!`, which panics when the reader has
/// gone away.
pub(super) fn to_stdout(write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    write(&mut out)?;
    out.flush()
}

/// Says on stdout what was done. Where that cannot be written stderr gets it: what was made or kept is named in it. That
/// nobody reads any more is nobody's error.
pub(super) fn say(line: &str) -> io::Result<()> {
    let written = to_stdout(|out| writeln!(out, "{line}"));
    if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
        complain(&line);
    }
    written
}
