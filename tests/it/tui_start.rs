//! `ipcx` on a terminal: what it begins with, when it does not begin, and how it leaves.

use crate::support::cli::{ipcx, ipcx_as};
use crate::support::pty::{Ended, Setup, Terminal};
use crate::support::users::NOBODY;
use crate::support::{isolated, isolated_with_users, scratch, sysv};
use nix::sys::signal::Signal;

/// One with a picture of the machine on it.
fn looking(arguments: &[&str]) -> Terminal {
    let mut terminal = Setup::ipcx(arguments).start();
    terminal.wait_text("1 Overview");
    terminal.wait_no_text("looking…");
    terminal
}

/// How it ends without its terminal: as by SIGHUP, or as a picture that cannot be painted, whichever comes first.
const GONE: [Ended; 2] = [Ended::Code(129), Ended::Code(1)];

#[test]
fn shows_what_is_really_there() {
    isolated(|| {
        let (queue, segment) = (sysv::queue(0x4d2, 0o640), sysv::segment(0x52e2, 8192, 0o600));
        let set = sysv::semaphores(0x1f, 3, 0o600);
        sysv::send(queue, 1, b"hello");
        let mut terminal = looking(&[]);
        terminal.keys_until("2", &format!("queue:{queue}"));
        let line = terminal.lines()[usize::from(terminal.line_with("queue:").unwrap())].clone();
        for part in ["0x000004d2", "root", "0640", "sysv"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        terminal.keys_until("3", &format!("shm:{segment}"));
        terminal.keys_until("4", &format!("sem:{set}"));
        assert!(!terminal.text().contains("queue:"), "each view has its kinds:\n{}", terminal.text());
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn begins_with_the_view_that_is_asked_for() {
    isolated(|| {
        let set = sysv::semaphores(0x1f, 1, 0o600);
        let mut terminal = Setup::ipcx(&["tui", "--view", "semaphores"]).start();
        terminal.wait_text(&format!("sem:{set}"));
    });
}

/// What a person or another process does to end it.
type Way<'a> = &'a dyn Fn(&mut Terminal);

#[test]
fn every_end_gives_the_terminal_back() {
    isolated(|| {
        let ways: [(&str, Way, u32); 6] = [
            ("q", &|terminal| terminal.keys("q"), 0),
            ("Ctrl-C", &|terminal| terminal.keys("\x03"), 0),
            ("F10", &|terminal| terminal.keys("\x1b[21~"), 0),
            ("SIGTERM", &|terminal| terminal.signal(Signal::SIGTERM), 143),
            ("SIGHUP", &|terminal| terminal.signal(Signal::SIGHUP), 129),
            ("SIGINT", &|terminal| terminal.signal(Signal::SIGINT), 130),
        ];
        for (name, way, code) in ways {
            let mut terminal = looking(&[]);
            let screen = terminal.screen();
            assert!(screen.alternate_screen() && screen.bracketed_paste(), "{name}: taken over while it runs");
            assert_ne!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{name}");
            assert!(!terminal.has_old_settings(), "{name}: keys come one by one, and are not echoed");
            way(&mut terminal);
            assert_eq!(terminal.end(), Ended::Code(code), "{name}");
            assert!(terminal.is_restored(), "{name}");
            assert_eq!(terminal.text().trim(), "", "{name}: the main screen is as it was");
        }
    });
}

#[test]
fn leaves_from_within_whatever_is_open() {
    isolated(|| {
        let queue = sysv::queue(1, 0o600);
        let opened =
            [("?", " Keys "), ("?/sus", "suspend"), (":lo", "log"), ("s", "Sort by"), ("/ab", "/ab"), ("\r", "›")];
        for (keys, text) in opened {
            let mut terminal = Setup::ipcx(&["tui", "--view", "queues"]).start();
            terminal.wait_text(&format!("queue:{queue}"));
            terminal.keys_until(keys, text);
            terminal.keys("\x03");
            assert_eq!(terminal.end(), Ended::Code(0), "{keys:?}");
            assert!(terminal.is_restored(), "{keys:?}");
        }
    });
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told() {
    isolated(|| {
        let mut terminal = looking(&[]);
        terminal.keys(":panic\r");
        assert_eq!(terminal.end(), Ended::Code(101));
        assert!(terminal.is_restored());
        // On the main screen, and in lines that begin at the left.
        let lines = terminal.lines();
        assert!(lines.iter().any(|line| line.contains("panicked at")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("asked for, to see")), "{lines:#?}");
    });
}

#[test]
fn ends_when_the_terminal_is_gone() {
    isolated(|| {
        let mut terminal = looking(&[]);
        terminal.hang_up();
        assert!(GONE.contains(&terminal.end()));
    });
}

#[test]
fn ends_when_the_terminal_is_gone_and_no_signal_says_so() {
    isolated(|| {
        // `nohup` and some supervisors have SIGHUP ignored: only the terminal itself tells then, and with a frozen picture
        // there is nothing to be painted that could fail.
        let words = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ipcx")];
        let mut terminal = Setup::program(&words).start();
        terminal.wait_text("1 Overview");
        terminal.keys_until("z", "FROZEN");
        terminal.hang_up();
        assert!(GONE.contains(&terminal.end()));
    });
}

#[test]
fn without_a_terminal_it_says_so_in_one_sentence() {
    isolated(|| {
        sysv::queue(0x4d2, 0o600);
        let ran = ipcx(&["tui"]);
        assert_eq!((ran.status, &*ran.out), (2, ""));
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains("no terminal"), "{}", ran.err);
        // Pipes are the run's own, and so others each time.
        let queues = |out: String| out.lines().take(2).map(str::to_owned).collect::<Vec<_>>();
        let (bare, listed) = (ipcx::<&str>(&[]), ipcx(&["ls"]));
        assert_eq!((bare.status, queues(bare.out)), (0, queues(listed.out)), "ipcx alone lists then");
        // A terminal for the keys alone is not enough, nor is one for the picture alone.
        let place = scratch().join("out");
        for line in ["exec \"$1\" tui > \"$2\"", "exec \"$1\" tui < /dev/null"] {
            let words = ["sh", "-c", line, "sh", env!("CARGO_BIN_EXE_ipcx"), place.to_str().unwrap()];
            let mut terminal = Setup::program(&words).start();
            assert_eq!(terminal.end(), Ended::Code(2), "{line}");
            assert!(terminal.text().contains("no terminal"), "{line}: {}", terminal.text());
            assert!(!terminal.raw().contains(&0x1b), "{line}: nothing was done to the terminal");
        }
    });
}

#[test]
fn read_only_is_always_seen() {
    isolated(|| {
        let id = sysv::queue(0x4d2, 0o600);
        for setup in [Setup::ipcx(&["--read-only"]), Setup::ipcx(&[]).env("IPCX_READ_ONLY", "1")] {
            let mut terminal = setup.start();
            terminal.wait_text("[RO]");
            terminal.keys_until("2", &format!("queue:{id}"));
            assert!(terminal.text().contains("[RO]"));
            terminal.keys("q");
            assert_eq!(terminal.end(), Ended::Code(0));
        }
        let mut terminal = looking(&[]);
        assert!(!terminal.text().contains("[RO]"));
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn an_ordinary_user_is_told_what_he_does_not_see() {
    isolated_with_users(|| {
        let id = sysv::queue(0x4d2, 0o644);
        assert_eq!(ipcx_as(NOBODY, &["ls", "-q"]).status, 0, "the other user can run it");
        let mut terminal = Setup::ipcx_as(NOBODY, &[]).start();
        terminal.wait_text("1 Overview");
        terminal.keys_until("2", &format!("queue:{id}"));
        terminal.wait_text("unreadable");
        terminal.keys("q");
        assert_eq!(terminal.end(), Ended::Code(0));
        assert!(terminal.is_restored());
    });
}
