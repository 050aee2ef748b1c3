//! A terminal that takes nothing any more holds the drawing up. The program still ends when it is asked to often enough.

use crate::support::pty::{Ended, Setup};
use crate::support::{eventually, isolated, state_of};
use nix::sys::signal::Signal;

#[test]
fn a_terminal_that_takes_nothing_does_not_keep_it() {
    isolated(|| {
        let mut terminal = Setup::ipcx(&[]).size(250, 70).start();
        terminal.wait_text("1 Overview");
        let pid = terminal.pid();
        // Another theme paints everything anew, until nothing more fits in between.
        eventually("it waits for the terminal", || {
            terminal.keys("t");
            let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
            call.starts_with(&format!("{} 0x1 ", libc::SYS_write))
        });
        eventually("it has ended", || {
            terminal.signal(Signal::SIGTERM);
            state_of(pid) == 'Z'
        });
        assert!(terminal.has_old_settings());
        assert_eq!(terminal.end(), Ended::Code(143));
    });
}
