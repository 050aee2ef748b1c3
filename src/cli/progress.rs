//! A line on the terminal's last row that says how far a long action has come, and is gone when it is done. On standard
//! error, if that is a terminal, and not before a second has passed.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Before this nobody waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two lines: more often nobody reads them.
const EVERY: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    due: Instant,
    /// What stands there now.
    shown: String,
}

impl Progress {
    pub(super) fn begin() -> Self {
        Self { terminal: io::stderr().is_terminal(), due: Instant::now() + PATIENCE, shown: String::new() }
    }

    /// Says it, if it is time to.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if !self.terminal || Instant::now() < self.due {
            return;
        }
        self.due = Instant::now() + EVERY;
        self.clear();
        self.shown = line();
        write(&self.shown);
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        let columns = std::mem::take(&mut self.shown).chars().count();
        if columns > 0 {
            // Blanks work on every terminal.
            write(&format!("\r{:columns$}\r", ""));
        }
    }

    /// Prints something else on the terminal; the line stands below it afterwards.
    pub(super) fn above<T>(&mut self, print: impl FnOnce() -> T) -> T {
        let shown = self.shown.clone();
        self.clear();
        let printed = print();
        if !shown.is_empty() {
            write(&shown);
            self.shown = shown;
        }
        printed
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// That it cannot be written is nobody's error.
fn write(text: &str) {
    let mut error = io::stderr();
    let _ = error.write_all(text.as_bytes()).and_then(|()| error.flush());
}
