//! Ctrl-Z and `fg`, as a shell's job: the terminal is the shell's meanwhile, and the picture comes back.

use crate::support::pty::{Ended, Setup, Terminal};
use crate::support::{eventually, isolated, state_of, sysv};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A shell with job control that edits no lines, and in it the program with a picture; the program's pid.
fn in_a_shell() -> (Terminal, u32) {
    let mut terminal =
        Setup::program(&["bash", "--norc", "--noprofile", "--noediting", "-i"]).env("PS1", "shell> ").start();
    terminal.wait_text("shell>");
    terminal.keys(&format!("{} tui --view queues\n", env!("CARGO_BIN_EXE_ipcx")));
    terminal.wait_text("queue:0");
    let children = format!("/proc/{0}/task/{0}/children", terminal.pid());
    let children = std::fs::read_to_string(children).unwrap();
    (terminal, children.split_whitespace().next().unwrap().parse().unwrap())
}

/// Waits until the program has stopped and the terminal is as the shell left it.
fn stopped(terminal: &mut Terminal, pid: u32, times: usize) {
    eventually("it has stopped", || state_of(pid) == 'T');
    terminal.wait_for("the shell tells", |terminal| terminal.text().matches("Stopped").count() == times);
    terminal.wait_for("the terminal as before", Terminal::is_restored);
    assert!(!terminal.text().contains("queue:0"), "the main screen is there again");
    // Lines are echoed and edited by the terminal: the shell is to be spoken with.
    terminal.keys("echo a$((1+1))b\n");
    terminal.wait_text("a2b");
}

fn goes_on(terminal: &mut Terminal) {
    terminal.wait_text("[2 Queues");
    terminal.wait_text("queue:0");
    assert!(terminal.screen().alternate_screen() && !terminal.has_old_settings());
    assert_ne!(terminal.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
}

#[test]
fn ctrl_z_stops_and_fg_goes_on() {
    isolated(|| {
        sysv::queue(0x4d2, 0o600);
        let (mut terminal, pid) = in_a_shell();
        for times in 1..3 {
            terminal.keys("\x1a");
            stopped(&mut terminal, pid, times);
            // What is on the machine changes, and the terminal's size, while it is stopped.
            let queue = sysv::queue(0, 0o600);
            terminal.resize(80 + times as u16, 20);
            terminal.keys("fg\n");
            goes_on(&mut terminal);
            terminal.wait_text(&format!("queue:{queue}"));
            terminal.wait_for("the size that it has now", |terminal| terminal.lines()[19].contains("help"));
        }
        terminal.keys("q");
        terminal.wait_for("the shell's prompt", |terminal| {
            terminal.is_restored() && terminal.text().trim_end().ends_with("shell>")
        });
        terminal.keys("echo ended $?\nexit\n");
        terminal.wait_text("ended 0");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn a_stop_from_outside_is_the_same() {
    isolated(|| {
        sysv::queue(0x4d2, 0o600);
        let (mut terminal, pid) = in_a_shell();
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTSTP).unwrap();
        stopped(&mut terminal, pid, 1);
        terminal.keys("fg\n");
        goes_on(&mut terminal);
        terminal.keys("\x03");
        terminal.wait_for("the shell's prompt", |terminal| {
            terminal.is_restored() && terminal.text().trim_end().ends_with("shell>")
        });
        terminal.keys("exit\n");
        assert_eq!(terminal.end(), Ended::Code(0));
    });
}

#[test]
fn ended_while_stopped_the_terminal_is_still_the_shells() {
    isolated(|| {
        sysv::queue(0x4d2, 0o600);
        let (mut terminal, pid) = in_a_shell();
        terminal.keys("\x1a");
        stopped(&mut terminal, pid, 1);
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM).unwrap();
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGCONT).unwrap();
        terminal.keys("wait; echo ended\n");
        terminal.wait_text("ended");
        terminal.wait_for("the terminal as before", Terminal::is_restored);
    });
}

#[test]
fn without_a_shell_to_go_on_it_does_not_stop() {
    isolated(|| {
        sysv::queue(0x4d2, 0o600);
        // The first process of its session: nobody could let it go on.
        let mut terminal = Setup::ipcx(&["tui", "--view", "queues"]).start();
        terminal.wait_text("queue:0");
        terminal.keys("\x1a");
        terminal.keys_until("?", " Keys ");
        goes_on(&mut {
            terminal.keys("q");
            terminal
        });
    });
}
