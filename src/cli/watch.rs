//! `--watch`: what a command lists, looked at again and again until it is interrupted.

use super::args::Format;
use super::exit::Usage;
use super::print::to_stdout;
use crate::model::quoted;
use clap::Args;
use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// `--watch[=SECONDS]`.
#[derive(Debug, Default, Args)]
pub(super) struct WatchArgs {
    /// Look again every so many seconds [default: 2]
    ///
    /// From 0.1 to 86400, until interrupted. On a terminal a table is drawn anew in the same place.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2")]
    watch: Option<String>,
}

impl WatchArgs {
    /// Time between two looks; `None` for a single one.
    pub(super) fn interval(&self) -> anyhow::Result<Option<Duration>> {
        let Some(text) = &self.watch else { return Ok(None) };
        let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=86_400.0).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            Usage::error(format_args!(
                "{} is no interval: write seconds from 0.1 to 86400, e.g. --watch=2",
                quoted(text.as_bytes())
            ))
        })?;
        Ok(Some(Duration::from_secs_f64(seconds)))
    }
}

/// Prints what `look` writes, again and again. On a terminal each picture takes the place of the one before, cut to its
/// height; elsewhere they follow each other with a blank line between. Ends only with an error of `look` or of standard
/// output.
pub(super) fn watch(
    interval: Duration,
    format: Format,
    mut look: impl FnMut(&mut Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<Infallible> {
    let screen = io::stdout().is_terminal() && matches!(format, Format::Text | Format::Csv);
    let mut picture = Vec::new();
    let mut first = true;
    loop {
        picture.clear();
        look(&mut picture)?;
        to_stdout(|out| {
            if screen {
                return draw(out, &picture);
            }
            if !std::mem::take(&mut first) && format == Format::Text {
                out.write_all(b"\n")?;
            }
            out.write_all(&picture)
        })?;
        std::thread::sleep(interval);
    }
}

/// Draws a picture in the place of the one before.
fn draw(out: &mut impl Write, picture: &[u8]) -> io::Result<()> {
    use ratatui::crossterm::{cursor, queue, terminal};
    let height = terminal::size().map_or(24, |(_, height)| usize::from(height)).max(2);
    queue!(out, cursor::MoveTo(0, 0), terminal::Clear(terminal::ClearType::All))?;
    let lines: Vec<&[u8]> = picture.split_inclusive(|b| *b == b'\n').collect();
    let shown = if lines.len() < height { lines.len() } else { height - 2 };
    lines.iter().take(shown).try_for_each(|line| out.write_all(line))?;
    if shown < lines.len() {
        writeln!(out, "... and {} more", lines.len() - shown)?;
    }
    Ok(())
}
