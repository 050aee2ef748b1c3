//! Terminals that show no colours, or nothing but ASCII.

use crate::support::pty::{ESC, Ended, Setup, Terminal};
use crate::support::{isolated, posix, sysv};
use nix::unistd::mkfifo;

/// Two queues, the cursor on the first.
fn queues(setup: Setup) -> Terminal {
    let mut terminal = setup.start();
    terminal.keys_until("2", "queue:1");
    terminal.wait_for("the cursor on the first", |terminal| terminal.cursor_line().contains("queue:0"));
    terminal
}

/// Whether the row under the cursor, and it alone, stands out by more than colour.
fn cursor_stands_out(terminal: &Terminal) -> bool {
    let line = |text| terminal.line_with(text).unwrap();
    terminal.whole_line(line("queue:0"), vt100::Cell::inverse)
        && terminal.whole_line(line("queue:1"), |cell| !cell.inverse())
}

/// The numbers of every "select graphic rendition" that was written.
fn renditions(terminal: &Terminal) -> Vec<u32> {
    let text = String::from_utf8_lossy(terminal.raw()).into_owned();
    let mut all = Vec::new();
    for part in text.split("\x1b[").skip(1) {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':')).unwrap_or(part.len());
        if part[end..].starts_with('m') {
            all.extend(part[..end].split([';', ':']).map(|number| number.parse::<u32>().unwrap_or(0)));
        }
    }
    all
}

#[test]
fn without_colours_the_cursor_is_still_seen() {
    isolated(|| {
        let _ids = [1, 2].map(|key| sysv::queue(key, 0o600));
        let ways = [
            Setup::ipcx(&[]).env("NO_COLOR", "1"),
            Setup::ipcx(&["tui", "--color", "never"]),
            Setup::ipcx(&["tui", "--theme", "mono"]),
            Setup::ipcx(&[]).env("TERM", "dumb"),
        ];
        for (at, setup) in ways.into_iter().enumerate() {
            let mut terminal = queues(setup);
            terminal.wait_for("the cursor's row is reversed", cursor_stands_out);
            for view in '1'..='8' {
                terminal.keys_until(&view.to_string(), &format!("[{view}"));
            }
            terminal.keys("q");
            assert_eq!(terminal.end(), Ended::Code(0));
            let colours: Vec<u32> = renditions(&terminal)
                .into_iter()
                .filter(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
                .collect();
            assert_eq!(colours, [0; 0], "way {at}: no colour at all");
        }
    });
}

#[test]
fn with_colours_every_theme_shows_the_cursor() {
    isolated(|| {
        let _ids = [1, 2].map(|key| sysv::queue(key, 0o600));
        for theme in ["ansi", "dark", "light"] {
            let mut terminal = queues(Setup::ipcx(&["tui", "--theme", theme]));
            let line = |terminal: &Terminal, text| terminal.line_with(text).unwrap();
            terminal.wait_for("the cursor's row differs in every cell", |terminal| {
                let (on, off) = (line(terminal, "queue:0"), line(terminal, "queue:1"));
                let other = terminal.screen().cell(off, 0).unwrap().clone();
                terminal.whole_line(on, |cell| cell.inverse() || cell.bgcolor() != other.bgcolor())
            });
            assert!(renditions(&terminal).iter().any(|number| (30..=48).contains(number)), "{theme} has colours");
        }
    });
}

#[test]
fn nothing_but_ascii_where_nothing_else_is_known() {
    isolated(|| {
        let _open = (posix::segment(c"/\u{6f22}\u{5b57}\u{1f600}e\u{301}", 4096, 0o600), sysv::queue(1, 0o600));
        let place = crate::support::scratch().join("\u{6f22}\u{5b57}.fifo");
        mkfifo(&place, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let _reader = std::fs::File::options().read(true).write(true).open(place).unwrap();
        let ways = [
            Setup::ipcx(&["tui", "--ascii"]),
            Setup::ipcx(&[]).env("LANG", "C"),
            Setup::ipcx(&[]).env("LC_ALL", "POSIX"),
        ];
        for (at, setup) in ways.into_iter().enumerate() {
            let mut terminal = setup.size(120, 40).start();
            terminal.keys_until("3", "shm:/");
            terminal.keys_until("5", ".fifo");
            for view in '1'..='8' {
                terminal.keys_until(&view.to_string(), &format!("[{view}"));
                terminal.keys_until("?", " Keys ");
                terminal.keys(ESC);
                terminal.wait_no_text(" Keys ");
                terminal.keys(&format!("s{ESC}\r{ESC}"));
            }
            terminal.keys("3\r");
            terminal.wait_text(" > ");
            terminal.keys("\x03");
            assert_eq!(terminal.end(), Ended::Code(0));
            let other = terminal.raw().iter().position(|byte| !byte.is_ascii());
            let around = other.map(|at| String::from_utf8_lossy(&terminal.raw()[at.saturating_sub(40)..at + 10]));
            assert_eq!(around, None, "way {at}");
        }
    });
}
