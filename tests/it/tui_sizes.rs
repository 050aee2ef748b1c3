//! Every view at every size, and from each size to the next.

use crate::support::posix;
use crate::support::pty::{ESC, Ended, Setup, Terminal};
use crate::support::{isolated, sysv};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

const SIZES: [(u16, u16); 9] = [(1, 1), (2, 2), (5, 1), (19, 4), (20, 5), (40, 15), (80, 24), (120, 40), (300, 100)];

/// Something for every list.
fn scene() -> impl Sized {
    let queue = sysv::queue(0x4d2, 0o640);
    sysv::send(queue, 1, b"hello");
    sysv::segment(0x52e2, 8192, 0o600);
    sysv::semaphores(0x1f, 3, 0o600);
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name("scene").unwrap()).unwrap();
    (posix::segment(c"/cache", 4096, 0o600), posix::queue(c"/orders", 4, 64), listener, nix::unistd::pipe().unwrap())
}

/// Waits until what is seen was painted for this size, in this view.
fn shows(terminal: &mut Terminal, (columns, lines): (u16, u16), view: char) {
    let what = format!("view {view} at {columns}x{lines}");
    if columns < 20 || lines < 5 {
        let text = format!("need 20x5, have {columns}x{lines}");
        let text = &text[..text.len().min(columns.into())].trim_end();
        terminal.wait_for(&what, |terminal| terminal.lines()[0].starts_with(text));
    } else {
        // The tab with the brackets is that of the view, and the last line has the keys.
        terminal.wait_for(&what, |terminal| {
            let lines = terminal.lines();
            lines[0].contains(&format!("[{view}")) && lines.last().unwrap().contains('?')
        });
    }
}

#[test]
fn every_view_at_every_size() {
    isolated(|| {
        let _scene = scene();
        for size in SIZES {
            let mut terminal = Setup::ipcx(&[]).size(size.0, size.1).start();
            for view in '1'..='8' {
                terminal.keys(&view.to_string());
                shows(&mut terminal, size, view);
                // Details, back, the sort chooser, help, the log, the command line: each opens and closes.
                for keys in ["\r", "jjG>I", "l", "h", "s", "?", "?G", "L", ":x", " U/ab"] {
                    terminal.keys(keys);
                    terminal.keys(ESC);
                }
            }
            terminal.keys("\x03");
            assert_eq!(terminal.end(), Ended::Code(0), "{size:?}");
            assert!(terminal.is_restored(), "{size:?}");
        }
    });
}

#[test]
fn from_each_size_to_the_next() {
    isolated(|| {
        let _scene = scene();
        let mut terminal = Setup::ipcx(&[]).start();
        terminal.wait_text("Overview");
        for view in '1'..='8' {
            terminal.keys(&view.to_string());
            for size in SIZES.into_iter().chain(SIZES.into_iter().rev()).chain([SIZES[0], SIZES[8], SIZES[4]]) {
                terminal.resize(size.0, size.1);
                shows(&mut terminal, size, view);
            }
        }
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn the_least_size_still_shows_rows() {
    isolated(|| {
        let _scene = scene();
        let mut terminal = Setup::ipcx(&["tui", "--view", "queues"]).size(20, 5).start();
        terminal.wait_text("queue:0");
    });
}

#[test]
fn at_80_by_24_nothing_that_matters_is_cut() {
    isolated(|| {
        let _scene = scene();
        let mut terminal = Setup::ipcx(&["--read-only"]).size(80, 24).start();
        terminal.wait_text("[RO]");
        for view in ["1 ", "2 Q", "3 M", "4 S", "5 P", "6 S", "7 P", "8 P"] {
            terminal.wait_for("every tab with its name", |terminal| terminal.lines()[0].contains(view));
        }
        terminal.keys_until("2", "queue:0");
        for heading in ["ADDRESS", "KEY", "OWNER", "MESSAGES", "STATE"] {
            terminal.wait_text(heading);
        }
        let keys = terminal.lines()[23].clone();
        for word in ["help", "details", "filter", "remove", "quit"] {
            assert!(keys.contains(word), "{word} in {keys:?}");
        }
    });
}
