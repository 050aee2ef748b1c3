//! Names that others choose, on the terminal: nothing in them acts on it, and columns stay columns.

use crate::support::pty::{ESC, Setup, Terminal};
use crate::support::{Child, isolated, posix, scratch, sysv};
use nix::sys::prctl;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// What names begin with; each but the last would do something to a terminal. 15 bytes of a command name are kept.
const HOSTILE: [&str; 6] =
    ["\x1b]0;x\x07", "\x1b[31mred", "a\nb\rc\td", "\u{202e}rtl\u{2066}", "\u{9b}31m\u{85}", "\u{200f}\u{feff}\u{ad}"];

/// Objects and a process of each of these names.
fn named(names: &[&str]) -> impl Sized {
    let held: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let queue = sysv::queue(0, 0o600);
            let comm = CString::new(*name).unwrap();
            let posix = CString::new(format!("/{name}")).unwrap();
            let place = scratch().join(OsStr::from_bytes(name.as_bytes()));
            mkfifo(&place, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
            let fifo = File::options().read(true).write(true).open(place).unwrap();
            let address = SocketAddr::from_abstract_name(name.as_bytes()).unwrap();
            let open = (posix::segment(&posix, 4096, 0o600), posix::queue(&posix, 2, 16), fifo);
            let open = (open, posix::semaphore(&posix, 0o600, 1), UnixListener::bind_addr(&address).unwrap());
            let child = Child::new(&[], || {
                prctl::set_name(&comm).unwrap();
                sysv::send(queue, at as i64 + 1, name.as_bytes());
                nix::unistd::pipe().unwrap()
            });
            (open, child)
        })
        .collect();
    held
}

/// Goes through every view, and through the details of every row.
fn see_all(terminal: &mut Terminal) {
    for view in '2'..='8' {
        terminal.keys_until(&view.to_string(), &format!("[{view}"));
        for row in 0..12 {
            terminal.keys(&format!("g{}\r", "j".repeat(row)));
            terminal.wait_output();
            terminal.keys(&format!("p{ESC}{ESC}{ESC}"));
        }
    }
    terminal.keys("3");
    terminal.wait_text("shm:");
}

#[test]
fn nothing_in_a_name_reaches_the_terminal_raw() {
    isolated(|| {
        let _held = named(&HOSTILE);
        let mut terminal = Setup::ipcx(&[]).size(200, 50).start();
        terminal.keys_until("2", "queue:0");
        see_all(&mut terminal);
        let raw = String::from_utf8(terminal.raw().to_vec()).expect("what is written is UTF-8");
        // Of control characters only those of the program's own sequences and line ends are there: of these, none that a
        // name has.
        assert!(!raw.contains("\x1b]"), "no title, no clipboard");
        assert!(!raw.contains("\x1b[31mred") && !raw.contains('\x07'));
        let bad = |c: &char| {
            matches!(c, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
                || matches!(c, '\t' | '\u{feff}' | '\u{ad}')
        };
        assert_eq!(raw.chars().find(bad), None);
        // They are told all the same.
        terminal.keys_until("3", "shm:");
        terminal.wait_text("31mred");
        terminal.wait_text("rtl");
    });
}

#[test]
fn wide_and_combining_characters_keep_the_columns() {
    isolated(|| {
        let _held = named(&["plain", "\u{6f22}\u{5b57}", "e\u{301}\u{301}x", "\u{1f600}", "\u{ff21}\u{ff22}"]);
        let mut terminal = Setup::ipcx(&[]).size(200, 50).start();
        for view in ["3", "4"] {
            terminal.keys_until(view, &format!("[{view}"));
            terminal.wait_text("plain");
            let (heading, column) = terminal.place_of("OWNER");
            let lines: Vec<u16> = (heading + 1..heading + 6).collect();
            terminal.wait_for("every row is aligned", |terminal| {
                lines.iter().all(|line| {
                    let text = |from| terminal.screen().rows(from, 4).nth(usize::from(*line)).unwrap();
                    text(column) == "root" && text(column - 1).starts_with(' ')
                })
            });
        }
    });
}
