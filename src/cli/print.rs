//! Standard output: buffered, in large pieces, and its errors kept as what they are.

use std::io::{self, BufWriter, StdoutLock, Write};

/// Runs a writer over buffered standard output and flushes it. Not through `println!`, which panics when the reader has
/// gone away.
pub(super) fn to_stdout(write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    write(&mut out)?;
    out.flush()
}
