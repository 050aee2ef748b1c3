//! The question before an action, on standard error, so that it is seen though the output goes elsewhere.

use std::io::{self, BufRead, Write};

/// Asks and reads one line; anything but `y` or `yes`, and the end of input, means no.
pub(super) fn confirmed(question: &str) -> bool {
    let mut error = io::stderr();
    let _ = write!(error, "{question} [y/N] ");
    let _ = error.flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
